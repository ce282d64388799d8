"""The moving picture of one student's camera: room, person, sway and nod, noise and compression."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

from capture.simulator.camera import people, rooms
from capture.simulator.camera.faces import SIDE, Expression, Person, face_model

STREAMS = ((160, 90), (320, 180), (640, 360))
"""Sizes in which a client receives pictures; a tile gets the smallest that is not much lower than itself."""
STREAM_STRETCH = 1.25
"""How far a client enlarges a stream before it asks for the next size."""
FACE_SHARE = 0.44
"""Height of the face's square, as a share of the picture's, before the student's own distance from the camera."""
FACE_HEIGHT = (0.02, 0.99)
"""Forehead to chin within the face's square."""
KEPT_HEADS = 24
"""Drawn expressions kept per student and size: a changing face passes through at most eight."""
VIRTUAL_ROOMS = ("beach", "gradient", "blur")
"""Rooms that a client puts behind a person: it cuts the person out, with soft and ragged edges."""
SHAPES = {"wide": 16 / 9, "4:3": 4 / 3, "portrait": 9 / 16}
"""Width by height of a camera's picture."""
DARK_LIGHT, DARK_GLOW = 0.035, 3
"""What is left of the light when a lens is in the dark, and the gray level of its noise."""
NOISES = 6


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head is: offsets in shares of the face's side, and the tilt in degrees."""

    dx: float
    dy: float
    tilt: float


@dataclass(frozen=True, slots=True)
class Shot:
    """What a camera sees now; ``expression`` is None when nobody is there, ``dark`` where no light falls in."""

    expression: Expression | None
    pose: Pose
    number: int
    dark: bool = False


def stream_size(height: int) -> tuple[int, int]:
    """Width and height of the stream behind a tile ``height`` pixels high."""
    return next((size for size in STREAMS if size[1] * STREAM_STRETCH >= height), STREAMS[-1])


NO_WISHES = people.Wishes()


@dataclass(frozen=True, slots=True)
class Sight:
    """What a lesson says of a camera's picture; a room of None is left to chance, ``shape`` is one of ``SHAPES``."""

    room: str | None = None
    bitrate: Literal["good", "low"] = "good"
    shape: str = "wide"
    wishes: people.Wishes = NO_WISHES


