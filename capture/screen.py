"""The teacher's own screen, through mss."""

from __future__ import annotations

import os
import sys
from typing import ClassVar

import cv2
import mss
import numpy as np
from mss.exception import ScreenShotError

from capture.source import Clock, Source
from config import CaptureSettings
from domain import Box, CaptureError, Frame


class ScreenSource(Source):
    """Grabs one monitor, or the configured region, and moves on to the next monitor when asked to look elsewhere.

    One grabber serves the whole session: a new one per grab leaks handles. Raises CaptureError when there is no screen,
    the monitor does not exist or the region lies outside of every screen.
    """

    kind: ClassVar[str] = "screen"
    live: ClassVar[bool] = True

    def __init__(self, settings: CaptureSettings, clock: Clock) -> None:
        self._clock = clock
        self._index = 0
        # The grabber comes first: on Windows it makes the process aware of scaled screens; rectangles change with it.
        self._grabber = _open_grabber()
        self.areas = areas_of(self._grabber.monitors, settings)
        self._current = 0

    @property
    def area(self) -> Box:
        """The part of the virtual screen that is read now, in its pixels; left and top may be negative."""
        return self.areas[self._current]

    def grab(self) -> Frame:
        left, top, right, bottom = self.area
        try:
            shot = self._grabber.grab((left, top, right, bottom))
        except ScreenShotError as error:
            raise CaptureError(f"the screen cannot be read ({error}); {_advice()}") from None
        # On a Retina screen the picture has more pixels than the rectangle that was asked for.
        pixels = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        frame = Frame(self._index, self._clock(), cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR))
        self._index += 1
        return frame

    def look_elsewhere(self) -> None:
        self._current = (self._current + 1) % len(self.areas)

    def close(self) -> None:
        self._grabber.close()


def monitors_and_scales(settings: CaptureSettings) -> list[tuple[Box, float]]:
    """Every watched area and how many pixels a grab has for one of its own: 1, or 2 on a Retina screen."""
    with ScreenSource(settings, clock=lambda: 0.0) as source:
        found = []
        for area in source.areas:
            found.append((area, source.grab().width / area.width))
            source.look_elsewhere()
        return found


def areas_of(monitors: list[dict], settings: CaptureSettings) -> list[Box]:
    """The rectangles to watch: the region, one monitor, or all monitors in turn.

    ``monitors`` is mss's list: all screens together first, then each one. Raises CaptureError when nothing is left.
    """
    boxes = [Box(m["left"], m["top"], m["left"] + m["width"], m["top"] + m["height"]) for m in monitors]
    everything, screens = boxes[0], boxes[1:] or boxes[:1]
    if settings.region:
        asked = Box(*settings.region)
        inside = asked.moved(-everything.left, -everything.top).clamped(everything.width, everything.height)
        if inside is None:
            raise CaptureError(
                f"capture.region {list(asked)} lies outside of the screen {list(everything)}; choose a region inside it"
            )
        return [inside.moved(everything.left, everything.top)]
    if settings.monitor > len(screens):
        raise CaptureError(
            f"expected capture.monitor from 0 to {len(screens)}, found {settings.monitor}; 0 looks at all monitors"
        )
    return [screens[settings.monitor - 1]] if settings.monitor else screens


def _open_grabber() -> mss.MSS:
    try:
        grabber = mss.MSS()
        if not grabber.monitors:
            raise CaptureError(f"no monitor was found; {_advice()}")
        return grabber
    except ScreenShotError as error:
        raise CaptureError(f"the screen cannot be opened ({error}); {_advice()}") from None


def _advice() -> str:
    """What to do where grabbing fails, by system."""
    if sys.platform == "darwin":
        return "allow it under System Settings, Privacy & Security, Screen Recording, then start again"
    if sys.platform == "win32":
        return "unlock the screen; a remote desktop must stay open"
    if os.environ.get("WAYLAND_DISPLAY"):
        return "Wayland does not let programs read the screen: log in to an X11 (Xorg) session, or replay a recording"
    return "start it from a desktop session (DISPLAY must be set), or replay a recording"
