"""What one reading says for or against a flag: one function for each kind, from a student and what is seen now."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from config import EngagementSettings
from domain import FlagKind, Observation
from inference.engagement.student import StudentOverTime, shows_face

USUALLY_FOUND = 0.7
"""Share of a student's readings in which a face must usually be found before its absence means anything: where it is
found less often, it is the light or the angle that hides it."""
HALF_WAY = math.log(2)
"""Smoothing times after which an average has gone half of the way to a new value: there, about, limits are passed."""
HELD_SHARE = 0.6
"""Part of a fall in mood at which a stretch of low mood still goes on: hysteresis against a mood at the limit."""
CLOSED_EYES = 0.2
"""Openness up to which eyes count as closed: PERCLOS counts lids that cover 80 % of the pupil (Wierwille 1994)."""
EYES_FROM_HEIGHT = 90
"""Height of a face in pixels from which eyelids can be told at all: an eye is then about four pixels high."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether a reading speaks for a flag, and how sure it is, 0 to 1."""

    supports: bool
    sureness: float = 1.0


@dataclass(frozen=True, slots=True)
class Situation:
    """What a rule may look at: the student, the reading, seconds of a steady clock, and how the class looks.

    ``class_valence`` is the middle student's lasting mood, -1 to 1; None while too few are known. ``held`` says that a
    stretch of this kind is going on.
    """

    student: StudentOverTime
    seen: Observation
    now_s: float
    class_valence: float | None
    held: bool


def away(now: Situation, _: EngagementSettings) -> Evidence | None:
    """Nobody before a camera that usually shows a face; a face that is found but cannot be read is somebody."""
    usual = now.student.usual_presence
    if now.seen.camera == "no_face":
        return Evidence(True, usual.value) if now.held or (usual.known and usual.value >= USUALLY_FOUND) else None
    if now.seen.camera == "on" and shows_face(now.seen):
        return Evidence(False)
    return None


def looking_away(now: Situation, _: EngagementSettings) -> Evidence | None:
    """A head that is turned from its usual direction; whether it moves is asked when the flag is raised."""
    if now.seen.attention is None or now.seen.attention.yaw is None:
        return None
    attending = now.student.attending(now.now_s)
    return None if attending is None else Evidence(not attending, now.student.gaze.confidence)


def eyes_closed(now: Situation, _: EngagementSettings) -> Evidence | None:
    """Closed eyes on a face that is large enough to tell."""
    told, quality = now.seen.attention, now.seen.quality
    if told is None or told.eyes_open is None or quality is None or (quality.face_height or 0) < EYES_FROM_HEIGHT:
        return None
    return Evidence(told.eyes_open <= CLOSED_EYES, told.confidence)


def low_mood(now: Situation, settings: EngagementSettings) -> Evidence | None:
    """A face that looks unpleasant, more so than the student usually does, and more so than the class does now."""
    change, valence = now.student.change(), now.student.lasting_valence
    if now.seen.emotions is None or change is None or valence is None:
        return None
    part = HELD_SHARE if now.held else 1.0
    low = (
        valence <= part * settings.low_mood_level
        and change <= -part * settings.low_mood_drop
        and valence - (now.class_valence or 0.0) <= -part * settings.low_mood_beyond_class
    )
    return Evidence(low, now.student.unpleasant())


def is_restless(now: Situation, since_s: float, settings: EngagementSettings) -> bool:
    """Whether a turned head has moved since then; one that keeps still reads a second screen."""
    moved = now.student.gaze.restlessness(since_s)
    return moved is not None and moved >= settings.restless


def at_any_rate(_now: Situation, _since_s: float, _settings: EngagementSettings) -> bool:
    """What has lasted long enough needs no further look."""
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of flag: whether it is switched on, how long it must last, and what speaks for it.

    Readings show it ``lag_s`` seconds late. ``confirmed`` is asked once a stretch has lasted long enough, with the
    second since when it lasts.
    """

    kind: FlagKind
    enabled: bool
    lasts_s: float
    lag_s: float
    evidence: Callable[[Situation, EngagementSettings], Evidence | None]
    confirmed: Callable[[Situation, float, EngagementSettings], bool] = at_any_rate


def rules_of(settings: EngagementSettings, turning_s: float) -> list[Rule]:
    """The rules that are switched on; directions are averages over ``turning_s`` seconds."""
    moods_s = settings.mood_smoothing_s
    every = (
        Rule("away", settings.away, settings.away_s, 0.0, away),
        Rule(
            "looking_away",
            settings.looking_away,
            settings.looking_away_s,
            HALF_WAY * turning_s,
            looking_away,
            is_restless,
        ),
        Rule("eyes_closed", settings.eyes_closed, settings.eyes_closed_s, 0.0, eyes_closed),
        Rule("low_mood", settings.low_mood, settings.low_mood_s, HALF_WAY * moods_s, low_mood),
    )
    return [rule for rule in every if rule.enabled]
