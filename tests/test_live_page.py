"""The live page in a real browser: what a teacher sees, in every state, and that nothing leaves the machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from config import Settings
from dashboard import access
from dashboard.app import create_app
from db import commands, queries
from db.engine import open_store
from db.writer import Writer
from tests.dashboard_store import Clock, away, moment, report, scores, serving, wave, write_class

TOKEN = "token-of-this-test"
PATIENCE_MS = 30_000
"""The chart's library has 4.8 MB: on a busy machine a page takes a while to stand."""

POLL_MS = 100
NOW = 1_800_000_000.0

HOSTILE = [
    "<script>document.title='taken'</script>",
    '"><img src=x onerror=document.title="taken">',
    "\u202egnp.exe",
    "x" * 200,
]


@dataclass
class Class:
    """A store with its writer, and the pages over it on a free port."""

    writer: Writer
    clock: Clock
    address: str
    heard: list[str] = field(default_factory=list)

    def visit(self, page: Page) -> None:
        """Open the page; what the browser complains of, and requests to elsewhere, are kept in ``heard``."""
        origin = self.address.split("/?")[0]
        page.on("console", lambda line: self.heard.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("request", lambda request: self._note(request.url, origin))
        page.set_default_timeout(PATIENCE_MS)
        page.goto(self.address)

    def _note(self, url: str, origin: str) -> None:
        if not url.startswith((f"{origin}/", "data:", "blob:")):
            self.heard.append(f"asked {url}")


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate({"dashboard": {"refresh_s": 0.25}})


@pytest.fixture
def lesson(tmp_path: Path, settings: Settings) -> Iterator[Class]:
    clock = Clock(NOW)
    writing = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=True)
    reading = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=False)
    with serving(create_app(reading, settings, TOKEN, clock)) as port, Writer(writing, clock) as writer:
        yield Class(writer, clock, access.address("127.0.0.1", port, TOKEN))
    for engine in (reading, writing):
        engine.dispose()


def until(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression is true; Playwright's own way evaluates it in the page, which forbids that."""
    for _ in range(PATIENCE_MS // POLL_MS):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(POLL_MS)
    pytest.fail(f"never true: {expression}")


def shown(page: Page, part: str) -> Any:
    return expect(page.locator(f"#live-{part}"))


def test_a_running_class_is_seen_and_followed(lesson: Class, page: Page) -> None:
    write_class(lesson.writer, NOW - 300, NOW, 27, unread={3: "off", 14: "no_face"}, elsewhere=2)
    report(lesson.writer)
    lesson.visit(page)
    shown(page, "seen-count").to_have_text("25", timeout=PATIENCE_MS)
    shown(page, "seen-of").to_have_text(" of 29 seen")
    shown(page, "session-title").to_have_text("Biology 9b")
    shown(page, "session-simulated").to_be_visible()
    expect(page.locator(".tile")).to_have_count(27)
    expect(page.locator("[data-part='student-4']")).to_contain_text("Camera off")
    expect(page.locator("#live-chart .bars .point").first).to_be_attached(timeout=PATIENCE_MS)
    names = ["Maya", *[None] * 26]
    lesson.clock.now += 1
    lesson.writer.write(moment(lesson.clock.now, [scores("surprise", 0.9)] * 27, names, elsewhere=2))
    report(lesson.writer)
    shown(page, "seen-count").to_have_text("27")
    expect(page.locator("[data-part='student-1']")).to_contain_text("Surprised")
    expect(page.locator("[data-part='student-1'] .tile-name")).to_have_text("Maya")
    assert lesson.heard == []


def test_the_chart_grows_without_being_drawn_afresh(lesson: Class, page: Page) -> None:
    write_class(lesson.writer, NOW - 120, NOW - 30, 4)
    report(lesson.writer)
    lesson.visit(page)
    page.get_by_text("5 min", exact=True).click()
    bars = "document.querySelector('#live-chart .js-plotly-plot')?.data?.[0]?.x.length ?? 0"
    until(page, f"{bars} > 20")
    page.evaluate("document.querySelector('#live-chart .js-plotly-plot').drawnBefore = true")
    before = page.evaluate(bars)
    at = NOW - 29
    while at < NOW:
        lesson.writer.write(moment(at, [wave(at, slot) for slot in range(4)]))
        at += 1
    report(lesson.writer)
    until(page, f"{bars} > {before} + 5")
    assert page.evaluate("document.querySelector('#live-chart .js-plotly-plot').drawnBefore")
    assert lesson.heard == []


def test_the_next_session_takes_over(lesson: Class, page: Page) -> None:
    write_class(lesson.writer, NOW - 60, NOW - 30, 3, title="First")
    report(lesson.writer)
    lesson.visit(page)
    shown(page, "session-title").to_have_text("First", timeout=PATIENCE_MS)
    lesson.writer.end_session(NOW - 30, "stopped")
    write_class(lesson.writer, NOW - 28, NOW, 5, title="Second")
    report(lesson.writer)
    shown(page, "session-title").to_have_text("Second", timeout=PATIENCE_MS)
    expect(page.locator(".tile")).to_have_count(5)
    first = "document.querySelector('#live-chart .js-plotly-plot').data[0].x[0]"
    offset = "new Date().getTimezoneOffset() * 60000"
    until(page, f"{first} + {offset} >= {(NOW - 35) * 1000}")
    assert lesson.heard == []


def test_hostile_names_are_only_text(lesson: Class, page: Page) -> None:
    write_class(lesson.writer, NOW - 20, NOW, 4, names=HOSTILE, title=HOSTILE[0])
    report(lesson.writer)
    lesson.visit(page)
    expect(page.locator(".tile-name").first).to_have_text(HOSTILE[0], timeout=PATIENCE_MS)
    shown(page, "session-title").to_have_text(HOSTILE[0])
    assert page.locator(".tile script, .tile img").count() == 0
    assert "taken" not in page.title().split("·")[0]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert lesson.heard == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (380, 800)])
