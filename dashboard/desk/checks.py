"""What makes a class readable: the checklist for Zoom, and the checks of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard.components import aria
from domain import Finding


@dataclass(frozen=True, slots=True)
class Advice:
    """One line of the checklist: a key, what should be so, and how to make it so or why."""

    key: str
    what: str
    how: str


CHECKED = (
    Advice("gallery", "Gallery view is on", "In Zoom: View, Gallery. The immersive and the speaker view are not read."),
    Advice("names", "Names are shown on the tiles", "Settings, Video, Always display participant names."),
    Advice(
        "size",
        "Tiles are large enough",
        "Maximise the meeting, 25 a page in place of 49: a face under 36x48 pixels is not judged.",
    ),
    Advice("free", "Nothing lies over the meeting", "Keep these pages beside it, or on another screen."),
)
"""What the capture can tell by itself."""

BY_HAND = (
    Advice(
        "order",
        "Tiles are in Zoom's own order",
        "Drag none and do not sort by name: late comers and new cameras then go to the last page, out of sight.",
    ),
    Advice(
        "everyone",
        "Participants without video are shown",
        "They belong to the class: hidden ones are missing in every count. The border of who speaks may stay.",
    ),
    Advice(
        "panels",
        "Chat and participants are docked or closed",
        "A floating panel over the tiles hides them.",
    ),
    Advice(
        "told", "The class knows", "Say what is read and what is kept, and who to ask. Limits and law: docs/limits.md."
    ),
)
"""What a person ticks off."""

MARKS = {True: ("done", "So it is"), False: ("look", "Look at this"), None: ("open", "Not seen yet")}
"""A tick's look, and the same for a screen reader."""
FINDING_MARKS = {"ok": "done", "look": "look", "broken": "broken"}


def checklist() -> html.Div:
    """The whole list; what the capture can tell is filled in by `ticks`."""
    by_hand = [
        dmc.Checkbox(
            id=f"setup-by-hand-{one.key}",
            label=one.what,
            description=one.how,
            persistence=True,
            persistence_type="local",
        )
        for one in BY_HAND
    ]
    return html.Div([html.Ul(ticks({}), id="setup-ticks", className="ticks"), html.Div(by_hand, className="by-hand")])


def ticks(seen: Mapping[str, bool]) -> list[html.Li]:
    """The lines that the capture can tell; what is not in ``seen`` is not known yet."""
    return [_tick(*MARKS[seen.get(one.key)], one.what, one.how) for one in CHECKED]


def findings_table(findings: Mapping[str, Finding]) -> html.Ul:
    """What the checks of this machine found, by their names, with the remedies."""
    lines = [_tick(FINDING_MARKS[one.mark], one.mark, check, one.found, one.remedy) for check, one in findings.items()]
    return html.Ul(lines, className="ticks")


def _tick(mark: str, spoken: str, what: str, *how: str) -> html.Li:
    dot: dict[str, Any] = {"data-mark": mark}
    said = [html.Strong(what), *(html.Span(sentence, className="quiet") for sentence in how if sentence)]
    return html.Li(
        [html.Span(className="tick", role="img", **dot, **aria(label=spoken)), html.Div(said, className="tick-words")]
    )
