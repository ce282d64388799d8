"""How believable simulated students are: is the face found, and is the scripted emotion the one that is read?

``python -m benchmarks.simulator [--people 40] [--json]`` draws random students with every emotion in tiles of several
heights and sends them through the project's own face finder and emotion model, as one frame each, unsmoothed. It also
counts how many are found with the head turned and the eyes closed, and what drawing a frame of the demo costs.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np

from capture.simulator.camera.faces import Expression
from capture.simulator.camera.picture import Camera, Shot, Sight, pose_at
from capture.simulator.lesson import read_lesson
from capture.simulator.simulator import Simulator
from config import ROOT
from domain import EMOTIONS, Box, Tile
from inference.crops import face_crops
from inference.emotion import EmotionModel
from inference.faces import FACE_MODEL, FaceFinder

TILE_HEIGHTS = (126, 153, 189, 234, 315)
"""Tiles of 49, 36, 25, 16 and 9 people at 1920x1080."""
FOUND_IOU = 0.4
"""Overlap with the true face from which a box counts as this face and not as a fold in a curtain."""
YAWS, TURNED_HEIGHT = (-50, -35, -20, 20, 35, 50), 189
"""Degrees by which heads are turned, and the height of their tiles: 25 people at 1920x1080."""
DEMO, DEMO_SIZE, DEMO_FRAMES, DEMO_STEP_S = (
    ROOT / "capture" / "simulator" / "lessons" / "demo.yaml",
    (1280, 800),
    60,
    0.1,
)


class Reader:
    """The project's face finder and emotion model on one tile."""

    def __init__(self, model: Path) -> None:
        self._finder, self._model = FaceFinder(ROOT / "models" / FACE_MODEL), EmotionModel(model)

    def read(self, picture: np.ndarray, truth: Box) -> np.ndarray | None:
        """Seven probabilities of the face at ``truth``, or None when it is not found."""
        tile = Tile(0, Box(0, 0, picture.shape[1], picture.shape[0]), "on")
        for face in self._finder.find(picture, [tile]):
            if face.box.iou(truth) >= FOUND_IOU:
                return np.array(self._model.predict(face_crops(picture, [face.box]))[0].values)
        return None


def drawn(camera: Camera, expression: Expression, number: int, height: int) -> tuple[np.ndarray, Box]:
    """One student's tile with an expression, and where the face is."""
    pose = pose_at(3.7 * number, 1.3 * number)
    width = round(height * 16 / 9)
    picture = camera.picture(Shot(expression, pose, number), height)
    left, top, right, bottom = camera.face_box(pose, expression.yaw)
    box = Box(round(left * width), round(top * height), round(right * width), round(bottom * height))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), box


def shown(emotion: int) -> tuple[float, ...]:
    """The weights of an expression that is one emotion alone."""
    return tuple(float(index == emotion) for index in range(len(EMOTIONS)))


def measure(people: int, heights: tuple[int, ...], model: Path, first: int = 0) -> dict[str, object]:
    """Counts over ``people`` random students from number ``first`` on: found share and confusion by tile height."""
    reader = Reader(model)
    confusion = np.zeros((len(heights), len(EMOTIONS), len(EMOTIONS) + 1), int)
    for who in range(first, first + people):
        camera = Camera((1, who), who, Sight())
        for row, height in enumerate(heights):
            for emotion in range(len(EMOTIONS)):
                scores = reader.read(*drawn(camera, Expression(shown(emotion)), who, height))
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


def measure_turned(people: int, model: Path, first: int = 0) -> dict[str, float]:
    """Share of neutral faces that are found, by degrees of yaw and with closed eyes."""
    reader, neutral = Reader(model), shown(EMOTIONS.index("neutral"))
    faces = {f"yaw {yaw:+}": Expression(neutral, yaw=yaw) for yaw in YAWS}
    faces["eyes closed"] = Expression(neutral, eyes_closed=True)
    found = dict.fromkeys(faces, 0)
    for who in range(first, first + people):
        camera = Camera((1, who), who, Sight())
        for name, expression in faces.items():
            found[name] += reader.read(*drawn(camera, expression, who, TURNED_HEIGHT)) is not None
    return {name: round(count / people, 3) for name, count in found.items()}


def drawing_ms() -> float:
    """Milliseconds of CPU that a frame of the demo costs to draw, once every student has been drawn before."""
    simulator = Simulator(read_lesson(DEMO), *DEMO_SIZE)
    simulator.frame_at(0)
    started = time.process_time()
    for index in range(1, DEMO_FRAMES + 1):
        simulator.frame_at(index * DEMO_STEP_S)
    return round(1e3 * (time.process_time() - started) / DEMO_FRAMES, 2)


def _print(result: dict, heights: tuple[int, ...]) -> None:
    for height in heights:
        row = result["by_height"][str(height)]
        print(f"tile height {height}: found {row['found']:.1%}, read as scripted {row['read_as_scripted']:.1%}")
    total = np.sum([result["by_height"][str(height)]["confusion"] for height in heights], 0)
    print(f"\n{'scripted':>10} | " + " ".join(f"{name:>8}" for name in (*EMOTIONS, "missed")))
    for name, counts in zip(EMOTIONS, total, strict=True):
        print(f"{name:>10} | " + " ".join(f"{count / counts.sum():8.1%}" for count in counts))
    print("\nfound " + ", ".join(f"{name} {share:.0%}" for name, share in result["turned"].items()))
    print(f"drawing a frame of the demo: {result['drawing_ms']} ms of CPU")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulator", description=__doc__)
    parser.add_argument("--people", type=int, default=40, help="how many random students")
    parser.add_argument("--heights", type=int, nargs="+", default=TILE_HEIGHTS, help="heights of tiles in pixels")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "emotion.onnx")
    parser.add_argument("--json", action="store_true", help="one object on the last line")
    args = parser.parse_args()
    heights = tuple(args.heights)
    cv2.setNumThreads(1)
    result = measure(args.people, heights, args.model)
    result |= {"turned": measure_turned(args.people, args.model), "drawing_ms": drawing_ms()}
    if args.json:
        print(json.dumps(result))
    else:
        _print(result, heights)


if __name__ == "__main__":
    main()
