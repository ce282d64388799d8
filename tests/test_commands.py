"""The commands as a person types them: each in a process of its own, with its exit code and its words."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

import cli
from capture.recording import read_picture
from capture.simulator.lesson import read_lesson
from capture.simulator.simulator import Simulator
from db import commands, queries
from db.corrections import Correction
from db.engine import open_store, writing
from domain import EMOTIONS, ClassmoodError
from tests.conftest import ROOT

SMALL_LESSON = ROOT / "capture" / "simulator" / "lessons" / "small.yaml"


@pytest.fixture(scope="session")
def gallery_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of the small simulated class as a screenshot."""
    path = tmp_path_factory.mktemp("pictures") / "gallery.png"
    cv2.imwrite(str(path), Simulator(read_lesson(SMALL_LESSON), 1280, 800).frame_at(2.0))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A configuration of its own: own database, own port, the small lesson, a quick start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = tmp_path / "settings.yaml"
    path.write_text(
        f"database:\n  url: sqlite:///{(tmp_path / 'class.sqlite').as_posix()}\n"
        f"dashboard:\n  port: {port}\nsession:\n  start_after_s: 1\nsimulator:\n  lesson: {SMALL_LESSON.as_posix()}\n"
    )
    return path


@pytest.fixture
def type_command(settings: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Type a command and wait for its end."""

    def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "cli.py"), *map(str, words)]
        env = {**os.environ, "CLASSMOOD_CONFIG": str(settings), **environment}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)

    return run


class Started:
    """A command that goes on until it is told to stop; its lines are read as they come."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        command = [sys.executable, "-u", str(ROOT / "cli.py"), *words]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read lines until one matches."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(pattern, line):
                return found
        pytest.fail(f"{pattern!r} was never said, but:\n{''.join(self.said)}")

    def stop(self, how: signal.Signals) -> int:
        """Send a signal, read the last words and give the exit code."""
        self.process.send_signal(how)
        assert self.process.stdout
        self.said += list(self.process.stdout)
        code = self.process.wait()
        self.process.stdout.close()
        return code


@pytest.fixture
def start_command(settings: Path) -> Iterator[Callable[..., Started]]:
    """Start a command that goes on; whatever still runs at the end of the test is killed."""
    started: list[Started] = []

    def start(*words: str, **environment: str) -> Started:
        started.append(Started(list(words), {**os.environ, "CLASSMOOD_CONFIG": str(settings), **environment}))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        if one.process.stdout:
            one.process.stdout.close()


def rows(settings: Path, question: str) -> list[tuple]:
    path = re.search(r"sqlite:///(.+)", settings.read_text())
    assert path
    connection = sqlite3.connect(f"file:{path[1]}?mode=ro", uri=True)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


# --- inspect


def test_inspect_prints_one_object_and_nothing_else(type_command, gallery_picture: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.png"
    done = type_command("inspect", gallery_picture, "--json", "--overlay", overlay)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert list(seen) == ["size", "gallery", "reason", "tiles", "timing_ms"]
    assert seen["size"] == [1280, 800]
    assert seen["gallery"] is True
    assert seen["reason"] is None
    truth = Simulator(read_lesson(SMALL_LESSON), 1280, 800).truth_at(2.0)
    assert len(seen["tiles"]) == len(truth.tiles)
    for tile, true in zip(seen["tiles"], truth.tiles, strict=True):
        assert np.abs(np.subtract(tile["box"], list(true.box))).max() <= 2
        assert tile["name"] == true.name
        for face in tile["faces"]:
            if face["emotions"] is None:
                assert face["abstained"]
            else:
                assert list(face["emotions"]) == list(EMOTIONS)
                assert sum(face["emotions"].values()) == pytest.approx(1, abs=0.001)
    assert any(tile["faces"] for tile in seen["tiles"])
    assert list(seen["timing_ms"]) == ["tiles", "names", "faces", "emotions", "total"]
    assert read_picture(overlay).shape == (800, 1280, 3)


def test_inspect_says_in_words_what_it_sees(type_command, gallery_picture: Path) -> None:
    done = type_command("inspect", gallery_picture)
    assert done.returncode == 0
    assert "looks " in done.stdout


def test_a_picture_without_a_gallery_is_an_answer_not_an_error(type_command, tmp_path: Path) -> None:
    path = tmp_path / "desk.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 255, (400, 600, 3), np.uint8))
    done = type_command("inspect", path, "--json")
    assert done.returncode == 0
    seen = json.loads(done.stdout)
    assert seen["gallery"] is False
    assert seen["tiles"] == []
    assert len(seen["reason"]) > 10


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_an_unreadable_picture_gives_exit_code_2_and_no_output(type_command, tmp_path: Path, content) -> None:
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    done = type_command("inspect", path, "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "broken.png" in done.stderr


def test_every_real_gallery_is_recognised(type_command, shared_data: Path) -> None:
    for picture in sorted((shared_data / "zoom").iterdir()):
        if picture.suffix == ".json":
            continue
        done = type_command("inspect", picture, "--json")
        assert done.returncode == 0, done.stderr
        truth = json.loads(picture.with_suffix(".json").read_text())
        seen = json.loads(done.stdout)
        assert seen["gallery"] is True
        assert len(seen["tiles"]) == len(truth["tiles"]), picture.name
        assert [tile["camera"] in {"on", "no_face"} for tile in seen["tiles"]] == [
            tile["camera"] == "on" for tile in truth["tiles"]
        ], picture.name


# --- replay


def test_a_folder_of_pictures_becomes_a_session(type_command, settings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    simulator = Simulator(read_lesson(SMALL_LESSON), 1280, 800)
    for index in range(6):
        cv2.imwrite(str(folder / f"{index}.png"), simulator.frame_at(index / 2))
    (folder / "6.png").write_bytes(b"damaged")
    done = type_command("replay", folder)
    assert done.returncode == 0, done.stderr
    assert "1 pictures could not be read" in done.stdout
    assert rows(settings, "select source, end_reason, simulated from sessions") == [("recording", "source_ended", 0)]
    assert rows(settings, "select count(distinct at_ms) from readings") == [(6,)]
    assert rows(settings, "select count(*) from readings where p_happy is not null")[0][0] > 0


def test_pictures_of_different_classes_are_each_read_for_themselves(
    type_command, settings: Path, tmp_path: Path
) -> None:
    lesson = read_lesson(SMALL_LESSON)
    for count in (2, 3, 4):
        smaller = lesson.model_copy(update={"students": lesson.students[:count], "speakers": ()})
        cv2.imwrite(str(tmp_path / f"{count}.png"), Simulator(smaller, 1280, 800).frame_at(6.0))
    assert type_command("replay", tmp_path).returncode == 0
    assert rows(settings, "select count(*) from readings group by at_ms order by at_ms") == [(2,), (3,), (4,)]


def test_a_recording_without_a_gallery_says_so(type_command, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "desk.png"), np.zeros((400, 600, 3), np.uint8))
    done = type_command("replay", tmp_path / "desk.png")
    assert done.returncode == 1
    assert "no gallery in any of 1 frames" in done.stderr


def test_a_clip_of_one_person_becomes_a_class_of_one(type_command, settings: Path, shared_data: Path) -> None:
    done = type_command("replay", shared_data / "clips" / "single_face.mp4", "--whole-frame")
    assert done.returncode == 0, done.stderr
    assert rows(settings, "select count(*) from readings where p_happy is not null")[0][0] > 0


# --- bad input


@pytest.mark.parametrize("command", [["run"], ["replay", "x.mp4"], ["inspect", "x.png"], ["doctor"], ["dashboard"]])
def test_a_faulty_configuration_is_named_with_its_line(type_command, tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_text("capture:\n  rate: 3\n")
    done = type_command(*command, CLASSMOOD_CONFIG=str(path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "classmood: faulty.yaml, line 2: unknown setting 'capture.rate'; did you mean 'rate_hz'?\n"


@pytest.mark.parametrize("command", ["run", "dashboard"])
def test_a_foreign_database_is_refused_and_left_as_it_is(
    type_command, settings: Path, display: str, command: str
) -> None:
    database = settings.with_name("class.sqlite")
    database.write_bytes(b"somebody's diary" * 100)
    done = type_command(command, "--no-browser", DISPLAY=display)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(database) in done.stderr
    assert database.read_bytes() == b"somebody's diary" * 100


@pytest.mark.parametrize("command", ["dashboard", "run"])
def test_a_port_in_use_is_named(type_command, settings: Path, display: str, command: str) -> None:
    port = int(re.search(r"port: (\d+)", settings.read_text())[1])  # type: ignore[index]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = type_command(command, "--no-browser", DISPLAY=display)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert f"port {port}" in done.stderr


def test_without_a_display_run_says_what_to_do(type_command, settings: Path) -> None:
    done = type_command("run", "--no-browser", DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "DISPLAY must be set" in done.stderr


def test_a_wrong_word_gets_usage_and_exit_code_2(type_command) -> None:
    done = type_command("teleport")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_doctor_checks_everything_and_says_how_to_mend_it(type_command, display: str) -> None:
    done = type_command("doctor", DISPLAY=display, COLUMNS="200")
    assert done.returncode == 0, done.stdout + done.stderr
    for check in ("Screen", "Monitors", "Zoom", "Models", "Database", "Port", "Processor"):
        assert re.search(rf"^\w+ +{check}", done.stdout, re.MULTILINE)
    broken = type_command("doctor", DISPLAY="", WAYLAND_DISPLAY="", COLUMNS="200")
    assert broken.returncode == 1
    assert re.search("^broken +Screen", broken.stdout, re.MULTILINE)


def test_the_pages_get_the_checks_from_a_process_of_its_own(
    settings: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CLASSMOOD_CONFIG", str(settings))
    found = cli.check_machine()
    assert found.keys() == cli.checks().keys() - {"Port"}
    assert (found["Models"].mark, found["Screen"].mark) == ("ok", "broken")
    assert "DISPLAY must be set" in found["Screen"].found
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("capture: 3\n")
    monkeypatch.setenv("CLASSMOOD_CONFIG", str(faulty))
    with pytest.raises(ClassmoodError, match="faulty.yaml, line 1"):
        cli.check_machine()


# --- the whole path


def open_page(page: Page, address: str) -> list[str]:
    """Open the printed address; collects what goes wrong or leaves the machine."""
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    own = ("http://127.0.0.1:", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(own) else trouble.append(request.url))
    page.goto(address)
    return trouble


def test_a_class_on_the_screen_becomes_rows_and_a_live_page(
    start_command, settings: Path, display: str, page: Page
) -> None:
    """A real window, grabbed from a real screen, read, written, and shown in a real browser."""
    window = [sys.executable, "-m", "capture.simulator.window", "--lesson", str(SMALL_LESSON)]
    window += ["--width", "1280", "--height", "800", "--exit-with-parent"]
    with subprocess.Popen(
        window,
        cwd=ROOT,
        env={**os.environ, "DISPLAY": display},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as shown:
        assert shown.stdout
        assert shown.stdout.readline().strip()
        running = start_command("run", "--no-browser", DISPLAY=display)
        address = running.wait_for(r"(http://\S+)")[1]
        running.wait_for("Watching the class")
        trouble = open_page(page, address)
        expect(page.get_by_text("Zoë Müller").first).to_be_visible(timeout=20_000)
        expect(page.get_by_text(re.compile(r"\d of \d seen")).first).to_be_visible(timeout=20_000)
        assert running.stop(signal.SIGINT) == 0
        shown.terminate()
    assert not trouble
    assert rows(settings, "select source, end_reason, simulated from sessions") == [("screen", "stopped", 0)]
    assert rows(settings, "select count(*) from readings where p_happy is not null")[0][0] > 0


def test_try_serves_its_page_and_takes_the_reader_with_it(start_command) -> None:
    running = start_command("try", "--no-browser")
    address = running.wait_for(r"Try it on yourself: (http://\S+/try\?token=\S+)")[1]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(address, timeout=60) as answer:
        policy = answer.headers["Content-Security-Policy"]
    door = re.search(r"connect-src 'self' http://127\.0\.0\.1:(\d+);", policy)
    assert door
    socket.create_connection(("127.0.0.1", int(door[1])), timeout=30).close()
    assert running.stop(signal.SIGINT) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(door[1])), timeout=5)


# --- steering, as the pages do it


@pytest.fixture
def open_engine(settings: Path) -> Iterator[Callable[[str], Engine]]:
    """Open a database beside the settings by its file's name."""
    opened: list[Engine] = []

    def open_(name: str) -> Engine:
        opened.append(open_store(f"sqlite:///{settings.with_name(name)}", write=True))
        return opened[-1]

    yield open_
    for engine in opened:
        engine.dispose()


def answered(engine: Engine, running: Started, number: int) -> str | None:
    """Wait for the answer to a command; why it could not be done, or None."""
    while running.process.poll() is None:
        at, error = commands.answer(engine, number)
        if at is not None:
            return error
    pytest.fail("the program ended without an answer")


def test_a_class_is_paused_corrected_and_ended_from_the_pages(start_command, open_engine) -> None:
    running = start_command("demo", "--no-browser", DISPLAY="", WAYLAND_DISPLAY="")
    running.wait_for("Watching the class")
    engine = open_engine("demo.sqlite")

    def ask(kind: commands.Kind, **payload: object) -> str | None:
        return answered(engine, running, commands.ask(engine, kind, payload, time.time()))

    assert ask("mode", mode="exercise") is None
    commands.ask(engine, "pause", {}, time.time())
    running.wait_for("Paused by you")
    while (status := queries.capture_status(engine)) is None or status.state != "paused":
        assert running.process.poll() is None
    assert status.mode == "exercise"
    before = queries.session_span(engine, 1)
    first = queries.students(engine, 1)[0].number
    number = commands.correct_or_ask(engine, 1, Correction("rename", first, name="Quite Another"), time.time())
    assert number is not None, "the class runs, so the capture is asked"
    assert answered(engine, running, number) is None
    assert "no student 99" in (ask("merge", student=99, target=first) or "")
    assert queries.session_span(engine, 1) == before, "nothing is read in a pause"
    commands.ask(engine, "resume", {}, time.time())
    running.wait_for("Watching the class")
    while queries.session_span(engine, 1) == before:
        assert running.process.poll() is None
    assert queries.students(engine, 1)[0].name == "Quite Another"
    commands.ask(engine, "end", {}, time.time())
    running.wait_for("You have ended the class")
    assert "session 1 to be running" in (
        answered(engine, running, commands.ask(engine, "undo", {"correction": 1}, time.time(), session_id=1)) or ""
    )
    assert running.stop(signal.SIGTERM) == 0
    ended = queries.session(engine, 1)
    assert ended is not None
    assert ended.end_reason == "ended"
    assert {gap.reason for gap in queries.gaps(engine, 1)} == {"person"}
    assert list(queries.sessions(engine)["id"]) == [1], "the gallery of an ended class starts no other one"
    assert [marker.text for marker in queries.markers(engine, 1)] == ["exercise"]


def test_a_locked_database_is_told_at_the_terminal_and_costs_nothing(start_command, open_engine) -> None:
    running = start_command("demo", "--no-browser", DISPLAY="", WAYLAND_DISPLAY="")
    running.wait_for("Watching the class")
    with writing(open_engine("demo.sqlite")):
        running.wait_for("Kept in memory: .* locked by another program")
    running.wait_for("written down again")
    assert running.stop(signal.SIGTERM) == 0
    engine = open_engine("demo.sqlite")
    assert queries.gaps(engine, 1) == []
    status = queries.capture_status(engine)
    assert status is not None
    assert status.moments_lost == 0


def test_another_part_of_the_screen_is_read_when_it_is_asked_for(start_command, open_engine, display: str) -> None:
    running = start_command("run", "--no-browser", DISPLAY=display, WAYLAND_DISPLAY="")
    running.wait_for("Waiting for")
    engine = open_engine("class.sqlite")

    def ask(kind: commands.Kind, **payload: object) -> str | None:
        return answered(engine, running, commands.ask(engine, kind, payload, time.time()))

    assert ask("region", region=[0, 0, 640, 360]) is None
    assert ask("monitor", monitor=1) is None
    assert "expected capture.monitor" in (ask("monitor", monitor=9) or "")
    assert "monitor" in (ask("monitor", monitor=99) or "")
    assert "expected left < right" in (ask("region", region=[5, 5, 5, 5]) or "")
    assert ask("region", region=None) is None
    assert running.stop(signal.SIGINT) == 0


def test_the_demo_shows_a_class_and_ends_cleanly(start_command, settings: Path, page: Page) -> None:
    running = start_command("demo", "--no-browser", DISPLAY="", WAYLAND_DISPLAY="")
    address = running.wait_for(r"(http://\S+)")[1]
    running.wait_for("Watching the class")
    trouble = open_page(page, address)
    expect(page.get_by_text("Zoë Müller").first).to_be_visible(timeout=20_000)
    assert running.stop(signal.SIGTERM) == 0
    assert not trouble
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)
