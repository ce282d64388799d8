"""The record that a command works on, and what it says to the person at the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import config
from config import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine


def say(text: str) -> None:
    """Print one line for the person at the terminal."""
    print(text, flush=True)


@contextmanager
def opened(write: bool) -> Iterator[tuple[Engine, Settings]]:
    """The configured record and the settings of this start, for as long as the block lasts."""
    from db.engine import open_store

    settings = config.of_this_start()
    engine = open_store(settings.database.url, write=write)
    try:
        yield engine, settings
    finally:
        engine.dispose()


def counted(number: int, thing: str) -> str:
    """A number of things in words: `1 session`, `2 sessions`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
