"""Measure a model, Keras or ONNX, with the same code: python -m training.evaluate MODEL (see --help)."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from domain import EMOTIONS, ClassmoodError, ModelError
from training import augment, data, report

SPLITS = {"public": data.PUBLIC, "private": data.PRIVATE}
REPORTS = data.ROOT / "training" / "runs" / "reports"
CALIBRATION_BINS = 15
"""As in Guo et al. 2017, whose expected calibration error this is."""
CONFIDENCE_Z = 1.96
"""Standard deviations of a 95 % interval."""
RESAMPLES = 1000
"""Draws of a bootstrap (Efron 1979), for figures whose interval no formula gives."""
KEPT_PX, FULL_PX = 36, 48
"""The accuracy kept by small faces is that at the first size over that at the second."""
BATCHES = (1, 25, 49)
"""One face, and a full page of Zoom's gallery in its two sizes."""
THREADS = 2
SPEED_RUNS = 60

Predict = Callable[[np.ndarray], dict[str, np.ndarray]]
"""uint8 (N, 48, 48) faces to float32 (N, 7) probabilities by name of output."""

Distort = Callable[[np.ndarray, Any, np.random.Generator], np.ndarray]
"""Faces uint8 (N, 48, 48), a level and a source of chance to the distorted faces."""


def _each(distort: Callable[[np.ndarray, Any], np.ndarray]) -> Distort:
    """A distortion of one face, done to each."""
    return lambda images, level, _: np.stack([distort(image, level) for image in images])


def _jittered(images: np.ndarray, percent: float, draw: np.random.Generator) -> np.ndarray:
    """Faces whose frames are off in place and size by this deviation, as those of a real detector are."""
    scale = np.exp(draw.normal(0, percent / 100, len(images)))
    shift = draw.normal(0, percent / 100 * data.SIDE, (len(images), 2))
    frames = zip(images, scale, shift, strict=True)
    return np.stack([augment.place(image, scale=factor, shift=tuple(by)) for image, factor, by in frames])


CURVES: dict[str, tuple[str, tuple, Distort]] = {
    "size": ("side of the face in px", (100, 72, 48, 36, 32, 28, 24, 20, 16), _each(augment.shrink)),
    "blur": ("sigma in px", (0, 0.5, 1, 1.5, 2, 3), _each(lambda x, sigma: augment.blur(x, sigma) if sigma else x)),
    "jpeg": ("quality", (95, 75, 50, 30, 20, 10), _each(augment.jpeg)),
    "video": ("rate factor of H.264", (18, 24, 30, 36, 42, 48), lambda x, crf, _: augment.video(x, crf)),
    "brightness": (
        "offset in gray levels",
        (-100, -60, -30, 0, 30, 60, 100),
        _each(lambda x, offset: augment.relight(x, offset=offset)),
    ),
    "contrast": ("gain", (0.1, 0.2, 0.4, 0.7, 1, 1.4, 2), _each(augment.relight)),
    "rotation": ("angle in degrees", (-30, -20, -10, -5, 0, 5, 10, 20, 30), _each(augment.place)),
    "box": ("jitter of place and size in percent of the face", (0, 2, 5, 8, 12, 16), _jittered),
}
"""Each robustness curve: what the levels are, the levels, and how faces are distorted."""


def load_model(path: Path) -> Predict:
    """A way to ask a ``.onnx`` or ``.keras`` file. Raises ModelError when it is missing or unreadable."""
    if not path.is_file():
        raise ModelError(f"expected a model at {path}, found none; make one with python -m training.train")
    if path.suffix == ".onnx":
        return _onnx_predict(path)
    if path.suffix == ".keras":
        return _keras_predict(path)
    raise ModelError(f"expected a .onnx or .keras file, found {path.name}")


def _onnx_predict(path: Path) -> Predict:
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base
        raise ModelError(f"{path} is no ONNX model that can be read: {str(error).splitlines()[0]}") from None
    names = [output.name for output in session.get_outputs()]

    def predict(images: np.ndarray) -> dict[str, np.ndarray]:
        answers = session.run(names, {"input": images[..., None].astype(np.float32)})
        return {name: np.asarray(answer) for name, answer in zip(names, answers, strict=True)}

    return predict


