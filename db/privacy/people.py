"""Who is meant: the rows of one student across all sessions, by number in the school's list or by name."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from db.tables import Alias, Student
from domain import StoreError

Number = tuple[int, int]
"""A student: the session and the number in it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a person asks for.

    ``name`` is compared without regard to capitals, accents' coding and blanks; ``roster_id`` exactly. With
    ``namesakes`` two students of one name in one session are both meant. Raises ValueError without name and number.
    """

    name: str | None = None
    roster_id: str | None = None
    namesakes: bool = False

    def __post_init__(self) -> None:
        if not (self.name and self.name.strip()) and not self.roster_id:
            raise ValueError("expected a name or a number of the school's list, found neither")

    def __str__(self) -> str:
        return " and ".join(
            part for part in (self.name, self.roster_id and f"the number {self.roster_id} of the list") if part
        )


@dataclass(frozen=True, slots=True)
class Person:
    """One student in the whole record: numbers in sessions, and every name that they were known by there."""

    rows: frozenset[Number]
    names: frozenset[str]

    @property
    def sessions(self) -> list[int]:
        """The sessions in which the student was, in their order."""
        return sorted({session for session, _ in self.rows})

    def students_of(self, session_id: int) -> set[int]:
        """The student's numbers in one session."""
        return {student for session, student in self.rows if session == session_id}


@dataclass(slots=True)
class _Group:
    """A student of one session with all that a person merged into them."""

    rows: set[Number] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    roster_ids: set[str] = field(default_factory=set)

    def is_meant(self, wanted: Wanted) -> bool:
        if wanted.roster_id is not None and self.roster_ids:
            return wanted.roster_id in self.roster_ids
        # What a person called a student counts more than what labels said: another child's tablet says another name.
        said = self.given or self.names
        return wanted.name is not None and name_key(wanted.name) in map(name_key, said)


def name_key(name: str) -> str:
    """What two spellings of one name have in common."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def find(connection: Connection, wanted: Wanted) -> Person:
    """The rows and names of a student; a person without rows where there is none.

    Raises StoreError where a name means two students of one session, and ``namesakes`` does not say that both are.
    """
    meant = {root: group for root, group in _groups(connection).items() if group.is_meant(wanted)}
    if not wanted.namesakes and wanted.roster_id is None:
        _refuse_namesakes(wanted, meant)
    rows = frozenset(row for group in meant.values() for row in group.rows)
    names = {name for group in meant.values() for name in group.names} | ({wanted.name} if wanted.name else set())
    return Person(rows, frozenset(names))


def names(connection: Connection) -> list[str]:
    """Every name by which somebody in the record can be asked for, in the order of the alphabet."""
    known = [group.given or group.names for group in _groups(connection).values()]
    return sorted({name for said in known for name in said}, key=name_key)


def _groups(connection: Connection) -> dict[Number, _Group]:
    alias = Alias.__table__.c
    rows = connection.execute(select(Student.__table__)).all()
    into = {(row.session_id, row.student_id): row.merged_into for row in rows}
    groups: dict[Number, _Group] = defaultdict(_Group)
    for row in rows:
        group = groups[_root((row.session_id, row.student_id), into)]
        group.rows.add((row.session_id, row.student_id))
        group.names |= {name for name in (row.display_name, row.label_name, row.given_name) if name}
        group.roster_ids |= {row.roster_id} if row.roster_id else set()
        if row.given_name and row.merged_into is None:
            group.given.add(row.given_name)
    for session_id, student_id, name in connection.execute(select(alias.session_id, alias.student_id, alias.name)):
        groups[_root((session_id, student_id), into)].names.add(name)
    return groups


def _root(row: Number, into: Mapping[Number, int | None]) -> Number:
    target = into.get(row)
    while target is not None:
        row = (row[0], target)
        target = into.get(row)
    return row


def _refuse_namesakes(wanted: Wanted, meant: Iterable[Number]) -> None:
    by_session: dict[int, list[int]] = defaultdict(list)
    for session, student in sorted(meant):
        by_session[session].append(student)
    for session, students in by_session.items():
        if len(students) > 1:
            listed = " and ".join(map(str, students))
            raise StoreError(
                f"expected one student called {wanted} in each session, found students {listed} in session {session}: "
                "give the number of the school's list, or say with --namesakes that all of them are meant"
            )
