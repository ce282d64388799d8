"""The parts that pages are built from: header, cards, empty states, legend, table."""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime
from typing import Any

import dash
import dash_mantine_components as dmc
import pandas as pd
from dash import html

from dashboard import theme
from dashboard.figures import MEASURES
from domain import EMOTIONS

NAME_LENGTH = 80
"""Longer names are cut: a screen line holds no more, and a hostile one would fill every answer."""

JOINERS = frozenset("\u200c\u200d")
"""Zero-width joiners belong to Persian, Indic scripts and emoji; all other invisible characters are dropped."""


def plain_name(name: str | None, student: int) -> str:
    """The name to show: one plain line (see `plain_line`), or "Student 7" where there is none."""
    return plain_line(name) or f"Student {student}"


def plain_line(text: str | None, length: int = NAME_LENGTH) -> str:
    """Untrusted text as one line of at most ``length`` characters, without control or direction characters."""
    kept = "".join(
        " " if char.isspace() else char
        for char in text or ""
        if char in JOINERS or char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    line = " ".join(kept.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def aria(**attributes: str) -> dict[str, Any]:
    """Attributes for screen readers, as Dash takes them: ``label`` becomes aria-label."""
    return {f"aria-{name}": value for name, value in attributes.items()}


def data(**attributes: str) -> dict[str, Any]:
    """Attributes that the scripts in assets/ read: ``kind`` becomes data-kind."""
    return {f"data-{name}": value for name, value in attributes.items()}


def icon(name: str) -> html.Span:
    """A small picture from assets/style.css, silent for screen readers."""
    return html.Span(className=f"icon icon-{name}", **aria(hidden="true"))


NAVIGATION = [("Live", "/"), ("Sessions", "/sessions"), ("Set-up", "/setup"), ("Try", "/try")]
"""The pages that every header leads to, where they are served: the word and the address."""

BELOW = {"/try": "/setup"}
"""Pages that the header leaves to the page above them, where that is served."""


def header(*middle: Any, here: str = "") -> html.Header:
    """The top line of every page: the mark, what the page puts there, and the switch between light and dark.

    ``here`` is the address of the page, which its navigation marks.
    """
    return html.Header(
        [
            html.A(
                [html.Img(src="/assets/favicon.svg", alt="", className="brand-mark"), html.Span("Classmood")],
                href="/",
                className="brand",
            ),
            *middle,
            _navigation(here),
            dmc.ColorSchemeToggle(
                lightIcon=icon("sun"),
                darkIcon=icon("moon"),
                id="header-scheme-toggle",
                variant="subtle",
                size="md",
                color="gray",
                **aria(label="Switch between light and dark"),
            ),
        ],
        className="header",
    )


def served_paths() -> set[str]:
    """The addresses of the pages that this program serves: behind logins some are left out."""
    return {page["path"] for page in dash.page_registry.values()}


def _navigation(here: str) -> html.Nav:
    # Whole pages, no swapping of parts: what ran for hours ends with its page.
    served = served_paths()
    links = [
        html.A(word, href=address, **aria(current="page") if address == here else {})
        for word, address in NAVIGATION
        if address in served and BELOW.get(address) not in served
    ]
    return html.Nav(links, className="navigation", **aria(label="Pages"))


def card(title: str, *children: Any, part: str, tools: Any = None) -> html.Section:
    """A titled panel; ``part`` is the id of the panel, and its title's id with "-title" behind."""
    return html.Section(
        [
            html.Div(
                [html.H2(title, id=f"{part}-title"), html.Div(tools, className="card-tools")], className="card-head"
            ),
            *children,
        ],
        id=part,
        className="card",
        **aria(labelledby=f"{part}-title"),
    )


def legend(part: str) -> html.Ul:
    """Colour, word and present share of each emotion, pleasant first; the shares carry the ids ``part``-EMOTION."""
    return html.Ul(
        [
            html.Li(
                [
                    html.Span(className=f"swatch swatch-{emotion}", **aria(hidden="true")),
                    html.Span(theme.EMOTION_WORDS[emotion]),
                    html.Span(id=f"{part}-{emotion}", className="legend-share"),
                ]
            )
            for emotion in reversed(theme.STACK_ORDER)
        ],
        id=part,
        className="legend",
        **aria(label="Share of each emotion now"),
    )


def readings_table(bins: pd.DataFrame) -> dmc.Table | html.P:
    """The numbers behind the mood chart: one row a bin, newest first."""
    rows = bins.dropna(subset=["present"]).iloc[::-1]
    if rows.empty:
        return html.P("Nothing has been read yet.")
    body = [
        [
            datetime.fromtimestamp(at_ms / 1000).strftime("%H:%M:%S"),
            *("–" if math.isnan(share) else f"{share * 100:.0f} %" for share in shares),
            # Adding zero turns a rounded -0.0 into 0.0.
            "–" if math.isnan(valence) else f"{round(valence, 2) + 0.0:+.2f}",
            f"{attending:.0f} of {judged:.0f}" if judged > 0 else "–",
            f"{seen:.0f} of {present:.0f}",
        ]
        for at_ms, *shares, valence, seen, present, attending, judged in rows[["at_ms", *MEASURES]].itertuples(
            index=False
        )
    ]
    head = ["Time", *(theme.EMOTION_WORDS[emotion] for emotion in EMOTIONS), "Valence", "Looking", "Seen"]
    return dmc.Table(data={"head": head, "body": body}, striped="odd", stickyHeader=True, className="numbers")


def not_found() -> html.Div:
    """What an address without a page shows."""
    return html.Div(
        [
            header(html.Div(className="spread")),
            html.Main(
                html.Div(
                    [html.H1("There is no such page"), html.P(html.A("Back to the live page", href="/"))],
                    className="empty-state",
                )
            ),
        ],
        className="page",
    )
