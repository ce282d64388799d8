"""Whether a reading accounts for the ink: a recogniser answers scripts it does not know with confident fragments."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import ImageFont

from inference.names.labels import Ink, ink_runs
from inference.names.recogniser import Letter

LEAST_LETTER = 0.55
"""A reading with one letter less sure than this is none: 3 % of right readings have one, but a third of wrong ones."""
LEAST_ACCENTED = 0.8
"""A letter with an accent less sure than this often has another accent."""
LEAST_MEAN = 0.92
"""Mean sureness of all letters below which a reading is none: 1 % of right ones, 95 % of those of foreign scripts."""
LEAST_IDEOGRAPH = 0.85
"""An ideograph less sure than this may be a syllable of Hangul; true ones have 0.93 and more."""

INK_EDGE = 0.5
"""Strength at which a letter ends, half way between ground and text."""
PIECE_LEVEL = 0.3
"""Ink from this strength on holds a letter together: thin joints of small text are faint."""
SPECK_SHARE = 0.015
"""Pieces with less ink than this share of the text's height squared are specks of compression."""
LEAST_PEAK = 0.6
"""Strength that the strongest pixel of a letter reaches; structure of the picture behind the label is dimmer."""
OUT_OF_PLACE = 0.4
"""How far, in text heights, a letter may stand from its ink: the recogniser's columns are 0.25 apart."""
STRAY_WIDTH = 0.45
"""How much wider, in text heights, a piece may be than its letters usually are: most letters are wider."""
IDEOGRAPH_REACH = 0.7
"""How far, in text heights, the ink of an ideograph reaches from its middle."""
LEAST_STEP = 0.1
"""Small letters end at least this share of the text's height below tall ones."""

WIDTH_SIZE = 40
"""Size in pixels at which letters' usual widths are taken."""

SMALL = frozenset("acemnorsuvwxz")
"""Latin letters that end at the height of an x."""
TALL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZbdfhkl0123456789")
"""Latin letters and digits that end at the height of capitals."""
OPENING = frozenset('"#@')
"""Signs that a name may begin with, besides letters and digits."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Ink that hangs together in its columns: left and right in pixels of the label, and its top row."""

    left: int
    right: int
    top: int

    def distance(self, x: float) -> float:
        """How far a place lies beside this ink, in pixels; 0 over it."""
        return max(self.left - x, x - self.right, 0.0)


def accounts_for(letters: Sequence[Letter], ink: Ink) -> bool:
    """Whether letters, with their places in the label, are sure, of one script, and explain all ink of that label."""
    visible = [letter for letter in letters if not letter.text.isspace()]
    if not visible or not _sure(visible) or not _plausible(visible):
        return False
    pieces = pieces_of(ink)
    height = ink.box.height
    if any(is_ideographic(letter.text) for letter in visible):
        # One ideograph may be several pieces, so the count of pieces says nothing; only ink far from all letters does.
        return all(
            min(max(abs(piece.left - letter.x), abs(piece.right - letter.x)) for letter in visible)
            <= IDEOGRAPH_REACH * height + (piece.right - piece.left) / 2
            for piece in pieces
        )
    places = aligned(visible, pieces)
    return (
        places is not None
        and all(
            pieces[place].distance(letter.x) <= OUT_OF_PLACE * height
            for letter, place in zip(visible, places, strict=True)
        )
        and _widths_agree(visible, pieces, places, height)
        and _heights_agree(visible, pieces, places, height)
    )


def pieces_of(ink: Ink) -> list[Piece]:
    """The pieces of a label's ink from left to right, without specks."""
    text = ink.box.of(ink.strength)
    least = SPECK_SHARE * ink.box.height**2
    pieces = []
    for left, right in ink_runs(text, PIECE_LEVEL):
        part = text[:, left:right]
        if float(part.sum()) >= least and float(part.max()) >= LEAST_PEAK:
            top = int(np.argmax((part > INK_EDGE).any(axis=1)))
            pieces.append(Piece(ink.box.left + left, ink.box.left + right, ink.box.top + top))
    return pieces


