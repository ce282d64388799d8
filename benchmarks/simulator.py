"""How believable simulated students are: is the face found, and is the scripted emotion the one that is read?

``python -m benchmarks.simulator [--people 40] [--json]`` draws random students with every emotion in tiles of several
heights and sends them through the project's own face finder and emotion model, as one frame each, unsmoothed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from capture.simulator.camera.faces import Expression
from capture.simulator.camera.picture import Camera, Shot, Sight, pose_at
from config import ROOT
from domain import EMOTIONS, Box, Tile
from inference.crops import face_crops
from inference.emotion import EmotionModel
from inference.faces import FaceFinder

TILE_HEIGHTS = (126, 153, 189, 234, 315)
"""Tiles of 49, 36, 25, 16 and 9 people at 1920x1080."""
FOUND_IOU = 0.4
"""Overlap with the true face from which a box counts as this face and not as a fold in a curtain."""


class Reader:
    """The project's face finder and emotion model on one tile."""

    def __init__(self, model: Path) -> None:
        self._finder, self._model = FaceFinder(), EmotionModel(model)

    def read(self, picture: np.ndarray, truth: Box) -> np.ndarray | None:
        """Seven probabilities of the face at ``truth``, or None when it is not found."""
        tile = Tile(0, Box(0, 0, picture.shape[1], picture.shape[0]), "on")
        for face in self._finder.find(picture, [tile]):
            if face.box.iou(truth) >= FOUND_IOU:
                return np.array(self._model.predict(face_crops(picture, [face.box]))[0].values)
        return None


def drawn(camera: Camera, emotion: int, number: int, height: int) -> tuple[np.ndarray, Box]:
    """One student's tile with an emotion, and where the face is."""
    weights = tuple(float(index == emotion) for index in range(len(EMOTIONS)))
    pose = pose_at(3.7 * number, 1.3 * number)
    width = round(height * 16 / 9)
    picture = camera.picture(Shot(Expression(weights), pose, number), height)
    left, top, right, bottom = camera.face_box(pose)
    box = Box(round(left * width), round(top * height), round(right * width), round(bottom * height))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), box


def measure(people: int, heights: tuple[int, ...], model: Path, first: int = 0) -> dict[str, object]:
    """Counts over ``people`` random students from number ``first`` on: found share and confusion by tile height."""
    reader = Reader(model)
    confusion = np.zeros((len(heights), len(EMOTIONS), len(EMOTIONS) + 1), int)
    for who in range(first, first + people):
        camera = Camera((1, who), who, Sight())
        for row, height in enumerate(heights):
            for emotion in range(len(EMOTIONS)):
                scores = reader.read(*drawn(camera, emotion, who, height))
                confusion[row, emotion, -1 if scores is None else int(scores.argmax())] += 1
    return {
        "people": people,
        "by_height": {
            str(height): {
                "found": round(1 - float(table[:, -1].sum() / table.sum()), 3),
                "read_as_scripted": round(float(np.trace(table[:, :-1]) / max(table[:, :-1].sum(), 1)), 3),
                "confusion": table.tolist(),
            }
            for height, table in zip(heights, confusion, strict=True)
        },
        "read_as_scripted": {
            name: round(float(confusion[:, i, i].sum() / max(confusion[:, i, :-1].sum(), 1)), 3)
            for i, name in enumerate(EMOTIONS)
        },
    }


def _print(result: dict, heights: tuple[int, ...]) -> None:
    for height in heights:
        row = result["by_height"][str(height)]
        print(f"tile height {height}: found {row['found']:.1%}, read as scripted {row['read_as_scripted']:.1%}")
    total = np.sum([result["by_height"][str(height)]["confusion"] for height in heights], 0)
    print(f"\n{'scripted':>10} | " + " ".join(f"{name:>8}" for name in (*EMOTIONS, "missed")))
    for name, counts in zip(EMOTIONS, total, strict=True):
        print(f"{name:>10} | " + " ".join(f"{count / counts.sum():8.1%}" for count in counts))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulator", description=__doc__)
    parser.add_argument("--people", type=int, default=40, help="how many random students")
    parser.add_argument("--heights", type=int, nargs="+", default=TILE_HEIGHTS, help="heights of tiles in pixels")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "emotion.onnx")
    parser.add_argument("--json", action="store_true", help="one object on the last line")
    args = parser.parse_args()
    heights = tuple(args.heights)
    result = measure(args.people, heights, args.model)
    if args.json:
        print(json.dumps(result))
    else:
        _print(result, heights)


if __name__ == "__main__":
    main()
