"""Rule lessons: readings of scripted classes, judged without pixels, and the flags scored against the script.

Detection is scored with the budget of prompts and the cool-down lifted: they keep true flags back on purpose, and what
they let through would say nothing about the rest. What a teacher then gets with them is counted beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.lessons.readings import Readings, noticed
from benchmarks.lessons.script import RATE_HZ, SMALL_HEIGHT, Track, lesson_tracks
from config import ROOT, EngagementSettings, Settings
from domain import Flag
from inference.attention import turn_scale
from inference.engagement import Engagement
from inference.engagement.student import PRESENCE_LEARN_S

START_AT = 1_760_000_000.0
SIZES = (25, 40)
"""Students of every other lesson: one page, and two."""
WITHIN_S = 30.0
"""A flag must be raised within so many seconds of its due time; seconds in which the student is out of sight (another
page) do not count, as nobody out of sight is ever flagged."""
COVERS = 0.5
"""A flag must cover this share of its spell."""
NEARLY_DUE = 0.1
"""Spells seen for as long as makes them due, give or take this share, may be flagged or not: a matter of seconds."""
LIFTED = {"at_once": 49, "prompts": 1000, "prompts_in_s": 10.0, "cooldown_s": 0.0}
"""The budget out of the way."""


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """A scripted spell: whose, of what kind, first and last second in sight, and when a flag is due.

    ``seen_at`` are the times at which the student is in sight. ``due_at`` is None where it was not seen for long
    enough. ``allowed`` says that a flag is not wrong, ``expected`` that one must come: it need not where the spell was
    hardly due, or began before the student's usual ways could be known.
    """

    student: int
    kind: str
    began_at: float
    ended_at: float
    due_at: float | None
    allowed: bool
    expected: bool
    seen_at: np.ndarray

    def delay_s(self, at: float) -> float:
        """Seconds in sight from the due time to another, negative before it."""
        assert self.due_at is not None
        first, last = sorted((self.due_at, at))
        seen = float(((self.seen_at > first) & (self.seen_at <= last)).sum()) / RATE_HZ
        return seen if at >= self.due_at else -seen


@dataclass(slots=True)
class Raised:
    """A flag as it was said over a lesson."""

    flag: Flag
    raised_at: float
    last_at: float


@dataclass(slots=True)
class RuleScore:
    """Counts over lessons; ``hours`` are hours of class, ``delays`` seconds after the due time."""

    hours: float = 0.0
    due: int = 0
    right: int = 0
    false: int = 0
    on_unseen: int = 0
    delays: list[float] = field(default_factory=list)
    missed_by_kind: dict[str, int] = field(default_factory=dict)
    false_by_kind: dict[str, int] = field(default_factory=dict)
    prompts: int = 0
    prompts_right: int = 0
    class_prompts: int = 0
    frames: int = 0
    cpu_s: float = 0.0

    def add(self, other: RuleScore) -> None:
        """Add the counts of other lessons."""
        for name in ("hours", "due", "right", "false", "on_unseen", "prompts", "prompts_right", "class_prompts"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.frames, self.cpu_s = self.frames + other.frames, self.cpu_s + other.cpu_s
        self.delays += other.delays
        for mine, others in (
            (self.missed_by_kind, other.missed_by_kind),
            (self.false_by_kind, other.false_by_kind),
        ):
            for kind, count in others.items():
                mine[kind] = mine.get(kind, 0) + count

    @property
    def f1(self) -> float:
        """Harmonic mean of the share of flags that are right and the share of due spells that were flagged."""
        return 2 * self.right / max(self.due + self.right + self.false, 1)

    @property
    def ms_per_frame(self) -> float:
        """Processor milliseconds of the rules for one frame."""
        return 1000 * self.cpu_s / max(self.frames, 1)


def rule_lesson(settings: Settings, seed: int, minutes: float) -> RuleScore:
    """Play one random lesson and score its flags."""
    tracks = lesson_tracks(seed, SIZES[seed % len(SIZES)], minutes)
    readings = Readings(tracks, turn_scale(ROOT / "models" / "landmarks.json"), seed)
    lifted = settings.model_copy(update={"engagement": settings.engagement.model_copy(update=LIFTED)})
    free, bound = Engagement(lifted), Engagement(settings)
    score = RuleScore(hours=minutes / 60)
    raised: dict[tuple, Raised] = {}
    prompts: dict[tuple, Raised] = {}
    # A frozen picture looks like a live one for some seconds, to anybody: before that a flag on it is no fault.
    visible = np.array([replace(track, camera=noticed(track.camera)).visible() for track in tracks])
    for frame, (at, observations) in enumerate(readings.frames(START_AT)):
        began_s = time.process_time()
        flags = free.step(observations, at, at, readings.staff)
        score.cpu_s += time.process_time() - began_s
        score.frames += 1
        _keep(raised, flags, at)
        _keep(prompts, bound.step(observations, at, at, readings.staff), at)
        score.on_unseen += sum(
            flag.ended_at is None and flag.student is not None and not visible[flag.student - 1, frame]
            for flag in flags
        )
    spells = [due for who, track in enumerate(tracks, 1) for due in due_spells(who, track, settings.engagement)]
    score_flags(score, spells, [one for one in raised.values() if one.flag.student is not None])
    score.class_prompts = sum(one.flag.student is None for one in prompts.values())
    named = [one for one in prompts.values() if one.flag.student is not None]
    score.prompts = len(named)
    score.prompts_right = sum(any(_touches(due, one) for due in spells if due.allowed) for one in named)
    return score


def _keep(raised: dict[tuple, Raised], flags: tuple[Flag, ...], at: float) -> None:
    """Remember flags as the writer does: by whose, of what kind and since when."""
    for flag in flags:
        known = raised.setdefault((flag.student, flag.kind, flag.started_at), Raised(flag, at, at))
        known.flag = flag
        known.last_at = at if flag.ended_at is None else flag.ended_at


def due_spells(who: int, track: Track, settings: EngagementSettings) -> Iterator[Due]:
    """The scripted spells of a student, as they look to somebody who sees no more than is in sight."""
    if track.staff:
        return
    visible = np.flatnonzero(track.visible())
    turned = track.restless & ~track.away & (track.face_height > SMALL_HEIGHT)
    in_sight_at = START_AT + visible / RATE_HZ
    kinds = (
        ("away", track.away, settings.away_s, PRESENCE_LEARN_S),
        ("looking_away", turned, settings.looking_away_s, 0.0),
        ("low_mood", track.low(), settings.low_mood_s, settings.learn_s),
    )
    readable = np.cumsum(track.visible() & ~track.away) / RATE_HZ
    for kind, does, lasts_s, learn_s in kinds:
        for start, end in _runs(does[visible]):
            for part in _unforgotten(visible[start:end], settings.forgotten_after_s):
                yield _due(who, kind, part, lasts_s, bool(readable[part[0]] >= learn_s), in_sight_at)


def _due(who: int, kind: str, frames: np.ndarray, lasts_s: float, known: bool, in_sight_at: np.ndarray) -> Due:
    """A spell from the frames in which it is in sight; holes of up to a frame's time count as seen."""
    at = START_AT + frames / RATE_HZ
    steps = np.diff(at, prepend=at[0])
    seen_s = np.cumsum(np.where(steps <= 5.0, steps, 0.0))
    due_at = float(at[np.argmax(seen_s >= lasts_s)]) if seen_s[-1] >= lasts_s else None
    allowed = seen_s[-1] >= (1 - NEARLY_DUE) * lasts_s
    expected = known and seen_s[-1] >= (1 + NEARLY_DUE) * lasts_s
    return Due(who, kind, float(at[0]), float(at[-1]), due_at, allowed, expected, in_sight_at)


