"""Turn a trained landmark network into models/landmarks.onnx with its card."""

# pyright: reportArgumentType=false
# Keras types its arguments by their defaults.

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from training.export import (
    OPSET,
    describe,
    float_network,
    keep_half_precision,
)  # sets Keras's back end before Keras is loaded

# isort: split

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from domain import ModelError
from inference.crops import LANDMARK_SIDE
from training.face.detectors import open_network
from training.face.export import runs_behind
from training.face.landmarks.network import POINTS, landmark_network
from training.face.landmarks.samples import Samples, as_read
from training.face.landmarks.train import stacked

COMPARED = 200
LARGEST_DIFFERENCE = 1e-4
"""Sides of the crop by which Keras and ONNX may differ: a hundredth of a percent."""


def to_onnx(network: keras.Model) -> onnx.ModelProto:
    """The network as a checked ONNX graph: ``input`` to ``landmarks``."""
    signature = (tf.TensorSpec((None, LANDMARK_SIDE, LANDMARK_SIDE, 1), tf.float32, name="input"),)
    graph, _ = tf2onnx.convert.from_keras(network, input_signature=signature, opset=OPSET)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def compare(network: keras.Model, path: Path, crops: np.ndarray) -> float:
    """The largest difference between Keras and ONNX on float32 (N, 48, 48, 1). Raises ModelError above the limit."""
    (answers,) = open_network(path, 1).run(["landmarks"], {"input": crops})
    difference = float(np.abs(np.asarray(answers) - np.asarray(network.predict(crops, verbose=0))).max())
    if difference > LARGEST_DIFFERENCE:
        raise ModelError(f"expected the ONNX file to answer as Keras does, found differences up to {difference:.2g}")
    return difference


def export(source: Path, validation: Samples, facts: dict[str, Any], target: Path, weights: Path) -> dict[str, Any]:
    """Write the ONNX file in float, its card and the float16 weights; returns the card.

    ``facts`` are what the card tells of the samples. Raises ClassmoodError when it cannot.
    """
    network = float_network(source, landmark_network)
    if source.resolve() != weights.resolve():
        keep_half_precision(network, weights, landmark_network)
    content = describe(to_onnx(network).SerializeToString(), {"numbers": "float"})
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    rows = range(min(COMPARED, len(validation)))
    crops, _ = stacked([as_read(validation.crops[row], validation.marks[row]) for row in rows])
    card = _card(content, compare(network, target, crops)) | {"data": facts, "runs": runs_behind(source), "metrics": {}}
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def _card(content: bytes, difference: float) -> dict[str, Any]:
    return {
        "model": "landmarks",
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": {
            "name": "input",
            "dtype": "float32",
            "shape": ["N", LANDMARK_SIDE, LANDMARK_SIDE, 1],
            "range": "raw gray, 0 to 255",
        },
        "outputs": [
            {
                "name": "landmarks",
                "dtype": "float32",
                "shape": ["N", POINTS, 2],
                "meaning": "x and y of right eye, left eye, nose, right and left mouth corner in sides of the crop, "
                "below 0 or above 1 where they lie outside of it",
            }
        ],
        "opset": OPSET,
        "numbers": "float",
        "size_bytes": len(content),
        "largest_difference_to_keras": difference,
    }
