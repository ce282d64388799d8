"""Lessons that never were, with a story that is known: levels of mood and attention by stretches, pauses, cameras off.

What a report should find in them is therefore known too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.drawn.classes import VALENCE
from db.writer import Writer
from domain import (
    Attention,
    Box,
    CameraState,
    Coverage,
    EmotionScores,
    Face,
    Flag,
    Moment,
    Observation,
    Quality,
    StudentState,
    Tile,
)

TILE = Box(0, 0, 224, 126)
FACE = Box(80, 20, 140, 100)
LEVELS = {
    "pleasant": np.array([0.03, 0.01, 0.02, 0.42, 0.08, 0.06, 0.38]),
    "calm": np.array([0.05, 0.02, 0.03, 0.16, 0.14, 0.06, 0.54]),
    "low": np.array([0.10, 0.04, 0.06, 0.05, 0.34, 0.05, 0.36]),
}
"""Mean probabilities of a class, in the order of ``EMOTIONS``."""
SURENESS = 18.0
"""Parameter of the Dirichlet distribution of a student's smoothed mood about the level of the class."""
AWAY_YAW = 42.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Minutes of a lesson at one level of mood, with this share of the class looking towards the screen."""

    minutes: int
    level: str = "calm"
    attending: float = 0.8


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson to write: its stretches, students, who has no camera on, pauses in minutes from the start."""

    stretches: tuple[Stretch, ...] = (Stretch(30, "pleasant", 0.85), Stretch(20, "low", 0.5), Stretch(40, "calm", 0.8))
    students: int = 49
    names: Sequence[str | None] = ()
    off: frozenset[int] = frozenset({4, 11, 23})
    late: dict[int, int] = field(default_factory=lambda: {7: 12, 30: 25})
    pauses: tuple[tuple[int, int], ...] = ((60, 65),)
    title: str = "Biology 9b"
    simulated: bool = False
    attention: bool = True

    @property
    def minutes(self) -> int:
        return sum(stretch.minutes for stretch in self.stretches)

    def at(self, minute: float) -> Stretch:
        """The stretch that a minute from the start lies in."""
        for stretch in self.stretches:
            if minute < stretch.minutes:
                return stretch
            minute -= stretch.minutes
        return self.stretches[-1]


def write_lesson(
    writer: Writer, lesson: Lesson, start: float, seed: int = 1, step_s: float = 5.0, flags: Sequence[Flag] = ()
) -> int:
    """Write a whole lesson from a UNIX time on, a moment every so many seconds; gives the session's number."""
    chance = np.random.default_rng(seed)
    session = writer.start_session("simulator" if lesson.simulated else "screen", lesson.title, lesson.simulated, start)
    for number in range(int(lesson.minutes * 60 / step_s)):
        minute = number * step_s / 60
        if any(since <= minute < until for since, until in lesson.pauses):
            continue
        at = start + number * step_s
        lasting = tuple(flag for flag in flags if flag.started_at <= at <= (flag.ended_at or at))
        writer.write(_moment(lesson, at, minute, chance, lasting))
        if number % 100 == 0:
            writer.flush()
    writer.end_session(start + lesson.minutes * 60, "stopped")
    writer.flush()
    return session


def _moment(lesson: Lesson, at: float, minute: float, chance: np.random.Generator, flags: tuple[Flag, ...]) -> Moment:
    stretch = lesson.at(minute)
    moods = chance.dirichlet(LEVELS[stretch.level] * SURENESS, lesson.students)
    looking = chance.random(lesson.students) < stretch.attending
    tiles, observations, states = [], [], []
    for slot in range(lesson.students):
        number = slot + 1
        if minute < lesson.late.get(number, 0):
            continue
        camera: CameraState = "off" if number in lesson.off else "on"
        name = lesson.names[slot] if slot < len(lesson.names) else None
        tiles.append(Tile(slot, TILE.moved(slot % 7 * 230, slot // 7 * 132), camera))
        observed, state = _student(
            number, name, at, camera, moods[slot], bool(looking[slot]) if lesson.attention else None
        )
        observations.append(observed)
        states.append(state)
    seen = sum(state.mood is not None for state in states)
    return Moment(at, tuple(tiles), tuple(observations), tuple(states), flags, Coverage(seen, len(states)))


def _student(
    number: int, name: str | None, at: float, camera: CameraState, mood: np.ndarray, looking: bool | None
) -> tuple[Observation, StudentState]:
    if camera != "on":
        return Observation(number, at, camera), StudentState(number, name, number - 1, camera)
    scores = EmotionScores(tuple((mood / mood.sum()).tolist()))
    yaw = None if looking is None else 5.0 if looking else AWAY_YAW
    observation = Observation(
        number,
        at,
        camera,
        Face(number - 1, FACE, 0.9),
        scores,
        None if yaw is None else Attention(yaw, 0.0, None, 0.8),
        Quality(80, 0.3),
    )
    valence = float(np.dot(scores.values, VALENCE))
    state = StudentState(
        number, name, number - 1, camera, mood=scores, valence=valence, attending=looking, last_valid_at=at
    )
    return observation, state
