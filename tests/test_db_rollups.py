"""Sums by the minute are what the rows add up to, however the rows came."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from sqlalchemy import Engine, select

from db import rollups
from db.engine import open_store, reading, store_path, writing
from db.tables import ClassMinute, ClassMoment, Reading, Session, SessionTotal, StudentMinute
from db.writer import Writer
from domain import Attention, Moment, Observation, StoreError
from tests.test_db_writer import HAPPY, SAD, START_AT, moment, student

MINUTE = int(START_AT // 60)
TABLES = (StudentMinute, ClassMinute, SessionTotal)


@pytest.fixture
def engine(new_store: Callable[[], str]) -> Iterator[Engine]:
    engine = open_store(new_store(), write=True, patience_s=0.0)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    with Writer(engine, clock=lambda: START_AT) as writer:
        writer.start_session("screen", "Maths", False, START_AT)
        yield writer


def kept(engine: Engine, table: type) -> list[dict]:
    with reading(engine) as connection:
        rows = connection.execute(select(table.__table__).order_by(*table.__table__.primary_key))
        return [dict(row) for row in rows.mappings()]


def recounted(engine: Engine) -> list[list[dict]]:
    """All rollups, after they were added up afresh."""
    with writing(engine) as connection:
        students = set(connection.scalars(select(StudentMinute.student_id)))
        minutes = set(connection.scalars(select(ClassMinute.minute)))
        rollups.recount(connection, 1, students, minutes)
    return [kept(engine, table) for table in TABLES]


def a_class_of(seconds: int) -> Iterator[Moment]:
    for second in range(seconds):
        mood = (HAPPY, SAD, None)[second % 3]
        yield moment(START_AT + second, student(1, mood=mood), student(2, "Bo", mood=None), student(3, mood=SAD))


def test_a_minute_of_a_student_counts_readings_cameras_and_moods(engine, writer):
    at = START_AT + 1
    looks = Observation(1, at, "on", None, HAPPY, Attention(-20.0, None, 0.5, 0.9))
    writer.write(dataclasses.replace(moment(at, student(1)), observations=(looks,)))
    writer.write(moment(at + 1, student(1, mood=SAD)))
    writer.write(moment(at + 2, student(1, mood=None)))
    writer.write(moment(at + 61, student(1)))
    writer.flush()
    first, second = kept(engine, StudentMinute)
    assert (first["student_id"], first["minute"], second["minute"]) == (1, MINUTE, MINUTE + 1)
    assert (first["readings"], first["camera_on"], first["camera_off"], first["valid"]) == (3, 2, 1, 2)
    assert (first["turns"], first["turn_sum"], first["eyes"], first["eyes_sum"]) == (1, 20, 1, 500)
    assert (first["sum_happy"], first["sum_sad"]) == (880, 620)
    assert second["readings"] == 1


def test_the_class_is_added_up_by_the_minute_and_as_a_whole(engine, writer):
    for one in a_class_of(90):
        writer.write(one)
    writer.flush()
    first, second = kept(engine, ClassMinute)
    assert (first["moments"], second["moments"]) == (60, 30)
    assert (first["present_sum"], first["present_max"]) == (180, 3)
    assert first["seen_sum"] == 40 + 60
    (total,) = kept(engine, SessionTotal)
    assert (total["moments"], total["moods"], total["present_max"]) == (90, 90, 3)
    assert total["sum_sad"] == first["sum_sad"] + second["sum_sad"]


def test_sums_are_what_the_rows_add_up_to(engine, writer):
    for one in a_class_of(150):
        writer.write(one)
        if round(one.taken_at) % 7 == 0:
            writer.flush()
    writer.flush()
    assert [kept(engine, table) for table in TABLES] == recounted(engine)


def test_a_clock_that_is_set_back_counts_nothing_twice(engine, writer):
    for second in (10, 11, 12, 70, 11, 12, 13, 71):
        writer.write(moment(START_AT + second, student(1)))
        writer.flush()
    assert [row["readings"] for row in kept(engine, StudentMinute)] == [4, 2]
    assert [row["moments"] for row in kept(engine, ClassMinute)] == [4, 2]
    assert [kept(engine, table) for table in TABLES] == recounted(engine)


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_a_failed_attempt_counts_nothing_twice(engine, writer):
    writer.write(moment(START_AT + 1, student(1)))
    writer.flush()
    with closing(sqlite3.connect(store_path(engine), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.write(moment(START_AT + 2, student(1)))
        writer.write(moment(START_AT + 63, student(1)))
        with pytest.raises(StoreError):
            writer.flush()
    writer.flush()
    writer.write(moment(START_AT + 64, student(1)))
    writer.flush()
    assert [row["readings"] for row in kept(engine, StudentMinute)] == [2, 2]
    assert [kept(engine, table) for table in TABLES] == recounted(engine)


def test_an_attempt_that_failed_after_it_was_kept_counts_nothing_twice(engine, writer, monkeypatch):
    commit, failures = writer._commit, [StoreError("the disk was pulled out just after")]

    def commit_and_fail(*arguments):
        commit(*arguments)
        if failures:
            raise failures.pop()

    monkeypatch.setattr(writer, "_commit", commit_and_fail)
    writer.write(moment(START_AT + 1, student(1)))
    with pytest.raises(StoreError):
        writer.flush()
    writer.flush()
    assert [row["readings"] for row in kept(engine, StudentMinute)] == [1]
    assert [row["moments"] for row in kept(engine, SessionTotal)] == [1]


def test_old_readings_go_and_their_sums_stay(engine, writer):
    for one in a_class_of(90):
        writer.write(one)
    writer.end_session(START_AT + 90, "stopped")
    writer.start_session("screen", "Maths", False, START_AT + 1000)
    writer.write(moment(START_AT + 1001, student(1)))
    writer.flush()
    before = [kept(engine, table) for table in TABLES]
    with writing(engine) as connection:
        rollups.delete_readings(connection, 1, now=START_AT + 2000)
    assert {row["session_id"] for table in (Reading, ClassMoment) for row in kept(engine, table)} == {2}
    assert [kept(engine, table) for table in TABLES] == before
    assert [row["readings_gone_at"] for row in kept(engine, Session)] == [START_AT + 2000, None]
