"""How many of the class look towards the screen, and what a flag rests on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNTS = (
    ("class_moments", ("attending", "judged"), sa.SmallInteger()),
    ("class_minutes", ("attending_sum", "judged_sum"), sa.Integer()),
    ("session_totals", ("attending_sum", "judged_sum"), sa.Integer()),
    ("flags", ("readings", "readings_of"), sa.Integer()),
    ("flags", ("confidence",), sa.SmallInteger()),
)


def upgrade() -> None:
    """Add the columns; of what was recorded before nobody was judged."""
    for table, columns, kind in _COUNTS:
        for column in columns:
            op.add_column(table, sa.Column(column, kind, nullable=False, server_default="0"))
    op.add_column("flags", sa.Column("alternatives", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take the columns away with what they hold."""
    op.execute("ALTER TABLE flags DROP COLUMN alternatives")
    for table, columns, _ in _COUNTS:
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
