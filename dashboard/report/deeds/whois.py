"""Who is who, put right on the page: rename, merge, split, move readings, take any of it back; and notes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard import components
from dashboard.report import cards, summary
from dashboard.report.account import Account
from dashboard.report.naming import Naming
from db.corrections import Correction, Made
from domain import StoreError

KINDS = {"rename": "Rename", "merge": "Merge", "split": "Split", "move": "Move"}
"""What can be put right on the page, by the value of its switch."""

LONGEST_NAME = 200
"""As long as Zoom lets a display name be, and some air."""

LONGEST_NOTE = 500


def correction(
    account: Account,
    kind: str,
    student: str | None,
    name: str | None,
    target: str | None,
    at: str | None,
    until: str | None = None,
) -> Correction:
    """The correction that a form asks for; raises StoreError, in a sentence for the person, where something is missing.

    ``student`` and ``target`` are numbers as text, ``at`` and ``until`` are times of the lesson as "HH:MM".
    """
    if not student:
        raise StoreError("Choose a student first.")
    number, given = int(student), " ".join((name or "").split())[:LONGEST_NAME]
    if kind == "rename":
        if not given:
            raise StoreError("Type the name to give.")
        return Correction("rename", number, name=given)
    if kind in ("merge", "move"):
        if not target or int(target) == number:
            raise StoreError("Choose the other student who it really is.")
        if kind == "merge":
            return Correction("merge", number, target=int(target))
        return _moved(account, number, int(target), at, until)
    return Correction("split", number, from_at=time_of_lesson(account, at), name=given or None)


def _moved(account: Account, student: int, target: int, at: str | None, until: str | None) -> Correction:
    """Readings of a stretch that are another's; its end is not part of it, but for the last minute of the lesson."""
    begins, ends = time_of_lesson(account, at), time_of_lesson(account, until)
    if summary.clock(ends) == summary.clock(account.until):
        ends = max(ends, account.until + 1)
    if begins >= ends:
        raise StoreError(f"Expected the start before the end, found {at} and {until}: choose a later end.")
    return Correction("move", student, target=target, from_at=begins, until_at=ends)


def time_of_lesson(account: Account, at: str | None) -> float:
    """UNIX time of a wall clock's "HH:MM" within the session; raises StoreError where it lies outside."""
    started = datetime.fromtimestamp(account.session.started_at)
    span = f"{summary.clock(account.session.started_at)} to {summary.clock(account.until)}"
    try:
        hour, minute = (int(part) for part in (at or "").split(":")[:2])
        moment = started.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise StoreError(f"Type a time of the lesson, {span}.") from None
    if moment < started.replace(second=0, microsecond=0):
        moment += timedelta(days=1)  # a lesson that passes midnight
    if moment.timestamp() > account.until + 60:
        raise StoreError(f"Expected a time of the lesson, {span}; found {at}.")
    return max(moment.timestamp(), account.session.started_at)


def corrections_card(account: Account, naming: Naming) -> Any:
    """The form that puts names right, and the history of what was."""
    if not account.students:
        return components.card("Who is who", cards.nothing("Nobody was in sight."), part="report-whois")
    people = [{"value": str(number), "label": naming.student(number)} for number in naming.ordered()]
    form = html.Div(
        [
            dmc.SegmentedControl(
                id="report-fix-kind",
                value="rename",
                size="xs",
                data=[{"value": value, "label": label} for value, label in KINDS.items()],
                **components.aria(label="What to put right"),
            ),
            dmc.Select(id="report-fix-student", label="Student", data=people, searchable=True, size="xs"),
            dmc.TextInput(
                id="report-fix-name", label="Name", attributes=_at_most(LONGEST_NAME), size="xs", className="when-named"
            ),
            dmc.Select(
                id="report-fix-target",
                label="Is really",
                data=people,
                searchable=True,
                size="xs",
                className="when-other",
            ),
            dmc.TimePicker(id="report-fix-at", label="From", size="xs", className="when-from"),
            dmc.TimePicker(id="report-fix-until", label="Until", size="xs", className="when-until"),
            dmc.Button("Apply", id="report-fix-apply", size="xs"),
        ],
        id="report-fix-form",
        className="report-form for-rename",
    )
    hint = (
        "Merge: two students are one person. Split: from a time on it is somebody else. Move: for a stretch it was "
        "another student, who was not in sight then. What a person puts right is never overwritten, and can be taken "
        "back one by one."
    )
    parts = [form, html.P(hint, className="quiet"), _history(account, naming)]
    return components.card("Who is who", *parts, part="report-whois")


def _at_most(length: int) -> dict[str, Any]:
    """No more characters than this can be typed."""
    return {"input": {"maxLength": length}}


def _history(account: Account, naming: Naming) -> Any:
    if not account.history:
        return None
    items = [
        html.Li(
            [
                html.Span(f"{datetime.fromtimestamp(made.made_at):%d %b %H:%M} ", className="quiet"),
                html.Bdi(told(made, naming)),
                _undo(made),
            ],
            className="" if made.active else "undone",
        )
        for made in reversed(account.history)
    ]
    return html.Ul(items, className="report-history", **components.aria(label="Corrections"))


def _undo(made: Made) -> Any:
    if not made.active:
        return html.Span("taken back", className="quiet")
    return dmc.Button(
        "Take back", id={"type": "report-undo", "correction": made.id}, size="compact-xs", variant="default"
    )


def told(made: Made, naming: Naming) -> str:
    """A correction of the history in words."""
    change = made.correction
    student = naming.student(change.student)
    if change.kind == "rename":
        return f"Student {change.student} named {components.plain_name(change.name, change.student)}"
    if change.kind == "merge":
        return f"Student {change.student} is really {naming.student(change.target)}"
    since = "the start" if change.from_at is None else summary.clock(change.from_at)
    if change.kind == "split":
        return f"{student} is {naming.student(change.target)} from {since} on"
    until = "the end" if change.until_at is None else summary.clock(change.until_at)
    return f"Readings of {student} from {since} to {until} are {naming.student(change.target)}'s"


def notes_card(account: Account, naming: Naming) -> Any:
    """What was noted along the lesson, and the form for a further note."""
    items = [
        html.Li(
            [
                html.Strong(summary.clock(marker.at)),
                html.Span(marker.kind, className="badge"),
                html.Bdi(naming.text(marker.text), className="note-text", dir="auto"),
                dmc.Button(
                    "Remove", id={"type": "report-unnote", "marker": marker.id}, size="compact-xs", variant="default"
                )
                if marker.kind == "note"
                else None,
            ]
        )
        for marker in account.markers
    ]
    form = html.Div(
        [
            dmc.TimePicker(id="report-note-at", label="At", size="xs", value=summary.clock(account.session.started_at)),
            dmc.TextInput(
                id="report-note-text", label="Note", attributes=_at_most(LONGEST_NOTE), size="xs", className="grows"
            ),
            dmc.Button("Add", id="report-note-add", size="xs"),
        ],
        className="report-form",
    )
    body = html.Ul(items, className="notes") if items else cards.nothing("Nothing was noted.")
    return components.card("Notes and markers", body, form, part="report-notes")
