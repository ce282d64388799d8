"""Turn a trained face network into models/face.onnx with its card."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# Keras types its arguments by their defaults.

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.export import OPSET, describe  # sets Keras's back end before Keras is loaded

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
from training.face.network import MOST_FACES, answering, face_network, read_weights
from training.face.scenes.store import Scenes

COMPARED_SCENES, COMPARED_SCORE, CLEAR_LEAD = 100, 0.3, 0.01
LARGEST_DIFFERENCE = 0.05
"""Pixels of a box, or hundredths of a score, by which Keras and ONNX may differ."""
CALIBRATION_SCENES = 600
JUDGED_SCENES = 1500
SURE_FALSE, LEAST_FALSE = 1.0, 3.0
"""False faces per 100 validation scenes at the score from which a face is read and from which it counts at all: scenes
hold far more decoys than tiles of a class do."""
SCORES = np.arange(0.05, 0.951, 0.01)
INT8_LOSS = 0.005
"""Recall or precision that int8 may cost on validation scenes before the float file is shipped instead."""
EXACT_PARTS = ("standardise", "faces", "face_logit", "place")
"""Layers of the network, by parts of their names, that stay in float."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One form of the network: its file's bytes, recall and precision on validation scenes, CPU ms for 25 tiles."""

    name: str
    content: bytes
    recall: float
    precision: float
    cpu_ms: float


def float_network(path: Path) -> keras.Model:
    """The network in float32 with the weights of a file. Raises ModelError when it cannot be read."""
    keras.mixed_precision.set_global_policy("float32")
    network = face_network()
    read_weights(network, path)
    return network


def keep_half_precision(network: keras.Model, path: Path) -> None:
    """Round the network's weights to float16, in place, and write them as small Keras weights."""
    keras.mixed_precision.set_global_policy("float16")
    half = face_network()
    keras.mixed_precision.set_global_policy("float32")
    rounded = [np.asarray(weight, np.float16) for weight in network.get_weights()]
    half.set_weights(rounded)
    path.parent.mkdir(parents=True, exist_ok=True)
    half.save_weights(path)
    network.set_weights([weight.astype(np.float32) for weight in rounded])


def to_onnx(network: keras.Model) -> onnx.ModelProto:
    """The network with its answers as a checked ONNX graph: ``input`` to ``faces``."""
    signature = (tf.TensorSpec((None, TILE_HEIGHT, TILE_WIDTH, 1), tf.float32, name="input"),)
    graph, _ = tf2onnx.convert.from_keras(answering(network), input_signature=signature, opset=OPSET)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def calibrate(network: keras.Model, scenes: Scenes) -> float:
    """Shift the network's scores so that 0.5 means ``SURE_FALSE``; returns the score that then means ``LEAST_FALSE``.

    Both are fitted on validation scenes; the shift goes into the last layer's bias.
    """
    count = min(JUDGED_SCENES, len(scenes))
    pictures = inputs(scenes, np.arange(count)).astype(np.float32)
    answers = np.asarray(answering(network).predict(pictures, batch_size=100, verbose=0))
    sure, least = (score_with(answers, scenes, share * count / 100) for share in (SURE_FALSE, LEAST_FALSE))
    shift = float(np.log(sure / (1 - sure)))
    layer = network.get_layer("face_logit")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias - shift])
    return round(float(1 / (1 + np.exp(shift) * (1 - least) / least)), 3)


def score_with(answers: np.ndarray, scenes: Scenes, most_false: float) -> float:
    """The least of ``SCORES`` from which answers (N, 8, 15) hold at most so many false faces."""
    for score in SCORES:
        tally = Tally()
        for index, rows in enumerate(answers):
            scene = scenes.scene(index)
            tally.add(rows[rows[:, -1] >= score, :FACE_COLUMNS], scene.faces, [""] * len(scene.faces), scene.doubtful)
            if tally.false > most_false:
                break
        else:
            return float(score)
    return float(SCORES[-1])


def inputs(scenes: Scenes, rows: np.ndarray) -> np.ndarray:
    """Some scenes as uint8 (N, 112, 192, 1)."""
    return np.asarray(scenes.pictures[np.sort(rows)])[..., None]


def compare(network: keras.Model, path: Path, pictures: np.ndarray) -> float:
    """The largest difference between Keras and ONNX where there are faces. Raises ModelError above the limit."""
    answers = Own(path).answers(pictures)
    expected = np.asarray(answering(network).predict(pictures.astype(np.float32), batch_size=50, verbose=0))
    # Faces of nearly the same score may change places; a tile's surest one that stands out cannot.
    first, second = expected[:, 0, -1], expected[:, 1, -1]
    clear = (first > COMPARED_SCORE) & (first - second > CLEAR_LEAD)
    difference = float(np.abs(answers[:, 0] - expected[:, 0])[clear].max(initial=0.0))
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
    exact = [node.name for node in onnx.load(prepared).graph.node if any(part in node.name for part in EXACT_PARTS)]
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
        nodes_to_exclude=exact,
    )


