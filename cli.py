"""The commands of Classmood, and the only place that joins the stages: capture, inference, db and dashboard.

Stages are imported inside the functions that use them: the pages must not load OpenCV, the capture must not load Dash.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

import config
import db.commandline
from config import ROOT, DashboardSettings, DatabaseSettings, Settings
from domain import Box, CaptureError, ClassmoodError, ConfigError, Finding, Frame, Moment, StoreError, Tile

if TYPE_CHECKING:
    import numpy as np
    from rich.progress import Progress
    from sqlalchemy import Engine

    from capture.gallery import GalleryFinder
    from capture.latest import Latest
    from capture.presence import Presence
    from capture.recording import RecordingSource
    from capture.source import Source
    from dashboard.access import Lock
    from db.commands import Kind
    from db.queries.recorded import RecordedSession
    from db.writer import Writer
    from db.writer.steering import Deed
    from inference.identity.consent import ConsentList
    from inference.pipeline import FrameReading, NameMatcher, Pipeline, TileReading

MODELS = ROOT / "models"
DEMO_DATABASE = "demo.sqlite"
"""Beside the configured database: a demonstration never mixes with real classes."""
TOKEN_VARIABLE = "CLASSMOOD_TOKEN"
"""The environment variable that hands the token of this start to the process that serves the pages."""
EXIT_FAILED, EXIT_UNREADABLE = 1, 2
STATUS_EVERY_S = 1.0
READY = "ready"
"""What a companion process prints when it is at work."""
FAREWELL_S = 5.0
"""A companion that has not ended by itself after this time is killed."""
FRAMES_MISSED = 2.5
"""Without a frame for this many periods there is a gap in the session, however slow the rate."""
FLUSH_EVERY_FRAMES = 100
"""How many frames of a recording may wait for the disk."""
SIMULATED = "the simulated class"
RETRY_S = 2.0
"""A screen that cannot be read now (locked, unplugged) is tried again after this time."""
REST_S = 0.25
"""While a person has paused the capture, it looks this often whether it may go on."""
DEMO_PATIENCE_S = 20.0
"""A demonstration that does not see its own window for this long feeds the frames itself."""

app = typer.Typer(
    help="Classmood: how an online class is doing, read from the gallery view on the teacher's own screen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def say(text: str) -> None:
    """Print one line for the person at the terminal."""
    print(text, flush=True)


def main() -> None:
    """Run one command; an error that a person can act on is printed as it is, without a traceback."""
    try:
        app(prog_name="classmood.py")
    except ClassmoodError as error:
        fail(error)


def fail(error: Exception, code: int = EXIT_FAILED) -> NoReturn:
    """Print an error on standard error and leave with its exit code."""
    print(f"classmood: {error}", file=sys.stderr, flush=True)
    sys.exit(code)


def load_settings() -> Settings:
    """The settings of this start: config.yaml, or the file that CLASSMOOD_CONFIG names."""
    return config.of_this_start()


def class_list(settings: Settings) -> NameMatcher | None:
    """What finds a label's student on the configured class list, None without one; raises ConfigError on a bad list."""
    from db.matching import matcher
    from db.roster import read_roster

    path = settings.classroom.roster
    return matcher(read_roster(ROOT / path)) if path else None


def consent_list(settings: Settings) -> ConsentList | None:
    """Whose face may be looked at by the class list on the day of the question, None where nobody is asked.

    Raises ConfigError where consent is required and no class list tells of it.
    """
    from datetime import date
    from functools import cache

    from db.roster import consenting, read_roster

    if settings.privacy.consent == "off":
        return None
    path = settings.classroom.roster
    entries = read_roster(ROOT / path) if path else ()
    if all(entry.consent is None for entry in entries):
        found = f"none in {path}" if path else "no class list"
        raise ConfigError(
            f"privacy.consent: expected a column Consent in the class list of class.roster, found {found}; add it, or "
            "set privacy.consent: off"
        )
    agreeing = cache(lambda day: consenting(entries, day))  # asked for every tile of every frame
    return lambda name: name in agreeing(date.today())


# --- from frames to rows --------------------------------------------------------------------------------------------


