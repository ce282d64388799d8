"""A session in a few sentences: how it began, what changed, how it ended, and how much of the class that speaks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from dashboard.live import glance
from dashboard.report import Frame
from dashboard.report.account import Account
from dashboard.report.naming import Naming
from dashboard.report.turning import TurningPoint
from db.queries import FlagView
from domain import EMOTIONS, Coverage, Emotion

SHORTEST_S = 300.0
"""Under five minutes there is no start and no end to speak of."""

EDGE_MINUTES = 10
"""The start and the end of a lesson: about how long a class takes to settle, and at most a third of it."""

TOLD_CHANGES = 2
"""The headline names the largest changes; the list below it has them all."""

NEAR_LENGTH = 80
"""Characters of a marker and its kind that a sentence can bear; the list of markers has the whole text."""

DISMISSAL_WORDS = {"wrong": "put aside as wrong", "known": "answered “I know why”", "not_now": "put off"}
"""What a person did with a flag."""


def clock(at: float) -> str:
    """A time of the lesson as this machine's wall clock shows it."""
    return datetime.fromtimestamp(at).strftime("%H:%M")


def day(at: float) -> str:
    """A date in words that no country reads the wrong way round."""
    moment = datetime.fromtimestamp(at)
    return f"{moment:%A}, {moment.day} {moment:%B %Y}"


def lasted(seconds: float) -> str:
    """A duration in words: "1 h 30 min", "8 min", "40 s"."""
    if seconds < 60:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def signed(valence: float) -> str:
    """A mood as a number; adding zero turns a rounded -0.0 into 0.0."""
    return f"{round(valence, 2) + 0.0:+.2f}"


def headline(account: Account, naming: Naming) -> str:
    """The lesson in one sentence."""
    if account.minutes.empty:
        return "Nothing was read in this session."
    if not account.has_moods:
        if account.coverage.seen:
            return "Too little of the class was seen to say how it looked."
        return "No faces were read: who was there is known, not how they looked."
    if account.until - account.session.started_at < SHORTEST_S:
        return f"Too short for a story: {_word(account.minutes).lower()}, as far as it was seen."
    edge = max(1, min(EDGE_MINUTES, len(account.minutes) // 3))
    start, end = _word(account.minutes.head(edge)), _word(account.minutes.tail(edge))
    parts = [f"{start} start", *(_change(point, naming) for point in largest(account.turning))]
    return ", ".join([*parts, f"{end.lower()} {'now' if account.running else 'end'}"]) + "."


def largest(points: Sequence[TurningPoint]) -> list[TurningPoint]:
    """The changes of mood that the headline names, in the order of time."""
    moods = [point for point in points if point.measure == "valence"]
    chosen = sorted(moods, key=lambda point: abs(point.step), reverse=True)[:TOLD_CHANGES]
    return sorted(chosen, key=lambda point: point.at)


def sentences(account: Account, naming: Naming) -> list[str]:
    """What stands below the headline: coverage, attention, flags, and how it compares with the course's usual."""
    told = [_seen(account), _attention(account.minutes), flags_told(account.flags), usual_told(account)]
    return [sentence for sentence in told if sentence]


def _word(minutes: Frame) -> str:
    """The live page's word for a stretch of minutes."""
    known = minutes.dropna(subset=["valence"])
    if known.empty:
        return "Unseen"
    means = known[["valence", *EMOTIONS]].mean()
    shares: dict[Emotion, float] = {emotion: float(means[emotion]) for emotion in EMOTIONS}
    return glance.class_mood(float(means["valence"]), shares, Coverage(1, 1)).word


def _change(point: TurningPoint, naming: Naming) -> str:
    near = f" {_near(point, naming)}" if point.near else ""
    return f"{'a rise' if point.step > 0 else 'a dip'} at {clock(point.at)}{near}"


def _near(point: TurningPoint, naming: Naming) -> str:
    """What a moment is near to; cut only after names were hidden, as half a name would not be known for one."""
    words = naming.text(point.near)
    return words if len(words) <= NEAR_LENGTH else f"{words[: NEAR_LENGTH - 2]}…”"


def change_told(point: TurningPoint, naming: Naming) -> str:
    """A moment that matters, in a sentence with its evidence."""
    if point.measure == "valence":
        what = "The class looked more pleasant" if point.step > 0 else "The class looked less pleasant"
        levels = f"{signed(point.before.mean)} before, {signed(point.after.mean)} after"
    else:
        what = "More looked towards the screen" if point.step > 0 else "Fewer looked towards the screen"
        levels = f"{point.before.mean:.0%} before, {point.after.mean:.0%} after"
    near = f", {_near(point, naming)}" if point.near else ""
    return f"{what}{near}: {levels}."


def evidence_told(point: TurningPoint) -> str:
    """What a moment rests on: how long the levels lasted, and how many were seen."""
    before, after = point.before, point.after
    seen = "seen" if point.measure == "valence" else "judged"
    told = (
        f"{point.sureness.capitalize()}. {before.minutes} min before with {before.seen:.0f} of {before.present:.0f} "
        f"{seen}, {after.minutes} min after with {after.seen:.0f} of {after.present:.0f}."
    )
    return f"{told} It may be other students who are seen, and not another mood." if point.seen_differs else told


def _seen(account: Account) -> str:
    if account.minutes.empty:
        return ""
    pauses = [gap for gap in account.gaps if gap.ended_at is not None]
    told = f"On average {account.coverage}, over {len(account.minutes)} minutes"
    if pauses:
        length = lasted(sum(gap.ended_at - gap.started_at for gap in pauses if gap.ended_at is not None))
        told += f" with {'a pause' if len(pauses) == 1 else f'{len(pauses)} pauses'} of {length}"
    return f"{told}{'' if len(pauses) < 2 else ' in all'}."


def _attention(minutes: Frame) -> str:
    known = minutes.dropna(subset=["attention"])
    if known.empty:
        return "Where students look could not be told." if not minutes.empty else ""
    share = float((known["attention"] * known["judged"]).sum() / known["judged"].sum())
    return (
        f"{share:.0%} of those of whom it can be told looked towards the screen "
        f"(on average {known['judged'].mean():.0f} of {known['present'].mean():.0f} students)."
    )


def flags_told(flags: Sequence[FlagView]) -> str:
    """How many prompts there were and what became of them."""
    if not flags:
        return "No prompts were given."
    counts = Counter(flag.dismissal for flag in flags)
    became = [f"{counts[why]} {words}" for why, words in DISMISSAL_WORDS.items() if counts[why]]
    if counts[None]:
        became.append(f"{counts[None]} left unanswered")
    return f"{len(flags)} {'prompt was' if len(flags) == 1 else 'prompts were'} given: {', '.join(became)}."


def usual_told(account: Account) -> str:
    """How the session's mood compares with the course's usual."""
    usual, known = account.usual, account.minutes["valence"].dropna()
    if usual is None or usual.valence is None or known.empty:
        return ""
    low, _, high = usual.valence
    mean = float(known.mean())
    where = "within" if low <= mean <= high else "above" if mean > high else "below"
    return (
        f"Mood {signed(mean)}, {where} what is usual for this course: {signed(low)} to {signed(high)} in half of its "
        f"{usual.sessions} other classes."
    )
