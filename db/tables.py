"""The tables: every column says in one sentence what it holds and in which unit.

Probabilities and other shares are kept as whole thousandths: one or two bytes instead of eight, and finer than any of
these readings is exact. Times of readings are whole milliseconds since 1970 in UTC, because they are keys. Rollups hold
sums and counts, never means: they can be added to, and added up.

``python -m db.tables`` prints docs/data-model.md.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain import EMOTIONS

THOUSAND = 1000
"""Thousandths in a whole, and milliseconds in a second."""

FEWEST_STUDENTS = 5
"""Sums of classes with fewer students are about persons: they are never compared, published or shown to an admin."""

PROBABILITY_COLUMNS = tuple(f"p_{emotion}" for emotion in EMOTIONS)
"""The seven columns of probabilities, in the order of ``EMOTIONS``."""

SUM_COLUMNS = tuple(f"sum_{emotion}" for emotion in EMOTIONS)
"""The seven columns of summed probabilities of the rollups, in the order of ``EMOTIONS``."""

MINUTE_MS = 60_000
"""Milliseconds in a minute, the span of a rollup."""


def storable(text: str) -> str:
    """Text as both databases can hold it: what is no character (halves of one, zeros) becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def new_uid() -> str:
    """A number for a session that no other session in the world has."""
    return str(uuid.uuid4())


class Base(DeclarativeBase):
    """What all tables share: Python's float is a double, Python's str a text without limit."""

    type_annotation_map = {float: Double, str: Text}  # noqa: RUF012  SQLAlchemy asks for a plain dict here


def _probability(emotion: str) -> Mapped[int | None]:
    return mapped_column(SmallInteger, comment=f"Probability of {emotion} in thousandths; null where nothing was read.")


def _sum(emotion: str) -> Mapped[int]:
    return mapped_column(
        default=0, sort_order=1, comment=f"Sum of the probabilities of {emotion} over those counted, in thousandths."
    )


class Course(Base):
    """What is taught to one group over many sessions."""

    __tablename__ = "courses"

    id: Mapped[int] = mapped_column(primary_key=True, comment="Running number of the course, from 1.")
    name: Mapped[str] = mapped_column(unique=True, comment="Name of the course as the teacher set it.")


class Session(Base):
    """One class, from the first gallery seen to the last."""

    __tablename__ = "sessions"
    __table_args__ = (Index("sessions_by_uid", "uid", unique=True),)

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
    settings: Mapped[str | None] = mapped_column(comment="The settings that the numbers rest on, a JSON object.")
    course_id: Mapped[int | None] = mapped_column(
        ForeignKey("courses.id"), comment="The course; null without a title and for simulated sessions."
    )
    model_version: Mapped[str | None] = mapped_column(
        comment="Which emotion model gave the readings: its file and the start of its SHA-256; null where unknown."
    )
    rules_version: Mapped[str | None] = mapped_column(
        comment="Which version of the program judged the readings; null where unknown."
    )
    readings_gone_at: Mapped[float | None] = mapped_column(
        comment="When its readings were deleted and only the rollups kept, in UNIX seconds UTC; null before."
    )
    uid: Mapped[str | None] = mapped_column(
        default=new_uid, comment="Number of the session in the world, the same in every database that has it."
    )
    owner: Mapped[str | None] = mapped_column(
        comment="Login of the teacher whose class it is; null where nobody has been told."
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
        comment=(
            "`no_gallery`: no gallery in sight; `person`: paused by a person; `no_frames`: sleep, stall or clock set "
            "forward; `clock_back`: clock set back."
        )
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
        comment="Name to show: the given one, else the label's; untrusted text; null while the student has none."
    )
    label_name: Mapped[str | None] = mapped_column(
        comment="Name that the program read from the label last, untrusted text; null where it could not."
    )
    given_name: Mapped[str | None] = mapped_column(
        comment="Name that a person gave, which the program never changes, untrusted text; null without one."
    )
    roster_id: Mapped[str | None] = mapped_column(
        comment="The student's number in the school's list, given with the name; null where it is not known."
    )
    merged_into: Mapped[int | None] = mapped_column(
        comment="Number of the student who this one turned out to be; null for a student of one's own."
    )
    staff: Mapped[bool] = mapped_column(comment="True for a teacher or co-host, left out of the class's numbers.")
    first_seen_at: Mapped[float] = mapped_column(comment="When the student was first seen, in UNIX seconds UTC.")
    last_seen_at: Mapped[float | None] = mapped_column(
        comment="When the tile was last read, in UNIX seconds UTC; brought up to date at every pause and at the end."
    )


