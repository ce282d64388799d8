"""From the readings of each frame to the flags that are said: rules for every student, the class, and the budget."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from config import Settings
from domain import CameraState, Flag, Observation
from inference.engagement.budget import Budget, Key
from inference.engagement.classwide import (
    CLASS_ATTENTION,
    CLASS_MOOD,
    ClassAttention,
    ClassMood,
    class_change,
    class_valence,
)
from inference.engagement.explanation import WORDINGS, reason
from inference.engagement.rules import HALF_WAY, Rule, Situation, rules_of
from inference.engagement.spells import Spell, SpellWatch, Terms
from inference.engagement.student import StudentOverTime

JUDGED_CAMERAS: frozenset[CameraState] = frozenset({"on", "no_face"})
"""The only states of a camera in which a student can be flagged."""
SWITCHED: frozenset[CameraState] = frozenset({"off", "photo"})
"""A camera that was switched off is a choice: what was seen before it no longer counts."""
RENEWED_AFTER_S = 10.0
"""Seconds that a flag was seen longer before its numbers are said anew: the record need not change with every frame."""


@dataclass(slots=True)
class Watched:
    """One student: what is known over time, one watch for each rule, and whether the student is in sight now."""

    over_time: StudentOverTime
    watches: dict[str, SpellWatch]
    in_sight: bool = False

    def forget(self) -> None:
        """Begin anew with every rule."""
        for watch in self.watches.values():
            watch.forget()


class Engagement:
    """Judges a class frame by frame: what is known of each student now, and which flags are said.

    Students are numbers; staff is followed and never judged. Who is not in sight with a live camera is never flagged,
    and time out of sight, gaps and pauses are never evidence. Raises KeyError for a mode that `EngagementSettings` does
    not know.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engagement = engagement = settings.engagement
        self._rules = rules_of(engagement, settings.attention.smoothing_s)
        self._budget = Budget(engagement)
        self._students: dict[int, Watched] = {}
        self._mood = ClassMood(engagement, self._terms(engagement.class_mood_s, HALF_WAY * engagement.mood_smoothing_s))
        self._attention = ClassAttention(engagement)
        self._mode: str | None = None
        self._suspended: frozenset[str] = frozenset()
        self._said: dict[Key, tuple[Flag, float]] = {}
        self._ended: dict[Key, float] = {}

    def student(self, number: int, now_s: float) -> StudentOverTime | None:
        """What is known of a student now; None of one who was never seen."""
        watched = self._students.get(number)
        if watched is None:
            return None
        watched.over_time.refresh(now_s)
        return watched.over_time

    def join(self, number: int, owner: int) -> None:
        """Take a student for another from now on, who was seen before or not: the newest readings are the other's."""
        watched, known = self._students.pop(number, None), self._students.get(owner)
        if watched is not None and known is not None:
            known.over_time.go_on_as(watched.over_time)
        elif watched is not None:
            self._students[owner] = watched

    def spells(self, number: int) -> dict[str, tuple[Spell, bool]]:
        """What goes on with a student by kind, said or not, and whether it has lasted long enough."""
        watches = self._students[number].watches if number in self._students else {}
        going_on = {kind: (watch.spell, watch.open) for kind, watch in watches.items()}
        return {kind: (spell, is_open) for kind, (spell, is_open) in going_on.items() if spell is not None}

    def step(
        self,
        observations: Sequence[Observation],
        now_s: float,
        taken_at: float,
        staff: Collection[int] = (),
        mode: str | None = None,
    ) -> tuple[Flag, ...]:
        """Take in a frame's observations and give the flags that are said now.

        A flag is said in every frame while it lasts and once with its end; it is left out while its student is not in
        sight. ``now_s`` is of a steady clock, ``taken_at`` UNIX seconds; ``mode`` is what the class does.
        """
        self._change_mode(mode)
        self._ended.clear()
        seen = {one.student: one for one in observations}
        for number in seen.keys() - self._students.keys():
            self._students[number] = self._new()
        for number, watched in self._students.items():
            one = seen.get(number)
            watched.in_sight = one is not None and one.camera in JUDGED_CAMERAS
            if number in staff:
                watched.forget()
            if one is not None:
                watched.over_time.note(one, now_s, learns=mode is None)
            else:
                watched.over_time.refresh(now_s)
        judged = [number for number in seen if number not in staff]
        level = class_valence([self._students[number].over_time for number in judged])
        for number in judged:
            self._judge(number, seen[number], now_s, taken_at, level)
        if mode is None:
            self._judge_class(judged, now_s, taken_at)
        going_on = self._going_on(now_s)
        self._budget.choose(going_on, self._so_now, now_s)
        return self._flags(going_on)

    def _new(self) -> Watched:
        watches = {rule.kind: SpellWatch(self._terms(rule.lasts_s, rule.lag_s)) for rule in self._rules}
        return Watched(StudentOverTime(self._settings), watches)

    def _terms(self, lasts_s: float, lag_s: float) -> Terms:
        settings = self._engagement
        return Terms(lasts_s, settings.ends_after_s, settings.forgotten_after_s, settings.share, lag_s)

    def _change_mode(self, mode: str | None) -> None:
        """Rules that rest in a mode begin anew after it."""
        if mode == self._mode:
            return
        self._mode, self._suspended = mode, self._engagement.suspended(mode)
        for watched in self._students.values():
            for kind in self._suspended & watched.watches.keys():
                watched.watches[kind].forget()
        if mode is not None:
            self._mood.watch.forget()

    def _judge(self, number: int, seen: Observation, now_s: float, at: float, level: float | None) -> None:
        """Let every rule judge a student's reading."""
        watched = self._students[number]
        if seen.camera in SWITCHED:
            watched.forget()
        if not watched.in_sight:
            return
        for rule in self._rules:
            if rule.kind not in self._suspended:
                watch = watched.watches[rule.kind]
                now = Situation(watched.over_time, seen, now_s, level, watch.since_s is not None)
                self._apply(rule, watch, now, (number, rule.kind), at)

    def _apply(self, rule: Rule, watch: SpellWatch, now: Situation, key: Key, at: float) -> None:
        evidence = rule.evidence(now, self._engagement)
        if evidence is None:
            return
        ended_at = watch.add(evidence.supports, evidence.sureness, now.now_s, at)
        if ended_at is not None:
            self._ended[key] = ended_at
        if not watch.open and watch.ripe and watch.since_s is not None:
            watch.open = rule.confirmed(now, watch.since_s, self._engagement)

    def _judge_class(self, judged: Collection[int], now_s: float, at: float) -> None:
        students = [self._students[number].over_time for number in judged]
        with_mood = sum(student.mood is not None for student in students)
        ended_at = self._mood.add(class_change(students), with_mood / max(len(self._students), 1), now_s, at)
        if ended_at is not None:
            self._ended[None, CLASS_MOOD] = ended_at
        told = [student.attending(now_s) for student in students]
        self._attention.add([attends for attends in told if attends is not None], now_s, at)

    def _going_on(self, now_s: float) -> dict[Key, Spell]:
        """All that goes on, said or not, after what was out of sight for too long has been forgotten."""
        going_on: dict[Key, Spell] = {}
        for number, watched in self._students.items():
            for kind, watch in watched.watches.items():
                if watch.open:
                    watch.expire(now_s)
                    if watch.open and watch.spell is not None:
                        going_on[number, kind] = watch.spell
        if self._mood.watch.open and self._mood.watch.spell is not None:
            going_on[None, CLASS_MOOD] = self._mood.watch.spell
        if self._attention.spell is not None:
            going_on[None, CLASS_ATTENTION] = self._attention.spell
        return going_on

    def _so_now(self, key: Key) -> bool:
        """Whether what goes on is in sight, and the newest readings say so too."""
        student, kind = key
        if student is None:
            return True
        watched = self._students[student]
        return watched.in_sight and watched.watches[kind].so_now

    def _in_sight(self, key: Key) -> bool:
        return key[0] is None or self._students[key[0]].in_sight

    def _flags(self, going_on: dict[Key, Spell]) -> tuple[Flag, ...]:
        """What is said now: flags that last, of those in sight, and those that have just ended."""
        flags: list[Flag] = []
        for key in sorted(self._budget.said, key=str):
            spell = going_on[key]
            flag, seen_s = self._said.get(key, (None, 0.0))
            if flag is None or flag.started_at != spell.started_at or spell.seen_s - seen_s >= RENEWED_AFTER_S:
                self._said[key] = _flag(key, spell), spell.seen_s
            if self._in_sight(key):
                flags.append(self._said[key][0])
        for key in self._said.keys() - self._budget.said:
            flag, _ = self._said.pop(key)
            if key in self._ended and self._in_sight(key):
                flags.append(replace(flag, ended_at=self._ended[key]))
        return tuple(flags)


def _flag(key: Key, spell: Spell) -> Flag:
    student, kind = key
    return Flag(
        student,
        kind,
        reason(kind, spell),
        spell.started_at,
        readings=spell.readings,
        readings_of=spell.readings_of,
        confidence=spell.sureness,
        alternatives=WORDINGS[kind].alternatives,
    )
