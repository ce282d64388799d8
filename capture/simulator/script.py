"""What a lesson says of any second, without drawing anything: who does what, who speaks, who stands on which page."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from capture.simulator.client.icons import Mark
from capture.simulator.lesson import Lesson, ScriptedCamera, Spell
from domain import EMOTIONS, Emotion

MOOD_S = (14.0, 30.0)
"""Shortest and longest time that a student without a script keeps one emotion."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a student does at one second.

    ``yaw`` is in degrees, to the right of the picture above 0; ``frozen_at`` is the second of the script at which the
    camera's picture came to a stand, None while it moves.
    """

    name: str
    camera: ScriptedCamera
    emotion: Emotion
    intensity: float
    muted: bool
    away: bool = False
    yaw: float = 0.0
    eyes_closed: bool = False
    frozen_at: float | None = None
    dark: bool = False
    mark: Mark | None = None
    label: bool = True

    def under(self, spell: Spell) -> Behaviour:
        """The same with a spell over it."""
        said = {
            "name": spell.name,
            "camera": spell.camera,
            "emotion": spell.emotion,
            "intensity": spell.intensity if spell.emotion else None,
            "muted": spell.muted,
            "away": spell.away,
            "yaw": spell.yaw,
            "eyes_closed": None if spell.eyes is None else spell.eyes == "closed",
            "dark": spell.dark,
            "mark": spell.mark,
            "label": spell.label,
        }
        changed = replace(self, **{key: value for key, value in said.items() if value is not None})
        if spell.frozen is None:
            return changed
        return replace(changed, frozen_at=spell.at if spell.frozen else None)


class Script:
    """A lesson's answers; times are seconds of the script (see ``Lesson.script_time``), students count from 1."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.behaviour = lru_cache(maxsize=4096)(self._behaviour)
        self.rhythm = lru_cache(maxsize=256)(self._rhythm)
        self._drawn_mood = lru_cache(maxsize=4096)(self._draw_mood)

    @cached_property
    def moves(self) -> list[float]:
        """The seconds at which tiles may change places."""
        lesson = self.lesson
        times = [*lesson.reshuffles, *(turn.at for turn in lesson.pages), *(scene.at for scene in lesson.scenes)]
        for student in lesson.students:
            times += [student.joins_at] + ([] if student.leaves_at is None else [student.leaves_at])
        return sorted(times)

    def last_move(self, script: float) -> float:
        """The last second up to this one at which tiles may have changed places, 0 at the start."""
        place = bisect_right(self.moves, script)
        return self.moves[place - 1] if place else 0.0

    @cached_property
    def _turns(self) -> tuple[list[float], list[int | None]]:
        """When the turns to speak begin, and the numbers of the students."""
        numbers = {student.name: who for who, student in enumerate(self.lesson.students, 1)}
        turns = self.lesson.speakers
        return [turn.at for turn in turns], [numbers[turn.name] if turn.name else turn.student for turn in turns]

    def speaker(self, script: float) -> int | None:
        """The number of who speaks at this second, or None."""
        times, numbers = self._turns
        place = bisect_right(times, script)
        return numbers[place - 1] if place else None

    def order(self, script: float) -> list[int]:
        """Numbers of all present: those there at the last reshuffle in its random order, later comers behind them."""
        shuffles = [at for at in self.lesson.reshuffles if at <= script]
        since = max(shuffles, default=0.0)
        rank = np.random.default_rng([self.lesson.seed, 3, len(shuffles)]).permutation(len(self.lesson.students))

        def place(who: int) -> tuple[float, int]:
            joined = self.lesson.students[who - 1].joins_at
            return (joined if joined > since else 0.0), int(rank[who - 1]) if shuffles else who

        present = (who for who, student in enumerate(self.lesson.students, 1) if student.present(script))
        return sorted(present, key=place)

    def page(self, script: float, pages: int) -> int:
        """The page shown of so many, from 1."""
        wanted = next((turn.page for turn in reversed(self.lesson.pages) if turn.at <= script), 1)
        return min(wanted, pages)

    def _behaviour(self, who: int, script: float) -> Behaviour:
        """What a student does at a second: the class's phase, then the student's own spells over it."""
        student = self.lesson.students[who - 1]
        phase = max((i for i, phase in enumerate(self.lesson.phases) if phase.at <= script), default=0)
        emotion, intensity = self._mood(who, script, phase), self.lesson.phases[phase].intensity
        does = Behaviour(student.name, student.camera, emotion, intensity, student.muted)
        for spell in student.spells:
            if spell.holds(script):
                does = does.under(spell)
        return does

    def _mood(self, who: int, script: float, phase: int) -> Emotion:
        """The emotion drawn by chance from the phase's shares, kept for a while that differs between students."""
        lasts, start = self.rhythm(who)
        return self._drawn_mood(who, phase, math.floor((script + start) / lasts))

    def _draw_mood(self, who: int, phase: int, turn: int) -> Emotion:
        shares = self.lesson.phases[phase].emotions
        weights = np.array([shares.get(emotion, 0.0) for emotion in EMOTIONS])
        draw = np.random.default_rng([self.lesson.seed, 5, who, phase, turn]).random()
        return EMOTIONS[
            int(np.searchsorted(np.cumsum(weights / weights.sum()), draw, side="right").clip(0, len(EMOTIONS) - 1))
        ]

    def _rhythm(self, who: int) -> tuple[float, float]:
        """How long a student keeps a mood, and a start that is the student's own, in seconds."""
        random = np.random.default_rng([self.lesson.seed, 4, who])
        return float(random.uniform(*MOOD_S)), float(random.uniform(0, 60))
