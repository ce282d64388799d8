"""One function for each question that a page asks; all of them read only, and none waits for the writer.

Whatever spans minutes is answered from the rollups, so that a year of classes costs no more than its sessions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, Select, func, select

from db.engine import reading
from db.status import CaptureStatus
from db.tables import (
    MINUTE_MS,
    PROBABILITY_COLUMNS,
    SUM_COLUMNS,
    THOUSAND,
    Alias,
    CaptureStatusRow,
    ClassMinute,
    ClassMoment,
    Course,
    FlagRow,
    Gap,
    Marker,
    Session,
    SessionTotal,
    Student,
    StudentMinute,
)
from domain import EMOTIONS, CameraState, Emotion

MOMENTS_LIMIT = 900
"""Points of a line that a page asks for at most: about one per two pixels of a wide chart."""

FEWEST_STUDENTS = 5
"""Classes with fewer students never enter comparisons: their numbers would be about persons."""

MOMENT_COLUMNS = ("at_ms", "seen", "present", "valence", *EMOTIONS)
"""What is told of a moment of the class."""

_STATUS = CaptureStatusRow.__table__.c
_MOMENT = ClassMoment.__table__.c
_STUDENT = Student.__table__.c
_SESSION = Session.__table__.c
_TOTAL = SessionTotal.__table__.c
_MEASURES = ("seen", "present", "valence", *PROBABILITY_COLUMNS)
_THOUSANDTHS = slice(3, None)
"""Where, after at_ms, seen and present, the shares are."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One session: times in UNIX seconds, ``ended_at`` and ``end_reason`` None while it runs."""

    id: int
    started_at: float
    ended_at: float | None
    end_reason: str | None
    source: str
    title: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class TileView:
    """One tile of the gallery as it is now.

    ``box`` is left, top, right, bottom as shares (0 to 1) of the rectangle around all tiles; ``number`` is the
    student's, None while the tile belongs to nobody yet; ``name`` is untrusted text; ``emotion`` is the leading one of
    the smoothed mood with its probability, both None without a valid reading.
    """

    slot: int
    box: tuple[float, float, float, float]
    camera: CameraState
    number: int | None
    name: str | None
    staff: bool
    emotion: Emotion | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class TileMap:
    """The gallery that the capture sees now: tiles in reading order, and width / height of it all, 0 if empty."""

    tiles: tuple[TileView, ...]
    aspect: float


@dataclass(frozen=True, slots=True)
class LiveNews:
    """What one tick of the live page is told: health, the latest session, its new moments, and the gallery now.

    ``moments`` has a row per moment and the columns ``MOMENT_COLUMNS``, as `class_moments` describes them.
    """

    status: CaptureStatus | None
    session: SessionSummary | None
    moments: np.ndarray
    tiles: TileMap


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
    """A flag: whose (None: the class's), what and why in words, UNIX seconds, and what a person did with it."""

    id: int
    student: int | None
    kind: str
    reason: str
    started_at: float
    ended_at: float | None
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


def live_news(engine: Engine, session_id: int | None, after_ms: int, oldest_ms: int) -> LiveNews:
    """All that a tick asks, at once: moments later than after_ms, or than oldest_ms if the session is another one."""
    with reading(engine) as connection:
        status, tiles = _status_and_tiles(connection)
        session = _latest_session(connection)
        moments = np.empty((0, len(MOMENT_COLUMNS)))
        if session is not None:
            since_ms = after_ms if session.id == session_id else oldest_ms
            stretch = (_MOMENT.session_id == session.id) & (_MOMENT.at_ms > since_ms)
            moments = _measured(connection.execute(_exact(stretch)).all())
    return LiveNews(status, session, moments, tiles)


def latest_session(engine: Engine) -> SessionSummary | None:
    """The session that was started last, running or not; None before the first."""
    with reading(engine) as connection:
        return _latest_session(connection)


def _latest_session(connection: Connection) -> SessionSummary | None:
    row = connection.execute(_summaries().order_by(_SESSION.id.desc()).limit(1)).one_or_none()
    return SessionSummary(**row._mapping) if row else None


def _summaries() -> Select[*tuple[Any, ...]]:
    return select(*(_SESSION[name] for name in SessionSummary.__slots__))


def session(engine: Engine, session_id: int) -> SessionSummary | None:
    """One session; None when there is none of this number."""
    with reading(engine) as connection:
        row = connection.execute(_summaries().where(_SESSION.id == session_id)).one_or_none()
    return SessionSummary(**row._mapping) if row else None


def session_span(engine: Engine, session_id: int) -> tuple[int, int] | None:
    """First and last moment of a session in milliseconds since 1970; None while it has none."""
    with reading(engine) as connection:
        return _span(connection, _MOMENT.session_id == session_id)


