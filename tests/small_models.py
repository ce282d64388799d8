"""Tiny models of the contracts, and broken ones, made with the `onnx` package for tests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from domain import EMOTIONS


def write_emotion_model(
    folder: Path, labels: tuple[str, ...] | None = EMOTIONS, side: int = 48, output: str = "probs"
) -> Path:
    """An emotion model whose probabilities follow the mean gray of a face, with its card beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = numpy_helper.from_array(np.tile(np.arange(7, dtype=np.float32) / 1e6, (side * side, 1)), "weights")
    nodes = [
        helper.make_node("Flatten", ["input"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [output]),
    ]
    graph = helper.make_graph(
        nodes,
        "emotion",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", side, side, 1])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 7])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if labels is not None:
        helper.set_model_props(model, {"labels": ",".join(labels)})
    path = folder / "emotion.onnx"
    onnx.save(model, str(path))
    write_card(path)
    return path


def write_face_model(folder: Path, rows: np.ndarray, height: int = 112) -> Path:
    """A face model that sees the same faces, float32 (F, 15), in every tile, with its card and a landmark model."""
    model = _constant_model("face", (height, 192, 1), "faces", rows)
    helper.set_model_props(model, {"least_score": "0.4"})
    write_landmark_model(folder)
    return _saved(model, folder)


MIDDLE_FACE = np.array([[0.4, 0.4], [0.6, 0.4], [0.5, 0.5], [0.42, 0.6], [0.58, 0.6]])
"""Where the tests' landmark model sees eyes, nose and mouth, in sides of the crop."""


def write_landmark_model(folder: Path, side: int = 48) -> Path:
    """A landmark model that sees ``MIDDLE_FACE`` in every face, with its card beside it."""
    return _saved(_constant_model("landmarks", (side, side, 1), "landmarks", MIDDLE_FACE), folder)


def _constant_model(name: str, shape: tuple[int, ...], output: str, rows: np.ndarray) -> onnx.ModelProto:
    """A model that answers every picture of this shape with the same rows (R, C)."""
    always = numpy_helper.from_array(rows.astype(np.float32)[None], "always")
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["wide"]),
        helper.make_node("Mul", ["wide", "nothing"], ["none"]),
        helper.make_node("Add", ["none", "always"], [output]),
    ]
    constants = [
        numpy_helper.from_array(np.array([2], np.int64), "last"),
        numpy_helper.from_array(np.zeros(1, np.float32), "nothing"),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", *shape])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", *rows.shape])],
        [always, *constants],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _saved(model: onnx.ModelProto, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{model.graph.name}.onnx"
    onnx.save(model, str(path))
    write_card(path)
    return path


def write_card(path: Path) -> None:
    """The card that fits the model file as it is now."""
    card = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
