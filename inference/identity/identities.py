"""Gives every tile of a frame its student: by the label first, then by place and room; who is uncertain is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain import Box, Tile
from inference.identity.backdrops import (
    CUT_SHARE,
    REMEMBERED_S,
    SAME_SHARE,
    changed_share,
    has_texture,
    lone_pairs,
)
from inference.identity.claims import Claims, Namesakes, claims_of
from inference.identity.students import NEW_LOOK, Student, extends, is_name
from inference.names import Name

IN_MEETING_S = 300.0
"""Seconds after which a student who was not seen has left: the design's rule of coverage."""
SETTLE_S = 2.0
"""Seconds that a label that cannot be read, or stands where somebody else's stood, must look new before it is a new
student: pictures shine through, arrows lie over it."""
LABEL_LATE_S = 10.0
"""Seconds that a tile without a label may wait for one, where other tiles have or had one, before it is a student
without a name."""
SAME_PLACE = 0.8
"""Overlap of two tiles, by intersection over union, from which they are the same place."""
REARRANGED = 2
"""Tiles that show somebody else at once when the gallery was rearranged: a single one was filled anew, or its camera
switched."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one frame shows: tiles, labels and coarse pictures by slot, and when, in seconds of a steady clock."""

    tiles: dict[int, Tile]
    labels: dict[int, Name]
    backdrops: Mapping[int, np.ndarray]
    now_s: float


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who seems to sit in a tile still, or again; ``sure`` where the tile shows the very same room."""

    student: Student
    sure: bool


@dataclass(slots=True)
class Doubt:
    """A tile whose student is not known: the label that it has (None: none) and since when it looks like this."""

    name: Name | None
    since_s: float

    def is_about(self, name: Name | None) -> bool:
        """Whether the tile's label still looks as it did."""
        if name is None or self.name is None or name is self.name:
            return name is self.name
        same_text = name.text is not None and name.text == self.name.text
        return same_text or self.name.signature.likeness(name.signature) >= NEW_LOOK


