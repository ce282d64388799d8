"""A file of SQLite: made when missing, brought up to date, refused in one line when it is not ours to touch."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

import config
from db.engine import schema
from domain import StoreError

APPLICATION_ID = 0x436D6F64
"""Marks an SQLite file as Classmood's ("Cmod"), so that no other program's file is ever changed."""

LEAST_FREE_BYTES = 2**20
"""With less room the disk counts as full: a commit of a busy class takes tens of kB, its log as much again."""

_SET_MARK = f"PRAGMA application_id = {APPLICATION_ID}"

_REMEDIES = {
    sqlite3.SQLITE_BUSY: "it is locked by another program: close that program and try again",
    sqlite3.SQLITE_LOCKED: "it is locked by another program: close that program and try again",
    sqlite3.SQLITE_FULL: "the disk is full: make room on it",
    sqlite3.SQLITE_READONLY: "it is read-only: allow writing to it and its folder, or choose another database.url",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: allow reading and writing in its folder, or choose another",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: put it aside and start a new one, or restore a backup",
    sqlite3.SQLITE_NOTADB: "it is not a database: choose another database.url, or put it aside; it was left as it is",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written: check that it is connected and whole",
}
PRIVATE = 0o600
"""Nobody else on this machine may read the record."""

_PRIMARY_CODE = 0xFF
"""SQLite keeps the kind of an error in the lowest byte and details above it."""


def open_store(url: URL, *, write: bool, patience_s: float) -> Engine:
    """See ``db.engine.open_store``."""
    path = path_of(url)
    with store_errors(path):
        _make_place(path)
        refuse_foreign(path)
        _bring_up_to_date(path, patience_s)
        if write:
            _refuse_unwritable(path, patience_s)
    return _engine(path, write=write, patience_s=patience_s)


def path_of(url: URL) -> Path:
    """The file that a URL means; a relative path starts at the program's folder."""
    return config.ROOT / Path(url.database or "").expanduser()


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Say in one line, as a StoreError, what SQLite could not do with the file at path, however it was reached."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE
        raise _refusal(path, _REMEDIES.get(code, f"SQLite says: {cause}")) from error


