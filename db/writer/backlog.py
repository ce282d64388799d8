"""What waits in memory to be written, in order and within a bound."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable


@dataclass(frozen=True, slots=True)
class Step:
    """One statement to run: once with the values it holds, or once for each row of ``columns``."""

    statement: Executable
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()

    def parameters(self) -> list[dict[str, Any]] | None:
        """What the statement is run with."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows] or None


@dataclass(frozen=True, slots=True)
class Entry:
    """Steps that are kept or dropped together; ``moment`` is a moment's running number, None for what must be kept.

    ``in_order`` is False for a moment that is not later than all before it: the clock was set back.
    """

    steps: tuple[Step, ...]
    moment: int | None = None
    in_order: bool = True

    @property
    def size(self) -> int:
        """Rows that it adds to what may be dropped."""
        return 0 if self.moment is None else sum(len(step.rows) for step in self.steps)


class Backlog:
    """What waits to be written, in order, with at most ``limit`` rows of moments.

    One row too many, and every second moment is let go; from then on only each ``stride``-th moment is kept, until all
    is written. So a stretch of any length stays covered, if more and more thinly. ``dropped`` counts the moments lost.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.stride = 1
        self.dropped = 0
        self._entries: deque[Entry] = deque()
        self._rows = 0
        self._moments_ever = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def moments(self) -> int:
        """Moments that wait."""
        return sum(entry.moment is not None for entry in self._entries)

    def add(self, *steps: Step) -> None:
        """Keep what must not be lost: sessions, students, gaps."""
        self._entries.append(Entry(steps))

    def add_moment(self, *steps: Step, in_order: bool = True) -> None:
        """Keep a moment, as long as there is room."""
        entry = Entry(steps, self._moments_ever, in_order)
        self._moments_ever += 1
        self._entries.append(entry)
        self._rows += entry.size
        self._thin()

    def take(self) -> list[Entry]:
        """Hand over all that waits."""
        taken = list(self._entries)
        self._entries.clear()
        self._rows = 0
        return taken

    def put_back(self, entries: list[Entry]) -> None:
        """Take back what could not be written; it comes before all that has been added since."""
        self._entries.extendleft(reversed(entries))
        self._rows += sum(entry.size for entry in entries)
        self._thin()

    def all_written(self) -> None:
        """What was taken is safe: unless more waits, every moment is kept again."""
        if not self._entries:
            self.stride = 1

    def _thin(self) -> None:
        self._drop_off_stride()
        while self._rows > self.limit:
            self.stride *= 2
            self._drop_off_stride()

    def _drop_off_stride(self) -> None:
        if self.stride == 1:
            return
        kept = [entry for entry in self._entries if entry.moment is None or entry.moment % self.stride == 0]
        self.dropped += len(self._entries) - len(kept)
        self._entries = deque(kept)
        self._rows = sum(entry.size for entry in kept)