class SessionRecorder:
    """Turns the frames of one source into sessions: find the gallery, read it, write what it says.

    A source that is not live has been named as a class by a person, so its first gallery starts the session. Raises
    ModelError when a model cannot be used, StoreError when the database cannot be written, ConfigError for a class list
    that cannot be read.
    """

    def __init__(
        self, source: Source, settings: Settings, writer: Writer, simulated: bool = False, whole_frame: bool = False
    ) -> None:
        self._source = source
        self._settings = settings
        self._writer = writer
        self._simulated = simulated
        self._whole_frame = whole_frame or source.whole_frame
        self._match_names = class_list(settings)
        self._consents = consent_list(settings)
        self._finder = self._new_finder()
        self._pipeline = self._new_pipeline()
        self.presence = self._new_presence()
        self.held = False
        self._ended_s: float | None = None
        self.sessions: list[int] = []
        self.moment: Moment | None = None
        self.reason: str | None = None
        self.readings = 0

    def take(self, frame: Frame, at: float) -> None:
        """Work on one frame; ``at`` is its time on a steady clock, in seconds."""
        from capture.presence import Phase

        tiles, moving, reason = self._look(frame)
        self.reason = reason and self._explained(reason)
        in_sight = bool(tiles) or moving
        if self._is_of_ended_class(in_sight, at):
            return
        change = self.presence.update(in_sight, at)
        if change is not None:
            self._apply(change.value, frame.taken_at)
        if self.presence.phase is Phase.WATCHING and tiles:
            self.moment = self._pipeline.step(frame, tiles)
            self.readings += sum(observation.emotions is not None for observation in self.moment.observations)
            self._writer.write(self.moment)
        if not in_sight:
            self.moment = None
            self._source.look_elsewhere()

    def close(self, at: float, reason: str) -> None:
        """End the session that is still open, if any, at UNIX time ``at``."""
        if self._writer.session is not None:
            self._writer.end_session(at, reason)

    @property
    def ended(self) -> bool:
        """Whether a person has ended the class whose gallery is still in sight."""
        return self._ended_s is not None

    def turn_to(self, source: Source) -> None:
        """Take frames of another source from now on."""
        self._source = source
        self._finder = self._new_finder()

    def hold(self, at: float) -> None:
        """Read nothing from UNIX time ``at`` on, because a person wants it; the session stays open."""
        self.held, self.moment = True, None
        if self._writer.session is not None:
            self._writer.pause(at, "person")

    def release(self) -> None:
        """Go on after a hold, or with a gallery whose class a person had ended, as a new session."""
        self.held, self._ended_s = False, None

    def end(self, at: float, steady_s: float) -> None:
        """End the class at UNIX time ``at``: the gallery that is in sight now starts no other one."""
        self.close(at, "ended")
        self.held, self.moment, self._ended_s = False, None, steady_s
        self.presence, self._pipeline = self._new_presence(), self._new_pipeline()

    def set_mode(self, mode: str | None) -> None:
        """Take the class to do this from now on, None for an ordinary lesson: some flags rest meanwhile."""
        self._pipeline.mode = mode

    def _is_of_ended_class(self, in_sight: bool, at: float) -> bool:
        """Whether this look belongs to a class that a person has ended: until no gallery was seen for a while."""
        if self._ended_s is None:
            return False
        if in_sight:
            self._ended_s = at
        elif at - self._ended_s >= self._settings.session.pause_after_s:
            self._ended_s = None
        return self._ended_s is not None

    def _look(self, frame: Frame) -> tuple[tuple[Tile, ...], bool, str | None]:
        """Tiles, whether they are moving just now, and why there are none."""
        if self._whole_frame:
            return (Tile(0, Box(0, 0, frame.width, frame.height), "on"),), False, None
        if self._source.stills:
            self._finder = self._new_finder()
        gallery = self._finder.update(frame.image)
        return gallery.tiles, gallery.moving, gallery.reason

    def _explained(self, reason: str) -> str:
        """Why there is no gallery: what hides it, else what its likeliest place shows; other places tell less."""
        if self._source.obstacle is None and not self._source.first_choice and self.reason is not None:
            return self.reason
        return self._source.obstacle or reason

    def _apply(self, change: str, at: float) -> None:
        if change == "start":
            settings = self._settings.model_dump(
                mode="json", by_alias=True, include={"inference", "attention", "engagement", "session", "privacy"}
            )
            title, versions = self._settings.session.course, (model_version(self._settings), rules_version())
            owner = self._settings.publish.teacher or None
            session = self._writer.start_session(
                self._source.kind, title, self._simulated, at, settings, *versions, owner
            )
            self.sessions.append(session)
        elif change == "pause":
            self._writer.pause(at)
        elif change == "resume":
            self._writer.resume(at)
        else:
            self._writer.end_session(at, "no_gallery")
            self._pipeline = self._new_pipeline()  # students of one session are not those of the next

    def _new_presence(self) -> Presence:
        from capture.presence import Presence

        return Presence(self._settings.session, None if self._source.live else 0.0)

    def _new_finder(self) -> GalleryFinder:
        from capture.gallery import GalleryFinder

        return GalleryFinder()

    def _new_pipeline(self) -> Pipeline:
        import cv2

        from inference.pipeline import Pipeline

        cv2.setNumThreads(self._settings.inference.threads)
        clock = time.monotonic if self._source.live else None
        return Pipeline(self._settings, MODELS, clock, self._match_names, self._consents)


