"""The pages around a class in a real browser: set-up, students, settings and try."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

import cli
import config
from capture.gallery import GalleryFinder
from config import Settings
from dashboard import access
from dashboard.app import create_app
from dashboard.desk.surroundings import Door, Surroundings
from db import commands
from db.engine import open_store, reading
from db.privacy.people import names
from db.tables import AuditEntry
from db.writer import Writer
from domain import Finding
from tests.dashboard_store import Clock, report, serving, write_class
from tryout.process import ReaderProcess

TOKEN = "token-of-this-test"
PATIENCE_MS = 30_000
NOW = 1_800_000_000.0


@dataclass
class Desk:
    """A store with its writer, a configuration of its own, and the pages over both on a free port."""

    writer: Writer
    clock: Clock
    config_file: Path
    port: int
    heard: list[str] = field(default_factory=list)

    def visit(self, page: Page, path: str) -> None:
        """Open a page; what the browser complains of, and requests to elsewhere, are kept in ``heard``."""
        self.heard.clear()
        page.on("console", lambda line: self.heard.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("request", lambda request: self._note(request.url))
        page.set_default_timeout(PATIENCE_MS)
        page.goto(access.address("127.0.0.1", self.port, TOKEN).replace("/?", f"{path}?"))

    def _note(self, url: str) -> None:
        if not url.startswith((f"http://127.0.0.1:{self.port}/", "data:", "blob:")):
            self.heard.append(f"asked {url}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    url = f"sqlite:///{folder}/class.sqlite"
    clock = Clock(NOW)
    writing, reading = open_store(url, write=True), open_store(url, write=False)
    settings = Settings.model_validate({"dashboard": {"refresh_s": 0.25}})
    with ReaderProcess(cli.companion) as reader:
        around = Surroundings(
            folder / "config.yaml",
            lambda: {"Models": Finding("ok", "they match their cards")},
            lambda page_port: Door(*reader.open(page_port)),
        )
        with (
            serving(create_app(reading, settings, TOKEN, clock, surroundings=around)) as port,
            Writer(writing, clock) as writer,
        ):
            yield Desk(writer, clock, around.config_file, port)
    for engine in (reading, writing):
        engine.dispose()


@pytest.fixture
def desk(served: Desk) -> Desk:
    """The pages with the configuration as it is delivered, and no class running."""
    if served.writer.session is not None:
        served.writer.end_session(NOW, "stopped")
    shutil.copy(config.CONFIG_FILE, served.config_file)
    return served


def fits(page: Page) -> bool:
    """Whether nothing sticks out at the sides."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_setting_is_changed_and_a_bad_one_is_refused(desk: Desk, page: Page) -> None:
    desk.visit(page, "/settings")
    save = page.locator("#settings-save")
    expect(save).to_be_disabled(timeout=PATIENCE_MS)
    rate = page.get_by_role("textbox", name="Rate", exact=True)
    rate.fill("99")
    page.get_by_role("textbox", name="Course").fill("<b>Maths</b> #1")
    expect(page.locator("#settings-unsaved")).to_have_text("Not saved yet: capture.rate_hz, session.course")
    before = desk.config_file.read_bytes()
    save.click()
    expect(page.locator("#settings-answer")).to_contain_text(
        "capture.rate_hz: input should be less than or equal to 10"
    )
    assert desk.config_file.read_bytes() == before
    expect(rate).to_have_value("99")
    rate.fill("1.5")
    page.get_by_role("textbox", name="Region").first.fill("0 0 1280 720")
    page.get_by_role("switch", name="Read names").focus()
    page.keyboard.press("Space")
    save.click()
    expect(page.locator("#settings-answer")).to_contain_text("Saved: ")
    expect(save).to_be_disabled()
    now = config.load(desk.config_file)
    assert (now.capture.rate_hz, now.session.course, now.inference.read_names) == (1.5, "<b>Maths</b> #1", False)
    assert now.capture.region == [0, 0, 1280, 720]
    page.set_viewport_size({"width": 380, "height": 800})
    page.reload()
    expect(page.locator("#settings-answer")).to_contain_text("Changed since this start: capture.rate_hz")
    expect(page.get_by_role("textbox", name="Course")).to_have_value("<b>Maths</b> #1")
    assert fits(page)
    assert desk.heard == []


