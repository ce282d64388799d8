"""Which of the found faces are right: the rules of counting, the same for every detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.face.faces import FACE_COLUMNS, landmarks_of, overlap

SAME = 0.4
"""Intersection over union from which a found box is the true face."""
UNJUDGED = 0.5
"""Share of a found box on a doubtful place from which it is neither right nor false."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """For each true face the number of the found one, -1 where missed, int (T,); which found are false, bool (F,)."""

    found_by: np.ndarray
    false: np.ndarray


def match(found: np.ndarray, truth: np.ndarray, doubtful: np.ndarray | None = None) -> Match:
    """Match found faces (F, 14), the surest first, with true ones (T, 14): each true face is found by one at most.

    Of two on one true face the second is false. What lies on doubtful places (D, 14) is not judged.
    """
    found_by, false = np.full(len(truth), -1), np.ones(len(found), bool)
    shared = overlap(found, truth) if len(found) and len(truth) else np.zeros((len(found), len(truth)))
    for index in range(len(found)):
        free = np.where(found_by < 0, shared[index], 0.0)
        if len(truth) and free.max() >= SAME:
            found_by[int(free.argmax())], false[index] = index, False
    if doubtful is not None and len(doubtful):
        for index in np.flatnonzero(false):
            false[index] = not (_inside(found[index], doubtful) >= UNJUDGED).any()
    return Match(found_by, false)


def _inside(face: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The share of a face's box in each of some places (D, 14)."""
    sides = np.minimum(face[2:4], places[:, 2:4]) - np.maximum(face[:2], places[:, :2])
    return np.prod(np.maximum(sides, 0), axis=1) / max(float(np.prod(face[2:4] - face[:2])), 1e-6)


def landmark_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of a face's landmarks (14,) from the true ones, in distances of the true eyes; NaN if unknown."""
    points, true = landmarks_of(found[:FACE_COLUMNS]), landmarks_of(truth[:FACE_COLUMNS])
    eyes = float(np.linalg.norm(true[0] - true[1]))
    return float(np.linalg.norm(points - true, axis=1).mean() / eyes) if eyes > 0 else float("nan")