class Alias(Base):
    """A name that a student's label has shown in a session: people rename themselves, and labels are misread."""

    __tablename__ = "aliases"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "student_id"], ["students.session_id", "students.student_id"]),
        {"sqlite_with_rowid": False},
    )

    session_id: Mapped[int] = mapped_column(primary_key=True, comment="The session.")
    student_id: Mapped[int] = mapped_column(
        primary_key=True, comment="Number that the program gave the student, whatever was corrected since."
    )
    name: Mapped[str] = mapped_column(primary_key=True, comment="The name as it was read, untrusted text.")
    first_seen_at: Mapped[float] = mapped_column(comment="When it was first read, in UNIX seconds UTC.")


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
    abstained: Mapped[str | None] = mapped_column(
        comment="Why a face was not read, or not even looked for; null where it was read."
    )
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
    origin_id: Mapped[int | None] = mapped_column(
        comment="Number that the program gave, where a person moved the reading to another student; else null."
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
    attending: Mapped[int] = mapped_column(
        SmallInteger, server_default="0", comment="Of those judged, students who look towards the screen, a count."
    )
    judged: Mapped[int] = mapped_column(
        SmallInteger, server_default="0", comment="Students of whom can be told where they look, a count."
    )


class MoodSums:
    """What rollups add up of moods: the seven sums."""

    sum_angry: Mapped[int] = _sum("angry")
    sum_disgust: Mapped[int] = _sum("disgust")
    sum_fear: Mapped[int] = _sum("fear")
    sum_happy: Mapped[int] = _sum("happy")
    sum_sad: Mapped[int] = _sum("sad")
    sum_surprise: Mapped[int] = _sum("surprise")
    sum_neutral: Mapped[int] = _sum("neutral")


class ClassSums(MoodSums):
    """What rollups of the class add up over its moments."""

    moments: Mapped[int] = mapped_column(comment="Moments, a count.")
    moods: Mapped[int] = mapped_column(comment="Moments in which somebody was read, a count: those summed up.")
    seen_sum: Mapped[int] = mapped_column(comment="Sum over the moments of students with a recent valid reading.")
    present_sum: Mapped[int] = mapped_column(comment="Sum over the moments of students in the meeting.")
    present_max: Mapped[int] = mapped_column(SmallInteger, comment="Most students in the meeting at once, a count.")
    valence_sum: Mapped[int] = mapped_column(comment="Sum of the class's valence over its moods, in thousandths.")
    attending_sum: Mapped[int] = mapped_column(
        server_default="0", comment="Sum over the moments of students who look towards the screen."
    )
    judged_sum: Mapped[int] = mapped_column(
        server_default="0", comment="Sum over the moments of students of whom can be told where they look."
    )


class StudentMinute(MoodSums, Base):
    """One minute of one student, added up from the readings."""

    __tablename__ = "student_minutes"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True, comment="The session.")
    # The minute comes first in the key: the sums that grow now lie together, and a commit writes few pages.
    minute: Mapped[int] = mapped_column(primary_key=True, comment="The minute, counted since 1970 UTC.")
    student_id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the student within the session.")
    readings: Mapped[int] = mapped_column(SmallInteger, comment="Readings of the student's tile, a count.")
    camera_on: Mapped[int] = mapped_column(SmallInteger, comment="Readings with a live picture of somebody, a count.")
    camera_off: Mapped[int] = mapped_column(
        SmallInteger, comment="Readings without a live picture by choice (off, photo, covered), a count."
    )
    valid: Mapped[int] = mapped_column(SmallInteger, comment="Readings with probabilities, a count: those summed up.")
    turns: Mapped[int] = mapped_column(SmallInteger, comment="Readings that tell the head's turn, a count.")
    turn_sum: Mapped[int] = mapped_column(comment="Sum of those turns to either side, in degrees.")
    eyes: Mapped[int] = mapped_column(SmallInteger, comment="Readings that tell how open the eyes are, a count.")
    eyes_sum: Mapped[int] = mapped_column(comment="Sum of those opennesses, in thousandths.")


class ClassMinute(ClassSums, Base):
    """One minute of the class, added up from its moments."""

    __tablename__ = "class_minutes"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True, comment="The session.")
    minute: Mapped[int] = mapped_column(primary_key=True, comment="The minute, counted since 1970 UTC.")


class SessionTotal(ClassSums, Base):
    """A whole session, added up from the moments of the class: what comparisons read."""

    __tablename__ = "session_totals"

    session_id: Mapped[int] = mapped_column(
        ForeignKey("sessions.id"), primary_key=True, autoincrement=False, comment="The session."
    )


