"""The copy of the record and the way back: nothing is lost, and nothing strange gets in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from db import queries
from db.engine import open_store, reading, store_path
from db.engine.sqlite import FileLock
from db.privacy.backup import backup, put_aside, restore
from db.privacy.erase import erase
from db.privacy.people import Wanted
from db.tables import AuditEntry
from db.writer import Writer
from domain import StoreError
from tests.test_db_writer import START_AT, moment, student

NOW = START_AT + 9000


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'class.sqlite'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_store(url, write=True)
    with Writer(engine, clock=lambda: NOW) as writer:
        write(writer, "Physics")
    yield engine
    engine.dispose()


def write(writer: Writer, title: str) -> None:
    writer.start_session("screen", title, False, START_AT)
    writer.write(moment(START_AT + 1, student(1, "Ada"), student(2, "Bo")))
    writer.end_session(START_AT + 2, "stopped")
    writer.flush()


def titles(url: str) -> list[str]:
    engine = open_store(url, write=False)
    try:
        return list(queries.sessions(engine)["title"])
    finally:
        engine.dispose()


def test_a_copy_is_whole_private_and_one_file_also_while_a_class_is_recorded(engine, tmp_path):
    copy = tmp_path / "copies" / "class.backup"
    copy.parent.mkdir()
    with Writer(engine, clock=lambda: NOW) as writer:
        writer.start_session("screen", "Maths", False, START_AT + 1000)
        writer.write(moment(START_AT + 1001, student(1, "Ada")))
        writer.flush()
        backup(engine, copy)
        writer.write(moment(START_AT + 1002, student(1, "Ada")))
        writer.end_session(START_AT + 1003, "stopped")
    assert titles(f"sqlite:///{copy}") == ["Maths", "Physics"]
    assert copy.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (3,)


def test_making_a_copy_leaves_one_file(engine, tmp_path):
    (tmp_path / "copies").mkdir()
    backup(engine, tmp_path / "copies" / "class.backup")
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["class.backup"]


def test_nothing_is_overwritten_by_a_copy(engine, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("my thesis", "utf-8")
    with pytest.raises(StoreError, match="expected a new file"):
        backup(engine, taken)
    assert taken.read_text("utf-8") == "my thesis"
    with pytest.raises(StoreError, match="cannot be written"):
        backup(engine, tmp_path / "nowhere" / "copy")


def test_a_copy_comes_back_and_what_was_there_is_kept_beside(engine, url, tmp_path):
    copy = tmp_path / "copy"
    backup(engine, copy)
    with Writer(engine, clock=lambda: NOW) as writer:
        write(writer, "Maths")
    watching = open_store(url, write=False)
    assert len(queries.sessions(watching)) == 2
    aside, back = restore(url, copy)
    assert list(queries.sessions(watching)["title"]) == ["Physics"], "a page that is open sees it, too"
    watching.dispose()
    assert back == 0
    assert titles(f"sqlite:///{aside}") == ["Maths", "Physics"]


def test_a_copy_makes_a_record_where_there_is_none(engine, tmp_path):
    backup(engine, tmp_path / "copy")
    elsewhere = f"sqlite:///{tmp_path / 'new' / 'class.sqlite'}"
    assert restore(elsewhere, tmp_path / "copy") == (None, 0)
    assert titles(elsewhere) == ["Physics"]


def test_a_students_return_with_an_old_copy_is_told(engine, url, tmp_path):
    copy = tmp_path / "copy"
    backup(engine, copy)
    erase(engine, Wanted("Ada"), NOW)
    aside, back = restore(url, copy)
    assert back == 1
    assert aside is not None
    assert aside.name == "class.before-restore-1.sqlite"
    with reading(engine) as connection:
        assert connection.scalar(select(AuditEntry.id).where(AuditEntry.action == "erase")) is None
    restore(url, aside)
    assert [one.name for one in queries.students(engine, 1)] == ["Bo"]


def test_nothing_is_restored_under_a_running_capture(engine, url, tmp_path):
    backup(engine, tmp_path / "copy")
    with Writer(engine), pytest.raises(StoreError, match="no running capture.*restore a backup"):
        restore(url, tmp_path / "copy")


def broken_in_the_middle(path: Path) -> None:
    """A page of rows that opening does not look at."""
    whole = bytearray(path.read_bytes())
    whole[-20_000:-4096] = b"\xff" * 15_904
    path.write_bytes(whole)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


def test_a_copy_of_a_damaged_record_is_refused_and_not_left_lying(engine, tmp_path):
    (tmp_path / "copies").mkdir()
    engine.dispose()
    broken_in_the_middle(store_path(engine))
    with pytest.raises(StoreError, match="expected a sound backup|damaged"):
        backup(engine, tmp_path / "copies" / "copy")
    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.parametrize("damage", [broken_in_the_middle, cut_short])
def test_a_damaged_record_is_moved_aside_as_it_is_and_the_copy_takes_its_place(engine, url, tmp_path, damage):
    record = store_path(engine)
    backup(engine, tmp_path / "copy")
    engine.dispose()
    damage(record)
    log = record.with_name(record.name + "-wal")
    log.write_bytes(b"what a crash left behind" * 100)
    before = record.read_bytes()
    with FileLock(record, 0.0), pytest.raises(StoreError, match="no running capture"):
        restore(url, tmp_path / "copy")
    assert record.read_bytes() == before
    aside, back = restore(url, tmp_path / "copy")
    assert aside is not None
    assert (aside.read_bytes(), back) == (before, None)
    assert aside.with_name(aside.name + "-wal").read_bytes().startswith(b"what a crash"), "and no log of another record"
    assert titles(url) == ["Physics"]
    assert record.stat().st_mode & 0o077 == 0
    assert put_aside(record) == [aside]


def test_what_was_never_a_record_is_not_replaced_by_a_copy(engine, url, tmp_path):
    backup(engine, tmp_path / "copy")
    thesis = tmp_path / "thesis.sqlite"
    a_text(thesis)
    before = thesis.read_bytes()
    with pytest.raises(StoreError, match="not a database.*put it aside"):
        restore(f"sqlite:///{thesis}", tmp_path / "copy")
    assert thesis.read_bytes() == before


def test_a_server_has_tools_of_its_own_for_that(school_server, engine, tmp_path):
    backup(engine, tmp_path / "copy")
    with pytest.raises(StoreError, match="a server has its own tools for backups"):
        restore(school_server.new_database(), tmp_path / "copy")


def a_text(path: Path) -> None:
    path.write_text("no database at all, but long enough to be taken for one" * 50, "utf-8")


def another_programs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def cut_off(path: Path) -> None:
    whole = path.with_name("whole")
    engine = open_store(f"sqlite:///{whole}", write=True)
    backup(engine, path)
    engine.dispose()
    path.write_bytes(path.read_bytes()[:9000])


def newer(path: Path) -> None:
    engine = open_store(f"sqlite:///{path}", write=True)
    engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (a_text, "not a database"),
        (another_programs, "another program's"),
        (cut_off, "damaged|malformed"),
        (newer, "newer Classmood"),
        (lambda path: None, "found no file"),
    ],
)
def test_what_is_no_sound_copy_is_refused_and_the_record_stays(engine, url, tmp_path, make, found):
    make(tmp_path / "copy")
    with pytest.raises(StoreError, match=found) as refusal:
        restore(url, tmp_path / "copy")
    assert "\n" not in str(refusal.value)
    assert titles(url) == ["Physics"]
    with pytest.raises(StoreError, match="the record itself"):
        restore(url, store_path(engine))
