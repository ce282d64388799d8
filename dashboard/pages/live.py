"""The live page: how the class looks, who may need a look, and what the teacher does about it, twice a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html
from sqlalchemy import Engine

from config import Settings
from dashboard import components, theme
from dashboard.live import dialogs, panels
from dashboard.live.chart import chart_bins, drawing
from dashboard.live.feed import whats_new
from dashboard.live.news import News
from dashboard.live.recent import Feed
from dashboard.live.steering import act
from dashboard.live.tiles import last_minute

STORES = ("news", "cursor", "drawn", "reload", "scheme", "waiting", "wish", "outcome", "pointed", "pointed-news")
"""What the page remembers or hands on: see assets/live.js."""


def register(app: dash.Dash, engine: Engine, settings: Settings, clock: Callable[[], float]) -> None:
    """Add the live page to an app, at its root."""
    feed = Feed(engine, settings, clock)
    dash.register_page("live", path="/", name="Live", title="Classmood", layout=lambda: layout(settings))
    _tell(app, feed, News())
    _obey(app, feed)
    _in_the_browser(app)


def _tell(app: dash.Dash, feed: Feed, news: News) -> None:
    """The callbacks that only read."""

    @app.callback(
        Output("live-news", "data"),
        Input("live-interval", "n_intervals"),
        State("live-cursor", "data"),
        State("live-drawn", "data"),
        State("live-waiting", "data"),
    )
    def tick(_ticks: int, cursor: str | None, drawn: dict | None, waiting: list[int] | None) -> dict[str, Any]:
        return whats_new(feed, news, cursor, drawn, waiting or ())

    @app.callback(
        Output("live-chart", "figure"),
        Output("live-drawn", "data"),
        Input("live-minutes", "value"),
        Input("live-reload", "data"),
        Input("live-scheme", "data"),
    )
    def draw(minutes: str, _reload: int | None, scheme: theme.Scheme | None) -> tuple[Any, Any]:
        return drawing(feed, minutes, scheme) if scheme else (dash.no_update, dash.no_update)

    @app.callback(Output("live-table-body", "children"), Input("live-table", "opened"), State("live-minutes", "value"))
    def tabulate(opened: bool, minutes: str) -> Any:
        return components.readings_table(chart_bins(feed, minutes)[0]) if opened else []

    @app.callback(Output("live-pointed-news", "data"), Input("live-pointed", "data"), prevent_initial_call=True)
    def tell_minute(pointed: dict[str, int]) -> dict[str, Any]:
        return pointed | last_minute(feed, pointed["session"], pointed["student"])


def _obey(app: dash.Dash, feed: Feed) -> None:
    """The one callback that writes."""

    @app.callback(Output("live-outcome", "data"), Input("live-wish", "data"), prevent_initial_call=True)
    def obey(wish: dict[str, Any]) -> dict[str, Any]:
        return act(feed, wish) | {"number": wish.get("number")}


def _in_the_browser(app: dash.Dash) -> None:
    """What assets/live*.js does when something arrives or is pressed."""
    here = {
        "show": (Output("live-cursor", "data"), Input("live-news", "data"), State("live-drawn", "data")),
        "openTable": (Output("live-table", "opened"), Input("live-table-button", "n_clicks")),
        "showOutcome": (Input("live-outcome", "data"),),
        "showMinute": (Input("live-pointed-news", "data"),),
        "closeEnd": (Output("live-end", "opened"), Input("live-end-no", "n_clicks")),
        "end": (Input("live-end-yes", "n_clicks"),),
        "saveNote": (
            Input("live-note-save", "n_clicks"),
            Input("live-note-text", "n_submit"),
            State("live-note-kind", "value"),
            State("live-note-text", "value"),
        ),
        "saveWhy": (
            Input("live-why-save", "n_clicks"),
            Input("live-why-text", "n_submit"),
            State("live-why-text", "value"),
        ),
        "savePerson": (
            Input("live-person-save", "n_clicks"),
            Input("live-person-name", "n_submit"),
            State("live-person-name", "value"),
            State("live-person-same", "value"),
        ),
    }
    for name, parts in here.items():
        app.clientside_callback(ClientsideFunction("live", name), *parts, prevent_initial_call=True)
    app.clientside_callback(ClientsideFunction("live", "setKeys"), Input("live-keys", "checked"))


def layout(settings: Settings) -> html.Div:
    """The page before its first numbers; assets/live.js fills it."""
    cards = (panels.mood_card, panels.seen_card, panels.prompts_card, panels.chart_card, panels.tiles_card)
    return html.Div(
        [
            dcc.Interval(id="live-interval", interval=round(settings.dashboard.refresh_s * 1000)),
            *(dcc.Store(id=f"live-{name}") for name in STORES),
            components.header(*panels.session_line(), html.Div(className="spread"), panels.health_corner(), here="/"),
            panels.notice(),
            html.Main(
                [html.H1("Live class", className="unseen"), *(card() for card in cards)],
                id="live-class",
                className="live-class",
                hidden=True,
            ),
            _empty_state(),
            panels.steering_bar(),
            panels.last_minute(),
            panels.toast(),
            *dialogs.dialogs(),
        ],
        id="live-page",
        className="page",
        **components.data(refresh=str(settings.dashboard.refresh_s)),
    )


def _empty_state() -> html.Main:
    return html.Main(
        [
            html.Div(className="empty-mark", **components.aria(hidden="true")),
            html.H1("Opening the class", id="live-empty-title"),
            html.P(id="live-empty-text"),
            html.P(html.Code(id="live-empty-command")),
        ],
        id="live-empty",
        className="empty-state",
        **components.data(kind="starting"),
    )
