"""Which file a name means, and that no file is loaded because it happens to lie about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stagewatch.profile.find import (
    available_profiles,
    base_folder,
    find_profile,
    shipped_folder,
)
from stagewatch.profile.problems import ProfileError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The folder of the operator's own profiles."""
    folder = tmp_path / "config" / "stagewatch"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def environ(tmp_path: Path, config: Path) -> dict[str, str]:
    """An environment that knows only that folder."""
    return {"XDG_CONFIG_HOME": str(config.parent), "HOME": str(tmp_path / "home")}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def said(name: str, environ: dict[str, str]) -> str:
    with pytest.raises(ProfileError) as caught:
        find_profile(name, environ=environ)
    return str(caught.value)


def shipped() -> list[str]:
    """The names of the profiles that come with stagewatch."""
    files = (path.name for path in shipped_folder().glob("*.toml"))
    return [name.removesuffix(".toml") for name in files if not name.endswith(".test.toml")]


def test_the_tests_of_a_profile_are_no_profile(environ: dict[str, str], config: Path) -> None:
    """They lie beside it, and no name means them."""
    (config / "mine.toml").touch()
    (config / "mine.test.toml").touch()
    assert set(available_profiles(environ)) == {*shipped(), "mine"}
    assert "there is no profile" in said("mine.test", environ)


def test_a_name_means_the_shipped_profile(environ: dict[str, str]) -> None:
    """Nothing has to be set up."""
    assert find_profile("staging", environ=environ) == shipped_folder() / "staging.toml"


def test_ones_own_profile_goes_before_the_shipped_one(
    environ: dict[str, str], config: Path
) -> None:
    """A copy is made to be changed."""
    (config / "staging.toml").touch()
    assert find_profile("staging", environ=environ) == config / "staging.toml"


def test_without_a_config_variable_the_home_is_asked(tmp_path: Path) -> None:
    """As the XDG specification says; a relative value is ignored."""
    own = tmp_path / ".config" / "stagewatch"
    own.mkdir(parents=True)
    (own / "mine.toml").touch()
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative"}
    assert find_profile("mine", environ=environ) == own / "mine.toml"


def test_a_name_never_means_a_file_of_the_working_folder(
    environ: dict[str, str], here: Path
) -> None:
    """Anybody may have left it there; the message says how to mean it."""
    (here / "mine.toml").touch()
    (here / "staging.toml").touch()
    assert find_profile("staging", environ=environ) == shipped_folder() / "staging.toml"
    assert said("mine", environ) == (
        '--profile: there is no profile "mine"; for the file in this folder write ./mine.toml'
    )


@pytest.mark.parametrize("name", ["./mine.toml", "mine.toml", "../here/mine.toml", "./plain"])
def test_a_slash_or_the_suffix_means_a_file(name: str, environ: dict[str, str], here: Path) -> None:
    """Then the operator has named it."""
    (here / "mine.toml").touch()
    (here / "plain").touch()
    assert find_profile(name, environ=environ).samefile(here / name)


def test_an_unknown_name_lists_the_profiles_there_are(
    environ: dict[str, str], config: Path
) -> None:
    """One's own included, and the one that was probably meant."""
    (config / "canary.toml").touch()
    for no_profile in ("notes.txt", ".toml", ".hidden.toml", "a b.toml"):
        (config / no_profile).touch()
    names = ", ".join(sorted(set(shipped()) | {"canary"}))
    assert said("stagin", environ) == (
        f'--profile: there is no profile "stagin"; did you mean "staging"? there are {names}'
    )
    assert said("zzz", environ) == f'--profile: there is no profile "zzz"; there are {names}'


@pytest.mark.parametrize("name", ["", "..", "a\nb", "\x1b[31m", "x" * 5000])
def test_a_name_that_can_be_none_is_refused_in_one_line(name: str, environ: dict[str, str]) -> None:
    """Whatever a shell hands over."""
    text = said(name, environ)
    assert text.isprintable()
    assert len(text) < 1000


def test_a_missing_file_may_have_been_meant_as_a_name(environ: dict[str, str], here: Path) -> None:
    """The suffix makes it a file."""
    assert said("staging.toml", environ) == (
        'staging.toml: there is no such file; did you mean the profile "staging"?'
    )
    assert said("./other.toml", environ) == "other.toml: there is no such file"


def test_a_link_that_leads_nowhere_is_left_to_the_loader(
    environ: dict[str, str], here: Path
) -> None:
    """It is there, so it is not said to be missing under another name."""
    (here / "a.toml").symlink_to("nowhere")
    assert find_profile("a.toml", environ=environ) == Path("a.toml")


def test_the_own_folder_may_be_missing_or_no_folder(tmp_path: Path) -> None:
    """The shipped profiles are there all the same."""
    (tmp_path / "stagewatch").touch()
    for home in (tmp_path, tmp_path / "missing"):
        known = available_profiles({"XDG_CONFIG_HOME": str(home), "HOME": "/"})
        assert "staging" in known


def test_paths_start_in_the_folder_of_a_profile_that_is_named_as_a_file(
    tmp_path: Path, here: Path
) -> None:
    """Wherever stagewatch is started."""
    assert base_folder(tmp_path / "deploy" / "a.toml", environ={}) == tmp_path / "deploy"
    assert base_folder(Path("a.toml"), environ={}) == Path(os.path.realpath(here))


def test_paths_start_in_the_working_folder_for_a_profile_that_a_name_means(
    environ: dict[str, str], config: Path, here: Path
) -> None:
    """It describes a checkout that lies elsewhere."""
    (config / "mine.toml").touch()
    for name in ("staging", "mine"):
        path = find_profile(name, environ=environ)
        assert base_folder(path, environ=environ) == Path.cwd()
