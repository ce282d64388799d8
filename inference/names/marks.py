"""Whether the marks on letters (accents, dots, cedillas, strokes) are those of the ink.

A recogniser knows most letters with accents, but answers one that it does not know, or sees badly, with the plain
letter. A wrong accent is a wrong name, so every letter's ink above, below and across it is compared with what the
letter asks for.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.names.labels import Ink

SMALL = frozenset("acemnorsuvwxz")
"""Latin letters that end at the height of an x and at the base line."""
CAPITALS = frozenset("ABCDEFGHIKLMNOPRSTUVWXYZ0123456789")
"""Capitals and digits, which end at one height and at the base line; J and Q may end below."""
HANGING = frozenset("gpqy")
"""Small letters that begin at the height of an x and hang below the base line."""
DOTTED = frozenset("ij")
LOW = SMALL | HANGING | DOTTED | {"ı"}
"""Letters with nothing but a mark above the height of an x."""
STANDING = SMALL | CAPITALS | frozenset("bdfhkltiı")
"""Letters with nothing but a mark below the base line."""
LATIN = LOW | STANDING

ABOVE = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c")
"""Combining marks over a letter: grave, acute, circumflex, tilde, macron, breve, dot, diaeresis, hook, ring, double
acute, caron."""
BELOW = frozenset("\u0323\u0326\u0327\u0328")
"""Combining marks under a letter: dot, comma, cedilla, ogonek."""
BESIDE = frozenset("ďťľĽģ")
"""Letters whose caron stands beside them as an apostrophe, and the g whose cedilla stands above it."""

X_SHARE = 0.73
"""Height of an x as a share of a capital's: 0.70 to 0.76 in plain fonts."""
X_SLACK = 0.08
"""How far, as a share of a capital's height, the top of capitals may stand above what small letters let expect."""
MARGIN_SHARE, MARGIN_ROWS = 0.1, 1.0
"""Rows beside a line, as a share of a capital's height and at least so many pixels, that count for no mark: round
letters overshoot it."""
REACH_SHARE = 0.45
"""How far marks reach beyond capitals and the base line, as a share of a capital's height; other ink is no mark."""
FAINT = 0.3
"""Strength below which ink does not count."""
EDGE_ROWS = 0.5
"""Rows beside a line, in pixels, that do not count for a mark that is asked for: the blurred edge of the letter."""
LEAST_MARK = 0.007
"""Ink of the smallest mark as a share of a capital's height squared: a dot is about 0.015."""
LEAST_ASKED = 0.25
"""Share of that ink that is enough where a mark is asked for: the dots of thin print are faint."""
TWINS = frozenset("\u0308\u030b")
"""Marks that are two: diaeresis and double acute."""
TWIN_HEIGHT = 11
"""Height of capitals in pixels from which two marks over a letter stand apart."""
BAR_RATIO = 1.7
"""How much wider than its stem a row of a stem must be to hold a bar across it."""
BOWL_SHARE = 0.55
"""Width of the top of a P as a share of its bowl's: a Þ begins with its stem alone."""
SOLID = 0.5
LEAST_HEIGHT = 8
"""Height of capitals in pixels below which strokes across a letter cannot be judged."""


@dataclass(frozen=True, slots=True)
class Place:
    """A letter's text and the columns of its ink: left and right, half-open."""

    text: str
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Line:
    """Rows of a line of text: tops of capitals and of small letters, and the base line; the first row below it."""

    capitals: float
    smalls: float
    base: float

    @property
    def height(self) -> float:
        return self.base - self.capitals


def line_of(groups: Sequence[Sequence[Place]], ink: Ink) -> Line | None:
    """The rows on which letters stand; None where these tell too little.

    Letters that touch tell as much as a single one: small letters end at one height, and no letter beside a capital is
    taller than it.
    """
    solid = ink.box.of(ink.strength) > SOLID
    tops: dict[str, list[int]] = {"small": [], "capital": []}
    bases = []
    for group in groups:
        texts = {place.text for place in group}
        kind = "small" if texts <= SMALL else "capital" if texts & CAPITALS and texts <= STANDING else None
        rows = np.flatnonzero(solid[:, _columns(group, ink)].any(axis=1))
        if kind is not None and len(rows):
            tops[kind].append(int(rows[0]))
            bases.append(int(rows[-1]) + 1)
    if not bases:
        return None
    base = float(np.median(bases))
    capitals = float(np.median(tops["capital"])) if tops["capital"] else None
    smalls = float(np.median(tops["small"])) if tops["small"] else None
    if smalls is None:
        assert capitals is not None
        smalls = base - X_SHARE * (base - capitals)
    usual = base - (base - smalls) / X_SHARE
    # A lone capital may carry a mark that was not read; then it ends higher than small letters let expect.
    capitals = usual if capitals is None else max(capitals, usual - X_SLACK * (base - usual))
    capitals = max(capitals, 0.0)
    return Line(capitals, smalls, base) if capitals < smalls < base else None


def marks_agree(groups: Sequence[Sequence[Place]], line: Line, ink: Ink) -> bool:
    """Whether Latin letters have the marks that they ask for, and no others.

    A group is letters that touch; which of them has a mark cannot be told to the column, so they are judged together.
    """
    return all(_agree(group, line, ink) for group in groups)


