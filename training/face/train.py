"""Train the face network on composed scenes."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# pyright: reportOptionalOperand=false, reportOperatorIssue=false, reportReturnType=false, reportOptionalSubscript=false
# Keras types its arguments by their defaults ("auto", None), a callback's model as None, and what its ops give by
# stubs of back ends that are not here.

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings are no news

import cv2
import keras
import numpy as np
from keras import ops

from domain import ClassmoodError
from inference.crops import TILE_HEIGHT, TILE_WIDTH
from training.face.faces import FACE_COLUMNS, centred, moved
from training.face.matching import match
from training.face.network import COLUMNS, ROWS, STRIDE, answering, decoded, face_network
from training.face.scenes.compose import Scene, judged
from training.face.scenes.store import Scenes
from training.network import read_weights
from training.train import Average, learning_rate

SPREAD, LEAST_SPREAD = 0.1, 0.6
"""Deviation of the bell around a face's middle: this share of its size, and at least so many cells."""
NEAR = 0.3
"""Height of the bell from which a cell also learns box and landmarks."""
BOX_WEIGHT, LANDMARK_WEIGHT = 1.0, 1.0
EYES_APART = 0.45
"""Distance of the eyes in widths of a face: the unit of errors of landmarks."""
SOFT_ERROR = 0.1
"""Error of a landmark, in that unit, below which it weighs as its square."""
ZOOM, SHIFT = (0.85, 1.3), 0.08
"""How much a scene is scaled and moved, in shares of its size, each time it is seen."""
GAMMA_DEVIATION, GAIN = 0.25, (0.6, 1.3)
CHECKED_SCENES, CHECKED_SCORE = 600, 0.5
"""Validation scenes and score of the quick look after every epoch."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a run, written beside its weights.

    ``minutes`` is the length of the run: the schedule follows the clock, so that it always ends with a learning rate of
    zero. ``start`` is a file of weights to begin with, else they are random.
    """

    minutes: float = 60.0
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    average_steps: int = 1000
    precision: str = "float32"
    seed: int = 1
    start: str | None = None


DEFAULTS = Recipe()


class Batches(keras.utils.PyDataset):
    """Scenes in random order, each time a little different; a batch depends on seed, epoch and index alone."""

    def __init__(self, scenes: Scenes, recipe: Recipe, epoch: int = 0, **loading: int) -> None:
        super().__init__(**loading)
        self._scenes, self._recipe, self._epoch = scenes, recipe, epoch
        self._shuffle()

    def _shuffle(self) -> None:
        self._order = np.random.default_rng((self._recipe.seed, self._epoch)).permutation(len(self._scenes))

    def __len__(self) -> int:
        return max(len(self._scenes) // self._recipe.batch, 1)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        batch = self._recipe.batch
        draw = np.random.default_rng((self._recipe.seed, self._epoch, index))
        chosen = self._order[index * batch : (index + 1) * batch]
        seen = [varied(self._scenes.scene(int(row)), draw) for row in chosen]
        pictures = np.stack([scene.picture for scene in seen])[..., None].astype(np.float32)
        return pictures, np.stack([targets(scene) for scene in seen])

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._shuffle()


def varied(scene: Scene, draw: np.random.Generator) -> Scene:
    """A scene moved, scaled, mirrored and in other light."""
    zoom = draw.uniform(*ZOOM)
    size = np.array([TILE_WIDTH, TILE_HEIGHT])
    linear = np.diag([zoom if draw.random() < 0.5 else -zoom, zoom])
    shift = size / 2 + draw.uniform(-SHIFT, SHIFT, 2) * size - linear @ (size / 2)
    matrix = np.column_stack([linear, shift])
    levels = 255 * (np.arange(256) / 255) ** np.exp(draw.normal(0, GAMMA_DEVIATION)) * draw.uniform(*GAIN)
    table = np.clip(levels if draw.random() < 0.97 else levels[::-1], 0, 255).astype(np.uint8)
    picture = cv2.warpAffine(cv2.LUT(scene.picture, table), centred(matrix), (TILE_WIDTH, TILE_HEIGHT))
    faces, doubtful = judged(moved(scene.faces, matrix), moved(scene.doubtful, matrix), TILE_WIDTH, TILE_HEIGHT)
    return Scene(picture, faces, doubtful)


def targets(scene: Scene) -> np.ndarray:
    """What the map should say, float32 (14, 24, 18).

    The bell around each face's middle, its weight in the loss, the weights of box and of landmarks, then box and
    landmarks in input pixels.
    """
    found = np.zeros((ROWS, COLUMNS, 4 + FACE_COLUMNS), np.float32)
    found[..., 1] = 1
    for left, top, right, bottom in scene.doubtful[:, :4] / STRIDE:
        found[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right)), 1] = 0
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    for face in scene.faces:
        centre, size = (face[:2] + face[2:4]) / 2 / STRIDE, (face[2:4] - face[:2]) / STRIDE
        spread = max(LEAST_SPREAD, SPREAD * float(np.sqrt(size.prod())))
        bell = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * spread**2))
        bell[min(int(centre[1]), ROWS - 1), min(int(centre[0]), COLUMNS - 1)] = 1
        nearer = bell > found[..., 0]
        found[..., 0] = np.maximum(found[..., 0], bell)
        mine = nearer & (bell >= NEAR)
        found[mine, 1] = 1
        found[mine, 2] = bell[mine]
        known = not np.isnan(face).any()
        found[mine, 3] = bell[mine] * known
        found[mine, 4:] = np.nan_to_num(face)
    return found


