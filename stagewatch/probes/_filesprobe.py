"""An opened files probe: searches in a process of its own, which can be killed."""

from __future__ import annotations

import marshal
import os
import sys
from pathlib import Path

from stagewatch.model import Signal
from stagewatch.probes import OpenContext, _grep
from stagewatch.probes._failure import FailureError
from stagewatch.probes._looking import Found, LookingProbe, aside
from stagewatch.probes._needle import needle
from stagewatch.probes._run import Runner
from stagewatch.probes.files import FilesConfig

_MARGIN = 0.3
"""Seconds before ``timeout`` at which the search is killed, at most a twentieth of it."""
_ANSWER = 64 * 1024


class FilesProbe(LookingProbe):
    """Files, searched at an interval."""

    def __init__(
        self,
        name: str,
        config: FilesConfig,
        context: OpenContext,
        signals: tuple[Signal, ...],
    ) -> None:
        self._config = config
        self._base = Path(os.path.abspath(context.base))
        self._runner = Runner()
        search = aside(f"files-{name}", self._search)
        late = "the files were not searched"
        super().__init__(name, config, context, signals, search, late=late)

    async def aclose(self) -> None:
        """End a search that runs."""
        self._runner.stop()

    def _search(self) -> Found:
        config = self._config
        wanted = {
            "paths": config.paths,
            "patterns": config.patterns,
            "include": config.include,
            "exclude": config.exclude,
            "max_files": config.max_files,
            "max_bytes": int(config.max_bytes),
            "needle": needle(config.patterns),
        }
        try:
            ran = self._runner.run(
                # Isolated, and without site packages: it starts in half the time.
                [sys.executable, "-I", "-S", str(_grep.__file__), marshal.dumps(wanted).hex()],
                cwd=self._base,
                env={},
                timeout=config.timeout - min(_MARGIN, config.timeout / 20),
                limit=_ANSWER,
            )
        except FailureError as failure:
            if failure.kind == "timeout":
                raise TimeoutError from failure
            raise
        if ran.status:
            last = ran.errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise FailureError("search", f"the search failed ({ran.status}): {last}")
        told = _grep.Told()
        vars(told).update(marshal.loads(ran.output))
        return _found(told)


def _found(told: _grep.Told) -> Found:
    found = Found()
    if told.shown:
        found.facts["matches"] = "; ".join(told.shown)
    if told.problem:
        more = f", and {told.unreadable - 1} more" if told.unreadable > 1 else ""
        found.amiss(f"{told.problem}{more}; so the count is not known")
    elif not told.searched:
        found.amiss("there is no file to search; check paths, include and exclude")
    else:
        found.values = {
            "lines": float(told.lines),
            "files": float(told.files),
            "searched": float(told.searched),
        }
    return found