def _agree(group: Sequence[Place], line: Line, ink: Ink) -> bool:
    letters = [_parts(place.text) for place in group]
    if not all(base in LATIN for base, _ in letters) or any(place.text in BESIDE for place in group):
        return True
    bases = [base for base, _ in letters]
    strength = ink.box.of(ink.strength)
    part = np.where(strength > FAINT, strength, 0.0)[:, _columns(group, ink)]
    low = all(base in LOW for base in bases)
    if low or all(base in CAPITALS for base in bases):
        asked = any(marks & ABOVE or base in DOTTED for base, marks in letters)
        rows = _above(part, line.smalls if low else line.capitals, line, asked)
        if not _mark_agrees(asked, rows, line):
            return False
        if len(group) == 1 and asked and line.height >= TWIN_HEIGHT:
            solid = rows > SOLID
            # Twins that lean stand apart in a row, not in the columns; a caron is two in a row, but one in the columns.
            apart = solid if letters[0][1] & TWINS else solid.any(axis=0, keepdims=True)
            runs = (np.diff(apart.astype(np.int8), axis=1, prepend=0) == 1).sum(axis=1)
            if (runs.max(initial=0) >= 2) != bool(letters[0][1] & TWINS):
                return False
    if all(base in STANDING for base in bases):
        asked = any(marks & BELOW for _, marks in letters)
        if not _mark_agrees(asked, _below(part, line, asked), line):
            return False
    alone = len(group) == 1 and not letters[0][1]
    return not alone or line.height < LEAST_HEIGHT or not _is_struck(bases[0], part, line)


def _mark_agrees(asked: bool, rows: np.ndarray, line: Line) -> bool:
    """Whether rows beside a letter hold a mark where one is asked for, and else nothing."""
    least = LEAST_MARK * line.height**2
    return float(rows.sum()) >= LEAST_ASKED * least if asked else float(rows.sum()) < least


def _above(part: np.ndarray, top: float, line: Line, asked: bool) -> np.ndarray:
    """The rows over letters that end at a row, where their marks stand."""
    first = math.floor(line.capitals - REACH_SHARE * line.height)
    return part[max(first, 0) : max(math.floor(top - _margin(line, asked)), 0)]


def _below(part: np.ndarray, line: Line, asked: bool) -> np.ndarray:
    """The rows under the base line, where marks stand."""
    return part[math.ceil(line.base + _margin(line, asked)) : math.ceil(line.base + REACH_SHARE * line.height)]


def _margin(line: Line, asked: bool) -> float:
    """Rows beside a line that do not count: a mark that is asked for may stand close to its letter."""
    return EDGE_ROWS if asked else max(MARGIN_SHARE * line.height, MARGIN_ROWS)


def _columns(group: Sequence[Place], ink: Ink) -> slice:
    """The columns of letters in the ink's box."""
    return slice(group[0].left - ink.box.left, group[-1].right - ink.box.left)


def _parts(letter: str) -> tuple[str, frozenset[str]]:
    """A letter without its marks, and the marks."""
    base, *marks = unicodedata.normalize("NFD", letter)
    return base, frozenset(marks)


def _is_struck(letter: str, part: np.ndarray, line: Line) -> bool:
    """Whether a bar crosses a letter that the reading gives without one (đ, ł, Đ, Ł), or a stem tops it (Þ)."""
    at = [max(round(line.capitals + share * line.height), 0) for share in (0.0, 0.15, 0.3, 0.45, 0.7)]
    solid = part > SOLID
    if letter == "P":
        top, bowl = solid[at[0] : at[1]], solid[at[1] : at[3]]
        return bool(top.any() and bowl.any()) and float(_extent(top).max()) < BOWL_SHARE * float(_extent(bowl).max())
    if letter in {"d", "l", "L"}:
        above_bowl = round(line.smalls - max(MARGIN_SHARE * line.height, 1.0))
        widths = part[at[1] : above_bowl if letter == "d" else at[4]].sum(axis=1)
        return len(widths) > 1 and float(widths.max()) > max(BAR_RATIO * float(np.median(widths)), widths.min() + 1.5)
    if letter == "D":
        stem, bar = _first_run(solid[at[1] : at[2]]), _first_run(solid[at[3] : at[4]])
        most = max(BAR_RATIO * float(np.median(stem)), float(stem.min()) + 2) if len(stem) else np.inf
        return len(bar) > 0 and float(bar.max()) >= most
    return False


def _first_run(rows: np.ndarray) -> np.ndarray:
    """Length of the first ink of each row, in pixels; rows without ink are left out."""
    rows = rows[rows.any(axis=1)]
    begun = np.logical_or.accumulate(rows, axis=1)
    return np.logical_and.accumulate(rows | ~begun, axis=1).sum(axis=1) - (~begun).sum(axis=1)


def _extent(rows: np.ndarray) -> np.ndarray:
    """From the first to the last ink of each row, in pixels; rows without ink are left out."""
    rows = rows[rows.any(axis=1)]
    return rows.shape[1] - rows.argmax(axis=1) - rows[:, ::-1].argmax(axis=1)
