"""A student of the session, and how much a label is this student's."""

from __future__ import annotations

from dataclasses import dataclass, field
from unicodedata import normalize

import numpy as np

from domain import Tile
from inference.names import Name, Signature

NEW_LOOK = 0.97
"""Likeness below which a label's pixels are remembered as another look of it."""
SHORTENED_LIKENESS = 0.96
"""Likeness of a name and its beginning, and of two looks that were read alike with doubt."""
EXTENDED_LIKENESS = 0.9
"""Likeness of a whole name and the same with words added to it, which may be a namesake's: likely, not sure."""
LEAST_WORDS = 2
"""Words of a whole name: a first name alone is no mark of anybody."""
LEAST_BEGINNING = 4
"""Letters that a shortened or doubted name must keep to tell whose it is."""
LEAST_WIDTH = 24
"""Columns of a signature, which is 16 high, that a name has at least: a lone microphone or a stroke has up to 20, three
Chinese or Korean letters have 38."""
MAX_LOOKS = 4
"""Looks of a label remembered for each student: beside a picture, in the middle of a tile, at another scale."""


@dataclass(slots=True, eq=False)
class Student:
    """A student of this session: a number from 1, the name if it could be read, the slot and the time last seen.

    ``slot`` is None while it is not certain where the student is. ``looks`` are signatures of the label, newest first;
    none for a student whose label was never seen. ``readings`` are what its looks were read as, with the sum of the
    readings' confidence: the name is the one that has most; ``certain`` are those that were read without doubt,
    ``doubted`` what was read, with doubt, of labels that are this student's. ``label`` is the one that was seen last:
    while it does not change, nothing need be compared. ``backdrop`` is what the tile showed, for some seconds (see
    ``backdrops``).
    """

    number: int
    seen_s: float
    slot: int | None = None
    name: str | None = None
    staff: bool = False
    looks: list[Signature] = field(default_factory=list)
    readings: dict[str, float] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)
    label: Name | None = None
    backdrop: np.ndarray | None = None

    @property
    def provisional(self) -> bool:
        """Whether the label was never seen: this may turn out to be a student who is known already."""
        return not self.looks

    def likeness(self, name: Name) -> float:
        """How much a label is this student's, 0 to 1: the same text or, where one of both was not read, pixels."""
        if name is self.label or (name.text is not None and (name.text == self.name or name.text in self.readings)):
            return 1.0
        said = name.text or name.doubted
        if said is not None and len(said) >= LEAST_BEGINNING and any(_agree(said, each) for each in self._heard()):
            return SHORTENED_LIKENESS
        if said is not None and self.name is not None and _adds_to(said, self.name):
            return EXTENDED_LIKENESS
        if name.text is not None and self.name is not None and not same_letters(name.text, self.name):
            return 0.0
        return max((look.likeness(name.signature) for look in self.looks), default=0.0)

    def _heard(self) -> set[str]:
        """All that this student's labels were read as."""
        return self.doubted | self.readings.keys()

    def sit(self, tile: Tile, now_s: float, backdrop: np.ndarray | None) -> None:
        """Remember where and when the student was seen, and what the tile shows unless something covers it."""
        self.slot, self.seen_s = tile.slot, now_s
        if tile.camera != "covered":
            self.backdrop = backdrop

    def note(self, name: Name) -> None:
        """Remember what the label says, and its look if that is a new one."""
        if name is self.label:
            return
        self.label = name
        self.staff = self.staff or name.staff
        new_look = all(look.likeness(name.signature) < NEW_LOOK for look in self.looks)
        if new_look:
            self.looks = [name.signature, *self.looks[: MAX_LOOKS - 1]]
        if name.doubted is not None:
            self.doubted.add(name.doubted)
        if name.text is not None and not shortens(name.text, self.name):
            self._count_reading(name, name.text, new_look)

    def rename(self, name: Name) -> None:
        """Take another label for this student's from now on: what it says replaces all that was read before."""
        if name.text is not None and name is not self.label:
            self.readings, self.certain, self.doubted, self.name = {}, set(), set(), None
        self.note(name)

    def _count_reading(self, name: Name, text: str, new_look: bool) -> None:
        """Count a reading once for every look, so that one odd reading does not outweigh a settled name."""
        if shortens(self.name, text):
            self.readings.pop(self.name or "", None)
        if new_look or text not in self.readings:
            self.readings[text] = self.readings.get(text, 0.0) + name.confidence
        if name.doubted is None:
            self.certain.add(text)
        self.name = max(self.readings, key=lambda each: self.readings[each])


def is_name(name: Name) -> bool:
    """Whether a label holds a name to tell students by, and not a microphone or a stroke that shines through alone."""
    return name.text is not None or name.signature.pixels.shape[1] >= LEAST_WIDTH


def same_letters(text: str, name: str) -> bool:
    """Whether two readings differ in accents, capitals or spaces only: the same label, read badly once."""
    first, second = ("".join(filter(str.isalnum, normalize("NFKD", each.casefold()))) for each in (text, name))
    return first == second


def shortens(text: str | None, name: str | None) -> bool:
    """Whether a label's text is the beginning of a longer name, cut with dots because the tile is narrow."""
    if text is None or name is None:
        return False
    beginning, bracket, _ = text.removesuffix("…").rstrip(".").partition(" (")
    if not is_cut(text) or len(beginning) < LEAST_BEGINNING:
        return False
    if bracket:  # what Zoom adds in brackets was cut
        return name == beginning or name.startswith(f"{beginning} (")
    return len(name) > len(beginning) and name.startswith(beginning)


def is_cut(text: str) -> bool:
    """Whether a text ends with the dots of a name that was too long for its tile."""
    return text.endswith(("…", ".."))


def _agree(text: str, heard: str) -> bool:
    """Whether two readings are of one label, as far as both go."""
    return text == heard or shortens(text, heard) or shortens(heard, text)


def _adds_to(text: str, name: str) -> bool:
    """Whether a text is a whole name with words added."""
    words = set(name.casefold().split())
    return len(words) >= LEAST_WORDS and words < set(text.casefold().split())


def extends(text: str | None, name: str | None) -> bool:
    """Whether one of two names has all the words of the other, as when somebody adds a surname or a class."""
    if text is None or name is None:
        return False
    first, second = (set(each.casefold().split()) for each in (text, name))
    return first <= second or second <= first
