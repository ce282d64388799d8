"""What a person changes about who is who: rename, merge, split, move a stretch of readings, and take any of it back.

The program itself only joins a student without a name to the one whose label appeared, where no person has had a say.

Nothing is overwritten. Every reading remembers the number that the program gave it (its origin); the corrections of a
session are a list, and who owns a reading follows from going through the list. Taking one back means going through the
list without it. So a correction cannot be lost in the next one, and the program never overrules a person.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Engine, Update, bindparam, delete, func, insert, select, update

from db import rollups
from db.engine import VIEWER, reading, writing
from db.tables import THOUSAND, AuditEntry, CorrectionRow, FlagRow, Reading, Session, Student, storable
from domain import StoreError

CorrectionKind = Literal["rename", "merge", "split", "move"]
CORRECTION_KINDS: tuple[CorrectionKind, ...] = get_args(CorrectionKind)

FIRST_SPLIT_NUMBER = 1001
"""Students that a person splits off are numbered from here: the program counts from 1, and no class gets that far."""

_CORRECTION = CorrectionRow.__table__.c
_READING = Reading.__table__.c
_STUDENT = Student.__table__.c
_FLAG = FlagRow.__table__.c


@dataclass(frozen=True, slots=True)
class Correction:
    """One change, as a person asks for it.

    `rename` gives ``student`` a ``name`` (and a ``roster_id``). `merge` says that ``student`` is really ``target``.
    `split` says that ``student`` is somebody else from ``from_at`` on, who gets a new number and may get a ``name``.
    `move` gives the readings of ``student`` from ``from_at`` up to, not with, ``until_at`` to ``target``. Times are
    UNIX seconds. Raises ValueError when something that the kind needs is missing.
    """

    kind: CorrectionKind
    student: int
    target: int | None = None
    from_at: float | None = None
    until_at: float | None = None
    name: str | None = None
    roster_id: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in CORRECTION_KINDS:
            raise ValueError(f"expected one of {', '.join(CORRECTION_KINDS)}, found {self.kind}")
        needed = {
            "rename": ("name",),
            "merge": ("target",),
            "split": ("from_at",),
            "move": ("target", "from_at", "until_at"),
        }
        missing = [part for part in needed[self.kind] if getattr(self, part) is None]
        if missing:
            raise ValueError(f"expected {' and '.join(missing)} for {self.kind}, found none")
        if self.target == self.student:
            raise ValueError(f"expected two students for {self.kind}, found {self.student} twice")
        if self.from_at is not None and self.until_at is not None and self.from_at >= self.until_at:
            raise ValueError(f"expected the start before the end, found {self.from_at} and {self.until_at}")


@dataclass(frozen=True, slots=True)
class Made:
    """A correction in the history: its number, the change, when it was made and taken back (UNIX seconds)."""

    id: int
    correction: Correction
    made_at: float
    undone_at: float | None

    @property
    def active(self) -> bool:
        return self.undone_at is None


@dataclass(frozen=True, slots=True)
class Shift:
    """Readings of one student from one time on, up to another (milliseconds; None: without end), are another's."""

    student: int
    target: int
    from_ms: int | None
    until_ms: int | None

    def covers(self, at_ms: int) -> bool:
        """Whether a reading of this time is concerned."""
        return (self.from_ms is None or self.from_ms <= at_ms) and (self.until_ms is None or at_ms < self.until_ms)


class Ownership:
    """Whose a reading is: shifts in the order in which they were made, each applied to what those before it gave."""

    def __init__(self, shifts: Iterable[Shift] = ()) -> None:
        self.shifts = tuple(shifts)

    def owner(self, origin: int, at_ms: int) -> int:
        """The student to whom a reading of the program's student ``origin`` belongs."""
        student = origin
        for shift in self.shifts:
            if shift.student == student and shift.covers(at_ms):
                student = shift.target
        return student

    def met_with(self, students: set[int]) -> set[int]:
        """These students, and all to or from whom readings of theirs may have gone."""
        met, size = set(students), 0
        while len(met) > size:
            size = len(met)
            met |= {side for s in self.shifts if {s.student, s.target} & met for side in (s.student, s.target)}
        return met


