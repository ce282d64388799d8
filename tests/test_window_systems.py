"""Zoom's window on Windows and macOS, through fakes of the documented system calls."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import wintypes
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from mss import darwin

from capture import screen
from capture.screen import ScreenSource, monitors_and_scales
from capture.window import Role
from capture.window.macos import MacDesktop
from capture.window.win32 import (
    DWMAPI,
    DWMWA_CLOAKED,
    DWMWA_EXTENDED_FRAME_BOUNDS,
    USER32,
    WS_EX_TRANSPARENT,
    WindowsDesktop,
)
from capture.window.zoom import ZoomWindows, zoom_windows
from config import CaptureSettings
from domain import Box

E_FAIL = -0x7FFFBFFB
"""A COM call that failed without saying why (winerror.h)."""

# --- Windows


@dataclass
class Hwnd:
    """A window as Windows keeps it: places in physical pixels of the virtual screen."""

    class_name: str
    frame: tuple[int, int, int, int]
    title: str = ""
    client: tuple[int, int, int, int] | None = None
    process: int = 1
    visible: bool = True
    iconic: bool = False
    cloaked: int = 0
    style: int = 0
    dpi: int = 96
    composed: bool = True


class FakeWindows:
    """user32 and dwmapi: real C functions made from the prototypes, so that arguments travel as they do on Windows."""

    def __init__(self, *stack: Hwnd, locked: bool = False, listing_fails: bool = False) -> None:
        self.windows = {0x10000 + 2 * n: window for n, window in enumerate(stack)}
        self.locked = locked
        self.listing_fails = listing_fails
        self.closed_desktops = 0
        for name, prototype in (USER32 | DWMAPI).items():
            # A text to be written would arrive as a copy; its address is what the real call gets.
            kinds = [ctypes.c_void_p if kind is wintypes.LPWSTR else kind for kind in prototype]
            setattr(self, name, ctypes.CFUNCTYPE(*kinds)(getattr(self, f"_{name}")))

    def _EnumWindows(self, visit: Callable[[int, int], int], parameter: int) -> bool:
        if self.listing_fails:
            return False
        return all(visit(handle, parameter) for handle in list(self.windows))

    def _IsWindowVisible(self, handle: int) -> bool:
        return handle in self.windows and self.windows[handle].visible

    def _IsIconic(self, handle: int) -> bool:
        return self.windows[handle].iconic

    def _GetClassNameW(self, handle: int, text: int, room: int) -> int:
        return self._write(self.windows[handle].class_name, text, room)

    def _GetWindowTextW(self, handle: int, text: int, room: int) -> int:
        return self._write(self.windows[handle].title, text, room)

    def _GetWindowThreadProcessId(self, handle: int, process: Any) -> int:
        process[0] = self.windows[handle].process
        return 77

    def _GetWindowPlacement(self, handle: int, placement: Any) -> bool:
        if placement[0].length != ctypes.sizeof(placement[0]):
            return False
        restored = placement[0].rcNormalPosition
        restored.left, restored.top, restored.right, restored.bottom = self.windows[handle].frame
        return True

    def _GetWindowRect(self, handle: int, rect: Any) -> bool:
        left, top, right, bottom = self._seen_frame(handle)
        # With the invisible borders by which windows are taken hold of.
        rect[0].left, rect[0].top, rect[0].right, rect[0].bottom = left - 7, top, right + 7, bottom + 7
        return True

    def _GetClientRect(self, handle: int, rect: Any) -> bool:
        window = self.windows[handle]
        client = (0, 0, 0, 0) if window.iconic else window.client
        if client is None:
            return False
        rect[0].left, rect[0].top = 0, 0
        rect[0].right, rect[0].bottom = client[2] - client[0], client[3] - client[1]
        return True

    def _ClientToScreen(self, handle: int, point: Any) -> bool:
        client = self.windows[handle].client
        assert client
        point[0].x += client[0]
        point[0].y += client[1]
        return True

    def _GetWindowLongW(self, handle: int, index: int) -> int:
        return self.windows[handle].style

    def _GetDpiForWindow(self, handle: int) -> int:
        return self.windows[handle].dpi

    def _OpenInputDesktop(self, flags: int, inherit: int, access: int) -> int | None:
        return None if self.locked else 0x55

    def _CloseDesktop(self, desktop: int) -> bool:
        self.closed_desktops += 1
        return True

    def _DwmGetWindowAttribute(self, handle: int, attribute: int, value: int, size: int) -> int:
        window = self.windows[handle]
        if not window.composed:
            return E_FAIL
        if attribute == DWMWA_CLOAKED:
            ctypes.cast(value, ctypes.POINTER(wintypes.DWORD))[0] = window.cloaked
        elif attribute == DWMWA_EXTENDED_FRAME_BOUNDS:
            rect = ctypes.cast(value, ctypes.POINTER(wintypes.RECT))[0]
            rect.left, rect.top, rect.right, rect.bottom = self._seen_frame(handle)
        return 0

    def _seen_frame(self, handle: int) -> tuple[int, int, int, int]:
        """A minimised window is a small one far outside of the screen."""
        window = self.windows[handle]
        return (-32000, -32000, -31840, -31972) if window.iconic else window.frame

    def _write(self, words: str, text: int, room: int) -> int:
        shortened = words[: room - 1]
        buffer = ctypes.cast(text, ctypes.POINTER(ctypes.c_wchar))
        for place, letter in enumerate(f"{shortened}\0"):
            buffer[place] = letter
        return len(shortened)


EXPLORER, ZOOM_EXE, SLIDES = 11, 22, 33
PROGRAMS = {EXPLORER: "explorer.exe", ZOOM_EXE: "Zoom.exe", SLIDES: "POWERPNT.EXE"}
VIRTUAL_SCREEN = Box(-2560, -360, 1920, 1080)
"""A screen of 1920x1080 with one of 2560x1440 at its left."""


def meeting(left: int = 100, top: int = 80, width: int = 1200, height: int = 800, **changes: Any) -> Hwnd:
    """A meeting window with a title bar of 32 pixels."""
    frame = (left, top, left + width, top + height)
    return Hwnd(
        **{
            "class_name": "ConfMultiTabContentWndClass",
            "title": "Zoom Meeting",
            "frame": frame,
            "client": (left + 1, top + 32, left + width - 1, top + height - 1),
            "process": ZOOM_EXE,
            **changes,
        }
    )


def desktop_of(fake: FakeWindows) -> WindowsDesktop:
    return WindowsDesktop(fake, fake, lambda process: PROGRAMS.get(process, ""))


def found_on(*stack: Hwnd) -> list:
    return zoom_windows(desktop_of(FakeWindows(*stack)).windows(), VIRTUAL_SCREEN)


def test_windows_finds_the_meeting_by_its_class_in_any_language() -> None:
    for title in ("Zoom Meeting", "Zoom ミーティング", "Réunion Zoom", ""):
        (found,) = found_on(meeting(title=title), Hwnd("Progman", (0, 0, 1920, 1080), process=EXPLORER))
        assert (found.role, found.box) == (Role.MEETING, Box(101, 112, 1299, 879))
    assert (
        found_on(Hwnd("Chrome_WidgetWin_1", (0, 0, 900, 900), "Zoom Meeting", (0, 0, 900, 900), process=EXPLORER)) == []
    )


def test_windows_knows_old_clients_the_panel_and_other_windows_of_the_program() -> None:
    found = found_on(
        meeting(class_name="ZPPTMainFrmWndClassEx", title="Zoom Workplace"),
        meeting(class_name="SomethingNew", width=1800),
        meeting(class_name="ZPFloatVideoWndClass", width=300, height=400),
        meeting(class_name="ZPContentViewWndClass"),
    )
    assert [window.role for window in found] == [Role.MEETING, Role.PANEL, Role.CLIENT, Role.HOME]


def test_windows_left_of_the_main_screen_have_negative_coordinates_and_their_own_scale() -> None:
    (found,) = found_on(meeting(left=-2500, top=-300, width=2000, height=1300, dpi=144))
    assert (found.box, found.scale) == (Box(-2499, -268, -501, 999), 1.5)
    assert found.outside == 0.0
    monitors = [Box(0, 0, 1920, 1080), Box(-2560, -360, 0, 1080)]
    assert found.in_words(monitors) == "the Zoom meeting window, 1998x1267 at -2499,-268 on monitor 2, 150%"


def test_windows_tells_what_lies_over_the_meeting() -> None:
    slides = Hwnd("PPTFrameClass", (101, 112, 700, 879), client=(101, 112, 700, 879), process=SLIDES)
    (found,) = found_on(slides, meeting())
    assert found.covered == pytest.approx(0.5, abs=0.001)
    assert found_on(meeting(), slides)[0].covered == 0.0


@pytest.mark.parametrize(
    "change",
    [{"visible": False}, {"iconic": True}, {"cloaked": 2}, {"style": WS_EX_TRANSPARENT}],
    ids=["invisible", "minimised", "on another desktop", "clicks go through"],
)
def test_windows_that_are_not_seen_cover_nothing(change: dict[str, Any]) -> None:
    ghost = Hwnd("Overlay", (0, 0, 1920, 1080), client=(0, 0, 1920, 1080), process=SLIDES, **change)
    assert found_on(ghost, meeting())[0].covered == 0.0


@pytest.mark.parametrize("change", [{"iconic": True}, {"cloaked": 2}])
def test_windows_names_a_meeting_that_was_put_away(change: dict[str, Any]) -> None:
    (found,) = found_on(meeting(**change))
    assert not found.in_sight
    assert found.box.width > 1000
    assert "minimised or on another workspace" in str(found.obstacle)


def test_windows_without_a_compositor_uses_the_plain_frame() -> None:
    cover = Hwnd("Notepad", (100, 80, 1300, 480), client=None, process=EXPLORER, composed=False)
    (found,) = found_on(cover, meeting())
    assert found.covered == pytest.approx((487 - 112) / (879 - 112), abs=0.001)


def test_windows_that_cannot_list_its_windows_lists_none() -> None:
    assert desktop_of(FakeWindows(meeting(), listing_fails=True)).windows() == []


def test_windows_says_that_the_screen_is_locked() -> None:
    fake = FakeWindows(meeting(), locked=True)
    windows = ZoomWindows(desktop_of(fake), lambda: 0.0)
    windows.look(VIRTUAL_SCREEN)
    assert "unlock it" in str(windows.blind)
    fake.locked = False
    windows.look(VIRTUAL_SCREEN, at_once=True)
    assert windows.blind is None
    assert fake.closed_desktops == 1


def test_a_window_that_closes_while_it_is_asked_about_is_left_out() -> None:
    fake = FakeWindows(meeting(), meeting(client=None, frame=(0, 0, 0, 0)))
    assert len(desktop_of(fake).windows()) == 1


# --- macOS


class FakeQuartz:
    """The part of pyobjc's Quartz that is called; keys and option values as Core Graphics has them."""

    kCGWindowListOptionAll, kCGWindowListOptionOnScreenOnly, kCGNullWindowID = 0, 1, 0
    kCGWindowNumber, kCGWindowOwnerName, kCGWindowName = "kCGWindowNumber", "kCGWindowOwnerName", "kCGWindowName"
    kCGWindowLayer, kCGWindowBounds, kCGWindowAlpha = "kCGWindowLayer", "kCGWindowBounds", "kCGWindowAlpha"
    kCGWindowIsOnscreen, kCGSessionOnConsoleKey = "kCGWindowIsOnscreen", "kCGSSessionOnConsoleKey"

    def __init__(self, *windows: dict[str, Any], allowed: bool = True, session: dict[str, Any] | None = None) -> None:
        self.all = windows
        self.allowed = allowed
        self.session: dict[str, Any] | None = {"kCGSSessionOnConsoleKey": True} if session is None else session

    def CGWindowListCopyWindowInfo(self, option: int, relative_to: int) -> list[dict[str, Any]] | None:
        if self.session is None:
            return None
        entries = [
            entry for entry in self.all if option == self.kCGWindowListOptionAll or "kCGWindowIsOnscreen" in entry
        ]
        if self.allowed:
            return entries
        return [{key: value for key, value in entry.items() if key != "kCGWindowName"} for entry in entries]

    def CGPreflightScreenCaptureAccess(self) -> bool:
        return self.allowed

    def CGSessionCopyCurrentDictionary(self) -> dict[str, Any] | None:
        return self.session