class Camera:
    """One student's camera; deterministic for a seed, with what does not move kept ready for each stream size."""

    def __init__(self, seed: tuple[int, ...], face: int, sight: Sight) -> None:
        random = np.random.default_rng([*seed, face])
        self._person: Person = face_model().person(np.random.default_rng(face), sight.wishes.skin)
        look = people.random_look(self._person, sight.wishes, random)
        self._head = people.Head(self._person, look, random)
        self._body = people.body_layer(self._person, look, random)
        kind = sight.room or str(random.choice(list(rooms.ROOMS)))
        self._room = rooms.room(kind, random)
        self._zoom = float(random.uniform(0.9, 1.28))
        self._place = float(random.uniform(0.42, 0.58)), float(random.uniform(0.47, 0.53))
        self._gain = random.uniform(0.9, 1.06) * (1 + random.uniform(-0.04, 0.04, 3))
        self._noise = float(random.uniform(1.5, 3.5))
        self._low = sight.bitrate == "low"
        self._cut_out = kind in VIRTUAL_ROOMS
        self._shape = SHAPES[sight.shape]
        self._still: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
        self._scaled: dict[tuple[int, int], people.ScaledHead] = {}
        self._heads: OrderedDict[tuple[tuple[int, int], Expression], np.ndarray] = OrderedDict()

    def picture(self, shot: Shot, height: int) -> np.ndarray:
        """The stream's newest picture for a tile ``height`` pixels high: uint8 (h, w, 3) BGR in a stream size.

        A camera that is not 16:9 gives the part of that width around the person.
        """
        size = stream_size(height if not self._low else min(height, STREAMS[1][1]))
        empty, with_body = self._stills(size)
        if shot.expression is None:
            picture = empty.copy()
        else:
            picture = with_body.copy()
            self._add_head(picture, shot.expression, shot.pose, size)
        if shot.dark:
            picture = cv2.convertScaleAbs(picture, alpha=DARK_LIGHT, beta=DARK_GLOW)
        _add_noise(picture, self._noise, shot.number)
        picture = _compressed(picture) if self._low else picture
        left, right = self.crop
        return picture if right - left == 1 else picture[:, round(left * size[0]) : round(right * size[0])]

    @property
    def crop(self) -> tuple[float, float]:
        """Left and right end of what the camera shows, as shares of the 16:9 picture: (0, 1) for most."""
        share = self._shape * 9 / 16
        left = min(max(self._place[0] - share / 2, 0.0), 1 - share) if share < 1 else 0.0
        return left, left + share

    def figure(self, shot: Shot, height: int) -> np.ndarray:
        """The person alone, cut out of the room: premultiplied uint8 BGRA (h, w, 4) in a stream size."""
        size = stream_size(height)
        body = _cut_out(self._body_at(size))
        if shot.expression is not None:
            head = self._placed_head(shot.expression, shot.pose, size)
            body = body * (1 - head[..., 3:].astype(np.float32) / 255) + head
        return np.clip(body, 0, 255).astype(np.uint8)

    def face_box(self, pose: Pose, yaw: float = 0.0) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the face from forehead to chin, as shares of the whole 16:9 picture."""
        side_y = FACE_SHARE * self._zoom
        side_x = side_y * 9 / 16
        middle = self._place[0] + pose.dx * side_x
        top = self._place[1] + (pose.dy - 0.5) * side_y
        (x0, x1), (y0, y1) = people.face_span(yaw), FACE_HEIGHT
        return middle + x0 * side_x, top + y0 * side_y, middle + x1 * side_x, top + y1 * side_y

    def _affine(self, size: tuple[int, int], pose: Pose) -> np.ndarray:
        """From the drawn person's pixels to the picture's: the head turns about the neck."""
        side = FACE_SHARE * self._zoom * size[1]
        scale = side / SIDE
        pivot = people.WIDTH / 2, people.FACE_TOP + 0.95 * SIDE
        matrix = cv2.getRotationMatrix2D(pivot, pose.tilt, scale)
        face_middle = people.WIDTH / 2, people.FACE_TOP + SIDE / 2
        still = cv2.getRotationMatrix2D(pivot, 0, scale) @ (*face_middle, 1)
        matrix[0, 2] += self._place[0] * size[0] + pose.dx * side - still[0]
        matrix[1, 2] += self._place[1] * size[1] + pose.dy * side - still[1]
        return matrix

    def _stills(self, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """The room alone, and with the body in it."""
        if size not in self._still:
            room = cv2.resize(self._room, size, interpolation=cv2.INTER_AREA).astype(np.float32)
            body = self._body_at(size)
            if self._cut_out:
                body = _cut_out(body)
            full = room * (1 - body[..., 3:] / 255) + body[..., :3]
            self._still[size] = self._exposed(room), self._exposed(full)
        return self._still[size]

    def _body_at(self, size: tuple[int, int]) -> np.ndarray:
        """The body in a picture of a size: premultiplied float32 BGRA."""
        # Drawn twice as large and then reduced: an affine warp alone would alias.
        matrix = self._affine((size[0] * 2, size[1] * 2), Pose(0, 0, 0))
        body = cv2.warpAffine(self._body, matrix, (size[0] * 2, size[1] * 2), flags=cv2.INTER_AREA)
        return cv2.resize(body, size, interpolation=cv2.INTER_AREA)

    def _exposed(self, picture: np.ndarray) -> np.ndarray:
        return np.clip(picture * self._gain, 0, 255).astype(np.uint8)

    def _head_layer(self, expression: Expression, size: tuple[int, int]) -> np.ndarray:
        """The head reduced to the stream's scale: premultiplied uint8 BGRA."""
        key = size, expression
        if key not in self._heads:
            if size not in self._scaled:
                self._scaled[size] = self._head.scaled(FACE_SHARE * self._zoom * size[1] / SIDE)
            layer = self._scaled[size].draw(expression)
            layer[..., :3] *= self._gain
            if self._cut_out:
                layer = _cut_out(layer)
            self._heads[key] = np.clip(layer, 0, 255).astype(np.uint8)
            if len(self._heads) > KEPT_HEADS:
                self._heads.popitem(last=False)
        self._heads.move_to_end(key)
        return self._heads[key]

    def _placed_head(self, expression: Expression, pose: Pose, size: tuple[int, int]) -> np.ndarray:
        """The head where it is in the picture: premultiplied uint8 BGRA of the picture's size."""
        layer = self._head_layer(expression, size)
        shrink = np.diag((people.WIDTH / layer.shape[1], people.HEIGHT / layer.shape[0], 1.0))
        return cv2.warpAffine(layer, self._affine(size, pose) @ shrink, size, flags=cv2.INTER_LINEAR)

    def _add_head(self, picture: np.ndarray, expression: Expression, pose: Pose, size: tuple[int, int]) -> None:
        moved = self._placed_head(expression, pose, size)
        clear = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(moved, 3)), cv2.COLOR_GRAY2BGR)
        cv2.multiply(picture, clear, picture, 1 / 255)
        cv2.add(picture, cv2.cvtColor(moved, cv2.COLOR_BGRA2BGR), picture)


