"""How well students are followed, the whole way from drawn frames: gallery, labels, identity, faces, rules.

``python -m benchmarks.lessons.pixels [--seeds 11 12] [--students 25] [--minutes 10] [--labels-late 0.8] [--json]
[--without-faces]`` draws random lessons (reshuffles about every 20 seconds, three of ten cameras off, late comers,
leavers, renames, two students of one name, clients of any look that shows labels) and gives them to the program one
frame a second. Nothing is shown on a screen and nothing is written. Simulated figures are never those of real classes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

import cv2
import numpy as np

from capture.gallery import GalleryFinder
from capture.simulator.lesson import Lesson
from capture.simulator.random_lesson import Recipe, random_lesson, random_look
from capture.simulator.simulator import Simulator
from capture.simulator.truth import Truth
from config import ROOT, Settings
from domain import Frame, Moment
from inference.pipeline import Pipeline

WINDOWS = ((1280, 800), (1440, 900), (1600, 900), (1920, 1080))
"""Sizes of windows in which 25 tiles are large enough for labels, in pixels."""
FRAME_S = 1.0
"""Seconds between two frames: every reshuffle is met, at half the work of the program's usual rate."""
FIRST_FRAME_S = 0.13
"""The first frame's time: so none falls on a scripted second."""
STARTED_AT = 1_700_000_000.0
PER_PAGE, STUDENTS, MINUTES = 25, 25, 10.0
SEEDS = (11, 12, 13, 14)
"""Seeds that are reported; the numbers of `inference.identity` were chosen on seeds 1 to 4."""
SAME_TILE = 0.5
"""Overlap from which a tile that was found is the drawn one."""


@dataclass(frozen=True, slots=True)
class PixelScore:
    """What came out of one lesson of so many frames and students.

    A swap is a number that passes from one student to another. ``readings_right`` is the share, of readings that were
    assigned, that went to the student's own number: each student owns one at most, that of the longest stretch;
    ``assigned_share`` is the share of visible tiles that were assigned to anybody. ``cpu_ms_per_frame`` is the mean
    processor time of identity and all rules, in milliseconds: the whole step without labels, faces and emotions.
    """

    identity_swaps_per_hour: float
    readings_right: float
    assigned_share: float
    cpu_ms_per_frame: float
    frames: int
    students: int


@dataclass(slots=True)
class Ledger:
    """Counts who was given which number, frame by frame."""

    readings: Counter[tuple[int, int]] = field(default_factory=Counter)
    swaps: int = 0
    visible: int = 0
    _last: dict[int, int] = field(default_factory=dict)

    def note(self, shown: Mapping[int, int], given: Mapping[int, int]) -> None:
        """Take in one frame: which student is shown and which number was given, both by slot."""
        self.visible += len(shown)
        for slot, number in given.items():
            if slot in shown:
                student = shown[slot]
                self.swaps += self._last.get(number, student) != student
                self._last[number] = student
                self.readings[number, student] += 1

    @property
    def assigned(self) -> int:
        """Readings that were given to anybody."""
        return self.readings.total()

    @property
    def right(self) -> int:
        """Readings given to the student's own number, the longest stretches first."""
        numbers, students, right = set(), set(), 0
        for (number, student), count in self.readings.most_common():
            if number not in numbers and student not in students:
                numbers.add(number)
                students.add(student)
                right += count
        return right


def drawn_lesson(seed: int, minutes: float, students: int, labels_late_s: float) -> tuple[Lesson, tuple[int, int]]:
    """A random lesson in a client of a random look, and the size of its window."""
    chance = np.random.default_rng([seed, 99])
    window = WINDOWS[int(chance.integers(len(WINDOWS)))]
    look = random_look(chance, window)
    if look.labels == "hidden":
        look = look.model_copy(update={"labels": "strip"})
    recipe = Recipe(students=students, duration_s=60 * minutes, per_page=PER_PAGE)
    return random_lesson(seed, recipe, look).model_copy(update={"labels_lag_s": labels_late_s}), window


def shown_students(truth: Truth, moment: Moment) -> dict[int, int]:
    """Who really is in each tile that was found, by slot; nobody while the tiles travel."""
    shown = {}
    for tile in moment.tiles if not truth.moving else ():
        true = max(truth.tiles, key=lambda other: other.box.iou(tile.box), default=None)
        if true is not None and true.box.iou(tile.box) >= SAME_TILE:
            shown[tile.slot] = true.student
    return shown


def played(simulator: Simulator, pipeline: Pipeline) -> Iterator[tuple[Truth, Moment, float]]:
    """Truth and moment of every frame in which a gallery was found, with the milliseconds of identity and rules."""
    finder = GalleryFinder()
    for index, t_s in enumerate(np.arange(FIRST_FRAME_S, simulator.lesson.duration_s, FRAME_S).tolist()):
        image = simulator.frame_at(t_s)
        tiles = finder.update(image).tiles
        if tiles:
            began_s = time.process_time()
            moment = pipeline.step(Frame(index, STARTED_AT + t_s, image), tiles)
            spent_ms = 1000 * (time.process_time() - began_s)
            reading = pipeline.last_reading
            assert reading is not None  # a step has just read a frame
            yield simulator.truth_at(t_s), moment, spent_ms - sum(reading.cpu_ms.values())


def pixel_lesson(
    settings: Settings, seed: int, minutes: float, students: int = STUDENTS, labels_late_s: float = 0.0
) -> PixelScore:
    """Play one random lesson to the program, frame by frame, and score how it followed the students.

    More students than 25 stand on several pages; labels appear ``labels_late_s`` seconds after a tile has come.
    """
    cv2.setNumThreads(settings.inference.threads)
    lesson, window = drawn_lesson(seed, minutes, students, labels_late_s)
    ledger, spent_ms = Ledger(), []
    for truth, moment, ms in played(Simulator(lesson, *window), Pipeline(settings, ROOT / "models")):
        slots = {state.student: state.slot for state in moment.states}
        numbers = {slots[seen.student]: seen.student for seen in moment.observations}
        ledger.note(
            shown_students(truth, moment), {slot: number for slot, number in numbers.items() if slot is not None}
        )
        spent_ms.append(ms)
    return PixelScore(
        identity_swaps_per_hour=60 * ledger.swaps / minutes,
        readings_right=ledger.right / max(ledger.assigned, 1),
        assigned_share=ledger.assigned / max(ledger.visible, 1),
        cpu_ms_per_frame=float(np.mean(spent_ms)) if spent_ms else 0.0,
        frames=len(spent_ms),
        students=students,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lessons.pixels", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="one lesson each")
    parser.add_argument("--students", type=int, default=STUDENTS, help="more than 25 stand on several pages")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="length of a lesson")
    parser.add_argument("--labels-late", type=float, default=0.0, help="seconds until a tile has its label")
    parser.add_argument("--without-faces", action="store_true", help="faster; who is who does not hang on faces")
    parser.add_argument("--json", action="store_true", help="one object on the last line")
    chosen = parser.parse_args()
    settings = Settings.model_validate({"privacy": {"mode": "presence_only"}} if chosen.without_faces else {})
    scores = []
    for seed in chosen.seeds:
        score = pixel_lesson(settings, seed, chosen.minutes, chosen.students, chosen.labels_late)
        scores.append(asdict(score))
        print(f"lesson {seed}: " + ", ".join(f"{name} {value:.4g}" for name, value in scores[-1].items()), flush=True)
    means = {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}
    print("mean: " + ", ".join(f"{name} {value:.4g}" for name, value in means.items()))
    if chosen.json:
        print(json.dumps(means))


if __name__ == "__main__":
    main()