def model_version(settings: Settings) -> str | None:
    """Which emotion model reads the faces: its file and the start of its SHA-256; None where none does."""
    from inference.health import SHORT_HASH
    from inference.pipeline import EMOTION_MODEL

    if settings.privacy.mode != "emotions":
        return None
    card = json.loads((MODELS / EMOTION_MODEL).with_suffix(".json").read_text("utf-8"))
    return f"{EMOTION_MODEL} {card['sha256'][:SHORT_HASH]}"


def rules_version() -> str:
    """What tells one state of the rules from another: the start of the SHA-256 of the code that reads and judges."""
    from inference.health import SHORT_HASH

    digest = hashlib.sha256()
    for path in sorted((ROOT / "inference").rglob("*.py")):
        digest.update(path.read_bytes())
    return f"inference {digest.hexdigest()[:SHORT_HASH]}"


def deeds_of(recorder: SessionRecorder, writer: Writer, latest: Latest, settings: Settings) -> dict[Kind, Deed]:
    """What a running capture does when the pages ask for it, by the kind of command; corrections are the writer's."""
    from capture.source import open_elsewhere

    def set_mode(payload: dict[str, Any]) -> None:
        writer.set_mode(payload["mode"], time.time())
        recorder.set_mode(payload["mode"])

    def look_at(place: dict[str, Any]) -> None:
        fresh = open_elsewhere(latest.source, settings, time.time, place)
        latest.source.close()
        latest.turn_to(fresh)
        recorder.turn_to(fresh)

    return {
        "pause": lambda _: recorder.hold(time.time()),
        "resume": lambda _: recorder.release(),
        "end": lambda _: recorder.end(time.time(), time.monotonic()),
        "mode": set_mode,
        "monitor": look_at,
        "region": look_at,
    }


class Reporter:
    """Says once a second how the capture is doing: to the pages by the database, to the terminal when it changes."""

    def __init__(self, writer: Writer, wanted: str) -> None:
        import psutil

        self._process = psutil.Process()
        self._process.cpu_percent()
        self._writer = writer
        self._wanted = wanted
        self._due_at = 0.0
        self._frames = 0
        self._since = time.monotonic()
        self._said = ""
        self._unwritten: str | None = None

    def frame(self) -> None:
        """Count one frame for the rate."""
        self._frames += 1

    def report(self, recorder: SessionRecorder, drops: int, error: str | None = None) -> None:
        """Report when a second has passed since the last time, or at once when the state has changed."""
        from db.status import CaptureStatus

        state, message = self._state(recorder, error)
        now = time.monotonic()
        if now < self._due_at and message == self._said:
            return
        fps = self._frames / (now - self._since) if now > self._since and not recorder.held else None
        self._writer.status(
            CaptureStatus(
                state=state,
                message=message,
                fps=None if fps is None else round(fps, 2),
                drops=drops,
                cpu_percent=self._process.cpu_percent(),
                error=error or self._writer.error,
            )
        )
        if message != self._said:
            say(message)
        if self._writer.error != self._unwritten:
            self._unwritten = self._writer.error
            say(f"Kept in memory: {self._unwritten}" if self._unwritten else "The class is written down again.")
        self._said, self._due_at, self._since, self._frames = message, now + STATUS_EVERY_S, now, 0

    def _state(self, recorder: SessionRecorder, error: str | None) -> tuple[Any, str]:
        if error:
            return "error", error
        if recorder.held:
            return "paused", "Paused by you: nothing is read until you resume."
        if recorder.ended:
            return "ended", "You have ended the class. The next gallery starts a new one."
        phase = recorder.presence.phase.value
        if phase == "waiting":
            state = "ended" if recorder.sessions else "waiting"
            return state, f"Waiting for {self._wanted}. {recorder.reason or 'Found one, making sure.'}"
        if phase == "paused":
            return "paused", f"Paused: {recorder.reason or 'no gallery in sight'}"
        course = recorder.sessions[-1]
        return "watching", f"Watching the class (session {course})."