class Identities:
    """Gives tiles their students from frame to frame, and remembers students who are on another page or have left.

    ``joined`` tells, after each frame, which students without a name turned out to be others: (number, whose it is).
    """

    def __init__(self) -> None:
        self._students: list[Student] = []
        self._count = 0
        self._layout: tuple[Box, ...] = ()
        self._seats: dict[int, Student] = {}
        self._doubts: dict[int, Doubt] = {}
        self._has_labels = False
        self.joined: tuple[tuple[int, int], ...] = ()

    def assign(
        self,
        tiles: Sequence[Tile],
        names: Mapping[int, Name | None],
        now_s: float,
        backdrops: Mapping[int, np.ndarray],
    ) -> dict[int, Student]:
        """The student in each slot where it is certain; other slots are left out.

        ``names`` are the labels, ``backdrops`` the coarse pictures of the tiles (see ``backdrops``), both by slot;
        ``now_s`` are seconds of a steady clock.
        """
        labels = {slot: name for slot, name in names.items() if name is not None and is_name(name)}
        sight = Sight({tile.slot: tile for tile in tiles}, labels, backdrops, now_s)
        self._has_labels = self._has_labels or bool(labels)
        first = not self._students
        seated = self._seated(sight)
        claims, standing = self._claims(sight, seated)
        found = dict(claims.owners)
        keepers = self._keepers(sight, found, standing)
        undecided = self._tell_namesakes(sight, claims.namesakes, keepers, found)
        for slot in sorted(sight.tiles.keys() - found.keys() - undecided, key=lambda slot: (slot not in keepers, slot)):
            keeper, likely = keepers.get(slot), claims.likely.get(slot)
            keeper = None if keeper is None or keeper.student in found.values() else keeper
            likely = None if likely in found.values() else likely
            student = self._unclaimed(sight, slot, keeper, likely, first)
            if student is not None:
                found[slot] = student
        self._join(claims, standing)
        self._remember(sight, claims, found, standing)
        return found

    def present(self, now_s: float) -> list[Student]:
        """Students on the page, or seen in the last five minutes (``slot`` None: probably on another page)."""
        return [student for student in self._students if now_s - student.seen_s <= IN_MEETING_S]

    def _seated(self, sight: Sight) -> dict[int, Student] | None:
        """Who sat in which slot; None where the tiles are not where they were."""
        layout = tuple(tile.box for tile in sight.tiles.values())
        stands = len(layout) == len(self._layout) and all(
            box.iou(before) >= SAME_PLACE for box, before in zip(layout, self._layout, strict=True)
        )
        self._layout = layout
        return self._seats if stands else None

    def _claims(self, sight: Sight, seated: Mapping[int, Student] | None) -> tuple[Claims, dict[int, Student]]:
        """What the labels say, and who by place and picture sits where he sat: nobody after the gallery has moved."""
        if seated is not None:
            cuts = {slot for slot, student in seated.items() if _is_cut(sight, slot, student)}
            if len(cuts) < REARRANGED:
                claims = claims_of(sight.labels, self._students, seated)
                others = {slot for slot, owner in claims.owners.items() if seated.get(slot, owner) is not owner}
                if len(cuts | others) < REARRANGED:
                    return claims, {slot: student for slot, student in seated.items() if slot not in cuts}
        self._doubts.clear()
        return claims_of(sight.labels, self._students, {}), {}

    def _keepers(
        self, sight: Sight, found: Mapping[int, Student], standing: Mapping[int, Student]
    ) -> dict[int, Keeper]:
        """Who sits in the other tiles by what these show: those who sat there, else those whose room it is."""
        placed = {student.number for student in found.values()}
        keepers = {
            slot: Keeper(student, _is_same_room(sight, slot, student))
            for slot, student in standing.items()
            if slot not in found and student.number not in placed
        }
        placed |= {keeper.student.number for keeper in keepers.values()}
        lost = [slot for slot in sight.tiles if slot not in found and slot not in keepers and _shows_room(sight, slot)]
        free = [each for each in self._students if each.backdrop is not None and each.number not in placed]
        pairs = lone_pairs(
            [sight.backdrops[slot] for slot in lost], [each.backdrop for each in free if each.backdrop is not None]
        )
        return keepers | {lost[tile]: Keeper(free[student], True) for tile, student in pairs}

    def _tell_namesakes(
        self,
        sight: Sight,
        namesakes: Sequence[Namesakes],
        keepers: Mapping[int, Keeper],
        found: dict[int, Student],
    ) -> set[int]:
        """Find students of one label by place and room, the last of them by elimination; gives slots left undecided."""
        undecided: set[int] = set()
        for group in namesakes:
            for slot, fitting in group.fits.items():
                if slot in keepers and keepers[slot].student in fitting:
                    found[slot] = keepers[slot].student
            left = _eliminate(group, found)
            undecided |= left.keys()
            # Somebody of them is here, whoever it is; and there are as many of them as tiles.
            here = {student.number: student for fitting in left.values() for student in fitting}
            for student in here.values():
                student.seen_s = sight.now_s
            for slot in sorted(left)[len(here) :]:
                if self._waited_s(sight, slot) >= SETTLE_S:
                    self._new(sight.now_s).note(sight.labels[slot])
        return undecided

    def _unclaimed(
        self,
        sight: Sight,
        slot: int,
        keeper: Keeper | None,
        likely: Student | None,
        first: bool,
    ) -> Student | None:
        """The student of a tile whose label, if it has one, is nobody's for certain."""
        name, waited_s = sight.labels.get(slot), self._waited_s(sight, slot)
        if name is None:
            late_s = LABEL_LATE_S if self._has_labels else SETTLE_S
            return keeper.student if keeper else self._new(sight.now_s) if first or waited_s >= late_s else None
        if keeper is None:
            if likely is not None:
                return likely
            first = first or name.text is not None  # what was read for certain and is nobody's is somebody new
        elif keeper.student.provisional or likely is keeper.student:
            return keeper.student
        elif likely is not None:
            return None  # place or room say this one, the label that one
        elif keeper.sure or extends(name.text or name.doubted, keeper.student.name):
            if waited_s >= SETTLE_S:
                keeper.student.rename(name)
            return keeper.student
        return self._new(sight.now_s) if first or waited_s >= SETTLE_S else None

    def _waited_s(self, sight: Sight, slot: int) -> float:
        """For how long a tile has waited for its student with the label that it has now."""
        name, doubt = sight.labels.get(slot), self._doubts.get(slot)
        if doubt is None or not doubt.is_about(name):
            doubt = self._doubts[slot] = Doubt(name, sight.now_s)
        return sight.now_s - doubt.since_s

    def _new(self, now_s: float) -> Student:
        self._count += 1
        student = Student(self._count, now_s)
        self._students.append(student)
        return student

    def _join(self, claims: Claims, standing: Mapping[int, Student]) -> None:
        """Let a student without a name be the one whose label has now appeared in the same tile."""
        joined = [
            (standing[slot], owner)
            for slot, owner in claims.owners.items()
            if slot in standing and standing[slot] is not owner and standing[slot].provisional
        ]
        gone = [student for student, _ in joined]
        self._students = [student for student in self._students if student not in gone]
        self.joined = tuple((student.number, owner.number) for student, owner in joined)

    def _remember(
        self, sight: Sight, claims: Claims, found: Mapping[int, Student], standing: Mapping[int, Student]
    ) -> None:
        """Note where everybody is; forget rooms not seen for some seconds, and with them students without a label."""
        for student in self._students:
            student.slot = None
        for slot, student in found.items():
            student.sit(sight.tiles[slot], sight.now_s, sight.backdrops.get(slot))
            name = sight.labels.get(slot)
            told = claims.owners.get(slot, claims.likely.get(slot))
            if name is not None and (student.provisional or told is student):
                student.note(name)
        for slot in found.keys() & claims.owners.keys():
            self._doubts.pop(slot, None)
        here = list(found.values())
        for student in self._students:
            if sight.now_s - student.seen_s > REMEMBERED_S:
                student.backdrop = None
        self._students = [each for each in self._students if each in here or each.backdrop is not None or each.looks]
        self._seats = {slot: student for slot, student in standing.items() if student not in here} | dict(found)


