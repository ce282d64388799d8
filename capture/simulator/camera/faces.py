"""Faces that are nobody's: a mean face per emotion, random directions for the person; skin, lips, eyes in colour.

The arrays come from ``python -m training.synthetic_faces``; see there how they are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from domain import EMOTIONS, ModelError

FACES_FILE = Path(__file__).with_name("faces.npz")
NEUTRAL = EMOTIONS.index("neutral")
SURPRISE = EMOTIONS.index("surprise")
SIDE = 192
"""Side of a drawn face in pixels: twice the model's, so that edges stay smooth in large tiles."""
TEXTURE_SPREAD, SHAPE_SPREAD = 0.75, 0.7
"""Standard deviations of the random person; more gives masks, less gives siblings."""
EXAGGERATION = np.array([1.5, 1.15, 1.3, 1.0, 1.3, 1.0, 1.0], np.float32)
"""How far beyond the mean face each emotion goes, in the order of ``EMOTIONS``: a mean of many is weaker than each."""
TALKING = 0.45
"""How far towards surprise's open mouth a talking mouth goes."""

# Places in the neutral mean face, as shares of its side.
EYES = ((0.285, 0.345), (0.715, 0.345))
MOUTH = (0.5, 0.80)


@dataclass(frozen=True, slots=True)
class Expression:
    """What a face shows: a weight per emotion (neutral takes the rest), mouth opened by talking 0 to 1, eyes closed.

    ``yaw`` is how far the head is turned, in degrees, to the right of the picture above 0.
    """

    weights: tuple[float, ...]
    mouth: float = 0.0
    eyes_closed: bool = False
    yaw: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One random face: its difference from the mean face in light (SIDE, SIDE) and in shape (SIDE, SIDE, 2).

    ``skin`` is in BGR bytes; ``lips`` and ``iris`` say how red lips and how gray eyes are, 0 to 1.
    """

    light: np.ndarray
    flow: np.ndarray
    skin: tuple[int, int, int]
    lips: float
    contrast: float
    iris: float


SKINS = (
    (178, 198, 230),
    (164, 190, 226),
    (150, 178, 218),
    (134, 164, 208),
    (114, 146, 194),
    (92, 124, 174),
    (70, 100, 148),
    (56, 80, 124),
)
"""Skin in even light from light to dark, BGR."""


class FaceModel:
    """Draws faces of random persons with any mixture of emotions."""

    def __init__(self, path: Path = FACES_FILE) -> None:
        """Raises ModelError when the file is missing, damaged or made for other emotions."""
        try:
            with path.open("rb") as opened, np.load(opened) as file:
                arrays = {key: file[key] for key in file.files}
            found = tuple(str(name) for name in arrays["emotions"])
            texture = arrays["texture"].astype(np.float32) * arrays["texture_scale"][:, None, None]
            means, to_emotion = arrays["means"].astype(np.float32), arrays["to_emotion"].astype(np.float32)
            shape = arrays["shape"].astype(np.float32)
        except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
            raise ModelError(f"{path}: no face model ({error}); restore it or run training.synthetic_faces") from error
        if found != EMOTIONS:
            raise ModelError(f"{path}: expected the emotions {EMOTIONS}, found {found}")
        zoom = SIDE / means.shape[1]
        self._texture = np.stack([_large(part) for part in texture])
        self._shape = np.stack([_large(part) * zoom for part in shape])
        self._flow = np.stack([_large(part) * zoom for part in to_emotion])
        self._y, self._x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
        # Every emotion's light and shade, carried back into the neutral face's shape, so that mixtures do not ghost.
        self._shaped = np.stack([self._fetched(_large(m), f) for m, f in zip(means, self._flow, strict=True)])
        self._lower = np.clip((self._y / SIDE - 0.55) / 0.15, 0, 1)
        self._marks = np.stack([self._mark(EYES, 0.115, 0.05), self._mark((MOUTH,), 0.19, 0.065)], -1)

    def person(self, random: np.random.Generator, skin: int | None = None) -> Person:
        """A random person; ``skin`` counts from 1, light, to 8, dark, and None leaves it to chance."""
        tone = SKINS[int(random.integers(len(SKINS))) if skin is None else skin - 1]
        texture = random.normal(0, TEXTURE_SPREAD, len(self._texture)).clip(-1.5, 1.5)
        shape = random.normal(0, SHAPE_SPREAD, len(self._shape)).clip(-1.4, 1.4)
        return Person(
            light=np.tensordot(texture.astype(np.float32), self._texture, 1),
            flow=np.tensordot(shape.astype(np.float32), self._shape, 1),
            skin=tone,
            lips=float(random.uniform(0.3, 1.0)),
            contrast=float(random.uniform(0.9, 1.12)),
            iris=float(random.uniform(0.2, 1.0)),
        )

    def draw(self, person: Person, expression: Expression) -> np.ndarray:
        """The face as uint8 (SIDE, SIDE, 3) BGR; its corners are meaningless and meant to be covered."""
        weights = np.array(expression.weights, np.float32)
        weights = weights * EXAGGERATION
        weights[NEUTRAL] += 1 - weights.sum()
        light, flow = person.light.copy(), person.flow.copy()
        for index in np.flatnonzero(weights):
            light += weights[index] * self._shaped[index]
            flow += weights[index] * self._flow[index]
        if expression.mouth > 0:
            share = (TALKING * expression.mouth * self._lower)[..., None]
            light += share[..., 0] * (self._shaped[SURPRISE] - light)
            flow += share * (self._flow[SURPRISE] - flow)
        # The displacements say where a pixel goes; fetching needs where it comes from (two fixed-point steps).
        back = self._fetched(flow, -flow)
        light, marks = self._fetched(light, -back), self._fetched(self._marks, -back)
        if expression.eyes_closed:
            light = self._with_lids(light, marks[..., 0])
        light += 0.7 * (light - cv2.GaussianBlur(light, (0, 0), 2.5))
        return _coloured(light * person.contrast, marks, person)

    def _fetched(self, picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
        x, y = self._x + flow[..., 0], self._y + flow[..., 1]
        return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _mark(self, places: tuple[tuple[float, float], ...], width: float, height: float) -> np.ndarray:
        """A soft spot over eyes or mouth, 0 to 1."""
        spots = [((self._x / SIDE - x) / width) ** 2 + ((self._y / SIDE - y) / height) ** 2 for x, y in places]
        return np.clip(1.6 - np.min(spots, 0), 0, 1).astype(np.float32)

    def _with_lids(self, light: np.ndarray, eyes: np.ndarray) -> np.ndarray:
        """The eyes covered by skin, with a line of lashes below."""
        below = np.clip(np.roll(eyes, 5, 0) - eyes, 0, 1) + np.clip(eyes - np.roll(eyes, -7, 0), 0, 1)
        return light * (1 - eyes) + eyes * 0.25 - 1.4 * cv2.GaussianBlur(below, (0, 0), 1.5)


def _large(part: np.ndarray) -> np.ndarray:
    return cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def _coloured(light: np.ndarray, marks: np.ndarray, person: Person) -> np.ndarray:
    """Light and shade (mean 0, deviation 1) in the person's skin, with lips redder, teeth and eyes less so."""
    skin = np.array(person.skin, np.float32)
    shadow, deep = skin * np.array((0.46, 0.5, 0.6), np.float32), skin * np.array((0.1, 0.1, 0.13), np.float32)
    bright = skin + (255 - skin) * 0.3
    levels = (-3.2, -1.3, 0.55, 2.6)
    stops = np.stack([deep, shadow, skin, bright])
    picture = np.stack([np.interp(light, levels, stops[:, channel]) for channel in range(3)], -1).astype(np.float32)
    gray = picture.mean(-1, keepdims=True)
    eyes, mouth = marks[..., :1], marks[..., 1:]
    white = np.clip((light[..., None] - 0.9) / 0.7, 0, 1)
    dark = np.clip((-0.9 - light[..., None]) / 0.8, 0, 1)
    picture += (mouth * white + eyes * dark * person.iris).clip(0, 1) * (gray - picture)
    tint = np.array((-0.10, -0.20, 0.03), np.float32) * person.lips
    lips = mouth * np.clip((0.5 - light[..., None]) / 0.9, 0, 1)  # darker than the skin around them
    picture *= 1 + lips * tint
    return np.clip(picture, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def face_model() -> FaceModel:
    """The project's face model, read once."""
    return FaceModel()
