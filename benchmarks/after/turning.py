"""How often a moment that matters is found, and how often one is told that never was, on drawn series of minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.report.turning import turning_points

TUNED_WITH, MEASURED_WITH = range(200), range(1000, 1400)
"""Seeds: the penalty was chosen with the first, the figures are of the second."""

MINUTES = 60
CHANGE_AT = 33
NEAR_MIN = 2
NOISE = 0.03
"""Standard deviation of a minute's valence about its level: as a class of 25 has when half of it smiles at times."""

FOLLOWING = (0.0, 0.3, 0.5, 0.7)
"""How much of a minute's deviation goes on into the next (first-order autoregression)."""

STEPS = (0.06, 0.10, 0.15, 0.25)
DIP_MIN, DIP = 5, 0.15
"""A dip that is over soon: minutes, and by how much."""


@dataclass(frozen=True, slots=True)
class Found:
    """Of many lessons: moments told a lesson without a change; shares found of changes, by step, and of short dips."""

    false_per_lesson: float
    found: dict[float, float]
    dips: float


def drawn(seed: int, following: float, step: float, lasting: int = MINUTES) -> np.ndarray:
    """A lesson's valence by the minute, with a step of this size that lasts so many minutes, or (0) none."""
    chance = np.random.default_rng(seed)
    values = np.zeros(MINUTES)
    deviation = 0.0
    for minute in range(MINUTES):
        # Scaled so that the deviation of minutes is the same however much they follow each other.
        deviation = following * deviation + chance.normal(0, NOISE * np.sqrt(1 - following**2))
        values[minute] = deviation + (step if CHANGE_AT <= minute < CHANGE_AT + lasting else 0.0)
    return values


def told(values: np.ndarray) -> list[int]:
    """The minutes at which moments are told."""
    at_ms = 60_000 * np.arange(len(values))
    minutes = pd.DataFrame({"at_ms": at_ms, "valence": values, "attention": np.nan})
    minutes = minutes.assign(seen=20.0, judged=0.0, present=25.0)
    return [round(point.at / 60) for point in turning_points(minutes, (), ())]


def measured(following: float, seeds: range = MEASURED_WITH) -> Found:
    """Figures over many lessons whose minutes follow each other so much."""
    false = sum(len(told(drawn(seed, following, 0.0))) for seed in seeds) / len(seeds)
    found = {step: sum(_hit(told(drawn(seed, following, step))) for seed in seeds) / len(seeds) for step in STEPS}
    dips = sum(_hit(told(drawn(seed, following, -DIP, DIP_MIN))) for seed in seeds) / len(seeds)
    return Found(false, found, dips)


def _hit(minutes: list[int]) -> bool:
    return any(abs(minute - CHANGE_AT) <= NEAR_MIN for minute in minutes)


def report() -> dict[str, float]:
    """Measure, print and give the figures."""
    figures: dict[str, float] = {}
    print(f"moments that matter, {len(MEASURED_WITH)} drawn lessons of {MINUTES} minutes, noise {NOISE} of valence")
    for following in FOLLOWING:
        one = measured(following)
        finds = ", ".join(f"a step of {step:g}: {share:.0%}" for step, share in one.found.items())
        print(
            f"minutes that follow by {following:g}: {one.false_per_lesson:.2f} false a lesson; found {finds}, "
            f"a dip of {DIP} for {DIP_MIN} minutes: {one.dips:.0%}"
        )
        figures[f"dips_at_{following:g}"] = one.dips
        figures[f"false_at_{following:g}"] = one.false_per_lesson
        figures |= {f"found_{step:g}_at_{following:g}": share for step, share in one.found.items()}
    return figures
