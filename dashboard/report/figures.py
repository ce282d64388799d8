"""Charts of a session: its account in, a Plotly figure out.

They are drawn once, on white and with inks that stand on light and dark alike; assets/report.css gives text, grid and
background the look of the page. So a picture that is saved of a chart is always one for paper.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard import theme
from dashboard.figures import axis_ms
from dashboard.report import Frame
from dashboard.report.account import MINUTE_MS, Account
from dashboard.report.heat import Heat
from dashboard.report.naming import Naming
from dashboard.report.tables import valence_by_share
from dashboard.report.turning import TurningPoint
from dashboard.report.usual import STEPS, Usual
from domain import EMOTIONS

MOOD_LINE, ATTENTION_LINE = "#7A66D9", "#13889C"
"""Lines that stand at least 3:1 on white and on the dark surface (WCAG 2.2 for graphics; tested)."""

BAND, SEEN_BAR = "rgba(122,102,217,0.22)", "#93A1B0"
HATCH, PAUSE = "#A9B4C0", "rgba(128,140,153,0.16)"
"""What was not read is hatched, a pause is shaded: neither is ever a colour of an emotion."""

INK = theme.INKS["light"]
ROW_PX = 16
"""Height of a student's row in the grid: the least at which a name of 11 px can be read."""

USUAL_VALENCE, WIDEST_VALENCE = 0.4, 0.8
"""Ends of the valence's axis. No face is further out than 0.76, a clear smile alone (`inference.mood`)."""

TIMES_SHOWN = 9
"""Times on an axis at most: more would touch in a strip."""

LABEL_LENGTH = 22
"""Characters of a name or a marker beside a chart; hovering shows it whole."""


def along(account: Account, naming: Naming) -> go.Figure:
    """Mood, attention and how much was seen along the lesson, with markers, pauses and the moments that matter.

    Rows from the top: seven emotions stacked, valence, attention (where it could be told), share seen.
    """
    minutes = with_holes(account.minutes)
    heights = [0.40, 0.24, 0.22, 0.14] if account.has_attention else [0.52, 0.31, 0.17]
    figure = make_subplots(rows=len(heights), cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.07)
    middle = [axis_ms((at_ms + MINUTE_MS / 2) / 1000) for at_ms in minutes["at_ms"]]
    for emotion in theme.STACK_ORDER:
        figure.add_bar(x=middle, y=_rounded(minutes[emotion]), row=1, col=1, **_emotion_bar(emotion))
    _line(figure, middle, minutes["valence"], 2, "Mood", MOOD_LINE, "%{y:+.2f}")
    if account.has_attention:
        counts = _counts(minutes["judged"], minutes["present"])
        template = "%{y:.0%} of %{customdata} judged"
        _line(figure, middle, minutes["attention"], 3, "Towards the screen", ATTENTION_LINE, template, counts)
    _seen(figure, middle, minutes, len(heights))
    _dress(figure, len(heights), account.has_attention)
    half = valence_scale(minutes["valence"])
    figure.update_yaxes(
        range=[-half, half], tickvals=[-half, 0, half], ticktext=["unpleasant", "even", "pleasant"], row=2
    )
    _mark_pauses(figure, account)
    _mark_notes(figure, account, naming)
    _mark_moments(figure, account.turning)
    _show_lesson(figure, account)
    return figure


def _show_lesson(figure: go.Figure, account: Account) -> None:
    """Let the time axis span the session; one shorter than a few minutes has a tick a minute and none between."""
    started, ended = account.session.started_at, _right_end(account)
    figure.update_xaxes(range=[axis_ms(started), axis_ms(ended)])
    if ended - started < TIMES_SHOWN * 60:
        figure.update_xaxes(dtick=MINUTE_MS)


def valence_scale(valence: Frame) -> float:
    """Where the valence's axis ends on both sides: classes move within ±0.4 and look flat beyond."""
    return USUAL_VALENCE if not (valence.abs() > USUAL_VALENCE).any() else WIDEST_VALENCE


