"""Taking one student out of the record: altogether, or by name alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, or_, select, update

from config import Settings
from db.corrections import CORRECTION_KINDS, audit
from db.engine import is_server, store_path
from db.privacy.alone import alone, compact, overwriting
from db.privacy.backup import put_aside
from db.privacy.people import Person, Wanted, find, name_key
from db.privacy.texts import change_texts, taker_out, words_of
from db.tables import (
    FEWEST_STUDENTS,
    PROBABILITY_COLUMNS,
    SUM_COLUMNS,
    Alias,
    ClassMinute,
    ClassMoment,
    CommandRow,
    CorrectionRow,
    FlagRow,
    Publication,
    Reading,
    Session,
    SessionTotal,
    Student,
    StudentMinute,
)
from domain import StoreError

ERASED = "[erased]"
"""What stands in a sentence where a name stood."""

PSEUDONYM_BYTES = 3
"""Six hexadecimal digits: enough to tell a school's students apart."""

_STUDENT = Student.__table__.c
_CORRECTION = CorrectionRow.__table__.c


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: the sessions and the rows concerned, texts that were changed, and the new name, if any.

    ``published`` are sessions that the school's database has and that wait to be sent anew.
    """

    sessions: tuple[int, ...]
    rows: int
    texts: int
    pseudonym: str | None
    published: tuple[int, ...]


def erase(engine: Engine, wanted: Wanted, now: float, keep_readings: bool = False, actor: str = "person") -> Erased:
    """Take a student out of every session, rollup, correction, command, note and log, and their bytes off the disk.

    With ``keep_readings`` the readings stay under a pseudonym that is drawn, not made from the name; without, they go,
    and so do the moods of classes with so few students that they speak of single ones. Sums of larger classes stay.
    Raises StoreError while a capture runs, when there is nothing of that student, or when a name means two students.
    """
    pseudonym = f"Student {secrets.token_hex(PSEUDONYM_BYTES).upper()}" if keep_readings else None
    with alone(engine, "erase a student"):
        with overwriting(engine) as connection:
            person = find(connection, wanted)
            rows = _rename(connection, person, pseudonym) if pseudonym else _delete(connection, person)
            texts = _take_out_of_texts(connection, person, pseudonym or ERASED, now)
            if not person.rows and not texts:
                raise StoreError(f"expected something of {wanted} in the record, found nothing: check the spelling")
            published = _queue_again(connection, person.sessions, now)
            deed = "pseudonymise" if pseudonym else "erase"
            audit(connection, actor, deed, None, now, sessions=len(person.sessions), rows=rows, texts=texts)
        compact(engine)
    return Erased(tuple(person.sessions), rows, texts, pseudonym, published)


def left_to_do(engine: Engine, settings: Settings, wanted: Wanted, done: Erased) -> list[str]:
    """Where the student may still be written after an erasure, a sentence each, with what to do about it."""
    said = []
    if done.published:
        number = len(done.published)
        sessions = f"{number} {'session' if number == 1 else 'sessions'}"
        said.append(f"The school's database has {sessions} of these: type publish.")
    if settings.classroom.roster:
        said.append(f"The class list {settings.classroom.roster} is a file of yours: take the student out of it, too.")
    if wanted.name and name_key(wanted.name) in name_key(settings.session.course):
        said.append("session.course in the configuration has the name: the next class would bring it back.")
    asides = [] if is_server(engine.url) else put_aside(store_path(engine))
    said += [f"{aside} holds what was there before a restore, the student too: delete it." for aside in asides]
    return [*said, "Backups and exports that were made before still hold the student: delete them."]


def _delete(connection: Connection, person: Person) -> int:
    rows = 0
    for session_id in person.sessions:
        theirs = person.students_of(session_id)
        for table in (Reading, StudentMinute, FlagRow):
            rows += connection.execute(delete(table).where(_of(table, session_id, theirs))).rowcount
        _forget_names(connection, session_id, theirs, None)
        _forget_aliases(connection, person, session_id)
        _forget_commands(connection, person, session_id)
        _hide_small_class(connection, session_id)
        rows += _remove_students(connection, session_id, theirs)
    return rows


def _rename(connection: Connection, person: Person, pseudonym: str) -> int:
    rows = 0
    for session_id in person.sessions:
        theirs = person.students_of(session_id)
        _forget_names(connection, session_id, theirs, pseudonym)
        _forget_aliases(connection, person, session_id)
        _forget_commands(connection, person, session_id)
        rows += len(theirs)
    return rows


def _of(table: Any, session_id: int, students: Collection[int]) -> Any:
    return (table.session_id == session_id) & table.student_id.in_(students)


def _forget_names(connection: Connection, session_id: int, students: Collection[int], pseudonym: str | None) -> None:
    """Let students and the corrections that named them have the pseudonym, or no name at all."""
    theirs = _of(Student, session_id, students)
    for column in ("display_name", "label_name", "given_name"):
        # Where there was no name there is none to hide.
        connection.execute(update(Student).where(theirs, _STUDENT[column].is_not(None)).values({column: pseudonym}))
    connection.execute(update(Student).where(theirs).values(roster_id=None))
    of_session = _CORRECTION.session_id == session_id
    split_off = (_CORRECTION.kind == "split") & _CORRECTION.target_id.in_(students)
    renamed = (_CORRECTION.kind == "rename") & _CORRECTION.student_id.in_(students)
    if pseudonym is None:
        connection.execute(delete(CorrectionRow).where(of_session, renamed))
    named = of_session & or_(split_off, renamed) & _CORRECTION.name.is_not(None)
    connection.execute(update(CorrectionRow).where(named).values(name=pseudonym, roster_id=None))


def _forget_aliases(connection: Connection, person: Person, session_id: int) -> None:
    """Delete what the labels of these students said, and their names wherever another label was misread as theirs."""
    alias = Alias.__table__.c
    theirs, keys = person.students_of(session_id), set(map(name_key, person.names))
    read = connection.execute(select(alias.student_id, alias.name).where(alias.session_id == session_id)).all()
    for student, name in read:
        if student in theirs or name_key(name) in keys:
            row = (alias.session_id == session_id) & (alias.student_id == student) & (alias.name == name)
            connection.execute(delete(Alias).where(row))


def _forget_commands(connection: Connection, person: Person, session_id: int) -> None:
    """Delete what was asked of the capture about these students: all of it has been answered or is too late."""
    command = CommandRow.__table__.c
    started, ended = (
        select(column).where(Session.id == session_id).scalar_subquery()
        for column in (Session.started_at, Session.ended_at)
    )
    meant = command.session_id.is_(None) & command.created_at.between(started, ended)  # for whichever session ran
    asked = select(command.id, command.payload).where(
        (command.session_id == session_id) | meant, command.kind.in_(CORRECTION_KINDS)
    )
    theirs, keys = person.students_of(session_id), set(map(name_key, person.names))
    for number, text in connection.execute(asked).all():
        payload = json.loads(text)
        if {payload.get("student"), payload.get("target")} & theirs or name_key(payload.get("name") or "") in keys:
            connection.execute(delete(CommandRow).where(command.id == number))


def _remove_students(connection: Connection, session_id: int, students: set[int]) -> int:
    """Delete the students' own rows; one that corrections of others refer to stays as a bare number."""
    referred = connection.execute(
        select(_CORRECTION.student_id, _CORRECTION.target_id).where(_CORRECTION.session_id == session_id)
    )
    needed = {number for row in referred for number in row} & students
    bare = {"first_seen_at": select(Session.started_at).where(Session.id == session_id).scalar_subquery()}
    connection.execute(update(Student).where(_of(Student, session_id, needed)).values(last_seen_at=None, **bare))
    return connection.execute(delete(Student).where(_of(Student, session_id, students - needed))).rowcount


