"""The teacher's own screen, through mss."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import cv2
import mss
import numpy as np
from mss.exception import ScreenShotError

from capture.source import Clock, Source
from capture.window import ZoomWindow, ZoomWindows, open_desktop
from config import CaptureSettings
from domain import Box, CaptureError, Frame

RETURN_AFTER_S = 30.0
"""After this time on a whole monitor the Zoom window is looked at again: it is the better place where it shows the
gallery, and where it does not, one frame a half minute is lost."""
MEASURE_EVERY_S = 10.0
"""How often the monitors are counted again while no gallery is found in any place: a projector may have come."""
EVEN_STEP_PX = 8
"""Distance of the points that tell an even picture: a tile is many times larger."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the virtual screen, in its pixels (left and top may be negative), and the Zoom window that is there."""

    box: Box
    window: ZoomWindow | None = None

    @property
    def key(self) -> int | Box:
        """What it is followed by while its box changes."""
        return self.window.handle if self.window else self.box


class ScreenSource(Source):
    """Grabs the Zoom client's window and follows it; where there is none, one monitor after the other.

    ``capture.region`` and ``capture.monitor`` narrow what is read; with a region no window is looked for. One grabber
    serves the whole session: a new one per grab leaks handles. ``steady`` is a monotonic clock in seconds. Raises
    CaptureError when there is no screen, the monitor does not exist or the region lies outside of every screen.
    """

    kind: ClassVar[str] = "screen"
    live: ClassVar[bool] = True

    def __init__(self, settings: CaptureSettings, clock: Clock, steady: Clock = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._steady = steady
        self._index = 0
        self._even_grabs = 0
        # The grabber comes first: on Windows it makes the process aware of scaled screens; rectangles change with it.
        self._grabber = _open_grabber()
        try:
            self._measure_screen()
            self._zoom = ZoomWindows(open_desktop(), steady, settings.window == "follow" and not settings.region)
        except CaptureError:
            self._grabber.close()
            raise
        with suppress(CaptureError):  # the first grab raises it again, where it is expected
            self._look_around()

    @property
    def place(self) -> Place:
        """Where the next grab looks."""
        return self.places[self._current]

    @property
    def first_choice(self) -> bool:
        return self._current == 0

    @property
    def blind(self) -> str | None:
        """Why nothing at all can be seen and how to end that, in one sentence; None when nothing is known."""
        if self._even_grabs >= len(self.places):
            return f"Every grab of the screen is one even colour: {_advice_for_even_colour()}."
        return self._zoom.blind

    @property
    def obstacle(self) -> str | None:
        return self.blind or self._zoom.obstacle

    def windows_in_words(self, frame: Frame | None = None) -> list[str]:
        """Every Zoom window that was found, or the one that a frame has just been grabbed from, for a person."""
        if frame is None:
            return [window.in_words(self.monitors) for window in self._zoom.found]
        place = self.place
        return [place.window.in_words(self.monitors, frame.width / place.box.width)] if place.window else []

    def grab(self) -> Frame:
        self._look_around()
        try:
            frame = self._shot()
        except ScreenShotError:
            self._start_afresh()  # a window has gone or a monitor was unplugged since the last look
            try:
                frame = self._shot()
            except ScreenShotError as error:
                raise CaptureError(f"the screen cannot be read ({error}); {_advice()}") from None
        self._even_grabs = self._even_grabs + 1 if _is_even(frame.image) else 0
        self._index += 1
        return frame

    def look_elsewhere(self) -> None:
        before = self.place
        with suppress(CaptureError):  # the next grab raises it again, where it is expected
            self._look_around(at_once=True)
            if (self.place.key, self.place.box) != (before.key, before.box):
                return  # the window has moved or gone since it was grabbed: the picture said nothing about it
            following = (self._current + 1) % len(self.places)
            if following == 0 and self._steady() - self._measured_at >= MEASURE_EVERY_S:
                self._start_afresh()
            else:
                self._go_to(following)

    def close(self) -> None:
        self._grabber.close()
        self._zoom.close()

    def _shot(self) -> Frame:
        left, top, right, bottom = self.place.box
        shot = self._grabber.grab((left, top, right, bottom))
        # On a Retina screen the picture has more pixels than the rectangle that was asked for.
        pixels = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        return Frame(self._index, self._clock(), cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR))

    def _look_around(self, at_once: bool = False) -> None:
        """Look the windows up when it is time, stay with the place that is watched, and go back to a better one."""
        self._zoom.look(self._screen, at_once)
        before, watched = {place.key for place in self.places}, self.place
        windows = [Place(window.box, window) for window in self._zoom.found if window.in_sight]
        self.places = windows + self._monitor_places()
        keys = [place.key for place in self.places]
        settled = watched.window is None and self._steady() - self._arrived_at >= RETURN_AFTER_S
        if set(keys) != before or (settled and windows):
            self._go_to(0)
        else:
            self._current = keys.index(watched.key)

    def _monitor_places(self) -> list[Place]:
        """The watched areas, those of mirrored monitors once."""
        return [Place(area) for area in dict.fromkeys(self.areas)]

    def _go_to(self, number: int) -> None:
        self._current, self._arrived_at = number, self._steady()

    def _measure_screen(self) -> None:
        """Begin with the monitors, of which the grabber knows those of its start."""
        everything, *self.monitors = _boxes(self._grabber.monitors)
        self.areas = areas_of(self._grabber.monitors, self._settings)
        self._screen = self.areas[0] if self._settings.monitor else everything
        self.places = self._monitor_places()
        self._measured_at = self._steady()
        self._go_to(0)

    def _start_afresh(self) -> None:
        """Open the grabber again, which reads the monitors anew, and look for the windows."""
        fresh = _open_grabber()
        self._grabber.close()
        self._grabber = fresh
        self._measure_screen()
        self._look_around(at_once=True)


