"""Turn a trained face network into models/face.onnx with its card."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# Keras types its arguments by their defaults.

from __future__ import annotations

import hashlib
import json
import tempfile
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
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
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from domain import ModelError
from inference.crops import TILE_HEIGHT, TILE_WIDTH
from training.face.detectors import Own
from training.face.evaluate import Tally, costs
from training.face.faces import FACE_COLUMNS
from training.face.network import MOST_FACES, PLACE_CHANNELS, answering, face_network
from training.face.scenes.store import Scenes

COMPARED_SCENES, COMPARED_SCORE = 100, 0.3
LARGEST_DIFFERENCE = 0.05
"""Pixels of a box or a landmark in the tile, or parts of a score, by which Keras and ONNX may differ."""
CALIBRATION_SCENES = 600
JUDGED_SCENES = 1500
SURE_FALSE, LEAST_FALSE = 1.0, 3.0
"""False faces per 100 validation scenes at the score from which a face is read and from which it counts at all: scenes
hold far more decoys than tiles of a class do."""
SCORES = [hundredth / 100 for hundredth in range(5, 96)]
INT8_LOSS = 0.005
"""Recall that int8 may cost on validation scenes, at as many false faces, before the float file is shipped instead."""
EXACT_PARTS = ("standardise", "faces")
"""Layers of the network, by parts of their names, that stay in float."""
EXACT_CHANNELS = (1, PLACE_CHANNELS)
"""Convolutions that read the picture or make the map, told by their channels, stay in float too: conversion merges them
with their normalisation and drops their names. They cost little, and in int8 they cost recall (measured)."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One form of the network: its file's bytes, the score of ``LEAST_FALSE``, recall there, CPU ms for 25 tiles."""

    name: str
    content: bytes
    least_score: float
    recall: float
    cpu_ms: float


def to_onnx(network: keras.Model) -> onnx.ModelProto:
    """The network with its answers as a checked ONNX graph: ``input`` to ``faces``."""
    signature = (tf.TensorSpec((None, TILE_HEIGHT, TILE_WIDTH, 1), tf.float32, name="input"),)
    graph, _ = tf2onnx.convert.from_keras(answering(network), input_signature=signature, opset=OPSET)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def calibrate(network: keras.Model, scenes: Scenes) -> None:
    """Shift the network's scores, by its last layer's bias, so that 0.5 means ``SURE_FALSE`` on validation scenes."""
    pictures = inputs(scenes, np.arange(min(JUDGED_SCENES, len(scenes)))).astype(np.float32)
    answers = np.asarray(answering(network).predict(pictures, batch_size=100, verbose=0))
    sure, _ = score_with(answers, scenes, SURE_FALSE)
    layer = network.get_layer("face_logit")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias - np.log(sure / (1 - sure)).astype(np.float32)])


def score_with(answers: np.ndarray, scenes: Scenes, false_per_100: float) -> tuple[float, float]:
    """The least of ``SCORES`` from which answers (N, 8, 15) hold at most so many false faces, and the recall there."""

    def figures(score: float) -> dict[str, Any]:
        tally = Tally()
        for index, rows in enumerate(answers):
            scene = scenes.scene(index)
            sure = rows[rows[:, -1] >= score, :FACE_COLUMNS]
            tally.add(sure, scene.faces, ["all"] * len(scene.faces), scene.doubtful)
        return tally.figures()

    few = bisect_left(SCORES, True, key=lambda score: figures(score)["false_per_100_tiles"] <= false_per_100)
    score = SCORES[min(few, len(SCORES) - 1)]
    return score, figures(score)["recall"].get("all", 0.0)


def inputs(scenes: Scenes, rows: np.ndarray) -> np.ndarray:
    """Some scenes as uint8 (N, 112, 192, 1)."""
    return np.asarray(scenes.pictures[np.sort(rows)])[..., None]


def compare(network: keras.Model, path: Path, pictures: np.ndarray) -> float:
    """The largest difference between Keras and ONNX where there are faces. Raises ModelError above the limit."""
    answers = Own(path).answers(pictures)
    expected = np.asarray(answering(network).predict(pictures.astype(np.float32), batch_size=50, verbose=0))
    # A network that has learnt little gives many cells a score of exactly 1: which of them come first is chance.
    sure = (expected[:, 0, -1] > COMPARED_SCORE) & (expected[:, 0, -1] < 1)
    # And it draws boxes larger than the tile: there the rounding grows with the box.
    sides = (expected[:, 0, 2:4] - expected[:, 0, :2]) / (TILE_WIDTH, TILE_HEIGHT)
    unit = np.maximum(sides.max(axis=1), 1.0)
    # Faces of nearly the same score may change places, so that the surest one need not come first in both.
    places = np.abs(answers[..., :-1] - expected[:, :1, :-1]).max(axis=-1).min(axis=-1) / unit
    scores = np.abs(answers[:, 0, -1] - expected[:, 0, -1])
    difference = float(np.maximum(places, scores)[sure].max(initial=0.0))
    if difference > LARGEST_DIFFERENCE:
        raise ModelError(f"expected the ONNX file to answer as Keras does, found differences up to {difference:.2g}")
    return difference


class CalibrationTiles(CalibrationDataReader):
    """Training scenes, one batch after the other, from which int8 learns the ranges of its numbers."""

    def __init__(self, pictures: np.ndarray, batch: int = 50) -> None:
        parts = np.array_split(pictures.astype(np.float32), max(1, len(pictures) // batch))
        self._batches: Iterator[np.ndarray] = iter(parts)

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"input": batch}


def to_int8(path: Path, pictures: np.ndarray, target: Path) -> None:
    """Write a copy of a float ONNX file whose convolutions and sums calculate in int8.

    Weights keep seven bits, because processors without VNNI overflow on eight.
    """
    prepared = target.with_name("prepared.onnx")
    quant_pre_process(path, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        target,
        CalibrationTiles(pictures),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "Add"],
        nodes_to_exclude=exact_nodes(onnx.load(prepared)),
    )