def test_in_the_union_no_emotions_can_be_chosen_and_leaving_it_brings_none_back(desk: Desk, page: Page) -> None:
    desk.visit(page, "/settings")
    why = page.get_by_text("inferring emotions in education is prohibited in the European Union")
    privacy = page.locator("#settings-privacy")
    region, mode = (privacy.get_by_role("textbox", name=name, exact=True) for name in ("Region", "Mode"))
    expect(mode).to_have_value("emotions", timeout=PATIENCE_MS)
    expect(why).to_be_hidden()
    region.click()
    page.get_by_role("option", name="eu", exact=True).click()
    expect(mode).to_have_value("presence_only")
    expect(mode).to_be_disabled()
    expect(why).to_be_visible()
    page.locator("#settings-save").click()
    expect(page.locator("#settings-answer")).to_contain_text("Saved: privacy.region and privacy.mode")
    desk.config_file.write_text(desk.config_file.read_text("utf-8").replace("mode: presence_only", "mode: emotions"))
    page.reload()
    expect(mode).to_be_disabled(timeout=PATIENCE_MS)
    region.click()
    page.get_by_role("option", name="elsewhere").click()
    expect(mode).to_be_enabled()
    page.locator("#settings-save").click()
    expect(page.locator("#settings-answer")).to_contain_text("Saved: privacy.region and privacy.mode")
    assert config.load(desk.config_file).privacy.mode == "presence_only"
    assert desk.heard == []


def test_settings_that_somebody_else_changed_are_not_overwritten(desk: Desk, page: Page) -> None:
    desk.visit(page, "/settings")
    page.get_by_role("textbox", name="Course").fill("Art")
    text = desk.config_file.read_text("utf-8").replace("port: 8050", "port: 8051")
    desk.config_file.write_text(text, "utf-8")
    page.locator("#settings-save").click()
    expect(page.locator("#settings-answer")).to_contain_text("changed meanwhile")
    expect(page.get_by_role("textbox", name="Course")).to_have_value("Art")
    assert desk.config_file.read_text("utf-8") == text
    desk.config_file.write_text("capture: 3\n", "utf-8")
    page.goto(f"http://127.0.0.1:{desk.port}/settings")
    expect(page.locator("#settings-broken")).to_contain_text("config.yaml, line 1: capture: input should be")
    assert desk.heard == []


