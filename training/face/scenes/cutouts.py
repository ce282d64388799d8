"""People cut out of their pictures, so that they can sit in front of other backgrounds."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.face.sources import Photo

CUT_HEIGHT = 120
"""Height in pixels at which GrabCut runs: a person's outline needs no more, and time grows with the area."""
CUT_ROUNDS = 3
FACE_COVERED = 0.9
"""Share of the face that a good cut-out keeps; below it the cut has failed."""
EDGE_SIGMA = 1.2
"""Softness of a cut's edge in pixels, as virtual backgrounds have it."""
HEAD_AXES = (0.82, 0.86)
"""Half axes of the ellipse around a head, hair included, in widths and heights of the face."""


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A gray picture uint8 (H, W) with how solid each pixel is, uint8 (H, W), and its one face float32 (14,).

    ``has_body`` tells whether shoulders are in the picture; else they have to be drawn.
    """

    gray: np.ndarray
    alpha: np.ndarray
    face: np.ndarray
    has_body: bool


def person(photo: Photo) -> Cutout | None:
    """The largest person of a photo, head and shoulders (GrabCut, Rother et al. 2004), None where the cut failed."""
    sizes = np.prod(photo.faces[:, 2:4] - photo.faces[:, :2], axis=1)
    face = photo.faces[int(np.argmax(sizes))]
    height, width = photo.gray.shape
    scale = min(1.0, CUT_HEIGHT / height)
    small = cv2.resize(photo.gray, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    hint = _hint(small.shape, face[:4] * scale)
    if not ((hint == cv2.GC_BGD).any() and (hint == cv2.GC_FGD).any()):
        return None
    blank = np.zeros((2, 1, 65))
    cv2.setRNGSeed(1)
    cv2.grabCut(cv2.merge([small] * 3), hint, (0, 0, 1, 1), blank[0], blank[1], CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    solid = np.where((hint == cv2.GC_FGD) | (hint == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    solid = _largest(cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    left, top, right, bottom = (np.maximum(face[:4] * scale, 0)).astype(int)
    if solid[top:bottom, left:right].mean() < FACE_COVERED * 255:
        return None
    alpha = cv2.resize(cv2.GaussianBlur(solid, (0, 0), EDGE_SIGMA), (width, height), interpolation=cv2.INTER_LINEAR)
    return Cutout(photo.gray, alpha, face, has_body=height - face[3] > 0.35 * (face[3] - face[1]))


def head(photo: Photo) -> Cutout:
    """The head of a tight picture with its one face, cut out by an ellipse."""
    face = photo.faces[0]
    size, centre = face[2:4] - face[:2], (face[:2] + face[2:4]) / 2
    axes = np.maximum(size * HEAD_AXES, 2)
    middle = centre - [0, 0.08 * size[1]]
    alpha = np.zeros(photo.gray.shape, np.uint8)
    cv2.ellipse(alpha, [*map(int, middle)], [*map(int, axes)], 0, 0, 360, 255, -1)
    # The border of a tight picture cuts hair and chin: fading there keeps straight edges from telling a paste.
    faded = cv2.copyMakeBorder(alpha[1:-1, 1:-1], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return Cutout(photo.gray, cv2.GaussianBlur(faded, (0, 0), max(len(alpha) / 32, 1.0)), face, has_body=False)


def _hint(shape: tuple[int, ...], box: np.ndarray) -> np.ndarray:
    """What GrabCut starts from: face and chest surely person, the sides of the head and above surely not."""
    height, width = shape
    left, top, right, bottom = box
    wide, tall, middle = right - left, bottom - top, (left + right) / 2
    hint = np.full(shape, cv2.GC_PR_BGD, np.uint8)
    hint[: max(int(top - 0.75 * tall), 0)] = cv2.GC_BGD
    for edge in (slice(0, max(int(left - 1.2 * wide), 0)), slice(min(int(right + 1.2 * wide), width), width)):
        hint[: int(min(bottom, height)), edge] = cv2.GC_BGD
    hint[:2] = cv2.GC_BGD
    head_axes = [int(0.75 * wide), int(0.8 * tall)]
    cv2.ellipse(hint, [int(middle), int((top + bottom) / 2 - 0.1 * tall)], head_axes, 0, 0, 360, cv2.GC_PR_FGD, -1)
    chest = [(middle - 0.5 * wide, bottom), (middle + 0.5 * wide, bottom)]
    chest += [(middle + 1.5 * wide, bottom + tall), (middle - 1.5 * wide, bottom + tall)]
    cv2.fillPoly(hint, [np.array(chest, int)], cv2.GC_PR_FGD)
    cv2.ellipse(hint, [int(middle), int((top + bottom) / 2)], [int(0.42 * wide), int(0.45 * tall)], 0, 0, 360, 1, -1)
    if bottom + 0.6 * tall < height:
        core = slice(max(int(middle - 0.35 * wide), 0), int(middle + 0.35 * wide))
        hint[int(bottom + 0.6 * tall) :, core] = cv2.GC_FGD
    return hint


def _largest(solid: np.ndarray) -> np.ndarray:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return solid
    return np.where(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), 255, 0).astype(np.uint8)
