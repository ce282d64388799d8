"""The questions of the pages, asked of a store that the writer has filled."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import Engine

from db import queries
from db.engine import open_store
from db.queries import (
    FEWEST_STUDENTS,
    MOMENT_COLUMNS,
    SessionSummary,
    TileMap,
    capture_status,
    class_moments,
    latest_session,
    session_span,
    tile_map,
)
from db.writer import Writer
from domain import EMOTIONS, Box, StudentState, Tile
from tests.test_db_writer import HAPPY, SAD, START_AT, moment, student

START_MS = int(START_AT * 1000)


@pytest.fixture(scope="module")
def engine(new_store: Callable[[], str]):
    """1,000 moments, two a second: one of two students is happy, and in the first ten moments nobody is read."""
    url = new_store()
    engine = open_store(url, write=True)
    with Writer(engine) as writer:
        writer.start_session("simulator", "Maths", True, START_AT)
        for number in range(1000):
            mood = HAPPY if number >= 10 else None
            writer.write(moment(START_AT + number / 2, student(1, mood=mood), student(2, mood=None)))
        writer.flush()
        reader = open_store(url, write=False)
        yield reader
        reader.dispose()
    engine.dispose()


def test_an_empty_store_answers_every_question_with_nothing(new_store):
    engine = open_store(new_store(), write=False)
    assert latest_session(engine) is None
    assert session_span(engine, 1) is None
    assert capture_status(engine) is None
    assert tile_map(engine) == TileMap((), 0.0)
    assert list(class_moments(engine, 1).columns) == list(MOMENT_COLUMNS)
    assert class_moments(engine, 1).empty
    engine.dispose()


def test_the_latest_session_is_the_one_started_last(engine):
    assert latest_session(engine) == SessionSummary(1, START_AT, None, None, "simulator", "Maths", True)


def test_the_span_is_from_the_first_to_the_last_moment(engine):
    assert session_span(engine, 1) == (START_MS, START_MS + 499_500)


def test_a_tick_asks_only_for_what_is_new(engine):
    last = class_moments(engine, 1, after_ms=START_MS + 498_000)
    assert list(last["at_ms"] - START_MS) == [498_500, 499_000, 499_500]
    assert last["at_ms"].dtype == np.int64
    assert list(last["seen"]) == [1, 1, 1]
    assert list(last["present"]) == [2, 2, 2]
    assert list(last["happy"]) == [0.88] * 3
    assert list(last["valence"]) == [0.5] * 3
    assert class_moments(engine, 1, after_ms=int(last["at_ms"].iloc[-1])).empty


def test_a_stretch_has_an_end_and_unread_moments_have_no_mood(engine):
    first = class_moments(engine, 1, until_ms=START_MS + 5_500)
    assert len(first) == 12
    assert first[list(EMOTIONS)].iloc[:10].isna().all(axis=None)
    assert math.isnan(first["valence"].iloc[9])
    assert first["angry"].iloc[10] == 0.02


def test_a_long_stretch_is_averaged_to_the_limit_and_ends_with_its_last_moment(engine):
    whole = class_moments(engine, 1, limit=100)
    assert 90 <= len(whole) <= 100
    assert whole["at_ms"].iloc[-1] == START_MS + 499_500
    assert (np.diff(whole["at_ms"]) > 0).all()
    assert whole["happy"].iloc[1:].round(6).unique().tolist() == [0.88]
    assert whole["happy"].iloc[0] != whole["happy"].iloc[1], "the first ten moments have nobody to read"
    assert len(class_moments(engine, 1, limit=1000)) == 1000


def test_the_tile_map_mirrors_the_gallery_with_names_states_and_leading_emotions(new_store):
    engine = open_store(new_store(), write=True)
    tiles = (
        Tile(0, Box(100, 50, 260, 140), "on"),
        Tile(1, Box(260, 50, 420, 140), "off"),
        Tile(2, Box(180, 140, 340, 230), "unknown"),
    )
    ada, off = student(1, "Ada", SAD), StudentState(2, None, 1, "off", staff=True)
    elsewhere = StudentState(3, "Bo", None, None, off_page=True, mood=HAPPY)
    with Writer(engine) as writer:
        writer.start_session("screen", "", False, START_AT)
        writer.write(dataclasses.replace(moment(START_AT + 1, ada, off, elsewhere), tiles=tiles))
        writer.flush()
        shown = tile_map(engine)
        assert shown.aspect == pytest.approx(320 / 180, abs=1e-4)
        first, second, third = shown.tiles
        assert (first.slot, first.number, first.name, first.camera) == (0, 1, "Ada", "on")
        assert (first.emotion, first.probability) == ("sad", 0.6)
        assert first.box == (0.0, 0.0, 0.5, 0.5)
        assert (second.number, second.name, second.camera, second.staff, second.emotion) == (2, None, "off", True, None)
        assert (third.number, third.camera, third.box) == (None, "unknown", (0.25, 0.5, 0.75, 1.0))
        writer.pause(START_AT + 2)
        writer.flush()
        assert tile_map(engine).tiles == (), "what is not seen now is not shown"
    engine.dispose()


def test_names_on_the_map_are_those_of_now(new_store):
    engine: Engine = open_store(new_store(), write=True)
    with Writer(engine) as writer:
        writer.start_session("screen", "", False, START_AT)
        for name in (None, "Ada"):
            writer.write(moment(START_AT + 1, student(1, name)))
            writer.flush()
            assert tile_map(engine).tiles[0].name == name
        writer.end_session(START_AT + 2, "stopped")
        writer.flush()
        assert tile_map(engine).tiles == ()
    engine.dispose()


@pytest.fixture(scope="module")
def year(new_store: Callable[[], str]):
    """Five sessions: two of a course, a drawn one, one of a few students and one that still runs."""
    engine = open_store(new_store(), write=True)
    with Writer(engine) as writer:
        for number, (title, simulated, size) in enumerate(
            (("Maths", False, 6), ("Maths", False, 8), ("Maths", True, 9), ("Tutoring", False, 4), ("", False, 7))
        ):
            start = START_AT + number * 10_000
            writer.start_session("screen", title, simulated, start)
            for second in range(0, 90, 30):
                read = [student(1, "Ada", HAPPY), student(2, None, SAD)]
                writer.write(moment(start + second, *read, *(student(n, mood=None) for n in range(3, size + 1))))
            if number < 4:
                writer.end_session(start + 90, "stopped")
        writer.flush()
        yield engine
    engine.dispose()


def test_all_sessions_can_be_found_the_newest_first(year):
    found = queries.sessions(year)
    assert list(found["id"]) == [5, 4, 3, 2, 1]
    assert list(found["students"]) == [7, 4, 9, 8, 6]
    assert list(found["course"].isna()) == [True, False, True, False, False], "without a title, or drawn: no course"
    assert math.isnan(found["ended_at"].iloc[0])
    last = found.iloc[-1]
    assert (last["title"], last["source"], last["moments"], last["coverage"]) == ("Maths", "screen", 3, 2 / 6)
    assert last["happy"] == pytest.approx(0.44)
    assert queries.session(year, 2) == SessionSummary(
        2, START_AT + 10_000, START_AT + 10_090, "stopped", "screen", "Maths", False
    )
    assert queries.session(year, 99) is None


def test_drawn_small_and_running_classes_are_not_compared(year):
    assert list(queries.comparable_sessions(year)["id"]) == [1, 2]
    assert list(queries.comparable_sessions(year, since=START_AT + 1)["id"]) == [2]
    assert list(queries.comparable_sessions(year, until=START_AT + 1)["id"]) == [1]
    assert queries.comparable_sessions(year, course="Tutoring").empty
    assert min(queries.comparable_sessions(year)["students"]) >= FEWEST_STUDENTS


def test_minutes_of_several_classes_stand_side_by_side(year):
    minutes = queries.class_minutes(year, [1, 2])
    assert list(minutes["session_id"]) == [1, 1, 2, 2]
    assert minutes["at_ms"].iloc[0] == START_MS // 60_000 * 60_000
    assert list(minutes["moments"]) == [2, 1, 1, 2]
    assert list(minutes["seen"]) == [2.0] * 4
    assert list(minutes["present"]) == [6.0, 6.0, 8.0, 8.0]
    assert minutes["sad"].iloc[0] == pytest.approx(0.31)
    assert minutes["valence"].iloc[0] == pytest.approx(0.5)


def test_minutes_of_students_abstain_where_nothing_was_read(year):
    minutes = queries.student_minutes(year, 1)
    assert sorted(set(minutes["student"])) == [1, 2, 3, 4, 5, 6]
    unread = queries.student_minutes(year, 1, 3)
    assert np.isnan(unread[list(EMOTIONS)].to_numpy()).all()
    assert list(unread["camera_off"]) == [1.0, 1.0]
    assert list(queries.student_minutes(year, 1, 2)["sad"]) == [0.6, 0.6]


def test_a_session_that_does_not_exist_has_nothing_to_tell(year):
    assert queries.students(year, 99) == []
    assert queries.flags(year, 99) == queries.markers(year, 99) == queries.gaps(year, 99) == []
    assert queries.class_minutes(year, [99]).empty
    assert queries.student_minutes(year, 99).empty


def test_a_tick_is_told_of_new_moments_and_of_a_new_session_from_the_start(year):
    newest = START_MS + 40_060_000
    assert queries.live_news(year, None, 0, 0).moments[:, 0].tolist() == [newest - 60_000, newest - 30_000, newest]
    assert queries.live_news(year, 5, newest - 30_000, 0).moments[:, 0].tolist() == [newest]
    assert len(queries.live_news(year, 4, newest, newest - 30_000).moments) == 1
