"""The way in beyond the own machine: strangers get nothing, everybody gets what is theirs, and the trail says who."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dash
import flask
import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import Engine, insert, select, update
from typer.testing import CliRunner
from werkzeug.serving import make_server

import cli
from config import DashboardSettings, Settings
from dashboard.access import Door, ask_for_accounts
from dashboard.access.accounts import LOGINS_AT_ONCE
from dashboard.app import SERVER_THREADS, create_app
from dashboard.desk.surroundings import Door as ReaderDoor
from dashboard.desk.surroundings import Surroundings
from db import accounts, queries
from db.corrections import audit
from db.engine import VIEWER, open_store, reading, writing
from db.tables import Account, AuditEntry, LoginRow, Session
from db.writer import Writer
from domain import ConfigError, StoreError
from tests.dashboard_store import Clock
from tests.test_db_writer import START_AT, moment, student
from tryout.process import Front, ReaderProcess
from tryout.server import PATH

ORIGIN, HOST = "https://classmood.school.example", "classmood.school.example"
PASSWORD = "correct horse battery"
HERE = {"Host": HOST}
OURS = {"Host": HOST, "Origin": ORIGIN}
LONGEST_S = 12 * 3600.0
PATIENCE_MS = 30_000
"""Opening the models takes half a second, on a busy machine some more."""


@pytest.fixture(autouse=True)
def own_pages() -> None:
    """Dash keeps the pages of all apps of a process in one place; those of other tests are not served here."""
    dash.page_registry.clear()


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at its cheapest: what takes a twentieth of a second on purpose would take minutes of these tests."""
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def clock() -> Clock:
    return Clock(START_AT + 9000)


@pytest.fixture
def engine(new_store: Callable[[], str], clock: Clock) -> Iterator[Engine]:
    """A class of six of Ada's and one of seven of Bo's; accounts of both and of two admins."""
    engine = open_store(new_store(), write=True)
    with Writer(engine, clock=clock) as writer:
        for number, (owner, size) in enumerate((("ada", 6), ("bo", 7))):
            writer.start_session("screen", "", False, START_AT + number * 1000, owner=owner)
            writer.write(moment(START_AT + number * 1000, *(student(n, f"S{n}") for n in range(1, size + 1))))
            writer.end_session(START_AT + number * 1000 + 5, "stopped")
    accounts.add(engine, "ada", PASSWORD, "teacher", clock.now)
    accounts.add(engine, "root", PASSWORD, "admin", clock.now)
    accounts.add(engine, "dean", PASSWORD, "admin", clock.now, sees_students=True)
    yield engine
    engine.dispose()


@pytest.fixture
def server(engine: Engine, clock: Clock) -> Iterator[flask.Flask]:
    """The pages, and a page of the tests' own that says what the record shows."""
    url = engine.url.render_as_string(hide_password=False)
    reader = open_store(url, write=False)
    lock = ask_for_accounts(Door(engine, ORIGIN, clock, LONGEST_S))
    server = create_app(reader, Settings(), "unused", clock, lock=lock).server
    server.add_url_rule("/seen", "seen", lambda: json.dumps([int(n) for n in sorted(queries.sessions(reader)["id"])]))
    server.add_url_rule("/settings", "settings", lambda: "secret settings")
    yield server
    reader.dispose()


@pytest.fixture
def client(server: flask.Flask) -> FlaskClient:
    return server.test_client()


def get(client: FlaskClient, path: str, **headers: str):
    return client.get(path, headers=HERE | headers, base_url=ORIGIN)


def form_of(client: FlaskClient, path: str = "/login") -> str:
    found = re.search(r'name="form" value="([^"]+)"', get(client, path).text)
    assert found
    return found[1]


def log_in(client: FlaskClient, login: str = "ada", password: str = PASSWORD, **changes: str):
    data = {"login": login, "password": password, "form": form_of(client)} | changes
    return client.post("/login", data=data, headers=OURS, base_url=ORIGIN)


def seen(client: FlaskClient) -> list[int]:
    return json.loads(get(client, "/seen").text)


