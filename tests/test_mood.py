"""A mood is an average over seconds, not over frames, and ends when nothing was read for ten seconds."""

from __future__ import annotations

import pytest

from domain import EMOTIONS, Emotion, EmotionScores
from inference.mood import VALENCE, Mood, valence


def only(emotion: Emotion) -> EmotionScores:
    return EmotionScores(tuple(float(name == emotion) for name in EMOTIONS))


def share(mood: Mood, emotion: Emotion, now_s: float) -> float:
    scores = mood.scores(now_s)
    assert scores is not None
    return scores.as_dict()[emotion]


def test_before_the_first_reading_there_is_no_mood():
    assert Mood(4).scores(0) is None


def test_the_first_reading_is_the_mood():
    mood = Mood(4)
    mood.add(only("happy"), 0)
    assert mood.scores(0) == only("happy")


def test_after_the_smoothing_time_two_thirds_are_new():
    mood = Mood(4)
    mood.add(only("happy"), 0)
    mood.add(only("sad"), 4)
    assert share(mood, "sad", 4) == pytest.approx(0.632, abs=0.001)


@pytest.mark.parametrize("rate_hz", [0.5, 2, 10])
def test_the_rate_of_capture_does_not_matter(rate_hz):
    mood = Mood(4)
    mood.add(only("happy"), 0)
    for frame in range(1, int(8 * rate_hz) + 1):
        mood.add(only("sad"), frame / rate_hz)
    assert share(mood, "happy", 8) == pytest.approx(0.135, abs=0.001)


def test_without_smoothing_the_newest_reading_counts():
    mood = Mood(0)
    mood.add(only("happy"), 0)
    mood.add(only("sad"), 0.5)
    assert mood.scores(0.5) == only("sad")


def test_a_mood_lasts_ten_seconds_and_then_starts_anew():
    mood = Mood(60)
    mood.add(only("happy"), 0)
    assert mood.scores(10) is not None
    assert mood.scores(10.1) is None
    mood.add(only("sad"), 11)
    assert mood.scores(11) == only("sad")


def test_a_clock_that_jumps_back_starts_anew():
    mood = Mood(4)
    mood.add(only("happy"), 100)
    mood.add(only("sad"), 50)
    assert mood.scores(50) == only("sad")


def test_valence_is_that_of_the_emotions_by_their_shares():
    assert valence(only("happy")) == VALENCE["happy"] > 0
    assert valence(only("neutral")) == 0
    half = EmotionScores((0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0))
    assert valence(half) == pytest.approx((VALENCE["happy"] + VALENCE["sad"]) / 2)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_valence_stays_on_its_scale(emotion):
    assert -1 <= valence(only(emotion)) <= 1
