"""What a cell shows: camera on, off or a photo, with its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from capture.gallery.labels import LabelReader
from capture.gallery.probe import Cell, Probe, whole
from domain import Box, CameraState

MIN_FACE_HEIGHT_PX = 48
"""A tile lower than this cannot hold a face worth reading (Tian 2004: 36x48 px)."""
SAMPLE_ROWS, SAMPLE_COLUMNS = 18, 32
"""Grid of pixels from which a cell is judged flat or not."""
FLAT_STEP = 7
"""Gray levels within which a pixel counts as the cell's ground; codec noise on flat ground stays under 4."""
FLAT_SHARE = 0.5
"""A cell with less ground than this shows a picture."""
CARD_SHARE = 0.72
"""A cell with this much ground whose ink is not in the middle is a card of a page, not a video."""
INK_STEP = 20
"""Gray levels from the ground that make ink."""
DIM_INK = 45
"""Mean gray levels from the ground under which ink is no print: shapes of a room in the dark."""
FOOT_SHARE = 0.24
"""Part of a flat cell at its foot where labels live; a centred name never reaches it, a photo shows above it."""
MARK_REACH = (0.42, 0.27)
"""Share of a tile's height and width, from its top left, in which a raised hand or a reaction may lie over it: drawn at
150 % and more in a page of 25, it reaches down to the centred name."""
DETAIL_HEIGHT_PX = 240
"""Flat cells are looked at in about this height, strokes made thick enough to last: names are small in huge tiles."""
SAME_GROUND = 5
"""Gray levels within which two camera-off cells have the same ground."""
CHANGED_SAMPLES = 4
"""Sampled values of a flat cell that may change while it counts as the same: a cursor, an icon."""


@dataclass(frozen=True, slots=True)
class CellReading:
    """What one cell shows; ``card`` is true where flat ground carries things that no Zoom tile carries."""

    camera: CameraState
    label: Box | None
    card: bool = False

    @property
    def named(self) -> bool:
        """Whether something that only a meeting's tile has was seen: a label, a centred name, a photo."""
        return self.label is not None or self.camera in ("off", "photo")


def cell_probe(cells: Sequence[Cell]) -> Probe:
    """A regular grid of points inside every cell, its rim left out: (n, SAMPLE_ROWS, SAMPLE_COLUMNS)."""
    box = np.array(cells, np.float64).reshape(-1, 4)
    down = (np.arange(SAMPLE_ROWS) + 0.5) / SAMPLE_ROWS * 0.92 + 0.04
    across = (np.arange(SAMPLE_COLUMNS) + 0.5) / SAMPLE_COLUMNS * 0.92 + 0.04
    y = (box[:, 1:2] + (box[:, 3:4] - box[:, 1:2]) * down).astype(np.int32)
    x = (box[:, 0:1] + (box[:, 2:3] - box[:, 0:1]) * across).astype(np.int32)
    return Probe(x[:, None, :], y[:, :, None])


