"""The numbers behind the charts, as tables: what the page shows beside a chart, and what is exported as CSV and Excel.

Times are this machine's wall clock as text; shares are 0 to 1; what was not read is empty, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard import theme
from dashboard.report import Frame, summary
from dashboard.report.account import Account
from dashboard.report.heat import heat_of
from dashboard.report.naming import Naming
from dashboard.report.usual import STEPS
from db.queries import MarkerView
from domain import EMOTIONS

DECIMALS = 3
"""A thousandth is what the database keeps of a share."""

MEASURE_WORDS = {"valence": "mood", "attention": "attention"}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


def class_table(account: Account, _: Naming) -> Frame:
    """The class by the minute."""
    minutes = account.minutes
    table = pd.DataFrame({"Minute": [_time(at_ms / 1000) for at_ms in minutes["at_ms"]]})
    table["Seen"], table["Present"] = minutes["seen"].round(1), minutes["present"].round(1)
    table["Judged"] = minutes["judged"].round(1)
    table["Mood (-1 to 1)"] = minutes["valence"].round(DECIMALS)
    table["Look towards the screen"] = minutes["attention"].round(DECIMALS)
    for emotion in EMOTIONS:
        table[theme.EMOTION_WORDS[emotion]] = minutes[emotion].round(DECIMALS)
    return table


def students_table(account: Account, naming: Naming) -> Frame:
    """A row per student: when in sight, how much was read, and the mean of each emotion over what was read."""
    groups = dict(list(account.student_minutes.groupby("student")))
    known = {student.number: student for student in account.students}
    rows = []
    for number in naming.ordered():
        minutes = groups.get(number, account.student_minutes.iloc[:0])
        valid, readings = int(minutes["valid"].sum()), int(minutes["readings"].sum())
        means = minutes[list(EMOTIONS)].mul(minutes["valid"], axis=0).sum() / valid if valid else None
        last = known[number].last_seen_at
        rows.append(
            [
                naming.student(number),
                _time(known[number].first_seen_at),
                "" if last is None else _time(last),
                len(minutes),
                round(valid / readings, DECIMALS) if readings else None,
                *(None if means is None else round(float(means[emotion]), DECIMALS) for emotion in EMOTIONS),
            ]
        )
    head = ["Student", "First seen", "Last seen", "Minutes in sight", "Share of readings with a face read"]
    return pd.DataFrame(rows, columns=[*head, *(theme.EMOTION_WORDS[emotion] for emotion in EMOTIONS)])


def heat_table(account: Account, naming: Naming) -> Frame:
    """A row per student, a column per minute: the emotion that leads, or why there is none."""
    heat = heat_of(account, naming.ordered())
    words = [[theme.EMOTION_WORDS[EMOTIONS[place]] if place >= 0 else "" for place in row] for row in heat.leading]
    for run in heat.missing:
        words[run.row][run.first : run.end] = [run.reason] * (run.end - run.first)
    names = [naming.student(number) for number in heat.students]
    columns = ["Student", *(summary.clock(at_ms / 1000) for at_ms in heat.at_ms)]
    return pd.DataFrame([[name, *row] for name, row in zip(names, words, strict=True)], columns=columns)


def student_minutes_table(account: Account, naming: Naming) -> Frame:
    """A row per student and minute."""
    order = {number: place for place, number in enumerate(naming.ordered())}
    minutes = account.student_minutes.sort_values(
        ["student", "at_ms"], key=lambda column: column.map(order) if column.name == "student" else column
    )
    table = pd.DataFrame({"Student": [naming.student(number) for number in minutes["student"]]})
    table["Minute"] = [_time(at_ms / 1000) for at_ms in minutes["at_ms"]]
    for name, words in (("readings", "Readings"), ("valid", "With a face read")):
        table[words] = minutes[name].to_numpy()
    shares = {"camera_on": "Camera on", "camera_off": "Camera off", "eyes_open": "Eyes open"}
    for name, words in {**shares, **{emotion: theme.EMOTION_WORDS[emotion] for emotion in EMOTIONS}}.items():
        table[words] = minutes[name].round(DECIMALS).to_numpy()
    table["Head turned (degrees)"] = minutes["turn"].round(1).to_numpy()
    return table


def turning_table(account: Account, naming: Naming) -> Frame:
    """The moments that matter, each with its evidence."""
    head = ["Time", "Of", "Before", "After", "How sure", "What", "Evidence"]
    rows = [
        [
            _time(point.at),
            MEASURE_WORDS[point.measure],
            round(point.before.mean, DECIMALS),
            round(point.after.mean, DECIMALS),
            point.sureness,
            summary.change_told(point, naming),
            summary.evidence_told(point),
        ]
        for point in account.turning
    ]
    return pd.DataFrame(rows, columns=head)


def flags_table(account: Account, naming: Naming) -> Frame:
    """The prompts, what they rest on, and what was done with them."""
    head = ["From", "Until", "Student", "Why", "Readings", "Of", "How sure", "What else it could be", "What was done"]
    rows = [
        [
            _time(flag.started_at),
            "" if flag.ended_at is None else _time(flag.ended_at),
            naming.student(flag.student),
            naming.text(flag.reason),
            flag.readings,
            flag.readings_of,
            round(flag.confidence, 2) if flag.readings_of else None,
            naming.text(flag.alternatives),
            done_told(flag.dismissal, flag.note, naming),
        ]
        for flag in account.flags
    ]
    return pd.DataFrame(rows, columns=head)


def done_told(dismissal: str | None, note: str | None, naming: Naming) -> str:
    """What a person did with a prompt, in words."""
    words = "left unanswered" if dismissal is None else summary.DISMISSAL_WORDS.get(dismissal, dismissal)
    words = words[:1].upper() + words[1:]
    return f"{words}: {naming.text(note)}" if note else words


def markers_table(account: Account, naming: Naming) -> Frame:
    """What a person noted along the lesson."""
    rows = [[_time(marker.at), marker.kind, naming.text(marker.text)] for marker in account.markers]
    return pd.DataFrame(rows, columns=["Time", "Kind", "Text"])


def usual_table(account: Account, _: Naming) -> Frame:
    """The session by share of the lesson, and the course's other classes."""
    head = ["Share of the lesson", "This class", "Usual, lower", "Usual, middle", "Usual, upper"]
    if account.usual is None:
        return pd.DataFrame(columns=head)
    band = account.usual.along.round(DECIMALS)
    shares = [f"{place * 100 // STEPS} to {(place + 1) * 100 // STEPS} %" for place in range(STEPS)]
    own = valence_by_share(account).round(DECIMALS)
    return pd.DataFrame(dict(zip(head, (shares, own, band["low"], band["middle"], band["high"]), strict=True)))


