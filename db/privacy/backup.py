"""A copy of the whole record in one file, and the way back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, select

from db.engine import open_store, reading, sqlite, store_path
from db.privacy.alone import alone
from db.tables import AuditEntry, Session
from domain import StoreError

PRIVATE = 0o600
"""Nobody else on this machine may read a copy."""


def backup(engine: Engine, path: Path) -> None:
    """Copy the record to a new file, also while a class is being recorded; the copy is checked before it has its name.

    Raises StoreError where the file exists, cannot be written, or the record is a server's.
    """
    source = store_path(engine)
    if path.exists():
        raise StoreError(f"expected a new file for the backup, found that {path} exists: choose another name")
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    try:
        unfinished.touch(mode=PRIVATE)
        _copy(source, unfinished)
        _refuse_damaged(unfinished)
        unfinished.rename(path)
    except OSError as error:
        raise StoreError(f"{path}: the backup cannot be written ({error.strerror}): choose another place") from None
    finally:
        unfinished.unlink(missing_ok=True)


def restore(url: str, path: Path) -> tuple[Path | None, int]:
    """Put a backup in the place of the record; gives the file that now holds what was there before, if anything was.

    The second value counts students who were erased after the backup was made: it brings them back. Raises StoreError,
    with nothing changed, while a capture runs or when the file is missing, damaged, newer or another program's.
    """
    if not path.is_file():
        raise StoreError(f"expected a backup at {path}, found no file: check the path")
    _refuse_damaged(path)
    engine = open_store(url, write=True)
    try:
        target = store_path(engine)
        if target.resolve() == path.resolve():
            raise StoreError(f"expected a backup, found {path}, the record itself: name the copy")
        with alone(engine, "restore a backup"):
            aside = _put_aside(engine, target)
            back = _erased_since(engine, path)
            _copy(path, target)
    finally:
        engine.dispose()
    open_store(url, write=True).dispose()  # an older backup is brought up to date now, not in the next class
    return aside, back


def _copy(source: Path, target: Path) -> None:
    """By SQLite's own way, in one step: a writer waits for nothing, readers of the target see all of it or nothing."""
    with (
        sqlite.store_errors(target),
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)


def _refuse_damaged(path: Path) -> None:
    with sqlite.store_errors(path):
        sqlite.refuse_foreign(path)
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreError(f"expected a sound backup at {path}, but SQLite says: {found}: use an older one")
    sqlite.refuse_newer(path)


def _put_aside(engine: Engine, target: Path) -> Path | None:
    with reading(engine) as connection:
        if all(connection.scalar(select(table.id).limit(1)) is None for table in (Session, AuditEntry)):
            return None  # it was made just now
    number = 1
    while (aside := target.with_name(f"{target.stem}.before-restore-{number}{target.suffix}")).exists():
        number += 1
    backup(engine, aside)
    return aside


def _erased_since(engine: Engine, path: Path) -> int:
    """How many erasures the record knows of that the backup does not."""
    erasing = select(AuditEntry.at).where(AuditEntry.action.in_(("erase", "pseudonymise")))
    with reading(engine) as connection:
        known = set(connection.scalars(erasing))
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as old:
        tables = old.execute("SELECT name FROM sqlite_master WHERE name = 'audit'").fetchall()
        rows = old.execute("SELECT at FROM audit WHERE action IN ('erase', 'pseudonymise')") if tables else ()
        return len(known - {at for (at,) in rows})
