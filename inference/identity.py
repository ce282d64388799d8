"""Which student sits in which tile: followed by the label, never by the place on the screen or by a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from domain import Box, CameraState, Tile
from inference.names import Name, Signature

IN_MEETING_S = 300.0
"""Seconds after which a student who was not seen has left: the design's rule of coverage."""
SETTLE_S = 2.0
"""Seconds that a label must look new, or a tile without one must stand, before it is a new student: labels are drawn
late, and pictures shine through them."""
SAME_PLACE = 0.8
"""Overlap of two tiles, by intersection over union, from which they are the same place."""


SURE_LIKENESS = 0.97
"""Likeness of labels from which the student in the same place need not be compared with others."""
LEAST_LIKENESS = 0.8
"""Likeness below which labels belong to different students: one label on changing ground has more in 95 of 100."""
STAYS = 0.005
"""Advantage of the student who sat there before: it decides between two students of one name and nothing else."""
SHORTENED_LIKENESS = 0.96
"""Likeness of a name and its beginning: less than the same name, so that this one is matched first."""
LEAST_BEGINNING = 4
"""Letters that a shortened name must keep to tell whose it is."""
MAX_LOOKS = 4
"""Looks of a label remembered for each student: beside a picture, in the middle of a tile, at another scale."""


@dataclass(slots=True, eq=False)
class Student:
    """A student of this session: a number from 1, the name if it could be read, the slot and the time last seen.

    ``looks`` are signatures of the label, newest first; none for a student whose label was never seen. ``readings`` are
    what its looks were read as, with the sum of the readings' confidence: the name is the one that has most.
    """

    number: int
    slot: int | None
    seen_s: float
    camera: CameraState
    name: str | None = None
    staff: bool = False
    looks: list[Signature] = field(default_factory=list)
    readings: dict[str, float] = field(default_factory=dict)

    def likeness(self, name: Name) -> float:
        """How much a label is this student's, 0 to 1: the same text, or the same pixels.

        Where both were read, another text weighs more than pixels that are not quite the same.
        """
        if name.text is not None and name.text == self.name:
            return 1.0
        if shortens(name.text, self.name) or shortens(self.name, name.text):
            return SHORTENED_LIKENESS
        alike = max((look.likeness(name.signature) for look in self.looks), default=0.0)
        if name.text is None or self.name is None or alike >= SURE_LIKENESS or same_letters(name.text, self.name):
            return alike
        return 0.0

    def note(self, tile: Tile, name: Name | None, now_s: float) -> None:
        """Remember where the student was seen, and a new look of the label."""
        self.slot, self.seen_s, self.camera = tile.slot, now_s, tile.camera
        if name is None:
            return
        self.staff = self.staff or name.staff
        new_look = all(look.likeness(name.signature) < SURE_LIKENESS for look in self.looks)
        if new_look:
            self.looks = [name.signature, *self.looks[: MAX_LOOKS - 1]]
        if name.text is not None and not shortens(name.text, self.name):
            self._count_reading(name.text, name.confidence, new_look)

    def _count_reading(self, text: str, confidence: float, new_look: bool) -> None:
        """Count a reading once for every look, so that one odd reading does not outweigh a settled name."""
        if shortens(self.name, text):
            self.readings.pop(self.name or "", None)
        if new_look or text not in self.readings:
            self.readings[text] = self.readings.get(text, 0.0) + confidence
        self.name = max(self.readings, key=lambda each: self.readings[each])


def same_letters(text: str, name: str) -> bool:
    """Whether two readings differ in accents, capitals or spaces only: the same label, read badly once."""
    first, second = ("".join(filter(str.isalnum, normalize("NFKD", each.casefold()))) for each in (text, name))
    return first == second


def shortens(text: str | None, name: str | None) -> bool:
    """Whether a label's text is the beginning of a longer name, cut with dots because the tile is narrow."""
    if text is None or name is None:
        return False
    beginning = text.removesuffix("…").rstrip(".")
    cut = text.endswith(("…", ".."))
    return cut and len(beginning) >= LEAST_BEGINNING and len(name) > len(beginning) and name.startswith(beginning)


