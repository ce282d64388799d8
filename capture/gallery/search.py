"""The full search: from a picture to the lattice of a gallery, or to the reason why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from capture.gallery.contents import read_cells
from capture.gallery.edges import EdgeMap, Rectangles, find_edges, find_rectangles
from capture.gallery.ground import uneven_sides
from capture.gallery.labels import label_height
from capture.gallery.lattice import PRESENT, Lattice, complete, find_lattices
from capture.gallery.objections import (
    BOUNDED,
    SPEAKER_VIEW,
    UNCLEAR,
    clearly_bounded,
    named_share,
    objection,
)
from capture.gallery.probe import Cell

MAX_LATTICES = 16
"""Lattices judged, best first; the true one is mostly the first, lines of a shared page may outweigh small tiles."""
MIN_SEEN_SHARE = 0.6
"""Share of cells that must be seen for themselves; the rest may follow from the law of the layout."""
SURE_NAMED_SHARE = 0.6
"""Share of cells with a name or photo asked where something else was seen in the same place before."""
ROW_GAP_PLAY_PX = 3
"""How much the gaps between rows and columns may differ: borders blur them; a line of text under cards is higher."""
SAME_PITCH_PX = 1.6
"""How far the pitches of two readings of one grid differ."""
AS_WELL_BOUNDED = 0.85
"""Share of the better reading's mean edges that a reading with a wider gap must have to be the true one."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What a full search found: the cells in reading order, or a reason and no cells.

    ``row_lengths`` counts the cells of every row, ``gap`` is in pixels between cells, ``label_px`` is the height of the
    name labels, None where there are none.
    """

    cells: tuple[Cell, ...]
    row_lengths: tuple[int, ...]
    gap: float
    label_px: int | None
    reason: str | None


def _nothing(reason: str) -> Finding:
    return Finding((), (), 0.0, None, reason)


def search(image: np.ndarray) -> Finding:
    """Look for a gallery in a whole BGR picture."""
    edges = find_edges(image)
    found = find_rectangles(edges)
    lattices = _tightest_first(edges, find_lattices(found)[:MAX_LATTICES])
    refused: list[tuple[Lattice, str]] = []
    for lattice in lattices:
        finding = _judge(image, edges, found, lattice, _doubt(lattice, [other for other, _ in refused]))
        if finding.reason is None:
            return finding
        refused.append((lattice, finding.reason))
    reasons = [reason for _, reason in refused]
    if SPEAKER_VIEW in reasons:
        return _nothing(SPEAKER_VIEW)
    alone = _single(image, edges, found)
    if alone is not None:
        return alone
    return _nothing(reasons[0] if reasons else "No equal 16:9 tiles stand side by side in this picture.")


class _Doubt(IntEnum):
    """How much more a lattice must show because other readings of the picture were refused before it."""

    NONE = 0
    ELSEWHERE = 1
    """It must be clearly bounded: something was refused in another place."""
    SAME_PLACE = 2
    """Nearly all of it must be named, too: it may be a weaker reading of edges that were understood already."""


def _doubt(lattice: Lattice, refused: Sequence[Lattice]) -> _Doubt:
    others = [other for other in refused if not _same_grid(lattice, other)]
    if any(_overlap(lattice, other) for other in others):
        return _Doubt.SAME_PLACE
    return _Doubt.ELSEWHERE if others else _Doubt.NONE


def _overlap(one: Lattice, other: Lattice) -> bool:
    """Whether the blocks of two lattices share ground."""
    a, b = one.block, other.block
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _same_grid(one: Lattice, other: Lattice) -> bool:
    """Whether two lattices are readings of one grid: the gap's two edges and a speaker's border allow several."""
    return (
        _overlap(one, other)
        and (one.columns == 1 or other.columns == 1 or abs(one.pitch - other.pitch) <= SAME_PITCH_PX)
        and (len(one.rows) == 1 or len(other.rows) == 1 or abs(one.drop - other.drop) <= SAME_PITCH_PX)
        and not (one.columns == other.columns == 1 and len(one.rows) == len(other.rows) == 1)
    )


def _tightest_first(edges: EdgeMap, lattices: Sequence[Lattice]) -> list[Lattice]:
    """Lattices best first, of several readings of one grid the smallest cells first: only true gaps have two edges."""
    waiting, ordered = list(lattices), []
    while waiting:
        best = waiting[0]
        alike = [best, *(other for other in waiting[1:] if _same_grid(best, other))]
        enough = AS_WELL_BOUNDED * _mean_edge(edges, best) * best.count
        good = [other for other in alike if _mean_edge(edges, other) * other.count >= enough]
        first = min(good, key=lambda lattice: lattice.width)
        ordered += [first, *(other for other in alike if other is not first)]
        waiting = [other for other in waiting if not any(other is taken for taken in alike)]
    return ordered


def _mean_edge(edges: EdgeMap, lattice: Lattice) -> float:
    """Mean edge share of the sides of all cells, 0 to 1."""
    return float(np.mean([edges.sides(*cell).mean() for cell in lattice.cells()]))


class _Evidence:
    """How sure it is that a tile stands in a cell, from its sides and from a name or photo in its middle."""

    def __init__(self, image: np.ndarray, edges: EdgeMap, gap: float) -> None:
        self._image, self._edges, self._gap = image, edges, gap
        self._known: dict[tuple[int, ...], float] = {}
        self.borderless = True
        """Whether a name or photo alone makes a tile: only where camera-off tiles have the stage's own colour."""

    def __call__(self, cell: Cell) -> float:
        bounded = self.bounded(cell)
        if bounded >= PRESENT or not self.borderless or not self._inside(cell):
            return bounded
        reading = read_cells(self._image, [cell], None)[0]
        return 0.9 if reading.camera in ("off", "photo") else bounded

    def bounded(self, cell: Cell) -> float:
        """How much of the cell's sides is edge, 0 to 1; one side may be missing."""
        key = tuple(round(v) for v in cell)
        if key not in self._known:
            sides = np.sort(self._edges.sides(*cell)) if self._inside(cell) else np.zeros(4)
            # Where tiles touch, two sides of an empty cell belong to its neighbours.
            self._known[key] = float(sides[1] if self._gap < 2 else (sides[1:].mean() + sides[1]) / 2)
        return self._known[key]

    def _inside(self, cell: Cell) -> bool:
        height, width = self._image.shape[:2]
        return cell[0] >= -2 and cell[1] >= -2 and cell[2] <= width + 2 and cell[3] <= height + 2


