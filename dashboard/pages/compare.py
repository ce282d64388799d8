"""Two to six sessions side by side: aligned from the start, by clock, by share of the lesson or around a marker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash
from dash import Input, Output, State, dcc, html
from sqlalchemy import Engine

from dashboard import components
from dashboard.compare import cards, figures
from dashboard.compare.align import FEWEST, MOST, common_markers, side_by_side
from dashboard.compare.choice import described
from dashboard.pages.report import empty, framed
from dashboard.report import Frame
from dashboard.report import cards as report_cards
from db import queries
from domain import StoreError


def register(app: dash.Dash, engine: Engine) -> None:
    """Add the comparison to an app, at /compare?sessions=1,2."""
    dash.register_page(
        "compare",
        path="/compare",
        name="Compare",
        title="Compare · Classmood",
        layout=lambda sessions=None, **_: layout(engine, sessions),
    )

    @app.callback(
        Output("compare-lines", "children"),
        Input("compare-way", "value"),
        Input("compare-marker", "value"),
        State("compare-sessions", "data"),
        prevent_initial_call=True,
    )
    def realign(way: str, marker: str | None, numbers: list[int]) -> Any:
        return drawn(engine, comparable(engine, numbers), way, marker)


def layout(engine: Engine, asked: str | None) -> html.Div:
    """The whole page, or what is wrong in its place."""
    numbers = numbers_of(asked)
    try:
        told = comparable(engine, numbers)
        if len(told) < FEWEST:
            why = (
                f"Choose {FEWEST} to {MOST} sessions from the list. Simulated and running classes, and those of which "
                "fewer than five students were seen, are never compared."
            )
            return framed([], empty("Nothing to lay side by side", why))
        markers = common_markers({number: queries.markers(engine, number) for number in told["id"].tolist()})
        parts = [
            html.H1("Sessions side by side", className="unseen"),
            cards.chosen_card(told, left_out(numbers, told)),
            cards.aligned_card(drawn(engine, told, "start", None), markers),
        ]
    except StoreError as error:
        return framed([], empty("The sessions cannot be read", str(error)))
    title = html.Span("Compare", className="session-title")
    store = dcc.Store(id="compare-sessions", data=told["id"].tolist())
    return framed([title], html.Main(parts, className="report"), store)


def numbers_of(asked: str | None) -> list[int]:
    """The sessions that an address names, each once, at most ``MOST``."""
    words = (asked or "").split(",")
    return list(dict.fromkeys(int(word) for word in words if word.strip().isdecimal()))[:MOST]


def comparable(engine: Engine, numbers: Sequence[int]) -> Frame:
    """Those of these sessions that may be compared, in the order of time."""
    told = described(queries.sessions(engine))
    return told[told["id"].isin(list(numbers)) & told["comparable"]].sort_values("started_at")


def left_out(numbers: Sequence[int], told: Frame) -> list[str]:
    """Why not every session that was asked for is there."""
    missing = [number for number in numbers if number not in set(told["id"])]
    if not missing:
        return []
    which = ", ".join(map(str, missing))
    return [
        f"Left out: session {which}. Simulated and running classes, and those of which fewer than five students were "
        "seen, are never compared."
    ]


def drawn(engine: Engine, told: Frame, way: str, marker: str | None) -> Any:
    """The lines of these sessions."""
    placed = side_by_side(engine, told, way, marker)
    names = {int(one.id): f"{components.plain_name(one.named, 0)} {one.day}" for one in told.itertuples()}
    label = f"Mood, attention and share seen of {len(names)} sessions: {', '.join(names.values())}."
    chart = report_cards.chart("compare", figures.lines(placed, names, way), label, 520)
    return [chart, html.Details([html.Summary("The numbers as a table"), _table(placed, names, way)])]


def _table(placed: Frame, names: dict[int, str], way: str) -> Any:
    """Every tenth of what the lines show, as means."""
    spans = placed.assign(span=(placed["x"] // SPAN * SPAN).astype(int))
    means = spans.groupby(["span", "session"])[["valence", "attention", "coverage"]].mean()
    body = [
        [f"{_place(span, way)} to {_place(span + SPAN, way)}", html.Bdi(names[number]), *_cells(row)]
        for (span, number), row in zip(means.index, means.itertuples(index=False), strict=True)
    ]
    return report_cards.table(["From, to", "Session", "Mood", "To the screen", "Seen"], body)


SPAN = 10
"""Minutes, or percent of the lesson, that a row of the table spans."""


def _place(at: int, way: str) -> str:
    """A place on the axis as a row of the table tells it: minutes of the day as a time, percent as percent."""
    return f"{at // 60:02d}:{at % 60:02d}" if way == "clock" else f"{at} %" if way == "share" else f"{at} min"


def _cells(row: Any) -> list[str]:
    shapes = figures.VALUE_FORMATS.values()
    return ["–" if value != value else format(value, shape) for value, shape in zip(row, shapes, strict=True)]
