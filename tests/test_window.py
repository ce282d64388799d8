"""Zoom's window on a real X11 desktop: found, followed, hidden, gone; and grabbed by the screen source."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from Xlib import X, Xatom, Xutil
from Xlib.error import ConnectionClosedError, DisplayConnectionError

from capture.gallery import GalleryFinder
from capture.screen import MEASURE_EVERY_S, RETURN_AFTER_S, Place, ScreenSource
from capture.simulator.lesson import read_lesson
from capture.simulator.simulator import Simulator
from capture.source import Source
from capture.window import Role, ZoomWindow, x11
from capture.window.x11 import X11Desktop
from capture.window.zoom import LOOK_EVERY_S, covered_share, zoom_windows
from cli import SessionRecorder
from config import CaptureSettings, Settings
from db.writer import Writer
from domain import Box, CaptureError, Frame
from tests.conftest import ROOT
from tests.x11_desk import Desk

SCREEN = Box(0, 0, 1920, 1080)
WINDOW = Box(200, 150, 1000, 750)
BLUE = 0x336699
SMALL_LESSON = ROOT / "capture" / "simulator" / "lessons" / "small.yaml"


@pytest.fixture
def at_display(display: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The private display, and the environment of a program that was started there."""
    monkeypatch.setenv("DISPLAY", display)
    for name in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    return display


@contextmanager
def bare_desk(display: str) -> Iterator[Desk]:
    desk = Desk(display)
    try:
        yield desk
    finally:
        desk.close()


@contextmanager
def managed_desk(display: str) -> Iterator[Desk]:
    """With openbox, which frames every window and keeps the list of them."""
    if not shutil.which("openbox"):
        pytest.skip("openbox is not installed; type: sudo apt install openbox")
    with bare_desk(display) as desk:
        # What comes before the word is lost: it takes the desktop over first and only then begins to listen.
        command = ["openbox", "--sm-disable", "--startup", "echo ready"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as manager:
            try:
                assert manager.stdout
                assert manager.stdout.readline().strip() == "ready"
                yield desk
            finally:
                manager.terminate()


@pytest.fixture
def bare(at_display: str) -> Iterator[Desk]:
    with bare_desk(at_display) as desk:
        yield desk


@pytest.fixture
def managed(at_display: str) -> Iterator[Desk]:
    with managed_desk(at_display) as desk:
        yield desk


@pytest.fixture(params=[bare_desk, managed_desk], ids=["no window manager", "openbox"])
def desk(request: pytest.FixtureRequest, at_display: str) -> Iterator[Desk]:
    with request.param(at_display) as desk:
        yield desk


@pytest.fixture
def look(at_display: str) -> Iterator[Callable[[], list[ZoomWindow]]]:
    """Looks Zoom's windows up, as the program does."""
    desktop = X11Desktop()
    yield lambda: zoom_windows(desktop.windows(), SCREEN)
    desktop.close()


class Steady:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Steady:
    return Steady()


@pytest.fixture
def open_screen(at_display: str, clock: Steady) -> Iterator[Callable[..., ScreenSource]]:
    """Opens the screen with some settings."""
    opened: list[ScreenSource] = []

    def make(**settings: object) -> ScreenSource:
        opened.append(ScreenSource(CaptureSettings.model_validate(settings), lambda: 0.0, clock))
        return opened[-1]

    yield make
    for source in opened:
        source.close()


# --- what is found


def test_the_meeting_window_is_found_where_it_is(desk: Desk, look) -> None:
    window = desk.open(WINDOW)
    (found,) = look()
    assert (found.handle, found.role, found.box) == (window.id, Role.MEETING, WINDOW)
    assert (found.covered, found.outside, found.hidden, found.obstacle) == (0.0, 0.0, False, None)
    assert found.in_sight


def test_it_is_followed_when_it_moves_and_changes_its_size(desk: Desk, look) -> None:
    window = desk.open(WINDOW)
    for place in (Box(900, 300, 1700, 900), Box(40, 60, 1500, 1000)):
        desk.move(window, place)
        assert [found.box for found in look()] == [place]


def test_windows_of_others_are_not_taken_whatever_they_are_called(desk: Desk, look) -> None:
    desk.open(WINDOW, wm_class="firefox", title="Zoom Meeting - Mozilla Firefox")
    desk.open(WINDOW, wm_class="zoomtext", title="Zoom")
    assert look() == []


def test_a_title_in_another_language_does_not_matter(desk: Desk, look) -> None:
    desk.open(WINDOW, title="Réunion Zoom – 授業")
    assert [(found.role, found.in_sight) for found in look()] == [(Role.CLIENT, True)]


def test_the_larger_meeting_window_comes_first_and_the_home_window_last(desk: Desk, look) -> None:
    desk.open(Box(0, 30, 1900, 1050), title="Zoom Workplace")
    small = desk.open(Box(100, 100, 600, 500), title="Meeting")
    large = desk.open(Box(700, 100, 1700, 900), title="Meeting")
    panel = desk.open(Box(1700, 500, 1900, 800), title="zoom_linux_float_video_window")
    found = look()
    assert [window.handle for window in found[:3]] == [large.id, small.id, panel.id]
    assert found[3].role is Role.HOME


def test_toolbars_and_frames_of_a_shared_screen_are_neither_found_nor_in_the_way(desk: Desk, look) -> None:
    desk.open(WINDOW, title="zoom_linux_float_video_window")
    desk.open(SCREEN, title="cpt_frame_window")
    desk.open(Box(600, 0, 1200, 60), title="as_toolbar")
    assert [(window.role, window.covered) for window in look()] == [(Role.PANEL, 0.0)]


def test_the_scale_of_the_desktop_is_told(bare: Desk, look) -> None:
    bare.open(WINDOW)
    assert [found.scale for found in look()] == [1.0]
    bare.root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, b"Xcursor.size:\t24\nXft.dpi:\t144\n")
    bare.display.sync()
    assert [found.scale for found in look()] == [1.5]
    bare.root.delete_property(Xatom.RESOURCE_MANAGER)
    bare.display.sync()


