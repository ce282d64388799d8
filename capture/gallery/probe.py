"""Cells, and looking at the same scattered points of frame after frame."""

from __future__ import annotations

import cv2
import numpy as np

from domain import Box

Cell = tuple[float, float, float, float]
"""Left, top, right and bottom of a tile, in fractions of pixels."""


def whole(cell: Cell) -> Box:
    """The cell in whole pixels."""
    left, top, right, bottom = (round(v) for v in cell)
    return Box(left, top, right, bottom)


class Probe:
    """A block of points, whose colours are taken from one frame after another.

    ``x`` and ``y`` are whole pixels that broadcast to one shape (n, ...); points outside a frame take its border.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        x, y = np.broadcast_arrays(x, y)
        self._shape = x.shape
        self._at = np.stack([x, y], axis=-1).astype(np.int16).reshape(len(x), -1, 2)

    def colours(self, image: np.ndarray) -> np.ndarray:
        """Colours of the points in a BGR frame: uint8 (n, ..., 3)."""
        taken = cv2.remap(image, self._at, np.empty(0, np.int16), cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(taken, np.uint8).reshape(*self._shape, 3)
