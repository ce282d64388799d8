"""Try: what the program sees in one's own face, from this browser's camera, drawn over the picture and kept nowhere."""

from __future__ import annotations

import contextlib
from typing import Any

import dash
import flask
from dash import ClientsideFunction, Input, Output, dcc, html

from config import Settings
from dashboard import components, theme
from dashboard.desk import frame
from dashboard.desk.surroundings import Surroundings
from domain import ClassmoodError

PATH = "/try"
HERE_ONLY = "connect-src 'self'"
"""What pages may connect to, in their policy; this one gets the reader's port beside it."""
NO_DEVICES = "microphone=(), geolocation=(), display-capture=()"


LEAD = (
    "Your own camera, read as a student's tile would be. Frames go from this browser {where}, which forgets each one "
    "as soon as it is read: nothing is stored, and no class is involved."
)
TO_THIS_MACHINE = "to a process on this machine"
TO_THE_SERVER = "over the network to the server that shows you this page"


def register(app: dash.Dash, settings: Settings, surroundings: Surroundings, served: bool = False) -> None:
    """Add the page to an app, and to its answers what pages may do: none of them a camera, but this one.

    To be called before a lock is put on, whose headers are then there when these are added. ``served`` says that people
    from elsewhere see it.
    """
    dash.register_page(
        "try", path=PATH, name="Try", title="Try · Classmood", layout=lambda: layout(settings, surroundings, served)
    )

    @app.server.after_request
    def permit(response: flask.Response) -> flask.Response:
        if response.mimetype == "text/html":
            is_here = flask.request.path == PATH and response.status_code == 200
            camera = "(self)" if is_here else "()"
            response.headers["Permissions-Policy"] = f"camera={camera}, {NO_DEVICES}"
            if is_here and settings.privacy.mode == "emotions":
                _let_through(response, surroundings)
        return response

    @app.callback(
        Output("try-door", "data"),
        Output("try-answer", "children"),
        Input("try-start", "n_clicks"),
        prevent_initial_call=True,
    )
    def start(_clicks: int) -> tuple[Any, Any]:
        return _start(surroundings)

    app.clientside_callback(
        ClientsideFunction("tryout", "begin"),
        Output("try-page", "data-state"),
        Input("try-door", "data"),
        prevent_initial_call=True,
    )


def layout(settings: Settings, surroundings: Surroundings, served: bool = False) -> html.Div:
    """The page before the camera is on."""
    lead = LEAD.format(where=TO_THE_SERVER if served else TO_THIS_MACHINE)
    why_not = _hindrance(settings, surroundings)
    return frame.page(
        "Try it on yourself",
        lead,
        dcc.Store(id="try-door"),
        frame.answer("try-answer", *([frame.note("warn", "Not here", why_not)] if why_not else [])),
        html.Div([_picture_card(why_not is not None), _reading_card()], className="try-body"),
        here=PATH,
    )


def _picture_card(hindered: bool) -> html.Section:
    buttons = [
        html.Button("Start the camera", id="try-start", className="desk-button", disabled=hindered),
        html.Button("Stop", id="try-stop", className="desk-button second", hidden=True),
    ]
    return html.Section(
        [
            html.Div(
                [
                    html.Video(id="try-video", muted=True, **components.aria(label="Your camera")),
                    html.Canvas(id="try-boxes", **components.aria(hidden="true")),
                    html.P("The camera is off.", id="try-off", className="quiet"),
                ],
                id="try-stage",
                className="try-stage",
            ),
            html.Div([*buttons, html.P(id="try-said", role="status")], className="try-buttons"),
        ],
        className="card",
        **components.aria(label="Picture"),
    )


def _reading_card() -> html.Section:
    bars = [
        html.Li(
            [
                html.Span(theme.EMOTION_WORDS[emotion], className="try-word"),
                html.Span(html.Span(id=f"try-bar-{emotion}"), className=f"try-track try-track-{emotion}"),
                html.Span("–", id=f"try-share-{emotion}", className="try-share"),
            ]
        )
        for emotion in reversed(theme.STACK_ORDER)
    ]
    facts = [("Height of the face", "try-height"), ("Sharpness", "try-sharpness"), ("Time to read", "try-took")]
    terms = [part for word, name in facts for part in (html.Dt(word), html.Dd("–", id=name))]
    return components.card(
        "How the face looks",
        html.P("No reading yet", id="try-leading", className="try-leading"),
        html.Ul(bars, className="try-bars", **components.aria(label="Probability of each of the seven looks")),
        html.Dl(terms, className="try-facts"),
        html.P(
            "An expression is not a feeling: these are looks, learned from web pictures, and often wrong for one face.",
            className="quiet",
        ),
        part="try-reading",
    )


def _hindrance(settings: Settings, surroundings: Surroundings) -> str | None:
    if settings.privacy.mode != "emotions":
        return "privacy.mode is presence_only: faces and emotions are read nowhere, here neither."
    if surroundings.open_reader is None:
        return "These pages were started without the reader: type python3 classmood.py try in a terminal."
    return None


def _let_through(response: flask.Response, surroundings: Surroundings) -> None:
    """Let this page, and no other, connect to the reader, which is started for it."""
    if surroundings.open_reader is None:
        return
    with contextlib.suppress(ClassmoodError):  # the button says it
        door = surroundings.open_reader(_port())
        if door.port is None:
            return
        host = flask.request.host.partition(":")[0]
        policy = response.headers.get("Content-Security-Policy", "")
        response.headers["Content-Security-Policy"] = policy.replace(
            HERE_ONLY, f"{HERE_ONLY} http://{host}:{door.port}"
        )


def _start(surroundings: Surroundings) -> tuple[Any, Any]:
    if surroundings.open_reader is None:
        return dash.no_update, dash.no_update
    try:
        door = surroundings.open_reader(_port())
    except ClassmoodError as error:
        return dash.no_update, frame.error_note("The camera cannot be read", error)
    return {"port": door.port, "ticket": door.ticket}, []


def _port() -> int:
    return int(flask.request.environ["SERVER_PORT"])
