"""The level of a line is what its level field says, in every usual form."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.logs.levels import LIMIT, level_of, look
from stagewatch.logs.stamps import stamp_of

CRITICAL = """\
CRITICAL gone
Fatal: gone
fatal: gone
[CRITICAL] gone
[alert] gone
EMERG gone
2026-01-01 00:00:00,000 CRITICAL [db] gone
2026-01-01 00:00:00.000 | CRITICAL | app.db:run:12 - gone
2026-01-01 00:00:00,000 - app.db - CRITICAL - gone
2026-01-01T00:00:00.000Z\tFATAL\tdb\tpool.go:12\tgone
2026-01-01T00:00:00Z FATAL app::db: gone
2026-01-01 00:00:00.000 FATAL 4102 --- [main] c.x.Db : gone
00:00:00.000 [main] FATAL com.x.Db - gone
2026-01-01 00:00:00.000 UTC [12] FATAL:  the database system is shutting down
2026-01-01 00:00:00.000 UTC [12] app@staging PANIC:  could not write to file
CRITICAL:app.db:gone
2026-01-01 00:00:00 critical gone
[2026-01-01 00:00:00] Fatal gone
2026-01-01T00:00:00Z [12] emerg gone
critical 2026-01-01 00:00:00 gone
2026-01-01 00:00:00.000 +0000 FATAL gone
2026-01-01 00:00:00,000 root CRITICAL gone
2026-01-01 00:00:00 worker-1 FATAL gone
2026-01-01 00:00:00 db: CRITICAL: gone
2026-01-01 00:00:00 app.db [critical] gone
2026-01-01 00:00:00 app[12] [CRITICAL] gone
[00:00:00] [Server thread/FATAL]: gone
[2026-01-01 00:00:00 +0000] [12] [CRITICAL] worker timeout
[2026-01-01 00:00:00,000: CRITICAL/MainProcess] gone
[2026-01-01T00:00:00Z FATAL app::db] gone
[00:00:00 FTL] gone
[Thu Jan 01 00:00:00.000000 2026] [core:emerg] [pid 12] gone
2026/01/01 00:00:00 [emerg] 12#0: gone
2026/01/01 00:00:00 [crit] 12#0: *1 gone
F, [2026-01-01T00:00:00.000000 #12] FATAL -- : gone
FATA[0000] gone
PANI[0000] gone
{"level": "fatal", "msg": "gone"}
{"ts": 1767225600, "severity": "CRITICAL", "message": "gone"}
{"severity":"EMERGENCY","message":"gone"}
{"level":60,"time":1767225600000,"msg":"gone"}
{"level":"60","msg":"gone"}
{"message":"gone","level":550,"level_name":"ALERT"}
{"@timestamp":"2026-01-01T00:00:00Z","log":{"level":"fatal"},"message":"gone"}
{"@timestamp":"2026-01-01T00:00:00Z","log.level":"fatal","message":"gone"}
{"t":{"$date":"2026-01-01T00:00:00Z"},"s":"F","c":"STORAGE","msg":"gone"}
{"version":"1.1","host":"web","short_message":"gone","level":2}
{"MESSAGE":"gone","PRIORITY":"1"}
{"MESSAGE":"gone","PRIORITY":2}
{"Timestamp":"2026-01-01T00:00:00Z","Level":"Fatal","MessageTemplate":"gone"}
{"@t":"2026-01-01T00:00:00Z","@mt":"gone","@l":"Fatal"}
{"logLevel":"CRITICAL","message":"gone"}
Level=FATAL msg=gone
level='fatal' msg=gone
level=fatal msg="gone"
time=2026-01-01T00:00:00Z level=critical msg="gone"
ts=1767225600 lvl=crit msg=gone
<0>gone
<10>Jan  1 00:00:00 host app[12]: INFO gone
<8>1 2026-01-01T00:00:00Z host app 12 - - gone
F0101 00:00:00.000000 12 pool.go:12] gone
F20260101 00:00:00.000000 12 pool.cc:12] gone
{"log":"2026-01-01 00:00:00 CRITICAL gone\\n","stream":"stderr","time":"2026-01-01T00:00:00Z"}
{"log":"{\\"level\\":\\"fatal\\"}\\n","stream":"stderr","time":"2026-01-01T00:00:00Z"}
2026-01-01T00:00:00.000000000Z stderr F CRITICAL gone
2026-01-01T00:00:00.000000000Z stdout F {"level":"fatal","msg":"gone"}
Jan 01 00:00:00 host app[12]: CRITICAL gone
2026-01-01T00:00:00.000000+00:00 host app[12]: level=fatal msg=gone
backend-1  | 2026-01-01 00:00:00 CRITICAL gone
00:00:00 web.1   | CRITICAL gone
2026-01-01T00:00:00.000000+00:00 app[web.1]: CRITICAL gone
\x1b[31mCRITICAL\x1b[0m gone
2026-01-01 00:00:00 \x1b[1;31mFATAL\x1b[0m gone
2026-01-01 00:00:00.000 EST [12] FATAL:  the database system is shutting down
2026-01-01 00:00:00.000 PDT [12] FATAL:  gone
2026-01-01 00:00:00.000 BST [12] FATAL:  gone
2026-01-01 00:00:00.000 MSK [12] FATAL:  gone
2026-01-01 00:00:00.000 -03 [12] FATAL:  gone
2026-01-01 00:00:00 UTC [12] app@db,client=1.2.3.4 FATAL:  gone
2026-01-01 00:00:00 UTC [12]: [1-1] user=a,db=b,app=x,client=1.2.3.4 FATAL:  gone
2026-01-01 00:00:00 UTC:10.0.0.1(1234):app@db:[12]:FATAL:  gone
2026-01-01 00:00:00 UTC::@:[12]:PANIC:  gone
2026-01-01 00:00:00,000:CRITICAL:gone
2026-01-01 00:00:00,000:root:CRITICAL:gone
2026-01-01 00:00:00,000:app.db:CRITICAL:gone
2026-01-01 00:00:00,000-root-CRITICAL-gone
2026-01-01 00:00:00,000-CRITICAL-gone
2026-01-01 00:00:00,000 db.py:12 run CRITICAL gone
2026-01-01 00:00:00,000 MainProcess MainThread CRITICAL gone
2026-01-01 00:00:00,000 root [main] CRITICAL gone
2026-01-01 00:00:00 | app | CRITICAL | gone
2026-01-01 00:00:00 | host-1 | app.db | critical | gone
[2026-01-01T00:00:00.000+0000] {app.py:12} CRITICAL - gone
2026-01-01 00:00:00,000 [MainThread  ] [CRITI] gone
2026-01-01 00:00:00,000 CRITI [app.db:12][MainThread] gone
[2026-01-01 00:00:00] production.CRITICAL: gone {"exception":"x"}
01-Jan-2026 00:00:00.000 FATAL [main] org.x.Db.run gone
0|app      | 2026-01-01 00:00:00: CRITICAL gone
0|app  | CRITICAL gone
time=2026-01-01 00:00:00 level=fatal msg=gone
time=2026-01-01 00:00:00.000 level=fatal msg=gone
{"level":{"name":"fatal","no":50},"msg":"gone"}
{"text":"x","record":{"level":{"icon":"x","name":"CRITICAL","no":50},"message":"gone"}}
[Thu Jan 01 00:00:00.000000 2026] [mpm_prefork:crit] [pid 12] gone
[Thu Jan 01 00:00:00.000000 2026] [proxy_http:emerg] [pid 12] gone
[Thu Jan 01 00:00:00.000000 2026] [:alert] [pid 12] gone
2026-01-01T00:00:00+0000 [app.web#critical] gone
2026-01-01T00:00:00.000Z pid=12 tid=abc class=HardJob jid=1 FATAL: gone
2026-01-01 00:00:00,000 - app - [CRITICAL] - gone
2026-01-01 00:00:00,000 - app - MainThread - CRITICAL - gone
2026-01-01 00:00:00,000 - app - 12 - [CRITICAL] - gone
2026-01-01 00:00:00,000 app 12 CRITICAL gone
2026-01-01 00:00:00,000:app:CRITICAL - gone
2026-01-01 00:00:00,000 app.py(12) CRITICAL gone
2026-01-01 00:00:00,000 app.py[line:12] CRITICAL gone
2026-01-01 00:00:00 staging app[12] CRITICAL gone
Thu 2026-01-01 00:00:00 UTC host app[12]: CRITICAL gone
01-Jan-2026 00:00:00.000 general: critical: exiting
Jan 01 00:00:00 auth: Fatal: gone
Jan 01 00:00:00 host dovecot: imap(user)<12><abc>: Fatal: gone
12:00AM FTL gone
2026-01-01T00:00:00Z PNC gone
2026-01-01_00:00:00.12345 FATAL gone
2026/01/01 00:00:00 kid1| FATAL: gone
2026-01-01 00:00:00.000 UTC 656e6f.1a2b FATAL:  gone
2026-01-01 00:00:00.000 UTC,"app","db",12,"h:1",656e.1,1,"auth",2026-01-01 UTC,3/1,0,FATAL,28P01,"x"
{"timestamp":"2026-01-01 00:00:00.000 UTC","pid":12,"error_severity":"FATAL","message":"gone"}
[C 260101 00:00:00 web:12] gone
[C 2026-01-01 00:00:00.000 ServerApp] gone
{"stream":"stderr","log":"FATAL gone\\n","time":"2026-01-01T00:00:00Z"}
{"MESSAGE":"CRITICAL gone","PRIORITY":"6"}
{"severityNumber":21,"body":"gone"}
{"L":"FATAL","T":"2026-01-01T00:00:00Z","M":"gone"}
[2026-01-01 00:00:00,000] {{app.py:12}} CRITICAL - gone
2026-01-01 00:00:00,000;CRITICAL;gone
\x1b[31mCRITICAL\x1b(B\x1b[m gone
fatal error: all goroutines are asleep - deadlock!
panic: runtime error: invalid memory address or nil pointer dereference
2026-01-01T00:00:00.000000000Z stderr F panic: gone
Jan  1 00:00:00 host kernel: [12.5] Out of memory: Killed process 12 (python3)
kernel: oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null)
[ 1234.567890] python3 invoked oom-killer: gfp_mask=0xcc0
[ 1234.567890] Memory cgroup out of memory: Killed process 12 (python3)
Jan  1 00:00:00 host kernel: python3[12]: segfault at 0 ip 00007f sp 00007f error 4
Jan  1 00:00:00 host kernel: Web Content[12]: segfault at 0 ip 00007f sp 00007f error 4
2026-01-01T00:00:00Z kernel: python3[12]: segfault at 0 ip 00007f sp 00007f error 4
[Thu Jan  1 00:00:00 2026] Out of memory: Killed process 12 (python3)
2026-01-01T00:00:00,123456+00:00 Out of memory: Killed process 12 (python3)
[ 1234.567890] Killed process 12 (python3) total-vm:1024kB, anon-rss:512kB, file-rss:0kB
""".splitlines()

OTHER = {
    "ERROR": """\
ERROR gone
error: gone
2026-01-01 00:00:00,000 ERROR [hooks] fatal: delivery failed
[ERROR] CRITICAL path is 41 s
2026-01-01T00:00:00.000000Z 0 [ERROR] [MY-010123] [Server] fatal
SEVERE: gone
{"level":"error","msg":"fatal","note":"CRITICAL"}
{"level":50,"msg":"fatal"}
{"message":"gone","level":400,"level_name":"ERROR"}
level=error msg="level=fatal"
<11>Jan  1 00:00:00 host app[12]: gone
E0101 00:00:00.000000 12 pool.go:12] fatal
ERRO[0000] gone
01-Jan-2026 00:00:00.000 SEVERE [main] org.apache.catalina.core.StandardService gone
2026-01-01 00:00:00.000 EST [12] ERROR:  no such table
2026-01-01 00:00:00,000 db.py:12 run ERROR CRITICAL
{"text":"CRITICAL","record":{"level":{"name":"ERROR","no":40}}}
[Thu Jan 01 00:00:00.000000 2026] [authz_core:error] [pid 12] gone
2026-01-01T00:00:00Z E! [inputs.x] gone
[E 260101 00:00:00 web:12] gone
{"severityNumber":17,"body":"FATAL"}
{"MESSAGE":"ERROR gone","PRIORITY":"6"}
3:04PM ERR gone
""",
    "WARNING": """\
2026-01-01 08:17:09,674 WARNING  [rules] alert rule "panic-rate" is disabled
{"ts": "2026-01-01T21:39:44Z", "level": "warn", "note": "EMERGENCY banner template"}
W0101 00:00:00.000000 12 pool.go:12] fatal
<12>gone
{"level":40,"msg":"gone"}
""",
    "INFO": """\
2026-01-01 01:56:34,727 INFO     [ci] critical path of build 512 is 41s
{"ts": "2026-01-01T02:13:59Z", "level": "info", "msg": "search", "q": "fatal error guide"}
time=2026-01-01T18:22:10Z level=info msg="import finished: 0 fatal, 2 skipped" n=1
INFO:     127.0.0.1:1 - "GET /fatal HTTP/1.1" 500
2026-01-01 00:00:00.000 UTC [12] LOG:  PANIC is not here
{"msg":"got \\"level\\": \\"fatal\\"","level":"info"}
{"request":{"level":"fatal"},"level":"info"}
{"request":{"level":"fatal"},"level":"info","cut":"off he
msg="set level=fatal" level=info
{"level":"info","log":"CRITICAL"}
{"level":"info","severity":"critical"}
{"MESSAGE":"gone","PRIORITY":"6"}
{"severityNumber":9,"body":"FATAL"}
2026-01-01 00:00:00 root INFO CRITICAL
2026-01-01 00:00:00 INFO critical gone
""",
    "": """\
see panic: here
2026-01-01 00:00:00 Processing CRITICAL order 5
2026-01-01 00:00:00 Loaded CRITICAL alerts: 0
2026-01-01 00:00:00 Checking [critical] items
2026-01-01 00:00:00 Skipping ALERT rules
2026-01-01 00:00:00 worker-1 skipped CRITICAL items
2026-01-01 00:00:00 Send two CRITICAL items
2026-01-01 00:00:00 Found CRITICAL
2026-01-01 00:00:00 alert email sent to ops
2026-01-01 00:00:00 Alert threshold set to 5
2026-01-01 00:00:00 fatal count: 0
2026-01-01 00:00:00 Emergency shutdown drill finished
2026-01-01 00:00:00 Critical stock level report generated
2026-01-01 00:00:00 user said a: CRITICAL
2026-01-01 00:00:00 10.0.0.1:fatal: gone
12:fatal: gone
Alert rule created
Critical thinking is taught here
the build is critical
2026-01-01 00:00:00 LOG_LEVEL: ERROR
2026-01-01 00:00:00 status: CRITICAL -> OK
2026-01-01 00:00:00 health-check [ERROR] => [OK]
2026-01-01 00:00:00 UTC [12] app@db DETAIL:  FATAL:  password authentication failed
2026-01-01 00:00:00 UTC [12] STATEMENT:  SELECT 'FATAL: x'
2026-01-01 00:00:00 an error: fatal: gone
fatal error: cannot open x.h
E! is no level
2026-01-01 00:00:00 critical path of build 512 is 41s
2026-01-01 00:00:00 alert rules were read
2026-01-01 00:00:00 fatal errors: 0
2026-01-01 00:00:00 received CRITICAL from upstream
2026-01-01 00:00:00 worker-1 critical of what it read
2026-01-01 00:00:00 GET /CRITICAL
Killed process 12 (stuck)
127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /critical HTTP/1.1" 200 1
GET /fatal?level=fatal HTTP/1.1
    FATAL = 60
    raise CRITICAL
  File "/app/fatal.py", line 12, in panic
fatality rate is 0
the kernel said: Out of memory: Killed process 12
user wrote: python3[12]: segfault at 0
{"msg":"fatal"}
{"level":true}
{"level":null}
[1, 2, "fatal"]
<999>gone

""",
}


@pytest.mark.parametrize("line", CRITICAL, ids=lambda line: ascii(line[:60]))
def test_critical(line: str) -> None:
    """The whole critical family, in every form, and the crashes that have no level."""
    assert level_of(line) == "CRITICAL"


@pytest.mark.parametrize(
    ("level", "line"),
    [(level, line) for level, lines in OTHER.items() for line in lines.splitlines()],
)
def test_not_critical(level: str, line: str) -> None:
    """Words in messages, addresses and quoted values are no levels; ERROR is not critical."""
    assert level_of(line) == level


def test_only_the_beginning_of_a_line_is_looked_at() -> None:
    """A level behind the first four KiB is not looked for."""
    padding = "x" * LIMIT
    assert level_of(f'{{"msg":"{padding}","level":"fatal"}}') == ""
    assert level_of(f'{{"level":"fatal","msg":"{padding}"}}') == "CRITICAL"


UUID = "6b7d9f0e-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("level", "line"),
    [
        ("ERROR", "fail: Microsoft.AspNetCore.Server.Kestrel[13]"),
        ("", "fail: something went wrong"),
        ("CRITICAL", "[01-Jan-2026 00:00:00 UTC] PHP Fatal error:  Uncaught x"),
        ("CRITICAL", "PHP Parse error:  syntax error"),
        ("ERROR", "[01-Jan-2026 00:00:00 UTC] PHP Recoverable fatal error:  x"),
        ("WARNING", "[01-Jan-2026 00:00:00 UTC] PHP Warning:  x"),
        ("INFO", "[01-Jan-2026 00:00:00 UTC] PHP Deprecated:  x"),
        ("", "PHP is great: Fatal"),
        ("ERROR", f"2026-01-01T00:00:00.000Z\t{UUID}\tERROR\tmsg"),
        ("CRITICAL", f"2026-01-01T00:00:00.000Z\ta{UUID[1:]}\tFATAL\tmsg"),
        ("CRITICAL", "2026.01.01 00:00:00.000000 [ 1 ] {} <Fatal> Application: x"),
        ("ERROR", f"2026.01.01 00:00:00.000000 [ 1 ] {{{UUID}}} <Error> executeQuery: x"),
        ("CRITICAL", "=CRITICAL REPORT==== 1-Jan-2026::00:00:00.000 ==="),
        ("ERROR", "=ERROR REPORT==== 1-Jan-2026::00:00:00.000 ==="),
        ("", "=WORLD REPORT==== 1-Jan-2026::00:00:00.000 ==="),
    ],
)
def test_what_one_program_alone_writes(level: str, line: str) -> None:
    """.NET, PHP, AWS Lambda, ClickHouse, Erlang; what only looks like it is none."""
    assert level_of(line) == level


@pytest.mark.parametrize(
    ("level", "line"),
    [
        ("CRITICAL", b'{"level":"fatal","msg":"caf\xe9"}'),
        ("CRITICAL", b'{"\xe9":1,"level":"fatal"}'),
        (
            "CRITICAL",
            b'{"log":"CRITICAL caf\xe9\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}',
        ),
        ("ERROR", b'{"level":"error","time":%d}' % 10**400),
        ("CRITICAL", b'{"level":%d}' % 10**400),
        ("CRITICAL", b'{"level":"%d"}' % 10**400),
        ("CRITICAL", b"level=%d msg=x" % 10**400),
        ("ERROR", b'{"level":"error","pad":"caf\xe9' + b"x" * 5000),
    ],
)
def test_what_is_no_text_and_no_number_is_read_too(level: str, line: bytes) -> None:
    """Bytes that are no UTF-8, and numbers that no computer has."""
    seen = look(line)
    assert seen.level == level
    stamp_of(seen, 0.0)


def test_a_value_that_is_cut_is_no_other_field() -> None:
    """What stands in it looks like fields, and is none."""
    padding = "x, level: fatal, 'level':'fatal', " * 200
    assert level_of(f'{{"msg":"{padding}","level":"error"}}') == ""
    assert level_of(f'{{"level":"error","msg":"{padding}"}}') == "ERROR"


@given(st.binary(max_size=6000) | st.binary(max_size=99).map(b'{"level":"error",'.__add__))
def test_any_bytes_are_read(line: bytes) -> None:
    """Whatever a line holds, reading it ends without an error."""
    stamp_of(look(line), 0.0)


PARTS = [b" ", b"{", b'{"', b"[", b"a=", b'a="\\', b"a.b ", b"- ", b"1:", b"a=b ", b"1 ", b"\x1b["]
PARTS += [
    b"00:00:00 " + part for part in (b"a a ", b"a|", b"a.b ", b"A:", b"user=a,", b"a@", b"A-")
]


@pytest.mark.parametrize("part", PARTS, ids=repr)
def test_no_line_takes_long(part: bytes) -> None:
    """Sixteen times the length takes about sixteen times as long: nothing grows faster."""
    line = part * (LIMIT // len(part))
    assert cost(line) <= 64 * cost(line[: LIMIT // 16]) + 0.002


def cost(line: bytes) -> float:
    """The least CPU time, in seconds, of several attempts to read this line."""

    def once() -> float:
        start = process_time()
        look(line)
        return process_time() - start

    return min(once() for _ in range(20))
