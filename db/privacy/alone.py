"""Deeds that nobody may write beside, and a file that keeps no bytes of what was deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection, Engine, text

from db.engine import is_server, only_writer, store_errors, store_name, writing
from domain import StoreError

PATIENCE_S = 1.0
"""How long to wait for a capture that is just leaving."""


class NotYetFromDisk(StoreError):
    """What was deleted is gone from the record, but its bytes may still lie in the file or its log."""


@contextmanager
def alone(engine: Engine, deed: str) -> Iterator[None]:
    """Be the only one that writes; raises StoreError while a capture runs. ``deed`` says what for, in an infinitive."""
    lock = only_writer(engine, PATIENCE_S)
    if lock is None:
        raise StoreError(
            f"expected no running capture on {store_name(engine)} in order to {deed}, but found one: end it first"
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def overwriting(engine: Engine) -> Iterator[Connection]:
    """A connection like that of ``writing`` on which deleted rows are overwritten, not just given up."""
    with writing(engine) as connection:
        if not is_server(engine.url):
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        yield connection


def compact(engine: Engine) -> None:
    """Write the database anew without what was deleted, and empty its log.

    Raises NotYetFromDisk where another program holds it, the disk is full, or a page still reads an old state of it.
    """
    try:
        with store_errors(engine):
            held = _write_anew(engine)
    except StoreError as error:
        raise NotYetFromDisk(
            f"{error}; what was deleted is gone from the record but not yet from the disk: then type db purge"
        ) from error
    if held:
        raise NotYetFromDisk(
            f"expected to empty the log of {store_name(engine)}, but a page reads an old state of it: "
            "what was deleted is gone from the record but not yet from the disk; close the pages and type db purge"
        )


def _write_anew(engine: Engine) -> bool:
    """Whether a page keeps the log from being emptied; a server's log is its own."""
    if is_server(engine.url):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM FULL"))
        return False
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.execute("VACUUM")
        return bool(cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
