"""What both ways in have in common: headers on every answer, and a question whether the server is well."""

from __future__ import annotations

from collections.abc import Callable

import flask
from sqlalchemy import Engine, text

from db.engine import reading
from domain import StoreError

ScriptHashes = Callable[[], list[str]]
"""The hashes of the inline scripts that the pages may run."""

Lock = Callable[[flask.Flask, ScriptHashes], None]
"""What puts a lock on every route of a server."""

HEALTH = "/health"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer: no guessing of types, no frames, no address given away, no use by other sites."""

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action {forms}; "
    "frame-ancestors 'none'"
)
"""Nothing from elsewhere and no script in the page but Dash's own, by its hash. Mantine and Plotly set style
attributes, so inline styles stay allowed."""

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Classmood: {title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root{{color-scheme:light dark}}
body{{font:16px/1.6 system-ui,sans-serif;max-width:{width};margin:12vh auto;padding:0 1.5rem}}
h1{{font-size:1.5rem}}code{{font-size:1em}}label{{display:block;margin:1rem 0}}
input{{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.4rem}}
button{{font:inherit;padding:.4rem 1.2rem}}
table{{border-collapse:collapse;width:100%}}
td,th{{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}}</style>
</head><body><h1>{heading}</h1>{body}</body></html>
"""


AWAY = "<p>Its disk or its server is away. Load this page again in a minute.</p>"


def page(title: str, heading: str, body: str, width: str = "34rem") -> str:
    """A small page of its own; all three texts are HTML."""
    return PAGE.format(title=title, heading=heading, body=body, width=width)


def protect(server: flask.Flask, script_hashes: ScriptHashes, forms: str = "'none'", secure: bool = False) -> None:
    """Let every answer tell the browser to stay at home; ``forms`` says where a page may send a form.

    With ``secure`` the browser is to come back by HTTPS only, for a year. A record that cannot be read is told as such.
    """
    server.register_error_handler(StoreError, _out_of_reach)

    @server.after_request
    def tell(response: flask.Response) -> flask.Response:
        response.headers.update(SECURITY_HEADERS)
        if secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
            # Without a referrer for the own host, a browser calls the origin of a form that is sent `null`.
            response.headers["Referrer-Policy"] = "same-origin"
        if response.mimetype == "text/html":
            hashes = " ".join(script_hashes())
            response.headers["Content-Security-Policy"] = CONTENT_POLICY.format(hashes=hashes, forms=forms)
            response.headers["Cache-Control"] = "no-store"
        return response


def _out_of_reach(_: StoreError) -> flask.Response:
    """Nothing of where the record lies: the answer may go to anybody."""
    return flask.Response(page("out of reach", "The record cannot be read just now", AWAY), 503, mimetype="text/html")


def add_health(server: flask.Flask, engine: Engine) -> None:
    """Answer at /health whether the record can be read, to anybody and with nothing else."""

    @server.get(HEALTH)
    def health() -> tuple[str, int]:
        try:
            with reading(engine) as connection:
                connection.execute(text("SELECT 1"))
        except StoreError:
            return "the record cannot be read", 503
        return "ok", 200
