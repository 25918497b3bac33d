"""An opened command probe: runs its command when it is trusted, and reads what it said."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from time import monotonic

from stagewatch.model import Result, Signal
from stagewatch.probes import OpenContext
from stagewatch.probes._failure import FailureError
from stagewatch.probes._fields import FieldError, compile_path, number
from stagewatch.probes._json import JsonError, parse
from stagewatch.probes._looking import Found, LookingProbe, aside
from stagewatch.probes._run import Ran, Runner
from stagewatch.probes._secrets import Secrets
from stagewatch.probes.command import CommandConfig

USUAL = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
"""What a command inherits of the recorder's environment; the rest may be other probes' secrets."""
LINE = 2048
"""Bytes of a line that a pattern sees."""
_MARGIN = 0.3
"""Seconds before ``timeout`` at which the command is killed, at most a twentieth of it."""
_LAST_WORDS = 200


class CommandProbe(LookingProbe):
    """One command, run at an interval, never twice at once."""

    def __init__(
        self,
        name: str,
        config: CommandConfig,
        context: OpenContext,
        signals: tuple[Signal, ...],
    ) -> None:
        secrets = Secrets(context.base)
        self._command = Command(config, context, secrets)
        super().__init__(
            name,
            config,
            context,
            signals,
            aside(f"command-{name}", self._command.look),
            late=f"{config.argv[0]} did not end",
            secrets=secrets.values,
            down={"ok": 0.0},
        )

    async def aclose(self) -> None:
        """End the command if it runs."""
        self._command.runner.stop()


class Command:
    """A profile's command with what is read from it."""

    def __init__(self, config: CommandConfig, context: OpenContext, secrets: Secrets) -> None:
        self.runner = Runner()
        self._config = config
        self._refusal = context.refusal
        self._cwd = Path(os.path.abspath(context.base / config.cwd))
        self._secrets = secrets
        self._read = {key: re.compile(text.encode()) for key, text in config.read.items()}
        self._json = {key: (path, compile_path(path)) for key, path in config.json.items()}

    def look(self) -> Found:
        """Run it once; raises FailureError when it may not, cannot or does not end."""
        if refusal := self._refusal():
            raise FailureError("untrusted", refusal)
        config = self._config
        began = monotonic()
        ran = self.runner.run(
            config.argv,
            cwd=self._cwd,
            env=self._environment(),
            timeout=config.timeout - min(_MARGIN, config.timeout / 20),
            limit=int(config.max_bytes),
        )
        found = Found(values={"took": 1000 * (monotonic() - began)})
        if ran.status >= 0:
            found.values["status"] = float(ran.status)
        self._judge_status(ran, found)
        self._read_lines(ran, found)
        self._read_json(ran, found)
        found.values["ok"] = float(found.result is Result.VALUE)
        return found

    def _environment(self) -> dict[str, str]:
        usual = {name: os.environ[name] for name in USUAL if name in os.environ}
        env = self._config.env.items()
        return usual | {name: self._secrets.resolve(f"env.{name}", text) for name, text in env}

    def _judge_status(self, ran: Ran, found: Found) -> None:
        if ran.status in self._config.status:
            return
        if ran.status < 0:
            ended = f"ended by {_signal_name(-ran.status)}"
            found.missing["status"] = ended
        else:
            wanted = " or ".join(map(str, sorted(self._config.status)))
            ended = f"exit status {ran.status}, expected {wanted}"
        words = _last_line(ran.errors) or _last_line(ran.output)
        found.amiss(f'{ended}: "{words}"' if words else ended)

    def _read_lines(self, ran: Ran, found: Found) -> None:
        lines = [line[:LINE] for line in ran.output.splitlines()] if self._read else []
        for key, pattern in self._read.items():
            match = next(filter(None, map(pattern.search, lines)), None)
            if match is None:
                _miss(found, key, f"no line of the output matches {pattern.pattern.decode()}")
                continue
            try:
                text = (match[1] or b"").decode("utf-8", "replace")
                found.values[key] = number(text, convert=True)
            except FieldError as problem:
                _miss(found, key, f'"{text}" {problem}')

    def _read_json(self, ran: Ran, found: Found) -> None:
        if not self._json:
            return
        try:
            document = parse(bytes(ran.output))
        except JsonError as problem:
            for key in self._json:
                _miss(found, key, f"the output is not JSON ({problem})")
            return
        for key, (path, find) in self._json.items():
            try:
                found.values[key] = number(find(document), convert=False)
            except FieldError as problem:
                _miss(found, key, f"field {path} {problem}")


def _miss(found: Found, key: str, why: str) -> None:
    found.missing[key] = why
    found.amiss(why)


def _last_line(said: bytearray) -> str:
    lines = said.strip().splitlines()
    return lines[-1][:_LAST_WORDS].decode("utf-8", "backslashreplace") if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