# --- what hides it


def test_the_covered_share_is_told_and_comes_to_an_end(desk: Desk, look) -> None:
    window = desk.open(WINDOW)
    cover = desk.open(Box(600, 100, 1400, 900), wm_class="editor", title="Notes", colour=0xFFFFFF)
    (found,) = look()
    assert found.covered == pytest.approx(0.5, abs=0.01)  # a frame may add a border
    assert found.in_sight
    assert "covered by other windows to 50%" in str(found.obstacle) or "covered by other windows to 51%" in str(
        found.obstacle
    )
    window.configure(stack_mode=X.Above)
    desk.wait_until(lambda: look()[0].covered == 0.0)
    cover.configure(stack_mode=X.Above)
    desk.wait_until(lambda: look()[0].covered > 0.4)
    desk.close_window(cover)
    desk.wait_until(lambda: look()[0].obstacle is None)


def test_a_window_that_is_covered_altogether_is_not_in_sight(desk: Desk, look) -> None:
    desk.open(WINDOW)
    desk.open(Box(100, 100, 1100, 800), wm_class="editor")
    (found,) = look()
    assert not found.in_sight
    assert "to 100%" in str(found.obstacle)


def test_a_window_half_outside_the_screen_is_read_as_far_as_it_is_there(bare: Desk, look) -> None:
    bare.open(Box(-400, 150, 400, 750))
    (found,) = look()
    assert (found.box, found.outside) == (Box(0, 150, 400, 750), 0.5)
    assert "lies outside of the watched screen to 50%" in str(found.obstacle)


def test_a_minimised_window_is_named_and_comes_back(managed: Desk, look) -> None:
    window = managed.open(WINDOW)
    managed.iconify(window)
    managed.wait_until(lambda: [found.hidden for found in look()] == [True])
    assert "minimised" in str(look()[0].obstacle)
    window.map()
    managed.wait_until(lambda: [found.in_sight for found in look()] == [True])


def test_a_window_on_another_workspace_is_hidden(managed: Desk, look) -> None:
    window = managed.open(WINDOW)
    current = managed.root.get_full_property(managed.display.get_atom("_NET_CURRENT_DESKTOP"), Xatom.CARDINAL)
    assert current is not None
    managed.set_numbers(window, "_NET_WM_DESKTOP", Xatom.CARDINAL, [current.value[0] + 1])
    assert [found.hidden for found in look()] == [True]


def test_a_closed_window_is_gone(desk: Desk, look) -> None:
    window = desk.open(WINDOW)
    assert len(look()) == 1
    desk.close_window(window)
    desk.wait_until(lambda: look() == [])


