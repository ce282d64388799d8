"""Train the landmark network on crops of composed tiles."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# pyright: reportReturnType=false, reportOptionalSubscript=false, reportOperatorIssue=false, reportOptionalOperand=false
# Keras types its arguments by their defaults ("auto", None), and what its ops give by stubs.

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from training.face.train import Recipe, compiled, open_run, run  # sets TensorFlow's log level before it is loaded

# isort: split

import cv2
import keras
import numpy as np
from keras import ops

from inference.crops import LANDMARK_SIDE
from training.face.faces import MIRRORED_LANDMARKS
from training.face.landmarks.network import landmark_network
from training.face.landmarks.samples import STORED_SIDE, WIDER, Samples, as_read

DEFAULTS = Recipe(minutes=30.0, batch=128, learning_rate=3e-3, weight_decay=1e-3, average_steps=1000)
TURN_DEVIATION_DEG, SIZE_DEVIATION, SHIFT_DEVIATION = 8.0, 0.07, 0.03
"""Spread of turns, sizes (as a share) and shifts (in sides of the input) each time a crop is seen: what detectors on
other pictures do to boxes."""
GAMMA_DEVIATION, GAIN = 0.25, (0.6, 1.3)
BLURRED, BLUR = 0.2, (0.4, 1.2)
"""How often a crop is blurred besides, and by how many pixels."""
LEAST_EYES = 0.12
"""Distance of the eyes, in sides of the crop, below which errors no longer weigh more: in profile it would be zero."""
SOFT_ERROR = 0.02
"""Error of a landmark, in distances of the eyes, below which it weighs as its square: less than the truth errs."""
CHECKED = 2000


class Batches(keras.utils.PyDataset):
    """Crops in random order, each time a little different; a batch depends on seed, epoch and index alone."""

    def __init__(self, samples: Samples, recipe: Recipe, epoch: int = 0, **loading: int) -> None:
        super().__init__(**loading)
        self._samples, self._recipe, self._epoch = samples, recipe, epoch
        self._shuffle()

    def _shuffle(self) -> None:
        self._order = np.random.default_rng((self._recipe.seed, self._epoch)).permutation(len(self._samples))

    def __len__(self) -> int:
        return max(len(self._samples) // self._recipe.batch, 1)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        batch = self._recipe.batch
        draw = np.random.default_rng((self._recipe.seed, self._epoch, index))
        chosen = self._order[index * batch : (index + 1) * batch]
        return stacked([varied(self._samples.crops[row], self._samples.marks[row], draw) for row in chosen])

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._shuffle()


def stacked(seen: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Crops and marks as the network takes them: float32 (N, 48, 48, 1) and (N, 5, 2)."""
    crops = np.stack([crop for crop, _ in seen])[..., None].astype(np.float32)
    return crops, np.stack([marks for _, marks in seen]).astype(np.float32)


def varied(crop: np.ndarray, marks: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A stored crop and its marks as the network reads them, turned, scaled, moved, mirrored and in other light."""
    angle = np.radians(draw.normal(0, TURN_DEVIATION_DEG))
    scale = LANDMARK_SIDE * WIDER / STORED_SIDE * np.exp(draw.normal(0, SIZE_DEVIATION))
    mirrored = draw.random() < 0.5
    linear = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    linear[:, 0] *= -1 if mirrored else 1
    middle = LANDMARK_SIDE * (0.5 + draw.normal(0, SHIFT_DEVIATION, 2))
    matrix = np.column_stack([linear, middle - linear @ np.full(2, STORED_SIDE / 2)])
    levels = 255 * (np.arange(256) / 255) ** np.exp(draw.normal(0, GAMMA_DEVIATION)) * draw.uniform(*GAIN)
    read, points = as_read(cv2.LUT(crop, np.clip(levels, 0, 255).astype(np.uint8)), marks, matrix)
    if draw.random() < BLURRED:
        read = cv2.GaussianBlur(read, (0, 0), draw.uniform(*BLUR))
    return read, points[list(MIRRORED_LANDMARKS)] if mirrored else points


def points_loss(truth: keras.KerasTensor, points: keras.KerasTensor) -> keras.KerasTensor:
    """The mean distance of landmarks (N, 5, 2) from the true ones, in distances of the true eyes."""
    apart = ops.sqrt(ops.sum(ops.square(truth[:, 0] - truth[:, 1]), axis=-1))
    unit = ops.expand_dims(ops.maximum(apart, LEAST_EYES), 1)
    square = ops.sum(ops.square(points - truth), axis=-1) / ops.square(unit)
    return ops.mean(ops.sqrt(square + SOFT_ERROR**2) - SOFT_ERROR)


def error_of(points: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Mean and median over faces of how far landmarks (N, 5, 2) are from the true ones, in distances of the eyes."""
    eyes = np.linalg.norm(truth[:, 0] - truth[:, 1], axis=-1)
    errors = np.linalg.norm(points - truth, axis=-1).mean(axis=1) / eyes
    return {"mean_error": float(errors.mean()), "median_error": float(np.median(errors))}


def train(
    recipe: Recipe, samples: Samples, validation: Samples, folder: Path, clock: Callable[[], float] = time.monotonic
) -> list[dict]:
    """Train until the recipe's time is over, going on where the folder's last checkpoint stopped; returns the history.

    Writes what `training.face.train` writes. Raises ClassmoodError when the folder holds a run with another recipe.
    """
    history = open_run(recipe, folder, len(samples))
    model, averaged = compiled(landmark_network, points_loss, recipe), landmark_network()
    seen = [as_read(validation.crops[row], validation.marks[row]) for row in range(min(CHECKED, len(validation)))]
    crops, truth = stacked(seen)

    def look() -> dict[str, float]:
        return error_of(np.asarray(averaged.predict(crops, batch_size=500, verbose=0)), truth)

    batches = Batches(samples, recipe, len(history), workers=1, max_queue_size=8)
    return run(recipe, model, averaged, batches, look, folder, history, clock)
