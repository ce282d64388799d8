"""The report: what happened in a session, minute by minute, with the evidence, and who was who."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, ctx, dcc, html
from sqlalchemy import Engine

from dashboard import components
from dashboard.report import cards, tables
from dashboard.report.account import Account, read_account
from dashboard.report.deeds import answers, whois
from dashboard.report.deeds.desk import NOTHING_DONE, Desk
from dashboard.report.naming import Naming
from db import commands, remarks
from domain import StoreError

TABLES: dict[str, Callable[[Account, Naming], Any]] = {
    "report-along": tables.class_table,
    "report-usual": tables.usual_table,
    "report-grid": tables.heat_table,
}
"""The numbers behind each chart, by the chart's panel."""

ANSWER_MS = 1000
"""How often a running capture is asked whether it has made a correction: it looks once a second itself."""


def register(app: dash.Dash, engine: Engine, clock: Callable[[], float]) -> None:
    """Add the report of any session to an app, at /report/NUMBER."""

    def page(session: str | None = None, **_: Any) -> Any:
        return layout(engine, session, clock())

    dash.register_page(
        "report", path_template="/report/<session>", name="Report", title="Report · Classmood", layout=page
    )
    _show_tables(app, engine, clock)
    desk = Desk(engine, clock, drawn)
    _correct_names(app, desk)
    _keep_notes(app, desk)
    _answer_prompts(app, desk)
    _follow_command(app, desk)
    _in_the_browser(app)


def layout(engine: Engine, session: str | None, now: float) -> html.Div:
    """The whole page, or what is wrong in its place."""
    try:
        account = read_account(engine, int(session), now) if session and session.isdecimal() else None
    except StoreError as error:
        return framed([], empty("The session cannot be read", str(error)))
    if account is None:
        return framed([], empty("There is no such session", "It may have been erased, or the address is mistyped."))
    return framed(
        title(account),
        html.Main(body(account), id="report-body", className="report"),
        dcc.Store(id="report-session", data=account.session.id),
        dcc.Store(id="report-pending"),
        dcc.Interval(id="report-asking", interval=ANSWER_MS, disabled=True),
        dmc.Modal(
            html.Div(id="report-table-body", className="report-wide"),
            id="report-table",
            title="The numbers",
            size="90%",
            opened=False,
        ),
    )


def framed(middle: list[Any], *parts: Any) -> html.Div:
    """A page with its header; ``middle`` stands in the header."""
    header = components.header(*middle, html.Div(className="spread"), here="/sessions")
    return html.Div([header, *parts], className="page")


def title(account: Account) -> list[Any]:
    """What the header says of a session."""
    session = account.session
    return [
        html.Bdi(session.title or f"Session {session.id}", className="session-title", dir="auto"),
        html.Span("Running", className="badge", hidden=not account.running),
        html.Span("Simulated", className="badge badge-simulated", hidden=not session.simulated),
    ]


def empty(heading: str, why: str) -> html.Main:
    """A page that has nothing to show."""
    return html.Main(
        [html.H1(heading), html.P(why), html.P(dcc.Link("All sessions", href="/sessions"))], className="empty-state"
    )


def message(said: str, fault: bool) -> html.Div:
    """What became of the last deed, said to who cannot see it too."""
    look = f"notice report-notice{' fault' if fault else ''}"
    return html.Div(said, id="report-said", className=look, role="status", hidden=not said)


def drawn(account: Account | None, said: str, fault: bool) -> list[Any]:
    """The panels after a deed; see `dashboard.report.deeds.desk.Drawing`."""
    if account is None:
        return [empty("There is no such session", "It was erased meanwhile.")]
    return body(account, said, fault)


def body(account: Account, said: str = "", fault: bool = False) -> list[Any]:
    """The panels in order; ``said`` is what became of the last deed, ``fault`` whether it failed."""
    naming = Naming(account.students, with_names=True)
    written = [whois.notes_card(account, naming), whois.corrections_card(account, naming)]
    beside = [part for part in (cards.phases(account), cards.usual(account)) if part is not None]
    return [
        message(said, fault),
        cards.opening(account, naming),
        cards.along(account, naming),
        html.Div([cards.moments(account, naming), html.Div(beside, className="report-stack")], className="report-pair"),
        cards.grid(account, naming),
        html.Div(
            [cards.prompts(account, naming), html.Div(written, className="report-stack")], className="report-pair"
        ),
        cards.people(account, naming),
    ]


def _show_tables(app: dash.Dash, engine: Engine, clock: Callable[[], float]) -> None:
    @app.callback(
        Output("report-table-body", "children"),
        Output("report-table", "opened"),
        Input({"type": "report-table-button", "part": ALL}, "n_clicks"),
        State("report-session", "data"),
        prevent_initial_call=True,
    )
    def tabulate(clicks: list[int | None], session: int) -> tuple[Any, Any]:
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            return dash.no_update, dash.no_update
        account = read_account(engine, session, clock())
        if account is None:
            return html.P("There is no such session any more."), True
        table = TABLES[ctx.triggered_id["part"]](account, Naming(account.students, with_names=True))
        head, rows = tables.shown(table)
        data: Any = {"head": head, "body": rows}
        return dmc.Table(data=data, striped="odd", stickyHeader=True, className="numbers"), True


