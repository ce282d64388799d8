"""Moments that matter: where the level of the class's mood or attention changed, with the evidence for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from dashboard.report import Frame
from db.queries import GapView, MarkerView

Measure = Literal["valence", "attention"]

SHORTEST_MIN = 3
"""A level lasts at least so many minutes: shorter ones are a joke or a question, and single minutes are noisy."""

PENALTY = 9.0
"""What a further change must save, in units of noise variance times log(minutes). A change of level has two parameters
(when, how much), so the Bayesian information criterion asks for 2 where minutes are independent; they follow each other
(smoothed moods, the same faces), which makes their noise look several times smaller from minute to minute than it is.
Of 6, 9 and 12 this is the largest at which at least four of five dips of five minutes are still found, however closely
minutes follow each other: `python -m benchmarks.after turning`."""

LEAST_STEP: dict[Measure, float] = {"valence": 0.06, "attention": 0.10}
"""Smaller changes are not worth a teacher's time: of valence the step that the live page's arrow waits for, of
attention about three students of thirty."""

LEAST_NOISE: dict[Measure, float] = {"valence": 0.01, "attention": 0.02}
"""No series is quieter than this, however few its minutes: half of what a reading is rounded to, over the class."""

MOST_TOLD = 6
"""More than six moments of a lesson nobody remembers; the clearest are told."""

NEAR_S = 150.0
"""A marker or a pause as near as this is named with a moment: minutes are whole, and people mark late."""

CLEAR, LIKELY = 5.0, 3.0
"""Steps in units of their standard error from which a moment is called clear, or likely; below it is faint."""

LESS_SEEN = 0.2
"""Where the share seen changed by more than this, it may be other students who are seen, and not another mood."""


@dataclass(frozen=True, slots=True)
class Level:
    """A stretch of minutes at one level: their number, the mean, and students seen and present on average."""

    minutes: int
    mean: float
    seen: float
    present: float


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """A change of level: when (UNIX seconds), of what, the levels before and after, and how clear it is.

    ``clearness`` is the step in units of its standard error; ``near`` says in words which marker or pause is near,
    with the marker's untrusted text; empty where none is.
    """

    at: float
    measure: Measure
    before: Level
    after: Level
    clearness: float
    near: str

    @property
    def step(self) -> float:
        return self.after.mean - self.before.mean

    @property
    def sureness(self) -> str:
        """How sure it is, in a word."""
        return "clear" if self.clearness >= CLEAR else "likely" if self.clearness >= LIKELY else "faint"

    @property
    def seen_differs(self) -> bool:
        """Whether so many more or fewer are seen after it that it may be about who is seen."""
        return abs(_share(self.after) - _share(self.before)) > LESS_SEEN


def turning_points(minutes: Frame, markers: Sequence[MarkerView], gaps: Sequence[GapView]) -> list[TurningPoint]:
    """The clearest changes of level in `Account.minutes`, at most ``MOST_TOLD``, in the order of time."""
    found = [point for measure in LEAST_STEP for point in _of(minutes, measure, markers, gaps)]
    clearest = sorted(found, key=lambda point: point.clearness, reverse=True)[:MOST_TOLD]
    return sorted(clearest, key=lambda point: point.at)


def _of(minutes: Frame, measure: Measure, markers: Sequence[MarkerView], gaps: Sequence[GapView]) -> list[TurningPoint]:
    known = minutes.dropna(subset=[measure])
    values = known[measure].to_numpy(dtype=float)
    noise = noise_of(values, LEAST_NOISE[measure])
    edges = [0, *changes(values, noise), len(values)]
    levels = [_level(known.iloc[start:end], measure) for start, end in pairwise(edges)]
    points = []
    for edge, (before, after) in zip(edges[1:-1], pairwise(levels), strict=True):
        if abs(after.mean - before.mean) >= LEAST_STEP[measure]:
            at = float(known["at_ms"].iloc[edge]) / 1000
            error = noise * math.sqrt(1 / before.minutes + 1 / after.minutes)
            clearness = abs(after.mean - before.mean) / error
            points.append(TurningPoint(at, measure, before, after, clearness, _near(at, markers, gaps)))
    return points


def changes(values: np.ndarray, noise: float) -> list[int]:
    """Where a new level begins: places in a series of minutes, found by PELT with squared deviations as cost.

    Killick, Fearnhead and Eckley (2012), "Optimal detection of changepoints with a linear computational cost".
    """
    if len(values) < 2 * SHORTEST_MIN:
        return []
    search: Any = kernel_search()(kernel="linear", min_size=SHORTEST_MIN).fit((values / noise)[:, None])
    return [int(place) for place in search.predict(pen=PENALTY * math.log(len(values)))[:-1]]


def kernel_search() -> type[Any]:
    """The class that searches. It is loaded when it is first asked for, not at the start: with SciPy, half a second."""
    from ruptures import KernelCPD

    return KernelCPD


def noise_of(values: np.ndarray, least: float) -> float:
    """Standard deviation of single minutes about their level, from the median step between neighbours.

    Steps see little of the level's changes, and their median nothing of a single jump; 0.6745 is the median of the
    absolute value of a standard normal, and a step carries the noise of two minutes.
    """
    if len(values) < 2:
        return least
    return max(least, float(np.median(np.abs(np.diff(values)))) / 0.6745 / math.sqrt(2))


def _level(rows: Frame, measure: Measure) -> Level:
    seen = "seen" if measure == "valence" else "judged"
    return Level(len(rows), *(float(rows[name].mean()) for name in (measure, seen, "present")))


def _share(level: Level) -> float:
    return level.seen / level.present if level.present else 0.0


def _near(at: float, markers: Sequence[MarkerView], gaps: Sequence[GapView]) -> str:
    """The marker or pause nearest to a time, or the phase that it lies in, in words."""
    close = [(abs(marker.at - at), named(marker)) for marker in markers if abs(marker.at - at) <= NEAR_S]
    for gap in gaps:
        if gap.ended_at is not None and abs(gap.ended_at - at) <= NEAR_S:
            close.append((abs(gap.ended_at - at), f"after a pause of {_minutes(gap.ended_at - gap.started_at)}"))
    if close:
        return min(close)[1]
    phases = [marker for marker in markers if marker.kind == "phase" and marker.at <= at]
    return f"during {_quoted(phases[-1])}" if phases and phases[-1].text.strip() else ""


def named(marker: MarkerView) -> str:
    """A marker as a moment names it: around a topic, a question, a phase."""
    return f"around {_quoted(marker)}" if marker.text.strip() else f"around a {marker.kind}"


def _quoted(marker: MarkerView) -> str:
    return f"the {marker.kind} “{' '.join(marker.text.split())}”"


def _minutes(seconds: float) -> str:
    return f"{max(1, round(seconds / 60))} min"