def class_moments(
    engine: Engine, session_id: int, after_ms: int = -1, until_ms: int | None = None, limit: int = MOMENTS_LIMIT
) -> pd.DataFrame:
    """The class's mood later than after_ms, and up to until_ms where that is given, in the order of time.

    Columns: at_ms (milliseconds since 1970), seen and present (students), valence (-1 to 1) and one per emotion (0 to
    1); NaN where nobody could be read. A stretch with more than ``limit`` moments is averaged over up to ``limit``
    equal spans of time, each named by its last moment, so that asking again after the last at_ms gives what is new.
    """
    stretch = (_MOMENT.session_id == session_id) & (_MOMENT.at_ms > after_ms)
    if until_ms is not None:
        stretch &= _MOMENT.at_ms <= until_ms
    with reading(engine) as connection:
        rows = connection.execute(_exact(stretch).limit(limit + 1)).all()
        if len(rows) > limit:
            rows = _averaged(connection, stretch, limit)
    values = _measured(rows)
    frame = pd.DataFrame(values[:, 1:], columns=list(MOMENT_COLUMNS[1:]))
    frame.insert(0, "at_ms", values[:, 0].astype("int64"))
    return frame


def _exact(stretch) -> Select[*tuple[Any, ...]]:
    return select(_MOMENT.at_ms, *(_MOMENT[name] for name in _MEASURES)).where(stretch).order_by(_MOMENT.at_ms)


def _measured(rows: Sequence[Any]) -> np.ndarray:
    """Rows of at_ms and the measures as ``MOMENT_COLUMNS``."""
    values = _matrix(rows, len(MOMENT_COLUMNS))
    values[:, _THOUSANDTHS] /= THOUSAND
    return values


def _matrix(rows: Sequence[Any], width: int) -> np.ndarray:
    return np.array([tuple(row) for row in rows], dtype=float).reshape(-1, width)


def _span(connection: Connection, stretch) -> tuple[int, int] | None:
    first, last = (
        connection.execute(select(_MOMENT.at_ms).where(stretch).order_by(order).limit(1)).scalar()
        for order in (_MOMENT.at_ms, _MOMENT.at_ms.desc())
    )
    return None if first is None or last is None else (first, last)


def _averaged(connection: Connection, stretch, limit: int):
    span = _span(connection, stretch)
    assert span is not None  # the caller has just read rows of this stretch
    width_ms = (span[1] - span[0]) // limit + 1
    bucket = (_MOMENT.at_ms - span[0]) // width_ms
    means = (func.avg(_MOMENT[name]) for name in _MEASURES)
    return connection.execute(
        select(func.max(_MOMENT.at_ms), *means).where(stretch).group_by(bucket).order_by(bucket)
    ).all()


def capture_status(engine: Engine) -> CaptureStatus | None:
    """The capture's health as it last said; None before the first capture."""
    with reading(engine) as connection:
        return _status_and_tiles(connection)[0]


def tile_map(engine: Engine) -> TileMap:
    """The gallery as the capture sees it now, with the names that the students have now; empty while it sees none."""
    with reading(engine) as connection:
        return _status_and_tiles(connection)[1]


def _status_and_tiles(connection: Connection) -> tuple[CaptureStatus | None, TileMap]:
    row = connection.execute(select(*(_STATUS[name] for name in CaptureStatus.__slots__), _STATUS.layout)).one_or_none()
    if row is None:
        return None, TileMap((), 0.0)
    values = dict(row._mapping)
    layout = json.loads(values.pop("layout"))
    students = {}
    if layout["tiles"]:
        asked = select(_STUDENT.student_id, _STUDENT.display_name, _STUDENT.staff)
        named = connection.execute(asked.where(_STUDENT.session_id == row.session_id))
        students = {number: (name, staff) for number, name, staff in named}
    return CaptureStatus(**values), TileMap(tuple(_view(tile, students) for tile in layout["tiles"]), layout["aspect"])


def _view(tile: dict, students: dict[int, tuple[str | None, bool]]) -> TileView:
    name, staff = students.get(tile["student"], (None, False))
    return TileView(
        slot=tile["slot"],
        box=tuple(tile["box"]),
        camera=tile["camera"],
        number=tile["student"],
        name=name,
        staff=staff,
        emotion=tile["emotion"],
        probability=tile["probability"],
    )


