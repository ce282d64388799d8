"""One line of text in, letters with their places out."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

from domain import ModelError
from inference.sessions import session_options

LINE_HEIGHT = 48
"""Height in pixels of the recogniser's input."""
STEP = 8
"""Columns of that input for each column of its answer."""
LEAST_COLUMNS = 160
"""Shorter lines are padded to this width: the recogniser was trained on lines of 320."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of a reading, how sure it is, and its middle in pixels from the left of the line."""

    text: str
    confidence: float
    x: float


class Recogniser:
    """The text recogniser of the package rapidocr, run without the rest of it, which would load other models.

    Raises ModelError when the package holds no recogniser or a damaged one.
    """

    def __init__(self, threads: int = 1) -> None:
        path = _model_of_rapidocr()
        options = session_options(threads)
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            alphabet = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        except Exception as error:  # onnxruntime raises many types of its own that share no base
            raise ModelError(
                f"the text recogniser {path.name} is damaged: install the package rapidocr anew"
            ) from error
        # The answer's first class is "no letter", the last one is the space.
        self._letters = ["", *alphabet, " "]
        self.alphabet = frozenset(alphabet)
        self._input = self._session.get_inputs()[0].name

    def read(self, line_bgr: np.ndarray) -> list[Letter]:
        """The letters of one line of text, uint8 (H, W, 3), from left to right."""
        height, width = line_bgr.shape[:2]
        scaled = max(math.ceil(LINE_HEIGHT * width / height), 1)
        pixels = cv2.resize(line_bgr, (scaled, LINE_HEIGHT)).astype(np.float32) / 127.5 - 1.0
        pixels = np.pad(pixels, ((0, 0), (0, max(LEAST_COLUMNS - scaled, 0)), (0, 0)))
        (answer,) = self._session.run(None, {self._input: pixels.transpose(2, 0, 1)[np.newaxis]})
        sureness = np.array(answer)[0]
        best = sureness.argmax(axis=1)
        starts = np.flatnonzero((best > 0) & (best != np.concatenate(([0], best[:-1]))))
        to_pixels = STEP * height / LINE_HEIGHT
        return [Letter(self._letters[best[at]], float(sureness[at, best[at]]), (at + 0.5) * to_pixels) for at in starts]


def _model_of_rapidocr() -> Path:
    # Only looked up, not imported: the package's own start would load models that are not needed here.
    found = importlib.util.find_spec("rapidocr")
    folders = found.submodule_search_locations if found else None
    models = [model for folder in folders or [] for model in sorted(Path(folder, "models").glob("*_rec_*.onnx"))]
    if not models:
        raise ModelError("the package rapidocr holds no text recogniser: install requirements.txt anew")
    return models[0]
