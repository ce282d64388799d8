"""The reader of one's own face: what it answers, to whom, and that it holds its models only while they are used."""

from __future__ import annotations

import http.client
import io
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import cli
from capture.simulator.lesson import read_lesson
from capture.simulator.simulator import Simulator
from config import ROOT, Settings
from dashboard.app import create_app
from dashboard.desk.surroundings import Door, Surroundings
from dashboard.pages import tryout
from db.engine import open_store
from domain import EMOTIONS, CaptureError, ClassmoodError, ModelError
from tests.dashboard_store import Clock
from tryout import tickets
from tryout.process import Front, ReaderProcess
from tryout.reader import KEEP_OPEN_S, FaceReader, Models, NotAPicture, open_models, picture
from tryout.server import LEAST_GAP_S, MAX_BYTES, PATH, Pages, ReaderServer

KEY = "key-of-this-test"
NOW = 1_700_000_000.0
TICKET = tickets.issued(KEY, NOW)
PAGE_PORT = 8050
PAGE = f"http://127.0.0.1:{PAGE_PORT}"


def jpeg(image: np.ndarray) -> bytes:
    """A BGR picture as a browser would send it."""
    held = io.BytesIO()
    Image.fromarray(image[..., ::-1]).save(held, "JPEG", quality=90)
    return held.getvalue()


GRAY = jpeg(np.full((480, 640, 3), 128, np.uint8))


# --- reading --------------------------------------------------------------------------------------------------------


def test_a_face_gets_a_box_seven_probabilities_and_its_quality() -> None:
    lesson = read_lesson(ROOT / "capture" / "simulator" / "lessons" / "small.yaml")
    told = FaceReader(Settings()).read(jpeg(Simulator(lesson, 1280, 800).frame_at(2.0)))
    assert told["size"] == [1280, 800]
    read = [face for face in told["faces"] if face["emotions"]]
    assert read
    for face in read:
        left, top, right, bottom = face["box"]
        assert 0 <= left < right <= 1280
        assert face["height"] == bottom - top
        assert tuple(face["emotions"]) == EMOTIONS
        assert sum(face["emotions"].values()) == pytest.approx(1, abs=1e-3)
        assert face["abstained"] is None
    json.dumps(told)


def test_no_face_is_no_error() -> None:
    assert FaceReader(Settings()).read(GRAY)["faces"] == []


def bomb() -> bytes:
    """A small JPEG that claims 60,000 pixels a side."""
    at = GRAY.index(b"\xff\xc0") + 5
    return GRAY[:at] + struct.pack(">HH", 60_000, 60_000) + GRAY[at + 4 :]


def png() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (64, 64)).save(held, "PNG")
    return held.getvalue()


@pytest.mark.parametrize(
    "data", [b"", b"hello", GRAY[:400], png(), bomb()], ids=["empty", "text", "cut", "png", "bomb"]
)
def test_what_is_no_picture_gets_one_sentence(data: bytes) -> None:
    with pytest.raises(NotAPicture, match="expected") as caught:
        picture(data)
    assert "\n" not in str(caught.value)


def test_colours_come_as_the_networks_want_them() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 2] = 255
    assert picture(jpeg(red))[16, 16].tolist() == pytest.approx([0, 0, 254], abs=3)


def test_models_are_opened_at_the_first_frame_and_closed_when_idle() -> None:
    clock, opened = Clock(0.0), []

    def open_and_count(settings: Settings) -> Models:
        opened.append(1)
        return open_models(settings)

    reader = FaceReader(Settings(), clock, open_and_count)
    assert not reader.is_open
    reader.read(GRAY)
    clock.now = KEEP_OPEN_S - 1
    reader.read(GRAY)
    assert reader.close_if_idle() == KEEP_OPEN_S
    clock.now += KEEP_OPEN_S + 1
    assert reader.close_if_idle() is None
    assert not reader.is_open
    reader.read(GRAY)
    assert len(opened) == 2


def test_where_faces_are_read_nowhere_they_are_not_read_here() -> None:
    def never(_: Settings) -> Models:
        pytest.fail("models were opened in presence_only")

    reader = FaceReader(Settings.model_validate({"privacy": {"mode": "presence_only"}}), opened=never)
    with pytest.raises(ClassmoodError, match="presence_only"):
        reader.read(GRAY)


# --- the door -------------------------------------------------------------------------------------------------------


