"""Train the emotion network: python -m training.train (see --help)."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# Keras types its arguments by their defaults ("auto", None) and a callback's model as None.

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings are no news

import cv2
import keras
import numpy as np

from domain import EMOTIONS, ClassmoodError
from training import data
from training.augment import PARTS, augment
from training.data import OUTPUTS
from training.network import emotion_network, read_weights

RUNS = data.ROOT / "training" / "runs"
DEFAULT_RUN = RUNS / "emotion"
AVERAGE_EVERY_STEPS = 4
"""Steps between two updates of the averaged weights: copying them each step would cost more than it brings."""
WARM_UP = 0.04
"""Share of a run in which the learning rate rises, so that fresh normalisation layers settle first."""
SMALL_SIDE = 32
"""Pixels of a face's side in the first part of a run: under half the work, and most of what is learnt carries over."""
SAMPLE_ROWS, SAMPLE_EPOCHS = 2000, 2
HEADS = {"both": (1.0, 1.0), **{name: tuple(float(name == other) for other in OUTPUTS) for name in OUTPUTS}}
"""Which outputs are trained, with the weights of their losses."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a run, written beside its weights.

    ``minutes`` replaces ``epochs`` where it is given: the schedule then follows the clock, so that a run of known
    length always ends with a learning rate of zero. ``start`` is a file of weights to begin with, else they are random.
    ``small_share`` is the part of the run in which faces are seen at ``SMALL_SIDE`` (Howard 2018, Tan and Le 2021),
    ``mixup`` the parameter of the beta distribution by which pairs of faces blend (Zhang et al. 2018; 0 for none),
    ``distil`` the part of each target that the network of ``start`` answers (born again: Furlanello et al. 2018).
    ``augmentation`` names parts of ``augment.PARTS``, ``heads`` one of ``HEADS``; these two, ``gates`` and ``width``
    serve comparisons. Raises ClassmoodError for other names, and for ``distil`` without ``start``.
    """

    epochs: int = 50
    minutes: float | None = None
    batch: int = 128
    learning_rate: float = 0.08
    weight_decay: float = 5e-3
    dropout: float = 0.2
    label_smoothing: float = 0.1
    balance: float = 0.25
    mixup: float = 0.2
    distil: float = 0.0
    small_share: float = 0.6
    average_steps: int = 1000
    precision: str = "float32"
    seed: int = 1
    start: str | None = None
    augmentation: str = ",".join(PARTS)
    heads: str = "both"
    gates: bool = True
    width: float = 1.0

    def __post_init__(self) -> None:
        odd = self.parts - set(PARTS)
        if odd:
            raise ClassmoodError(f"expected augmentation of {', '.join(PARTS)} or nothing, found {', '.join(odd)}")
        if self.heads not in HEADS:
            raise ClassmoodError(f"expected heads of {', '.join(HEADS)}, found {self.heads}")
        if self.distil and not self.start:
            raise ClassmoodError("expected --start with --distil: the weights that answer beside the labels")

    @property
    def parts(self) -> frozenset[str]:
        """The parts of the augmentation."""
        return frozenset(filter(None, self.augmentation.split(",")))

    def side(self, progress: float) -> int:
        """Pixels of a face's side at this part (0 to 1) of a run."""
        return SMALL_SIDE if progress < self.small_share else data.SIDE

    def network(self) -> keras.Model:
        """The untrained network that this recipe trains."""
        return emotion_network(self.dropout, self.gates, self.width)


DEFAULTS = Recipe()


