"""Sums by the minute, of each student and of the class: what pages read instead of every reading.

While moments come in order, a commit adds to the sums. Wherever that could count twice (a commit that may or may not
have reached the disk, a clock that was set back, a correction) they are added up afresh from the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import add as add_numbers
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, func, literal, select, update

from db.engine import insert
from db.tables import (
    MINUTE_MS,
    PROBABILITY_COLUMNS,
    SUM_COLUMNS,
    Base,
    ClassMinute,
    ClassMoment,
    Reading,
    Session,
    SessionTotal,
    StudentMinute,
)

BY_CHOICE = ("off", "photo", "covered")
"""Camera states without a live picture because the student wants it so."""

Row = Mapping[str, Any]

_READING = Reading.__table__.c
_MOMENT = ClassMoment.__table__.c
_STUDENT_MINUTE = StudentMinute.__table__.c
_CLASS_MINUTE = ClassMinute.__table__.c
_MAXIMUM = "present_max"
_STUDENT_SUMS = (
    "readings",
    "camera_on",
    "camera_off",
    "valid",
    "turns",
    "turn_sum",
    "eyes",
    "eyes_sum",
    *SUM_COLUMNS,
)
_CLASS_SUMS = (
    "moments",
    "moods",
    "seen_sum",
    "present_sum",
    _MAXIMUM,
    "valence_sum",
    "attending_sum",
    "judged_sum",
    *SUM_COLUMNS,
)
_NOTHING = (0,) * len(SUM_COLUMNS)


def add(connection: Connection, readings: Iterable[Row], moments: Iterable[Row]) -> None:
    """Add rows that have just been written for the first time: those of `readings` and of `class_moments`."""
    if students := _summed(readings, ("session_id", "student_id"), _STUDENT_SUMS, _of_reading):
        connection.execute(_ADD_STUDENT_MINUTES, students)
    if minutes := _summed(moments, ("session_id",), _CLASS_SUMS, _of_moment):
        connection.execute(_ADD_CLASS_MINUTES, minutes)
        totals = [{name: value for name, value in row.items() if name != "minute"} for row in minutes]
        connection.execute(_ADD_TOTALS, totals)


def recount(connection: Connection, session_id: int, student_ids: Collection[int], minutes: Collection[int]) -> None:
    """Add up afresh what these minutes hold of the class and of these students, and the session's totals."""
    first, last = min(minutes), max(minutes)
    recount_students(connection, session_id, student_ids, first, last)
    within = (_CLASS_MINUTE.session_id == session_id) & _CLASS_MINUTE.minute.between(first, last)
    connection.execute(delete(ClassMinute).where(within))
    minute = _minute_of(_MOMENT.at_ms)
    rows = (
        select(_MOMENT.session_id, minute, *(expression for _, expression in _class_sums()))
        .where(_MOMENT.session_id == session_id, _MOMENT.at_ms.between(*_span_ms(first, last)))
        .group_by(_MOMENT.session_id, minute)
    )
    names = ["session_id", "minute", *(name for name, _ in _class_sums())]
    connection.execute(insert(ClassMinute).from_select(names, rows))
    _recount_total(connection, session_id)


def recount_students(
    connection: Connection,
    session_id: int,
    student_ids: Collection[int],
    first: int | None = None,
    last: int | None = None,
) -> None:
    """Add up afresh these students' minutes from ``first`` to ``last``, or all of them."""
    within = (_STUDENT_MINUTE.session_id == session_id) & _STUDENT_MINUTE.student_id.in_(student_ids)
    wanted = (_READING.session_id == session_id) & _READING.student_id.in_(student_ids)
    if first is not None and last is not None:
        within &= _STUDENT_MINUTE.minute.between(first, last)
        wanted &= _READING.at_ms.between(*_span_ms(first, last))
    connection.execute(delete(StudentMinute).where(within))
    key = (_READING.session_id, _READING.student_id, _minute_of(_READING.at_ms))
    rows = select(*key, *(expression for _, expression in _student_sums())).where(wanted).group_by(*key)
    names = ["session_id", "student_id", "minute", *(name for name, _ in _student_sums())]
    connection.execute(insert(StudentMinute).from_select(names, rows))


def delete_readings(connection: Connection, session_id: int, now: float) -> None:
    """Delete every single reading and moment of a session that is over; rollups, flags, markers and names stay.

    Corrections that need readings are refused for it from then on.
    """
    connection.execute(delete(Reading).where(_READING.session_id == session_id))
    connection.execute(delete(ClassMoment).where(_MOMENT.session_id == session_id))
    connection.execute(update(Session).where(Session.id == session_id).values(readings_gone_at=now))


