"""Set-up: what the capture sees now, where it looks, whether this machine can, and how Zoom is set for it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from sqlalchemy import Engine

from config import Settings
from dashboard import components
from dashboard.desk import checks, frame, settings_file, settings_form, sight, steering
from dashboard.desk.surroundings import Surroundings
from db import queries
from domain import ClassmoodError, ConfigError, StoreError

MONITORS_OFFERED = 4
"""More than four screens at one desk are rare; one of them can be set in the settings."""

TICK_S = 1.0
"""The capture says once a second what it sees."""


def register(
    app: dash.Dash, engine: Engine, settings: Settings, surroundings: Surroundings, clock: Callable[[], float]
) -> None:
    """Add the set-up page to an app."""
    title = "Set-up · Classmood"
    dash.register_page(
        "setup", path="/setup", name="Set-up", title=title, layout=lambda: layout(settings, surroundings)
    )

    @app.callback(
        Output("setup-verdict", "children"),
        Output("setup-map", "children"),
        Output("setup-ticks", "children"),
        Output("setup-shown", "data"),
        Input("setup-tick", "n_intervals"),
        State("setup-shown", "data"),
    )
    def look(_ticks: int, shown: str | None) -> tuple[Any, ...]:
        return _look(engine, settings, clock(), shown)

    @app.callback(
        Output("setup-answer", "children"),
        Output("setup-asked", "data"),
        Input("setup-watch-monitor", "n_clicks"),
        Input("setup-watch-region", "n_clicks"),
        State("setup-monitor", "value"),
        State("setup-region", "value"),
        State("setup-keep", "checked"),
        prevent_initial_call=True,
    )
    def watch(_monitor: int, _region: int, monitor: str, region: str, keep: bool) -> tuple[Any, Any]:
        return _watch(
            engine, surroundings, clock(), dash.ctx.triggered_id == "setup-watch-region", monitor, region, keep
        )

    @app.callback(
        Output("setup-answer", "children", allow_duplicate=True),
        Output("setup-asked", "data", allow_duplicate=True),
        Input("setup-tick", "n_intervals"),
        State("setup-asked", "data"),
        prevent_initial_call=True,
    )
    def hear(_ticks: int, asked: dict[str, Any] | None) -> tuple[Any, Any]:
        return _hear(engine, clock(), asked) if asked else (dash.no_update, dash.no_update)

    @app.callback(
        Output("setup-findings", "children"),
        Input("setup-check", "n_clicks"),
        running=[(Output("setup-check", "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def check(_clicks: int) -> Any:
        return _check(surroundings)


def layout(settings: Settings, surroundings: Surroundings) -> html.Div:
    """The page before the first look."""
    lead = "Open the meeting in gallery view and see here, without a single picture, whether the class can be read."
    return frame.page(
        "Set-up",
        lead,
        dcc.Interval(id="setup-tick", interval=round(min(settings.dashboard.refresh_s, TICK_S) * 1000)),
        dcc.Store(id="setup-shown"),
        dcc.Store(id="setup-asked"),
        html.Div(
            [
                html.Div([_seen_card(), _machine_card(surroundings)], className="setup-side"),
                html.Div([_checklist_card(), _where_card(settings, surroundings)], className="setup-side"),
            ],
            className="setup-body",
        ),
        here="/setup",
    )


def _checklist_card() -> html.Section:
    return components.card("Checklist for Zoom", checks.checklist(), part="setup-checklist")


def _seen_card() -> html.Section:
    seen = [html.Div(id="setup-verdict", role="status"), html.Div(id="setup-map")]
    return components.card("What the capture sees", html.Div(seen, className="sight"), part="setup-seen")


def _where_card(settings: Settings, surroundings: Surroundings) -> html.Section:
    capture = settings.capture
    with contextlib.suppress(ConfigError):  # the settings page says it
        capture = settings_file.read(surroundings.config_file).settings.capture
    offered = range(1, max(MONITORS_OFFERED, capture.monitor) + 1)
    monitors = [{"value": "0", "label": "All monitors in turn"}]
    monitors += [{"value": str(number), "label": f"Monitor {number}"} for number in offered]
    return components.card(
        "Where it looks",
        html.P(
            [
                "Zoom's own window is followed wherever it is. "
                if capture.window == "follow"
                else "Zoom's own window is not looked for. ",
                "For a meeting in a browser, or two meetings, choose a monitor or a part of the screen.",
            ],
            className="quiet",
        ),
        html.Div(
            [
                dmc.Select(
                    id="setup-monitor",
                    label="Monitor",
                    data=monitors,
                    value=str(capture.monitor),
                    allowDeselect=False,
                ),
                html.Button("Watch it", id="setup-watch-monitor", className="desk-button second"),
                dmc.TextInput(
                    id="setup-region",
                    label="Part of the screen",
                    placeholder="left, top, right, bottom",
                    value=settings_form.shown("capture.region", capture.region),
                ),
                html.Button("Read this part", id="setup-watch-region", className="desk-button second"),
            ],
            className="where",
        ),
        dmc.Checkbox(id="setup-keep", label="Keep this for the next classes too", checked=False),
        frame.answer("setup-answer"),
        part="setup-where",
    )


def _machine_card(surroundings: Surroundings) -> html.Section:
    can = surroundings.check_machine is not None
    button = html.Button("Check", id="setup-check", className="desk-button second", disabled=not can)
    first = "Screen, monitors, Zoom, models, database and processor; it takes a few seconds."
    if not can:
        first = "These pages were started without the checks: type python3 classmood.py doctor in a terminal."
    return components.card(
        "This machine",
        frame.answer("setup-findings", html.P(first, className="quiet")),
        part="setup-machine",
        tools=button,
    )


def _look(engine: Engine, settings: Settings, now: float, shown: str | None) -> tuple[Any, ...]:
    """The verdict, the schematic, the checklist's lines and a key of them; nothing where they are as ``shown``."""
    reads_names = settings.inference.read_names
    try:
        status, seen = queries.capture_status(engine), queries.tile_map(engine)
    except StoreError as error:
        return frame.error_note("The class cannot be read", error), [], checks.ticks({}), None
    in_sight = seen if status is not None and status.is_alive(now) else queries.TileMap((), 0.0)
    told = sight.verdict(status, in_sight.tiles, now, reads_names)
    seats = [(tile.box, tile.camera, tile.number, tile.name, tile.staff) for tile in in_sight.tiles]
    key = hashlib.blake2s(repr((told, seats)).encode(), digest_size=6).hexdigest()
    if key == shown:
        return (dash.no_update,) * 4
    drawn = sight.schematic(in_sight) if in_sight.tiles else []
    return sight.note(told), drawn, checks.ticks(sight.checked(in_sight.tiles, reads_names)), key