def test_set_up_shows_what_is_seen_and_steers_the_capture(desk: Desk, page: Page) -> None:
    names = ["<img src=x onerror=document.title='taken'>", "\u202egnp.exe", "x" * 200, *["Maya"] * 22]
    write_class(desk.writer, NOW - 2, NOW, 25, names, unread={3: "off", 9: "too_small"})
    report(desk.writer)
    desk.visit(page, "/setup")
    note = page.locator("#setup-verdict .desk-note")
    expect(note).to_contain_text("A gallery of 25 tiles is in sight", timeout=PATIENCE_MS)
    expect(note).to_contain_text("1 of 24 are too small to be read")
    expect(page.locator(".sight-tile")).to_have_count(25)
    expect(page.locator(".sight-name").first).to_have_text(names[0])
    expect(page.locator("#setup-ticks .tick").nth(2)).to_have_attribute("aria-label", "Look at this")
    picture = cv2.imdecode(np.frombuffer(page.screenshot(full_page=True), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert GalleryFinder().update(picture).tiles == ()
    page.locator("#setup-region").fill("0 0 1280 720")
    page.get_by_role("checkbox", name="Keep this for the next classes").check()
    page.get_by_role("button", name="Read this part").click()
    expect(page.locator("#setup-answer")).to_contain_text("Asked the capture")
    (asked,) = commands.pending(desk.writer.engine, 0)
    assert (asked.kind, asked.payload) == ("region", {"region": [0, 0, 1280, 720]})
    desk.writer.answer(asked.id, None)
    desk.writer.flush()
    expect(page.locator("#setup-answer")).to_contain_text("The capture looks there now")
    assert config.load(desk.config_file).capture.region == [0, 0, 1280, 720]
    page.locator("#setup-region").fill("left half")
    page.get_by_role("button", name="Read this part").click()
    expect(page.locator("#setup-answer")).to_contain_text("expected four whole numbers")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#setup-findings")).to_contain_text("Modelsthey match their cards")
    page.set_viewport_size({"width": 380, "height": 800})
    assert fits(page)
    assert "taken" not in page.title()
    report(desk.writer, "stopped")
    expect(note).to_contain_text("python3 classmood.py run")
    expect(page.locator(".sight-tile")).to_have_count(0)
    page.get_by_role("button", name="Watch it").click()
    expect(page.locator("#setup-answer")).to_contain_text("Kept for the next classes")
    assert config.load(desk.config_file).capture.region is None
    page.get_by_role("checkbox", name="Keep this for the next classes").uncheck()
    page.get_by_role("button", name="Watch it").click()
    expect(page.locator("#setup-answer")).to_contain_text("Nothing reads the screen now")
    assert desk.heard == []


def test_try_reads_the_own_camera_and_keeps_nothing(desk: Desk, page: Page) -> None:
    """Chromium's drawn camera shows a green field with a clock: no face, which is an answer too."""
    desk.visit(page, "/try")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#try-leading")).to_have_text("No face in sight", timeout=PATIENCE_MS)
    expect(page.locator("#try-took")).to_contain_text("ms")
    asked = [line for line in desk.heard if line.startswith("asked ")]
    assert asked
    assert all(re.fullmatch(r"asked http://127\.0\.0\.1:\d+/try/read", line) for line in asked)
    assert set(desk.heard) == set(asked)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#try-leading")).to_have_text("No reading yet")
    assert page.evaluate("document.getElementById('try-video').srcObject") is None
    page.set_viewport_size({"width": 380, "height": 800})
    assert fits(page)
    refused = page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 'refused')")
    assert refused == "refused"
    assert any("Content Security Policy" in line for line in desk.heard)


def test_no_other_page_may_use_a_camera_or_another_port(desk: Desk, page: Page) -> None:
    desk.visit(page, "/settings")
    answers = {path: page.request.get(f"http://127.0.0.1:{desk.port}{path}").headers for path in ("/settings", "/try")}
    policies = {path: headers["content-security-policy"] for path, headers in answers.items()}
    assert "connect-src 'self';" in policies["/settings"]
    assert re.search(r"connect-src 'self' http://127\.0\.0\.1:\d+;", policies["/try"])
    assert answers["/settings"]["permissions-policy"].startswith("camera=(), microphone=()")
    assert answers["/try"]["permissions-policy"].startswith("camera=(self), microphone=()")
    assert desk.heard == []


def test_a_class_list_is_looked_at_and_then_used(desk: Desk, page: Page) -> None:
    hostile = "<img src=x onerror=document.title='taken'>"
    write_class(desk.writer, NOW + 100, NOW + 102, 3, ["Zoë's iPad", "Max Li", hostile])
    desk.writer.flush()
    desk.visit(page, "/students")
    answer = page.locator("#students-answer")
    expect(answer).to_contain_text("No class list yet", timeout=PATIENCE_MS)
    expect(page.locator(".students-labels")).to_contain_text(hostile)
    with page.expect_file_chooser() as opened:
        page.get_by_role("button", name="Choose a file").focus()
        page.keyboard.press("Enter")
    chooser = page.locator("#students-upload input[type=file]")
    opened.value.set_files({"name": "wrong.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"})
    expect(answer).to_contain_text("wrong.csv, line 1: expected a header with Name")
    expect(page.locator("#students-decide")).to_be_hidden()
    text = f'Name,E-mail\nZoe Müller,z@x.org\n"=HYPERLINK(""http://x"")",\n{"x" * 200},\n'
    chooser.set_input_files({"name": "9b.csv", "mimeType": "text/csv", "buffer": text.encode()})
    expect(answer).to_contain_text("9b.csv: 3 students. It is not in use yet.")
    first = page.locator(".students-table tbody tr").first
    expect(first).to_contain_text("Zoë's iPad")
    expect(first).to_contain_text("1 of ")
    assert config.load(desk.config_file).classroom.roster is None
    page.get_by_role("button", name="Use this list").click()
    expect(answer).to_contain_text("The list is in use")
    roster = config.load(desk.config_file).classroom.roster
    assert roster is not None
    assert Path(roster).read_text("utf-8") == text
    page.set_viewport_size({"width": 380, "height": 800})
    page.reload()
    expect(answer).to_contain_text("3 students on the list", timeout=PATIENCE_MS)
    expect(page.locator(".students-table")).to_contain_text('=HYPERLINK("http://x")')
    assert fits(page)
    assert page.title() == "Students · Classmood"
    assert desk.heard == []


@pytest.fixture
def after_class(tmp_path: Path) -> Iterator[Desk]:
    """The pages over a class that is over, with nobody who writes; two of the six students have one name."""
    url, clock = f"sqlite:///{tmp_path}/class.sqlite", Clock(NOW)
    writing, stored = open_store(url, write=True), open_store(url, write=False)
    with Writer(writing, clock) as writer:
        write_class(writer, NOW - 60, NOW - 40, 6, ["<b>Maya</b>", "Ben", "Cleo", "Ida", "Ida", "Finn"])
        writer.end_session(NOW - 30, "stopped")
    around = Surroundings(tmp_path / "config.yaml")
    shutil.copy(config.CONFIG_FILE, around.config_file)
    with serving(create_app(stored, Settings(), TOKEN, clock, surroundings=around)) as port:
        yield Desk(writer, clock, around.config_file, port)
    for engine in (stored, writing):
        engine.dispose()


def test_nobody_is_erased_beside_a_class(desk: Desk, page: Page) -> None:
    write_class(desk.writer, NOW - 60, NOW - 40, 6, ["Maya", "Ben", "Cleo", "Dan", "Eve", "Finn"])
    desk.writer.flush()
    desk.visit(page, "/students")
    page.get_by_role("textbox", name="Student", exact=True).fill("finn")
    page.get_by_role("option", name="Finn").click(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Erase…").click()
    page.get_by_role("button", name="Erase for ever").click()
    expect(page.locator("#students-one-answer")).to_contain_text("found one: end it first", timeout=PATIENCE_MS)
    with reading(desk.writer.engine) as connection:
        assert "Finn" in names(connection)


def test_one_students_data_is_handed_out_and_erased(after_class: Desk, page: Page) -> None:
    desk = after_class
    desk.visit(page, "/students")
    answer = page.locator("#students-one-answer")
    page.get_by_role("button", name="Erase…").click()
    expect(answer).to_contain_text("Choose a student first", timeout=PATIENCE_MS)
    page.get_by_role("textbox", name="Student", exact=True).fill("maya")
    page.get_by_role("option", name="<b>Maya</b>").click()
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Save all of it").click()
    assert fetched.value.suggested_filename == "classmood-one-student.zip"
    with zipfile.ZipFile(fetched.value.path()) as archive:
        assert {"student.json", "readings.csv"} <= set(archive.namelist())
        told = archive.read("student.json").decode()
    assert "<b>Maya</b>" in told
    assert "Cleo" not in told
    page.get_by_role("button", name="Erase…").click()
    expect(answer).to_contain_text("Nothing brings it back")
    page.get_by_role("button", name="Keep it").click()
    expect(answer).to_be_empty()
    page.get_by_role("button", name="Erase…").click()
    page.get_by_role("button", name="Erase for ever").click()
    expect(answer.locator(".desk-note")).to_have_attribute("data-level", "good")
    expect(answer).to_contain_text("Backups and exports that were made before still hold the student")
    expect(page.locator("#students-list")).not_to_contain_text("Maya")
    expect(page.locator("#students-list")).to_contain_text("Cleo")
    with reading(desk.writer.engine) as connection:
        assert "<b>Maya</b>" not in names(connection)
        deeds = connection.scalars(select(AuditEntry.action).where(AuditEntry.action.in_(["export", "erase"]))).all()
    assert deeds == ["export", "erase"]
    page.set_viewport_size({"width": 380, "height": 800})
    assert fits(page)
    assert desk.heard == []


def test_what_is_asked_for_two_of_one_name_says_which_box_to_tick(after_class: Desk, page: Page) -> None:
    desk = after_class
    desk.visit(page, "/students")
    page.get_by_role("textbox", name="Student", exact=True).fill("ida")
    page.get_by_role("option", name="Ida").click()
    page.get_by_role("button", name="Take the name out…").click()
    answer = page.locator("#students-one-answer")
    expect(answer).to_contain_text("tick the box below the name", timeout=PATIENCE_MS)
    page.get_by_role("checkbox", name="Two of this name in one class are both meant").check()
    page.get_by_role("button", name="Take the name out…").click()
    page.get_by_role("button", name="Take the name out", exact=True).click()
    expect(answer).to_contain_text("The name is Student ")
    with reading(desk.writer.engine) as connection:
        assert "Ida" not in names(connection)
