"""The emotion network: 48x48 gray faces in, seven probabilities each out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort

from domain import EMOTIONS, EmotionScores, ModelError
from inference.crops import CROP_SIDE, emotion_input
from inference.sessions import open_session

INPUT = "input"
OUTPUT = "probs"
RETRAIN = "restore it from the repository or make it anew with `python -m training.export`"


class EmotionModel:
    """A checked emotion model of the contract in models/README.md, ready to read faces.

    ``threads`` is how many cores one prediction may use. Raises ModelError, in one line, when the file or its card is
    missing, damaged, or made for other inputs, outputs or labels.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, threads, RETRAIN)
        _check_contract(path.name, self._session)

    def predict(self, crops: np.ndarray) -> list[EmotionScores]:
        """Seven probabilities for each of uint8 (N, 48, 48) crops, in the order of ``EMOTIONS``; none for N = 0."""
        if not len(crops):
            return []
        (probabilities,) = self._session.run([OUTPUT], {INPUT: emotion_input(crops)})
        return [EmotionScores(tuple(row)) for row in np.clip(np.array(probabilities, float), 0.0, 1.0).tolist()]


def _check_contract(name: str, session: ort.InferenceSession) -> None:
    inputs = [(node.name, node.type, *node.shape[1:]) for node in session.get_inputs()]
    expected_input = (INPUT, "tensor(float)", CROP_SIDE, CROP_SIDE, 1)
    if inputs != [expected_input]:
        raise ModelError(f"{name}: expected one input {expected_input}, found {inputs}: {RETRAIN}")
    outputs = {node.name: node.shape[-1] for node in session.get_outputs()}
    if outputs.get(OUTPUT) != len(EMOTIONS):
        raise ModelError(f"{name}: expected an output {OUTPUT} of {len(EMOTIONS)} columns, found {outputs}: {RETRAIN}")
    labels = session.get_modelmeta().custom_metadata_map.get("labels", "")
    if tuple(_labels(labels)) != EMOTIONS:
        raise ModelError(f"{name}: expected the labels {', '.join(EMOTIONS)}, found {labels or 'none'}: {RETRAIN}")


def _labels(text: str) -> list[str]:
    """Labels from the metadata: a JSON list, or words between commas."""
    try:
        return list(json.loads(text))
    except ValueError:
        return [word.strip() for word in text.split(",")]
