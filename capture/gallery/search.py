"""The full search: from a picture to the lattice of a gallery, or to the reason why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capture.gallery.contents import Cell, CellReading, label_height, read_cells
from capture.gallery.edges import EdgeMap, Rectangles, find_edges, find_rectangles
from capture.gallery.lattice import PRESENT, Lattice, Row, complete, find_lattices

MAX_LATTICES = 6
"""Lattices judged, best first; the true one is nearly always the first."""
BOUNDED = 0.6
"""Edge share from which a side counts as seen."""
MIN_SEEN_SHARE = 0.6
"""Share of cells that must be seen for themselves; the rest may follow from the law of the layout."""
MIN_NAMED_SHARE = 0.3
"""Share of cells with a name or photo from which a lattice is a meeting: an icon or a bright room can hide a label."""
MAX_CARD_SHARE = 0.25
"""Share of cells that may look like cards of a page."""
SAME_GAP_PX = 1.6
"""How far the gap between rows may differ from the gap between columns."""
FEW = 4
"""Fewer tiles than this in one line must have a flat stage around them."""
BESIDE_PX, STAGE_STEP = 10, 8
"""Where the stage is looked for, beyond a speaker's border at 200 %, and the gray levels within which it is flat."""
FLAT_LINE = 0.85
"""Share of a line beside the tiles that must be stage; an icon or an arrow may cross it."""
UNCLEAR = "Some edges line up, but they bound no clear tiles."
CLEARLY_BOUNDED, MIN_CLEAR_SHARE = 0.75, 0.8
"""Mean edge share of a cell's sides, and share of such cells, asked of a gallery whose names are hidden."""
MIN_UNNAMED_GAP_PX = 1.5
"""Cells that touch and carry no name are any grid."""
SPEAKER_RATIO = 1.6
"""A picture this much wider than the tiles beside it is the speaker's."""
SPEAKER_VIEW = "One large picture stands beside a strip of small ones: this is the speaker view, not the gallery."
DARK_STAGE = 90
"""Without any name only a stage darker than this gray, or a centred last row, is taken for a meeting's.

Pages with pictures are mostly light, and fill their last row from the left.
"""


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
    refused: list[tuple[Lattice, str]] = []
    for lattice in find_lattices(found)[:MAX_LATTICES]:
        if any(_overlap(lattice, other) for other, _ in refused):
            continue  # a weaker reading of edges that were understood already
        finding = _judge(image, edges, found, lattice, doubtful=bool(refused))
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


def _overlap(one: Lattice, other: Lattice) -> bool:
    """Whether the blocks of two lattices share ground."""
    a, b = one.block, other.block
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


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


def _judge(image: np.ndarray, edges: EdgeMap, found: Rectangles, lattice: Lattice, doubtful: bool) -> Finding:
    """Complete a lattice and decide whether it is a gallery; a doubtful one must be clearly bounded."""
    evidence = _Evidence(image, edges, lattice.gap)
    if lattice.row_gap is not None and abs(lattice.row_gap - lattice.gap) > SAME_GAP_PX and lattice.columns > 1:
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
    reason = _objection(image, edges, found, lattice, readings)
    if doubtful and not _clearly_bounded(edges, lattice):
        reason = reason or UNCLEAR
    if reason:
        return _nothing(reason)
    return Finding(tuple(cells), tuple(row.count for row in lattice.rows), lattice.gap, label_px, None)


def _objection(
    image: np.ndarray, edges: EdgeMap, found: Rectangles, lattice: Lattice, readings: Sequence[CellReading]
) -> str | None:
    """Why a complete lattice is no gallery, or None."""
    named = float(np.mean([reading.named for reading in readings]))
    if np.mean([reading.card for reading in readings]) > MAX_CARD_SHARE:
        return "The cells are cards with text, as on a dashboard page, not a meeting's tiles."
    if _goes_on(edges, lattice):
        return "The grid goes on beyond the edge of its page, as pictures on a web page do."
    if len(lattice.rows) == 1 or lattice.columns == 1:
        if _bigger_picture(found, lattice):
            return SPEAKER_VIEW
        if _repeats(found, lattice):
            return "The same row repeats further away than a gallery's rows stand, as on a page of videos."
        if len(readings) < FEW and _uneven_sides(image, lattice.block) > 0:
            return "A few 16:9 pictures stand in a line, but on no stage of their own."
    if named >= MIN_NAMED_SHARE:
        return None
    if len(lattice.rows) == 1 or lattice.columns == 1:
        return "A few 16:9 pictures stand in a line, but none carries a name as a meeting's tile does."
    if lattice.gap < MIN_UNNAMED_GAP_PX or not _clearly_bounded(edges, lattice):
        return UNCLEAR
    first, last = lattice.rows[0], lattice.rows[-1]
    centred = last.count < first.count and last.left - first.left > SAME_GAP_PX
    if not centred and _stage_gray(image, lattice) > DARK_STAGE:
        return "16:9 pictures stand on a light page and none carries a name: this looks like a page of pictures."
    return None


def _clearly_bounded(edges: EdgeMap, lattice: Lattice) -> bool:
    bounded = np.array([edges.sides(*cell).mean() for cell in lattice.cells()])
    return float(np.mean(bounded >= CLEARLY_BOUNDED)) >= MIN_CLEAR_SHARE


