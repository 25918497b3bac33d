"""The command probe on real commands: well-behaved ones, and ones that hang, fork and flood."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from stagewatch.clock import SystemClock
from stagewatch.model import Reading, Result
from stagewatch.probes import OpenContext, probe_kind
from stagewatch.profile.values import Duration, Limit

if TYPE_CHECKING:
    from stagewatch.probes import Probe

Until = Callable[[Callable[[], bool]], None]
RunCommand = Callable[..., "asyncio.Future[Reading]"]


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def _opened(base: Path, refusal: str = "", **given: object) -> Probe:
    kind = probe_kind("command")
    table = {"kind": "command", "timeout": Duration(10), **given}
    config = msgspec.convert(table, kind.config, dec_hook=lambda _, value: value)
    assert list(kind.problems(config)) == []
    context = OpenContext(SystemClock(), base, 0.0, refusal=lambda: refusal)
    return kind.open("p", config, context)


async def _read(probe: Probe) -> Reading:
    reading = await probe.read()
    assert reading is not None
    promised = {signal.name for signal in probe.signals}
    assert reading.values.keys() | reading.missing.keys() == promised
    return reading


def _python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


async def test_numbers_are_read_out_of_the_output(tmp_path: Path) -> None:
    """The first group of the first line that matches, as ``redis-cli info`` would be read."""
    script = "print('# Stats\\r\\nkeyspace_hits:90\\r\\nkeyspace_misses:10\\r\\nratio:0.9')"
    read = {"hits": r"^keyspace_hits:(\d+)", "ratio": r"^ratio:(\S+)"}
    reading = await _read(_opened(tmp_path, argv=_python(script), read=read))
    assert (reading.result, reading.reason) == (Result.VALUE, "")
    assert (reading.values["p.hits"], reading.values["p.ratio"]) == (90, 0.9)
    assert (reading.values["p.ok"], reading.values["p.status"]) == (1, 0)
    assert reading.values["p.took"] > 0


async def test_json_is_read_by_path(tmp_path: Path) -> None:
    """As strictly as an http answer."""
    argv = _python('print(\'{"pool": {"used": 7, "max": NaN}}\')')
    reading = await _read(_opened(tmp_path, argv=argv, json={"used": "pool.used"}))
    assert reading.result is Result.NO_DATA
    assert reading.reason == "the output is not JSON (NaN is not a JSON number)"
    argv = _python('print(\'{"pool": {"used": 7}}\')')
    reading = await _read(_opened(tmp_path, argv=argv, json={"used": "pool.used", "max": "pool.m"}))
    assert reading.values["p.used"] == 7
    assert reading.missing == {"p.max": "field pool.m is missing"}


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("queue: nan", '"nan" is text, not a number'),
        ("queue: inf", '"inf" is text, not a number'),
        ("queue: many", '"many" is text, not a number'),
        ("queue: 1e999", '"1e999" is not a finite number'),
        ("", "no line of the output matches queue: (.*)"),
        ("Queue: 3", "no line of the output matches queue: (.*)"),
        ("x" * 3000 + "queue: 3", "no line of the output matches queue: (.*)"),
    ],
)
async def test_what_is_no_number_is_no_data(tmp_path: Path, output: str, told: str) -> None:
    """Never a zero, and never the number of a line that is too long to look through."""
    argv = _python(f"print({output!r})")
    reading = await _read(_opened(tmp_path, argv=argv, read={"queue": "queue: (.*)"}))
    assert (reading.result, reading.reason) == (Result.NO_DATA, told)
    assert reading.missing == {"p.queue": told}
    assert reading.values["p.ok"] == 0


async def test_an_exit_status_that_is_not_expected_is_no_data(tmp_path: Path) -> None:
    """With the command's last words; numbers that it said all the same are recorded."""
    script = (
        "import sys; print('7'); print('a\\x1b[31m disk is full', file=sys.stderr); sys.exit(3)"
    )
    reading = await _read(_opened(tmp_path, argv=_python(script), read={"n": r"(\d)"}))
    assert reading.result is Result.NO_DATA
    assert reading.reason == 'exit status 3, expected 0: "a␛[31m disk is full"'
    assert (reading.values["p.status"], reading.values["p.n"]) == (3, 7)
    good = await _read(_opened(tmp_path, argv=_python("import sys; sys.exit(3)"), status=[0, 3]))
    assert good.result is Result.VALUE


