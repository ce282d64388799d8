"""The pages after class: python -m benchmarks.after [turning|server|browser] [--json] [--sessions N].

Without a word all of it is measured. Times of the server are those of the processor, because a shared machine would add
its own; what a browser sees is as it passes on the clock. ``--json`` prints one object with all figures
on the last line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.after import pages, turning


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.after", description=__doc__)
    parser.add_argument("part", nargs="?", choices=["turning", "server", "browser"], help="only this part")
    parser.add_argument("--json", action="store_true", help="print one object with all figures on the last line")
    parser.add_argument("--sessions", type=int, default=1000, help="sessions in the store (1000)")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    if options.part in (None, "turning"):
        figures |= turning.report()
    if options.part in (None, "server", "browser"):
        with tempfile.TemporaryDirectory() as name, pages.school(Path(name), options.sessions) as engine:
            if options.part != "browser":
                figures |= pages.server(engine)
            if options.part != "server":
                figures |= pages.browser(engine)
    if options.json:
        print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