def entry(
    number: int,
    owner: str,
    bounds: tuple[float, float, float, float],
    title: str | None = None,
    layer: int = 0,
    alpha: float = 1.0,
    on_screen: bool = True,
) -> dict[str, Any]:
    """A window as Core Graphics tells it: x, y, width and height in points; what is not known has no key."""
    found: dict[str, Any] = {
        "kCGWindowNumber": number,
        "kCGWindowOwnerName": owner,
        "kCGWindowLayer": layer,
        "kCGWindowAlpha": alpha,
        "kCGWindowBounds": dict(zip(("X", "Y", "Width", "Height"), bounds, strict=True)),
    }
    if title is not None:
        found["kCGWindowName"] = title
    if on_screen:
        found["kCGWindowIsOnscreen"] = True
    return found


MAC_SCREEN = Box(-1920, 0, 1512, 1080)
"""A built-in Retina screen of 1512x982 points with another at its left."""
DOCK = entry(2, "Dock", (0, 0, 1512, 982), layer=20)
MENU_BAR = entry(3, "Window Server", (0, 0, 1512, 37), layer=24)
ZOOM = entry(4, "zoom.us", (100.0, 100.0, 1000.0, 700.0), "Zoom Meeting")


def found_on_mac(*windows: dict[str, Any], **session: Any) -> list:
    return zoom_windows(MacDesktop(FakeQuartz(*windows, **session)).windows(), MAC_SCREEN)


