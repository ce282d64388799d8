"""Whether this machine can watch a class: its screen, its monitors, Zoom's window and the processor."""

from __future__ import annotations

import time

import psutil

from capture.gallery import GalleryFinder
from capture.screen import ScreenSource, monitors_and_scales
from config import Settings
from domain import Finding

ZOOM_PROCESSES = frozenset({"zoom", "zoom.exe", "zoom.us"})
"""What the process of the Zoom client is called on Linux, Windows and macOS."""
CPU_LOOK_S = 1.0
LEAST_FREE_CORES = 0.7
"""A class needs about a third of a core beside Zoom; twice that leaves air."""


def screen(settings: Settings) -> Finding:
    """Whether the screen can be grabbed and shows anything; raises CaptureError where it cannot be opened."""
    with ScreenSource(settings.capture, time.time) as source:
        frame = source.grab()
        for _ in source.places[1:]:
            source.look_elsewhere()
            source.grab()
        if source.blind:
            return Finding("look", "nothing can be seen", source.blind)
    return Finding("ok", f"a grab of {frame.width}x{frame.height} pixels")


def monitors(settings: Settings) -> Finding:
    """The watched monitors with places and scales; raises CaptureError where the screen cannot be opened."""
    found = monitors_and_scales(settings.capture)
    text = "; ".join(f"{i}: {b.width}x{b.height} at {b.left},{b.top}, {s:.0%}" for i, (b, s) in enumerate(found, 1))
    return Finding("ok", text)


def zoom(settings: Settings) -> Finding:
    """Whether a gallery is in sight now, and if not, how far it is; raises CaptureError."""
    with ScreenSource(settings.capture, time.time) as source:
        for _ in source.places:
            frame = source.grab()
            gallery = GalleryFinder().update(frame.image)
            if gallery.tiles:
                where = "".join(f" in {window}" for window in source.windows_in_words(frame))
                return Finding("ok", f"a gallery of {len(gallery.tiles)} tiles is in sight{where}")
            source.look_elsewhere()
        windows, obstacle = source.windows_in_words(), source.obstacle
    running = "Zoom runs, but no gallery is in sight" if windows or _zoom_runs() else "Zoom does not run"
    remedy = obstacle or "Open the meeting in gallery view, uncovered, before `run`."
    return Finding("look", "; ".join([running, *windows]), remedy)


def processor(_: Settings) -> Finding:
    """Whether enough of the processor is free for a class beside Zoom."""
    cores = psutil.cpu_count() or 1
    free = cores * (1 - psutil.cpu_percent(CPU_LOOK_S) / 100)
    found = f"{free:.1f} of {cores} cores are free now"
    if free < LEAST_FREE_CORES:
        return Finding("look", found, "Close programs, or lower capture.rate_hz.")
    return Finding("ok", found)


def _zoom_runs() -> bool:
    names = (process.info["name"] or "" for process in psutil.process_iter(["name"]))
    return any(name.casefold() in ZOOM_PROCESSES for name in names)