def test_a_window_that_its_program_has_withdrawn_is_not_minimised(bare: Desk, look) -> None:
    window = bare.open(WINDOW)
    window.unmap()
    bare.set_numbers(window, "WM_STATE", bare.display.get_atom("WM_STATE"), [Xutil.WithdrawnState, X.NONE])
    assert look() == []


def test_a_manager_that_frames_windows_but_keeps_no_list_is_understood(bare: Desk, look) -> None:
    frame = bare.open(Box(200, 120, 1000, 750), wm_class="frame", title="")
    client = bare.open(Box(0, 30, 800, 630), parent=frame)
    bare.set_numbers(client, "WM_STATE", bare.display.get_atom("WM_STATE"), [Xutil.NormalState, X.NONE])
    assert [(found.handle, found.box, found.covered) for found in look()] == [(client.id, WINDOW, 0.0)]


def test_shadows_that_programs_draw_hide_nothing(bare: Desk, look) -> None:
    bare.open(WINDOW)
    cover = bare.open(Box(950, 100, 1400, 800), wm_class="editor")
    bare.set_numbers(cover, "_GTK_FRAME_EXTENTS", Xatom.CARDINAL, [50, 50, 20, 60])
    assert [found.covered for found in look()] == [0.0]


def test_a_screen_saver_is_named(bare: Desk) -> None:
    desktop = X11Desktop()
    assert desktop.obstacle() is None
    bare.display.force_screen_saver(X.ScreenSaverActive)
    bare.display.sync()
    assert "unlock it" in str(desktop.obstacle())
    bare.display.force_screen_saver(X.ScreenSaverReset)
    bare.display.sync()
    assert desktop.obstacle() is None
    desktop.close()


def test_a_display_that_does_not_answer_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DisplayConnectionError(":4242", "connection refused")

    monkeypatch.setattr(x11, "Display", refuse)
    with pytest.raises(CaptureError, match="does not answer") as caught:
        X11Desktop()
    assert "\n" not in str(caught.value)


# --- what the screen source makes of it


def colours(source: ScreenSource) -> set[int]:
    """Every colour in the next grab, as 0xRRGGBB."""
    pixels = source.grab().image.reshape(-1, 3).astype(int)
    return set((pixels[:, 2] << 16 | pixels[:, 1] << 8 | pixels[:, 0]).tolist())


def test_the_source_grabs_the_window_and_nothing_else(desk: Desk, open_screen, clock: Steady) -> None:
    window = desk.open(WINDOW, colour=BLUE)
    source = open_screen()
    assert colours(source) == {BLUE}
    for place in (Box(900, 300, 1700, 900), Box(40, 60, 1500, 1000)):
        desk.move(window, place)
        clock.now += LOOK_EVERY_S
        assert colours(source) == {BLUE}
        assert source.place.box == place


def test_without_a_window_whole_monitors_are_watched_until_one_opens(desk: Desk, open_screen, clock: Steady) -> None:
    source = open_screen()
    assert source.grab().image.shape == (1080, 1920, 3)
    window = desk.open(WINDOW, colour=BLUE)
    clock.now += LOOK_EVERY_S
    assert colours(source) == {BLUE}
    desk.close_window(window)
    desk.wait_until(lambda: source.look_elsewhere() is None and source.place.window is None)
    assert source.grab().image.shape == (1080, 1920, 3)


def test_the_desktop_is_asked_once_a_second_and_at_once_on_demand(bare: Desk, open_screen, clock: Steady) -> None:
    window = bare.open(WINDOW)
    source = open_screen()
    moved = Box(300, 200, 1100, 800)
    bare.move(window, moved)
    clock.now += LOOK_EVERY_S / 2
    source.grab()
    assert source.place.box == WINDOW
    source.look_elsewhere()
    assert source.place.box == moved  # the window, not the next place: it had moved since the grab


def test_looking_elsewhere_goes_through_the_windows_and_then_the_monitors(bare: Desk, open_screen) -> None:
    bare.open(Box(0, 0, 900, 700), title="Zoom Meeting")
    bare.open(Box(1000, 0, 1600, 500), title="Zoom Meeting")
    source = open_screen()
    seen = []
    for _ in range(4):
        seen.append((source.place.box.width, source.first_choice))
        source.look_elsewhere()
    assert seen == [(900, True), (600, False), (1920, False), (900, True)]


