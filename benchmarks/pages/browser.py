"""The live page in a real browser: three hours of class, and how long a change takes to be seen."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.pages.lesson import DrawnLesson
from benchmarks.pages.server import Pages, serving
from db.engine import open_store
from db.status import CaptureStatus
from db.writer import Writer

START_AT = 1_760_000_000.0
REFRESH_S, SLOWEST_REFRESH_S = 0.5, 10.0
READ_EVERY_S = 2.0
LOOKS = 12
"""How often memory is looked at along the class; the first quarter of the looks is the time of warming up."""
PATIENCE_S = 60.0
FRAME_S = 1.0
"""One frame a second, at which changes are timed."""

HEAR_TICKS = "() => { window.classmoodLive.follow(() => window.heard && window.heard()); }"
TICK = """() => new Promise((done) => { window.heard = done;
  window.classmoodLive.setProps('live-interval', {n_intervals: Date.now()}); })"""
NOTE_CHANGE = """(part) => { window.seenAt = 0;
  const look = document.querySelector(`[data-part='${part}'] .tile-look`);
  if (look.textContent.startsWith('Surprised')) return false;
  const watch = new MutationObserver(() => {
    if (!look.textContent.startsWith('Surprised')) return;
    window.seenAt = Date.now(); watch.disconnect(); });
  watch.observe(look, {childList: true, characterData: true, subtree: true});
  return true; }"""
"""Notes when a tile turns to a look that it does not have yet, in milliseconds since 1970; false where it has it."""


def three_hours(folder: Path, students: int, hours: float, ticks: int) -> dict[str, float]:
    """Memory of the browser's scripts and of the server in megabytes, early and late in a class, and their growth.

    The page ticks as soon as it can; the class is spread over so many ticks.
    """
    lesson, heap, memory, now = DrawnLesson(students, READ_EVERY_S, seed=1), [], [], START_AT
    step_s = hours * 3600 / ticks
    with _class(folder, SLOWEST_REFRESH_S, START_AT) as (writer, pages), live_page(pages.address) as page:
        for tick in range(ticks):
            for moment in lesson.moments(now, step_s, START_AT):
                writer.write(moment)
            pages.clock.value = now = now + step_s
            _report(writer)
            page.evaluate(TICK)
            if tick % max(1, ticks // LOOKS) == 0:
                heap.append(_heap_mb(page))
                memory.append(pages.memory_mb)
        bars = page.evaluate("document.querySelector('#live-chart .js-plotly-plot').data[0].x.length")
    return {
        "hours": hours,
        "ticks": ticks,
        "bars": bars,
        **_growth("heap", heap),
        **_growth("server", memory),
    }


def change_to_page(folder: Path, students: int, changes: int) -> dict[str, float]:
    """Seconds from a change on the screen to its sight on the page, at one frame a second, without the frame's work.

    Changes come at any time between two frames; the next frame is written as the capture writes it, and the page polls
    by itself. Gives median and 95th percentile.
    """
    chance, lesson = np.random.default_rng(2), DrawnLesson(students, FRAME_S, seed=2)
    began = time.time()
    waits = []
    with _class(folder, REFRESH_S, began, wall_clock=True) as (writer, pages), live_page(pages.address) as page:
        frame_at = time.time()
        for _ in range(changes):
            student = int(chance.integers(1, students + 1))
            while not page.evaluate(NOTE_CHANGE, f"student-{student}"):
                student = student % students + 1
            frame_at, surprised_at = _next_frames(writer, pages, lesson, student, page, frame_at, began)
            changed_at = surprised_at - chance.uniform(0, FRAME_S)
            waits.append(page.evaluate("window.seenAt") / 1000 - changed_at)
    return {"change_s_median": float(np.median(waits)), "change_s_p95": float(np.percentile(waits, 95))}


def _next_frames(
    writer: Writer, pages: Pages, lesson: DrawnLesson, student: int, page: Page, frame_at: float, began: float
) -> tuple[float, float]:
    """Write frames until the page shows that a student looks surprised; when the next is due, and when it was so."""
    surprised_at, deadline = 0.0, time.monotonic() + PATIENCE_S
    while not page.evaluate("window.seenAt"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"expected the change on the page within {PATIENCE_S:g} s")
        page.wait_for_timeout(max(0.0, frame_at - time.time()) * 1000)
        pages.clock.value = at = time.time()
        surprised_at = surprised_at or at
        writer.write(lesson.moment(at, began, student))
        writer.status(CaptureStatus("watching", fps=1.0, cpu_percent=20.0))
        frame_at += FRAME_S
        while time.time() < frame_at and not page.evaluate("window.seenAt"):
            pages.clock.value = time.time()
            page.wait_for_timeout(20)
    writer.write(lesson.moment(time.time(), began))
    return max(frame_at, time.time()), surprised_at


@contextmanager
def _class(folder: Path, refresh_s: float, now: float, wall_clock: bool = False) -> Iterator[tuple[Writer, Pages]]:
    """A writer with a session, and the pages beside it; both look at the same clock."""
    url = f"sqlite:///{folder / f'{refresh_s}.sqlite'}"
    engine = open_store(url, write=True)
    with serving(url, refresh_s, now) as pages:
        clock: Callable[[], float] = time.time if wall_clock else lambda: pages.clock.value
        with Writer(engine, clock) as writer:
            writer.start_session("benchmark", "Drawn class", True, now, None)
            writer.write(DrawnLesson(25, 1.0, seed=3).moment(now, now))
            _report(writer)
            yield writer, pages


@contextmanager
def live_page(address: str, width: int = 1280, height: int = 720) -> Iterator[Page]:
    """The live page at an address, in a browser of its own, once the first tile stands on it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(address)
        page.locator(".tile").first.wait_for(timeout=PATIENCE_S * 1000)
        page.evaluate(HEAR_TICKS)
        yield page
        browser.close()


def _report(writer: Writer) -> None:
    writer.status(CaptureStatus("watching", fps=2.0, cpu_percent=20.0))
    writer.flush()


def _heap_mb(page: Page) -> float:
    """Memory that the page's scripts hold after a collection of what they let go, in megabytes."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used / 1e6


def _growth(name: str, values: list[float]) -> dict[str, float]:
    """From the mean of the second quarter of the looks, when all is warm, to that of the last quarter."""
    quarter = len(values) // 4
    early, late = np.mean(values[quarter : 2 * quarter]), np.mean(values[-quarter:])
    return {
        f"{name}_mb_early": float(early),
        f"{name}_mb_late": float(late),
        f"{name}_growth_percent": float(100 * (late / early - 1)),
    }
