"""A class that never was, as the values that the writer takes: for measuring the store without drawing a pixel."""

from __future__ import annotations

import dataclasses

import numpy as np

from domain import (
    EMOTIONS,
    Attention,
    Box,
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

COLUMNS = 7
TILE = (224, 126)
"""Width and height of a tile of 49 at 1920x1080, in pixels."""
VALENCE = np.array([-0.51, -0.60, -0.64, 0.76, -0.63, 0.40, 0.0])
"""Pleasure of each emotion, as in `inference.mood`."""
PEAKED = 0.4
"""Parameter of the Dirichlet distribution of the probabilities: well below 1, as a sure network gives them."""


class DrawnClass:
    """Moments of a class with every camera on and every face read: the most that there can be to write.

    ``variety`` different moments are drawn, and told again and again with the time that is asked for.
    """

    def __init__(self, students: int, seed: int, variety: int = 50) -> None:
        self._moments = [_drawn(students, np.random.default_rng([seed, number])) for number in range(variety)]

    def moment(self, number: int, at: float, flags: tuple[Flag, ...] = ()) -> Moment:
        """The moment of a running number, taken at a UNIX time."""
        drawn = self._moments[number % len(self._moments)]
        return dataclasses.replace(drawn, taken_at=at, flags=flags)


def _drawn(students: int, chance: np.random.Generator) -> Moment:
    width, height = TILE
    tiles, observations, states = [], [], []
    for slot in range(students):
        row, column = divmod(slot, COLUMNS)
        box = Box(0, 0, width, height).moved(column * width, row * height)
        scores = EmotionScores(tuple(chance.dirichlet(np.full(len(EMOTIONS), PEAKED)).tolist()))
        face = Face(slot, box, float(chance.uniform(0.6, 1.0)))
        attention = Attention(float(chance.normal(0, 15)), float(chance.normal(0, 10)), None, float(chance.uniform()))
        quality = Quality(int(chance.integers(48, 110)), float(chance.uniform(0.08, 0.5)))
        valence = float(np.dot(scores.values, VALENCE))
        number, name = slot + 1, f"Student {slot + 1:02d}"
        tiles.append(Tile(slot, box, "on"))
        observations.append(Observation(number, 0.0, "on", face, scores, attention, quality))
        states.append(StudentState(number, name, slot, "on", mood=scores, valence=valence, last_valid_at=0.0))
    return Moment(0.0, tuple(tiles), tuple(observations), tuple(states), (), Coverage(students, students))
