"""The steps that bring a database up to date, run by Alembic over a connection that is open already."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def settings() -> Config:
    """What Alembic needs to find the steps."""
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return found


def upgrade(connection: Connection) -> None:
    """Run the steps that are missing, in the caller's transaction."""
    asked = settings()
    asked.attributes["connection"] = connection
    command.upgrade(asked, "head")


def step_of(connection: Connection) -> str | None:
    """The last step that a database has seen, None where it has seen none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def last_step() -> str:
    """The last step that this program knows."""
    head = ScriptDirectory.from_config(settings()).get_current_head()
    assert head is not None
    return head


def why_unknown(step: str) -> str | None:
    """What to say of a database whose last step this program does not know; None for one that it knows."""
    steps = ScriptDirectory.from_config(settings())
    if step in {known.revision for known in steps.walk_revisions()}:
        return None
    return (
        f"a newer Classmood made it (step {step}, this one knows up to {steps.get_current_head()}): "
        "update the program or choose another database.url; it was left as it is"
    )
