"""What a person says about who is who: it sticks, it can be taken back, and all that was added up follows."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from db import corrections, queries, rollups
from db.corrections import FIRST_SPLIT_NUMBER, Correction, Ownership, Shift, settled
from db.engine import open_store, reading, writing
from db.tables import AuditEntry, FlagRow, Reading, StudentMinute
from db.writer import Writer
from domain import Flag, StoreError
from tests.test_db_writer import HAPPY, SAD, START_AT, moment, student

NOW = START_AT + 9000


@pytest.fixture
def engine(new_store: Callable[[], str]) -> Iterator[Engine]:
    engine = open_store(new_store(), write=True)
    yield engine
    engine.dispose()


@pytest.fixture
def running(engine: Engine) -> Iterator[Writer]:
    """Two minutes of a class that goes on: 1 to 3 are always there, 4 comes when 5 has gone."""
    with Writer(engine, clock=lambda: NOW) as writer:
        writer.start_session("screen", "Maths", False, START_AT)
        for second in range(120):
            writer.write(looks(second))
        writer.flush()
        yield writer


@pytest.fixture
def finished(engine: Engine, running: Writer) -> Engine:
    running.end_session(START_AT + 120, "stopped")
    running.flush()
    return engine


def looks(second: int):
    present = [student(1, "Ada", HAPPY), student(2, None, SAD), student(3, "Cem", HAPPY)]
    present.append(student(4, "Dee", SAD) if second >= 60 else student(5, None, HAPPY))
    return moment(START_AT + second, *present)


def owned(engine: Engine) -> dict[int, int]:
    """Readings of each student, a count."""
    with reading(engine) as connection:
        numbers = list(connection.scalars(select(Reading.student_id).where(Reading.session_id == 1)))
    return {number: numbers.count(number) for number in sorted(set(numbers))}


def everything(engine: Engine) -> list[list[tuple]]:
    """All that corrections may change."""
    return [
        kept(engine, Reading),
        kept(engine, StudentMinute),
        kept(engine, FlagRow),
        [(s.number, s.name, s.named, s.merged, s.first_seen_at, s.last_seen_at) for s in queries.students(engine, 1)],
    ]


def kept(engine: Engine, table: type) -> list[tuple]:
    with reading(engine) as connection:
        rows = connection.execute(select(table.__table__).order_by(*table.__table__.primary_key))
        return [tuple(row) for row in rows]


def names(engine: Engine) -> dict[int, str | None]:
    return {one.number: one.name for one in queries.students(engine, 1)}


def test_a_given_name_is_never_overwritten_by_the_program(engine, running):
    running.correct(Correction("rename", 2, name="Bo Berg", roster_id="b-17"))
    running.write(moment(START_AT + 121, student(2, "B0 Berq")))
    running.flush()
    _, second, *_ = queries.students(engine, 1)
    assert (second.name, second.named, second.roster_id, second.aliases) == ("Bo Berg", True, "b-17", ("B0 Berq",))


def test_taking_a_name_back_shows_the_one_before(finished):
    first = corrections.correct(finished, 1, Correction("rename", 1, name="Ada L."), NOW)
    second = corrections.correct(finished, 1, Correction("rename", 1, name="Ada M."), NOW)
    assert names(finished)[1] == "Ada M."
    corrections.undo(finished, second, NOW)
    assert names(finished)[1] == "Ada L."
    corrections.undo(finished, first, NOW)
    assert names(finished)[1] == "Ada"


def test_a_merged_student_becomes_part_of_the_other_with_all_sums(finished):
    before = everything(finished)
    made = corrections.correct(finished, 1, Correction("merge", 4, target=5), NOW)
    assert owned(finished) == {1: 120, 2: 120, 3: 120, 5: 120}
    fifth = queries.students(finished, 1)[-1]
    assert (fifth.number, fifth.name, fifth.merged) == (5, "Dee", (4,)), "the unnamed one takes the other's name"
    assert (fifth.first_seen_at, fifth.last_seen_at) == (START_AT, START_AT + 119)
    minutes = queries.student_minutes(finished, 1, 5)
    assert list(minutes["readings"]) == [60, 60]
    assert list(minutes["happy"]) == [0.88, 0.0]
    assert 4 not in set(queries.student_minutes(finished, 1)["student"])
    corrections.undo(finished, made, NOW)
    assert everything(finished) == before


def test_two_tiles_of_one_person_are_counted_once(finished):
    before = everything(finished)
    made = corrections.correct(finished, 1, Correction("merge", 1, target=3), NOW)
    assert owned(finished) == {1: 120, 2: 120, 3: 120, 4: 60, 5: 60}, "what was seen at the same moment stays at home"
    assert [one.number for one in queries.students(finished, 1)] == [2, 3, 4, 5]
    assert set(queries.student_minutes(finished, 1, 3)["readings"]) == {60}
    corrections.undo(finished, made, NOW)
    assert everything(finished) == before


def test_a_split_gives_what_comes_later_to_somebody_new(engine, running):
    running.correct(Correction("split", 1, from_at=START_AT + 60, name="Zoe"))
    running.write(looks(121))
    running.flush()
    new = queries.students(engine, 1)[-1]
    assert (new.number, new.name, new.first_seen_at) == (FIRST_SPLIT_NUMBER, "Zoe", START_AT + 60)
    assert (owned(engine)[1], owned(engine)[new.number]) == (60, 61)
    shown = {tile.number: tile.name for tile in queries.tile_map(engine).tiles}
    assert shown[new.number] == "Zoe", "the live page shows the new one at once"
    running.undo(1)
    running.write(looks(122))
    running.flush()
    assert owned(engine)[1] == 122
    assert FIRST_SPLIT_NUMBER not in names(engine)


def test_a_merge_holds_for_what_comes_later_and_flags_follow(engine, running):
    flags = (Flag(4, "away", "Nobody there.", START_AT + 100), Flag(1, "away", "x", START_AT + 110))
    running.write(dataclasses.replace(looks(121), flags=flags))
    running.correct(Correction("merge", 4, target=5))
    running.write(looks(122))
    running.flush()
    assert owned(engine) == {1: 122, 2: 122, 3: 122, 5: 122}
    first, second = queries.flags(engine, 1)
    assert (first.student, second.student) == (5, 1)
    assert (first.started_at, first.ended_at) == (START_AT + 100, START_AT + 122), "no longer said: ended"
    assert set(queries.student_minutes(engine, 1, 5)["readings"]) == {60, 2}


def test_two_students_can_change_places_for_a_stretch(finished):
    start, end = START_AT + 30, START_AT + 60
    moves = (Correction("split", 1, from_at=start, until_at=end), Correction("move", 2, 1, start, end))
    made = [corrections.correct(finished, 1, one, NOW) for one in moves]
    made.append(corrections.correct(finished, 1, Correction("merge", FIRST_SPLIT_NUMBER, target=2), NOW))
    assert owned(finished) == {1: 120, 2: 120, 3: 120, 4: 60, 5: 60}
    with reading(finished) as connection:
        swapped = connection.execute(
            select(Reading.student_id, Reading.origin_id).where(Reading.at_ms == (START_AT + 40) * 1000)
        ).all()
    assert sorted(tuple(row) for row in swapped)[:3] == [(1, 2), (2, 1), (3, None)]


def test_everything_can_be_taken_back_in_any_order(finished):
    """A long and careless history keeps every reading and every sum right at each step, and leaves no trace."""
    chance, before = random.Random(5), everything(finished)
    made = []
    for _ in range(25):
        numbers = [one.number for one in queries.students(finished, 1)]
        if len(numbers) > 1:
            made.append(corrections.correct(finished, 1, any_correction(chance, numbers), NOW))
        if made and chance.random() < 0.3:
            corrections.undo(finished, made.pop(chance.randrange(len(made))), NOW)
        sums = kept(finished, StudentMinute)
        with writing(finished) as connection:
            rollups.recount_students(connection, 1, range(1, FIRST_SPLIT_NUMBER + 30))
        assert kept(finished, StudentMinute) == sums
        assert sum(owned(finished).values()) == 480, "no reading is ever lost"
    assert everything(finished) != before
    for number in chance.sample(made, len(made)):
        corrections.undo(finished, number, NOW)
    readings, minutes, *_ = everything(finished)
    assert [readings, minutes] == before[:2]
    assert names(finished) == {1: "Ada", 2: None, 3: "Cem", 4: "Dee", 5: None}


def any_correction(chance: random.Random, numbers: list[int]) -> Correction:
    one, other = chance.sample(numbers, 2)
    start = START_AT + chance.randrange(110)
    return chance.choice(
        [
            Correction("rename", one, name=f"Name {chance.random()}"),
            Correction("merge", one, other),
            Correction("split", one, from_at=start),
            Correction("move", one, other, start, start + chance.randrange(1, 60)),
        ]
    )


def test_who_is_not_there_cannot_be_corrected(finished):
    with pytest.raises(StoreError, match="no student 9"):
        corrections.correct(finished, 1, Correction("merge", 1, target=9), NOW)
    corrections.correct(finished, 1, Correction("merge", 4, target=5), NOW)
    with pytest.raises(StoreError, match="no student 4"):
        corrections.correct(finished, 1, Correction("rename", 4, name="x"), NOW)
    with pytest.raises(StoreError, match="none with number 99"):
        corrections.undo(finished, 99, NOW)


def test_without_readings_only_names_can_be_corrected(finished):
    merged = corrections.correct(finished, 1, Correction("merge", 4, target=5), NOW)
    with writing(finished) as connection:
        rollups.delete_readings(connection, 1, NOW)
    sums = kept(finished, StudentMinute)
    for change in (Correction("merge", 1, target=2), Correction("split", 1, from_at=START_AT)):
        with pytest.raises(StoreError, match="can still be renamed"):
            corrections.correct(finished, 1, change, NOW)
    with pytest.raises(StoreError, match="can still be renamed"):
        corrections.undo(finished, merged, NOW)
    corrections.correct(finished, 1, Correction("rename", 2, name="Bo"), NOW)
    assert names(finished)[2] == "Bo"
    assert kept(finished, StudentMinute) == sums


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ({"kind": "rename", "student": 1}, "expected name for rename"),
        ({"kind": "merge", "student": 1}, "expected target for merge"),
        ({"kind": "merge", "student": 1, "target": 1}, "two students"),
        ({"kind": "move", "student": 1, "target": 2}, "expected from_at and until_at"),
        ({"kind": "split", "student": 1, "from_at": 5.0, "until_at": 5.0}, "start before the end"),
        ({"kind": "swap", "student": 1}, "expected one of rename"),
    ],
)
def test_half_a_correction_is_refused(wanted, missing):
    with pytest.raises(ValueError, match=missing):
        Correction(**wanted)


def test_the_trail_names_deeds_and_no_people(finished):
    made = corrections.correct(finished, 1, Correction("rename", 1, name="Secret Name"), NOW)
    corrections.undo(finished, made, NOW + 1)
    trail = kept(finished, AuditEntry)
    assert [row[1:-1] for row in trail] == [
        (NOW, "person", "rename", 1, '{"correction": 1}'),
        (NOW + 1, "person", "undo", 1, '{"correction": 1}'),
    ]
    history = corrections.history(finished, 1)
    assert [(one.correction.name, one.undone_at) for one in history] == [("Secret Name", NOW + 1)]


SHIFTS = st.builds(
    Shift, st.integers(1, 4), st.integers(1, 4), st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)
)


@given(st.lists(SHIFTS, max_size=6), st.integers(1, 4), st.integers(0, 9))
def test_who_owns_a_reading_is_among_those_it_may_have_gone_to(shifts, origin, at_ms):
    ownership = Ownership(shifts)
    assert ownership.owner(origin, at_ms) in ownership.met_with({origin})


@given(st.dictionaries(st.integers(1, 6), st.integers(1, 6)))
def test_every_reading_of_a_moment_gets_one_student_of_its_own(wanted):
    owners = settled(wanted)
    assert owners.keys() == wanted.keys()
    assert len(set(owners.values())) == len(owners)
    assert all(owner in (origin, wanted[origin]) for origin, owner in owners.items())
    assert all(owners[origin] == origin for origin in wanted if wanted[origin] == origin)


# --- what the program itself finds out ------------------------------------------------------------------------------


def joined(second: int, *pairs: tuple[int, int]):
    """A moment in which students without a name turn out to be others."""
    return dataclasses.replace(looks(second), joined=pairs)


def test_what_was_read_of_a_student_without_a_name_goes_to_the_one_it_is(engine: Engine, running: Writer) -> None:
    running.write(joined(120, (5, 4)))
    running.flush()
    assert owned(engine) == {1: 121, 2: 121, 3: 121, 4: 121}
    with reading(engine) as connection:
        assert connection.execute(select(AuditEntry.actor, AuditEntry.action)).all()[-1] == ("program", "join")


def test_a_person_can_take_it_back(engine: Engine, running: Writer) -> None:
    running.write(joined(120, (5, 4)))
    (made,) = corrections.history(engine, 1)
    running.undo(made.id)
    assert owned(engine) == {1: 121, 2: 121, 3: 121, 4: 61, 5: 60}


@pytest.mark.parametrize(
    "said", [Correction("rename", 5, name="Eve"), Correction("merge", 5, target=1), Correction("merge", 3, target=5)]
)
def test_the_program_never_overrules_what_a_person_said(engine: Engine, running: Writer, said: Correction) -> None:
    running.correct(said)
    before = owned(engine)
    running.write(joined(119, (5, 4)))
    running.flush()
    assert owned(engine) == before
    assert [made.correction for made in corrections.history(engine, 1)] == [said]


def test_where_a_person_merged_the_owner_it_goes_to_whom_that_made_of_it(engine: Engine, running: Writer) -> None:
    running.correct(Correction("merge", 4, target=1))
    running.write(joined(120, (5, 4)))
    assert corrections.history(engine, 1)[-1].correction == Correction("merge", 5, target=1)


def test_a_student_who_is_not_written_down_cannot_be_joined_and_stops_nothing(engine: Engine, running: Writer) -> None:
    running.write(joined(120, (99, 4), (5, 4)))
    assert [made.correction for made in corrections.history(engine, 1)] == [Correction("merge", 5, target=4)]
