"""Opening the database: what is made, what is refused, and that nothing is harmed by it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text

import config
from db import queries, rollups
from db.engine import open_store, reading, schema, store_path, why_unwritable, writing
from db.queries import latest_session
from db.tables import Base, Session, StudentMinute
from db.writer import Writer
from domain import StoreError

FIRST_RELEASE = Path(__file__).with_name("first_release.sql")
"""A database of the first release as SQL statements."""

PAGE_COUNT = slice(28, 32)
"""Where SQLite's file format keeps the number of pages."""

A_SESSION = {"id": 1, "started_at": 0.0, "source": "simulator", "title": "", "simulated": True}


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def make(path: Path) -> None:
    open_store(url_of(path), write=True).dispose()


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def opened(path: Path, *, write: bool, patience_s: float = 0.0):
    engine = open_store(url_of(path), write=write, patience_s=patience_s)
    try:
        yield engine
    finally:
        engine.dispose()


def test_a_new_store_has_exactly_the_tables_of_the_program(tmp_path):
    with opened(tmp_path / "data" / "class.sqlite", write=True) as engine, engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        tables = inspect(connection).get_table_names()
        without_rowid = {name for name in tables if "WITHOUT ROWID" in _made_by(connection, name)}
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert without_rowid == {
        "aliases",
        "class_minutes",
        "class_moments",
        "gaps",
        "readings",
        "student_minutes",
        "students",
    }


def _made_by(connection, table: str) -> str:
    query = text("SELECT sql FROM sqlite_master WHERE name = :name")
    return connection.execute(query, {"name": table}).scalar()


def test_every_column_says_what_it_holds():
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    assert [str(column) for column in columns if not (column.comment or "").endswith(".")] == []


def test_opening_again_keeps_what_is_there_and_a_reader_can_only_read(tmp_path):
    path = tmp_path / "class.sqlite"
    with opened(path, write=True) as engine, writing(engine) as connection:
        connection.execute(insert(Session).values(A_SESSION))
    with opened(path, write=False) as engine:
        session = latest_session(engine)
        assert session is not None
        assert session.source == "simulator"
        with pytest.raises(StoreError, match="read-only"), writing(engine) as connection:
            connection.execute(insert(Session).values(A_SESSION | {"id": 2}))


def test_a_page_that_is_opened_before_the_first_class_finds_an_empty_store(tmp_path):
    with opened(tmp_path / "class.sqlite", write=False) as engine:
        assert latest_session(engine) is None


def test_a_relative_path_starts_at_the_programs_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "ROOT", tmp_path)
    engine = open_store("sqlite:///data/class.sqlite", write=True)
    engine.dispose()
    assert store_path(engine) == tmp_path / "data" / "class.sqlite"
    assert store_path(engine).is_file()


def a_text_file(path: Path) -> None:
    path.write_text("name;mood\nAda;happy\n" * 50, encoding="utf-8")


def another_programs_database(path: Path) -> None:
    change(path, "CREATE TABLE songs (title TEXT)", "INSERT INTO songs VALUES ('x')")


def another_programs_running_database(path: Path) -> None:
    change(path, "PRAGMA journal_mode = WAL", "CREATE TABLE songs (title TEXT)")


def a_newer_store(path: Path) -> None:
    make(path)
    change(path, "UPDATE alembic_version SET version_num = '9999'")


def a_truncated_store(path: Path) -> None:
    make(path)
    path.write_bytes(path.read_bytes()[:5000])


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("build", "found"),
    [
        (a_text_file, "not a database"),
        (another_programs_database, "another program's"),
        (another_programs_running_database, "another program's"),
        (a_newer_store, "newer Classmood"),
        (a_truncated_store, "damaged"),
        (a_folder, "a folder"),
    ],
)
@pytest.mark.parametrize("write", [True, False])
def test_what_is_not_ours_to_touch_is_refused_in_one_line_and_left_alone(tmp_path, build, found, write):
    path = tmp_path / "class.sqlite"
    build(path)
    beside, before = sorted(tmp_path.iterdir()), None if path.is_dir() else path.read_bytes()
    with pytest.raises(StoreError, match=found) as refusal, opened(path, write=write):
        pass
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert before is None or path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == beside


BROKEN = "postgresql+psycopg://school:s3cret@host:port/x"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "class.sqlite",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://school/classes",
        "postgresql+psycopg:///x",
        BROKEN,
    ],
)
def test_an_address_that_is_neither_a_file_nor_a_server_is_refused(url):
    with pytest.raises(StoreError, match="expected sqlite:///FILE or postgresql") as refusal:
        open_store(url, write=True)
    assert "s3cret" not in str(refusal.value)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be made"), opened(tmp_path / "file" / "class.sqlite", write=True):
        pass


