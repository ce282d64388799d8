"""`explain` and `rerun`: a recorded class judged again, and the record left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

import cli
from config import CONFIG_VARIABLE, Settings
from db import queries
from db.engine import open_store
from db.writer import Writer
from domain import Attention, Coverage, EmotionScores, Moment, Observation, Quality, StudentState
from inference.engagement import Engagement

START_AT = 1_760_000_000.0
NEUTRAL = EmotionScores((0.02, 0.02, 0.02, 0.04, 0.05, 0.05, 0.8))
GONE_S, LASTS_S = 200, 300


def observations(second: float) -> tuple[Observation, ...]:
    """Ada is there for 200 seconds and then is not; the teacher's chair is empty from then on too."""
    at = START_AT + second
    there = Observation(1, at, "on", None, NEUTRAL, Attention(3.0, None, None, 0.8), Quality(100, 0.5))
    if second < GONE_S:
        return there, Observation(2, at, "on", None, NEUTRAL, None, Quality(100, 0.5))
    return Observation(1, at, "no_face"), Observation(2, at, "no_face")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A session of five minutes as the live path would have written it, with the rules of its day."""
    url = f"sqlite:///{(tmp_path / 'class.sqlite').as_posix()}"
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"database:\n  url: {url}\n", "utf-8")
    monkeypatch.setenv(CONFIG_VARIABLE, str(settings))
    engagement = Engagement(Settings())
    states = (StudentState(1, "Ada <b>", 0, "on"), StudentState(2, "Teacher", 1, "on", staff=True))
    with Writer(open_store(url, write=True)) as writer:
        writer.start_session("screen", "Maths", False, START_AT)
        for frame in range(LASTS_S * 2):
            at, seen = START_AT + frame / 2, observations(frame / 2)
            flags = engagement.step(seen, at, at, {2})
            writer.write(Moment(at, (), seen, states, flags, Coverage(1, 1)))
        writer.end_session(START_AT + LASTS_S, "stopped")
    return open_store(url, write=False)


def type_words(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words))


def test_stored_readings_are_what_was_seen(store: Engine) -> None:
    frames = list(queries.stored_frames(store, 1))
    assert len(frames) == LASTS_S * 2
    at, (ada, _) = frames[0]
    assert (at, ada.camera, ada.attention) == (START_AT, "on", Attention(3, None, None, 0.8))
    assert ada.emotions is not None
    assert ada.emotions.leading == "neutral"
    assert frames[-1][1][0] == Observation(1, START_AT + LASTS_S - 0.5, "no_face")


def test_the_same_rules_give_the_same_flags(store: Engine) -> None:
    said = type_words("rerun", "1")
    assert said.exit_code == 0
    assert "As before: 1\n  Ada <b>, away: Camera on, nobody in the picture since" in said.stdout
    assert "No longer: 0\nNew: 0" in said.stdout


def test_other_rules_give_others_and_the_record_stays(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = queries.flags(store, 1)
    settings = tmp_path / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + "engagement:\n  away_s: 200.0\n", "utf-8")
    said = type_words("rerun", "1")
    assert "As before: 0\nNo longer: 1\n" in said.stdout
    assert queries.flags(store, 1) == before


def test_the_mode_of_the_class_is_taken_from_its_markers(tmp_path: Path, store: Engine) -> None:
    url = str(store.url)
    with Writer(open_store(url, write=True)) as writer:
        writer.start_session("screen", "", False, START_AT)
        writer.set_mode("break", START_AT + 1)
        writer.set_mode(None, START_AT + 2)
    assert queries.stored_modes(store, 2) == [(START_AT + 1, "break"), (START_AT + 2, None)]


@pytest.mark.parametrize("student", ["1", "ada"])
def test_explain_tells_what_led_to_a_flag(store: Engine, student: str) -> None:
    said = type_words("explain", "1", student, "--every", "20")
    assert said.exit_code == 0
    lines = said.stdout.splitlines()
    assert lines[0] == "Session 1, Ada <b>"
    assert "It could also be: bent down" in lines[1]
    assert "looks neutral" in lines[2]
    assert any(line.endswith("so far") for line in lines)
    assert lines[-1].endswith("flagged")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rerun", "7"), "expected session 7, found none"),
        (("explain", "7", "1"), "expected session 7, found none"),
        (("explain", "1", "nobody"), "expected one student with 'nobody'"),
    ],
)
def test_what_is_not_there_is_named(store: Engine, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in str(type_words(*words).exception)