def _watch(
    engine: Engine, surroundings: Surroundings, now: float, by_region: bool, monitor: str, region: str, keep: bool
) -> tuple[Any, Any]:
    """Ask the capture to look there, and write it down for the next start where that is wanted."""
    try:
        place = settings_form.given({"capture.region": region})["capture.region"] if by_region else int(monitor)
        chosen = {"capture.monitor": 0, "capture.region": place} if by_region else _only_monitor(place)
        kept = ""
        if keep:
            path = surroundings.config_file
            settings_file.save(path, settings_file.read(path).fingerprint, chosen)
            kept = "It is kept for the next classes."
        if not steering.is_running(engine, now):
            if keep:
                return frame.note("good", "Kept for the next classes"), None
            why = "Nothing reads the screen now: start a class first, or keep it for the next classes."
            return frame.note("warn", "Nothing was changed", why), None
        kind = "region" if by_region else "monitor"
        asked = {"command": steering.ask(engine, kind, {kind: place}, now), "at": now, "kept": kept}
        return frame.note("quiet", "Asked the capture to look there…", kept), asked
    except (ClassmoodError, ValueError) as error:
        return frame.error_note("Nothing was changed", error), None


def _only_monitor(number: Any) -> dict[str, Any]:
    return {"capture.monitor": number, "capture.region": None}


def _hear(engine: Engine, now: float, asked: dict[str, Any]) -> tuple[Any, Any]:
    """What became of the wish; nothing while the capture has not answered."""
    try:
        heard = steering.answer(engine, asked["command"], asked["at"], now)
    except StoreError as error:
        return frame.error_note("The answer cannot be read", error), None
    if heard.outcome == "waiting":
        return dash.no_update, dash.no_update
    if heard.outcome == "refused":
        return frame.note("bad", "The capture looks where it did before", heard.reason, asked["kept"]), None
    return frame.note("good", "The capture looks there now", asked["kept"]), None


def _check(surroundings: Surroundings) -> Any:
    if surroundings.check_machine is None:
        return dash.no_update
    try:
        return checks.findings_table(surroundings.check_machine())
    except ClassmoodError as error:
        return frame.error_note("The checks could not be made", error)
