"""What a teacher does on the live page: each wish changes the store or asks the capture, and says what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from config import Settings
from dashboard.live.chart import drawing
from dashboard.live.feed import whats_new
from dashboard.live.news import News
from dashboard.live.recent import Feed
from dashboard.live.steering import TEXT_LENGTH, act
from dashboard.live.tiles import last_minute
from db import commands, queries
from db.engine import open_store
from db.writer import Writer
from tests.dashboard_store import Clock, away, moment, report, scores, write_class

NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def writer(tmp_path: Path, clock: Clock) -> Iterator[Writer]:
    engine = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=True)
    with Writer(engine, clock) as writer:
        write_class(writer, NOW - 60, NOW, 4, flags=(away(2, NOW - 30),))
        report(writer)
        yield writer
    engine.dispose()


@pytest.fixture
def feed(tmp_path: Path, clock: Clock, writer: Writer) -> Iterator[Feed]:
    engine = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=False)
    yield Feed(engine, Settings(), clock)
    engine.dispose()


def wished(feed: Feed, do: str, **more: Any) -> dict[str, Any]:
    return act(feed, {"do": do, "session": 1, **more})


def told(feed: Feed, asked: tuple[int, ...] = ()) -> dict[str, Any]:
    return whats_new(feed, News(), None, None, asked)


@pytest.mark.parametrize(
    ("wish", "payload", "session"),
    [
        ({"do": "pause"}, {}, None),
        ({"do": "resume"}, {}, None),
        ({"do": "end"}, {}, 1),
        ({"do": "mode", "mode": "exercise"}, {"mode": "exercise"}, 1),
        ({"do": "mode", "mode": None}, {"mode": None}, 1),
    ],
)
def test_the_capture_is_asked_and_its_answer_is_told(
    feed: Feed, writer: Writer, wish: dict, payload: dict, session: int | None
) -> None:
    number = wished(feed, **wish)["waiting"]
    [command] = commands.pending(feed.engine, 0)
    assert (command.kind, command.payload, command.session_id) == (wish["do"], payload, session)
    assert "answers" not in told(feed, (number,))
    writer.answer(number, "expected a running class, found none")
    writer.flush()
    assert told(feed, (number,))["answers"] == [[number, "expected a running class, found none"]]


def test_a_capture_that_is_gone_is_not_asked(feed: Feed, clock: Clock) -> None:
    clock.now += 60
    assert "python3 classmood.py run" in wished(feed, "pause")["error"]
    assert commands.pending(feed.engine, 0) == []


def test_a_marker_stands_on_the_time_line_and_can_be_taken_back(feed: Feed) -> None:
    drawn = drawing(feed, "15", "light")[1]
    done = wished(feed, "mark", kind="topic", text="  Fractions\n\u202e")
    assert done["done"].startswith("Fractions · ")
    [marker] = queries.markers(feed.engine, 1)
    assert (marker.at, marker.kind, marker.text) == (NOW, "topic", "Fractions")
    assert whats_new(feed, News(), None, drawn)["reload"], "a new marker is drawn"
    assert drawing(feed, "15", "light")[0].layout.annotations[0].text == "▾ Fractions"
    assert "error" not in wished(feed, "unmark", marker=done["marker"])
    assert queries.markers(feed.engine, 1) == []


def test_a_marker_without_words_has_a_name_of_its_own(feed: Feed) -> None:
    assert wished(feed, "mark", kind="question", text="")["done"].startswith("Question")
    assert drawing(feed, "15", "light")[0].layout.annotations[0].text == "▾ Question"


def test_a_prompt_is_put_aside_with_a_reason(feed: Feed) -> None:
    [flag] = told(feed)["set"]["prompts"]
    assert "done" in wished(feed, "dismiss", flag=flag, why="known", note="x" * 500)
    [stored] = queries.flags(feed.engine, 1)
    assert stored.dismissal == "known"
    assert stored.note == "x" * (TEXT_LENGTH - 1) + "…"
    assert told(feed)["set"]["prompts"] == []


def test_a_student_of_a_running_class_is_renamed_by_the_capture(feed: Feed) -> None:
    assert "waiting" in wished(feed, "rename", student=2, name="Maya")
    [command] = commands.pending(feed.engine, 0)
    assert commands.correction_of(command.kind, command.payload).name == "Maya"


def test_a_student_of_a_finished_class_is_renamed_and_merged_at_once(feed: Feed, writer: Writer) -> None:
    writer.end_session(NOW, "ended")
    report(writer, "ended")
    assert wished(feed, "rename", student=2, name="Maya")["done"] == "Called Maya from now on."
    assert "done" in wished(feed, "merge", student=3, target=2)
    students = {student.number: student for student in queries.students(feed.engine, 1)}
    assert students[2].name == "Maya"
    assert students[2].merged == (3,)


@pytest.mark.parametrize(
    "wish",
    [
        {"do": "fly"},
        {},
        {"do": "mode", "session": 1, "mode": "party"},
        {"do": "mark", "session": 1, "kind": "mood", "text": ""},
        {"do": "mark", "session": 9, "kind": "note", "text": ""},
        {"do": "dismiss", "session": 1, "flag": 99, "why": "wrong"},
        {"do": "dismiss", "session": 1, "flag": 1, "why": "boring"},
        {"do": "rename", "session": 1, "student": 2, "name": " \u200b"},
        {"do": "merge", "session": 1, "student": 2, "target": 2},
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(feed: Feed, wish: dict) -> None:
    error = act(feed, wish)["error"]
    assert "expected" in error
    assert "\n" not in error


def test_a_store_that_cannot_be_written_is_told(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.live import steering
    from domain import StoreError

    def refused(engine: Engine) -> None:
        raise StoreError("expected a database that can be used, but it is read-only: allow writing to it")

    monkeypatch.setattr(steering, "writable", refused)
    assert "read-only" in wished(feed, "mark", kind="note", text="")["error"]


def test_the_last_minute_of_a_student_is_told_in_cells_of_five_seconds(
    feed: Feed, writer: Writer, clock: Clock
) -> None:
    for second in range(30):
        mood = scores("happy") if second < 10 else None
        writer.write(moment(NOW + second + 0.5, [mood], cameras=["on" if second < 10 else "off"]))
    writer.flush()
    clock.now = NOW + 60
    minute = last_minute(feed, 1, 1)
    assert minute["cells"] == ["happy", "happy", *["off"] * 4, *[""] * 6]
    assert minute["words"] == "Camera off 20 s · Happy 10 s"
    assert last_minute(feed, 1, 99)["words"] == "Nothing was read in the last minute."


def test_the_last_minute_has_no_emotions_where_they_are_switched_off(feed: Feed) -> None:
    settings = Settings.model_validate({"privacy": {"mode": "presence_only"}})
    minute = last_minute(Feed(feed.engine, settings, feed.clock), 1, 1)
    assert set(minute["cells"]) == {"on"}