class Asked:
    """In place of a reader: counts what comes through the door, and answers or raises what it is told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.fails: Exception | None = None

    def read(self, data: bytes) -> dict[str, Any]:
        self.bodies.append(data)
        if self.fails is not None:
            raise self.fails
        return {"faces": []}


@contextmanager
def served(
    read: Callable[[bytes], dict[str, Any]], clock: Callable[[], float], pages: Pages, wall_clock: Callable[[], float]
) -> Iterator[ReaderServer]:
    server = ReaderServer(KEY, pages, read, clock, wall_clock)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


@pytest.fixture
def wall_clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def server(asked: Asked, clock: Clock, wall_clock: Clock) -> Iterator[ReaderServer]:
    with served(asked.read, clock, Pages.here(PAGE_PORT), wall_clock) as running:
        yield running


def send(
    server: ReaderServer, body: bytes = GRAY, method: str = "POST", path: str = PATH, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    """A request of the page, but for the headers given; an empty one is left out."""
    port = server.server_address[1]
    usual = {"Host": f"127.0.0.1:{port}", "Origin": PAGE, "Authorization": f"Bearer {TICKET}"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {name: value for name, value in (usual | headers).items() if value})
    answer = connection.getresponse()
    told = (answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()})
    connection.close()
    return told


def test_the_page_is_answered(server: ReaderServer, asked: Asked) -> None:
    status, body, headers = send(server)
    assert (status, json.loads(body)) == (200, {"faces": []})
    assert headers["access-control-allow-origin"] == PAGE
    assert headers["cache-control"] == "no-store"
    assert asked.bodies == [GRAY]


def test_the_browser_may_ask_first(server: ReaderServer) -> None:
    status, body, headers = send(server, b"", "OPTIONS", Authorization="")
    assert (status, body) == (204, b"")
    assert headers["access-control-allow-origin"] == PAGE
    assert headers["access-control-allow-methods"] == "POST"


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": f"https://127.0.0.1:{PAGE_PORT}"},
        {"Origin": f"http://127.0.0.1:{PAGE_PORT}.evil.example"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:9"},
        {"Host": "127.0.0.1:x"},
    ],
)
def test_other_sites_and_names_get_nothing(
    server: ReaderServer, asked: Asked, method: str, headers: dict[str, str]
) -> None:
    status, body, told = send(server, b"", method, **headers)
    assert (status, body) == (403, b"")
    assert not any(name.startswith("access-control") for name in told)
    assert asked.bodies == []


LATER = f"{round(NOW) + 10**6}.{TICKET.partition('.')[2]}"
STRANGER = tickets.issued("another key", NOW)


@pytest.mark.parametrize(
    "given", ["", "Bearer ", "wrong", TICKET[:-1], f"Bearer {LATER}", f"Bearer {STRANGER}", "Bearer ."]
)
def test_without_a_ticket_of_the_pages_there_is_nothing(server: ReaderServer, asked: Asked, given: str) -> None:
    status, body, told = send(server, Authorization=given)
    assert (status, body) == (403, b"")
    assert not any(name.startswith("access-control") for name in told)
    assert asked.bodies == []


def test_a_ticket_lasts_an_hour(server: ReaderServer, asked: Asked, wall_clock: Clock) -> None:
    wall_clock.now += tickets.LASTS_S
    assert send(server)[0] == 200
    wall_clock.now += 1
    status, body, headers = send(server)
    assert (status, json.loads(body)) == (401, {"error": "An hour is over: start the camera again."})
    assert headers["access-control-allow-origin"] == PAGE
    assert len(asked.bodies) == 1


SCHOOL = "https://school.example"


def test_behind_a_front_the_school_s_own_pages_alone_are_answered(
    asked: Asked, clock: Clock, wall_clock: Clock
) -> None:
    def ask(**headers: str) -> tuple[int, bytes]:
        return send(server, **{"Host": "school.example", "Origin": SCHOOL} | headers)[:2]  # type: ignore[arg-type]

    others = (
        {"Host": ""},
        {"Host": "evil.example"},
        {"Origin": ""},
        {"Origin": PAGE},
        {"Origin": f"{SCHOOL}.evil.example"},
    )
    with served(asked.read, clock, Pages.behind(SCHOOL), wall_clock) as server:
        assert ask()[0] == 200
        for other in others:
            assert ask(**other) == (403, b"")
        assert send(server)[0] == 403, "the reader's own port is nobody's address there"
    assert asked.bodies == [GRAY]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "TRACE"])
def test_other_ways_of_asking_get_a_number_and_no_word(server: ReaderServer, method: str) -> None:
    status, body, _ = send(server, b"", method)
    assert (status, body) == (501, b"")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotAPicture("expected a whole JPEG"), 415),
        (ModelError("face.onnx is damaged"), 503),
        (ClassmoodError("privacy.mode is presence_only"), 409),
    ],
)
def test_what_cannot_be_read_is_one_sentence(server: ReaderServer, asked: Asked, error: Exception, status: int) -> None:
    asked.fails = error
    told, body, headers = send(server)
    assert (told, json.loads(body)) == (status, {"error": str(error)})
    assert headers["access-control-allow-origin"] == PAGE


def test_too_large_is_one_sentence(server: ReaderServer, asked: Asked) -> None:
    status, body, _ = send(server, b"x" * (MAX_BYTES + 1))
    assert status == 413
    assert "expected a picture of at most 400 kB" in json.loads(body)["error"]
    assert asked.bodies == []


def test_too_fast_is_one_sentence(server: ReaderServer, asked: Asked, clock: Clock) -> None:
    assert send(server)[0] == 200
    status, body, _ = send(server)
    assert status == 429
    assert "ten frames a second" in json.loads(body)["error"]
    clock.now += LEAST_GAP_S
    assert send(server)[0] == 200
    assert len(asked.bodies) == 2


def test_another_address_is_one_sentence(server: ReaderServer, asked: Asked) -> None:
    assert send(server, path="/elsewhere")[0] == 404
    assert asked.bodies == []


def test_an_empty_key_is_refused(asked: Asked, clock: Clock) -> None:
    with pytest.raises(ValueError, match="key"):
        ReaderServer("", Pages.here(PAGE_PORT), asked.read, clock)


# --- the process ----------------------------------------------------------------------------------------------------


def test_the_process_starts_once_and_again_when_it_has_died() -> None:
    clock = Clock(time.time())
    with ReaderProcess(cli.companion, clock=clock) as reader:
        port, ticket = reader.open(PAGE_PORT)
        assert port is not None
        assert reader.open(PAGE_PORT) == (port, ticket)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", PATH, GRAY, {"Origin": PAGE, "Authorization": f"Bearer {ticket}"})
        assert json.loads(connection.getresponse().read())["faces"] == []
        connection.close()
        reader._running.close()  # as if it had been killed
        again = reader.open(PAGE_PORT)
        assert again[1] != ticket
        assert again[0] is not None
    with pytest.raises(OSError, match="refused"):
        http.client.HTTPConnection("127.0.0.1", again[0], timeout=5).connect()


def test_behind_a_front_the_process_holds_the_front_s_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with ReaderProcess(cli.companion, Front(SCHOOL, "127.0.0.1", port)) as reader:
        door, ticket = reader.open(PAGE_PORT)
        assert door is None
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        passed_on = {"Host": "school.example", "Origin": SCHOOL, "Authorization": f"Bearer {ticket}"}
        connection.request("POST", PATH, GRAY, passed_on)
        assert json.loads(connection.getresponse().read())["faces"] == []
        connection.close()


def test_a_process_that_does_not_start_is_one_sentence() -> None:
    @contextmanager
    def dies(_command: list[str], _environment: dict[str, str]) -> Iterator[str]:
        yield ""

    with ReaderProcess(dies) as reader, pytest.raises(CaptureError, match="expected the reader of frames to start"):
        reader.open(PAGE_PORT)


def test_a_fault_of_the_reader_is_one_line_without_what_was_sent(
    server: ReaderServer, asked: Asked, capfd: pytest.CaptureFixture[str]
) -> None:
    asked.fails = RuntimeError("secret pixels")
    with pytest.raises(http.client.RemoteDisconnected):
        send(server)
    asked.fails = None
    server.take_turn = lambda: True
    assert send(server)[0] == 200
    assert capfd.readouterr().err == "classmood: the reader of the try-out failed: RuntimeError\n"


def test_strangers_do_not_even_start_the_reader(tmp_path: Path) -> None:
    def never(_: int) -> Door:
        pytest.fail("a request without the token started the reader")

    engine = open_store(f"sqlite:///{tmp_path}/class.sqlite", write=False)
    app = create_app(engine, Settings(), "right-token", surroundings=Surroundings(open_reader=never))
    answer = app.server.test_client().get("/try", base_url=PAGE, environ_overrides={"SERVER_PORT": str(PAGE_PORT)})
    assert answer.status_code == 403
    assert "connect-src 'self';" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Permissions-Policy"].startswith("camera=()")
    engine.dispose()


def test_the_page_says_where_faces_are_read_nowhere() -> None:
    settings = Settings.model_validate({"privacy": {"mode": "presence_only"}})
    shown = str(tryout.layout(settings, Surroundings(open_reader=lambda _: Door(1, "t"))))
    assert "privacy.mode is presence_only" in shown
    assert "id='try-start', className='desk-button', disabled=True" in shown
