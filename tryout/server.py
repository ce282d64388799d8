"""The door of the reader: a port that answers the pages of one place, with a ticket of theirs, and nobody else."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import config
from domain import ClassmoodError, ModelError
from tryout import tickets
from tryout.reader import FaceReader, NotAPicture

HOST = "127.0.0.1"
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})
KEY_VARIABLE = "CLASSMOOD_READER_KEY"
"""The environment variable that hands over the key of this start: a command line can be read by other programs."""
READY = "ready"
"""Printed with the port, once it is held."""

PATH = "/try/read"
"""Below the page: a front that passes frames on needs to know this path alone."""
MAX_BYTES = 400_000
"""A JPEG of 640x480 has 30 to 120 kB."""
DRAINED_BYTES = 8_000_000
"""So much of a body that is too large is read and thrown away, so that its sender hears why; of more, nothing is."""
LEAST_GAP_S = 0.1
"""Ten frames a second at most, whoever asks; the page sends four."""
SOCKET_PATIENCE_S = 10.0
"""Who opens a connection and says nothing is cut off."""
SELDOM_S = 3600.0
"""How often an idle server wakes to see whether it should stop: only the end of the process stops this one."""
MOST_AT_ONCE = 4
"""Requests that are answered at the same time; the page has one on its way."""


class Refused(ClassmoodError):
    """A request that gets a status and one sentence instead of an answer."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Pages:
    """Whose frames are read: those of pages of these origins, which ask for ``host``, or None for this machine."""

    origins: frozenset[str]
    host: str | None = None

    @classmethod
    def here(cls, port: int) -> Pages:
        """The pages on a port of this machine."""
        return cls(frozenset(f"http://{name}:{port}" for name in LOCAL_NAMES))

    @classmethod
    def behind(cls, origin: str) -> Pages:
        """The pages of a server that is reached as ``origin``, https://NAME, by a front that passes the name on."""
        return cls(frozenset({origin}), urlsplit(origin).netloc)

    def are_asked_as(self, host: str, port: int) -> bool:
        """Whether a request's Host is the one that they use for a reader on ``port``."""
        if self.host is not None:
            return host == self.host
        try:
            parts = urlsplit(f"//{host}")
            return parts.netloc == host and parts.hostname in LOCAL_NAMES and parts.port == port
        except ValueError:  # a port that is no number
            return False


class ReaderServer(ThreadingHTTPServer):
    """Answers frames of ``pages`` that come with a ticket of ``key``, on an address and port. Port 0: any free one.

    ``read`` is `FaceReader.read`; ``clock`` is monotonic and ``wall_clock`` UNIX time, in seconds. Raises ValueError
    for an empty key.
    """

    daemon_threads = True

    def __init__(
        self,
        key: str,
        pages: Pages,
        read: Callable[[bytes], dict[str, Any]],
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        address: tuple[str, int] = (HOST, 0),
    ) -> None:
        if not key:
            raise ValueError("expected a key, found an empty one")
        super().__init__(address, _Handler)
        self.key = key
        self.pages = pages
        self.wall_clock = wall_clock
        self.read = read
        self.places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._clock = clock
        self._lock = threading.Lock()
        self._next_s = float("-inf")

    def take_turn(self) -> bool:
        """Whether a frame may be read now: they come at most ``1 / LEAST_GAP_S`` times a second."""
        with self._lock:
            now_s = self._clock()
            if now_s < self._next_s:
                return False
            self._next_s = now_s + LEAST_GAP_S
            return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves in the middle is no news; what else goes wrong is one line without what was sent."""
        error = sys.exception()
        if not isinstance(error, OSError):
            print(f"classmood: the reader of the try-out failed: {type(error).__name__}", file=sys.stderr, flush=True)


class _Handler(BaseHTTPRequestHandler):
    server: ReaderServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Classmood", ""
    timeout = SOCKET_PATIENCE_S

    def do_OPTIONS(self) -> None:
        """A browser asks before it sends a frame; other sites are not answered in a way that lets them."""
        if not self._is_from_the_page():
            self._turn_away()
            return
        self.send_response(HTTPStatus.NO_CONTENT)
        self._allow()
        self.send_header("Access-Control-Allow-Methods", "POST")
        self.send_header("Access-Control-Allow-Headers", "authorization, content-type")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """Read a frame."""
        ticket = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not (self._is_from_the_page() and tickets.is_ours(self.server.key, ticket)):
            self._turn_away()
            return
        if tickets.is_over(ticket, self.server.wall_clock()):
            self.close_connection = True
            self._answer(HTTPStatus.UNAUTHORIZED, {"error": "An hour is over: start the camera again."})
            return
        if not self.server.places.acquire(blocking=False):
            self._answer(HTTPStatus.TOO_MANY_REQUESTS, {"error": "expected one frame at a time, found more; wait"})
            return
        try:
            self._answer(HTTPStatus.OK, self._read())
        except Refused as error:
            self._answer(error.status, {"error": str(error)})
        finally:
            self.server.places.release()

    def _read(self) -> dict[str, Any]:
        data = self._body()
        if self.path != PATH:
            raise Refused(HTTPStatus.NOT_FOUND, f"expected {PATH}, found another address")
        if not self.server.take_turn():
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "expected at most ten frames a second, found more; send fewer")
        try:
            return self.server.read(data)
        except NotAPicture as error:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error)) from None
        except ModelError as error:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None
        except ClassmoodError as error:
            raise Refused(HTTPStatus.CONFLICT, str(error)) from None

    def _body(self) -> bytes:
        text = self.headers.get("Content-Length", "")
        if not (text.isascii() and text.isdigit()):
            self.close_connection = True
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "expected the length of the picture, found none")
        length = int(text)
        if length > MAX_BYTES:
            self.close_connection = True
            if length <= DRAINED_BYTES:
                self.rfile.read(length)
            found = (
                f"expected a picture of at most {MAX_BYTES // 1000} kB, found {length // 1000} kB; send a smaller one"
            )
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, found)
        return self.rfile.read(length)

    def _is_from_the_page(self) -> bool:
        pages, port = self.server.pages, self.server.server_address[1]
        return pages.are_asked_as(self.headers.get("Host", ""), port) and self.headers.get("Origin") in pages.origins

    def _turn_away(self) -> None:
        """Nothing for strangers: no word, no header that lets another site read even that."""
        self.send_error(HTTPStatus.FORBIDDEN)

    def _allow(self) -> None:
        self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
        self.send_header("Vary", "Origin")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")

    def _answer(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self._allow()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no request of the page gets a number and not a word."""
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing that is asked here is written anywhere."""


def main() -> None:
    """Serve until the process that started this one is gone.

    Its arguments are the port of the pages on this machine, or https://NAME, the address and the port of ``Front``.
    """
    settings = config.load(config.chosen_file())
    place, *address = sys.argv[1:]
    pages = Pages.behind(place) if address else Pages.here(int(place))
    where = (address[0], int(address[1])) if address else (HOST, 0)
    server = ReaderServer(os.environ.pop(KEY_VARIABLE, ""), pages, FaceReader(settings).read, address=where)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    print(READY, server.server_address[1], flush=True)
    server.serve_forever(poll_interval=SELDOM_S)


def _end_with_parent() -> None:
    while os.read(0, 1024):  # not sys.stdin: its lock would block the interpreter's end
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
