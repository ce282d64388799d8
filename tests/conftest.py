"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.school_server import Cable, SchoolServer, program, running

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
collect_ignore = [] if sys.platform == "linux" else ["test_window.py"]  # it opens windows with Xlib


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pictures for measuring, which is not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder shared/data with real pictures is not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A private X display of 1920x1080 pixels; gives its name, such as ":7"."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed; type: sudo apt install xvfb")
    reader, writer = os.pipe()
    # Without -noreset the server starts afresh when its last client leaves, and turns away who comes just then.
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1920x1080x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as answer:
        number = answer.readline().strip()
    if not number:
        pytest.fail("Xvfb did not start")
    yield f":{number}"
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def school_server() -> Iterator[SchoolServer]:
    """A real PostgreSQL server of this test run."""
    if program("postgres") is None:
        pytest.skip("PostgreSQL is not installed; type: sudo apt install postgresql")
    with running() as server:
        yield server


@pytest.fixture
def cable(school_server: SchoolServer) -> Iterator[Cable]:
    """A way to that server which can be cut."""
    cable = Cable(school_server.port)
    yield cable
    cable.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """What gives the address of a new, empty database with every call: a file's, then a server's."""
    if request.param == "postgresql":
        return request.getfixturevalue("school_server").new_database
    folder, numbers = tmp_path_factory.mktemp("stores"), count(1)
    return lambda: f"sqlite:///{folder / str(next(numbers)) / 'class.sqlite'}"


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed; type: sudo apt install chromium")
    return path


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium_path: str) -> dict[str, object]:
    """How pytest-playwright starts the browser: the system's own, quiet towards the network."""
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    drawn_camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    return {"executable_path": chromium_path, "args": [*quiet, *drawn_camera, "--disable-sync", "--no-first-run"]}


@pytest.fixture(scope="session")
def base_url() -> None:
    """In place of pytest-base-url's own fixture, which pytest 9 warns of; every test has its own address."""
