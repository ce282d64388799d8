"""Figures of the reports and the one HTML page, readable without a network, that holds them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from domain import EMOTIONS

HEIGHT_PX = 420
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}"
    "td:first-child,th:first-child{text-align:left}h2{margin-top:2.5rem}"
)

Section = tuple[str, Sequence["str | go.Figure"]]
"""A heading with paragraphs, tables (both as HTML) and figures in reading order."""


def write_page(path: Path, title: str, sections: Sequence[Section]) -> None:
    """One self-contained HTML file with plotly's script in it."""
    body = [f"<h1>{html.escape(title)}</h1>"]
    for heading, parts in sections:
        body.append(f"<h2>{html.escape(heading)}</h2>")
        body += [_figure(part) if isinstance(part, go.Figure) else part for part in parts]
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<script>{get_plotlyjs()}</script>{''.join(body)}</html>"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _figure(figure: go.Figure) -> str:
    # A figure of its own height says so; all others share one.
    figure.update_layout(
        height=figure.to_dict()["layout"].get("height", HEIGHT_PX), template="plotly_white", margin={"t": 40}
    )
    return figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False})


def paragraph(text: str) -> str:
    """Text as an escaped HTML paragraph."""
    return f"<p>{html.escape(text)}</p>"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as an escaped HTML table."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as a Markdown table with a line break at its end."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def write_between_marks(path: Path, name: str, heading: str, text: str) -> None:
    """Replace what stands between the marks of this name in a Markdown document.

    Where the marks are missing, a section with this heading is added at the document's end.
    """
    begin, end = (f"<!-- {name}: {side} -->" for side in ("begin", "end"))
    known = path.read_text(encoding="utf-8") if path.is_file() else ""
    if begin not in known or end not in known:
        known = f"{known.rstrip()}\n\n## {heading}\n\n{begin}\n{end}\n".lstrip()
    before, rest = known.split(begin, 1)
    path.write_text(f"{before}{begin}\n{text}{end}{rest.split(end, 1)[1]}", encoding="utf-8")


def matrix(shares: np.ndarray, rows: Sequence[str], columns: Sequence[str], x: str, y: str) -> go.Figure:
    """A table of shares (R, C) from 0 to 1 as coloured squares, first row on top."""
    heat = go.Heatmap(
        z=shares,
        x=list(columns),
        y=list(rows),
        zmin=0,
        zmax=1,
        colorscale="Blues",
        text=[[f"{share:.0%}" for share in row] for row in shares],
        texttemplate="%{text}",
    )
    figure = go.Figure(heat)
    figure.update_yaxes(autorange="reversed", title=y)
    figure.update_xaxes(title=x)
    return figure


def confusion_svg(matrices: dict[str, np.ndarray]) -> str:
    """Confusion matrices (7, 7) of counts as one SVG picture, side by side with their titles: percent of each label."""
    cell, left, top = 54, 70, 60
    side = left + cell * len(EMOTIONS) + 20
    parts = []
    for place, (title, counts) in enumerate(matrices.items()):
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        x0 = place * side + left
        parts.append(f'<text x="{x0}" y="16" font-weight="bold">{html.escape(title)}</text>')
        for row, name in enumerate(EMOTIONS):
            middle = top + row * cell + cell // 2 + 4
            parts.append(f'<text x="{x0 - 6}" y="{middle}" text-anchor="end">{name}</text>')
            parts.append(f'<text x="{x0 + row * cell + cell // 2}" y="{top - 8}" text-anchor="middle">{name}</text>')
            for column, share in enumerate(shares[row]):
                x, ink = x0 + column * cell, "#fff" if share > 0.55 else "#222"
                parts.append(
                    f'<rect x="{x}" y="{top + row * cell}" width="{cell}" height="{cell}" fill="#1f5fa8" '
                    f'fill-opacity="{share:.3f}" stroke="#ddd"/><text x="{x + cell // 2}" y="{middle}" '
                    f'style="fill:{ink}" text-anchor="middle">{share:.0%}</text>'
                )
    size = f'width="{side * len(matrices)}" height="{top + cell * len(EMOTIONS) + 10}"'
    style = (
        '<style>text{font:12px system-ui,sans-serif;fill:#222}</style><rect width="100%" height="100%" fill="#fff"/>'
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}{"".join(parts)}</svg>\n'


def reliability(confidence: Sequence[float], accuracy: Sequence[float], counts: Sequence[int]) -> go.Figure:
    """How often the network is right where it claims to be sure: bars by claimed confidence, a line for the ideal."""
    figure = go.Figure(
        go.Bar(
            x=list(confidence),
            y=list(accuracy),
            width=0.05,
            name="measured",
            customdata=list(counts),
            hovertemplate="%{y:.0%} of %{customdata} faces",
        )
    )
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="ideal", line={"dash": "dot", "color": "#888"})
    figure.update_xaxes(range=[0, 1], title="claimed confidence")
    figure.update_yaxes(range=[0, 1], title="share right")
    return figure


def curve(
    levels: Sequence[float], lines: dict[str, Sequence[float]], spans: dict[str, Sequence[tuple[float, float]]], x: str
) -> go.Figure:
    """Accuracy over the strength of one distortion: a line per label set, with a bar for the interval of each point."""
    figure = go.Figure()
    for name, values in lines.items():
        low, high = np.array(spans[name]).T
        whiskers = {"array": list(high - values), "arrayminus": list(values - low), "thickness": 1, "width": 3}
        figure.add_scatter(x=list(levels), y=list(values), name=name, mode="lines+markers", error_y=whiskers)
    figure.update_xaxes(title=x)
    figure.update_yaxes(title="accuracy", tickformat=".0%")
    return figure


def bars(values: dict[str, Sequence[float]], y: str) -> go.Figure:
    """Grouped bars over the seven emotions, one group member per name."""
    figure = go.Figure([go.Bar(x=list(EMOTIONS), y=list(heights), name=name) for name, heights in values.items()])
    figure.update_layout(barmode="group")
    figure.update_yaxes(title=y)
    return figure


def pictures(images: np.ndarray, titles: Sequence[str]) -> go.Figure:
    """Gray pictures (N, H, W), 0 to 255, side by side with a title under each."""
    count, height, width = images.shape
    strip = np.full((height, count * (width + 2) - 2), 255.0)
    for index, image in enumerate(images):
        strip[:, index * (width + 2) : index * (width + 2) + width] = image
    figure = go.Figure(go.Heatmap(z=strip, colorscale="Gray", zmin=0, zmax=255, showscale=False, hoverinfo="skip"))
    centres = [index * (width + 2) + width / 2 for index in range(count)]
    figure.update_xaxes(tickvals=centres, ticktext=list(titles), showgrid=False)
    figure.update_yaxes(autorange="reversed", visible=False, scaleanchor="x")
    figure.update_layout(height=240)
    return figure
