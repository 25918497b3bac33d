"""Which file a profile's name means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stagewatch.paths import config_home, valid_name
from stagewatch.profile.problems import Problem, ProfileError, nearest, quoted

_SUFFIX = ".toml"
_TESTS = ".test"
"""A profile's tests lie beside it as ``staging.test.toml``, and are no profile."""


def find_profile(name_or_path: str, *, environ: Mapping[str, str]) -> Path:
    """The file that is meant; raises ProfileError, which lists the profiles there are.

    What has a slash or ends in ``.toml`` is a file. Anything else is a name: first in
    ``$XDG_CONFIG_HOME/stagewatch/``, then among those that come with stagewatch; never in the
    working folder, where anybody may have left a file.
    """
    if is_file(name_or_path):
        return _file(name_or_path, environ)
    known = available_profiles(environ)
    if name_or_path in known:
        return known[name_or_path]
    what = f"there is no profile {quoted(name_or_path)}"
    if valid_name(name_or_path) and os.path.lexists(f"{name_or_path}{_SUFFIX}"):
        hint = f"for the file in this folder write ./{name_or_path}{_SUFFIX}"
    else:
        hint = _names_hint(name_or_path, list(known))
    raise ProfileError([Problem(Path("--profile"), 0, "", what, hint)])


def is_file(name_or_path: str) -> bool:
    """Whether a file is meant, and no name."""
    return "/" in name_or_path or name_or_path.endswith(_SUFFIX)


def _names_hint(name: str, known: list[str]) -> str:
    guess = nearest(name, known)
    there_are = f"there are {', '.join(known)}" if known else "there is none at all"
    return f"did you mean {quoted(guess)}? {there_are}" if guess else there_are


def _file(name: str, environ: Mapping[str, str]) -> Path:
    path = Path(name)
    if os.path.lexists(path):
        return path
    stem = path.name.removesuffix(_SUFFIX)
    hint = (
        f"did you mean the profile {quoted(stem)}?" if stem in available_profiles(environ) else ""
    )
    raise ProfileError([Problem(path, 0, "", "there is no such file", hint)])


def available_profiles(environ: Mapping[str, str]) -> dict[str, Path]:
    """Name → file of every profile that a name can mean; one's own go before the shipped."""
    shipped = _profiles_in(shipped_folder())
    return dict(sorted({**shipped, **_profiles_in(config_home(environ))}.items()))


def _profiles_in(folder: Path) -> dict[str, Path]:
    try:
        names = os.listdir(folder)
    except OSError:  # no such folder, or none of ours: no profiles
        return {}
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return {stem: folder / f"{stem}{_SUFFIX}" for stem in stems if _is_name(stem)}


def _is_name(stem: str) -> bool:
    return valid_name(stem) and not stem.endswith(_TESTS)


def shipped_folder() -> Path:
    """The folder of the profiles that come with stagewatch."""
    import stagewatch.profiles

    return Path(next(iter(stagewatch.profiles.__path__)))


def base_folder(path: Path, *, environ: Mapping[str, str] | None = None) -> Path:
    """Where relative paths inside the profile start; absolute.

    A profile that a name means (shipped, or in the configuration folder) describes a checkout
    that lies elsewhere: its paths start in the working folder. Any other starts in its own.
    """
    folder = Path(os.path.abspath(path.parent))
    environ = os.environ if environ is None else environ
    named = {Path(os.path.abspath(shipped_folder())), Path(os.path.abspath(config_home(environ)))}
    return Path.cwd() if folder in named else folder
