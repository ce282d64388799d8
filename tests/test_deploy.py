"""The files for a server: what they name exists, and the command that they start serves, locked, on a real database."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

import cli
import config
from db.engine import open_store
from domain import ConfigError
from tests.conftest import ROOT
from tryout.server import PATH

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


def lines_of_dockerfile() -> list[tuple[str, str]]:
    """Every instruction with what follows it, in order; lines that go on are joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the image would have: what git knows, .dockerignore lets through and the Dockerfile copies."""
    known = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if known.returncode != 0:
        pytest.skip("this is no checkout of git, so what would be built is not known")
    everything, *let_through = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()[1:]
    assert everything == "*"
    allowed = {line[1:].rstrip("/") for line in let_through if line.startswith("!")}
    context = {name for name in known.stdout.split("\0") if name and name.split("/")[0] in allowed}
    folder = tmp_path_factory.mktemp("image")
    for *sources, target in (rest.split() for word, rest in lines_of_dockerfile() if word == "COPY"):
        for source in sources:
            files = [name for name in context if name == source or name.startswith(source.rstrip("/") + "/")]
            assert files, f"the image copies {source}, which is not there"
            for name in files:
                place = folder / (Path(target) / name.removeprefix(source).lstrip("/") if source[-1] == "/" else name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, place)
    return folder


def test_the_image_is_made_as_images_should_be():
    lines = lines_of_dockerfile()
    words = [word for word, _ in lines]
    rest = dict(lines)
    assert words[0] == "FROM"
    assert re.fullmatch(r"python:3\.1[1-4]-slim", rest["FROM"]), "a version, never latest, and one that is tested"
    assert set(words) <= {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"} | {
        "ENTRYPOINT"
    }, "ADD fetches and unpacks"
    assert all(words.count(word) == 1 for word in ("FROM", "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD"))
    assert words.index("USER") < words.index("ENTRYPOINT"), "it runs without rights"
    assert all(rest[word].startswith("[") for word in ("ENTRYPOINT", "CMD")), "no shell between it and a signal to end"
    assert rest["WORKDIR"].startswith("/")
    runs = " ".join(text for word, text in lines if word == "RUN")
    assert "pip install --no-cache-dir --require-hashes" in runs
    assert not re.search(r"sudo|apt|curl|wget", runs)
    assert rest["EXPOSE"] in words_of_dockerfile()
    assert f":{rest['EXPOSE']}/health" in rest["HEALTHCHECK"]


def test_only_what_serves_pages_goes_into_the_image(image: Path):
    there = {path.name for path in image.iterdir()}
    assert not there & {"training", "tests", "benchmarks", ".git", ".ci", "data"}
    assert not any(path.suffix in {".sqlite", ".csv", ".env"} for path in image.rglob("*"))


def test_the_composition_holds_together():
    services = COMPOSE["services"]
    for service in services.values():
        assert "build" in service or re.search(r":\d", service["image"]), "a version, never latest"
        assert set(service.get("depends_on", ())) <= services.keys()
        mounted = {mount.split(":")[0] for mount in service.get("volumes", ())}
        files = {name for name in mounted if name.startswith("./")}
        assert mounted - files <= COMPOSE["volumes"].keys()
        assert all((DEPLOY / name).is_file() for name in files)
    pages = services["pages"]
    assert (ROOT / "deploy" / pages["build"]["context"] / pages["build"]["dockerfile"]).is_file()
    assert (pages["read_only"], pages["cap_drop"]) == (True, ["ALL"])
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text("utf-8")))
    told = (DEPLOY / "README.md").read_text("utf-8")
    assert all(name in told for name in asked)


def test_only_https_is_open_to_the_world():
    services = COMPOSE["services"]
    assert "ports" not in services["pages"]
    assert services["caddy"]["ports"] == ["80:80", "443:443"]
    assert services["database"]["ports"] == ["${CLASSMOOD_DATABASE_BIND:-127.0.0.1}:5432:5432"]
    assert "${POSTGRES_PASSWORD:?}" in services["pages"]["environment"]["CLASSMOOD_DATABASE"], "no password is built in"


def test_the_front_passes_frames_on_to_their_own_process():
    frames, pages = re.findall(r"reverse_proxy (?:(/\S+) )?pages:(\d+)", (DEPLOY / "Caddyfile").read_text("utf-8"))
    command = COMPOSE["services"]["pages"]["command"]
    assert (frames[0], f"--try-port={frames[1]}" in command) == (PATH, True)
    assert (pages[0], f"--port={pages[1]}" in command) == ("", True)


def in_image(image: Path, *command: str, **words: Any) -> Any:
    """Run a command of the image in its folder, as the container would."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **words.pop("env", {})}
    environment.pop("PYTHONPATH", None)
    return subprocess.Popen([sys.executable, "-u", *command], cwd=image, env=environment, text=True, **words)


@pytest.fixture
def served(new_store: Callable[[], str], image: Path) -> Iterator[int]:
    """The command of the Procfile, started as its place would, on a database with one account; gives its port."""
    url, before = new_store(), set(image.rglob("*"))
    adding = in_image(
        image, "cli.py", "accounts", "add", "head", "--admin",
        env={"CLASSMOOD_DATABASE": url}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert adding.communicate("correct horse battery\n")[0] == "head may log in as admin.\n"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = {"PORT": str(port), "DATABASE_URL": url.replace("+psycopg", ""), "PUBLIC_URL": "https://school.example"}
    words = [re.sub(r"\$(\w+)", lambda name: place[name[1]], word) for word in words_of_procfile()]
    setting, python, *command = words
    name, _, value = setting.partition("=")
    assert python == "python"
    with in_image(image, *command, env={name: value}, stdout=subprocess.PIPE) as process:
        try:
            assert "https://school.example" in process.stdout.readline()
            yield port
        finally:
            process.terminate()
    assert set(image.rglob("*")) == before, "nothing is written beside the program: the container is read-only"


def ask(port: int, path: str, host: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host, "Accept": "text/html"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_started_command_is_well_and_locked(served: int, image: Path):
    assert ask(served, "/health", "127.0.0.1") == (200, "ok")
    check = re.search(r"CMD (\[.*\])", dict(lines_of_dockerfile())["HEALTHCHECK"])
    assert check
    _, *words = yaml.safe_load(check[1].replace("8050", str(served)))
    assert in_image(image, *words).wait() == 0
    assert in_image(image, *(word.replace(str(served), "1") for word in words), stderr=subprocess.DEVNULL).wait() != 0
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