def with_holes(minutes: Frame) -> Frame:
    """Every minute from the first to the last, empty where none was read: nothing is drawn across a pause."""
    if minutes.empty:
        return minutes
    whole = np.arange(minutes["at_ms"].iloc[0], minutes["at_ms"].iloc[-1] + 1, MINUTE_MS)
    return minutes.set_index("at_ms").reindex(pd.Index(whole, name="at_ms")).reset_index()


def _right_end(account: Account) -> float:
    last = 0.0 if account.minutes.empty else float(account.minutes["at_ms"].iloc[-1] + MINUTE_MS) / 1000
    return max(account.until, last, account.session.started_at + 60)


def _emotion_bar(emotion: Any) -> dict[str, Any]:
    return {
        "name": theme.EMOTION_WORDS[emotion],
        "width": MINUTE_MS,
        "marker": {"color": theme.EMOTION_COLOURS[emotion], "line": {"width": 0}},
        "hovertemplate": "%{y:.0%}",
    }


def _line(
    figure: go.Figure, x: Any, y: Any, row: int, name: str, colour: str, template: str, counts: Any = None
) -> None:
    figure.add_scatter(
        x=x,
        y=_rounded(y),
        name=name,
        row=row,
        col=1,
        # A single minute between two holes is a point, which a line would swallow.
        mode="lines+markers",
        marker={"size": 3, "color": colour},
        connectgaps=False,
        customdata=counts,
        line={"color": colour, "width": 2},
        hovertemplate=template,
    )


def _seen(figure: go.Figure, x: Any, minutes: Frame, row: int) -> None:
    figure.add_bar(
        x=x,
        y=_rounded(minutes["coverage"]),
        width=MINUTE_MS,
        name="Seen",
        row=row,
        col=1,
        customdata=_counts(minutes["seen"], minutes["present"]),
        marker={"color": SEEN_BAR, "line": {"width": 0}},
        hovertemplate="%{customdata}",
    )


def _counts(part: Frame, whole: Frame) -> list[str]:
    return ["" if pd.isna(one) else f"{one:.0f} of {all_:.0f}" for one, all_ in zip(part, whole, strict=True)]


def _rounded(values: Frame) -> list[float | None]:
    return [None if pd.isna(value) else round(float(value), 3) for value in values]


def _dress(figure: go.Figure, rows: int, attention: bool) -> None:
    dressed(figure)
    figure.update_layout(barmode="stack", bargap=0, hovermode="x", margin={"l": 76, "r": 10, "t": 38, "b": 26})
    figure.update_xaxes(type="date", showgrid=False, tickformat="%H:%M", hoverformat="%H:%M", nticks=TIMES_SHOWN)
    figure.update_yaxes(range=[0, 1], tickvals=[0, 0.5, 1], ticktext=["0 %", "50 %", "100 %"], row=1)
    if attention:
        figure.update_yaxes(range=[0, 1.02], tickvals=[0, 0.5, 1], ticktext=["0 %", "to screen", "100 %"], row=3)
    figure.update_yaxes(range=[0, 1], tickvals=[0.5], ticktext=["seen"], showgrid=False, row=rows)


def dressed(figure: go.Figure) -> go.Figure:
    """Give a figure what all share: fonts, quiet axes, no zoom, white paper."""
    figure.update_layout(
        showlegend=False,
        dragmode=False,
        paper_bgcolor=INK.surface,
        plot_bgcolor=INK.surface,
        font={"family": theme.FONT, "size": 12, "color": INK.faint},
        hoverlabel={"bgcolor": INK.surface, "bordercolor": INK.grid, "font": {"color": INK.text}},
        template="none",
    )
    figure.update_xaxes(zeroline=False, fixedrange=True, ticks="", gridcolor=INK.grid)
    figure.update_yaxes(zeroline=False, fixedrange=True, ticks="", gridcolor=INK.grid)
    return figure


def _mark_pauses(figure: go.Figure, account: Account) -> None:
    for gap in account.gaps:
        ends = (axis_ms(gap.started_at), axis_ms(gap.ended_at or account.until))
        figure.add_shape(
            type="rect", x0=ends[0], x1=ends[1], y0=0, y1=1, yref="paper", fillcolor=PAUSE, line_width=0, layer="below"
        )


