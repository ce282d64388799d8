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
    """A face model that sees the same faces, float32 (F, 15), in every tile, with its card beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    always = numpy_helper.from_array(rows.astype(np.float32)[None], "always")
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["wide"]),
        helper.make_node("Mul", ["wide", "nothing"], ["none"]),
        helper.make_node("Add", ["none", "always"], ["faces"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([2], np.int64), "last"),
        numpy_helper.from_array(np.zeros(1, np.float32), "nothing"),
    ]
    graph = helper.make_graph(
        nodes,
        "face",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", height, 192, 1])],
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["N", len(rows), 15])],
        [always, *constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"least_score": "0.4"})
    path = folder / "face.onnx"
    onnx.save(model, str(path))
    write_card(path)
    return path


def write_card(path: Path) -> None:
    """The card that fits the model file as it is now."""
    card = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
