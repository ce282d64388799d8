"""What one second's look at the class says: words for measured numbers, and what to do when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dashboard.components import plain_line
from db.queries import MarkerView, SessionSummary
from db.status import CaptureStatus
from domain import Coverage, Emotion

Tone = Literal["good", "calm", "mixed", "low", "tense", "none"]
Trend = Literal["up", "down", "steady"]
Level = Literal["quiet", "warn", "bad"]

MOOD_WINDOW_S = 15.0
"""The word speaks for a quarter of a minute: shorter and it flickers with single smiles, longer and it is late."""

TREND_WINDOW_S = 60.0
TREND_BASIS_S = 120.0
"""The arrow compares the last minute with the two before it, about as long as one thing is explained in class."""

TREND_STEP = 0.06
"""Smaller changes of the mean valence than this are called steady: it is about one student of fifteen going from
neutral to a clear smile, as much as readings of the same faces differ from minute to minute."""

PLEASANT_FROM = 0.10
CHEERFUL_FROM = 0.35
UNPLEASANT_FROM = -0.12
"""Limits on the mean valence (-1 to 1). A listening class is mostly neutral and lies near 0; 0.35 is about every third
face in a clear smile. The lower limit is a little further out because networks trained on FER2013 lean towards sad for
listening faces, and a false alarm costs more than a late one."""

NEUTRAL_CALM_SHARE = 0.4
"""Near valence 0 a class is calm when this much of it looks neutral; otherwise pleasant and unpleasant cancel out and
"calm" would be wrong: it is mixed."""

ENOUGH_SEEN = 0.25
"""Below a quarter of the class in sight there is no word for "the class": the rest may look different."""

BUSY_CPU_PERCENT = 90.0
"""Percent of one core: the capture works on one, and near its end the rate falls and Zoom feels it."""

SLOW_SHARE = 0.5
"""Below half of the asked rate the readings come late enough to say so."""


@dataclass(frozen=True, slots=True)
class Mood:
    """One word for how the class looks, the tone that colours it, and a sentence that says what it rests on."""

    word: str
    tone: Tone
    sentence: str


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the capture stands: a word for it, and, unless all is well, a title, a sentence and the command that helps.

    ``level`` says how loud it is shown; ``current`` whether the numbers on the page are of now; ``empty`` whether there
    is no class to show at all.
    """

    kind: str
    level: Level = "quiet"
    title: str = ""
    text: str = ""
    command: str = ""
    current: bool = False
    empty: bool = False


def class_mood(valence: float | None, shares: Mapping[Emotion, float] | None, coverage: Coverage) -> Mood:
    """How the class looks, from its mean valence (-1 to 1) and its mean probabilities; None where nothing was read."""
    if valence is None or shares is None or coverage.seen == 0:
        return Mood("No reading", "none", "No face was read in the last seconds.")
    if coverage.seen < ENOUGH_SEEN * coverage.present:
        return Mood("Too few seen", "none", "Too little of the class is in sight for one word.")
    if valence >= CHEERFUL_FROM:
        return Mood("Cheerful", "good", "Many faces smile.")
    if valence >= PLEASANT_FROM:
        return Mood("Pleasant", "good", "More smiles than frowns.")
    if valence > UNPLEASANT_FROM:
        if shares["neutral"] >= NEUTRAL_CALM_SHARE:
            return Mood("Calm", "calm", "Most faces look neutral.")
        return Mood("Mixed", "mixed", "Some look pleased, others do not.")
    if shares["angry"] + shares["disgust"] + shares["fear"] > shares["sad"]:
        return Mood("Tense", "tense", "More tense faces than pleased ones.")
    return Mood("Subdued", "low", "More downcast faces than pleased ones.")


def trend(recent: float | None, before: float | None) -> Trend | None:
    """Where the mean valence goes, from that of the last minute and of the two before; None where one is missing."""
    if recent is None or before is None:
        return None
    if abs(recent - before) < TREND_STEP:
        return "steady"
    return "up" if recent > before else "down"


TREND_WORDS: dict[Trend, str] = {
    "up": "Brighter than before",
    "down": "Duller than before",
    "steady": "Steady",
}
"""Said beside the arrow; "before" are the two minutes before the last one."""

