"""Find out what each part of the recipe is worth: python -m training.ablate (see --help)."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# Keras types what it loads as anything or None.

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras
import numpy as np

from domain import ClassmoodError
from training import data, report
from training.augment import PARTS
from training.evaluate import CONFIDENCE_Z, interval
from training.train import AVERAGE_EVERY_STEPS, RUNS, Recipe, answers_of, train

FOLDER = RUNS / "ablation"
SHARE = 1 / 3
"""Part of the training faces that the short runs see."""
EPOCHS = 8
"""Fifteen runs of eight epochs on a third of the faces take some forty minutes on two idle cores."""
SAMPLE_ROWS, SAMPLE_EPOCHS = 64, 1
MARKS, HEADING = "ablation", "What each part is worth"
"""The table's place in a document: the name of its marks, and the heading of its section."""
WHOLE = "whole"


def _without(part: str) -> str:
    return ",".join(name for name in PARTS if name != part)


VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    WHOLE: ("the whole recipe", {}),
    "no-place": ("without moving, turning, scaling, mirroring", {"augmentation": _without("place")}),
    "no-light": ("without other light", {"augmentation": _without("light")}),
    "no-cover": ("without covering a part (erasing)", {"augmentation": _without("cover")}),
    "no-call": ("without the faults of a call (small, blur, noise, JPEG)", {"augmentation": _without("call")}),
    "no-augmentation": ("without any augmentation", {"augmentation": ""}),
    "no-balance": ("rare emotions as rare as they are", {"balance": 0.0}),
    "no-smoothing": ("without label smoothing", {"label_smoothing": 0.0}),
    "no-mixup": ("without blending pairs of faces (mixup)", {"mixup": 0.0}),
    "no-small": ("all epochs at full size, none at 32 px", {"small_share": 0.0}),
    "only-fer2013": ("FER2013's labels alone, one head", {"heads": "probs_fer2013"}),
    "only-ferplus": ("FER+'s votes alone, one head", {"heads": "probs"}),
    "no-average": ("without averaged weights", {"average_steps": AVERAGE_EVERY_STEPS}),
    "no-gates": ("without squeeze-and-excitation", {"gates": False}),
    "half-width": ("half the channels", {"width": 0.5}),
}
"""Each comparison: what its line says, and the settings in which it differs from the whole recipe."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A finished short run: for each label set which faces of the public test set it got right, bool (N,)."""

    label: str
    right: dict[str, np.ndarray]
    weights: int
    seconds: float


def part_of(faces: data.Faces, share: float, seed: int) -> data.Faces:
    """This share of the training faces, drawn with this seed, and all faces of the test sets."""
    rows = np.flatnonzero(faces.usage == data.TRAINING)
    drawn = np.random.default_rng(seed).permutation(rows)[: round(len(rows) * share)]
    return faces.rows(np.sort(np.concatenate([drawn, np.flatnonzero(faces.usage != data.TRAINING)])))


def outcome(name: str, base: Recipe, faces: data.Faces, folder: Path, verbose: int) -> Outcome:
    """Train one variant, or read it where it is already done, and ask its averaged network about the public test set.

    Raises ClassmoodError when the folder holds a run with other settings or other data.
    """
    label, changes = VARIANTS[name]
    recipe = replace(base, **changes)
    history = train(recipe, faces, folder / name, verbose)
    public = faces.part(data.PUBLIC)
    model = keras.models.load_model(folder / name / "averaged.keras", compile=False)
    answers = answers_of(model, public.images, recipe.heads)
    return Outcome(
        label, data.right_answers(answers, public), model.count_params(), sum(row["seconds"] for row in history)
    )


def difference(right: np.ndarray, whole: np.ndarray) -> tuple[float, float]:
    """How much more of the same faces (N,) a variant got right than the whole recipe, and half its 95 % interval.

    The interval is of paired answers (McNemar 1947): faces that both get right or wrong say nothing.
    """
    gain = right.astype(float) - whole
    return float(gain.mean()), float(CONFIDENCE_Z * gain.std() / np.sqrt(len(gain)))


def table(outcomes: dict[str, Outcome]) -> str:
    """The outcomes as a Markdown table: accuracy and its 95 % interval, and the difference to the whole recipe."""
    titles = {"fer2013": "FER2013 labels, `probs_fer2013`", "ferplus": "FER+ majorities, `probs`"}
    shown = list(outcomes[WHOLE].right)
    columns = [column for name in shown for column in (titles[name], "difference")]
    rows = []
    for name, found in outcomes.items():
        cells = [found.label]
        for labels in shown:
            right, whole = found.right[labels], outcomes[WHOLE].right[labels]
            low, high = interval(float(right.mean()), len(right))
            gain, half = difference(right, whole)
            cells.append(f"{right.mean():.1%} ({low:.1%} to {high:.1%})")
            cells.append("" if name == WHOLE else f"{100 * gain:+.1f} ± {100 * half:.1f}")
        rows.append([*cells, f"{found.weights / 1e6:.2f} M", f"{found.seconds:.0f}"])
    return report.markdown_table(["recipe", *columns, "weights", "seconds"], rows)