def _mark_notes(figure: go.Figure, account: Account, naming: Naming) -> None:
    """A line for each marker, its kind as a letter above it and its text on hover: texts would cover each other."""
    for number, marker in enumerate(account.markers):
        at = axis_ms(marker.at)
        figure.add_shape(
            type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line={"width": 1, "dash": "dot", "color": INK.faint}
        )
        words = naming.text(marker.text) or marker.kind
        figure.add_annotation(
            x=at,
            y=1.0,
            yref="paper",
            yanchor="bottom",
            yshift=14 * (number % 2),
            text=escaped(short(words)),
            hovertext=escaped(f"{marker.kind}: {words}"),
            showarrow=False,
            font={"size": 10.5},
            xanchor="left",
        )


def _mark_moments(figure: go.Figure, points: tuple[TurningPoint, ...]) -> None:
    """A numbered dot on the line that changed, for each moment of the list."""
    for measure, row, colour in (("valence", 2, MOOD_LINE), ("attention", 3, ATTENTION_LINE)):
        shown = [(number, point) for number, point in enumerate(points, start=1) if point.measure == measure]
        if shown:
            figure.add_scatter(
                x=[axis_ms(point.at) for _, point in shown],
                y=[(point.before.mean + point.after.mean) / 2 for _, point in shown],
                text=[str(number) for number, _ in shown],
                mode="markers+text",
                marker={"size": 17, "color": colour, "line": {"width": 1.5, "color": "#FFFFFF"}},
                textfont={"color": "#FFFFFF", "size": 10.5},
                name="",
                hovertemplate="moment %{text}, see the list<extra></extra>",
                row=row,
                col=1,
            )


