"""What the landmark network learns from and is measured on: faces that the detector finds in composed tiles.

Tiles are composed as large as they stand on the screen, the shipped detector looks for faces in them, and what it finds
is cut out a little wider than the network reads it, so that training can still move, scale and turn it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from domain import Box, ClassmoodError
from inference.crops import LANDMARK_SIDE, gray_square, landmark_square
from training.face import sources
from training.face.detectors import Own, whole_box
from training.face.faces import centred, landmarks_of
from training.face.matching import match
from training.face.scenes import store
from training.face.scenes.compose import Cast, Composer, Scene, cast_of

ZOOMS = (1.0, 1.2, 1.45, 1.75, 2.2)
"""Sizes of tiles in sizes of the detector's input: from small windows (192 px wide) over pages of 49, 36 and 25 at
1080p to one of 16 (420 px); larger ones show nothing more in so small a crop."""
PAGE_OF_25 = 1.75
"""Size of the tiles that it is measured on, 336x196, in sizes of the detector's input."""
WIDER, STORED_SIDE = 4 / 3, 96
"""A stored crop shows so many times what the network reads, at one and a half times its pixels: turned and shrunk by
training it is about as sharp as a face on the screen."""
LEAST_SCORE = 0.2
"""Faces that the detector finds with this score are learnt, too: those that it is unsure of are the hard ones."""
SPLITS = ("train", "validation")
TILES = "tiles"
"""Name of the whole validation tiles, as `scenes.store` keeps them."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Crops uint8 (N, 96, 96), and where their landmarks truly are, float32 (N, 5, 2), in sides of the crop."""

    crops: np.ndarray
    marks: np.ndarray

    def __len__(self) -> int:
        return len(self.crops)


def prepare(
    data: Path, detector: Path, folder: Path, counts: dict[str, int], seed: int = 1, limit: int | None = None
) -> None:
    """Compose so many tiles of each split, cut out what the detector finds, and keep validation tiles whole as well.

    ``limit`` takes only some pictures of each source. Raises ClassmoodError when the data is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    splits = sources.load(data, limit)
    made: dict[str, Any] = {"seed": seed}
    for number, split in enumerate(SPLITS):
        cast, draws = cast_of(splits[split]), (seed, 11, number)
        own = Own(detector, least_score=LEAST_SCORE)
        found = list(_samples(cast, own, counts[split], draws))
        _write(folder, split, found)
        made[split] = {"tiles": counts[split], "faces": len(found)}
        print(f"{split}: {made[split]} ({time.monotonic() - began:.0f} s)", flush=True)
        if split == "validation":
            store.compose(Composer(cast, PAGE_OF_25), 2 * seed, counts[split], folder / TILES)
    (folder / "samples.json").write_text(json.dumps(made, indent=1))
    print(f"made in {time.monotonic() - began:.0f} s -> {folder}")


def _samples(cast: Cast, own: Own, count: int, seed: tuple[int, ...]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Crops and marks of faces that are found in so many tiles and whose landmarks are known."""
    composers = [Composer(cast, zoom) for zoom in ZOOMS]
    for index in range(count):
        draw = np.random.default_rng((*seed, index))
        scene = composers[draw.integers(len(composers))].scene(draw)
        yield from samples_of(scene, own.find(scene.picture)[0])


def samples_of(scene: Scene, found: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The crop (96, 96) and the marks (5, 2) of each true face that is among those found, (F, 14)."""
    tile = Box(0, 0, scene.picture.shape[1], scene.picture.shape[0])
    for index, true in zip(match(found, scene.faces, scene.doubtful).found_by, scene.faces, strict=True):
        if index < 0 or np.isnan(true).any():
            continue
        square = wider(landmark_square(whole_box(found[index], tile)))
        crop = gray_square(scene.picture, square, STORED_SIDE)
        yield crop, (landmarks_of(true) - (square.left, square.top)) / square.width


def wider(square: Box) -> Box:
    """The square of a stored crop around the one that the network reads."""
    more = round((WIDER - 1) / 2 * square.width)
    return Box(square.left - more, square.top - more, square.right + more, square.bottom + more)


def as_read(crop: np.ndarray, marks: np.ndarray, matrix: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A stored crop and its marks as the network reads them, uint8 (48, 48) and (5, 2) in its sides.

    ``matrix`` (2, 3) maps pixels of the stored crop to pixels of the input; without it the middle is shown as it is.
    """
    scale = LANDMARK_SIDE * WIDER / STORED_SIDE
    shift = LANDMARK_SIDE * (1 - WIDER) / 2
    place = np.array([[scale, 0, shift], [0, scale, shift]]) if matrix is None else matrix
    size = LANDMARK_SIDE, LANDMARK_SIDE
    read = cv2.warpAffine(crop, centred(place), size, borderMode=cv2.BORDER_REPLICATE)
    return read, (marks * STORED_SIDE @ place[:, :2].T + place[:, 2]) / LANDMARK_SIDE


def facts(folder: Path) -> dict[str, Any]:
    """What the samples of a folder were made of. Raises ClassmoodError when they have not been made."""
    try:
        return json.loads((folder / "samples.json").read_text())
    except (OSError, ValueError) as error:
        raise _not_made(folder, error) from None


def _write(folder: Path, split: str, found: list[tuple[np.ndarray, np.ndarray]]) -> None:
    if not found:
        raise ClassmoodError(f"expected the detector to find faces in the {split} tiles, found none; compose more")
    np.save(folder / f"{split}-crops.npy", np.stack([crop for crop, _ in found]))
    np.save(folder / f"{split}-marks.npy", np.stack([marks for _, marks in found]).astype(np.float32))


def load(folder: Path, split: str) -> Samples:
    """The samples of one split. Raises ClassmoodError when they have not been made."""
    try:
        return Samples(np.load(folder / f"{split}-crops.npy", mmap_mode="r"), np.load(folder / f"{split}-marks.npy"))
    except (OSError, ValueError) as error:
        raise _not_made(folder, error) from None


def _not_made(folder: Path, error: Exception) -> ClassmoodError:
    return ClassmoodError(
        f"expected faces in {folder} ({error}); make them with `python -m training.face.landmarks prepare`"
    )
