"""Steering a capture that runs: asked through the database as the pages do, of the real program in its own process."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db import commands, queries
from db.corrections import Correction
from db.engine import open_store
from tests.test_commands import Started, settings, start_command  # noqa: F401  (fixtures)


@pytest.fixture
def open_engine(settings: Path) -> Iterator[Callable[[str], Engine]]:  # noqa: F811
    """Open a database beside the settings by its file's name."""
    opened: list[Engine] = []

    def open_(name: str) -> Engine:
        opened.append(open_store(f"sqlite:///{settings.with_name(name)}", write=True))
        return opened[-1]

    yield open_
    for engine in opened:
        engine.dispose()


def answered(engine: Engine, running: Started, number: int) -> str | None:
    """Wait for the answer to a command; why it could not be done, or None."""
    while running.process.poll() is None:
        at, error = commands.answer(engine, number)
        if at is not None:
            return error
    pytest.fail("the program ended without an answer")


def test_a_class_is_paused_corrected_and_ended_from_the_pages(start_command, open_engine) -> None:  # noqa: F811
    running = start_command("demo", "--no-browser", DISPLAY="", WAYLAND_DISPLAY="")
    running.wait_for("Watching the class")
    engine = open_engine("demo.sqlite")

    def ask(kind: commands.Kind, **payload: object) -> str | None:
        return answered(engine, running, commands.ask(engine, kind, payload, time.time()))

    assert ask("mode", mode="exercise") is None
    commands.ask(engine, "pause", {}, time.time())
    running.wait_for("Paused by you")
    while (status := queries.capture_status(engine)) is None or status.state != "paused":
        assert running.process.poll() is None
    assert status.mode == "exercise"
    before = queries.session_span(engine, 1)
    first = queries.students(engine, 1)[0].number
    number = commands.correct_or_ask(engine, 1, Correction("rename", first, name="Quite Another"), time.time())
    assert number is not None, "the class runs, so the capture is asked"
    assert answered(engine, running, number) is None
    assert "no student 99" in (ask("merge", student=99, target=first) or "")
    assert queries.session_span(engine, 1) == before, "nothing is read in a pause"
    commands.ask(engine, "resume", {}, time.time())
    running.wait_for("Watching the class")
    while queries.session_span(engine, 1) == before:
        assert running.process.poll() is None
    assert queries.students(engine, 1)[0].name == "Quite Another"
    commands.ask(engine, "end", {}, time.time())
    running.wait_for("You have ended the class")
    assert "session 1 to be running" in (
        answered(engine, running, commands.ask(engine, "undo", {"correction": 1}, time.time(), session_id=1)) or ""
    )
    assert running.stop(signal.SIGTERM) == 0
    ended = queries.session(engine, 1)
    assert ended is not None
    assert ended.end_reason == "ended"
    assert {gap.reason for gap in queries.gaps(engine, 1)} == {"person"}
    assert list(queries.sessions(engine)["id"]) == [1], "the gallery of an ended class starts no other one"
    assert [marker.text for marker in queries.markers(engine, 1)] == ["exercise"]


def test_another_part_of_the_screen_is_read_when_it_is_asked_for(start_command, open_engine, display: str) -> None:  # noqa: F811
    running = start_command("run", "--no-browser", DISPLAY=display, WAYLAND_DISPLAY="")
    running.wait_for("Waiting for")
    engine = open_engine("class.sqlite")

    def ask(kind: commands.Kind, **payload: object) -> str | None:
        return answered(engine, running, commands.ask(engine, kind, payload, time.time()))

    assert ask("region", region=[0, 0, 640, 360]) is None
    assert ask("monitor", monitor=1) is None
    assert "expected capture.monitor" in (ask("monitor", monitor=9) or "")
    assert "monitor" in (ask("monitor", monitor=99) or "")
    assert "expected left < right" in (ask("region", region=[5, 5, 5, 5]) or "")
    assert ask("region", region=None) is None
    assert running.stop(signal.SIGINT) == 0
