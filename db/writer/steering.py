"""How a running capture obeys the pages: what they ask for waits in the database, and every command is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from db import commands
from db.commands import Command, Kind
from db.writer.writer import Writer
from domain import ClassmoodError, StoreError

LOOK_EVERY_S = 1.0
"""A person waits this long for a button at most; looking costs a fraction of a millisecond."""

Deed = Callable[[dict[str, Any]], None]
"""Does what a kind of command asks for, given its payload; raises ClassmoodError or ValueError where it cannot."""


class Steering:
    """Obeys what the pages ask of a running capture, looking once a second.

    Corrections of a running session go to its writer; ``deeds`` says by kind who does everything else. ``steady`` is a
    monotonic clock in seconds.
    """

    def __init__(self, writer: Writer, deeds: Mapping[Kind, Deed], steady: Callable[[], float] = time.monotonic):
        self._writer, self._deeds, self._steady = writer, deeds, steady
        self._last_id = 0
        self._due_s = 0.0

    def obey(self) -> None:
        """Do what has been asked since the last look, when a second has passed since then."""
        now_s = self._steady()
        if now_s < self._due_s:
            return
        self._due_s = now_s + LOOK_EVERY_S
        try:
            asked = commands.pending(self._writer.engine, self._last_id)
        except StoreError:
            return  # the writer meets the same trouble, and says it
        for command in asked:
            self._last_id = command.id
            self._writer.answer(command.id, self._error_of(command))

    def _error_of(self, command: Command) -> str | None:
        """Do one command; why it could not be done, in one line, or None."""
        if command.session_id not in (None, self._writer.session):
            return f"expected session {command.session_id} to be running, found that it is over"
        try:
            commands.check(command.kind, command.payload)
            self._do(command)
        except (ClassmoodError, ValueError) as error:
            return str(error)
        return None

    def _do(self, command: Command) -> None:
        kind, payload = command.kind, command.payload
        if kind in self._deeds:
            self._deeds[kind](payload)
        elif self._writer.session is None:
            raise ValueError("expected a running class, found none: ask again when it runs")
        elif kind == "undo":
            self._writer.undo(payload["correction"])
        else:
            self._writer.correct(commands.correction_of(kind, payload))
