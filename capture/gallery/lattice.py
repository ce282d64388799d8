"""Equal cells at equal distances: which of many rectangles form the rows of a gallery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from capture.gallery.edges import TILE_ASPECT, Rectangles

MAX_GAP_PX = 32
"""Widest gap looked for: 14 px at 200 % and a little."""
MAX_GAP_SHARE = 0.25
"""Widest gap as a share of a tile's height; cards of a web page stand further apart."""
SIZE_TOLERANCE_PX = 1.6
"""How far sizes and places of equal cells may differ: rounding at fractional scales, resized recordings."""
MAX_SIZES = 32
"""Sizes of cell tried, most promising first."""
MAX_MEMBERS = 300
"""Rectangles of one size looked at, best bounded first; 49 tiles and their aliases fit."""
MAX_GAPS, MAX_SEEDS = 3, 4
"""Gaps per size, and rectangles per gap, from which a lattice is grown."""
WORTHLESS = 1.5
"""Sum of edge shares that chance gives a rectangle; only what is above counts for a lattice."""
PROMISING = 2.6
"""Sum of edge shares above which a rectangle speaks for its size: most tiles have more, most chance rectangles less."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of cells: top edge, left edge of the first cell (float pixels) and the number of cells."""

    top: float
    left: float
    count: int


