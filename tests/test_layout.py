"""The folders a reader sees are the packages that get imported, and the core needs no screen."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module, resources
from pathlib import Path

import pytest

from stagewatch.probes import kind_names

ROOT = Path(__file__).resolve().parents[1]
CORE = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "stagewatch").rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
    and path.relative_to(ROOT).parts[1] not in ("tui", "widgets", "profiles")
)


@pytest.mark.parametrize("name", ["tui", "widgets", "profiles"])
def test_a_root_folder_is_imported_as_a_subpackage(name: str) -> None:
    module = import_module(f"stagewatch.{name}")
    assert module.__file__ is not None
    assert Path(module.__file__).resolve().parent == ROOT / name


@pytest.mark.parametrize("name", ["tui", "widgets", "profiles"])
def test_no_generic_top_level_package_is_installed(name: str) -> None:
    found = subprocess.run(
        [sys.executable, "-P", "-c", f"import {name}"],
        cwd=ROOT.parent,
        capture_output=True,
        check=False,
    )
    assert found.returncode != 0


def test_every_shipped_profile_is_a_package_resource() -> None:
    shipped = {p.name for p in resources.files("stagewatch.profiles").iterdir()}
    assert {p.name for p in (ROOT / "profiles").glob("*.toml")} <= shipped


def _imported(modules: list[str], heavy: list[str], first: str = "") -> str:
    code = (
        f"{first}import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_whole_core_imports_neither_a_screen_nor_an_extra() -> None:
    core = [name for name in CORE if not name.startswith("stagewatch.demo.")]
    heavy = ["textual", "rich", "plotext", "starlette", "uvicorn", "websockets"]
    # httpx by itself would import rich, so every probe prepares it; see stagewatch.probes._httpx.
    prepared = "from stagewatch.probes._httpx import prepare_httpx\nprepare_httpx()\n"
    assert _imported(core, heavy, first=prepared) == "[]"


def test_the_demo_needs_its_extra_only_in_the_backend_itself() -> None:
    control = ["stagewatch.demo.run", "stagewatch.demo.control", "stagewatch.demo.faults"]
    heavy = ["textual", "rich", "starlette", "uvicorn", "websockets"]
    assert _imported(control, heavy) == "[]"


def test_loading_a_profile_imports_nothing_that_only_running_it_needs() -> None:
    kinds = ["stagewatch.profile.load", *(f"stagewatch.probes.{kind}" for kind in kind_names())]
    assert _imported(kinds, ["httpx", "psutil", "jmespath", "sqlite3", "asyncio", "ssl"]) == "[]"