def test_a_locked_store_is_refused_for_writing_but_can_be_read(tmp_path):
    path = tmp_path / "class.sqlite"
    make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"), opened(path, write=True):
            pass
        with opened(path, write=False) as engine:
            assert latest_session(engine) is None


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder, and for the length of the test no right to ignore what it forbids."""
    if sys.platform == "win32":
        pytest.skip("folders that forbid writing are made differently on Windows")
    nobody, user = 65534, os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if user == 0:
            os.chown(folder, nobody, -1)
            os.seteuid(nobody)
        try:
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o700)


def test_a_read_only_file_or_folder_is_refused(ordinary_user):
    path = ordinary_user / "class.sqlite"
    make(path)
    before = path.read_bytes()
    path.chmod(0o400)
    with pytest.raises(StoreError, match="read-only"), opened(path, write=True):
        pass
    assert path.read_bytes() == before
    with opened(path, write=False) as engine:
        assert "read-only" in (why_unwritable(engine) or "")
    ordinary_user.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be opened"), opened(ordinary_user / "new.sqlite", write=True):
        pass
    with pytest.raises(StoreError, match="cannot be made"), opened(ordinary_user / "new" / "new.sqlite", write=True):
        pass


def test_a_file_that_a_kill_left_whole_only_with_its_log_is_opened(tmp_path):
    path, killed = tmp_path / "class.sqlite", tmp_path / "killed.sqlite"
    with opened(path, write=True) as engine:
        with writing(engine) as connection:
            connection.execute(insert(Session).values(A_SESSION | {"title": "x" * 50_000}))
        shutil.copy(f"{path}-wal", f"{killed}-wal")
        content = bytearray(path.read_bytes())
    # The kill came while the log was copied into the file: its first page counts pages that are not yet there.
    content[PAGE_COUNT] = (int.from_bytes(content[PAGE_COUNT], "big") + 13).to_bytes(4, "big")
    killed.write_bytes(content)
    with opened(killed, write=True) as engine:
        session = latest_session(engine)
        assert session is not None
        assert len(session.title) == 50_000


def test_a_step_that_is_cut_off_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "class.sqlite"
    upgrade = schema.command.upgrade

    def upgrade_and_die(*arguments: object) -> None:
        upgrade(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(schema.command, "upgrade", upgrade_and_die)
    with pytest.raises(KeyboardInterrupt):
        make(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    monkeypatch.undo()
    with opened(path, write=True) as engine, reading(engine) as connection:
        assert inspect(connection).has_table("readings")


@pytest.fixture
def first_release(tmp_path: Path) -> Path:
    """A database as the first release left it, with a real class, a drawn one, and one that was cut off."""
    path = tmp_path / "class.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(FIRST_RELEASE.read_text("utf-8"))
    return path


def test_an_older_store_is_brought_up_to_date_and_keeps_what_it_has(first_release):
    before = dump(first_release, "readings", "class_moments", "gaps")
    with opened(first_release, write=True) as engine:
        readings, moments, gaps = dump(first_release, "readings", "class_moments", "gaps")
        assert [readings, [row[:-2] for row in moments], gaps] == before
        assert {row[-2:] for row in moments} == {(0, 0)}  # nobody was judged then
        found = queries.sessions(engine)
        assert list(found["course"].fillna("")) == ["", "", "Maths"]
        assert list(found["moments"]) == [1, 1, 3]
        assert list(queries.class_minutes(engine, [1])["moments"]) == [2, 1]
        ada, unnamed = queries.students(engine, 1)
        assert (ada.name, ada.named, ada.aliases, unnamed.name) == ("Ada", False, ("Ada",), None)
        minutes = queries.student_minutes(engine, 1, 1)
        assert list(minutes["readings"]) == [2, 1]
        assert list(minutes["happy"]) == [0.88, 0.44]
        with writing(engine) as connection:
            kept = connection.execute(select(StudentMinute)).all()
            rollups.recount_students(connection, 1, [1, 2])
            assert connection.execute(select(StudentMinute)).all() == kept
        with Writer(engine) as writer:
            assert writer.healed == (3,)
    with opened(first_release, write=False) as engine, engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_step_to_the_first_release_and_back_loses_nothing_that_it_knew(first_release):
    tables = ("sessions", "students", "readings", "class_moments", "gaps")
    before = dump(first_release, *tables)
    settings = schema.settings()
    with opened(first_release, write=True) as engine, writing(engine) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0001")
    assert dump(first_release, *tables) == before
    make(first_release)
    with opened(first_release, write=False) as engine:
        assert list(queries.class_minutes(engine, [1])["moments"]) == [2, 1]


def dump(path: Path, *tables: str) -> list[list[tuple]]:
    """All rows, without the column that came later."""
    with closing(sqlite3.connect(path)) as connection:
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "origin_id"]
            for table in tables
        }
        return [connection.execute(f"SELECT {', '.join(columns[table])} FROM {table}").fetchall() for table in tables]


def test_capture_and_pages_may_open_a_missing_store_at_the_same_moment(tmp_path):
    opening = "import sys; sys.stdin.read(1); from db.engine import open_store as o; o(sys.argv[1], write=%s).dispose()"
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", opening % write, url_of(tmp_path / "class.sqlite")],
            cwd=config.ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for write in (True, False, False)
    ]
    for process in starts:
        assert process.stdin is not None
        process.stdin.write(b".")
        process.stdin.flush()
    for process in starts:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