def watch(
    source: Source,
    recorder: SessionRecorder,
    reporter: Reporter,
    writer: Writer,
    settings: Settings,
    stop: threading.Event,
    patience_s: float | None = None,
) -> bool:
    """Read a live source until it ends or ``stop`` is set, obey the pages meanwhile, and close the session cleanly.

    With ``patience_s``, gives up when no session has started by then. Returns whether it went on to the end.
    """
    from capture.latest import Latest
    from db.writer.steering import Steering

    latest = Latest(source, settings.capture.rate_hz, stop.wait)
    steering = Steering(writer, deeds_of(recorder, writer, latest, settings))
    began = time.monotonic()
    while not stop.is_set():
        steering.obey()
        if recorder.held:
            reporter.report(recorder, latest.dropped)
            stop.wait(REST_S)
            latest.rest()
            continue
        try:
            frame = latest.next()
        except CaptureError as error:
            reporter.report(recorder, latest.dropped, error=str(error))
            stop.wait(RETRY_S)
            continue
        if frame is None:
            break
        recorder.take(frame, time.monotonic())
        reporter.frame()
        reporter.report(recorder, latest.dropped)
        if patience_s is not None and not recorder.sessions and time.monotonic() - began > patience_s:
            return False
    recorder.close(time.time(), "stopped")
    latest.source.close()
    return True


# --- the pages beside the capture -----------------------------------------------------------------------------------


