"""Sending sessions one parcel after the other: repeatable, resumable, and queued while the network is away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, delete, select

from db.corrections import audit
from db.engine import insert, open_store, reading, writing
from db.privacy.courses import courses_of, drop_empty
from db.publish import ledger
from db.publish.content import OF_SESSION, Consents, Parcel, parcel_of, why_not
from db.tables import Course, Session
from domain import StoreError

AT_ONCE = 50
"""Sessions in one transaction at the school: what a cut connection may cost, and few enough round trips for a year."""


@dataclass(slots=True)
class Sent:
    """What became of the sessions that were to be sent, by their numbers; ``refused`` says why.

    ``queued`` wait for the school's database to come back; ``trouble`` says what keeps it.
    """

    sent: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    queued: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    trouble: str | None = None


def publish(
    engine: Engine,
    url: str,
    sessions: Iterable[int] | None,
    now: float,
    teacher: str = "",
    consents: Consents | None = None,
) -> Sent:
    """Send sessions to the school's database at ``url``: those named and those that wait, or (None) all that may go.

    What is there already and has not changed is left alone; what has changed here since it was sent (a student was
    erased, consent was taken back, names were due to go) is replaced, whether it was named or not. Where the database
    cannot be reached, the sessions are noted as waiting, and the next call sends them too. Raises StoreError when the
    teacher's own record cannot be read or written.
    """
    done, target = Sent(), ledger.target_of(url)
    with reading(engine) as connection:
        named = set(connection.scalars(select(Session.id))) if sessions is None else set(sessions)
        known, waiting = ledger.digests(connection, target), ledger.waiting(connection, target)
        reasons = {number: why_not(connection, number) for number in sorted(named | waiting | known.keys())}
        fit = [number for number, reason in reasons.items() if reason is None]
        parcels = [parcel_of(connection, number, teacher, consents) for number in fit]
    if sessions is not None:
        done.refused = {number: reason for number, reason in reasons.items() if reason and number in named}
    with ExitStack() as closing:
        try:
            school = open_store(url, write=True)
            closing.callback(school.dispose)
            due = _due(school, parcels, known, named)
        except StoreError as error:
            _wait(engine, target, [one for one in parcels if known.get(one.session_id) != one.digest], now, done, error)
            return done
        sent_now = {parcel.session_id for parcel in due}
        meant = (parcel.session_id for parcel in parcels if parcel.session_id in named | waiting)
        done.unchanged = [number for number in meant if number not in sent_now]
        ledger.note_unchanged(engine, target, done.unchanged)
        _send(engine, school, target, due, now, done)
    return done


def deliver(connection: Connection, parcels: Sequence[Parcel]) -> None:
    """Put sessions into the school's database, in the place of what was there of them.

    All of them at once, table by table: a school may be a tenth of a second away.
    """
    left = courses_of(connection, [parcel.facts["uid"] for parcel in parcels])
    places = _places(connection, parcels)
    drop_empty(connection, left)  # a course that is called otherwise now may have been called after a student
    for table in OF_SESSION:
        home = table.__table__.c.session_id
        connection.execute(delete(table).where(home.in_(places.values())))
        rows = [
            {**row, "session_id": places[parcel.facts["uid"]]}
            for parcel in parcels
            for row in parcel.rows[table.__tablename__]
        ]
        if rows:
            connection.execute(insert(table), rows)


def _places(connection: Connection, parcels: Sequence[Parcel]) -> dict[str, int]:
    """The numbers of the sessions at the school, which are others than the teacher's, by their numbers in the world."""
    courses = _courses(connection, {parcel.course for parcel in parcels if parcel.course is not None})
    facts = [{**parcel.facts, "course_id": courses.get(parcel.course or "")} for parcel in parcels]
    statement = insert(Session)
    new = {name: statement.excluded[name] for name in facts[0] if name != "uid"}
    connection.execute(statement.on_conflict_do_update(index_elements=["uid"], set_=new), facts)
    asked = select(Session.uid, Session.id).where(Session.uid.in_([row["uid"] for row in facts]))
    return {row.uid: row.id for row in connection.execute(asked)}


def _courses(connection: Connection, names: set[str]) -> dict[str, int]:
    if not names:
        return {}
    adding = insert(Course).on_conflict_do_nothing(index_elements=["name"])
    connection.execute(adding, [{"name": name} for name in sorted(names)])
    asked = select(Course.name, Course.id).where(Course.name.in_(names))
    return {row.name: row.id for row in connection.execute(asked)}


def _due(school: Engine, parcels: Sequence[Parcel], known: dict[int, str], named: Collection[int]) -> list[Parcel]:
    """What the school does not have as it is now; what it had and has deleted is sent again only where it is named."""
    with reading(school) as connection:
        there = set(connection.scalars(select(Session.uid)))
    return [
        one
        for one in parcels
        if one.session_id not in known
        or (known[one.session_id] != one.digest if one.facts["uid"] in there else one.session_id in named)
    ]


def _send(engine: Engine, school: Engine, target: str, parcels: Sequence[Parcel], now: float, done: Sent) -> None:
    for batch in _batches(parcels):
        try:
            with writing(school) as connection:
                deliver(connection, batch)
                audit(connection, batch[0].facts["owner"] or "person", "publish", None, now, sessions=len(batch))
        except StoreError as error:
            _wait(engine, target, parcels[len(done.sent) :], now, done, error)
            return
        ledger.note_sent(engine, target, batch, now)
        done.sent += [parcel.session_id for parcel in batch]


def _batches(parcels: Sequence[Parcel]) -> Iterator[Sequence[Parcel]]:
    for first in range(0, len(parcels), AT_ONCE):
        yield parcels[first : first + AT_ONCE]


def _wait(engine: Engine, target: str, parcels: Sequence[Parcel], now: float, done: Sent, trouble: StoreError) -> None:
    ledger.queue(engine, target, parcels, now)
    done.queued, done.trouble = [parcel.session_id for parcel in parcels], str(trouble)
