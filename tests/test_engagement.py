"""What a student, a state and a flag are: read from top to bottom, the specification of `inference.engagement`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from config import Settings
from domain import EMOTIONS, Attention, CameraState, Emotion, EmotionScores, Flag, Observation, Quality
from inference.engagement import Engagement
from inference.engagement.rerun import compared, flags_of, mode_at, timeline
from inference.engagement.spells import SpellWatch, Terms
from inference.engagement.usual import Usual

START_AT = 1_700_000_000.0
SHARP = Quality(110, 0.5)


def looks(emotion: Emotion, share: float = 0.8) -> EmotionScores:
    rest = (1 - share) / (len(EMOTIONS) - 1)
    return EmotionScores(tuple(share if name == emotion else rest for name in EMOTIONS))


def sight(
    student: int,
    emotion: Emotion = "neutral",
    yaw: float | None = 0.0,
    camera: CameraState = "on",
    eyes_open: float | None = None,
) -> Observation:
    """A student as one frame shows them; a camera that shows no face has nothing to read."""
    if camera != "on":
        return Observation(student, START_AT, camera)
    attention = Attention(yaw, None, eyes_open, 0.8 if yaw is not None else 0.0)
    return Observation(student, START_AT, "on", None, looks(emotion), attention, SHARP)


def nobody(student: int) -> Observation:
    return sight(student, camera="no_face")


class Class:
    """Plays frames to the rules on a clock of its own, two a second unless told otherwise."""

    def __init__(self, rate_hz: float = 2.0, **engagement: Any) -> None:
        self.judge = Engagement(Settings.model_validate({"engagement": engagement}))
        self.now_s, self.step_s = 0.0, 1 / rate_hz
        self.flags: tuple[Flag, ...] = ()
        self.log: list[tuple[float, Flag]] = []

    def play(
        self, seconds: float, *seen: Observation, staff: tuple[int, ...] = (), mode: str | None = None
    ) -> tuple[Flag, ...]:
        """The same sight for some seconds; gives the flags of the last frame."""
        for _ in range(round(seconds / self.step_s)):
            self.now_s += self.step_s
            self.flags = self.judge.step(seen, self.now_s, START_AT + self.now_s, staff, mode)
            self.log += [(self.now_s, flag) for flag in self.flags]
        return self.flags

    def play_restless(self, seconds: float, student: int, yaw: float = 35.0, **more: Any) -> tuple[Flag, ...]:
        """A head that turns to one side and the other every few seconds."""
        for turn in range(round(seconds / 6)):
            self.play(6, sight(student, yaw=yaw if turn % 2 else -yaw), **more)
        return self.flags

    def wait(self, seconds: float) -> None:
        """Time in which no frame is read: sleep, a pause, a shared screen."""
        self.now_s += seconds

    def attending(self, student: int) -> bool | None:
        known = self.judge.student(student, self.now_s)
        return known.attending(self.now_s) if known else None

    @property
    def kinds(self) -> list[tuple[int | None, str]]:
        return [(flag.student, flag.kind) for flag in self.flags if flag.ended_at is None]


@pytest.fixture
def lesson() -> Class:
    """A class of one, whose usual ways are known after three minutes."""
    lesson = Class()
    lesson.play(180, sight(1))
    return lesson


# --- a student over time --------------------------------------------------------------------------------------------


def test_nothing_is_known_of_a_student_who_was_never_seen():
    assert Class().judge.student(1, 0.0) is None


def test_what_is_usual_is_the_mean_of_the_first_minutes_and_then_follows_slowly():
    usual = Usual(learn_s=60, follow_s=600)
    usual.add(1.0, 30)
    assert (usual.value, usual.known) == (1.0, False)
    usual.add(0.0, 30)
    assert (usual.value, usual.known) == (pytest.approx(0.5), True)
    for _ in range(60):
        usual.add(-1.0, 1.0, unusual=True)
    assert usual.value == pytest.approx(0.36, abs=0.01), "a minute of something else moves it by a tenth of the way"


def test_a_student_attends_while_the_head_is_turned_to_where_it_usually_is(lesson):
    assert lesson.attending(1) is True
    lesson.play(4, sight(1, yaw=35))
    assert lesson.attending(1) is False
    lesson.play(6, sight(1))
    assert lesson.attending(1) is True


def test_a_screen_beside_the_camera_is_the_usual_direction_of_a_student():
    lesson = Class()
    lesson.play(180, sight(1, yaw=30))
    assert lesson.attending(1) is True
    lesson.play(10, sight(1, yaw=-10))
    assert lesson.attending(1) is False


def test_a_direction_that_cannot_be_told_is_unknown_and_not_away(lesson):
    lesson.play(6, sight(1, yaw=None))
    assert lesson.attending(1) is None


def test_a_mood_that_is_too_old_is_none(lesson):
    assert lesson.judge.student(1, lesson.now_s).mood is not None
    assert lesson.judge.student(1, lesson.now_s + 11).mood is None


# --- a stretch ------------------------------------------------------------------------------------------------------


def stretch(pattern: str, terms: Terms | None = None, step_s: float = 1.0) -> SpellWatch:
    """A watch after readings for (+), against (-) and none (space), one a second."""
    watch = SpellWatch(terms or Terms(lasts_s=10, ends_after_s=5, forgotten_after_s=30, share=0.7))
    for place, mark in enumerate(pattern):
        if mark != " ":
            watch.add(mark == "+", 0.9, place * step_s, START_AT + place * step_s)
    return watch


def test_a_stretch_counts_once_it_has_lasted():
    assert not stretch("+" * 10).ripe
    assert stretch("+" * 11).ripe


def test_one_odd_reading_neither_begins_nor_ends_a_stretch():
    assert stretch("--+----").spell is None
    assert stretch("++++-++++-+++").ripe


def test_a_stretch_begins_where_it_began_and_not_where_it_was_noticed():
    spell = stretch("--+---+++++++++++++").spell
    assert spell is not None
    assert spell.started_at == START_AT + 6


def test_too_many_readings_against_it_are_no_stretch():
    assert not stretch("++-" * 8 + "-").ripe


def test_unseen_time_does_not_count_and_holes_of_seconds_do():
    assert not stretch("+++++" + " " * 20 + "+++++").ripe
    assert stretch("+++++   ++++").ripe


def test_what_was_out_of_sight_for_long_is_begun_anew():
    spell = stretch("+++++++" + " " * 40 + "+++").spell
    assert spell is not None
    assert spell.readings == 3


# --- away -----------------------------------------------------------------------------------------------------------


def test_an_empty_chair_is_a_flag_after_a_minute(lesson):
    assert lesson.play(60, nobody(1)) == ()
    (flag,) = lesson.play(1, nobody(1))
    assert (flag.student, flag.kind, flag.ended_at) == (1, "away", None)
    assert flag.started_at == START_AT + 180.5


@pytest.mark.parametrize("rate_hz", [0.5, 1, 4])
def test_the_rate_of_capture_does_not_matter(rate_hz):
    lesson = Class(rate_hz)
    lesson.play(180, sight(1))
    assert lesson.play(58, nobody(1)) == ()
    assert [flag.kind for flag in lesson.play(6, nobody(1))] == ["away"]


def test_a_flag_lasts_until_it_was_not_so_for_ten_seconds_and_says_since_when(lesson):
    lesson.play(90, nobody(1))
    back_at = START_AT + lesson.now_s + 0.5
    assert lesson.play(9, sight(1))[0].ended_at is None
    lesson.play(2, sight(1))
    assert lesson.flags == ()
    assert lesson.log[-1][1].ended_at == back_at


def test_a_face_that_was_never_seen_cannot_be_away():
    assert Class().play(300, nobody(1)) == ()


def test_a_face_that_is_seldom_found_is_hidden_and_not_away():
    lesson = Class()
    for _ in range(40):
        lesson.play(3, sight(1))
        lesson.play(3, nobody(1))
    assert lesson.play(120, nobody(1)) == ()


# --- looking away ---------------------------------------------------------------------------------------------------


def test_a_head_that_is_turned_away_and_moves_is_a_flag_after_a_minute(lesson):
    assert lesson.play_restless(54, 1) == ()
    assert [flag.kind for flag in lesson.play_restless(18, 1)] == ["looking_away"]


def test_a_head_that_is_turned_and_still_reads_a_second_screen(lesson):
    lesson.play(180, sight(1, yaw=35))
    assert lesson.attending(1) is False
    assert lesson.flags == ()


def test_a_glance_is_no_flag(lesson):
    for _ in range(10):
        lesson.play_restless(18, 1)
        lesson.play(20, sight(1))
    assert lesson.log == []


# --- low mood -------------------------------------------------------------------------------------------------------


def test_a_lasting_fall_below_the_usual_mood_is_a_flag(lesson):
    assert lesson.play(110, sight(1, "sad")) == ()
    assert [flag.kind for flag in lesson.play(20, sight(1, "sad"))] == ["low_mood"]


def test_before_the_usual_mood_is_known_nothing_is_low():
    assert Class().play(140, sight(1, "sad")) == ()


def test_a_stern_resting_face_is_not_low():
    lesson = Class()
    lesson.play(180, sight(1, "sad"))
    assert lesson.play(300, sight(1, "sad")) == ()


def test_neutral_is_never_a_flag():
    lesson = Class()
    lesson.play(180, sight(1, "happy"))
    assert lesson.play(300, sight(1, "neutral")) == ()


def test_when_the_whole_class_falls_it_is_the_lesson_and_is_said_of_the_class():
    lesson = Class()
    lesson.play(180, *(sight(student) for student in range(1, 8)))
    lesson.play(150, *(sight(student, "sad") for student in range(1, 8)))
    assert lesson.kinds == [(None, "class_mood")]
    assert "The mood fell for most of the class since" in lesson.flags[0].reason


# --- eyes closed ----------------------------------------------------------------------------------------------------


def closed(student: int) -> Observation:
    return sight(student, eyes_open=0.1)


def test_closed_eyes_are_no_flag_as_long_as_nothing_measures_them(lesson):
    assert lesson.play(120, closed(1)) == ()


def test_closed_eyes_are_a_flag_where_that_is_switched_on():
    lesson = Class(eyes_closed=True)
    lesson.play(30, sight(1, eyes_open=0.9))
    assert [flag.kind for flag in lesson.play(65, closed(1))] == ["eyes_closed"]


# --- who is never flagged -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("camera", ["off", "photo", "frozen", "covered", "too_small", "unknown"])
def test_without_a_live_camera_nobody_is_flagged(lesson, camera):
    lesson.play(55, nobody(1))
    assert lesson.play(120, sight(1, camera=camera)) == ()


@pytest.mark.parametrize("camera", ["off", "frozen"])
def test_a_flag_is_left_out_as_soon_as_the_camera_shows_nothing(lesson, camera):
    assert lesson.play(90, nobody(1)) != ()
    assert lesson.play(0.5, sight(1, camera=camera)) == ()


def test_who_is_on_another_page_is_not_flagged_and_the_flag_comes_back_with_the_page(lesson):
    (before,) = lesson.play(90, nobody(1))
    assert lesson.play(40) == ()
    (after,) = lesson.play(1, nobody(1))
    assert (after.started_at, after.ended_at) == (before.started_at, None)


def test_staff_is_never_flagged():
    lesson = Class()
    lesson.play(180, sight(1), staff=(1,))
    assert lesson.play(120, nobody(1), staff=(1,)) == ()


def test_a_live_camera_whose_face_was_not_looked_for_says_nothing(lesson):
    unread = Observation(1, START_AT, "on")
    assert lesson.play(300, unread) == ()


def test_a_gap_is_no_evidence(lesson):
    lesson.play(30, nobody(1))
    lesson.wait(100)
    assert lesson.play(28, nobody(1)) == ()
    assert [flag.kind for flag in lesson.play(4, nobody(1))] == ["away"]


def test_a_clock_that_goes_back_begins_anew(lesson):
    lesson.play(50, nobody(1))
    lesson.wait(-100)
    assert lesson.play(50, nobody(1)) == ()


def test_a_face_that_was_not_looked_for_is_not_a_face_that_was_found():
    lesson = Class()
    lesson.play(180, Observation(1, START_AT, "on", quality=Quality(0, 0.0, "presence_only")))
    assert lesson.play(120, nobody(1)) == ()


def test_who_turns_out_to_be_another_is_judged_as_that_one(lesson):
    lesson.play(50, nobody(1))
    lesson.judge.join(1, 2)
    assert lesson.judge.student(1, lesson.now_s) is None
    assert [flag.student for flag in lesson.play(12, nobody(2))] == [2]


def test_a_flag_of_who_turns_out_to_be_another_ends(lesson):
    assert lesson.play(90, nobody(1)) != ()
    lesson.judge.join(1, 2)
    assert [flag.student for flag in lesson.play(1, nobody(2))] == [2]


# --- what the class does --------------------------------------------------------------------------------------------


def test_in_a_break_nothing_is_flagged(lesson):
    assert lesson.play(300, nobody(1), mode="break") == ()


def test_in_an_exercise_heads_may_be_anywhere_and_chairs_may_not_be_empty(lesson):
    assert lesson.play_restless(120, 1, mode="exercise") == ()
    assert [flag.kind for flag in lesson.play(65, nobody(1), mode="exercise")] == ["away"]


def test_time_in_a_break_is_no_evidence_afterwards(lesson):
    lesson.play(300, nobody(1), mode="break")
    assert lesson.play(55, nobody(1)) == ()


def test_a_mode_nobody_knows_is_an_error():
    with pytest.raises(KeyError):
        Class().play(1, sight(1), mode="party")


# --- few prompts ----------------------------------------------------------------------------------------------------


def crowd(*away: int, of: int = 5) -> tuple[Observation, ...]:
    return tuple(nobody(student) if student in away else sight(student) for student in range(1, of + 1))


def test_two_prompts_in_ten_minutes_those_that_have_lasted_longest_first():
    lesson = Class()
    lesson.play(180, *crowd())
    lesson.play(5, *crowd(4))
    lesson.play(5, *crowd(4, 2))
    lesson.play(200, *crowd(4, 2, 5, 1))
    assert sorted(lesson.kinds) == [(2, "away"), (4, "away")]
    lesson.play(600, *crowd(4, 2, 5, 1))
    assert len(lesson.kinds) == 3, "three at once and no more"


def test_after_a_flag_the_same_student_is_left_in_peace():
    lesson = Class(prompts=10)
    lesson.play(180, sight(1))
    assert lesson.play(90, nobody(1)) != ()
    lesson.play(30, sight(1))
    assert lesson.play(200, nobody(1)) == ()
    assert lesson.play(100, nobody(1)) != ()


def test_nothing_new_is_said_of_what_is_just_not_so():
    lesson = Class(prompts=1, prompts_in_s=60)
    lesson.play(180, *crowd(of=2))
    lesson.play(119.5, *crowd(1, 2, of=2))
    assert len(lesson.kinds) == 1
    lesson.play(8, *crowd(of=2))
    assert len({flag.student for _, flag in lesson.log}) == 1


# --- a flag explains itself -----------------------------------------------------------------------------------------


def test_a_flag_says_what_since_when_in_how_many_readings_how_sure_and_what_else_it_could_be(lesson):
    (flag,) = lesson.play(61, nobody(1))
    assert flag.reason.startswith("Camera on, nobody in the picture since ")
    assert flag.reason.endswith(f"({flag.readings} of {flag.readings_of} readings).")
    assert 0.9 <= flag.confidence <= 1.0
    assert "covered lens" in flag.alternatives


def test_its_numbers_are_said_anew_every_ten_seconds_and_not_with_every_frame(lesson):
    lesson.play(121, nobody(1))
    assert 6 <= len({flag.readings for _, flag in lesson.log}) <= 8


# --- the class ------------------------------------------------------------------------------------------------------


def test_that_fewer_look_at_the_screen_than_in_the_first_half_is_said_once():
    lesson = Class(looking_away=False, class_attention_after_s=600)
    lesson.play(400, *(sight(student) for student in range(1, 7)))
    lesson.play(500, *(sight(student, yaw=36 if student <= 2 else 0) for student in range(1, 7)))
    said = {flag.started_at for _, flag in lesson.log if flag.kind == "class_attention"}
    assert len(said) == 1


def test_of_four_students_nothing_is_said_as_of_a_class():
    lesson = Class()
    lesson.play(180, *(sight(student) for student in range(1, 5)))
    lesson.play(200, *(sight(student, "sad") for student in range(1, 5)))
    assert all(flag.student is not None for _, flag in lesson.log)


# --- the same readings again ----------------------------------------------------------------------------------------


def recorded(seconds: float = 300.0) -> Iterator[tuple[float, list[Observation]]]:
    """A student who is there for three minutes, and then is not."""
    for index in range(round(seconds * 2)):
        yield START_AT + index / 2, [sight(1) if index < 360 else nobody(1)]


def test_rules_can_be_applied_to_recorded_readings():
    (flag,) = flags_of(Settings(), recorded(), (), [])
    assert (flag.kind, flag.started_at) == ("away", START_AT + 180)
    assert flags_of(Settings(), recorded(), (), [(START_AT, "break")]) == []
    stricter = Settings.model_validate({"engagement": {"away_s": 200.0}})
    found = compared([flag], flags_of(stricter, recorded(), (), []))
    assert (found.kept, found.gone, found.new) == ((), (flag,), ())


def test_the_same_flag_is_one_of_the_same_student_and_kind_that_overlaps():
    before = Flag(1, "away", "", 100.0, 200.0)
    same, other = Flag(1, "away", "", 150.0, 260.0), Flag(2, "away", "", 150.0, 260.0)
    found = compared([before], [other, same])
    assert (found.kept, found.gone, found.new) == (((before, same),), (), (other,))


def test_the_mode_is_the_one_that_was_said_last():
    modes = [(100.0, "break"), (200.0, None)]
    assert [mode_at(modes, at) for at in (50, 100, 150, 250)] == [None, "break", "break", None]


def test_the_time_line_says_how_far_a_flag_was():
    lines = list(timeline(Settings(), recorded(), (), [], 1, [(START_AT + 200, START_AT + 300)], 20.0))
    assert len(lines) == 5
    assert "away 20 s, 41 of 41 readings, so far" in lines[0]
    assert lines[-1].endswith("flagged")
