"""The windows of a Windows desktop, by the documented calls of user32 and dwmapi."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, Structure, byref, c_int, c_void_p, sizeof
from ctypes.wintypes import BOOL, DWORD, HWND, LONG, LPARAM, LPWSTR, POINT, RECT, UINT
from typing import Any

from capture.window.desktop import DesktopWindow, Role
from domain import Box

ROLE_OF_CLASS = {
    "ConfMultiTabContentWndClass": Role.MEETING,
    "ZPContentViewWndClass": Role.MEETING,  # clients before Zoom Workplace
    "ZPFloatVideoWndClass": Role.PANEL,
    "ZPPTMainFrmWndClassEx": Role.HOME,
}
"""Zoom's window classes, which are the same in every language."""
CLIENT_PROGRAMS = {"zoom.exe", "cpthost.exe"}
"""The client and its helper for sharing: other windows of theirs may hold tiles too."""
DWMWA_EXTENDED_FRAME_BOUNDS, DWMWA_CLOAKED = 9, 14
"""Attributes of a window that the compositor knows (dwmapi.h): the frame without its shadow; shown nowhere."""
GWL_EXSTYLE, WS_EX_TRANSPARENT = -20, 0x20
"""Clicks go through such a window (winuser.h): overlays, and the frame that Zoom draws around a shared screen."""
DESKTOP_SWITCHDESKTOP = 0x0100
"""The right to bring a desktop to the front (winuser.h): refused while the secure desktop has it."""
USUAL_DPI = 96
"""Dots per inch that Windows calls 100 %."""
NAME_LENGTH = 256
"""Window classes have at most 256 characters (RegisterClass)."""


class Placement(Structure):
    """WINDOWPLACEMENT of winuser.h: where a window is, and where it will be when it is restored."""

    _fields_ = (
        ("length", UINT),
        ("flags", UINT),
        ("showCmd", UINT),
        ("ptMinPosition", POINT),
        ("ptMaxPosition", POINT),
        ("rcNormalPosition", RECT),
    )


VISIT_WINDOW = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)(BOOL, HWND, LPARAM)
USER32: dict[str, tuple[Any, ...]] = {
    "EnumWindows": (BOOL, VISIT_WINDOW, LPARAM),
    "IsWindowVisible": (BOOL, HWND),
    "IsIconic": (BOOL, HWND),
    "GetClassNameW": (c_int, HWND, LPWSTR, c_int),
    "GetWindowTextW": (c_int, HWND, LPWSTR, c_int),
    "GetWindowThreadProcessId": (DWORD, HWND, POINTER(DWORD)),
    "GetWindowRect": (BOOL, HWND, POINTER(RECT)),
    "GetWindowPlacement": (BOOL, HWND, POINTER(Placement)),
    "GetClientRect": (BOOL, HWND, POINTER(RECT)),
    "ClientToScreen": (BOOL, HWND, POINTER(POINT)),
    "GetWindowLongW": (LONG, HWND, c_int),
    "GetDpiForWindow": (UINT, HWND),
    "OpenInputDesktop": (c_void_p, DWORD, BOOL, DWORD),
    "CloseDesktop": (BOOL, c_void_p),
}
DWMAPI: dict[str, tuple[Any, ...]] = {"DwmGetWindowAttribute": (LONG, HWND, DWORD, c_void_p, DWORD)}
"""The result and the arguments of every call, by its name."""


