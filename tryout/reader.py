"""One picture in, faces with boxes, probabilities and quality out; the models are open only while they are used."""

from __future__ import annotations

import io
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from config import ROOT, Settings
from domain import Box, CaptureError, ClassmoodError, Tile

if TYPE_CHECKING:
    from inference.emotion import EmotionModel
    from inference.faces import FaceFinder

MODELS = ROOT / "models"

MAX_SIDE = 1280
"""Pixels; the page sends 640. A small file can claim a picture that fills the memory: its size is read first."""

KEEP_OPEN_S = 60.0
"""Models that nobody has used for so long are closed: opening them again takes half a second."""

SWITCHED_OFF = "privacy.mode is presence_only: faces and emotions are read nowhere, here neither"


class NotAPicture(CaptureError):
    """What was sent is no picture that can be read here."""


@dataclass(frozen=True, slots=True)
class Models:
    """Both networks, opened."""

    faces: FaceFinder
    emotions: EmotionModel


def open_models(settings: Settings, folder: Path = MODELS) -> Models:
    """Open both networks; raises ModelError. They are imported here: until then this process is small."""
    import cv2

    from inference.emotion import EmotionModel
    from inference.faces import FACE_MODEL, FaceFinder
    from inference.pipeline import EMOTION_MODEL

    threads = settings.inference.threads
    cv2.setNumThreads(threads)
    return Models(FaceFinder(folder / FACE_MODEL, threads), EmotionModel(folder / EMOTION_MODEL, threads))


class FaceReader:
    """Reads single pictures, one at a time, with models that it opens when needed and closes when idle.

    ``clock`` is monotonic, in seconds; ``opened`` makes the models.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        opened: Callable[[Settings], Models] = open_models,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._opened = opened
        self._models: Models | None = None
        self._used_s = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the models are held."""
        return self._models is not None

    def read(self, data: bytes) -> dict[str, Any]:
        """What a JPEG shows: ``size``, ``took_ms`` and ``faces``, the most prominent one first.

        A face has ``box`` (left, top, right, bottom in pixels), ``score`` (0 to 1), ``emotions`` (probability by name,
        null where it abstained), ``abstained`` (why, or null), ``height`` in pixels and ``sharpness`` (0 to 1). Raises
        NotAPicture, ModelError, or ClassmoodError where the settings forbid reading faces.
        """
        if self._settings.privacy.mode != "emotions":
            raise ClassmoodError(SWITCHED_OFF)
        image = picture(data)
        with self._lock:
            if self._models is None:
                self._models = self._opened(self._settings)
                self._close_later(KEEP_OPEN_S)
            self._used_s = self._clock()
            began_s = time.perf_counter()
            faces = _faces(image, self._models, self._settings)
            took_ms = (time.perf_counter() - began_s) * 1000
        return {"size": [image.shape[1], image.shape[0]], "took_ms": round(took_ms, 1), "faces": faces}

    def close_if_idle(self) -> float | None:
        """Let the models go when their time is over; else the seconds to wait until it is worth asking again."""
        with self._lock:
            left_s = self._used_s + KEEP_OPEN_S - self._clock()
            if left_s > 0 and self._models is not None:
                return left_s
            self._models = None
            return None

    def _close_later(self, wait_s: float) -> None:
        def ask() -> None:
            left_s = self.close_if_idle()
            if left_s is not None:
                self._close_later(left_s)

        timer = threading.Timer(wait_s, ask)
        timer.daemon = True
        timer.start()


def picture(data: bytes) -> np.ndarray:
    """A JPEG as uint8 (H, W, 3) BGR; raises NotAPicture for anything else, and for sides over ``MAX_SIDE``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of a picture that is too large to be meant well
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as opened:
                if max(opened.size) > MAX_SIDE:
                    found = "x".join(map(str, opened.size))
                    raise NotAPicture(f"expected at most {MAX_SIDE} pixels a side, found {found}; send a smaller one")
                rgb = np.asarray(opened.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError):
        raise NotAPicture("expected a whole JPEG picture, found something else; send frames as image/jpeg") from None
    return np.ascontiguousarray(rgb[..., ::-1])


def _faces(image: np.ndarray, models: Models, settings: Settings) -> list[dict[str, Any]]:
    from inference.crops import face_crops
    from inference.faces import quality_of

    height, width = image.shape[:2]
    faces = models.faces.find(image, [Tile(0, Box(0, 0, width, height), "on")])
    faces.sort(key=lambda face: -face.box.area * face.score)
    crops = face_crops(image, [face.box for face in faces])
    qualities = [quality_of(face, crop, settings.inference) for face, crop in zip(faces, crops, strict=True)]
    scores = iter(models.emotions.predict(crops[[quality.abstained is None for quality in qualities]]))
    return [
        {
            "box": list(face.box),
            "score": round(face.score, 3),
            "emotions": next(scores).as_dict() if quality.abstained is None else None,
            "abstained": quality.abstained,
            "height": quality.face_height,
            "sharpness": round(quality.sharpness or 0.0, 3),
        }
        for face, quality in zip(faces, qualities, strict=True)
    ]
