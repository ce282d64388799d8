"""Charts over sessions: frames in, Plotly figures out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.compare.align import UNITS
from dashboard.compare.choice import middle_of_week
from dashboard.compare.intervals import Estimate, estimate
from dashboard.report import Frame
from dashboard.report.figures import ATTENTION_LINE, BAND, MOOD_LINE, SEEN_BAR, dressed, escaped, short

SESSION_LINES = (
    ("#0B78BD", "solid"),
    ("#D55E00", "dash"),
    ("#0A8F69", "dot"),
    ("#C4689B", "dashdot"),
    ("#A8780A", "longdash"),
    ("#7A66D9", "longdashdot"),
)
"""Colour and dash of each of six sessions: never colour alone. All stand 3:1 on both looks (tested)."""

MEASURE_LINES = {"valence": MOOD_LINE, "attention": ATTENTION_LINE, "coverage": SEEN_BAR}
PANELS = {"valence": "mood", "attention": "to the screen", "coverage": "seen"}
VALUE_FORMATS = {"valence": "+.2f", "attention": ".0%", "coverage": ".0%"}

LEAST_DOT, MOST_DOT = 4.0, 11.0
"""Sizes of a session's dot in pixels, by the share of its class that was seen."""

HOURS = 60
HALF_HOURS = 48


def lines(placed: Frame, names: Mapping[int, str], way: str) -> go.Figure:
    """Mood, attention and share seen of up to six sessions, one below the other on one axis."""
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, row_heights=[0.42, 0.34, 0.24], vertical_spacing=0.06)
    for (number, name), (colour, dash) in zip(names.items(), SESSION_LINES, strict=False):
        own = placed[placed["session"] == number]
        for row, (measure, word) in enumerate(PANELS.items(), start=1):
            figure.add_scatter(
                x=own["x"].round(2).tolist(),
                y=_values(own[measure]),
                name=escaped(short(name)),
                legendgroup=str(number),
                row=row,
                col=1,
                mode="lines",
                connectgaps=False,
                line={"color": colour, "dash": dash, "width": 2},
                hovertemplate=f"{word} %{{y:{VALUE_FORMATS[measure]}}}",
            )
    dressed(figure)
    figure.update_layout(hovermode="x", margin={"l": 90, "r": 10, "t": 8, "b": 40})
    figure.update_yaxes(title={"text": "mood", "font": {"size": 11}}, tickformat="+.1f", nticks=5, row=1)
    for row, measure in ((2, "attention"), (3, "coverage")):
        title = {"text": PANELS[measure], "font": {"size": 11}}
        figure.update_yaxes(title=title, range=[0, 1.02], tickformat=".0%", nticks=3, row=row)
    figure.update_xaxes(showgrid=False)
    figure.update_xaxes(title={"text": UNITS[way], "font": {"size": 11}}, row=3)
    if way == "clock":
        ticks = [half * 30 for half in range(HALF_HOURS + 1)]
        words = [f"{tick // HOURS:02d}:{tick % HOURS:02d}" for tick in ticks]
        figure.update_xaxes(tickvals=ticks, ticktext=words)
    return figure


