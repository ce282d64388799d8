"""The panels of the live page before their first numbers: mood, who is seen, prompts, charts, tiles, steering."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import components
from dashboard.components import aria, data
from dashboard.live import glance
from db.commands import MODES

WINDOWS = {"5": "5 min", "15": "15 min", "all": "All"}
"""How far back the chart looks, by the value of its switch."""

MARKS = (("topic", "Topic", "T", "Mark a new topic"), ("question", "Question", "Q", "Mark a question from the class"))
"""Markers that need no words: kind, word on the button, key, and the whole name for a screen reader."""


def session_line() -> list[Any]:
    """Which class the page shows, for the header."""
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


def health_corner() -> html.Div:
    """How the capture is doing, for the header."""
    return html.Div(
        [
            html.Span(className="health-dot", **aria(hidden="true")),
            html.Span(id="live-health-rate", className="wide-only"),
            html.Span(id="live-health-read"),
        ],
        id="live-health",
        className="health",
        hidden=True,
        role="group",
        **aria(label="Health of the capture"),
    )


def notice() -> html.Div:
    """The line that says what is wrong, and the command that helps."""
    return html.Div(
        [
            html.Strong(id="live-notice-title"),
            html.Span(id="live-notice-text"),
            html.Code(id="live-notice-command"),
        ],
        id="live-notice",
        className="notice",
        role="status",
        hidden=True,
    )


def mood_card() -> html.Section:
    """One word for the class, with its trend."""
    arrow = html.Span(id="live-trend-arrow", className="icon trend-arrow", **aria(hidden="true"))
    going = html.Span([arrow, html.Span(id="live-trend-word")], id="live-trend", className="trend", hidden=True)
    now = html.Div(
        [
            html.P(id="live-mood-lead", className="mood-lead"),
            html.P(id="live-mood-word", className="mood-word", **aria(live="polite")),
            html.P([going, html.Span(id="live-mood-sentence")], className="mood-sentence"),
        ],
        className="mood-now",
    )
    face = html.Div(className="mood-face", **aria(hidden="true"))
    return html.Section([face, now], id="live-mood", className="card mood", **aria(label="The class now"))


def seen_card() -> html.Section:
    """How much of the class the numbers speak for."""
    return html.Section(
        [
            html.P([html.Strong(id="live-seen-count"), html.Span(id="live-seen-of")], className="seen-count"),
            html.Div(html.Div(id="live-seen-bar"), className="seen-bar", **aria(hidden="true")),
            html.P(id="live-looking", className="looking"),
            html.Ul(id="live-seen-rest", className="seen-rest", **aria(label="Who is not seen, and why")),
        ],
        id="live-seen",
        className="card seen",
        **aria(label="How much of the class is seen"),
    )


def prompts_card() -> html.Section:
    """Who may need a look, and why."""
    return html.Section(
        [
            html.H2("Who may need a look", id="live-prompts-title", className="unseen"),
            html.P(id="live-prompts-news", className="unseen", role="status"),
            html.Ul(id="live-prompts-list", className="prompts"),
            html.Div(
                [html.Strong(id="live-prompts-none-title"), html.P(id="live-prompts-none-text", className="quiet")],
                id="live-prompts-none",
                className="prompts-none",
            ),
        ],
        id="live-prompts",
        className="card",
        **aria(labelledby="live-prompts-title"),
    )


def chart_card() -> html.Section:
    """The class along the lesson."""
    tools = [
        dmc.SegmentedControl(
            id="live-minutes",
            value="15",
            size="xs",
            persistence=True,
            data=[{"value": value, "label": label} for value, label in WINDOWS.items()],
            **aria(label="How far back the chart looks"),
        ),
        dmc.ActionIcon(
            components.icon("table"),
            id="live-table-button",
            variant="default",
            size="md",
            **aria(label="Show the chart's numbers as a table"),
        ),
    ]
    graph = dcc.Graph(
        id="live-chart", className="chart", responsive=True, config={"displayModeBar": False, "doubleClick": False}
    )
    label = (
        "Seven emotions stacked over time, a valence line, the share that looks towards the screen, and the share "
        "seen; the table holds the numbers."
    )
    return components.card(
        "Along the lesson",
        components.legend("live-legend"),
        html.Div(graph, role="img", className="chart-frame", **aria(label=label)),
        part="live-along",
        tools=tools,
    )


def tiles_card() -> html.Section:
    """The gallery, tile by tile."""
    return components.card(
        "Who shows what",
        html.Ul(id="live-tiles-map", className="tile-map"),
        html.P("No tiles in sight.", id="live-tiles-none", className="quiet"),
        part="live-tiles",
        tools=html.Span("Places as in the gallery", className="quiet wide-only"),
    )


def last_minute() -> html.Div:
    """What a tile showed in the last minute, while it is pointed at or has the focus."""
    return html.Div(
        [
            html.Bdi(id="live-minute-name", className="minute-name", dir="auto"),
            html.Div(id="live-minute-cells", className="minute-cells", **aria(hidden="true")),
            html.P(id="live-minute-words"),
            html.P("Enter: correct who this is", className="quiet"),
        ],
        id="live-minute",
        className="minute",
        role="tooltip",
        hidden=True,
    )


def steering_bar() -> html.Section:
    """What the class does, markers on its time line, and the capture's switches."""
    return html.Section(
        [
            html.Div(
                [_button(glance.MODE_WORDS[mode], {"do": "mode", "mode": mode or ""}) for mode in (None, *MODES)],
                id="live-modes",
                className="button-row",
                role="group",
                **aria(label="What the class does now"),
            ),
            html.Div(
                [
                    *(_button(word, {"do": "mark", "kind": kind}, key, name) for kind, word, key, name in MARKS),
                    _button("Note", {"open": "live-note"}, "N", "Write a note on the time line"),
                ],
                id="live-marks",
                className="button-row",
                role="group",
                **aria(label="Mark this moment"),
            ),
            html.Div(
                [
                    _button("Pause", {"do": "pause"}, "P", "Pause: read nothing until you resume"),
                    _button("Resume", {"do": "resume"}, "P", "Resume reading"),
                    _button("End class", {"open": "live-end"}, name="End the class"),
                    _button("Keys", {"open": "live-help"}, "?", "Keys of this page"),
                ],
                className="button-row steer-capture",
                role="group",
                **aria(label="The capture"),
            ),
        ],
        id="live-steer",
        className="steer",
        **aria(label="Steer the class"),
    )


def _button(word: str, deed: dict[str, str], key: str = "", name: str = "") -> html.Button:
    """A button that assets/live_steer.js acts upon, by its data attributes."""
    shortcut = aria(keyshortcuts=key) if key else {}
    hint = [html.Kbd(key, **aria(hidden="true"))] if key else []
    title = f"{name or word} ({key})" if key else name or word
    attributes = {**data(**deed), **shortcut, **aria(label=name or word)}
    return html.Button([html.Span(word), *hint], className="act", title=title, type="button", **attributes)


def toast() -> html.Div:
    """What became of the last thing that the teacher did."""
    return html.Div(
        [
            html.Span(id="live-toast-text", role="status"),
            html.Button("Take back", id="live-toast-undo", className="act", type="button", hidden=True),
            html.Button("×", id="live-toast-close", className="act", type="button", **aria(label="Close")),
        ],
        id="live-toast",
        className="toast",
        hidden=True,
    )
