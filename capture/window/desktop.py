"""The contract of the three window systems: which windows there are, front first, and whether anything can be seen."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from domain import Box

MEETING_WORDS = ("meeting", "webinar")
"""Words of Zoom's titles in English. They only rank the client's windows: other languages and own topics exist."""
HOME_TITLES = {"zoom", "zoom workplace", "zoom cloud meetings"}
HOME_PREFIX = "zoom - "
"""Titles of the client's home window, the last with the kind of account behind it; the brand is not translated."""


class Role(IntEnum):
    """What a window of the Zoom client is for, the likeliest place of a gallery first."""

    MEETING = 0
    PANEL = 1
    """The floating panel that stands for the meeting while a screen is shared."""
    CLIENT = 2
    """Another window of the client: a meeting whose title we do not know, a second monitor's window, a chat."""
    HOME = 3


@dataclass(frozen=True, slots=True)
class DesktopWindow:
    """One top-level window as its system lists it, in the coordinates that the screen grabber uses.

    ``content`` is what the program draws into, ``frame`` also holds the title bar and borders: all that hides what is
    behind it. ``role`` is None for windows of other programs. ``hidden`` windows are minimised or on another workspace.
    ``scale`` is how large the system draws, 1.0 for 100 %.
    """

    handle: int
    content: Box
    frame: Box
    title: str = ""
    role: Role | None = None
    hidden: bool = False
    scale: float = 1.0


class Desktop(Protocol):
    """A window system. A system that cannot answer lists no windows: whole monitors are watched then."""

    def windows(self) -> list[DesktopWindow]:
        """Zoom's windows, hidden ones too, and at least those that lie in front of one of them: front first.

        Raises CaptureError when the system has gone.
        """
        ...

    def obstacle(self) -> str | None:
        """Why no window at all can be seen now, and how to end that, in one sentence; None where nothing is known."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


def open_desktop() -> Desktop:
    """The window system of this machine; raises CaptureError when it does not answer.

    Must come after the screen grabber: on Windows that makes the process aware of scaled screens, and rectangles are
    other ones before.
    """
    if sys.platform == "win32":
        from capture.window.win32 import WindowsDesktop

        return WindowsDesktop.of_this_machine()
    if sys.platform == "darwin":
        from capture.window.macos import MacDesktop

        return MacDesktop.of_this_machine()
    from capture.window.x11 import X11Desktop

    return X11Desktop()


def role_by_title(title: str) -> Role:
    """The role of a window of the client whose class does not tell, by its title."""
    known = title.strip().casefold()
    if known in HOME_TITLES or known.startswith(HOME_PREFIX):
        return Role.HOME
    return Role.MEETING if any(word in known for word in MEETING_WORDS) else Role.CLIENT