class Identities:
    """Gives every tile its student, and remembers students who are on another page or have left.

    Times are seconds of a steady clock.
    """

    def __init__(self) -> None:
        self._students: list[Student] = []
        self._layout: tuple[Box, ...] = ()
        self._changed_s = 0.0
        self._count = 0
        self._doubted: dict[int, tuple[Name, float]] = {}

    def assign(self, tiles: Sequence[Tile], names: Mapping[int, Name | None], now_s: float) -> dict[int, int]:
        """The student's number for each slot whose student is certain; other slots are left out.

        A label leads to the student who had it; two tiles of one label in one frame are two students. A tile without a
        label keeps its student while the layout stands; after a change it waits until its label would have been drawn.
        """
        first = not self._students
        seated = self._seated(tiles, now_s)
        labels = {slot: name for slot, name in names.items() if name is not None}
        found = self._by_label(seated, labels)
        for tile in tiles:
            if tile.slot not in found:
                keeper = seated.get(tile.slot)
                keeper = None if keeper in found.values() else keeper
                settled = first or now_s - self._changed_s >= SETTLE_S
                student = self._without_match(tile, keeper, labels.get(tile.slot), settled, now_s)
                if student is not None:
                    found[tile.slot] = student
        for tile in tiles:
            if tile.slot in found:
                found[tile.slot].note(tile, labels.get(tile.slot), now_s)
                self._doubted.pop(tile.slot, None)
        self._forget(found, seated)
        return {slot: student.number for slot, student in found.items()}

    def present(self, now_s: float) -> list[Student]:
        """Students on the page, or seen in the last five minutes (``slot`` None: probably on another page)."""
        return [student for student in self._students if now_s - student.seen_s <= IN_MEETING_S]

    def _seated(self, tiles: Sequence[Tile], now_s: float) -> dict[int, Student]:
        """Who sat in which slot, as far as the layout still stands."""
        layout = tuple(tile.box for tile in tiles)
        stands = len(layout) == len(self._layout) and all(
            box.iou(before) >= SAME_PLACE for box, before in zip(layout, self._layout, strict=True)
        )
        self._layout = layout
        if stands:
            return {student.slot: student for student in self._students if student.slot is not None}
        self._changed_s = now_s
        self._doubted.clear()
        return {}

    def _by_label(self, seated: Mapping[int, Student], labels: Mapping[int, Name]) -> dict[int, Student]:
        """Students whose label is seen: the most alike first, and for equal labels those who sat there before."""
        found = {
            slot: seated[slot]
            for slot, name in labels.items()
            if slot in seated and seated[slot].likeness(name) >= SURE_LIKENESS
        }
        pairs = [
            (student.likeness(name) + STAYS * (seated.get(slot) is student), slot, student)
            for slot, name in labels.items()
            if slot not in found
            for student in self._students
            if student not in found.values() and not self._ambiguous(name, student)
        ]
        for likeness, slot, student in sorted(pairs, key=lambda pair: (-pair[0], pair[2].number)):
            if likeness >= LEAST_LIKENESS and slot not in found and student not in found.values():
                found[slot] = student
        return found

    def _ambiguous(self, name: Name, student: Student) -> bool:
        """Whether a shortened name could be this student's and another one's too: then it is nobody's."""
        if not shortens(name.text, student.name):
            return False
        return any(shortens(name.text, other.name) for other in self._students if other is not student)

    def _without_match(
        self, tile: Tile, keeper: Student | None, name: Name | None, settled: bool, now_s: float
    ) -> Student | None:
        """The student of a tile whose label, if any, nobody has had; ``keeper`` is who sat there before."""
        if name is None:
            return keeper or (self._new(tile, now_s) if settled else None)
        if keeper is None or not keeper.looks:
            return keeper or self._new(tile, now_s)
        unread = name.text is None or keeper.name is None
        if unread and (tile.camera == "off") != (keeper.camera == "off"):
            return keeper  # a camera was switched: the same name now stands elsewhere in the tile, in another size
        # An odd look of a label is more often an arrow or a bright picture behind it than a new student.
        doubted, since_s = self._doubted.pop(tile.slot, (name, now_s))
        if doubted.signature.likeness(name.signature) < SURE_LIKENESS:
            since_s = now_s
        if now_s - since_s >= SETTLE_S:
            return self._new(tile, now_s)
        self._doubted[tile.slot] = (name, since_s)
        return None

    def _new(self, tile: Tile, now_s: float) -> Student:
        self._count += 1
        student = Student(self._count, tile.slot, now_s, tile.camera)
        self._students.append(student)
        return student

    def _forget(self, found: Mapping[int, Student], seated: Mapping[int, Student]) -> None:
        """Take the seat of those who are not seen; one whose label was never seen could not be found again."""
        doubted = [student for slot, student in seated.items() if slot in self._doubted]
        here = [*found.values(), *doubted]
        self._students = [student for student in self._students if student in here or student.looks]
        for student in self._students:
            if student not in here:
                student.slot = None
