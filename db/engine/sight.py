"""Who is looking, and what of the record is there for them.

A connection that works for a viewer finds, under the names of the tables, temporary views with the rows that the viewer
may see: a page that asks for too much is given less, whichever page it is. Without a viewer (a command at the terminal,
the capture, the pages behind a token on the own machine) everything is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Insert, event, text

from db.tables import FEWEST_STUDENTS, AuditEntry, Base
from domain import StoreError

Role = Literal["teacher", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

OF_PERSONS = (
    *("students", "aliases", "readings", "class_moments", "student_minutes", "flags", "markers", "corrections"),
    "commands",
)
"""Tables that tell of single students, or in a teacher's words: for the class's own teacher, and for an admin to whom
students are shown."""

OF_CLASSES = ("gaps", "class_minutes", "session_totals")
"""Tables that tell of a class as a whole."""

SHUT = ("accounts", "logins", "publications")
"""Tables that no page asks for."""

OPEN = ("audit",)
"""Tables that pages add to; the one page that reads it asks for the admin's role itself."""

ELSEWHERE = ("sessions", "courses", "capture_status")
"""Tables with a rule of their own."""

PROGRAM = "program"
"""What the rules call the program itself, which shares connections with viewers: to it everything is there."""

_NARROWED = "classmood_narrowed"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who has logged in; ``sees_students`` says whether an admin may see single students."""

    login: str
    role: Role
    sees_students: bool = False

    @property
    def sight(self) -> str:
        """What the rules call it: `teacher`, `admin` or `all`."""
        return "all" if self.role == "admin" and self.sees_students else self.role


VIEWER: ContextVar[Viewer | None] = ContextVar("viewer", default=None)
"""Who is looking just now."""


@contextmanager
def seen_by(viewer: Viewer | None) -> Iterator[None]:
    """Let all that is asked of the record within the block be asked by this viewer."""
    token = VIEWER.set(viewer)
    try:
        yield
    finally:
        VIEWER.reset(token)


def narrow(connection: Connection) -> None:
    """Put the views before the tables for a viewer; to be called outside any transaction, which could take them back.

    They stay for as long as the connection lives, whoever uses it next.
    """
    if VIEWER.get() is not None and not connection.info.get(_NARROWED):
        server = connection.dialect.name == "postgresql"
        (_make_views_on_server if server else _make_views_in_file)(connection.connection.dbapi_connection)
        connection.info[_NARROWED] = True


def widen(connection: Connection) -> None:
    """Give the program itself a fresh connection in place of one that a viewer has used: it writes to tables."""
    if VIEWER.get() is None and connection.info.get(_NARROWED):
        connection.invalidate()


def tell(connection: Connection) -> None:
    """Tell a server for whom the transaction is that begins; an SQLite connection asks by itself."""
    if connection.info.get(_NARROWED) and connection.dialect.name == "postgresql":
        viewer = VIEWER.get()
        for name, value in (("sight", viewer.sight if viewer else PROGRAM), ("login", viewer.login if viewer else "")):
            connection.execute(text(f"SELECT set_config('classmood.{name}', :value, true)"), {"value": value})


def refuse_changes(connection: Connection) -> None:
    """Let a viewer add to the audit trail over this connection, and change nothing."""
    if VIEWER.get() is not None:
        event.listen(connection, "before_execute", _check)


def _check(_connection: Any, statement: Any, *_: Any) -> None:
    adds = isinstance(statement, Insert) and str(statement.table) == AuditEntry.__tablename__
    if getattr(statement, "is_dml", False) and not adds:
        raise StoreError(
            "expected a page that only reads, found one that would change the record: pages that are shared with a "
            "school are for reading; mark and correct where the class was recorded, and publish it anew"
        )


def views(home: str, sight: str, login: str) -> dict[str, str]:
    """The statement of the view for each table; ``home`` is the schema, the others are expressions."""
    everything, own_classes = f"{sight} IN ('all', '{PROGRAM}')", f"{sight} = 'teacher' AND owner = {login}"
    own = f"SELECT id FROM {home}.sessions WHERE {everything} OR ({own_classes})"
    large = f"SELECT session_id FROM {home}.session_totals WHERE present_max >= {FEWEST_STUDENTS}"
    sums = f"{sight} = 'admin' AND ended_at IS NOT NULL AND NOT simulated AND id IN ({large})"
    seen = f"SELECT id FROM {home}.sessions WHERE id IN ({own}) OR ({sums})"
    safe = f"present_max >= {FEWEST_STUDENTS} AND (moods = 0 OR seen_sum >= {FEWEST_STUDENTS} * moments)"
    rules = {
        "sessions": f"id IN ({seen})",
        "courses": f"id IN (SELECT course_id FROM {home}.sessions WHERE id IN ({seen}))",
        "capture_status": f"({everything} OR {sight} = 'teacher') AND (session_id IS NULL OR session_id IN ({own}))",
        **dict.fromkeys(OF_PERSONS, f"session_id IN ({own})"),
        **dict.fromkeys(OF_CLASSES, f"session_id IN ({seen})"),
        **dict.fromkeys(SHUT, f"{sight} = '{PROGRAM}'"),
    }
    rules["class_minutes"] += f" AND ({sight} <> 'admin' OR ({safe}))"
    return {
        table: f"SELECT * FROM {home}.{table} WHERE {rules.get(table, '1 = 0')}"
        for table in Base.metadata.tables
        if table not in OPEN
    }


def _make_views_in_file(raw: Any) -> None:
    def sight() -> str:
        viewer = VIEWER.get()
        return viewer.sight if viewer else PROGRAM

    def login() -> str:
        viewer = VIEWER.get()
        return viewer.login if viewer else ""

    # One statement is asked by one viewer, so the functions give one answer all through it.
    raw.create_function("viewer_sight", 0, sight, deterministic=True)
    raw.create_function("viewer_login", 0, login, deterministic=True)
    only_reads = raw.execute("PRAGMA query_only").fetchone()[0]
    raw.execute("PRAGMA query_only = OFF")  # it would also forbid what is temporary
    for table, statement in views("main", "viewer_sight()", "viewer_login()").items():
        raw.execute(f"CREATE TEMP VIEW {table} AS {statement}")
    raw.execute(f"PRAGMA query_only = {only_reads}")


def _make_views_on_server(raw: Any) -> None:
    raw.rollback()
    raw.execute("SET TRANSACTION READ WRITE")  # views that are temporary write nothing that stays
    settings = ("current_setting('classmood.sight', true)", "current_setting('classmood.login', true)")
    for table, statement in views("public", *settings).items():
        raw.execute(f"CREATE TEMP VIEW {table} AS {statement}")
    raw.commit()
