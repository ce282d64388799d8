"""What one student can ask for: all that is kept of them, or that it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from sqlalchemy import Engine

from dashboard import components
from dashboard.desk import frame, settings_file
from db.engine import reading, writable
from db.privacy.alone import NotYetFromDisk
from db.privacy.erase import Erased, erase, left_to_do
from db.privacy.export import export_zip
from db.privacy.people import Wanted, find, names
from domain import ClassmoodError

ERASE, RENAME = "erase", "pseudonymise"
FILE = "classmood-one-student.zip"
"""Says nothing of the person: a file's name stays in lists of downloads."""

WHAT_GOES = {
    ERASE: (
        "Erase this student?",
        "Readings, sums, prompts, corrections and the name go from every session, and the name from notes and the "
        "audit trail. Sums of classes of five and more stay. Nothing brings it back.",
    ),
    RENAME: (
        "Take this student's name out?",
        "The readings stay, under a drawn name such as Student 4F21AC; the name goes from every session, from notes "
        "and the audit trail. Nothing brings it back.",
    ),
}
DO_IT = {ERASE: "Erase for ever", RENAME: "Take the name out"}


def card(engine: Engine) -> html.Section:
    """A student of the record to choose, and what can be done for them."""
    choices = _choices(engine)
    return components.card(
        "One student's data",
        html.P(
            "A student may ask what is kept of them, and that it goes. The file has all of it, as JSON and as tables, "
            "without other students' names."
        ),
        dmc.Select(
            id="students-one",
            data=choices,
            label="Student",
            placeholder="Choose a name" if choices else "Nobody is in the record yet",
            searchable=True,
            clearable=True,
            nothingFoundMessage="Nobody of this name in the record",
            className="students-one",
        ),
        dmc.Checkbox(id="students-namesakes", label="Two of this name in one class are both meant"),
        html.Div(
            [
                html.Button(
                    "Save all of it", id="students-export", className="desk-button second", disabled=not choices
                ),
                html.Button("Erase…", id="students-erase", className="desk-button second", disabled=not choices),
                html.Button(
                    "Take the name out…", id="students-rename", className="desk-button second", disabled=not choices
                ),
            ],
            className="students-decide",
        ),
        frame.answer("students-one-answer"),
        html.Div(
            [
                html.Button(DO_IT[ERASE], id="students-do-it", className="desk-button danger"),
                html.Button("Keep it", id="students-keep", className="desk-button second"),
            ],
            id="students-sure",
            className="students-decide",
            hidden=True,
        ),
        dcc.Store(id="students-deed"),
        dcc.Download(id="students-file"),
        part="students-data",
    )


def register(
    app: dash.Dash, engine: Engine, path: Path, clock: Callable[[], float], listed: Callable[[], list[Any]]
) -> None:
    """Let the card do what it says; ``path`` is the file of the settings, ``listed`` draws the list above it anew."""

    @app.callback(
        Output("students-file", "data"),
        Output("students-one-answer", "children"),
        Output("students-sure", "hidden"),
        Input("students-export", "n_clicks"),
        State("students-one", "value"),
        State("students-namesakes", "checked"),
        prevent_initial_call=True,
    )
    def save(_clicks: int, name: str | None, namesakes: bool) -> tuple[Any, ...]:
        return _save(engine, name, namesakes, clock())

    @app.callback(
        Output("students-one-answer", "children", allow_duplicate=True),
        Output("students-sure", "hidden", allow_duplicate=True),
        Output("students-do-it", "children"),
        Output("students-deed", "data"),
        Input("students-erase", "n_clicks"),
        Input("students-rename", "n_clicks"),
        State("students-one", "value"),
        State("students-namesakes", "checked"),
        prevent_initial_call=True,
    )
    def ask(_erase: int, _rename: int, name: str | None, namesakes: bool) -> tuple[Any, ...]:
        return _ask(engine, ERASE if dash.ctx.triggered_id == "students-erase" else RENAME, name, namesakes)

    @app.callback(
        Output("students-one-answer", "children", allow_duplicate=True),
        Output("students-sure", "hidden", allow_duplicate=True),
        Output("students-one", "data"),
        Output("students-one", "value"),
        Output("students-list", "children", allow_duplicate=True),
        Input("students-do-it", "n_clicks"),
        Input("students-keep", "n_clicks"),
        State("students-deed", "data"),
        prevent_initial_call=True,
    )
    def decide(_do: int, _keep: int, deed: dict[str, Any]) -> tuple[Any, ...]:
        if dash.ctx.triggered_id == "students-keep":
            return [], True, dash.no_update, dash.no_update, dash.no_update
        said = _done(engine, path, deed, clock())
        return said, True, _choices(engine), None, listed()


def _choices(engine: Engine) -> list[dict[str, str]]:
    try:
        with reading(engine) as connection:
            return [{"value": name, "label": components.plain_name(name, 0)} for name in names(connection)]
    except ClassmoodError:
        return []


def _save(engine: Engine, name: str | None, namesakes: bool, now: float) -> tuple[Any, ...]:
    if not name:
        return dash.no_update, _choose(), True
    try:
        with writable(engine) as store:
            data = export_zip(store, Wanted(name, namesakes=namesakes), now)
    except ClassmoodError as error:
        return dash.no_update, _refused("Nothing is saved", error), True
    told = frame.note("good", "The file is in your downloads", "It is about one person: hand it over and delete it.")
    return dcc.send_bytes(data, FILE), told, True


def _ask(engine: Engine, kind: str, name: str | None, namesakes: bool) -> tuple[Any, ...]:
    """Say what would go before it goes."""
    if not name:
        return _choose(), True, dash.no_update, None
    try:
        with reading(engine) as connection:
            person = find(connection, Wanted(name, namesakes=namesakes))
    except ClassmoodError as error:
        return _refused("Nothing is changed", error), True, dash.no_update, None
    title, what = WHAT_GOES[kind]
    shown = components.plain_name(name, 0)
    count = len(person.sessions)
    where = html.Span(["In the record: ", html.Bdi(shown), f", in {count} {'session' if count == 1 else 'sessions'}."])
    deed = {"kind": kind, "name": name, "namesakes": namesakes}
    return frame.note("warn", title, where, what), False, DO_IT[kind], deed


def _done(engine: Engine, path: Path, deed: dict[str, Any], now: float) -> Any:
    """Do it, and say what went and where the student may still be written."""
    wanted = Wanted(deed["name"], namesakes=deed["namesakes"])
    try:
        settings = settings_file.read(path).settings
        with writable(engine) as store:
            done = erase(store, wanted, now, keep_readings=deed["kind"] == RENAME)
            return _told(done, left_to_do(store, settings, wanted, done))
    except NotYetFromDisk as error:
        return frame.error_note("Gone from the record, not yet from the disk", error)
    except ClassmoodError as error:
        return _refused("Nothing is changed", error)


def _told(done: Erased, further: list[str]) -> Any:
    title = f"The name is {done.pseudonym} now" if done.pseudonym else "Erased"
    sessions = f"{len(done.sessions)} {'session' if len(done.sessions) == 1 else 'sessions'}"
    return frame.note("good", title, f"{done.rows} rows in {sessions} and {done.texts} texts were changed.", *further)


def _refused(title: str, error: ClassmoodError) -> Any:
    said = str(error).replace("say with --namesakes that all of them are meant", "tick the box below the name")
    return frame.error_note(title, ClassmoodError(said))


def _choose() -> Any:
    return frame.note("quiet", "Choose a student first")
