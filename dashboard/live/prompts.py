"""The flags as the cards that a teacher sees: whose, what, since when, on how many readings, how sure, what else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard import components
from dashboard.live import glance
from dashboard.live.news import Parts
from db.queries import FlagView

SNOOZE_S = 300.0
"""A prompt that was put off comes back after five minutes if it still lasts: about one task of a lesson later."""

LINGER_S = 60.0
"""A prompt that is over stays for a minute, marked as over, so that no card vanishes under the hand."""

KIND_WORDS = {
    "away": "Away from the camera",
    "looking_away": "Looks away",
    "eyes_closed": "Eyes closed",
    "low_mood": "Less content than usual",
    "class_mood": "The mood has fallen",
    "class_attention": "Fewer look at the screen",
}
"""What the rules of the flags notice; another kind is told by its own name."""

SURE_WORDS = ((0.8, "quite sure"), (0.6, "fairly sure"), (0.0, "not very sure"))
"""How sure a flag is, in words, from a confidence of 0 to 1 upwards: finer is not known."""

REASON_LENGTH = 200
"""Characters of an explanation that a card holds."""


def prompt_parts(flags: Sequence[FlagView], names: Mapping[int, str | None], now: float) -> Parts:
    """Two parts a card, as `fill` in assets/live_prompts.js takes them, and their order: the class comes first.

    What a card rests on grows with every frame and is a part of its own, so that the rest need not travel again. Left
    out are flags that a person put aside for good, that sleep, or that have been over for a minute.
    """
    shown = [flag for flag in flags if _is_shown(flag, now)]
    shown.sort(key=lambda flag: flag.student is not None)  # stable: else in the order in which they began
    parts: Parts = {f"flag-{flag.id}": _card(flag, names) for flag in shown}
    parts |= {f"count-{flag.id}": _counted(flag) for flag in shown}
    return parts | {"prompts": [flag.id for flag in shown]}


def _is_shown(flag: FlagView, now: float) -> bool:
    if flag.ended_at is not None and (flag.dismissal is not None or now - flag.ended_at > LINGER_S):
        return False
    if flag.dismissal == "not_now" and flag.dismissed_at is not None:
        return now - flag.dismissed_at >= SNOOZE_S
    return flag.dismissal is None


def _counted(flag: FlagView) -> str:
    return f"{flag.readings} of {flag.readings_of} readings" if flag.readings_of else ""


def _card(flag: FlagView, names: Mapping[int, str | None]) -> list:
    whose = "The class" if flag.student is None else components.plain_name(names.get(flag.student), flag.student)
    return [
        flag.student,
        whose,
        kind_words(flag.kind),
        components.plain_line(flag.reason.replace(f" ({_counted(flag)})", ""), REASON_LENGTH),
        round(flag.started_at * 1000),
        glance.clock_time(flag.started_at)[:5],
        sure_words(flag.confidence),
        components.plain_line(flag.alternatives, REASON_LENGTH),
        int(flag.ended_at is not None),
    ]


def kind_words(kind: str) -> str:
    """What was noticed, in words."""
    return KIND_WORDS.get(kind) or components.plain_line(kind.replace("_", " ")).capitalize()


def sure_words(confidence: float) -> str:
    """How sure a flag is, in words."""
    return next(words for least, words in SURE_WORDS if confidence >= least)
