"""The students: the class list, whom labels mean on it, a new list looked at before use, and one student's data."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from sqlalchemy import Engine

from dashboard import components
from dashboard.desk import class_list, frame, one_student
from dashboard.desk.class_list import Preview
from dashboard.desk.surroundings import Surroundings
from db.roster import MAX_BYTES, Consent, Given, parse_roster
from domain import ClassmoodError, ConfigError

STRANGERS_SHOWN = 60
"""More labels that mean nobody are a list of another class."""

NOTHING = "–"


def register(app: dash.Dash, engine: Engine, surroundings: Surroundings, clock: Callable[[], float]) -> None:
    """Add the page of students to an app; ``clock`` gives UNIX seconds."""
    path = surroundings.config_file
    one_student.register(app, engine, path, clock, lambda: _present(engine, path)[1])

    def fresh() -> html.Div:
        return layout(engine, path)

    dash.register_page("students", path="/students", name="Students", title="Students · Classmood", layout=fresh)

    @app.callback(
        Output("students-answer", "children"),
        Output("students-list", "children"),
        Output("students-decide", "hidden"),
        Output("students-chosen", "data"),
        Input("students-upload", "contents"),
        State("students-upload", "filename"),
        prevent_initial_call=True,
    )
    def look(contents: str, filename: str) -> tuple[Any, ...]:
        return _look(engine, contents, filename)

    @app.callback(
        Output("students-answer", "children", allow_duplicate=True),
        Output("students-list", "children", allow_duplicate=True),
        Output("students-decide", "hidden", allow_duplicate=True),
        Output("students-upload", "contents"),
        Input("students-use", "n_clicks"),
        Input("students-leave", "n_clicks"),
        State("students-chosen", "data"),
        prevent_initial_call=True,
    )
    def decide(_use: int, _leave: int, chosen: dict[str, str]) -> tuple[Any, ...]:
        return _decide(engine, path, chosen if dash.ctx.triggered_id == "students-use" else None)


def layout(engine: Engine, path: Path) -> html.Div:
    """The page with the list that the configuration names."""
    lead = (
        "A class list gives names their right spelling: a label that means one student of it for certain is shown as "
        "the list writes it. Labels that could mean two students, or nobody, stay as they are."
    )
    note, shown = _present(engine, path)
    return frame.page(
        "Students",
        lead,
        dcc.Store(id="students-chosen"),
        frame.answer("students-answer", *note),
        html.Div(
            [
                html.Button("Use this list", id="students-use", className="desk-button"),
                html.Button("Leave it", id="students-leave", className="desk-button second"),
            ],
            id="students-decide",
            className="students-decide",
            hidden=True,
        ),
        html.Div(shown, id="students-list", className="students-list"),
        _upload_card(),
        one_student.card(engine),
        here="/students",
    )


def _upload_card() -> html.Section:
    chooser = html.Button("Choose a file", className="desk-button second", type="button")
    return components.card(
        "Another list",
        html.P(
            [
                "A CSV file with a column ",
                html.Code("Name"),
                ", or ",
                html.Code("First name"),
                " and ",
                html.Code("Last name"),
                "; or the participant report that Zoom exports. The days of consent stand in ",
                html.Code("consent_at"),
                ", of minors also in ",
                html.Code("minor"),
                " and ",
                html.Code("guardian_consent_at"),
                ". You see what it would do before it is used. It stays on this machine, in ",
                html.Code(class_list.FILE.as_posix()),
                ".",
            ]
        ),
        dcc.Upload(
            [chooser, html.Span("or drop it here", className="quiet")],
            id="students-upload",
            className="students-drop",
            accept=".csv,.txt,text/csv,text/plain",
            max_size=MAX_BYTES,
        ),
        part="students-new",
    )


def _present(engine: Engine, path: Path) -> tuple[list[Any], list[Any]]:
    """A note on the list that is in use, and its preview."""
    try:
        sessions = class_list.recent_labels(engine)
        found = class_list.current(path)
    except ClassmoodError as error:
        return [frame.error_note("The class list cannot be used", error)], []
    if found is None:
        said = class_list.preview((), sessions)
        title = "No class list yet: names are shown as the labels say them"
        return [frame.note("quiet", title, "Choose a list below.")], [_strangers(said, "Labels of recent sessions")]
    named, entries = found
    seen = class_list.preview(entries, sessions)
    return [frame.note("quiet", f"{len(entries)} students on the list in {named}", _met(seen))], _shown(seen)


def _look(engine: Engine, contents: str | None, filename: str | None) -> tuple[Any, ...]:
    """What a list that was chosen would do: answer, preview, whether there is nothing to decide, and the list."""
    if not contents:
        return (dash.no_update,) * 4
    title = components.plain_name(filename, 0) if filename else "the list"
    try:
        entries = parse_roster(_decoded(contents, title), title)
        seen = class_list.preview(entries, class_list.recent_labels(engine))
    except ClassmoodError as error:
        return frame.error_note("This list cannot be used", error), dash.no_update, True, None
    what = f"{title}: {len(entries)} students. It is not in use yet."
    return frame.note("warn", what, _met(seen)), _shown(seen), False, {"contents": contents, "title": title}


def _decide(engine: Engine, path: Path, chosen: dict[str, str] | None) -> tuple[Any, ...]:
    """Use the chosen list, or go back to the present one: answer, preview, nothing to decide, and an empty chooser."""
    if chosen is None:
        return *_present(engine, path), True, None
    try:
        class_list.use(path, _decoded(chosen["contents"], chosen["title"]), chosen["title"])
    except ConfigError as error:
        return frame.error_note("The list is not in use", error), dash.no_update, False, dash.no_update
    note, shown = _present(engine, path)
    told = frame.note("good", "The list is in use", "Names get its spelling from the next start of a class.")
    return [told, *note], shown, True, None


def _decoded(contents: str, title: str) -> bytes:
    """The bytes of a file as the browser sends them: a data address in base 64."""
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError(f"{title}: expected a file, found something else; choose it again") from None


def _met(seen: Preview) -> str:
    if not seen.sessions:
        return "There is no session yet whose labels could be compared with it."
    sessions = "the last session" if seen.sessions == 1 else f"the last {seen.sessions} sessions"
    return f"{seen.met} of {len(seen.lines)} were recognised by their labels in {sessions}."


def _shown(seen: Preview) -> list[Any]:
    return [_table(seen), _strangers(seen, "Labels that mean nobody on the list")]


def _table(seen: Preview) -> html.Section:
    columns = _columns(seen)
    head = html.Tr([html.Th(title, scope="col") for title in columns])
    body = [html.Tr([html.Td(cell) for cell in cells]) for cells in zip(*columns.values(), strict=True)]
    table = dmc.Table([html.Thead(head), html.Tbody(body)], className="students-table")
    label = components.aria(label="Students on the list")
    scrolled = html.Div(table, className="students-scroll", tabIndex=0, role="region", **label)
    return components.card("On the list", scrolled, part="students-on-list")


def _columns(seen: Preview) -> dict[str, list[Any]]:
    """The cells of each column by its title, in the list's order; without columns in which nothing is said."""
    entries = [line.entry for line in seen.lines]
    columns: dict[str, list[Any]] = {"Student": [_text(entry.name) for entry in entries]}
    if any(entry.consent is not None for entry in entries):
        columns |= _consents([entry.consent or Consent() for entry in entries], datetime.now().date())
    columns["Labels"] = [_texts(line.labels) for line in seen.lines]
    columns["Seen"] = [
        f"{line.sessions}\u00a0of\u00a0{seen.sessions}" if seen.sessions else NOTHING for line in seen.lines
    ]
    columns["Also known as"] = [_texts(entry.former) for entry in entries]
    columns["E-mail"] = [_text(entry.email) if entry.email else NOTHING for entry in entries]
    return {title: cells for title, cells in columns.items() if any(cell != NOTHING for cell in cells)}


