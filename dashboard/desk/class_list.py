"""The class list beside what the labels of recent sessions said: who of the list is meant by which label."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

import config
from dashboard.desk import settings_file
from db import queries
from db.matching import Said, match
from db.roster import Entry, parse_roster
from domain import ConfigError

RECENT_SESSIONS = 5
"""Enough to meet everybody who comes at all; matching a few hundred names to more takes seconds."""

FILE = Path("data") / "roster.csv"
"""Where an uploaded list is kept, beside the configuration: with the database, in a folder that is never published."""


@dataclass(frozen=True, slots=True)
class Line:
    """A student of the list, the labels that mean this student with their number of sessions, and in how many seen."""

    entry: Entry
    labels: dict[str, int]
    sessions: int


@dataclass(frozen=True, slots=True)
class Preview:
    """A class list against recent sessions: its students in its own order, and labels that mean nobody for certain."""

    lines: tuple[Line, ...]
    strangers: dict[str, int]
    sessions: int

    @property
    def met(self) -> int:
        """How many students of the list were seen."""
        return sum(line.sessions > 0 for line in self.lines)


def recent_labels(engine: Engine) -> list[list[str]]:
    """The last label of every student, staff left out, in each of the latest sessions; raises StoreError."""
    numbers = queries.sessions(engine)["id"].head(RECENT_SESSIONS)
    return [_labels(queries.students(engine, int(number))) for number in numbers]


def _labels(students: Sequence[queries.StudentView]) -> list[str]:
    said = [student.aliases[-1] if student.aliases else student.name for student in students if not student.staff]
    return [label for label in said if label]


def preview(entries: Sequence[Entry], sessions: Sequence[Sequence[str]]) -> Preview:
    """Which labels mean whom, session by session as the live path would decide, and how often."""
    labels: list[Counter[str]] = [Counter() for _ in entries]
    seen, strangers = Counter[int](), Counter[str]()
    places: dict[int, int] = {id(entry): place for place, entry in enumerate(entries)}
    for said in sessions:
        for label, found in zip(said, match([Said(label) for label in said], entries), strict=True):
            if found is None:
                strangers[label] += 1
            else:
                place = places[id(found.entry)]
                labels[place][label] += 1
                seen[place] += 1
    lines = tuple(Line(entry, dict(labels[place]), seen[place]) for place, entry in enumerate(entries))
    return Preview(lines, dict(strangers.most_common()), len(sessions))


def current(path: Path) -> tuple[str, tuple[Entry, ...]] | None:
    """The path of the list that the configuration names and its students; None where it names none.

    Raises ConfigError when the configuration or the list cannot be read.
    """
    named = settings_file.read(path).settings.classroom.roster
    if named is None:
        return None
    try:
        data = (config.ROOT / named).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"class.roster: expected a CSV file at {named}, found none ({error.strerror}); choose a list below"
        ) from None
    return named, parse_roster(data, Path(named).name)


def use(path: Path, data: bytes, title: str) -> str:
    """Keep a list and name it in the configuration at ``path``; gives the list's path as written there.

    Raises ConfigError when it is no class list, or when the list or the configuration cannot be written.
    """
    parse_roster(data, title)
    target = path.resolve().parent / FILE
    _write(target, data)
    inside = target.is_relative_to(config.ROOT)
    named = (target.relative_to(config.ROOT) if inside else target).as_posix()
    file = settings_file.read(path)
    settings_file.save(path, file.fingerprint, {"class.roster": named})
    return named


def _write(target: Path, data: bytes) -> None:
    """Replace the file in one step; nobody but this machine's user may read it, as `mkstemp` makes it."""
    beside = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(beside, target)
    except OSError as error:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)
        raise ConfigError(f"{target}: expected to keep the list there, found: {error.strerror}") from None
