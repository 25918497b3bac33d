"""Renders docs/screen.svg and docs/screen.png from the program itself: `make picture`.

    python docs/picture.py [SESSION_FOLDER] [--size 120x40] [--out docs/screen]

Without a folder it shows the specimen of `stagewatch/tui/specimen.py`. The PNG needs a Chromium;
where there is none, only the SVG is written.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

DOCS = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


async def draw(folder: Path | None, width: int, height: int) -> str:
    """The screen as SVG."""
    from stagewatch.clock import SystemClock
    from stagewatch.tui.app import StageWatch
    from stagewatch.tui.hooks import session_hooks
    from stagewatch.tui.specimen import healthy
    from stagewatch.tui.stage import Clock, Stage

    if folder is None:
        app = StageWatch(Stage(healthy()).hooks(), "alice", Clock())
    else:
        app = StageWatch(session_hooks(folder, SystemClock()), "alice", SystemClock())
    async with app.run_test(size=(width, height)) as pilot:
        deadline = time.monotonic() + 20
        while app.snapshot is None and time.monotonic() < deadline:
            await pilot.pause(0.05)
        await pilot.pause(0.2)
        return app.export_screenshot(title="stagewatch")


def photograph(svg: Path, png: Path) -> bool:
    """The SVG as a picture of exactly its size; False without a browser."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text(encoding="utf-8"))
    if browser is None or size is None:
        return False
    width, height = (int(float(number) + 1) for number in size.groups())
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--force-device-scale-factor=1", f"--window-size={width},{height}",
        f"--screenshot={png}", svg.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Render the picture of the screen.")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--size", default="120x40")
    parser.add_argument("--out", type=Path, default=DOCS / "screen")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    for name in ("NO_COLOR", "TEXTUAL_THEME"):
        os.environ.pop(name, None)
    os.environ["TZ"] = "UTC"
    time.tzset()
    svg, png = (options.out.with_suffix(ending).resolve() for ending in (".svg", ".png"))
    svg.write_text(asyncio.run(draw(options.folder, width, height)), encoding="utf-8")
    sys.stdout.write(f"wrote {svg}\n")
    if photograph(svg, png):
        sys.stdout.write(f"wrote {png}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
