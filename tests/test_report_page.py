"""The pages after class in a real browser: what a teacher sees, puts right, saves and compares."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from benchmarks.drawn.lessons import Lesson, Stretch, write_lesson
from config import Settings
from dashboard import access
from dashboard.app import create_app
from db import corrections, queries, remarks
from db.engine import open_store
from db.writer import Writer
from domain import Flag
from tests.dashboard_store import Clock, serving
from tests.test_live_page import HOSTILE, PATIENCE_MS, TOKEN, until

START = 1_800_000_000.0
DAY_S = 86_400.0
LESSON = Lesson((Stretch(12, "pleasant"), Stretch(10, "low", 0.5)), 9, HOSTILE, late={}, pauses=(), title=HOSTILE[0])


@dataclass
class Desk:
    """A store with a few sessions, and the pages over it on a free port."""

    path: Path
    origin: str
    heard: list[str] = field(default_factory=list)

    def visit(self, page: Page, address: str) -> None:
        """Open a page; what the browser complains of, and requests to elsewhere, are kept in ``heard``."""
        page.on("console", lambda line: self.heard.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("request", lambda request: self._note(request.url))
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{self.origin}/?token={TOKEN}")
        page.goto(self.origin + address)

    def _note(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.heard.append(f"asked {url}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    path = tmp_path_factory.mktemp("pages") / "class.sqlite"
    writing = open_store(f"sqlite:///{path}", write=True)
    with Writer(writing, gap_s=60.0) as writer:
        for number in range(3):
            at = START + number * DAY_S
            flag = Flag(7, "looking_away", "Looks away.", at + 300, at + 420, 40, 50, 0.8, "A second screen.")
            write_lesson(writer, LESSON, at, seed=number, step_s=15.0, flags=[flag])
    remarks.mark(writing, 1, "topic", HOSTILE[1], START + 600, START)
    reading = open_store(f"sqlite:///{path}", write=False)
    with serving(create_app(reading, Settings(), TOKEN, Clock(START + 5 * DAY_S))) as port:
        yield path, port
    for engine in (reading, writing):
        engine.dispose()


@pytest.fixture
def desk(served: tuple[Path, int]) -> Desk:
    path, port = served
    return Desk(path, access.address("127.0.0.1", port, TOKEN).split("/?")[0])


def test_the_report_stands_whole_and_hostile_names_are_text(desk: Desk, page: Page) -> None:
    desk.visit(page, "/report/1")
    expect(page.locator(".report-headline")).to_contain_text("Pleasant start, a dip at", timeout=PATIENCE_MS)
    expect(page.locator(".session-title")).to_have_text(HOSTILE[0])
    expect(page.locator("#report-grid-chart .heatmaplayer image")).to_be_attached(timeout=PATIENCE_MS)
    expect(page.locator(".people li")).to_have_count(9)
    expect(page.locator(".people li", has_text="<script>")).to_have_count(1)
    assert page.locator("#report-body script, #report-body img[onerror]").count() == 0
    assert "taken" not in page.title()
    for width in (1280, 380):
        page.set_viewport_size({"width": width, "height": 720})
        until(page, "document.documentElement.scrollWidth <= innerWidth")
    assert desk.heard == []


def test_the_numbers_of_a_chart_are_reached_by_keyboard(desk: Desk, page: Page) -> None:
    desk.visit(page, "/report/1")
    button = page.locator("#report-along").get_by_role("button", name="Show the numbers as a table")
    button.focus(timeout=PATIENCE_MS)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("row").nth(22)).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert desk.heard == []


def test_a_name_is_put_right_and_taken_back_and_a_note_is_kept(desk: Desk, page: Page) -> None:
    desk.visit(page, "/report/2")
    page.locator("#report-fix-apply").click(timeout=PATIENCE_MS)
    expect(page.locator("#report-said")).to_have_text("Choose a student first.", timeout=PATIENCE_MS)
    page.locator("#report-fix-student").fill("Student 7")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#report-fix-name").fill("Ada L.")
    page.locator("#report-fix-apply").click()
    expect(page.locator(".people")).to_contain_text("Ada L.", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Take back").click()
    expect(page.locator(".people")).to_contain_text("Student 7", timeout=PATIENCE_MS)
    page.locator("#report-note-text").fill("<b>Bring</b> the worksheets")
    page.locator("#report-note-add").click()
    expect(page.locator(".notes")).to_contain_text("<b>Bring</b> the worksheets", timeout=PATIENCE_MS)
    store = open_store(f"sqlite:///{desk.path}", write=False)
    assert [made.active for made in corrections.history(store, 2)] == [False]
    assert [marker.text for marker in queries.markers(store, 2)] == ["<b>Bring</b> the worksheets"]
    store.dispose()
    assert desk.heard == []


def test_a_report_is_saved_without_names_unless_asked(desk: Desk, page: Page) -> None:
    desk.visit(page, "/report/1")
    begins = {"pdf": b"%PDF", "html": b"<!DOCTYPE html>", "xlsx": b"PK", "zip": b"PK"}
    for kind, first in begins.items():
        with page.expect_download(timeout=PATIENCE_MS) as saved:
            page.locator(f"[data-export='{kind}']").click(timeout=PATIENCE_MS)
        assert saved.value.suggested_filename == f"classmood-session-1.{kind}"
        content = Path(saved.value.path()).read_bytes()
        assert content.startswith(first)
        assert kind != "html" or b"xxxxxxxx" not in content
    page.get_by_role("switch", name="With names").check()
    expect(page.locator("[data-export='html']")).to_have_attribute("href", "/download/report/1.html?names=1")
    assert desk.heard == []


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("/report/1", ["classmood-1-along", "classmood-1-grid"]),
        ("/student/1/7", ["classmood-1-student"]),
        ("/sessions", ["classmood-sessions-trend", "classmood-sessions-groups"]),
        ("/compare?sessions=1,2", ["classmood-compare"]),
    ],
)
def test_every_chart_is_saved_as_a_picture(desk: Desk, page: Page, address: str, names: list[str]) -> None:
    desk.visit(page, address)
    expect(page.locator("[data-picture]")).to_have_count(len(names), timeout=PATIENCE_MS)
    for name in names:
        button = page.locator(f"[data-file='{name}']")
        chart = button.get_attribute("data-picture")
        expect(page.locator(f"#{chart} .main-svg").first).to_be_attached(timeout=PATIENCE_MS)
        with page.expect_download(timeout=PATIENCE_MS) as picture:
            button.click()
        assert picture.value.suggested_filename == f"{name}.png"
        assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
    assert desk.heard == []


def test_a_student_has_a_page(desk: Desk, page: Page) -> None:
    desk.visit(page, "/report/1")
    page.locator(".people a", has_text="Student 7").click(timeout=PATIENCE_MS)
    expect(page.locator(".report-headline")).to_have_text("Student 7", timeout=PATIENCE_MS)
    expect(page.locator("#student-along-chart .bars .point").first).to_be_attached(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Back to the report").click()
    expect(page.locator(".report-headline")).to_contain_text("Pleasant start", timeout=PATIENCE_MS)
    assert desk.heard == []


def test_a_prompt_is_answered_on_the_report_and_on_the_page_of_its_student(desk: Desk, page: Page) -> None:
    desk.visit(page, "/report/3")
    prompts = page.locator("#report-prompts")
    prompts.get_by_role("textbox").fill("<i>She wrote</i>", timeout=PATIENCE_MS)
    prompts.get_by_role("button", name="Not so").click()
    expect(prompts.locator(".done")).to_have_text("Put aside as wrong: <i>She wrote</i>", timeout=PATIENCE_MS)
    expect(prompts).to_contain_text("3 prompts given, 1 answered, 1 of them “Not so”. At least 33% were wrong.")
    page.locator(".people a", has_text="Student 7").click()
    expect(page.locator(".report-headline")).to_have_text("Student 7", timeout=PATIENCE_MS)
    expect(prompts.get_by_role("textbox")).to_have_value("<i>She wrote</i>", timeout=PATIENCE_MS)
    prompts.get_by_role("button", name="I know why").click()
    expect(prompts.locator(".done")).to_contain_text("I know why", timeout=PATIENCE_MS)
    expect(page.locator("#report-said")).to_contain_text("Answered.")
    expect(page.locator(".report-headline")).to_have_text("Student 7")
    assert desk.heard == []


def test_readings_are_moved_on_the_report(desk: Desk, page: Page) -> None:
    desk.visit(page, "/report/3")
    page.get_by_text("Move", exact=True).click(timeout=PATIENCE_MS)
    expect(page.locator("#report-fix-name")).to_be_hidden()
    for part, name in (("student", "Student 7"), ("target", "Student 8")):
        page.locator(f"#report-fix-{part}").fill(name)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    for part, minute in (("from", 5), ("until", 10)):
        at = datetime.fromtimestamp(START + 2 * DAY_S + minute * 60)
        boxes = page.locator(f".when-{part}").get_by_role("spinbutton")
        boxes.nth(0).press_sequentially(f"{at:%H}")
        boxes.nth(1).press_sequentially(f"{at:%M}")
    page.locator("#report-fix-apply").click()
    expect(page.locator(".report-history")).to_contain_text("are Student 8's", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Take back").click()
    expect(page.locator(".report-history")).to_contain_text("taken back", timeout=PATIENCE_MS)
    assert desk.heard == []


def test_sessions_are_found_ticked_and_laid_side_by_side(desk: Desk, page: Page) -> None:
    desk.visit(page, "/sessions")
    boxes = page.locator("#sessions-grid .ag-row input[type=checkbox]")
    expect(boxes).to_have_count(3, timeout=PATIENCE_MS)
    expect(page.locator("#sessions-overview")).to_contain_text("3 sessions")
    boxes.nth(0).check()
    expect(page.locator("#sessions-compare")).to_have_attribute("aria-disabled", "true")
    boxes.nth(1).check()
    page.get_by_role("link", name="Compare 2 sessions").click()
    expect(page.locator(".chosen li")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator("#compare-chart .scatterlayer .trace").first).to_be_attached(timeout=PATIENCE_MS)
    page.get_by_text("By share", exact=True).click()
    expect(page.locator("#compare-chart")).to_contain_text("% of the lesson", timeout=PATIENCE_MS)
    assert desk.heard == []


def test_a_store_that_cannot_be_read_is_told_in_a_line(tmp_path: Path, page: Page) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'class.sqlite'}", write=False)
    with sqlite3.connect(tmp_path / "class.sqlite") as connection:
        connection.execute("DROP TABLE session_totals")
    connection.close()
    with serving(create_app(store, Settings(), TOKEN, Clock(START))) as port:
        desk = Desk(tmp_path, access.address("127.0.0.1", port, TOKEN).split("/?")[0])
        desk.visit(page, "/sessions")
        expect(page.locator("h1")).to_have_text("The sessions cannot be read", timeout=PATIENCE_MS)
    store.dispose()
