"""The reader as a process beside the pages: started when it is first asked for, and again when it has died."""

from __future__ import annotations

import secrets
import socket
import sys
import threading
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from domain import CaptureError
from tryout.server import HOST, READY, TOKEN_VARIABLE

TOKEN_BYTES = 24
"""192 random bits, as many as the pages' own token has."""
REACH_S = 1.0
"""A process on this machine takes a connection at once, unless it is gone."""


class StartProcess(Protocol):
    """Runs a command for as long as a block lasts and gives its first line of output, "" when it died."""

    def __call__(self, command: list[str], environment: dict[str, str], /) -> AbstractContextManager[str]: ...


class ReaderProcess:
    """At most one reader, for the pages on one port; a context manager that ends it."""

    def __init__(self, start: StartProcess) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._running = ExitStack()
        self._door: tuple[int, str] | None = None

    def open(self, page_port: int) -> tuple[int, str]:
        """The reader's port and its token; raises CaptureError when it does not start."""
        with self._lock:
            if self._door is None or not _answers(self._door[0]):
                self._door = self._started(page_port)
            return self._door

    def __enter__(self) -> ReaderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._door = None
            self._running.close()

    def _started(self, page_port: int) -> tuple[int, str]:
        self._running.close()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        command = [sys.executable, "-m", "tryout.server", str(page_port)]
        answer = self._running.enter_context(self._start(command, {TOKEN_VARIABLE: token}))
        word, _, port = answer.partition(" ")
        if word != READY:
            raise CaptureError("expected the reader of frames to start, found that it ended; the terminal says why")
        return int(port), token


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), REACH_S).close()
    except OSError:
        return False
    return True