def map_loss(truth: keras.KerasTensor, answers: keras.KerasTensor) -> keras.KerasTensor:
    """The loss of a batch: focal for the map of middles (Law and Deng 2018), GIoU for boxes, robust for landmarks."""
    bell, counts, box_weight, mark_weight = (truth[..., index] for index in range(4))
    logit = answers[..., 0]
    chance = ops.sigmoid(logit)
    middle = ops.cast(bell > 0.999, "float32")
    hit = middle * ops.square(1 - chance) * ops.softplus(-logit)
    miss = (1 - middle) * ops.power(1 - bell, 4.0) * ops.square(chance) * ops.softplus(logit)
    faces = ops.maximum(ops.sum(middle), 1.0)
    rows = ops.reshape(decoded(answers), (-1, ROWS, COLUMNS, FACE_COLUMNS + 1))
    boxes = ops.sum(box_weight * box_loss(rows[..., :4], truth[..., 4:8])) / ops.maximum(ops.sum(box_weight), 1.0)
    unit = EYES_APART * ops.maximum(truth[..., 6:7] - truth[..., 4:5], 4.0)
    marks = ops.sum(mark_weight * landmark_loss(rows[..., 4:14], truth[..., 8:], unit))
    return (
        ops.sum(counts * (hit + miss)) / faces
        + BOX_WEIGHT * boxes
        + LANDMARK_WEIGHT * marks / ops.maximum(ops.sum(mark_weight), 1.0)
    )


def box_loss(boxes: keras.KerasTensor, truth: keras.KerasTensor) -> keras.KerasTensor:
    """One minus the generalised overlap (Rezatofighi et al. 2019) of boxes (..., 4)."""
    sides = ops.minimum(boxes[..., 2:], truth[..., 2:]) - ops.maximum(boxes[..., :2], truth[..., :2])
    shared = ops.prod(ops.maximum(sides, 0.0), axis=-1)
    areas = [ops.prod(part[..., 2:] - part[..., :2], axis=-1) for part in (boxes, truth)]
    union = areas[0] + areas[1] - shared + 1e-3
    around = ops.maximum(boxes[..., 2:], truth[..., 2:]) - ops.minimum(boxes[..., :2], truth[..., :2])
    hull = ops.prod(around, axis=-1) + 1e-3
    return 1 - shared / union + (hull - union) / hull


def landmark_loss(points: keras.KerasTensor, truth: keras.KerasTensor, unit: keras.KerasTensor) -> keras.KerasTensor:
    """The mean error of landmarks (..., 10) in this unit (..., 1): as its square when small (Huber 1964)."""
    error = ops.abs(points - truth) / unit
    soft = ops.where(error < SOFT_ERROR, ops.square(error) / (2 * SOFT_ERROR), error - SOFT_ERROR / 2)
    return ops.mean(soft, axis=-1)


class Schedule(keras.callbacks.Callback):
    """Sets the learning rate of each step by the clock and stops the run when its time is over."""

    def __init__(self, recipe: Recipe, history: list[dict], clock: Callable[[], float]) -> None:
        super().__init__()
        self._recipe, self._clock = recipe, clock
        self._started_at = clock() - sum(row["seconds"] for row in history)

    def _progress(self) -> float:
        return (self._clock() - self._started_at) / (self._recipe.minutes * 60)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self.model.optimizer.learning_rate = learning_rate(self._progress(), self._recipe.learning_rate)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self._progress() >= 1:
            self.model.stop_training = True


