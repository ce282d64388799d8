"""Plays a scripted lesson: the picture of any second, and the truth about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np

from capture.simulator.camera.faces import NEUTRAL, Expression
from capture.simulator.camera.people import Wishes
from capture.simulator.camera.picture import Camera, Pose, Shot, Sight, pose_at
from capture.simulator.client import Client, Theme
from capture.simulator.layout import GAP, between, tile_boxes
from capture.simulator.lesson import Lesson, ScriptedCamera, Student
from domain import EMOTIONS, Box, Emotion

SHUFFLE_S = 0.4
"""How long tiles travel when the gallery changes."""
CHANGE_S = 0.8
"""How long a face takes from one emotion to the next."""
CHANGE_STEPS = 4
"""Pictures on the way from one emotion to the next; each is drawn once and kept."""
MOOD_S = (14.0, 30.0)
"""Shortest and longest time that a student without a script keeps one emotion."""
BLINK_S = 0.15
PICTURES_PER_S = 15


@dataclass(frozen=True, slots=True)
class TileTruth:
    """What one tile shows: ``student`` counts from 1 in the lesson's order, ``slot`` from 0 in reading order.

    ``video`` is the camera's picture in the tile, ``label`` the name's box, ``face`` forehead to chin, all in pixels
    of the frame; ``face``, ``emotion`` and ``intensity`` are None when no face is in the picture.
    """

    slot: int
    student: int
    name: str
    box: Box
    camera: ScriptedCamera
    away: bool
    speaker: bool
    muted: bool
    video: Box | None
    label: Box | None
    face: Box | None
    emotion: Emotion | None
    intensity: float | None


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is true of a frame: tiles in reading order, page counted from 1, everybody in the meeting by number.

    ``moving`` is True while tiles travel to new places.
    """

    t_s: float
    page: int
    pages: int
    tiles: tuple[TileTruth, ...]
    present: tuple[int, ...]
    moving: bool


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a student does at one second."""

    camera: ScriptedCamera
    away: bool
    emotion: Emotion
    intensity: float


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who stands where: boxes by student in reading order, the page shown, all pages, all present."""

    places: dict[int, Box]
    page: int
    pages: int
    present: tuple[int, ...]


