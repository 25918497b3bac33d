"""Files that are not ours, not whole, of another time, or in a place that cannot take WAL."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from stagewatch.clock import Clock
from stagewatch.history import History, HistoryError, HistoryMissingError, HistoryWriter
from stagewatch.history.errors import DamagedHistoryError
from stagewatch.history.files import allows_wal, move_aside
from stagewatch.history.files import open_writer as open_file
from stagewatch.history.keeper import ROLLBACK_JOURNAL
from stagewatch.history.schema import APPLICATION_ID, STEPS, migrate
from stagewatch.model import Reading
from stagewatch.mounts import file_system

Make = Callable[..., Reading]
Open = Callable[..., HistoryWriter]
Stored = Callable[..., History]


def refusals(path: Path, clock: Clock) -> list[HistoryError]:
    """What a writer and a reader say of the file."""
    with pytest.raises(HistoryError) as of_writer:
        HistoryWriter(path, clock)
    with pytest.raises(HistoryError) as of_reader:
        History.open(path)
    return [of_writer.value, of_reader.value]


def read_all(path: Path) -> None:
    with History.open(path) as history:
        history.samples("health.latency")
        list(history.readings("health"))


def test_another_programs_database_is_refused_and_untouched(path: Path, hand_clock: Clock) -> None:
    """Neither the tables nor the journal mode of a foreign file change."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE bookmarks(url TEXT)")
    db.close()
    before = path.read_bytes()
    for error in refusals(path, hand_clock):
        assert "another program's database" in str(error)
        assert str(path) in str(error)
    assert path.read_bytes() == before


def test_a_layout_of_a_newer_stagewatch_is_refused(
    path: Path, hand_clock: Clock, writer: HistoryWriter
) -> None:
    """The message names both layouts and the way out."""
    assert writer.close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for error in refusals(path, hand_clock):
        assert "layout 99 is newer" in error.message
        assert "newer one" in error.remedy


def test_a_file_that_is_no_database_is_damaged(path: Path, hand_clock: Clock) -> None:
    """Readers and writers raise what the recorder moves files aside for, and change nothing."""
    path.write_bytes(b"this is not a database, " * 400)
    for error in refusals(path, hand_clock):
        assert isinstance(error, DamagedHistoryError)
        assert error.remedy
    assert path.read_bytes() == b"this is not a database, " * 400


def test_a_damaged_page_is_an_error_with_a_remedy(
    path: Path, writer: HistoryWriter, reading: Make
) -> None:
    """Reading from a file with a hole in it raises; it does not make up an answer."""
    for at in range(5000):
        writer.add(reading(at))
    assert writer.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(size - 4096 * 3))
    with pytest.raises(DamagedHistoryError) as error:
        read_all(path)
    assert "damaged" in str(error.value)


def test_a_file_that_is_cut_short_is_damaged(
    path: Path, writer: HistoryWriter, reading: Make, hand_clock: Clock
) -> None:
    """Cut in the middle, it is not read as a shorter day."""
    for at in range(5000):
        writer.add(reading(at))
    assert writer.close()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(DamagedHistoryError):
        read_all(path)


def test_a_damaged_file_is_moved_aside_whole(path: Path) -> None:
    """With its journals; nothing is deleted, and a second one does not replace the first."""
    names = set()
    for round_ in range(2):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).write_text(f"{round_}{suffix}")
        aside = move_aside(path)
        names.add(aside.name)
        for suffix in ("", "-wal", "-shm"):
            assert aside.with_name(aside.name + suffix).read_text() == f"{round_}{suffix}"
        assert not path.exists()
    assert len(names) == 2


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused_without_waiting(
    path: Path, hand_clock: Clock, make: Callable[[Path], None]
) -> None:
    """A FIFO would hang whoever opens it."""
    make(path)
    for error in refusals(path, hand_clock):
        assert "not a regular file" in error.message


def test_no_history_yet(path: Path) -> None:
    """No file and an empty file are «nothing yet», which is not «damaged»."""
    with pytest.raises(HistoryMissingError):
        History.open(path)
    path.touch()
    with pytest.raises(HistoryMissingError):
        History.open(path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, hand_clock: Clock) -> None:
    """The writer says what cannot be created."""
    with pytest.raises(HistoryError) as error:
        HistoryWriter(tmp_path / "absent" / "history.db", hand_clock)
    assert "cannot be created (No such file or directory)" in str(error.value)


