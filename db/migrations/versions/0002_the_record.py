"""Rollups, flags, markers, courses, corrections with their history, commands and the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# Written out, as a step must not change when the program's list of emotions does.
_EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_SUMS = ", ".join(f"sum_{name}" for name in _EMOTIONS)
_SUMMED = ", ".join(f"coalesce(sum(p_{name}), 0)" for name in _EMOTIONS)
_CLASS_SUMS = f"moments, moods, seen_sum, present_sum, present_max, valence_sum, {_SUMS}"
_CLASS_SUMMED = f"count(*), count(p_angry), sum(seen), sum(present), max(present), coalesce(sum(valence), 0), {_SUMMED}"

_NEW_TABLES = (
    "commands",
    "audit",
    "corrections",
    "markers",
    "flags",
    "session_totals",
    "class_minutes",
    "student_minutes",
    "aliases",
)


def upgrade() -> None:
    """Add what is new, and fill it from the sessions that are there."""
    _add_columns()
    _make_rollups()
    _make_what_people_say()
    _make_corrections_and_steering()
    _fill()


def downgrade() -> None:
    """Go back to the tables of the first release; what only the new ones hold is lost."""
    for table in _NEW_TABLES:
        op.drop_table(table)
    for table, columns in (
        ("sessions", ("course_id", "model_version", "rules_version", "readings_gone_at")),
        ("students", ("label_name", "given_name", "roster_id", "merged_into")),
        ("readings", ("origin_id",)),
        ("capture_status", ("mode", "moments_lost")),
    ):
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute("ALTER TABLE sessions RENAME COLUMN settings TO rules")
    op.drop_table("courses")


def _add_columns() -> None:
    op.create_table(
        "courses",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
    )
    # In plain SQL, which both databases understand: Alembic would copy the whole table for either.
    op.execute("ALTER TABLE sessions RENAME COLUMN rules TO settings")
    op.execute("ALTER TABLE sessions ADD COLUMN course_id INTEGER REFERENCES courses (id)")
    op.add_column("sessions", sa.Column("model_version", sa.Text()))
    op.add_column("sessions", sa.Column("rules_version", sa.Text()))
    op.add_column("sessions", sa.Column("readings_gone_at", sa.Double()))
    op.add_column("students", sa.Column("label_name", sa.Text()))
    op.add_column("students", sa.Column("given_name", sa.Text()))
    op.add_column("students", sa.Column("roster_id", sa.Text()))
    op.add_column("students", sa.Column("merged_into", sa.Integer()))
    op.add_column("readings", sa.Column("origin_id", sa.Integer()))
    op.add_column("capture_status", sa.Column("mode", sa.Text()))
    op.add_column("capture_status", sa.Column("moments_lost", sa.Integer(), nullable=False, server_default="0"))


def _make_rollups() -> None:
    op.create_table(
        "aliases",
        sa.Column("session_id", sa.Integer(), primary_key=True),
        sa.Column("student_id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("first_seen_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["session_id", "student_id"], ["students.session_id", "students.student_id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "student_minutes",
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("minute", sa.Integer(), primary_key=True),
        sa.Column("student_id", sa.Integer(), primary_key=True),
        *(
            sa.Column(name, sa.SmallInteger(), nullable=False)
            for name in ("readings", "camera_on", "camera_off", "valid", "turns")
        ),
        sa.Column("turn_sum", sa.Integer(), nullable=False),
        sa.Column("eyes", sa.SmallInteger(), nullable=False),
        sa.Column("eyes_sum", sa.Integer(), nullable=False),
        *_mood_sums(),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "class_minutes",
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("minute", sa.Integer(), primary_key=True),
        *_class_sums(),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session_totals",
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), primary_key=True, autoincrement=False),
        *_class_sums(),
    )


def _mood_sums() -> list[sa.Column]:
    return [sa.Column(f"sum_{name}", sa.Integer(), nullable=False) for name in _EMOTIONS]


def _class_sums() -> list[sa.Column]:
    return [
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("moments", "moods", "seen_sum", "present_sum")),
        sa.Column("present_max", sa.SmallInteger(), nullable=False),
        sa.Column("valence_sum", sa.Integer(), nullable=False),
        *_mood_sums(),
    ]


def _make_what_people_say() -> None:
    op.create_table(
        "flags",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("student_id", sa.Integer()),
        sa.Column("origin_id", sa.Integer()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger()),
        sa.Column("dismissed_at", sa.Double()),
        sa.Column("dismissal", sa.Text()),
        sa.Column("dismissal_note", sa.Text()),
    )
    op.create_index("flags_of_session", "flags", ["session_id"])
    op.create_table(
        "markers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
    )
    op.create_index("markers_of_session", "markers", ["session_id"])


def _make_corrections_and_steering() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("student_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer()),
        sa.Column("from_ms", sa.BigInteger()),
        sa.Column("until_ms", sa.BigInteger()),
        sa.Column("name", sa.Text()),
        sa.Column("roster_id", sa.Text()),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("undone_at", sa.Double()),
    )
    op.create_index("corrections_of_session", "corrections", ["session_id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Integer()),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("session_id", sa.Integer()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("applied_at", sa.Double()),
        sa.Column("error", sa.Text()),
    )


def _fill() -> None:
    op.execute("UPDATE students SET label_name = display_name")
    op.execute(
        "INSERT INTO aliases (session_id, student_id, name, first_seen_at) "
        "SELECT session_id, student_id, display_name, first_seen_at FROM students WHERE display_name IS NOT NULL"
    )
    op.execute("INSERT INTO courses (name) SELECT DISTINCT title FROM sessions WHERE title <> '' AND NOT simulated")
    op.execute(
        "UPDATE sessions SET course_id = (SELECT courses.id FROM courses WHERE courses.name = sessions.title) "
        "WHERE NOT simulated"
    )
    op.execute(
        "INSERT INTO student_minutes (session_id, student_id, minute, readings, camera_on, camera_off, valid, turns, "
        f"turn_sum, eyes, eyes_sum, {_SUMS}) "
        "SELECT session_id, student_id, at_ms / 60000, count(*), sum(CASE WHEN camera = 'on' THEN 1 ELSE 0 END), "
        "sum(CASE WHEN camera IN ('off', 'photo', 'covered') THEN 1 ELSE 0 END), count(p_angry), count(yaw), "
        f"coalesce(sum(abs(yaw)), 0), count(eyes_open), coalesce(sum(eyes_open), 0), {_SUMMED} "
        "FROM readings GROUP BY session_id, student_id, at_ms / 60000"
    )
    op.execute(
        f"INSERT INTO class_minutes (session_id, minute, {_CLASS_SUMS}) "
        f"SELECT session_id, at_ms / 60000, {_CLASS_SUMMED} FROM class_moments GROUP BY session_id, at_ms / 60000"
    )
    op.execute(
        f"INSERT INTO session_totals (session_id, {_CLASS_SUMS}) "
        f"SELECT session_id, {_CLASS_SUMMED} FROM class_moments GROUP BY session_id"
    )