class Batches(keras.utils.PyDataset):
    """Augmented training batches; each epoch draws rare emotions more often, by their frequency to the -``balance``.

    Faces are ``side`` pixels wide and high; ``taught`` are the answers of another network to them, by output, of which
    the recipe's ``distil`` enters the targets. A batch depends on seed, epoch and index alone, never on the number of
    loading threads.
    """

    def __init__(
        self,
        faces: data.Faces,
        recipe: Recipe,
        first_epoch: int = 0,
        side: int = data.SIDE,
        taught: dict[str, np.ndarray] | None = None,
        **loading: int,
    ) -> None:
        super().__init__(**loading)
        self._faces, self._recipe, self._epoch, self._side = faces, recipe, first_epoch, side
        self._votes, self._vote_weights = data.vote_targets(faces.votes)
        self._smoothed = smooth(faces.labels, recipe.label_smoothing)
        if taught:
            self._votes, self._smoothed = (
                (1 - recipe.distil) * own + recipe.distil * taught[name]
                for name, own in zip(OUTPUTS, (self._votes, self._smoothed), strict=True)
            )
        frequency = np.bincount(faces.labels, minlength=len(EMOTIONS)) / len(faces)
        chance = frequency[faces.labels] ** -recipe.balance
        self._chance = chance / chance.sum()
        self._draw_rows()

    def _draw_rows(self) -> None:
        draw = np.random.default_rng((self._recipe.seed, self._epoch))
        # Each face comes as often as its chance says, rounded up or down at random: less noise than free draws.
        expected = self._chance * len(self._faces)
        copies = np.floor(expected + draw.random(len(expected))).astype(int)
        self._rows = draw.permutation(np.repeat(np.arange(len(expected)), copies))

    def __len__(self) -> int:
        return len(self._faces) // self._recipe.batch

    def __getitem__(self, index: int) -> tuple:
        batch = self._recipe.batch
        rows = np.resize(self._rows, len(self) * batch)[index * batch : (index + 1) * batch]
        draw = np.random.default_rng((self._recipe.seed, self._epoch, index))
        parts = self._recipe.parts
        images = resized(np.stack([augment(self._faces.images[row], draw, parts) for row in rows]), self._side)
        votes, weights, labels = self._votes[rows], self._vote_weights[rows], self._smoothed[rows]
        if self._recipe.mixup:
            share = draw.beta(self._recipe.mixup, self._recipe.mixup, batch).astype(np.float32)
            images = blend(images, share)
            # A face with few votes for the seven emotions must not count more in a pair than it does alone.
            votes, weights = blend(votes * weights[:, None], share), blend(weights, share)
            votes, labels = votes / np.maximum(weights, 1e-6)[:, None], blend(labels, share)
        return images[..., None], (votes, labels), (weights, np.ones(batch, np.float32))

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._draw_rows()


def resized(images: np.ndarray, side: int) -> np.ndarray:
    """Faces uint8 (N, H, W) as float32 (N, ``side``, ``side``)."""
    if images.shape[1:] != (side, side):
        images = np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images])
    return images.astype(np.float32)


