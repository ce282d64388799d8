"""Whether a reading accounts for the ink: a recogniser answers scripts it does not know with confident fragments."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from PIL import ImageFont

from inference.names.labels import Ink, ink_runs
from inference.names.marks import SMALL, Place, line_of, marks_agree
from inference.names.recogniser import Letter

LEAST_LETTER = 0.55
"""A reading with one letter less sure than this is none: 3 % of right readings have one, but a third of wrong ones."""
LEAST_ACCENTED = 0.75
"""A letter with an accent less sure than this often has another one: 3 of 4 wrong ones are, and 1 of 20 right ones."""
LEAST_ACCENTABLE = 0.75
ACCENTABLE = frozenset("ACDGOPST")
"""Capitals less sure than this are often another letter's, with a mark that the recogniser did not see."""
LEAST_MEAN = 0.92
"""Mean sureness of all letters below which a reading is none: 1 % of right ones, 95 % of those of foreign scripts."""
LEAST_IDEOGRAPH = 0.85
"""An ideograph less sure than this may be a syllable of Hangul; true ones have 0.93 and more."""

FEW, LEAST_OF_FEW = 3, 0.95
"""Readings of so few letters must be surer: little ink of another script often looks like some letters."""
SMALL_PRINT, LEAST_SMALL_PRINT, LEAST_SMALL_PRINT_MEAN = 8.0, 0.8, 0.98
"""Height of capitals in pixels below which accents are blurs, and how sure plain letters must be there."""
BLUR_PX = 0.7
"""Pixels by which ink may end early on the two sides of a blank; in small print that is a tenth of a letter."""

INK_EDGE = 0.5
"""Strength at which a letter ends, half way between ground and text."""
PIECE_LEVEL = 0.3
"""Ink from this strength on holds a letter together: thin joints of small text are faint."""
SPECK_SHARE = 0.015
"""Pieces with less ink than this share of the text's height squared are specks of compression."""
LEAST_PEAK = 0.6
"""Strength that the strongest pixel of a letter reaches; structure of the picture behind the label is dimmer."""
OUT_OF_PLACE = 0.55
"""How far, in text heights, a letter may stand from its ink: the recogniser's columns are 0.25 apart."""
STRAY_WIDTH = 0.45
"""How much wider, in text heights, a piece may be than its letters usually are: most letters are wider."""
IDEOGRAPH_REACH = 0.7
"""How far, in text heights, the ink of an ideograph reaches from its middle."""
ODD_WIDTH = 2.0
"""Weight of a piece that is wider or narrower than its letters, against letters that stand beside their pieces."""
MOST_TOGETHER = 14
"""Letters that may share one piece: a whole word of blurred small print."""
LEAST_STEP = 0.1
"""Small letters end at least this share of the text's height below tall ones."""

WIDTH_SIZE = 40
"""Size in pixels at which letters' usual widths are taken."""

PLAIN = str.maketrans({**dict(zip("đðłøıþŋħĐŁØÞŊĦß", "ddloipnhDLOPNHB", strict=True)), "æ": "ae", "œ": "oe", "Æ": "AE"})
"""Letters of the plain font that are as wide as letters it lacks."""
TALL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZbdfhkl0123456789")
"""Latin letters and digits that end at the height of capitals."""
OPENING = frozenset('"#@(（')
"""Signs that a name may begin with, besides letters and digits."""
CHANGES = re.compile(r"\d(?=[^\W\d_])|[^\W\d_](?=\d)")
"""Changes between letters and digits: a word has one ("9b"), fragments of other scripts have several ("6o6m")."""
SIGNS = frozenset(""".,'’‘"“”-–_()（）/+@#:!·•…|~*，、。・ー々〆""")
"""Signs that a name may hold; anything else is the edge of a label or a picture behind it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Ink that hangs together in its columns: left and right in pixels of the label, and its top row."""

    left: int
    right: int
    top: int

    def distance(self, x: float) -> float:
        """How far a place lies beside this ink, in pixels; 0 over it."""
        return max(self.left - x, x - self.right, 0.0)


@dataclass(frozen=True, slots=True)
class Account:
    """How the letters of a reading explain its ink: ``blanks`` are the columns without ink before each visible letter,
    as a share of a capital's height, and ``small_print`` is whether so few pixels show them that blanks prove little.
    """

    blanks: tuple[float, ...]
    small_print: bool = False


def account_of(letters: Sequence[Letter], ink: Ink) -> Account | None:
    """The account of letters with their places in the label: they are sure, of one script, and explain all its ink.

    None where they do not.
    """
    visible = [letter for letter in letters if not letter.text.isspace()]
    if not visible or not _sure(visible) or not _plausible(visible):
        return None
    if len(visible) <= FEW and any(letter.confidence < LEAST_OF_FEW for letter in visible):
        return None
    pieces = pieces_of(ink)
    if any(is_ideographic(letter.text) for letter in visible):
        return _account_of_ideographs(visible, pieces, ink.box.height)
    return _account_of_letters(visible, pieces, ink)


