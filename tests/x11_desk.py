"""A desktop for tests: real windows on the private display, as programs make them, with a window manager or without."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

import numpy as np
import pytest
from Xlib import X, Xutil
from Xlib.display import Display
from Xlib.protocol.event import ClientMessage
from Xlib.xobject.drawable import Window

from domain import Box

PATIENCE_S = 20.0
LARGEST_REQUEST = 200_000
"""Bytes of pixels sent at once; X takes at most 262,140 in a request."""


class Desk:
    """Opens and moves windows on a display; what it asks of the server has happened when a method returns."""

    def __init__(self, name: str) -> None:
        self.display = Display(name)
        self.root = self.display.screen().root
        self.root.change_attributes(event_mask=X.SubstructureNotifyMask | X.PropertyChangeMask)
        self._opened: list[Window] = []

    def open(
        self,
        box: Box,
        wm_class: str = "zoom",
        title: str = "Zoom Meeting",
        colour: int = 0x336699,
        parent: Window | None = None,
    ) -> Window:
        """A window of one colour, its content where it was asked for as far as the window manager lets it be there."""
        window = (parent or self.root).create_window(
            box.left,
            box.top,
            box.width,
            box.height,
            0,
            self.display.screen().root_depth,
            background_pixel=colour,
            event_mask=X.StructureNotifyMask | X.PropertyChangeMask,
        )
        window.set_wm_class(wm_class, wm_class)
        utf8 = self.display.get_atom("UTF8_STRING")
        window.change_property(self.display.get_atom("_NET_WM_NAME"), utf8, 8, title.encode())
        window.set_wm_normal_hints(flags=Xutil.USPosition | Xutil.PWinGravity, win_gravity=X.StaticGravity)
        window.map()
        self._opened.append(window)
        self.wait_until(lambda: window.get_attributes().map_state == X.IsViewable)
        return window

    def paint(self, window: Window, image: np.ndarray) -> None:
        """Make a picture, uint8 (H, W, 3) BGR, the window's background: the server keeps it there by itself."""
        height, width = image.shape[:2]
        depth = self.display.screen().root_depth
        pixmap = self.root.create_pixmap(width, height, depth)
        context = pixmap.create_gc()
        pixels = np.dstack([image, np.zeros((height, width, 1), np.uint8)])
        rows = max(LARGEST_REQUEST // (4 * width), 1)
        for top in range(0, height, rows):
            part = pixels[top : top + rows]
            pixmap.put_image(context, 0, top, width, len(part), X.ZPixmap, depth, 0, part.tobytes())
        window.change_attributes(background_pixmap=pixmap)
        window.clear_area()
        self.display.sync()

    def move(self, window: Window, box: Box) -> None:
        """Ask for another place and size."""
        if self.place(window) == box:
            return
        window.configure(x=box.left, y=box.top, width=box.width, height=box.height)
        self.wait_until(lambda: self.place(window) == box)

    def place(self, window: Window) -> Box:
        """Where a window's content is on the screen."""
        size, corner = window.get_geometry(), self.root.translate_coords(window, 0, 0)
        return Box(corner.x, corner.y, corner.x + size.width, corner.y + size.height)

    def iconify(self, window: Window) -> None:
        """Ask the window manager to minimise a window (ICCCM 4.1.4)."""
        state = self.display.get_atom("WM_CHANGE_STATE")
        message = ClientMessage(window=window, client_type=state, data=(32, [Xutil.IconicState, 0, 0, 0, 0]))
        self.root.send_event(message, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self.wait_until(lambda: window.get_attributes().map_state != X.IsViewable)

    def close_window(self, window: Window) -> None:
        """Close a window as its program does."""
        self._opened.remove(window)
        window.destroy()
        self.display.sync()

    def set_numbers(self, window: Window, name: str, kind: int, values: list[int]) -> None:
        """Set a property of a window, as programs and window managers do."""
        window.change_property(self.display.get_atom(name), kind, 32, values)
        self.display.sync()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return when a condition holds: it is looked at again whenever the server reports something."""
        self.display.sync()
        ends_at = time.monotonic() + PATIENCE_S
        while not condition():
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                pytest.fail("the desktop did not do what it was asked for")
            if not self.display.pending_events():
                select.select([self.display], [], [], left_s)
            while self.display.pending_events():
                self.display.next_event()

    def close(self) -> None:
        """Close every window and the connection."""
        for window in self._opened:
            window.destroy()
        self.display.sync()
        self.display.close()
