"""The settings: what stands in config.yaml, explained, changed in the browser and checked before it counts."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, State, dcc, html

from config import Settings
from dashboard.desk import frame, settings_file, settings_form
from dashboard.desk.settings_file import SettingsFile, SettingsRefused
from dashboard.desk.surroundings import Surroundings
from domain import ConfigError

REGION, MODE = "privacy.region", "privacy.mode"
"""The region decides about the mode where its law does."""

VALUES, SWITCHES = {"type": "settings-value", "key": ALL}, {"type": "settings-switch", "key": ALL}
"""The controls that hold a value, and those that are on or off."""


def register(app: dash.Dash, settings: Settings, surroundings: Surroundings) -> None:
    """Add the settings page to an app; ``settings`` are those of this start."""
    path = surroundings.config_file
    title = "Settings · Classmood"
    dash.register_page(
        "settings", path="/settings", name="Settings", title=title, layout=lambda: layout(path, settings)
    )

    @app.callback(
        Output("settings-answer", "children"),
        Output("settings-file", "data"),
        Output(VALUES, "error"),
        Input("settings-save", "n_clicks"),
        State("settings-file", "data"),
        State(VALUES, "value"),
        State(SWITCHES, "checked"),
        prevent_initial_call=True,
    )
    def save(_clicks: int, known: dict[str, Any], _values: list[Any], _checked: list[Any]) -> tuple[Any, Any, Any]:
        controls = [control for state in dash.ctx.states_list[1:] for control in state]
        held = {control["id"]["key"]: control.get("value") for control in controls}
        shown = [output["id"]["key"] for output in dash.ctx.outputs_list[2]]
        return _save(surroundings, known, held, shown)

    # By all of their kind: a key with a dot in it cannot be named in the answer of several parts.
    app.clientside_callback(
        ClientsideFunction("settings", "overrule"),
        Output(VALUES, "value"),
        Output(VALUES, "disabled"),
        Output({"type": "settings-overruled", "key": ALL}, "hidden"),
        Input(VALUES, "value"),
    )

    app.clientside_callback(
        ClientsideFunction("settings", "unsaved"),
        Output("settings-unsaved", "children"),
        Output("settings-save", "disabled"),
        Input(VALUES, "value"),
        Input(SWITCHES, "checked"),
        Input("settings-file", "data"),
    )


def layout(path: Any, running: Settings) -> html.Div:
    """The page as the file stands now; a file that cannot be used gives its faults and nothing to change."""
    lead = [
        "Every change is checked, then written into ",
        html.Code(path.name),
        " with all its comments. It counts from the next start; where a running class is read changes at once under ",
        html.A("Set-up", href="/setup"),
        ".",
    ]
    try:
        file = settings_file.read(path)
    except ConfigError as error:
        broken = frame.error_note("The settings cannot be used: mend the file, then reload this page", error)
        return frame.page("Settings", lead, frame.answer("settings-broken", broken), here="/settings")
    return frame.page(
        "Settings",
        lead,
        dcc.Store(id="settings-file", data=_known(file)),
        html.Div(
            [settings_form.contents(), html.Div(settings_form.form(file.values), className="settings-form")],
            className="settings-body",
        ),
        html.Div(
            [
                frame.answer("settings-answer", *_waiting(file, running)),
                html.Div(
                    [
                        html.P(id="settings-unsaved", className="quiet"),
                        html.A("Start over", href="/settings", className="desk-link"),
                        html.Button("Save", id="settings-save", className="desk-button", disabled=True),
                    ],
                    className="settings-bar",
                ),
            ],
            className="settings-foot",
        ),
        here="/settings",
    )


def _save(surroundings: Surroundings, known: dict[str, Any], held: dict[str, Any], shown: list[str]) -> tuple[Any, ...]:
    """The answer, what the page then knows of the file, and a sentence or None for each control shown."""
    fine = [None] * len(shown)
    changed = {key: value for key, value in held.items() if value != known["values"].get(key)}
    if REGION in changed:
        changed[MODE] = held[MODE]  # what the page shows: the file may hold another, which the region overruled
    try:
        file = settings_file.save(surroundings.config_file, known["fingerprint"], settings_form.given(changed))
    except SettingsRefused as error:
        what = "Nothing was written: one setting needs another value"
        if len(error.sentences) > 1:
            what = f"Nothing was written: {len(error.sentences)} settings need other values"
        return frame.error_note(what, error), dash.no_update, [error.sentences.get(key) for key in shown]
    except ConfigError as error:
        return frame.error_note("Nothing was written", error), dash.no_update, fine
    what = frame.note("good", f"Saved: {frame.in_words(list(changed))}", "It counts from the next start.")
    told = _known(file)
    told["values"] |= changed  # as they were typed: "0 0 9 9" is as good a region as "0, 0, 9, 9"
    return what, told, fine


def _known(file: SettingsFile) -> dict[str, Any]:
    values = {key: settings_form.shown(key, value) for key, value in file.values.items()}
    return {"fingerprint": file.fingerprint, "values": values}


def _waiting(file: SettingsFile, running: Settings) -> list[html.Div]:
    """What has been changed in the file since these pages were started."""
    before = settings_file.values_of(running)
    waiting = [key for key, value in file.values.items() if value != before[key]]
    if not waiting:
        return []
    return [
        frame.note("quiet", f"Changed since this start: {frame.in_words(waiting)}", "It counts from the next start.")
    ]
