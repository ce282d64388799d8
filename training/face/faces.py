"""Faces as rows of numbers: box and five landmarks, moved with their picture.

A row is float32 (14,): left, top, right, bottom, then x and y of right eye, left eye, nose, right and left mouth corner
(the person's own right), in pixels; landmarks that nobody knows are NaN.
"""

from __future__ import annotations

import numpy as np

FACE_COLUMNS = 14
MIRRORED_LANDMARKS = (1, 0, 2, 4, 3)
"""In a mirrored picture the right eye is the left one."""


def boxes_as_faces(boxes: np.ndarray) -> np.ndarray:
    """Boxes (F, 4) as faces (F, 14) without landmarks."""
    faces = np.full((len(boxes), FACE_COLUMNS), np.nan, np.float32)
    faces[:, :4] = np.reshape(boxes, (-1, 4))
    return faces


def landmarks_of(faces: np.ndarray) -> np.ndarray:
    """The landmarks (..., 5, 2) of faces (..., 14), as a view."""
    return faces[..., 4:].reshape(*faces.shape[:-1], 5, 2)


def moved(faces: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Faces (F, 14) after an affine map (2, 3) of turning, scaling, mirroring and shifting.

    The box of a turned face is the one around the turned ellipse in the old box.
    """
    found = np.full_like(faces, np.nan)
    if not len(faces):
        return found
    linear, shift = matrix[:, :2].astype(np.float32), matrix[:, 2].astype(np.float32)
    centres = (faces[:, :2] + faces[:, 2:4]) / 2 @ linear.T + shift
    halves = np.sqrt(((faces[:, 2:4] - faces[:, :2]) / 2) ** 2 @ (linear**2).T)
    found[:, :2], found[:, 2:4] = centres - halves, centres + halves
    points = landmarks_of(faces) @ linear.T + shift
    mirrored = np.linalg.det(linear) < 0
    found[:, 4:] = (points[:, MIRRORED_LANDMARKS] if mirrored else points).reshape(len(faces), -1)
    return found


def centred(matrix: np.ndarray) -> np.ndarray:
    """The affine map (2, 3) as OpenCV has to be told it, so that a picture moves as its faces do.

    Faces count from the border of the first pixel, ``cv2.warpAffine`` from its middle: mirrored or scaled by the same
    numbers, a picture would end up to a pixel beside its faces.
    """
    found = matrix.astype(float)
    found[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return found


def overlap(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union (A, B) of boxes (A, 4 or more columns) and others (B, 4 or more)."""
    first, second = boxes[:, None, :4], others[None, :, :4]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    areas = [np.prod(part[..., 2:] - part[..., :2], axis=-1) for part in (first, second)]
    return shared / np.maximum(areas[0] + areas[1] - shared, 1e-6)
