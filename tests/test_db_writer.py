"""The one writer: the life of a session, what waits while the disk does not take it, and what a kill leaves behind."""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, func, select

import config
from db.engine import open_store, reading
from db.queries import capture_status, class_moments, latest_session
from db.status import CaptureStatus
from db.tables import PROBABILITY_COLUMNS, ClassMoment, Gap, Reading, Session, Student, storable
from db.writer import AT_ONCE_S, Writer, commit_pause_s
from db.writer.backlog import Backlog, Step
from db.writer.rows import thousandths
from domain import (
    EMOTIONS,
    Attention,
    Box,
    Coverage,
    EmotionScores,
    Face,
    Moment,
    Observation,
    Quality,
    StoreError,
    StudentState,
    Tile,
)

START_AT = 1_800_000_000.0
HAPPY = EmotionScores((0.02, 0.02, 0.02, 0.88, 0.02, 0.02, 0.02))
SAD = EmotionScores((0.1, 0.0, 0.1, 0.0, 0.6, 0.0, 0.2))


def moment(at: float, *students: StudentState, seen: int | None = None) -> Moment:
    """One frame of a class: tiles of 160x90 in a row, every student with a mood read with just that mood."""
    tiles = tuple(
        Tile(s.slot, Box(s.slot * 170, 0, s.slot * 170 + 160, 90), "on") for s in students if s.slot is not None
    )
    observations = tuple(Observation(s.student, at, s.camera or "on", emotions=s.mood) for s in students)
    seen = sum(s.mood is not None and not s.staff for s in students) if seen is None else seen
    return Moment(at, tiles, observations, students, (), Coverage(seen, sum(not s.staff for s in students)))


def student(number: int, name: str | None = None, mood: EmotionScores | None = HAPPY, **more: bool) -> StudentState:
    valence = None if mood is None else 0.5
    return StudentState(number, name, number - 1, "on" if mood else "off", mood=mood, valence=valence, **more)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'class.sqlite'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_store(url, write=True, patience_s=0.0)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    with Writer(engine, clock=lambda: START_AT) as writer:
        yield writer


def begin(writer: Writer) -> int:
    return writer.start_session("simulator", "Maths", True, START_AT, {"mood": 1})


def rows(engine: Engine, table: type) -> list[dict]:
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(select(table.__table__)).mappings()]


def test_the_life_of_a_session(engine, writer):
    session_id = begin(writer)
    writer.write(moment(START_AT + 0.5, student(1), student(2, mood=None), student(3, "Ms Lee", SAD, staff=True)))
    writer.write(moment(START_AT + 1.0, student(1, "Ada"), student(2, mood=SAD)))
    writer.pause(START_AT + 3)
    writer.pause(START_AT + 4)
    writer.resume(START_AT + 63)
    writer.write(moment(START_AT + 64, student(1, "Ada")))
    writer.end_session(START_AT + 65, "stopped")
    writer.flush()

    (session,) = rows(engine, Session)
    assert len(session.pop("uid")) == 36, "a number for the world"
    assert session == {
        "id": session_id,
        "started_at": START_AT,
        "ended_at": START_AT + 65,
        "end_reason": "stopped",
        "source": "simulator",
        "title": "Maths",
        "simulated": True,
        "settings": '{"mood": 1}',
        "course_id": None,
        "model_version": None,
        "rules_version": None,
        "readings_gone_at": None,
        "owner": None,
    }
    people = rows(engine, Student)
    assert [(p["student_id"], p["display_name"], p["staff"]) for p in people] == [
        (1, "Ada", False),
        (2, None, False),
        (3, "Ms Lee", True),
    ]
    assert [p["first_seen_at"] - START_AT for p in people] == [0.5, 0.5, 0.5]
    assert [p["last_seen_at"] - START_AT for p in people] == [64, 1.0, 0.5]
    (gap,) = rows(engine, Gap)
    assert (gap["started_at_ms"], gap["ended_at_ms"]) == ((START_AT + 1) * 1000, (START_AT + 63) * 1000), (
        "from the last moment on"
    )
    assert gap["reason"] == "no_gallery"
    readings = rows(engine, Reading)
    assert [(r["student_id"], r["at_ms"] - START_AT * 1000, r["p_happy"]) for r in readings] == [
        (1, 500, 880),
        (1, 1000, 880),
        (1, 64000, 880),
        (2, 500, None),
        (2, 1000, 0),
        (3, 500, 0),
    ]
    first, second, _ = rows(engine, ClassMoment)
    assert (first["seen"], first["present"], first["p_happy"], first["valence"]) == (1, 2, 880, 500), "staff left out"
    assert (second["p_happy"], second["p_sad"]) == (440, 310)


