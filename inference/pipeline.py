"""From tiles to a Moment: names, faces, emotions, students, moods and how much of the class they speak for."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from config import Settings
from domain import (
    Abstention,
    Attention,
    Box,
    CameraState,
    Coverage,
    EmotionScores,
    Face,
    Frame,
    Moment,
    Observation,
    Quality,
    StudentState,
    Tile,
)
from inference.attention import attention_of, turn_scale
from inference.crops import face_crops
from inference.emotion import EmotionModel
from inference.engagement import Engagement
from inference.faces import FACE_MODEL, FaceFinder, quality_of
from inference.identity import Identities, Student
from inference.identity.backdrops import backdrop
from inference.identity.consent import ConsentList, Gate
from inference.identity.students import same_letters, shortens
from inference.landmarks import LANDMARK_MODEL
from inference.mood import arousal, valence
from inference.names import Name, NameReader

EMOTION_MODEL = "emotion.onnx"

FROZEN_AFTER_S = 10.0
"""Seconds without any change, while others move, of a frozen camera; people blink several times in that time."""
STILL_LEVELS = 2
"""Gray levels by which a still picture may differ from itself: rounding when windows are drawn anew."""
THUMBNAIL = (64, 36)
"""Width and height at which tiles are compared over time: an eye's blink still moves a pixel."""
LEAST_DETAIL = 2
"""Rows of a tile's pixels that are averaged, at least, to one row of its thumbnail: more cost time and add nothing."""


@dataclass(frozen=True, slots=True)
class FaceReading:
    """A face of a tile, how good its pixels are, and its probabilities: None where the quality abstains.

    ``attention`` is where the head is turned, None where the finder gave no landmarks.
    """

    face: Face
    quality: Quality
    emotions: EmotionScores | None
    attention: Attention | None = None


@dataclass(frozen=True, slots=True)
class TileReading:
    """What one tile shows: the tile with its final camera state, its label, and its faces, the student's first.

    ``masked`` says why no face was looked for; None where one was, or the camera shows none.
    """

    tile: Tile
    name: Name | None
    faces: tuple[FaceReading, ...]
    masked: Abstention | None = None


@dataclass(frozen=True, slots=True)
class FrameReading:
    """What one frame shows, tile by tile, and what each stage took: names, faces, emotions, in milliseconds.

    ``timing_ms`` is the time that passed, ``cpu_ms`` the time of all processor cores.
    """

    tiles: tuple[TileReading, ...]
    timing_ms: dict[str, float]
    cpu_ms: dict[str, float]


NameMatcher = Callable[[Sequence[tuple[str, bool]]], Sequence[tuple[str, float] | None]]
"""Gives the class list's spelling and a certainty from 0 to 1 for what labels say (text, whether it is certain), or
None for a label that could mean nobody or several."""


