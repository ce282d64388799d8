"""Inserts that say what to do with a key that is there already, for both databases.

SQLite and PostgreSQL read the same words, `ON CONFLICT`, but SQLAlchemy has a class of its own for each: statements are
made once with SQLite's, and rendered by PostgreSQL's rules where they meet PostgreSQL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import dml as postgresql
from sqlalchemy.dialects.sqlite import dml as sqlite
from sqlalchemy.dialects.sqlite import insert as insert
from sqlalchemy.ext.compiler import compiles


@compiles(sqlite.OnConflictDoNothing, "postgresql")
def _leave(clause: Any, compiler: Any, **context: Any) -> str:
    return compiler.visit_on_conflict_do_nothing(_as_postgresql(clause, postgresql.OnConflictDoNothing), **context)


@compiles(sqlite.OnConflictDoUpdate, "postgresql")
def _overwrite(clause: Any, compiler: Any, **context: Any) -> str:
    return compiler.visit_on_conflict_do_update(_as_postgresql(clause, postgresql.OnConflictDoUpdate), **context)


def _as_postgresql(clause: Any, kind: Any) -> Any:
    """The same clause as PostgreSQL's class, which has one place more: for a constraint that is meant by its name."""
    made = kind.__new__(kind)
    made.__dict__.update(clause.__dict__)
    made.constraint_target = None
    return made