def test_a_reading_keeps_what_is_known_of_the_face(engine, writer):
    begin(writer)
    at = START_AT + 1
    face = Face(0, Box(10, 10, 60, 80), 0.9)
    blurred = Observation(1, at, "on", face, None, Attention(-12.4, None, 0.25, 0.5), Quality(70, 0.0432, "blurred"))
    writer.write(dataclasses.replace(moment(at, student(1)), observations=(blurred,)))
    writer.flush()
    (row,) = rows(engine, Reading)
    assert [row[name] for name in PROBABILITY_COLUMNS] == [None] * 7
    assert (row["abstained"], row["face_height"], row["sharpness"]) == ("blurred", 70, 43)
    assert (row["yaw"], row["pitch"], row["eyes_open"], row["attention_confidence"]) == (-12, None, 250, 500)


def test_what_a_moment_says_can_be_read_at_once_without_a_flush(engine, writer):
    session_id = begin(writer)
    writer.write(moment(START_AT + 1, student(1)))
    while class_moments(engine, session_id).empty:
        assert writer.error is None


def test_moments_that_come_fast_are_written_together():
    assert commit_pause_s(moments=1, batch_s=1.0) == AT_ONCE_S
    assert commit_pause_s(moments=2, batch_s=1.0) == 1.0


def test_the_status_is_the_last_one_said_with_the_writers_own_facts(engine, writer):
    session_id = begin(writer)
    writer.status(CaptureStatus("watching", "Watching 27 students.", fps=2.0, drops=3, cpu_percent=11.5))
    writer.flush()
    status = capture_status(engine)
    assert status == CaptureStatus(
        "watching", "Watching 27 students.", 2.0, 3, 11.5, None, START_AT, START_AT, session_id, os.getpid()
    )
    assert status is not None
    assert status.is_alive(START_AT + 4)
    assert not status.is_alive(START_AT + 6)
    assert not dataclasses.replace(status, state="stopped").is_alive(START_AT)


def test_a_session_must_be_open_and_only_one_is(writer):
    with pytest.raises(RuntimeError, match="start_session"):
        writer.write(moment(START_AT, student(1)))
    begin(writer)
    with pytest.raises(RuntimeError, match="session 1"):
        begin(writer)


def test_hostile_texts_are_kept_as_text(engine, writer):
    name = "=1+1\u202e<b>\x00" + "x" * 200 + "\udcff"
    writer.start_session("screen", "cours \udce9", False, START_AT)
    writer.write(moment(START_AT + 1, student(1, name)))
    writer.status(CaptureStatus("watching", name, error=name))
    writer.flush()
    assert rows(engine, Student)[0]["display_name"] == name[:-1].replace("\0", "?") + "?"
    assert rows(engine, Session)[0]["title"] == "cours ?"


def test_sleep_and_jumps_of_the_clock_are_marked_gaps(engine, writer):
    begin(writer)
    for after_s in (1, 6, 600, 601, 300):
        writer.write(moment(START_AT + after_s, student(1)))
    writer.flush()
    gaps = {
        (g["started_at_ms"] / 1000 - START_AT, g["ended_at_ms"] / 1000 - START_AT, g["reason"])
        for g in rows(engine, Gap)
    }
    assert gaps == {(6, 600, "no_frames"), (601, 300, "clock_back")}


