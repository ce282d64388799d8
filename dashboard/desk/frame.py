"""The frame that the pages around a class share: header, the way between them, title and answers in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from dash import html

from dashboard import components

PAGES = [("Set-up", "/setup"), ("Students", "/students"), ("Settings", "/settings"), ("Try", "/try")]
"""The pages around a class: the word and the address."""

Level = Literal["quiet", "good", "warn", "bad"]
"""How loud a note is."""


def page(title: str, lead: Any, *parts: Any, here: str) -> html.Div:
    """A page with its title and one sentence on what it is for; ``here`` is its address, and names its ids."""
    served = components.served_paths()
    links = [
        # Whole pages, no swapping of parts: what a page may do (a camera, a port) is decided when it is loaded.
        html.A(word, href=address, **components.aria(current="page") if address == here else {})
        for word, address in PAGES
        if address in served
    ]
    return html.Div(
        [
            components.header(html.Div(className="spread"), here="/setup" if "/setup" in served else here),
            *(
                [html.Nav(links, className="desk-nav", **components.aria(label="Around the class"))]
                if links[1:]
                else []
            ),
            html.Main(
                [html.Div([html.H1(title), html.P(lead, className="desk-lead")], className="desk-title"), *parts],
                className="desk",
            ),
        ],
        id=f"{here[1:]}-page",
        className="page",
    )


def note(level: Level, title: str, *sentences: Any) -> html.Div:
    """An answer in words: a title, and sentences of which each stands in its own line."""
    lines = [html.P(sentence) for sentence in sentences if sentence]
    return html.Div([html.Strong(title), *lines], className="desk-note", **{"data-level": level})  # type: ignore[arg-type]


def answer(part: str, *children: Any) -> html.Div:
    """The place of a page's answers; screen readers say what appears in it."""
    return html.Div(list(children), id=part, className="desk-answer", role="status")


def error_note(title: str, error: Exception) -> html.Div:
    """An error that a person can act on, sentence by sentence."""
    return note("bad", title, *str(error).splitlines())


def in_words(items: Sequence[str]) -> str:
    """Things in a row: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
