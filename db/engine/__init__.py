"""Opening the database: a file of SQLite, or a school's PostgreSQL, made and brought up to date where it is missing."""

from db.engine.sight import ROLES, VIEWER, Role, Viewer, seen_by
from db.engine.store import (
    PATIENCE_S,
    StoreLock,
    file_of,
    is_held,
    is_server,
    only_writer,
    open_store,
    reading,
    store_errors,
    store_name,
    store_path,
    why_unwritable,
    writable,
    writing,
)
from db.engine.upsert import insert

__all__ = [
    "PATIENCE_S",
    "ROLES",
    "VIEWER",
    "Role",
    "StoreLock",
    "Viewer",
    "file_of",
    "insert",
    "is_held",
    "is_server",
    "only_writer",
    "open_store",
    "reading",
    "seen_by",
    "store_errors",
    "store_name",
    "store_path",
    "why_unwritable",
    "writable",
    "writing",
]