class Pipeline:
    """Reads frames: ``read`` what one picture shows, ``step`` what it says of the class over time.

    ``clock`` gives the seconds in which durations are measured, by default each frame's own time (recordings); live
    sources pass ``time.monotonic``. ``mode`` is what the class does, as the teacher says: some flags rest meanwhile.
    ``match_names`` puts the spelling of a class list in place of what labels say. With ``privacy.mode: presence_only``
    no face or emotion model is made or called; with ``privacy.consent: required`` none is called for a tile unless its
    student is certain and ``consents`` says yes to the name: without it nobody does.
    Raises ModelError when a model is missing, damaged or made for another contract.
    """

    def __init__(
        self,
        settings: Settings,
        models_folder: Path,
        clock: Callable[[], float] | None = None,
        match_names: NameMatcher | None = None,
        consents: ConsentList | None = None,
    ) -> None:
        inference = settings.inference
        self._settings = settings
        self._clock = clock
        self._names = NameReader(inference.threads, reads_text=inference.read_names)
        self._match_names = match_names
        self._judges_faces = settings.privacy.mode == "emotions"
        if self._judges_faces:
            self._faces = FaceFinder(models_folder / FACE_MODEL, inference.threads)
            self._emotions = EmotionModel(models_folder / EMOTION_MODEL, inference.threads)
            self._turns = turn_scale((models_folder / LANDMARK_MODEL).with_suffix(".json"))
        self._gate = Gate(settings.privacy, consents)
        self._staff = settings.classroom.staff_names
        self._stillness = Stillness()
        self._identities = Identities()
        self._engagement = Engagement(settings)
        self.mode: str | None = None
        self.last_reading: FrameReading | None = None

    def read(self, frame: Frame, tiles: Sequence[Tile]) -> FrameReading:
        """What one frame shows in these tiles; remembers nothing but the readings of labels."""
        watch = Stopwatch()
        names = self._read_names(frame.image, tiles, watch)
        masked: dict[int, Abstention | None] = {tile.slot: self._gate.masks_label(names[tile.slot]) for tile in tiles}
        return self._read_tiles(frame.image, tiles, names, masked, watch)

    def step(self, frame: Frame, tiles: Sequence[Tile]) -> Moment:
        """Read the next frame of a session and say what it means for the class; frames come in the order of time.

        What was read, tile by tile, stays in ``last_reading``.
        """
        now_s = self._clock() if self._clock else frame.taken_at
        watch, pictures = Stopwatch(), thumbnails(frame.image, tiles)
        tiles = self._stillness.refine(pictures, tiles, now_s)
        names = self._read_names(frame.image, tiles, watch)
        backdrops = {slot: backdrop(picture) for slot, picture in pictures.items()}
        students = self._identities.assign(tiles, names, now_s, backdrops)
        for unnamed, owner in self._identities.joined:
            self._engagement.join(unnamed, owner)
        masked: dict[int, Abstention | None] = {
            tile.slot: self._gate.masks(students.get(tile.slot), names[tile.slot]) for tile in tiles
        }
        reading = self.last_reading = self._read_tiles(frame.image, tiles, names, masked, watch)
        observations = tuple(
            _observation(students[seen.tile.slot].number, seen, frame.taken_at)
            for seen in reading.tiles
            if seen.tile.slot in students
        )
        present = self._identities.present(now_s)
        staff = {student.number for student in present if self._is_staff(student)}
        flags = self._engagement.step(observations, now_s, frame.taken_at, staff, self.mode)
        cameras: dict[int, CameraState] = {seen.tile.slot: seen.tile.camera for seen in reading.tiles}
        states = tuple(self._state(student, cameras, now_s) for student in present)
        unseen = {student.number for student in present if self._gate.masks(student, None) == "no_consent"}
        unseen |= {seen.student for seen in observations if seen.quality and seen.quality.abstained == "no_consent"}
        shown = tuple(seen.tile for seen in reading.tiles)
        coverage = _coverage(states, unseen)
        return Moment(frame.taken_at, shown, observations, states, flags, coverage, self._identities.joined)

    def _read_names(self, image: np.ndarray, tiles: Sequence[Tile], watch: Stopwatch) -> dict[int, Name | None]:
        with watch.stage("names"):
            names = self._names.read(image, tiles)
            return names if self._match_names is None else listed(names, self._match_names, self._staff)

    def _read_tiles(
        self,
        image: np.ndarray,
        tiles: Sequence[Tile],
        names: Mapping[int, Name | None],
        masked: Mapping[int, Abstention | None],
        watch: Stopwatch,
    ) -> FrameReading:
        """Look for faces where that is allowed; a live tile without one is ``no_face``."""
        searched = [tile for tile in tiles if tile.camera == "on" and masked[tile.slot] is None]
        faces = self._read_faces(image, searched, watch) if searched else {}
        readings = []
        for tile in tiles:
            found = tuple(sorted(faces.get(tile.slot, ()), key=_prominence, reverse=True))
            why = masked[tile.slot] if tile.camera == "on" else None
            if tile in searched and not found:
                tile = replace(tile, camera="no_face")
            readings.append(TileReading(tile, names[tile.slot], found, why))
        return FrameReading(tuple(readings), watch.wall_ms, watch.cpu_ms)

    def _read_faces(self, image: np.ndarray, tiles: Sequence[Tile], watch: Stopwatch) -> dict[int, list[FaceReading]]:
        with watch.stage("faces"):
            faces = self._faces.find(image, tiles)
            crops = face_crops(image, [face.box for face in faces])
            qualities = [
                quality_of(face, crop, self._settings.inference) for face, crop in zip(faces, crops, strict=True)
            ]
        with watch.stage("emotions"):
            good = [quality.abstained is None for quality in qualities]
            scores = iter(self._emotions.predict(crops[good]))
        readings: dict[int, list[FaceReading]] = {}
        for face, quality in zip(faces, qualities, strict=True):
            emotions = next(scores) if quality.abstained is None else None
            attention = attention_of(face, quality, self._settings.attention, self._turns)
            readings.setdefault(face.tile, []).append(FaceReading(face, quality, emotions, attention))
        return readings

    def _is_staff(self, student: Student) -> bool:
        return student.staff or is_staff(student.name, self._staff)

    def _state(self, student: Student, cameras: dict[int, CameraState], now_s: float) -> StudentState:
        known = self._engagement.student(student.number, now_s)
        mood = known.mood if known else None
        return StudentState(
            student.number,
            student.name,
            student.slot,
            None if student.slot is None else cameras.get(student.slot),
            off_page=student.slot is None,
            staff=self._is_staff(student),
            mood=mood,
            valence=None if mood is None else valence(mood),
            attending=known.attending(now_s) if known else None,
            last_valid_at=known.last_valid_at if known else None,
            arousal=None if mood is None else arousal(mood),
        )


