"""Stretches of time in which nearly every reading says the same: found by when they began, and held until they end."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_STEP_S = 5.0
"""Seconds without a reading that count as seen: a longer hole is a gap, and a gap is never evidence."""


@dataclass(frozen=True, slots=True)
class Terms:
    """When a stretch counts, in seconds that were seen: how long it must last, when it has ended, when it is forgotten.

    ``share`` (0 to 1) is how much of all its readings must say so. ``lag_s`` is how much later than its cause a reading
    changes, where readings are averages: a stretch began that much before its first reading.
    """

    lasts_s: float
    ends_after_s: float
    forgotten_after_s: float
    share: float
    lag_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch: since when (UNIX seconds), how long it was seen, and on how many readings of how many it rests.

    ``sureness`` is the mean certainty, 0 to 1, of all its readings, those against it counted as 0.
    """

    started_at: float
    seen_s: float
    readings: int
    readings_of: int
    sureness: float


class SpellWatch:
    """Follows one thing about one student: whether it is so, since when, and until when.

    A stretch begins where the sum of the seconds for it, less those against it, last left zero (Page's cumulative sum,
    Biometrika 41, 1954), so one odd reading neither begins nor ends it; it ends where the sum of the seconds against it
    left zero to reach ``Terms.ends_after_s``. Time without readings counts neither way. Times ending in ``_s`` are of a
    steady clock.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._last_s: float | None = None
        self.open = False
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing seen so far counts."""
        self.open = False
        self.since_s: float | None = None
        self._since_at = 0.0
        self._for_s = self._back_s = self._seen_s = self._sure = 0.0
        self._back_at = 0.0
        self._readings = self._readings_of = 0

    @property
    def ripe(self) -> bool:
        """Whether the stretch that runs has lasted long enough and was clear enough to count."""
        if self.since_s is None or self._seen_s < self._terms.lasts_s:
            return False
        return self._readings >= self._terms.share * self._readings_of

    @property
    def spell(self) -> Spell | None:
        """The stretch that runs, whether it counts yet or not."""
        if self.since_s is None:
            return None
        sureness = self._sure / max(self._readings_of, 1)
        return Spell(self._since_at, self._seen_s, self._readings, self._readings_of, sureness)

    @property
    def so_now(self) -> bool:
        """Whether the newest readings say so."""
        return self.since_s is not None and self._back_s <= 0.0

    def unseen_for(self, now_s: float) -> float:
        """Seconds since the last reading."""
        return 0.0 if self._last_s is None else now_s - self._last_s

    def expire(self, now_s: float) -> None:
        """Forget a stretch that was not seen for too long, or whose clock went back."""
        if not 0.0 <= self.unseen_for(now_s) <= self._terms.forgotten_after_s:
            self.forget()
            self._last_s = None

    def add(self, supports: bool, sureness: float, now_s: float, at: float) -> float | None:
        """Take in a reading; gives the UNIX time at which an open stretch turns out to have ended, else None."""
        self.expire(now_s)
        step_s = self.unseen_for(now_s)
        step_s = step_s if step_s <= LONGEST_STEP_S else 0.0
        self._last_s = now_s
        if self.since_s is None:
            if supports:
                self._seen_s = self._terms.lag_s
                self.since_s, self._since_at = now_s - self._seen_s, at - self._seen_s
                self._readings = self._readings_of = 1
                self._sure = sureness
            return None
        self._count(supports, sureness, step_s, at)
        if self._back_s >= self._terms.ends_after_s or (not supports and not self.open and self._for_s <= 0.0):
            ended_at = self._back_at if self.open else None
            self.forget()
            return ended_at
        return None

    def _count(self, supports: bool, sureness: float, step_s: float, at: float) -> None:
        self._seen_s += step_s
        self._readings_of += 1
        self._readings += supports
        self._sure += sureness if supports else 0.0
        self._for_s = max(self._for_s + (step_s if supports else -step_s), 0.0)
        if not supports and self._back_s <= 0.0:
            self._back_at = at
        self._back_s = max(self._back_s + (-step_s if supports else step_s), 0.0)