def _goes_on(edges: EdgeMap, lattice: Lattice) -> bool:
    """Whether another row begins below or ends above the block and is cut off."""
    row_below = Row(lattice.rows[-1].top + lattice.drop, lattice.rows[0].left, lattice.rows[0].count)
    row_above = Row(lattice.rows[0].top - lattice.drop, lattice.rows[0].left, lattice.rows[0].count)
    reach = 0.3 * lattice.height
    cut = 0
    for row, begins in ((row_below, True), (row_above, False)):
        held = []
        for place in range(row.count):
            left, top, right, bottom = (round(v) for v in lattice.cell(row, place))
            edge = top if begins else bottom
            first, last = (top, round(top + reach)) if begins else (round(bottom - reach), bottom)
            if first < 0 or last > edges.upright.shape[0]:
                break
            inset = (right - left) // 8
            shares = (
                edges.top_bottom(edge, left + inset, right - inset),
                edges.left_right(left, first + inset // 2, last),
                edges.left_right(right, first + inset // 2, last),
            )
            held.append(min(shares) >= BOUNDED)
        cut += bool(held) and sum(held) > len(held) / 2
    return cut > 0


def _apart(found: Rectangles, lattice: Lattice) -> np.ndarray:
    """Mask of the rectangles that lie outside the block of the lattice."""
    left, top, right, bottom = lattice.block
    lefts, tops, rights, bottoms = found.boxes.T
    return (rights <= left + 2) | (lefts >= right - 2) | (bottoms <= top + 2) | (tops >= bottom - 2)


def _bigger_picture(found: Rectangles, lattice: Lattice) -> bool:
    wide = found.boxes[:, 2] - found.boxes[:, 0] >= SPEAKER_RATIO * lattice.width
    return bool((wide & _apart(found, lattice) & (found.score >= 2.8)).any())


def _repeats(found: Rectangles, lattice: Lattice) -> bool:
    """Whether cells of the same size stand in the same columns (or rows), further away."""
    boxes = found.boxes
    same = np.abs(boxes[:, 2] - boxes[:, 0] - lattice.width) <= SAME_GAP_PX
    axis = 0 if len(lattice.rows) == 1 else 1
    start, pitch = (lattice.rows[0].left, lattice.pitch) if axis == 0 else (lattice.rows[0].top, lattice.drop)
    steps = (boxes[:, axis] - start) / pitch
    aligned = np.abs(steps - np.rint(steps)) * pitch <= SAME_GAP_PX
    return bool((same & aligned & _apart(found, lattice) & (found.score >= 2.8)).any())


def _stage_gray(image: np.ndarray, lattice: Lattice) -> float:
    """Median gray of the thin frame around the block, where the stage shows."""
    left, top, right, bottom = (round(v) for v in lattice.block)
    height, width = image.shape[:2]
    reach = max(3, round(lattice.gap / 2) + 2)
    strips = [
        image[max(top - reach, 0) : max(top - 1, 0), max(left, 0) : right],
        image[bottom + 1 : min(bottom + reach, height), max(left, 0) : right],
        image[max(top, 0) : bottom, max(left - reach, 0) : max(left - 1, 0)],
        image[max(top, 0) : bottom, right + 1 : min(right + reach, width)],
    ]
    pixels = [strip.reshape(-1, 3).mean(axis=1) for strip in strips if strip.size]
    return float(np.median(np.concatenate(pixels))) if pixels else 255.0


def _single(image: np.ndarray, edges: EdgeMap, found: Rectangles) -> Finding | None:
    """A gallery of one person: one large, well-bounded rectangle that carries a name or a photo."""
    height, width = image.shape[:2]
    area = (found.boxes[:, 2] - found.boxes[:, 0]) * (found.boxes[:, 3] - found.boxes[:, 1])
    inside = (found.boxes[:, :2] > 1).all(axis=1) & (found.boxes[:, 2] < width - 1) & (found.boxes[:, 3] < height - 1)
    good = found.where(inside & (found.sides.min(axis=1) >= BOUNDED) & (area >= 0.2 * width * height))
    for index in np.argsort(-good.score)[:3]:
        left, top, right, bottom = (float(v) for v in good.boxes[index])
        cell = (left, top, right, bottom)
        if _uneven_sides(image, cell) > 0:
            continue
        label_px = label_height(edges.level, [cell])
        reading = read_cells(image, [cell], label_px)[0]
        if reading.named and not reading.card:
            return Finding((cell,), (1,), 0.0, label_px, None)
    return None


def _uneven_sides(image: np.ndarray, block: Cell) -> int:
    """On how many sides of a block, of those in the picture, no flat stage of one colour lies close by.

    4 where fewer than two sides are in the picture.
    """
    left, top, right, bottom = (round(v) for v in block)
    height, width = image.shape[:2]
    lines = []
    if top >= BESIDE_PX:
        lines.append(image[top - BESIDE_PX, max(left, 0) : right])
    if bottom + BESIDE_PX <= height:
        lines.append(image[bottom + BESIDE_PX - 1, max(left, 0) : right])
    if left >= BESIDE_PX:
        lines.append(image[max(top, 0) : bottom, left - BESIDE_PX])
    if right + BESIDE_PX <= width:
        lines.append(image[max(top, 0) : bottom, right + BESIDE_PX - 1])
    if len(lines) < 2:
        return 4
    ground = np.median(np.concatenate(lines), axis=0)
    return sum(bool((np.abs(line - ground).max(axis=1) < STAGE_STEP).mean() < FLAT_LINE) for line in lines)