class FlagRow(Base):
    """A prompt to look at a student, why it was given, and what the teacher did with it."""

    __tablename__ = "flags"
    __table_args__ = (Index("flags_of_session", "session_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, comment="Running number of the flag, from 1.")
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), comment="The session.")
    student_id: Mapped[int | None] = mapped_column(comment="Number of the student; null where the class is meant.")
    origin_id: Mapped[int | None] = mapped_column(
        comment="Number that the program gave, where a correction moved the flag to another student; else null."
    )
    kind: Mapped[str] = mapped_column(comment="What was noticed, one word.")
    reason: Mapped[str] = mapped_column(comment="The explanation in words: what, since when, of how many readings.")
    started_at_ms: Mapped[int] = mapped_column(BigInteger, comment="Since when, in milliseconds since 1970 UTC.")
    ended_at_ms: Mapped[int | None] = mapped_column(
        BigInteger, comment="Until when, in milliseconds since 1970 UTC; null while it lasts."
    )
    readings: Mapped[int] = mapped_column(server_default="0", comment="Readings that it rests on, a count.")
    readings_of: Mapped[int] = mapped_column(server_default="0", comment="Readings there were in that time, a count.")
    confidence: Mapped[int] = mapped_column(SmallInteger, server_default="0", comment="How sure it is, in thousandths.")
    alternatives: Mapped[str] = mapped_column(server_default="", comment="What else it could be, in words.")
    dismissed_at: Mapped[float | None] = mapped_column(
        comment="When a person put it aside, in UNIX seconds UTC; null where nobody did."
    )
    dismissal: Mapped[str | None] = mapped_column(
        comment="Why: `wrong` it is not so, `known` it is so and the reason is known, `not_now`; null if not dismissed."
    )
    dismissal_note: Mapped[str | None] = mapped_column(comment="The reason in the person's words; null without any.")


class Marker(Base):
    """What a person noted on the time line of a session."""

    __tablename__ = "markers"
    __table_args__ = (Index("markers_of_session", "session_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, comment="Running number of the marker, from 1.")
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), comment="The session.")
    at_ms: Mapped[int] = mapped_column(BigInteger, comment="Which moment it is about, in milliseconds since 1970 UTC.")
    kind: Mapped[str] = mapped_column(
        comment="`note`, `topic`, `question`, `phase` (of the lesson, up to the next one) or `mode` (of the flags)."
    )
    text: Mapped[str] = mapped_column(comment="What the person wrote, untrusted text; may be empty.")
    created_at: Mapped[float] = mapped_column(comment="When it was noted, in UNIX seconds UTC.")


class CorrectionRow(Base):
    """What a person changed about who is who, and what the program joined: the present state follows from all of it."""

    __tablename__ = "corrections"
    __table_args__ = (Index("corrections_of_session", "session_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, comment="Running number of the correction, from 1.")
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), comment="The session.")
    kind: Mapped[str] = mapped_column(comment="`rename`, `merge`, `split` or `move`.")
    student_id: Mapped[int] = mapped_column(comment="Number of the student who was corrected.")
    target_id: Mapped[int | None] = mapped_column(comment="Number of the student who got readings; null for a rename.")
    from_ms: Mapped[int | None] = mapped_column(
        BigInteger, comment="First moment concerned, in milliseconds since 1970 UTC; null from the start."
    )
    until_ms: Mapped[int | None] = mapped_column(
        BigInteger, comment="First moment no longer concerned, in milliseconds since 1970 UTC; null to the end."
    )
    name: Mapped[str | None] = mapped_column(comment="The name given, untrusted text; null where none was.")
    roster_id: Mapped[str | None] = mapped_column(comment="The number in the school's list given with it; else null.")
    made_at: Mapped[float] = mapped_column(comment="When it was made, in UNIX seconds UTC.")
    undone_at: Mapped[float | None] = mapped_column(comment="When it was taken back, in UNIX seconds UTC; else null.")


