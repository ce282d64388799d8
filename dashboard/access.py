"""Who may read the pages: only a browser on this machine that was given this start's token."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from html import escape
from urllib.parse import urlsplit

import flask

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})
"""Names under which this machine answers; any other Host is a page elsewhere that was pointed here (DNS rebinding)."""

TOKEN_BYTES = 24
"""192 random bits: nobody guesses them while a class lasts."""

FORBIDDEN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Classmood: not open here</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root{{color-scheme:light dark}}
body{{font:16px/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem}}
h1{{font-size:1.5rem}}code{{font-size:1em}}</style></head>
<body><h1>This page is not open here</h1><p>{reason}</p>
<p>Classmood shows a class only to the person who started it. Open the address that it printed in the terminal
(it looks like <code>http://127.0.0.1:8050/?token=…</code>). Every start has a new address; an old one no longer
works.</p>
</body></html>
"""

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
    "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing from elsewhere and no script in the page but Dash's own, by its hash. Mantine and Plotly set style
attributes, so inline styles stay allowed."""


def new_token() -> str:
    """A fresh secret for one start of the program, safe in an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def address(host: str, port: int, token: str, page: str = "") -> str:
    """The address that opens the pages once, at the live page or at another one: it carries the token."""
    return f"http://{host}:{port}/{page}?token={token}"


def guard(server: flask.Flask, token: str, script_hashes: Callable[[], list[str]]) -> None:
    """Put a lock on every route of a Flask server: assets and callbacks too.

    ``script_hashes`` gives the hashes of the inline scripts that the pages may run. Raises ValueError when the token is
    empty, because an empty one would let everybody in.
    """
    if not token:
        raise ValueError("expected a token, found an empty one")

    @server.before_request
    def check() -> flask.Response | None:
        return _foreign() or _opened(token) or _unopened(token)

    @server.after_request
    def protect(response: flask.Response) -> flask.Response:
        response.headers.update(SECURITY_HEADERS)
        if response.mimetype == "text/html":
            response.headers["Content-Security-Policy"] = CONTENT_POLICY.format(hashes=" ".join(script_hashes()))
            response.headers["Cache-Control"] = "no-store"
        return response


def _cookie_name() -> str:
    # Cookies are shared by all ports of a host: the port in the name keeps a demo and a class apart.
    return f"classmood-{flask.request.environ['SERVER_PORT']}"


def _foreign() -> flask.Response | None:
    port = flask.request.environ["SERVER_PORT"]
    if not _is_local(flask.request.headers.get("Host", ""), port):
        return _refuse("It was asked for under a name that is not this machine's own.")
    origin = flask.request.headers.get("Origin")
    if origin is not None and not (origin.startswith("http://") and _is_local(origin.removeprefix("http://"), port)):
        return _refuse("Another site asked for it.")
    return None


def _is_local(host: str, port: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        return parts.netloc == host and parts.hostname in LOCAL_NAMES and str(parts.port or 80) == port
    except ValueError:  # a port that is no number
        return False


def _opened(token: str) -> flask.Response | None:
    """The answer to the printed address: a cookie, and the same page under its clean address."""
    given = flask.request.args.get("token")
    if given is None or flask.request.method != "GET":
        return None
    if not _same(given, token):
        return _refuse("The token in this address is not the one of this start.")
    response = flask.redirect(flask.request.path)
    response.set_cookie(_cookie_name(), token, httponly=True, samesite="Strict", path="/")
    return response  # type: ignore[return-value]


def _unopened(token: str) -> flask.Response | None:
    if _same(flask.request.cookies.get(_cookie_name(), ""), token):
        return None
    return _refuse("This browser has not been given the token of this start.")


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def _refuse(reason: str) -> flask.Response:
    return flask.Response(FORBIDDEN_PAGE.format(reason=escape(reason)), status=403, mimetype="text/html")