START_COMMAND = "python3 classmood.py run"


def situation(
    status: CaptureStatus | None, session: SessionSummary | None, now: float, unwritable: str | None = None
) -> Situation:
    """Where the capture stands at a time, from what it last wrote and the session that was started last.

    ``unwritable`` says in one line why a capture that is still there cannot write; None when nothing hinders it.
    """
    if status is None:
        return Situation(
            "never", "quiet", "No class yet", "Nothing is watching the screen. Start it with", START_COMMAND, empty=True
        )
    if status.state == "stopped":
        return _stopped(session, now)
    if not status.is_alive(now) and unwritable is not None:
        return Situation(
            "unwritten",
            "bad",
            "The class cannot be written down",
            f"It is kept in memory for some minutes, since {clock_time(status.heartbeat_at)}: {unwritable}",
            empty=session is None,
        )
    if not status.is_alive(now):
        return Situation(
            "lost",
            "bad",
            "The capture has stopped answering",
            f"Last sign of life at {clock_time(status.heartbeat_at)}. Start it again with",
            START_COMMAND,
            empty=session is None,
        )
    over = session is None or session.ended_at is not None
    if status.state == "error":
        return Situation("error", "bad", "The capture cannot go on", status.error or status.message, empty=over)
    if status.state in ("starting", "waiting"):
        title = "Starting" if status.state == "starting" else "Waiting for a class"
        return Situation(status.state, "quiet", title, status.message, empty=over, current=not over)
    if status.state == "paused":
        title, _, text = status.message.rpartition(": ")
        return Situation("paused", "warn", title or "Paused", text, empty=session is None)
    if status.state == "ended":
        return Situation("ended", "quiet", _end_title(session, now), status.message, empty=session is None)
    return Situation("watching", current=True)


def _stopped(session: SessionSummary | None, now: float) -> Situation:
    if session is None:
        return Situation(
            "never", "quiet", "No class yet", "Nothing is watching the screen. Start it with", START_COMMAND, empty=True
        )
    return Situation(
        "stopped",
        "quiet",
        _end_title(session, now),
        "Nothing is watching the screen now. Start the next one with",
        START_COMMAND,
    )


def _end_title(session: SessionSummary | None, now: float) -> str:
    if session is None or session.ended_at is None:
        return "The class is over"
    ended = datetime.fromtimestamp(session.ended_at)
    today = ended.date() == datetime.fromtimestamp(now).date()
    return f"The class ended {'at' if today else ended.strftime('on %d %B %Y at')} {ended.strftime('%H:%M')}"


def trouble(status: CaptureStatus, rate_hz: float) -> str | None:
    """What is wrong with a capture that runs, with the fix, in one sentence; None when it is well."""
    if status.error:
        return status.error
    if status.fps is not None and status.fps < SLOW_SHARE * rate_hz:
        return (
            f"Only {status.fps:.1f} of {rate_hz:g} frames a second are read: close other programs, "
            "or lower capture.rate_hz in config.yaml."
        )
    if status.cpu_percent is not None and status.cpu_percent >= BUSY_CPU_PERCENT:
        return "The capture keeps one core busy: lower capture.rate_hz in config.yaml if Zoom stutters."
    if status.moments_lost:
        return f"{status.moments_lost} moments were lost while the class could not be written down; now it is again."
    return None


MODE_WORDS = {None: "Lesson", "exercise": "Exercise", "group_work": "Group work", "break": "Break"}
"""What the class does, as the buttons and the chart's markers call it, by the mode of `db.commands`."""

MARKER_WORDS = {"note": "Note", "topic": "New topic", "question": "Question", "phase": "Phase"}
"""What a marker without words of its own is called."""


def marker_words(marker: MarkerView) -> str:
    """What a marker says on the chart: plain text of one line."""
    if marker.kind == "mode":
        return MODE_WORDS.get(marker.text or None, plain_line(marker.text))
    return plain_line(marker.text) or MARKER_WORDS.get(marker.kind, plain_line(marker.kind))


def clock_time(at: float) -> str:
    """A time as this machine's wall clock shows it."""
    return datetime.fromtimestamp(at).strftime("%H:%M:%S")
