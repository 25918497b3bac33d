"""From a moment in a chart to the log and back, in a real terminal over a real recorder."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Programs

LEFT = "\x1b[D"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_moment_of_a_chart_leads_to_its_lines_and_back(
    size: tuple[int, int], profile: Path, programs: Programs, tmp_path: Path
) -> None:
    """The key bar says each step."""
    terminal = programs.open("--profile", str(profile), columns=size[0], rows=size[1])
    terminal.wait_for(r"healthy(?s:.*)latency · health(?s:.*)[▁-█⠀-⣿]")
    now = datetime.fromtimestamp(time.time(), UTC)
    lines = [f"{now:%Y-%m-%d %H:%M:%S} INFO number {n}\n" for n in range(200)]
    (tmp_path / "error.log").write_text("".join(lines))
    terminal.wait_for("200 lines")
    terminal.type(LEFT)
    terminal.wait_for(r"\d\d:\d\d:\d\d +[\d.]+ ms")
    terminal.wait_for("log of that moment")
    terminal.type("l")
    terminal.wait_for(r"number 199(?s:.*)c chart")
    terminal.type("c")
    terminal.wait_for("log of that moment")
    terminal.type("\x1b")
    terminal.wait_for("(space tick|enter open).*← chart")
