"""What ``validate`` and ``exercise`` share on the command line."""

from __future__ import annotations

import io

import pytest

from stagewatch.commands.drilling import mention


def test_a_drill_goes_on_where_nobody_reads_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its result is recorded, whatever became of the terminal or the pipe."""

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Gone())
    mention("request 1 of 5")