def settled(wanted: Mapping[int, int]) -> dict[int, int]:
    """Who gets which reading of one moment, by origin, from who should own each.

    Two tiles may turn out to be one person's: then the reading of the student's own origin counts, or else that of the
    lowest number, and the others stay at home, with their origin.
    """
    owners = dict(wanted)
    while True:
        first: dict[int, int] = {}
        for origin in sorted(owners, key=lambda number: (owners[number] != number, number)):
            first.setdefault(owners[origin], origin)
        losers = [origin for origin, owner in owners.items() if first[owner] != origin]
        if not losers:
            return owners
        owners |= {origin: origin for origin in losers}


def correct(engine: Engine, session_id: int, correction: Correction, now: float) -> int:
    """Make a correction of a session, rollups and flags included; gives its number.

    While the session is being written, it is for the writer to call this (`Writer.correct`): a page asks by a command.
    Raises StoreError, and changes nothing, when a student is unknown or the readings that it needs are gone.
    """
    with writing(engine) as connection:
        history = _history(connection, session_id)
        _refuse_impossible(connection, session_id, correction)
        if correction.kind == "split":
            correction = replace(correction, target=_split_off(connection, session_id, correction))
        made = _make(connection, session_id, history, correction, now)
        audit(connection, "person", correction.kind, session_id, now, correction=made.id)
    return made.id


def join(engine: Engine, session_id: int, unnamed: int, owner: int, now: float) -> None:
    """Give all readings of a student without a name to ``owner``, as the program found out who it is.

    Nothing happens where a correction by a person that stands concerns the student without a name; where ``owner`` was
    merged by a person, it is whom that made of it. It can be taken back like any correction. Raises StoreError, and
    changes nothing, when a student is unknown.
    """
    with writing(engine) as connection:
        history = _history(connection, session_id)
        if any(one.active and unnamed in (one.correction.student, one.correction.target) for one in history):
            return
        target = Ownership(_shifts(history)).owner(owner, round(now * THOUSAND))
        correction = Correction("merge", unnamed, target=target)
        _refuse_impossible(connection, session_id, correction)
        made = _make(connection, session_id, history, correction, now)
        audit(connection, "program", "join", session_id, now, correction=made.id)


def undo(engine: Engine, correction_id: int, now: float) -> None:
    """Take a correction back, whichever came after it; raises StoreError when there is none to take back."""
    with writing(engine) as connection:
        session_id = connection.scalar(
            select(_CORRECTION.session_id).where(_CORRECTION.id == correction_id, _CORRECTION.undone_at.is_(None))
        )
        if session_id is None:
            raise StoreError(
                f"expected a correction that stands, found none with number {correction_id}: reload the page"
            )
        before = _history(connection, session_id)
        undone = next(made for made in before if made.id == correction_id)
        if undone.correction.kind != "rename":
            _refuse_without_readings(connection, session_id)
        connection.execute(update(CorrectionRow).where(_CORRECTION.id == correction_id).values(undone_at=now))
        _follow(connection, session_id, _history(connection, session_id), undone)
        audit(connection, "person", "undo", session_id, now, correction=correction_id)


def history(engine: Engine, session_id: int) -> list[Made]:
    """All corrections of a session in the order in which they were made, those taken back too."""
    with reading(engine) as connection:
        return _history(connection, session_id)


def ownership(engine: Engine, session_id: int) -> Ownership:
    """Whose the readings of a session are, by the corrections that stand."""
    return Ownership(_shifts(history(engine, session_id)))


def audit(
    connection: Connection, actor: str, action: str, session_id: int | None, now: float, **detail: int | str | None
) -> None:
    """Add a row to the audit trail, in the same transaction as the deed; details are numbers and kinds, never names.

    A person who has logged in is written down by their login.
    """
    viewer = VIEWER.get()
    actor = viewer.login if viewer is not None and actor == "person" else actor
    row = {"at": now, "actor": actor, "action": action, "session_id": session_id, "detail": json.dumps(detail)}
    connection.execute(insert(AuditEntry).values(row))


def _make(connection: Connection, session_id: int, history: Sequence[Made], correction: Correction, now: float) -> Made:
    """Add a correction to the history, and let everything follow it."""
    number = connection.execute(insert(CorrectionRow).values(_row(session_id, correction, now))).inserted_primary_key
    assert number is not None
    made = Made(number[0], correction, now, None)
    _follow(connection, session_id, [*history, made], made)
    return made


