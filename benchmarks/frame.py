"""What one frame costs, stage by stage: python -m benchmarks.frame [--json].

A simulated class is drawn at 1920x1080 and read by a process of its own: its memory is that of the capture alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from config import ROOT, Settings
from domain import CaptureError, Frame

if TYPE_CHECKING:
    from inference.pipeline import FrameReading

WIDTH, HEIGHT = 1920, 1080
TILES = (25, 49)
FRAMES = 20
"""Frames that are counted, after the first: that one searches the layout and reads every label."""
STEP_S = 0.5
STAGES = ("grab", "tiles", "names", "faces", "emotions", "students", "write")


def draw(tiles: int) -> list[np.ndarray]:
    """Frames of a simulated class of so many students on one page, all cameras on, half a second apart."""
    from capture.simulator.lesson import Lesson
    from capture.simulator.simulator import Simulator

    students = [{"name": f"Student {number:02d}"} for number in range(1, tiles + 1)]
    lesson = Lesson.model_validate({"students": students, "per_page": 49})
    simulator = Simulator(lesson, WIDTH, HEIGHT)
    return [simulator.frame_at(index * STEP_S) for index in range(FRAMES + 1)]


class Meter:
    """Wall and processor milliseconds of each stage, frame by frame."""

    def __init__(self) -> None:
        self.wall: list[dict[str, float]] = []
        self.cpu: list[dict[str, float]] = []

    def frame(self) -> None:
        """Begin the next frame."""
        self.wall.append(dict.fromkeys(STAGES, 0.0))
        self.cpu.append(dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge what runs inside to a stage of this frame; all threads of the process count."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[-1][name] += (time.perf_counter() - wall) * 1000
        self.cpu[-1][name] += (time.process_time() - cpu) * 1000


def read(tiles: int, frames: list[np.ndarray], answer: Connection) -> None:
    """Read the frames as the capture does, and send back what each stage took: runs in a process of its own."""
    import psutil

    from capture.gallery import GalleryFinder
    from db.engine import open_store
    from db.writer import Writer
    from inference.pipeline import Pipeline

    meter, finder, found = Meter(), GalleryFinder(), 0
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        writer = stack.enter_context(Writer(open_store(f"sqlite:///{Path(folder) / 'bench.sqlite'}", write=True)))
        writer.start_session("benchmark", "", True, 0.0)
        grab = opened_screen(stack)
        pipeline = Pipeline(Settings(), ROOT / "models")
        for index, image in enumerate(frames):
            meter.frame()
            if grab:
                with meter.stage("grab"):
                    grab()
            with meter.stage("tiles"):
                gallery = finder.update(image)
            with meter.stage("students"):
                moment = pipeline.step(Frame(index, index * STEP_S, image), gallery.tiles)
            charge_models(meter, pipeline.last_reading)
            with meter.stage("write"):
                writer.write(moment)
                writer.flush()
            found = sum(seen.face is not None for seen in moment.observations)
        rss_mb = psutil.Process().memory_info().rss / 2**20
        writer.end_session(len(frames) * STEP_S, "source_ended")
    answer.send(
        {"tiles": len(gallery.tiles), "wanted": tiles, "faces": found, "rss_mb": rss_mb, "grab": bool(grab)}
        | {"wall": meter.wall, "cpu": meter.cpu}
    )


def opened_screen(stack: ExitStack) -> Callable[[], Any] | None:
    """How to grab the screen, or None where there is none to grab."""
    from capture.screen import ScreenSource

    try:
        return stack.enter_context(ScreenSource(Settings().capture, time.time)).grab
    except CaptureError:
        return None


def charge_models(meter: Meter, reading: FrameReading | None) -> None:
    """Move the time of names, faces and emotions from the whole step to their own stages."""
    assert reading is not None  # a step has just read a frame
    for spent, stages in ((meter.wall[-1], reading.timing_ms), (meter.cpu[-1], reading.cpu_ms)):
        for stage, ms in stages.items():
            spent[stage] += ms
            spent["students"] -= ms


def measured(tiles: int) -> dict[str, Any]:
    """What a fresh capture process takes for a class of so many students."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=read, args=(tiles, draw(tiles), sender))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        process.join()


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    """The median of each stage over all frames but the first, and of whole frames, in milliseconds."""
    steady = rows[1:]
    stages = {stage: statistics.median(row[stage] for row in steady) for stage in STAGES}
    return stages | {"total": statistics.median(sum(row.values()) for row in steady)}


def table(tiles: int, result: dict[str, Any]) -> str:
    """The figures of one class as lines of text."""
    cpu, wall = medians(result["cpu"]), medians(result["wall"])
    lines = [f"{result['tiles']} tiles of {tiles} found, {result['faces']} faces, {result['rss_mb']:.0f} MB of memory"]
    lines.append(f"{'':<10}{'CPU ms':>10}{'wall ms':>10}")
    lines += [f"{stage:<10}{cpu[stage]:>10.1f}{wall[stage]:>10.1f}" for stage in (*STAGES, "total")]
    if not result["grab"]:
        lines.append("no screen here: grab was not measured (start it under xvfb-run)")
    lines.append(f"first frame (layout searched, labels read): {sum(result['cpu'][0].values()):.0f} ms of CPU")
    return "\n".join(lines)


def main() -> None:
    """Measure both classes and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frame", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object with all figures on the last line")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for tiles in TILES:
        result = measured(tiles)
        print(table(tiles, result), end="\n\n")
        cpu, wall = medians(result["cpu"]), medians(result["wall"])
        figures |= {f"cpu_ms_{tiles}": round(cpu["total"], 1), f"wall_ms_{tiles}": round(wall["total"], 1)}
        figures[f"stages_cpu_ms_{tiles}"] = {stage: round(cpu[stage], 2) for stage in STAGES}
        figures["rss_mb"] = max(figures.get("rss_mb", 0.0), round(result["rss_mb"], 1))
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