class WindowsDesktop:
    """The windows of the desktop that has the keyboard.

    ``user32`` and ``dwmapi`` are the libraries; ``program_of`` gives the file name of a process by its number, "" for
    one that may not be asked.
    """

    def __init__(self, user32: Any, dwmapi: Any, program_of: Callable[[int], str]) -> None:
        for library, calls in ((user32, USER32), (dwmapi, DWMAPI)):
            for name, (result, *arguments) in calls.items():
                call = getattr(library, name)
                call.restype, call.argtypes = result, arguments
        self._user32 = user32
        self._dwmapi = dwmapi
        self._program_of = program_of

    @classmethod
    def of_this_machine(cls) -> WindowsDesktop:
        """With the libraries of the system, loaded anew: prototypes set on shared ones would change mss's calls."""
        load = ctypes.WinDLL  # pyright: ignore[reportAttributeAccessIssue]  (it exists on Windows alone)
        return cls(load("user32"), load("dwmapi"), _program_of)

    def windows(self) -> list[DesktopWindow]:
        handles: list[int] = []

        def visit(handle: int | None, _: int) -> bool:
            if handle:
                handles.append(handle)
            return True

        # Windows lists its top-level windows from the front to the back.
        if not self._user32.EnumWindows(VISIT_WINDOW(visit), 0):
            return []
        return [window for handle in handles if (window := self._described(handle)) is not None]

    def obstacle(self) -> str | None:
        desktop = self._user32.OpenInputDesktop(0, False, DESKTOP_SWITCHDESKTOP)
        if not desktop:
            return "The screen is locked, or asks for a password: unlock it and leave Zoom in sight."
        self._user32.CloseDesktop(desktop)
        return None

    def close(self) -> None:
        """There is nothing to give back: no call leaves anything open."""

    def _described(self, handle: int) -> DesktopWindow | None:
        """What the contract says of a window, or None when it is not on the desktop or has just been closed."""
        if not self._user32.IsWindowVisible(handle):
            return None
        if self._user32.GetWindowLongW(handle, GWL_EXSTYLE) & WS_EX_TRANSPARENT:
            return None
        role = self._role(handle)
        minimised = bool(self._user32.IsIconic(handle))
        hidden = minimised or self._cloaked(handle)
        if hidden and role is None:
            return None
        frame = self._restored(handle) if minimised else self._frame(handle)
        content = (None if minimised else self._content(handle)) or frame
        if frame is None or content is None:
            return None
        title = self._text(self._user32.GetWindowTextW, handle) if role is not None else ""
        scale = self._user32.GetDpiForWindow(handle) / USUAL_DPI
        return DesktopWindow(handle, content, frame, title, role, hidden, scale or 1.0)

    def _role(self, handle: int) -> Role | None:
        known = ROLE_OF_CLASS.get(self._text(self._user32.GetClassNameW, handle))
        if known is not None:
            return known
        process = DWORD()
        self._user32.GetWindowThreadProcessId(handle, byref(process))
        return Role.CLIENT if self._program_of(process.value).casefold() in CLIENT_PROGRAMS else None

    def _cloaked(self, handle: int) -> bool:
        """Whether a window is on another virtual desktop, or a suspended app's: visible by its flags, shown nowhere."""
        cloaked = DWORD()
        failed = self._dwmapi.DwmGetWindowAttribute(handle, DWMWA_CLOAKED, byref(cloaked), sizeof(cloaked))
        return not failed and bool(cloaked.value)

    def _frame(self, handle: int) -> Box | None:
        """The frame that is seen; where the compositor does not tell, the one with its invisible borders."""
        rect = RECT()
        if self._dwmapi.DwmGetWindowAttribute(handle, DWMWA_EXTENDED_FRAME_BOUNDS, byref(rect), sizeof(rect)) != 0:
            self._user32.GetWindowRect(handle, byref(rect))
        return _box(rect.left, rect.top, rect.right, rect.bottom)

    def _restored(self, handle: int) -> Box | None:
        """The frame that a minimised window comes back to; its own is a small one far outside of the screen."""
        placement = Placement(length=sizeof(Placement))
        if not self._user32.GetWindowPlacement(handle, byref(placement)):
            return None
        rect = placement.rcNormalPosition
        return _box(rect.left, rect.top, rect.right, rect.bottom)

    def _content(self, handle: int) -> Box | None:
        rect, corner = RECT(), POINT(0, 0)
        if not self._user32.GetClientRect(handle, byref(rect)):
            return None
        if not self._user32.ClientToScreen(handle, byref(corner)):
            return None
        return _box(corner.x, corner.y, corner.x + rect.right, corner.y + rect.bottom)

    def _text(self, call: Any, handle: int) -> str:
        text = ctypes.create_unicode_buffer(NAME_LENGTH + 1)
        return text.value if call(handle, text, len(text)) else ""


def _box(left: int, top: int, right: int, bottom: int) -> Box | None:
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def _program_of(process: int) -> str:
    import psutil

    try:
        return psutil.Process(process).name()
    except psutil.Error:
        return ""