def _hide_small_class(connection: Connection, session_id: int) -> None:
    """Take the moods out of a class in which a mean says what single students showed."""
    most = connection.scalar(select(SessionTotal.present_max).where(SessionTotal.session_id == session_id))
    if most is not None and most >= FEWEST_STUDENTS:
        return
    nothing: dict[str, Any] = dict.fromkeys((*PROBABILITY_COLUMNS, "valence"), None)
    connection.execute(update(ClassMoment).where(ClassMoment.session_id == session_id).values(**nothing))
    no_sums = dict.fromkeys((*SUM_COLUMNS, "valence_sum", "moods"), 0)
    for table in (ClassMinute, SessionTotal):
        connection.execute(update(table).where(table.session_id == session_id).values(**no_sums))


def _take_out_of_texts(connection: Connection, person: Person, put: str, now: float) -> int:
    """Take the full names out of every text, and single words of them out of those of the student's own sessions."""
    changed = change_texts(connection, taker_out(person.names, put), now)
    for session_id in person.sessions:
        words = words_of(person.names, _names_of_others(connection, session_id))
        changed += change_texts(connection, taker_out((), put, words), now, session_id)
    return changed


def _names_of_others(connection: Connection, session_id: int) -> set[str]:
    """Names that students of a session have who are not erased, and the pseudonyms of those who were."""
    columns = (_STUDENT.display_name, _STUDENT.label_name, _STUDENT.given_name)
    rows = connection.execute(select(*columns).where(_STUDENT.session_id == session_id))
    return {name for row in rows for name in row if name}


def _queue_again(connection: Connection, sessions: list[int], now: float) -> tuple[int, ...]:
    table = Publication.__table__.c
    sent = table.session_id.in_(sessions) & table.published_at.is_not(None)
    numbers = tuple(connection.scalars(select(table.session_id).where(sent).order_by(table.session_id)))
    connection.execute(update(Publication).where(sent).values(queued_at=now))
    return numbers