def test_macos_finds_the_meeting_under_the_systems_own_surfaces() -> None:
    (found,) = found_on_mac(MENU_BAR, DOCK, ZOOM, entry(9, "Finder", (0, 0, 1512, 982)))
    assert (found.handle, found.role, found.box) == (4, Role.MEETING, Box(100, 100, 1100, 800))
    assert found.obstacle is None
    retina = found.in_words([Box(0, 0, 1512, 982)], pixels_per_unit=2.0)
    assert retina == "the Zoom meeting window, 1000x700 at 100,100 on monitor 1, 200%"


def test_macos_goes_by_the_owner_not_by_the_title() -> None:
    safari = entry(5, "Safari", (0, 0, 1400, 900), "Zoom Meeting")
    assert found_on_mac(safari) == []
    (found,) = found_on_mac(entry(4, "zoom.us", (-1800.0, 40.0, 1600.0, 900.0), "Reunión de Zoom"))
    assert (found.role, found.box) == (Role.CLIENT, Box(-1800, 40, -200, 940))


def test_macos_tells_what_lies_over_the_meeting_and_ignores_what_is_transparent() -> None:
    keynote = entry(6, "Keynote", (100, 100, 500, 700))
    glass = entry(7, "Overlay", (0, 0, 1512, 982), alpha=0.0)
    assert [found.covered for found in found_on_mac(glass, keynote, ZOOM)] == [0.5]
    assert [found.covered for found in found_on_mac(glass, ZOOM, keynote)] == [0.0]


