"""The cards that say who may need a look: what stands on them, in which order, and when they are there at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.live.glance import clock_time
from dashboard.live.prompts import LINGER_S, SNOOZE_S, kind_words, prompt_parts, sure_words
from db.queries import FlagView

NOW = 1_800_000_000.0

FLAG = FlagView(
    id=7,
    student=3,
    kind="looking_away",
    reason="Head turned away since 10:31 (52 of 60 readings).",
    started_at=NOW - 130,
    ended_at=None,
    readings=52,
    readings_of=60,
    confidence=0.82,
    alternatives="taking notes",
    dismissed_at=None,
    dismissal=None,
    note=None,
)


def shown(*flags: FlagView, now: float = NOW) -> list[int]:
    return prompt_parts(flags, {}, now)["prompts"]


def test_a_card_says_who_what_since_when_on_what_how_sure_and_what_else() -> None:
    parts = prompt_parts([FLAG], {3: "Maya"}, NOW)
    assert parts["count-7"] == "52 of 60 readings"
    assert parts["flag-7"] == [
        3,
        "Maya",
        "Looks away",
        "Head turned away since 10:31.",
        round((NOW - 130) * 1000),
        clock_time(NOW - 130)[:5],
        "quite sure",
        "taking notes",
        0,
    ]


def test_who_has_no_name_is_told_by_number_and_the_class_as_such() -> None:
    parts = prompt_parts([FLAG, replace(FLAG, id=8, student=None, kind="class_mood")], {3: None}, NOW)
    assert parts["flag-7"][1] == "Student 3"
    assert parts["flag-8"][1:3] == ["The class", "The mood has fallen"]


def test_the_class_comes_first_and_then_who_was_noticed_first() -> None:
    flags = [FLAG, replace(FLAG, id=8, started_at=NOW - 60), replace(FLAG, id=9, student=None, started_at=NOW - 10)]
    assert shown(*flags) == [9, 7, 8]


def test_a_card_that_is_over_stays_for_a_minute() -> None:
    over = replace(FLAG, ended_at=NOW)
    assert prompt_parts([over], {}, NOW + LINGER_S)["flag-7"][-1] == 1
    assert shown(over, now=NOW + LINGER_S + 1) == []


@pytest.mark.parametrize("why", ["wrong", "known"])
def test_what_was_put_aside_stays_away(why: str) -> None:
    assert shown(replace(FLAG, dismissal=why, dismissed_at=NOW - 2 * SNOOZE_S)) == []


def test_what_was_put_off_comes_back_if_it_lasts() -> None:
    later = replace(FLAG, dismissal="not_now", dismissed_at=NOW)
    assert shown(later, now=NOW + SNOOZE_S - 1) == []
    assert shown(later, now=NOW + SNOOZE_S) == [7]
    assert shown(replace(later, ended_at=NOW + SNOOZE_S), now=NOW + SNOOZE_S) == []


def test_words_from_elsewhere_are_one_plain_line() -> None:
    hostile = "\u202e<img src=x>\n" + "x" * 500
    card = prompt_parts([replace(FLAG, reason=hostile, alternatives=hostile)], {3: hostile}, NOW)["flag-7"]
    assert all("\n" not in part and "\u202e" not in part and len(part) <= 200 for part in card if isinstance(part, str))


def test_unknown_kinds_are_told_by_their_own_name() -> None:
    assert kind_words("raised_hand") == "Raised hand"


@pytest.mark.parametrize(("confidence", "words"), [(1.0, "quite sure"), (0.6, "fairly sure"), (0.0, "not very sure")])
def test_how_sure(confidence: float, words: str) -> None:
    assert sure_words(confidence) == words