def test_a_login_opens_the_pages_with_a_cookie_that_only_https_carries(client):
    answer = log_in(client)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("__Host-classmood="))
    for property in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert property in cookie
    assert "Domain" not in cookie
    page = get(client, "/")
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/_dash-dependencies", "/assets/live.js", "/seen", "/audit"])
def test_a_stranger_gets_nothing(client, path):
    answer = get(client, path, Accept="text/html")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")
    assert get(client, path, Accept="application/json").status_code == 403
    client.set_cookie("__Host-classmood", "guessed", domain=HOST, secure=True)
    assert get(client, path, Accept="application/json").status_code == 403


def test_a_tampered_cookie_an_old_one_and_one_of_a_removed_account_open_nothing(client, engine, clock):
    log_in(client)
    token = client.get_cookie("__Host-classmood", domain=HOST)
    assert token is not None
    with reading(engine) as connection:
        assert token.value not in str(connection.execute(select(LoginRow.__table__)).all()), "only its hash is kept"
    client.set_cookie("__Host-classmood", token.value[:-1] + "x", domain=HOST, secure=True)
    assert get(client, "/seen", Accept="application/json").status_code == 403
    client.set_cookie("__Host-classmood", token.value, domain=HOST, secure=True)
    assert seen(client) == [1]
    accounts.remove(engine, "ada", clock.now)
    assert get(client, "/seen", Accept="application/json").status_code == 403


def test_a_login_ends_when_it_is_left_alone_and_at_the_end_of_a_long_day(client, clock):
    log_in(client)
    clock.now += accounts.IDLE_S - 1
    assert seen(client) == [1]
    clock.now += accounts.IDLE_S + 1
    assert get(client, "/seen", Accept="application/json").status_code == 403
    log_in(client)
    for _ in range(13):
        clock.now += accounts.IDLE_S - 60
        get(client, "/seen")
    assert get(client, "/seen", Accept="application/json").status_code == 403, "busy all the time, but too long"


def test_logging_out_ends_it_in_the_record_too(client, engine):
    log_in(client)
    answer = client.post("/logout", data={"form": form_of(client, "/account")}, headers=OURS, base_url=ORIGIN)
    assert answer.status_code == 303
    with reading(engine) as connection:
        assert connection.execute(select(LoginRow.login)).all() == []
    assert get(client, "/seen", Accept="application/json").status_code == 403


def test_other_names_and_other_sites_are_refused(client):
    log_in(client)
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert client.get("/seen", headers=HERE | headers, base_url=ORIGIN).status_code == 403
    for headers in ({}, {"Origin": "https://evil.example"}):
        answer = client.post("/_dash-update-component", json={}, headers=HERE | headers, base_url=ORIGIN)
        assert answer.status_code == 403
    assert client.post("/logout", data={"form": "x"}, headers=HERE, base_url=ORIGIN).status_code == 403


def test_another_name_is_refused_even_with_the_cookie(client):
    """A name that was pointed here (DNS rebinding) gets nothing, not even the form to log in with."""
    log_in(client)
    token = client.get_cookie("__Host-classmood", domain=HOST)
    assert token is not None
    for path in ("/login", "/seen"):
        headers = {"Host": "evil.example", "Cookie": f"__Host-classmood={token.value}"}
        answer = client.get(path, headers=headers, base_url="https://evil.example")
        assert answer.status_code == 403
        assert "under another name" in answer.text


def test_an_export_is_for_the_own_classes_and_goes_into_the_trail(client, engine):
    log_in(client)
    assert get(client, "/download/report/1.html").status_code == 200
    assert get(client, "/download/report/2.html").status_code == 404, "that is Bo's class"
    with reading(engine) as connection:
        columns = (AuditEntry.actor, AuditEntry.session_id)
        trail = connection.execute(select(*columns).where(AuditEntry.action == "export")).all()
    assert [tuple(row) for row in trail] == [("ada", 1)]


def test_a_form_must_be_the_one_that_was_handed_out(client):
    assert log_in(client, form="").status_code == 403
    assert log_in(client, form="ours?").status_code == 403
    log_in(client)
    assert client.post("/logout", data={"form": "x"}, headers=OURS, base_url=ORIGIN).status_code == 403