@contextmanager
def companion(command: list[str], environment: dict[str, str] | None = None, quiet: bool = False) -> Iterator[str]:
    """A second process for as long as the block lasts; gives the line that it prints when it is ready, "" when it died.

    What it says on standard error goes to the terminal, unless it is a ``quiet`` one that talks to itself.

    It watches the pipe on its standard input, so that it ends even when this process is killed; it does not get the
    terminal's Ctrl-C, so that the capture can close its session first.
    """
    detached: dict[str, Any] = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        if sys.platform == "win32"
        else {"start_new_session": True}
    )
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        encoding="utf-8",
        **detached,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.terminate()
        try:
            process.wait(timeout=FAREWELL_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def end_with_parent(stop: Callable[[], None]) -> None:
    """Call ``stop`` when the process that started this one is gone: the pipe on standard input ends with it."""

    def wait_for_end() -> None:
        # Not through sys.stdin: its lock, held by a waiting thread, would stop the interpreter from ending.
        while os.read(sys.stdin.fileno(), 1):
            pass
        stop()

    threading.Thread(target=wait_for_end, name="parent", daemon=True).start()


@contextmanager
def pages(settings: Settings, url: str, open_browser: bool) -> Iterator[None]:
    """Serve the pages in a process of their own; prints their address and opens a browser where there is one."""
    from dashboard.access import new_token

    token = new_token()
    command = [sys.executable, str(ROOT / "cli.py"), "dashboard", "--database", url, "--child"]
    command += ["--host", settings.dashboard.host]
    with companion(command, {TOKEN_VARIABLE: token}) as answer:
        if answer != READY:
            sys.exit(EXIT_FAILED)  # its own line on standard error has said why
        where = entrance(settings.dashboard, token)
        say(f"The live page: {where}")
        if open_browser and settings.dashboard.open_browser:
            open_in_browser(where)
        yield


def open_in_browser(where: str) -> None:
    """Show an address in the person's browser, where there is a desktop to show it on."""
    if sys.platform in {"win32", "darwin"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(where)


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C and a polite kill set; a second Ctrl-C ends the program at once."""
    stop = threading.Event()

    def ask_to_stop(number: int, _: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    return stop


# --- the commands ---------------------------------------------------------------------------------------------------

NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser window.")]
Seconds = Annotated[float | None, typer.Option("--seconds", min=1, help="Stop by itself after this many seconds.")]


@app.command()
def demo(no_browser: NoBrowser = False, seconds: Seconds = None) -> None:
    """Show a simulated class: a drawn gallery in a real window, read from the screen, with the live page beside it."""
    from capture.simulator.stage import stage
    from capture.source import open_live

    settings, stop = load_settings(), stop_on_signals()
    url = demo_database(settings.database.url)
    with ExitStack() as stack:
        writer = stack.enter_context(open_writer(url, settings))
        stack.enter_context(pages(at_home(settings), url, not no_browser))
        stop_after(seconds, stop)
        shown = stack.enter_context(stage(settings.simulator, companion))
        say(shown.description)
        done = False
        if shown.visible:
            # A real meeting that is open beside the demonstration is no part of it.
            monitors = settings.capture.model_copy(update={"window": "ignore"})
            with open_live("screen", settings.model_copy(update={"capture": monitors}), time.time) as source:
                done = record(source, settings, writer, stop, SIMULATED, DEMO_PATIENCE_S)
            if not done:
                say("The simulated window is covered or cannot be read; its frames go straight to the program instead.")
        if not done:
            with open_live("simulator", settings, time.time) as source:
                record(source, settings, writer, stop, SIMULATED)


def at_home(settings: Settings) -> Settings:
    """The settings with pages for this machine only, wherever those of real classes are served."""
    served = settings.dashboard.model_copy(update={"host": DashboardSettings().host})
    return settings.model_copy(update={"dashboard": served})


def demo_database(url: str) -> str:
    """Where a demonstration is kept: in a file beside the configured one, or beside the program."""
    file = url if url.startswith("sqlite") else DatabaseSettings().url
    return f"{file.rpartition('/')[0]}/{DEMO_DATABASE}"


@app.command()
def run(no_browser: NoBrowser = False, seconds: Seconds = None) -> None:
    """Watch the screen for a Zoom gallery and record the class; Ctrl-C ends the session and the program."""
    live("screen", "a Zoom meeting in gallery view on this screen", no_browser, seconds)


@app.command()
def webcam(no_browser: NoBrowser = False, seconds: Seconds = None) -> None:
    """Read your own camera as a class of one: the quickest look at what the program sees in a face."""
    live("webcam", "a picture from the camera", no_browser, seconds)


def live(kind: str, wanted: str, no_browser: bool, seconds: float | None) -> None:
    """Record from a live source into the configured database, with the pages beside it."""
    from capture.source import open_live

    settings, stop = load_settings(), stop_on_signals()
    with (
        open_live(kind, settings, time.time) as source,
        open_writer(settings.database.url, settings) as writer,
        pages(settings, settings.database.url, not no_browser),
    ):
        stop_after(seconds, stop)
        record(source, settings, writer, stop, wanted)


@contextmanager
def open_writer(url: str, settings: Settings) -> Iterator[Writer]:
    """The one writer of a database, which says good-bye to the pages when the block ends.

    What is older than it may be kept is deleted first. Raises StoreError where another writer is at work, the file
    cannot be used, or the database is a server's, which a network could take away in mid-class.
    """
    from db.engine import open_store, store_path
    from db.privacy.retention import in_words, purge
    from db.status import CaptureStatus
    from db.writer import GAP_S, Writer

    if settings.privacy.region == "eu":
        say("Who is there is recorded, and no emotions: inferring them in education is prohibited in the EU (AI Act).")
    engine, hindered = open_store(url, write=True), None
    store_path(engine)
    try:
        gone = purge(engine, settings.privacy, time.time())
        if gone:
            say(f"Deleted as the settings ask: {', '.join(in_words(gone))}.")
    except StoreError as error:
        hindered = error  # a class is not lost for it, and where another capture runs the writer says more
    with Writer(engine, gap_s=max(GAP_S, FRAMES_MISSED / settings.capture.rate_hz)) as writer:
        if hindered is not None:
            say(f"Not all that is due could be deleted: {hindered}")
        for session in writer.healed:
            say(f"Session {session} was cut off last time; it was closed at its last reading.")
        yield writer
        if writer.dropped:
            say(f"{writer.dropped} moments were lost because the database could not be written.")
        writer.status(CaptureStatus("stopped"))


def stop_after(seconds: float | None, stop: threading.Event) -> None:
    """Set ``stop`` after a time, where one is given."""
    if seconds is not None:
        timer = threading.Timer(seconds, stop.set)
        timer.daemon = True
        timer.start()


def record(
    source: Source,
    settings: Settings,
    writer: Writer,
    stop: threading.Event,
    wanted: str,
    patience_s: float | None = None,
) -> bool:
    """Watch a live source; see ``watch``."""
    recorder = SessionRecorder(source, settings, writer, simulated=wanted == SIMULATED)
    return watch(source, recorder, Reporter(writer, wanted), writer, settings, stop, patience_s)


@app.command()
def dashboard(
    no_browser: NoBrowser = False,
    database: Annotated[
        str | None, typer.Option(help="Another database than the configured one, as an address.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Another address to serve on than the configured one.")] = None,
    port: Annotated[int | None, typer.Option(help="Another port to serve on.")] = None,
    public_url: Annotated[str | None, typer.Option(help="Where browsers reach the pages: https://NAME.")] = None,
    try_port: Annotated[int | None, typer.Option(help="Port for frames of the page Try, where people log in.")] = None,
    child: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve the pages alone: look at what was recorded, while no class is watched."""
    chosen = {"host": host, "port": port, "public_url": public_url, "try_port": try_port}
    serve_pages(database, "" if child else "The live page", chosen=chosen, no_browser=no_browser)


@app.command("try")
def try_out(no_browser: NoBrowser = False) -> None:
    """Look at your own face through the browser's camera, as the program sees it; nothing is kept."""
    serve_pages(None, "Try it on yourself", page="try", no_browser=no_browser)


def serve_pages(
    database: str | None,
    title: str,
    page: str = "",
    chosen: Mapping[str, Any] = MappingProxyType({}),
    no_browser: bool = False,
) -> None:
    """Serve the pages until Ctrl-C, or with ``title`` "" until the process that started this one is gone.

    ``chosen`` are settings of the pages that were typed, None where the configuration's counts.
    """
    from dashboard.access import LOCAL_NAMES, new_token
    from dashboard.app import create_app, serve
    from dashboard.desk.surroundings import Door, Surroundings
    from db.engine import open_store
    from tryout.process import Front, ReaderProcess

    settings = load_settings()
    pages = chosen_pages(settings.dashboard, {name: value for name, value in chosen.items() if value is not None})
    url = database or settings.database.url
    token = os.environ.pop(TOKEN_VARIABLE, None) or new_token()
    lock = None if pages.host in LOCAL_NAMES else lock_of(pages, open_store(url, write=True))
    where = entrance(pages, token, page)

    def ready() -> None:
        if not title:
            say(READY)
            return
        say(f"{title}: {where}\nCtrl-C ends it.")
        if pages.open_browser and not no_browser:
            open_in_browser(where)

    if not title:
        end_with_parent(lambda: os._exit(0))
    front = Front(where, pages.host, pages.try_port) if lock and pages.try_port else None
    with ReaderProcess(companion, front) as reader:
        open_reader = (lambda own_port: Door(*reader.open(own_port))) if front or not lock else None
        around = Surroundings(config.chosen_file(), check_machine, open_reader)
        app = create_app(open_store(url, write=False), settings, token, lock=lock, surroundings=around)
        serve(app, pages.host, pages.port, on_ready=ready)


def chosen_pages(configured: DashboardSettings, chosen: dict[str, Any]) -> DashboardSettings:
    """The settings of the pages with what was typed in their place; raises ConfigError where that does not fit."""
    try:
        return DashboardSettings.model_validate(configured.model_dump() | chosen)
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(
            f"--{str(fault['loc'][0]).replace('_', '-')}: {fault['msg']}, found {fault['input']!r}"
        ) from None


def entrance(pages: DashboardSettings, token: str, page: str = "") -> str:
    """The address for the person at the terminal: with the token on the own machine, the public one beyond it."""
    from dashboard.access import LOCAL_NAMES, address

    if pages.host in LOCAL_NAMES or pages.public_url is None:
        return address(pages.host, pages.port, token, page)
    return pages.public_url


def lock_of(pages: DashboardSettings, engine: Engine) -> Lock:
    """The lock of pages that are served beyond the own machine: accounts, kept in a record that is open for writing.

    Raises ConfigError where there are no accounts, or no HTTPS in front.
    """
    from dashboard.access import Door, ask_for_accounts
    from db.accounts import has_accounts

    if pages.public_url is None:
        raise ConfigError(
            f"dashboard.host: expected 127.0.0.1 or a dashboard.public_url (https://NAME) for others, found "
            f"{pages.host} alone: passwords need HTTPS in front, see deploy/README.md"
        )
    if not has_accounts(engine):
        raise ConfigError(
            f"dashboard.host: expected accounts where others can reach the pages, found none for {pages.host}: "
            "type accounts add LOGIN"
        )
    return ask_for_accounts(Door(engine, pages.public_url, time.time, pages.login_hours * 3600))


@app.command()
def replay(
    path: Annotated[Path, typer.Argument(metavar="VIDEO_OR_FOLDER", help="A recording, or a folder of pictures.")],
    whole_frame: Annotated[bool, typer.Option(help="The picture shows one person, not a gallery.")] = False,
) -> None:
    """Turn a recording of a class, or a folder of pictures, into a session, faster than real time."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from capture.recording import open_recording

    settings, stop = load_settings(), stop_on_signals()
    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        open_recording(path, settings.capture.rate_hz) as source,
        open_writer(settings.database.url, settings) as writer,
    ):
        recorder = SessionRecorder(source, settings, writer, whole_frame=whole_frame)
        with Progress(*columns, transient=True, console=Console(stderr=True)) as progress:
            frames = play(source, recorder, writer, stop, progress)
    if not recorder.sessions:
        raise CaptureError(f"{path}: no gallery in any of {frames} frames. {recorder.reason or ''}")
    say(summary(recorder, source, frames))


def play(
    source: RecordingSource, recorder: SessionRecorder, writer: Writer, stop: threading.Event, progress: Progress
) -> int:
    """Take every frame of a recording in the file's own time; returns how many there were."""
    task = progress.add_task("frames", total=source.total or None)
    frames, at = 0, 0.0
    while not stop.is_set() and (frame := source.grab()) is not None:
        at = frame.taken_at
        recorder.take(frame, at)
        frames += 1
        if frames % FLUSH_EVERY_FRAMES == 0:
            writer.flush()  # a recording can wait for the disk; a live class cannot
        progress.update(task, completed=frames)
    recorder.close(at, "stopped" if stop.is_set() else "source_ended")
    return frames


def summary(recorder: SessionRecorder, source: RecordingSource, frames: int) -> str:
    """One sentence on what a replay brought."""
    which = ", ".join(map(str, recorder.sessions))
    text = f"Session {which}: {frames} frames, {recorder.readings} readings of faces."
    if source.unreadable:
        text += f" {source.unreadable} pictures could not be read and were left out."
    return text + " Look at it with: python3 classmood.py dashboard"


Database = Annotated[str | None, typer.Option("--database", help="Another database than the configured one.")]
Session = Annotated[int, typer.Argument(metavar="SESSION", help="Number of the session.", min=1)]


@app.command()
def explain(
    session: Session,
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="Number of the student, or a part of the name.")],
    every: Annotated[float, typer.Option("--every", help="Seconds between two lines.", min=0.5)] = 10.0,
    database: Database = None,
) -> None:
    """Print the time line behind a student's flags: what was seen, and how far each rule was from a flag."""
    from inference.engagement import rerun as judged

    settings, record = load_settings(), recorded(database, session)
    person = record.student(student)
    say(f"Session {session}, {person.name or f'student {person.number}'}")
    flags = [flag for flag in record.flags() if flag.student == person.number]
    spans = [(flag.started_at - judged.LED_UP_S, (flag.ended_at or math.inf) + judged.LED_UP_S) for flag in flags]
    for flag in flags:
        say(f"{judged.told(flag)}. It could also be: {flag.alternatives or 'nothing was noted'}.")
    if not flags:
        say("No flags were given; the whole lesson:")
    for line in judged.timeline(settings, *record.readings(), person.number, spans or [(-math.inf, math.inf)], every):
        say(line)


