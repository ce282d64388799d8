"""Charts: a data frame in, a Plotly figure out, nothing else read or kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard import theme
from domain import EMOTIONS

VALUE_COLUMNS = [*EMOTIONS, "valence"]
MEASURES = [*VALUE_COLUMNS, "seen", "present", "attending", "judged"]
"""What the charts read beside at_ms (milliseconds since 1970): seven mean probabilities, mean valence (-1 to 1),
students seen, present, looking towards the screen, and students of whom that could be told."""

ENOUGH_JUDGED = 0.25
"""Below a quarter of the class there is no point on the line of who looks towards the screen: the few whose heads can
be judged (large tiles, good light) need not be like the rest."""

LABEL_LENGTH = 18
LABEL_SPACE = 0.02
"""A marker's label is cut to so many characters, and left out where the label before it would reach into it: on the
narrowest charts one of its characters takes about this share of the axis. Its line and its full text on hovering
stay."""

BINS_IN_ALL = 240
"""About as many bars as a chart 700 px wide shows apart, and a redraw of them stays under 50 ms."""

SHORTEST_AXIS_S = 120.0
"""The first two minutes of a lesson are drawn at one scale, so that bars do not shrink before one's eyes."""
BASE_BIN_S = {5: 3.0, 15: 6.0}
"""Length of a bar by minutes shown: 100 and 150 bars."""

