"""Shows a simulated lesson in a real desktop window, to be grabbed: ``python -m capture.simulator.window``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Protocol, get_args

from capture.simulator.lesson import read_lesson
from capture.simulator.look import Theme
from capture.simulator.simulator import Simulator
from domain import CaptureError, ClassmoodError

TITLE, X11_CLASS = "Zoom Meeting", "zoom"
"""What a real meeting window is called and its WM_CLASS on X11."""
RATE_HZ = 10.0


class Shown(Protocol):
    """Something that shows a second of a lesson and tells whether it is still open."""

    def show(self, t_s: float) -> bool: ...


class LessonWindow:
    """A desktop window of width x height pixels that plays a lesson; raises CaptureError when there is no display."""

    def __init__(self, simulator: Simulator, place: tuple[int, int] | None = None) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        os.environ["SDL_VIDEO_X11_WMCLASS"] = X11_CLASS
        if sys.platform == "linux":
            if not os.environ.get("DISPLAY"):
                raise CaptureError("the simulated class needs an X11 display, DISPLAY is not set; start it under Xvfb")
            os.environ["SDL_VIDEODRIVER"] = "x11"  # a Wayland window could not be grabbed
        if place is not None:
            os.environ["SDL_VIDEO_WINDOW_POS"] = f"{place[0]},{place[1]}"
        import pygame  # after the variables that it reads

        self._pygame = pygame
        self._simulator = simulator
        try:
            pygame.display.init()
            if pygame.display.get_driver() in ("dummy", "offscreen"):
                raise CaptureError(
                    "the simulated class needs a display: expected a desktop, found none; start it under Xvfb"
                )
            pygame.display.set_caption(TITLE)
            self._surface = pygame.display.set_mode((simulator.width, simulator.height))
        except pygame.error as error:
            raise CaptureError(
                f"the simulated class needs a display: {error}; start it on a desktop or under Xvfb"
            ) from error

    def show(self, t_s: float) -> bool:
        """Shows the lesson's picture of this second; False when the window has been closed."""
        for event in self._pygame.event.get():
            if event.type == self._pygame.QUIT:
                return False
        frame = self._simulator.frame_at(t_s)
        picture = self._pygame.image.frombuffer(frame.tobytes(), frame.shape[1::-1], "BGR")
        self._surface.blit(picture, (0, 0))
        self._pygame.display.flip()
        return True

    def close(self) -> None:
        """Takes the window away."""
        self._pygame.display.quit()


def play(window: Shown, started_at: float, clock: Callable[[], float], ended: threading.Event) -> None:
    """Shows the lesson, ``RATE_HZ`` pictures a second, until the window is closed or ``ended`` is set.

    After its end a lesson that does not loop holds its last picture. A line "showing" on standard output tells who
    started this process that the first picture stands.
    """
    announced = False
    while not ended.is_set():
        began = clock()
        if not window.show(max(began - started_at, 0.0)):
            return
        if not announced:
            print("showing", flush=True)
            announced = True
        ended.wait(max(0.0, 1 / RATE_HZ - (clock() - began)))


def _end_with_parent(ended: threading.Event) -> None:
    """Sets ``ended`` when standard input closes, which happens when the parent process dies."""

    def watch() -> None:
        while os.read(0, 1024):  # not sys.stdin: its lock would block the interpreter's end
            pass
        ended.set()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m capture.simulator.window", description=__doc__)
    parser.add_argument("--lesson", type=Path, required=True, help="YAML file of the lesson")
    parser.add_argument("--width", type=int, default=1280, help="width of the window in pixels")
    parser.add_argument("--height", type=int, default=800, help="height of the window in pixels")
    parser.add_argument("--x", type=int, help="left edge on the desktop, in pixels")
    parser.add_argument("--y", type=int, help="top edge on the desktop, in pixels")
    parser.add_argument("--scale", type=float, help="the desktop's scale, 1 to 3 (default: the lesson's)")
    parser.add_argument("--theme", choices=get_args(Theme), help="default: the lesson's")
    parser.add_argument("--start-at", type=float, help="UNIX time of the lesson's first second (default: now)")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    return parser.parse_args()


def main() -> NoReturn:
    """The command line: exit 0 when the window was closed or the process told to end, 2 with one line on an error."""
    args = _arguments()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if args.exit_with_parent:
        _end_with_parent(ended)
    place = None if args.x is None and args.y is None else (args.x or 0, args.y or 0)
    try:
        lesson = read_lesson(args.lesson)
        wished = {"scale": args.scale, "theme": args.theme}
        look = lesson.look.model_copy(update={key: value for key, value in wished.items() if value is not None})
        simulator = Simulator(lesson, args.width, args.height, look)
        window = LessonWindow(simulator, place)
        try:
            play(window, time.time() if args.start_at is None else args.start_at, time.time, ended)
        finally:
            window.close()
    except ClassmoodError as error:
        print(f"classmood: {error}", file=sys.stderr)
        sys.exit(2)
    sys.exit(0)


if __name__ == "__main__":
    main()
