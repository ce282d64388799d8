"""Finds the windows of the Zoom client on the teacher's desktop: Windows, macOS and X11."""

from capture.window.desktop import Desktop, DesktopWindow, Role, open_desktop
from capture.window.zoom import ZoomWindow, ZoomWindows, zoom_windows

__all__ = ["Desktop", "DesktopWindow", "Role", "ZoomWindow", "ZoomWindows", "open_desktop", "zoom_windows"]