def test_an_older_layout_is_converted_step_by_step(path: Path) -> None:
    """A file of two layouts ago gets both steps, keeps its data, and ends marked as the newest."""
    first = ("CREATE TABLE note(text TEXT)",)
    second = ("ALTER TABLE note ADD COLUMN by TEXT NOT NULL DEFAULT 'unknown'",)
    third = ("CREATE INDEX note_by ON note(by)",)
    db = sqlite3.connect(path, isolation_level=None)
    assert migrate(db, path, (first,)) == 0
    db.execute("INSERT INTO note VALUES('kept')")
    assert migrate(db, path, (first, second, third)) == 1
    assert db.execute("SELECT * FROM note").fetchall() == [("kept", "unknown")]
    assert db.execute("PRAGMA user_version").fetchone() == (3,)
    assert migrate(db, path, (first, second, third)) == 3
    db.close()


def test_a_step_that_fails_leaves_the_layout_before_it(path: Path) -> None:
    """Half a conversion does not exist: the file is as it was, version and tables."""
    first = ("CREATE TABLE note(text TEXT)",)
    broken = ("ALTER TABLE note ADD COLUMN by TEXT", "ALTER TABLE absent ADD COLUMN x")
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, path, (first,))
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, path, (first, broken))
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    assert db.execute("SELECT name FROM pragma_table_info('note')").fetchall() == [("text",)]
    db.close()


def test_the_mark_of_a_layout_is_part_of_its_step(path: Path) -> None:
    """A crash between the tables and the mark leaves neither: the next start begins again."""
    steps = (("CREATE TABLE note(text TEXT)",),)

    class Dying(sqlite3.Connection):
        def execute(  # type: ignore[override] # the rest of its signature is not needed here
            self, sql: str, parameters: Sequence[str | int | float | None] = (), /
        ) -> sqlite3.Cursor:
            if sql.startswith("PRAGMA user_version ="):
                raise sqlite3.OperationalError("the power is gone")
            return super().execute(sql, parameters)

    dying = sqlite3.connect(path, isolation_level=None, factory=Dying)
    with pytest.raises(sqlite3.OperationalError):
        migrate(dying, path, steps)
    dying.close()
    db = sqlite3.connect(path, isolation_level=None)
    assert migrate(db, path, steps) == 0
    db.close()


def test_a_reader_converts_what_an_older_stagewatch_wrote(path: Path) -> None:
    """The recorder of a session that is over will never do it."""
    db = sqlite3.connect(path, isolation_level=None)
    migrate(db, path, STEPS[:1])
    db.close()
    History.open(path).close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(STEPS),)


