"""Means over sessions that know what they do not know: weighted by how much was seen, with an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

FEWEST_FOR_INTERVAL = 3
"""Two sessions have a mean, but say nothing of how sessions differ."""

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A weighted mean over so many sessions and its 95 % interval; None where there are too few for one."""

    mean: float
    low: float | None
    high: float | None
    sessions: int


def estimate(values: np.ndarray, coverage: np.ndarray) -> Estimate | None:
    """The mean over sessions, each weighing as much as the share of its class that was seen; None without any.

    A session of which a fifth was seen tells less of its class than one seen whole, so it counts a fifth. What that
    leaves is the effective number of sessions, (sum of weights) squared by the sum of their squares (Kish 1965, "Survey
    Sampling", 11.7), and the interval is Student's with it: fewer seen, wider interval. It says how sessions differ,
    not how those who were not seen may have looked.
    """
    known = ~np.isnan(values) & (coverage > 0)
    values, weights = values[known], coverage[known]
    if not len(values):
        return None
    mean = float(np.average(values, weights=weights))
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    if len(values) < FEWEST_FOR_INTERVAL or effective <= 1.5:
        return Estimate(mean, None, None, len(values))
    from scipy.special import stdtrit  # not above: half a second that only comparing needs

    variance = float(np.average((values - mean) ** 2, weights=weights)) * effective / (effective - 1)
    reach = float(stdtrit(effective - 1, (1 + CONFIDENCE) / 2)) * math.sqrt(variance / effective)
    return Estimate(mean, mean - reach, mean + reach, len(values))
