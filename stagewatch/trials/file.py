"""From a test file to its tests and their profile, or to every problem that it has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stagewatch.probes import InstalledKinds
from stagewatch.profile.convert import Findings, convert
from stagewatch.profile.document import content_of, parsed, problems_of, text_of
from stagewatch.profile.find import find_profile
from stagewatch.profile.load import load
from stagewatch.profile.locate import key_lines, line_of
from stagewatch.profile.problems import FileError, Key, Problem, ProfileError, quoted
from stagewatch.profile.schema import Profile
from stagewatch.trials.checks import Checks
from stagewatch.trials.schema import Trial, TrialFile


class TrialFileError(FileError):
    """A test file that cannot be used."""


@dataclass(frozen=True, slots=True)
class LoadedTrials:
    """A test file, checked."""

    path: Path
    profile: Profile
    trials: tuple[Trial, ...]
    lines: Mapping[Key, int]

    def line(self, *key: str | int) -> int:
        """Where something of the file stands: ``line("test", 0, "expect", 2)``."""
        return line_of(key, dict(self.lines))


def load_trials(path: Path, *, environ: Mapping[str, str] | None = None) -> LoadedTrials:
    """The tests in ``path``; raises FileError with every problem of the file and its profile."""
    text = text_of(content_of(path), path)
    raw = parsed(text, path)
    if "deployment" in raw and "test" not in raw:
        hint = "its tests are a file of their own; see docs/testing.md"
        raise TrialFileError([Problem(path, 0, "", "is a profile, and no file of tests", hint)])
    findings = Findings()
    file = convert(raw, TrialFile, (), findings)
    profile, elsewhere = None, list[Problem]()
    if isinstance(named := raw.get("profile"), str) and named.strip():
        profile, elsewhere = _profile(named, path, os.environ if environ is None else environ)
        if profile is None and not elsewhere:
            findings.add(("profile",), f"there is no profile {quoted(named)}")
    if file is not None and profile is not None:
        _check(file, profile, findings)
    if findings.found or elsewhere or file is None or profile is None:
        raise TrialFileError([*problems_of(findings, text, path), *elsewhere])
    return LoadedTrials(path, profile, tuple(file.test), key_lines(text))


def _profile(
    named: str, path: Path, environ: Mapping[str, str]
) -> tuple[Profile | None, list[Problem]]:
    """The profile that the file names, or its problems."""
    if "/" in named or named.endswith(".toml"):
        # Beside the test, whatever folder the command is run in.
        named = str(path.parent / named) if path.parent != Path() else f"./{named}"
    try:
        return load(find_profile(named, environ=environ), InstalledKinds()), []
    except ProfileError as error:
        return None, list(error.problems)


def _check(file: TrialFile, profile: Profile, findings: Findings) -> None:
    """What the types do not say; a test that could not be read as a whole is left alone."""
    checks = Checks(profile, findings)
    names: dict[str, int] = {}
    for index, trial in enumerate(file.test):
        key: Key = ("test", index)
        if trial.name in names:
            findings.add((*key, "name"), f"{quoted(trial.name)} is the name of another test")
        names.setdefault(trial.name, index)
        if not findings.concern(key):
            checks.trial(trial, key)
