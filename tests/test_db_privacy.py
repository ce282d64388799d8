"""Keeping and forgetting: what goes when, who is meant, and that an erased student leaves no byte behind."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Text, delete, event, func, insert, select, text, update

from config import PrivacySettings
from db import commands, queries, remarks
from db.corrections import Correction, audit, correct, undo
from db.engine import open_store, reading, store_path, writing
from db.privacy import erase as erasing
from db.privacy import texts
from db.privacy.alone import NotYetFromDisk, compact
from db.privacy.backup import backup
from db.privacy.erase import erase
from db.privacy.export import export
from db.privacy.people import Wanted, find
from db.privacy.retention import DAY_S, OF_SESSION, purge
from db.privacy.stats import stats
from db.privacy.texts import taker_out, words_of
from db.tables import AuditEntry, Base, ClassMoment, CommandRow, Course, Publication, Reading, Session, Student
from db.writer import Writer
from domain import Flag, StoreError
from tests.test_db_writer import HAPPY, START_AT, moment, student

NOW = START_AT + 9000
FOR_EVER = PrivacySettings(keep_readings_days=0, keep_names_days=0, keep_rollups_days=0)
MARIE = "Marie Skłodowska"


@pytest.fixture
def engine(new_store: Callable[[], str]) -> Iterator[Engine]:
    engine = open_store(new_store(), write=True)
    yield engine
    engine.dispose()


def write_class(writer: Writer, start: float, names: list[str | None], title: str = "Physics") -> int:
    session = writer.start_session("screen", title, False, start, {"session": {"course": title}})
    for second in range(0, 120, 10):
        people = [student(number, name, HAPPY) for number, name in enumerate(names, 1)]
        flag = Flag(1, "away", f"{names[0]} is out of sight.", start)
        writer.write(dataclasses.replace(moment(start + second, *people), flags=(flag,)))
    writer.end_session(start + 120, "stopped")
    writer.flush()
    return session


@pytest.fixture
def two_classes(engine: Engine) -> Engine:
    """Marie in two classes of six: named by her label in one, merged from two numbers and renamed in the other."""
    others = ["Pierre Curie", "Niels", "Lise", "Emmy", "Max"]
    with Writer(engine, clock=lambda: NOW) as writer:
        write_class(writer, START_AT, [MARIE, *others])
        write_class(writer, START_AT + 1000, ["marie's iPad", *others, None])
    correct(engine, 2, Correction("merge", 7, target=1), NOW)
    correct(engine, 2, Correction("rename", 1, name=MARIE, roster_id="17"), NOW)
    commands.ask(engine, "rename", {"student": 1, "name": MARIE}, NOW, 2)
    remarks.mark(engine, 1, "note", "Marie   SKŁODOWSKA explained it to Pierre Curie", START_AT + 5, NOW)
    remarks.mark(engine, 2, "note", "Marie was ill, Lise was not", START_AT + 1005, NOW)
    remarks.dismiss(engine, 1, "known", f"{MARIE} fetched water", NOW)
    with writing(engine) as connection:
        connection.execute(insert(Course).values(name=f"Tutoring {MARIE}"))
        detail = json.dumps({"who": MARIE})
        connection.execute(insert(AuditEntry).values(at=NOW, actor="person", action="x", session_id=1, detail=detail))
    return engine


def all_rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with reading(engine) as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in Base.metadata.sorted_tables
        }


def count(engine: Engine, table: type[Base], *where: Any) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table).where(*where)) or 0


def bytes_beside(path: Path) -> bytes:
    """The database with its log and everything else beside it, as it lies on the disk."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()) if file.is_file()).lower()