def judge(name: str, path: Path, scenes: Scenes, least_score: float) -> Candidate:
    """Measure one file on the first validation scenes."""
    count, tally = min(JUDGED_SCENES, len(scenes)), Tally()
    answers = Own(path).answers(inputs(scenes, np.arange(count)))
    for index, rows in enumerate(answers):
        scene = scenes.scene(index)
        sure = rows[rows[:, -1] >= least_score, :FACE_COLUMNS]
        tally.add(sure, scene.faces, ["all"] * len(scene.faces), scene.doubtful)
    figures, cost = tally.figures(), costs({name: path}, path.parent)[f"{name}, 25 tiles, 1 threads"]["cpu_ms"]
    found = Candidate(name, path.read_bytes(), figures["recall"].get("all", 0.0), figures["precision"], cost)
    print(
        f"{name:6s} recall {found.recall:.4f}  precision {found.precision:.4f}  25 tiles {cost} ms of CPU  "
        f"{len(found.content) / 1e6:.2f} MB"
    )
    return found


def choose(exact: Candidate, small: Candidate) -> Candidate:
    """Int8 where it is faster and costs at most ``INT8_LOSS`` of recall and of precision, else float."""
    loss = max(exact.recall - small.recall, exact.precision - small.precision)
    return small if small.cpu_ms < exact.cpu_ms and loss <= INT8_LOSS else exact


def export(
    source: Path, scenes: dict[str, Scenes], facts: dict[str, Any], target: Path, weights: Path, plain: Path
) -> dict[str, Any]:
    """Write the ONNX file, its card, the float16 weights and, beside the run, the float file for comparisons.

    ``scenes`` are those of ``train`` (for the ranges of int8) and ``validation``, ``facts`` what the card tells of
    them. Returns the card; raises ClassmoodError when it cannot.
    """
    network = float_network(source)
    recipe = _recipe_of(source)
    if source.resolve() != weights.resolve():
        keep_half_precision(network, weights)
    least = calibrate(network, scenes["validation"])
    drawn = np.random.default_rng(1).permutation(len(scenes["train"]))[:CALIBRATION_SCENES]
    with tempfile.TemporaryDirectory() as folder:
        exact, small = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(to_onnx(network), exact)
        compared = np.arange(min(COMPARED_SCENES, len(scenes["validation"])))
        difference = compare(network, exact, inputs(scenes["validation"], compared))
        to_int8(exact, inputs(scenes["train"], drawn), small)
        plain.parent.mkdir(parents=True, exist_ok=True)
        plain.write_bytes(describe(exact.read_bytes(), {"numbers": "float", "least_score": str(least)}))
        chosen = choose(*(judge(path.stem, path, scenes["validation"], least) for path in (exact, small)))
    content = describe(chosen.content, {"numbers": chosen.name, "least_score": str(least)})
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    card = _card(content, chosen, difference, least) | {"data": facts, "recipe": recipe, "metrics": {}}
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def _card(content: bytes, chosen: Candidate, difference: float, least_score: float) -> dict[str, Any]:
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
            "found_from": least_score,
            "read_from": 0.5,
            "meaning": f"{LEAST_FALSE} and {SURE_FALSE} false faces per 100 validation scenes",
        },
        "size_bytes": len(content),
        "largest_difference_to_keras": difference,
    }


def _recipe_of(source: Path) -> dict[str, Any]:
    """The run that a checkpoint comes from: its settings, epochs and minutes, or nothing where it is not at hand."""
    written, history = source.parent / "recipe.json", source.parent / "history.json"
    if not (written.is_file() and history.is_file()):
        return {}
    rows = json.loads(history.read_text())
    taken = {"epochs_done": len(rows), "minutes_taken": round(sum(row["seconds"] for row in rows) / 60, 1)}
    return json.loads(written.read_text()) | taken


def write_into_card(card: Path, found: dict[str, Any], command: str) -> None:
    """Add a comparison to the model's card. Raises ModelError without a card."""
    try:
        known = json.loads(card.read_text())
    except (OSError, ValueError):
        raise ModelError(f"expected a model card at {card}; make one with python -m training.face export") from None
    known["metrics"] = {"command": command, **found}
    card.write_text(json.dumps(known, indent=1) + "\n")
