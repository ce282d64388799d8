"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of sessions, students and readings, and the one row of the capture's health."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.Column("end_reason", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("rules", sa.Text()),
    )
    op.create_table(
        "gaps",
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("started_at_ms", sa.BigInteger(), primary_key=True),
        sa.Column("ended_at_ms", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "students",
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("student_id", sa.Integer(), primary_key=True),
        sa.Column("display_name", sa.Text()),
        sa.Column("staff", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", sa.Double(), nullable=False),
        sa.Column("last_seen_at", sa.Double()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "readings",
        sa.Column("session_id", sa.Integer(), primary_key=True),
        sa.Column("student_id", sa.Integer(), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), primary_key=True),
        sa.Column("camera", sa.Text(), nullable=False),
        *_probabilities(),
        sa.Column("abstained", sa.Text()),
        sa.Column("face_height", sa.SmallInteger()),
        sa.Column("sharpness", sa.SmallInteger()),
        sa.Column("yaw", sa.SmallInteger()),
        sa.Column("pitch", sa.SmallInteger()),
        sa.Column("eyes_open", sa.SmallInteger()),
        sa.Column("attention_confidence", sa.SmallInteger()),
        sa.ForeignKeyConstraint(["session_id", "student_id"], ["students.session_id", "students.student_id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "class_moments",
        sa.Column("session_id", sa.Integer(), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), primary_key=True),
        sa.Column("seen", sa.SmallInteger(), nullable=False),
        sa.Column("present", sa.SmallInteger(), nullable=False),
        *_probabilities(),
        sa.Column("valence", sa.SmallInteger()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "capture_status",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("heartbeat_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Integer()),
        sa.Column("fps", sa.Double()),
        sa.Column("drops", sa.Integer(), nullable=False),
        sa.Column("cpu_percent", sa.Double()),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def downgrade() -> None:
    """Take all tables away again."""
    for table in ("capture_status", "class_moments", "readings", "students", "gaps", "sessions"):
        op.drop_table(table)


def _probabilities() -> list[sa.Column]:
    # Written out, as a step must not change when the program's list of emotions does.
    names = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    return [sa.Column(f"p_{name}", sa.SmallInteger()) for name in names]