class Simulator:
    """A lesson drawn as a client's window of width x height pixels; the same lesson gives the same pictures."""

    def __init__(self, lesson: Lesson, width: int, height: int, scale: float = 1.0, theme: Theme = "dark") -> None:
        self.lesson = lesson
        self.width, self.height = width, height
        self._gap = GAP * scale
        self._client = Client(width, height, scale, theme)
        self._cameras: dict[int, Camera] = {}
        self.behaviour = lru_cache(maxsize=4096)(self._behaviour)

    def frame_at(self, t_s: float) -> np.ndarray:
        """The window ``t_s`` seconds after the lesson's start: uint8 (height, width, 3) BGR."""
        truth = self.truth_at(t_s)
        frame = self._client.empty(truth.page, truth.pages, len(truth.present))
        for tile in truth.tiles:
            inside = tile.box.clamped(self.width, self.height)
            if inside == tile.box:
                self._draw_tile(frame, tile, t_s)
        return frame

    def truth_at(self, t_s: float) -> Truth:
        """What is true of the picture at the same second."""
        script = self.lesson.script_time(t_s)
        now = self._arrangement(script)
        places, moving = now.places, False
        event = max((at for at in self._events if at <= script), default=0.0)
        if event > 0 and script - event < SHUFFLE_S:
            before = self._arrangement(event - 1e-3)
            share, moving = (script - event) / SHUFFLE_S, before.places != places
            places = {who: between(before.places.get(who, box), box, share) for who, box in places.items()}
        speaker = next((turn.name for turn in reversed(self.lesson.speakers) if turn.at <= script), None)
        tiles = tuple(self._tile(slot, who, box, speaker, script) for slot, (who, box) in enumerate(places.items()))
        return Truth(t_s, now.page, now.pages, tiles, now.present, moving)

    @cached_property
    def _events(self) -> list[float]:
        """The seconds at which tiles may change places."""
        lesson = self.lesson
        times = [*lesson.reshuffles, *(turn.at for turn in lesson.pages)]
        for student in lesson.students:
            times += [student.joins_at] + ([] if student.leaves_at is None else [student.leaves_at])
        return sorted(times)

    def _order(self, script: float) -> list[int]:
        """Numbers of all present: those there at the last reshuffle in its random order, later comers behind them."""
        shuffles = [at for at in self.lesson.reshuffles if at <= script]
        since = max(shuffles, default=0.0)
        rank = np.random.default_rng([self.lesson.seed, 3, len(shuffles)]).permutation(len(self.lesson.students))

        def place(who: int) -> tuple[float, int]:
            joined = self.lesson.students[who - 1].joins_at
            return (joined if joined > since else 0.0), int(rank[who - 1]) if shuffles else who

        present = (who for who, student in enumerate(self.lesson.students, 1) if student.present(script))
        return sorted(present, key=place)

    def _arrangement(self, script: float) -> Arrangement:
        order = self._order(script)
        pages = max(1, math.ceil(len(order) / self.lesson.per_page))
        wanted = next((turn.page for turn in reversed(self.lesson.pages) if turn.at <= script), 1)
        page = min(wanted, pages)
        shown = order[(page - 1) * self.lesson.per_page : page * self.lesson.per_page]
        boxes = tile_boxes(len(shown), self._client.stage(pages), self._gap)
        return Arrangement(dict(zip(shown, boxes, strict=True)), page, pages, tuple(sorted(order)))

    def _tile(self, slot: int, who: int, box: Box, speaker: str | None, script: float) -> TileTruth:
        student, does = self.lesson.students[who - 1], self.behaviour(who, script)
        visible = does.camera == "on" and not does.away
        video = box if does.camera == "on" else None
        speaks = student.name == speaker
        if does.camera == "off":
            label = self._client.centred_name_box(box, student.name)
        else:
            label = self._client.label_box(box, student.name, student.muted and not speaks)
        return TileTruth(
            slot=slot,
            student=who,
            name=student.name,
            box=box,
            camera=does.camera,
            away=does.away,
            speaker=speaks,
            muted=student.muted and not speaks,
            video=video,
            label=label,
            face=self._face(who, box, script) if visible else None,
            emotion=does.emotion if visible else None,
            intensity=does.intensity if visible else None,
        )

    def _face(self, who: int, box: Box, script: float) -> Box:
        left, top, right, bottom = self._camera(who).face_box(self._pose(who, script))
        face = Box(
            box.left + round(left * box.width),
            box.top + round(top * box.height),
            box.left + round(right * box.width),
            box.top + round(bottom * box.height),
        )
        return face.clamped(box.right, box.bottom) or face

    def _behaviour(self, who: int, script: float) -> Behaviour:
        """What the script says of a student at a second: the class's phase, then the student's own spells over it."""
        student = self.lesson.students[who - 1]
        phase = max((i for i, phase in enumerate(self.lesson.phases) if phase.at <= script), default=0)
        emotion = self._mood(who, script, phase)
        does = Behaviour(student.camera, False, emotion, self.lesson.phases[phase].intensity)
        for spell in student.spells:
            if spell.holds(script):
                does = Behaviour(
                    spell.camera or does.camera,
                    does.away if spell.away is None else spell.away,
                    spell.emotion or does.emotion,
                    spell.intensity if spell.emotion else does.intensity,
                )
        return does

    def _mood(self, who: int, script: float, phase: int) -> Emotion:
        """The emotion drawn by chance from the phase's shares, kept for a while that differs between students."""
        seed = [self.lesson.seed, 5, who]
        lasts, start = self._rhythm(who)
        turn = math.floor((script + start) / lasts)
        shares = self.lesson.phases[phase].emotions
        weights = np.array([shares.get(emotion, 0.0) for emotion in EMOTIONS])
        draw = np.random.default_rng([*seed, phase, turn]).random()
        return EMOTIONS[
            int(np.searchsorted(np.cumsum(weights / weights.sum()), draw, side="right").clip(0, len(EMOTIONS) - 1))
        ]

    @lru_cache(maxsize=256)  # noqa: B019  (a simulator lives as long as its process)
    def _rhythm(self, who: int) -> tuple[float, float]:
        """How long a student keeps a mood, and a start that is the student's own, in seconds."""
        random = np.random.default_rng([self.lesson.seed, 4, who])
        return float(random.uniform(*MOOD_S)), float(random.uniform(0, 60))

    def _expression(self, who: int, script: float, speaks: bool) -> Expression:
        weights = np.zeros(len(EMOTIONS))
        for step in range(CHANGE_STEPS):
            does = self.behaviour(who, round(max(script - step * CHANGE_S / CHANGE_STEPS, 0), 2))
            weights[EMOTIONS.index(does.emotion)] += does.intensity
            weights[NEUTRAL] += 1 - does.intensity
        mouth = round(abs(math.sin(7.3 * script) * math.sin(2.9 * script)) * 3) / 3 if speaks else 0.0
        lasts, start = self._rhythm(who)
        closed = (script + start) % (lasts / 5) < BLINK_S
        return Expression(tuple((weights / CHANGE_STEPS).tolist()), mouth, closed)

    def _pose(self, who: int, script: float) -> Pose:
        return pose_at(script, 1.37 * who + self.lesson.seed)

    def _camera(self, who: int) -> Camera:
        if who not in self._cameras:
            student: Student = self.lesson.students[who - 1]
            face = student.face if student.face is not None else 100 * self.lesson.seed + who
            wishes = Wishes(student.skin, student.hair, student.hair_colour, student.beard, student.glasses)
            sight = Sight(student.room, student.bitrate, wishes)
            self._cameras[who] = Camera((self.lesson.seed, who), face, sight)
        return self._cameras[who]

    def _draw_tile(self, frame: np.ndarray, tile: TileTruth, t_s: float) -> None:
        if tile.camera == "on":
            script = self.lesson.script_time(t_s)
            expression = None if tile.away else self._expression(tile.student, script, tile.speaker)
            shot = Shot(expression, self._pose(tile.student, script), int(t_s * PICTURES_PER_S) + tile.student)
            picture = self._camera(tile.student).picture(shot, tile.box.height)
            tile.box.of(frame)[:] = cv2.resize(
                picture, (tile.box.width, tile.box.height), interpolation=cv2.INTER_LINEAR
            )
        else:
            self._client.fill_tile(frame, tile.box)
        if tile.camera == "photo":
            self._client.initials(frame, tile.box, tile.name, tile.student)
        if tile.camera == "off":
            self._client.centred_name(frame, tile.box, tile.name)
        if tile.camera != "off" or tile.muted:
            self._client.label(frame, tile.box, None if tile.camera == "off" else tile.name, tile.muted)
        if tile.speaker:
            self._client.speaker_border(frame, tile.box)
