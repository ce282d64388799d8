"""What the live page asks while a class runs: health, the gallery now, the newest moments, flags and answers."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, Select, func, select

from db.engine import reading
from db.queries.means import matrix
from db.queries.report import FlagView, flag_views
from db.status import CaptureStatus
from db.tables import (
    PROBABILITY_COLUMNS,
    THOUSAND,
    CaptureStatusRow,
    ClassMoment,
    CommandRow,
    FlagRow,
    Marker,
    Reading,
    Session,
    Student,
)
from domain import EMOTIONS, CameraState, Emotion

MOMENTS_LIMIT = 900
"""Points of a line that a page asks for at most: about one per two pixels of a wide chart."""

MOMENT_COLUMNS = ("at_ms", "seen", "present", "attending", "judged", "valence", *EMOTIONS)
"""What is told of a moment of the class."""

_STATUS = CaptureStatusRow.__table__.c
_MOMENT = ClassMoment.__table__.c
_STUDENT = Student.__table__.c
_SESSION = Session.__table__.c
_FLAG = FlagRow.__table__.c
_MARKER = Marker.__table__.c
_COMMAND = CommandRow.__table__.c
_READING = Reading.__table__.c
_MEASURES = ("seen", "present", "attending", "judged", "valence", *PROBABILITY_COLUMNS)
_THOUSANDTHS = slice(MOMENT_COLUMNS.index("valence"), None)
"""Where, after at_ms and the counts, the shares are."""


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
    the smoothed mood with its probability, both None without a valid reading; ``masked`` says that no face is looked
    for there, because there is no consent.
    """

    slot: int
    box: tuple[float, float, float, float]
    camera: CameraState
    number: int | None
    name: str | None
    staff: bool
    emotion: Emotion | None
    probability: float | None
    masked: bool = False


@dataclass(frozen=True, slots=True)
class TileMap:
    """The gallery that the capture sees now: tiles in reading order, and width / height of it all, 0 if empty."""

    tiles: tuple[TileView, ...]
    aspect: float


@dataclass(frozen=True, slots=True)
class LiveNews:
    """What one tick of the live page is told: health, the latest session, its new moments, and the gallery now.

    ``moments`` has a row per moment and the columns ``MOMENT_COLUMNS``, as `class_moments` describes them. ``flags``
    are those that last, or ended not long ago, with the ``names`` (untrusted text) of their students by number.
    ``markers`` says how many markers the session has and the number of the last, both 0 without any: it changes
    whenever one is added or removed. ``answers`` holds, by the numbers asked for, what became of commands: None where
    one was obeyed, else why not; those that nobody has answered are left out.
    """

    status: CaptureStatus | None
    session: SessionSummary | None
    moments: np.ndarray
    tiles: TileMap
    flags: Sequence[FlagView]
    names: Mapping[int, str | None]
    markers: tuple[int, int]
    answers: Mapping[int, str | None]


def live_news(
    engine: Engine, session_id: int | None, after_ms: int, oldest_ms: int, asked: Collection[int] = ()
) -> LiveNews:
    """All that a tick asks, at once: moments later than after_ms, or than oldest_ms if the session is another one.

    Flags that ended before oldest_ms are left out; ``asked`` are the commands whose answers are awaited.
    """
    moments = np.empty((0, len(MOMENT_COLUMNS)))
    flags, names, markers = [], {}, (0, 0)
    with reading(engine) as connection:
        status, tiles = _status_and_tiles(connection)
        session = _latest_session(connection)
        if session is not None:
            since_ms = after_ms if session.id == session_id else oldest_ms
            stretch = (_MOMENT.session_id == session.id) & (_MOMENT.at_ms > since_ms)
            moments = _measured(connection.execute(_exact(stretch)).all())
            lately = _FLAG.ended_at_ms.is_(None) | (_FLAG.ended_at_ms > oldest_ms)
            flags = flag_views(connection, (_FLAG.session_id == session.id) & lately)
            names = _names(connection, session.id, {flag.student for flag in flags})
            markers = _markers(connection, session.id)
        answers = _answers(connection, asked)
    return LiveNews(status, session, moments, tiles, flags, names, markers, answers)


def _names(connection: Connection, session_id: int, students: Collection[int | None]) -> dict[int, str | None]:
    if not students:
        return {}
    asked = select(_STUDENT.student_id, _STUDENT.display_name).where(_STUDENT.session_id == session_id)
    rows = connection.execute(asked.where(_STUDENT.student_id.in_(students)))
    return {row.student_id: row.display_name for row in rows}


def _markers(connection: Connection, session_id: int) -> tuple[int, int]:
    asked = select(func.count(), func.coalesce(func.max(_MARKER.id), 0)).where(_MARKER.session_id == session_id)
    count, last = connection.execute(asked).one()
    return count, last


def _answers(connection: Connection, asked: Collection[int]) -> dict[int, str | None]:
    if not asked:
        return {}
    answered = select(_COMMAND.id, _COMMAND.error).where(_COMMAND.id.in_(asked), _COMMAND.applied_at.is_not(None))
    return {row.id: row.error for row in connection.execute(answered)}


@dataclass(frozen=True, slots=True)
class ReadingView:
    """What one frame showed of a student: UNIX seconds, the tile's state, and the leading emotion if it was read."""

    at: float
    camera: CameraState
    emotion: Emotion | None


def student_readings(engine: Engine, session_id: int, student: int, after_at: float) -> list[ReadingView]:
    """The readings of one student later than a time, in their order."""
    shares = [_READING[name] for name in PROBABILITY_COLUMNS]
    asked = select(_READING.at_ms, _READING.camera, *shares).where(
        _READING.session_id == session_id, _READING.student_id == student, _READING.at_ms > round(after_at * THOUSAND)
    )
    with reading(engine) as connection:
        rows = connection.execute(asked.order_by(_READING.at_ms)).all()
    return [_reading_view(*row) for row in rows]


def _reading_view(at_ms: int, camera: CameraState, *shares: int | None) -> ReadingView:
    read = None not in shares
    return ReadingView(at_ms / THOUSAND, camera, EMOTIONS[int(np.argmax(np.array(shares)))] if read else None)


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

    Columns: at_ms (milliseconds since 1970), seen, present, attending and judged (students), valence (-1 to 1) and one
    per emotion (0 to 1); NaN where nobody could be read. A stretch with more than ``limit`` moments is averaged over up
    to ``limit`` equal spans of time, each named by its last moment, so that asking again after the last at_ms gives
    what is new.
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
    values = matrix(rows, len(MOMENT_COLUMNS))
    values[:, _THOUSANDTHS] /= THOUSAND
    return values


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
        masked=tile.get("masked", False),  # a capture that was started before this program does not say
    )
