"""Reads the names in the labels of tiles and remembers what each label said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from domain import Box, Tile
from inference.names.accounting import LEAST_LETTER, Piece, accounts_for, is_ideographic, pieces_of
from inference.names.labels import Ink, Signature, find_ink
from inference.names.recogniser import Letter, Recogniser

MARGIN = 0.25
"""Ground left around the text, in text heights: how text stood in the recogniser's training pictures."""
BEHIND = 1.5
"""How far behind the ink the recogniser looks, in text heights: a short word after a space."""
MAX_REMEMBERED = 150
"""Labels remembered with their reading: some looks of each label of a page of 49."""
SAME_READING = 0.95
"""Likeness from which a label is not read anew: texts that differ in one stroke have up to 0.94."""
BRIGHT_SHARE = 0.8
"""Share of the brightest level above which a pixel is a letter's: the shade leaves at most 0.6 of the picture."""
CHANGED_SHARE = 0.02
"""Share of a label's letter pixels that noise may change; one other letter of thirty changes twice as many."""
WORD_GAP, IDEOGRAPH_GAP, MIXED_GAP, NARROW_GAP, SYLLABLE_GAP = 0.3, 0.24, 0.18, 0.45, 0.5
"""Blank columns between letters, in text heights, from which a space stands there: between letters, two ideographs, a
letter and an ideograph, beside a letter that is narrow itself, or Japanese syllables, which stand loosely."""
NARROW = frozenset("1lIijtrf'|.,-")

DECORATION = re.compile(r"\s*[(（](?P<what>[^()（）]*)[)）]\s*$")
ROLES = {"host": True, "co-host": True, "cohost": True, "me": True, "you": True, "guest": False}
"""What Zoom itself adds to a name, and whether it marks staff; "me" is the teacher, whose screen this is."""
PRONOUNS = re.compile(r"\w+/\w+(/\w+)?")
CAPITAL_FOR_SMALL_L = re.compile(r"\b([A-HJ-UWYZ])I\b")
"""A capital I after one other capital, as in "AI Wu", is Al's l, which looks the same; II, VI and XI are numerals."""
SMALL_L_FOR_CAPITAL = re.compile(r"^l(?=[a-z])|\bl(?=[a-z])(?!(?:a|as|e|es|o|os|u|i)\b)")
"""A small l that begins a name or a word, as in "lo Ai" or "Ann lvy", is a capital I, except in Romance articles."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a label says: the text (None where it cannot be read for certain), how sure, and the label's signature.

    ``staff`` is True where Zoom itself calls the person host, co-host or "me".
    """

    text: str | None
    confidence: float
    signature: Signature
    staff: bool = False


class NameReader:
    """Reads the labels of tiles and remembers what each label's pixels said.

    ``threads`` is for the recogniser, which is loaded when the first label is read; ``reads_text`` False leaves every
    text unread, so that labels are only told apart. ``read`` raises ModelError if the OCR package holds no recogniser.
    """

    def __init__(self, threads: int = 1, reads_text: bool = True, recogniser: Recogniser | None = None) -> None:
        self._threads = threads
        self._reads_text = reads_text
        self._recogniser = recogniser
        self._remembered: list[Name] = []
        self._shown: dict[int, tuple[np.ndarray, Name | None]] = {}

    def read(self, image: np.ndarray, tiles: Sequence[Tile]) -> dict[int, Name | None]:
        """What each tile's label says, by slot; None where no label can be seen."""
        return {tile.slot: self._read_tile(image, tile) for tile in tiles}

    def _read_tile(self, image: np.ndarray, tile: Tile) -> Name | None:
        if tile.label is None:
            return None
        label = tile.label.of(image)
        letters = bright_parts(label)
        shown = self._shown.get(tile.slot)
        if shown is not None and same_letters(shown[0], letters):
            return shown[1]
        ink = find_ink(label)
        name = self._name_of(label, ink, ink.signature()) if ink is not None else None
        self._shown[tile.slot] = (letters, name)
        return name

    def _name_of(self, label: np.ndarray, ink: Ink, signature: Signature) -> Name:
        for place, known in enumerate(self._remembered):
            if known.signature.likeness(signature) >= SAME_READING:
                # The labels on the screen stay in front, so that a frame without news costs few comparisons.
                self._remembered.insert(0, self._remembered.pop(place))
                return replace(known, signature=signature)
        name = self._read_text(label, ink, signature) if self._reads_text else Name(None, 0.0, signature)
        self._remembered = [name, *self._remembered[: MAX_REMEMBERED - 1]]
        return name

    def _read_text(self, label: np.ndarray, ink: Ink, signature: Signature) -> Name:
        if self._recogniser is None:
            self._recogniser = Recogniser(self._threads)
        line = line_box(ink, label)
        placed = (replace(letter, x=letter.x + line.left) for letter in self._recogniser.read(line.of(label)))
        letters = [letter for letter in placed if not is_shadow(letter, ink)]
        if not accounts_for(letters, ink):
            return Name(None, 0.0, signature)
        text, staff = undecorated(spelled(letters, ink))
        confidence = float(np.mean([letter.confidence for letter in letters]))
        return Name(text or None, confidence if text else 0.0, signature, staff)


