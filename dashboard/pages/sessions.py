"""All sessions: found, filtered, grouped, and what they say together."""

from __future__ import annotations

from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, html
from sqlalchemy import Engine

from dashboard import components
from dashboard.compare import cards
from dashboard.compare.choice import Choice, chosen, described
from dashboard.pages.report import empty
from db import queries
from domain import StoreError


def register(app: dash.Dash, engine: Engine) -> None:
    """Add the list of sessions to an app, at /sessions."""
    dash.register_page(
        "sessions",
        path="/sessions",
        name="Sessions",
        title="Sessions · Classmood",
        layout=lambda **_: layout(engine),
    )

    @app.callback(
        Output("sessions-grid", "rowData"),
        Output("sessions-overview", "children"),
        Input("sessions-courses", "value"),
        Input("sessions-teachers", "value"),
        Input("sessions-times", "value"),
        Input("sessions-sizes", "value"),
        Input("sessions-since", "value"),
        Input("sessions-until", "value"),
        Input("sessions-measure", "value"),
        Input("sessions-grouping", "value"),
        prevent_initial_call=True,
    )
    def filtered(*asked: Any) -> Any:
        courses, teachers, times, sizes, since, until, measure, grouping = asked
        choice = Choice(courses or (), teachers or (), times or (), sizes or (), since, until)
        told = chosen(described(queries.sessions(engine)), choice)
        only_switched = dash.ctx.triggered_id in ("sessions-measure", "sessions-grouping")
        return dash.no_update if only_switched else cards.rows(told), cards.overview(told, measure, grouping)

    _in_the_browser(app)


def layout(engine: Engine) -> html.Div:
    """The whole page, or what is wrong in its place."""
    try:
        sessions = queries.sessions(engine)
    except StoreError as error:
        return framed(empty("The sessions cannot be read", str(error)))
    if sessions.empty:
        return framed(
            html.Main(
                [
                    html.H1("No class yet"),
                    html.P("After the first class its report is found here. Start one with"),
                    html.P(html.Code("python3 classmood.py run")),
                ],
                className="empty-state",
            )
        )
    told = described(sessions)
    heading = html.H1("Sessions", className="unseen")
    parts = [heading, cards.finder(told), cards.listed(told), cards.overview_card(told)]
    return framed(html.Main(parts, className="report"))


def framed(*parts: Any) -> html.Div:
    """A page about many sessions with its header."""
    return html.Div([components.header(html.Div(className="spread"), here="/sessions"), *parts], className="page")


def _in_the_browser(app: dash.Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("report", "compareLink"),
        Output("sessions-compare", "children"),
        Input("sessions-grid", "selectedRows"),
    )
    app.clientside_callback(
        ClientsideFunction("report", "quickFilter"),
        Output("sessions-grid", "dashGridOptions"),
        Input("sessions-find", "value"),
        dash.State("sessions-grid", "dashGridOptions"),
        prevent_initial_call=True,
    )
