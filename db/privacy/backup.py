"""A copy of the whole record in one file, and the way back."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from glob import escape
from itertools import count
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, select

from db.engine import file_of, open_store, reading, sqlite, store_path
from db.privacy.alone import alone
from db.tables import AuditEntry, Session
from domain import StoreError

PRIVATE = 0o600
"""Nobody else on this machine may read a copy."""

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite leaves beside a file that it cannot close in peace."""

DEED = "restore a backup"


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
        for ending in ("", *BESIDE):
            unfinished.with_name(unfinished.name + ending).unlink(missing_ok=True)


def restore(url: str, path: Path) -> tuple[Path | None, int | None]:
    """Put a backup in the place of the record; gives the file that now holds what was there before, if anything was.

    The second value counts students who were erased after the backup was made: it brings them back; None where the
    record is damaged and does not tell. Raises StoreError, with nothing changed, while a capture runs or when the file
    is missing, damaged, newer or another program's.
    """
    if not path.is_file():
        raise StoreError(f"expected a backup at {path}, found no file: check the path")
    _refuse_damaged(path)
    target = file_of(url)
    if target.resolve() == path.resolve():
        raise StoreError(f"expected a backup, found {path}, the record itself: name the copy")
    if target.is_file() and sqlite.is_damaged(target):
        aside, back = _replace_damaged(target, path), None
    else:
        aside, back = _replace(url, target, path)
    open_store(url, write=True).dispose()  # an older backup is brought up to date now, not in the next class
    return aside, back


def _replace(url: str, target: Path, path: Path) -> tuple[Path | None, int]:
    engine = open_store(url, write=True)
    try:
        with alone(engine, DEED):
            aside = _put_aside(engine, target)
            back = _erased_since(engine, path)
            _copy(path, target)
    finally:
        engine.dispose()
    return aside, back


def _replace_damaged(target: Path, path: Path) -> Path:
    """Nothing can be copied out of a damaged record: it is moved as it is, with its log."""
    engine = create_engine(URL.create("sqlite", database=str(target)))  # only to be called by its name
    with alone(engine, DEED):
        aside = _free_name(target)
        for ending in ("", "-wal"):
            with suppress(FileNotFoundError):
                target.with_name(target.name + ending).rename(aside.with_name(aside.name + ending))
        target.with_name(target.name + "-shm").unlink(missing_ok=True)
        target.touch(mode=PRIVATE)
        _copy(path, target)
    return aside


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
    aside = _free_name(target)
    backup(engine, aside)
    return aside


def put_aside(target: Path) -> list[Path]:
    """What restoring has put aside beside a record, which still holds everybody who was in it then."""
    return sorted(target.parent.glob(f"{escape(target.stem)}.before-restore-*{escape(target.suffix)}"))


def _free_name(target: Path) -> Path:
    names = (target.with_name(f"{target.stem}.before-restore-{number}{target.suffix}") for number in count(1))
    return next(name for name in names if not name.exists())


def _erased_since(engine: Engine, path: Path) -> int:
    """How many erasures the record knows of that the backup does not."""
    erasing = select(AuditEntry.at).where(AuditEntry.action.in_(("erase", "pseudonymise")))
    with reading(engine) as connection:
        known = set(connection.scalars(erasing))
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as old:
        tables = old.execute("SELECT name FROM sqlite_master WHERE name = 'audit'").fetchall()
        rows = old.execute("SELECT at FROM audit WHERE action IN ('erase', 'pseudonymise')") if tables else ()
        return len(known - {at for (at,) in rows})
