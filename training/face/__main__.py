"""The face detector from pictures to models/face.onnx: python -m training.face prepare|train|export|evaluate|frame."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from domain import ClassmoodError
from training.data import ROOT
from training.face.scenes import store

DATA = ROOT.parent / "shared" / "data"
RUNS = ROOT / "training" / "runs" / "face"
EMOTION = ROOT / "models" / "emotion.onnx"
MODEL, FLOAT = ROOT / "models" / "face.onnx", RUNS / "float.onnx"
WEIGHTS = ROOT / "training" / "weights" / "face.weights.h5"
SCENES = {"train": 30_000, "validation": 3_000}
SAMPLE_SCENES, SAMPLE_PICTURES, SAMPLE_MINUTES = {"train": 600, "validation": 200}, 40, 1.0
"""What ``--sample`` does instead: shows in about two minutes that all works."""


def _prepare(given: argparse.Namespace) -> None:
    counts = SAMPLE_SCENES if given.sample else {"train": given.scenes, "validation": SCENES["validation"]}
    store.prepare(given.data, given.folder, counts, given.seed, SAMPLE_PICTURES if given.sample else None)


def _train(given: argparse.Namespace) -> None:
    from training.face.train import DEFAULTS, Recipe, train

    settings = {name: getattr(given, name) for name in asdict(DEFAULTS)}
    recipe = replace(Recipe(**settings), minutes=SAMPLE_MINUTES if given.sample else given.minutes)
    train(recipe, store.load(given.folder, "train"), store.load(given.folder, "validation"), given.run)


def _evaluate(given: argparse.Namespace) -> None:
    from training.face.evaluate import evaluate, print_figures

    others = {"float": given.float} if given.float.is_file() else {}
    scenes = store.load(given.folder, "validation")
    found = evaluate(given.model, others, given.data, scenes, given.count, given.out)
    print_figures(found)
    print(f"-> {given.out / 'failures.html'}")
    if given.card:
        from training.face.export import write_into_card
        from training.train import from_root

        where = "" if given.folder == RUNS / "scenes" else f"--folder {from_root(given.folder)} "
        write_into_card(given.model.with_suffix(".json"), found, f"python -m training.face evaluate {where}--card")


def _export(given: argparse.Namespace) -> None:
    from training.face.export import export

    scenes = {split: store.load(given.folder, split) for split in SCENES}
    card = export(given.source, scenes, store.facts(given.folder), given.out, WEIGHTS, FLOAT)
    print(f"{given.out}: {card['numbers']}, {card['size_bytes'] / 1e6:.2f} MB")


def _frame(given: argparse.Namespace) -> None:
    from training.face.detectors import with_landmarks
    from training.face.framing import framing

    found = framing(with_landmarks(given.model), given.emotion, given.data, given.faces)
    print(json.dumps(found, indent=1))


def parser() -> argparse.ArgumentParser:
    """The options of the command and its sub-commands."""
    options = argparse.ArgumentParser(prog="python -m training.face", description=__doc__)
    commands = options.add_subparsers(required=True, metavar="prepare|train|export|evaluate|frame")

    def command(name: str, act: object, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(
            name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        found.set_defaults(act=act)
        found.add_argument("--data", type=Path, default=DATA, help="folder with faces/, clips/, fer2013/, reference/")
        found.add_argument("--folder", type=Path, default=RUNS / "scenes", help="where composed scenes are kept")
        return found

    prepare = command("prepare", _prepare, "compose scenes from the pictures and label them")
    prepare.add_argument("--scenes", type=int, default=SCENES["train"], help="training scenes")
    prepare.add_argument("--seed", type=int, default=1, help="every seed gives other scenes")
    prepare.add_argument("--sample", action="store_true", help="few pictures and scenes, within a minute or two")
    _add_training(command("train", _train, "train the network; the same command goes on where it stopped"))
    evaluate = command("evaluate", _evaluate, "compare the model with the reference and the cascade")
    evaluate.add_argument("--model", type=Path, default=MODEL, help="the ONNX file")
    evaluate.add_argument("--float", type=Path, default=FLOAT, help="the float file, timed beside it where it is")
    evaluate.add_argument("--count", type=int, default=1500, help="validation scenes")
    evaluate.add_argument("--out", type=Path, default=RUNS / "report", help="folder for the figures and the page")
    evaluate.add_argument("--card", action="store_true", help="also write the figures into the model's card")
    export = command("export", _export, "write models/face.onnx, its card and training/weights/face.weights.h5")
    export.add_argument("source", type=Path, nargs="?", default=RUNS / "run" / "averaged.keras", help="the weights")
    export.add_argument("--out", type=Path, default=MODEL, help="the ONNX file; its card goes beside it")
    frame = command("frame", _frame, "how found faces fit FER2013's frame, and what turning them upright is worth")
    frame.add_argument("--model", type=Path, default=MODEL, help="the face network")
    frame.add_argument("--emotion", type=Path, default=EMOTION, help="the emotion network")
    frame.add_argument("--faces", type=int, default=1500, help="faces of FER2013's public test set")
    return options


def _add_training(train: argparse.ArgumentParser) -> None:
    train.add_argument("--run", type=Path, default=RUNS / "run", help="folder for checkpoints and history")
    train.add_argument("--sample", action="store_true", help="one minute, to see that all works")
    train.add_argument("--minutes", type=float, default=60.0, help="length of the run")
    train.add_argument("--batch", type=int, default=32, help="scenes per step")
    train.add_argument("--learning-rate", type=float, default=2e-3, help="at its peak")
    train.add_argument("--weight-decay", type=float, default=1e-4, help="per step, times the rate")
    train.add_argument("--average-steps", type=int, default=1000, help="memory of the averaged weights")
    train.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="bfloat16 is faster on processors and GPUs that know it",
    )
    train.add_argument("--seed", type=int, default=1, help="for weights, order and variation")
    train.add_argument("--start", help="begin with these weights, such as training/weights/face.weights.h5")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        given.act(given)
    except ClassmoodError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
