"""How the capture is doing, as it travels through the database from the writer to the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

CaptureState = Literal["starting", "waiting", "watching", "paused", "ended", "stopped", "error"]
CAPTURE_STATES: tuple[CaptureState, ...] = get_args(CaptureState)
"""waiting: no gallery yet; watching: readings come in; paused: the gallery is gone for now; ended: the session is over
and the next is awaited; stopped: the program was ended by a person; error: the message says what."""

HEARTBEAT_LIMIT_S = 5.0
"""A capture silent for this long is not alive: it writes once a second, and a slow disk may take a few."""


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """The capture's health: what it does, in a word and in a sentence, with its numbers.

    ``fps`` in frames per second, ``drops`` counted since the start, ``cpu_percent`` of one core. What comes after
    ``error`` is filled in by the writer: UNIX seconds, the session being written, the process, what the class does
    (None by default), moments let go because too many waited for the disk. Raises ValueError on another state.
    """

    state: CaptureState
    message: str = ""
    fps: float | None = None
    drops: int = 0
    cpu_percent: float | None = None
    error: str | None = None
    heartbeat_at: float = 0.0
    started_at: float = 0.0
    session_id: int | None = None
    pid: int = 0
    mode: str | None = None
    moments_lost: int = 0

    def __post_init__(self) -> None:
        if self.state not in CAPTURE_STATES:
            raise ValueError(f"expected one of {', '.join(CAPTURE_STATES)}, found {self.state}")

    def is_alive(self, now: float) -> bool:
        """Whether the capture still runs: it has not said good-bye and its heartbeat is recent."""
        return self.state != "stopped" and abs(now - self.heartbeat_at) < HEARTBEAT_LIMIT_S
