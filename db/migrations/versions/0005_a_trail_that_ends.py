"""An audit trail that may forget what is old, and says so; tries from known browsers, counted by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SAYING = "the audit trail is append-only"

_SQLITE_BOUND = (
    "SELECT json_extract(detail, '$.before') FROM audit WHERE action = 'purge_audit' ORDER BY id DESC LIMIT 1"
)
_SQLITE_STRICT = "CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit "
_SQLITE_RAISE = f"BEGIN SELECT RAISE(ABORT, '{_SAYING}'); END"
_SQLITE_FORGETS = f"{_SQLITE_STRICT}WHEN coalesce(({_SQLITE_BOUND}), 0) <= OLD.at {_SQLITE_RAISE}"
"""A row goes only where the newest line of a purge, there before it, says that all up to a later time went."""

_POSTGRES_FUNCTION = (
    "CREATE FUNCTION audit_forgets() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF coalesce((SELECT (detail::json ->> 'before')::double precision FROM audit "
    "WHERE action = 'purge_audit' ORDER BY id DESC LIMIT 1), 0) > OLD.at THEN RETURN OLD; END IF; "
    f"RAISE EXCEPTION '{_SAYING}'; END $$"
)
_POSTGRES_TRIGGER = "CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION "


def upgrade() -> None:
    """Put the new guard in the place of the old one; nobody has tried from a known browser yet."""
    op.add_column("accounts", sa.Column("known_failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("accounts", sa.Column("known_locked_until", sa.Double()))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_keeps_rows")
        op.execute(_SQLITE_FORGETS)
    else:
        op.execute("DROP TRIGGER audit_keeps_rows ON audit")
        op.execute(_POSTGRES_FUNCTION)
        op.execute(f"{_POSTGRES_TRIGGER}audit_forgets()")


def downgrade() -> None:
    """Let no row of the trail go, as before."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_keeps_rows")
        op.execute(f"{_SQLITE_STRICT}{_SQLITE_RAISE}")
    else:
        op.execute("DROP FUNCTION audit_forgets CASCADE")
        op.execute(f"{_POSTGRES_TRIGGER}audit_refuses()")
    for column in ("known_locked_until", "known_failures"):
        op.execute(f"ALTER TABLE accounts DROP COLUMN {column}")
