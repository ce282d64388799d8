"""The windows of an X11 desktop, with any window manager or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from Xlib import X, Xatom, Xutil
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError, XError
from Xlib.ext import screensaver
from Xlib.xobject.drawable import Window

from capture.window.desktop import DesktopWindow, Role, role_by_title
from domain import Box, CaptureError

ZOOM_CLASS = "zoom"
"""WM_CLASS of every window of Zoom's Linux client, whatever its language."""
PANEL_TITLE = "zoom_linux_float_video_window"
"""The floating panel's title, which is internal and not translated."""
FURNITURE_TITLES = {"cpt_frame_window", "cpt_frame_xcb_window", "annoinputlinux", "annotate_toolbar", "as_toolbar"}
"""Frames and toolbars that Zoom lays over a shared screen; some are as large as the screen, and transparent."""
USUAL_DPI = 96
"""Dots per inch that desktops call 100 %."""
CLIENT_DEPTH = 3
"""How deep below a child of the root a program's window is looked for: window managers nest it once or twice."""
EVERY_DESKTOP = 0xFFFFFFFF
"""_NET_WM_DESKTOP of a window that is shown on all workspaces (EWMH)."""


class X11Desktop:
    """The windows of the display that DISPLAY names; raises CaptureError when it does not answer."""

    def __init__(self) -> None:
        try:
            self._display = Display()
        except (DisplayError, OSError) as error:
            raise CaptureError(f"the display does not answer ({error}); start it from a desktop session") from None
        self._root = self._display.screen().root
        self._saver = self._display.query_extension(screensaver.extname) is not None

    def windows(self) -> list[DesktopWindow]:
        with _while_it_lasts():
            clients = self._clients_front_first()
            zoom = [self._is_zoom(client) for client in clients]
            # What lies behind all of Zoom's windows hides nothing, and every question is a round trip to the server.
            while zoom and not zoom[-1]:
                zoom.pop()
            found = [self._described(client, ours) for client, ours in zip(clients, zoom, strict=False)]
        return [window for window in found if window is not None]

    def obstacle(self) -> str | None:
        with _while_it_lasts():
            if self._saver and screensaver.query_info(self._root).state == screensaver.StateOn:
                return "The screen is locked or its saver is on: unlock it and leave Zoom in sight."
        return None

    def close(self) -> None:
        with suppress(ConnectionClosedError, OSError):  # the server may have gone first
            self._display.close()

    def _clients_front_first(self) -> list[Window]:
        """Every program's own window, without the frame that a window manager lays around it."""
        if self._has_manager():
            stack = reversed(self._values(self._root, "_NET_CLIENT_LIST_STACKING"))
            return [self._display.create_resource_object("window", handle) for handle in stack]
        found = [self._client_in(top) for top in reversed(self._root.query_tree().children)]
        return [client for client in found if client is not None]

    def _has_manager(self) -> bool:
        """Whether a window manager keeps the list of windows: the properties of one that has died stay behind."""
        checks = self._values(self._root, "_NET_SUPPORTING_WM_CHECK")
        if not checks or not self._values(self._root, "_NET_CLIENT_LIST_STACKING"):
            return False
        itself = self._display.create_resource_object("window", checks[0])
        return self._values(itself, "_NET_SUPPORTING_WM_CHECK") == checks

    def _is_zoom(self, client: Window) -> bool:
        try:
            return ZOOM_CLASS in {name.strip().casefold() for name in client.get_wm_class() or ()}
        except XError:
            return False

    def _top_of(self, window: Window) -> Window:
        """The child of the root that a window lies in: itself, or its frame."""
        while (parent := window.query_tree().parent) and parent != self._root:
            window = parent
        return window

    def _client_in(self, top: Window) -> Window | None:
        """The program's window inside a child of the root: the first with WM_STATE (ICCCM), else the child itself."""
        level = [top]
        try:
            for _ in range(CLIENT_DEPTH):
                for window in level:
                    if self._values(window, "WM_STATE"):
                        return window
                level = [child for window in level for child in window.query_tree().children]
        except XError:
            return None
        return top

    def _described(self, client: Window, zoom: bool) -> DesktopWindow | None:
        """What the contract says of a window, or None when it is not on the desktop or has just been closed."""
        try:
            attributes = client.get_attributes()
            if attributes.win_class == X.InputOnly:
                return None
            shown = attributes.map_state == X.IsViewable and self._on_this_desktop(client)
            hidden = not shown and self._put_away(client)
            if not shown and not (zoom and hidden):
                return None
            frame = self._frame(client)
            if not zoom:
                return DesktopWindow(client.id, content=frame, frame=frame)
            title = self._title(client)
            if title.casefold() in FURNITURE_TITLES:
                return None
            return DesktopWindow(client.id, self._content(client), frame, title, _role(title), hidden, self._scale())
        except (XError, ValueError):
            return None

    def _on_this_desktop(self, client: Window) -> bool:
        mine, current = self._values(client, "_NET_WM_DESKTOP"), self._values(self._root, "_NET_CURRENT_DESKTOP")
        return not mine or not current or mine[0] in (current[0], EVERY_DESKTOP)

    def _put_away(self, client: Window) -> bool:
        """Whether a window that is not shown is minimised or on another workspace, and not closed by its program."""
        state = self._values(client, "WM_STATE")
        return bool(state) and state[0] != Xutil.WithdrawnState

    def _content(self, client: Window) -> Box:
        size = client.get_geometry()
        place = self._root.translate_coords(client, 0, 0)
        return Box(place.x, place.y, place.x + size.width, place.y + size.height)

    def _frame(self, client: Window) -> Box:
        """All that the window hides. Shadows that a program draws around itself (GTK) hide nothing."""
        size = self._top_of(client).get_geometry()
        border = 2 * size.border_width
        frame = Box(size.x, size.y, size.x + size.width + border, size.y + size.height + border)
        shadow = self._values(client, "_GTK_FRAME_EXTENTS")
        if len(shadow) != 4:
            return frame
        left, right, top_px, bottom = shadow
        return Box(frame.left + left, frame.top + top_px, frame.right - right, frame.bottom - bottom)

    def _title(self, client: Window) -> str:
        return self._text(client, self._atom("_NET_WM_NAME")) or self._text(client, Xatom.WM_NAME)

    def _scale(self) -> float:
        """How large the desktop asks its programs to draw: the resource Xft.dpi, which GTK and Qt go by."""
        for line in self._text(self._root, Xatom.RESOURCE_MANAGER).splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "Xft.dpi" and value.strip().isdecimal():
                return int(value) / USUAL_DPI
        return 1.0

    def _text(self, window: Any, atom: int) -> str:
        """A property that holds text; empty where it is not set."""
        found = window.get_full_property(atom, X.AnyPropertyType)
        return found.value.decode("utf-8", "replace").strip() if found is not None and found.format == 8 else ""

    def _values(self, window: Any, name: str) -> list[int]:
        """A property that holds numbers; empty where it is not set or the window is gone."""
        try:
            found = window.get_full_property(self._atom(name), X.AnyPropertyType)
        except XError:
            return []
        return list(found.value) if found is not None and found.format == 32 else []

    def _atom(self, name: str) -> int:
        return self._display.get_atom(name)


@contextmanager
def _while_it_lasts() -> Iterator[None]:
    """Turns the end of the connection into an error that a person can act on."""
    try:
        yield
    except (ConnectionClosedError, OSError) as error:
        raise CaptureError(f"the display has gone ({error}); start again from a desktop session") from None


def _role(title: str) -> Role:
    return Role.PANEL if title.casefold() == PANEL_TITLE else role_by_title(title)