def exact_nodes(model: onnx.ModelProto) -> list[str]:
    """The names of all nodes that stay in float."""
    shapes = {weight.name: tuple(weight.dims) for weight in model.graph.initializer}
    exact = [node.name for node in model.graph.node if any(part in node.name for part in EXACT_PARTS)]
    for node in model.graph.node:
        channels = shapes[node.input[1]][:2] if node.op_type == "Conv" else ()
        exact += [node.name] if set(channels) & set(EXACT_CHANNELS) else []
    return exact


def judge(name: str, path: Path, scenes: Scenes) -> Candidate:
    """Measure one file on the first validation scenes."""
    answers = Own(path).answers(inputs(scenes, np.arange(min(JUDGED_SCENES, len(scenes)))))
    least, recall = score_with(answers, scenes, LEAST_FALSE)
    cost = costs({name: path}, path.parent)[f"{name}, 25 tiles, 1 threads"]["cpu_ms"]
    found = Candidate(name, path.read_bytes(), least, recall, cost)
    print(
        f"{name:6s} recall {recall:.4f} at a score of {least:.2f}  25 tiles {cost} ms of CPU  "
        f"{len(found.content) / 1e6:.2f} MB"
    )
    return found


def choose(exact: Candidate, small: Candidate) -> Candidate:
    """Int8 where it is faster and costs at most ``INT8_LOSS`` of recall, else float."""
    return small if small.cpu_ms < exact.cpu_ms and exact.recall - small.recall <= INT8_LOSS else exact


def export(
    source: Path, scenes: dict[str, Scenes], facts: dict[str, Any], target: Path, weights: Path, plain: Path
) -> dict[str, Any]:
    """Write the ONNX file, its card, the float16 weights and, beside the run, the float file for comparisons.

    ``scenes`` are those of ``train`` (for the ranges of int8) and ``validation``, ``facts`` what the card tells of
    them. Returns the card; raises ClassmoodError when it cannot.
    """
    network = float_network(source, face_network)
    if source.resolve() != weights.resolve():
        keep_half_precision(network, weights, face_network)
    calibrate(network, scenes["validation"])
    drawn = np.random.default_rng(1).permutation(len(scenes["train"]))[:CALIBRATION_SCENES]
    with tempfile.TemporaryDirectory() as folder:
        exact, small = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(to_onnx(network), exact)
        compared = np.arange(min(COMPARED_SCENES, len(scenes["validation"])))
        difference = compare(network, exact, inputs(scenes["validation"], compared))
        to_int8(exact, inputs(scenes["train"], drawn), small)
        plain.parent.mkdir(parents=True, exist_ok=True)
        forms = [judge(path.stem, path, scenes["validation"]) for path in (exact, small)]
        plain.write_bytes(described(forms[0]))
    chosen = choose(*forms)
    content = described(chosen)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    card = _card(content, chosen, difference) | {"data": facts, "runs": runs_behind(source), "metrics": {}}
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def described(form: Candidate) -> bytes:
    """The file of a form with what the live path asks of its metadata."""
    return describe(form.content, {"numbers": form.name, "least_score": f"{form.least_score:.2f}"})


def _card(content: bytes, chosen: Candidate, difference: float) -> dict[str, Any]:
    shape = ["N", TILE_HEIGHT, TILE_WIDTH, 1]
    return {
        "model": "face",
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": {"name": "input", "dtype": "float32", "shape": shape, "range": "raw gray, 0 to 255"},
        "outputs": [
            {
                "name": "faces",
                "dtype": "float32",
                "shape": ["N", MOST_FACES, FACE_COLUMNS + 1],
                "meaning": "left, top, right, bottom, x and y of right eye, left eye, nose, right and left mouth "
                "corner in input pixels, score from 0 to 1; surest first, score 0 for doubles and where no face is",
            }
        ],
        "opset": OPSET,
        "numbers": chosen.name,
        "scores": {
            "found_from": round(chosen.least_score, 2),
            "read_from": 0.5,
            "meaning": f"{LEAST_FALSE} and {SURE_FALSE} false faces per 100 validation scenes",
        },
        "size_bytes": len(content),
        "largest_difference_to_keras": difference,
    }


def runs_behind(weights: Path) -> list[dict[str, Any]]:
    """The runs that led to a checkpoint, oldest first: settings, epochs, minutes; none where they are not at hand."""
    written, history = weights.parent / "recipe.json", weights.parent / "history.json"
    if not (written.is_file() and history.is_file()):
        return []
    rows, found = json.loads(history.read_text()), json.loads(written.read_text())
    start = found["recipe"]["start"]
    taken = {"epochs_done": len(rows), "minutes_taken": round(sum(row["seconds"] for row in rows) / 60, 1)}
    return [*(runs_behind(Path(start)) if start else []), found | taken]


def write_into_card(card: Path, found: dict[str, Any], command: str) -> None:
    """Add a comparison to the model's card. Raises ModelError without a card."""
    try:
        known = json.loads(card.read_text())
    except (OSError, ValueError):
        raise ModelError(f"expected a model card at {card}; make one with python -m training.face export") from None
    known["metrics"] = {"command": command, **found}
    card.write_text(json.dumps(known, indent=1) + "\n")