def account(outcomes: dict[str, Outcome], rows: int, tested: int, base: Recipe, command: str) -> str:
    """The table with what a reader must know of it: the command, the rows, the epochs, how far to trust it."""
    minutes = sum(found.seconds for found in outcomes.values()) / 60
    return (
        f"`{command}`: {len(outcomes)} runs of {base.epochs} epochs on {rows:,} training faces, drawn with seed "
        f"{base.seed}, in {base.precision}, {minutes:.0f} minutes; measured on all {tested:,} faces of the public test "
        "set after the last epoch. In brackets and after ± stand 95 % intervals; a difference is in points against the "
        "whole recipe on the same faces. One run each: another seed moves a line by about a point, and short runs "
        "favour less augmentation than long ones. A head trained alone answers for both label sets.\n\n"
        + table(outcomes)
    )


def ablate(names: Sequence[str], base: Recipe, faces: data.Faces, folder: Path, verbose: int = 0) -> dict[str, Outcome]:
    """The outcomes of these variants, the whole recipe first; goes on where it was broken off."""
    outcomes: dict[str, Outcome] = {}
    for name in [WHOLE, *(name for name in VARIANTS if name in names and name != WHOLE)]:
        print(f"{name}: {VARIANTS[name][0]}", flush=True)
        outcomes[name] = outcome(name, base, faces, folder, verbose)
        keras.backend.clear_session()
    return outcomes


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    options = argparse.ArgumentParser(
        prog="python -m training.ablate",
        description="Train short runs with and without each part of the recipe and compare them on public test faces.",
        epilog="What is already done is not repeated when the same command is given again.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    options.add_argument(
        "--data", type=Path, default=data.DEFAULT_DATA, help="FER2013, as for python -m training.train"
    )
    options.add_argument("--out", type=Path, default=FOLDER, help="folder for the runs, ablation.md and ablation.json")
    options.add_argument("--doc", type=Path, help="also put the table between the marks of this Markdown document")
    options.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="compare only these")
    options.add_argument("--share", type=float, default=SHARE, help="part of the training faces that is used")
    options.add_argument("--epochs", type=int, default=EPOCHS, help="of each run")
    options.add_argument("--precision", choices=("float32", "bfloat16"), default="float32", help="as for training")
    options.add_argument("--seed", type=int, default=1, help="for the draw of faces and for each run")
    options.add_argument(
        "--sample", action="store_true", help=f"{SAMPLE_ROWS} faces of each usage, one epoch: shows that all works"
    )
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    typed = sys.argv[1:] if arguments is None else arguments
    given = parser().parse_args(typed)
    base = Recipe(
        epochs=SAMPLE_EPOCHS if given.sample else given.epochs,
        batch=SAMPLE_ROWS // 4 if given.sample else Recipe().batch,
        precision=given.precision,
        seed=given.seed,
    )
    try:
        faces = part_of(data.load(given.data), given.share, given.seed)
        if given.sample:
            faces = data.sample(faces, SAMPLE_ROWS, given.seed)
        outcomes = ablate(given.only, base, faces, given.out)
    except ClassmoodError as error:
        print(error, file=sys.stderr)
        return 2
    rows, tested = len(data.clean_training(faces)[0]), len(faces.part(data.PUBLIC))
    text = account(outcomes, rows, tested, base, _command(given))
    write_report(outcomes, text, rows, base, given.out)
    if given.doc:
        report.write_between_marks(given.doc, MARKS, HEADING, text)
    print(f"\n{text}-> {given.out / 'ablation.md'}")
    return 0


def _command(given: argparse.Namespace) -> str:
    """The command that makes this table again; places of files are left out."""
    plain = parser().parse_args([])
    words = ["python -m training.ablate"]
    for name in ("share", "epochs", "precision", "seed"):
        if getattr(given, name) != getattr(plain, name):
            words.append(f"--{name} {getattr(given, name)}")
    words += ["--sample"] if given.sample else []
    words += [f"--only {' '.join(given.only)}"] if given.only != plain.only else []
    return " ".join(words)


def write_report(outcomes: dict[str, Outcome], text: str, rows: int, base: Recipe, folder: Path) -> None:
    """``ablation.md``, and ``ablation.json`` with the same figures, unrounded, for other programs."""
    (folder / "ablation.md").write_text(f"# What each part of the recipe is worth\n\n{text}", encoding="utf-8")
    runs = {
        name: {
            "label": found.label,
            "changes": VARIANTS[name][1],
            "weights": found.weights,
            "seconds": found.seconds,
            "accuracy": {labels: float(right.mean()) for labels, right in found.right.items()},
            "difference": {
                labels: difference(part, outcomes[WHOLE].right[labels]) for labels, part in found.right.items()
            },
        }
        for name, found in outcomes.items()
    }
    described = {"training_rows": rows, "recipe": asdict(base), "runs": runs}
    (folder / "ablation.json").write_text(json.dumps(described, indent=1))


if __name__ == "__main__":
    sys.exit(main())
