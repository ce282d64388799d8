"""The tiles of a gallery from frame to frame: a cheap check while nothing moves, a full search when something does."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from capture.gallery.contents import CellReader, CellReading
from capture.gallery.edges import MIN_STEP, find_edges
from capture.gallery.labels import label_height
from capture.gallery.probe import Probe, whole
from capture.gallery.search import Finding, search
from domain import Box, Tile

EDGE_PLAY_PX = 1.5
"""How far inside and outside an edge colours are compared: one pixel of play."""
MIN_COVERED_GAP_PX, FOREIGN_SHARE = 3, 0.4
"""Gap from which the stage between tiles can be told, and share of it around a tile that another window must hide."""
SIDE_POINTS = 12
"""Points looked at on each side of a tile in the cheap check."""
SEEN_SHARE = 0.8
"""A side that steps at this share of its points is one that the check can rely on."""
KEPT_SHARE = 0.7
"""Share of points at which such a side must still step; in the midst of a noisy picture half of them do by chance."""
ROW_SHARE = 0.6
"""Share of the sides of every row that must hold."""
HELD_SHARE = 0.85
"""Share of the sides that must hold: a speaker's border, a button or a cursor touches a few."""
WATCH_STEP = 14
"""Gray levels by which empty stage must change before it is searched for new tiles."""
WATCH_SHARE = 0.25
"""Share of an empty place that must change."""
SAME_PLACE_PX = 2
"""Largest distance between the edges of two layouts that count as one."""
LABELLED_SHARE = 0.5
"""Share of the tiles with a picture that have a label where labels are shown: fewer are read where these came late."""
LOST_FRAMES = 3
"""Frames after the loss of a layout during which the tiles are taken to be on the move."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """The tiles of one frame in reading order; ``reason`` says in one sentence why there are none.

    ``moving`` is true while a known layout gives way to another: there are no tiles then rather than wrong ones.
    """

    tiles: tuple[Tile, ...]
    reason: str | None
    moving: bool = False


def _side_probe(cells: np.ndarray, outwards: float) -> Probe:
    """Points on a line beside every side: (n, 4, points); sides are left, top, right, bottom."""
    along = np.linspace(0.16, 0.84, SIDE_POINTS)
    xs = cells[:, 0:1] + (cells[:, 2:3] - cells[:, 0:1]) * along
    ys = cells[:, 1:2] + (cells[:, 3:4] - cells[:, 1:2]) * along
    across, down = [], []
    for side, towards in enumerate((-1, -1, 1, 1)):
        # The pixel before an edge lies outside at the left and top, inside at the right and bottom.
        place = np.rint(cells[:, side : side + 1]) + towards * outwards - (towards < 0) * 0.5 - (towards > 0) * 0.5
        edge = np.repeat(place, SIDE_POINTS, axis=1)
        across.append(edge if side % 2 == 0 else xs)
        down.append(ys if side % 2 == 0 else edge)
    return Probe(np.rint(np.stack(across, axis=1)), np.rint(np.stack(down, axis=1)))


class _Sides:
    """The sides of the cells of one layout, watched for the step from stage to tile."""

    def __init__(self, cells: np.ndarray) -> None:
        self._outside, self._inside = _side_probe(cells, EDGE_PLAY_PX), _side_probe(cells, -EDGE_PLAY_PX)

    def steps(self, image: np.ndarray) -> np.ndarray:
        """Share of points on every side of every cell where colours step: float (n, 4), left, top, right, bottom."""
        outside, inside = self._outside.colours(image), self._inside.colours(image)
        step = cv2.absdiff(outside.reshape(len(outside), -1), inside.reshape(len(inside), -1)).reshape(outside.shape)
        largest = np.maximum(np.maximum(step[..., 0], step[..., 1]), step[..., 2])
        return (largest >= MIN_STEP).mean(axis=2)


@dataclass(slots=True, eq=False)
class _Layout:
    """A layout found by a full search, and what tells that it still holds; ``steps`` is of the newest frame."""

    finding: Finding
    shape: tuple[int, ...]
    cells: np.ndarray
    boxes: list[Box]
    rows: np.ndarray
    sides: _Sides
    steps: np.ndarray
    relied_on: np.ndarray
    stage: np.ndarray
    label_px: int | None
    reader: CellReader
    frames: int = 0
    watched: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)

    @classmethod
    def of(cls, finding: Finding, image: np.ndarray) -> _Layout:
        cells = np.array(finding.cells, np.float64)
        sides = _Sides(cells)
        steps = sides.steps(image)
        layout = cls(
            finding,
            image.shape,
            cells,
            boxes=[whole(cell).clamped(image.shape[1], image.shape[0]) or whole(cell) for cell in finding.cells],
            rows=np.repeat(np.arange(len(finding.row_lengths)), finding.row_lengths),
            sides=sides,
            steps=steps,
            relied_on=steps >= SEEN_SHARE,
            stage=np.median(_side_probe(cells, finding.gap / 2).colours(image).reshape(-1, 3), axis=0),
            label_px=finding.label_px,
            reader=CellReader(finding.cells, finding.label_px),
        )
        layout.watched = layout._empty_places(image)
        return layout

    def covered(self, image: np.ndarray) -> np.ndarray:
        """Bool (n,): cells over whose edges and gaps something else lies; a speaker's border leaves the edges."""
        if self.finding.gap < MIN_COVERED_GAP_PX:
            return np.zeros(len(self.cells), bool)
        hidden = (self.steps >= KEPT_SHARE).sum(axis=1) <= 1
        if hidden.any():
            beside = _side_probe(self.cells[hidden], self.finding.gap / 2).colours(image)
            foreign = (np.abs(beside - self.stage).max(axis=3) > WATCH_STEP).mean(axis=(1, 2))
            hidden[hidden] = foreign >= FOREIGN_SHARE
        return hidden

    def _empty_places(self, image: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Flat places beside and below the tiles where the next tile would come: rows, columns, colours of points."""
        last = self.cells[self.rows == self.rows[-1]]
        width, height = last[0, 2] - last[0, 0], last[0, 3] - last[0, 1]
        places = [
            (last[0, 0] - width * 0.6, last[0, 1], last[0, 0] - width * 0.1, last[0, 3]),
            (last[-1, 2] + width * 0.1, last[0, 1], last[-1, 2] + width * 0.6, last[0, 3]),
            (self.cells[:, 0].min(), last[0, 3] + height * 0.1, self.cells[:, 2].max(), last[0, 3] + height * 0.6),
        ]
        watched = []
        for left, top, right, bottom in places:
            box = Box(round(left), round(top), round(right), round(bottom)).clamped(image.shape[1], image.shape[0])
            if box is None or box.area < 0.2 * width * height:
                continue
            ys = np.linspace(box.top, box.bottom - 1, 8).astype(int)[:, None]
            xs = np.linspace(box.left, box.right - 1, 12).astype(int)[None, :]
            colours = image[ys, xs].astype(np.int16)
            ground = np.median(colours.reshape(-1, 3), axis=0)
            if (np.abs(colours - ground).max(axis=2) < WATCH_STEP).mean() > 0.9:
                watched.append((ys, xs, colours))
        return watched

    def holds(self, image: np.ndarray) -> bool:
        """Whether the edges are where they were and no tile has come to an empty place."""
        if image.shape != self.shape:
            return False
        self.steps = self.sides.steps(image)
        kept = self.steps >= KEPT_SHARE
        relied = self.relied_on
        if not relied.any():
            return False
        for row in np.unique(self.rows):
            mine = relied & (self.rows == row)[:, None]
            if mine.any() and kept[mine].mean() < ROW_SHARE:
                return False
        if kept[relied].mean() < HELD_SHARE:
            return False
        return all(
            (np.abs(image[ys, xs] - colours).max(axis=2) > WATCH_STEP).mean() < WATCH_SHARE
            for ys, xs, colours in self.watched
        )

    def read(self, image: np.ndarray) -> list[CellReading]:
        """What every cell shows in this frame.

        Where few labels are seen they may have been drawn after the layout was found, so their height is asked again;
        they may be hidden for good, so this is done after 1, 2, 4, 8 and so on frames: it costs half a full search.
        """
        readings = self.reader.read(image)
        if self.frames and not self.frames & (self.frames - 1) and self._lacks_labels(readings):
            pictures = [self.finding.cells[i] for i, reading in enumerate(readings) if reading.camera != "off"]
            height = label_height(find_edges(image).level, pictures)
            if height is not None and height != self.label_px:
                self.label_px, self.reader = height, CellReader(self.finding.cells, height)
                readings = self.reader.read(image)
        self.frames += 1
        return readings

    def _lacks_labels(self, readings: list[CellReading]) -> bool:
        labelled = [reading.label is not None for reading in readings if reading.camera != "off"]
        return sum(labelled) < LABELLED_SHARE * len(labelled)

    def same_places(self, other: _Layout) -> bool:
        """Whether another layout has its tiles where this one has."""
        return self.cells.shape == other.cells.shape and bool(np.abs(self.cells - other.cells).max() <= SAME_PLACE_PX)


class GalleryFinder:
    """Finds the tiles in the frames of one source; keeps the known layout between frames."""

    def __init__(self) -> None:
        self._layout: _Layout | None = None
        self._lost = 0

    def update(self, image: np.ndarray) -> Gallery:
        """The gallery in the next frame: uint8 (H, W, 3) BGR.

        A known layout is only checked; a changed one is reported as moving until two frames agree on it.
        """
        if self._layout is not None and self._layout.holds(image):
            self._lost = 0
            return _gallery(self._layout, image)
        finding = search(image)
        if finding.reason is not None:
            return self._nothing_found(finding.reason)
        layout = _Layout.of(finding, image)
        before, self._layout = self._layout, layout
        first = before is None and self._lost == 0
        resized = before is not None and before.shape != layout.shape
        if first or resized or (before is not None and before.same_places(layout)):
            self._lost = 0
            return _gallery(layout, image)
        return _MOVING

    def _nothing_found(self, reason: str) -> Gallery:
        if self._layout is not None or 0 < self._lost < LOST_FRAMES:
            self._layout = None
            self._lost += 1
            return _MOVING
        self._lost = 0
        return Gallery((), reason)


def _gallery(layout: _Layout, image: np.ndarray) -> Gallery:
    """The tiles of a layout with what they show in this frame."""
    readings = layout.read(image)
    hidden = layout.covered(image)
    tiles = [
        Tile(slot, box, "covered" if hidden[slot] else reading.camera, None if hidden[slot] else reading.label)
        for slot, (box, reading) in enumerate(zip(layout.boxes, readings, strict=True))
    ]
    return Gallery(tuple(tiles), None)


_MOVING = Gallery((), "The tiles are moving to other places.", moving=True)
