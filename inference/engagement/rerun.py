"""Today's rules applied to readings of another day: what would have been flagged, and what each reading said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config import Settings
from domain import Flag, Observation
from inference.engagement.judge import Engagement

Frames = Iterable[tuple[float, Sequence[Observation]]]
"""UNIX time and observations of each frame, in the order of time."""
Modes = Sequence[tuple[float, str | None]]
"""Since when (UNIX seconds) the class did what."""

LED_UP_S = 60.0
"""How long before a flag its time line begins, and how long after it that ends."""


def flags_of(settings: Settings, frames: Frames, staff: Collection[int], modes: Modes) -> list[Flag]:
    """All flags that the rules would give in these readings, in the order in which they began."""
    engagement, said = Engagement(settings), dict[tuple[int | None, str, float], Flag]()
    last_at: dict[tuple[int | None, str, float], float] = {}
    for at, observations in frames:
        for flag in engagement.step(observations, at, at, staff, mode_at(modes, at)):
            key = flag.student, flag.kind, flag.started_at
            said[key], last_at[key] = flag, at
    ended = [flag if flag.ended_at else replace(flag, ended_at=last_at[key]) for key, flag in said.items()]
    return sorted(ended, key=lambda flag: (flag.started_at, flag.kind))


def mode_at(modes: Modes, at: float) -> str | None:
    """What the class did at a time; an ordinary lesson before anything was said."""
    place = bisect_right([since for since, _ in modes], at)
    return modes[place - 1][1] if place else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Flags before and now: pairs that are the same, those that would be gone, and new ones."""

    kept: tuple[tuple[Flag, Flag], ...]
    gone: tuple[Flag, ...]
    new: tuple[Flag, ...]


def compared(before: Sequence[Flag], now: Sequence[Flag]) -> Comparison:
    """Which flags are the same: of the same student and kind, and overlapping; each is matched once."""
    left, kept, gone = list(now), [], []
    for flag in before:
        match = next((one for one in left if _same(flag, one)), None)
        if match is None:
            gone.append(flag)
        else:
            left.remove(match)
            kept.append((flag, match))
    return Comparison(tuple(kept), tuple(gone), tuple(left))


def _same(one: Flag, other: Flag) -> bool:
    if (one.student, one.kind) != (other.student, other.kind):
        return False
    ends = [flag.ended_at if flag.ended_at is not None else float("inf") for flag in (one, other)]
    return max(one.started_at, other.started_at) <= min(ends)


def timeline(
    settings: Settings,
    frames: Frames,
    staff: Collection[int],
    modes: Modes,
    student: int,
    spans: Sequence[tuple[float, float]],
    every_s: float,
) -> Iterator[str]:
    """What was known of a student, a line every so many seconds of the spans (from and to, UNIX seconds).

    Each line says the camera, the mood and the usual one, the turn of the head, and how long each rule has held so far.
    """
    engagement = Engagement(settings)
    due_at = float("-inf")
    for at, observations in frames:
        flags = engagement.step(observations, at, at, staff, mode_at(modes, at))
        if at >= due_at and any(start <= at <= end for start, end in spans):
            due_at = at + every_s
            seen = next((one for one in observations if one.student == student), None)
            said = {flag.kind for flag in flags if flag.student == student and flag.ended_at is None}
            yield _line(engagement, student, seen, at, said)


def _line(engagement: Engagement, number: int, seen: Observation | None, at: float, said: set[str]) -> str:
    camera = "not in sight" if seen is None else seen.camera.replace("_", " ")
    parts = [f"{clock(at)}  {camera:<12}"]
    student = engagement.student(number, at)
    if student is not None and seen is not None:
        if student.mood is not None and student.lasting_valence is not None:
            usual = f"{student.usual_valence.value:+.2f}" if student.usual_valence.known else "not yet known"
            parts.append(f"looks {student.mood.leading}, mood {student.lasting_valence:+.2f} (usually {usual})")
        if student.judged(at):
            parts.append(f"head turned {student.gaze.turn:.0f} degrees")
    for kind, (spell, open_) in engagement.spells(number).items():
        state = "flagged" if kind in said else "lasts long enough" if open_ else "so far"
        name = kind.replace("_", " ")
        parts.append(f"{name} {spell.seen_s:.0f} s, {spell.readings} of {spell.readings_of} readings, {state}")
    return "; ".join(parts)


def clock(at: float) -> str:
    """Local time of day of UNIX seconds."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


def told(flag: Flag) -> str:
    """A flag on one line, with the time until when."""
    until = "it lasted to the end" if flag.ended_at is None else f"until {clock(flag.ended_at)}"
    return f"{flag.kind.replace('_', ' ')}: {flag.reason} {until}, {flag.confidence:.0%} sure"