def _judge(image: np.ndarray, edges: EdgeMap, found: Rectangles, lattice: Lattice, doubt: _Doubt) -> Finding:
    """Complete a lattice and decide whether it is a gallery."""
    evidence = _Evidence(image, edges, lattice.gap)
    if lattice.row_gap is not None and abs(lattice.row_gap - lattice.gap) > ROW_GAP_PLAY_PX and lattice.columns > 1:
        return _nothing("The rows stand further apart than the columns, as on a page of videos.")
    evidence.borderless = any(evidence(cell) > evidence.bounded(cell) for cell in lattice.cells())
    lattice = complete(lattice, evidence, image.shape[0])
    cells = lattice.cells()
    seen = float(np.mean([evidence(cell) >= PRESENT for cell in cells]))
    if len(cells) < 2 or seen < MIN_SEEN_SHARE:
        return _nothing("Some edges line up, but too few of the tiles they would bound can be seen.")
    shown = zip(cells, read_cells(image, cells, None), strict=True)
    labelled = [cell for cell, reading in shown if reading.camera != "off"]
    label_px = label_height(edges.level, labelled) if labelled else None
    readings = read_cells(image, cells, label_px)
    reason = objection(image, edges, found, lattice, readings, label_px)
    if doubt and not clearly_bounded(edges, lattice):
        reason = reason or UNCLEAR
    if doubt is _Doubt.SAME_PLACE and named_share(readings) < SURE_NAMED_SHARE:
        reason = reason or UNCLEAR
    if reason:
        return _nothing(reason)
    return Finding(tuple(cells), tuple(row.count for row in lattice.rows), lattice.gap, label_px, None)


def _single(image: np.ndarray, edges: EdgeMap, found: Rectangles) -> Finding | None:
    """A gallery of one person: one large, well-bounded rectangle that carries a name or a photo."""
    height, width = image.shape[:2]
    area = (found.boxes[:, 2] - found.boxes[:, 0]) * (found.boxes[:, 3] - found.boxes[:, 1])
    inside = (found.boxes[:, :2] > 1).all(axis=1) & (found.boxes[:, 2] < width - 1) & (found.boxes[:, 3] < height - 1)
    good = found.where(inside & (found.sides.min(axis=1) >= BOUNDED) & (area >= 0.2 * width * height))
    for index in np.argsort(-good.score)[:3]:
        left, top, right, bottom = (float(v) for v in good.boxes[index])
        cell = (left, top, right, bottom)
        if uneven_sides(image, cell) > 0:
            continue
        label_px = label_height(edges.level, [cell])
        reading = read_cells(image, [cell], label_px)[0]
        if reading.named and not reading.card:
            return Finding((cell,), (1,), 0.0, label_px, None)
    return None
