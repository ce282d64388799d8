"""The emotion network: 48x48 gray faces in, seven probabilities each out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort

from domain import EMOTIONS, EmotionScores, ModelError
from inference.crops import CROP_SIDE, emotion_input

INPUT = "input"
OUTPUT = "probs"
RETRAIN = "restore it from the repository or make it anew with `python -m training.export`"


class EmotionModel:
    """A checked emotion model of the contract in models/README.md, ready to read faces.

    ``threads`` is how many cores one prediction may use. Raises ModelError, in one line, when the file or its card is
    missing, damaged, or made for other inputs, outputs or labels.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        data = _checked_bytes(path)
        try:
            self._session = ort.InferenceSession(data, session_options(threads), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises many types of its own that share no base
            raise ModelError(f"{path.name} is no readable ONNX model ({_first_line(error)}): {RETRAIN}") from error
        _check_contract(path.name, self._session)

    def predict(self, crops: np.ndarray) -> list[EmotionScores]:
        """Seven probabilities for each of uint8 (N, 48, 48) crops, in the order of ``EMOTIONS``; none for N = 0."""
        if not len(crops):
            return []
        (probabilities,) = self._session.run([OUTPUT], {INPUT: emotion_input(crops)})
        return [EmotionScores(tuple(row)) for row in np.clip(np.array(probabilities, float), 0.0, 1.0).tolist()]


def session_options(threads: int) -> ort.SessionOptions:
    """How every network here is run: few threads that sleep when idle, because Zoom needs the rest of the CPU.

    ONNX Runtime's default spins: about 46 ms of CPU per wake-up (measured).
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors are raised; warnings would only clutter a teacher's terminal
    return options


def _checked_bytes(path: Path) -> bytes:
    """The model file's bytes, equal to what its card says."""
    card = path.with_suffix(".json")
    try:
        data = path.read_bytes()
        expected = json.loads(card.read_text(encoding="utf-8"))["sha256"]
    except OSError as error:
        missing = Path(str(error.filename)).name
        raise ModelError(f"the emotion model's {missing} cannot be read ({error.strerror}): {RETRAIN}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{card.name}: expected a JSON card with a sha256, found none: {RETRAIN}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ModelError(
            f"{path.name} is damaged: expected the sha256 {str(expected)[:12]}, found {found[:12]}: {RETRAIN}"
        )
    return data


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


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