def test_the_essentials_fit_without_scrolling(lesson: Class, page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    write_class(lesson.writer, NOW - 60, NOW, 27, names=["A student with quite a long name"] * 27)
    report(lesson.writer)
    lesson.visit(page)
    expect(page.locator(".tile")).to_have_count(27, timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    essentials = ["mood-word", "seen-count", "health", "tiles-map" if width == 380 else "along"]
    for part in essentials:
        box = page.locator(f"#live-{part}").bounding_box()
        assert box is not None
        assert box["y"] + (0 if part == "tiles-map" else box["height"]) <= height, part
    assert lesson.heard == []


def test_states_without_a_class_say_what_to_do(lesson: Class, page: Page) -> None:
    report(lesson.writer, "stopped")
    lesson.visit(page)
    shown(page, "empty-title").to_have_text("No class yet", timeout=PATIENCE_MS)
    shown(page, "empty-command").to_have_text("python3 classmood.py run")
    report(lesson.writer, "waiting", "Open Zoom and choose the gallery view.")
    shown(page, "empty-title").to_have_text("Waiting for a class")
    shown(page, "empty-text").to_have_text("Open Zoom and choose the gallery view.")
    shown(page, "class").to_be_hidden()
    write_class(lesson.writer, NOW - 10, NOW, 2)
    report(lesson.writer)
    shown(page, "class").to_be_visible()
    lesson.writer.pause(NOW)
    report(lesson.writer, "paused", "No gallery in sight.")
    shown(page, "notice").to_contain_text("No gallery in sight.")
    shown(page, "mood-word").to_have_text("Paused")
    assert lesson.heard == []


def test_light_and_dark_follow_the_machine_and_the_switch(lesson: Class, page: Page) -> None:
    write_class(lesson.writer, NOW - 60, NOW, 3)
    report(lesson.writer)
    page.emulate_media(color_scheme="dark")
    lesson.visit(page)
    until(page, "document.documentElement.dataset.mantineColorScheme === 'dark'")
    colour = "document.querySelector('#live-chart .js-plotly-plot')?.layout?.font?.color"
    until(page, f"{colour} === '#9AA7B5'")
    page.locator("#header-scheme-toggle").click()
    until(page, f"{colour} === '#5A6675'")
    assert lesson.heard == []


def test_the_table_is_reached_by_keyboard(lesson: Class, page: Page) -> None:
    write_class(lesson.writer, NOW - 60, NOW, 3)
    report(lesson.writer)
    lesson.visit(page)
    shown(page, "seen-count").to_have_text("3", timeout=PATIENCE_MS)
    page.locator("#live-table-button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("row").nth(5)).to_contain_text("3 of 3", timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert lesson.heard == []


def test_a_teacher_steers_by_button_and_key_and_hears_what_became_of_it(lesson: Class, page: Page) -> None:
    write_class(lesson.writer, NOW - 60, NOW, 3)
    report(lesson.writer)
    lesson.visit(page)
    shown(page, "seen-count").to_have_text("3", timeout=PATIENCE_MS)
    expect(page.locator("[data-do=mode][aria-pressed=true]")).to_have_text("Lesson")
    page.keyboard.press("t")
    shown(page, "toast").to_contain_text("New topic", timeout=PATIENCE_MS)
    note = "document.querySelector('#live-chart .annotation-text')?.textContent"
    until(page, f"{note} === '▾ New topic'")
    page.get_by_role("button", name="Take back").click()
    until(page, f"{note} === undefined")
    page.get_by_role("button", name="Exercise").click()
    expect(page.get_by_role("button", name="Exercise")).to_have_attribute("aria-busy", "true")
    answer(lesson.writer, None)
    lesson.writer.set_mode("exercise", NOW)
    report(lesson.writer)
    expect(page.locator("[data-do=mode][aria-pressed=true]")).to_have_text("Exercise")
    page.keyboard.press("p")
    answer(lesson.writer, "expected a running class, found none: ask again when it runs")
    shown(page, "toast").to_contain_text("expected a running class", timeout=PATIENCE_MS)
    page.get_by_role("button", name="End the class").click()
    page.get_by_role("dialog").get_by_role("button", name="End the class").click()
    assert answer(lesson.writer, None) == "end"
    assert lesson.heard == []


def answer(writer: Writer, error: str | None) -> str:
    """Answer the one command that the page sends, as a capture does; gives what was asked."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not (asked := commands.pending(writer.engine, 0)):
        assert time.monotonic() < deadline, "nothing was asked"
    writer.answer(asked[0].id, error)
    writer.flush()
    return asked[0].kind


def test_prompts_are_put_aside_with_and_without_a_reason(lesson: Class, page: Page) -> None:
    prompts = (away(2, NOW - 50), away(None, NOW - 40, "class_mood"), away(3, NOW - 30, "low_mood"))
    write_class(lesson.writer, NOW - 60, NOW, 3, names=["Maya", HOSTILE[1], None], flags=prompts)
    report(lesson.writer)
    lesson.visit(page)
    cards = page.locator(".prompt")
    expect(cards).to_have_count(3, timeout=PATIENCE_MS)
    expect(cards.nth(0)).to_contain_text("The class")
    expect(cards.nth(1)).to_contain_text(HOSTILE[1])
    expect(cards.nth(1)).to_contain_text("52 of 60 readings · quite sure · could be: taking notes, a second screen")
    expect(page.locator("[data-part='student-3']")).to_have_class("tile flagged")
    cards.nth(0).get_by_role("button", name="Later").click()
    expect(cards).to_have_count(2)
    cards.nth(1).get_by_role("button", name="Not so").press("Enter")
    expect(cards).to_have_count(1)
    cards.nth(0).get_by_role("button", name="I know why").click()
    page.get_by_label("Or in your words").fill("Her grandmother is on the phone")
    page.get_by_label("Or in your words").press("Enter")
    shown(page, "prompts-none").to_be_visible(timeout=PATIENCE_MS)
    shown(page, "prompts-none-title").to_have_text("Nobody stands out")
    stored = [(flag.dismissal, flag.note) for flag in queries.flags(lesson.writer.engine, 1)]
    assert stored == [("known", "Her grandmother is on the phone"), ("not_now", None), ("wrong", None)]
    assert lesson.heard == []


def test_tiles_are_walked_by_keyboard_and_corrected(lesson: Class, page: Page) -> None:
    write_class(lesson.writer, NOW - 60, NOW, 9, unread={6: "off"})
    report(lesson.writer)
    lesson.visit(page)
    expect(page.locator(".tile")).to_have_count(9, timeout=PATIENCE_MS)
    page.locator("#live-table-button").focus()
    page.keyboard.press("Tab")
    shown(page, "minute").to_contain_text("Student 1")
    shown(page, "minute-words").to_contain_text("Last minute:")
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    shown(page, "minute").to_contain_text("Student 7")
    shown(page, "minute-words").to_contain_text("Camera off 60 s")
    page.keyboard.press("Enter")
    field = page.get_by_label("Called")
    expect(field).to_have_value("Student 7", timeout=PATIENCE_MS)
    field.fill("Maya")
    field.press("Enter")
    assert answer(lesson.writer, None) == "rename"
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("switch", name="Letters and digits act on this page").click()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.get_by_role("button", name="Mark a question").click()
    shown(page, "toast").to_contain_text("Question", timeout=PATIENCE_MS)
    assert [marker.kind for marker in queries.markers(lesson.writer.engine, 1)] == ["question"]
    assert lesson.heard == []


def test_a_server_that_is_gone_is_told(lesson: Class, page: Page, context: BrowserContext) -> None:
    write_class(lesson.writer, NOW - 60, NOW, 3)
    report(lesson.writer)
    lesson.visit(page)
    shown(page, "seen-count").to_have_text("3", timeout=PATIENCE_MS)
    context.set_offline(True)
    shown(page, "notice").to_contain_text("no longer answered", timeout=PATIENCE_MS)
    context.set_offline(False)
    report(lesson.writer)
    shown(page, "notice").not_to_contain_text("no longer answered", timeout=PATIENCE_MS)


def test_a_browser_without_the_token_is_turned_away(lesson: Class, page: Page) -> None:
    page.goto(lesson.address.split("?")[0])
    expect(page.locator("h1")).to_have_text("This page is not open here")
