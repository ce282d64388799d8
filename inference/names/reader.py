"""Reads the names in the labels of tiles and remembers what each label said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from domain import Box, Tile
from inference.names.accounting import LEAST_LETTER, account_of
from inference.names.labels import Ink, Signature, find_ink
from inference.names.recogniser import Letter, Recogniser
from inference.names.spelling import spelled, undecorated

MARGIN = 0.25
"""Ground left around the text, in text heights: how text stood in the recogniser's training pictures."""
BEHIND = 1.5
"""How far behind the ink the recogniser looks, in text heights: a short word after a space."""
MAX_REMEMBERED = 150
"""Labels remembered with their reading: some looks of each label of a page of 49."""
SAME_READING = 0.95
"""Likeness from which a label is not read anew: texts that differ in one stroke have up to 0.94."""
NO_SECOND_LOOK = 0.97
"""Sureness of the least sure letter from which a reading needs no second one: half of them do not."""
BRIGHT_SHARE = 0.8
"""Share of the brightest level above which a pixel is a letter's: the shade leaves at most 0.6 of the picture."""
CHANGED_SHARE = 0.02
"""Share of a label's letter pixels that noise may change; one other letter of thirty changes twice as many."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a label says: the text (None where it cannot be read for certain), how sure, and the label's signature.

    ``staff`` is True where Zoom itself calls the person host, co-host or "me". ``doubted`` is what was read where that
    is not certain: good for comparing with a class list, never for showing.
    """

    text: str | None
    confidence: float
    signature: Signature
    staff: bool = False
    doubted: str | None = None


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
        letters = self._letters(line.of(label), line, ink)
        if min((letter.confidence for letter in letters), default=1.0) < NO_SECOND_LOOK:
            # Where a reading is wrong, one of the bare ink is mostly wrong in another way.
            bare = cv2.cvtColor(255 - np.rint(255 * line.of(ink.strength)).astype(np.uint8), cv2.COLOR_GRAY2BGR)
            agreed = same_text(letters, self._letters(bare, line, ink))
        else:
            agreed = True
        account = account_of(letters, ink) if agreed else None
        said = spelled(letters, account) if account else None
        if said is None:
            doubted, staff = undecorated("".join(letter.text for letter in letters))
            return Name(None, 0.0, signature, staff, doubted or None)
        text, staff = undecorated(said)
        confidence = float(np.mean([letter.confidence for letter in letters]))
        return Name(text or None, confidence if text else 0.0, signature, staff)

    def _letters(self, picture: np.ndarray, line: Box, ink: Ink) -> list[Letter]:
        """The letters that a picture of a line shows, with their places in the label."""
        assert self._recogniser is not None
        placed = (replace(letter, x=letter.x + line.left) for letter in self._recogniser.read(picture))
        return [letter for letter in placed if not is_shadow(letter, ink)]


def same_text(letters: Sequence[Letter], others: Sequence[Letter]) -> bool:
    """Whether two readings have the same letters; spaces are told by the ink, and what a stroke is by its place."""
    first, second = (
        [each.text.replace("I", "l") for each in reading if not each.text.isspace()] for reading in (letters, others)
    )
    return first == second


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
