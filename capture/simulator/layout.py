"""Where tiles stand: equal 16:9 cells, as large as the stage allows, the last row centred."""

from __future__ import annotations

import math
from dataclasses import dataclass

from domain import Box

ASPECT = 16 / 9
TINY = 1e-6
"""Keeps a rounded far edge from passing the next tile's near edge where there is no gap."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns, rows and the size of one tile, in pixels."""

    columns: int
    rows: int
    width: float
    height: float


def best_grid(count: int, width: int, height: int, gap: float) -> Grid:
    """The grid for ``count`` tiles on a stage of width x height pixels: the column count with the largest tile."""
    grids = []
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        widest = (width - (columns - 1) * gap) / columns
        highest = (height - (rows - 1) * gap) / rows
        tile = min(widest, highest * ASPECT)
        grids.append(Grid(columns, rows, tile, tile / ASPECT))
    return max(grids, key=lambda grid: grid.width)


def tile_boxes(count: int, stage: Box, gap: float, grid: Grid | None = None) -> tuple[Box, ...]:
    """The boxes of ``count`` tiles in reading order, centred on the stage; edges are rounded, so gaps may alternate.

    A grid that is left out is the one with the largest tiles.
    """
    if count == 0:
        return ()
    grid = grid or best_grid(count, stage.width, stage.height, gap)
    top = stage.top + (stage.height - grid.rows * grid.height - (grid.rows - 1) * gap) / 2
    boxes = []
    for index in range(count):
        row, column = divmod(index, grid.columns)
        in_row = min(grid.columns, count - row * grid.columns)
        left = stage.left + (stage.width - in_row * grid.width - (in_row - 1) * gap) / 2
        x, y = left + column * (grid.width + gap), top + row * (grid.height + gap)
        boxes.append(Box(round(x), round(y), round(x + grid.width - TINY), round(y + grid.height - TINY)))
    return tuple(boxes)


def grid_of(columns: int, rows: int, width: float) -> Grid:
    """A grid of tiles of a given width."""
    return Grid(columns, rows, width, width / ASPECT)


def grid_size(grid: Grid, gap: float) -> tuple[int, int]:
    """Width and height in pixels that a grid needs."""
    width = grid.columns * grid.width + (grid.columns - 1) * gap
    height = grid.rows * grid.height + (grid.rows - 1) * gap
    return math.ceil(width), math.ceil(height)


def how_many(length: float, tile: float, gap: float) -> int:
    """How many tiles of a size stand along a length, at least one."""
    return max(1, math.floor((length + gap) / (tile + gap)))


def between(start: Box, end: Box, share: float) -> Box:
    """The box on its way from ``start`` (share 0) to ``end`` (share 1)."""
    return Box(*(round(a + (b - a) * share) for a, b in zip(start, end, strict=True)))


def hidden_share(box: Box, over: tuple[Box, ...]) -> float:
    """Share of a box under the most of other boxes that covers it, 0 to 1; those are taken not to add up."""
    if not over:
        return 0.0
    shares = [0.0]
    for other in over:
        width = min(box.right, other.right) - max(box.left, other.left)
        height = min(box.bottom, other.bottom) - max(box.top, other.top)
        shares.append(max(width, 0) * max(height, 0) / box.area)
    return max(shares)