def class_minutes(engine: Engine, session_ids: Sequence[int]) -> pd.DataFrame:
    """The class minute by minute, of one session or of several side by side.

    Columns: session_id, at_ms (the minute's start, milliseconds since 1970), moments (a count), seen and present (mean
    numbers of students), valence (-1 to 1) and one per emotion (0 to 1); NaN where nobody could be read.
    """
    minutes = ClassMinute.__table__.c
    asked = (
        select(minutes.session_id, minutes.minute, *_class_sums(minutes))
        .where(minutes.session_id.in_(session_ids))
        .order_by(minutes.session_id, minutes.minute)
    )
    with reading(engine) as connection:
        rows = connection.execute(asked).all()
    values = _matrix(rows, 2 + len(_CLASS_MEANS) + 1)
    frame = pd.DataFrame({"session_id": values[:, 0].astype("int64"), "at_ms": _minute_starts(values[:, 1])})
    return frame.join(_class_means(values[:, 2:]))


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
    values = _matrix(rows, 2 + len(names))
    column = dict(zip(names, values[:, 2:].T, strict=True))
    means = {
        "camera_on": _share(column["camera_on"], column["readings"]),
        "camera_off": _share(column["camera_off"], column["readings"]),
        "turn": _share(column["turn_sum"], column["turns"]),
        "eyes_open": _share(column["eyes_sum"], column["eyes"] * THOUSAND),
    }
    for emotion, name in zip(EMOTIONS, SUM_COLUMNS, strict=True):
        means[emotion] = _share(column[name], column["valid"] * THOUSAND)
    counts = {name: column[name].astype("int64") for name in ("readings", "valid")}
    keys = {"student": values[:, 0].astype("int64"), "at_ms": _minute_starts(values[:, 1])}
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
    flag = FlagRow.__table__.c
    columns = (flag.id, flag.student_id, flag.kind, flag.reason, flag.started_at_ms, flag.ended_at_ms)
    asked = select(*columns, flag.dismissed_at, flag.dismissal, flag.dismissal_note)
    with reading(engine) as connection:
        rows = connection.execute(asked.where(flag.session_id == session_id).order_by(flag.started_at_ms, flag.id))
        return [FlagView(*row[:4], row[4] / THOUSAND, _seconds(row[5]), *row[6:]) for row in rows]


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
        return [GapView(start / THOUSAND, _seconds(end), reason) for start, end, reason in rows]


def sessions(engine: Engine) -> pd.DataFrame:
    """All sessions, the newest first: what a teacher finds them by.

    Columns: id, started_at and ended_at (UNIX seconds, NaN while it runs), title, course (None without one), source,
    simulated, moments (a count), students (most at once), coverage (share seen, 0 to 1), valence (-1 to 1) and one per
    emotion (0 to 1), means over the session; NaN where nobody could be read.
    """
    return _sessions(engine, _session_rows().order_by(_SESSION.id.desc()))


def comparable_sessions(
    engine: Engine, since: float | None = None, until: float | None = None, course: str | None = None
) -> pd.DataFrame:
    """Finished sessions that may be compared, in the order of time: real ones of at least five students.

    The columns are those of `sessions`. ``since`` and ``until`` bound the start, in UNIX seconds.
    """
    asked = _session_rows().where(
        ~_SESSION.simulated, _SESSION.ended_at.is_not(None), _TOTAL.present_max >= FEWEST_STUDENTS
    )
    if since is not None:
        asked = asked.where(_SESSION.started_at >= since)
    if until is not None:
        asked = asked.where(_SESSION.started_at < until)
    if course is not None:
        asked = asked.where(Course.name == course)
    return _sessions(engine, asked.order_by(_SESSION.started_at))


_SESSION_FACTS = ("id", "started_at", "ended_at", "title", "course", "source", "simulated", "students")
_CLASS_MEANS = ("moments", "seen", "present", "valence", *EMOTIONS)


def _session_rows() -> Select[*tuple[Any, ...]]:
    facts = (_SESSION[name] for name in ("id", "started_at", "ended_at", "title"))
    origin = (Course.name, _SESSION.source, _SESSION.simulated, func.coalesce(_TOTAL.present_max, 0))
    return (
        select(*facts, *origin, *_class_sums(_TOTAL))
        .select_from(Session)
        .outerjoin(Course, Course.id == _SESSION.course_id)
        .outerjoin(SessionTotal, _TOTAL.session_id == _SESSION.id)
    )


def _sessions(engine: Engine, asked: Select[*tuple[Any, ...]]) -> pd.DataFrame:
    with reading(engine) as connection:
        rows = connection.execute(asked).all()
    width = len(_SESSION_FACTS)
    facts = pd.DataFrame([tuple(row[:width]) for row in rows], columns=list(_SESSION_FACTS))
    facts["ended_at"] = facts["ended_at"].astype(float)
    means = _class_means(np.nan_to_num(_matrix([row[width:] for row in rows], len(_CLASS_MEANS) + 1)))
    means.insert(1, "coverage", _share(means["seen"].to_numpy(), means["present"].to_numpy()))
    return facts.join(means.drop(columns=["seen", "present"]))


def _class_sums(table: Any) -> list[Any]:
    return [table[name] for name in ("moments", "moods", "seen_sum", "present_sum", "valence_sum", *SUM_COLUMNS)]


def _class_means(sums: np.ndarray) -> pd.DataFrame:
    """Rows of `_class_sums` as ``_CLASS_MEANS``."""
    moments, moods, seen, present = sums[:, :4].T
    means = {"moments": moments.astype("int64"), "seen": _share(seen, moments), "present": _share(present, moments)}
    for name, total in zip(("valence", *EMOTIONS), sums[:, 4:].T, strict=True):
        means[name] = _share(total, moods * THOUSAND)
    return pd.DataFrame(means)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part by whole; NaN where there is no whole."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _minute_starts(minutes: np.ndarray) -> np.ndarray:
    return minutes.astype("int64") * MINUTE_MS


def _seconds(at_ms: int | None) -> float | None:
    return None if at_ms is None else at_ms / THOUSAND
