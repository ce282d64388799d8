"""Takes the pictures of docs/tour.md again: python -m benchmarks.pages.tour [--only PICTURE].

The classes are drawn: invented names, numbers that wander, and before the camera of Try a face that nobody has.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from benchmarks.pages import tour_around
from benchmarks.pages.browser import PATIENCE_S, live_page
from benchmarks.pages.lesson import DrawnLesson
from benchmarks.pages.server import serving
from config import ROOT
from db import remarks
from db.engine import open_store
from db.status import CaptureStatus
from db.writer import Writer

PICTURES = ROOT / "docs" / "pictures"
DATA = ROOT / "data"
"""What is never published lies there, and a class list in it is shown with a short path."""
START_AT = datetime(2026, 11, 23, 10, 0).timestamp()
"""A Monday morning, wherever the pictures are taken."""

LESSON_S, STEP_S = 1_230.0, 2.0
"""Twenty minutes and a half: the second prompt has just come, the first still lasts."""

NAMES = (
    "Zoë Müller",
    "Tomás Ferreira",
    "Amara Okafor",
    "Łukasz Wójcik",
    "Priya Raman",
    "Oliver Brandt",
    "Linh Tran",
    "Kwame Mensah",
    "Aylin Yıldız",
    "Noah van den Berg",
    None,
    "Sofía Castillo",
    "Jun Watanabe",
    "Chloé Dubois",
    "Maximilian Rosenberger",
    "Siobhán Ó Briain",
)
MORE_NAMES = (
    "Ines Moreau",
    "Emeka Obi",
    "Hanna Nyström",
    "Mateo Ruiz",
    "Freya Lindqvist",
    "Ravi Menon",
    "Klara Novák",
    "Daniel Cohen",
    "Yuna Park",
)
"""Of the other students of the lessons before."""
STUDENTS = 25
MARKS: tuple[tuple[float, remarks.MarkerKind, str], ...] = (
    (240, "topic", "How leaves breathe"),
    (560, "question", ""),
    (700, "mode", "exercise"),
    (1_000, "mode", ""),
)
"""Seconds into the lesson, kind and words of its markers."""

COLOURS = 255
"""A picture of flat areas and text loses nothing that one sees, and takes a third of the room."""


def light(page: Page) -> None:
    """The whole page on a laptop."""


def last_minute(page: Page) -> None:
    """In the dark, with the last minute of a student."""
    page.emulate_media(color_scheme="dark")
    page.locator("[data-part='student-7'] button").hover()
    expect(page.locator("#live-minute")).to_be_visible(timeout=PATIENCE_S * 1000)


def reason(page: Page) -> None:
    """A prompt that is put aside with a reason."""
    page.get_by_role("button", name="I know why").first.click()
    expect(page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_S * 1000)


SHOTS: dict[str, tuple[int, int, Callable[[Page], None]]] = {
    "live": (1280, 800, light),
    "live-minute": (1280, 800, last_minute),
    "live-reason": (1280, 800, reason),
    "live-strip": (380, 800, light),
}
"""Width and height in pixels, and what is done before the picture is taken, by its name."""


def main() -> None:
    """Write the class, open the page, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*SHOTS, *tour_around.SHOTS], help="one picture alone")
    wanted = parser.parse_args().only
    if wanted is None or wanted in SHOTS:
        _take_live(wanted)
    if wanted is None or wanted in tour_around.SHOTS:
        _take_around(wanted)


def _take_live(wanted: str | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        url, now = f"sqlite:///{Path(name) / 'tour.sqlite'}", START_AT + LESSON_S
        with serving(url, 1.0, now) as pages, Writer(open_store(url, write=True), lambda: now) as writer:
            _write_class(writer)
            for shot, (width, height, prepare) in SHOTS.items():
                if wanted in (None, shot):
                    with live_page(pages.address, width, height) as page:
                        page.locator("#live-chart .bars .point").first.wait_for(state="attached")
                        prepare(page)
                        _take(page, shot)


def _take_around(wanted: str | None) -> None:
    names = (*NAMES, *MORE_NAMES)
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tour-", dir=DATA) as name:
        folder, now = Path(name), START_AT + LESSON_S
        url, camera = f"sqlite:///{folder / 'tour.sqlite'}", folder / "camera.mjpeg"
        tour_around.write_camera(camera)
        path = tour_around.write_files(folder, names)
        with Writer(open_store(url, write=True), lambda: now) as writer:
            numbers = tour_around.write_term(writer, names, START_AT - tour_around.WEEK_S)
            _write_class(writer)
            places = {"newest": numbers[-1], "all": ",".join(map(str, numbers))}
            with serving(url, 1.0, now, path) as pages, tour_around.opened(pages.address, camera) as page:
                for shot, (address, ready) in tour_around.SHOTS.items():
                    if wanted in (None, shot):
                        page.goto(pages.address.partition("/?")[0] + address.format(**places))
                        ready(page)
                        _take(page, shot)


def _write_class(writer: Writer) -> None:
    session = writer.start_session("simulator", "Biology 9b: how plants breathe", True, START_AT, None)
    for moment in DrawnLesson(STUDENTS, STEP_S, seed=5, names=NAMES).moments(START_AT, LESSON_S + STEP_S, START_AT):
        writer.write(moment)
    writer.status(CaptureStatus("watching", fps=2.0, cpu_percent=18.0))
    writer.flush()
    for seconds, kind, text in MARKS:
        remarks.mark(writer.engine, session, kind, text, START_AT + seconds, START_AT + seconds)


def _take(page: Page, shot: str) -> None:
    path = PICTURES / f"tour-{shot}.png"
    page.wait_for_timeout(1000)  # until everything has come to rest
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