def test_a_moment_ends_a_pause_and_a_session_may_end_within_one(engine, writer):
    begin(writer)
    writer.pause(START_AT + 2)
    writer.write(moment(START_AT + 30, student(1)))
    writer.pause(START_AT + 40)
    writer.end_session(START_AT + 50, "no_gallery")
    writer.flush()
    assert [(g["started_at_ms"] / 1000 - START_AT, g["ended_at_ms"] / 1000 - START_AT) for g in rows(engine, Gap)] == [
        (0, 30),
        (30, 50),
    ]


def test_a_second_writer_is_refused_with_a_line_that_names_the_first(engine):
    with Writer(engine, clock=lambda: START_AT) as first:
        begin(first)
        first.flush()
        with pytest.raises(StoreError, match=rf"process {os.getpid()}, session 1\)") as refusal:
            Writer(engine)
        assert "\n" not in str(refusal.value)
    with Writer(engine):
        pass


def test_a_reader_cannot_become_the_writer_and_leaves_the_way_free(url, engine):
    readonly = open_store(url, write=False)
    with pytest.raises(StoreError, match="read-only"):
        Writer(readonly)
    readonly.dispose()
    with Writer(engine):
        pass


def test_what_was_left_open_is_closed_at_its_last_reading(engine):
    with Writer(engine) as writer:
        begin(writer)
        writer.write(moment(START_AT + 4, student(1)))
        writer.pause(START_AT + 20)
    with Writer(engine) as writer:
        assert writer.healed == (1,)
        assert begin(writer) == 2
    session, _ = rows(engine, Session)
    assert (session["ended_at"], session["end_reason"]) == (START_AT + 4, "crashed")
    (gap,) = rows(engine, Gap)
    assert gap["ended_at_ms"] == gap["started_at_ms"]
    assert rows(engine, Student)[0]["last_seen_at"] == START_AT + 4