@pytest.mark.parametrize(
    ("login", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("ada", ""), ("ada", "x" * 5000)]
)
def test_a_wrong_login_is_told_without_saying_what_was_wrong(client, login, password):
    answer = log_in(client, login, password)
    assert answer.status_code == 401
    assert "not a login with its password" in answer.text
    assert get(client, "/seen", Accept="application/json").status_code == 403


def test_an_account_is_locked_after_five_wrong_passwords_and_opens_by_itself_or_by_a_reset(client, engine, clock):
    for _ in range(accounts.FAILURES):
        log_in(client, password="wrong")
    assert log_in(client).status_code == 401
    clock.now += accounts.LOCKED_S + 1
    assert log_in(client).status_code == 303
    for _ in range(accounts.FAILURES):
        log_in(client, password="wrong")
    accounts.reset(engine, "ada", "another long password", clock.now)
    assert get(client, "/seen", Accept="application/json").status_code == 403, "logged out everywhere"
    assert log_in(client).status_code == 401
    assert log_in(client, password="another long password").status_code == 303


def log_out(client: FlaskClient) -> None:
    client.post("/logout", data={"form": form_of(client, "/account")}, headers=OURS, base_url=ORIGIN)


def test_a_stranger_locks_out_strangers_and_not_the_teacher(server, engine, clock):
    teacher, stranger = server.test_client(), server.test_client()
    log_in(teacher)
    log_out(teacher)
    for _ in range(accounts.FAILURES):
        log_in(stranger, password="wrong")
    assert log_in(stranger).status_code == 401, "whoever guesses is locked out, even with the right password"
    assert log_in(teacher).status_code == 303
    log_out(teacher)
    for _ in range(accounts.FAILURES):
        log_in(teacher, password="wrong")
    assert log_in(teacher).status_code == 401, "who sits at the teacher's own browser gets no more tries than others"
    clock.now += accounts.LOCKED_S + 1
    assert log_in(stranger).status_code == 303
    assert log_in(teacher).status_code == 303


def test_a_browser_is_known_for_its_own_account_until_the_password_changes(engine, clock):
    def sign_of(login: str, password: str = PASSWORD) -> str:
        opened = accounts.log_in(engine, login, password, clock.now)
        assert opened is not None
        return opened.browser

    signs = {login: sign_of(login) for login in ("ada", "dean")}
    for _ in range(accounts.FAILURES):
        accounts.log_in(engine, "ada", "wrong", clock.now)
    for sign in (signs["dean"], signs["ada"][:-1] + "x", "", ".", "\x00é." + "0" * 64):
        assert accounts.log_in(engine, "ada", PASSWORD, clock.now, sign) is None
    assert accounts.log_in(engine, "ada", PASSWORD, clock.now, signs["ada"]) is not None
    accounts.reset(engine, "ada", "another long password", clock.now)
    assert accounts.log_in(engine, "ada", "another long password", clock.now) is not None, "it is open to everybody"
    for _ in range(accounts.FAILURES):
        accounts.log_in(engine, "ada", "wrong", clock.now)
    assert accounts.log_in(engine, "ada", "another long password", clock.now, signs["ada"]) is None


def test_every_try_costs_one_hash_and_nobody_waits_for_it(engine, clock, monkeypatch):
    """An unknown login, a locked account and a wrong password take equally long; others write meanwhile."""
    hashed: list[str] = []

    class Hasher:
        def verify(self, password_hash: str, password: str) -> bool:
            with writing(engine) as connection:
                connection.execute(update(Session).where(Session.id == 1).values(title=str(len(hashed))))
            hashed.append(password_hash)
            return True

    for _ in range(accounts.FAILURES):
        accounts.log_in(engine, "ada", "wrong", clock.now)
    monkeypatch.setattr(accounts, "_HASHER", Hasher())
    for login in ("nobody", "ada", "root", "\x00", "x" * 5000):
        before = len(hashed)
        opened = accounts.log_in(engine, login, "right", clock.now)
        assert (opened is not None, len(hashed) - before) == (login == "root", 1)
    assert not PasswordHasher().check_needs_rehash(hashed[0]), "a hash of nobody's costs what a real one does"