def _strangers(seen: Preview, title: str) -> html.Section:
    """Labels with how often they stood there, the most frequent first."""
    if not seen.strangers:
        said = "There is no session yet." if not seen.sessions else "None: every label means somebody on the list."
        return components.card(title, html.P(said, className="quiet"), part="students-strangers")
    labels = list(seen.strangers.items())
    items = [html.Li([_text(label), html.Span(f" {count}×", className="quiet")]) for label, count in labels]
    rest = len(items) - STRANGERS_SHOWN
    more = [html.P(f"and {rest} more", className="quiet")] if rest > 0 else []
    shown = html.Ul(items[:STRANGERS_SHOWN], className="students-labels")
    return components.card(title, shown, *more, part="students-strangers")


def _consents(consents: Sequence[Consent], today: date) -> dict[str, list[Any]]:
    """Who may be looked at today, and the days and the guardian's word on which that rests."""
    return {
        "May be read": ["yes" if consent.holds(today) else "no" for consent in consents],
        "Consent": [_given(consent.own, today) for consent in consents],
        "Minor": ["yes" if consent.minor else NOTHING for consent in consents],
        "Guardian": [_given(consent.guardian, today) if consent.minor else NOTHING for consent in consents],
    }


def _given(given: Given, today: date) -> str:
    if isinstance(given, bool):
        return "given, no day" if given else "not given"
    return f"{given:%Y-%m-%d}" if given <= today else f"from {given:%Y-%m-%d}"


def _texts(names: Iterable[str]) -> Any:
    """Names in a row, each in its own direction of writing."""
    return [part for name in names for part in (_text(name), ", ")][:-1] or NOTHING


def _text(name: str) -> html.Bdi:
    return html.Bdi(components.plain_name(name, 0), dir="auto")
