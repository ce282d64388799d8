"""What pages ask of the capture, what people say about a session, and that every command gets an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from db import commands, queries, remarks
from db.commands import TOO_LATE
from db.corrections import Correction
from db.engine import open_store
from db.status import CaptureStatus
from db.writer import Writer
from db.writer.steering import Steering
from domain import CaptureError, Flag, StoreError
from tests.test_db_writer import START_AT, moment, student

NOW = START_AT + 100


@pytest.fixture
def engine(new_store: Callable[[], str]) -> Iterator[Engine]:
    engine = open_store(new_store(), write=True)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    """A class that runs: two students."""
    with Writer(engine, clock=lambda: NOW) as writer:
        writer.start_session("screen", "Maths", False, START_AT)
        writer.write(moment(START_AT + 1, student(1, "Ada"), student(2)))
        writer.status(CaptureStatus("watching"))
        writer.flush()
        yield writer


def test_a_command_waits_until_it_is_answered(engine, writer):
    first = commands.ask(engine, "pause", {}, NOW)
    second = commands.ask(engine, "monitor", {"monitor": 2}, NOW, session_id=1)
    assert [(one.id, one.kind, one.payload) for one in commands.pending(engine, 0)] == [
        (first, "pause", {}),
        (second, "monitor", {"monitor": 2}),
    ]
    assert commands.answer(engine, first) == (None, None)
    writer.answer(first)
    writer.answer(second, "there is no monitor 2")
    writer.flush()
    assert commands.pending(engine, 0) == []
    assert commands.answer(engine, first) == (NOW, None)
    assert commands.answer(engine, second) == (NOW, "there is no monitor 2")


def test_what_was_asked_of_a_capture_that_is_gone_is_not_obeyed_by_the_next(engine):
    asked = commands.ask(engine, "end", {}, NOW)
    with Writer(engine, clock=lambda: NOW + 3600):
        assert commands.pending(engine, 0) == []
    assert commands.answer(engine, asked) == (NOW + 3600, TOO_LATE)


def test_a_running_capture_looks_once_a_second_and_answers_all_that_was_asked(engine, writer):
    now_s, done = 0.0, []

    def refuse(payload: dict[str, object]) -> None:
        raise CaptureError(f"there is no monitor {payload['monitor']}")

    steering = Steering(writer, {"pause": done.append, "monitor": refuse}, lambda: now_s)
    asked = [
        commands.ask(engine, "pause", {}, NOW),
        commands.ask(engine, "monitor", {"monitor": 2}, NOW),
        commands.ask(engine, "rename", {"student": 2, "name": "Grace"}, NOW, session_id=1),
        commands.ask(engine, "rename", {"student": 99, "name": "Nobody"}, NOW),
        commands.ask(engine, "pause", {}, NOW, session_id=9),
    ]

    def answers() -> list[str | None]:
        writer.flush()
        return [commands.answer(engine, number)[1] for number in asked]

    steering.obey()
    said = answers()
    assert (done, said[:3]) == ([{}], [None, "there is no monitor 2", None])
    assert "no student 99" in (said[3] or "")
    assert said[4] == "expected session 9 to be running, found that it is over"
    assert [one.name for one in queries.students(engine, 1)] == ["Ada", "Grace"]
    commands.ask(engine, "pause", {}, NOW)
    steering.obey()
    assert done == [{}], "it has just looked"
    now_s = 1.0
    steering.obey()
    assert done == [{}, {}]
    writer.end_session(NOW, "ended")
    asked = [commands.ask(engine, "rename", {"student": 1, "name": "Late"}, NOW)]
    now_s = 2.0
    steering.obey()
    assert answers() == ["expected a running class, found none: ask again when it runs"]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("dance", {}),
        ("pause", {"for": 5}),
        ("mode", {"mode": "party"}),
        ("monitor", {"monitor": True}),
        ("region", {"region": [1, 2, 3]}),
        ("undo", {}),
        ("merge", {"student": 1}),
        ("merge", {"student": 1, "into": 2}),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_before_it_is_asked(engine, kind, payload):
    with pytest.raises(ValueError, match="expected"):
        commands.ask(engine, kind, payload, NOW)
    assert commands.pending(engine, 0) == []


def test_while_a_session_is_written_the_capture_is_asked_to_correct_it(engine, writer):
    asked = commands.correct_or_ask(engine, 1, Correction("rename", 2, name="Bo"), NOW)
    (command,) = commands.pending(engine, 0)
    assert command.id == asked
    assert commands.correction_of(command.kind, command.payload) == Correction("rename", 2, name="Bo")
    assert commands.undo_or_ask(engine, 1, 1, NOW) is not None
    writer.end_session(NOW, "stopped")
    writer.flush()
    assert commands.correct_or_ask(engine, 1, Correction("rename", 2, name="Bo"), NOW) is None
    assert queries.students(engine, 1)[1].name == "Bo"
    assert commands.undo_or_ask(engine, 1, 1, NOW) is None
    assert queries.students(engine, 1)[1].name is None


def test_a_mode_is_shown_and_marked_and_ends_with_its_class(engine, writer):
    writer.set_mode("exercise", START_AT + 50)
    writer.flush()
    status = queries.capture_status(engine)
    assert status is not None
    assert status.mode == "exercise"
    (marker,) = queries.markers(engine, 1)
    assert (marker.at, marker.kind, marker.text) == (START_AT + 50, "mode", "exercise")
    writer.end_session(NOW, "ended")
    writer.flush()
    status = queries.capture_status(engine)
    assert status is not None
    assert status.mode is None


def test_markers_stand_along_the_time_line_and_can_be_removed(engine, writer):
    later = remarks.mark(engine, 1, "note", "=A1 \udcff<b>", START_AT + 60, NOW)
    remarks.mark(engine, 1, "phase", "exercise 3", START_AT + 30, NOW)
    assert [(one.kind, one.text) for one in queries.markers(engine, 1)] == [
        ("phase", "exercise 3"),
        ("note", "=A1 ?<b>"),
    ]
    remarks.remove_marker(engine, later, NOW)
    remarks.remove_marker(engine, later, NOW)
    assert len(queries.markers(engine, 1)) == 1
    with pytest.raises(StoreError, match="none with number 7"):
        remarks.mark(engine, 7, "note", "", START_AT, NOW)
    with pytest.raises(ValueError, match="expected one of"):
        remarks.mark(engine, 1, "song", "", START_AT, NOW)  # type: ignore[arg-type]


def test_a_flag_keeps_what_it_rests_on_and_may_speak_of_the_class(engine, writer):
    since = Flag(None, "mood_fell", "The mood fell.", START_AT, None, 20, 24, 0.8, "A sad topic.")
    writer.write(dataclasses.replace(moment(START_AT + 5, student(1)), flags=(since,)))
    longer = dataclasses.replace(since, readings=31, readings_of=40)
    writer.write(dataclasses.replace(moment(START_AT + 6, student(1)), flags=(longer,)))
    writer.flush()
    (found,) = queries.flags(engine, 1)
    assert (found.student, found.readings, found.readings_of, found.confidence) == (None, 31, 40, 0.8)
    assert found.alternatives == "A sad topic."


def test_flags_that_were_called_wrong_give_a_rate_by_kind(engine, writer):
    flags = tuple(Flag(1, kind, "why", START_AT + at) for at, kind in ((2, "away"), (3, "away"), (4, "low_mood")))
    for later, said in ((5, flags), (6, flags[:2])):
        one = moment(START_AT + later, student(1), student(2))
        writer.write(dataclasses.replace(one, flags=said))
    writer.flush()
    first, second, third = queries.flags(engine, 1)
    assert [first.ended_at, second.ended_at, third.ended_at] == [None, None, START_AT + 6]
    remarks.dismiss(engine, first.id, "wrong", "she was there", NOW)
    remarks.dismiss(engine, second.id, "known", None, NOW)
    away, mood = remarks.flag_rates(engine)
    assert (away.kind, away.given, away.dismissed, away.wrong, away.false_rate) == ("away", 2, 2, 1, 0.5)
    assert (mood.kind, mood.dismissed, mood.false_rate) == ("low_mood", 0, 0.0)
    assert queries.flags(engine, 1)[0].note == "she was there"
    writer.end_session(NOW, "stopped")
    writer.flush()
    assert {flag.ended_at for flag in queries.flags(engine, 1)[:2]} == {NOW}
    with pytest.raises(StoreError, match="none with number 99"):
        remarks.dismiss(engine, 99, "wrong", None, NOW)
    with pytest.raises(ValueError, match="expected one of"):
        remarks.dismiss(engine, 1, "boring", None, NOW)  # type: ignore[arg-type]