ROUND_BINS_S = (6.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Lengths of a bar that read well on an axis, for a whole class."""

FRAMES_A_BIN = 2.0
"""A bar spans at least two frames, so that a slow rate does not look like gaps."""


def bin_length_s(minutes: int | None, duration_s: float, rate_hz: float) -> float:
    """Seconds that one bar spans, for the last so many minutes or (None) for a session of this duration."""
    base = BASE_BIN_S.get(minutes or 0)
    if base is None:
        base = next((length for length in ROUND_BINS_S if duration_s / length <= BINS_IN_ALL), ROUND_BINS_S[-1])
    return max(base, math.ceil(FRAMES_A_BIN / rate_hz))


def binned(moments: pd.DataFrame, bin_s: float, after_ms: int | None = None) -> pd.DataFrame:
    """Means over bins of equal length, with one empty row in each gap.

    ``moments`` has at_ms and ``MEASURES``, any number of rows in order of time; the result has the same columns, at_ms
    being the start of each bin. An empty row (all values NaN) stands where bins are missing, also between ``after_ms``
    (the start of the last bin already drawn) and the first: nothing is drawn across a gap. A bin in which nobody was
    read keeps how many were seen and present, and has no emotions.
    """
    if moments.empty:
        return pd.DataFrame(columns=["at_ms", *MEASURES])
    width_ms = round(bin_s * 1000)
    at_ms = moments["at_ms"].to_numpy(dtype=np.int64)
    starts, place = np.unique(at_ms // width_ms * width_ms, return_inverse=True)
    means = _means(moments[MEASURES].to_numpy(dtype=float), place, len(starts))
    late = np.flatnonzero(np.diff(starts, prepend=starts[0] if after_ms is None else after_ms) > width_ms)
    bins = pd.DataFrame(np.insert(means, late, np.nan, axis=0), columns=MEASURES)
    bins.insert(0, "at_ms", np.insert(starts, late, starts[late] - width_ms))
    return bins


def _means(values: np.ndarray, place: np.ndarray, places: int) -> np.ndarray:
    """Means of rows that share a place, (places, columns); NaN where no row has a value."""
    known = ~np.isnan(values)
    sums, counts = np.zeros((2, places, values.shape[1]))
    np.add.at(sums, place, np.where(known, values, 0.0))
    np.add.at(counts, place, known)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def axis_ms(at: float) -> int:
    """The place of a time on a chart's axis: milliseconds that Plotly shows as this machine's wall clock.

    Plotly has no time zones: it prints every date as UTC, so the offset of the place is added.
    """
    offset = datetime.fromtimestamp(at).astimezone().utcoffset()
    return round((at + (offset.total_seconds() if offset else 0.0)) * 1000)


def points(bins: pd.DataFrame, bin_s: float) -> dict[str, list[Any]]:
    """Bins as the lists that the traces of `mood` take.

    ``x``, ``stack`` (seven lists), ``valence``, ``seen`` and ``looking`` (shares), and both in words: ``counts`` and
    ``judged``. None where there is no value; shares have three decimals, which is finer than a pixel and keeps answers
    small.
    """
    return {
        "x": [axis_ms(at_ms / 1000 + bin_s / 2) for at_ms in bins["at_ms"]],
        "stack": [_rounded(bins[emotion]) for emotion in theme.STACK_ORDER],
        "valence": _rounded(bins["valence"]),
        "seen": _rounded(bins["seen"] / bins["present"].where(bins["present"] > 0)),
        "counts": _of(bins["seen"], bins["present"]),
        "looking": _rounded(bins["attending"] / bins["judged"].where(enough_judged(bins))),
        "judged": _of(bins["attending"], bins["judged"]),
    }


def enough_judged(bins: pd.DataFrame) -> Any:
    """Where enough of the class could be judged for a share of those who look towards the screen."""
    return (bins["judged"] > 0) & (bins["judged"] >= ENOUGH_JUDGED * bins["present"])


def _of(parts: Any, wholes: Any) -> list[str]:
    return [
        "" if pd.isna(part) or pd.isna(whole) else f"{round(part)} of {round(whole)}"
        for part, whole in zip(parts, wholes, strict=True)
    ]


def _rounded(values: Any) -> list[float | None]:
    return [None if pd.isna(value) else round(float(value), 3) for value in values]


def mood(bins: pd.DataFrame, bin_s: float, scheme: theme.Scheme) -> go.Figure:
    """The class along the lesson: seven emotions stacked, then valence, who looks towards the screen, who is seen.

    ``bins`` comes from `binned`. Trace 0 to 6 are the emotions in ``STACK_ORDER``, 7 is the valence, 8 the share seen,
    9 the share looking of those who could be judged. Bars and not areas, because an area would be drawn across gaps.
    """
    ink = theme.INKS[scheme]
    values = points(bins, bin_s)
    figure = make_subplots(
        rows=4, cols=1, shared_xaxes=True, row_heights=[0.48, 0.23, 0.19, 0.10], vertical_spacing=0.04
    )
    width_ms = bin_s * 1000
    for emotion, heights in zip(theme.STACK_ORDER, values["stack"], strict=True):
        figure.add_bar(
            x=values["x"],
            y=heights,
            width=width_ms,
            name=theme.EMOTION_WORDS[emotion],
            row=1,
            col=1,
            marker={"color": theme.EMOTION_COLOURS[emotion], "line": {"width": 0}},
            hovertemplate="%{y:.0%}",
        )
    figure.add_scatter(
        x=values["x"],
        y=values["valence"],
        name="Valence",
        hovertemplate="%{y:+.2f}",
        row=2,
        col=1,
        **_line(ink.text),
    )
    figure.add_bar(
        x=values["x"],
        y=values["seen"],
        width=width_ms,
        name="Seen",
        row=4,
        col=1,
        customdata=values["counts"],
        marker={"color": ink.bar, "line": {"width": 0}},
        hovertemplate="%{customdata}",
    )
    figure.add_scatter(
        x=values["x"],
        y=values["looking"],
        name="Looking",
        customdata=values["judged"],
        hovertemplate="%{customdata}",
        row=3,
        col=1,
        **_line(ink.line),
    )
    return _dressed(figure, ink)


def _line(colour: str) -> dict[str, Any]:
    return {"mode": "lines", "connectgaps": False, "line": {"color": colour, "width": 2}}


def marked(figure: go.Figure, marks: Sequence[tuple[float, str]], shown: Sequence[int], scheme: theme.Scheme) -> None:
    """Draw markers over all rows of `mood`: (UNIX seconds, plain text) in order of time.

    The axis goes from ``shown[0]`` to ``shown[1]`` (see `axis_ms`). Markers before it are left out, those after it wait
    there until the axis has moved on.
    """
    ink, free_from = theme.INKS[scheme], float("-inf")
    for at, text in marks:
        x = axis_ms(at)
        if x < shown[0]:
            continue
        figure.add_shape(
            type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line={"color": ink.faint, "width": 1, "dash": "dot"}
        )
        label = "▾" if x < free_from else f"▾ {text if len(text) <= LABEL_LENGTH else text[: LABEL_LENGTH - 1] + '…'}"
        figure.add_annotation(
            x=x,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor="left",
            xshift=-5,
            showarrow=False,
            text=escape(label, quote=False),
            hovertext=escape(text, quote=False),
            font={"size": 11, "color": ink.faint},
        )
        if label != "▾":
            free_from = x + (len(label) + 1) * LABEL_SPACE * (shown[1] - shown[0])


def _dressed(figure: go.Figure, ink: theme.Ink) -> go.Figure:
    figure.update_layout(
        barmode="stack",
        bargap=0,
        showlegend=False,
        hovermode="x",
        dragmode=False,
        uirevision="mood",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 66, "r": 8, "t": 20, "b": 24},
        font={"family": theme.FONT, "size": 12, "color": ink.faint},
        hoverlabel={"bgcolor": ink.surface, "bordercolor": ink.grid, "font": {"color": ink.text, "family": theme.FONT}},
    )
    figure.update_xaxes(
        type="date",
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        tickformatstops=[
            {"dtickrange": [None, 59_999], "value": "%H:%M:%S"},
            {"dtickrange": [60_000, None], "value": "%H:%M"},
        ],
        nticks=7,
        hoverformat="%H:%M:%S",
        ticks="",
    )
    figure.update_yaxes(fixedrange=True, gridcolor=ink.grid, zeroline=False, ticks="")
    figure.update_yaxes(range=[0, 1], tickvals=[0, 0.5, 1], ticktext=["0 %", "50 %", "100 %"], row=1, col=1)
    # The words stand within their rows, away from those of the rows above and below; only zero has a line.
    lines = {"showgrid": False, "zeroline": True, "zerolinecolor": ink.grid}
    words = ["unpleasant", "even", "pleasant"]
    figure.update_yaxes(range=[-1, 1], tickvals=[-0.7, 0, 0.7], ticktext=words, row=2, col=1, **lines)
    figure.update_yaxes(range=[-0.05, 1.05], tickvals=[0.15, 0.85], ticktext=["away", "looking"], row=3, col=1, **lines)
    figure.update_yaxes(range=[0, 1], tickvals=[0.5], ticktext=["seen"], showgrid=False, row=4, col=1)
    return figure


def shown_range(bins: pd.DataFrame, bin_s: float, minutes: int | None, started_at: float, until: float) -> list[int]:
    """Left and right end of the time axis, for the last so many minutes or (None) from the start of the session.

    It never begins before the session: a young lesson fills the chart from the left, not from its right end.
    """
    left = started_at if minutes is None else max(started_at, until - minutes * 60)
    if not bins.empty:
        left = min(left, float(bins["at_ms"].iloc[0]) / 1000)
    return [axis_ms(left), axis_ms(max(until, left + bin_s, left + SHORTEST_AXIS_S))]
