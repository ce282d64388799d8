"""Turn a trained network into models/emotion.onnx with its card: python -m training.export (see --help)."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# Keras types its arguments by their defaults ("auto", None) and a callback's model as None.

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"  # tf2onnx reads TensorFlow graphs, whatever the network was trained on

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from domain import EMOTIONS, ClassmoodError, ModelError
from training import data
from training.data import OUTPUTS
from training.evaluate import Predict, load_model, predict_all, speed
from training.network import emotion_network, read_weights
from training.train import DEFAULT_RUN, Recipe, command_of, from_root
from training.train import parser as training_parser

OPSET = 17
"""The newest that tf2onnx writes without trouble; opset 20 is refused."""
COMPARED_FACES = 500
LARGEST_DIFFERENCE = 1e-4
"""How far Keras and ONNX may differ in any probability."""
CALIBRATION_FACES = 1000
INT8_LOSS = 0.003
"""Accuracy that int8 may cost on the public test set before the float file is shipped instead."""
EXACT_PARTS = ("standardise", "_narrow", "_gate")
"""Layers of the network, by parts of their names, that stay in float."""
TEMPERATURES = np.arange(0.3, 3.001, 0.01)
MODEL = data.ROOT / "models" / "emotion.onnx"
WEIGHTS = data.ROOT / "training" / "weights" / "emotion.weights.h5"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One form of the network: its file's bytes, and on the public test set its accuracies and time for 25 faces."""

    name: str
    content: bytes
    fer2013: float
    ferplus: float
    milliseconds_25: float


def float_network(path: Path, untrained: Callable[[], keras.Model] = emotion_network) -> keras.Model:
    """A network in float32 with the weights of a file. Raises ModelError when it cannot be read."""
    keras.mixed_precision.set_global_policy("float32")
    model = untrained()
    read_weights(model, path)
    return model


def keep_half_precision(model: keras.Model, path: Path, untrained: Callable[[], keras.Model] = emotion_network) -> None:
    """Round a network's weights to float16, in place, and write them as small Keras weights.

    The export then starts from the same numbers as a later one from this file.
    """
    keras.mixed_precision.set_global_policy("float16")
    half = untrained()
    keras.mixed_precision.set_global_policy("float32")
    rounded = [np.asarray(weight, np.float16) for weight in model.get_weights()]
    half.set_weights(rounded)
    path.parent.mkdir(parents=True, exist_ok=True)
    half.save_weights(path)
    model.set_weights([weight.astype(np.float32) for weight in rounded])


def fit_temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The number to divide logits by so that the claims, float (N, 7), fit int (N,) labels best (Guo et al. 2017)."""
    logits = np.log(np.maximum(probabilities, 1e-12))
    losses = []
    for temperature in TEMPERATURES:
        scaled = logits / temperature
        total = np.log(np.exp(scaled - scaled.max(axis=1, keepdims=True)).sum(axis=1)) + scaled.max(axis=1)
        losses.append(np.mean(total - scaled[np.arange(len(truth)), truth]))
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 2)


def calibrate(model: keras.Model, public: data.Faces) -> dict[str, float]:
    """Fit one temperature per output on the public test set and fold it into the weights of its last layer."""
    answers = dict(zip(OUTPUTS, model.predict(inputs(public.images), batch_size=256, verbose=0), strict=True))
    won = data.majority(public.votes)
    truths = {"probs": won if (won >= 0).any() else public.labels, "probs_fer2013": public.labels}
    temperatures = {}
    for name, truth in truths.items():
        temperatures[name] = fit_temperature(np.asarray(answers[name])[truth >= 0], truth[truth >= 0])
        layer = model.get_layer(f"{name}_logits")
        layer.set_weights([weight / temperatures[name] for weight in layer.get_weights()])
    return temperatures


def inputs(images: np.ndarray) -> np.ndarray:
    """uint8 (N, 48, 48) as the network's float32 (N, 48, 48, 1)."""
    return images[..., None].astype(np.float32)


def to_onnx(model: keras.Model) -> onnx.ModelProto:
    """The network as a checked ONNX graph whose outputs carry the names of ``OUTPUTS``."""
    signature = (tf.TensorSpec((None, data.SIDE, data.SIDE, 1), tf.float32, name="input"),)
    graph, _ = tf2onnx.convert.from_keras(model, input_signature=signature, opset=OPSET)
    for output, name in zip(graph.graph.output, OUTPUTS, strict=True):
        _rename(graph, output.name, name)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def _rename(graph: onnx.ModelProto, old: str, new: str) -> None:
    for node in graph.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for output in graph.graph.output:
        output.name = new if output.name == old else output.name