class AuditEntry(Base):
    """Who did what to the record, one row per deed; rows are added, and go when they are old, which is a deed, too."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, comment="Running number of the entry, from 1.")
    at: Mapped[float] = mapped_column(comment="When it was done, in UNIX seconds UTC.")
    actor: Mapped[str] = mapped_column(comment="Who did it: a login, `person` where there are none, or `program`.")
    action: Mapped[str] = mapped_column(comment="What was done, one word.")
    session_id: Mapped[int | None] = mapped_column(comment="The session concerned; null where it is none.")
    detail: Mapped[str] = mapped_column(comment="Numbers of the rows concerned, a JSON object, without names.")
    redacted_at: Mapped[float | None] = mapped_column(
        comment="When a name was taken out of the detail, the one change there may be, in UNIX seconds UTC; else null."
    )


class Account(Base):
    """Somebody who may log in where the pages are served beyond this machine."""

    __tablename__ = "accounts"

    login: Mapped[str] = mapped_column(primary_key=True, comment="The name to log in with.")
    role: Mapped[str] = mapped_column(comment="`teacher` sees their own classes, `admin` the sums of all.")
    password_hash: Mapped[str] = mapped_column(comment="The password as Argon2id keeps it.")
    sees_students: Mapped[bool] = mapped_column(default=False, comment="True for an admin who may see single students.")
    created_at: Mapped[float] = mapped_column(comment="When the account was made, in UNIX seconds UTC.")
    failures: Mapped[int] = mapped_column(default=0, comment="Wrong passwords since the last right one, a count.")
    locked_until: Mapped[float | None] = mapped_column(
        comment="Until when no password is taken, in UNIX seconds UTC; null where one is."
    )
    known_failures: Mapped[int] = mapped_column(
        default=0, comment="The same as failures, of browsers in which this account has been logged in before."
    )
    known_locked_until: Mapped[float | None] = mapped_column(comment="The same as locked_until, for those browsers.")


class LoginRow(Base):
    """A browser in which somebody has logged in; it is gone when they log out or stay away."""

    __tablename__ = "logins"

    token_hash: Mapped[str] = mapped_column(primary_key=True, comment="SHA-256 of the secret in the cookie.")
    login: Mapped[str] = mapped_column(ForeignKey("accounts.login"), comment="Whose it is.")
    started_at: Mapped[float] = mapped_column(comment="When the password was given, in UNIX seconds UTC.")
    used_at: Mapped[float] = mapped_column(comment="When a page was last asked for, in UNIX seconds UTC.")


class Publication(Base):
    """What is known of a session at the school's database: sent, or waiting to be sent."""

    __tablename__ = "publications"

    session_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="The session.")
    target: Mapped[str] = mapped_column(primary_key=True, comment="Address of the school's database, without password.")
    queued_at: Mapped[float | None] = mapped_column(
        comment="Since when it waits to be sent, in UNIX seconds UTC; null where nothing waits."
    )
    published_at: Mapped[float | None] = mapped_column(
        comment="When it was sent last, in UNIX seconds UTC; null before the first time."
    )
    digest: Mapped[str | None] = mapped_column(comment="SHA-256 of what was sent last; null before the first time.")


class CommandRow(Base):
    """What a page asks the capture to do; the capture looks about once a second."""

    __tablename__ = "commands"

    id: Mapped[int] = mapped_column(primary_key=True, comment="Running number of the command, from 1.")
    session_id: Mapped[int | None] = mapped_column(comment="The session it is meant for; null for whichever runs.")
    kind: Mapped[str] = mapped_column(comment="What to do, one of the kinds of commands.")
    payload: Mapped[str] = mapped_column(comment="What the kind needs to know, a JSON object; it may hold a name.")
    created_at: Mapped[float] = mapped_column(comment="When it was asked, in UNIX seconds UTC.")
    applied_at: Mapped[float | None] = mapped_column(comment="When it was answered, in UNIX seconds UTC; null before.")
    error: Mapped[str | None] = mapped_column(comment="Why it could not be done, one sentence; null where it was.")


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
    mode: Mapped[str | None] = mapped_column(comment="What the class does, as the teacher set it; null by default.")
    moments_lost: Mapped[int] = mapped_column(
        server_default="0", comment="Moments let go since the start because too many waited for the disk, a count."
    )
    cpu_percent: Mapped[float | None] = mapped_column(
        comment="CPU time of the capture in percent of one core; null before it was measured."
    )
    layout: Mapped[str] = mapped_column(
        comment="The gallery now, a JSON list of tiles: slot, box (shares of the gallery), camera, student, emotion."
    )
    error: Mapped[str | None] = mapped_column(comment="What is going wrong, one sentence; null when nothing is.")
    pid: Mapped[int] = mapped_column(comment="Process number of the capture.")
    started_at: Mapped[float] = mapped_column(comment="When the capture started, in UNIX seconds UTC.")


def data_model() -> str:
    """The tables as a page of Markdown, in the order in which they refer to each other."""
    return "\n".join(
        [
            "# The data model",
            "",
            "Made by `python -m db.tables`, as the tables say it of themselves. No column can hold a picture.",
            *(line for table in Base.metadata.sorted_tables for line in _described(table)),
            "",
        ]
    )


def _described(table: Table) -> Iterator[str]:
    meaning = next(mapper.class_.__doc__ for mapper in Base.registry.mappers if mapper.local_table is table)
    yield from ("", f"## `{table.name}`", "", (meaning or "").strip(), "")
    yield from ("| column | type | |", "|---|---|---|")
    yield from (f"| {_column(column)} | {column.comment} |" for column in table.columns)


def _column(column: Column) -> str:
    key = ", key" if column.primary_key else ""
    refers = "".join(f", refers to `{key.target_fullname}`" for key in column.foreign_keys)
    return f"`{column.name}` | {str(column.type).lower()}{key}{refers}"


if __name__ == "__main__":
    print(data_model(), end="")
