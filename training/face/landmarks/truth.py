"""How far the truth itself errs: landmarks that count as true beside those of many turned views of the same head."""

from __future__ import annotations

from itertools import islice, product
from pathlib import Path

import cv2
import numpy as np

from training.face import sources
from training.face.detectors import Reference
from training.face.faces import centred, landmarks_of, moved

VIEWS = ((10.0, 1.0), (-10.0, 1.0), (0.0, 0.8), (6.0, 0.9), (-6.0, 0.9))
"""Degrees and sizes of the views of a head; each is also mirrored."""
HEADS = 200


def truth_error(data: Path) -> float:
    """Mean distance, in distances of the eyes, of true landmarks of validation heads from their mean in ten views."""
    reference = Reference(data, sources.DOUBTFUL)
    heads = (gray for split, gray in sources.heads(data / "faces" / "heads", None) if split == "validation")
    errors = [_error(reference, sources.with_room(gray)[0]) for gray in islice(heads, HEADS)]
    return float(np.nanmean(errors))


def _error(reference: Reference, picture: np.ndarray) -> float:
    faces, _ = reference.find_steady(picture)
    views = (_seen(reference, picture, *view) for view in product(VIEWS, (False, True)))
    seen = [points for points in views if len(points)]
    if not len(faces) or not seen:
        return float("nan")
    true, other = landmarks_of(faces[0]), np.mean(seen, axis=0)
    return float(np.linalg.norm(true - other, axis=1).mean() / np.linalg.norm(other[0] - other[1]))


def _seen(reference: Reference, picture: np.ndarray, view: tuple[float, float], mirrored: bool) -> np.ndarray:
    """The landmarks (5, 2) of the surest face of a picture as they are seen in a view of it, or (0, 2)."""
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), *view)
    if mirrored:
        matrix = matrix @ np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1.0]])
    faces, _ = reference.find(
        cv2.warpAffine(picture, centred(matrix), (width, height), borderMode=cv2.BORDER_REPLICATE)
    )
    return landmarks_of(moved(faces[:1], cv2.invertAffineTransform(matrix)))[0] if len(faces) else np.empty((0, 2))