def _cut_out(layer: np.ndarray) -> np.ndarray:
    """A person with the soft and ragged outline of a virtual background: premultiplied BGRA like the layer."""
    height, width = layer.shape[:2]
    soft = max(width / 200, 0.8)
    alpha = cv2.GaussianBlur(cv2.extractChannel(layer, 3) * (1 / 255), (0, 0), soft)
    kept = np.clip((alpha + 4 * alpha * (1 - alpha) * _ragged(width, height) - 0.35) / 0.5, 0, 1)
    return cv2.multiply(layer, cv2.merge([kept] * 4))


@lru_cache(maxsize=32)
def _ragged(width: int, height: int) -> np.ndarray:
    """How an outline wavers: float32 (height, width) around zero."""
    random = np.random.default_rng(7)
    return cv2.resize(random.normal(0, 0.14, (height // 6 + 1, width // 6 + 1)).astype(np.float32), (width, height))


_noise_bank: dict[tuple[int, ...], list[tuple[np.ndarray, np.ndarray]]] = {}


def _add_noise(picture: np.ndarray, strength: float, number: int) -> None:
    """Sensor noise of a given deviation, from a bank of patterns that is drawn once."""
    key = (*picture.shape, round(strength * 2))
    if key not in _noise_bank:
        random = np.random.default_rng(11)
        draws = [np.round(random.normal(0, key[-1] / 2, picture.shape)) for _ in range(NOISES)]
        _noise_bank[key] = [(draw.clip(0, 40).astype(np.uint8), (-draw).clip(0, 40).astype(np.uint8)) for draw in draws]
    brighter, darker = _noise_bank[key][number % NOISES]
    cv2.add(picture, brighter, picture)
    cv2.subtract(picture, darker, picture)


def _compressed(picture: np.ndarray) -> np.ndarray:
    """The picture after a poor connection: half the lines, and blocks."""
    small = cv2.resize(picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, 22))
    height, width = picture.shape[:2]
    return cv2.resize(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), (width, height), interpolation=cv2.INTER_LINEAR)


def pose_at(t_s: float, phase: float) -> Pose:
    """How a person sits: slow sway, breathing and small tilts, different for each ``phase``."""
    slow = math.sin(0.43 * t_s + phase) * 0.5 + math.sin(0.17 * t_s + 2.3 * phase) * 0.5
    nod = math.sin(0.31 * t_s + 1.7 * phase) * 0.6 + math.sin(1.1 * t_s + phase) * 0.15
    return Pose(0.07 * slow, 0.035 * nod, 3.5 * math.sin(0.23 * t_s + 3.1 * phase))