@app.command()
def rerun(session: Session, database: Database = None) -> None:
    """Apply today's rules to a session's readings and compare the flags with those that were given; changes nothing."""
    from inference.engagement import rerun as judged

    settings, record = load_settings(), recorded(database, session)
    found = judged.compared(record.flags(), judged.flags_of(settings, *record.readings()))
    kept = tuple(now for _, now in found.kept)
    for title, flags in (("As before", kept), ("No longer", found.gone), ("New", found.new)):
        say(f"{title}: {len(flags)}")
        for flag in flags:
            say(f"  {record.name(flag.student)}, {judged.told(flag)}")


def recorded(database: str | None, session: int) -> RecordedSession:
    """A recorded session of the configured database, or of another one, read only."""
    from db.engine import open_store
    from db.queries.recorded import RecordedSession

    return RecordedSession(open_store(database or load_settings().database.url, write=False), session)


@app.command()
def inspect(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A screenshot of a gallery: PNG, JPEG or WebP.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    overlay: Annotated[Path | None, typer.Option(metavar="OUT.png", help="Draw what was seen into a copy.")] = None,
) -> None:
    """Say what the program sees in one picture: tiles, names, faces, emotions, and why it abstains."""
    from capture.recording import read_picture

    settings = load_settings()
    try:
        image = read_picture(picture)
    except CaptureError as error:
        fail(error, EXIT_UNREADABLE)
    report, reading = look_at(image, settings)
    if overlay is not None:
        write_overlay(overlay, image, reading)
    say(json.dumps(report, ensure_ascii=False) if as_json else described(report))