def trend(told: Frame, measure: str) -> go.Figure:
    """Sessions along the term: a dot each, larger where more was seen, and the mean of each week with its interval."""
    known = told[told["comparable"]].dropna(subset=[measure])
    figure = go.Figure()
    weeks = _weeks(known, measure)
    _band(figure, weeks)
    figure.add_scatter(
        x=known["day"].tolist(),
        y=_values(known[measure]),
        mode="markers",
        marker={
            "color": MEASURE_LINES[measure],
            "opacity": 0.45,
            "size": (LEAST_DOT + (MOST_DOT - LEAST_DOT) * known["coverage"]).round(1).tolist(),
        },
        customdata=[
            f"{escaped(short(name))}, {share:.0%} seen"
            for name, share in zip(known["named"], known["coverage"], strict=True)
        ],
        name="Session",
        hovertemplate=f"%{{x|%d %b %Y}}: %{{y:{VALUE_FORMATS[measure]}}}<br>%{{customdata}}<extra></extra>",
    )
    figure.add_scatter(
        x=[week for week, _ in weeks],
        y=[None if found is None else round(found.mean, 3) for _, found in weeks],
        mode="lines+markers",
        connectgaps=False,  # holidays are a hole, not a slope
        line={"color": MEASURE_LINES[measure], "width": 2},
        marker={"size": 4},
        name="Week",
        hovertemplate=f"week around %{{x|%d %b}}: %{{y:{VALUE_FORMATS[measure]}}}<extra></extra>",
    )
    dressed(figure)
    figure.update_layout(hovermode="closest", margin={"l": 56, "r": 10, "t": 8, "b": 42})
    figure.update_xaxes(type="date", showgrid=False, nticks=8)
    figure.update_yaxes(tickformat=VALUE_FORMATS[measure], nticks=5)
    return figure


def _weeks(known: Frame, measure: str) -> list[tuple[str, Estimate | None]]:
    """Every week from the first session to the last, by its Thursday; None where none was held."""
    if known.empty:
        return []
    middle = known["day"].map(middle_of_week)
    found = {
        week: estimate(rows[measure].to_numpy(dtype=float), rows["coverage"].to_numpy(dtype=float))
        for week, rows in known.groupby(middle)
    }
    weeks = pd.date_range(middle.min(), middle.max(), freq="7D").strftime("%Y-%m-%d")
    return [(week, found.get(week)) for week in weeks]


def _band(figure: go.Figure, weeks: list[tuple[Any, Estimate | None]]) -> None:
    sure = [(week, found.low, found.high) for week, found in weeks if found is not None and found.low is not None]
    if len(sure) < 2:
        return
    names, low, high = zip(*sure, strict=True)
    for values, fill in ((low, None), (high, "tonexty")):
        figure.add_scatter(
            x=list(names),
            y=np.round(np.array(values, dtype=float), 3).tolist(),
            mode="lines",
            line={"width": 0},
            fill=fill,
            fillcolor=BAND,
            hoverinfo="skip",
        )


def groups(found: Mapping[str, Estimate], measure: str, spread: Mapping[str, np.ndarray]) -> go.Figure:
    """Groups in their own order: every session a faint dot, the mean and its interval over them."""
    names = list(found)
    figure = go.Figure()
    points = [(value, place) for place, name in enumerate(names) for value in spread[name]]
    figure.add_scatter(
        x=[round(float(value), 3) for value, _ in points],
        y=[place for _, place in points],
        mode="markers",
        marker={"symbol": "line-ns", "size": 9, "line": {"width": 1, "color": MEASURE_LINES[measure]}, "opacity": 0.35},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[round(one.mean, 3) for one in found.values()],
        y=list(range(len(names))),
        mode="markers",
        marker={"size": 10, "color": MEASURE_LINES[measure]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [0 if one.high is None else one.high - one.mean for one in found.values()],
            "arrayminus": [0 if one.low is None else one.mean - one.low for one in found.values()],
            "color": MEASURE_LINES[measure],
            "thickness": 2,
        },
        customdata=[f"{one.sessions} sessions" for one in found.values()],
        hovertemplate=f"%{{y}}: %{{x:{VALUE_FORMATS[measure]}}}, %{{customdata}}<extra></extra>",
    )
    dressed(figure)
    figure.update_layout(hovermode="closest", height=60 + 30 * len(names), margin={"l": 150, "r": 10, "t": 8, "b": 28})
    figure.update_xaxes(tickformat=VALUE_FORMATS[measure], nticks=6)
    labels = [escaped(short(name)) for name in names]
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=labels, range=[len(names) - 0.5, -0.5])
    return figure


def _values(values: Frame) -> list[float | None]:
    return [None if value != value else round(float(value), 3) for value in values]