def _is_cut(sight: Sight, slot: int, student: Student) -> bool:
    """Whether a tile shows another picture than the one that it showed of this student."""
    now, before = sight.backdrops.get(slot), student.backdrop
    if now is None or before is None or sight.tiles[slot].camera == "covered":
        return False
    return changed_share(now, before) > CUT_SHARE


def _is_same_room(sight: Sight, slot: int, student: Student) -> bool:
    if student.backdrop is None or not _shows_room(sight, slot):
        return False
    return changed_share(sight.backdrops[slot], student.backdrop) <= SAME_SHARE


def _shows_room(sight: Sight, slot: int) -> bool:
    """Whether a tile shows enough to be known again by: a camera's picture, or that of a profile."""
    return (
        sight.tiles[slot].camera not in ("off", "covered")
        and slot in sight.backdrops
        and has_texture(sight.backdrops[slot])
    )


def _eliminate(group: Namesakes, found: dict[int, Student]) -> dict[int, list[Student]]:
    """Give slots that can be one student's only to that student, as long as there are any; gives those that are left.

    Slots for which nobody is left belong to somebody new and are not among them.
    """
    while True:
        taken = {student.number for student in found.values()}
        left = {
            slot: [student for student in fitting if student.number not in taken]
            for slot, fitting in group.fits.items()
            if slot not in found
        }
        sole = {slot: fitting[0] for slot, fitting in left.items() if len(fitting) == 1}
        clear = {slot: one for slot, one in sole.items() if list(sole.values()).count(one) == 1}
        if not clear:
            return {slot: fitting for slot, fitting in left.items() if fitting}
        found.update(clear)