def test_a_gallery_that_was_found_on_a_monitor_is_looked_for_in_the_window_again(
    bare: Desk, open_screen, clock: Steady
) -> None:
    bare.open(WINDOW)
    source = open_screen()
    source.look_elsewhere()
    source.grab()
    assert source.place.window is None
    clock.now += RETURN_AFTER_S
    source.grab()
    assert source.place.box == WINDOW


def test_a_window_that_goes_between_lookup_and_grab_is_no_error(desk: Desk, open_screen) -> None:
    window = desk.open(WINDOW)
    source = open_screen()
    desk.close_window(window)
    assert source.grab().image.shape == (600, 800, 3)  # what was behind it: no gallery, so the next place follows
    desk.wait_until(lambda: source.look_elsewhere() is None and source.place.window is None)


def test_settings_narrow_what_is_read(bare: Desk, open_screen) -> None:
    bare.open(Box(-100, 150, 700, 750))
    assert open_screen().place.box == Box(0, 150, 700, 750)
    assert open_screen(monitor=1).place.box == Box(0, 150, 700, 750)
    assert [place.box for place in open_screen(window="ignore").places] == [SCREEN]
    assert [place.box for place in open_screen(region=[10, 10, 500, 500]).places] == [Box(10, 10, 500, 500)]


def test_what_hides_the_window_is_told(managed: Desk, open_screen, clock: Steady) -> None:
    window = managed.open(WINDOW)
    source = open_screen()
    assert source.obstacle is None
    cover = managed.open(Box(100, 100, 900, 800), wm_class="editor", colour=0xFFFFFF)
    clock.now += LOOK_EVERY_S
    source.grab()
    assert "covered by other windows" in str(source.obstacle)
    managed.close_window(cover)
    managed.iconify(window)
    managed.wait_until(lambda: source.look_elsewhere() is None and "minimised" in str(source.obstacle))
    assert source.place.window is None


