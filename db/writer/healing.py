"""Closing what a crash left open, so that a killed class is a short one and not a broken one."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from db.corrections import audit
from db.tables import THOUSAND, ClassMoment, FlagRow, Gap, Reading, Session, Student
from db.writer.backlog import Step


def heal(connection: Connection, now: float) -> tuple[int, ...]:
    """Close what is open at its last sign of life; gives the numbers of the sessions concerned."""
    cut_off = connection.execute(select(Session.id, Session.started_at).where(Session.ended_at.is_(None))).all()
    for session_id, started_at in cut_off:
        last_ms = (
            connection.scalar(select(func.max(ClassMoment.at_ms)).where(ClassMoment.session_id == session_id)) or 0
        )
        open_gap = (Gap.session_id == session_id) & Gap.ended_at_ms.is_(None)
        paused_ms = connection.scalar(select(Gap.started_at_ms).where(open_gap)) or 0
        connection.execute(update(Gap).where(open_gap).values(ended_at_ms=Gap.started_at_ms))
        ended_at = max(started_at, last_ms / THOUSAND, paused_ms / THOUSAND)
        connection.execute(
            update(Session).where(Session.id == session_id).values(ended_at=ended_at, end_reason="crashed")
        )
        for step in closing(session_id, round(ended_at * THOUSAND)):
            connection.execute(step.statement)
        audit(connection, "program", "heal", session_id, now)
    return tuple(session_id for session_id, _ in cut_off)


def closing(session_id: int, at_ms: int) -> tuple[Step, ...]:
    """What the end of a session asks for: flags that still last end, and students know when they were seen last."""
    lasting = (FlagRow.session_id == session_id) & FlagRow.ended_at_ms.is_(None)
    return Step(update(FlagRow).where(lasting).values(ended_at_ms=at_ms)), seen_last(session_id)


def seen_last(session_id: int) -> Step:
    """Let each student of a session know when the tile was read last."""
    last = (
        select(func.max(Reading.at_ms) / float(THOUSAND))
        .where(Reading.session_id == Student.session_id, Reading.student_id == Student.student_id)
        .scalar_subquery()
    )
    return Step(update(Student).where(Student.session_id == session_id).values(last_seen_at=last))
