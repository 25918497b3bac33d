"""Files that are no profile, and what identifies one that is."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagewatch.profile.load import MAX_BYTES, ProfileError, load, read
from stagewatch.profile.schema import Kinds

GOOD = 'version = 1\n[deployment]\nname = "x"\n'


def refused(path: Path, kinds: Kinds) -> str:
    with pytest.raises(ProfileError) as caught:
        load(path, kinds)
    return str(caught.value).replace(str(path), "FILE")


def test_a_missing_file_is_named(tmp_path: Path, kinds: Kinds) -> None:
    """And nothing else is said."""
    assert refused(tmp_path / "a.toml", kinds) == "FILE: there is no such file"


def test_a_folder_is_not_read(tmp_path: Path, kinds: Kinds) -> None:
    """The remedy is the file in it."""
    assert refused(tmp_path, kinds) == "FILE: is a folder; name the .toml file in it"


@pytest.fixture
def deadline() -> Iterator[None]:
    """Ends a test that hangs in a system call."""

    def give_up(number: int, frame: object) -> None:
        pytest.fail("it waits")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("deadline")
def test_a_fifo_is_refused_at_once(tmp_path: Path, kinds: Kinds) -> None:
    """Opening it must not wait for a writer."""
    os.mkfifo(tmp_path / "a.toml")
    assert refused(tmp_path / "a.toml", kinds) == "FILE: is not a regular file"


def test_a_device_is_refused(kinds: Kinds) -> None:
    """/dev/zero has no end."""
    assert refused(Path("/dev/zero"), kinds) == "FILE: is not a regular file"


def test_a_socket_is_refused(tmp_path: Path, kinds: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot even be opened."""
    monkeypatch.chdir(tmp_path)  # the name of a socket may not be long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a.toml")
        assert refused(Path("a.toml"), kinds).startswith("FILE: cannot be read: ")


def test_a_huge_file_is_refused(tmp_path: Path, kinds: Kinds) -> None:
    """Before it is parsed."""
    path = tmp_path / "a.toml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert refused(path, kinds) == "FILE: is larger than 1 MiB"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, kinds: Kinds) -> None:
    """With the system's reason."""
    path = tmp_path / "a.toml"
    path.touch(0o000)
    assert refused(path, kinds) == "FILE: cannot be read: Permission denied"


def test_a_link_in_a_circle_says_so(tmp_path: Path, kinds: Kinds) -> None:
    """With the system's reason."""
    path = tmp_path / "a.toml"
    path.symlink_to(path)
    assert refused(path, kinds) == "FILE: cannot be read: Too many levels of symbolic links"


def test_a_name_that_cannot_be_one_says_so(kinds: Kinds) -> None:
    """A NUL ends a name for the system."""
    assert refused(Path("a\0b"), kinds) == "a␀b: no file can have this name"


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path, kinds: Kinds) -> None:
    """Where the first bad byte stands."""
    path = tmp_path / "a.toml"
    path.write_bytes(GOOD.encode() + b'branch = "caf\xe9"\n')
    assert refused(path, kinds) == "FILE:4: byte 0xe9 is not UTF-8; save the file as UTF-8"


def test_a_byte_order_mark_is_let_pass(tmp_path: Path, kinds: Kinds) -> None:
    """Some editors write one."""
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path, kinds).deployment.name == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = = 2\n", "FILE:2: is not TOML: Invalid value"),
        ("a = 1\na = 2\n", "FILE:2: is not TOML: Cannot overwrite a value"),
        ("a = [\n1,\n2\n\n", "FILE:3: is not TOML: Unclosed array"),
        ("a = 2025-02-30\n", "FILE:1: is not TOML: Invalid date or datetime"),
        ("a = " + "[" * 20_000, "FILE: is nested too deeply"),
        ("a = " + "1" * 5_000, "FILE: holds a number of thousands of digits"),
    ],
)
def test_a_file_that_is_not_toml_names_the_line(
    text: str, message: str, tmp_path: Path, kinds: Kinds
) -> None:
    """No traceback, whatever the parser makes of it."""
    path = tmp_path / "a.toml"
    path.write_text(text)
    assert refused(path, kinds) == message


def test_a_profile_that_was_read_is_identified_by_its_bytes(tmp_path: Path, kinds: Kinds) -> None:
    """The copy in a session and the hash are of what was read, comments included."""
    path = tmp_path / "mine.toml"
    content = b"# mine\n" + GOOD.encode()
    path.write_bytes(content)
    loaded = read(path, kinds, environ={"HOME": str(tmp_path / "home")})
    assert loaded.profile.deployment.name == "x"
    assert loaded.name == "mine"
    assert loaded.path == path
    assert loaded.base == tmp_path
    assert loaded.content == content
    assert loaded.sha256 == hashlib.sha256(content).hexdigest()