def aligned(letters: Sequence[Letter], pieces: Sequence[Piece]) -> list[int] | None:
    """The piece of each letter, in order, so that every piece has a letter and letters stand near their pieces.

    Letters that touch share a piece. None when there are more pieces than letters: some ink was not read.
    """
    if not pieces or len(pieces) > len(letters):
        return None
    distance = np.array([[piece.distance(letter.x) ** 2 for piece in pieces] for letter in letters])
    cost = np.full_like(distance, np.inf)
    cost[0, 0] = distance[0, 0]
    for row in range(1, len(letters)):
        before = np.concatenate(([np.inf], cost[row - 1, :-1]))
        cost[row] = distance[row] + np.minimum(cost[row - 1], before)
    place = len(pieces) - 1
    places = [place]
    for row in range(len(letters) - 1, 0, -1):
        if place > 0 and cost[row - 1, place - 1] <= cost[row - 1, place]:
            place -= 1
        places.append(place)
    return places[::-1]


def is_ideographic(text: str) -> bool:
    """Whether a letter fills a square of its own: Chinese characters and Japanese syllables."""
    return unicodedata.east_asian_width(text[0]) in "WF"


def _sure(letters: Sequence[Letter]) -> bool:
    if float(np.mean([letter.confidence for letter in letters])) < LEAST_MEAN:
        return False
    return all(letter.confidence >= _least_sureness(letter.text) for letter in letters)


def _least_sureness(text: str) -> float:
    if is_ideographic(text):
        return LEAST_IDEOGRAPH
    return LEAST_LETTER if text.isascii() else LEAST_ACCENTED


def _plausible(letters: Sequence[Letter]) -> bool:
    """Whether a name may look like this: letters or digits, no odd sign first, and Latin and Greek do not mix."""
    if not any(letter.text[0].isalnum() for letter in letters):
        return False
    first = letters[0].text[0]
    if not (first.isalnum() or first in OPENING or unicodedata.category(first) == "Ps"):
        return False
    scripts = {unicodedata.name(letter.text[0], "?").split()[0] for letter in letters if letter.text[0].isalpha()}
    return not {"LATIN", "GREEK"} <= scripts


def _widths_agree(letters: Sequence[Letter], pieces: Sequence[Piece], places: Sequence[int], height: int) -> bool:
    """Whether no piece is wider than its letters by another letter; letters are as wide as in a plain font."""
    texts = [""] * len(pieces)
    for letter, place in zip(letters, places, strict=True):
        texts[place] += letter.text
    expected = np.array([usual_width(text) for text in texts])
    found = np.array([piece.right - piece.left for piece in pieces], float)
    return bool((found - expected * (found.sum() / expected.sum()) <= STRAY_WIDTH * height).all())


@lru_cache(1024)
def usual_width(text: str) -> float:
    """The width of the ink of a text without its accents in a plain font; only ratios of it mean something."""
    plain = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    left, _, right, _ = ImageFont.load_default(WIDTH_SIZE).getbbox(plain)
    return float(right - left)


def _heights_agree(letters: Sequence[Letter], pieces: Sequence[Piece], places: Sequence[int], height: int) -> bool:
    """Whether letters with ink of their own end at the height their shape asks for.

    Cyrillic and Georgian letters look like Latin ones of another height. Lines of one height only cannot be checked.
    """
    alone = [(letter, pieces[at]) for letter, at in zip(letters, places, strict=True) if list(places).count(at) == 1]
    small = [piece.top for letter, piece in alone if letter.text in SMALL]
    tall = [piece.top for letter, piece in alone if letter.text in TALL]
    if not small or not tall:
        return True
    line_small, line_tall = float(np.median(small)), float(np.median(tall))
    if line_small - line_tall < LEAST_STEP * height:
        return False
    middle = (line_small + line_tall) / 2
    return all(top >= middle for top in small) and all(top <= middle for top in tall)
