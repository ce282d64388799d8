"""The landmark network from pictures to models/landmarks.onnx.

python -m training.face.landmarks prepare|train|export|evaluate
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from domain import ClassmoodError
from training.data import ROOT
from training.face.landmarks import samples

DATA = ROOT.parent / "shared" / "data"
RUNS = ROOT / "training" / "runs" / "face" / "landmarks"
DETECTOR, MODEL = ROOT / "models" / "face.onnx", ROOT / "models" / "landmarks.onnx"
WEIGHTS = ROOT / "training" / "weights" / "landmarks.weights.h5"
TILES = {"train": 32_000, "validation": 1_500}
SAMPLE_TILES, SAMPLE_PICTURES, SAMPLE_MINUTES = {"train": 400, "validation": 100}, 40, 0.5
"""What ``--sample`` does instead: shows in about a minute that all works."""


def _prepare(given: argparse.Namespace) -> None:
    counts = SAMPLE_TILES if given.sample else {"train": given.tiles, "validation": TILES["validation"]}
    limit = SAMPLE_PICTURES if given.sample else None
    samples.prepare(given.data, given.detector, given.folder, counts, given.seed, limit)


def _train(given: argparse.Namespace) -> None:
    from training.face.landmarks.train import DEFAULTS, train

    minutes = SAMPLE_MINUTES if given.sample else given.minutes
    settings = {name: getattr(given, name) for name in ("learning_rate", "precision", "seed", "start")}
    recipe = replace(DEFAULTS, minutes=minutes, **settings)
    train(recipe, samples.load(given.folder, "train"), samples.load(given.folder, "validation"), given.run)


def _export(given: argparse.Namespace) -> None:
    from training.face.landmarks.export import export

    validation = samples.load(given.folder, "validation")
    card = export(given.source, validation, samples.facts(given.folder), given.out, WEIGHTS)
    print(f"{given.out}: {card['size_bytes'] / 1e6:.2f} MB")


def _evaluate(given: argparse.Namespace) -> None:
    from training.face.landmarks.evaluate import evaluate, print_figures

    found = evaluate(given.detector, given.model, given.data, given.folder, given.count)
    print_figures(found)
    if given.card:
        from training.face.export import write_into_card
        from training.train import from_root

        where = "" if given.folder == RUNS / "faces" else f"--folder {from_root(given.folder)} "
        command = f"python -m training.face.landmarks evaluate {where}--card"
        write_into_card(given.model.with_suffix(".json"), found, command)


def parser() -> argparse.ArgumentParser:
    """The options of the command and its sub-commands."""
    about = "The landmark network from pictures to models/landmarks.onnx."
    options = argparse.ArgumentParser(prog="python -m training.face.landmarks", description=about)
    commands = options.add_subparsers(required=True, metavar="prepare|train|export|evaluate")

    def command(name: str, act: object, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(
            name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        found.set_defaults(act=act)
        found.add_argument("--data", type=Path, default=DATA, help="folder with faces/, clips/, fer2013/, reference/")
        found.add_argument("--folder", type=Path, default=RUNS / "faces", help="where crops of faces are kept")
        found.add_argument("--detector", type=Path, default=DETECTOR, help="the face network that finds the faces")
        return found

    prepare = command("prepare", _prepare, "compose tiles and cut out the faces that the detector finds")
    prepare.add_argument("--tiles", type=int, default=TILES["train"], help="training tiles")
    prepare.add_argument("--seed", type=int, default=1, help="every seed gives other tiles")
    prepare.add_argument("--sample", action="store_true", help="few pictures and tiles, within a minute")
    train = command("train", _train, "train the network; the same command goes on where it stopped")
    train.add_argument("--run", type=Path, default=RUNS / "run", help="folder for checkpoints and history")
    train.add_argument("--sample", action="store_true", help="half a minute, to see that all works")
    train.add_argument("--minutes", type=float, default=22.0, help="length of the run")
    train.add_argument("--learning-rate", type=float, default=3e-3, help="at its peak")
    train.add_argument("--precision", choices=("float32", "bfloat16"), default="float32", help="as for the detector")
    train.add_argument("--seed", type=int, default=1, help="for weights, order and variation")
    train.add_argument("--start", help="begin with these weights, such as training/weights/landmarks.weights.h5")
    export = command("export", _export, "write models/landmarks.onnx, its card and the kept weights")
    export.add_argument("source", type=Path, nargs="?", default=RUNS / "run" / "averaged.keras", help="the weights")
    export.add_argument("--out", type=Path, default=MODEL, help="the ONNX file; its card goes beside it")
    evaluate = command("evaluate", _evaluate, "compare its landmarks with the detector's and the reference's")
    evaluate.add_argument("--model", type=Path, default=MODEL, help="the ONNX file")
    evaluate.add_argument("--count", type=int, default=TILES["validation"], help="validation tiles")
    evaluate.add_argument("--card", action="store_true", help="also write the figures into the model's card")
    return options


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
