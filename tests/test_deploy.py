"""The files for a server: what they name exists, and the command that they start serves, locked, on a real database."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer.main
import yaml

import cli
import config
from db import accounts
from db.engine import open_store
from domain import ConfigError
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
OPTIONS = {
    name
    for option in typer.main.get_command(cli.app).commands["dashboard"].params  # type: ignore[attr-defined]
    for name in option.opts
}


def words_of_procfile() -> list[str]:
    (line,) = (DEPLOY / "Procfile").read_text("utf-8").splitlines()
    kind, command = line.split(":", 1)
    assert kind == "web"
    return shlex.split(command)


def words_of_dockerfile() -> list[str]:
    found = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found
    return yaml.safe_load(found[1])


@pytest.mark.parametrize("words", [words_of_procfile(), words_of_dockerfile(), COMPOSE["services"]["pages"]["command"]])
def test_every_option_that_is_started_with_exists(words: list[str]):
    assert "dashboard" in words
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= OPTIONS


def test_what_the_image_copies_is_there_and_runs_without_rights():
    copied = [word for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert all((ROOT / name).exists() for name in copied)
    for module in ("capture", "dashboard", "db", "inference", "models", "docs", "cli.py", "config.yaml"):
        assert any(name.rstrip("/") == module for name in copied)
    assert not any("training" in name or "tests" in name for name in copied)
    assert DOCKERFILE.index("USER classmood") < DOCKERFILE.index("ENTRYPOINT")
    assert "--require-hashes" in DOCKERFILE


def test_only_https_is_open_to_the_world():
    services = COMPOSE["services"]
    assert "ports" not in services["pages"]
    assert services["caddy"]["ports"] == ["80:80", "443:443"]
    assert services["database"]["ports"] == ["${CLASSMOOD_DATABASE_BIND:-127.0.0.1}:5432:5432"]
    assert "${POSTGRES_PASSWORD:?}" in services["pages"]["environment"]["CLASSMOOD_DATABASE"], "no password is built in"


@pytest.fixture
def served(new_store: Callable[[], str]) -> Iterator[int]:
    """The command of the Procfile, started as its place would, on a database with one account; gives its port."""
    url = new_store()
    engine = open_store(url, write=True)
    accounts.add(engine, "head", "correct horse battery", "admin", 1.0)
    engine.dispose()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = {"PORT": str(port), "DATABASE_URL": url.replace("+psycopg", ""), "PUBLIC_URL": "https://school.example"}
    words = [re.sub(r"\$(\w+)", lambda name: place[name[1]], word) for word in words_of_procfile()]
    setting, python, *command = words
    name, _, value = setting.partition("=")
    assert python == "python"
    process = subprocess.Popen(
        [sys.executable, "-u", *command], cwd=ROOT, env={**os.environ, name: value}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert "https://school.example" in process.stdout.readline()
    yield port
    process.terminate()
    process.communicate()


def ask(port: int, path: str, host: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host, "Accept": "text/html"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_started_command_is_well_and_locked(served: int):
    assert ask(served, "/health", "127.0.0.1") == (200, "ok")
    assert ask(served, "/", "evil.example")[0] == 403
    status, page = ask(served, "/login", "school.example")
    assert status == 200
    assert 'type="password"' in page


def test_an_address_from_outside_takes_the_place_of_the_configured_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(config.DATABASE_VARIABLE, "postgres://school:s3cret@db/x")
    assert config.of_this_start().database.url == "postgres://school:s3cret@db/x"
    monkeypatch.setenv(config.DATABASE_VARIABLE, "mysql://school:s3cret@db/x")
    with pytest.raises(ConfigError, match="CLASSMOOD_DATABASE: expected sqlite") as refusal:
        config.of_this_start()
    assert "s3cret" not in str(refusal.value)


def test_a_server_takes_the_addresses_of_providers(school_server: Any):
    url = school_server.new_database()
    for scheme in ("postgres", "postgresql"):
        open_store(url.replace("postgresql+psycopg", scheme), write=False).dispose()