def bright_parts(label: np.ndarray) -> np.ndarray:
    """Bool (H, W): the label's brightest pixels, which the picture behind its shade does not reach."""
    gray = cv2.cvtColor(label, cv2.COLOR_BGR2GRAY)
    return gray > BRIGHT_SHARE * int(gray.max())


def same_letters(before: np.ndarray, now: np.ndarray) -> bool:
    """Whether a label shows the letters it showed: a cheap look that saves the whole reading while nothing changes."""
    if before.shape != now.shape:
        return False
    inked = int(np.count_nonzero(before))
    return int(np.count_nonzero(before ^ now)) <= CHANGED_SHARE * min(inked, before.size - inked)


def undecorated(text: str) -> tuple[str, bool]:
    """A label's text without what Zoom adds in brackets at the end, and whether that marks the person as staff."""
    staff = False
    while found := DECORATION.search(text):
        words = [word.strip().casefold() for word in found["what"].split(",")]
        if not all(word in ROLES or PRONOUNS.fullmatch(word) for word in words):
            break
        staff = staff or any(ROLES.get(word, False) for word in words)
        text = text[: found.start()]
    return text.strip(), staff


def spelled(letters: Sequence[Letter], ink: Ink) -> str:
    """The text of accounted letters, with the spaces that the recogniser drops and the look-alikes that it mixes up."""
    pieces = pieces_of(ink)
    text = ""
    for letter, following in zip(letters, [*letters[1:], None], strict=True):
        text += letter.text
        if following is None or letter.text.isspace() or following.text.isspace():
            continue
        if _blank_between(letter, following, pieces) > _word_gap(letter.text, following.text) * ink.box.height:
            text += " "
    if any(letter.islower() for letter in text):
        text = SMALL_L_FOR_CAPITAL.sub("I", CAPITAL_FOR_SMALL_L.sub(r"\1l", text))
    return text


def line_box(ink: Ink, label: np.ndarray) -> Box:
    """The part of a label that the recogniser sees: from the icon to well behind the text, with a margin around it.

    It is wider than the ink, so that text which was not taken for ink is seen and no half name is given out.
    """
    margin = max(round(ink.box.height * MARGIN), 1)
    height, width = label.shape[:2]
    behind = ink.box.right + round(BEHIND * ink.box.height)
    return Box(ink.start, max(ink.box.top - margin, 0), min(behind, width), min(ink.box.bottom + margin, height))


def is_shadow(letter: Letter, ink: Ink) -> bool:
    """Whether a letter is only a dim idea about the ground beside the ink."""
    reach = MARGIN * ink.box.height
    beside = not ink.box.left - reach <= letter.x <= ink.box.right + reach
    return beside and letter.confidence < LEAST_LETTER


def _word_gap(letter: str, following: str) -> float:
    ideographic = is_ideographic(letter), is_ideographic(following)
    if all(ideographic):
        kanji = all("CJK" in unicodedata.name(text[0], "") for text in (letter, following))
        return IDEOGRAPH_GAP if kanji else SYLLABLE_GAP
    if any(ideographic):
        return MIXED_GAP
    return NARROW_GAP if letter in NARROW or following in NARROW else WORD_GAP


def _blank_between(letter: Letter, following: Letter, pieces: Sequence[Piece]) -> int:
    """The widest stretch without ink between the middles of two letters, in pixels."""
    gaps = ((after.left - before.right, (after.left + before.right) / 2) for before, after in pairwise(pieces))
    return max((width for width, middle in gaps if letter.x < middle < following.x), default=0)
