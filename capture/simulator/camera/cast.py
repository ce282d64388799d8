"""The students of a lesson before their cameras: what each camera sees at a second, and where the face is in it."""

from __future__ import annotations

import math

import numpy as np

from capture.simulator.camera.faces import NEUTRAL, Expression
from capture.simulator.camera.people import Wishes
from capture.simulator.camera.picture import Camera, Pose, Shot, Sight, pose_at
from capture.simulator.script import Script
from domain import EMOTIONS, Box

CHANGE_S = 0.8
"""How long a face takes from one emotion to the next, and a head to turn."""
CHANGE_STEPS = 4
"""Pictures on the way from one emotion to the next; each is drawn once and kept."""
BLINK_S = 0.15
PICTURES_PER_S = 15
PHOTO_EMOTION, PHOTO_HEIGHT = "happy", 360
"""People smile in profile pictures; these are drawn once, in the largest stream's size."""
OTHER_FACES = 50_000
"""Faces of profile pictures are counted from here, apart from those before cameras."""


class Cast:
    """Cameras and profile pictures of all students, made when they are first needed; students count from 1."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._lesson = script.lesson
        self._cameras: dict[int, Camera] = {}
        self._photos: dict[int, np.ndarray] = {}

    def camera(self, who: int) -> Camera:
        """The student's camera."""
        if who not in self._cameras:
            student = self._lesson.students[who - 1]
            face = student.face if student.face is not None else 100 * self._lesson.seed + who
            wishes = Wishes(student.skin, student.hair, student.hair_colour, student.beard, student.glasses)
            sight = Sight(student.room, student.bitrate, student.shape, wishes)
            self._cameras[who] = Camera((self._lesson.seed, who), face, sight)
        return self._cameras[who]

    def photo(self, who: int) -> np.ndarray:
        """The student's profile picture, uint8 (H, W, 3): of a person who is not the one before the camera."""
        if who not in self._photos:
            number = OTHER_FACES + 100 * self._lesson.seed + who
            camera = Camera((self._lesson.seed, OTHER_FACES, who), number, Sight())
            smile = Expression(tuple(float(emotion == PHOTO_EMOTION) for emotion in EMOTIONS))
            self._photos[who] = camera.picture(Shot(smile, pose_at(0, who), who), PHOTO_HEIGHT)
        return self._photos[who]

    def shot(self, who: int, t_s: float, speaks: bool) -> Shot:
        """What the student's camera sees ``t_s`` after the start, or last saw before its picture came to a stand."""
        script = self._lesson.script_time(t_s)
        does = self._script.behaviour(who, script)
        if does.frozen_at is not None:
            script = t_s = does.frozen_at
        expression = None if does.away else self._expression(who, script, speaks)
        return Shot(expression, self._pose(who, script), int(t_s * PICTURES_PER_S) + who, does.dark)

    def video_box(self, who: int, box: Box) -> Box:
        """The camera's picture in its tile: all of it, or the middle between bars."""
        if self._lesson.students[who - 1].shape == "wide":
            return box
        left, right = self.camera(who).crop
        width = max(round((right - left) * box.width), 1)
        start = box.left + (box.width - width) // 2
        return Box(start, box.top, start + width, box.bottom)

    def face_box(self, who: int, video: Box, script: float) -> Box | None:
        """Forehead to chin in pixels of the frame at a second of the script, None when there is none to be seen."""
        does = self._script.behaviour(who, script)
        if does.away or does.dark:
            return None
        camera = self.camera(who)
        pose = self._pose(who, script if does.frozen_at is None else does.frozen_at)
        left, top, right, bottom = camera.face_box(pose, does.yaw)
        first, last = camera.crop
        scale = video.width / (last - first)
        face = Box(
            video.left + round((left - first) * scale),
            video.top + round(top * video.height),
            video.left + round((right - first) * scale),
            video.top + round(bottom * video.height),
        )
        return face.clamped(video.right, video.bottom) or face

    def _expression(self, who: int, script: float, speaks: bool) -> Expression:
        weights, yaw = np.zeros(len(EMOTIONS)), 0.0
        for step in range(CHANGE_STEPS):
            does = self._script.behaviour(who, round(max(script - step * CHANGE_S / CHANGE_STEPS, 0), 2))
            weights[EMOTIONS.index(does.emotion)] += does.intensity
            weights[NEUTRAL] += 1 - does.intensity
            yaw += does.yaw / CHANGE_STEPS
        mouth = round(abs(math.sin(7.3 * script) * math.sin(2.9 * script)) * 3) / 3 if speaks else 0.0
        lasts, start = self._script.rhythm(who)
        closed = (script + start) % (lasts / 5) < BLINK_S or self._script.behaviour(who, script).eyes_closed
        return Expression(tuple((weights / CHANGE_STEPS).tolist()), mouth, closed, yaw)

    def _pose(self, who: int, script: float) -> Pose:
        return pose_at(script, 1.37 * who + self._lesson.seed)
