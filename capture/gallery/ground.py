"""The stage: the flat ground of one colour on which a meeting's tiles stand."""

from __future__ import annotations

import numpy as np

from capture.gallery.probe import Cell

BAND_PX = 10
"""How far from the tiles the stage is looked for: beyond a speaker's border at 200 %."""
NEAREST_PX = 5
"""Depth beside the tiles whose commonest colour is the stage's; a floating panel has no more of it."""
STAGE_STEP = 8
"""Gray levels within which the stage is flat."""
FLAT_LINE = 0.85
"""Share of a side along which stage must show; an icon or an arrow may cross it."""
BORDER_GREEN, BORDER_PX = (150, 60), 6
"""A speaker's border is green to yellow in every client (#6bf802, #1cd958): its least green, and by how much that
exceeds blue; it is up to 3 px wide at 100 %, 6 at 200 %. In a floating panel it hides the stage beside a tile."""
SIDE_POINTS = 200
"""Points looked at along a side."""


def uneven_sides(image: np.ndarray, block: Cell) -> int:
    """On how many sides of a block, of those in the picture, no flat stage of one colour lies close by.

    4 where fewer than two sides are in the picture.
    """
    bands = [band for band in _side_bands(image, block) if len(band) == BAND_PX]
    if len(bands) < 2:
        return 4
    ground = _commonest(bands)
    return sum(bool(_stage_share(band, ground) < FLAT_LINE) for band in bands)


def _stage_share(band: np.ndarray, ground: np.ndarray) -> float:
    """Share of the points along a side where stage, or a speaker's border over it, shows somewhere in the band."""
    border = _is_border(band)
    border[BORDER_PX:] = False
    return float(((np.abs(band - ground).max(axis=2) < STAGE_STEP) | border).any(axis=0).mean())


def _is_border(colours: np.ndarray) -> np.ndarray:
    """Mask of the colours (..., 3) that a speaker's border has."""
    green = colours[..., 1]
    return (green >= BORDER_GREEN[0]) & (green - colours[..., 0] >= BORDER_GREEN[1])


def stage_colour(image: np.ndarray, block: Cell) -> np.ndarray | None:
    """The colour that most of the thin frame around a block has, int16 (3,) BGR; None where it has no frame."""
    bands = [band for band in _side_bands(image, block) if len(band)]
    return _commonest(bands) if bands else None


def _side_bands(image: np.ndarray, block: Cell) -> list[np.ndarray]:
    """Colours beside each side of a block, nearest first: int16 (depth, points, 3), as deep as the picture goes."""
    left, top, right, bottom = (round(v) for v in block)
    height, width = image.shape[:2]
    xs = np.linspace(max(left, 0), min(right, width) - 1, SIDE_POINTS).astype(int)
    ys = np.linspace(max(top, 0), min(bottom, height) - 1, SIDE_POINTS).astype(int)
    depth = np.arange(BAND_PX)
    above, below = (rows[(rows >= 0) & (rows < height)] for rows in (top - 1 - depth, bottom + depth))
    before, behind = (columns[(columns >= 0) & (columns < width)] for columns in (left - 1 - depth, right + depth))
    level = [image[rows[:, None], xs[None, :]] for rows in (above, below)]
    upright = [image[ys[None, :], columns[:, None]] for columns in (before, behind)]
    return [band.astype(np.int16) for band in level + upright]


def _commonest(bands: list[np.ndarray]) -> np.ndarray:
    """The colour of most points close by, int16 (3,): the middle of the fullest bin of a coarse histogram."""
    points = np.concatenate([band[:NEAREST_PX].reshape(-1, 3) for band in bands])
    beside_border = points[~_is_border(points)]
    points = beside_border if len(beside_border) else points
    keys = (points // STAGE_STEP).astype(np.int64) @ np.array([4096, 64, 1])
    values, counts = np.unique(keys, return_counts=True)
    return np.median(points[keys == values[counts.argmax()]], axis=0).astype(np.int16)
