"""The commands that need nothing but the settings and the record; `cli.py` joins them to the others.

What they work with is imported inside them, so that every other command starts without it.
"""

from __future__ import annotations

import typer

from db.commandline import keeping, people, sharing


def register(app: typer.Typer) -> None:
    """Add these commands to those of the program."""
    keeping.register(app)
    sharing.register(app)
    people.register(app)
