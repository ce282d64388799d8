"""The detectors that are compared, each behind the same call: ours, the reference YuNet and OpenCV's cascade.

The reference also labels training pictures. Neither of the two others is shipped with the project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime as ort

from domain import Box, ClassmoodError, ModelError
from inference.crops import landmark_inputs, tile_inputs
from training.face.faces import FACE_COLUMNS, landmarks_of, moved, overlap

SURE_SCORE = 0.5
"""Score from which a face is sure, by the meaning that the export gives it; only the surest face of a tile may have
less, as in the live path."""

LANDMARK_FILE = "landmarks.onnx"
"""The landmark network beside the detector, as the live path wants it."""

REFERENCE_FILE = Path("reference") / "yunet_n_640_640.onnx"
REFERENCE_SCORE, REFERENCE_OVERLAP = 0.6, 0.3
"""Score from which a face of the reference counts and overlap of doubles: OpenCV's sample values."""
STEADY = 0.15
"""How far apart, in distances of the eyes, the landmarks of a face and of its mirror image may lie to be taken for
true: on half of the faces of FER2013 it is 0.08, on one in ten more than this."""

CASCADE_FILE = "haarcascade_frontalface_alt2.xml"
CASCADE_HEIGHT, CASCADE_STEP, CASCADE_WINDOWS, CASCADE_SHARE = 120, 1.2, 2, 0.18
"""Height of a searched tile in pixels, growth of the window, windows that must agree and the smallest square's share of
the height: as the live path used them until it had a detector of its own."""
DARK_LEVEL, NEARLY_BLACK = 80, 16
"""Gray levels of the brightest pixels between which a picture was stretched for the cascade."""
FACE_IN_SQUARE = (0.11, -0.015, 0.90, 1.075)
"""A face from hairline to chin in the square that the cascade reports (median over 44 boxes drawn by hand)."""


class Detector(Protocol):
    """Finds faces in the picture of one tile."""

    def find(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Faces (F, 14) in its pixels and scores (F,), surest first, in a uint8 (H, W) or (H, W, 3) picture."""
        ...


class Own:
    """The project's network in an ONNX file, on ``threads`` cores; a face counts from the score that the file names.

    ``least_score`` takes its place: from ``SURE_SCORE`` on faces are read. With the file of the landmark network the
    landmarks are that one's. Raises ModelError when a file cannot be read.
    """

    def __init__(
        self, path: Path, threads: int = 1, least_score: float | None = None, landmarks: Path | None = None
    ) -> None:
        self._session = open_network(path, threads)
        self._marks = None if landmarks is None else open_network(landmarks, threads)
        facts = self._session.get_modelmeta().custom_metadata_map
        self.least_score = float(facts.get("least_score", SURE_SCORE)) if least_score is None else least_score

    def find(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As every detector."""
        colour = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
        return self.find_all(colour, [Box(0, 0, colour.shape[1], colour.shape[0])])[0]

    def find_all(self, image: np.ndarray, boxes: list[Box]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Faces and scores in each of some parts of a uint8 (H, W, 3) picture, in one batch; faces in its pixels."""
        inputs, placements = tile_inputs(image, boxes)
        found = []
        for rows, placement, box in zip(self.answers(inputs), placements, boxes, strict=True):
            rows = rows[counted(rows[:, -1], self.least_score)]
            points = (rows[:, :FACE_COLUMNS].reshape(-1, 7, 2) - placement[1:]) / placement[0]
            faces = points.reshape(-1, FACE_COLUMNS)
            self._refine(image, faces, box)
            found.append((faces, rows[:, -1]))
        return found

    def answers(self, inputs: np.ndarray) -> np.ndarray:
        """The network's own answers float32 (N, 8, 15) for uint8 (N, 112, 192, 1)."""
        (answers,) = self._session.run(["faces"], {"input": inputs.astype(np.float32)})
        return np.asarray(answers)

    def _refine(self, image: np.ndarray, faces: np.ndarray, tile: Box) -> None:
        """Put the landmark network's landmarks into faces (F, 14), where there is one."""
        if self._marks is None or not len(faces):
            return
        boxes = [whole_box(face, tile) for face in faces]
        crops, placements = landmark_inputs(image, boxes, [tile] * len(boxes))
        (marks,) = self._marks.run(["landmarks"], {"input": crops.astype(np.float32)})
        points = np.asarray(marks) * placements[:, None, :1] + placements[:, None, 1:]
        faces[:, 4:] = points.reshape(len(faces), -1)


def with_landmarks(path: Path) -> Own:
    """The network in a file with the landmark network beside it, as in the live path, where there is one."""
    beside = path.with_name(LANDMARK_FILE)
    return Own(path, landmarks=beside if beside.is_file() else None)


def counted(scores: np.ndarray, least_score: float, second_score: float = SURE_SCORE) -> np.ndarray:
    """Which of one tile's faces (F,), the surest first, count: bool (F,)."""
    return scores >= np.where(np.arange(len(scores)) > 0, max(second_score, least_score), least_score)


def whole_box(face: np.ndarray, tile: Box) -> Box:
    """A face's box in whole pixels, ending at the tile's border, as the live path has it; at least one pixel large."""
    low, high = np.reshape(tuple(tile), (2, 2))
    start = np.clip(np.round(face[:2]), low, high - 1).astype(int)
    end = np.clip(np.round(face[2:4]), start + 1, high).astype(int)
    return Box(*map(int, (*start, *end)))


def open_network(path: Path, threads: int) -> ort.InferenceSession:
    """An ONNX file, ready to run on so many cores; raises ModelError when it cannot be read."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many types of its own that share no base
        raise ModelError(f"cannot read {path} ({str(error).splitlines()[0]})") from None


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

    def find_steady(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `find`, with landmarks as they are found on average in the picture and in its mirror image.

        Landmarks that lie further apart than ``STEADY`` are unknown (NaN): their error would teach more than they do.
        """
        faces, scores = self.find(image)
        mirrored, _ = self.find(np.ascontiguousarray(image[:, ::-1]))
        others = moved(mirrored, np.array([[-1.0, 0.0, image.shape[1]], [0.0, 1.0, 0.0]]))
        shared = overlap(faces, others) if len(others) else np.zeros((len(faces), 1))
        for face, row in zip(faces, shared, strict=True):
            points = landmarks_of(face)
            seen_again = row.max() > REFERENCE_OVERLAP
            other = landmarks_of(others[row.argmax()]) if seen_again else np.full_like(points, np.nan)
            apart = float(np.linalg.norm(points - other, axis=1).mean())
            steady = apart <= STEADY * float(np.linalg.norm(points[0] - points[1]))
            points[:] = (points + other) / 2 if steady else np.nan
        return faces, scores


class Cascade:
    """OpenCV 4's Viola-Jones cascade with the settings that the live path once had. Its faces have no landmarks."""

    @staticmethod
    def is_there() -> bool:
        """Whether the installed OpenCV still has cascades: OpenCV 5 dropped them."""
        return hasattr(cv2, "CascadeClassifier")

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).with_name("data") / CASCADE_FILE))

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
