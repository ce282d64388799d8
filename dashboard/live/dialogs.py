"""What opens over the live page: a table, a note, the reason for a prompt, the end of a class, who is who, the keys."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard.components import aria, data
from dashboard.live import glance
from dashboard.live.steering import TEXT_LENGTH
from db.commands import MODES

AUTOFOCUS: dict[str, Any] = {"data-autofocus": True}
"""Marks the part of a Mantine dialog that has the focus when it opens."""

WHYS = ("Takes notes", "Technical trouble", "We have talked", "Agreed beforehand")
"""Reasons that teachers give most easily: one press each."""


def dialogs() -> list[dmc.Modal]:
    """Everything that opens over the page."""
    return [_table(), _note(), _why(), _end(), _person(), _help()]


def _dialog(part: str, title: str, *children: Any, **properties: Any) -> dmc.Modal:
    properties["closeButtonProps"] = aria(label="Close")
    return dmc.Modal(list(children), id=part, title=title, opened=False, centered=True, **properties)


def _table() -> dmc.Modal:
    return _dialog("live-table", "Along the lesson, in numbers", html.Div(id="live-table-body"), size="xl")


def _text(part: str, label: str, placeholder: str) -> dmc.TextInput:
    inner: dict[Any, Any] = {"maxLength": TEXT_LENGTH} | AUTOFOCUS
    return dmc.TextInput(id=part, label=label, placeholder=placeholder, value="", inputProps=inner)


def _note() -> dmc.Modal:
    return _dialog(
        "live-note",
        "A note on the time line",
        dmc.SegmentedControl(
            id="live-note-kind",
            value="note",
            fullWidth=True,
            data=[{"value": kind, "label": word} for kind, word in glance.MARKER_WORDS.items()],
            **aria(label="What kind of marker"),
        ),
        _text("live-note-text", "In your words", "What happens now"),
        dmc.Button("Mark this moment", id="live-note-save", fullWidth=True),
    )


def _why() -> dmc.Modal:
    return _dialog(
        "live-why",
        "I know why",
        html.Div(
            [html.Button(why, className="act", type="button", **data(why=why)) for why in WHYS],
            className="button-row",
            role="group",
            **aria(label="Frequent reasons"),
        ),
        _text("live-why-text", "Or in your words (for your report only)", "Why it is so"),
        dmc.Button("Put aside", id="live-why-save", fullWidth=True),
    )


def _end() -> dmc.Modal:
    return _dialog(
        "live-end",
        "End this class?",
        html.P(
            "Its session is closed. The gallery that is in sight now is left alone; the next one starts a new class."
        ),
        dmc.Group(
            [
                dmc.Button("Go on with the class", id="live-end-no", variant="default", **AUTOFOCUS),
                dmc.Button("End the class", id="live-end-yes", color="red"),
            ],
            justify="flex-end",
        ),
    )


def _person() -> dmc.Modal:
    return _dialog(
        "live-person",
        "Who is this?",
        _text("live-person-name", "Called", "The student's name"),
        dmc.Select(
            id="live-person-same",
            label="Or the same student as",
            placeholder="Another tile's student",
            data=[],
            clearable=True,
            searchable=True,
        ),
        html.P("All readings of this class follow. It can be taken back in the report.", className="quiet"),
        dmc.Button("Save", id="live-person-save", fullWidth=True),
    )


def _help() -> dmc.Modal:
    keys = (("T", "Mark a new topic"), ("Q", "Mark a question"), ("N", "Write a note"), ("P", "Pause or resume"))
    keys += tuple((str(place), glance.MODE_WORDS[mode]) for place, mode in enumerate((None, *MODES), start=1))
    keys += (("Arrows", "From tile to tile, once one has the focus"), ("Enter", "Correct who a tile is"))
    return _dialog(
        "live-help",
        "Keys of this page",
        html.Dl([part for key, deed in keys for part in (html.Dt(html.Kbd(key)), html.Dd(deed))], className="keys"),
        dmc.Switch(id="live-keys", label="Letters and digits act on this page", checked=True, persistence=True),
        keepMounted=True,
    )
