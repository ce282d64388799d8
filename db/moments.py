"""What a Moment becomes in the tables, and the moments that wait in memory to be written."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable

from db.tables import THOUSAND, ClassMoment, Reading
from domain import EMOTIONS, Moment, Observation

EMPTY_LAYOUT = json.dumps({"aspect": 0.0, "tiles": []})
READING_COLUMNS = tuple(Reading.__table__.c.keys())
CLASS_COLUMNS = tuple(ClassMoment.__table__.c.keys())
_UNREAD = (None,) * len(EMOTIONS)


def milliseconds(at: float) -> int:
    """UNIX seconds as the whole milliseconds of the keys."""
    return round(at * THOUSAND)


def storable(text: str) -> str:
    """Text as the database can hold it: halves of characters that no encoding knows become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def thousandths(shares: Sequence[float]) -> tuple[int, ...]:
    """Shares that sum to one as whole thousandths that sum to exactly 1000, each within one of the exact value.

    The largest remainders are rounded up (Hamilton's method).
    """
    total = sum(shares)
    exact = [share / total * THOUSAND for share in shares]
    whole = [math.floor(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda place: whole[place] - exact[place])
    for place in by_remainder[: THOUSAND - sum(whole)]:
        whole[place] += 1
    return tuple(whole)


def reading_row(session_id: int, observation: Observation, at_ms: int) -> tuple[Any, ...]:
    """One student at one frame, in the order of READING_COLUMNS."""
    quality, attention = observation.quality, observation.attention
    return (
        session_id,
        observation.student,
        at_ms,
        observation.camera,
        *(thousandths(observation.emotions.values) if observation.emotions else _UNREAD),
        quality.abstained if quality else None,
        quality.face_height if quality else None,
        round(quality.sharpness * THOUSAND) if quality else None,
        None if attention is None or attention.yaw is None else round(attention.yaw),
        None if attention is None or attention.pitch is None else round(attention.pitch),
        None if attention is None or attention.eyes_open is None else round(attention.eyes_open * THOUSAND),
        round(attention.confidence * THOUSAND) if attention else None,
    )


def class_row(session_id: int, moment: Moment) -> tuple[Any, ...]:
    """The class at one frame, in the order of CLASS_COLUMNS: means over the students with a mood, staff left out."""
    students = [state for state in moment.states if not state.staff]
    moods = [state.mood.values for state in students if state.mood is not None]
    valences = [state.valence for state in students if state.valence is not None]
    return (
        session_id,
        milliseconds(moment.taken_at),
        moment.coverage.seen,
        moment.coverage.present,
        *(thousandths([sum(column) / len(moods) for column in zip(*moods, strict=True)]) if moods else _UNREAD),
        round(sum(valences) / len(valences) * THOUSAND) if valences else None,
    )


def layout_json(moment: Moment) -> str:
    """The gallery as JSON: width / height of the rectangle around all tiles, each tile's place in it and its mood."""
    if not moment.tiles:
        return EMPTY_LAYOUT
    left, top = (min(tile.box.left for tile in moment.tiles), min(tile.box.top for tile in moment.tiles))
    width = max(tile.box.right for tile in moment.tiles) - left
    height = max(tile.box.bottom for tile in moment.tiles) - top
    states = {state.slot: state for state in moment.states if state.slot is not None}
    tiles = []
    for tile in moment.tiles:
        state, box = states.get(tile.slot), tile.box.moved(-left, -top)
        mood = state.mood if state else None
        sides = (box.left / width, box.top / height, box.right / width, box.bottom / height)
        tiles.append(
            {
                "slot": tile.slot,
                "box": [round(side, 5) for side in sides],
                "camera": state.camera if state and state.camera else tile.camera,
                "student": state.student if state else None,
                "emotion": mood.leading if mood else None,
                "probability": round(max(mood.values), 3) if mood else None,
            }
        )
    return json.dumps({"aspect": round(width / height, 5), "tiles": tiles})


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
    """Steps that are kept or dropped together; ``moment`` is a moment's running number, None for what must be kept."""

    steps: tuple[Step, ...]
    moment: int | None = None

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

    def add_moment(self, *steps: Step) -> None:
        """Keep a moment, as long as there is room."""
        entry = Entry(steps, self._moments_ever)
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
