"""Numbers for the world, owners, accounts and logins, what was published, and an audit trail that only grows."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NEW_TABLES = ("publications", "logins", "accounts")

_REDACTION = (
    "NEW.id = OLD.id AND NEW.at = OLD.at AND NEW.actor = OLD.actor AND NEW.action = OLD.action "
    "AND coalesce(NEW.session_id, 0) = coalesce(OLD.session_id, 0) "
    "AND NEW.redacted_at IS NOT NULL AND NEW.redacted_at <> coalesce(OLD.redacted_at, 0)"
)
"""The one change that a row of the trail allows: names go out of its detail, and it says when."""

_SAYING = "the audit trail is append-only"

_SQLITE_TRIGGERS = (
    "CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '" + _SAYING + "'); END",
    "CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit WHEN NOT (" + _REDACTION + ") "
    "BEGIN SELECT RAISE(ABORT, '" + _SAYING + "'); END",
)
_POSTGRES_TRIGGERS = (
    "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '" + _SAYING + "'; END $$",
    "CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuses()",
    "CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()",
    "CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit FOR EACH ROW WHEN (NOT (" + _REDACTION + ")) "
    "EXECUTE FUNCTION audit_refuses()",
)


def upgrade() -> None:
    """Add what is new; every session that is there gets its number for the world."""
    op.add_column("sessions", sa.Column("uid", sa.Text()))
    op.add_column("sessions", sa.Column("owner", sa.Text()))
    sessions = sa.table("sessions", sa.column("id", sa.Integer()), sa.column("uid", sa.Text()))
    connection = op.get_bind()
    for number in connection.scalars(sa.select(sessions.c.id)).all():
        connection.execute(sessions.update().where(sessions.c.id == number).values(uid=str(uuid.uuid4())))
    op.create_index("sessions_by_uid", "sessions", ["uid"], unique=True)
    op.add_column("audit", sa.Column("redacted_at", sa.Double()))
    _make_accounts()
    op.create_table(
        "publications",
        sa.Column("session_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("target", sa.Text(), primary_key=True),
        sa.Column("queued_at", sa.Double()),
        sa.Column("published_at", sa.Double()),
        sa.Column("digest", sa.Text()),
    )
    for statement in _SQLITE_TRIGGERS if connection.dialect.name == "sqlite" else _POSTGRES_TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    """Take all of it away; what only the new tables hold is lost."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_keeps_rows")
        op.execute("DROP TRIGGER audit_keeps_words")
    else:
        op.execute("DROP FUNCTION audit_refuses CASCADE")
    for table in _NEW_TABLES:
        op.drop_table(table)
    op.drop_index("sessions_by_uid", "sessions")
    for table, column in (("audit", "redacted_at"), ("sessions", "owner"), ("sessions", "uid")):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def _make_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("login", sa.Text(), primary_key=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("sees_students", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.Double()),
    )
    op.create_table(
        "logins",
        sa.Column("token_hash", sa.Text(), primary_key=True),
        sa.Column("login", sa.Text(), sa.ForeignKey("accounts.login"), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=False),
    )
