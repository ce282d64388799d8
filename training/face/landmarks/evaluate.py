"""Compare landmarks on composed tiles as large as on a page of 25: the detector's, this network's, the reference's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from domain import Box
from inference.crops import landmark_inputs
from training.face.detectors import Own, Reference, open_network
from training.face.evaluate import PAGES, Tally, cost, enlarged, page_of, size_class
from training.face.faces import landmarks_of
from training.face.landmarks.samples import TILES
from training.face.landmarks.truth import truth_error
from training.face.scenes import store
from training.face.scenes.compose import Scene

WHOLE, CUT = "whole", "cut"
"""Faces whose landmarks are all in the picture, and those of which some are out of it."""
FACE_IN_TILE = (0.4, 0.2, 0.6, 0.65)
"""A usual face in a tile, in shares of it, for measuring time."""


def evaluate(detector: Path, model: Path, data: Path, folder: Path, count: int) -> dict[str, Any]:
    """Errors of landmarks in distances of the eyes on so many validation tiles, and milliseconds a frame.

    By height of the face as a share of the tile's, for faces that are whole or cut by the picture's border, and the
    median. Every way is measured on the faces that it finds.
    """
    alone, refined, reference = Own(detector), Own(detector, landmarks=model), Reference(data)
    tiles = store.load(folder, TILES)
    by_size = {name: Tally() for name in ("detector", "landmarks", "reference")}
    by_cut = {name: Tally() for name in by_size}
    for index in range(min(count, len(tiles))):
        scene = tiles.scene(index)
        sizes = [size_class(face, len(scene.picture)) for face in scene.faces]
        cuts = [_is_cut(face, scene) for face in scene.faces]
        found = {
            "detector": alone.find(scene.picture)[0],
            "landmarks": refined.find(scene.picture)[0],
            "reference": enlarged(reference, scene),
        }
        for name, faces in found.items():
            by_size[name].add(faces, scene.faces, sizes, scene.doubtful)
            by_cut[name].add(faces, scene.faces, cuts, scene.doubtful)
    return {
        "tiles": min(count, len(tiles)),
        "tile_size": list(tiles.pictures.shape[:0:-1]),
        "landmark_error_eyes": {name: _errors(by_size[name], by_cut[name]) for name in by_size},
        "truth_error_eyes": round(truth_error(data), 4),
        "cost": costs(model),
        "size_bytes": model.stat().st_size,
    }


def _is_cut(face: np.ndarray, scene: Scene) -> str:
    points, size = landmarks_of(face), scene.picture.shape[::-1]
    return WHOLE if ((points >= 0) & (points < size)).all() else CUT


def _errors(by_size: Tally, by_cut: Tally) -> dict[str, Any]:
    every = [error for part in by_size.errors.values() for error in part]
    means = {name: round(float(np.mean(part)), 4) for name, part in sorted((by_size.errors | by_cut.errors).items())}
    return {
        "faces": len(every),
        "all": round(float(np.mean(every)), 4),
        "median": round(float(np.median(every)), 4),
    } | means


def costs(model: Path) -> dict[str, Any]:
    """CPU and wall milliseconds a frame on one thread, cropping included, for one face in every tile of a page."""
    frame = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    session, found = open_network(model, 1), {}
    for faces in PAGES:
        tiles = page_of(faces)
        boxes = [_face_in(tile) for tile in tiles]

        def act(boxes: list[Box] = boxes, tiles: list[Box] = tiles) -> object:
            return session.run(None, {"input": landmark_inputs(frame, boxes, tiles)[0].astype(np.float32)})

        found[f"{faces} faces, 1 threads"] = cost(act)
    return found


def _face_in(tile: Box) -> Box:
    left, top, right, bottom = FACE_IN_TILE
    return Box(
        round(tile.left + left * tile.width),
        round(tile.top + top * tile.height),
        round(tile.left + right * tile.width),
        round(tile.top + bottom * tile.height),
    )


def print_figures(found: dict[str, Any]) -> None:
    """The figures as lines of text."""
    for name, errors in found["landmark_error_eyes"].items():
        print(f"{name:10s} {errors}")
    print(f"the truth itself errs by {found['truth_error_eyes']}")
    for name, spent in found["cost"].items():
        print(f"{name:20s} CPU {spent['cpu_ms']:.1f} ms, wall {spent['wall_ms']:.1f} ms")
