"""Compare our detector with the reference and the cascade: real galleries, composed scenes, curves and time."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort

from domain import Box
from inference.crops import TILE_WIDTH, tile_inputs
from training.face.detectors import SURE_SCORE, Cascade, Detector, Own, Reference, counted, with_landmarks
from training.face.faces import FACE_COLUMNS, boxes_as_faces
from training.face.matching import landmark_error, match
from training.face.scenes.compose import Scene
from training.face.scenes.store import Scenes

ZOOM = 2
"""Composed scenes at the size of the detector's input are enlarged so much for the rivals, which were made for larger
pictures; those that are larger, to the same size."""
SIZES = (0.1, 0.14, 0.18, 0.25, 0.35, 0.5, 0.7, 1.01)
"""Bounds of faces' heights as shares of the tile's."""
LEVELS = (0, 12, 25, 50, 100, 256)
"""Bounds of the mean gray level of a face."""
PAGES, THREADS, REPEATS = (25, 49), (1, 2), 20
REFERENCE_FRAME = (1216, 1920)
"""A frame of 1920x1200, padded to the multiple of 32 that the reference asks for."""
SECOND_SCORES = (0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
"""Least scores of a second face in a tile that are compared."""
SHOWN_FAILURES = 60


@dataclass(slots=True)
class Tally:
    """Counts over tiles: faces by class with how many were found, false faces, errors of landmarks in eye distances."""

    asked: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    false: int = 0
    tiles: int = 0
    errors: dict[str, list[float]] = field(default_factory=dict)

    def add(
        self, faces: np.ndarray, truth: np.ndarray, classes: list[str], doubtful: np.ndarray | None = None
    ) -> np.ndarray:
        """Count one tile; returns for each true face the number of the found one, -1 where it was missed."""
        matched = match(faces, truth, doubtful)
        self.tiles += 1
        self.false += int(matched.false.sum())
        for name, index, true in zip(classes, matched.found_by, truth, strict=True):
            self.asked[name] = self.asked.get(name, 0) + 1
            self.found[name] = self.found.get(name, 0) + int(index >= 0)
            if index >= 0 and not np.isnan(true).any() and not np.isnan(faces[index]).any():
                self.errors.setdefault(name, []).append(landmark_error(faces[index], true))
        return matched.found_by

    def figures(self) -> dict[str, Any]:
        """Recall by class, precision, false faces per 100 tiles, and the error of landmarks where they are known."""
        right, errors = sum(self.found.values()), [error for part in self.errors.values() for error in part]
        by_class = {name: round(float(np.mean(part)), 4) for name, part in sorted(self.errors.items())}
        return {
            "faces": dict(sorted(self.asked.items())),
            "recall": {name: round(self.found[name] / count, 4) for name, count in sorted(self.asked.items())},
            "precision": round(right / max(right + self.false, 1), 4),
            "false_per_100_tiles": round(100 * self.false / max(self.tiles, 1), 3),
            "tiles": self.tiles,
        } | ({"landmark_error_eyes": {"all": round(float(np.mean(errors)), 4), **by_class}} if errors else {})


def galleries(folder: Path, detectors: dict[str, Detector]) -> dict[str, Any]:
    """Each detector on each real gallery, in tiles whose camera is on, by quality class; empty where there are none.

    The reference sees the whole frame at once, as it is used; others one tile.
    """
    found: dict[str, Any] = {}
    totals = {name: Tally() for name in detectors}
    for sheet in sorted(folder.glob("*.json")):
        truth = json.loads(sheet.read_text("utf-8"))
        image = np.asarray(cv2.imread(str(sheet.with_name(truth["image"]))))
        tiles = [tile for tile in truth["tiles"] if tile["camera"] == "on"]
        for name, detector in detectors.items():
            tally = Tally()
            everywhere = detector.find(image)[0] if name == "reference" else None
            for tile in tiles:
                box = Box(*tile["box"])
                faces = _inside(everywhere, box) if everywhere is not None else _in_tile(detector, image, box)
                true = boxes_as_faces(np.array([face["box"] for face in tile["faces"]], np.float32).reshape(-1, 4))
                for one in (tally, totals[name]):
                    one.add(faces, true, [face["quality"] for face in tile["faces"]])
            found.setdefault(sheet.stem, {})[name] = tally.figures()
    return found | {"all": {name: tally.figures() for name, tally in totals.items()}} if found else {}


def _in_tile(detector: Detector, image: np.ndarray, box: Box) -> np.ndarray:
    return detector.find(box.of(image))[0] + np.array([box.left, box.top] * (FACE_COLUMNS // 2), np.float32)


def _inside(faces: np.ndarray, box: Box) -> np.ndarray:
    """The faces whose middle lies in a tile."""
    middles = (faces[:, :2] + faces[:, 2:4]) / 2
    return faces[((middles >= [box.left, box.top]) & (middles < [box.right, box.bottom])).all(axis=1)]


def composed(scenes: Scenes, detectors: dict[str, Detector], count: int) -> tuple[dict[str, Any], list[Failure]]:
    """Each detector on the first validation scenes, with curves over size and darkness, and what ours got wrong."""
    failures: list[Failure] = []
    by_size = {name: Tally() for name in detectors}
    by_level = {name: Tally() for name in detectors}
    for index in range(min(count, len(scenes))):
        scene = scenes.scene(index)
        for name, detector in detectors.items():
            faces = detector.find(scene.picture)[0] if name == "own" else enlarged(detector, scene)
            sizes = [size_class(face, len(scene.picture)) for face in scene.faces]
            found_by = by_size[name].add(faces, scene.faces, sizes, scene.doubtful)
            by_level[name].add(faces, scene.faces, [_level_class(scene, f) for f in scene.faces], scene.doubtful)
            false = int(match(faces, scene.faces, scene.doubtful).false.sum())
            if name == "own" and ((found_by < 0).any() or false):
                failures.append(Failure(scene, faces, found_by, false))
    return {
        name: by_size[name].figures() | {"recall_by_level": by_level[name].figures()["recall"]} for name in detectors
    }, failures


def second_faces(own: Own, scenes: Scenes, count: int) -> dict[str, Any]:
    """False faces per 100 tiles and recall, by the least score of a tile's second and further faces.

    Recall is told for tiles with one face and with several.
    """
    rows = range(min(count, len(scenes)))
    answers = np.concatenate([own.answers(scenes.pictures[row][None, ..., None]) for row in rows])
    found = {}
    for least in SECOND_SCORES:
        tally = Tally()
        for row in rows:
            scene, scores = scenes.scene(row), answers[row, :, -1]
            faces = answers[row, counted(scores, own.least_score, least), :FACE_COLUMNS]
            group = "one" if len(scene.faces) == 1 else "several"
            tally.add(faces, scene.faces, [group] * len(scene.faces), scene.doubtful)
        figures = tally.figures()
        found[str(least)] = {name: figures[name] for name in ("recall", "false_per_100_tiles")}
    return found


def enlarged(detector: Detector, scene: Scene) -> np.ndarray:
    """What a rival finds in a scene, which it sees at the size that such detectors are made for."""
    zoom = max(ZOOM * TILE_WIDTH / scene.picture.shape[1], 1.0)
    return detector.find(cv2.resize(scene.picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC))[0] / zoom


def size_class(face: np.ndarray, height: int) -> str:
    """The name of a face's height as a share of its tile's, by the bounds of ``SIZES``."""
    share = float(face[3] - face[1]) / height
    low, high = next((low, high) for low, high in pairwise(SIZES) if share < high)
    return f"{low:.2f}-{min(high, 1):.2f}"


def _level_class(scene: Scene, face: np.ndarray) -> str:
    left, top, right, bottom = face[:4].astype(int)
    level = float(scene.picture[top : bottom + 1, left : right + 1].mean())
    low, high = next((low, high) for low, high in pairwise(LEVELS) if level < high)
    return f"{low:03d}-{high:03d}"


def costs(models: dict[str, Path], data: Path) -> dict[str, Any]:
    """CPU and wall milliseconds a frame, scaling of tiles included; of the reference its network on a full frame."""
    frame = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    found: dict[str, Any] = {}
    for name, path in models.items():
        for threads in THREADS:
            own = Own(path, threads)
            for tiles in PAGES:
                boxes = page_of(tiles)
                spent = cost(lambda own=own, boxes=boxes: own.answers(tile_inputs(frame, boxes)[0]))
                found[f"{name}, {tiles} tiles, {threads} threads"] = spent
    reference = data / "reference" / "yunet_n_dynamic.onnx"
    if reference.is_file():
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        session = ort.InferenceSession(str(reference), options, providers=["CPUExecutionProvider"])
        whole = np.random.default_rng(1).random((1, 3, *REFERENCE_FRAME), np.float32) * 255
        feed = {session.get_inputs()[0].name: whole}
        found["reference, 1920x1200 frame, 1 threads"] = cost(lambda: session.run(None, feed), REPEATS // 4)
    return found


def page_of(tiles: int) -> list[Box]:
    """The tiles of a full page at 1920x1080."""
    side = round(tiles**0.5)
    width, height = 1920 // side - 6, (1920 // side - 6) * 9 // 16
    return [
        Box(x * (width + 6), y * (height + 6), x * (width + 6) + width, y * (height + 6) + height)
        for y in range(side)
        for x in range(side)
    ]


def cost(act: Callable[[], object], repeats: int = REPEATS) -> dict[str, float]:
    """CPU and wall milliseconds of an act: medians over so many repeats."""
    for _ in range(2):  # first calls allocate
        act()
    spent = []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        act()
        spent.append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
    cpu_ms, wall_ms = np.median(spent, axis=0)
    return {"cpu_ms": round(float(cpu_ms), 2), "wall_ms": round(float(wall_ms), 2)}


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """A composed scene in which our detector missed a face or saw one too many."""

    scene: Scene
    faces: np.ndarray
    found_by: np.ndarray
    false: int


def evaluate(model: Path, others: dict[str, Path], data: Path, scenes: Scenes, count: int, out: Path) -> dict[str, Any]:
    """Measure everything, write ``face.json`` and the page of failures into a folder, and return the figures.

    Landmarks are those of the network beside the model, as in the live path, where there is one.
    """
    own = with_landmarks(model)
    detectors: dict[str, Detector] = {"own": own, "reference": Reference(data)}
    if Cascade.is_there():
        detectors["cascade"] = Cascade()
    on_scenes, failures = composed(scenes, detectors, count)
    found = {
        "composed": on_scenes,
        "second_faces": second_faces(own, scenes, len(scenes)),
        "galleries": galleries(data / "zoom", detectors | {"read": Own(model, least_score=SURE_SCORE)}),
        "cost": costs({"own": model, **others}, data),
        "size_bytes": model.stat().st_size,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "face.json").write_text(json.dumps(found, indent=1))
    write_failures(failures, out / "failures.html")
    return found


def write_failures(failures: list[Failure], page: Path) -> None:
    """A page with composed scenes: missed faces red, found ones green, false ones yellow, doubtful places gray."""
    cells = []
    for failure in failures[:SHOWN_FAILURES]:
        _, packed = cv2.imencode(".png", _drawn(failure))
        picture = base64.b64encode(packed.tobytes()).decode()
        missed = int((failure.found_by < 0).sum())
        words = html.escape(f"{missed} missed, {failure.false} false")
        cells.append(f'<figure><img src="data:image/png;base64,{picture}"><figcaption>{words}</figcaption></figure>')
    style = "body{font:14px system-ui;display:flex;flex-wrap:wrap;gap:8px}figure{margin:0}"
    page.write_text(f"<!doctype html><title>Failures</title><style>{style}</style>{''.join(cells)}", "utf-8")


def _drawn(failure: Failure) -> np.ndarray:
    picture = cv2.cvtColor(cv2.resize(failure.scene.picture, None, fx=ZOOM, fy=ZOOM), cv2.COLOR_GRAY2BGR)
    right = set(failure.found_by[failure.found_by >= 0].tolist())
    marked = [(face, (128, 128, 128)) for face in failure.scene.doubtful]
    marked += [(face, (0, 200, 0) if index in right else (0, 220, 255)) for index, face in enumerate(failure.faces)]
    marked += [(face, (0, 0, 255)) for face in failure.scene.faces[failure.found_by < 0]]
    for face, colour in marked:
        left, top, right_edge, bottom = (face[:4] * ZOOM).astype(int)
        cv2.rectangle(picture, (left, top), (right_edge, bottom), colour, 1)
    return picture


def print_figures(found: dict[str, Any]) -> None:
    """The figures as lines of text."""
    for place in ("composed", *(f"galleries/{name}" for name in found["galleries"])):
        part = found["galleries"][place.split("/")[1]] if "/" in place else found[place]
        for name, row in part.items():
            recalls = "  ".join(f"{group} {share:.3f}" for group, share in row["recall"].items())
            marks = f"  landmarks {row['landmark_error_eyes']['all']:.3f}" if "landmark_error_eyes" in row else ""
            print(f"{place:36s} {name:10s} {recalls}  false/100 {row['false_per_100_tiles']:.2f}{marks}")
            if "recall_by_level" in row:
                print(f"{'':47s} by gray level: {row['recall_by_level']}")
                print(f"{'':47s} landmarks: {row.get('landmark_error_eyes')}")
    for least, row in found["second_faces"].items():
        print(f"second faces from {least}: {row}")
    for name, spent in found["cost"].items():
        print(f"{name:40s} CPU {spent['cpu_ms']:.1f} ms, wall {spent['wall_ms']:.1f} ms")
