"""A random lesson second by second, without drawing it: what each student does, and whether the tile is in sight."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from capture.simulator.lesson import Lesson, Spell
from capture.simulator.random_lesson import YAWS, Recipe, random_lesson
from capture.simulator.script import Script
from capture.simulator.truth import state_of
from domain import EMOTIONS, CameraState

RATE_HZ = 2.0
"""Frames a second: the capture's default."""
RESTLESS_SHARE = 0.7
"""Share of turned heads that move; the others read a second screen."""
TURN_S = (3.0, 8.0)
"""How long a head that moves stays turned one way."""
LOOKS_BACK, LOOK_BACK_S = 0.15, (1.0, 4.0)
"""Share of the turns of such a head that lead to the screen, and for how long: a spell is one as long as it goes on."""
LONGEST_GLANCE_S = 20.0
"""A head turned for less is a glance, and is left as it was scripted."""
SMALL_FACES = 0.1
"""Share of students whose face is too small to tell where they look."""
HEIGHTS, SMALL_HEIGHT = (64, 120), 52
"""Pixels of faces in a page of 25 tiles at 1080p."""
UNPLEASANT = tuple(EMOTIONS.index(emotion) for emotion in ("angry", "disgust", "fear", "sad"))


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One student through a lesson, a value per frame.

    ``face_height`` is in pixels. ``present``: in the meeting; ``in_sight``: with a tile on the page shown. ``camera``
    is what a perfect reader says of the tile, ``emotion`` a place in EMOTIONS, ``yaw`` degrees, ``restless`` whether a
    turned head moves.
    """

    staff: bool
    face_height: int
    present: np.ndarray
    in_sight: np.ndarray
    camera: list[CameraState]
    away: np.ndarray
    emotion: np.ndarray
    intensity: np.ndarray
    yaw: np.ndarray
    restless: np.ndarray

    def visible(self) -> np.ndarray:
        """Frames in which a live camera of this student is in sight."""
        live = np.array([camera in ("on", "no_face") for camera in self.camera])
        return self.present & self.in_sight & live

    def low(self) -> np.ndarray:
        """Frames in which the face looks unpleasant by the script."""
        return np.isin(self.emotion, UNPLEASANT) & (self.intensity >= 0.5) & ~self.away


def lesson_tracks(seed: int, students: int, minutes: float) -> list[Track]:
    """The students of the random lesson of a seed: 30 % without a camera, a reshuffle every 20 seconds, pages of 25."""
    recipe = Recipe(students=students, duration_s=60 * minutes, eventful=0.6, reshuffle_every_s=20.0)
    lesson = random_lesson(seed, recipe)
    random = np.random.default_rng([seed, 29])
    restless: list[list[tuple[float, float]]] = []
    people = []
    for student in lesson.students:
        spells, moving = _with_moving_heads(student.spells, random)
        people.append(student.model_copy(update={"spells": spells}))
        restless.append(moving)
    lesson = lesson.model_copy(update={"students": tuple(people)})
    script = Script(lesson)
    times = np.arange(round(lesson.duration_s * RATE_HZ)) / RATE_HZ
    shown = _shown(script, times)
    heights = [
        SMALL_HEIGHT if random.random() < SMALL_FACES else int(random.integers(*HEIGHTS)) for _ in lesson.students
    ]
    return [
        _track(script, who, times, shown[who - 1], restless[who - 1], heights[who - 1])
        for who in range(1, len(lesson.students) + 1)
    ]


def _with_moving_heads(
    spells: tuple[Spell, ...], random: np.random.Generator
) -> tuple[tuple[Spell, ...], list[tuple[float, float]]]:
    """Most long turns of the head cut into short ones to different sides, and when those are, from and to."""
    changed, moving = [], []
    for spell in spells:
        lasts = spell.lasts or 0.0
        if spell.yaw is None or lasts < LONGEST_GLANCE_S or random.random() >= RESTLESS_SHARE:
            changed.append(spell)
            continue
        at, end = spell.at, spell.at + lasts
        moving.append((at, end))
        looked_back = True
        while at < end:
            looked_back = not looked_back and random.random() < LOOKS_BACK
            yaw = float(random.uniform(*YAWS)) * (1 if random.random() < 0.5 else -1)
            yaw = float(random.uniform(-8, 8)) if looked_back else yaw
            turn_s = min(float(random.uniform(*(LOOK_BACK_S if looked_back else TURN_S))), end - at)
            changed.append(Spell(at=at, lasts=turn_s, yaw=yaw))
            at += turn_s
    return tuple(changed), moving


def _shown(script: Script, times: np.ndarray) -> np.ndarray:
    """Which students (rows) have a tile on the page at each time."""
    lesson = script.lesson
    shown = np.zeros((len(lesson.students), len(times)), bool)
    changes = [0.0, *script.moves, lesson.duration_s + 1]
    for start, end in pairwise(changes):
        frames = (times >= start) & (times < end)
        if frames.any():
            order = script.order(start)
            page = script.page(start, max(-(-len(order) // lesson.per_page), 1))
            who = order[(page - 1) * lesson.per_page : page * lesson.per_page]
            for number in who:
                shown[number - 1, frames] = True
    return shown


def _track(
    script: Script,
    who: int,
    times: np.ndarray,
    shown: np.ndarray,
    restless: list[tuple[float, float]],
    face_height: int,
) -> Track:
    """Behaviour is asked once for every stretch in which it cannot change."""
    student = script.lesson.students[who - 1]
    starts = np.array(_changes(script, who))
    places = np.searchsorted(starts, times, side="right") - 1
    does = [script.behaviour(who, float(start)) for start in starts]
    moving = np.zeros(len(times), bool)
    for start, end in restless:
        moving |= (times >= start) & (times < end)

    def each(values: list) -> np.ndarray:
        return np.array(values)[places]

    states = [state_of(one, 0.0) for one in does]
    return Track(
        staff="(Host)" in student.name or "(Co-host)" in student.name,
        face_height=face_height,
        present=np.array([student.present(float(at)) for at in times]),
        in_sight=shown,
        camera=[states[place] for place in places],
        away=each([one.away for one in does]),
        emotion=each([EMOTIONS.index(one.emotion) for one in does]),
        intensity=each([one.intensity for one in does]),
        yaw=each([one.yaw for one in does]),
        restless=moving,
    )


def _changes(script: Script, who: int) -> list[float]:
    """Seconds at which a student's behaviour may change, from 0 on."""
    lesson: Lesson = script.lesson
    lasts, start = script.rhythm(who)
    turns = np.arange(1, int((lesson.duration_s + start) / lasts) + 1) * lasts - start
    spells = lesson.students[who - 1].spells
    at = {0.0, *(phase.at for phase in lesson.phases), *(spell.at for spell in spells), *turns[turns > 0].tolist()}
    at |= {spell.at + spell.lasts for spell in spells if spell.lasts is not None}
    return sorted(at)
