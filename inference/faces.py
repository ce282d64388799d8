"""Where the faces in the tiles are, and whether their pixels are good enough to be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from config import InferenceSettings
from domain import Abstention, Box, Face, ModelError, Quality, Tile

CASCADE = "haarcascade_frontalface_alt2.xml"
SEARCH_HEIGHT = 120
"""Tiles are searched at this height in pixels: the cascade's window is 20, a sixth of it."""
SCALE_STEP = 1.2
MIN_WINDOWS = 2
"""With these three the cascade found 44 of 47 clear faces of the given galleries and no false one, in 145 ms for 25
tiles; finer steps cost twice as much for one face more, fewer windows give false faces."""
HALF_SURE_WINDOWS = 4
"""Windows that agree on a face scored 0.5: true faces have 12 in the median, false ones rarely more than 3."""
MIN_SHARE = 0.18
"""Smallest square searched, as a share of the tile's height."""
DARK_LEVEL = 80
"""A tile whose brightest pixels stay below this gray level is stretched before it is searched."""
BRIGHT_PERCENTILE = 95
NEARLY_BLACK = 16
"""Below this brightest level there is only noise to stretch."""

FACE_IN_SQUARE = (0.11, -0.015, 0.90, 1.075)
"""A face from hairline to chin in the square that the cascade reports: the median over 44 boxes drawn by hand."""

SAME_FACE = 0.4
"""Boxes in one tile that share more than this, by intersection over union, are one face."""

UNCERTAIN_SCORE = 0.4
"""Faces below this score are kept but not read: two or three agreeing windows are often a fold in a curtain."""
FLAT_VARIANCE = 25.0
"""Variance of gray levels that compression alone can make: keeps an empty crop from looking sharp."""


class FaceFinder:
    """Finds faces in tiles with OpenCV's cascade.

    Raises ModelError when OpenCV's cascade file is missing or damaged.
    """

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).with_name("data") / CASCADE))
        if self._cascade.empty():
            raise ModelError(f"OpenCV's {CASCADE} cannot be read: reinstall the package opencv-python-headless")

    def find(self, image: np.ndarray, tiles: Sequence[Tile]) -> list[Face]:
        """Faces in these tiles of a uint8 (H, W, 3) picture, the surest of each tile first; boxes in its pixels.

        Boxes go from hairline to chin. The score, 0 to 1, grows with the evidence for a face.
        """
        return [face for tile in tiles for face in self._find_in(image, tile)]

    def _find_in(self, image: np.ndarray, tile: Tile) -> list[Face]:
        gray = cv2.cvtColor(tile.box.of(image), cv2.COLOR_BGR2GRAY)
        scale = SEARCH_HEIGHT / gray.shape[0]
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = _lit(cv2.resize(gray, (max(round(gray.shape[1] * scale), 1), SEARCH_HEIGHT), interpolation=way))
        smallest = round(SEARCH_HEIGHT * MIN_SHARE)
        squares, windows = self._cascade.detectMultiScale2(
            small, scaleFactor=SCALE_STEP, minNeighbors=MIN_WINDOWS, minSize=(smallest, smallest)
        )
        faces = []
        for square, count in zip(squares, windows, strict=True):
            box = _face_box(square, scale, tile.box)
            if box is not None:
                faces.append(Face(tile.slot, box, float(count / (count + HALF_SURE_WINDOWS))))
        return without_doubles(faces)


def without_doubles(faces: Sequence[Face]) -> list[Face]:
    """The surest face of every group of faces on the same place, surest first."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(face.box.iou(other.box) < SAME_FACE for other in kept):
            kept.append(face)
    return kept


def quality_of(face: Face, crop: np.ndarray, settings: InferenceSettings) -> Quality:
    """Whether a face can be read, and why not, by its size, its uint8 (48, 48) crop and its score."""
    sharp = sharpness(crop)
    reason: Abstention | None = None
    if face.box.width < settings.min_face_width or face.box.height < settings.min_face_height:
        reason = "too_small"
    elif sharp < settings.min_sharpness:
        reason = "blurred"
    elif face.score < UNCERTAIN_SCORE:
        reason = "uncertain_face"
    return Quality(face.box.height, sharp, reason)


def sharpness(crop: np.ndarray) -> float:
    """How sharp a uint8 (48, 48) crop is, from 0 to 1: its Laplacian's variance over its own, without contrast.

    Measured on the crop because only what survives there counts. FER2013's pictures have 0.7 in the median and 0.2 at
    the lowest percentile; blurred by one pixel of their own they have 0.05.
    """
    gray = crop.astype(np.float32)
    return min(float(cv2.Laplacian(gray, cv2.CV_32F).var() / (gray.var() + FLAT_VARIANCE)), 1.0)


def _lit(gray: np.ndarray) -> np.ndarray:
    """A dark picture stretched to the full range; others as they are: equalising them loses faces (measured)."""
    bright = float(np.percentile(gray, BRIGHT_PERCENTILE))
    if not NEARLY_BLACK < bright < DARK_LEVEL:
        return gray
    return cv2.convertScaleAbs(gray, alpha=255.0 / bright)


def _face_box(square: Sequence[int], scale: float, tile: Box) -> Box | None:
    left, top, side, _ = square
    edges = [left, top, left, top] + np.array(FACE_IN_SQUARE) * side
    inside = Box(*(round(float(edge) / scale) for edge in edges)).clamped(tile.width, tile.height)
    return inside.moved(tile.left, tile.top) if inside else None