def _keras_predict(path: Path) -> Predict:
    import keras  # loading TensorFlow takes seconds that a look at an ONNX file need not wait for

    try:
        model = keras.models.load_model(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is no Keras model that can be read: {str(error).splitlines()[0]}") from None

    def predict(images: np.ndarray) -> dict[str, np.ndarray]:
        answers = model.predict_on_batch(images[..., None].astype(np.float32))  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        return dict(zip(data.OUTPUTS, map(np.asarray, answers), strict=True))

    return predict


def predict_all(predict: Predict, images: np.ndarray, batch: int = 256) -> dict[str, np.ndarray]:
    """The model's answers to any number of faces, asked in batches."""
    parts = [predict(images[start : start + batch]) for start in range(0, len(images), batch)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share among ``count`` faces (Wilson 1927)."""
    z2 = CONFIDENCE_Z**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = CONFIDENCE_Z * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return round(float(centre - half), 4), round(float(centre + half), 4)


def confusion(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Counts (7, 7): rows are the label, columns what the network said."""
    return np.bincount(truth * len(EMOTIONS) + said, minlength=len(EMOTIONS) ** 2).reshape(len(EMOTIONS), -1)


def per_class(counts: np.ndarray) -> dict[str, dict[str, Any]]:
    """Precision, recall, F1 and number of faces of each emotion from a confusion matrix; 0 where undefined.

    Precision and recall carry their 95 % intervals (Wilson); one over no faces is 0 to 1.
    """
    right, labelled, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    f1 = f1_scores(counts)
    found: dict[str, dict[str, Any]] = {}
    for k, name in enumerate(EMOTIONS):
        found[name] = {"faces": int(labelled[k]), "f1": round(float(f1[k]), 4)}
        for key, count in (("precision", int(said[k])), ("recall", int(labelled[k]))):
            share = float(right[k] / max(count, 1))
            found[name][key] = round(share, 4)
            found[name][f"{key}_95"] = interval(share, count) if count else (0.0, 1.0)
    return found


def f1_scores(counts: np.ndarray) -> np.ndarray:
    """F1 of each class, float (..., 7), from confusion matrices (..., 7, 7); 0 where undefined."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    return 2 * right / np.maximum(counts.sum(axis=-1) + counts.sum(axis=-2), 1e-12)


def macro_f1_interval(counts: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the mean F1 of a confusion matrix (7, 7), by a bootstrap over its faces."""
    faces = int(counts.sum())
    drawn = np.random.default_rng(1).multinomial(faces, counts.ravel() / faces, RESAMPLES)
    return middle_95(f1_scores(drawn.reshape(-1, *counts.shape)).mean(axis=1))


def middle_95(values: np.ndarray) -> tuple[float, float]:
    """The bounds of the middle 95 % of some values, rounded to four places."""
    low, high = np.percentile(values, (2.5, 97.5))
    return round(float(low), 4), round(float(high), 4)


def calibration(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Expected calibration error over 15 even bins with its 95 % interval, and the bins themselves.

    Each bin has its mean confidence, its share right and its number of faces. The interval is a bootstrap's over the
    faces; resampling adds noise to each bin, so the interval lies a little high.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    which = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    # A bin's share of the error is |sum of (confidence - right)| over all faces.
    excess = confidence - right
    error = np.abs(np.bincount(which, excess, CALIBRATION_BINS)).sum() / len(truth)
    draw, errors = np.random.default_rng(1), []
    for _ in range(RESAMPLES):
        rows = draw.integers(0, len(truth), len(truth))
        errors.append(np.abs(np.bincount(which[rows], excess[rows], CALIBRATION_BINS)).sum() / len(truth))
    bins = [
        {
            "confidence": float(confidence[which == k].mean()),
            "accuracy": float(right[which == k].mean()),
            "faces": int((which == k).sum()),
        }
        for k in range(CALIBRATION_BINS)
        if (which == k).any()
    ]
    return {"ece": round(float(error), 4), "ece_95": middle_95(np.array(errors)), "bins": bins}


def scores(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """All that is said of one output against one label set: float (N, 7) against int (N,)."""
    said = probabilities.argmax(axis=1)
    counts = confusion(truth, said)
    accuracy = float(np.mean(said == truth))
    return {
        "accuracy": round(accuracy, 4),
        "interval_95": interval(accuracy, len(truth)),
        "faces": len(truth),
        "macro_f1": round(float(f1_scores(counts).mean()), 4),
        "macro_f1_95": macro_f1_interval(counts),
        "calibration": calibration(probabilities, truth),
        "per_class": per_class(counts),
        "confusion": counts.tolist(),
    }


def benchmark_scores(answers: dict[str, np.ndarray], faces: data.Faces, twin: np.ndarray) -> dict[str, Any]:
    """Each label set with its own output, and crosswise; ``twin`` marks faces that are also in the training set."""
    won = data.majority(faces.votes)
    agreed = won >= 0
    found = {
        "fer2013": scores(answers["probs_fer2013"], faces.labels),
        "fer2013_without_duplicates": scores(answers["probs_fer2013"][~twin], faces.labels[~twin]),
        "fer2013_by_probs": scores(answers["probs"], faces.labels),
    }
    if agreed.any():
        found["ferplus"] = scores(answers["probs"][agreed], won[agreed])
        found["ferplus_by_probs_fer2013"] = scores(answers["probs_fer2013"][agreed], won[agreed])
    return found


def robustness(predict: Predict, faces: data.Faces, seed: int = 1) -> dict[str, dict[str, Any]]:
    """Accuracy of both outputs with 95 % intervals under each distortion of ``CURVES``, level by level."""
    curves: dict[str, dict[str, Any]] = {}
    for name, (unit, levels, distort) in CURVES.items():
        right: dict[str, list[np.ndarray]] = {}
        for level in levels:
            draw = np.random.default_rng(seed)
            images = distort(faces.images, level, draw)
            for labels, part in data.right_answers(predict_all(predict, images), faces).items():
                right.setdefault(labels, []).append(part)
        curves[name] = {"unit": unit, "levels": list(levels)}
        for labels, parts in right.items():
            shares = [float(part.mean()) for part in parts]
            curves[name][labels] = [round(share, 4) for share in shares]
            curves[name][f"{labels}_95"] = [interval(share, len(parts[0])) for share in shares]
            if name == "size":
                small, full = parts[levels.index(KEPT_PX)], parts[levels.index(FULL_PX)]
                curves[name][f"{labels}_kept_at_{KEPT_PX}_px"] = kept(small, full)
        line = zip(levels, curves[name]["fer2013"], strict=True)
        print(f"{name:12s} {unit}: " + "  ".join(f"{level}: {share:.1%}" for level, share in line))
    return curves


def kept(small: np.ndarray, full: np.ndarray) -> dict[str, Any]:
    """The share of accuracy that is left: right answers on small faces over those on the same faces in full size.

    From bool (N,) and (N,); the 95 % interval is a bootstrap's over the faces.
    """
    rows = np.random.default_rng(1).integers(0, len(full), (RESAMPLES, len(full)))
    ratios = small[rows].mean(axis=1) / np.maximum(full[rows].mean(axis=1), 1e-12)
    share = float(small.mean() / max(float(full.mean()), 1e-12))
    return {"share": round(share, 4), "interval_95": middle_95(ratios)}


def speed(predict: Predict) -> dict[str, dict[str, Any]]:
    """Median wall time, its middle half, and mean CPU time in ms of one call, for one face and for full pages."""
    draw = np.random.default_rng(1)
    found = {}
    for batch in BATCHES:
        images = draw.integers(0, 256, (batch, data.SIDE, data.SIDE)).astype(np.uint8)
        for _ in range(3):  # first calls allocate
            predict(images)
        walls, cpu_before = [], time.process_time()
        for _ in range(SPEED_RUNS):
            before = time.perf_counter()
            predict(images)
            walls.append(time.perf_counter() - before)
        cpu = (time.process_time() - cpu_before) / SPEED_RUNS
        quarters = np.percentile(walls, (25, 50, 75)) * 1000
        low, median, high = (round(float(value), 2) for value in quarters)
        found[str(batch)] = {"wall_ms": median, "wall_ms_middle_half": (low, high), "cpu_ms": round(cpu * 1000, 2)}
    return found


def measure(path: Path, faces: data.Faces, split: str, curve_rows: int) -> dict[str, Any]:
    """Everything about one model on one test set; ``curve_rows`` faces are drawn for the robustness curves."""
    predict = load_model(path)
    part = faces.part(SPLITS[split])
    twin = data.duplicates(part.images, faces.part(data.TRAINING).images)
    found: dict[str, Any] = {
        "model": path.name,
        "split": split,
        "duplicates_of_training": int(twin.sum()),
        "size_mb": round(path.stat().st_size / 1e6, 2),
    }
    found |= benchmark_scores(predict_all(predict, part.images), part, twin)
    found["speed_ms"] = speed(predict) | {"threads": THREADS}
    if curve_rows:
        drawn = np.random.default_rng(1).permutation(len(part))[:curve_rows]
        found["robustness"] = robustness(predict, part.rows(np.sort(drawn)))
    return found


def write_report(found: dict[str, Any], folder: Path) -> Path:
    """``<model>-<split>.json`` with all figures and an HTML page of the same name; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{Path(found['model']).stem}-{found['split']}"
    (folder / f"{stem}.json").write_text(json.dumps(found, indent=1))
    sections: list[report.Section] = []
    for name in ("fer2013", "ferplus"):
        if name in found:
            sections.append((f"{name}: {found[name]['accuracy']:.2%}", _section(found[name])))
    for name, line in found.get("robustness", {}).items():
        lines = {key: line[key] for key in ("fer2013", "ferplus") if key in line}
        spans = {key: line[f"{key}_95"] for key in lines}
        sections.append((f"Robustness: {name}", [report.curve(line["levels"], lines, spans, line["unit"])]))
    rows = [
        (batch, times["wall_ms"], "{} to {}".format(*times["wall_ms_middle_half"]), times["cpu_ms"])
        for batch, times in found["speed_ms"].items()
        if batch != "threads"
    ]
    sections.append((f"Speed, {THREADS} threads", [report.table(("faces", "wall ms", "middle half", "CPU ms"), rows)]))
    page = folder / f"{stem}.html"
    report.write_page(page, f"{found['model']} on the {found['split']} test set", sections)
    return page


def _section(found: dict[str, Any]) -> list:
    low, high = found["interval_95"]
    text = (
        f"Accuracy {found['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}) on {found['faces']} faces, macro F1 "
        f"{found['macro_f1']:.3f} ({span(found['macro_f1_95'], 3)}), calibration error "
        f"{found['calibration']['ece']:.3f} ({span(found['calibration']['ece_95'], 3)})."
    )
    rows = [
        (
            name,
            f"{values['precision']:.2f} ({span(values['precision_95'])})",
            f"{values['recall']:.2f} ({span(values['recall_95'])})",
            f"{values['f1']:.2f}",
            values["faces"],
        )
        for name, values in found["per_class"].items()
    ]
    counts = np.array(found["confusion"])
    bins = found["calibration"]["bins"]
    return [
        report.paragraph(text),
        report.table(("emotion", "precision", "recall", "F1", "faces"), rows),
        report.matrix(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), EMOTIONS, EMOTIONS, "said", "label"),
        report.reliability(*([part[key] for part in bins] for key in ("confidence", "accuracy", "faces"))),
    ]


def span(bounds: tuple[float, float], places: int = 2) -> str:
    """The bounds of an interval as text."""
    return " to ".join(f"{bound:.{places}f}" for bound in bounds)


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """The figures that a model card keeps: everything but the single bins."""

    def short(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: short(part) for key, part in value.items() if key != "bins"}
        return value

    return short({key: value for key, value in found.items() if key not in ("model", "split")})


def write_into_card(card: Path, found: dict[str, Any], command: str) -> None:
    """Add a measurement to a model's JSON card under the name of its split. Raises ModelError without a card."""
    try:
        known = json.loads(card.read_text())
    except (OSError, ValueError):
        raise ModelError(f"expected a model card at {card}; make one with python -m training.export") from None
    known.setdefault("metrics", {})[found["split"]] = {"command": command, **summary(found)}
    card.write_text(json.dumps(known, indent=1) + "\n")


SCORES = {
    "fer2013": "FER2013 labels, `probs_fer2013`",
    "fer2013_without_duplicates": "the same without its duplicates of training faces",
    "fer2013_by_probs": "FER2013 labels, `probs`",
    "ferplus": "FER+ majorities, `probs`",
    "ferplus_by_probs_fer2013": "FER+ majorities, `probs_fer2013`",
}
"""What is measured: a label set and the output that answers."""


def account(found: dict[str, Any], command: str) -> str:
    """The figures of one test set as Markdown, with the command that measured them."""
    rows = [
        (
            title,
            f"{found[name]['accuracy']:.2%}",
            "{:.1%} to {:.1%}".format(*found[name]["interval_95"]),
            f"{found[name]['macro_f1']:.3f} ({span(found[name]['macro_f1_95'])})",
            f"{found[name]['calibration']['ece']:.3f} ({span(found[name]['calibration']['ece_95'], 3)})",
            found[name]["faces"],
        )
        for name, title in SCORES.items()
        if name in found
    ]
    header = ("label set and output", "accuracy", "95 % interval", "macro F1", "calibration error", "faces")
    text = f"`{command}`, with 95 % intervals in brackets:\n\n{report.markdown_table(header, rows)}"
    named = "ferplus" if "ferplus" in found else "fer2013"
    classes = [
        (
            name,
            *(f"{part[key]:.1%} ({span(part[f'{key}_95'])})" for key in ("precision", "recall")),
            part["f1"],
            part["faces"],
        )
        for name, part in found[named]["per_class"].items()
    ]
    text += f"\nEach emotion, {SCORES[named]}:\n\n"
    text += report.markdown_table(("emotion", "precision", "recall", "F1", "faces"), classes)
    return text + _curves_account(found["robustness"], named) if "robustness" in found else text


def _curves_account(curves: dict[str, dict[str, Any]], named: str) -> str:
    rows = [
        (
            f"{name}: {curve['unit']}",
            ", ".join(f"{level}: {share:.1%}" for level, share in zip(curve["levels"], curve[named], strict=True)),
        )
        for name, curve in curves.items()
    ]
    left = {labels: curves["size"].get(f"{labels}_kept_at_{KEPT_PX}_px") for labels in ("ferplus", "fer2013")}
    shares = [
        f"{part['share']:.1%} ({span(part['interval_95'], 3)}) on {labels}" for labels, part in left.items() if part
    ]
    text = f"\nAccuracy under the faults of a call, {SCORES[named]}, on a sample of these faces:\n\n"
    text += report.markdown_table(("fault", "accuracy at each level"), rows)
    return f"{text}\nAt {KEPT_PX} px it keeps this share of its accuracy at {FULL_PX} px: {', '.join(shares)}.\n"


def print_scores(found: dict[str, Any]) -> None:
    """One line for each label set and output, and one for the speed."""
    for name in SCORES:
        if name in found:
            print(
                f"{name:27s} accuracy {found[name]['accuracy']:.2%}  macro F1 {found[name]['macro_f1']:.3f}  "
                f"calibration error {found[name]['calibration']['ece']:.3f}  ({found[name]['faces']} faces)"
            )
    times = {batch: part["wall_ms"] for batch, part in found["speed_ms"].items() if batch != "threads"}
    print("  ".join(f"{batch} faces: {wall_ms} ms" for batch, wall_ms in times.items()))


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m training.evaluate",
        description="Measure an emotion model.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    options.add_argument("model", type=Path, help="a .onnx or .keras file")
    options.add_argument(
        "--data", type=Path, default=data.DEFAULT_DATA, help="FER2013, as for python -m training.train"
    )
    options.add_argument(
        "--split",
        choices=SPLITS,
        default="public",
        help="the test set; private is for the final word on a finished model only",
    )
    options.add_argument(
        "--curves", type=int, default=1500, metavar="FACES", help="faces for the robustness curves; 0 leaves them out"
    )
    options.add_argument("--out", type=Path, default=REPORTS, help="folder for the HTML page and the JSON file")
    options.add_argument("--picture", type=Path, metavar="SVG", help="also draw the confusion matrices into this file")
    options.add_argument("--doc", type=Path, help="also put the figures between this Markdown document's marks")
    options.add_argument("--card", action="store_true", help="also write the figures into the model's JSON card")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        found = measure(given.model, data.load(given.data), given.split, given.curves)
        page = write_report(found, given.out)
        if given.picture:
            titles = {"ferplus": "probs, FER+ (row: label)", "fer2013": "probs_fer2013, FER2013 (row: label)"}
            drawn = {titles[name]: np.array(found[name]["confusion"]) for name in titles if name in found}
            given.picture.write_text(report.confusion_svg(drawn))
        command = f"python -m training.evaluate models/{given.model.name} --split {given.split} --card"
        if given.doc:
            heading = f"How good it is: {given.split} test set"
            report.write_between_marks(given.doc, f"{given.split} test set", heading, account(found, command))
        if given.card:
            write_into_card(given.model.with_suffix(".json"), found, command)
    except ClassmoodError as error:
        print(error, file=sys.stderr)
        return 2
    print_scores(found)
    print(f"-> {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