def test_a_flood_of_logins_leaves_the_pages_to_those_who_are_inside(server, monkeypatch):
    inside, outside = server.test_client(), server.test_client()
    log_in(inside)
    log_in_slowly, began, go_on = accounts.log_in, threading.Semaphore(0), threading.Event()

    def slow(*given: Any, **named: Any) -> Any:
        began.release()
        go_on.wait(10)
        return log_in_slowly(*given, **named)

    monkeypatch.setattr(accounts, "log_in", slow)
    answers: list[int] = []
    flood = [
        threading.Thread(target=lambda: answers.append(log_in(server.test_client()).status_code))
        for _ in range(LOGINS_AT_ONCE)
    ]
    for thread in flood:
        thread.start()
        began.acquire()
    assert LOGINS_AT_ONCE < SERVER_THREADS
    assert log_in(outside).status_code == 503
    assert seen(inside) == [1]
    go_on.set()
    for thread in flood:
        thread.join()
    assert answers == [303] * LOGINS_AT_ONCE
    assert log_in(outside).status_code == 303


def test_logins_that_nobody_ended_are_cleared_away(engine, clock):
    for login in ("ada", "dean"):
        accounts.log_in(engine, login, PASSWORD, clock.now)
    clock.now += accounts.IDLE_S + 1
    accounts.log_in(engine, "dean", PASSWORD, clock.now)
    with reading(engine) as connection:
        assert connection.scalars(select(LoginRow.login)).all() == ["dean"]


def test_everybody_sees_what_is_theirs(server):
    shown = {}
    for login in ("ada", "root", "dean"):
        client = server.test_client()
        log_in(client, login)
        shown[login] = seen(client)
    assert shown == {"ada": [1], "root": [1, 2], "dean": [1, 2]}
    assert VIEWER.get() is None, "the thread is nobody's again"


def shows(client: FlaskClient, path: str, output: str = "..page.children..") -> int:
    inputs = [{"id": "_pages_location", "property": "pathname", "value": path}]
    body = {"output": output, "inputs": inputs, "changedPropIds": []}
    return client.post("/_dash-update-component", json=body, headers=OURS, base_url=ORIGIN).status_code


def test_pages_about_the_machine_are_for_nobody_who_logs_in(client):
    log_in(client, "dean")
    assert get(client, "/settings").status_code == 403
    assert shows(client, "/setup") == 403
    assert shows(client, "/", "..settings-form-save.children...settings-form-note.children..") == 403
    assert shows(client, "/", '{"index":1,"type":"setup-look"}.children') == 403


def test_views_go_into_the_trail_which_an_admin_can_read(server, engine):
    client = server.test_client()
    log_in(client)
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": "/"},
            {"id": "_pages_location", "property": "search", "value": ""},
        ],
        "changedPropIds": ["_pages_location.pathname"],
    }
    assert client.post("/_dash-update-component", json=body, headers=OURS, base_url=ORIGIN).status_code == 200
    body["inputs"][0]["value"] = "/<b>Marie Curie"
    again = client.post("/_dash-update-component", json=body, headers=OURS, base_url=ORIGIN)
    assert again.status_code == 200, again.text
    with reading(engine) as connection:
        trail = connection.execute(
            select(AuditEntry.actor, AuditEntry.detail).where(AuditEntry.action == "view").order_by(AuditEntry.id)
        ).all()
    assert [tuple(row) for row in trail] == [("ada", '{"page": "/"}'), ("ada", '{"page": "another page"}')]
    assert get(client, "/audit").status_code == 403
    admin = server.test_client()
    log_in(admin, "root")
    shown = get(admin, "/audit").text
    assert "page /" in shown
    assert "login" in shown
    assert "Marie" not in shown
    with writing(engine) as connection:
        audit(connection, "<script>", "x", 1, START_AT)
    shown = get(admin, "/audit").text
    assert "<td>&lt;script&gt;</td>" in shown
    assert "<td>root</td><td>view</td><td></td><td>page /audit</td>" in shown, "who looks at the trail is in it"


