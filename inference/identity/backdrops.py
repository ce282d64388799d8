"""A tile known again for some seconds by the room that it shows: coarse pictures, in memory only.

A picture has 16 x 7 cells of a tile's upper part. A face covers about 3 x 3 of them: too few to know anybody by, and a
room is known by the cells around it. Nothing of it outlives ``REMEMBERED_S``.
"""

from __future__ import annotations

import cv2
import numpy as np

CELLS = (16, 7)
"""Columns and rows of a picture."""
UPPER_SHARE = 0.8
"""The part of a tile above its label, which changes places with the tile but says nothing of the room."""
REMEMBERED_S = 8.0
"""Seconds for which a picture is kept of somebody who is not in sight: a reshuffle with late labels takes a few."""

CELL_STEP = 16
"""Gray levels in one channel by which a cell has changed: noise and a camera's exposure stay below."""
SAME_SHARE = 0.25
"""Share of changed cells up to which it is the same room: within 8 s it is below 0.25 for drawn students, and below
0.15 on recordings of people who sit before a webcam."""
CUT_SHARE = 0.6
"""Share of changed cells above which the tile shows something else: two recorded rooms differ in 0.86 and more, and
most drawn ones in 0.7; in between, somebody carries the camera around."""
LONE_MARGIN = 0.2
"""How many more cells must differ from every other room, as a share: students may choose the same background."""
BAR_STEP = 8
"""Gray levels within which a column of cells is a bar beside an upright phone's picture and says nothing."""
LEAST_TEXTURE = 10.0
"""Standard deviation between cells, in gray levels, under which a picture is no room but a lens in the dark."""


def backdrop(tile_bgr: np.ndarray) -> np.ndarray:
    """The coarse picture, uint8 (7, 16, 3), of a tile's pixels, uint8 (H, W, 3); a thumbnail will do."""
    upper = tile_bgr[: max(round(UPPER_SHARE * tile_bgr.shape[0]), 1)]
    return np.asarray(cv2.resize(upper, CELLS, interpolation=cv2.INTER_AREA))


def changed_share(picture: np.ndarray, other: np.ndarray) -> float:
    """Share of cells, 0 to 1, in which two pictures differ; columns that are flat in both are left out."""
    shown = _shown_columns(picture) | _shown_columns(other)
    changed = (cv2.absdiff(picture, other).max(axis=2) > CELL_STEP)[:, shown if shown.any() else slice(None)]
    return float(changed.mean())


def has_texture(picture: np.ndarray) -> bool:
    """Whether a picture shows enough to be known again by."""
    return float(picture.std(axis=(0, 1)).max()) >= LEAST_TEXTURE


def _shown_columns(picture: np.ndarray) -> np.ndarray:
    return (picture.max(axis=0) - picture.min(axis=0)).max(axis=1) > BAR_STEP


def lone_pairs(pictures: list[np.ndarray], others: list[np.ndarray]) -> list[tuple[int, int]]:
    """Places of pictures that show the same room, where no other picture of either list comes near."""
    shares = np.array([[changed_share(one, other) for other in others] for one in pictures])
    pairs = []
    for row, column in zip(*np.nonzero(shares <= SAME_SHARE), strict=True):
        rivals = np.concatenate([np.delete(shares[row], column), np.delete(shares[:, column], row)])
        if rivals.min(initial=1.0) >= shares[row, column] + LONE_MARGIN:
            pairs.append((int(row), int(column)))
    return pairs
