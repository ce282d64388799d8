"""Straight edges of a picture, and the 16:9 rectangles that they bound."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

TILE_ASPECT = 16 / 9
MIN_STEP = 4
"""Gray levels across an edge: a camera-off tile is 8 above its background, codec noise on flat ground is under 3."""
RUN_PX = 31
"""Length over which an edge must hold to count as a line: half the height of the smallest tile worth reading."""
RUN_DENSITY = 0.75
"""Share of a run that must be edge; compression eats a little of every line."""
MAX_LINES = 220
"""Lines kept per direction, strongest first; the search grows with their third power."""
MIN_TILE_HEIGHT_PX = 40
WELL_BOUNDED = 0.6
BARELY_BOUNDED = 0.2
"""Edge shares that three sides, and the fourth, must have: dark video melts into a dark background somewhere."""
CORNER_SHARE = 0.14
"""Part of a side left out at each end: rounded corners and labels live there."""
TEXTURE_PX, MAX_TEXTURE = 9, 0.25
"""Where more of the neighbourhood than this is edge in both directions there is texture (books, leaves, print).

No line is looked for there; it leaves one in fifty of the rectangles that chance makes, and nearly all true ones.
"""
BORDER_WORTH = 0.6
"""What a side on the picture's own border is worth: tiles may be cut there, but every screen has that edge."""
CROSSING, CROSSING_PLACES, CROSSING_REACH = 0.6, (0.2, 0.35, 0.5, 0.65, 0.8), 0.38
"""Edge share of a line that crosses a rectangle, where such lines are looked for, and how far from the middle.

A speaker's border runs along the sides, out of reach.
"""
LONG_LINE, TABLE_LINES = 0.3, 2
"""Share of the picture that a line of a table runs through: what stands in a tile is shorter. And
lines each way that make a rectangle a part of a table; pillar bars are two lines one way."""
CELL_PX = 16
"""Grid on which pairs of lines are tested for facing each other, before their pixels are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMap:
    """Where gray steps across a boundary, 0 or 1 per pixel.

    ``upright`` is uint8 (H, W + 1): [y, x] is the step between pixels x - 1 and x; ``level`` is uint8 (H + 1, W)
    likewise between rows. The picture's own border counts as an edge, because a recording may be cropped to the tiles.
    """

    upright: np.ndarray
    level: np.ndarray

    def left_right(self, x: int, top: int, bottom: int) -> float:
        """Share, 0 to 1, of an upright line that is edge, best of the line and its neighbours at one pixel."""
        return _line_share(self.upright[top:bottom].T, x)

    def top_bottom(self, y: int, left: int, right: int) -> float:
        """Share, 0 to 1, of a level line that is edge, best of the line and its neighbours at one pixel."""
        return _line_share(self.level[:, left:right], y)

    def sides(self, left: float, top: float, right: float, bottom: float) -> np.ndarray:
        """Float (4,): how much of the left, top, right and bottom side of a rectangle is edge, 0 outside."""
        x0, y0, x1, y1 = (round(v) for v in (left, top, right, bottom))
        dx, dy = round((x1 - x0) * CORNER_SHARE), round((y1 - y0) * CORNER_SHARE)
        ys, xs = (max(y0 + dy, 0), max(y1 - dy, 0)), (max(x0 + dx, 0), max(x1 - dx, 0))
        return np.array(
            [self.left_right(x0, *ys), self.top_bottom(y0, *xs), self.left_right(x1, *ys), self.top_bottom(y1, *xs)]
        )


def _line_share(lines: np.ndarray, index: int) -> float:
    near = lines[max(index - 1, 0) : max(index + 2, 0)]
    return float(near.mean(axis=1).max()) if near.size else 0.0


def _steps(gray: np.ndarray) -> np.ndarray:
    """Where neighbouring columns differ more than the columns beside them do; uint8 0/1 (H, W + 1)."""
    calm = cv2.blur(gray, (1, 5))  # along the edge only: quiets noise, keeps faint long edges
    step = np.zeros((gray.shape[0], gray.shape[1] + 1), np.uint8)
    if gray.shape[1] > 1:
        step[:, 1:-1] = cv2.absdiff(calm[:, 1:], calm[:, :-1])
    crest = np.asarray(cv2.dilate(step, np.ones((1, 3), np.uint8)), np.uint8)
    # A resized picture splits a step over two columns; both count when they are nearly equal.
    edges = ((step >= MIN_STEP) & (step >= crest - (crest >> 2))).view(np.uint8)
    edges[:, 0] = edges[:, -1] = 1
    return edges


def find_edges(image: np.ndarray) -> EdgeMap:
    """Mark the steps of a BGR or gray picture."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    upright = _steps(gray)
    level = np.ascontiguousarray(_steps(np.ascontiguousarray(gray.T)).T)
    return EdgeMap(upright, level)


