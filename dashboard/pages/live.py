"""The live page: how the class looks, how much of it is seen, and who shows what, about once a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, State, dcc, html
from sqlalchemy import Engine

from config import Settings
from dashboard import components, theme
from dashboard.feed import Feed, chart_bins, drawing, whats_new
from dashboard.news import News

WINDOWS = {"5": "5 min", "15": "15 min", "all": "All"}
"""How far back the chart looks, by the value of its switch."""


def register(app: dash.Dash, engine: Engine, settings: Settings, clock: Callable[[], float]) -> None:
    """Add the live page to an app, at its root."""
    feed, news = Feed(engine, settings, clock), News()
    dash.register_page("live", path="/", name="Live", title="Classmood", layout=lambda: layout(settings))

    @app.callback(
        Output("live-news", "data"),
        Input("live-interval", "n_intervals"),
        State("live-cursor", "data"),
        State("live-drawn", "data"),
    )
    def tick(_ticks: int, cursor: str | None, drawn: dict | None) -> dict[str, Any]:
        return whats_new(feed, news, cursor, drawn)

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

    app.clientside_callback(
        ClientsideFunction("live", "show"),
        Output("live-cursor", "data"),
        Input("live-news", "data"),
        State("live-drawn", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("live", "openTable"),
        Output("live-table", "opened"),
        Input("live-table-button", "n_clicks"),
        prevent_initial_call=True,
    )


def layout(settings: Settings) -> html.Div:
    """The page before its first numbers; assets/live.js fills it."""
    starting: dict[str, Any] = {"data-kind": "starting"}
    refresh: dict[str, Any] = {"data-refresh": str(settings.dashboard.refresh_s)}
    return html.Div(
        [
            dcc.Interval(id="live-interval", interval=round(settings.dashboard.refresh_s * 1000)),
            *(dcc.Store(id=f"live-{name}") for name in ("news", "cursor", "drawn", "reload", "scheme")),
            components.header(*_session_line(), html.Div(className="spread"), _health_corner()),
            html.Div(
                [
                    html.Strong(id="live-notice-title"),
                    html.Span(id="live-notice-text"),
                    html.Code(id="live-notice-command"),
                ],
                id="live-notice",
                className="notice",
                role="status",
                hidden=True,
            ),
            html.Main(
                [html.H1("Live class", className="unseen"), _mood_card(), _seen_card(), _chart_card(), _tiles_card()],
                id="live-class",
                className="live-class",
                hidden=True,
            ),
            html.Main(
                [
                    html.Div(className="empty-mark", **components.aria(hidden="true")),
                    html.H1("Opening the class", id="live-empty-title"),
                    html.P(id="live-empty-text"),
                    html.P(html.Code(id="live-empty-command")),
                ],
                id="live-empty",
                className="empty-state",
                **starting,
            ),
            _table(),
        ],
        id="live-page",
        className="page",
        **refresh,
    )


def _session_line() -> list[Any]:
    return [
        html.Bdi(id="live-session-title", className="session-title", dir="auto"),
        html.Span(id="live-session-since", className="badge wide-only"),
        html.Span(
            ["Simulated", html.Span(" class", className="wide-only")],
            id="live-session-simulated",
            className="badge badge-simulated",
            hidden=True,
        ),
    ]


def _health_corner() -> html.Div:
    return html.Div(
        [
            html.Span(className="health-dot", **components.aria(hidden="true")),
            html.Span(id="live-health-rate", className="wide-only"),
            html.Span(id="live-health-read"),
        ],
        id="live-health",
        className="health",
        hidden=True,
        role="group",
        **components.aria(label="Health of the capture"),
    )


def _mood_card() -> html.Section:
    now = html.Div(
        [
            html.P(id="live-mood-lead", className="mood-lead"),
            html.P(id="live-mood-word", className="mood-word", **components.aria(live="polite")),
            html.P(
                [
                    html.Span(
                        [
                            html.Span(
                                id="live-trend-arrow", className="icon trend-arrow", **components.aria(hidden="true")
                            ),
                            html.Span(id="live-trend-word"),
                        ],
                        id="live-trend",
                        className="trend",
                        hidden=True,
                    ),
                    html.Span(id="live-mood-sentence"),
                ],
                className="mood-sentence",
            ),
        ],
        className="mood-now",
    )
    face = html.Div(className="mood-face", **components.aria(hidden="true"))
    return html.Section([face, now], id="live-mood", className="card mood", **components.aria(label="The class now"))


def _seen_card() -> html.Section:
    return html.Section(
        [
            html.P([html.Strong(id="live-seen-count"), html.Span(id="live-seen-of")], className="seen-count"),
            html.Div(
                [
                    html.Div(html.Div(id="live-seen-bar"), className="seen-bar", **components.aria(hidden="true")),
                    html.Ul(
                        id="live-seen-rest", className="seen-rest", **components.aria(label="Who is not seen, and why")
                    ),
                ],
                className="seen-why",
            ),
        ],
        id="live-seen",
        className="card seen",
        **components.aria(label="How much of the class is seen"),
    )


def _chart_card() -> html.Section:
    tools = [
        dmc.SegmentedControl(
            id="live-minutes",
            value="15",
            size="xs",
            persistence=True,
            data=[{"value": value, "label": label} for value, label in WINDOWS.items()],
            **components.aria(label="How far back the chart looks"),
        ),
        dmc.ActionIcon(
            components.icon("table"),
            id="live-table-button",
            variant="default",
            size="md",
            **components.aria(label="Show the chart's numbers as a table"),
        ),
    ]
    graph = dcc.Graph(
        id="live-chart", className="chart", responsive=True, config={"displayModeBar": False, "doubleClick": False}
    )
    label = "Seven emotions stacked over time, a valence line, and the share seen; the table holds the numbers."
    return components.card(
        "Mood over time",
        components.legend("live-legend"),
        html.Div(graph, role="img", className="chart-frame", **components.aria(label=label)),
        part="live-along",
        tools=tools,
    )


def _tiles_card() -> html.Section:
    return components.card(
        "Who shows what",
        html.Ul(id="live-tiles-map", className="tile-map"),
        html.P("No tiles in sight.", id="live-tiles-none", className="quiet"),
        part="live-tiles",
        tools=html.Span("Places as in the gallery", className="quiet wide-only"),
    )


def _table() -> dmc.Modal:
    return dmc.Modal(
        html.Div(id="live-table-body"),
        id="live-table",
        title="Mood over time, in numbers",
        size="xl",
        opened=False,
    )