def _summed(
    rows: Iterable[Row], key: tuple[str, ...], names: Sequence[str], of_row: Callable[[Row], list[int]]
) -> list[dict[str, Any]]:
    """Rows added up by the columns of the key and the minute; ``of_row`` gives what one adds, in the order of names."""
    sums: dict[tuple[int, ...], list[int]] = {}
    for row in rows:
        place = (*(row[name] for name in key), row["at_ms"] // MINUTE_MS)
        new = of_row(row)
        sums[place] = _joined(names, sums[place], new) if place in sums else new
    columns = (*key, "minute", *names)
    return [dict(zip(columns, (*place, *values), strict=True)) for place, values in sums.items()]


def _joined(names: Sequence[str], before: list[int], new: list[int]) -> list[int]:
    joined = list(map(add_numbers, before, new))
    if _MAXIMUM in names:
        place = names.index(_MAXIMUM)
        joined[place] = max(before[place], new[place])
    return joined


def _of_reading(row: Row) -> list[int]:
    """What a row of `readings` adds, in the order of ``_STUDENT_SUMS``."""
    camera, turn, eyes = row["camera"], row["yaw"], row["eyes_open"]
    valid = row[PROBABILITY_COLUMNS[0]] is not None
    return [
        1,
        int(camera == "on"),
        int(camera in BY_CHOICE),
        int(valid),
        int(turn is not None),
        abs(turn or 0),
        int(eyes is not None),
        eyes or 0,
        *([row[name] for name in PROBABILITY_COLUMNS] if valid else _NOTHING),
    ]


def _of_moment(row: Row) -> list[int]:
    """What a row of `class_moments` adds, in the order of ``_CLASS_SUMS``."""
    valid = row[PROBABILITY_COLUMNS[0]] is not None
    return [
        1,
        int(valid),
        row["seen"],
        row["present"],
        row["present"],
        row["valence"] or 0,
        row["attending"],
        row["judged"],
        *([row[name] for name in PROBABILITY_COLUMNS] if valid else _NOTHING),
    ]


def _adding(model: type[Base]) -> Any:
    statement, columns = insert(model), model.__table__.columns
    key = [column.name for column in columns if column.primary_key]
    sums = [column for column in columns if not column.primary_key]
    changes = {column.name: _sum_of(column, statement.excluded[column.name]) for column in sums}
    return statement.on_conflict_do_update(index_elements=key, set_=changes)


def _sum_of(kept: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((kept < new, new), else_=kept) if kept.key == _MAXIMUM else kept + new


_ADD_STUDENT_MINUTES, _ADD_CLASS_MINUTES, _ADD_TOTALS = map(_adding, (StudentMinute, ClassMinute, SessionTotal))


def _recount_total(connection: Connection, session_id: int) -> None:
    connection.execute(delete(SessionTotal).where(SessionTotal.session_id == session_id))
    sums = [(func.max if name == _MAXIMUM else func.sum)(_CLASS_MINUTE[name]).label(name) for name in _CLASS_SUMS]
    whole = (
        select(_CLASS_MINUTE.session_id, *sums)
        .where(_CLASS_MINUTE.session_id == session_id)
        .group_by(_CLASS_MINUTE.session_id)
    )
    connection.execute(insert(SessionTotal).from_select(["session_id", *_CLASS_SUMS], whole))


def _student_sums() -> list[tuple[str, ColumnElement[Any]]]:
    return [
        ("readings", func.count()),
        ("camera_on", _count_if(_READING.camera == "on")),
        ("camera_off", _count_if(_READING.camera.in_(BY_CHOICE))),
        ("turns", func.count(_READING.yaw)),
        ("turn_sum", _sum_or_0(func.abs(_READING.yaw))),
        ("eyes", func.count(_READING.eyes_open)),
        ("eyes_sum", _sum_or_0(_READING.eyes_open)),
        ("valid", func.count(_READING[PROBABILITY_COLUMNS[0]])),
        *((name, _sum_or_0(_READING[p])) for name, p in zip(SUM_COLUMNS, PROBABILITY_COLUMNS, strict=True)),
    ]


def _class_sums() -> list[tuple[str, ColumnElement[Any]]]:
    return [
        ("moments", func.count()),
        ("seen_sum", func.sum(_MOMENT.seen)),
        ("present_sum", func.sum(_MOMENT.present)),
        (_MAXIMUM, func.max(_MOMENT.present)),
        ("valence_sum", _sum_or_0(_MOMENT.valence)),
        ("attending_sum", func.sum(_MOMENT.attending)),
        ("judged_sum", func.sum(_MOMENT.judged)),
        ("moods", func.count(_MOMENT[PROBABILITY_COLUMNS[0]])),
        *((name, _sum_or_0(_MOMENT[p])) for name, p in zip(SUM_COLUMNS, PROBABILITY_COLUMNS, strict=True)),
    ]


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _sum_or_0(values: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(values), 0)


def _minute_of(at_ms: ColumnElement[int]) -> ColumnElement[int]:
    return at_ms // literal(MINUTE_MS, literal_execute=True)


def _span_ms(first: int, last: int) -> tuple[int, int]:
    return first * MINUTE_MS, (last + 1) * MINUTE_MS - 1
