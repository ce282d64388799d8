"""Scenes made beforehand and kept in the ignored folder of training runs: composing takes as long as learning."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from domain import ClassmoodError
from training.face import sources
from training.face.faces import FACE_COLUMNS
from training.face.scenes.compose import Composer, Scene, cast_of

MOST_ROWS = 10
"""Faces and doubtful places kept for each scene."""
TRUE, DOUBTFUL = 1.0, 2.0
"""In the last column of a row: a face, a place that is not judged; 0 in unused rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """Pictures uint8 (N, H, W), read from disk as needed, and rows float32 (N, 10, 15): a face and what it is.

    H and W are 112 and 192, the detector's input, or as many times larger as the composer was told.
    """

    pictures: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.pictures)

    def scene(self, index: int) -> Scene:
        """One scene with its faces and doubtful places."""
        rows = self.rows[index]
        kind = rows[:, FACE_COLUMNS]
        return Scene(self.pictures[index], rows[kind == TRUE, :FACE_COLUMNS], rows[kind == DOUBTFUL, :FACE_COLUMNS])


def prepare(data: Path, folder: Path, counts: dict[str, int], seed: int = 1, limit: int | None = None) -> None:
    """Compose so many scenes of each split into a folder; ``limit`` takes only some pictures of each source.

    Every seed gives other scenes of the same people.

    Raises ClassmoodError when the data is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    splits = sources.load(data, limit)
    facts: dict[str, Any] = {"seed": seed}
    for number, (split, count) in enumerate(counts.items()):
        found = splits[split]
        facts[split] = {name: len(getattr(found, name)) for name in ("photos", "heads", "tight")} | {"scenes": count}
        print(f"{split}: {facts[split]} ({time.monotonic() - began:.0f} s)", flush=True)
        compose(Composer(cast_of(found)), 2 * seed - 1 + number, count, folder / split)
    (folder / "scenes.json").write_text(json.dumps(facts, indent=1))
    print(f"composed in {time.monotonic() - began:.0f} s -> {folder}")


def load(folder: Path, split: str) -> Scenes:
    """The scenes of one split. Raises ClassmoodError when they have not been made."""
    try:
        return Scenes(np.load(folder / f"{split}-pictures.npy", mmap_mode="r"), np.load(folder / f"{split}-rows.npy"))
    except (OSError, ValueError) as error:
        raise ClassmoodError(
            f"expected composed scenes in {folder} ({error}); make them with `python -m training.face prepare`"
        ) from None


def facts(folder: Path) -> dict[str, Any]:
    """What the scenes of a folder were made of, by split. Raises ClassmoodError when they have not been made."""
    try:
        return json.loads((folder / "scenes.json").read_text())
    except (OSError, ValueError) as error:
        raise ClassmoodError(
            f"expected scenes.json in {folder} ({error}); make it with `python -m training.face prepare`"
        ) from None


def row_of(scene: Scene) -> np.ndarray:
    """What a scene holds as float32 (10, 15), faces before doubtful places."""
    rows = np.zeros((MOST_ROWS, FACE_COLUMNS + 1), np.float32)
    for kind, faces in ((TRUE, scene.faces), (DOUBTFUL, scene.doubtful)):
        start = int((rows[:, FACE_COLUMNS] > 0).sum())
        faces = faces[: MOST_ROWS - start]
        rows[start : start + len(faces), :FACE_COLUMNS] = faces
        rows[start : start + len(faces), FACE_COLUMNS] = kind
    return rows


def compose(composer: Composer, seed: int, count: int, target: Path) -> None:
    """Write so many scenes beside ``target``, whose last part is the name of the split; the seed decides them."""
    pictures, rows = None, np.empty((count, MOST_ROWS, FACE_COLUMNS + 1), np.float32)
    for index in range(count):
        scene = composer.scene(np.random.default_rng((seed, index)))
        if pictures is None:
            path, shape = target.with_name(f"{target.name}-pictures.npy"), (count, *scene.picture.shape)
            pictures = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        pictures[index], rows[index] = scene.picture, row_of(scene)
    np.save(target.with_name(f"{target.name}-rows.npy"), rows)