def _history(connection: Connection, session_id: int) -> list[Made]:
    rows = connection.execute(
        select(CorrectionRow.__table__).where(_CORRECTION.session_id == session_id).order_by(_CORRECTION.id)
    )
    return [
        Made(
            row.id,
            Correction(
                row.kind,
                row.student_id,
                row.target_id,
                _seconds(row.from_ms),
                _seconds(row.until_ms),
                row.name,
                row.roster_id,
            ),
            row.made_at,
            row.undone_at,
        )
        for row in rows
    ]


def _shifts(made: Iterable[Made]) -> list[Shift]:
    return [
        Shift(one.correction.student, one.correction.target, _ms(one.correction.from_at), _ms(one.correction.until_at))
        for one in made
        if one.active and one.correction.target is not None
    ]


def _row(session_id: int, correction: Correction, now: float) -> dict[str, Any]:
    values = asdict(correction)
    times = {"from_ms": _ms(values.pop("from_at")), "until_ms": _ms(values.pop("until_at"))}
    numbers = {"student_id": values.pop("student"), "target_id": values.pop("target")}
    texts = {part: values[part] and storable(values[part]) for part in ("name", "roster_id")}
    return {**values, **texts, **times, **numbers, "session_id": session_id, "made_at": now}


def _refuse_impossible(connection: Connection, session_id: int, correction: Correction) -> None:
    named = {number for number in (correction.student, correction.target) if number is not None}
    known = set(
        connection.scalars(
            select(_STUDENT.student_id).where(
                _STUDENT.session_id == session_id, _STUDENT.student_id.in_(named), _STUDENT.merged_into.is_(None)
            )
        )
    )
    if known != named:
        unknown = " and ".join(map(str, sorted(named - known)))
        raise StoreError(
            f"expected students of session {session_id}, found no student {unknown} there: reload the page"
        )
    if correction.kind != "rename":
        _refuse_without_readings(connection, session_id)


def _refuse_without_readings(connection: Connection, session_id: int) -> None:
    if connection.scalar(select(Session.readings_gone_at).where(Session.id == session_id)) is not None:
        raise StoreError(
            f"expected the readings of session {session_id}, found that they were deleted by now and only the sums by "
            "the minute kept: students of it can still be renamed"
        )


def _split_off(connection: Connection, session_id: int, correction: Correction) -> int:
    """Make the student of a split; gives the number."""
    of_session = select(func.max(_STUDENT.student_id)).where(_STUDENT.session_id == session_id)
    number = max(connection.scalar(of_session) or 0, FIRST_SPLIT_NUMBER - 1) + 1
    staff = select(_STUDENT.staff).where(_STUDENT.session_id == session_id, _STUDENT.student_id == correction.student)
    row = {
        "session_id": session_id,
        "student_id": number,
        "staff": connection.scalar(staff),
        "first_seen_at": correction.from_at,
    }
    connection.execute(insert(Student).values(row))
    return number


def _follow(connection: Connection, session_id: int, made: Sequence[Made], changed: Made) -> None:
    """Let readings, rollups, flags and students be what the history says, where ``changed`` made a difference."""
    correction = changed.correction
    named = {number for number in (correction.student, correction.target) if number is not None}
    # By those that stand and those taken back: where readings may be, and where they may have to go.
    involved = Ownership(_shifts([replace(one, undone_at=None) for one in made])).met_with(named)
    if correction.kind != "rename":
        now = Ownership(_shifts(made))
        _move_readings(connection, session_id, involved, now)
        _move_flags(connection, session_id, involved, now)
        rollups.recount_students(connection, session_id, involved)
    _name_students(connection, session_id, made, involved)


