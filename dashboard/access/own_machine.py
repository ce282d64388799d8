"""The way in on the own machine: only a browser on it that was given this start's token."""

from __future__ import annotations

import hmac
import secrets
from html import escape
from urllib.parse import urlsplit

import flask

from dashboard.access.door import HEALTH, ScriptHashes, page, protect

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})
"""Names under which this machine answers; any other Host is a page elsewhere that was pointed here (DNS rebinding)."""

TOKEN_BYTES = 24
"""192 random bits: nobody guesses them while a class lasts."""

HOW_TO_COME_IN = """<p>{reason}</p>
<p>Classmood shows a class only to the person who started it. Open the address that it printed in the terminal
(it looks like <code>http://127.0.0.1:8050/?token=…</code>). Every start has a new address; an old one no longer
works.</p>"""


def new_token() -> str:
    """A fresh secret for one start of the program, safe in an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def address(host: str, port: int, token: str, page: str = "") -> str:
    """The address that opens the pages once, at the live page or at another one: it carries the token."""
    return f"http://{host}:{port}/{page}?token={token}"


def guard(server: flask.Flask, token: str, script_hashes: ScriptHashes) -> None:
    """Put a lock on every route of a Flask server: assets and callbacks too.

    ``script_hashes`` gives the hashes of the inline scripts that the pages may run. Raises ValueError when the token is
    empty, because an empty one would let everybody in.
    """
    if not token:
        raise ValueError("expected a token, found an empty one")

    @server.before_request
    def check() -> flask.Response | None:
        return _foreign() or (None if flask.request.path == HEALTH else _opened(token) or _unopened(token))

    protect(server, script_hashes)


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
    body = HOW_TO_COME_IN.format(reason=escape(reason))
    return flask.Response(page("not open here", "This page is not open here", body), status=403, mimetype="text/html")
