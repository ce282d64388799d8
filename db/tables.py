"""The tables: every column says in one sentence what it holds and in which unit.

Probabilities and other shares are kept as whole thousandths: one or two bytes instead of eight, and finer than any of
these readings is exact. Times of readings are whole milliseconds since 1970 in UTC, because they are keys.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, ForeignKeyConstraint, SmallInteger, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain import EMOTIONS

THOUSAND = 1000
"""Thousandths in a whole, and milliseconds in a second."""

PROBABILITY_COLUMNS = tuple(f"p_{emotion}" for emotion in EMOTIONS)
"""The seven columns of probabilities, in the order of ``EMOTIONS``."""


class Base(DeclarativeBase):
    """What all tables share: Python's float is a double, Python's str a text without limit."""

    type_annotation_map = {float: Double, str: Text}  # noqa: RUF012  SQLAlchemy asks for a plain dict here


def _probability(emotion: str) -> Mapped[int | None]:
    return mapped_column(SmallInteger, comment=f"Probability of {emotion} in thousandths; null where nothing was read.")


class Session(Base):
    """One class, from the first gallery seen to the last."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True, comment="Running number of the session, from 1.")
    started_at: Mapped[float] = mapped_column(comment="When the first gallery was seen, in UNIX seconds UTC.")
    ended_at: Mapped[float | None] = mapped_column(
        comment="When the session ended, in UNIX seconds UTC; null while it runs."
    )
    end_reason: Mapped[str | None] = mapped_column(
        comment="Why it ended, one word; `crashed` where the program was cut off and the end is the last reading."
    )
    source: Mapped[str] = mapped_column(comment="Where the pictures came from: screen, recording, webcam or simulator.")
    title: Mapped[str] = mapped_column(comment="Name of the course or recording as the teacher set it; may be empty.")
    simulated: Mapped[bool] = mapped_column(comment="True for drawn students, who never enter comparisons.")
    rules: Mapped[str | None] = mapped_column(
        comment="The settings and versions of models and rules that the numbers rest on, a JSON object."
    )


class Gap(Base):
    """A stretch of a session without readings, and why."""

    __tablename__ = "gaps"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True, comment="The session.")
    started_at_ms: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="When the gap began, in milliseconds since 1970 UTC."
    )
    ended_at_ms: Mapped[int | None] = mapped_column(
        BigInteger, comment="When readings came again, in milliseconds since 1970 UTC; null while the gap lasts."
    )
    reason: Mapped[str] = mapped_column(
        comment="`no_gallery`: paused; `no_frames`: sleep, stall or clock set forward; `clock_back`: clock set back."
    )


class Student(Base):
    """A participant of one session: a number and, where the label could be read, a name."""

    __tablename__ = "students"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True, comment="The session.")
    student_id: Mapped[int] = mapped_column(
        primary_key=True, comment="Number of the student within the session, from 1, as in `Student 7`."
    )
    display_name: Mapped[str | None] = mapped_column(
        comment="Name as the label shows it, untrusted text; null while nobody has named the student."
    )
    staff: Mapped[bool] = mapped_column(comment="True for a teacher or co-host, left out of the class's numbers.")
    first_seen_at: Mapped[float] = mapped_column(comment="When the student was first seen, in UNIX seconds UTC.")
    last_seen_at: Mapped[float | None] = mapped_column(
        comment="When the tile was last read, in UNIX seconds UTC; brought up to date at every pause and at the end."
    )


class Reading(Base):
    """What one frame showed of one student."""

    __tablename__ = "readings"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "student_id"], ["students.session_id", "students.student_id"]),
        # The key alone finds every row: without a second copy of it a reading takes half the room on disk.
        {"sqlite_with_rowid": False},
    )

    session_id: Mapped[int] = mapped_column(primary_key=True, comment="The session.")
    student_id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the student within the session.")
    at_ms: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="When the frame was taken, in milliseconds since 1970 UTC."
    )
    camera: Mapped[str] = mapped_column(comment="What the tile showed, one of the camera states.")
    p_angry: Mapped[int | None] = _probability("angry")
    p_disgust: Mapped[int | None] = _probability("disgust")
    p_fear: Mapped[int | None] = _probability("fear")
    p_happy: Mapped[int | None] = _probability("happy")
    p_sad: Mapped[int | None] = _probability("sad")
    p_surprise: Mapped[int | None] = _probability("surprise")
    p_neutral: Mapped[int | None] = _probability("neutral")
    abstained: Mapped[str | None] = mapped_column(comment="Why a face that was found was not read; null where it was.")
    face_height: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Height of the face in pixels; null where no face was found."
    )
    sharpness: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Sharpness of the face in thousandths; null where no face was found."
    )
    yaw: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Turn of the head to the side in degrees; null where it cannot be told."
    )
    pitch: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Tilt of the head up or down in degrees; null where it cannot be told."
    )
    eyes_open: Mapped[int | None] = mapped_column(
        SmallInteger, comment="How far the eyes are open in thousandths; null where it cannot be told."
    )
    attention_confidence: Mapped[int | None] = mapped_column(
        SmallInteger, comment="How sure the three columns before are, in thousandths; null where nothing was judged."
    )


class ClassMoment(Base):
    """The class as a whole at one frame: means over the students' smoothed moods, staff left out."""

    __tablename__ = "class_moments"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True, comment="The session.")
    at_ms: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="When the frame was taken, in milliseconds since 1970 UTC."
    )
    seen: Mapped[int] = mapped_column(SmallInteger, comment="Students with a recent valid reading, a count.")
    present: Mapped[int] = mapped_column(SmallInteger, comment="Students in the meeting, cameras off too, a count.")
    p_angry: Mapped[int | None] = _probability("angry")
    p_disgust: Mapped[int | None] = _probability("disgust")
    p_fear: Mapped[int | None] = _probability("fear")
    p_happy: Mapped[int | None] = _probability("happy")
    p_sad: Mapped[int | None] = _probability("sad")
    p_surprise: Mapped[int | None] = _probability("surprise")
    p_neutral: Mapped[int | None] = _probability("neutral")
    valence: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Mood from -1000 (unpleasant) to 1000 (pleasant) in thousandths; null without one."
    )


class CaptureStatusRow(Base):
    """How the capture is doing now: one row, overwritten about once a second."""

    __tablename__ = "capture_status"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="Always 1.")
    heartbeat_at: Mapped[float] = mapped_column(comment="When this row was written, in UNIX seconds UTC.")
    state: Mapped[str] = mapped_column(comment="What the capture does, one of the capture states.")
    message: Mapped[str] = mapped_column(comment="The same in one sentence for a person; may be empty.")
    session_id: Mapped[int | None] = mapped_column(comment="The session that is being written; null without one.")
    fps: Mapped[float | None] = mapped_column(comment="Frames read per second lately; null before the first.")
    drops: Mapped[int] = mapped_column(comment="Frames dropped since the start because newer ones came, a count.")
    cpu_percent: Mapped[float | None] = mapped_column(
        comment="CPU time of the capture in percent of one core; null before it was measured."
    )
    layout: Mapped[str] = mapped_column(
        comment="The gallery now, a JSON list of tiles: slot, box (shares of the gallery), camera, student, emotion."
    )
    error: Mapped[str | None] = mapped_column(comment="What is going wrong, one sentence; null when nothing is.")
    pid: Mapped[int] = mapped_column(comment="Process number of the capture.")
    started_at: Mapped[float] = mapped_column(comment="When the capture started, in UNIX seconds UTC.")