def compare(model: keras.Model, path: Path, images: np.ndarray) -> float:
    """The largest difference between Keras and ONNX in any probability. Raises ModelError above 1e-4."""
    answers = predict_all(load_model(path), images)
    expected = model.predict(inputs(images), batch_size=256, verbose=0)
    difference = max(
        float(np.abs(answers[name] - np.asarray(part)).max()) for name, part in zip(OUTPUTS, expected, strict=True)
    )
    if difference > LARGEST_DIFFERENCE:
        raise ModelError(f"expected the ONNX file to answer as Keras does, found differences up to {difference:.2g}")
    return difference


class CalibrationFaces(CalibrationDataReader):
    """Training faces, one batch after the other, from which int8 learns the ranges of its numbers."""

    def __init__(self, images: np.ndarray, batch: int = 100) -> None:
        self._batches: Iterator[np.ndarray] = iter(np.array_split(inputs(images), max(1, len(images) // batch)))

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"input": batch}


def to_int8(path: Path, images: np.ndarray, target: Path) -> None:
    """Write a copy of a float ONNX file whose convolutions and sums calculate in int8.

    The standardising of each picture, the gates of squeeze-and-excitation and the heads stay in float: they cost
    nothing and need the precision. Weights keep seven bits, because processors without VNNI overflow on eight.
    """
    prepared = target.with_name("prepared.onnx")
    quant_pre_process(path, prepared, skip_symbolic_shape=True)
    exact = [node.name for node in onnx.load(prepared).graph.node if any(part in node.name for part in EXACT_PARTS)]
    quantize_static(
        prepared,
        target,
        CalibrationFaces(images),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "Add"],
        nodes_to_exclude=exact,
    )


def judge(name: str, path: Path, public: data.Faces) -> Candidate:
    """Measure one file on the public test set."""
    predict: Predict = load_model(path)
    answers = predict_all(predict, public.images)
    right = data.right_answers(answers, public)
    found = Candidate(
        name,
        path.read_bytes(),
        float(right["fer2013"].mean()),
        float(right["ferplus"].mean()) if "ferplus" in right else 0.0,
        speed(predict)["25"]["wall_ms"],
    )
    print(
        f"{name:6s} FER2013 {found.fer2013:.2%}  FER+ {found.ferplus:.2%}  25 faces {found.milliseconds_25} ms  "
        f"{len(found.content) / 1e6:.2f} MB"
    )
    return found


def choose(exact: Candidate, small: Candidate) -> Candidate:
    """Int8 where it is faster and costs at most ``INT8_LOSS`` on either label set, else float."""
    loss = max(exact.fer2013 - small.fer2013, exact.ferplus - small.ferplus)
    return small if small.milliseconds_25 < exact.milliseconds_25 and loss <= INT8_LOSS else exact


def describe(graph: bytes, facts: dict[str, str]) -> bytes:
    """The same ONNX file with these facts in its metadata."""
    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(model, facts)
    return model.SerializeToString(deterministic=True)


def export(source: Path, faces: data.Faces, target: Path, weights: Path) -> dict[str, Any]:
    """Write the ONNX file, its card and the float16 weights; returns the card. Raises ClassmoodError when it cannot."""
    model, public = float_network(source), faces.part(data.PUBLIC)
    # Read before the kept weights and the card are replaced.
    recipe = recipe_of(source, runs_behind(source, target.with_suffix(".json")))
    if source.resolve() != weights.resolve():
        keep_half_precision(model, weights)
    training, dropped = data.clean_training(faces)
    temperatures = calibrate(model, public)
    drawn = training.images[np.random.default_rng(1).permutation(len(training))[:CALIBRATION_FACES]]
    with tempfile.TemporaryDirectory() as folder:
        exact, small = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(to_onnx(model), exact)
        difference = compare(model, exact, public.images[:COMPARED_FACES])
        to_int8(exact, drawn, small)
        chosen = choose(judge("float", exact, public), judge("int8", small, public))
    counts = {
        "training": len(training),
        "public_test": len(public),
        "dropped_duplicates_of_tests": dropped.duplicates,
        "dropped_blank": dropped.blank,
    }
    facts = {
        "labels": json.dumps(EMOTIONS),
        "data": "FER2013 training rows, FER+ votes",
        "numbers": chosen.name,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "temperature": json.dumps(temperatures),
    }
    content = describe(chosen.content, facts)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    card = _card(content, facts, counts, difference) | {"recipe": recipe, "metrics": {}}
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def _card(content: bytes, facts: dict[str, str], counts: dict[str, int], difference: float) -> dict[str, Any]:
    signature = {"dtype": "float32", "shape": ["N", data.SIDE, data.SIDE, 1], "range": "raw gray, 0 to 255"}
    shape = {"dtype": "float32", "shape": ["N", len(EMOTIONS)], "range": "0 to 1, summing to 1"}
    meanings = {
        "probs": "what most of ten people saw (FER+); the product reads this one",
        "probs_fer2013": "FER2013's own noisy labels, for benchmarks",
    }
    return {
        "model": "emotion",
        "sha256": hashlib.sha256(content).hexdigest(),
        "labels": list(EMOTIONS),
        "input": {"name": "input", **signature},
        "outputs": [{"name": name, **shape, "meaning": meanings[name]} for name in OUTPUTS],
        "opset": OPSET,
        "numbers": facts["numbers"],
        "size_bytes": len(content),
        "temperature": json.loads(facts["temperature"]) | {"fitted_on": "public test set"},
        "data": {"source": "FER2013 (ICML 2013 challenge) with FER+ votes (Barsoum et al. 2016)", **counts},
        "largest_difference_to_keras": difference,
        "weights_sha256": facts["weights_sha256"],
    }


def runs_behind(weights: Path, card: Path) -> list[dict[str, Any]]:
    """The training runs that led to a file of weights, oldest first: their commands, settings and durations.

    They are read beside a checkpoint and, where it was begun with other weights, beside those; a run that is no longer
    at hand stands in the card of the model that was made from these weights.
    """
    written, history = weights.parent / "recipe.json", weights.parent / "history.json"
    if not (written.is_file() and history.is_file()):
        known = json.loads(card.read_text()) if card.is_file() and weights.is_file() else {}
        same = known.get("weights_sha256") == hashlib.sha256(weights.read_bytes()).hexdigest() if known else False
        return known["recipe"].get("runs", []) if same else []
    found, rows = json.loads(written.read_text()), json.loads(history.read_text())
    recipe = Recipe(**found["recipe"])
    start = Path(recipe.start) if recipe.start else None
    earlier = runs_behind(start, card) if start and start.parent.resolve() != weights.parent.resolve() else []
    taken = {"epochs_done": len(rows), "minutes_taken": round(sum(row["seconds"] for row in rows) / 60, 1)}
    return [*earlier, {"command": command_of(recipe, weights.parent), **found, **taken}]


def recipe_of(source: Path, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """All commands that make the model again, in their order, and the runs behind it."""
    export_command = "python -m training.export"
    if source.resolve() != (DEFAULT_RUN / "best.keras").resolve():
        export_command += f" {from_root(source)}"
    commands: list[str] = []
    for run in runs:
        if run["recipe"].get("start"):  # where a run began is told as it was typed, but no path of a machine
            run["recipe"]["start"] = from_root(Path(run["recipe"]["start"]))
        if commands and run["recipe"].get("start") == from_root(WEIGHTS):
            before = training_parser().parse_args(shlex.split(commands[-1])[3:]).run
            commands.append(f"python -m training.export {from_root(before / 'best.keras')}")
        commands.append(run["command"])
    return {
        "commands": [*commands, export_command, "python -m training.evaluate models/emotion.onnx --card"],
        "runs": runs,
    }


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m training.export",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description="Make models/emotion.onnx and its card from trained weights.",
    )
    options.add_argument(
        "source",
        type=Path,
        nargs="?",
        default=DEFAULT_RUN / "best.keras",
        help="a .keras checkpoint, or training/weights/emotion.weights.h5",
    )
    options.add_argument(
        "--data", type=Path, default=data.DEFAULT_DATA, help="FER2013, as for python -m training.train"
    )
    options.add_argument("--out", type=Path, default=MODEL, help="the ONNX file; its card goes beside it")
    options.add_argument("--weights", type=Path, default=WEIGHTS, help="where the small Keras weights are kept")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        card = export(given.source, data.load(given.data), given.out, given.weights)
    except ClassmoodError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{given.out}: {card['numbers']}, {card['size_bytes'] / 1e6:.2f} MB, temperatures {card['temperature']}, "
        f"largest difference to Keras {card['largest_difference_to_keras']:.1e}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