class Stillness:
    """Tells frozen cameras from live ones by their pixels over time; needs a second live tile to compare with."""

    def __init__(self) -> None:
        self._seen: dict[Box, tuple[np.ndarray, float]] = {}

    def refine(self, pictures: Mapping[int, np.ndarray], tiles: Sequence[Tile], now_s: float) -> list[Tile]:
        """The tiles, with camera "on" turned into "frozen" where the picture has stood still while others moved.

        ``pictures`` are the tiles' thumbnails by slot.
        """
        seen: dict[Box, tuple[np.ndarray, float]] = {}
        for tile in tiles:
            if tile.camera == "on":
                picture = _above_label(pictures[tile.slot], tile)
                before = self._seen.get(tile.box)
                # A still picture is compared with its first look, so that a slow fade does not pass for stillness.
                still = before is not None and _is_still(before[0], picture)
                seen[tile.box] = before if before is not None and still else (picture, now_s)
        self._seen = seen
        others_move = any(now_s - changed_s < FROZEN_AFTER_S for _, changed_s in seen.values())
        return [
            replace(tile, camera="frozen")
            if tile.box in seen and others_move and now_s - seen[tile.box][1] >= FROZEN_AFTER_S
            else tile
            for tile in tiles
        ]


class Stopwatch:
    """Milliseconds of each named stage, as time that passed and as time of all cores."""

    def __init__(self) -> None:
        self.wall_ms: dict[str, float] = {"names": 0.0, "faces": 0.0, "emotions": 0.0}
        self.cpu_ms: dict[str, float] = dict(self.wall_ms)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what runs inside under this name."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        yield
        self.wall_ms[name] += (time.perf_counter() - wall_s) * 1000
        self.cpu_ms[name] += (time.process_time() - cpu_s) * 1000


def thumbnails(image: np.ndarray, tiles: Sequence[Tile]) -> dict[int, np.ndarray]:
    """Every tile made small, by slot: uint8 (36, 64, 3)."""
    width, height = THUMBNAIL
    small = {}
    for tile in tiles:
        stride = max(tile.box.height // (LEAST_DETAIL * height), 1)
        small[tile.slot] = cv2.resize(tile.box.of(image)[::stride], (width, height), interpolation=cv2.INTER_AREA)
    return small


def is_staff(name: str | None, staff_names: Sequence[str]) -> bool:
    """Whether a name is one of the staff's: the same letters, or one that was cut in a narrow tile."""
    return name is not None and any(same_letters(name, each) or shortens(name, each) for each in staff_names)


def listed(
    names: Mapping[int, Name | None], match_names: NameMatcher, staff_names: Sequence[str] = ()
) -> dict[int, Name | None]:
    """Names in the class list's spelling where a label means one student for certain; staff is on no class list."""
    asked = {
        slot: (name.text or name.doubted or "", name.text is not None)
        for slot, name in names.items()
        if name is not None and not name.staff and (name.text or name.doubted) and not is_staff(name.text, staff_names)
    }
    found = dict(zip(asked, match_names(list(asked.values())), strict=True))
    spelled: dict[int, Name | None] = {}
    for slot, name in names.items():
        entry = found.get(slot)
        spelled[slot] = replace(name, text=entry[0], confidence=entry[1]) if name and entry else name
    return spelled


def _prominence(reading: FaceReading) -> float:
    """How likely a face is the student's own: large and sure; others in the room are smaller or half seen."""
    return reading.face.box.area * reading.face.score


def _above_label(thumbnail: np.ndarray, tile: Tile) -> np.ndarray:
    """The rows of a tile's thumbnail above its label, which may change over a frozen picture."""
    box = tile.box
    if tile.label is None or tile.label.top <= box.top + box.height // 2:
        return thumbnail
    return thumbnail[: (tile.label.top - box.top) * len(thumbnail) // box.height]


def _is_still(before: np.ndarray, now: np.ndarray) -> bool:
    return before.shape == now.shape and int(cv2.absdiff(before, now).max()) <= STILL_LEVELS


def _observation(student: int, seen: TileReading, taken_at: float) -> Observation:
    if seen.masked is not None:
        return Observation(student, taken_at, seen.tile.camera, quality=Quality(None, None, seen.masked))
    if not seen.faces:
        return Observation(student, taken_at, seen.tile.camera)
    own = seen.faces[0]
    return Observation(student, taken_at, seen.tile.camera, own.face, own.emotions, own.attention, own.quality)


def _coverage(states: Sequence[StudentState], masked: Collection[int]) -> Coverage:
    """Students with a valid mood, and those without consent, of all students in the meeting; staff does not count."""
    students = [state for state in states if not state.staff]
    seen = sum(state.mood is not None for state in students)
    return Coverage(seen, len(students), sum(state.student in masked for state in students))
