"""What the pages cost: python -m benchmarks.pages [--json] [--only PART], and --help.

Three parts: ``ticks`` asks a real app for news and counts processor time and bytes; ``hours`` lets a class pass in a
real browser, as fast as the page ticks, and looks at the memory of the browser and of the server; ``change`` times, in
real time, how long a change on the screen takes to be seen. ``--json`` prints one object on the last line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.pages import browser, ticks

PARTS = ("ticks", "hours", "change")
TICKS = 600
TICK_S = 1.0
"""Seconds between the ticks that are counted."""


def main() -> None:
    """Run what is asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object on the last line")
    parser.add_argument("--students", type=int, default=25)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--ticks", type=int, default=1800, help="over which the hours are spread")
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    asked = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = {
            "ticks": lambda: ticks.measure(folder, asked.students, TICKS, TICK_S, seed=1),
            "hours": lambda: browser.three_hours(folder, asked.students, asked.hours, asked.ticks),
            "change": lambda: browser.change_to_page(folder, asked.students, asked.changes),
        }
        for part in [asked.only] if asked.only else PARTS:
            found = runs[part]()
            print(f"{part}: " + ", ".join(f"{key} {value:.4g}" for key, value in found.items()), flush=True)
            figures |= found
    if asked.json:
        print(json.dumps({key: round(value, 3) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
