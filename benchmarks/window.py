"""What looking for Zoom's window costs on this desktop: ``python -m benchmarks.window``."""

from __future__ import annotations

import argparse
import time

from capture.screen import ScreenSource
from capture.window import open_desktop, zoom_windows
from config import CaptureSettings


def main() -> None:
    """Look the windows up many times; CPU milliseconds of this process for each, beside those of a grab."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.window", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often each is done (default: 200)")
    rounds = parser.parse_args().rounds
    with ScreenSource(CaptureSettings(), time.time) as source:
        screen, desktop = source.place.box, open_desktop()
        windows = desktop.windows()
        started = time.process_time()
        for _ in range(rounds):
            zoom_windows(desktop.windows(), screen)
        looked = time.process_time()
        for _ in range(rounds):
            source.grab()
        grabbed = time.process_time()
        desktop.close()
        width, height = screen.width, screen.height
    ours, lookup_ms = sum(window.role is not None for window in windows), (looked - started) / rounds * 1000
    print(f"{ours} windows of Zoom, {len(windows) - ours} before them: a lookup takes {lookup_ms:.2f} ms of CPU")
    print(f"a grab of {width}x{height} takes {(grabbed - looked) / rounds * 1000:.2f} ms of CPU")


if __name__ == "__main__":
    main()