def _account_of_letters(letters: Sequence[Letter], pieces: Sequence[Piece], ink: Ink) -> Account | None:
    """The account where every piece of ink is one letter or several that touch."""
    height = ink.box.height
    places = aligned(letters, pieces)
    if places is None:
        return None
    near = all(
        pieces[place].distance(letter.x) <= OUT_OF_PLACE * height for letter, place in zip(letters, places, strict=True)
    )
    if not near or not _widths_agree(letters, pieces, places, height):
        return None
    if not _heights_agree(letters, pieces, places, height):
        return None
    groups = groups_of(letters, pieces, places)
    line = line_of(groups, ink)
    small_print = line is None or line.height < SMALL_PRINT
    if line is None or small_print:
        if not _surely(letters):
            return None
    elif not marks_agree(groups, line, ink):
        return None
    gaps = [0, *(after.left - before.right for before, after in pairwise(pieces))]
    starts = [place != before for before, place in pairwise([-1, *places])]
    scale = line.height if line else float(height)
    return Account(
        tuple(
            max(gaps[place] - BLUR_PX, 0.0) / scale if first else 0.0
            for place, first in zip(places, starts, strict=True)
        ),
        small_print,
    )


def _account_of_ideographs(letters: Sequence[Letter], pieces: Sequence[Piece], height: int) -> Account | None:
    """The account where a letter may be several pieces, so that their count says nothing; only far ink does."""
    if not _within_reach(letters, pieces, height):
        return None
    blanks = [0.0]
    for letter, following in pairwise(letters):
        gaps = ((after.left - before.right, (after.left + before.right) / 2) for before, after in pairwise(pieces))
        blank = max((width for width, middle in gaps if letter.x < middle < following.x), default=0)
        blanks.append(blank / height)
    return Account(tuple(blanks))


def _within_reach(letters: Sequence[Letter], pieces: Sequence[Piece], height: int) -> bool:
    """Whether no ink is far from all letters."""
    return all(
        min(max(abs(piece.left - letter.x), abs(piece.right - letter.x)) for letter in letters)
        <= IDEOGRAPH_REACH * height + (piece.right - piece.left) / 2
        for piece in pieces
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
    """The piece of each letter, in order, so that every piece has a letter.

    Letters stand near their pieces, and letters that touch share a piece that is as wide as they usually are together.
    None when there are more pieces than letters: some ink was not read.
    """
    count = len(letters)
    if not pieces or len(pieces) > count:
        return None
    distance = np.array([[piece.distance(letter.x) ** 2 for piece in pieces] for letter in letters])
    up_to = np.vstack([np.zeros(len(pieces)), distance.cumsum(axis=0)])
    usual = np.concatenate(([0.0], np.cumsum([usual_width(letter.text) for letter in letters])))
    scale = sum(piece.right - piece.left for piece in pieces) / usual[-1]
    cost = np.full((len(pieces) + 1, count + 1), np.inf)
    cost[0, 0] = 0.0
    chosen = np.zeros((len(pieces) + 1, count + 1), int)
    for at, piece in enumerate(pieces):
        for end in range(at + 1, count + 1):
            starts = np.arange(max(at, end - MOST_TOGETHER), end)
            odd = piece.right - piece.left - scale * (usual[end] - usual[starts])
            total = cost[at, starts] + up_to[end, at] - up_to[starts, at] + ODD_WIDTH * odd**2
            best = int(total.argmin())
            cost[at + 1, end], chosen[at + 1, end] = total[best], starts[best]
    if not np.isfinite(cost[-1, -1]):
        return None
    places: list[int] = []
    end = count
    for at in range(len(pieces), 0, -1):
        start = int(chosen[at, end])
        places += [at - 1] * (end - start)
        end = start
    return places[::-1]


def groups_of(letters: Sequence[Letter], pieces: Sequence[Piece], places: Sequence[int]) -> list[list[Place]]:
    """The letters of each piece, which letters that touch share by their usual widths."""
    groups = []
    for index, piece in enumerate(pieces):
        texts = [letter.text for letter, place in zip(letters, places, strict=True) if place == index]
        widths = np.array([usual_width(text) for text in texts])
        ends = np.rint(
            piece.left + np.concatenate(([0.0], widths.cumsum() / widths.sum())) * (piece.right - piece.left)
        )
        groups.append(
            [Place(text, int(left), int(right)) for text, left, right in zip(texts, ends, ends[1:], strict=False)]
        )
    return groups


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
    if text in ACCENTABLE:
        return LEAST_ACCENTABLE
    return LEAST_LETTER if text.isascii() else LEAST_ACCENTED


def _surely(letters: Sequence[Letter]) -> bool:
    """Whether letters are so sure that they count where few pixels are left to check them by."""
    sureness = [letter.confidence for letter in letters]
    plain = all(letter.text.isascii() for letter in letters)
    return plain and min(sureness) >= LEAST_SMALL_PRINT and float(np.mean(sureness)) >= LEAST_SMALL_PRINT_MEAN


def _plausible(letters: Sequence[Letter]) -> bool:
    """Whether a name may look like this: letters or digits, no odd sign first, and Latin and Greek do not mix."""
    if not any(letter.text[0].isalnum() for letter in letters):
        return False
    text = "".join(letter.text for letter in letters)
    if not (text[0].isalnum() or text[0] in OPENING) or not all(sign.isalnum() or sign in SIGNS for sign in text):
        return False
    if sum(map(text.count, "(（")) != sum(map(text.count, ")）")):
        return False
    if any(len(CHANGES.findall(word)) > 1 for word in text.split()):
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
    plain = plain.translate(PLAIN)
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
