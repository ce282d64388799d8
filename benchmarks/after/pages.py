"""What the report, its exports and the comparison cost: time of the processor, and what a browser sees."""

from __future__ import annotations

import json
import secrets
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from plotly.utils import PlotlyJSONEncoder
from sqlalchemy import Engine

from benchmarks.drawn.lessons import Lesson, Stretch, write_lesson
from benchmarks.store import multiply
from config import Settings
from dashboard import access
from dashboard.app import bind, create_app
from dashboard.exports.downloads import EXPORTS
from dashboard.exports.fonts import can_write
from dashboard.pages import compare, report, sessions
from dashboard.report.account import read_account
from dashboard.report.naming import Naming
from db.engine import open_store
from db.writer import Writer

START_AT = 1_760_000_000.0
STEP_S = 5.0
BIG = Lesson(title="Maths")
"""The budget's report: 49 students, 90 minutes."""
HOUR = Lesson((Stretch(25), Stretch(15, "pleasant"), Stretch(20, "low", 0.6)), 27, title="Maths", pauses=())
REPEATS = 7
VISITS = 5
PATIENCE_MS = 120_000

WATCH = """
window.stood = {};
const wanted = %s;
new MutationObserver(() => {
  for (const [name, selector] of Object.entries(wanted))
    if (!(name in window.stood) && document.querySelector(selector)) window.stood[name] = performance.now();
}).observe(document, {childList: true, subtree: true, attributes: true});
"""
"""Notes when each part stands, in milliseconds since the address was opened."""

PARTS = {
    "/report/1": {
        "first chart": "#report-along-chart .main-svg .bars",
        "complete": "#report-grid-chart .heatmaplayer image",
    },
    "/sessions": {"list": "#sessions-grid .ag-row", "complete": "#sessions-groups-chart .main-svg .points"},
    "/compare?sessions=2,3,4,5,6,7": {"complete": "#compare-chart .main-svg .lines"},
}


@contextmanager
def school(folder: Path, number: int) -> Iterator[Engine]:
    """A store with the big lesson as session 1 and so many hours of the same course."""
    url = f"sqlite:///{folder / 'after.sqlite'}"
    writing = open_store(url, write=True)
    with Writer(writing, gap_s=60.0) as writer:
        write_lesson(writer, BIG, START_AT - 86_400, step_s=STEP_S)
        hour = write_lesson(writer, HOUR, START_AT, step_s=30.0)
    multiply(writing, hour, number)
    writing.dispose()
    engine = open_store(url, write=False)
    yield engine
    engine.dispose()


def cpu_ms(work: Callable[[], Any]) -> float:
    """Milliseconds of the processor that a piece of work takes, the median of some rounds."""
    spent = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1000)
    return statistics.median(spent)


def server(engine: Engine) -> dict[str, float]:
    """The server's part of each page, and each export."""
    now = START_AT + 1e7
    numbers = "2,3,4,5,6,7"
    pages: dict[str, Callable[[], Any]] = {
        "report": lambda: report.layout(engine, "1", now),
        "sessions": lambda: sessions.layout(engine),
        "compare": lambda: compare.layout(engine, numbers),
    }
    figures: dict[str, float] = {}
    for name, page in pages.items():
        began = time.process_time()
        size = len(_told(page))
        figures[f"{name}_first_ms"] = (time.process_time() - began) * 1000
        figures[f"{name}_ms"] = cpu_ms(lambda page=page: _told(page))
        figures[f"{name}_kb"] = size / 1000
        print(
            f"{name}: {figures[f'{name}_ms']:.0f} ms of the processor "
            f"(the first one {figures[f'{name}_first_ms']:.0f} ms), {size / 1000:.0f} kB"
        )
    account = read_account(engine, 1, now)
    assert account is not None
    for kind, (_, make) in EXPORTS.items():
        naming = Naming(account.students, True, can_write)
        figures[f"{kind}_ms"] = cpu_ms(lambda make=make, naming=naming: make(account, naming))
        print(f"{kind}: {figures[f'{kind}_ms']:.0f} ms of the processor, {len(make(account, naming)) / 1000:.0f} kB")
    return figures


def _told(page: Callable[[], Any]) -> str:
    return json.dumps(page(), cls=PlotlyJSONEncoder)


def browser(engine: Engine) -> dict[str, float]:
    """What a browser sees of each page, from the address to the parts that stand; nothing without a Chromium."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        print("no Chromium here: what a browser sees was not measured")
        return {}
    from playwright.sync_api import sync_playwright

    figures: dict[str, float] = {}
    token = secrets.token_urlsafe()
    pages = bind(create_app(engine, Settings(), token, lambda: START_AT + 1e7), "127.0.0.1", 0)
    threading.Thread(target=pages.run, daemon=True).start()
    opened = access.address("127.0.0.1", pages.effective_port, token)
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for address, parts in PARTS.items():
            busy_ms, seen = _visits(chromium, opened, address, parts)
            passed = ", ".join(f"{part} after {spent:.0f} ms" for part, spent in seen.items())
            print(f"{address}: {passed}; all processes of browser and server were busy for {busy_ms:.0f} ms")
            figures |= {f"{address.split('?')[0]} {part} ms": spent for part, spent in seen.items()}
            figures[f"{address.split('?')[0]} busy ms"] = busy_ms
        chromium.close()
    pages.close()
    return figures


def _visits(chromium: Any, opened: str, address: str, parts: dict[str, str]) -> tuple[float, dict[str, float]]:
    """Medians over some visits after one that fills the browser's cache: milliseconds of all processors together that a
    visit takes, which no other program on the machine adds to, and milliseconds on the clock until each part stands.
    """
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(opened)
    page.add_init_script(WATCH % json.dumps(parts))
    stood, busy_ms = [], []
    for _ in range(VISITS + 1):
        before = _busy_ms()
        page.goto(opened.split("/?")[0] + address)
        for selector in parts.values():
            page.wait_for_selector(selector, state="attached")
        stood.append(page.evaluate("window.stood"))
        busy_ms.append(_busy_ms() - before)
    page.close()
    medians = {part: statistics.median(one[part] for one in stood[1:]) for part in parts}
    return statistics.median(busy_ms[1:]), medians


def _busy_ms() -> float:
    """Milliseconds of the processor that this process, which serves, and the browser's have taken."""
    ours = psutil.Process()
    times = [process.cpu_times() for process in (ours, *ours.children(recursive=True)) if process.is_running()]
    return sum(one.user + one.system for one in times) * 1000
