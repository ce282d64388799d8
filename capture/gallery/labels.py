"""Where the names stand: the labels at the foot of the tiles, read anew only when their strokes change."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from capture.gallery.probe import Cell, whole
from domain import Box

LABEL_RANGE_PX = (9, 64)
"""Heights of a name label: 20 px at 100 %, half of that in small recordings, 40 and a margin at 200 %."""
LABEL_SHARE = 0.48
"""A label and the space below it are never higher than this share of its tile."""
LABEL_EDGE, MIN_AGREEING = 0.7, 0.5
"""Edge share that makes the top of a label, and share of the tiles that must have it at one height."""
SAME_STROKES, MOST_NEW_STROKES = 0.05, 0.3
"""Share of a label's stroke pixels that may differ while it counts as the same: codec noise and what shines through.

Never more of them than this share of a label's height, which a thin letter has.
"""
LABEL_FOOT = 0.16
"""Lowest part of a label's height without letters: newer clients set the label a few pixels off the tile's edge."""
TEXT_STEP = 38
"""Gray levels by which the bright strokes of a name stand out of its label."""
TEXT_INK = (0.025, 0.5)
"""Share of a label that is strokes."""


def label_height(edges_level: np.ndarray, cells: Sequence[Cell]) -> int | None:
    """How far above the bottom of the tiles their labels begin, in pixels, or None where the tiles agree on nothing.

    ``edges_level`` is the map of level edges (H + 1, W): a label darkens the picture, so its top is a level edge at the
    left of the tile, at the same height in every tile.
    """
    offsets = _label_offsets(cells[0])
    held = np.stack([_held_tops(edges_level, cell, offsets) for cell in cells])
    agreeing = (held > LABEL_EDGE).mean(axis=0)
    best = int((agreeing + 0.01 * held.mean(axis=0)).argmax())
    return int(offsets[best]) if agreeing[best] >= MIN_AGREEING else None


def label_tops(edges_level: np.ndarray, cell: Cell) -> list[int]:
    """All heights above the bottom of one cell, in pixels, at which a label may begin."""
    offsets = _label_offsets(cell)
    return [int(offset) for offset in offsets[_held_tops(edges_level, cell, offsets) > LABEL_EDGE]]


def _label_offsets(cell: Cell) -> np.ndarray:
    highest = min(LABEL_RANGE_PX[1], int(LABEL_SHARE * (cell[3] - cell[1])))
    return np.arange(LABEL_RANGE_PX[0], max(LABEL_RANGE_PX[0] + 1, highest))


def _held_tops(edges_level: np.ndarray, cell: Cell, offsets: np.ndarray) -> np.ndarray:
    """Edge share, float32 (n,), of the tops that labels of these heights would have at the left of a cell."""
    left, bottom = round(cell[0]), round(cell[3])
    held = np.zeros(len(offsets), np.float32)
    if bottom - offsets[-1] < 1 or bottom > edges_level.shape[0]:
        return held
    for place, offset in enumerate(offsets):
        inset = offset // 4
        held[place] = edges_level[bottom - offset, max(left + inset, 0) : left + inset + offset].mean()
    return held


def _strips(image: np.ndarray, boxes: Sequence[Box | None], width: int, height: int) -> np.ndarray:
    """The bottom strip of every cell, gray uint8 (n, height, width)."""
    strips = np.zeros((len(boxes), height, width, 3), np.uint8)
    for strip, box in zip(strips, boxes, strict=True):
        if box is not None and box.height > height:
            part = image[box.bottom - height : box.bottom, box.left + 1 : box.left + 1 + width]
            strip[:, : part.shape[1]] = part
    return cv2.cvtColor(strips.reshape(-1, width, 3), cv2.COLOR_BGR2GRAY).reshape(strips.shape[:3])


class LabelReader:
    """Reads the name labels of one layout, frame after frame; a label whose strokes stay is not read again."""

    def __init__(self, cells: Sequence[Cell], height: int) -> None:
        self._cells, self._height = cells, height
        self._width = max(4, round(cells[0][2] - cells[0][0]) - 2)
        self._boxes: list[Box | None] = []
        self._ink: np.ndarray | None = None
        self._labels: list[Box | None] = [None] * len(cells)

    def read(self, image: np.ndarray) -> list[Box | None]:
        """The name label at the bottom left of every cell, or None where no bright text stands in it."""
        height = self._height
        self._boxes = self._boxes or [whole(cell).clamped(image.shape[1], image.shape[0]) for cell in self._cells]
        strips = _strips(image, self._boxes, self._width, height)
        side = max(3, height // 4 | 1)
        flat = strips.reshape(-1, strips.shape[2])
        relief = cv2.morphologyEx(flat, cv2.MORPH_TOPHAT, np.ones((side, side), np.uint8))
        rows = slice(height // 8, height - max(1, round(LABEL_FOOT * height)))
        strokes = (relief > TEXT_STEP).view(np.uint8).reshape(strips.shape)[:, rows]
        ink = strokes.sum(axis=1, dtype=np.int16)
        for index in np.flatnonzero(self._other_strokes(ink)):
            box = self._boxes[index]
            new = box and _label(ink[index], strokes[index], strips[index, rows], box, height)
            self._labels[index] = _steady(new, self._labels[index])
        return list(self._labels)

    def _other_strokes(self, ink: np.ndarray) -> np.ndarray:
        """Bool (n,): strips whose strokes are not those that were read last, which are kept for the rest."""
        if self._ink is None:
            self._ink = ink
            return np.ones(len(ink), bool)
        step = cv2.absdiff(ink, self._ink).sum(axis=1)
        other = (step > SAME_STROKES * self._ink.sum(axis=1)) | (step > MOST_NEW_STROKES * self._height)
        self._ink[other] = ink[other]
        return other


def read_labels(image: np.ndarray, cells: Sequence[Cell], height: int) -> list[Box | None]:
    """The name labels of one picture."""
    return LabelReader(cells, height).read(image)


def _label(ink: np.ndarray, strokes: np.ndarray, strip: np.ndarray, cell: Box, height: int) -> Box | None:
    """The label of one cell; ``ink`` counts the stroke pixels of every column of its strip."""
    inked = np.flatnonzero(ink)
    if len(inked) < 4 or inked[0] > 2.2 * height:
        return None
    gaps = np.diff(inked)
    breaks = np.flatnonzero(gaps > 1.1 * height)  # nothing for the width of two letters: the text is over
    last = breaks[0] if len(breaks) else len(inked) - 1
    end = int(inked[last]) + 1
    share = ink[:end].sum() / (end * len(strip))
    if end < height // 3 or not TEXT_INK[0] <= share <= TEXT_INK[1] or np.count_nonzero(gaps[:last] > 1) < 1:
        return None
    sampled, marked = strip[::2, :end:2], strokes[::2, :end:2] > 0
    ground = int(np.partition(sampled.ravel(), sampled.size // 2)[sampled.size // 2])
    if not marked.any() or sampled[marked].mean() < ground + TEXT_STEP:
        return None  # dark letters on light ground: the bright parts are only the insides of letters
    return Box(cell.left, cell.bottom - height, min(cell.left + 1 + end + max(2, height // 4), cell.right), cell.bottom)


def _steady(new: Box | None, old: Box | None) -> Box | None:
    """The old label where the new one is shorter by less than a letter: video shines through and moves its end.

    A longer one is taken at once: after a reshuffle it may be another name, which the old box would cut.
    """
    if new is None or old is None or (new.left, new.top) != (old.left, old.top):
        return new
    return old if 0 <= old.right - new.right <= new.height // 2 else new
