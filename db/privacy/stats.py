"""What the record holds: rows, bytes, the oldest and the newest class, and what is due to be deleted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select, text

from config import PrivacySettings
from db.engine import is_server, reading, store_path
from db.privacy.retention import in_words, purge
from db.tables import Base, Session


@dataclass(frozen=True, slots=True)
class Stats:
    """Rows by table, bytes on the disk with the log, start of the oldest and the newest session (UNIX seconds, None
    without any), and what is due to be deleted, kind by kind in words."""

    rows: dict[str, int]
    bytes: int
    oldest_at: float | None
    newest_at: float | None
    due: tuple[str, ...]


def stats(engine: Engine, kept: PrivacySettings, now: float) -> Stats:
    """Count what is there; raises StoreError when it cannot be read."""
    with reading(engine) as connection:
        tables = Base.metadata.sorted_tables
        rows = {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in sorted(tables, key=lambda table: table.name)
        }
        oldest, newest = connection.execute(select(func.min(Session.started_at), func.max(Session.started_at))).one()
        if is_server(engine.url):
            size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
        else:
            size = _file_bytes(engine)
    return Stats(rows, size, oldest, newest, tuple(in_words(purge(engine, kept, now, dry_run=True))))


def _file_bytes(engine: Engine) -> int:
    path = store_path(engine)
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
