"""What the set-up page says of what the capture sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard.desk import checks, sight, steering
from dashboard.desk.sight import verdict
from db import commands
from db.engine import open_store
from db.queries import TileMap, TileView
from db.status import CaptureStatus
from db.writer import Writer
from domain import CameraState
from tests.dashboard_store import Clock, report

NOW = 1_800_000_000.0
WELL = CaptureStatus("watching", "Watching the class.", fps=2.0, heartbeat_at=NOW)


def tile(slot: int, camera: CameraState = "on", name: str | None = "Maya") -> TileView:
    return TileView(slot, (0.5 * slot, 0, 0.5 * slot + 0.5, 1), camera, slot + 1, name, False, None, None)


def test_a_readable_class_is_said_in_one_line_with_its_counts() -> None:
    told = verdict(WELL, [tile(0), tile(1, "off", None)], NOW)
    assert (told.level, told.title) == ("good", "A gallery of 2 tiles is in sight")
    assert told.sentences == ("1 camera on and 1 camera off. 1 of 2 have a name.",)


@pytest.mark.parametrize(
    ("tiles", "advice", "failing"),
    [
        ([tile(0), tile(1, "too_small")], "1 of 2 are too small to be read: enlarge Zoom's window", "size"),
        ([tile(0), tile(1, "covered")], "1 tile is covered: move other windows", "free"),
        ([tile(0, name=None), tile(1, name=None)], "let Zoom show them", "names"),
    ],
)
def test_what_hinders_is_said_with_the_remedy(tiles: list[TileView], advice: str, failing: str) -> None:
    told = verdict(WELL, tiles, NOW)
    assert told.level == "warn"
    assert any(advice in sentence for sentence in told.sentences)
    assert [key for key, fine in sight.checked(tiles, True).items() if not fine] == [failing]


def test_names_that_nobody_wants_read_are_not_missed() -> None:
    assert verdict(WELL, [tile(0, name=None)], NOW, reads_names=False).level == "good"


@pytest.mark.parametrize(
    ("status", "level", "words"),
    [
        (None, "quiet", "Nothing reads the screen now"),
        (CaptureStatus("stopped", heartbeat_at=NOW), "quiet", "Nothing reads the screen now"),
        (CaptureStatus("watching", heartbeat_at=NOW - 60), "bad", "The capture has stopped answering"),
        (
            CaptureStatus("error", error="the screen cannot be read", heartbeat_at=NOW),
            "bad",
            "The capture cannot go on",
        ),
        (CaptureStatus("waiting", "Only one tile.", heartbeat_at=NOW), "warn", "No gallery in sight"),
    ],
)
def test_every_state_without_tiles_has_its_words(status: CaptureStatus | None, level: str, words: str) -> None:
    told = verdict(status, [], NOW)
    assert (told.level, told.title) == (level, words)
    assert told.sentences
    assert sight.note(told)


def test_the_schematic_holds_places_and_names_and_no_numbers_of_a_face() -> None:
    drawn = str(sight.schematic(TileMap((tile(0, name="<b>x</b>"), tile(1, "off", None)), 3.2)))
    for part in ("50.00%", "<b>x</b>", "Student 2", "Camera off"):
        assert part in drawn


def test_what_is_not_seen_yet_is_neither_ticked_nor_missed() -> None:
    assert "Not seen yet" in str(checks.ticks({}))
    assert "Look at this" in str(checks.ticks({"size": False}))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Engine, Writer]]:
    url = f"sqlite:///{tmp_path}/class.sqlite"
    writing, reading = open_store(url, write=True), open_store(url, write=False)
    with Writer(writing, Clock(NOW)) as writer:
        yield reading, writer
    for engine in (reading, writing):
        engine.dispose()


@pytest.mark.parametrize(("error", "outcome"), [(None, "done"), ("expected monitor 0 to 1", "refused")])
def test_a_wish_is_answered_by_the_capture(store: tuple[Engine, Writer], error: str | None, outcome: str) -> None:
    engine, writer = store
    report(writer)
    assert steering.is_running(engine, NOW)
    asked = steering.ask(engine, "monitor", {"monitor": 2}, NOW)
    assert [one.payload for one in commands.pending(engine, 0)] == [{"monitor": 2}]
    assert steering.answer(engine, asked, NOW, NOW + 1).outcome == "waiting"
    assert steering.answer(engine, asked, NOW, NOW + 60).outcome == "refused"
    writer.answer(asked, error)
    writer.flush()
    heard = steering.answer(engine, asked, NOW, NOW + 2)
    assert (heard.outcome, heard.reason) == (outcome, error or "")
