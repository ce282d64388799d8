"""The way in beyond the own machine: accounts, a cookie that only HTTPS carries, and a trail of who looked at what."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

import flask
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine, select

from dashboard.access.door import HEALTH, ScriptHashes, page, protect
from db import accounts
from db.corrections import audit
from db.engine import VIEWER, Viewer, reading, seen_by, writing
from db.tables import AuditEntry

COOKIE = "__Host-classmood"
"""The prefix lets a browser take it from this host alone, by HTTPS and for all paths."""

FORM_COOKIE = "__Host-classmood-form"
"""What a form must say again: another site can make a browser send the cookie, but cannot read it."""

KNOWN_COOKIE = "__Host-classmood-known"
"""By it a browser is known in which somebody has logged in before; it opens nothing."""

KNOWN_S = 180 * 86_400
"""Half a year, over the longest holidays."""

FORM_BYTES = 24

LOCAL_PAGES = ("/settings", "/setup")
"""Pages about the machine that serves them: its settings and its screen are nobody's who logs in."""

LOCAL_IDS = re.compile(r"""(?:^|[."'])(?:settings|setup)-""")
"""How the names of those pages' parts begin, by which their callbacks are known."""

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

CALLBACKS = "/_dash-update-component"
PLACE = "_pages_location"
"""The part of Dash's pages that says which page is shown."""

PLACE_IN_WORDS = re.compile(r"[\w/=&?.-]{0,120}", re.ASCII)
"""What of an address goes into the trail: paths and numbers, no names."""

TRAIL_ROWS = 500

LOGINS_AT_ONCE = 2
"""Half of the server's threads: whoever floods the form, whose hash takes 0.1 s, leaves the others to who is inside."""

_TURNS = threading.BoundedSemaphore(LOGINS_AT_ONCE)

LOGIN_FORM = """<form method="post" action="/login"><p role="alert">{said}</p>
<input type="hidden" name="form" value="{form}">
<label>Login <input name="login" autocomplete="username" maxlength="100" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button></form>
<p>An account, or another password, comes from who runs this server: <code>classmood.py accounts</code>.</p>"""

ACCOUNT_PAGE = """<p>You are logged in as <strong>{login}</strong> ({role}).</p>
<form method="post" action="/logout"><input type="hidden" name="form" value="{form}"><button>Log out</button></form>
<p><a href="/">To the pages</a>{trail}</p>"""

WRONG = (
    "That is not a login with its password, or there were too many tries: then wait a quarter of an hour, or use a "
    "browser in which you have logged in before."
)


@dataclass(frozen=True, slots=True)
class Door:
    """What the way in rests on: the record, opened for writing, the pages' address, a clock, the longest login."""

    engine: Engine
    origin: str
    clock: Callable[[], float]
    longest_s: float

    @property
    def host(self) -> str:
        """The name and port under which the pages are asked for."""
        return urlsplit(self.origin).netloc


def ask_for_accounts(door: Door) -> Callable[[flask.Flask, ScriptHashes], None]:
    """The lock of a server that is reached under ``door.origin`` (https://HOST): nothing without a login."""

    def lock(server: flask.Flask, script_hashes: ScriptHashes) -> None:
        protect(server, script_hashes, forms="'self'", secure=True)
        server.before_request(lambda: _checked(door))
        server.teardown_request(lambda _: _forget())
        server.after_request(lambda response: _noted(door, response))
        server.add_url_rule("/login", "login", view_func=lambda: _login(door), methods=["GET", "POST"])
        server.add_url_rule("/logout", "logout", view_func=lambda: _logout(door), methods=["POST"])
        server.add_url_rule("/account", "account", _account)
        server.add_url_rule("/audit", "audit", lambda: _trail(door))

    return lock


def _checked(door: Door) -> ResponseReturnValue | None:
    """The answer to who may not go on; None for who may, and then the record shows what is theirs."""
    VIEWER.set(None)
    request = flask.request
    if request.path == HEALTH:
        return None
    if request.headers.get("Host", "") != door.host:
        return _refuse("It was asked for under another name than its own.")
    origin = request.headers.get("Origin")
    if origin != door.origin and (origin is not None or request.method in UNSAFE):
        return _refuse("Another site asked for it.")
    if request.path == "/login":
        return None
    viewer = accounts.who_is(door.engine, request.cookies.get(COOKIE, ""), door.clock(), door.longest_s)
    if viewer is None:
        wants_page = request.method == "GET" and request.accept_mimetypes.accept_html
        return flask.redirect("/login") if wants_page else _refuse("You are not logged in, or not any more.")
    VIEWER.set(viewer)
    return _refuse("This page is about the machine that serves it.") if _is_local(request) else None


def _forget() -> None:
    VIEWER.set(None)  # the thread serves somebody else next


def _is_local(request: flask.Request) -> bool:
    if request.path == CALLBACKS:
        body = request.get_json(silent=True)
        changes = str(body.get("output", "")) if isinstance(body, dict) else ""
        return bool(LOCAL_IDS.search(changes)) or _shown(request).startswith(LOCAL_PAGES)
    return request.path.startswith(LOCAL_PAGES)


