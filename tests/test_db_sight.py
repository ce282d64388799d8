"""What a viewer finds in the record: a teacher their own classes, an admin the sums of classes of five and more."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, func, insert, select, update

from db import commands, queries, remarks
from db.corrections import Correction, audit, correct
from db.engine import Viewer, open_store, reading, seen_by, sight, writing
from db.tables import Account, AuditEntry, Base, LoginRow, Publication, Session
from db.writer import Writer
from domain import Flag, StoreError
from tests.test_db_writer import HAPPY, START_AT, moment, student

NOW = START_AT + 9000
ADA, BO, STRANGER = Viewer("ada", "teacher"), Viewer("bo", "teacher"), Viewer("' OR '1'='1", "teacher")
ADMIN, TRUSTED = Viewer("root", "admin"), Viewer("root", "admin", sees_students=True)


@pytest.fixture(scope="module")
def engine(new_store: Callable[[], str]) -> Iterator[Engine]:
    """Two classes of Ada's (of six and of four), one of Bo's, a drawn one, one of nobody's, one of Ada's that runs."""
    url = new_store()
    engine = open_store(url, write=True)
    classes = [
        ("ada", 6, False),
        ("ada", 4, False),
        ("bo", 7, False),
        ("bo", 6, True),
        (None, 8, False),
        ("ada", 6, False),
    ]
    with Writer(engine, clock=lambda: NOW) as writer:
        for number, (owner, size, simulated) in enumerate(classes):
            start = START_AT + 1000 * number
            title = f"Course of {owner}"
            writer.start_session("screen", title, simulated, start, {"a": 1}, owner=owner)
            for second in range(0, 120, 10):
                present = size if second < 60 else 4
                people = [student(n, f"S{n}", HAPPY) for n in range(1, present + 1)]
                flag = Flag(1, "away", "Nobody in sight.", start)
                writer.write(dataclasses.replace(moment(start + second, *people), flags=(flag,)))
            if number < 5:
                writer.end_session(start + 120, "stopped")
        writer.flush()
        for session in (1, 3):
            remarks.mark(engine, session, "note", "S1 asked", START_AT, NOW)
            correct(engine, session, Correction("rename", 1, name="Secret"), NOW)
            commands.ask(engine, "rename", {"student": 1, "name": "Secret"}, NOW, session)
        with writing(engine) as connection:
            connection.execute(insert(Publication).values(session_id=1, target="school"))
            account = {"login": "ada", "role": "teacher", "password_hash": "x", "created_at": NOW}
            connection.execute(insert(Account).values(account))
            connection.execute(insert(LoginRow).values(token_hash="x", login="ada", started_at=NOW, used_at=NOW))
        reader = open_store(url, write=False)
        yield reader
        reader.dispose()
    engine.dispose()


def counts(engine: Engine, viewer: Viewer | None) -> dict[str, int]:
    """Rows of each table that a viewer finds."""
    with seen_by(viewer), reading(engine) as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
            if name not in sight.OPEN
        }


def sessions(engine: Engine, viewer: Viewer | None) -> list[int]:
    with seen_by(viewer):
        return sorted(queries.sessions(engine)["id"])


def test_a_teacher_sees_their_own_classes_and_all_of_them(engine):
    assert sessions(engine, None) == [1, 2, 3, 4, 5, 6]
    assert sessions(engine, ADA) == [1, 2, 6]
    assert sessions(engine, BO) == [3, 4]
    assert sessions(engine, STRANGER) == []
    with seen_by(ADA):
        assert len(queries.students(engine, 1)) == 6
        assert not queries.student_minutes(engine, 1).empty
        assert queries.students(engine, 3) == []
        assert queries.student_minutes(engine, 3).empty
        assert queries.flags(engine, 3) == queries.markers(engine, 3) == queries.gaps(engine, 3) == []
        assert queries.class_moments(engine, 3).empty
        assert queries.session(engine, 3) is None


def test_an_admin_sees_sums_of_larger_classes_and_nothing_of_single_students(engine):
    assert sessions(engine, ADMIN) == [1, 3, 5]
    found = counts(engine, ADMIN)
    assert {name for name, number in found.items() if number} == {
        *("sessions", "courses", "class_minutes", "session_totals", "gaps")
    }
    with seen_by(ADMIN):
        assert not queries.comparable_sessions(engine).empty
        assert len(queries.class_minutes(engine, [1])) == 1, "in the second minute there were four"
        assert queries.class_minutes(engine, [2, 4]).empty
        assert queries.capture_status(engine) is None


def test_an_admin_to_whom_students_are_shown_sees_what_there_is(engine):
    found, all_there = counts(engine, TRUSTED), counts(engine, None)
    assert {name: number for name, number in all_there.items() if name not in sight.SHUT} == {
        name: number for name, number in found.items() if name not in sight.SHUT
    }


def test_no_viewer_finds_accounts_logins_or_the_ledger_and_the_program_does(engine):
    for viewer in (ADA, ADMIN, TRUSTED, STRANGER):
        assert [counts(engine, viewer)[name] for name in sight.SHUT] == [0, 0, 0]
    assert [counts(engine, None)[name] for name in sight.SHUT] == [1, 1, 1], "over the same connection"


def test_a_stranger_finds_nothing_at_all(engine):
    assert set(counts(engine, STRANGER).values()) == {0}


def test_one_viewer_after_the_other_gets_their_own_over_the_same_connection(engine):
    for _ in range(3):
        assert [sessions(engine, viewer) for viewer in (ADA, BO, None, ADMIN)] == [
            [1, 2, 6],
            [3, 4],
            [1, 2, 3, 4, 5, 6],
            [1, 3, 5],
        ]


def test_every_table_has_a_rule():
    ruled = (*sight.OF_PERSONS, *sight.OF_CLASSES, *sight.SHUT, *sight.OPEN, *sight.ELSEWHERE)
    assert set(ruled) == set(Base.metadata.tables)
    assert len(set(ruled)) == len(ruled)


def test_a_viewer_changes_nothing_but_the_trail_which_has_their_name(engine):
    writer = open_store(engine.url.render_as_string(hide_password=False), write=True)
    before = counts(writer, None)
    with seen_by(ADA):
        for change in (
            lambda: remarks.mark(writer, 1, "note", "x", START_AT, NOW),
            lambda: correct(writer, 1, Correction("rename", 2, name="x"), NOW),
            lambda: commands.ask(writer, "end", {}, NOW),
        ):
            with pytest.raises(StoreError, match="pages that are shared with a school are for reading"):
                change()
        with pytest.raises(StoreError, match="for reading"), writing(writer) as connection:
            connection.execute(update(Session).values(owner="ada"))
        with writing(writer) as connection:
            audit(connection, "person", "export", 1, NOW)
    assert counts(writer, None) == before
    assert sessions(writer, ADA) == [1, 2, 6], "what was taken back took no view with it"
    with reading(writer) as connection:
        asked = select(AuditEntry.actor).where(AuditEntry.action == "export")
        assert connection.scalars(asked).all() == ["ada"]
    remarks.mark(writer, 1, "note", "S2 asked", START_AT, NOW)
    writer.dispose()