def monitors_and_scales(settings: CaptureSettings) -> list[tuple[Box, float]]:
    """Every watched monitor and how many pixels a grab has for one of its own: 1, or 2 on a Retina screen."""
    with ScreenSource(settings.model_copy(update={"window": "ignore"}), clock=lambda: 0.0) as source:
        scales = {}
        for _ in source.places:
            box = source.place.box
            scales[box] = source.grab().width / box.width
            source.look_elsewhere()
        return [(area, scales[area]) for area in source.areas]


def areas_of(monitors: list[dict], settings: CaptureSettings) -> list[Box]:
    """The rectangles to watch: the region, one monitor, or all monitors in turn.

    ``monitors`` is mss's list: all screens together first, then each one. Raises CaptureError when nothing is left.
    """
    everything, *screens = _boxes(monitors)
    screens = screens or [everything]
    if settings.region:
        asked = Box(*settings.region)
        inside = asked.overlap(everything)
        if inside is None:
            raise CaptureError(
                f"capture.region {list(asked)} lies outside of the screen {list(everything)}; choose a region inside it"
            )
        return [inside]
    if settings.monitor > len(screens):
        raise CaptureError(
            f"expected capture.monitor from 0 to {len(screens)}, found {settings.monitor}; 0 looks at all monitors"
        )
    return [screens[settings.monitor - 1]] if settings.monitor else screens


def _boxes(monitors: list[dict]) -> list[Box]:
    return [Box(m["left"], m["top"], m["left"] + m["width"], m["top"] + m["height"]) for m in monitors]


def _is_even(image: np.ndarray) -> bool:
    """Whether a picture has one colour, told from points that no gallery slips between."""
    points = image[::EVEN_STEP_PX, ::EVEN_STEP_PX]
    return bool((points == points[0, 0]).all())


def _open_grabber() -> mss.MSS:
    if sys.platform == "darwin":
        from mss import darwin

        darwin.IMAGE_OPTIONS = 0  # mss halves a Retina screen otherwise: small faces and labels need its pixels
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
    if _on_wayland():
        return "Wayland does not let programs read the screen: log in to an X11 (Xorg) session, or replay a recording"
    return "start it from a desktop session (DISPLAY must be set), or replay a recording"


def _advice_for_even_colour() -> str:
    """What to do where grabbing works and shows nothing: the systems give such pictures in place of an error."""
    return _advice() if sys.platform == "darwin" or _on_wayland() else "unlock the screen, or switch it on"


def _on_wayland() -> bool:
    """Whether this is a Wayland session, in which the X11 screen is there and black."""
    return bool(os.environ.get("WAYLAND_DISPLAY")) or os.environ.get("XDG_SESSION_TYPE") == "wayland"