@dataclass(frozen=True, slots=True)
class Lattice:
    """Rows of equal cells: size and gap in float pixels; ``score`` is the bounded edge length that supports it."""

    width: float
    height: float
    gap: float
    rows: Sequence[Row]
    score: float = 0.0
    row_gap: float | None = None

    @property
    def pitch(self) -> float:
        """From one cell's left edge to the next one's."""
        return self.width + self.gap

    @property
    def drop(self) -> float:
        """From one row's top edge to the next one's."""
        return self.height + self.gap

    @property
    def count(self) -> int:
        """How many cells there are."""
        return sum(row.count for row in self.rows)

    @property
    def columns(self) -> int:
        """Cells in the longest row."""
        return max(row.count for row in self.rows)

    def cell(self, row: Row, place: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of a place in a row; places outside the row continue it."""
        left = row.left + place * self.pitch
        return left, row.top, left + self.width, row.top + self.height

    def cells(self) -> list[tuple[float, float, float, float]]:
        """All cells in reading order."""
        return [self.cell(row, place) for row in self.rows for place in range(row.count)]

    @property
    def block(self) -> tuple[float, float, float, float]:
        """The rectangle around all cells."""
        left = min(row.left for row in self.rows)
        right = max(row.left + row.count * self.pitch - self.gap for row in self.rows)
        return left, self.rows[0].top, right, self.rows[-1].top + self.height

    def with_rows(self, rows: Sequence[Row]) -> Lattice:
        """The same cells in other rows."""
        return replace(self, rows=rows)


def _sizes(found: Rectangles) -> list[np.ndarray]:
    """Groups of rectangles of one size, as indices, the most promising size first."""
    if len(found.boxes) == 0:
        return []
    width = np.rint(found.boxes[:, 2] - found.boxes[:, 0]).astype(np.int64)
    # One rectangle per ground of its own size: a table gives many of one size that overlap each other.
    place = (found.boxes[:, :2] // (found.boxes[:, 2:] - found.boxes[:, :2])).astype(np.int64)
    key = (width * 4096 + place[:, 0]) * 4096 + place[:, 1]
    one_per_place = np.unique(key, return_index=True)[1]
    promise = np.bincount(width[one_per_place], (found.score[one_per_place] - PROMISING).clip(0))
    promise = np.convolve(promise, [1, 1, 1], "same") * np.arange(len(promise))
    groups: list[np.ndarray] = []
    while len(groups) < MAX_SIZES and promise.max() > 0:
        size = int(promise.argmax())
        promise[max(size - 1, 0) : size + 2] = 0
        members = np.flatnonzero(np.abs(width - size) <= SIZE_TOLERANCE_PX)
        groups.append(members[np.argsort(-found.score[members], kind="stable")[:MAX_MEMBERS]])
    return groups


def _neighbours(boxes: np.ndarray, scores: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Gaps at which rectangles of one size stand beside or below each other, and how well each stands at that gap."""
    width, height = boxes[0, 2:] - boxes[0, :2]
    across = boxes[None, :, 0] - boxes[:, None, 0]
    down = boxes[None, :, 1] - boxes[:, None, 1]
    most = min(MAX_GAP_PX, MAX_GAP_SHARE * height)
    beside, below = np.abs(down) <= SIZE_TOLERANCE_PX, np.abs(across) <= SIZE_TOLERANCE_PX
    gap = np.where(beside, across - width, np.where(below, down - height, -1e3))
    first, second = np.nonzero((gap >= -1) & (gap <= most))
    if len(first) == 0:
        return []
    bins = np.rint(gap[first, second].clip(0) * 2).astype(int)
    weight = np.minimum(scores[first], scores[second])
    votes = np.convolve(np.bincount(bins, weight, minlength=3), [0.5, 1, 0.5], "same")
    starts = []
    for best in np.argsort(-votes)[:MAX_GAPS]:
        close = np.abs(bins - best) <= 2
        if votes[best] <= 0 or not close.any():
            break
        standing = np.bincount(first[close], weight[close], minlength=len(boxes))
        standing += np.bincount(second[close], weight[close], minlength=len(boxes))
        starts.append((best / 2, standing))
    return starts


def _grow(boxes: np.ndarray, scores: np.ndarray, seed: int, pitch: float, drop: float) -> np.ndarray:
    """Indices of the rectangles that stand on a lattice through a seed, one per cell.

    A row may stand half a pitch aside (a centred last row): each row takes the phase that explains more.
    """
    across = (boxes[:, 0] - boxes[seed, 0]) / (pitch / 2)
    down = (boxes[:, 1] - boxes[seed, 1]) / drop
    half, row = np.rint(across).astype(int), np.rint(down).astype(int)
    # Rounding of fractional pitches adds up over a row, never by more than a pixel or two.
    on = (np.abs(across - half) * pitch / 2 <= SIZE_TOLERANCE_PX) & (np.abs(down - row) * drop <= SIZE_TOLERANCE_PX)
    chosen = np.flatnonzero(on)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
    keys = row[chosen] * 4096 + half[chosen]
    chosen = chosen[np.sort(np.unique(keys, return_index=True)[1])]
    phase = row[chosen] * 2 + (half[chosen] & 1)
    worth = np.bincount(phase - phase.min(), weights=scores[chosen])
    rival = (phase ^ 1) - phase.min()
    other = np.where((rival >= 0) & (rival < len(worth)), worth[np.clip(rival, 0, len(worth) - 1)], 0.0)
    mine = worth[phase - phase.min()]
    keep = (mine > other) | ((mine == other) & (phase % 2 == 0))
    return chosen[keep]


def _connected(boxes: np.ndarray, seed_box: np.ndarray, pitch: float, drop: float) -> np.ndarray:
    """Mask of the cells that hang together with a seed: nobody more than two empty cells away."""
    joined = np.all(np.abs(boxes - seed_box) < 1, axis=1)
    while True:
        across = np.abs(boxes[:, None, 0] - boxes[None, joined, 0]) / pitch
        down = np.abs(boxes[:, None, 1] - boxes[None, joined, 1]) / drop
        near = joined | ((across < 2.6) & (down < 1.6)).any(axis=1)
        if (near == joined).all():
            return joined
        joined = near


def _line_through(index: np.ndarray, value: np.ndarray, step: float) -> tuple[float, float]:
    """Start and step of the best line value = start + step * index."""
    if len(np.unique(index)) < 2:
        return float(np.median(value - step * index)), step
    step, start = np.polyfit(index, value, 1)
    return float(start), float(step)


def _fit(boxes: np.ndarray, gap: float, score: float) -> Lattice:
    """The lattice through matched cells: size, gap and one left edge per row by least squares."""
    width, height = float(np.mean(boxes[:, 2] - boxes[:, 0])), float(np.mean(boxes[:, 3] - boxes[:, 1]))
    row = np.rint((boxes[:, 1] - boxes[:, 1].min()) / (height + gap)).astype(int)
    top, drop = _line_through(row, boxes[:, 1], height + gap)
    pitches, starts = [], {}
    for r in np.unique(row):
        lefts = np.sort(boxes[row == r, 0])
        place = np.rint((lefts - lefts[0]) / (width + gap)).astype(int)
        starts[int(r)] = (float(lefts[0]), int(place[-1]) + 1)
        if place[-1] > 0:
            pitches.append((_line_through(place, lefts, width + gap)[1], int(place[-1])))
    pitch = float(np.average([p for p, _ in pitches], weights=[n for _, n in pitches])) if pitches else width + gap
    row_gap = drop - height if len(starts) > 1 else None
    rows = []
    for r, (left, count) in sorted(starts.items()):
        lefts = boxes[row == r, 0]
        place = np.rint((lefts - left) / pitch)
        rows.append(Row(top + r * drop, float(np.mean(lefts - place * pitch)), count))
    gap = pitch - width if pitches else gap
    return Lattice(width, height, max(gap, 0.0), tuple(rows), score, row_gap)


def _best_lattice(boxes: np.ndarray, scores: np.ndarray) -> Lattice | None:
    """The lattice of at least two cells that explains most of the rectangles of one size."""
    width, height = (float(np.median(boxes[:, side + 2] - boxes[:, side])) for side in (0, 1))
    best: tuple[float, float, np.ndarray] | None = None
    for gap, standing in _neighbours(boxes, scores):
        for _ in range(MAX_SEEDS):
            seed = int(standing.argmax())
            if standing[seed] <= 0:
                break
            on = _grow(boxes, scores, seed, width + gap, height + gap)
            on = on[_connected(boxes[on], boxes[seed], width + gap, height + gap)]
            standing[on] = 0  # the next seed stands elsewhere: labels line up too, a little aside
            score = float(scores[on].sum())
            if len(on) > 1 and (best is None or score > best[0]):
                best = (score, gap, on)
    if best is None:
        return None
    score, gap, on = best
    return _fit(boxes[on], gap, score * width * (1 + 1 / TILE_ASPECT))


def find_lattices(found: Rectangles) -> list[Lattice]:
    """Lattices of at least two cells that the rectangles support, best first.

    The score is bounded edge length: a lattice of every second cell, or of blocks of cells, always has less of it.
    """
    lattices = [_best_lattice(found.boxes[group], found.score[group] - WORTHLESS) for group in _sizes(found)]
    ordered = sorted((lattice for lattice in lattices if lattice is not None), key=lambda lattice: -lattice.score)
    distinct: dict[tuple[int, ...], Lattice] = {}
    for lattice in ordered:  # sizes a pixel apart find the same lattice
        distinct.setdefault((lattice.count, *(round(v / 4) for v in lattice.block)), lattice)
    return list(distinct.values())


Evidence = Callable[[tuple[float, float, float, float]], float]
"""How sure it is, 0 to 1, that a tile stands in a cell."""

PRESENT = 0.5
"""Evidence from which a cell counts as a tile."""


def _share_present(lattice: Lattice, rows: Sequence[Row], places: Sequence[int], evidence: Evidence) -> float:
    """Share of the cells at these places of these rows in which a tile stands."""
    return float(np.mean([evidence(lattice.cell(row, place)) >= PRESENT for row in rows for place in places]))


def _with_more_columns(lattice: Lattice, evidence: Evidence) -> Lattice:
    """Rows made longer at both ends as far as tiles stand there in most of them."""
    for before in (True, False):
        while _share_present(lattice, lattice.rows, [-1 if before else lattice.rows[0].count], evidence) >= PRESENT:
            shift = lattice.pitch if before else 0.0
            lattice = lattice.with_rows([Row(row.top, row.left - shift, row.count + 1) for row in lattice.rows])
    return lattice


def _main_rows(lattice: Lattice) -> Lattice:
    """All rows brought to the phase and extent that most of them have, gaps between rows filled; the last row apart."""
    rows = lattice.rows
    body = rows[:-1] if len(rows) > 1 else rows
    longest = max(body, key=lambda row: row.count)
    lefts = [row.left + round((longest.left - row.left) / lattice.pitch) * lattice.pitch for row in body]
    phase = float(np.median(lefts))
    first = min(round((row.left - phase) / lattice.pitch) for row in body)
    end = max(round((row.left - phase) / lattice.pitch) + row.count for row in body)
    left, count = phase + first * lattice.pitch, end - first
    step = lattice.height + (lattice.gap if lattice.row_gap is None else lattice.row_gap)
    number = round((body[-1].top - body[0].top) / step) + 1
    return lattice.with_rows(tuple(Row(rows[0].top + index * step, left, count) for index in range(number)))


def _last_row(lattice: Lattice, top: float, evidence: Evidence) -> Row | None:
    """The row at this height, full, centred or left-aligned, that the evidence speaks for; None where it is empty."""
    full = lattice.rows[0]
    centre = full.left + (full.count * lattice.pitch - lattice.gap) / 2
    best, best_worth = None, 0.0
    for count in range(1, full.count + 1):
        centred = centre - (count * lattice.pitch - lattice.gap) / 2
        for left in {centred, full.left}:
            row = Row(top, left, count)
            values = [evidence(lattice.cell(row, place)) for place in range(count)]
            worth = sum(value - PRESENT for value in values)
            # One end of a centred row implies the other; a left-aligned row ends where the evidence does.
            end = max(values[0], values[-1]) if left == centred else values[-1]
            if worth > best_worth and end >= PRESENT:
                best, best_worth = row, worth
    return best


def complete(lattice: Lattice, evidence: Evidence, height: int) -> Lattice:
    """The lattice by the law of the gallery: full rows, and a last row that may be shorter.

    Cells that no rectangle was found for are filled in, rows and columns are added where there is evidence for them.
    """
    grown = _with_more_columns(_main_rows(lattice), evidence)
    step = grown.height + (grown.gap if grown.row_gap is None else grown.row_gap)
    while grown.rows[0].top - step > -1:
        above = replace(grown.rows[0], top=grown.rows[0].top - step)
        if _share_present(grown, [above], range(above.count), evidence) < PRESENT:
            break
        grown = grown.with_rows((above, *grown.rows))
    while grown.rows[-1].count == grown.rows[0].count and grown.rows[-1].top + step + grown.height < height + 1:
        below = _last_row(grown, grown.rows[-1].top + step, evidence)
        if below is None:
            break
        full, further = (replace(grown.rows[0], top=below.top + rows * step) for rows in (0, 1))
        if below.count < full.count and _share_present(grown, [further], range(full.count), evidence) >= PRESENT:
            below = full  # only the last row is short: what is missing in this one is there, but dark
        grown = grown.with_rows((*grown.rows, below))
    return grown