def _shown(request: flask.Request) -> str:
    """The address of the page that a callback of Dash asks for; "" for every other one."""
    body = request.get_json(silent=True) if request.path == CALLBACKS else None
    inputs = body.get("inputs", []) if isinstance(body, dict) else []
    said = {
        part.get("property"): part.get("value") for part in inputs if isinstance(part, dict) and part.get("id") == PLACE
    }
    return f"{said.get('pathname') or ''}{said.get('search') or ''}"


def _noted(door: Door, response: flask.Response) -> flask.Response:
    """Write into the trail which page was shown to whom."""
    shown, viewer = _shown(flask.request), VIEWER.get()
    if viewer is not None and shown and response.status_code == 200:
        place = shown if PLACE_IN_WORDS.fullmatch(shown) else "another page"
        with writing(door.engine) as connection:
            audit(connection, viewer.login, "view", None, door.clock(), page=place)
    return response


def _login(door: Door) -> ResponseReturnValue:
    said = ""
    if flask.request.method == "POST":
        if not _form_is_ours():
            return _refuse("The form is not one of ours, or too old: go back and load it again.")
        given = flask.request.form
        known = flask.request.cookies.get(KNOWN_COOKIE, "")
        if not _TURNS.acquire(blocking=False):
            return _refuse("Too many are logging in just now: wait a moment and load the page again.", 503)
        try:
            opened = accounts.log_in(
                door.engine, given.get("login", ""), given.get("password", ""), door.clock(), browser=known
            )
        finally:
            _TURNS.release()
        if opened is not None:
            answer = flask.redirect("/", code=303)
            _set_cookie(answer, COOKIE, opened.token)
            _set_cookie(answer, KNOWN_COOKIE, opened.browser, KNOWN_S)
            return answer
        said = WRONG
    form = _form_secret()
    body = page("log in", "Classmood", LOGIN_FORM.format(said=said, form=escape(form)))
    answer = flask.Response(body, status=401 if said else 200, mimetype="text/html")
    _set_cookie(answer, FORM_COOKIE, form)
    return answer


def _logout(door: Door) -> ResponseReturnValue:
    if not _form_is_ours():
        return _refuse("The form is not one of ours, or too old: go back and load it again.")
    with seen_by(None):  # a viewer changes nothing, not even that
        accounts.log_out(door.engine, flask.request.cookies.get(COOKIE, ""), door.clock())
    answer = flask.redirect("/login", code=303)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
    return answer


def _account() -> ResponseReturnValue:
    viewer = _viewer()
    form = _form_secret()
    trail = ' · <a href="/audit">The audit trail</a>' if viewer.role == "admin" else ""
    body = ACCOUNT_PAGE.format(login=escape(viewer.login), role=viewer.role, form=escape(form), trail=trail)
    answer = flask.Response(page("account", "Your account", body), mimetype="text/html")
    _set_cookie(answer, FORM_COOKIE, form)
    return answer


def _trail(door: Door) -> ResponseReturnValue:
    """The newest rows of the trail, for an admin."""
    viewer = _viewer()
    if viewer.role != "admin":
        return _refuse("The audit trail is for admins.")
    entry = AuditEntry.__table__.c
    asked = select(entry.at, entry.actor, entry.action, entry.session_id, entry.detail)
    with reading(door.engine) as connection:
        rows = connection.execute(asked.order_by(entry.id.desc()).limit(TRAIL_ROWS)).all()
    with writing(door.engine) as connection:
        audit(connection, viewer.login, "view", None, door.clock(), page="/audit")
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _in_words(row))}</tr>" for row in rows)
    head = "<tr><th>when (UTC)</th><th>who</th><th>what</th><th>session</th><th></th></tr>"
    return page("audit trail", "Who did what", f"<table>{head}{lines}</table>", width="70rem")


def _in_words(row) -> list[str]:
    when = datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    detail = ", ".join(f"{name} {value}" for name, value in json.loads(row.detail).items())
    return [when, row.actor, row.action, "" if row.session_id is None else str(row.session_id), detail]


def _viewer() -> Viewer:
    viewer = VIEWER.get()
    assert viewer is not None  # nobody else gets past the door
    return viewer


def _form_secret() -> str:
    """What this browser's forms say, the same in all of its tabs."""
    return flask.request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(FORM_BYTES)


def _form_is_ours() -> bool:
    said, kept = flask.request.form.get("form", ""), flask.request.cookies.get(FORM_COOKIE, "")
    return bool(kept) and hmac.compare_digest(said.encode("utf-8", "replace"), kept.encode("utf-8", "replace"))


def _set_cookie(answer, name: str, value: str, longest_s: int | None = None) -> None:
    answer.set_cookie(name, value, longest_s, secure=True, httponly=True, samesite="Strict", path="/")


def _refuse(reason: str, status: int = 403) -> flask.Response:
    body = f'<p>{escape(reason)}</p><p><a href="/login">Log in</a></p>'
    return flask.Response(
        page("not open here", "This page is not open here", body), status=status, mimetype="text/html"
    )