def _runs(does: np.ndarray) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], does.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _unforgotten(frames: np.ndarray, forgotten_after_s: float) -> list[np.ndarray]:
    """The frames of a spell, parted where it was out of sight for too long."""
    return np.split(frames, np.flatnonzero(np.diff(frames) / RATE_HZ > forgotten_after_s) + 1)


def _overlap_s(due: Due, one: Raised) -> float:
    return min(one.last_at, due.ended_at) - max(one.flag.started_at, due.began_at)


def _touches(due: Due, one: Raised) -> bool:
    return (due.student, due.kind) == (one.flag.student, one.flag.kind) and _overlap_s(due, one) > 0


def _fits(due: Due, one: Raised) -> bool:
    """Whether a flag covers half of a spell and came in time."""
    if due.due_at is None or not _touches(due, one) or abs(due.delay_s(one.raised_at)) > WITHIN_S:
        return False
    return _overlap_s(due, one) >= COVERS * (due.ended_at - due.began_at)


def score_flags(score: RuleScore, spells: list[Due], raised: list[Raised]) -> None:
    """Match flags with spells, each at most once."""
    open_spells = [due for due in spells if due.expected]
    score.due += len(open_spells)
    for one in sorted(raised, key=lambda one: one.raised_at):
        match = next((due for due in open_spells if _fits(due, one)), None)
        if match is not None:
            open_spells.remove(match)
            score.right += 1
            score.delays.append(match.delay_s(one.raised_at))
        elif not any(due.allowed and not due.expected and _touches(due, one) for due in spells):
            score.false += 1
            score.false_by_kind[one.flag.kind] = score.false_by_kind.get(one.flag.kind, 0) + 1
    for due in open_spells:
        score.missed_by_kind[due.kind] = score.missed_by_kind.get(due.kind, 0) + 1