def look_at(image: np.ndarray, settings: Settings) -> tuple[dict[str, Any], FrameReading]:
    """All that the program sees in one picture, as the values of ``inspect --json`` and as the reading behind them."""
    from capture.gallery import GalleryFinder
    from inference.pipeline import Pipeline

    pipeline = Pipeline(settings, MODELS, match_names=class_list(settings), consents=consent_list(settings))
    started = time.perf_counter()
    gallery = GalleryFinder().update(image)
    tiles_ms = (time.perf_counter() - started) * 1000
    reading = pipeline.read(Frame(0, time.time(), image), gallery.tiles)
    timing = {"tiles": tiles_ms, **reading.timing_ms}
    report = {
        "size": [image.shape[1], image.shape[0]],
        "gallery": bool(gallery.tiles),
        "reason": gallery.reason,
        "tiles": [tile_report(tile) for tile in reading.tiles],
        "timing_ms": {name: round(ms, 1) for name, ms in {**timing, "total": sum(timing.values())}.items()},
    }
    return report, reading


def tile_report(reading: TileReading) -> dict[str, Any]:
    """One tile in the form of ``inspect --json``."""
    masked = {"masked": reading.masked} if reading.masked else {}
    return {
        "box": list(reading.tile.box),
        "camera": reading.tile.camera,
        "name": reading.name.text if reading.name else None,
        "faces": [
            {
                "box": list(face.face.box),
                "score": round(face.face.score, 4),
                "emotions": {name: round(p, 4) for name, p in face.emotions.as_dict().items()}
                if face.emotions
                else None,
                "abstained": face.quality.abstained,
            }
            for face in reading.faces
        ],
        **masked,
    }


