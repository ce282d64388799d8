"""The reader as a process beside the pages: started when it is first asked for, and again when it has died."""

from __future__ import annotations

import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Protocol

from domain import CaptureError
from tryout import tickets
from tryout.server import HOST, KEY_VARIABLE, READY

KEY_BYTES = 24
"""192 random bits, as many as the pages' own token has."""
REACH_S = 1.0
"""A process on this machine takes a connection at once, unless it is gone."""


class StartProcess(Protocol):
    """Runs a command for as long as a block lasts and gives its first line of output, "" when it died."""

    def __call__(self, command: list[str], environment: dict[str, str], /) -> AbstractContextManager[str]: ...


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before a school's server: ``origin``, https://NAME, under which browsers reach it.

    It passes frames on to ``port``; ``host`` is the address on which the reader listens for it.
    """

    origin: str
    host: str
    port: int


class ReaderProcess:
    """At most one reader, for the pages on one port or behind one front; a context manager that ends it.

    ``clock`` gives UNIX seconds, for tickets.
    """

    def __init__(self, start: StartProcess, front: Front | None = None, clock: Callable[[], float] = time.time) -> None:
        self._start = start
        self._front = front
        self._clock = clock
        self._lock = threading.Lock()
        self._running = ExitStack()
        self._door: tuple[int, str] | None = None

    def open(self, page_port: int) -> tuple[int | None, str]:
        """The reader's port (None behind a front) and a ticket of an hour; raises CaptureError where none starts."""
        with self._lock:
            if self._door is None or not _answers(self._door[0]):
                self._door = self._started(page_port)
            port, key = self._door
            return None if self._front else port, tickets.issued(key, self._clock())

    def __enter__(self) -> ReaderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._door = None
            self._running.close()

    def _started(self, page_port: int) -> tuple[int, str]:
        self._running.close()
        key, front = secrets.token_urlsafe(KEY_BYTES), self._front
        place = [front.origin, front.host, str(front.port)] if front else [str(page_port)]
        command = [sys.executable, "-m", "tryout.server", *place]
        answer = self._running.enter_context(self._start(command, {KEY_VARIABLE: key}))
        word, _, port = answer.partition(" ")
        if word != READY:
            raise CaptureError("expected the reader of frames to start, found that it ended; the terminal says why")
        return int(port), key


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), REACH_S).close()
    except OSError:
        return False
    return True
