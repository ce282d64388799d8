"""What of a session leaves the teacher's machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, select

from db.privacy.texts import Change, taker_out, within_json
from db.tables import (
    FEWEST_STUDENTS,
    SUM_COLUMNS,
    Alias,
    Base,
    ClassMinute,
    Course,
    Gap,
    Session,
    SessionTotal,
    Student,
    StudentMinute,
)

Consents = Callable[[str], bool]
"""Whether a student of this name has consented to be known by it at the school."""

Row = dict[str, Any]

OF_SESSION: tuple[type[Base], ...] = (Gap, Student, ClassMinute, StudentMinute, SessionTotal)
"""Tables that travel with a session."""

MOODS = (*SUM_COLUMNS, "valence_sum", "moods")
"""What a stretch is not sent with where too few were seen."""

MAXIMUM = "present_max"

A_STUDENT = "[student]"
"""What stands in a title or a course's name in place of somebody's name who is not sent by name."""


@dataclass(frozen=True, eq=False)
class Parcel:
    """A session as it travels: its facts, the course's name or None, rows by table (without the session's number)."""

    session_id: int
    facts: Row
    course: str | None
    rows: dict[str, list[Row]]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all of it: another one means that something has changed."""
        content = json.dumps([self.facts, self.course, self.rows], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def why_not(connection: Connection, session_id: int) -> str | None:
    """Why a session is never sent, in words; None for one that may be."""
    asked = (
        select(Session.simulated, Session.ended_at, SessionTotal.present_max)
        .outerjoin(SessionTotal, SessionTotal.session_id == Session.id)
        .where(Session.id == session_id)
    )
    found = connection.execute(asked).one_or_none()
    if found is None:
        return "there is no such session"
    if found.simulated:
        return "it is a simulated class"
    if found.ended_at is None:
        return "it is still running"
    if (found.present_max or 0) < FEWEST_STUDENTS:
        return f"it has fewer than {FEWEST_STUDENTS} students: its sums would be about persons"
    return None


def parcel_of(connection: Connection, session_id: int, teacher: str, consents: Consents | None) -> Parcel:
    """What is sent of a session: sums by the minute of the class; with ``consents`` also the students who consented.

    Minutes with fewer than five students present are left out, and moods are where fewer than five were seen on
    average, so that no sum is about persons. Single readings, labels, notes, flags and corrections never travel, and
    names of others are taken out of the title and the course.
    """
    minutes = [_safe(row) for row in _rows(connection, ClassMinute, session_id) if row[MAXIMUM] >= FEWEST_STUDENTS]
    rows = {
        Gap.__tablename__: _rows(connection, Gap, session_id),
        ClassMinute.__tablename__: minutes,
        SessionTotal.__tablename__: [_total(minutes)] if minutes else [],
        Student.__tablename__: [],
        StudentMinute.__tablename__: [],
    }
    if consents is not None:
        students = _consenting(_rows(connection, Student, session_id), consents)
        numbers = {row["student_id"] for row in students}
        theirs = [row for row in _rows(connection, StudentMinute, session_id) if row["student_id"] in numbers]
        rows |= {Student.__tablename__: students, StudentMinute.__tablename__: theirs}
    hide = taker_out(_names(connection, session_id) - {row["display_name"] for row in rows["students"]}, A_STUDENT)
    facts, course = _facts(connection, session_id, hide)
    return Parcel(session_id, {**facts, "owner": facts["owner"] or teacher or None}, course, rows)


def _names(connection: Connection, session_id: int) -> set[str]:
    """Every name that a student of a session was known by."""
    columns = (Student.display_name, Student.label_name, Student.given_name)
    named = connection.execute(select(*columns).where(Student.session_id == session_id))
    read = connection.scalars(select(Alias.name).where(Alias.session_id == session_id))
    return {name for row in named for name in row if name} | set(read)


def _facts(connection: Connection, session_id: int, hide: Change) -> tuple[Row, str | None]:
    table = Session.__table__.c
    columns = [column for column in table if column.name not in ("id", "course_id", "readings_gone_at")]
    asked = select(*columns, Course.name.label("course")).outerjoin(Course, Course.id == table.course_id)
    facts = dict(connection.execute(asked.where(table.id == session_id)).mappings().one())
    course = facts.pop("course")
    course = course and hide(course)
    facts |= {"title": hide(facts["title"]), "settings": facts["settings"] and within_json(hide)(facts["settings"])}
    # Where it goes there are no readings, and never were.
    return {**facts, "readings_gone_at": facts["ended_at"]}, course


def _rows(connection: Connection, table: type[Base], session_id: int) -> list[Row]:
    columns = [column for column in table.__table__.c if column.name != "session_id"]
    home = table.__table__.c.session_id
    asked = select(*columns).where(home == session_id).order_by(*table.__table__.primary_key)
    return [dict(row) for row in connection.execute(asked).mappings()]


def _safe(minute: Row) -> Row:
    if minute["seen_sum"] >= FEWEST_STUDENTS * minute["moments"]:
        return minute
    return minute | dict.fromkeys(MOODS, 0)


def _total(minutes: list[Row]) -> Row:
    names = [name for name in minutes[0] if name != "minute"]
    return {name: (max if name == MAXIMUM else sum)(minute[name] for minute in minutes) for name in names}


def _consenting(students: list[Row], consents: Consents) -> list[Row]:
    """The rows of those who consented, with the one name that they are known by and nothing else of theirs."""
    nowhere = {"label_name": None, "merged_into": None}
    return [
        {**row, **nowhere, "given_name": row["display_name"]}
        for row in students
        if row["display_name"] and row["merged_into"] is None and not row["staff"] and consents(row["display_name"])
    ]