@pytest.fixture
def https(engine: Engine, clock: Clock, tmp_path: Path) -> Iterator[str]:
    """The pages behind real HTTPS with a certificate of the test's own; gives their address."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed; type: sudo apt install openssl")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*making, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    reader = open_store(engine.url.render_as_string(hide_password=False), write=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    origin = f"https://localhost:{port}"
    lock = ask_for_accounts(Door(engine, origin, clock, LONGEST_S))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        frames_port = probe.getsockname()[1]
    frames = ReaderProcess(cli.companion, Front(origin, "127.0.0.1", frames_port))
    around = Surroundings(open_reader=lambda own_port: ReaderDoor(*frames.open(own_port)))
    pages = create_app(reader, Settings(), "unused", clock, lock=lock, surroundings=around).server
    front = front_of(pages, frames_port)
    server = make_server("127.0.0.1", port, front, threaded=True, ssl_context=(str(certificate), str(key)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield origin
    server.shutdown()
    thread.join()
    server.server_close()
    frames.__exit__()
    reader.dispose()


def front_of(pages: Callable[..., Any], frames_port: int) -> Callable[..., Any]:
    """What stands before a school's server, and passes frames on to their reader as deploy/Caddyfile says."""

    def front(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] != PATH:
            return pages(environ, start_response)
        passed = {"HTTP_HOST": "Host", "HTTP_ORIGIN": "Origin", "HTTP_AUTHORIZATION": "Authorization"}
        headers = {name: environ[key] for key, name in passed.items() if key in environ}
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        connection = http.client.HTTPConnection("127.0.0.1", frames_port, timeout=60)
        connection.request(environ["REQUEST_METHOD"], PATH, body, headers)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        start_response(f"{answer.status} {answer.reason}", [("Content-Type", "application/json")])
        return [told]

    return front


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_who_is_logged_in_tries_it_with_frames_that_go_to_their_own_process(
    https: str, new_context: Callable[..., BrowserContext]
):
    page = new_context(ignore_https_errors=True).new_page()
    page.goto(f"{https}/try")
    expect(page).to_have_url(f"{https}/login")
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Try").click()
    expect(page.get_by_text("over the network to the server")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#try-leading")).to_have_text("No face in sight", timeout=PATIENCE_MS)
    assert f"{https}{PATH}" in asked
    assert all(url.startswith((f"{https}/", "blob:", "data:")) for url in asked)
    page.get_by_role("button", name="Stop").click()


def test_without_a_port_for_frames_there_is_no_page_try(client):
    log_in(client)
    assert "/try" not in {page["path"] for page in dash.page_registry.values()}
    assert "camera=(self)" not in get(client, "/try").headers.get("Permissions-Policy", "")


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_a_person_logs_in_looks_and_logs_out_in_a_browser(https: str, new_context: Callable[..., BrowserContext]):
    page = new_context(ignore_https_errors=True).new_page()
    page.goto(f"{https}/")
    expect(page).to_have_url(f"{https}/login")
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not a login with its password")
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{https}/")
    page.goto(f"{https}/account")
    expect(page.get_by_text("logged in as ada (teacher)")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{https}/login")
    page.goto(f"{https}/account")
    expect(page).to_have_url(f"{https}/login")


def test_health_is_told_to_anybody_and_nothing_else(client, engine):
    for host in (HOST, "127.0.0.1:8050"):
        answer = client.get("/health", headers={"Host": host}, base_url=ORIGIN)
        assert (answer.status_code, answer.text) == (200, "ok")


@pytest.mark.parametrize("new_store", ["postgresql"], indirect=True)
def test_while_the_database_is_away_health_says_so_and_nothing_is_shown(engine, clock, cable):
    url = engine.url.set(port=cable.port).render_as_string(hide_password=False)
    reader, trail = open_store(url, write=False), open_store(url, write=True)
    lock = ask_for_accounts(Door(trail, ORIGIN, clock, LONGEST_S))
    client = create_app(reader, Settings(), "unused", clock, lock=lock).server.test_client()
    log_in(client)
    assert (get(client, "/").status_code, get(client, "/health").status_code) == (200, 200)
    cable.pull_out()
    answer = get(client, "/health")
    assert (answer.status_code, answer.text) == (503, "the record cannot be read")
    for path in ("/", "/account", "/audit", "/download/report/1.html"):
        away = get(client, path)
        assert away.status_code == 503
        assert "cannot be read just now" in away.text
        assert "127.0.0.1" not in away.text, "where the database is, is nobody's business"
    cable.plug_in()
    assert (get(client, "/").status_code, get(client, "/health").status_code) == (200, 200)
    for opened in (reader, trail):
        opened.dispose()


def test_wider_than_this_machine_asks_for_https_and_accounts(new_store):
    engine = open_store(new_store(), write=True)
    with pytest.raises(ConfigError, match="HTTPS in front"):
        cli.lock_of(DashboardSettings(host="0.0.0.0"), engine)
    wide = DashboardSettings(host="0.0.0.0", public_url=ORIGIN)
    with pytest.raises(ConfigError, match="accounts add LOGIN"):
        cli.lock_of(wide, engine)
    accounts.add(engine, "ada", PASSWORD, "teacher", 1.0)
    assert callable(cli.lock_of(wide, engine))
    engine.dispose()
    assert cli.entrance(wide, "secret") == ORIGIN
    assert "token=secret" in cli.entrance(DashboardSettings(), "secret")
    with pytest.raises(ConfigError, match="--public-url"):
        cli.chosen_pages(wide, {"public_url": "http://plain"})


def test_the_command_refuses_to_serve_everybody(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["dashboard", "--no-browser", "--database", f"sqlite:///{tmp_path}/x.sqlite", "--host", "0.0.0.0"]
    assert isinstance(CliRunner().invoke(cli.app, words).exception, ConfigError)
    words += ["--public-url", ORIGIN]
    assert "accounts add" in str(CliRunner().invoke(cli.app, words).exception)


# --- accounts -------------------------------------------------------------------------------------------------------


def test_passwords_are_kept_as_argon2id_and_weak_ones_are_refused(engine, clock):
    with reading(engine) as connection:
        kept = connection.scalars(select(Account.password_hash)).all()
    assert all(one.startswith("$argon2id$") for one in kept)
    assert len(set(kept)) == len(kept), "salted"
    for password in ("short", "ada is my name!", "", "x" * 1001):
        with pytest.raises(StoreError, match="at least 12 letters"):
            accounts.reset(engine, "ada", password, clock.now)
    with pytest.raises(StoreError, match="ada is taken"):
        accounts.add(engine, "ada", PASSWORD, "teacher", clock.now)
    with pytest.raises(StoreError, match="none with the login eve"):
        accounts.remove(engine, "eve", clock.now)


def test_everything_that_happens_to_an_account_is_in_the_trail_without_a_secret(engine, clock):
    accounts.log_in(engine, "ada", "wrong password", clock.now)
    opened = accounts.log_in(engine, "ada", PASSWORD, clock.now)
    assert opened is not None
    accounts.log_out(engine, opened.token, clock.now)
    accounts.reset(engine, "ada", "another long password", clock.now)
    accounts.remove(engine, "ada", clock.now)
    with reading(engine) as connection:
        columns = (AuditEntry.actor, AuditEntry.action, AuditEntry.detail)
        rows = connection.execute(select(*columns).order_by(AuditEntry.id)).all()
    about = [(row.actor, row.action) for row in rows if row.actor == "ada" or '"login": "ada"' in row.detail]
    assert about == [
        ("program", "account_add"),
        ("ada", "login_failed"),
        ("ada", "login"),
        ("ada", "logout"),
        ("program", "account_reset"),
        ("program", "account_remove"),
    ]
    for secret in (PASSWORD, "wrong password", "another long password", opened.token, opened.browser):
        assert secret not in str(rows)


def test_no_password_is_taken_for_its_own_beginning(engine, clock):
    longest = "x" * accounts.MOST_LETTERS
    accounts.reset(engine, "ada", longest, clock.now)
    assert accounts.log_in(engine, "ada", longest + "x", clock.now) is None
    assert accounts.log_in(engine, "ada", longest, clock.now) is not None


def test_sessions_of_nobody_can_be_adopted(engine, clock):
    with writing(engine) as connection:
        connection.execute(insert(Session).values(id=3, started_at=1.0, source="screen", title="", simulated=False))
        connection.execute(update(Session).where(Session.id == 2).values(owner=None))
    accounts.add(engine, "cem", PASSWORD, "teacher", clock.now, adopt=True)
    with reading(engine) as connection:
        owners = connection.scalars(select(Session.owner).order_by(Session.id)).all()
    assert owners == ["ada", "cem", "cem"]