def valence_by_share(account: Account) -> Frame:
    """The session's valence by twentieth of the lesson, NaN where nothing was read."""
    length = max(60.0, account.until - account.session.started_at)
    placed = (account.minutes["at_ms"] / 1000 + 30 - account.session.started_at) / length
    twentieth = (placed.clip(0, 1 - 1e-9) * STEPS).astype(int)
    return account.minutes.groupby(twentieth)["valence"].mean().reindex(range(STEPS))


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the lesson between two phase markers: from and until in UNIX seconds, and its means, NaN if unread."""

    text: str
    started_at: float
    ended_at: float
    seen: float
    present: float
    valence: float
    attention: float


def phases(account: Account) -> list[Phase]:
    """The parts of the lesson that a person marked, with what was read in each."""
    marks = [marker for marker in account.markers if marker.kind == "phase"]
    ends = [*(marker.at for marker in marks[1:]), max(account.until, marks[-1].at)] if marks else []
    return [_phase(account, mark, end) for mark, end in zip(marks, ends, strict=True)]


def _phase(account: Account, mark: MarkerView, end: float) -> Phase:
    middle = account.minutes["at_ms"] / 1000 + 30
    means = account.minutes[(middle >= mark.at) & (middle < end)][["seen", "present", "valence", "attention"]].mean()
    return Phase(" ".join(mark.text.split()), mark.at, end, *(float(mean) for mean in means))


def numbers(values: Iterable[Any]) -> list[str]:
    """Cells of a row as a page shows them: a dash for what was not read."""
    return [_cell(value) for value in values]


def _cell(value: Any) -> str:
    if value is None or value != value:  # as NaN is
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def shown(table: Frame) -> tuple[Sequence[str], list[list[str]]]:
    """Head and body of a table as a page shows it."""
    return list(table.columns), [numbers(row) for row in table.itertuples(index=False, name=None)]
