"""Why equal cells in rows are no meeting: what pages of pictures, dashboards and the speaker view look like instead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from capture.gallery.beside import speaker_beside
from capture.gallery.contents import CellReading
from capture.gallery.edges import EdgeMap, Rectangles
from capture.gallery.ground import stage_colour, uneven_sides
from capture.gallery.lattice import Lattice, Row

BOUNDED = 0.6
"""Edge share from which a side counts as seen."""
MIN_NAMED_SHARE = 0.3
"""Share of cells with a name or photo from which a lattice is a meeting: an icon or a bright room can hide a label."""
MAX_CARD_SHARE = 0.25
"""Share of cells that may look like cards of a page."""
CUT_SHARE, MIN_CUT_PX = 0.3, 8
"""Part of a cell that is looked at where another row may begin, and the least of it that the picture must show."""
SAME_GAP_PX = 1.6
"""How far the gap between rows may differ from the gap between columns."""
FEW = 4
"""Fewer tiles than this in one line must have a flat stage around them."""
CLEARLY_BOUNDED, MIN_CLEAR_SHARE = 0.75, 0.8
"""Mean edge share of a cell's sides, and share of such cells, asked of a gallery whose names are hidden."""
MIN_UNNAMED_GAP_PX = 1.5
"""Cells that touch and carry no name are any grid."""
DARK_STAGE = 90
"""Without any name only a stage darker than this gray, or a centred last row, is taken for a meeting's.

Pages with pictures are mostly light, and fill their last row from the left.
"""

UNCLEAR = "Some edges line up, but they bound no clear tiles."
SPEAKER_VIEW = "One large picture stands beside a strip of small ones: this is the speaker view, not the gallery."


def objection(
    image: np.ndarray,
    edges: EdgeMap,
    found: Rectangles,
    lattice: Lattice,
    readings: Sequence[CellReading],
    label_px: int | None,
) -> str | None:
    """Why a complete lattice is no gallery, in one sentence, or None."""
    in_line = len(lattice.rows) == 1 or lattice.columns == 1
    if np.mean([reading.card for reading in readings]) > MAX_CARD_SHARE:
        return "The cells are cards with text, as on a dashboard page, not a meeting's tiles."
    if _goes_on(edges, lattice):
        return "The grid goes on beyond the edge of its page, as pictures on a web page do."
    if in_line and _repeats(found, lattice):
        return "The same row repeats further away than a gallery's rows stand, as on a page of videos."
    if in_line and len(readings) < FEW and uneven_sides(image, lattice.block) > 0:
        return "A few 16:9 pictures stand in a line, but on no stage of their own."
    if in_line and speaker_beside(image, edges, lattice, label_px, _names_hidden(readings)):
        return SPEAKER_VIEW
    if named_share(readings) >= MIN_NAMED_SHARE:
        return None
    if in_line:
        return "A few 16:9 pictures stand in a line, but none carries a name as a meeting's tile does."
    return _unnamed_objection(image, edges, lattice)


def _unnamed_objection(image: np.ndarray, edges: EdgeMap, lattice: Lattice) -> str | None:
    """Why rows of cells without names are no gallery, or None."""
    if lattice.gap < MIN_UNNAMED_GAP_PX or not clearly_bounded(edges, lattice):
        return UNCLEAR
    first, last = lattice.rows[0], lattice.rows[-1]
    centred = last.count < first.count and last.left - first.left > SAME_GAP_PX
    stage = stage_colour(image, lattice.block)
    if not centred and (stage is None or stage.mean() > DARK_STAGE):
        return "16:9 pictures stand on a light page and none carries a name: this looks like a page of pictures."
    return None


def named_share(readings: Sequence[CellReading]) -> float:
    """Share of cells that carry what only a meeting's tile has."""
    return float(np.mean([reading.named for reading in readings]))


def _names_hidden(readings: Sequence[CellReading]) -> bool:
    """Whether most cells that should carry a label carry none; a camera-off tile has its name in the middle."""
    labels = [reading.label is not None for reading in readings if reading.camera != "off"]
    return sum(labels) < len(labels) / 2


def clearly_bounded(edges: EdgeMap, lattice: Lattice) -> bool:
    """Whether nearly all cells have edge along their sides."""
    bounded = np.array([edges.sides(*cell).mean() for cell in lattice.cells()])
    return float(np.mean(bounded >= CLEARLY_BOUNDED)) >= MIN_CLEAR_SHARE


def _goes_on(edges: EdgeMap, lattice: Lattice) -> bool:
    """Whether another row begins below or ends above the block and is cut off."""
    row_below = Row(lattice.rows[-1].top + lattice.drop, lattice.rows[0].left, lattice.rows[0].count)
    row_above = Row(lattice.rows[0].top - lattice.drop, lattice.rows[0].left, lattice.rows[0].count)
    height = edges.upright.shape[0]
    cut = 0
    for row, begins in ((row_below, True), (row_above, False)):
        held = []
        for place in range(row.count):
            left, top, right, bottom = (round(v) for v in lattice.cell(row, place))
            edge = top if begins else bottom
            reach = round(CUT_SHARE * lattice.height)
            first, last = (top, min(top + reach, height)) if begins else (max(bottom - reach, 0), bottom)
            if last - first < MIN_CUT_PX:
                break
            inset = (right - left) // 8
            shares = (
                edges.top_bottom(edge, left + inset, right - inset),
                edges.left_right(left, first + (last - first) // 5, last),
                edges.left_right(right, first + (last - first) // 5, last),
            )
            held.append(min(shares) >= BOUNDED)
        cut += bool(held) and sum(held) >= len(held) / 2
    return cut > 0


def _apart(found: Rectangles, lattice: Lattice) -> np.ndarray:
    """Mask of the rectangles that lie outside the block of the lattice."""
    left, top, right, bottom = lattice.block
    lefts, tops, rights, bottoms = found.boxes.T
    return (rights <= left + 2) | (lefts >= right - 2) | (bottoms <= top + 2) | (tops >= bottom - 2)


def _repeats(found: Rectangles, lattice: Lattice) -> bool:
    """Whether cells of the same size stand in the same columns (or rows), further away."""
    boxes = found.boxes
    same = np.abs(boxes[:, 2] - boxes[:, 0] - lattice.width) <= SAME_GAP_PX
    axis = 0 if len(lattice.rows) == 1 else 1
    start, pitch = (lattice.rows[0].left, lattice.pitch) if axis == 0 else (lattice.rows[0].top, lattice.drop)
    steps = (boxes[:, axis] - start) / pitch
    aligned = np.abs(steps - np.rint(steps)) * pitch <= SAME_GAP_PX
    return bool((same & aligned & _apart(found, lattice) & (found.score >= 2.8)).any())
