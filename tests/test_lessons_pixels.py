"""The lessons with pixels: how they are scored, and that a short one goes the whole way."""

from __future__ import annotations

from benchmarks.lessons.pixels import Ledger, pixel_lesson
from config import Settings


def test_who_keeps_the_number_is_right() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.note({0: 7, 1: 8}, {0: 1, 1: 2})
    assert (ledger.visible, ledger.assigned, ledger.right, ledger.swaps) == (6, 6, 6, 0)


def test_a_tile_without_a_number_is_visible_and_not_assigned() -> None:
    ledger = Ledger()
    ledger.note({0: 7, 1: 8}, {0: 1})
    assert (ledger.visible, ledger.assigned, ledger.right) == (2, 1, 1)


def test_a_number_that_passes_to_another_student_is_a_swap() -> None:
    ledger = Ledger()
    ledger.note({0: 7, 1: 8}, {0: 1, 1: 2})
    ledger.note({0: 8, 1: 7}, {0: 1, 1: 2})
    assert (ledger.swaps, ledger.right) == (2, 2)


def test_a_second_number_for_one_student_is_not_right() -> None:
    ledger = Ledger()
    for number in (1, 1, 1, 2):
        ledger.note({0: 7}, {0: number})
    assert (ledger.swaps, ledger.assigned, ledger.right) == (0, 4, 3)


def test_a_short_lesson_goes_from_pixels_to_students() -> None:
    score = pixel_lesson(Settings(), seed=11, minutes=0.4, students=9)
    assert score.frames >= 20
    assert score.students == 9
    assert score.identity_swaps_per_hour == 0
    assert score.readings_right == 1
    assert score.assigned_share > 0.9
    assert score.cpu_ms_per_frame > 0
