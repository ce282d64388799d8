"""The lock on the pages: a token per start, this machine's names only, every route."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import dash
import flask.testing
import pytest

from config import Settings
from dashboard import access
from dashboard.app import DashboardError, bind, create_app, serve
from db.engine import open_store

TOKEN = "right-token"
HERE = {"Host": "127.0.0.1:8050"}
PORT = {"SERVER_PORT": "8050"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[dash.Dash]:
    engine = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=False)
    yield create_app(engine, Settings(), TOKEN)
    engine.dispose()


@pytest.fixture
def client(app: dash.Dash) -> flask.testing.FlaskClient:
    return app.server.test_client()


def get(client: flask.testing.FlaskClient, path: str, **headers: str):
    return client.get(path, headers=HERE | headers, environ_overrides=PORT)


def open_pages(client: flask.testing.FlaskClient):
    return get(client, f"/?token={TOKEN}")


def test_the_printed_address_opens_the_pages_once_and_for_all(client: flask.testing.FlaskClient) -> None:
    answer = open_pages(client)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("classmood-8050=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Expires" not in cookie
    assert get(client, "/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/_dash-layout", "/_dash-dependencies", "/assets/live.js", "/_favicon.ico", "/nowhere", "/?token="]
)
def test_nothing_is_shown_without_the_token(client: flask.testing.FlaskClient, path: str) -> None:
    answer = get(client, path)
    assert answer.status_code == 403
    assert "This page is not open here" in answer.text
    assert TOKEN not in answer.text


def test_callbacks_are_locked(client: flask.testing.FlaskClient) -> None:
    answer = client.post("/_dash-update-component", json={}, headers=HERE, environ_overrides=PORT)
    assert answer.status_code == 403


@pytest.mark.parametrize("wrong", ["wrong", "", "right-token ", "ÿ", "right-toke"])
def test_a_wrong_token_opens_nothing(client: flask.testing.FlaskClient, wrong: str) -> None:
    answer = client.get("/", query_string={"token": wrong}, headers=HERE, environ_overrides=PORT)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert get(client, "/").status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example:8050", "127.0.0.1.evil.example:8050", "127.0.0.1:9999", "127.0.0.1", "a@127.0.0.1:8050", ":8050"],
)
def test_other_names_of_this_machine_are_refused(client: flask.testing.FlaskClient, host: str) -> None:
    open_pages(client)
    assert get(client, "/", Host=host).status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://evil.example:8050", "null", "https://127.0.0.1:8050"]
)
def test_other_sites_are_refused(client: flask.testing.FlaskClient, origin: str) -> None:
    open_pages(client)
    assert get(client, "/_dash-layout", Origin=origin).status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_own_names_are_served(client: flask.testing.FlaskClient, name: str) -> None:
    host = f"{name}:8050"
    client.get(f"/?token={TOKEN}", headers={"Host": host}, base_url=f"http://{host}", environ_overrides=PORT)
    answer = client.get(
        "/_dash-layout",
        headers={"Host": host, "Origin": f"http://{host}"},
        base_url=f"http://{host}",
        environ_overrides=PORT,
    )
    assert answer.status_code == 200


def test_pages_tell_the_browser_to_stay_at_home(client: flask.testing.FlaskClient) -> None:
    open_pages(client)
    answer = get(client, "/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "unsafe-eval" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_tokens_are_long_and_never_the_same() -> None:
    assert access.new_token() != access.new_token()
    assert len(access.new_token()) >= 32
    assert access.address("127.0.0.1", 8050, "t") == "http://127.0.0.1:8050/?token=t"


def test_an_empty_token_is_refused(tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=False)
    with pytest.raises(ValueError, match="token"):
        create_app(engine, Settings(), "")
    engine.dispose()


def test_a_port_in_use_is_one_clear_line(app: dash.Dash) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DashboardError, match=rf"expected port {port} to be free.*dashboard\.port") as caught:
            serve(app, "127.0.0.1", port)
    assert "\n" not in str(caught.value)


def test_an_address_of_another_machine_is_one_clear_line(app: dash.Dash) -> None:
    with pytest.raises(DashboardError, match=r"expected to serve on 203\.0\.113\.9"):
        bind(app, "203.0.113.9", 8050)
