"""Which windows of the Zoom client may show a gallery, best first, and what hides them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from capture.window.desktop import Desktop, DesktopWindow, Role
from domain import Box

MIN_WIDTH, MIN_HEIGHT = 140, 80
"""The narrowest strip of the floating panel, and the lowest: one tile of about 144x81 across."""
MIN_AREA = 2 * MIN_WIDTH * MIN_HEIGHT
"""A gallery has two tiles or more."""
NAMED_SHARE = 0.15
"""Share of a window that must be hidden before it is given as the reason for seeing no gallery: a row of a page of
49 is a seventh; less hides a few tiles, and the tiles say so themselves."""
LOST_SHARE = 0.95
"""A window hidden to this share is not grabbed: the picture would show what lies over it."""
LOOK_EVERY_S = 1.0
"""How often the desktop is asked; windows are moved by hand, and asking costs milliseconds."""

WHAT = {
    Role.MEETING: "the Zoom meeting window",
    Role.PANEL: "Zoom's floating panel",
    Role.CLIENT: "a Zoom window",
    Role.HOME: "Zoom's home window",
}


@dataclass(frozen=True, slots=True)
class ZoomWindow:
    """A window of the Zoom client that is large enough for tiles.

    ``box`` is the part of its content on the screen (its whole content where nothing is); ``covered`` and ``outside``
    are shares of the whole content, 0 to 1, under other windows and off the screen.
    """

    handle: int
    role: Role
    box: Box
    covered: float
    outside: float
    hidden: bool
    scale: float

    @property
    def in_sight(self) -> bool:
        """Whether a grab of its box would show it."""
        return not self.hidden and self.covered + self.outside < LOST_SHARE

    @property
    def obstacle(self) -> str | None:
        """What hides it and how to end that, in one sentence; None when it is in sight as good as whole."""
        what = WHAT[self.role][0].upper() + WHAT[self.role][1:]
        if self.hidden:
            return f"{what} is minimised or on another workspace: bring it back and leave it uncovered."
        if self.covered >= max(NAMED_SHARE, self.outside):
            return (
                f"{what} is covered by other windows to {self.covered:.0%}: move them aside, or move it to the front."
            )
        if self.outside >= NAMED_SHARE:
            return f"{what} lies outside of the watched screen to {self.outside:.0%}: move it there."
        return None

    def in_words(self, monitors: Sequence[Box], pixels_per_unit: float = 1.0) -> str:
        """What and where it is, for a person; ``pixels_per_unit`` are those of a grab: 2 on a Retina screen."""
        shared = [part.area if (part := self.box.overlap(monitor)) else 0 for monitor in monitors]
        monitor = f" on monitor {shared.index(max(shared)) + 1}" if any(shared) else ""
        box = self.box
        where = f"{box.width}x{box.height} at {box.left},{box.top}{monitor}"
        return f"{WHAT[self.role]}, {where}, {self.scale * pixels_per_unit:.0%}"


class ZoomWindows:
    """The Zoom client's windows on a desktop, looked up at most once a second; best first in ``found``.

    ``steady`` is a monotonic clock in seconds. Without ``follow`` no window is looked for. ``blind`` says in one
    sentence why nothing on the desktop can be seen, and how to end that; None when nothing is known against it.
    """

    def __init__(self, desktop: Desktop, steady: Callable[[], float], follow: bool = True) -> None:
        self._desktop = desktop
        self._steady = steady
        self._follow = follow
        self._due_at = -math.inf
        self.blind: str | None = None
        self.found: list[ZoomWindow] = []

    def look(self, screen: Box, at_once: bool = False) -> None:
        """Look the windows up on a screen when it is time, or at once; raises CaptureError when the desktop is gone."""
        now = self._steady()
        if now < self._due_at and not at_once:
            return
        self._due_at = now + LOOK_EVERY_S
        self.blind = self._desktop.obstacle()
        if self._follow:
            self.found = zoom_windows(self._desktop.windows(), screen)

    @property
    def obstacle(self) -> str | None:
        """What hides the meeting's windows, in one sentence; None when one is in sight or there is none."""
        meetings = [window for window in self.found if window.role in (Role.MEETING, Role.PANEL)]
        likely = meetings or [window for window in self.found if window.role is Role.CLIENT]
        hindered = [window.obstacle for window in likely]
        return hindered[0] if hindered and all(hindered) else None

    def close(self) -> None:
        """Give back the desktop."""
        self._desktop.close()


def zoom_windows(windows: Sequence[DesktopWindow], screen: Box) -> list[ZoomWindow]:
    """The windows of the client that may show a gallery, of all windows front first: by role, visible before hidden,
    large before small."""
    found = []
    for depth, window in enumerate(windows):
        if window.role is not None and _holds_tiles(window.content):
            above = [] if window.hidden else [other.frame for other in windows[:depth] if not other.hidden]
            found.append(_on_screen(window, window.role, above, screen))
    return sorted(found, key=lambda window: (window.role, not window.in_sight, -window.box.area))


def covered_share(box: Box, others: Sequence[Box]) -> float:
    """Share of a box that lies under any of the others, 0 to 1: exact, on the grid that all their edges draw."""
    parts = [part for other in others if (part := box.overlap(other))]
    if not parts:
        return 0.0
    xs = np.unique([box.left, box.right, *(x for part in parts for x in (part.left, part.right))])
    ys = np.unique([box.top, box.bottom, *(y for part in parts for y in (part.top, part.bottom))])
    under = np.zeros((len(ys) - 1, len(xs) - 1), bool)
    for part in parts:
        rows, columns = np.searchsorted(ys, (part.top, part.bottom)), np.searchsorted(xs, (part.left, part.right))
        under[slice(*rows), slice(*columns)] = True
    return float((under * np.outer(np.diff(ys), np.diff(xs))).sum() / box.area)


def _holds_tiles(content: Box) -> bool:
    return content.width >= MIN_WIDTH and content.height >= MIN_HEIGHT and content.area >= MIN_AREA


def _on_screen(window: DesktopWindow, role: Role, above: Sequence[Box], screen: Box) -> ZoomWindow:
    box = window.content.overlap(screen)
    on_screen = box.area / window.content.area if box else 0.0
    return ZoomWindow(
        window.handle,
        role,
        box or window.content,
        covered=covered_share(box, above) * on_screen if box else 0.0,
        outside=1.0 - on_screen,
        hidden=window.hidden,
        scale=window.scale,
    )
