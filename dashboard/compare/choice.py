"""Which sessions are meant, and how they are grouped: by course, teacher, time of day, class size, month or weekday."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard.report import Frame
from db.queries import FEWEST_STUDENTS

TIMES_OF_DAY = (("Before 10:00", 10), ("10:00 to 12:00", 12), ("12:00 to 15:00", 15), ("After 15:00", 24))
"""When a session began, by the hour before which it did."""

SIZES = ((f"Under {FEWEST_STUDENTS}", FEWEST_STUDENTS), ("5 to 14", 15), ("15 to 24", 25), ("25 and more", 10**9))
"""Most students at once, by the number below which it was."""

UNTOLD = "Teacher not told"
"""Sessions of a machine on which nobody has an account, and that no teacher has taken for theirs."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

MEASURES: dict[str, str] = {"valence": "Mood", "attention": "To the screen", "coverage": "Seen"}
"""What is compared, by the column of `db.queries.sessions`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person filtered by; an empty part lets everything through. Dates are "YYYY-MM-DD", both included."""

    courses: Sequence[str] = ()
    teachers: Sequence[str] = ()
    times: Sequence[str] = ()
    sizes: Sequence[str] = ()
    since: str | None = None
    until: str | None = None


def described(sessions: Frame) -> Frame:
    """Sessions of `db.queries.sessions` with the words that they are filtered and grouped by.

    Added are named, teacher, time, size, month, weekday and day, and ``comparable``: whether they may be compared.
    """
    told = sessions.copy()
    began = [datetime.fromtimestamp(at) for at in told["started_at"]]
    told["named"] = [course or title or "Without a title" for course, title in _pairs(told, "course", "title")]
    told["teacher"] = [owner if isinstance(owner, str) else UNTOLD for owner in told["owner"]]
    told["time"] = [_below(TIMES_OF_DAY, moment.hour) for moment in began]
    told["size"] = [_below(SIZES, students) for students in told["students"]]
    told["month"] = [f"{moment:%Y-%m}" for moment in began]
    told["weekday"] = [WEEKDAYS[moment.weekday()] for moment in began]
    told["day"] = [f"{moment:%Y-%m-%d}" for moment in began]
    finished = told["ended_at"].notna()
    # Five in the meeting, of whom two show their faces, would be numbers about these two.
    told["comparable"] = ~told["simulated"].astype(bool) & finished & (told["students"] >= FEWEST_STUDENTS)
    told["comparable"] &= told["seen"] >= FEWEST_STUDENTS
    told.loc[~told["comparable"], list(MEASURES)] = float("nan")
    told.loc[~(told["judged"] >= FEWEST_STUDENTS), "attention"] = float("nan")
    return told


def _pairs(frame: Frame, first: str, second: str) -> Any:
    """Two columns of texts, with None where there is no text."""
    columns = ([value if isinstance(value, str) else None for value in frame[name]] for name in (first, second))
    return zip(*columns, strict=True)


def _below(steps: Sequence[tuple[str, int]], value: float) -> str:
    return next(word for word, limit in steps if value < limit)


def chosen(told: Frame, choice: Choice) -> Frame:
    """The sessions that a choice lets through."""
    kept = told
    words_of = {
        "named": choice.courses,
        "teacher": choice.teachers,
        "time": choice.times,
        "size": choice.sizes,
    }
    for column, words in words_of.items():
        if words:
            kept = kept[kept[column].isin(list(words))]
    if choice.since:
        kept = kept[kept["day"] >= choice.since]
    if choice.until:
        kept = kept[kept["day"] <= choice.until]
    return kept


GROUPINGS: dict[str, tuple[str, Callable[[Frame], list[str]]]] = {
    "named": ("Course", lambda told: sorted(set(told["named"]), key=str.casefold)),
    "teacher": ("Teacher", lambda told: sorted(set(told["teacher"]), key=str.casefold)),
    "time": ("Time of day", lambda told: [word for word, _ in TIMES_OF_DAY if word in set(told["time"])]),
    "weekday": ("Weekday", lambda told: [word for word in WEEKDAYS if word in set(told["weekday"])]),
    "size": ("Class size", lambda told: [word for word, _ in SIZES if word in set(told["size"])]),
    "month": ("Month", lambda told: sorted(set(told["month"]))),
}
"""By which column sessions are grouped: its word, and the groups in their own order, never in that of a measure."""


def teachers_of(told: Frame) -> list[str]:
    """The teachers whose sessions these are, by name; none where no session has been told whose it is."""
    found = GROUPINGS["teacher"][1](told)
    return [] if found == [UNTOLD] else found


def middle_of_week(day: str) -> str:
    """The Thursday of a date's week, both "YYYY-MM-DD": where a mean of the week stands among its days."""
    date = datetime.fromisoformat(day)
    return f"{date + timedelta(days=3 - date.weekday()):%Y-%m-%d}"
