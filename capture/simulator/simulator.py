"""Plays a scripted lesson: the picture of any second, and the truth about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from capture.simulator.camera.cast import Cast
from capture.simulator.client.areas import Areas
from capture.simulator.client.chrome import Chrome, Sheet
from capture.simulator.client.panel import Attendee
from capture.simulator.client.tiles import TileArt
from capture.simulator.layout import between, hidden_share
from capture.simulator.lesson import Lesson
from capture.simulator.look import Look, Scene, scene_at
from capture.simulator.script import Behaviour, Script
from capture.simulator.truth import TileTruth, Truth, state_of
from domain import Box

SHUFFLE_S = 0.4
"""How long tiles travel when the gallery changes."""
LABEL_HIDDEN_SHARE, FACE_HIDDEN_SHARE = 0.2, 0.5
"""Share of a label or a face under something else from which it counts as not visible."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who stands where: boxes by student in reading order, the scene, the page shown, all pages, all present."""

    scene: Scene
    places: dict[int, Box]
    page: int
    pages: int
    present: tuple[int, ...]


class Simulator:
    """A lesson drawn as a client's window of width x height pixels; the same lesson gives the same pictures.

    ``look`` replaces the lesson's own.
    """

    def __init__(self, lesson: Lesson, width: int, height: int, look: Look | None = None) -> None:
        self.lesson = lesson
        self.width, self.height = width, height
        self.script = Script(lesson)
        self.look = look or lesson.look
        self._areas = Areas(width, height, self.look)
        self._chrome = Chrome(self._areas)
        self._art = TileArt(self._areas)
        self._cast = Cast(self.script)

    def frame_at(self, t_s: float) -> np.ndarray:
        """The window ``t_s`` seconds after the lesson's start: uint8 (height, width, 3) BGR."""
        script = self.lesson.script_time(t_s)
        now, places, _ = self._places(script)
        sheet = self._sheet(now, script)
        frame = self._chrome.empty(now.scene, sheet)
        for tile in self._tiles(now, places, script):
            inside = tile.box.clamped(self.width, self.height)
            if inside != tile.box:
                continue
            if now.scene.view == "immersive":
                self._draw_figure(frame, tile, t_s)
            else:
                self._draw_tile(frame, tile, t_s, now.scene)
        self._chrome.lay_over(frame, now.scene, sheet)
        return frame

    def truth_at(self, t_s: float) -> Truth:
        """What is true of the picture at the same second."""
        script = self.lesson.script_time(t_s)
        now, places, moving = self._places(script)
        tiles = self._tiles(now, places, script) if now.scene.is_gallery else ()
        return Truth(t_s, now.scene.view, now.page, now.pages, tiles, now.present, moving)

    def _places(self, script: float) -> tuple[Arrangement, dict[int, Box], bool]:
        """Who stands where, the boxes on their way there, and whether they are on their way."""
        now = self._arrangement(script)
        move = self.script.last_move(script)
        if move <= 0 or script - move >= SHUFFLE_S:
            return now, now.places, False
        before = self._arrangement(move - 1e-3)
        if before.scene.view != now.scene.view or before.places == now.places:
            return now, now.places, False
        share = (script - move) / SHUFFLE_S
        return now, {who: between(before.places.get(who, box), box, share) for who, box in now.places.items()}, True

    def _arrangement(self, script: float) -> Arrangement:
        scene = scene_at(self.lesson.scenes, script)
        order = self.script.order(script)
        present = tuple(sorted(order))
        capacity = self._areas.capacity(scene, self.lesson.per_page)
        pages = max(1, math.ceil(len(order) / capacity)) if scene.is_gallery else 1
        page = self.script.page(script, pages)
        speaker = self.script.speaker(script)
        if not scene.is_gallery and speaker in order:
            order = [speaker, *(who for who in order if who != speaker)]
        if scene.view == "immersive":
            order = [who for who in order if self.script.behaviour(who, script).camera == "on"]
        shown = order[(page - 1) * capacity : page * capacity]
        boxes = self._areas.places(scene, len(shown), pages)
        return Arrangement(scene, dict(zip(shown, boxes, strict=True)), page, pages, present)

    def _sheet(self, now: Arrangement, script: float) -> Sheet:
        attendees: tuple[Attendee, ...] = ()
        if now.scene.panel != "none":
            speaker = self.script.speaker(script)
            does = {who: self.script.behaviour(who, script) for who in now.present}
            attendees = tuple(
                Attendee(one.name, one.muted and who != speaker, one.camera != "on") for who, one in does.items()
            )
        return Sheet(now.page, now.pages, len(now.places), len(now.present), attendees)

    def _tiles(self, now: Arrangement, places: dict[int, Box], script: float) -> tuple[TileTruth, ...]:
        over, speaker = self._areas.overlays(now.scene, now.pages), self.script.speaker(script)
        late = self._without_labels(now, script)
        return tuple(
            self._tile(slot, who, box, script, over, who == speaker, who not in late)
            for slot, (who, box) in enumerate(places.items())
        )

    def _without_labels(self, now: Arrangement, script: float) -> set[int]:
        """Who has come to a new place and waits there for the label."""
        move = self.script.last_move(script)
        if not self.lesson.labels_lag_s or script - move >= self.lesson.labels_lag_s:
            return set()
        before = self._arrangement(move - 1e-3).places if move > 0 else {}
        return {who for who, box in now.places.items() if before.get(who) != box}

    def _tile(
        self, slot: int, who: int, box: Box, script: float, over: tuple[Box, ...], speaks: bool, in_time: bool
    ) -> TileTruth:
        does = self.script.behaviour(who, script)
        muted, covered = does.muted and not speaks, hidden_share(box, over)
        video = self._cast.video_box(who, box) if does.camera == "on" else None
        face = None if video is None else self._cast.face_box(who, video, script)
        if face is not None and hidden_share(face, over) > FACE_HIDDEN_SHARE:
            face = None
        text, label = self._label(box, does, muted) if in_time and does.label else (None, None)
        readable = label is not None and hidden_share(label, over) <= LABEL_HIDDEN_SHARE
        return TileTruth(
            slot=slot,
            student=who,
            name=does.name,
            labelled=label is not None,
            text=text if readable else None,
            box=box,
            camera=does.camera,
            state=state_of(does, covered),
            away=does.away,
            speaker=speaks,
            muted=muted,
            mark=does.mark,
            covered=covered,
            video=video,
            label=label if readable else None,
            face=face,
            emotion=does.emotion if face else None,
            intensity=does.intensity if face else None,
            yaw=does.yaw if face else None,
            eyes_closed=does.eyes_closed if face else None,
        )

    def _label(self, box: Box, does: Behaviour, muted: bool) -> tuple[str | None, Box | None]:
        """The name as the tile has it and where, (None, None) where labels are hidden."""
        if does.camera == "off":
            return self._art.centred_text(box, does.name), self._art.centred_name_box(box, does.name)
        if self.look.labels == "hidden":
            return None, None
        return self._art.written(box, does.name, muted)

    def _draw_tile(self, frame: np.ndarray, tile: TileTruth, t_s: float, scene: Scene) -> None:
        art, box = self._art, tile.box
        corners = art.corners(frame, box)
        self._draw_contents(frame, tile, t_s)
        if tile.mark is not None:
            art.mark(frame, box, tile.mark)
        if tile.camera != "off" and tile.labelled:
            art.label(frame, box, tile.name, tile.muted)
        elif self.look.labels != "hidden" and tile.muted:
            art.label(frame, box, None, tile.muted)
        if scene.hover == tile.student:
            art.hover(frame, box)
        corners.restore()
        if tile.speaker:
            art.speaker_border(frame, box)

    def _draw_contents(self, frame: np.ndarray, tile: TileTruth, t_s: float) -> None:
        """The camera's picture, the profile's, or the name."""
        box, student = tile.box, self.lesson.students[tile.student - 1]
        if tile.video != box:
            box.of(frame)[:] = self._art.ground(student.bars if tile.video else "tile")
        if tile.video is not None:
            shot = self._cast.shot(tile.student, t_s, tile.speaker)
            picture = self._cast.camera(tile.student).picture(shot, box.height)
            size = tile.video.width, tile.video.height
            tile.video.of(frame)[:] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        elif tile.camera == "photo" and student.photo == "initials":
            self._art.initials(frame, box, tile.name, tile.student)
        elif tile.camera == "photo":
            self._art.photo(frame, box, self._cast.photo(tile.student), student.photo)
        elif tile.labelled:
            self._art.centred_name(frame, box, tile.name)

    def _draw_figure(self, frame: np.ndarray, tile: TileTruth, t_s: float) -> None:
        """A student on a seat of the immersive room."""
        box, shot = tile.box, self._cast.shot(tile.student, t_s, tile.speaker)
        figure = self._cast.camera(tile.student).figure(shot, box.height)
        small = cv2.resize(figure, (box.width, box.height), interpolation=cv2.INTER_AREA).astype(np.float32)
        region = box.of(frame)
        region[:] = region * (1 - small[..., 3:] / 255) + small[..., :3]
