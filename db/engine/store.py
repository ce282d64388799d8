"""What the rest of the program does with a database, whichever of the two it is.

A teacher's classes are recorded into a file of SQLite beside the program, which no network can take away in mid-class.
PostgreSQL is for what a school shares: teachers publish finished sessions to it, and its pages read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from db.engine import postgres, sight, sqlite
from domain import StoreError

PATIENCE_S = 5.0
"""How long to wait for another process: it holds the database for milliseconds, a slow disk for a second or two."""


class StoreLock(Protocol):
    """The right to be the only one that writes, held until ``release``, which may be called twice."""

    def release(self) -> None: ...


def open_store(url: str, *, write: bool, patience_s: float = PATIENCE_S) -> Engine:
    """The database at a URL, made or brought up to date first; relative paths start at the program's folder.

    A reader makes a missing file too, so that a page opened before the first class finds an empty one; nothing else
    can be written through its engine. The caller disposes of the engine. Raises StoreError, before anything is changed,
    when the database is another program's, newer, damaged, locked for longer than ``patience_s``, out of reach or not
    writable.
    """
    parts = _parts(url)
    home: Any = postgres if is_server(parts) else sqlite
    return home.open_store(parts, write=write, patience_s=patience_s)


def store_errors(engine: Engine) -> AbstractContextManager[None]:
    """Say in one line, as a StoreError, what could not be done with the database."""
    if is_server(engine.url):
        return postgres.store_errors(engine.url)
    return sqlite.store_errors(store_path(engine))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to ask with; raises StoreError in one line when the database cannot be read.

    Where somebody has logged in, it finds only what they may see (see ``db.engine.sight``).
    """
    with store_errors(engine), engine.connect().execution_options(reads=True) as connection:
        sight.narrow(connection)
        sight.tell(connection)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection whose changes are kept together at the end, or not at all; raises StoreError in one line.

    Where somebody has logged in, it changes nothing but the audit trail.
    """
    with store_errors(engine), engine.connect() as connection:
        sight.widen(connection)
        sight.narrow(connection)
        with connection.begin():
            sight.tell(connection)
            sight.refuse_changes(connection)
            yield connection


def is_server(url: URL) -> bool:
    """Whether a database is a server's, and no file."""
    return url.get_backend_name() == "postgresql"


@contextmanager
def writable(engine: Engine) -> Iterator[Engine]:
    """The store behind a reader's engine, opened for the one deed inside.

    Pages read through an engine that cannot write, so that no fault of theirs can change the record. Raises StoreError
    where it cannot be written.
    """
    writer = open_store(engine.url.render_as_string(hide_password=False), write=True)
    try:
        yield writer
    finally:
        writer.dispose()


def store_path(engine: Engine) -> Path:
    """The file behind an engine; raises StoreError where there is none."""
    _refuse_server(engine.url)
    return Path(engine.url.database or "")


def file_of(url: str) -> Path:
    """The file that an address means, which may not be there or be used; raises StoreError where it is a server's."""
    parts = _parts(url)
    _refuse_server(parts)
    return sqlite.path_of(parts)


def store_name(engine: Engine) -> str:
    """How to call a database in a sentence: the file's path, or the server's address without its password."""
    return postgres.name_of(engine.url) if is_server(engine.url) else str(store_path(engine))


def only_writer(engine: Engine, patience_s: float) -> StoreLock | None:
    """The right to be the only one that writes; None where another holds it for longer than ``patience_s``.

    Raises StoreError when the database cannot be reached or its lock cannot be made.
    """
    with store_errors(engine):
        return (postgres if is_server(engine.url) else sqlite).only_writer(engine, patience_s)


def is_held(engine: Engine) -> bool:
    """Whether a writer holds the database, however long ago it last wrote; raises StoreError."""
    lock = only_writer(engine, patience_s=0.0)
    if lock is not None:
        lock.release()
    return lock is None


def why_unwritable(engine: Engine) -> str | None:
    """Why nothing can be written to the database just now, in one line; None when it could be."""
    return postgres.why_unwritable(engine) if is_server(engine.url) else sqlite.why_unwritable(store_path(engine))


def _refuse_server(url: URL) -> None:
    if is_server(url):
        raise StoreError(
            f"database.url: expected a file, found {postgres.name_of(url)}: classes are recorded into a file and sent "
            "to a server by publish; a server has its own tools for backups"
        )


def _parts(url: str) -> URL:
    expected = "expected sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        # Not repeated: a password may stand in it.
        raise StoreError(f"database.url: {expected}, found an address that cannot be read as one") from None
    if parts.drivername in ("postgres", "postgresql"):  # as providers write it
        parts = parts.set(drivername=postgres.DRIVER)
    is_file = parts.get_backend_name() == "sqlite" and parts.database not in (None, "", ":memory:")
    if not is_file and not (parts.drivername == postgres.DRIVER and parts.host and parts.database):
        raise StoreError(f"database.url: {expected}, found {parts.render_as_string()!r}")
    return parts