def described(report: dict[str, Any]) -> str:
    """The same in words for the terminal."""
    if not report["gallery"]:
        return f"No gallery: {report['reason']}"
    lines = [f"{len(report['tiles'])} tiles in {report['timing_ms']['total']:.0f} ms"]
    for number, tile in enumerate(report["tiles"], start=1):
        why = f"not looked at: {tile['masked'].replace('_', ' ')}" if "masked" in tile else "-"
        seen = [face_in_words(face) for face in tile["faces"]] or [why]
        lines.append(f"{number:>3}  {tile['camera']:<10} {tile['name'] or '(name not read)':<24} {'; '.join(seen)}")
    return "\n".join(lines)


def face_in_words(face: dict[str, Any]) -> str:
    """A face's leading emotion, or why it is not judged."""
    if face["emotions"] is None:
        return f"not judged: {face['abstained'].replace('_', ' ')}"
    leading = max(face["emotions"], key=face["emotions"].get)
    return f"looks {leading} ({face['emotions'][leading]:.0%})"


def write_overlay(path: Path, image: np.ndarray, reading: FrameReading) -> None:
    """Draw what was seen into a copy of the picture, because a person asked for it; raises CaptureError."""
    import cv2

    from inference.overlay import overlay

    encoded = cv2.imencode(".png", overlay(image, reading.tiles))[1]
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise CaptureError(f"{path}: the overlay cannot be written ({error.strerror})") from None


# --- the health of this machine -------------------------------------------------------------------------------------

CHECKS_PATIENCE_S = 60.0
"""Opening the models and the screen takes seconds, on a machine that is busy with a class some more."""


def checks() -> dict[str, Callable[[Settings], Finding]]:
    """Every check of `doctor` by its name, in the order of a frame's path: each room answers for its own health."""
    import dashboard.health
    from capture import health as watching
    from db.engine import health as keeping
    from inference import health as reading

    return {
        "Python": lambda _: Finding("ok", f"Python {sys.version.split()[0]} on {sys.platform}"),
        "Screen": watching.screen,
        "Monitors": watching.monitors,
        "Zoom": watching.zoom,
        "Models": lambda settings: reading.models(settings, MODELS),
        "Database": keeping.database,
        "Port": dashboard.health.port,
        "Processor": watching.processor,
    }


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list and nothing else.")] = False,
) -> None:
    """Check this machine: screen, monitors, Zoom, models, database, port, processor; each with the fix."""
    from rich.console import Console
    from rich.table import Table

    found = findings(load_settings())
    if as_json:
        say(json.dumps([{"check": check, **asdict(finding)} for check, finding in found.items()]))
    else:
        table = Table(box=None, pad_edge=False)
        for title in ("", "Check", "Found", "What to do"):
            table.add_column(title, overflow="fold")
        for check, finding in found.items():
            table.add_row(finding.mark, check, finding.found, finding.remedy)
        Console().print(table)
    if any(finding.mark == "broken" for finding in found.values()):
        sys.exit(EXIT_FAILED)


def findings(settings: Settings) -> dict[str, Finding]:
    """Make every check; what breaks several of them is told once."""
    found, said = {}, set()
    for name, check in checks().items():
        try:
            found[name] = check(settings)
        except ClassmoodError as error:
            trouble = str(error)
            found[name] = Finding("broken", "not checked, see above" if trouble in said else trouble)
            said.add(trouble)
    return found


def check_machine() -> dict[str, Finding]:
    """The checks for the pages, in a process of its own: the pages load nothing that reads screens or faces."""
    command, by_hand = [sys.executable, str(ROOT / "cli.py"), "doctor", "--json"], "type: python3 classmood.py doctor"
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=CHECKS_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ClassmoodError(f"expected the checks within {CHECKS_PATIENCE_S:g} seconds; {by_hand}") from None
    if not done.stdout:
        raise ClassmoodError(done.stderr.strip() or f"expected the checks, found no answer; {by_hand}")
    found = {one.pop("check"): Finding(**one) for one in json.loads(done.stdout)}
    del found["Port"]  # the pages themselves hold it
    return found


@app.command()
def setup(
    training: Annotated[bool, typer.Option("--training", help="Also what training and the tests need.")] = False,
) -> None:
    """Install what the program needs into .venv, and nothing more."""
    say("Everything is installed" + (", training and tests included." if training else "."))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run the checks: style, types, tests. Further words go to pytest."""
    steps = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["pyright"], ["pytest", *context.args]]
    failed = [step[0] for step in steps if subprocess.call([sys.executable, "-m", *step], cwd=ROOT) != 0]
    if failed:
        raise ClassmoodError(f"these checks failed: {', '.join(dict.fromkeys(failed))}")


db.commandline.register(app)

if __name__ == "__main__":
    main()