class Checkpoint(keras.callbacks.Callback):
    """After each epoch: a quick look at validation, the history, and all that a resumed run needs."""

    def __init__(
        self, folder: Path, averaged: keras.Model, look: Callable[[], dict[str, float]], history: list[dict]
    ) -> None:
        super().__init__()
        self._folder, self._averaged, self._look, self._history = folder, averaged, look, history

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        found = self._look()
        row = {"epoch": epoch + 1, "loss": float((logs or {})["loss"])} | found
        row["seconds"] = time.monotonic() - self._began
        self._history.append(row)
        _replace(self._folder / "averaged.keras", self._averaged.save)
        _replace(self._folder / "last.keras", self.model.save)
        _replace(self._folder / "history.json", lambda path: path.write_text(json.dumps(self._history, indent=1)))
        told = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in found.items())
        print(f"epoch {epoch + 1:3d}  loss {row['loss']:.3f}  validation: {told}  {row['seconds']:.0f} s", flush=True)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there, so that a broken run never leaves half a checkpoint."""
    fresh = path.with_name(f"new-{path.name}")
    write(fresh)
    fresh.replace(path)


def quick_look(answers_of: keras.Model, scenes: Scenes) -> dict[str, float]:
    """Recall and false faces per 100 tiles of an answering network at ``CHECKED_SCORE`` on validation scenes."""
    count = min(CHECKED_SCENES, len(scenes))
    pictures = np.asarray(scenes.pictures[:count])[..., None].astype(np.float32)
    answers = np.asarray(answers_of.predict(pictures, batch_size=100, verbose=0))
    asked = found = false = 0
    for index, rows in enumerate(answers):
        scene = scenes.scene(index)
        judged_rows = match(rows[rows[:, FACE_COLUMNS] >= CHECKED_SCORE], scene.faces, scene.doubtful)
        asked, found = asked + len(scene.faces), found + int((judged_rows.found_by >= 0).sum())
        false += int(judged_rows.false.sum())
    return {"recall": found / max(asked, 1), "false_per_100": 100 * false / max(count, 1)}


def train(
    recipe: Recipe, scenes: Scenes, validation: Scenes, folder: Path, clock: Callable[[], float] = time.monotonic
) -> list[dict]:
    """Train until the recipe's time is over, going on where the folder's last checkpoint stopped; returns the history.

    Writes ``recipe.json``, ``history.json``, ``last.keras`` (to go on) and ``averaged.keras`` (to be exported). Raises
    ClassmoodError when the folder holds a run with another recipe.
    """
    history = open_run(recipe, folder, len(scenes))
    model, averaged = compiled(face_network, map_loss, recipe), face_network()
    answers_of = answering(averaged)  # made once: each new one is traced anew
    batches = Batches(scenes, recipe, len(history), workers=1, max_queue_size=8)
    return run(recipe, model, averaged, batches, lambda: quick_look(answers_of, validation), folder, history, clock)


def run(
    recipe: Recipe,
    model: keras.Model,
    averaged: keras.Model,
    batches: keras.utils.PyDataset,
    look: Callable[[], dict[str, float]],
    folder: Path,
    history: list[dict],
    clock: Callable[[], float],
) -> list[dict]:
    """Train a compiled network, and its averaged double, from where the history ends until the time is over.

    ``look`` measures the double after every epoch. Returns the history, which goes on in place.
    """
    if history:
        _restore(model, folder / "last.keras")
        read_weights(averaged, folder / "averaged.keras")
    elif recipe.start:
        read_weights(model, Path(recipe.start))
    model.fit(
        batches,
        initial_epoch=len(history),
        epochs=10_000,  # the schedule ends the run
        verbose=0,
        callbacks=[
            Schedule(recipe, history, clock),
            Average(averaged, recipe.average_steps, len(history) * len(batches)),
            Checkpoint(folder, averaged, look, history),
        ],
    )
    return history


def compiled(
    untrained: Callable[[], keras.Model], loss: Callable[..., keras.KerasTensor], recipe: Recipe
) -> keras.Model:
    """A network of the recipe's seed and precision, ready to be trained."""
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if recipe.precision == "bfloat16" else recipe.precision)
    model = untrained()
    optimizer = keras.optimizers.AdamW(recipe.learning_rate, weight_decay=recipe.weight_decay, clipnorm=5.0)
    # TensorFlow's XLA makes small convolutions slower on a CPU.
    jit = False if keras.backend.backend() == "tensorflow" else "auto"
    model.compile(optimizer=optimizer, loss=loss, jit_compile=jit)
    return model


def _restore(model: keras.Model, path: Path) -> None:
    """Weights and momentum of a checkpoint; the optimizer's own settings are those of the recipe."""
    stored = keras.models.load_model(path, custom_objects={model.loss.__name__: model.loss})
    model.set_weights(stored.get_weights())
    model.optimizer.build(model.trainable_variables)
    for variable, value in zip(model.optimizer.variables, stored.optimizer.variables, strict=True):
        variable.assign(value)


def open_run(recipe: Recipe, folder: Path, scenes: int) -> list[dict]:
    """The history of a run to go on with, or an empty one after writing down the recipe.

    ``scenes`` is how many pictures are learnt from. Raises ClassmoodError when the folder holds another run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "recipe.json"
    if (folder / "history.json").is_file():
        known = json.loads(written.read_text())
        if Recipe(**known["recipe"]) != recipe or known["scenes"] != scenes:
            raise ClassmoodError(
                f"{folder} holds a run with another recipe or other scenes; pass --run NEW_FOLDER, or the same settings"
            )
        return json.loads((folder / "history.json").read_text())
    described = {"recipe": asdict(recipe), "scenes": scenes, "keras": keras.__version__}
    written.write_text(json.dumps(described | {"backend": keras.backend.backend()}, indent=1))
    return []
