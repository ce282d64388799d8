"""What stands beside a strip of small tiles: a screen that somebody shares, or the picture of whoever speaks."""

from __future__ import annotations

import cv2
import numpy as np

from capture.gallery.contents import FLAT_SHARE, cell_probe, grounds, read_cells
from capture.gallery.edges import MIN_STEP, EdgeMap
from capture.gallery.ground import stage_colour
from capture.gallery.labels import LABEL_EDGE, label_tops, read_labels
from capture.gallery.lattice import Lattice
from capture.gallery.probe import Cell
from domain import Box

BIGGER = 2.5
"""From this many times the area of a tile, no narrower or lower than one, a thing beside tiles is the main thing."""
COARSE_PX = 8
"""Grid on which things are told from the stage."""
LABEL_GOES_ON = 1.5
"""A line that goes on for this many label lengths is the border of a bar, as editors and slides have at their foot."""
BLACK, UNLIT, BARE = 24, 64, 0.97
"""Gray up to which a darkened label cannot be told from its ground; gray that a dark room above it stays under, but no
line of a terminal, and the share of that room that does."""
NEAR_STAGE = 32
"""Gray levels from the stage within which a camera-off tile is, unless the theme is light."""


def speaker_beside(
    image: np.ndarray, edges: EdgeMap, lattice: Lattice, label_px: int | None, names_hidden: bool
) -> bool:
    """Whether the main thing beside the tiles is a participant's picture, which carries a name, and no shared screen.

    ``label_px`` is the height of the tiles' own labels, None where there are none. Where the names of the tiles are
    hidden, so is the speaker's: then the main thing is taken for the speaker's picture unless it looks like a page.
    """
    stage = stage_colour(image, lattice.block)
    if stage is None:
        return False
    return any(
        _has_label(image, edges, thing)
        or _camera_off(image, thing, stage)
        or (label_px is not None and _name_on_bar(image, thing, label_px))
        or (names_hidden and not _around(thing, lattice) and not _page(image, thing))
        for thing in _main_things(image, lattice, stage)
    )


def _around(thing: Cell, lattice: Lattice) -> bool:
    """Whether the tiles float over a thing instead of standing beside it."""
    left, top, right, bottom = lattice.block
    return thing[0] <= left and thing[1] <= top and thing[2] >= right and thing[3] >= bottom


def _page(image: np.ndarray, thing: Cell) -> bool:
    """Whether most of a thing is one colour."""
    return bool(grounds(cell_probe([thing]).colours(image))[1][0] >= FLAT_SHARE)


def _main_things(image: np.ndarray, lattice: Lattice, stage: np.ndarray) -> list[Cell]:
    """Boxes around what is bigger than the tiles, apart from them and not of the stage's colour."""
    small = image[COARSE_PX // 2 :: COARSE_PX, COARSE_PX // 2 :: COARSE_PX].astype(np.int16)
    foreign = (np.abs(small - stage).max(axis=2) > MIN_STEP).astype(np.uint8)
    left, top, right, bottom = (round(v / COARSE_PX) for v in lattice.block)
    foreign[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = 0
    solid = cv2.morphologyEx(foreign, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    things = []
    for x, y, width, height, _ in stats[1:count]:
        size = width * COARSE_PX / lattice.width, height * COARSE_PX / lattice.height
        if min(size) >= 1 and size[0] * size[1] >= BIGGER:
            things.append(_exact(image, stage, x, y, width, height))
    return things


def _exact(image: np.ndarray, stage: np.ndarray, x: int, y: int, width: int, height: int) -> Cell:
    """The box of a thing to the pixel: where most of its first and last rows and columns stop being stage."""
    left, top = max((x - 1) * COARSE_PX, 0), max((y - 1) * COARSE_PX, 0)
    right, bottom = (x + width + 1) * COARSE_PX, (y + height + 1) * COARSE_PX
    part = image[top:bottom, left:right].astype(np.int16)
    foreign = np.abs(part - stage).max(axis=2) > MIN_STEP
    rows, columns = (np.flatnonzero(foreign.mean(axis=axis) > 0.3) for axis in (1, 0))
    if len(rows) == 0 or len(columns) == 0:
        return float(left), float(top), float(right), float(bottom)
    return float(left + columns[0]), float(top + rows[0]), float(left + columns[-1] + 1), float(top + rows[-1] + 1)


def _has_label(image: np.ndarray, edges: EdgeMap, thing: Cell) -> bool:
    """Whether a name stands on a label of its own at the bottom left of a thing, whatever its height."""
    return any(_is_label(image, edges, thing, height) for height in label_tops(edges.level, thing))


def _is_label(image: np.ndarray, edges: EdgeMap, thing: Cell, height: int) -> bool:
    """Whether a label so many pixels high carries a name and ends behind it, unlike the bar at an editor's foot."""
    label = read_labels(image, [thing], height)[0]
    if label is None:
        return False
    reach = min(label.right + round(LABEL_GOES_ON * label.width), round(thing[2]))
    inset = height // 4
    over = edges.top_bottom(label.top, label.left + inset, label.right - inset)
    onwards = edges.top_bottom(label.top, label.right + height, reach) if reach > label.right + height else 0.0
    return over >= LABEL_EDGE > onwards and _ends(edges, label)


def _name_on_bar(image: np.ndarray, thing: Cell, label_px: int) -> bool:
    """Whether a name stands alone on flat black at the bottom left, where a label's own border cannot be seen."""
    label = read_labels(image, [thing], label_px)[0]
    if label is None or label.top - label_px < 0:
        return False
    above = label.moved(0, -label_px).of(image)
    ground = image[label.top + 1, label.left + 1]
    return bool(ground.max() <= BLACK) and bool((above.max(axis=2) <= UNLIT).mean() >= BARE)


def _ends(edges: EdgeMap, label: Box) -> bool:
    """Whether an upright edge closes a label behind its last letter."""
    inset = label.height // 5
    places = range(label.right - label.height // 2, label.right + label.height)
    return any(edges.left_right(x, label.top + inset, label.bottom - inset) >= LABEL_EDGE for x in places)


def _camera_off(image: np.ndarray, thing: Cell, stage: np.ndarray) -> bool:
    """Whether a thing is a camera-off picture: flat, nearly the stage's colour, a name or photo in its middle."""
    reading = read_cells(image, [thing], None)[0]
    left, top, right, bottom = (round(v) for v in thing)
    corner = image[top + (bottom - top) // 4, left + (right - left) // 8].astype(np.int16)
    return reading.camera in ("off", "photo") and bool(np.abs(corner - stage).max() <= NEAR_STAGE)