DEED_OUTPUTS = (
    Output("report-body", "children", allow_duplicate=True),
    Output("report-pending", "data", allow_duplicate=True),
)


def answers_on(page: str) -> tuple[Input, State]:
    """The buttons of all prompts on a page, "report" or "student", and the reasons beside them."""
    return (
        Input({"type": f"{page}-answer", "flag": ALL, "answer": ALL}, "n_clicks"),
        State({"type": f"{page}-answer-why", "flag": ALL}, "value"),
    )


def _correct_names(app: dash.Dash, desk: Desk) -> None:
    """Rename, merge, split, move, and take it back."""

    @app.callback(
        *DEED_OUTPUTS,
        Input("report-fix-apply", "n_clicks"),
        State("report-session", "data"),
        State("report-fix-kind", "value"),
        State("report-fix-student", "value"),
        State("report-fix-name", "value"),
        State("report-fix-target", "value"),
        State("report-fix-at", "value"),
        State("report-fix-until", "value"),
        prevent_initial_call=True,
    )
    def fix(clicks: int | None, session: int, kind: str, *asked: str | None) -> Any:
        def deed(account: Account, store: Engine) -> int | None:
            return commands.correct_or_ask(store, session, whois.correction(account, kind, *asked), desk.clock())

        return desk.done(session, deed, "Put right.") if clicks else NOTHING_DONE

    @app.callback(
        *DEED_OUTPUTS,
        Input({"type": "report-undo", "correction": ALL}, "n_clicks"),
        State("report-session", "data"),
        prevent_initial_call=True,
    )
    def take_back(clicks: list[int | None], session: int) -> Any:
        if not any(clicks) or ctx.triggered_id is None:
            return NOTHING_DONE
        number = ctx.triggered_id["correction"]
        return desk.done(
            session, lambda _, store: commands.undo_or_ask(store, session, number, desk.clock()), "Taken back."
        )


def _keep_notes(app: dash.Dash, desk: Desk) -> None:
    """Add a note, and remove one."""

    @app.callback(
        *DEED_OUTPUTS,
        Input("report-note-add", "n_clicks"),
        State("report-session", "data"),
        State("report-note-at", "value"),
        State("report-note-text", "value"),
        prevent_initial_call=True,
    )
    def note(clicks: int | None, session: int, at: str | None, text: str | None) -> Any:
        def deed(account: Account, store: Engine) -> None:
            line = " ".join((text or "").split())[: whois.LONGEST_NOTE]
            if not line:
                raise StoreError("Type the note first.")
            remarks.mark(store, session, "note", line, whois.time_of_lesson(account, at), desk.clock())

        return desk.done(session, deed, "Noted.") if clicks else NOTHING_DONE

    @app.callback(
        *DEED_OUTPUTS,
        Input({"type": "report-unnote", "marker": ALL}, "n_clicks"),
        State("report-session", "data"),
        prevent_initial_call=True,
    )
    def unnote(clicks: list[int | None], session: int) -> Any:
        if not any(clicks) or ctx.triggered_id is None:
            return NOTHING_DONE
        number = ctx.triggered_id["marker"]
        return desk.done(session, lambda _, store: remarks.remove_marker(store, number, desk.clock()), "Removed.")


def _answer_prompts(app: dash.Dash, desk: Desk) -> None:
    """Answer a prompt, or change its answer."""

    @app.callback(*DEED_OUTPUTS, *answers_on("report"), State("report-session", "data"), prevent_initial_call=True)
    def answered(clicks: list[int | None], reasons: list[str | None], session: int) -> Any:
        return desk.done(session, answer_of(desk, reasons), answers.PUT_RIGHT) if any(clicks) else NOTHING_DONE


def answer_of(desk: Desk, reasons: list[str | None]) -> Callable[[Account, Engine], None]:
    """The deed of the button that was pressed, with the reason that stands beside it."""
    pressed: Any = ctx.triggered_id
    inputs = ctx.states_list[0]
    reason = next((one for at, one in zip(inputs, reasons, strict=True) if at["id"]["flag"] == pressed["flag"]), None)
    return lambda account, store: answers.answer(store, account.flags, pressed, reason, desk.clock())


def _follow_command(app: dash.Dash, desk: Desk) -> None:
    """While a running capture has not answered, ask again each second; then draw the page afresh."""

    @app.callback(Output("report-asking", "disabled"), Input("report-pending", "data"))
    def wait(pending: int | None) -> bool:
        return pending is None

    @app.callback(
        *DEED_OUTPUTS,
        Input("report-asking", "n_intervals"),
        State("report-pending", "data"),
        State("report-session", "data"),
        prevent_initial_call=True,
    )
    def ask_again(_: int, pending: int | None, session: int) -> Any:
        answered_at, error = (None, None) if pending is None else commands.answer(desk.engine, pending)
        account = read_account(desk.engine, session, desk.clock()) if answered_at is not None else None
        if account is None:
            return NOTHING_DONE
        return body(account, error or "Put right.", fault=error is not None), None


def _in_the_browser(app: dash.Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("report", "later"),
        Output({"type": "later-chart", "part": MATCH}, "figure"),
        Input({"type": "later-figure", "part": MATCH}, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("report", "withNames"),
        Output("report-names", "description"),
        Input("report-names", "checked"),
        State("report-session", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("report", "fixKind"),
        Output("report-fix-form", "className"),
        Input("report-fix-kind", "value"),
    )
