"""Trust is in a profile's path and bytes, and in nothing else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from stagewatch.errors import PersonError
from stagewatch.profile.find import shipped_folder
from stagewatch.trust import Subject, TrustStore


def _subject(path: Path, content: bytes = b"version = 1\n") -> Subject:
    return Subject(path, hashlib.sha256(content).hexdigest())


@pytest.fixture
def store() -> TrustStore:
    """The store of this test's home."""
    return TrustStore(os.environ)


def test_nothing_is_trusted_until_somebody_says_so(store: TrustStore, tmp_path: Path) -> None:
    """The refusal names the command that shows what would run."""
    subject = _subject(tmp_path / "a.toml")
    assert store.refusal(subject).endswith(f"stagewatch trust --profile {tmp_path}/a.toml")
    store.trust(subject)
    assert store.refusal(subject) == ""


def test_an_edit_asks_again(store: TrustStore, tmp_path: Path) -> None:
    """Other bytes are another profile; the old ones stay trusted, as a watch may still use them."""
    path = tmp_path / "a.toml"
    store.trust(_subject(path))
    assert store.refusal(_subject(path, b"version = 1\n\n"))
    assert not store.refusal(_subject(path))


def test_a_copy_elsewhere_asks_again(store: TrustStore, tmp_path: Path) -> None:
    """Its relative paths lead elsewhere."""
    store.trust(_subject(tmp_path / "a.toml"))
    assert store.refusal(_subject(tmp_path / "b.toml"))


def test_a_link_is_the_file_that_it_leads_to(store: TrustStore, tmp_path: Path) -> None:
    """A link that is turned to another file does not take the trust along."""
    (tmp_path / "link.toml").symlink_to("a.toml")
    store.trust(_subject(tmp_path / "link.toml"))
    assert not store.refusal(_subject(tmp_path / "a.toml"))
    (tmp_path / "link.toml").unlink()
    (tmp_path / "link.toml").symlink_to("b.toml")
    assert store.refusal(_subject(tmp_path / "link.toml"))


def test_trust_is_taken_back_for_every_content(store: TrustStore, tmp_path: Path) -> None:
    """And for this file only."""
    path, other = tmp_path / "a.toml", _subject(tmp_path / "b.toml")
    for content in (b"1", b"2"):
        store.trust(_subject(path, content))
    store.trust(other)
    assert store.revoke(path) == 2
    assert store.refusal(_subject(path, b"1"))
    assert not store.refusal(other)
    assert store.revoke(path) == 0


def test_what_others_may_write_is_no_mark(store: TrustStore, tmp_path: Path) -> None:
    """Nor is a link, or a folder."""
    subject = _subject(tmp_path / "a.toml")
    store.trust(subject)
    mark = store.folder / subject.mark
    mark.chmod(0o622)
    assert not store.trusts(subject)
    mark.unlink()
    mark.symlink_to("/dev/null")
    assert not store.trusts(subject)


def test_the_store_is_private(store: TrustStore, tmp_path: Path) -> None:
    """A folder of mode 0700, files of mode 0600."""
    subject = _subject(tmp_path / "a.toml")
    store.trust(subject)
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert (store.folder / subject.mark).stat().st_mode & 0o777 == 0o600


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Where, and that nothing is trusted."""
    (tmp_path / "stagewatch").write_text("a file in the way")
    store = TrustStore({"XDG_STATE_HOME": str(tmp_path)})
    with pytest.raises(PersonError, match="nothing is trusted"):
        store.trust(_subject(tmp_path / "a.toml"))


def test_shipped_profiles_need_no_trust(store: TrustStore, tmp_path: Path) -> None:
    """As they were shipped; the same bytes elsewhere, and others in their place, do."""
    shipped = shipped_folder() / "staging.toml"
    content = shipped.read_bytes()
    assert store.refusal(_subject(shipped, content)) == ""
    assert store.refusal(_subject(shipped, content + b"\n"))
    assert store.refusal(_subject(tmp_path / "staging.toml", content))
