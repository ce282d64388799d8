"""What the live page is told: words, situations, tiles, and only what is new."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from config import Settings
from dashboard import components
from dashboard.live import glance
from dashboard.live.chart import drawing
from dashboard.live.feed import whats_new
from dashboard.live.news import KEPT, News
from dashboard.live.recent import Feed
from dashboard.live.tiles import mosaic
from db import queries
from db.engine import open_store
from db.writer import Writer
from domain import EMOTIONS, Coverage, Emotion, Quality
from tests.dashboard_store import Clock, away, moment, report, scores, write_class

NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def writer(tmp_path: Path, clock: Clock) -> Iterator[Writer]:
    engine = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=True)
    with Writer(engine, clock) as writer:
        yield writer
    engine.dispose()


@pytest.fixture
def feed(tmp_path: Path, clock: Clock, writer: Writer) -> Iterator[Feed]:
    engine = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=False)
    yield Feed(engine, Settings(), clock)
    engine.dispose()


def parts(feed: Feed) -> dict:
    return whats_new(feed, News(), None, None)["set"]


def even(**more: float) -> dict[Emotion, float]:
    rest = (1 - sum(more.values())) / (len(EMOTIONS) - len(more))
    return {emotion: more.get(emotion, rest) for emotion in EMOTIONS}


@pytest.mark.parametrize(
    ("valence", "shares", "word"),
    [
        (0.5, even(happy=0.7), "Cheerful"),
        (0.2, even(happy=0.4), "Pleasant"),
        (0.0, even(neutral=0.8), "Calm"),
        (0.0, even(happy=0.4, sad=0.4), "Mixed"),
        (-0.3, even(sad=0.7), "Subdued"),
        (-0.3, even(angry=0.4, fear=0.3), "Tense"),
    ],
)
def test_a_word_for_how_the_class_looks(valence: float, shares: dict[Emotion, float], word: str) -> None:
    assert glance.class_mood(valence, shares, Coverage(20, 25)).word == word


def test_no_word_without_readings_or_for_a_few_of_many() -> None:
    assert glance.class_mood(None, None, Coverage(0, 25)).tone == "none"
    assert glance.class_mood(0.5, even(happy=0.9), Coverage(5, 25)).tone == "none"
    assert glance.class_mood(0.5, even(happy=0.9), Coverage(1, 1)).tone == "good"


@pytest.mark.parametrize(
    ("recent", "before", "going"),
    [(0.3, 0.1, "up"), (0.1, 0.3, "down"), (0.12, 0.1, "steady"), (None, 0.1, None), (0.1, None, None)],
)
def test_the_trend_needs_both_sides(recent: float | None, before: float | None, going: str | None) -> None:
    assert glance.trend(recent, before) == going


def test_before_the_first_capture_the_page_says_how_to_start(feed: Feed, writer: Writer) -> None:
    report(writer, "stopped")
    situation = parts(feed)["situation"]
    assert situation["empty"]
    assert situation["command"] == "python3 classmood.py run"


def test_waiting_tells_what_for(feed: Feed, writer: Writer) -> None:
    report(writer, "waiting", "Open Zoom's gallery view.")
    situation = parts(feed)["situation"]
    assert (situation["kind"], situation["text"], situation["empty"]) == ("waiting", "Open Zoom's gallery view.", True)


def test_a_running_class(feed: Feed, writer: Writer) -> None:
    write_class(writer, NOW - 200, NOW, 12, unread={3: "off", 5: "no_face"}, elsewhere=2)
    report(writer)
    told = parts(feed)
    assert told["situation"]["current"]
    assert told["seen"] == [10, 14]
    assert sorted(told["counts"]) == ["1 camera off", "1 without a face", "2 not on this page"]
    assert told["mood"][0] == "The class looks"
    assert told["mood"][4] in ("up", "down", "steady")
    assert sum(told["shares"]) == pytest.approx(100, abs=4)
    assert told["student-4"][1:5] == ["Student 4", "off", "Camera off", None]
    assert told["student-1"][4] % 10 == 0
    since = glance.clock_time(NOW - 200)[:5]
    assert told["session"] == {"id": 1, "title": "Biology 9b", "simulated": True, "since": since}
    assert told["steer"] == [1, 1, None]
    assert told["health"]["level"] == "quiet"
    assert told["health"]["read"] == NOW * 1000


def test_old_numbers_are_never_shown_as_present(feed: Feed, writer: Writer, clock: Clock) -> None:
    write_class(writer, NOW - 200, NOW)
    report(writer)
    clock.now += 60
    told = parts(feed)
    assert told["situation"]["kind"] == "lost"
    assert told["situation"]["level"] == "bad"
    assert told["mood"][1] == "Not running"
    assert told["seen"] is None
    assert "health" not in told


def test_a_pause_is_no_mood(feed: Feed, writer: Writer) -> None:
    write_class(writer, NOW - 100, NOW - 5)
    writer.pause(NOW - 5)
    report(writer, "paused", "No gallery in sight.")
    told = parts(feed)
    assert told["situation"]["text"] == "No gallery in sight."
    assert told["mood"][1] == "Paused"
    assert not any(name.startswith("student-") for name in told)


def test_a_pause_by_the_teacher_is_named_once_and_has_no_prompts(feed: Feed, writer: Writer) -> None:
    write_class(writer, NOW - 100, NOW - 5, flags=(away(2, NOW - 60),))
    report(writer)
    assert len(parts(feed)["prompts"]) == 1
    writer.pause(NOW - 5, "person")
    report(writer, "paused", "Paused by you: nothing is read until you resume.")
    told = parts(feed)
    assert told["situation"]["title"] == "Paused by you"
    assert told["situation"]["text"] == "nothing is read until you resume."
    assert told["looking"] is None
    assert "prompts" not in told


@pytest.mark.parametrize(("judged", "looking"), [(True, [8, 12]), (False, None)])
def test_who_looks_towards_the_screen_is_told_where_enough_can_be_judged(
    feed: Feed, writer: Writer, judged: bool, looking: list[int] | None
) -> None:
    write_class(writer, NOW - 5, NOW - 1)
    present = moment(NOW, [scores("happy")] * 12)
    if not judged:
        present = replace(present, states=tuple(replace(state, attending=None) for state in present.states))
    writer.write(present)
    report(writer)
    assert json.loads(json.dumps(parts(feed)["looking"])) == looking


def test_a_finished_class_stays_on_the_page(feed: Feed, writer: Writer) -> None:
    write_class(writer, NOW - 100, NOW)
    writer.end_session(NOW, "stopped")
    report(writer, "stopped")
    told = parts(feed)
    assert not told["situation"]["empty"]
    assert told["situation"]["title"] == f"The class ended at {glance.clock_time(NOW)[:5]}"
    figure, drawn = drawing(feed, "all", "light")
    assert drawn["session"] == 1
    assert len(figure.data[0].x) > 10


def test_cameras_off_is_no_reading(feed: Feed, writer: Writer) -> None:
    write_class(writer, NOW - 20, NOW, 4, unread=dict.fromkeys(range(4), "off"))
    report(writer)
    told = parts(feed)
    assert told["mood"][1] == "No reading"
    assert told["shares"] is None
    assert told["seen"] == [0, 4]


def test_presence_only_shows_no_emotion_even_if_the_store_has_some(feed: Feed, writer: Writer) -> None:
    write_class(writer, NOW - 20, NOW, 4, unread={1: "off"})
    report(writer)
    settings = Settings.model_validate({"privacy": {"mode": "presence_only"}})
    told = parts(Feed(feed.engine, settings, feed.clock))
    assert told["mood"][:2] == ["In class", "4"]
    assert "shares" not in told
    assert told["student-1"][2:5] == ["on", "Camera on", None]
    assert told["counts"] == ["3 cameras on", "1 camera off"]


def test_whose_face_is_not_looked_for_is_told_from_whom_nothing_was_read_yet(feed: Feed, writer: Writer) -> None:
    writer.start_session("screen", "Biology 9b", False, NOW - 20)
    shown = moment(NOW, [scores("happy"), None, None], ["Ada", "Bo", "Cy"])
    ada, bo, cy = shown.observations
    masked = replace(bo, quality=Quality(None, None, "no_consent"))
    writer.write(replace(shown, observations=(ada, masked, cy), coverage=Coverage(1, 3, 1)))
    report(writer)
    told = parts(feed)
    assert [told[f"student-{number}"][2:4] for number in (2, 3)] == [["on", "No consent"], ["on", "Not read yet"]]


@pytest.mark.parametrize(
    ("numbers", "part"),
    [
        ({"fps": 0.5}, "0.5 of 2 frames"),
        ({"cpu_percent": 96.0}, "one core busy"),
        ({"error": "The disk is full."}, "disk"),
    ],
)
def test_trouble_is_told_with_its_fix(feed: Feed, writer: Writer, numbers: dict, part: str) -> None:
    write_class(writer, NOW - 5, NOW)
    report(writer, **numbers)
    health = parts(feed)["health"]
    assert health["level"] == "warn"
    assert part in health["trouble"]


def test_a_broken_store_is_one_line_on_the_page(feed: Feed, writer: Writer, tmp_path: Path) -> None:
    writer.close()
    feed.engine.dispose()
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / "class.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    told = parts(feed)
    assert told["situation"]["kind"] == "store"
    assert "\n" not in told["situation"]["text"]
    assert drawing(feed, "15", "light")[1]["session"] is None


def test_a_class_that_cannot_be_written_down_says_why(feed: Feed, writer: Writer, clock: Clock, tmp_path: Path) -> None:
    write_class(writer, NOW - 20, NOW)
    report(writer)
    clock.now += 60
    assert parts(feed)["situation"]["kind"] == "lost", "nothing hinders a capture that is silent: it hangs"
    with closing(sqlite3.connect(tmp_path / "class.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = parts(feed)
        assert told["situation"]["kind"] == "unwritten"
        assert "locked by another program" in told["situation"]["text"]
        assert "health" not in told
        assert told["mood"][1] == "Not running"
    report(writer)
    assert parts(feed)["situation"]["current"]


def test_a_full_disk_is_told_of_a_capture_that_is_there_and_silent(
    feed: Feed, writer: Writer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_class(writer, NOW - 20, NOW)
    report(writer)
    clock.now += 60
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    assert "the disk is full" in parts(feed)["situation"]["text"]
    writer.close()
    assert parts(feed)["situation"]["kind"] == "lost", "and of one that is gone it is not"


def test_a_tick_asks_the_store_only_for_what_is_new(
    feed: Feed, writer: Writer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, live_news = [], queries.live_news

    def noted(engine, session, after_ms, oldest_ms, commands):
        told = live_news(engine, session, after_ms, oldest_ms, commands)
        asked.append((session, len(told.moments)))
        return told

    monkeypatch.setattr(queries, "live_news", noted)
    write_class(writer, NOW - 60, NOW)
    report(writer)
    first = parts(feed)
    clock.now += 1
    writer.write(moment(clock.now, [scores("happy")] * 12))
    report(writer)
    second = parts(feed)
    assert asked == [(None, 61), (1, 1)]
    assert second["seen"] == [12, 12]
    assert first["shares"] != second["shares"]
    fresh = parts(Feed(feed.engine, feed.settings, feed.clock))
    assert fresh == second, "what is kept and what is asked anew tell the same"


def test_a_clock_that_was_set_back_does_not_blind_the_page(feed: Feed, writer: Writer, clock: Clock) -> None:
    write_class(writer, NOW - 60, NOW)
    report(writer)
    parts(feed)
    clock.now -= 600
    writer.write(moment(clock.now, [scores("surprise")] * 12))
    report(writer)
    assert parts(feed)["student-1"][3] == "Surprised"
    assert parts(feed)["seen"] == [12, 12]


def test_only_what_changed_travels(feed: Feed, writer: Writer, clock: Clock) -> None:
    news = News()
    session = write_class(writer, NOW - 60, NOW, 27)
    report(writer)
    first = whats_new(feed, news, None, None)
    again = whats_new(feed, news, first["key"], None)
    assert set(again) == {"key", "now"}
    clock.now += 1
    moods = [scores("happy")] + [scores("neutral")] * 26
    writer.write(moment(clock.now, moods))
    report(writer)
    later = whats_new(feed, news, first["key"], None)
    assert later["set"]["student-1"][3] == "Happy"
    assert len(json.dumps(first)) < 5000
    assert session == 1


def test_an_unknown_key_gets_everything_and_a_lost_tile_is_gone() -> None:
    news = News()
    first = news.since("never-heard", {"a": 1, "b": 2})
    assert first["whole"]
    assert first["set"] == {"a": 1, "b": 2}
    second = news.since(first["key"], {"a": 1})
    assert second == {"key": second["key"], "gone": ["b"]}
    for number in range(KEPT):
        news.since(None, {"a": number + 10})
    assert news.since(first["key"], {"a": 1})["whole"]


def test_new_bars_follow_those_drawn(feed: Feed, writer: Writer, clock: Clock) -> None:
    write_class(writer, NOW - 120, NOW)
    report(writer)
    _, drawn = drawing(feed, "5", "light")
    assert "points" not in whats_new(feed, News(), None, drawn)
    for second in range(1, 10):
        clock.now = NOW + second
        writer.write(moment(clock.now, [scores("happy")]))
    report(writer)
    added = whats_new(feed, News(), None, drawn)["points"]
    assert added["drawn"]["after"] > drawn["after"]
    assert len(added["x"]) == len(added["stack"][0]) == len(added["valence"]) == 3
    assert None not in added["valence"]
    assert "points" not in whats_new(feed, News(), None, added["drawn"])


def test_a_pause_between_bars_stays_a_gap(feed: Feed, writer: Writer, clock: Clock) -> None:
    write_class(writer, NOW - 120, NOW)
    report(writer)
    _, drawn = drawing(feed, "5", "light")
    for second in range(40, 50):
        clock.now = NOW + second
        writer.write(moment(clock.now, [scores("happy")]))
    report(writer)
    assert None in whats_new(feed, News(), None, drawn)["points"]["valence"]


def test_a_long_sleep_or_another_session_draws_afresh(feed: Feed, writer: Writer, clock: Clock) -> None:
    write_class(writer, NOW - 120, NOW)
    report(writer)
    _, drawn = drawing(feed, "5", "light")
    clock.now = NOW + 600
    for second in range(-20, 1):
        writer.write(moment(clock.now + second, [scores("happy")]))
    report(writer)
    assert whats_new(feed, News(), None, drawn)["reload"]
    writer.end_session(clock.now, "stopped")
    write_class(writer, clock.now, clock.now + 30)
    clock.now += 30
    report(writer)
    assert whats_new(feed, News(), None, drawn)["reload"]


def test_a_whole_lesson_is_drawn_in_few_bars(feed: Feed, writer: Writer) -> None:
    write_class(writer, NOW - 3000, NOW, 2, step_s=2)
    report(writer)
    figure, drawn = drawing(feed, "all", "dark")
    assert 100 < len(figure.data[0].x) <= 242
    assert None not in figure.data[7].y
    assert drawn["bin_s"] == 15


def test_the_map_mirrors_rows_and_the_centred_last_one() -> None:
    boxes = [
        (0, 0, 0.3, 0.4),
        (0.35, 0, 0.65, 0.4),
        (0.7, 0, 1, 0.4),
        (0.175, 0.5, 0.475, 0.9),
        (0.525, 0.5, 0.825, 0.9),
    ]
    assert mosaic(boxes) == [(0, 0), (0, 2), (0, 4), (1, 1), (1, 3)]
    assert mosaic([(0, 0, 1, 1)]) == [(0, 0)]
    assert mosaic([]) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maya", "Maya"),
        (None, "Student 7"),
        ("  \u200b\u202e ", "Student 7"),
        ("\u202eevil\u2066 \n name", "evil name"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * 200, "x" * 79 + "…"),
    ],
)
def test_names_are_one_plain_line(name: str | None, shown: str) -> None:
    assert components.plain_name(name, 7) == shown
