"""Scores random lessons against their scripts: python -m benchmarks.lessons [--json] [--lessons N] [--first SEED].

Rule lessons are played without pixels; one pixel lesson goes the whole way from drawn frames. ``--json`` prints one
object with the figures on the last line. Simulated figures are never those of real classes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

from benchmarks.lessons.rules import RuleScore, rule_lesson
from config import Settings
from domain import Attention, Box, Face, Quality
from inference.attention import TurnScale, attention_of

LESSONS, MINUTES, PIXEL_MINUTES = 40, 45.0, 10.0
FIRST_SEED = 1
"""Seeds from here on are reported; the rules' numbers were chosen on seeds from 1001 on."""
WORKERS = 2
"""Processes side by side: a teacher's laptop has at least two cores."""
FACES, REPEATS = 25, 40


def play(first: int, lessons: int, minutes: float, workers: int) -> RuleScore:
    """All rule lessons, spread over processes, and their counts added up."""
    total = RuleScore()
    seeds = range(first, first + lessons)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for score in pool.map(partial(rule_lesson, Settings(), minutes=minutes), seeds):
            total.add(score)
    return total


def attention_ms() -> float:
    """Processor milliseconds to tell where 25 heads are turned."""
    points = ((40.0, 50.0), (80.0, 52.0), (63.0, 74.0), (44.0, 92.0), (77.0, 93.0))
    face, settings = Face(0, Box(20, 10, 100, 110), 0.9, points), Settings().attention
    began_s = time.process_time()
    for _ in range(FACES * REPEATS):
        told: Attention | None = attention_of(face, Quality(100, 0.4), settings, TurnScale())
        assert told is not None
    return 1000 * (time.process_time() - began_s) / REPEATS


def rule_figures(score: RuleScore) -> dict[str, Any]:
    """What the rule lessons say, rounded for people."""
    delays = score.delays or [float("nan")]
    return {
        "flag_f1": round(score.f1, 3),
        "false_flags_per_hour": round(score.false / score.hours, 2),
        "flag_delay_s": round(statistics.fmean(delays), 2),
        "flag_delay_median_s": round(statistics.median(delays), 2),
        "flags_due": score.due,
        "flags_right": score.right,
        "flags_false": score.false,
        "missed_by_kind": score.missed_by_kind,
        "false_by_kind": score.false_by_kind,
        "flags_on_unseen": score.on_unseen,
        "prompts_per_hour": round(score.prompts / score.hours, 2),
        "prompts_right": round(score.prompts_right / max(score.prompts, 1), 3),
        "class_prompts_per_hour": round(score.class_prompts / score.hours, 2),
        "rules_ms_per_frame": round(score.ms_per_frame, 3),
        "attention_ms_per_frame": round(attention_ms(), 3),
    }


def pixel_figures(first: int) -> dict[str, Any]:
    """What the pixel lesson says of identity."""
    from benchmarks.lessons.pixels import pixel_lesson

    score = pixel_lesson(Settings(), first, PIXEL_MINUTES)
    names = ("identity_swaps_per_hour", "readings_right", "assigned_share", "cpu_ms_per_frame")
    return {name: round(getattr(score, name), 4) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object with the figures on the last line")
    parser.add_argument("--lessons", type=int, default=LESSONS, help="how many rule lessons")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the first lesson")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="length of a rule lesson")
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes side by side")
    parser.add_argument("--without-pixels", action="store_true", help="leave the pixel lesson out")
    chosen = parser.parse_args()
    figures = rule_figures(play(chosen.first, chosen.lessons, chosen.minutes, chosen.workers))
    if not chosen.without_pixels:
        figures |= pixel_figures(chosen.first)
    for name, value in figures.items():
        print(f"{name}: {value}")
    if chosen.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
