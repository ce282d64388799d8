"""Where eyes, nose and mouth are in faces that were found: a second look at the tile's own pixels.

The face network sees whole tiles scaled down, in which a face may be 20 pixels high; this one sees each face by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from domain import Box, Face, ModelError
from inference.crops import LANDMARK_SIDE, landmark_inputs
from inference.sessions import open_session

LANDMARK_MODEL = "landmarks.onnx"
INPUT, OUTPUT, POINTS = "input", "landmarks", 5
"""What goes in and comes out: five points a face, in sides of the crop."""
REMAKE = "restore it from the repository or make it anew with `python -m training.face.landmarks export`"


class LandmarkFinder:
    """Finds the five landmarks of faces with the project's own network: all faces of a frame in one batch.

    ``threads`` is how many cores one search may use. Raises ModelError, in one line, when the file or its card is
    missing, damaged or made for another contract.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, threads, REMAKE)
        shapes = [(node.name, *node.shape[1:]) for node in (*self._session.get_inputs(), *self._session.get_outputs())]
        if shapes != [(INPUT, LANDMARK_SIDE, LANDMARK_SIDE, 1), (OUTPUT, POINTS, 2)]:
            raise ModelError(
                f"{path.name}: expected {INPUT} of {LANDMARK_SIDE}x{LANDMARK_SIDE}x1 and {OUTPUT} of {POINTS}x2, "
                f"found {shapes}: {REMAKE}"
            )

    def refined(self, image: np.ndarray, faces: Sequence[Face], tiles: Mapping[int, Box]) -> list[Face]:
        """The same faces of a uint8 (H, W, 3) picture with this network's landmarks, in its pixels.

        ``tiles`` are the boxes of tiles by slot: what lies beyond a face's tile is not looked at. Landmarks that are
        out of the picture are told where they would be.
        """
        if not faces:
            return []
        inputs, placements = landmark_inputs(image, [face.box for face in faces], [tiles[face.tile] for face in faces])
        (answers,) = self._session.run([OUTPUT], {INPUT: inputs.astype(np.float32)})
        points = np.asarray(answers) * placements[:, None, :1] + placements[:, None, 1:]
        return [replace(face, landmarks=_pairs(marks)) for face, marks in zip(faces, points, strict=True)]


def _pairs(points: np.ndarray) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)
