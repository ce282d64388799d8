"""Where the faces in the tiles are, and whether their pixels are good enough to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from config import InferenceSettings
from domain import Abstention, Box, Face, ModelError, Quality, Tile
from inference.crops import TILE_HEIGHT, TILE_WIDTH, tile_inputs
from inference.landmarks import LANDMARK_MODEL, LandmarkFinder
from inference.sessions import open_session

FACE_MODEL = "face.onnx"
INPUT, OUTPUT, COLUMNS = "input", "faces", 15
"""What goes in and comes out: box, five landmarks and score of up to so many faces a tile, in pixels of the input."""
REMAKE = "restore it from the repository or make it anew with `python -m training.face export`"
BATCH = 64
"""Views for one call of the network: more need more memory and are no faster."""

LEAST_SCORE_KEY = "least_score"
"""The model's own word, in its metadata, for the score from which there is a face."""
UNCERTAIN_SCORE = 0.5
"""Faces below this score are kept but not read: the export gives it the meaning of one false face in 100 hard tiles.
Only the surest face of a tile may have less: of the unsure ones in 3,000 composed tiles 30 % of the first and 44 % of
the others were false, and in a class a second person in a tile is rarer than there."""

CLOSER_FROM_HEIGHT, MOST_PARTS = 370, 3
"""Pictures higher than this many pixels are also searched in parts, up to so many a side: the network finds faces from
13 % of a view's height on, and faces from 48 px on can be read."""
CUT_OFF = 0.03
"""Share of a part's size within which a face touches its border: the part next to it shows it whole."""
PART_OF_FACE = 0.6
"""Share of a box inside a larger face from which it is a part of that face."""
SAME_FACE = 0.4
"""Boxes in one tile that share more than this, by intersection over union, are one face."""

LANDMARK_MARGIN = 0.06
"""How far, in sizes of the face, landmarks may lie outside the box: those of whole faces lie 0.1 and more inside."""
FLAT_VARIANCE = 25.0
"""Variance of gray levels that compression alone can make: keeps an empty crop from looking sharp."""


@dataclass(frozen=True, slots=True)
class View:
    """What the network looks at: a whole tile, or a part of a large one."""

    tile: Tile
    box: Box

    @property
    def is_part(self) -> bool:
        return self.box != self.tile.box

    def cuts(self, box: Box) -> bool:
        """Whether a face touches a border of this part behind which the tile goes on."""
        margin = CUT_OFF * self.box.height
        tile, mine = self.tile.box, self.box
        return (
            (mine.left > tile.left and box.left < mine.left + margin)
            or (mine.top > tile.top and box.top < mine.top + margin)
            or (mine.right < tile.right and box.right > mine.right - margin)
            or (mine.bottom < tile.bottom and box.bottom > mine.bottom - margin)
        )


class FaceFinder:
    """Finds faces in tiles with the project's own network: all tiles of a frame in one batch.

    The network for their landmarks is the file ``LANDMARK_MODEL`` beside it. ``threads`` is how many cores one search
    may use. Raises ModelError, in one line, when a file or its card is missing, damaged or made for another contract.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, threads, REMAKE)
        facts = self._session.get_modelmeta().custom_metadata_map
        shapes = [(node.name, *node.shape[1:]) for node in (*self._session.get_inputs(), *self._session.get_outputs())]
        if shapes[0] != (INPUT, TILE_HEIGHT, TILE_WIDTH, 1) or shapes[1][:1] + shapes[1][-1:] != (OUTPUT, COLUMNS):
            raise ModelError(
                f"{path.name}: expected {INPUT} of {TILE_HEIGHT}x{TILE_WIDTH}x1 and {OUTPUT} of {COLUMNS} columns, "
                f"found {shapes}: {REMAKE}"
            )
        if LEAST_SCORE_KEY not in facts:
            raise ModelError(f"{path.name}: expected a {LEAST_SCORE_KEY} in its metadata, found none: {REMAKE}")
        self._least_score = float(facts[LEAST_SCORE_KEY])
        self._landmarks = LandmarkFinder(path.with_name(LANDMARK_MODEL), threads)

    def find(self, image: np.ndarray, tiles: Sequence[Tile]) -> list[Face]:
        """Faces in these tiles of a uint8 (H, W, 3) picture, the surest of each tile first; boxes in its pixels.

        Boxes go from hairline to chin and end at the tile's border. The score is from 0 to 1. A tile may also be a
        whole frame: large ones are searched in parts too.
        """
        found: dict[int, list[tuple[View, Face]]] = {tile.slot: [] for tile in tiles}
        views = [view for tile in tiles for view in views_of(tile)]
        for view, rows, placement in self._answers(image, views):
            found[view.tile.slot] += [(view, face) for face in _faces(view, rows, placement)]
        faces = [face for seen in found.values() for face in counted(_joined(seen))]
        return self._landmarks.refined(image, faces, {tile.slot: tile.box for tile in tiles})

    def _answers(self, image: np.ndarray, views: Sequence[View]) -> Iterator[tuple[View, np.ndarray, np.ndarray]]:
        """Each view with the network's answers (F, 15) that count, and the view's placement."""
        for start in range(0, len(views), BATCH):
            chunk = views[start : start + BATCH]
            inputs, placements = tile_inputs(image, [view.box for view in chunk])
            (answers,) = self._session.run([OUTPUT], {INPUT: inputs.astype(np.float32)})
            for view, rows, placement in zip(chunk, np.asarray(answers), placements, strict=True):
                yield view, rows[rows[:, -1] >= self._least_score], placement


def views_of(tile: Tile) -> Iterator[View]:
    """The tile itself and, where it is large, its parts: as high as a row, half a part from each other."""
    yield View(tile, tile.box)
    parts = min(-(-tile.box.height // CLOSER_FROM_HEIGHT), MOST_PARTS)
    if parts > 1:
        width, height = tile.box.width // parts, tile.box.height // parts
        steps = range(2 * parts - 1)
        for row, column in product(steps, steps):
            left, top = tile.box.left + column * width // 2, tile.box.top + row * height // 2
            right = tile.box.right if column == steps[-1] else left + width
            bottom = tile.box.bottom if row == steps[-1] else top + height
            yield View(tile, Box(left, top, right, bottom))


def without_doubles(faces: Sequence[Face]) -> list[Face]:
    """The surest face of every group of faces on the same place, surest first."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(face.box.iou(other.box) < SAME_FACE for other in kept):
            kept.append(face)
    return kept


