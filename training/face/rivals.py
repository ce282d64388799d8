"""The detectors that ours is compared with, and that label its training pictures: YuNet and OpenCV's cascade.

Neither is shipped with the project.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from domain import ClassmoodError
from training.face.faces import FACE_COLUMNS

REFERENCE_FILE = Path("reference") / "yunet_n_640_640.onnx"
REFERENCE_SCORE, REFERENCE_OVERLAP = 0.6, 0.3
"""Score from which a face of the reference counts and overlap of doubles: OpenCV's sample values."""

CASCADE_FILE = "haarcascade_frontalface_alt2.xml"
CASCADE_HEIGHT, CASCADE_STEP, CASCADE_WINDOWS, CASCADE_SHARE = 120, 1.2, 2, 0.18
"""Height of a searched tile in pixels, growth of the window, windows that must agree and the smallest square's share of
the height: as the live path used them until it had a detector of its own."""
DARK_LEVEL, NEARLY_BLACK = 80, 16
"""Gray levels of the brightest pixels between which a picture was stretched for the cascade."""
FACE_IN_SQUARE = (0.11, -0.015, 0.90, 1.075)
"""A face from hairline to chin in the square that the cascade reports (median over 44 boxes drawn by hand)."""


class Reference:
    """YuNet (Wu et al. 2023) through OpenCV. Raises ClassmoodError when its file is not in the data folder."""

    def __init__(self, data: Path, score: float = REFERENCE_SCORE) -> None:
        path = data / REFERENCE_FILE
        if not path.is_file():
            raise ClassmoodError(f"expected the reference detector at {path}, found none; pass its folder with --data")
        self._net = cv2.FaceDetectorYN.create(str(path), "", (320, 320), score, REFERENCE_OVERLAP)

    def find(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Faces float32 (F, 14) and their scores (F,), surest first, in a uint8 (H, W) or (H, W, 3) picture."""
        colour = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
        self._net.setInputSize((colour.shape[1], colour.shape[0]))
        _, rows = self._net.detect(colour)
        if rows is None:
            return np.empty((0, FACE_COLUMNS), np.float32), np.empty(0, np.float32)
        rows = rows[np.argsort(-rows[:, 14])]
        faces = rows[:, :FACE_COLUMNS].copy()
        faces[:, 2:4] += faces[:, :2]
        return faces, rows[:, 14]


class Cascade:
    """OpenCV's Viola-Jones cascade with the settings that the live path once had. Its faces have no landmarks."""

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).with_name("data") / CASCADE_FILE))
        if self._cascade.empty():
            raise ClassmoodError(f"expected {CASCADE_FILE} in the installed OpenCV, found none; OpenCV 5 dropped it")

    def find(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Faces float32 (F, 14) and their scores (F,) in a uint8 (H, W) or (H, W, 3) picture of one tile."""
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
        scale = CASCADE_HEIGHT / gray.shape[0]
        size = max(round(gray.shape[1] * scale), 1), CASCADE_HEIGHT
        small = _lit(cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
        smallest = round(CASCADE_HEIGHT * CASCADE_SHARE)
        squares, windows = self._cascade.detectMultiScale2(
            small, scaleFactor=CASCADE_STEP, minNeighbors=CASCADE_WINDOWS, minSize=(smallest, smallest)
        )
        faces = np.full((len(squares), FACE_COLUMNS), np.nan, np.float32)
        for face, (left, top, side, _) in zip(faces, squares, strict=True):
            face[:4] = (np.array([left, top, left, top]) + np.array(FACE_IN_SQUARE) * side) / scale
        return faces, np.asarray(windows, np.float32).reshape(-1)


def _lit(gray: np.ndarray) -> np.ndarray:
    bright = float(np.percentile(gray, 95))
    return cv2.convertScaleAbs(gray, alpha=255.0 / bright) if NEARLY_BLACK < bright < DARK_LEVEL else gray
