"""The windows of a macOS desktop, by the documented calls of Core Graphics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from capture.window.desktop import DesktopWindow, Role, role_by_title
from domain import Box

OWNER = "zoom.us"
"""The program's name in every language."""
NORMAL_LAYER = 0
DOCK_LAYER = 20
"""Layers (kCGDockWindowLevel) from which the system's own surfaces lie over everything: the Dock's is as large as the
screen, and transparent."""
LOCKED_KEY = "CGSSessionScreenIsLocked"
"""Set in the session's dictionary while the screen is locked; not in the documentation, and merely absent otherwise."""


class MacDesktop:
    """The windows of the session. ``quartz`` is pyobjc's module Quartz.

    Core Graphics tells rectangles in points from the upper left corner of the main display, and so does mss; the title
    bar belongs to them. Titles are only told to a program that may record the screen.
    """

    def __init__(self, quartz: Any) -> None:
        self._quartz = quartz

    @classmethod
    def of_this_machine(cls) -> MacDesktop:
        """With the system's own calls."""
        import Quartz  # pyright: ignore[reportMissingImports]  (it exists on macOS alone)

        return cls(Quartz)

    def windows(self) -> list[DesktopWindow]:
        shown = [
            self._described(entry, hidden=False) for entry in self._list(self._quartz.kCGWindowListOptionOnScreenOnly)
        ]
        found = [window for window in shown if window is not None]
        if not any(window.role in (Role.MEETING, Role.PANEL, Role.CLIENT) for window in found):
            found += self._put_away()
        return found

    def obstacle(self) -> str | None:
        if not self._quartz.CGPreflightScreenCaptureAccess():
            return (
                "macOS shows this program the wallpaper alone: allow the terminal under System Settings, "
                "Privacy & Security, Screen Recording, then start again."
            )
        session = self._quartz.CGSessionCopyCurrentDictionary()
        if session is None or session.get(LOCKED_KEY) or not session.get(self._quartz.kCGSessionOnConsoleKey, True):
            return "The screen is locked or shows another person's session: unlock it and leave Zoom in sight."
        return None

    def close(self) -> None:
        """There is nothing to give back: no call leaves anything open."""

    def _list(self, which: int) -> list[Mapping[str, Any]]:
        """Entries of the list of windows; Core Graphics gives none at all outside of a desktop session."""
        return list(self._quartz.CGWindowListCopyWindowInfo(which, self._quartz.kCGNullWindowID) or ())

    def _put_away(self) -> list[DesktopWindow]:
        """Zoom's windows that are minimised or in another space. A closed window stays in the list without a title."""
        entries = self._list(self._quartz.kCGWindowListOptionAll)
        away = [entry for entry in entries if not entry.get(self._quartz.kCGWindowIsOnscreen) and self._title(entry)]
        found = [self._described(entry, hidden=True) for entry in away]
        return [window for window in found if window is not None and window.role is not None]

    def _described(self, entry: Mapping[str, Any], hidden: bool) -> DesktopWindow | None:
        """What the contract says of a window, or None for the system's own surfaces and what is not to be seen."""
        quartz = self._quartz
        zoom = entry.get(quartz.kCGWindowOwnerName) == OWNER
        layer = entry.get(quartz.kCGWindowLayer, NORMAL_LAYER)
        bounds = entry.get(quartz.kCGWindowBounds)
        if not bounds or not NORMAL_LAYER <= layer < DOCK_LAYER or not entry.get(quartz.kCGWindowAlpha, 1.0):
            return None
        left, top = round(bounds["X"]), round(bounds["Y"])
        width, height = round(bounds["Width"]), round(bounds["Height"])
        if width <= 0 or height <= 0:
            return None
        box, title = Box(left, top, left + width, top + height), self._title(entry) if zoom else ""
        return DesktopWindow(
            entry[quartz.kCGWindowNumber], box, box, title, _role(title, layer) if zoom else None, hidden
        )

    def _title(self, entry: Mapping[str, Any]) -> str:
        return str(entry.get(self._quartz.kCGWindowName) or "").strip()


def _role(title: str, layer: int) -> Role:
    """The floating panel keeps itself above other windows; everything else goes by its title."""
    return Role.PANEL if layer > NORMAL_LAYER else role_by_title(title)