def grounds(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle colour of each cell, int16 (n, 3), and the share of its samples near it, float (n,).

    Where more than half of a cell is one colour, the median is that colour.
    """
    flat = samples.reshape(len(samples), -1, 3)
    middle = flat.shape[1] // 2
    colours = np.partition(flat, middle, axis=1)[:, middle].astype(np.int16)
    near = np.abs(flat - colours[:, None]).max(axis=2) <= FLAT_STEP
    return colours, near.mean(axis=1)


def _ink_box(ink: np.ndarray) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of what is marked, single specks left out."""
    solid = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    rows, columns = np.flatnonzero(solid.sum(axis=1) > 1), np.flatnonzero(solid.sum(axis=0) > 1)
    if len(rows) < 3 or len(columns) < 3:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@dataclass(frozen=True, slots=True)
class _FlatReading:
    """A flat cell: bare, dim, name, photo or neither ("other"), and the box of its ink in the frame."""

    kind: str
    ink: Box | None = None


def _read_flat(image: np.ndarray, cell: Cell, ground: np.ndarray, label_px: int) -> _FlatReading:
    """Tell a centred name from a photo in a cell that is mostly one colour."""
    box = whole(cell).clamped(image.shape[1], image.shape[0])
    if box is None:
        return _FlatReading("other")
    stride = max(1, box.height // DETAIL_HEIGHT_PX)
    part = box.of(image)
    level = [int(channel) for channel in ground]
    same = cv2.inRange(part, np.array([v - INK_STEP for v in level]), np.array([v + INK_STEP for v in level]))
    thick = same if stride == 1 else cv2.erode(np.asarray(same), np.ones((stride, stride), np.uint8))
    part, ink = part[::stride, ::stride], (np.asarray(thick)[::stride, ::stride] == 0).astype(np.uint8)
    floor = _mask_corners(ink, round(max(label_px, FOOT_SHARE * box.height) / stride) + 1)
    bounds = _ink_box(ink)
    if bounds is None:
        return _FlatReading("bare")
    left, top, right, bottom = bounds
    height, width = ink.shape
    fill = float(ink[top:bottom, left:right].mean())
    if bottom >= floor - 1 and abs(left + right - width) <= 0.06 * width:
        bottom = max(bottom, height - top)  # a photo reaches behind the label; it is centred, so its top tells its foot
    bounds = Box(left, top, right, bottom)
    kind = _kind_of_ink(bounds, fill, width, height)
    if kind == "other" and np.abs(part[ink > 0].astype(np.int16) - ground).max(axis=1).mean() < DIM_INK:
        kind = "dim"
    return _FlatReading(kind, Box(*(v * stride for v in bounds)).moved(box.left, box.top))


def _mask_corners(ink: np.ndarray, label_rows: int) -> int:
    """Clear in place what Zoom lays over the rim and corners of a tile (labels, hands, buttons).

    Returns the row from which everything is cleared.
    """
    height, width = ink.shape
    rim = max(2, round(0.035 * height))
    floor = height - max(rim, label_rows)
    ink[:rim] = 0
    ink[:, :rim] = ink[:, -rim:] = 0
    ink[: round(MARK_REACH[0] * height), : round(MARK_REACH[1] * width)] = 0
    ink[: round(0.24 * height), round(0.7 * width) :] = 0
    ink[floor:] = 0
    return floor


def _kind_of_ink(ink: Box, fill: float, width: int, height: int) -> str:
    """What ink in a flat cell of this size is: a "name", a "photo", or "other" where it is not in the middle."""
    aside = abs(ink.left + ink.right - width) / 2
    low = abs(ink.top + ink.bottom - height) / 2
    if aside > max(2, 0.07 * width) or low > max(3, 0.1 * height) or ink.top < 0.1 * height:
        return "other"
    square = 0.8 <= ink.width / ink.height <= 1.25
    if square and (fill > 0.58 or (fill > 0.4 and ink.height > 0.26 * height)) and ink.height > 0.14 * height:
        return "photo"
    return "name" if ink.height < 0.36 * height and fill < 0.75 else "other"


class CellReader:
    """Reads what the cells of one layout show, frame after frame; a flat cell that has not changed is not read again.

    ``label_px`` is the height of the labels, None where there are none.
    """

    def __init__(self, cells: Sequence[Cell], label_px: int | None) -> None:
        self._cells, self._label_px = cells, label_px
        self._probe = cell_probe(cells)
        self._samples: np.ndarray | None = None
        self._flats: list[_FlatReading | None] = [None] * len(cells)
        self._labels = LabelReader(cells, label_px) if label_px else None

    def read(self, image: np.ndarray) -> list[CellReading]:
        """Camera state and label of every cell in a BGR frame."""
        samples = self._probe.colours(image)
        colours, share = grounds(samples)
        flat = share >= FLAT_SHARE
        stale = flat & (self._changed(samples) | np.array([known is None for known in self._flats]))
        for index, cell in enumerate(self._cells):
            if stale[index]:
                self._flats[index] = _read_flat(image, cell, colours[index], self._label_px or 0)
            elif not flat[index]:
                self._flats[index] = None
        labels = self._labels.read(image) if self._labels else [None] * len(self._cells)
        self._samples = samples
        off_grounds = [colours[i] for i, known in enumerate(self._flats) if known and known.kind in ("name", "photo")]
        return [
            _reading(cell, self._flats[i], labels[i], colours[i], share[i], off_grounds)
            for i, cell in enumerate(self._cells)
        ]

    def _changed(self, samples: np.ndarray) -> np.ndarray:
        """Bool (n,): cells of which more than a speck differs from the frame before."""
        if self._samples is None:
            return np.ones(len(samples), bool)
        step = cv2.absdiff(samples.reshape(len(samples), -1), self._samples.reshape(len(samples), -1))
        return np.count_nonzero(step > INK_STEP, axis=1) > CHANGED_SAMPLES


def read_cells(image: np.ndarray, cells: Sequence[Cell], label_px: int | None) -> list[CellReading]:
    """Camera state and label of every cell of one picture."""
    return CellReader(cells, label_px).read(image)


def _reading(
    cell: Cell,
    flat: _FlatReading | None,
    label: Box | None,
    ground: np.ndarray,
    share: float,
    off_grounds: list[np.ndarray],
) -> CellReading:
    """Put together what one cell shows; ``off_grounds`` are the grounds of cells whose camera is known to be off."""
    if cell[3] - cell[1] < MIN_FACE_HEIGHT_PX:
        return CellReading("too_small", label)
    if flat is None:
        return CellReading("on", label)
    if flat.kind == "name" and flat.ink is not None:
        pad = max(2, flat.ink.height // 3)
        ink = flat.ink
        return CellReading("off", Box(max(ink.left - pad, 0), max(ink.top - pad, 0), ink.right + pad, ink.bottom + pad))
    if flat.kind == "photo":
        return CellReading("photo", label)
    alike = any(np.abs(ground - other).max() <= SAME_GROUND for other in off_grounds)
    # A bare cell with its name at the bottom left is a camera in the dark; without one it is like its camera-off peers.
    if flat.kind == "bare" and label is None and alike:
        return CellReading("off", None)
    return CellReading("on", label, card=flat.kind == "other" and share >= CARD_SHARE)
