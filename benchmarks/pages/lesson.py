"""A class for the live page: moods that wander, cameras that go off and on, prompts that come and go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np

from domain import (
    EMOTIONS,
    Box,
    CameraState,
    Coverage,
    EmotionScores,
    Flag,
    Moment,
    Observation,
    StudentState,
    Tile,
)

COLUMNS, TILE = 5, (336, 189)
"""A page of 25 at 1920x1080, and the size of its tiles in pixels."""

LEVEL = np.array([-1.5, -2.5, -2.0, 1.0, -0.2, -1.0, 2.0])
"""Usual log-odds of the emotions, in their order: a class that listens, with smiles."""

VALENCE = np.array([-0.51, -0.60, -0.64, 0.76, -0.63, 0.40, 0.0])
"""Pleasure of each emotion, as in `inference.mood`."""

MEMORY_S, SWING = 20.0, 0.9
"""Moods forget themselves over 20 seconds, and swing by so much in log-odds: a tile's leading emotion changes about
twice a minute."""

CLASS_MEMORY_S, CLASS_SWING = 120.0, 0.7
"""What all share: the class laughs, listens and tires together, over minutes."""

CAMERA_ON_S, CAMERA_OFF_S = 900.0, 120.0
"""How long a student's camera stays on and off, about: one in eight is off."""

PROMPT_EVERY_S, PROMPT_LASTS_S = 120.0, 150.0
"""Prompts overlap: one or two at any time, the most that a class is meant to have for long."""


class DrawnLesson:
    """Moments of a class of so many students, ``step_s`` seconds apart; who has no name in ``names`` is numbered."""

    def __init__(self, students: int, step_s: float, seed: int, names: Sequence[str | None] = ()) -> None:
        self._names = [*names, *(f"Student {number:02d}" for number in range(len(names) + 1, students + 1))]
        self._chance = np.random.default_rng(seed)
        self._step_s = step_s
        self._swing, self._shared = np.zeros((students, len(EMOTIONS))), np.zeros(len(EMOTIONS))
        self._on = np.ones(students, dtype=bool)
        width, height = TILE
        places = (divmod(slot, COLUMNS) for slot in range(students))
        self._tiles = [Box(0, 0, width, height).moved(column * width, row * height) for row, column in places]

    def moments(self, from_at: float, seconds: float, started_at: float) -> Iterator[Moment]:
        """So many seconds of a class that started at a UNIX time, from another on."""
        for step in range(round(seconds / self._step_s)):
            yield self.moment(from_at + step * self._step_s, started_at)

    def moment(self, at: float, started_at: float, surprised: int | None = None) -> Moment:
        """One moment in which, where given, one student (from 1) looks surprised beyond doubt."""
        self._wander()
        return self._moment(at, started_at, surprised)

    def _wander(self) -> None:
        self._swing = self._drifted(self._swing, MEMORY_S, SWING)
        self._shared = self._drifted(self._shared, CLASS_MEMORY_S, CLASS_SWING)
        stays_s = np.where(self._on, CAMERA_ON_S, CAMERA_OFF_S)
        self._on ^= self._chance.random(len(self._on)) < self._step_s / stays_s

    def _drifted(self, values: np.ndarray, memory_s: float, swing: float) -> np.ndarray:
        """A step of a walk that forgets itself (an Ornstein-Uhlenbeck process)."""
        keep = np.exp(-self._step_s / memory_s)
        return keep * values + np.sqrt(1 - keep**2) * swing * self._chance.normal(size=values.shape)

    def _moment(self, at: float, started_at: float, surprised: int | None = None) -> Moment:
        weights = np.exp(LEVEL + self._shared + self._swing)
        shares = weights / weights.sum(axis=1, keepdims=True)
        if surprised is not None:
            shares[surprised - 1] = np.eye(len(EMOTIONS))[EMOTIONS.index("surprise")]
            self._on[surprised - 1] = True
        tiles, seen, states = [], [], []
        for slot, box in enumerate(self._tiles):
            camera: CameraState = "on" if self._on[slot] else "off"
            mood = EmotionScores(tuple(shares[slot].tolist())) if self._on[slot] else None
            valence = None if mood is None else float(shares[slot] @ VALENCE)
            looks = None if mood is None else bool(self._swing[slot, 0] < 1.0)
            tiles.append(Tile(slot, box, camera))
            seen.append(Observation(slot + 1, at, camera, emotions=mood))
            states.append(StudentState(slot + 1, self._names[slot], slot, camera, False, False, mood, valence, looks))
        coverage = Coverage(int(self._on.sum()), len(tiles))
        return Moment(at, tuple(tiles), tuple(seen), tuple(states), self._flags(at, started_at), coverage)

    def _flags(self, at: float, started_at: float) -> tuple[Flag, ...]:
        """The prompts that last now; their counts grow from moment to moment, as real ones do."""
        newest = int((at - started_at) // PROMPT_EVERY_S)
        begun = [(number, started_at + number * PROMPT_EVERY_S) for number in (newest - 1, newest) if number >= 0]
        return tuple(self._flag(number, since, at) for number, since in begun if at - since < PROMPT_LASTS_S)

    def _flag(self, number: int, since: float, at: float) -> Flag:
        readings = 1 + round((at - since) / self._step_s)
        clock = datetime.fromtimestamp(since).strftime("%H:%M")
        reason = f"Head turned away from the usual direction since {clock} ({readings} of {readings} readings)."
        others = "talking to somebody in the room, taking notes, reading a second screen"
        student = 1 + number % len(self._tiles)
        return Flag(student, "looking_away", reason, since, None, readings, readings, 0.8, others)
