"""All that a report rests on, read once: the session, its minutes, its people, and what was noted of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from dashboard.live import glance
from dashboard.report import Frame
from dashboard.report.turning import TurningPoint, turning_points
from dashboard.report.usual import Usual, usual_of
from db import corrections, queries, remarks
from db.corrections import Made
from db.queries import FlagView, GapView, MarkerView, SessionSummary, StudentView
from db.remarks import FlagRate
from domain import EMOTIONS, Coverage

MINUTE_MS = 60_000
MOOD_COLUMNS = ["valence", *EMOTIONS]
"""What is said of the class as a whole, and left unsaid where too few of it are seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """A session as the store tells it.

    ``minutes`` has a row per minute read: at_ms (its start), seen, present, judged (mean numbers of students), coverage
    and attention (shares, 0 to 1), valence (-1 to 1) and one column per emotion; NaN where too few were seen to speak
    of the class. ``student_minutes`` is that of `db.queries`, without staff. ``until`` is the end, or now while the
    session runs, in UNIX seconds. ``rates`` tells how prompts fared in all real classes.
    """

    session: SessionSummary
    until: float
    minutes: Frame
    student_minutes: Frame
    students: tuple[StudentView, ...]
    flags: tuple[FlagView, ...]
    markers: tuple[MarkerView, ...]
    gaps: tuple[GapView, ...]
    history: tuple[Made, ...]
    turning: tuple[TurningPoint, ...]
    usual: Usual | None
    rates: tuple[FlagRate, ...]

    @property
    def running(self) -> bool:
        return self.session.ended_at is None

    @property
    def coverage(self) -> Coverage:
        """Students seen and present, on average over the minutes; zeros where nothing was read."""
        if self.minutes.empty:
            return Coverage(0, 0)
        weights = self.minutes["moments"] / self.minutes["moments"].sum()
        seen, present = (round(float((self.minutes[name] * weights).sum())) for name in ("seen", "present"))
        return Coverage(min(seen, present), present)

    @property
    def has_moods(self) -> bool:
        """Whether anything can be said of the class's mood at all: not in presence-only sessions."""
        return bool(self.minutes["valence"].notna().any())

    @property
    def has_attention(self) -> bool:
        """Whether it could be told where students look."""
        return bool(self.minutes["attention"].notna().any())


def read_account(engine: Engine, session_id: int, now: float) -> Account | None:
    """Read a session from the store; None where there is none of this number. Raises StoreError."""
    session = queries.session(engine, session_id)
    if session is None:
        return None
    students = tuple(student for student in queries.students(engine, session_id) if not student.staff)
    minutes = class_minutes(engine, session_id)
    by_student: Frame = queries.student_minutes(engine, session_id)
    markers, gaps = tuple(queries.markers(engine, session_id)), tuple(queries.gaps(engine, session_id))
    return Account(
        session=session,
        until=_until(session, minutes, now),
        minutes=minutes,
        student_minutes=by_student[by_student["student"].isin([student.number for student in students])],
        students=students,
        flags=tuple(queries.flags(engine, session_id)),
        markers=markers,
        gaps=gaps,
        history=tuple(corrections.history(engine, session_id)),
        turning=tuple(turning_points(minutes, markers, gaps)),
        usual=usual_of(engine, session),
        rates=tuple(remarks.flag_rates(engine)),
    )


def class_minutes(engine: Engine, session_id: int) -> Frame:
    """The class by the minute, as `Account.minutes` describes it."""
    return spoken_for(queries.class_minutes(engine, [session_id]))


def spoken_for(minutes: Frame) -> Frame:
    """Minutes of `db.queries.class_minutes` with coverage and attention, silent where too few are seen.

    Below ``glance.ENOUGH_SEEN`` of the class there is no word for "the class", here as on the live page.
    """
    told = minutes.copy()
    told["coverage"] = told["seen"] / told["present"].where(told["present"] > 0)
    told["attention"] = told["attending"] / told["judged"].where(told["judged"] > 0)
    told.loc[~(told["coverage"] >= glance.ENOUGH_SEEN), MOOD_COLUMNS] = float("nan")
    told.loc[~(told["judged"] >= glance.ENOUGH_SEEN * told["present"]), "attention"] = float("nan")
    return told


def _until(session: SessionSummary, minutes: Frame, now: float) -> float:
    if session.ended_at is not None:
        return session.ended_at
    last = session.started_at if minutes.empty else (float(minutes["at_ms"].iloc[-1]) + MINUTE_MS) / 1000
    return max(session.started_at, min(now, last))
