"""Where the simulated class is shown: the person's own desktop, a private screen, or nowhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

import mss
from mss.exception import ScreenShotError

from config import SimulatorSettings


class StartProcess(Protocol):
    """Runs a command for as long as a block lasts and gives its first line of output, "" when it died."""

    def __call__(self, command: list[str], *, quiet: bool = False) -> AbstractContextManager[str]: ...


PRIVATE_SCREEN = "1920x1080x24"
WINDOW_SHARE = 0.6
"""On a person's own desktop the window leaves room for the browser beside it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Whether the simulated class stands on a screen that can be grabbed, and where, in a sentence."""

    visible: bool
    description: str


@contextmanager
def stage(settings: SimulatorSettings, start: StartProcess) -> Iterator[Stage]:
    """Show the simulated class in a real window for as long as the block lasts, where there is a way to.

    Without a desktop a private X server (Xvfb) is started; DISPLAY then names it while the block lasts.
    """
    before = os.environ.get("DISPLAY")
    with ExitStack() as stack:
        desktop = _desktop_size()
        if desktop is None and shutil.which("Xvfb"):
            server = ["Xvfb", "-displayfd", "1", "-screen", "0", PRIVATE_SCREEN, "-nolisten", "tcp", "-terminate"]
            number = stack.enter_context(start(server, quiet=True))
            os.environ["DISPLAY"] = f":{number}"
            stack.callback(_restore_display, before)
            where, size = "on a private screen (Xvfb)", (settings.width, settings.height)
        elif desktop is not None:
            where, size = "in a window on this screen; leave it uncovered", _size_on(desktop, settings)
        else:
            yield Stage(False, "There is no screen here (and no Xvfb): drawn frames go straight to the program.")
            return
        command = [sys.executable, "-m", "capture.simulator.window", "--lesson", settings.lesson, "--exit-with-parent"]
        answer = stack.enter_context(start([*command, "--width", str(size[0]), "--height", str(size[1])]))
        if answer:
            yield Stage(True, f"The simulated class plays {where}.")
        else:
            yield Stage(False, "The simulated window did not open: drawn frames go straight to the program.")


def _desktop_size() -> tuple[int, int] | None:
    """Width and height of the screen that a grab would show, or None where nothing can be grabbed."""
    try:
        with mss.MSS() as grabber:
            screen = grabber.monitors[1]
            grabber.grab(screen)
            return screen["width"], screen["height"]
    except (ScreenShotError, IndexError):
        return None


def _size_on(desktop: tuple[int, int], settings: SimulatorSettings) -> tuple[int, int]:
    """The configured size, made smaller with its shape kept where the desktop is small."""
    share = min(1.0, WINDOW_SHARE * desktop[0] / settings.width, WINDOW_SHARE * desktop[1] / settings.height)
    return round(settings.width * share), round(settings.height * share)


def _restore_display(before: str | None) -> None:
    if before is None:
        os.environ.pop("DISPLAY", None)
    else:
        os.environ["DISPLAY"] = before
