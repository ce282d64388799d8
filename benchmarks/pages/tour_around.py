"""Pictures of the pages around a class: a term of drawn lessons, a class list, and a drawn face before the camera."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from playwright.sync_api import Page, expect, sync_playwright

import config
from benchmarks.drawn.lessons import Lesson, Stretch, write_lesson
from benchmarks.pages.browser import PATIENCE_S
from capture.simulator.lesson import read_lesson
from capture.simulator.simulator import Simulator
from config import ROOT
from dashboard.desk import class_list
from db import remarks
from db.writer import Writer
from domain import Flag

WEEK_S = 7 * 86_400.0
STORY = (Stretch(14, "pleasant", 0.9), Stretch(12, "calm", 0.8), Stretch(9, "low", 0.5), Stretch(10, "calm", 0.85))
"""A high start, a dip, and half a way back: the newest lesson."""
TERM = (
    ((Stretch(25, "calm", 0.8), Stretch(20, "low", 0.6)), 24),
    ((Stretch(45, "calm", 0.8),), 25),
    ((Stretch(20, "pleasant", 0.9), Stretch(25, "calm", 0.75)), 23),
    ((Stretch(15, "calm", 0.8), Stretch(15, "low", 0.55), Stretch(15, "pleasant", 0.9)), 25),
    ((Stretch(45, "pleasant", 0.85),), 22),
)
"""Stretches and students of the lessons of the weeks before, the oldest first."""
TITLE = "Biology 9b"
EXERCISE_MINUTE, DIP_MINUTE = 14, 26
FLAGGED = (3, 8)
"""Numbers of the students with a prompt in the newest lesson."""

CONSENTS = ("yes,2026-09-01,2026-09-02", "yes,2026-09-01,2026-09-01", "yes,2026-09-03,", "no,2026-09-01,")
"""Of the class list's students in turn: minor, the day of the consent, the day of the guardian's."""

CAMERA_SIDE, CAMERA_LESSON = (640, 480), ROOT / "capture" / "simulator" / "lessons" / "small.yaml"
SEEN_AT_S = 2.0
"""When the drawn student before the camera is looked at, in seconds of that lesson."""


def write_term(writer: Writer, names: tuple[str | None, ...], start: float) -> tuple[int, ...]:
    """Write the lessons of some weeks, the last on the day of ``start``; gives their numbers, the newest last."""
    numbers = []
    for week, (stretches, students) in enumerate(TERM):
        lesson = Lesson(stretches, students, names, frozenset({4, 11}), {}, (), TITLE)
        numbers.append(write_lesson(writer, lesson, start - (len(TERM) - week) * WEEK_S, seed=week + 1))
    newest = Lesson(STORY, 25, names, frozenset({4, 11, 23}), {7: 12}, (), TITLE)
    numbers.append(write_lesson(writer, newest, start, seed=9, flags=_flags(start)))
    remarks.mark(writer.engine, numbers[-1], "mode", "exercise", start + EXERCISE_MINUTE * 60, start)
    remarks.mark(writer.engine, numbers[-1], "topic", "Osmosis", start + DIP_MINUTE * 60, start)
    return tuple(numbers)


def _flags(start: float) -> tuple[Flag, ...]:
    since = [start + (DIP_MINUTE + 2 * place) * 60 for place in range(len(FLAGGED))]
    return tuple(
        Flag(
            student,
            "looking_away",
            "Head turned away from the usual direction (174 of 180 readings).",
            at,
            at + 90,
            174,
            180,
            0.8,
            "talking to somebody in the room, taking notes, reading a second screen",
        )
        for student, at in zip(FLAGGED, since, strict=True)
    )


def write_files(folder: Path, names: tuple[str | None, ...]) -> Path:
    """A configuration of the tour's own with a class list beside it; gives its path."""
    path = folder / "config.yaml"
    shutil.copy(config.CONFIG_FILE, path)
    (folder / "data").mkdir()
    known = [name for name in names if name]
    lines = [f"{name},{CONSENTS[place % len(CONSENTS)]}" for place, name in enumerate(known)]
    text = "\n".join(["Name,minor,consent_at,guardian_consent_at", *lines, ""])
    class_list.use(path, text.encode(), "class.csv")
    return path


def write_camera(path: Path) -> None:
    """A drawn student as a browser's camera would show one: motion JPEG, in the tour's own folder while it runs."""
    simulator = Simulator(read_lesson(CAMERA_LESSON), 1920, 1080)
    shown = next(tile for tile in simulator.truth_at(SEEN_AT_S).tiles if tile.face is not None)
    width, height = CAMERA_SIDE
    frame = shown.box.of(simulator.frame_at(SEEN_AT_S))
    wide = round(frame.shape[0] * width / height)
    left = (frame.shape[1] - wide) // 2
    drawn = cv2.resize(frame[:, left : left + wide], CAMERA_SIDE, interpolation=cv2.INTER_CUBIC)
    path.write_bytes(cv2.imencode(".jpg", drawn)[1].tobytes())


def report(page: Page) -> None:
    page.locator("#report-grid-chart .heatmaplayer image").first.wait_for(state="attached")


def student(page: Page) -> None:
    page.locator(".main-svg").first.wait_for(state="attached")


def sessions(page: Page) -> None:
    page.locator("#sessions-groups-chart .main-svg .points").first.wait_for(state="attached")


def compare(page: Page) -> None:
    page.locator("#compare-chart .main-svg .lines").first.wait_for(state="attached")


def students(page: Page) -> None:
    page.locator(".students-table tbody tr").first.wait_for()


def setup(page: Page) -> None:
    page.locator(".sight-tile").first.wait_for()


def settings(page: Page) -> None:
    expect(page.get_by_role("textbox", name="Rate", exact=True)).to_be_visible()


def tryout(page: Page) -> None:
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#try-leading")).not_to_have_text("No reading yet")
    expect(page.locator("#try-leading")).not_to_have_text("No face in sight")


SHOTS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "report": ("/report/{newest}", report),
    "student": ("/student/{newest}/3", student),
    "sessions": ("/sessions", sessions),
    "compare": ("/compare?sessions={all}", compare),
    "students": ("/students", students),
    "setup": ("/setup", setup),
    "settings": ("/settings", settings),
    "try": ("/try", tryout),
}
"""Address and what is waited for, by the picture's name."""


@contextmanager
def opened(address: str, camera: Path) -> Iterator[Page]:
    """A browser that is let in, whose camera shows a file."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    drawn = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    arguments = ["--no-sandbox", "--disable-gpu", *drawn, f"--use-file-for-fake-video-capture={camera}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE_S * 1000)
        page.goto(address)
        yield page
        browser.close()