def escaped(words: str) -> str:
    """Text for Plotly, which reads some tags in it: names and notes have none."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def short(words: str) -> str:
    """Words as they fit beside a chart."""
    return words if len(words) <= LABEL_LENGTH else words[: LABEL_LENGTH - 1] + "…"


def grid(heat: Heat, naming: Naming) -> go.Figure:
    """Student by minute: the emotion that leads, hatched where nothing was read."""
    x = [axis_ms(at_ms / 1000) for at_ms in heat.at_ms]
    names = [naming.student(number) for number in heat.students]
    figure = go.Figure()
    figure.add_heatmap(
        x=[at + MINUTE_MS / 2 for at in x],
        y=list(range(len(names))),
        z=np.where(heat.leading >= 0, heat.leading.astype(float), np.nan).tolist(),
        text=_cell_words(heat),
        colorscale=_steps_of_colour(),
        zmin=-0.5,
        zmax=len(EMOTIONS) - 0.5,
        showscale=False,
        xgap=0.5,
        ygap=1,
        hoverongaps=False,
        hovertemplate="%{y}, %{x|%H:%M}<br>%{text}<extra></extra>",
    )
    _hatch(figure, heat, names, x)
    dressed(figure)
    figure.update_layout(
        height=len(names) * ROW_PX + 50, margin={"l": 150, "r": 10, "t": 8, "b": 30}, barmode="overlay", bargap=0.1
    )
    figure.update_xaxes(type="date", tickformat="%H:%M", showgrid=False, nticks=TIMES_SHOWN)
    if len(x) < TIMES_SHOWN:
        figure.update_xaxes(dtick=MINUTE_MS)
    labels = [escaped(short(name)) for name in names]
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=labels, range=[len(names) - 0.5, -0.5], showgrid=False
    )
    return figure


def _steps_of_colour() -> list[tuple[float, str]]:
    """A colour scale in steps, one for each emotion."""
    scale = []
    for place, emotion in enumerate(EMOTIONS):
        scale += [(edge / len(EMOTIONS), theme.EMOTION_COLOURS[emotion]) for edge in (place, place + 1)]
    return scale


def _cell_words(heat: Heat) -> list[list[str]]:
    words = [theme.EMOTION_WORDS[emotion].lower() for emotion in EMOTIONS]
    return [
        [
            f"looks {words[place]}, {share:.0%} ({count} readings)" if place >= 0 else ""
            for place, share, count in zip(*row, strict=True)
        ]
        for row in zip(heat.leading.tolist(), heat.share.tolist(), heat.readings.tolist(), strict=True)
    ]


def _hatch(figure: go.Figure, heat: Heat, names: list[str], x: list[int]) -> None:
    runs = heat.missing
    figure.add_bar(
        base=[x[run.first] for run in runs],
        x=[(run.end - run.first) * MINUTE_MS for run in runs],
        y=[run.row for run in runs],
        orientation="h",
        customdata=[f"{escaped(short(names[run.row]))}<br>{run.reason}, {run.end - run.first} min" for run in runs],
        marker={
            "color": "rgba(0,0,0,0)",
            "line": {"width": 0},
            "pattern": {"shape": "/", "fgcolor": HATCH, "size": 5, "solidity": 0.18},
        },
        hovertemplate="%{customdata}<extra></extra>",
        name="Not read",
    )


def against_usual(account: Account, usual: Usual) -> go.Figure:
    """The session's valence by share of the lesson, over the band in which half of the course's other classes lie."""
    figure, band, own = go.Figure(), usual.along, valence_by_share(account)
    share = [(place + 0.5) * 100 / STEPS for place in range(STEPS)]
    for name, fill in (("low", None), ("high", "tonexty")):
        edge = {"mode": "lines", "line": {"width": 0}, "fill": fill, "fillcolor": BAND, "hoverinfo": "skip"}
        figure.add_scatter(x=share, y=_rounded(band[name]), **edge)
    for values, name, line in (
        (band["middle"], "Usual", {"color": MOOD_LINE, "width": 1.5, "dash": "dot"}),
        (own, "This class", {"color": MOOD_LINE, "width": 2.5}),
    ):
        figure.add_scatter(x=share, y=_rounded(values), name=name, mode="lines", line=line, hovertemplate="%{y:+.2f}")
    dressed(figure)
    figure.update_layout(hovermode="x unified", margin={"l": 76, "r": 10, "t": 8, "b": 30})
    figure.update_xaxes(range=[0, 100], ticksuffix=" %", showgrid=False, nticks=6)
    figure.update_yaxes(range=_span([band["low"], band["high"], own]), nticks=5, tickformat="+.1f")
    return figure


def _span(series: list[Frame]) -> tuple[float, float]:
    values: Frame = pd.concat(series).dropna()
    return (min(-0.2, float(values.min()) - 0.05), max(0.2, float(values.max()) + 0.05)) if len(values) else (-1.0, 1.0)


def student(account: Account, number: int) -> go.Figure:
    """One student's minutes: seven emotions stacked, how far the head turns, the share of readings with a face."""
    minutes = with_holes(account.student_minutes[account.student_minutes["student"] == number])
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, row_heights=[0.56, 0.26, 0.18], vertical_spacing=0.05)
    middle = [axis_ms((at_ms + MINUTE_MS / 2) / 1000) for at_ms in minutes["at_ms"]]
    for emotion in theme.STACK_ORDER:
        figure.add_bar(x=middle, y=_rounded(minutes[emotion]), row=1, col=1, **_emotion_bar(emotion))
    _line(figure, middle, minutes["turn"], 2, "Head turned", ATTENTION_LINE, "%{y:.0f} degrees to the side")
    figure.add_bar(
        x=middle,
        y=_rounded(minutes["valid"] / minutes["readings"].where(minutes["readings"] > 0)),
        width=MINUTE_MS,
        name="Read",
        row=3,
        col=1,
        customdata=_counts(minutes["valid"], minutes["readings"]),
        marker={"color": SEEN_BAR, "line": {"width": 0}},
        hovertemplate="%{customdata} readings",
    )
    _dress(figure, 3, attention=False)
    figure.update_yaxes(range=[0, 60], tickvals=[0, 30, 60], ticktext=["0°", "30° turned", "60°"], row=2)
    figure.update_yaxes(ticktext=["read"], row=3)
    _mark_pauses(figure, account)
    _show_lesson(figure, account)
    return figure