def test_macos_ranks_the_floating_panel_while_a_screen_is_shared() -> None:
    panel = entry(8, "zoom.us", (1200, 100, 280, 500), "", layer=3)
    home = entry(10, "zoom.us", (0, 0, 1300, 900), "Zoom Workplace")
    assert [found.role for found in found_on_mac(panel, home)] == [Role.PANEL, Role.HOME]


def test_macos_names_a_meeting_that_was_put_away() -> None:
    closed = entry(11, "zoom.us", (0, 0, 800, 600), on_screen=False)
    away = entry(4, "zoom.us", (100, 100, 1000, 700), "Zoom Meeting", on_screen=False)
    (found,) = found_on_mac(entry(5, "Safari", (0, 0, 1400, 900)), closed, away)
    assert (found.handle, found.hidden, found.in_sight) == (4, True, False)


@pytest.mark.parametrize(
    ("fake", "sentence"),
    [
        (FakeQuartz(ZOOM, allowed=False), "Screen Recording"),
        (FakeQuartz(ZOOM, session={"kCGSSessionOnConsoleKey": True, "CGSSessionScreenIsLocked": True}), "unlock it"),
        (FakeQuartz(ZOOM, session={"kCGSSessionOnConsoleKey": False}), "unlock it"),
    ],
)
def test_macos_says_why_nothing_can_be_seen(fake: FakeQuartz, sentence: str) -> None:
    windows = ZoomWindows(MacDesktop(fake), lambda: 0.0)
    windows.look(MAC_SCREEN)
    assert sentence in str(windows.blind)
    assert "\n" not in str(windows.blind)


