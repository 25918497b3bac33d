"""What is shipped: the wheel holds only stagewatch, and runs where nothing else is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree, so that no earlier build leaks into it."""
    copy, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for name in ("stagewatch", "tui", "widgets", "profiles"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy / name)
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)], copy)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``stagewatch`` command of an environment that holds the wheel and what it needs."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _run([*pip, "-c", str(ROOT / "requirements" / "dev.txt"), str(wheel)], environment)
    return environment / "bin" / "stagewatch"


def test_the_wheel_holds_only_stagewatch(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    foreign = {n.split("/")[0] for n in names if not n.startswith("stagewatch")}
    assert not foreign


def test_the_wheel_holds_every_module_and_data_file_of_the_tree(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(ROOT / "stagewatch").as_posix()
        for folder in ("stagewatch", "stagewatch/tui", "stagewatch/widgets", "stagewatch/profiles")
        for pattern in ("*.py", "*.tcss", "*.toml", "*.json", "py.typed")
        for path in (ROOT / folder).rglob(pattern)
    }
    assert {f"stagewatch/{name}" for name in expected} <= names


def test_the_installed_program_says_its_version_from_any_folder(
    installed: Path, tmp_path: Path
) -> None:
    assert _run([str(installed), "--version"], tmp_path).startswith("stagewatch ")


def test_the_installed_program_checks_the_demo_profile_from_any_folder(
    installed: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [str(installed), "check", "--profile", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(tmp_path),
    )
    # Nobody runs the demo's backend here: the profile is in order, its probes find nothing.
    assert done.returncode == 1, done.stderr
    assert "no problems" in done.stdout
    assert "Traceback" not in done.stderr


def _environment(home: Path) -> dict[str, str]:
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
