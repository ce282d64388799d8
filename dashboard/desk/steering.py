"""Asking a running capture to look somewhere else, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine

from db import commands, queries
from db.engine import writable

PATIENCE_S = 10.0
"""The capture looks once a second; a grabber that is opened anew may take a few more."""

Outcome = Literal["waiting", "done", "refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a wish, and why it was refused: one sentence, or ""."""

    outcome: Outcome
    reason: str = ""


def is_running(engine: Engine, now: float) -> bool:
    """Whether a capture is there to obey; raises StoreError."""
    status = queries.capture_status(engine)
    return status is not None and status.is_alive(now)


def ask(engine: Engine, kind: commands.Kind, payload: dict[str, Any], now: float) -> int:
    """Ask the capture that writes the store which the pages read; see `db.commands.ask`. Raises StoreError."""
    with writable(engine) as store:
        return commands.ask(store, kind, payload, now)


def answer(engine: Engine, command: int, asked_at: float, now: float) -> Answer:
    """What became of the command that was asked at UNIX time ``asked_at``; raises StoreError."""
    applied_at, error = commands.answer(engine, command)
    if applied_at is not None:
        return Answer("refused", error) if error else Answer("done")
    if abs(now - asked_at) > PATIENCE_S:
        return Answer("refused", "expected an answer of the capture, found none: see whether it still runs")
    return Answer("waiting")
