"""Whose the labels of one frame are: one student's for certain, or one of several who have the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inference.identity.students import NEW_LOOK, Student, is_cut
from inference.names import Name

SAME_LABEL = 0.95
"""Likeness from which two labels are the same text: texts that differ in one stroke have up to 0.94."""
LEAST_LIKENESS = 0.8
"""Likeness below which labels belong to different students: one label on changing ground has more in 95 of 100."""
LEAST_MARGIN = 0.05
"""How much less a label between these two must be like any other student's to be the likeliest one's."""


@dataclass(frozen=True, slots=True)
class Namesakes:
    """Tiles whose labels fit several students, or students whom several labels fit: who is who, labels cannot say.

    ``fits`` has all whose label it may be, by slot.
    """

    fits: dict[int, list[Student]]


@dataclass(frozen=True, slots=True)
class Claims:
    """What labels say, by slot: ``owners`` for certain, ``likely`` where a look is not quite the same, namesakes."""

    owners: dict[int, Student] = field(default_factory=dict)
    likely: dict[int, Student] = field(default_factory=dict)
    namesakes: list[Namesakes] = field(default_factory=list)


def claims_of(labels: Mapping[int, Name], students: Sequence[Student], trusted: Mapping[int, Student]) -> Claims:
    """Compare the labels of a frame with those of all students.

    ``trusted`` are students who are known to sit where they sat: a label that is theirs needs no further comparison.
    """
    claims = Claims()
    fits: dict[int, list[Student]] = {}
    named = Counter(student.name for student in students)
    texts = Counter(name.text for name in labels.values())
    cut = any(student.name and is_cut(student.name) for student in students)
    by_name = {
        student.name: student
        for student in students
        if student.name and named[student.name] == 1 and not cut and not is_cut(student.name)
    }
    for slot, name in labels.items():
        keeper = trusted.get(slot)
        if keeper is not None and keeper.likeness(name) >= NEW_LOOK:
            fits[slot] = [keeper]
        elif name.text in by_name and texts[name.text] == 1:
            fits[slot] = [by_name[name.text]]
        else:
            fits[slot] = _fitting(slot, name, students, claims)
    for group in _groups(fits):
        (slot, *others), (student, *rivals) = group, fits[min(group)]
        if others or rivals:
            claims.namesakes.append(Namesakes({slot: fits[slot] for slot in group}))
        else:
            claims.owners[slot] = student
    return claims


def _fitting(slot: int, name: Name, students: Sequence[Student], claims: Claims) -> list[Student]:
    """All students who have this label; notes the likeliest one where none has for certain."""
    likeness = sorted(((student.likeness(name), student) for student in students), key=lambda pair: -pair[0])
    sure = [student for alike, student in likeness if alike >= SAME_LABEL]
    if name.staff or not (name.text is None or is_cut(name.text)):  # a label that was cut may have lost its "(Host)"
        sure = [student for student in sure if student.staff == name.staff] or sure
    if not sure and likeness and likeness[0][0] >= LEAST_LIKENESS:
        second = likeness[1][0] if len(likeness) > 1 else 0.0
        if likeness[0][0] - second >= LEAST_MARGIN:
            claims.likely[slot] = likeness[0][1]
    return sure


def _groups(fits: Mapping[int, list[Student]]) -> list[list[int]]:
    """Slots that hang together by the students whom their labels fit; those whose label fits nobody are left out."""
    wanted: dict[int, set[int]] = defaultdict(set)
    for slot, fitting in fits.items():
        for student in fitting:
            wanted[student.number].add(slot)
    groups, left = [], {slot for slot, fitting in fits.items() if fitting}
    while left:
        group, fresh = set(), {min(left)}
        while fresh:
            group |= fresh
            fresh = {slot for known in fresh for student in fits[known] for slot in wanted[student.number]} - group
        left -= group
        groups.append(sorted(group))
    return groups
