"""When a session starts, pauses, goes on and ends, told from whether a gallery is in sight."""

from __future__ import annotations

from enum import Enum

from config import SessionSettings


class Phase(Enum):
    """Where a session stands: no session yet, being recorded, paused without a gallery."""

    WAITING = "waiting"
    WATCHING = "watching"
    PAUSED = "paused"


class Change(Enum):
    """What has to be done with the session now."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"


class Presence:
    """Turns sightings of a gallery into the life of a session.

    A gallery starts a session only after ``start_after_s`` of unbroken sight, so that a passing picture never does.
    Without one the session pauses after ``pause_after_s`` and ends after ``end_after_s``. Times are seconds of any
    steady clock.
    """

    def __init__(self, settings: SessionSettings, start_after_s: float | None = None) -> None:
        self._settings = settings
        self._start_after_s = settings.start_after_s if start_after_s is None else start_after_s
        self._in_sight_since: float | None = None
        self._last_seen_at = 0.0
        self.phase = Phase.WAITING

    def update(self, seen: bool, at: float) -> Change | None:
        """Take one look at time ``at``: True when a gallery was seen; gives the change to make, if any."""
        if seen:
            return self._seen(at)
        self._in_sight_since = None
        if self.phase is Phase.WAITING:
            return None
        missing_s = at - self._last_seen_at
        if missing_s >= self._settings.end_after_s:
            self.phase = Phase.WAITING
            return Change.END
        if self.phase is Phase.WATCHING and missing_s >= self._settings.pause_after_s:
            self.phase = Phase.PAUSED
            return Change.PAUSE
        return None

    def _seen(self, at: float) -> Change | None:
        self._last_seen_at = at
        if self._in_sight_since is None:
            self._in_sight_since = at
        if self.phase is Phase.PAUSED:
            self.phase = Phase.WATCHING
            return Change.RESUME
        if self.phase is Phase.WAITING and at - self._in_sight_since >= self._start_after_s:
            self.phase = Phase.WATCHING
            return Change.START
        return None
