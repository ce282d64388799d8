"""The detectors that are compared, each behind the same call: ours from a model file, the reference and the cascade."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime as ort

from domain import Box, ModelError
from inference.crops import tile_inputs
from training.face.faces import FACE_COLUMNS

KEPT_SCORE = 0.05
"""Score below which answers are not even kept for the curves."""


class Detector(Protocol):
    """Finds faces in the picture of one tile."""

    def find(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Faces (F, 14) in its pixels and scores (F,), surest first, in a uint8 (H, W) or (H, W, 3) picture."""
        ...


class Own:
    """The project's network in an ONNX file, on ``threads`` cores. Raises ModelError when it cannot be read."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises many types of its own that share no base
            raise ModelError(f"cannot read {path} ({str(error).splitlines()[0]})") from None

    def find(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As every detector."""
        colour = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
        return self.find_all(colour, [Box(0, 0, colour.shape[1], colour.shape[0])])[0]

    def find_all(self, image: np.ndarray, boxes: list[Box]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Faces and scores in each of some parts of a uint8 (H, W, 3) picture, in one batch; faces in its pixels."""
        inputs, placements = tile_inputs(image, boxes)
        found = []
        for rows, placement in zip(self.answers(inputs), placements, strict=True):
            rows = rows[rows[:, -1] >= KEPT_SCORE]
            points = (rows[:, :FACE_COLUMNS].reshape(-1, 7, 2) - placement[1:]) / placement[0]
            found.append((points.reshape(-1, FACE_COLUMNS), rows[:, -1]))
        return found

    def answers(self, inputs: np.ndarray) -> np.ndarray:
        """The network's own answers float32 (N, 8, 15) for uint8 (N, 112, 192, 1)."""
        (answers,) = self._session.run(["faces"], {"input": inputs.astype(np.float32)})
        return np.asarray(answers)
