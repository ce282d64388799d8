"""Flags in words: what was seen, since when, in how many readings, and what else it could be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inference.engagement.spells import Spell


@dataclass(frozen=True, slots=True)
class Wording:
    """How a kind of flag is told: what was seen, and what else it could be."""

    seen: str
    alternatives: str


WORDINGS: dict[str, Wording] = {
    "away": Wording(
        "Camera on, nobody in the picture",
        "bent down or leaning out of the picture, turned far aside, a covered lens, poor light",
    ),
    "looking_away": Wording(
        "Head turned away from the usual direction and moving",
        "talking to somebody in the room, taking notes, reading a second screen",
    ),
    "eyes_closed": Wording("Eyes closed", "looking down, laughing, narrow eyes, glasses that reflect"),
    "low_mood": Wording(
        "Looks less content than usual, and more so than the class",
        "concentration, a resting face, the light, something outside the lesson; a look is not a feeling",
    ),
    "class_mood": Wording(
        "The mood fell for most of the class",
        "a harder or sadder topic, concentration, many who listen without moving their faces",
    ),
    "class_attention": Wording(
        "Fewer look towards the screen than in the first half",
        "taking notes, an exercise, a shared screen on a second monitor",
    ),
}


def reason(kind: str, spell: Spell) -> str:
    """The flag in one sentence, with the local time since when and the readings that it rests on."""
    since = datetime.fromtimestamp(spell.started_at).astimezone().strftime("%H:%M")
    return f"{WORDINGS[kind].seen} since {since} ({spell.readings} of {spell.readings_of} readings)."