def careless(engine: Engine) -> None:
    """Let SQLite keep what is deleted, as it is built on other systems than Debian."""

    @event.listens_for(engine, "connect")
    def _keep(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA secure_delete = OFF")

    engine.dispose()


def assert_no_byte_of(name: str, path: Path) -> None:
    found, escaped = bytes_beside(path), json.dumps(name)[1:-1]
    for written in (name, escaped, name.encode("utf-16-le").decode("latin-1")):
        assert written.lower().encode() not in found, written


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("keep_readings", [False, True])
def test_an_erased_student_leaves_no_byte_of_the_name_anywhere(two_classes, tmp_path, keep_readings):
    path = store_path(two_classes)
    assert MARIE.lower().encode() in bytes_beside(path)
    done = erase(two_classes, Wanted(MARIE), NOW + 1, keep_readings)
    assert done.sessions == (1, 2)
    backup(two_classes, tmp_path / "copy.sqlite")
    for name in (MARIE, "Skłodowska", "marie's iPad", "marie was"):
        assert_no_byte_of(name, path)
    assert b"pierre curie" in bytes_beside(path), "nobody else is erased"
    left = json.dumps(all_rows(two_classes), ensure_ascii=False).lower()
    assert "skłodowska" not in left
    assert count(two_classes, AuditEntry, AuditEntry.redacted_at == NOW + 1) == 1
    assert queries.students(two_classes, 1)[-1].name == "Max"


def test_an_erased_students_own_course_loses_the_name_too(engine):
    with Writer(engine, clock=lambda: NOW) as writer:
        write_class(writer, START_AT, [MARIE, "Bo"], "Tutoring Marie")
        write_class(writer, START_AT + 1000, ["Marie Curie"], "With Marie")
    erase(engine, Wanted(MARIE), NOW)
    assert courses(engine) == [(1, "Tutoring [erased] (1)"), (2, "With Marie")], "the other is another Marie's"
    assert list(queries.sessions(engine).sort_values("id")["title"]) == ["Tutoring [erased]", "With Marie"]


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_what_was_given_up_before_leaves_no_byte_either(two_classes):
    """A note that was taken back long ago lies in the file until it is written anew."""
    careless(two_classes)
    note = remarks.mark(two_classes, 1, "note", "Skłodowska quarrelled", START_AT + 5, NOW)
    remarks.remove_marker(two_classes, note, NOW)
    path = store_path(two_classes)
    assert "skłodowska quarrelled".encode() in bytes_beside(path)
    erase(two_classes, Wanted(MARIE), NOW)
    assert_no_byte_of("Skłodowska", path)


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_on_a_full_disk_what_is_deleted_is_overwritten_all_the_same(two_classes, monkeypatch):
    """Writing the file anew takes its room a second time."""
    careless(two_classes)

    def full(_: Engine) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(erasing, "compact", full)
    with pytest.raises(StoreError, match="disk is full"):
        erase(two_classes, Wanted(MARIE), NOW)
    path = store_path(two_classes)
    two_classes.dispose()  # the last one who leaves empties the log
    assert MARIE.lower().encode() not in path.read_bytes().lower()


def test_erasing_takes_readings_sums_flags_and_commands_and_leaves_the_others_as_they_were(two_classes):
    before = queries.student_minutes(two_classes, 1, 2)
    commands.ask(two_classes, "rename", {"student": 1, "name": "Mary"}, START_AT + 60)  # of the session that ran then
    erase(two_classes, Wanted(MARIE), NOW)
    for session, gone in ((1, 1), (2, 1), (2, 7)):
        assert count(two_classes, Reading, Reading.session_id == session, Reading.student_id == gone) == 0
        assert queries.student_minutes(two_classes, session, gone).empty
    assert queries.flags(two_classes, 1) == queries.flags(two_classes, 2) == []
    assert count(two_classes, CommandRow) == 0
    assert [marker.text for marker in queries.markers(two_classes, 1)] == ["[erased] explained it to Pierre Curie"]
    assert [marker.text for marker in queries.markers(two_classes, 2)] == ["[erased] was ill, Lise was not"]
    assert queries.student_minutes(two_classes, 1, 2).equals(before)
    assert len(queries.students(two_classes, 1)) == 5
    with reading(two_classes) as connection:
        entry = connection.execute(select(AuditEntry.detail).where(AuditEntry.action == "erase")).scalar_one()
    assert json.loads(entry)["sessions"] == 2


def test_pseudonymising_keeps_readings_under_one_drawn_name_that_survives_taking_back(two_classes):
    readings = count(two_classes, Reading)
    done = erase(two_classes, Wanted(MARIE), NOW, keep_readings=True)
    assert done.pseudonym
    assert count(two_classes, Reading) == readings
    assert [queries.students(two_classes, session)[0].name for session in (1, 2)] == [done.pseudonym] * 2
    assert queries.markers(two_classes, 1)[0].text == f"{done.pseudonym} explained it to Pierre Curie"
    with reading(two_classes) as connection:
        renaming = connection.execute(select(Base.metadata.tables["corrections"].c.id)).scalars().all()[-1]
    undo(two_classes, renaming, NOW + 1)
    assert queries.students(two_classes, 2)[0].name == done.pseudonym, "the label's name is hidden, too"


def test_a_correction_that_gave_another_the_readings_can_still_be_taken_back(engine):
    with Writer(engine) as writer:
        write_class(writer, START_AT, ["Ada", "Bo", "Cem", "Dee", "Eve"])
    moved = correct(engine, 1, Correction("move", 1, 2, START_AT, START_AT + 30), NOW)
    given = count(engine, Reading, Reading.student_id == 2)
    erase(engine, Wanted("ada"), NOW)
    assert count(engine, Reading, Reading.student_id == 2) == given, "they are Bo's"
    undo(engine, moved, NOW)
    assert queries.students(engine, 1)[0].name is None


def test_moods_of_a_class_of_a_few_go_with_one_of_them_and_those_of_a_larger_class_stay(engine):
    with Writer(engine) as writer:
        write_class(writer, START_AT, ["Ada", "Bo", "Cem", "Dee"])
        write_class(writer, START_AT + 1000, ["Ada", "Bo", "Cem", "Dee", "Eve"])
    erase(engine, Wanted("Ada"), NOW)
    small, large = queries.sessions(engine).sort_values("id").to_dict("records")
    assert math.isnan(float(small["happy"]))
    assert large["happy"] == pytest.approx(0.88)
    assert set(queries.class_minutes(engine, [1])["happy"].isna()) == {True}
    assert count(engine, ClassMoment, ClassMoment.session_id == 1, ClassMoment.p_happy.is_not(None)) == 0


def test_an_error_tells_no_name_however_it_is_printed(two_classes):
    """Whatever a server or a program writes into its log of a failed statement holds no values of rows."""
    names = [{"name": f"Tutoring {MARIE}"}, {"name": f"Tutoring {MARIE}"}]
    with pytest.raises(StoreError) as failure, writing(two_classes) as connection:
        connection.execute(insert(Course), names)
    printed = "".join(traceback.format_exception(failure.value))
    assert "UNIQUE" in printed.upper()
    with pytest.raises(StoreError) as failure, writing(two_classes) as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE name = :name"), {"name": MARIE})
    printed += "".join(traceback.format_exception(failure.value))
    assert "nowhere" in printed
    assert "Marie" not in printed


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_nobody_else_on_the_machine_may_read_the_record(two_classes):
    path = store_path(two_classes)
    with Writer(two_classes) as writer:
        write_class(writer, NOW, [MARIE])
        for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            assert file.stat().st_size > 0
            assert file.stat().st_mode & 0o077 == 0, file


def test_nobody_is_erased_while_a_class_is_being_recorded(two_classes):
    with Writer(two_classes), pytest.raises(StoreError, match="no running capture.*end it first"):
        erase(two_classes, Wanted(MARIE), NOW)
    assert count(two_classes, Student, Student.display_name == MARIE) == 2


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_a_page_that_holds_an_old_state_is_named(two_classes):
    path = store_path(two_classes)
    reader = open_store(f"sqlite:///{path}", write=False, patience_s=0.0)
    impatient = open_store(f"sqlite:///{path}", write=True, patience_s=0.0)
    with reading(reader) as connection:
        connection.execute(select(Session.id)).all()
        with pytest.raises(StoreError, match="close the pages|locked"):
            erase(impatient, Wanted(MARIE), NOW)
    reader.dispose()
    impatient.dispose()


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_a_record_that_cannot_be_written_anew_is_said_to_keep_bytes(two_classes):
    impatient = open_store(f"sqlite:///{store_path(two_classes)}", write=True, patience_s=0.01)
    with writing(two_classes), pytest.raises(NotYetFromDisk, match="locked by another .* not yet from the disk"):
        compact(impatient)
    impatient.dispose()


def test_who_is_meant(two_classes):
    def rows(wanted: Wanted) -> set[tuple[int, int]]:
        with reading(two_classes) as connection:
            return set(find(connection, wanted).rows)

    assert rows(Wanted(" marie  SKŁODOWSKA ")) == {(1, 1), (2, 1), (2, 7)}
    assert rows(Wanted(roster_id="17")) == {(2, 1), (2, 7)}
    assert rows(Wanted(MARIE, "18")) == {(1, 1)}, "another number of the list is another student"
    assert rows(Wanted("Marie's iPad")) == set(), "a person has said who it is"
    assert rows(Wanted("Niels")) == {(1, 3), (2, 3)}
    assert rows(Wanted("Nobody")) == set()
    with pytest.raises(ValueError, match="found neither"):
        Wanted(" ")


def test_a_name_of_two_students_of_one_class_means_nobody_until_it_is_said_so(engine):
    with Writer(engine) as writer:
        write_class(writer, START_AT, ["Ada", "Bo", "Ada", "Cem", "Dee"])
    with pytest.raises(StoreError, match="students 1 and 3 in session 1.*--namesakes"):
        erase(engine, Wanted("Ada"), NOW)
    assert erase(engine, Wanted("Ada", namesakes=True), NOW).sessions == (1,)
    assert [one.name for one in queries.students(engine, 1)] == ["Bo", "Cem", "Dee"]


def test_what_was_never_there_cannot_be_erased(two_classes, tmp_path):
    with pytest.raises(StoreError, match="expected something of Lizzy"):
        erase(two_classes, Wanted("Lizzy"), NOW)
    with pytest.raises(StoreError, match="found no such student"):
        export(two_classes, Wanted("Lizzy"), tmp_path, NOW)


def test_published_sessions_wait_to_be_sent_anew(two_classes):
    with writing(two_classes) as connection:
        for session, at in ((1, NOW), (2, None)):
            connection.execute(insert(Publication).values(session_id=session, target="t", published_at=at))
    assert erase(two_classes, Wanted(MARIE), NOW + 5).published == (1,)
    assert count(two_classes, Publication, Publication.queued_at == NOW + 5) == 1


def test_a_student_gets_all_of_theirs_and_nothing_of_the_others(two_classes, tmp_path):
    folder = tmp_path / "answer"
    with writing(two_classes) as connection:
        connection.execute(update(Student).where(Student.student_id == 1).values(label_name="=1+1"))
    paths = export(two_classes, Wanted(MARIE), folder, NOW)
    assert all(path.stat().st_mode & 0o077 == 0 for path in paths)
    told = json.loads((folder / "student.json").read_text("utf-8"))
    assert {row["student_id"] for row in told["readings"] if row["session_id"] == 1} == {1}
    assert len(told["readings"]) == count(two_classes, Reading, Reading.student_id.in_((1, 7)))
    assert {name for name, rows in told.items() if rows and name != "made_at"} == {
        *("sessions", "students", "aliases", "readings", "student_minutes", "flags", "corrections", "markers"),
        "commands",
    }
    assert [row["text"] for row in told["markers"]] == [
        "Marie   SKŁODOWSKA explained it to [another student]",
        "Marie was ill, [another student] was not",
    ]
    for path in paths:
        assert not any(name in path.read_text("utf-8") for name in ("Curie", "Niels", "Lise"))
    with (folder / "students.csv").open(encoding="utf-8", newline="") as file:
        assert {row["label_name"] for row in csv.DictReader(file)} >= {"'=1+1"}
    assert count(two_classes, AuditEntry, AuditEntry.action == "export") == 1
    with pytest.raises(StoreError, match="without an older export"):
        export(two_classes, Wanted(MARIE), folder, NOW)


def test_no_text_of_an_answer_tells_of_another_student(engine, tmp_path):
    """Titles, reasons to put a flag aside, commands and corrections may name others, accents and all."""
    with Writer(engine, clock=lambda: NOW) as writer:
        write_class(writer, START_AT, ["Ada", "Zoë Müller", "Cem", "Dee", "Eve"], "Ada and Zoë Müller")
    split = Correction("split", 1, from_at=START_AT + 60, name="Grünwald", roster_id="99")
    correct(engine, 1, split, NOW)
    correct(engine, 1, Correction("move", 2, 1, START_AT, START_AT + 30), NOW)
    remarks.dismiss(engine, 1, "known", "Zoë took her pen", NOW)
    commands.ask(engine, "split", {"student": 1, "from_at": START_AT, "name": "Zoë Müller"}, NOW, 1)
    commands.ask(engine, "rename", {"student": 1, "name": "Ada"}, NOW, 1)
    (path, *_) = export(engine, Wanted("Ada"), tmp_path, NOW)
    told = json.loads(path.read_text("utf-8"))
    assert told["sessions"][0]["title"] == "Ada and [another student]"
    assert told["flags"][0]["dismissal_note"] == "[another student] took her pen"
    assert [row["kind"] for row in told["corrections"]] == ["split", "move"], "what they were given, too"
    assert len(told["commands"]) == 1
    for file in tmp_path.iterdir():
        for name in ("Zoë", "Müller", "Grünwald", "99"):
            said = file.read_text("utf-8")
            assert f'"{name}"' not in said, file
            assert name not in re.sub(r"[\d.]+", "", said), file


# --- how long what is kept ------------------------------------------------------------------------------------------


def days(readings: int = 0, names: int = 0, rollups: int = 0) -> PrivacySettings:
    return PrivacySettings(keep_readings_days=readings, keep_names_days=names, keep_rollups_days=rollups)


def later(days: float) -> float:
    """A time so many days after the end of the first class."""
    return START_AT + 120 + days * DAY_S


def test_readings_go_first_and_leave_their_sums(two_classes):
    assert purge(two_classes, days(readings=30), later(29.9)) == []
    sums = queries.class_minutes(two_classes, [1, 2])
    gone = purge(two_classes, days(readings=30), later(30.001))
    assert [(one.kind, one.session_id, one.rows) for one in gone] == [("readings", 1, 72)]
    assert count(two_classes, Reading, Reading.session_id == 1) == 0
    assert count(two_classes, ClassMoment, ClassMoment.session_id == 1) == 0
    assert count(two_classes, Reading, Reading.session_id == 2) > 0
    assert queries.class_minutes(two_classes, [1, 2]).equals(sums)
    assert purge(two_classes, days(readings=30), later(30.001)) == [], "once is enough"


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_names_go_out_of_notes_corrections_and_commands_and_leave_numbers(two_classes):
    correct(two_classes, 2, Correction("split", 3, from_at=START_AT + 1060, name="Hedwig", roster_id="n-4711"), NOW)
    gone = purge(two_classes, days(names=180), later(180.5))
    assert [(one.kind, one.session_id) for one in gone] == [("names", 1), ("names", 2)]
    for name in ("Pierre Curie", "marie's iPad", "Emmy", "Hedwig", "n-4711"):
        assert_no_byte_of(name, store_path(two_classes))
    assert {one.name for session in (1, 2) for one in queries.students(two_classes, session)} == {None}
    assert queries.markers(two_classes, 2)[0].text == "[erased] was ill, [erased] was not"
    assert count(two_classes, Reading) > 0
    assert purge(two_classes, days(names=180), later(180.5)) == []


def test_at_last_the_whole_session_goes(two_classes):
    gone = purge(two_classes, days(30, 180, 400), later(400.001))
    assert [(one.kind, one.session_id) for one in gone] == [
        ("sessions", 1),
        ("readings", 2),
        ("names", 2),
        ("audit", None),
    ]
    assert list(queries.sessions(two_classes)["id"]) == [2]
    for table in OF_SESSION:
        assert count(two_classes, table, table.session_id == 1) == 0


def courses(engine: Engine) -> list[tuple[int, str]]:
    """The sessions with the names of their courses."""
    with reading(engine) as connection:
        asked = select(Session.id, Course.name).join(Course, Course.id == Session.course_id).order_by(Session.id)
        return [(row.id, row.name) for row in connection.execute(asked)]


def test_a_course_called_after_a_student_loses_the_name_session_by_session_and_goes_with_its_last(engine):
    with Writer(engine, clock=lambda: NOW) as writer:
        for number, at in enumerate((START_AT, START_AT + 1, START_AT + 90 * DAY_S)):
            write_class(writer, at, [MARIE, "Pierre Curie"], "Tutoring Marie" if number else f"Tutoring {MARIE}")
        write_class(writer, START_AT + 90 * DAY_S, ["Bo"], "Physics")
    purge(engine, days(names=180), later(181))
    assert courses(engine) == [
        *((1, "Tutoring [erased] (1)"), (2, "Tutoring [erased] (2)"), (3, "Tutoring Marie"), (4, "Physics"))
    ], "what is young keeps its name, and another course stays another one"
    purge(engine, days(names=180), later(271))
    assert courses(engine)[2:] == [(3, "Tutoring [erased] (2)"), (4, "Physics")]
    assert count(engine, Course, Course.name.contains("Marie")) == 0
    purge(engine, days(rollups=180), later(181))
    assert count(engine, Course) == 2, "nobody is taught in the first any more"


def test_what_was_asked_of_no_session_in_particular_goes_with_the_names_of_its_time(two_classes):
    asked = commands.ask(two_classes, "rename", {"student": 1, "name": MARIE}, START_AT + 60)
    late = commands.ask(two_classes, "pause", {}, START_AT + 5000)
    purge(two_classes, days(names=180), later(180.5))
    assert count(two_classes, CommandRow, CommandRow.id == asked) == 0
    assert count(two_classes, CommandRow, CommandRow.id == late) == 1


def test_the_trail_forgets_what_is_old_and_says_how_much_it_was(two_classes):
    with writing(two_classes) as connection:
        for at in (START_AT, START_AT + DAY_S):
            audit(connection, "dean", "view", None, at, page="/")
    kept = PrivacySettings(keep_readings_days=0, keep_names_days=0, keep_rollups_days=0, keep_audit_days=30)
    before = count(two_classes, AuditEntry)
    now = START_AT + 30.5 * DAY_S
    due = count(two_classes, AuditEntry, AuditEntry.at < int(now - 30 * DAY_S))
    assert stats(two_classes, kept, now).due == (f"{due} entries of the audit trail",)
    assert [(one.kind, one.session_id, one.rows) for one in purge(two_classes, kept, now)] == [("audit", None, due)]
    with reading(two_classes) as connection:
        left = connection.execute(select(AuditEntry.at, AuditEntry.action, AuditEntry.detail)).all()
    assert len(left) == before - due + 1
    assert min(row.at for row in left) == START_AT + DAY_S
    assert (left[-1].action, json.loads(left[-1].detail)) == (
        "purge_audit",
        {"rows": due, "before": int(START_AT + 0.5 * DAY_S)},
    )
    assert purge(two_classes, kept, now) == []
    with pytest.raises(ValueError, match="greater than or equal to 30"):
        PrivacySettings(keep_audit_days=7)


def test_nothing_young_goes_from_the_trail_and_nothing_in_silence(two_classes):
    for deed in (
        delete(AuditEntry),
        delete(AuditEntry).where(AuditEntry.at <= NOW),
        update(AuditEntry).values(actor="nobody"),
        update(AuditEntry).values(detail="{}"),
    ):
        with pytest.raises(StoreError, match="append-only"), writing(two_classes) as connection:
            connection.execute(deed)
    with writing(two_classes) as connection:
        audit(connection, "program", "purge_audit", None, NOW, rows=0, before=int(NOW - 1))
    with pytest.raises(StoreError, match="append-only"), writing(two_classes) as connection:
        connection.execute(delete(AuditEntry).where(AuditEntry.at == NOW))


def test_every_table_of_a_session_goes_with_it():
    homes = {table.name for table in Base.metadata.sorted_tables if "session_id" in table.c}
    assert homes - {table.__tablename__ for table in OF_SESSION} == {"audit", "capture_status"}


def test_a_running_session_is_never_touched_and_a_running_capture_refuses(two_classes):
    with writing(two_classes) as connection:
        connection.execute(update(Session).values(ended_at=None))
    assert purge(two_classes, days(1, 1, 1), later(29)) == []
    with writing(two_classes) as connection:
        connection.execute(update(Session).values(ended_at=START_AT))
    with Writer(two_classes), pytest.raises(StoreError, match="delete what is due"):
        purge(two_classes, days(1, 1, 1), later(999))


def test_a_dry_run_says_the_same_and_does_nothing(two_classes):
    before = all_rows(two_classes)
    told = purge(two_classes, days(30, 180), later(200), dry_run=True)
    assert all_rows(two_classes) == before
    assert purge(two_classes, days(30, 180), later(200)) == told


def test_a_purge_is_logged_without_names(two_classes):
    purge(two_classes, days(30, 180), later(200))
    with reading(two_classes) as connection:
        rows = connection.execute(select(AuditEntry).where(AuditEntry.actor == "program")).scalars().all()
        logged = [
            tuple(row)
            for row in connection.execute(
                select(AuditEntry.action, AuditEntry.session_id, AuditEntry.detail).where(
                    AuditEntry.action.like("purge%")
                )
            )
        ]
    assert len(rows) == 4
    assert ("purge_readings", 1, '{"rows": 72}') in logged
    assert "Marie" not in str(logged)


def test_stats_count_and_name_what_is_due(two_classes):
    found = stats(two_classes, days(30, 180), later(100))
    assert found.rows["sessions"] == 2
    assert found.rows["readings"] == count(two_classes, Reading)
    assert (found.oldest_at, found.newest_at) == (START_AT, START_AT + 1000)
    assert found.bytes > 50_000
    assert found.due == ("readings of 2 sessions (156 rows)",)


# --- names in sentences ---------------------------------------------------------------------------------------------


def test_every_column_of_text_says_whether_a_name_may_stand_in_it():
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Text)
    }
    sentences = {str(attribute.property.columns[0]) for attribute in (*texts.SENTENCES, *texts.OBJECTS)}
    assert columns == sentences | texts.NAMES | texts.WORDS
    assert not sentences & texts.NAMES
    assert not (sentences | texts.NAMES) & texts.WORDS


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Ada King spoke", "X spoke"),
        ("(ada  KING)", "(X)"),
        ("Adaking, Bada King", "Adaking, Bada King"),
        ("Zoë was here", "X was here"),
        ("Ada knows", "X knows"),
        ("the ada of it", "the ada of it"),
        ("nobody", "nobody"),
    ],
)
def test_names_go_out_of_a_sentence_as_whole_words(text, left):
    assert taker_out(["Ada King", "Zoë"], "X", {"Ada"})(text) == left


def test_single_words_of_a_name_mean_a_student_only_where_nobody_else_has_them():
    assert words_of(["Ada King"], ["Bo King"]) == {"Ada"}
    assert words_of(["Li Wu"], []) == set()