async def test_a_command_that_crashes_says_by_which_signal(tmp_path: Path) -> None:
    """It has no exit status."""
    argv = _python("import os; os.kill(os.getpid(), 11)")
    reading = await _read(_opened(tmp_path, argv=argv))
    assert (reading.result, reading.reason) == (Result.NO_DATA, "ended by SIGSEGV")
    assert reading.missing == {"p.status": "ended by SIGSEGV"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"argv": ["no-such-command-here"]}, "there is no command no-such-command-here"),
        ({"argv": ["./there"]}, "./there cannot be run: permission denied"),
        ({"argv": ["true"], "cwd": "gone"}, "there is no folder {base}/gone"),
        ({"argv": ["true"], "env": {"A_TOKEN": "env:NOT_SET_ANYWHERE"}}, "env.A_TOKEN: the env"),
    ],
)
async def test_a_command_that_cannot_be_started_is_an_error(
    tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    """Which names what is missing."""
    (tmp_path / "there").write_text("not executable")
    reading = await _read(_opened(tmp_path, **given))
    assert reading.result is Result.ERROR
    assert reading.reason.startswith(told.format(base=tmp_path))
    assert reading.values == {"p.ok": 0}


async def test_a_command_that_hangs_is_killed(tmp_path: Path, until: Until) -> None:
    """With everything that it has started."""
    script = (
        "import os, time\n"
        "child = os.fork()\n"
        "open('pids', 'a').write(f'{os.getpid()}\\n')\n"
        "time.sleep(600)\n"
    )
    reading = await _read(_opened(tmp_path, argv=_python(script), timeout=Duration(1)))
    assert (reading.result, reading.facts) == (Result.ERROR, {"failure": "timeout"})
    assert re.match(r"\S+ did not end within \S+, and was killed", reading.reason)
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    until(lambda: not any(map(_alive, pids)))


async def test_what_a_command_leaves_running_ends_with_it(tmp_path: Path, until: Until) -> None:
    """And is not waited for, although it holds the output open."""
    script = "import os, time\npid = os.fork()\nif pid == 0:\n    time.sleep(600)\nprint(pid)\n"
    began = time.monotonic()
    reading = await _read(_opened(tmp_path, argv=_python(script), read={"pid": r"(\d+)"}))
    assert reading.result is Result.VALUE
    assert time.monotonic() - began < 300
    until(lambda: not _alive(int(reading.values["p.pid"])))


async def test_a_command_that_floods_is_killed(tmp_path: Path) -> None:
    """On either stream; what it said is no measurement."""
    for stream in ("stdout", "stderr"):
        script = f"import sys\nwhile True: sys.{stream}.write('7' * 1000 + '\\n')"
        probe = _opened(tmp_path, argv=_python(script), read={"n": "^(7)"})
        reading = await _read(probe)
        assert (reading.result, reading.facts) == (Result.ERROR, {"failure": "too-large"})
        assert reading.values == {"p.ok": 0}
        assert "said more than 65536 bytes, and was killed" in reading.reason


async def test_output_within_the_limit_is_whole(tmp_path: Path) -> None:
    """The last line counts as much as the first, however it was buffered."""
    script = "print('x' * 60000); print('n: 5')"
    reading = await _read(_opened(tmp_path, argv=_python(script), read={"n": r"n: (\d)"}))
    assert reading.values["p.n"] == 5


async def test_no_shell_and_no_input(tmp_path: Path) -> None:
    """Arguments are what they are, and reading ends at once."""
    script = "import sys; print(len(sys.stdin.read()), sys.argv[1])"
    argv = [*_python(script), "$HOME; echo *"]
    read = {"read": r"^(\d) \$HOME; echo \*$"}
    assert (await _read(_opened(tmp_path, argv=argv, read=read))).values["p.read"] == 0


async def test_the_recorder_s_secrets_are_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what the profile gives, and that is masked in all that is shown."""
    monkeypatch.setenv("OTHER_SECRET", "hunter1")
    monkeypatch.setenv("MY_SECRET", "hunter2")
    script = (
        "import os, sys\n"
        "print('OTHER_SECRET' in os.environ, os.environ['TOKEN'], file=sys.stderr)\n"
        "sys.exit(1)\n"
    )
    probe = _opened(tmp_path, argv=_python(script), env={"TOKEN": "env:MY_SECRET"})
    reading = await _read(probe)
    assert reading.reason == 'exit status 1, expected 0: "False ***"'


async def test_an_untrusted_command_does_not_run(tmp_path: Path) -> None:
    """The reading is an ERROR with the remedy."""
    probe = _opened(tmp_path, refusal="ask first", argv=["touch", "ran"])
    reading = await _read(probe)
    assert (reading.result, reading.reason) == (Result.ERROR, "ask first")
    assert not (tmp_path / "ran").exists()


async def test_a_command_that_runs_ends_with_the_probe(tmp_path: Path, until: Until) -> None:
    """A recorder that stops leaves nothing behind."""
    script = "import os, time; open('pid', 'w').write(f'{os.getpid()}\\n'); time.sleep(600)"
    probe = _opened(tmp_path, argv=_python(script), timeout=Duration(300))
    run = asyncio.ensure_future(_read(probe))
    path = tmp_path / "pid"
    await asyncio.to_thread(until, lambda: path.exists() and path.read_text().endswith("\n"))
    await probe.aclose()
    assert (await run).reason == "ended by SIGKILL"
    until(lambda: not _alive(int(path.read_text())))


async def test_no_descriptor_is_left_over(tmp_path: Path) -> None:
    """However often it runs, and however it ends."""
    probes = [
        _opened(tmp_path, argv=["true"]),
        _opened(tmp_path, argv=["no-such-command-here"]),
        _opened(tmp_path, argv=["yes"]),
    ]
    for probe in probes:
        await _read(probe)
    before = len(os.listdir("/proc/self/fd"))
    for probe in probes * 5:
        await _read(probe)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("given", "key", "told"),
    [
        ({"argv": [""]}, "argv", "begins with an empty text; name the program"),
        ({"argv": ["a", "b\0"]}, "argv", "holds a NUL character, which no argument may"),
        ({"read": {"ok": "(a)"}}, "read.ok", "a signal needs a name"),
        ({"read": {"a": "("}}, "read.a", "is no regular expression: "),
        ({"read": {"a": "((?:a|aa)+)b"}}, "read.a", "has alternatives inside a repeat"),
        ({"read": {"a": "b"}}, "read.a", "needs one group ( ) around the number, and has 0"),
        ({"json": {"a": "b["}}, "json.a", "is no path: "),
        ({"json": {"a": "b"}, "read": {"a": "(b)"}}, "json.a", "is in read as well"),
        ({"env": {"A-B": "c"}}, "env.A-B", "is no name of a variable"),
        ({"max_bytes": Limit(5.0, "ms")}, "max_bytes", 'is a size, as in "64 KiB"'),
    ],
    ids=str,
)
def test_a_table_that_cannot_work(given: dict[str, object], key: str, told: str) -> None:
    """Each mistake is told with its key."""
    kind = probe_kind("command")
    table = {"kind": "command", "argv": ["true"], **given}
    config = msgspec.convert(table, kind.config, dec_hook=lambda _, value: value)
    found = list(kind.problems(config))
    assert [found_key for found_key, _ in found] == [key]
    assert found[0][1].startswith(told)