def test_a_screen_of_one_colour_is_named(bare: Desk, open_screen, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_screen()
    source.grab()
    assert "one even colour: unlock the screen" in str(source.obstacle)
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")
    assert "Wayland does not let programs read the screen" in str(source.obstacle)
    bare.open(WINDOW)
    source.look_elsewhere()
    source.look_elsewhere()
    source.grab()
    assert source.obstacle is None


class TwoPlaces(Source):
    """A source that looks at a window and a monitor in turn."""

    kind = "screen"
    live = True

    def __init__(self) -> None:
        self.turn = 0
        self.hidden: str | None = None

    @property
    def first_choice(self) -> bool:
        return self.turn % 2 == 0

    @property
    def obstacle(self) -> str | None:
        return self.hidden

    def grab(self) -> Frame:
        return Frame(0, 0.0, np.full((360, 640, 3), self.turn % 2, np.uint8))

    def look_elsewhere(self) -> None:
        self.turn += 1


def test_the_reason_that_is_told_does_not_change_from_place_to_place(monkeypatch: pytest.MonkeyPatch) -> None:
    told = ["This is the speaker view.", "No equal tiles."]
    monkeypatch.setattr(SessionRecorder, "_new_pipeline", lambda self: None)
    monkeypatch.setattr(SessionRecorder, "_look", lambda self, frame: ((), False, told[frame.image[0, 0, 0]]))
    source = TwoPlaces()
    recorder = SessionRecorder(source, Settings(), writer=cast(Writer, None))
    for _ in range(4):
        recorder.take(source.grab(), at=0.0)
        assert recorder.reason == told[0]
    source.hidden = "The window is covered."
    for _ in range(2):
        recorder.take(source.grab(), at=0.0)
        assert recorder.reason == source.hidden


def test_a_monitor_that_is_unplugged_is_no_error(bare: Desk, open_screen, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_screen()
    source.areas = [Box(1920, 0, 3840, 1080)]
    source.places = [Place(source.areas[0])]
    assert source.grab().image.shape == (1080, 1920, 3)


def test_monitors_are_counted_again_while_nothing_is_found(bare: Desk, open_screen, clock: Steady) -> None:
    source = open_screen()
    source.areas = [Box(0, 0, 640, 480)]  # before the projector came
    source.places = [Place(source.areas[0])]
    source.look_elsewhere()
    assert source.place.box == Box(0, 0, 640, 480)
    clock.now += MEASURE_EVERY_S
    source.look_elsewhere()
    assert source.place.box == SCREEN


def test_mirrored_monitors_are_looked_at_once(bare: Desk, open_screen) -> None:
    source = open_screen()
    small = Box(0, 0, 640, 480)
    source.areas = [SCREEN, SCREEN, small]
    seen = []
    for _ in range(4):
        source.look_elsewhere()
        seen.append(source.place.box)
    assert seen == [small, SCREEN, small, SCREEN]


def test_a_display_that_goes_is_an_error_of_the_next_grab(
    bare: Desk, open_screen, clock: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_screen()

    def gone(*_: object) -> None:
        raise ConnectionClosedError("server")

    monkeypatch.setattr(x11.X11Desktop, "_clients_front_first", gone)
    source.look_elsewhere()
    clock.now += LOOK_EVERY_S
    with pytest.raises(CaptureError, match="the display has gone"):
        source.grab()


def test_a_chat_in_sight_does_not_hide_that_the_meeting_is_minimised(managed: Desk, open_screen) -> None:
    window = managed.open(WINDOW)
    managed.open(Box(1200, 100, 1700, 800), title="Chat")
    source = open_screen()
    assert source.obstacle is None
    managed.iconify(window)
    managed.wait_until(lambda: source.look_elsewhere() is None and source.obstacle is not None)
    assert "meeting window is minimised" in str(source.obstacle)


def test_a_small_gallery_on_a_full_desktop_is_found_and_followed(desk: Desk, open_screen, clock: Steady) -> None:
    """The whole path: half the screen is Zoom's, the rest photographs, and the window moves between two grabs."""
    noise = np.random.default_rng(7)
    photos = np.kron(noise.integers(0, 255, (9, 16, 3)), np.ones((60, 60, 1))).astype(np.uint8)
    for corner in ((0, 0), (960, 0), (0, 520), (960, 520)):
        photo = desk.open(Box(corner[0], corner[1] + 20, corner[0] + 950, corner[1] + 520), wm_class="photos")
        desk.paint(photo, photos[:500, :950])
    lesson = Simulator(read_lesson(SMALL_LESSON), 900, 1000)
    truth = [tile.box for tile in lesson.truth_at(2.0).tiles]
    zoom = desk.open(Box(30, 40, 930, 1040), title="Meeting")
    desk.paint(zoom, lesson.frame_at(2.0))
    source, finder = open_screen(), GalleryFinder()
    for place in (Box(30, 40, 930, 1040), Box(1000, 50, 1900, 1050)):
        desk.move(zoom, place)
        clock.now += LOOK_EVERY_S
        frame = source.grab()
        assert (frame.width, frame.height) == (900, 1000)
        tiles = finder.update(frame.image).tiles
        assert len(tiles) == len(truth)
        assert min(tile.box.iou(box) for tile, box in zip(tiles, truth, strict=True)) > 0.9


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    """A configuration with a database and a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = tmp_path / "settings.yaml"
    database = (tmp_path / "class.sqlite").as_posix()
    path.write_text(f"database:\n  url: sqlite:///{database}\ndashboard:\n  port: {port}\n")
    return path


def said_by(settings_file: Path, *words: str) -> str:
    """What a command prints on the private display."""
    environment = {**os.environ, "CLASSMOOD_CONFIG": str(settings_file), "COLUMNS": "400"}
    command = [sys.executable, str(ROOT / "cli.py"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True).stdout


def test_the_commands_say_which_window_they_found_and_what_hides_it(bare: Desk, settings_file: Path) -> None:
    bare.open(WINDOW)
    bare.open(Box(600, 100, 1400, 900), wm_class="editor")
    assert "Zoom meeting window is covered by other windows to 50%: move them aside" in said_by(
        settings_file, "run", "--no-browser", "--seconds", "4"
    )
    report = said_by(settings_file, "doctor")
    assert "the Zoom meeting window, 800x600 at 200,150 on monitor 1, 100%" in report
    assert "covered by other windows to 50%" in report


# --- the covered share by itself


EDGES = st.integers(-4, 14)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(EDGES), draw(EDGES)
    return Box(left, top, left + draw(st.integers(1, 12)), top + draw(st.integers(1, 12)))


@given(others=st.lists(boxes(), max_size=6))
def test_covers_that_lie_over_each_other_count_once(others: list[Box]) -> None:
    pixels = np.zeros((10, 10), bool)
    for other in others:
        if (part := other.clamped(10, 10)) is not None:
            part.of(pixels)[:] = True
    assert covered_share(Box(0, 0, 10, 10), others) == pytest.approx(pixels.mean())
