"""From sums and counts to means, with nothing where nothing was counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from db.tables import MINUTE_MS, SUM_COLUMNS, THOUSAND
from domain import EMOTIONS

CLASS_SUMS = ("moments", "moods", "seen_sum", "present_sum", "valence_sum", "attending_sum", "judged_sum", *SUM_COLUMNS)
"""What the rollups of the class hold of a stretch, as far as means are made of it."""

CLASS_MEANS = ("moments", "seen", "present", "attending", "judged", "valence", *EMOTIONS)
"""What a stretch of a class is told by: moments are a count, seen, present, attending and judged mean numbers of
students."""


def matrix(rows: Sequence[Any], width: int) -> np.ndarray:
    """Rows of so many columns as numbers, NaN for null; also without any row."""
    return np.array([tuple(row) for row in rows], dtype=float).reshape(-1, width)


def class_sums(table: Any) -> list[Any]:
    """The columns that `class_means` takes, of any rollup of the class."""
    return [table[name] for name in CLASS_SUMS]


def class_means(sums: np.ndarray) -> pd.DataFrame:
    """Rows of `class_sums` as ``CLASS_MEANS``; NaN where nobody could be read."""
    column = dict(zip(CLASS_SUMS, sums.T, strict=True))
    means = {"moments": column["moments"].astype("int64")}
    for name in ("seen", "present", "attending", "judged"):
        means[name] = share(column[f"{name}_sum"], column["moments"])
    for name, sums_of in zip(("valence", *EMOTIONS), ("valence_sum", *SUM_COLUMNS), strict=True):
        means[name] = share(column[sums_of], column["moods"] * THOUSAND)
    return pd.DataFrame(means, columns=list(CLASS_MEANS))


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part by whole; NaN where there is no whole."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def minute_starts(minutes: np.ndarray) -> np.ndarray:
    """Minutes counted since 1970 as the milliseconds at which they begin."""
    return minutes.astype("int64") * MINUTE_MS


def seconds(at_ms: int | None) -> float | None:
    """Milliseconds as seconds."""
    return None if at_ms is None else at_ms / THOUSAND