def _without_texture(edges: EdgeMap) -> EdgeMap:
    """The map without the edges of busy ground; the picture's own border stays."""
    both = (edges.upright[:, :-1], edges.level[:-1])
    share = [cv2.blur(part * np.uint8(255), (TEXTURE_PX, TEXTURE_PX)) for part in both]
    calm = (np.minimum(*share) <= MAX_TEXTURE * 255).view(np.uint8)
    upright, level = edges.upright.copy(), edges.level.copy()
    upright[:, 1:-1] &= calm[:, 1:]
    level[1:-1] &= calm[1:]
    return EdgeMap(upright, level)


def _strong_columns(edges: np.ndarray) -> np.ndarray:
    """Columns of an edge map (H, W) that hold long runs of edge, ascending."""
    density = cv2.blur(edges * np.uint8(255), (1, RUN_PX), borderType=cv2.BORDER_CONSTANT)
    held = np.count_nonzero(density >= RUN_DENSITY * 255, axis=0)
    wide = np.pad(held, 1)
    crest = (held >= wide[:-2]) & (held >= wide[2:]) & (held >= RUN_PX // 2)
    crest[[0, -1]] = True
    found = np.flatnonzero(crest)
    return np.sort(found[np.argsort(held[found])[::-1][:MAX_LINES]])


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Lines of one direction: where they lie, and running sums of edge pixels along each, int32 (length + 1, n)."""

    at: np.ndarray
    sums: np.ndarray

    @classmethod
    def of(cls, edges: np.ndarray) -> _Lines:
        at = _strong_columns(edges)
        near = np.stack([at - 1, at, at + 1]).clip(0, edges.shape[1] - 1)
        picked = edges[:, near].max(axis=1)
        return cls(at, np.concatenate([np.zeros((1, len(at)), np.int32), np.cumsum(picked, axis=0, dtype=np.int32)]))

    def share(self, line: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Edge share between two places of each line, corners left out."""
        inset = np.rint((end - start) * CORNER_SHARE).astype(np.int32)
        first, last = start + inset, end - inset
        return (self.sums[last, line] - self.sums[first, line]) / np.maximum(last - first, 1)

    def facing(self) -> np.ndarray:
        """Bool (n, n): whether two lines run side by side for long enough to be two sides of a tile."""
        steps = self.sums[CELL_PX::CELL_PX] - self.sums[:-CELL_PX:CELL_PX]
        held = (steps >= CELL_PX // 2).astype(np.float32)
        return held.T @ held


@dataclass(frozen=True, slots=True, eq=False)
class Rectangles:
    """16:9 rectangles: float32 boxes (n, 4) left, top, right, bottom; the edge share of their sides (n, 4)."""

    boxes: np.ndarray
    sides: np.ndarray

    @property
    def score(self) -> np.ndarray:
        """How well each is bounded, 0 to 4."""
        return self.sides.sum(axis=1)

    def where(self, chosen: np.ndarray) -> Rectangles:
        """Some of them, by mask or by index."""
        return Rectangles(self.boxes[chosen], self.sides[chosen])


def _aspect_tolerance(width: np.ndarray) -> np.ndarray:
    """How far a width may be from 16/9 of the height: rounding of four edges, and a little for a resized picture."""
    return 2.0 + 0.003 * width


def _candidates(columns: _Lines, rows: _Lines) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Indices of lines (left, top, right, bottom) whose distances have a tile's shape."""
    top, bottom = np.triu_indices(len(rows.at), 1)
    height = rows.at[bottom] - rows.at[top]
    overlap = rows.facing()[top, bottom] * CELL_PX
    keep = (height >= MIN_TILE_HEIGHT_PX) & (overlap >= BARELY_BOUNDED * TILE_ASPECT * height)
    top, bottom, height = top[keep], bottom[keep], height[keep]
    width = (TILE_ASPECT * height).astype(np.float32)
    goal = columns.at[None, :] + width[:, None]
    edges_between = (columns.at[1:] + columns.at[:-1]) / 2
    right = np.searchsorted(edges_between, goal)
    fits = np.abs(columns.at[right] - goal) <= _aspect_tolerance(width)[:, None]
    pair, left = np.nonzero(fits)
    return left, top[pair], right[pair, left], bottom[pair]


def _crossings(lines: _Lines, low: np.ndarray, high: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How many lines inside rectangles go from side to side; ``low`` and ``high`` are their places in pixels."""
    long = np.flatnonzero(lines.sums[-1] >= LONG_LINE * (len(lines.sums) - 1))
    crossings, last = np.zeros(len(low), int), np.full(len(low), -1)
    for share in CROSSING_PLACES if len(long) > TABLE_LINES else ():
        place = low + (high - low) * share
        after = np.searchsorted(lines.at[long], place).clip(1, len(long) - 1)
        before_is_nearer = np.abs(lines.at[long[after - 1]] - place) < np.abs(lines.at[long[after]] - place)
        line = long[after - before_is_nearer]
        inside = np.abs(lines.at[line] - (low + high) / 2) < CROSSING_REACH * (high - low)
        crossings += inside & (line != last) & (lines.share(line, start, end) >= CROSSING)
        last = line
    return crossings


def _table_cells(columns: _Lines, rows: _Lines, boxes: np.ndarray) -> np.ndarray:
    """Mask of the rectangles that several lines cross both ways: parts of a table, no picture."""
    left, top, right, bottom = boxes.T
    level = _crossings(rows, top, bottom, left, right)
    upright = _crossings(columns, left, right, top, bottom)
    return (level >= TABLE_LINES) & (upright >= TABLE_LINES)


def find_rectangles(edges: EdgeMap) -> Rectangles:
    """All 16:9 rectangles with edge along three sides and a trace of the fourth."""
    if min(edges.upright.shape) < MIN_TILE_HEIGHT_PX:
        return Rectangles(np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32))
    calm = _without_texture(edges)
    columns, rows = _Lines.of(calm.upright), _Lines.of(np.ascontiguousarray(calm.level.T))
    left, top, right, bottom = _candidates(columns, rows)
    sides = np.zeros((len(left), 4), np.float32)
    alive = np.arange(len(left))
    for side, (lines, line, start, end) in enumerate(
        [
            (columns, left, rows.at[top], rows.at[bottom]),
            (rows, top, columns.at[left], columns.at[right]),
            (columns, right, rows.at[top], rows.at[bottom]),
            (rows, bottom, columns.at[left], columns.at[right]),
        ]
    ):
        sides[alive, side] = lines.share(line[alive], start[alive], end[alive])
        weak = (sides[alive, : side + 1] < WELL_BOUNDED).sum(axis=1)
        alive = alive[(weak <= 1) & (sides[alive, side] >= BARELY_BOUNDED)]
    boxes = np.stack([columns.at[left], rows.at[top], columns.at[right], rows.at[bottom]], axis=1)[alive]
    pictures = ~_table_cells(columns, rows, boxes)
    boxes, alive = boxes[pictures], alive[pictures]
    height, width = calm.upright.shape[0], calm.level.shape[1]
    sides = np.where(
        (boxes == 0) | (boxes == [width, height, width, height]), sides[alive] * BORDER_WORTH, sides[alive]
    )
    return Rectangles(boxes.astype(np.float32), sides)