class FileLock:
    """The right to be the only one, held from construction until ``release``; a context manager.

    It is SQLite's own lock on an empty file, PATH.lock: the one that is tried and tested on Windows, macOS and Linux
    alike, and that a killed process cannot leave behind. Raises sqlite3.OperationalError when it cannot be had within
    ``patience_s`` seconds (SQLITE_BUSY) or the file cannot be made.
    """

    def __init__(self, path: Path, patience_s: float) -> None:
        beside = path.with_name(path.name + ".lock")
        self._connection = sqlite3.connect(beside, timeout=patience_s, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            self._connection.close()
            raise

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let the next one in; a second call does nothing."""
        self._connection.close()


def only_writer(engine: Engine, patience_s: float) -> FileLock | None:
    """See ``db.engine.only_writer``."""
    try:
        return FileLock(Path(engine.url.database or ""), patience_s)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
    return None


def is_damaged(path: Path) -> bool:
    """Whether a file is a database in which SQLite finds pages broken; one that is no database at all is none."""
    try:
        with store_errors(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"
    except StoreError as error:
        return getattr(error.__cause__, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_CORRUPT


def why_unwritable(path: Path) -> str | None:
    """Why nothing can be written to the database at path just now, in one line; None when it could be."""
    try:
        with store_errors(path):
            _refuse_unwritable(path, patience_s=0.0)
        if shutil.disk_usage(path.parent).free < LEAST_FREE_BYTES:
            return str(_refusal(path, _REMEDIES[sqlite3.SQLITE_FULL]))
    except StoreError as error:
        return str(error)
    except OSError as error:
        return str(_refusal(path, f"its folder cannot be looked at ({error.strerror}): check that the disk is there"))
    return None


def _make_place(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(path, f"its folder cannot be made ({error.strerror}): choose another database.url") from error
    if path.is_dir():
        raise _refusal(path, "it is a folder: choose another database.url")
    with suppress(OSError):  # SQLite says better what is wrong; what it makes beside the file gets the file's rights
        path.touch(mode=PRIVATE)


def refuse_foreign(path: Path) -> None:
    """Raise StoreError where a file is not Classmood's; an empty or missing one is anybody's."""
    if path.exists() and path.stat().st_size > 0 and _mark(path) != APPLICATION_ID:
        raise _refusal(path, "it is another program's: choose another database.url; the file was left as it is")


def _mark(path: Path) -> int:
    """Read whose file it is without a lock or a file beside it, as it may be anybody's.

    By SQLite's hand: opening and closing the file by ourselves would drop the locks that this process holds on it.
    """
    try:
        return _ask_mark(path, "immutable=1")
    except sqlite3.DatabaseError as error:
        log = path.with_name(path.name + "-wal")
        if error.sqlite_errorcode & _PRIMARY_CODE != sqlite3.SQLITE_CORRUPT or not log.exists():
            raise
    # A kill can leave a file that is whole only together with its write-ahead log, which the first way leaves alone.
    return _ask_mark(path, "mode=ro")


def _ask_mark(path: Path, way: str) -> int:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{way}", uri=True)) as connection:
        return connection.execute("PRAGMA application_id").fetchone()[0]


def _bring_up_to_date(path: Path, patience_s: float) -> None:
    if _is_current(path, patience_s):
        return
    with FileLock(path, patience_s), _opened(path, write=True, patience_s=patience_s) as engine:
        if _is_current(path, patience_s):
            return
        with engine.begin() as connection:
            connection.exec_driver_sql(_SET_MARK)
            schema.upgrade(connection)
        with closing(engine.raw_connection()) as connection:
            # Outside any transaction, where alone SQLite allows it; the file remembers.
            connection.cursor().execute("PRAGMA journal_mode = WAL")


def _is_current(path: Path, patience_s: float) -> bool:
    with _opened(path, write=False, patience_s=patience_s) as engine, engine.connect() as connection:
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    return refuse_newer(path, patience_s) == schema.last_step() and journal == "wal"


def refuse_newer(path: Path, patience_s: float = 0.0) -> str | None:
    """The last step that a file has seen, None where it has seen none; raises StoreError for one yet to be invented."""
    with _opened(path, write=False, patience_s=patience_s) as engine, engine.connect() as connection:
        found = schema.step_of(connection)
    unknown = found and schema.why_unknown(found)
    if unknown:
        raise _refusal(path, unknown)
    return found


def _refuse_unwritable(path: Path, patience_s: float) -> None:
    """Find out now, not at the first reading: write what is there already, and take it back."""
    with _opened(path, write=True, patience_s=patience_s) as engine, engine.connect() as connection:
        connection.exec_driver_sql(_SET_MARK)
        connection.rollback()


@contextmanager
def _opened(path: Path, *, write: bool, patience_s: float) -> Iterator[Engine]:
    engine = _engine(path, write=write, patience_s=patience_s)
    try:
        yield engine
    finally:
        engine.dispose()


def _engine(path: Path, *, write: bool, patience_s: float) -> Engine:
    address, waiting = URL.create("sqlite", database=str(path)), {"timeout": patience_s}
    # Without the parameters of statements: an error that is printed somewhere must not print a name with it.
    reads = {"reads": not write}
    engine = create_engine(address, connect_args=waiting, execution_options=reads, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own idea of when to begin would leave table changes outside
        connection.execute("PRAGMA foreign_keys = ON")
        # With a write-ahead log a killed program loses nothing; only a power cut may take the last seconds.
        connection.execute("PRAGMA synchronous = NORMAL")
        if not write:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Who is going to write asks for the right to it at once: asking in the middle fails without waiting.
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options()["reads"] else "BEGIN IMMEDIATE")

    return engine


def _refusal(path: Path, found: str) -> StoreError:
    return StoreError(f"expected a Classmood database that can be used at {path}, but {found}")
