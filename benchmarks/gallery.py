"""How well and how fast the tiles of a gallery are found: `python -m benchmarks.gallery [--json]`.

Real galleries beside this checkout are measured where they are present, and random drawings always.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.drawn.gallery import Drawing, Look, Placed, draw_gallery, draw_meeting_window
from benchmarks.drawn.lookalikes import LOOKALIKES, draw_lookalike
from benchmarks.drawn.share import draw_floating_panel, draw_side_by_side
from capture.gallery import Gallery, GalleryFinder
from domain import Box

REAL_GALLERIES = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "zoom"
MIN_IOU = 0.8
MEASURED = 600
"""First seed of the drawings that are measured; those before it are there to look at and to tune on."""
RECORDED_CRF, RECORDED_FRAMES = (23, 30), 3
"""x264's rate factors of the recordings that are measured (23 is its default), and frames written: the last is no key
frame."""
CHECKS = 20
"""Checks of a known layout that are averaged for its time."""
CLASS_LOOK = Look(1.0, 6, 4, (26, 26, 26), (34, 34, 34), pill_labels=False)
"""The look of the galleries that are timed: 25 and 49 people at 1920x1080."""


def real_galleries() -> list[Drawing]:
    """The real pictures with their truth, none where the folder is absent."""
    drawings = []
    for file in sorted(REAL_GALLERIES.glob("*.json")):
        truth = json.loads(file.read_text())
        image = cv2.imread(str(file.with_name(truth["image"])))
        if image is not None:
            tiles = tuple((Box(*tile["box"]), tile["camera"]) for tile in truth["tiles"])
            drawings.append(Drawing(np.asarray(image, np.uint8), tiles, file.stem))
    return drawings


def _hits(gallery: Gallery, truth: tuple[Placed, ...]) -> tuple[int, int]:
    """How many true tiles were found, and how many of those with the right camera state."""
    found = right = 0
    for box, camera in truth:
        best = max(gallery.tiles, key=lambda tile: tile.box.iou(box), default=None)
        if best is not None and best.box.iou(box) >= MIN_IOU:
            found += 1
            right += best.camera == camera
    return found, right


def measure(drawings: Iterable[Drawing]) -> dict[str, float]:
    """Precision, recall, camera states right, exact layouts (shares of 1) and the number of pictures."""
    pictures = exact = found = true = hits = right = 0
    for drawing in drawings:
        gallery = GalleryFinder().update(drawing.image)
        hit, same = _hits(gallery, drawing.tiles)
        pictures += 1
        exact += hit == len(gallery.tiles) == len(drawing.tiles)
        found, true, hits, right = found + len(gallery.tiles), true + len(drawing.tiles), hits + hit, right + same
    return {
        "pictures": pictures,
        "precision": hits / max(found, 1),
        "recall": hits / max(true, 1),
        "camera_right": right / max(hits, 1),
        "exact": exact / max(pictures, 1),
    }


def recorded(drawing: Drawing, crf: int) -> Drawing:
    """A drawing as a recording keeps it: through H.264 with x264's rate factor ``crf``, sides cut to be even."""
    height, width = (side // 2 * 2 for side in drawing.image.shape[:2])
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=5)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        picture = np.ascontiguousarray(drawing.image[:height, :width])
        for _ in range(RECORDED_FRAMES):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        film.mux(stream.encode())
    memory.seek(0)
    with av.open(memory, "r") as film:
        image = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)][-1]
    return Drawing(np.asarray(image, np.uint8), drawing.tiles, f"{drawing.about}, H.264 at {crf}")


def false_galleries(seeds: int) -> dict[str, float]:
    """Of screens that are no gallery, how many were taken for one."""
    kinds = [(kind, MEASURED + seed) for kind in LOOKALIKES for seed in range(seeds)]
    taken = sum(bool(GalleryFinder().update(draw_lookalike(kind, seed).image).tiles) for kind, seed in kinds)
    return {"pictures": len(kinds), "taken_for_gallery": taken}


def timings(count: int) -> dict[str, float]:
    """CPU time in ms of the full search and of the check of a known layout, 1920x1080."""
    image, _ = draw_meeting_window(np.random.default_rng(count), 1920, 1080, count, CLASS_LOOK)
    finder = GalleryFinder()
    started = time.process_time()
    finder.update(image)
    searched = time.process_time()
    for _ in range(CHECKS):
        finder.update(image)
    checked = time.process_time()
    return {"search_ms": 1e3 * (searched - started), "check_ms": 1e3 * (checked - searched) / CHECKS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line instead of a table")
    parser.add_argument("--drawings", type=int, default=200, help="how many random galleries are drawn")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    results = {
        "real": measure(real_galleries()),
        "drawn": measure(draw_gallery(seed) for seed in range(MEASURED, MEASURED + arguments.drawings)),
        "side_by_side": measure(draw_side_by_side(MEASURED + seed) for seed in range(arguments.drawings)),
        "floating_panel": measure(draw_floating_panel(MEASURED + seed) for seed in range(arguments.drawings)),
        "recorded": measure(
            recorded(draw_gallery(MEASURED + seed), RECORDED_CRF[seed % len(RECORDED_CRF)])
            for seed in range(arguments.drawings // 4)
        ),
        "lookalikes": false_galleries(max(1, arguments.drawings // 20)),
        "tiles_25": timings(25),
        "tiles_49": timings(49),
    }
    if arguments.json:
        print(json.dumps(results))
        return
    table = Table("what", "measure", "value")
    for what, figures in results.items():
        for measure_name, value in figures.items():
            table.add_row(what, measure_name, f"{value:.4g}")
    Console().print(table)


if __name__ == "__main__":
    main()
