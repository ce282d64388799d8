"""One student of one session: how the face looked minute by minute, on how many readings, and what was noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import dcc, html
from sqlalchemy import Engine

from dashboard import components
from dashboard.pages.report import empty, framed, title
from dashboard.report import Frame, cards, figures, summary, tables
from dashboard.report.account import Account, read_account
from dashboard.report.naming import Naming
from db.queries import StudentView
from domain import EMOTIONS, StoreError


def register(app: dash.Dash, engine: Engine, clock: Callable[[], float]) -> None:
    """Add the page of any student of a session to an app, at /student/SESSION/NUMBER."""

    def page(session: str | None = None, student: str | None = None, **_: Any) -> Any:
        return layout(engine, session, student, clock())

    dash.register_page(
        "student",
        path_template="/student/<session>/<student>",
        name="Student",
        title="Student · Classmood",
        layout=page,
    )


def layout(engine: Engine, session: str | None, student: str | None, now: float) -> html.Div:
    """The whole page, or what is wrong in its place."""
    numbers = [int(part) if part and part.isdecimal() else 0 for part in (session, student)]
    try:
        account = read_account(engine, numbers[0], now)
    except StoreError as error:
        return framed([], empty("The session cannot be read", str(error)))
    found = (
        next((one for one in account.students if numbers[1] in (one.number, *one.merged)), None) if account else None
    )
    if account is None or found is None:
        return framed([], empty("There is no such student", "Names may have been put right since this link was made."))
    naming = Naming(account.students, with_names=True)
    return framed(title(account), html.Main(body(account, found, naming), className="report"))


def body(account: Account, student: StudentView, naming: Naming) -> list[Any]:
    """The panels in order."""
    minutes = account.student_minutes[account.student_minutes["student"] == student.number]
    if minutes["readings"].sum() == 0:
        chart: Any = cards.nothing("No reading of this student is kept.")
    else:
        label = "Seven emotions stacked, the turn of the head, and the share of readings with a face, minute by minute."
        chart = cards.chart("student-along", figures.student(account, student.number), label, 400)
    along = components.card("Along the lesson", cards.key(), chart, part="student-along", tools=_picture(account))
    return [
        _opening(account, student, naming, minutes),
        along,
        cards.prompts(account, naming, only=student.number),
        components.card("In numbers", _numbers(account, student, naming), part="student-numbers"),
    ]


def _picture(account: Account) -> Any:
    return cards.tools("student-along", f"classmood-{account.session.id}-student")[1]


def _opening(account: Account, student: StudentView, naming: Naming, minutes: Any) -> html.Section:
    readings, valid = int(minutes["readings"].sum()), int(minutes["valid"].sum())
    first = summary.clock(student.first_seen_at)
    facts = [f"In sight in {len(minutes)} of {len(account.minutes)} minutes, first at {first}."]
    if readings:
        facts.append(f"A face could be read in {valid / readings:.0%} of {readings} readings.")
    if valid:
        facts.append(looks_told(minutes))
    others = [name for name in student.aliases if name != student.name]
    if others:
        facts.append("The label also showed: " + ", ".join(components.plain_name(name, 0) for name in others) + ".")
    facts.append("Expressions are not feelings: a face shows how somebody looks, not how they are.")
    back = dcc.Link("Back to the report", href=f"/report/{account.session.id}")
    words = [html.H1(html.Bdi(naming.student(student.number)), className="report-headline")]
    told = html.Ul([html.Li(fact) for fact in facts], className="report-told")
    return html.Section(
        [html.Div([*words, told, html.P(back)], className="report-words")], className="card report-opening"
    )


def looks_told(minutes: Any) -> str:
    """The two looks that were seen most, as shares of what was read."""
    means = minutes[list(EMOTIONS)].mul(minutes["valid"], axis=0).sum() / minutes["valid"].sum()
    most = means.sort_values(ascending=False).head(2)
    return "Looked mostly " + " and ".join(f"{name} ({share:.0%})" for name, share in most.items()) + "."


def _numbers(account: Account, student: StudentView, naming: Naming) -> Any:
    table: Frame = tables.student_minutes_table(account, naming)
    table = table[table["Student"] == naming.student(student.number)].drop(columns="Student")
    table["Minute"] = table["Minute"].str[-5:]
    head, rows = tables.shown(table)
    data: Any = {"head": head, "body": rows}
    return html.Details(
        [
            html.Summary("Every minute as a table"),
            html.Div(dmc.Table(data=data, striped="odd", className="numbers"), className="report-wide"),
        ]
    )
