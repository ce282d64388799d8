"""What is said of the class as a whole: its mood fell, or fewer look at the screen than in the first half."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from config import EngagementSettings
from inference.engagement.spells import LONGEST_STEP_S, Spell, SpellWatch, Terms
from inference.engagement.student import StudentOverTime

FEWEST_STUDENTS = 5
"""Of fewer students nothing is said as of a class: one of them would be recognised, and would decide."""
CLASS_MOOD, CLASS_ATTENTION = "class_mood", "class_attention"


def class_change(students: Sequence[StudentOverTime]) -> float | None:
    """How far the middle student's mood is above the usual one, in valence; None while too few are known."""
    changes = [change for student in students if (change := student.change()) is not None]
    return statistics.median(changes) if len(changes) >= FEWEST_STUDENTS else None


def class_valence(students: Sequence[StudentOverTime]) -> float | None:
    """The lasting mood of the middle student, -1 to 1; None while too few are known."""
    moods = [student.lasting_valence for student in students if student.lasting_valence is not None]
    return statistics.median(moods) if len(moods) >= FEWEST_STUDENTS else None


class ClassMood:
    """Notices that the middle student's mood fell and stayed low: then it fell for at least half of the class."""

    def __init__(self, settings: EngagementSettings, terms: Terms) -> None:
        self._drop = settings.class_mood_drop
        self.watch = SpellWatch(terms)

    def add(self, change: float | None, seen_share: float, now_s: float, at: float) -> float | None:
        """Take in the middle student's change of mood; ``seen_share``, 0 to 1, is how many of those present were seen.

        Gives the UNIX time at which it turns out to be over, else None.
        """
        self.watch.expire(now_s)
        if change is None:
            return None
        ended_at = self.watch.add(change <= -self._drop, seen_share, now_s, at)
        self.watch.open = self.watch.open or self.watch.ripe
        return ended_at


@dataclass(frozen=True, slots=True)
class Looked:
    """A stretch of seen time: when it began, how many looks could be judged, how many went to the screen."""

    at: float
    judged: int
    attending: int


class ClassAttention:
    """Notices, once in a class, that the share of students who look at the screen is lower than in the first half.

    Halves are halves of the time that was seen; looks are added up by the stretch, so that long classes cost little.
    """

    STRETCH_S = 60.0
    """Seconds of a stretch."""
    TOLD_STRETCHES = 5
    """How many stretches it is said for: it is news, not a state."""

    def __init__(self, settings: EngagementSettings) -> None:
        self._settings = settings
        self._stretches: list[Looked] = []
        self._current: Looked | None = None
        self._seen_s = self._last_s = 0.0
        self._told_at: int | None = None
        self.spell: Spell | None = None

    def add(self, attending: Sequence[bool], now_s: float, at: float) -> None:
        """Take in where each student looks of whom it can be told."""
        step_s = now_s - self._last_s
        self._last_s = now_s
        if len(attending) < FEWEST_STUDENTS:
            return
        before = self._current or Looked(at, 0, 0)
        self._current = Looked(before.at, before.judged + len(attending), before.attending + sum(attending))
        if 0.0 <= step_s <= LONGEST_STEP_S:
            self._seen_s += step_s
        if self._seen_s >= (len(self._stretches) + 1) * self.STRETCH_S:
            self._stretches.append(self._current)
            self._current = None
            self._compare()

    def _compare(self) -> None:
        """Say it when the halves differ for the first time."""
        if self._seen_s < self._settings.class_attention_after_s:
            return
        half = len(self._stretches) // 2
        (before, _), (after, judged) = _share(self._stretches[:half]), _share(self._stretches[half:])
        fell = before - after >= self._settings.class_attention_drop
        if fell and self._told_at is None:
            self._told_at = len(self._stretches)
            lost = round((1.0 - after) * judged)
            seen_s = self._seen_s - half * self.STRETCH_S
            self.spell = Spell(self._stretches[half].at, seen_s, lost, judged, before - after)
        elif self._told_at is not None and len(self._stretches) - self._told_at >= self.TOLD_STRETCHES:
            self.spell = None


def _share(stretches: Sequence[Looked]) -> tuple[float, int]:
    """Share of looks that were towards the screen, and how many looks there were."""
    judged = sum(stretch.judged for stretch in stretches)
    return sum(stretch.attending for stretch in stretches) / max(judged, 1), judged