def counted(faces: Sequence[Face]) -> list[Face]:
    """Of one tile's faces, the surest first, that one and all others that are sure enough to be read."""
    return [*faces[:1], *(face for face in faces[1:] if face.score >= UNCERTAIN_SCORE)]


def quality_of(face: Face, crop: np.ndarray, settings: InferenceSettings) -> Quality:
    """Whether a face can be read, and why not, by its size, its uint8 (48, 48) crop, its landmarks and its score."""
    sharp = sharpness(crop)
    reason: Abstention | None = None
    if face.box.width < settings.min_face_width or face.box.height < settings.min_face_height:
        reason = "too_small"
    elif is_half_covered(face):
        reason = "half_covered"
    elif sharp < settings.min_sharpness:
        reason = "blurred"
    elif face.score < UNCERTAIN_SCORE:
        reason = "uncertain_face"
    return Quality(face.box.height, sharp, reason)


def is_half_covered(face: Face) -> bool:
    """Whether a face is cut by the picture's border or turned so far that half of it is out of sight.

    Then a landmark lies outside the box, or the nose lies beyond an eye.
    """
    if face.landmarks is None:
        return False
    box, points = face.box, np.array(face.landmarks)
    corners = np.array(tuple(box)).reshape(2, 2)
    margins = LANDMARK_MARGIN * (corners[1] - corners[0])
    outside = (points < corners[0] - margins) | (points > corners[1] + margins)
    across = points[1] - points[0]
    along = float((points[2] - points[0]) @ across / max(across @ across, 1e-6))
    return bool(outside.any()) or not 0 <= along <= 1


def sharpness(crop: np.ndarray) -> float:
    """How sharp a uint8 (48, 48) crop is, from 0 to 1: its Laplacian's variance over its own, without contrast.

    Measured on the crop because only what survives there counts. FER2013's pictures have 0.7 in the median and 0.2 at
    the lowest percentile; blurred by one pixel of their own they have 0.05.
    """
    gray = crop.astype(np.float32)
    return min(float(cv2.Laplacian(gray, cv2.CV_32F).var() / (gray.var() + FLAT_VARIANCE)), 1.0)


def _faces(view: View, rows: np.ndarray, placement: np.ndarray) -> Iterator[Face]:
    """The network's answers (F, 15) for one view as faces in pixels of the frame, without their landmarks."""
    scale, shift = placement[0], placement[1:]
    for row in rows:
        corners = (row[:4].reshape(2, 2) - shift) / scale
        edges = np.round(np.clip(corners, *np.reshape(tuple(view.box), (2, 2)))).astype(int)
        if (edges[1] > edges[0]).all():
            yield Face(view.tile.slot, Box(*map(int, edges.flat)), float(row[-1]))


def _joined(found: Sequence[tuple[View, Face]]) -> list[Face]:
    """Faces of one tile from all its views: whole ones, each once."""
    whole = [face for view, face in found if not view.is_part]
    close = [face for view, face in found if view.is_part and not view.cuts(face.box)]
    new = [face for face in close if not any(_is_part_of(face.box, known.box) for known in whole)]
    return without_doubles([*whole, *new])


def _is_part_of(box: Box, other: Box) -> bool:
    inside = box.clamped(other.right, other.bottom)
    if inside is None or other.area < 2 * box.area:
        return False
    width, height = inside.right - max(inside.left, other.left), inside.bottom - max(inside.top, other.top)
    return max(width, 0) * max(height, 0) > PART_OF_FACE * box.area
