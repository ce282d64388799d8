"""Rule lessons: the script as it looks to somebody who sees no more than is in sight, and flags matched with it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.lessons.rules import START_AT, Raised, RuleScore, due_spells, rule_lesson, score_flags
from benchmarks.lessons.script import RATE_HZ, Track
from config import Settings
from domain import CameraState, Flag

SECONDS = 400
RULES = Settings().engagement


def frames(*spans: tuple[int, int]) -> np.ndarray:
    """True from one second to another."""
    told = np.zeros(round(SECONDS * RATE_HZ), bool)
    for start, end in spans:
        told[round(start * RATE_HZ) : round(end * RATE_HZ)] = True
    return told


def track(away: np.ndarray, in_sight: np.ndarray | None = None) -> Track:
    """A student who is away in some frames and otherwise looks neutral and ahead."""
    count = len(away)
    camera: list[CameraState] = ["no_face" if gone else "on" for gone in away]
    return Track(
        staff=False,
        face_height=100,
        present=np.ones(count, bool),
        in_sight=np.ones(count, bool) if in_sight is None else in_sight,
        camera=camera,
        away=away,
        emotion=np.full(count, 6),
        intensity=np.ones(count),
        yaw=np.zeros(count),
        restless=np.zeros(count, bool),
    )


def flag(started_s: float, raised_s: float, ended_s: float) -> Raised:
    return Raised(Flag(1, "away", "", START_AT + started_s), START_AT + raised_s, START_AT + ended_s)


def test_a_spell_is_due_when_it_was_seen_for_long_enough():
    (due,) = due_spells(1, track(frames((100, 200))), RULES)
    assert (due.began_at, due.due_at) == (START_AT + 100, START_AT + 160)
    assert due.expected


def test_time_on_another_page_does_not_count():
    (due,) = due_spells(1, track(frames((100, 250)), ~frames((120, 170))), RULES)
    assert due.due_at is not None
    assert due.due_at == pytest.approx(START_AT + 210, abs=1)
    assert due.delay_s(due.due_at + 5) == 5


@pytest.mark.parametrize(("lasts_s", "allowed", "expected"), [(40, False, False), (58, True, False), (80, True, True)])
def test_what_is_hardly_due_may_be_flagged_or_not(lasts_s, allowed, expected):
    (due,) = due_spells(1, track(frames((100, 100 + lasts_s))), RULES)
    assert (due.allowed, due.expected) == (allowed, expected)


@pytest.mark.parametrize(
    ("raised", "right", "false"),
    [
        (flag(101, 162, 205), 1, 0),
        (flag(101, 195, 205), 0, 1),  # 35 seconds late
        (flag(155, 165, 200), 0, 1),  # covers less than half
        (flag(20, 80, 90), 0, 1),  # nothing happened then
    ],
)
def test_a_flag_must_cover_half_of_its_spell_and_come_in_time(raised, right, false):
    score = RuleScore(hours=1)
    score_flags(score, list(due_spells(1, track(frames((100, 200))), RULES)), [raised])
    assert (score.due, score.right, score.false) == (1, right, false)
    assert score.f1 == pytest.approx(1.0 if right else 0.0)


def test_a_short_lesson_is_played_to_its_end():
    score = rule_lesson(Settings(), seed=1003, minutes=4)
    assert score.frames == 4 * 60 * RATE_HZ
    assert score.on_unseen == 0
    assert score.right <= score.due
