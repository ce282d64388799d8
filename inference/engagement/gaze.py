"""Where a student has been looking over seconds, and whether the head moved meanwhile."""

from __future__ import annotations

import math
from collections import deque

from domain import Attention

FARTHEST_USUAL = 25.0
"""Degrees to either side that can be a student's usual direction: a screen beside the camera, and no farther."""
VALID_S = 5.0
"""Seconds after which the last known direction says nothing any more: the longest hole that is no gap."""
TURN_STEP_S, TURNS_KEPT = 3.0, 40
"""Seconds between two looks at how far the head has turned meanwhile, and how many are kept: two minutes."""


class Gaze:
    """The direction of one student's head, averaged over seconds.

    Readings weigh as much as their confidence, and lose 63 % of it every ``smoothing_s`` seconds of a steady clock. The
    size of the turn is averaged, not the turn: a head that goes from one side to the other has not come back.
    """

    def __init__(self, smoothing_s: float) -> None:
        self._smoothing_s = smoothing_s
        self._weight = self._yaw = self._turn = 0.0
        self._pitch_weight = self._pitch = 0.0
        self._read_s = -math.inf
        self._steps: deque[tuple[float, float]] = deque(maxlen=TURNS_KEPT)
        self._stepped: tuple[float, float] | None = None

    def add(self, attention: Attention, usual_yaw: float, usual_pitch: float, now_s: float) -> None:
        """Take in a reading that has a yaw; what is usual for the student is in degrees."""
        assert attention.yaw is not None
        if not self.valid(now_s):
            self._weight = self._yaw = self._turn = self._pitch_weight = self._pitch = 0.0
            self._stepped = None
        kept = math.exp(-(now_s - self._read_s) / self._smoothing_s) if self._weight > 0.0 else 0.0
        new = (1.0 - kept) * attention.confidence
        usual = min(max(usual_yaw, -FARTHEST_USUAL), FARTHEST_USUAL)
        self._weight = kept * self._weight + new
        self._yaw = kept * self._yaw + new * attention.yaw
        self._turn = kept * self._turn + new * abs(attention.yaw - usual)
        new_pitch = new if attention.pitch is not None else 0.0
        self._pitch_weight = kept * self._pitch_weight + new_pitch
        self._pitch = kept * self._pitch + new_pitch * ((attention.pitch or 0.0) - usual_pitch)
        self._read_s = now_s
        self._note_step(now_s)

    def valid(self, now_s: float) -> bool:
        """Whether there was a direction within the last seconds."""
        return self._weight > 0.0 and 0.0 <= now_s - self._read_s <= VALID_S

    @property
    def confidence(self) -> float:
        """How sure the direction is, 0 to 1."""
        return self._weight

    @property
    def yaw(self) -> float:
        """Degrees to the right of the picture."""
        return self._yaw / self._weight

    @property
    def turn(self) -> float:
        """Degrees to either side of the usual direction."""
        return self._turn / self._weight

    @property
    def pitch(self) -> float | None:
        """Degrees above the usual height, None where no reading told."""
        return self._pitch / self._pitch_weight if self._pitch_weight > 0.0 else None

    def restlessness(self, since_s: float) -> float | None:
        """Mean degrees that the head turned in three seconds, since then, at most two minutes back; None if unknown."""
        turns = [degrees for at_s, degrees in self._steps if at_s > since_s]
        return sum(turns) / len(turns) if turns else None

    def _note_step(self, now_s: float) -> None:
        """Compare directions a fixed time apart, so that the rate of capture does not count as movement."""
        if self._stepped is None:
            self._stepped = now_s, self.yaw
        elif now_s - self._stepped[0] >= TURN_STEP_S:
            self._steps.append((now_s, abs(self.yaw - self._stepped[1])))
            self._stepped = now_s, self.yaw