def test_a_locked_database_costs_nothing_but_time(tmp_path, engine, writer):
    session_id = begin(writer)
    writer.flush()
    with closing(sqlite3.connect(tmp_path / "class.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for second in range(1, 11):
            writer.write(moment(START_AT + second, student(1)))
        with pytest.raises(StoreError, match="locked by another program"):
            writer.flush()
        assert "locked" in (writer.error or "")
    writer.flush()
    assert writer.error is None
    assert len(class_moments(engine, session_id)) == 10


def test_a_full_disk_costs_nothing_but_time(engine, writer):
    pages = {"limit": 60}

    @event.listens_for(engine, "checkout")
    def _small_disk(connection, _record, _proxy):
        connection.execute(f"PRAGMA max_page_count = {pages['limit']}")

    session_id = begin(writer)
    second = 0
    while writer.error is None:
        second += 1
        writer.write(moment(START_AT + second, *(student(number) for number in range(1, 26))))
        with suppress(StoreError):
            writer.flush()
    assert "the disk is full" in writer.error
    pages["limit"] = 10_000
    writer.flush()
    assert writer.error is None
    assert len(class_moments(engine, session_id)) == second
    assert len(rows(engine, Reading)) == second * 25


def test_memory_is_bounded_while_the_database_is_out_of_reach(tmp_path, engine):
    with Writer(engine, memory_rows=100) as writer:
        session_id = begin(writer)
        writer.flush()
        with closing(sqlite3.connect(tmp_path / "class.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for second in range(1000):
                writer.write(moment(START_AT + second, student(1), student(second + 2, mood=None)))
        writer.flush()
        kept = class_moments(engine, session_id)
        assert 10 < len(kept) <= 33, "at most 100 rows in moments of three"
        assert writer.dropped == 1000 - len(kept)
        assert len(set(np.diff(kept["at_ms"]))) == 1, "thinned out evenly"
        assert len(rows(engine, Student)) == 1001, "who was there is never dropped"


def test_closing_says_what_is_lost_and_lets_the_next_writer_in(tmp_path, engine):
    writer = Writer(engine)
    begin(writer)
    writer.flush()
    with closing(sqlite3.connect(tmp_path / "class.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.write(moment(START_AT + 1, student(1)))
        with pytest.raises(StoreError, match="locked"):
            writer.close()
    writer.close()
    with Writer(engine):
        pass


WRITE_UNTIL_KILLED = """
import sys
from db.engine import open_store
from db.writer import Writer
from tests.test_db_writer import START_AT, begin, moment, student
writer = Writer(open_store(sys.argv[1], write=True))
begin(writer)
for number in range(1, 1_000_000):
    writer.write(moment(START_AT + number / 2, student(1), student(2)))
    writer.flush()
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_was_written_and_another_reads_meanwhile(url, engine):
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, url]
    with subprocess.Popen(command, cwd=config.ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        written = 0
        for written, line in enumerate(process.stdout, 1):
            assert int(line) == written
            assert len(class_moments(engine, 1)) >= written
            if written == 40:
                break
        with pytest.raises(StoreError, match=rf"process {process.pid}, session 1\)"):
            Writer(engine)
        process.kill()
        acknowledged = max([written, *map(int, process.stdout)])
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        kept = connection.scalar(select(func.count()).select_from(ClassMoment)) or 0
        assert connection.scalar(select(func.count()).select_from(Reading)) == kept * 2
    assert kept in (acknowledged, acknowledged + 1)
    with Writer(engine) as writer:
        assert writer.healed == (1,)
    session = latest_session(engine)
    assert session is not None
    assert (session.end_reason, session.ended_at) == ("crashed", START_AT + kept / 2)


SHARES = st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda values: sum(values) > 1e-6)


@given(SHARES)
def test_thousandths_sum_to_a_thousand_and_are_next_to_the_exact_value(values):
    shares = [value / sum(values) for value in values]
    kept = thousandths(shares)
    assert sum(kept) == 1000
    assert all(abs(whole - share * 1000) < 1 + 1e-9 for whole, share in zip(kept, shares, strict=True))


@given(st.text() | st.just("\ud800"))
def test_storable_texts_have_bytes_and_whole_texts_stay(text):
    assert storable(text).encode("utf-8") == text.encode("utf-8", "replace").replace(b"\0", b"?")


@given(st.lists(st.sampled_from(["moment", "student", "fail", "write"]), max_size=200), st.integers(3, 30))
def test_a_backlog_keeps_order_and_bound_and_never_loses_what_must_be_kept(events, limit):
    backlog, written, expected, moments = Backlog(limit), [], [], 0
    for number, happening in enumerate(events):
        step = Step(select(1), ("number",), ((number,),))
        if happening == "student":
            expected.append(number)
            backlog.add(step)
        elif happening == "moment":
            moments += 1
            backlog.add_moment(step)
        else:
            entries = backlog.take()
            if happening == "fail":
                backlog.put_back(entries)
            else:
                written += entries
                backlog.all_written()
        assert backlog.moments <= limit
    written += backlog.take()
    numbers = [entry.steps[0].rows[0][0] for entry in written]
    assert numbers == sorted(numbers)
    assert [number for number in numbers if events[number] == "student"] == expected
    assert len(numbers) == len(expected) + moments - backlog.dropped


def test_settings_are_kept_as_json(engine, writer):
    writer.start_session("screen", "", False, START_AT, {"b": [1, 2], "a": None})
    writer.flush()
    assert json.loads(rows(engine, Session)[0]["settings"]) == {"a": None, "b": [1, 2]}
    assert len(EMOTIONS) == len(PROBABILITY_COLUMNS)
