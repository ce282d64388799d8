"""Newest frame wins: read a live source at a steady rate, skip what nobody has time for, and count it."""

from __future__ import annotations

import time
from collections.abc import Callable

from capture.source import Source
from domain import Frame

BUSY_SHARE = 0.5
"""Our work may fill this share of the time between two frames; Zoom needs the processor more than we do."""
ADAPTATION = 0.2
"""Weight of the newest frame in the running average of the work per frame: about five frames to follow a change."""


class Latest:
    """Frames of a live source, at most ``rate_hz`` a second, always the newest.

    A frame is grabbed when its work begins, so nothing old is ever queued. Moments at which a frame was due while the
    last one was still being worked on are counted in ``dropped``; where the work fills more than half of the time, the
    rate is lowered until it does not. ``clock`` is monotonic seconds; ``wait(seconds)`` returns True when it is time to
    stop.
    """

    def __init__(
        self,
        source: Source,
        rate_hz: float,
        wait: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._shortest_s = 1.0 / rate_hz
        self._wait = wait
        self._clock = clock
        self._work_s = 0.0
        self._started_at: float | None = None
        self.dropped = 0

    @property
    def period_s(self) -> float:
        """Seconds from one frame to the next, as the work allows."""
        return max(self._shortest_s, self._work_s / BUSY_SHARE)

    @property
    def source(self) -> Source:
        """Where the frames come from now."""
        return self._source

    def turn_to(self, source: Source) -> None:
        """Go on with another source, after a rest."""
        self._source = source
        self.rest()

    def rest(self) -> None:
        """Let time pass that is no work: nothing was due since the last frame."""
        self._started_at = None

    def next(self) -> Frame | None:
        """Wait until the next frame is due and take it; None when it is time to stop or the source has ended."""
        now = self._clock()
        if self._started_at is not None:
            spent_s = now - self._started_at
            self._work_s += ADAPTATION * (spent_s - self._work_s)
            self.dropped += int(spent_s / self._shortest_s)
            # Waiting out the rest of the period keeps the rate steady; after an overrun the other half is Zoom's.
            now = self._started_at + max(self.period_s, spent_s)
        if self._wait(max(now - self._clock(), 0.0)):
            return None
        self._started_at = self._clock()
        return self._source.grab()