def blend(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Each of float32 (N, ...) mixed with its neighbour (the last with the first): ``share`` (N,) of its own."""
    own = share.reshape(-1, *[1] * (values.ndim - 1))
    return values * own + np.roll(values, 1, axis=0) * (1 - own)


def smooth(labels: np.ndarray, share: float) -> np.ndarray:
    """Labels (N,) as distributions float32 (N, 7), with this share spread evenly (Szegedy et al. 2016)."""
    return (np.eye(len(EMOTIONS))[labels] * (1 - share) + share / len(EMOTIONS)).astype(np.float32)


def learning_rate(progress: float, peak: float) -> float:
    """The rate at this part (0 to 1) of a run: a short rise, then half a cosine down to zero (Loshchilov 2017)."""
    if progress < WARM_UP:
        return peak * (progress + 0.01) / (WARM_UP + 0.01)
    return peak * 0.5 * (1 + np.cos(np.pi * min(1.0, (progress - WARM_UP) / (1 - WARM_UP))))


def settle(model: keras.Model) -> None:
    """Let a callback read and change a model's variables in the midst of an epoch.

    Keras on JAX keeps them outside the model until an epoch ends: what is read there before that is not the weights,
    and what is written is lost. TensorFlow and PyTorch need nothing.
    """
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def progress_of(recipe: Recipe, history: list[dict]) -> float:
    """The part of a run, 0 to 1, that its history tells of: by the clock where the recipe has ``minutes``."""
    if recipe.minutes is None:
        return len(history) / recipe.epochs
    return sum(row["seconds"] for row in history) / (recipe.minutes * 60)


class Schedule(keras.callbacks.Callback):
    """Sets the learning rate of each step; stops a run that follows the clock when its time is over.

    It also ends a fit after the epoch in which the size of the faces changes: the next fit goes on with the other size.
    """

    def __init__(self, recipe: Recipe, steps: int, history: list[dict], clock: Callable[[], float]) -> None:
        super().__init__()
        self._recipe, self._steps, self._clock, self._history = recipe, steps, clock, history
        self._step = len(history) * steps
        self._started_at = clock() - sum(row["seconds"] for row in history)

    def progress(self) -> float:
        """The part of the run that is done, 0 to 1."""
        if self._recipe.minutes is None:
            return self._step / (self._recipe.epochs * self._steps)
        return (self._clock() - self._started_at) / (self._recipe.minutes * 60)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        settle(self.model)
        self.model.optimizer.learning_rate = learning_rate(self.progress(), self._recipe.learning_rate)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._side = self._recipe.side(progress_of(self._recipe, self._history))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._step += 1
        if self._recipe.minutes is not None and self.progress() >= 1:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if self._recipe.side(progress_of(self._recipe, self._history)) != self._side:
            self.model.stop_training = True


class Average(keras.callbacks.Callback):
    """Keeps an exponential average of all weights, statistics of normalisation included, in a second model.

    A memory of ``AVERAGE_EVERY_STEPS`` or less keeps a plain copy.
    """

    def __init__(self, averaged: keras.Model, steps: int, done: int) -> None:
        super().__init__()
        self.averaged, self._steps, self._done = averaged, max(steps, AVERAGE_EVERY_STEPS), done

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._done += 1
        if self._done % AVERAGE_EVERY_STEPS:
            return
        # While young, the average forgets faster: it must not drag the random start along.
        keep = 1 - AVERAGE_EVERY_STEPS / min(self._steps, AVERAGE_EVERY_STEPS + self._done / 4)
        settle(self.model)
        old, new = self.averaged.get_weights(), self.model.get_weights()
        self.averaged.set_weights([keep * a + (1 - keep) * b for a, b in zip(old, new, strict=True)])


class Checkpoint(keras.callbacks.Callback):
    """After each epoch: looks at the public test set, writes the history and everything that a resumed run needs."""

    def __init__(
        self, folder: Path, averaged: keras.Model, public: data.Faces, recipe: Recipe, history: list[dict]
    ) -> None:
        super().__init__()
        self._folder, self._averaged, self._public, self._history = folder, averaged, public, history
        self._recipe = recipe

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        side = self._recipe.side(progress_of(self._recipe, self._history))
        row = {"epoch": epoch + 1, "side": side, "loss": float((logs or {})["loss"])} | public_scores(
            answers_of(self._averaged, self._public.images, self._recipe.heads, side), self._public
        )
        row["seconds"] = time.monotonic() - self._began
        self._history.append(row)
        if row == best_of(self._history):
            _replace(self._folder / "best.keras", self._averaged.save)
        _replace(self._folder / "averaged.keras", self._averaged.save)
        _replace(self._folder / "last.keras", self.model.save)
        _replace(self._folder / "history.json", lambda path: path.write_text(json.dumps(self._history, indent=1)))
        print(
            f"epoch {epoch + 1:3d}  loss {row['loss']:.3f}  public test: FER2013 {row['fer2013']:.2%}, "
            f"FER+ {row['ferplus']:.2%}  at {side} px  {row['seconds']:.0f} s",
            flush=True,
        )


def best_of(history: list[dict]) -> dict:
    """The epoch with the best public score among those at the largest size seen; the later one of two equals."""
    return max(history, key=lambda row: (row["side"], row["score"], row["epoch"]))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there, so that a broken run never leaves half a checkpoint."""
    fresh = path.with_name(f"new-{path.name}")
    write(fresh)
    fresh.replace(path)


def answers_of(
    model: keras.Model, images: np.ndarray, heads: str = "both", side: int = data.SIDE
) -> dict[str, np.ndarray]:
    """Probabilities float32 (N, 7) by output for uint8 (N, 48, 48), asked at ``side`` pixels.

    A head that was trained alone answers for both.
    """
    found = model.predict(resized(images, side)[..., None], batch_size=256, verbose=0)
    named: dict[str, np.ndarray] = dict(zip(OUTPUTS, map(np.asarray, found), strict=True))
    return named if heads == "both" else dict.fromkeys(OUTPUTS, named[heads])


def answers_of_start(recipe: Recipe, faces: data.Faces) -> dict[str, np.ndarray] | None:
    """What the network that a run began with sees in its training faces and in their mirror images, on average.

    Probabilities float32 (N, 7) by output; None where the recipe does not ask for them.
    """
    if not recipe.distil:
        return None
    teacher = recipe.network()
    read_weights(teacher, Path(str(recipe.start)))
    straight, mirrored = (answers_of(teacher, images) for images in (faces.images, faces.images[:, :, ::-1]))
    return {name: (straight[name] + mirrored[name]) / 2 for name in OUTPUTS}


def public_scores(answers: dict[str, np.ndarray], faces: data.Faces) -> dict[str, float]:
    """Accuracy on FER2013's labels and on FER+'s majorities, each of its own head, and their mean as ``score``."""
    right = {"ferplus": np.empty(0)} | data.right_answers(answers, faces)
    found = {name: float(part.mean()) if part.size else float("nan") for name, part in right.items()}
    return found | {"score": float(np.nanmean(list(found.values())))}


def train(recipe: Recipe, faces: data.Faces, folder: Path, verbose: int = 1) -> list[dict]:
    """Train until the recipe is done, going on where the folder's last checkpoint stopped; returns the history.

    Writes ``recipe.json``, ``history.json``, ``last.keras`` (to go on), ``averaged.keras`` (the newest average) and
    ``best.keras`` (the average with the best public score) into the folder. Raises ClassmoodError when the folder holds
    a run with another recipe.
    """
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if recipe.precision == "bfloat16" else recipe.precision)
    training, dropped = data.clean_training(faces)
    history = _open_run(recipe, folder, dropped, len(training))
    model, averaged = _compiled(recipe), recipe.network()
    if history:
        _restore(model, folder / "last.keras")
        read_weights(averaged, folder / "averaged.keras")
    else:
        averaged.set_weights(model.get_weights())
    public, taught = faces.part(data.PUBLIC), answers_of_start(recipe, training)
    while (progress := progress_of(recipe, history)) < 1:
        done, side = len(history), recipe.side(progress)
        batches = Batches(training, recipe, first_epoch=done, side=side, taught=taught, workers=2, max_queue_size=8)
        callbacks = [
            # In this order: the size of the next epoch is known only when the history tells of this one.
            Checkpoint(folder, averaged, public, recipe, history),
            Schedule(recipe, len(batches), history, time.monotonic),
            Average(averaged, recipe.average_steps, done * len(batches)),
        ]
        # A run by the clock is stopped by its schedule; ten thousand epochs never happen.
        last_epoch = recipe.epochs if recipe.minutes is None else 10_000
        model.fit(batches, epochs=last_epoch, initial_epoch=done, callbacks=callbacks, verbose=verbose)
    return history


