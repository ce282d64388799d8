"""How long what is kept: readings, then names, then whole sessions go, old entries of the trail, and it says what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Select, delete, func, or_, select, update

from config import PrivacySettings
from db.corrections import audit
from db.engine import reading
from db.privacy.alone import alone, compact, overwriting
from db.privacy.courses import drop_empty, leave_named_course
from db.privacy.erase import ERASED
from db.privacy.texts import change_texts, taker_out, words_of
from db.rollups import delete_readings
from db.tables import (
    Alias,
    AuditEntry,
    ClassMinute,
    ClassMoment,
    CommandRow,
    CorrectionRow,
    FlagRow,
    Gap,
    Marker,
    Publication,
    Reading,
    Session,
    SessionTotal,
    Student,
    StudentMinute,
)

DAY_S = 86_400.0

Kind = Literal["readings", "names", "sessions", "audit"]

_SESSION = Session.__table__.c
_STUDENT = Student.__table__.c
_CORRECTION = CorrectionRow.__table__.c

OF_SESSION = (
    *(Reading, ClassMoment, StudentMinute, ClassMinute, SessionTotal, Alias, FlagRow, Marker, CorrectionRow, Gap),
    *(CommandRow, Publication, Student),
)
"""Tables of rows that belong to one session, those that refer to another before it."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What was deleted of a session, or would be: a kind, and rows in number; of the audit trail without a session."""

    kind: Kind
    session_id: int | None
    rows: int


def purge(engine: Engine, kept: PrivacySettings, now: float, dry_run: bool = False) -> list[Gone]:
    """Delete what is older than it may be kept, bytes included, and log it; gives what went, or with dry_run would.

    Days count from the end of a session; one that runs is never touched. Readings go first and leave their sums; then
    names go, out of notes and the course too, and leave numbers; then the session goes. Entries of the audit trail go
    by their own age. Raises StoreError while a capture runs.
    """
    if dry_run or not (due := _due_now(engine, kept, now)):
        return _due_now(engine, kept, now)
    with alone(engine, "delete what is due"):
        with overwriting(engine) as connection:
            due = _due(connection, kept, now)
            for gone in due:
                if gone.session_id is None:
                    _delete_audit(connection, kept, now, gone.rows)
                    continue
                _DELETE[gone.kind](connection, gone.session_id, now)
                audit(connection, "program", f"purge_{gone.kind}", gone.session_id, now, rows=gone.rows)
        if any(gone.session_id is not None for gone in due):
            # Not for the trail alone: it holds no names, and some of it is due on every day of its second year.
            compact(engine)
    return due


def in_words(gone: Iterable[Gone]) -> list[str]:
    """What was deleted, or would be, kind by kind: `readings of 2 sessions (60 rows)`."""
    rows, sessions = Counter[Kind](), Counter[Kind]()
    for one in gone:
        rows[one.kind] += one.rows
        sessions[one.kind] += one.session_id is not None
    return [
        f"{kind} of {sessions[kind]} session{'' if sessions[kind] == 1 else 's'} ({rows[kind]} rows)"
        if sessions[kind]
        else f"{rows[kind]} {'entry' if rows[kind] == 1 else 'entries'} of the audit trail"
        for kind in sorted(rows)
    ]


def _due_now(engine: Engine, kept: PrivacySettings, now: float) -> list[Gone]:
    with reading(engine) as connection:
        return _due(connection, kept, now)


def _due(connection: Connection, kept: PrivacySettings, now: float) -> list[Gone]:
    """What is due, each session once: a session that goes altogether needs no word about its readings."""
    gone: dict[int, list[Gone]] = {}
    kinds: tuple[tuple[Kind, int, Select[Any, int]], ...] = (
        ("sessions", kept.keep_rollups_days, select(_SESSION.id, func.count(_STUDENT.student_id))),
        ("readings", kept.keep_readings_days, _with_readings()),
        ("names", kept.keep_names_days, _with_names()),
    )
    for kind, days, asked in kinds:
        if days == 0:
            continue
        if kind == "sessions":
            asked = asked.outerjoin(Student, _STUDENT.session_id == _SESSION.id)
        old = asked.where(_SESSION.ended_at < now - days * DAY_S).group_by(_SESSION.id)
        for session_id, rows in connection.execute(old):
            before = gone.setdefault(session_id, [])
            if not before or before[0].kind != "sessions":
                before.append(Gone(kind, session_id, rows))
    entries = connection.scalar(_old_entries(select(func.count()), kept, now)) or 0
    trail = [Gone("audit", None, entries)] if entries else []
    return [one for session_id in sorted(gone) for one in gone[session_id]] + trail


def _old_entries(asked: Any, kept: PrivacySettings, now: float) -> Any:
    return asked.where(AuditEntry.at < int(now - kept.keep_audit_days * DAY_S))


def _with_readings() -> Select[Any, int]:
    return (
        select(_SESSION.id, func.count(Reading.at_ms))
        .outerjoin(Reading, Reading.session_id == _SESSION.id)
        .where(_SESSION.readings_gone_at.is_(None))
    )


def _with_names() -> Select[Any, int]:
    named = or_(*(_STUDENT[name].is_not(None) for name in ("label_name", "given_name", "display_name", "roster_id")))
    return select(_SESSION.id, func.count()).join(Student, _STUDENT.session_id == _SESSION.id).where(named)


def _delete_names(connection: Connection, session_id: int, now: float) -> None:
    theirs = _STUDENT.session_id == session_id
    columns = (_STUDENT.display_name, _STUDENT.label_name, _STUDENT.given_name)
    names = {name for row in connection.execute(select(*columns).where(theirs)) for name in row if name}
    names |= set(connection.scalars(select(Alias.name).where(Alias.session_id == session_id)))
    change = taker_out(names, ERASED, words_of(names, ()))
    leave_named_course(connection, session_id, change)
    change_texts(connection, change, now, session_id)
    nameless = dict.fromkeys(("display_name", "label_name", "given_name", "roster_id"))
    connection.execute(update(Student).where(theirs).values(**nameless))
    connection.execute(delete(Alias).where(Alias.session_id == session_id))
    ended = select(_SESSION.ended_at).where(_SESSION.id == session_id).scalar_subquery()
    then = CommandRow.session_id.is_(None) & (CommandRow.created_at <= ended)
    connection.execute(delete(CommandRow).where((CommandRow.session_id == session_id) | then))
    of_session = _CORRECTION.session_id == session_id
    connection.execute(delete(CorrectionRow).where(of_session, _CORRECTION.kind == "rename"))
    connection.execute(update(CorrectionRow).where(of_session).values(name=None, roster_id=None))


def _delete_session(connection: Connection, session_id: int, now: float) -> None:
    for table in OF_SESSION:
        connection.execute(delete(table).where(table.session_id == session_id))
    course = connection.scalar(select(_SESSION.course_id).where(_SESSION.id == session_id))
    connection.execute(delete(Session).where(_SESSION.id == session_id))
    if course is not None:
        drop_empty(connection, [course])


def _delete_audit(connection: Connection, kept: PrivacySettings, now: float, rows: int) -> None:
    """Let old entries go, once the trail says so: before that the database itself refuses it."""
    before = int(now - kept.keep_audit_days * DAY_S)
    audit(connection, "program", "purge_audit", None, now, rows=rows, before=before)
    connection.execute(_old_entries(delete(AuditEntry), kept, now))


_DELETE = {"readings": delete_readings, "names": _delete_names, "sessions": _delete_session}
