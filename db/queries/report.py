"""What is asked of a session afterwards, from the sums by the minute: who was there, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, select

from db.engine import reading
from db.queries.means import CLASS_SUMS, class_means, class_sums, matrix, minute_starts, seconds, share
from db.tables import SUM_COLUMNS, THOUSAND, Alias, ClassMinute, FlagRow, Gap, Marker, Student, StudentMinute
from domain import EMOTIONS

_STUDENT = Student.__table__.c
_FLAG = FlagRow.__table__.c


@dataclass(frozen=True, slots=True)
class StudentView:
    """A student of a session: number, names (untrusted text), and the numbers that turned out to be the same person.

    ``named`` says whether a person gave the name; ``aliases`` are all names that the labels showed. Times are UNIX
    seconds, ``last_seen_at`` None before the first pause.
    """

    number: int
    name: str | None
    named: bool
    roster_id: str | None
    staff: bool
    first_seen_at: float
    last_seen_at: float | None
    aliases: tuple[str, ...]
    merged: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag: whose (None: the class's), what and why in words, UNIX seconds, and what a person did with it.

    It rests on ``readings`` of ``readings_of``; ``confidence`` is 0 to 1, ``alternatives`` is what else it could be.
    """

    id: int
    student: int | None
    kind: str
    reason: str
    started_at: float
    ended_at: float | None
    readings: int
    readings_of: int
    confidence: float
    alternatives: str
    dismissed_at: float | None
    dismissal: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class MarkerView:
    """A marker on the time line, UNIX seconds; its text is untrusted."""

    id: int
    at: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class GapView:
    """A stretch without readings in UNIX seconds, and why; ``ended_at`` is None while it lasts."""

    started_at: float
    ended_at: float | None
    reason: str


def class_minutes(engine: Engine, session_ids: Sequence[int]) -> pd.DataFrame:
    """The class minute by minute, of one session or of several side by side.

    Columns: session_id, at_ms (the minute's start, milliseconds since 1970), moments (a count), seen, present,
    attending and judged (mean numbers of students), valence (-1 to 1) and one per emotion (0 to 1); NaN where nobody
    could be read.
    """
    minutes = ClassMinute.__table__.c
    asked = (
        select(minutes.session_id, minutes.minute, *class_sums(minutes))
        .where(minutes.session_id.in_(session_ids))
        .order_by(minutes.session_id, minutes.minute)
    )
    with reading(engine) as connection:
        rows = connection.execute(asked).all()
    values = matrix(rows, 2 + len(CLASS_SUMS))
    frame = pd.DataFrame({"session_id": values[:, 0].astype("int64"), "at_ms": minute_starts(values[:, 1])})
    return frame.join(class_means(values[:, 2:]))


def student_minutes(engine: Engine, session_id: int, student: int | None = None) -> pd.DataFrame:
    """Every student of a session minute by minute, or one of them; who turned out to be another is left out.

    Columns: student (number), at_ms (the minute's start, milliseconds since 1970), readings and valid (counts),
    camera_on and camera_off (shares of the readings, 0 to 1), turn (mean degrees to either side), eyes_open (0 to 1)
    and one per emotion (0 to 1); NaN where nothing could be read.
    """
    minutes = StudentMinute.__table__.c
    names = ("readings", "valid", "camera_on", "camera_off", "turn_sum", "eyes_sum", "turns", "eyes", *SUM_COLUMNS)
    asked = (
        select(minutes.student_id, minutes.minute, *(minutes[name] for name in names))
        .join(Student, (_STUDENT.session_id == minutes.session_id) & (_STUDENT.student_id == minutes.student_id))
        .where(minutes.session_id == session_id, _STUDENT.merged_into.is_(None))
        .order_by(minutes.student_id, minutes.minute)
    )
    if student is not None:
        asked = asked.where(minutes.student_id == student)
    with reading(engine) as connection:
        rows = connection.execute(asked).all()
    values = matrix(rows, 2 + len(names))
    column = dict(zip(names, values[:, 2:].T, strict=True))
    means = {
        "camera_on": share(column["camera_on"], column["readings"]),
        "camera_off": share(column["camera_off"], column["readings"]),
        "turn": share(column["turn_sum"], column["turns"]),
        "eyes_open": share(column["eyes_sum"], column["eyes"] * THOUSAND),
    }
    for emotion, name in zip(EMOTIONS, SUM_COLUMNS, strict=True):
        means[emotion] = share(column[name], column["valid"] * THOUSAND)
    counts = {name: column[name].astype("int64") for name in ("readings", "valid")}
    keys = {"student": values[:, 0].astype("int64"), "at_ms": minute_starts(values[:, 1])}
    return pd.DataFrame({**keys, **counts, **means})