def _compiled(recipe: Recipe) -> keras.Model:
    model = recipe.network()
    if recipe.start:
        read_weights(model, Path(recipe.start))
    optimizer = keras.optimizers.SGD(
        recipe.learning_rate, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay
    )
    optimizer.exclude_from_weight_decay(var_names=["beta", "gamma", "bias"])
    model.compile(
        optimizer,
        loss=[keras.losses.CategoricalCrossentropy() for _ in OUTPUTS],
        loss_weights=list(HEADS[recipe.heads]),
        # TensorFlow's XLA makes small convolutions slower on a CPU; JAX without it would run step by step.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    return model


def _restore(model: keras.Model, path: Path) -> None:
    """Weights and momentum of a checkpoint; the optimizer's own settings are those of the recipe."""
    stored = keras.models.load_model(path)
    model.set_weights(stored.get_weights())
    model.optimizer.build(model.trainable_variables)
    for variable, value in zip(model.optimizer.variables, stored.optimizer.variables, strict=True):
        variable.assign(value)


def _open_run(recipe: Recipe, folder: Path, dropped: data.Dropped, rows: int) -> list[dict]:
    """The history of a run to go on with, or an empty one after writing down the recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "recipe.json"
    if (folder / "history.json").is_file():
        known = json.loads(written.read_text())
        # A setting that came after the run was begun has there the value of its default.
        if Recipe(**known["recipe"]) != recipe or known.get("rows", rows) != rows:
            raise ClassmoodError(
                f"{folder} holds a run with another recipe or other data; pass --run NEW_FOLDER, or the same settings"
            )
        return json.loads((folder / "history.json").read_text())
    described = {
        "recipe": asdict(recipe),
        "rows": rows,
        "dropped": asdict(dropped),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
    }
    written.write_text(json.dumps(described, indent=1))
    return []


def command_of(recipe: Recipe, folder: Path) -> str:
    """The command line that trains by this recipe into this folder."""
    words = [] if folder.resolve() == DEFAULT_RUN else ["--run", from_root(folder)]
    for name, value in asdict(recipe).items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            typed = [f"--{option}" if value else f"--no-{option}"]
        else:
            typed = [f"--{option}", from_root(Path(value)) if name == "start" and value else str(value)]
        words += [] if value == getattr(DEFAULTS, name) else typed
    return f"python -m training.train {shlex.join(words)}".rstrip()


def from_root(path: Path) -> str:
    """A path as typed in the project's folder; of one elsewhere only the last two names."""
    path = path.resolve()
    return (path.relative_to(data.ROOT) if path.is_relative_to(data.ROOT) else Path(*path.parts[-2:])).as_posix()


def parser() -> argparse.ArgumentParser:
    """The options of the command; each default is that of ``Recipe``."""
    options = argparse.ArgumentParser(
        prog="python -m training.train",
        description="Train the emotion network on FER2013 and FER+.",
        epilog="A run that was broken off goes on when the same command is given again.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    options.add_argument(
        "--data",
        type=Path,
        default=data.DEFAULT_DATA,
        help="fer2013.csv, icml_face_data.csv, or a folder with one of them, with sheets or with train/<emotion>/",
    )
    options.add_argument("--run", type=Path, default=DEFAULT_RUN, help="folder for checkpoints and history")
    options.add_argument(
        "--sample",
        action="store_true",
        help=f"only {SAMPLE_ROWS} faces and {SAMPLE_EPOCHS} epochs: shows in two minutes that all works",
    )
    options.add_argument("--epochs", type=int, default=DEFAULTS.epochs, help="how often every face is seen")
    options.add_argument("--minutes", type=float, help="let the schedule follow the clock instead of --epochs")
    options.add_argument("--batch", type=int, default=DEFAULTS.batch, help="faces per step")
    options.add_argument("--learning-rate", type=float, default=DEFAULTS.learning_rate, help="at its peak")
    options.add_argument("--weight-decay", type=float, default=DEFAULTS.weight_decay, help="per step, times the rate")
    options.add_argument("--dropout", type=float, default=DEFAULTS.dropout, help="before the two heads")
    options.add_argument("--label-smoothing", type=float, default=DEFAULTS.label_smoothing, help="of FER2013's labels")
    options.add_argument(
        "--balance",
        type=float,
        default=DEFAULTS.balance,
        help="0 draws faces as they come, 1 draws all emotions equally often",
    )
    options.add_argument("--mixup", type=float, default=DEFAULTS.mixup, help="how much pairs of faces are blended")
    options.add_argument(
        "--distil", type=float, default=DEFAULTS.distil, help="part of each target that the weights of --start answer"
    )
    options.add_argument(
        "--small-share", type=float, default=DEFAULTS.small_share, help=f"part of the run at {SMALL_SIDE} px, 0 to 1"
    )
    options.add_argument(
        "--average-steps", type=int, default=DEFAULTS.average_steps, help="memory of the averaged weights"
    )
    options.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default=DEFAULTS.precision,
        help="bfloat16 is faster on processors and GPUs that know it, slower elsewhere",
    )
    options.add_argument("--seed", type=int, default=DEFAULTS.seed, help="for weights, order and augmentation")
    options.add_argument(
        "--augmentation", default=DEFAULTS.augmentation, help=f"any of {', '.join(PARTS)} with commas between"
    )
    options.add_argument("--heads", choices=HEADS, default=DEFAULTS.heads, help="outputs that are trained")
    options.add_argument(
        "--gates", action=argparse.BooleanOptionalAction, default=DEFAULTS.gates, help="squeeze-and-excitation"
    )
    options.add_argument("--width", type=float, default=DEFAULTS.width, help="times all channels of the network")
    options.add_argument("--start", help="begin with these weights, such as training/weights/emotion.weights.h5")
    options.add_argument("--quiet", action="store_true", help="one line per epoch, no progress bar")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = vars(parser().parse_args(arguments))
    place, folder, small, quiet = (given.pop(name) for name in ("data", "run", "sample", "quiet"))
    try:
        recipe = Recipe(**given | ({"epochs": SAMPLE_EPOCHS, "minutes": None} if small else {}))
        faces = data.load(place)
        if small:
            faces = data.sample(faces, SAMPLE_ROWS, recipe.seed)
        history = train(recipe, faces, folder, verbose=0 if quiet else 1)
    except ClassmoodError as error:
        print(error, file=sys.stderr)
        return 2
    best = best_of(history)
    print(
        f"best: epoch {best['epoch']}, public test FER2013 {best['fer2013']:.2%}, FER+ {best['ferplus']:.2%} -> "
        f"{folder / 'best.keras'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