def test_what_cannot_be_converted_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of reading tables that are not there."""
    db, _ = open_file(path)
    db.close()
    monkeypatch.setattr("stagewatch.history.schema.STEPS", (*STEPS, ("SELECT 1",)))
    with pytest.raises(HistoryError, match="an old one"):
        History.open(path)


def test_a_new_file_is_marked_as_ours(path: Path, writer: HistoryWriter) -> None:
    """So that `file` and other programs can tell what it is."""
    with closing(sqlite3.connect(path)) as db, db:
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert db.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    db.close()


def journal(path: Path) -> str:
    db = sqlite3.connect(path)
    mode = db.execute("PRAGMA journal_mode").fetchone()[0]
    db.close()
    return str(mode)


def test_on_a_local_disk_the_journal_is_wal(writer: HistoryWriter, path: Path) -> None:
    """And there is nothing to say about it."""
    assert (journal(path), writer.notice) == ("wal", "")


def test_on_a_network_file_system_a_rollback_journal_is_used_and_said(
    path: Path, open_writer: Open, reading: Make, stored: Stored
) -> None:
    """Recording works, a reader sees it while it goes on, and the notice says what is different."""
    writer = open_writer(connect=lambda p: open_file(p, lambda _: False))
    history = stored(writer)
    for at in range(20):
        writer.add(reading(at))
        assert writer.flush(20)
    assert len(history.samples("health.latency")) == 20
    assert writer.notice == ROLLBACK_JOURNAL
    assert journal(path) != "wal"
    assert not path.with_name("history.db-wal").exists()


def test_a_journal_that_sqlite_refuses_is_noticed(
    open_writer: Open, reading: Make, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the pragma does not answer «wal» the recorder goes on with the other journal."""

    said: list[str] = []

    class NoWal(sqlite3.Connection):
        def execute(  # type: ignore[override] # the rest of its signature is not needed here
            self, sql: str, parameters: Sequence[str | int | float | None] = (), /
        ) -> sqlite3.Cursor:
            said.append(sql)
            return super().execute(sql.replace("journal_mode = WAL", "journal_mode"), parameters)

    connect = sqlite3.connect
    monkeypatch.setattr(
        "stagewatch.history.files.sqlite3.connect",
        lambda *args, **options: connect(*args, **{"factory": NoWal, **options}),
    )
    writer = open_writer()
    writer.add(reading(0))
    assert len(stored(writer).samples("health.latency")) == 1
    assert writer.notice == ROLLBACK_JOURNAL
    assert "PRAGMA journal_mode = TRUNCATE" in said
    assert "PRAGMA synchronous = FULL" in said


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/root rw
30 22 0:40 / /home rw,relatime shared:5 - nfs4 server:/home rw,vers=4.2
31 30 254:1 / /home/local\\040disk rw - xfs /dev/vdb rw
32 22 0:41 / /mnt/over rw - ext4 /dev/vdc rw
33 32 0:42 / /mnt/over rw - fuse.sshfs user@host:/ rw
cut off
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/var/lib/x", "ext4"),
        ("/home/me/.local/state", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/x", "ext4"),
        ("/home/local disk/x", "xfs"),
        ("/mnt/over/x", "fuse.sshfs"),
    ],
)
def test_the_file_system_of_a_path_is_found(tmp_path: Path, path: str, found: str) -> None:
    """The longest mount point above it counts, and of two on one place the later."""
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    assert file_system(Path(path), table) == found


def test_where_the_system_does_not_say_wal_is_tried(tmp_path: Path) -> None:
    """SQLite itself then has the last word."""
    assert file_system(Path("/x"), tmp_path / "absent") == ""
    assert allows_wal(tmp_path)


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from stagewatch.history import History
os.setgid(65534); os.setuid(65534)
with History.open(Path(sys.argv[1])) as history:
    assert len(history.samples("health.latency")) == 1
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_an_archived_history_is_read_in_a_folder_that_cannot_be_written(
    writer: HistoryWriter, reading: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No shared memory can be created there, and none is needed for a file at rest."""
    writer.add(reading(0))
    assert writer.close()
    folder = tmp_path_factory.mktemp("archive")
    for opened in (folder, *folder.parents):
        if opened.owner() == "root" and "pytest" in str(opened):
            opened.chmod(0o755)
    copy = folder / "history.db"
    copy.write_bytes(writer.path.read_bytes())
    copy.chmod(0o444)
    folder.chmod(0o555)
    command = [sys.executable, "-c", READ_AS_NOBODY, str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_another_program_converts_meanwhile_is_not_converted_twice(path: Path) -> None:
    """A screen that opens a record in the moment in which its recorder does."""

    class Overtaken(sqlite3.Connection):
        def execute(  # type: ignore[override] # the rest of its signature is not needed here
            self, sql: str, parameters: Sequence[str | int | float | None] = (), /
        ) -> sqlite3.Cursor:
            if sql == "BEGIN IMMEDIATE":
                with closing(sqlite3.connect(path, isolation_level=None)) as other:
                    migrate(other, path)
            return super().execute(sql, parameters)

    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrate(db, path, STEPS[:1])
    with closing(sqlite3.connect(path, isolation_level=None, factory=Overtaken)) as overtaken:
        migrate(overtaken, path)
        assert overtaken.execute("PRAGMA user_version").fetchone() == (len(STEPS),)


def test_a_new_file_is_at_no_time_one_of_an_old_layout(path: Path) -> None:
    """All steps of it are one transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        begun: list[str] = []
        db.set_trace_callback(begun.append)
        assert migrate(db, path) == 0
    assert sum(sql.startswith("BEGIN") for sql in begun) == 1