def test_macos_without_the_permission_still_finds_the_window_by_its_owner() -> None:
    assert [found.role for found in found_on_mac(ZOOM, allowed=False)] == [Role.CLIENT]


def test_macos_outside_of_a_desktop_session_lists_nothing() -> None:
    fake = FakeQuartz(ZOOM)
    fake.session = None
    desktop = MacDesktop(fake)
    assert desktop.windows() == []
    assert "unlock it" in str(desktop.obstacle())


class RetinaGrabber:
    """mss on a Retina screen whose picture has two pixels for every point, and one colour without the permission."""

    monitors: ClassVar = [{"left": 0, "top": 0, "width": 400, "height": 300}] * 2

    def __init__(self, value: int | None = None) -> None:
        self.value = value

    def grab(self, box: tuple[int, int, int, int]) -> SimpleNamespace:
        width, height = 2 * (box[2] - box[0]), 2 * (box[3] - box[1])
        pixels = np.random.default_rng(1).integers(0, 255, (height, width, 4)).astype(np.uint8)
        if self.value is not None:
            pixels[:] = self.value
        return SimpleNamespace(raw=pixels.tobytes(), width=width, height=height)

    def close(self) -> None: ...


@pytest.fixture
def mac(monkeypatch: pytest.MonkeyPatch) -> FakeQuartz:
    """This machine as a Mac with a Retina screen and a meeting on it."""
    quartz = FakeQuartz(entry(4, "zoom.us", (50, 40, 300, 200), "Zoom Meeting"))
    monkeypatch.setattr(darwin, "IMAGE_OPTIONS", darwin.IMAGE_OPTIONS)
    monkeypatch.setattr(screen.sys, "platform", "darwin")
    monkeypatch.setattr(screen.mss, "MSS", RetinaGrabber)
    monkeypatch.setattr(screen, "open_desktop", lambda: MacDesktop(quartz))
    return quartz


def test_macos_reads_a_retina_screen_with_all_its_pixels(mac: FakeQuartz) -> None:
    assert monitors_and_scales(CaptureSettings()) == [(Box(0, 0, 400, 300), 2.0)]
    assert darwin.IMAGE_OPTIONS == 0
    with ScreenSource(CaptureSettings(), lambda: 0.0) as source:
        frame = source.grab()
        assert (frame.width, frame.height) == (600, 400)
        (found,) = source.windows_in_words(frame)
        assert found == "the Zoom meeting window, 300x200 at 50,40 on monitor 1, 200%"


@pytest.mark.parametrize("settings", [CaptureSettings(), CaptureSettings(region=[0, 0, 200, 200])])
def test_macos_pictures_of_the_wallpaper_alone_are_named(mac: FakeQuartz, settings: CaptureSettings) -> None:
    mac.allowed = False
    with ScreenSource(settings, lambda: 0.0) as source:
        source.grab()
        assert "wallpaper alone: allow the terminal" in str(source.obstacle)


def test_macos_pictures_of_one_colour_point_to_the_permission(mac: FakeQuartz, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen.mss, "MSS", lambda: RetinaGrabber(value=0))
    with ScreenSource(CaptureSettings(window="ignore"), lambda: 0.0) as source:
        source.grab()
        assert "one even colour" in str(source.obstacle)
        assert "Screen Recording" in str(source.obstacle)
