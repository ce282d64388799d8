"""One student of one session: how the face looked minute by minute, on how many readings, and what was noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Output, State, dcc, html
from sqlalchemy import Engine

from dashboard import components
from dashboard.pages.report import answer_of, answers_on, empty, framed, message, title
from dashboard.report import Frame, cards, figures, summary, tables
from dashboard.report.account import Account, read_account
from dashboard.report.deeds import answers
from dashboard.report.deeds.desk import Desk
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
    _answer_prompts(app, engine, clock)


def layout(engine: Engine, session: str | None, student: str | None, now: float) -> html.Div:
    """The whole page, or what is wrong in its place."""
    numbers = [int(part) if part and part.isdecimal() else 0 for part in (session, student)]
    try:
        account = read_account(engine, numbers[0], now)
    except StoreError as error:
        return framed([], empty("The session cannot be read", str(error)))
    found = found_in(account, numbers[1])
    if account is None or found is None:
        return framed([], nobody())
    return framed(
        title(account),
        html.Main(body(account, found), id="student-body", className="report"),
        dcc.Store(id="student-whose", data=[account.session.id, found.number]),
    )


def nobody() -> html.Main:
    """What stands in place of a student who is not there."""
    return empty("There is no such student", "Names may have been put right since this link was made.")


def found_in(account: Account | None, number: int) -> StudentView | None:
    """The student of this number, or whom that one turned out to be."""
    students = account.students if account else ()
    return next((one for one in students if number in (one.number, *one.merged)), None)


def _answer_prompts(app: dash.Dash, engine: Engine, clock: Callable[[], float]) -> None:
    """Answer a prompt of this student, or change its answer."""

    @app.callback(
        Output("student-body", "children"),
        *answers_on("student"),
        State("student-whose", "data"),
        prevent_initial_call=True,
    )
    def answered(clicks: list[int | None], reasons: list[str | None], whose: tuple[int, int]) -> Any:
        def draw(account: Account | None, said: str, fault: bool) -> list[Any]:
            found = found_in(account, whose[1])
            return [nobody()] if account is None or found is None else body(account, found, said, fault)

        desk = Desk(engine, clock, draw)
        return desk.done(whose[0], answer_of(desk, reasons), answers.PUT_RIGHT)[0] if any(clicks) else dash.no_update


def body(account: Account, student: StudentView, said: str = "", fault: bool = False) -> list[Any]:
    """The panels in order; ``said`` is what became of the last deed, ``fault`` whether it failed."""
    naming = Naming(account.students, with_names=True)
    minutes = account.student_minutes[account.student_minutes["student"] == student.number]
    return [
        message(said, fault),
        _opening(account, student, naming, minutes),
        _along(account, student.number, minutes),
        cards.prompts(account, naming, only=student.number),
        components.card("In numbers", _numbers(account, student, naming), part="student-numbers"),
    ]


def _along(account: Account, number: int, minutes: Frame) -> html.Section:
    """The student's own line, or why there is none."""
    if not minutes["valid"].sum():
        read = minutes["readings"].sum()
        why = "No face of this student was read." if read else "No reading of this student is kept."
        return components.card("Along the lesson", cards.nothing(why), part="student-along")
    label = "Seven emotions stacked, the turn of the head, and the share of readings with a face, minute by minute."
    return components.card(
        "Along the lesson",
        cards.key(),
        cards.chart("student-along", figures.student(account, number), label, 400),
        part="student-along",
        tools=cards.picture_button("student-along", f"classmood-{account.session.id}-student"),
    )


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