def _move_readings(connection: Connection, session_id: int, involved: set[int], now: Ownership) -> None:
    theirs = (_READING.session_id == session_id) & _READING.student_id.in_(involved)
    rows = connection.execute(select(*_READING).where(theirs))
    moments: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
    for row in rows.mappings():
        moments[row["at_ms"]][row["origin_id"] or row["student_id"]] = dict(row)
    moved, gone = [], []
    for at_ms, by_origin in moments.items():
        owners = settled({origin: now.owner(origin, at_ms) for origin in by_origin})
        for origin, row in by_origin.items():
            if owners[origin] != row["student_id"]:
                gone.append({"was": row["student_id"], "at": at_ms})
                moved.append({**row, "student_id": owners[origin], "origin_id": _other_than(owners[origin], origin)})
    if moved:
        # All are taken out before any goes in: two students may change places.
        place = (
            _READING.session_id == session_id,
            _READING.student_id == bindparam("was"),
            _READING.at_ms == bindparam("at"),
        )
        connection.execute(delete(Reading).where(*place), gone)
        connection.execute(insert(Reading), moved)


def _move_flags(connection: Connection, session_id: int, involved: set[int], now: Ownership) -> None:
    flags = connection.execute(
        select(_FLAG.id, _FLAG.student_id, _FLAG.origin_id, _FLAG.started_at_ms).where(
            _FLAG.session_id == session_id, _FLAG.student_id.in_(involved)
        )
    ).all()
    for flag in flags:
        origin = flag.origin_id or flag.student_id
        owner = now.owner(origin, flag.started_at_ms)
        change = {"student_id": owner, "origin_id": _other_than(owner, origin)}
        connection.execute(update(FlagRow).where(_FLAG.id == flag.id).values(change))


def _other_than(owner: int, origin: int) -> int | None:
    return None if owner == origin else origin


def _name_students(connection: Connection, session_id: int, made: Sequence[Made], involved: set[int]) -> None:
    """Give the students concerned their names, say who turned out to be whom, and when each was seen."""
    became = _became(made)
    for student in sorted(involved):
        given = _given(made, student)
        connection.execute(
            update(Student)
            .where(_STUDENT.session_id == session_id, _STUDENT.student_id == student)
            .values(
                given_name=given.name if given else None,
                roster_id=given.roster_id if given else None,
                merged_into=became.get(student),
                **_seen(session_id, student),
            )
        )
    connection.execute(showing_names(session_id, involved))


def showing_names(session_id: int, students: Collection[int]) -> Update:
    """The statement that lets students show the given name, else their label's, else that of one merged into them."""
    merged = Student.__table__.alias()
    theirs = (
        select(func.min(func.coalesce(merged.c.given_name, merged.c.label_name)))
        .where(merged.c.session_id == session_id, merged.c.merged_into == _STUDENT.student_id)
        .scalar_subquery()
    )
    return (
        update(Student)
        .where(_STUDENT.session_id == session_id, _STUDENT.student_id.in_(students))
        .values(display_name=func.coalesce(_STUDENT.given_name, _STUDENT.label_name, theirs))
    )


def _given(made: Sequence[Made], student: int) -> Correction | None:
    """The standing correction that named a student last."""
    for one in reversed(made):
        if one.active and one.correction.name is not None:
            named = one.correction.target if one.correction.kind == "split" else one.correction.student
            if named == student:
                return one.correction
    return None


def _became(made: Sequence[Made]) -> dict[int, int]:
    """Who is no student of their own any more: merged into another, or split off and taken back."""
    became: dict[int, int] = {}
    for one in made:
        correction, target = one.correction, one.correction.target
        if target is not None and one.active and correction.kind == "merge":
            became = {number: target if into == correction.student else into for number, into in became.items()}
            became[correction.student] = target
        elif target is not None and not one.active and correction.kind == "split":
            became[target] = correction.student
    return became


def _seen(session_id: int, student: int) -> dict[str, Any]:
    """First and last sight of a student by the readings; both stay where there are none."""
    own = (_READING.session_id == session_id) & (_READING.student_id == student)
    first, last = (
        select(edge(_READING.at_ms) / float(THOUSAND)).where(own).scalar_subquery() for edge in (func.min, func.max)
    )
    return {
        "first_seen_at": func.coalesce(first, _STUDENT.first_seen_at),
        "last_seen_at": func.coalesce(last, _STUDENT.last_seen_at),
    }


def _ms(at: float | None) -> int | None:
    return None if at is None else round(at * THOUSAND)


def _seconds(at_ms: int | None) -> float | None:
    return None if at_ms is None else at_ms / THOUSAND
