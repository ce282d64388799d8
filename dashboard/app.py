"""The dashboard's server: the pages joined to one store, behind the token of this start."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import dash
import dash_mantine_components as dmc
import waitress.server
from sqlalchemy import Engine

from config import Settings
from dashboard import access, components, theme
from dashboard.desk.surroundings import Surroundings
from dashboard.exports import downloads
from dashboard.pages import compare, live, report, sessions, setup, student, students, tryout
from dashboard.pages import settings as settings_page
from dashboard.report.turning import kernel_search
from domain import ClassmoodError

SERVER_THREADS = 4
"""A few browser tabs at one small request a second each; the CPU belongs to Zoom."""

WARMING_AFTER_S = 5.0
"""When what only a report needs is loaded: after the first page stands, long before the first report is asked for."""

ALONE = Surroundings()
"""Pages that are served without the command line behind them: the store, and config.yaml."""

INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
{%css%}
</head>
<body>
<noscript>Classmood's pages need JavaScript. It comes from this machine alone.</noscript>
{%app_entry%}
{%config%}
{%scripts%}
{%renderer%}
</body>
</html>"""


class DashboardError(ClassmoodError):
    """The pages cannot be served."""


def create_app(
    engine: Engine,
    settings: Settings,
    token: str,
    clock: Callable[[], float] = time.time,
    lock: access.Lock | None = None,
    surroundings: Surroundings = ALONE,
) -> dash.Dash:
    """The pages over a store that was opened for reading; whoever asks needs the token, or what another lock asks.

    Behind another lock the pages about this machine are left out: who logs in from elsewhere has no say in it.
    Try is there where the surroundings have a reader.
    """
    app = dash.Dash(
        "dashboard",
        pages_folder="",
        use_pages=True,
        suppress_callback_exceptions=True,  # most pages are drawn when they are asked for: a session's, a student's
        include_pages_meta=False,  # for links in social networks, with this address in them
        serve_locally=True,
        index_string=INDEX,
        title="Classmood",
        update_title="",  # the tab shows the class, not "Updating..." every second
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    live.register(app, engine, settings, clock)
    report.register(app, engine, clock)
    student.register(app, engine, clock)
    sessions.register(app, engine)
    compare.register(app, engine)
    downloads.register(app.server, engine, clock)
    if lock is None:
        setup.register(app, engine, settings, surroundings, clock)
        students.register(app, engine, surroundings, clock)
        settings_page.register(app, settings, surroundings)
    if lock is None or surroundings.open_reader is not None:
        tryout.register(app, settings, surroundings, served=lock is not None)
    dash.register_page("not_found_404", layout=components.not_found())
    app.layout = dmc.MantineProvider(dash.page_container, theme=theme.MANTINE, defaultColorScheme="auto")
    access.add_health(app.server, engine)
    if lock is None:
        access.guard(app.server, token, lambda: list(app.csp_hashes()))
    else:
        lock(app.server, lambda: list(app.csp_hashes()))
    return app


def bind(app: dash.Dash, host: str, port: int) -> Any:
    """A waitress server that holds the port; it has ``run()``, ``close()``, ``effective_port``. Port 0: any free one.

    Raises DashboardError when the port or the address cannot be had.
    """
    # A page that asks twice a second would make waitress log a queue of two or three requests as a warning.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        # Held before waitress is made, which would leave half a server behind where that fails.
        held = socket.create_server((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise DashboardError(
                f"expected port {port} to be free, found another program on it: "
                f"stop that program or set dashboard.port in config.yaml"
            ) from error
        raise DashboardError(f"expected to serve on {host}:{port}, found: {error.strerror or error}") from error
    return waitress.server.create_server(
        app.server, sockets=[held], threads=SERVER_THREADS, ident=None, clear_untrusted_proxy_headers=True
    )


def serve(app: dash.Dash, host: str, port: int, on_ready: Callable[[], None] | None = None) -> None:
    """Serve the pages until Ctrl-C; ``on_ready`` is called once the port is held.

    Raises DashboardError when the port or the address cannot be had.
    """
    server = bind(app, host, port)
    if on_ready is not None:
        on_ready()
    warming = threading.Timer(WARMING_AFTER_S, kernel_search)
    warming.daemon = True
    warming.start()
    try:
        server.run()
    finally:
        warming.cancel()
        server.close()