def students(engine: Engine, session_id: int) -> list[StudentView]:
    """The students of a session by their numbers; those who turned out to be another are named with that one."""
    alias = Alias.__table__.c
    with reading(engine) as connection:
        rows = connection.execute(
            select(Student.__table__).where(_STUDENT.session_id == session_id).order_by(_STUDENT.student_id)
        ).all()
        read = connection.execute(
            select(alias.student_id, alias.name)
            .where(alias.session_id == session_id)
            .order_by(alias.first_seen_at, alias.name)
        ).all()
    return [_student(row, rows, read) for row in rows if row.merged_into is None]


def _student(row: Any, rows: Sequence[Any], read: Sequence[Any]) -> StudentView:
    merged = tuple(other.student_id for other in rows if other.merged_into == row.student_id)
    aliases = dict.fromkeys(name for number, name in read if number in (row.student_id, *merged))
    return StudentView(
        number=row.student_id,
        name=row.display_name,
        named=row.given_name is not None,
        roster_id=row.roster_id,
        staff=row.staff,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        aliases=tuple(aliases),
        merged=merged,
    )


def flags(engine: Engine, session_id: int) -> list[FlagView]:
    """The flags of a session in the order in which they began."""
    with reading(engine) as connection:
        return flag_views(connection, _FLAG.session_id == session_id)


def flag_views(connection: Connection, which: Any) -> list[FlagView]:
    """The flags that meet a condition on their table, in the order in which they began."""
    columns = (_FLAG.id, _FLAG.student_id, _FLAG.kind, _FLAG.reason, _FLAG.started_at_ms, _FLAG.ended_at_ms)
    evidence = (_FLAG.readings, _FLAG.readings_of, _FLAG.confidence, _FLAG.alternatives)
    asked = select(*columns, *evidence, _FLAG.dismissed_at, _FLAG.dismissal, _FLAG.dismissal_note)
    rows = connection.execute(asked.where(which).order_by(_FLAG.started_at_ms, _FLAG.id))
    return [
        FlagView(*row[:4], row[4] / THOUSAND, seconds(row[5]), *row[6:8], row[8] / THOUSAND, *row[9:]) for row in rows
    ]


def markers(engine: Engine, session_id: int) -> list[MarkerView]:
    """The markers of a session along its time line."""
    marker = Marker.__table__.c
    asked = select(marker.id, marker.at_ms, marker.kind, marker.text).where(marker.session_id == session_id)
    with reading(engine) as connection:
        rows = connection.execute(asked.order_by(marker.at_ms, marker.id))
        return [MarkerView(number, at_ms / THOUSAND, kind, text) for number, at_ms, kind, text in rows]


def gaps(engine: Engine, session_id: int) -> list[GapView]:
    """The stretches of a session without readings, in the order of time."""
    gap = Gap.__table__.c
    asked = select(gap.started_at_ms, gap.ended_at_ms, gap.reason).where(gap.session_id == session_id)
    with reading(engine) as connection:
        rows = connection.execute(asked.order_by(gap.started_at_ms))
        return [GapView(start / THOUSAND, seconds(end), reason) for start, end, reason in rows]
