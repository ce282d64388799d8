"""A real PostgreSQL for the tests: the system's own, started in a folder that goes with them."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

SYSTEM_FOLDERS = "/usr/lib/postgresql/*/bin"
"""Where Debian keeps the server's programs, outside the path."""


def program(name: str) -> Path | None:
    """Where one of PostgreSQL's programs is; None where it is not installed."""
    newest = max(map(str, Path("/").glob(f"{SYSTEM_FOLDERS[1:]}/{name}")), default=shutil.which(name))
    return Path(newest) if newest else None


LOOK_S = 0.05
"""How often an idle cable looks whether it was pulled out."""


class SchoolServer:
    """A running server; every database on it is new and empty."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._numbers = count(1)
        self._master = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")

    def url(self, database: str, user: str = "school", password: str = "") -> str:
        """The address of a database."""
        login = f"{user}:{password}" if password else user
        return f"postgresql+psycopg://{login}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database; gives its address."""
        name = f"school_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def run(self, statement: str) -> None:
        """Run one statement as the server's master."""
        with self._master.connect() as connection:
            connection.execute(text(statement))

    def close(self) -> None:
        """Let go of the server."""
        self._master.dispose()


class Cable:
    """What the network is between a program and a server: it can be pulled out, just when something goes through.

    ``port`` is where the server seems to be. Once it is out, nobody gets through until ``plug_in``.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._out = threading.Event()
        self._words, self._after, self._left, self._delivered = b"", b"", 0, False
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def pull_at(self, words: str, after: str, nth: int, delivered: bool = False) -> None:
        """Be out when a program says ``words`` with or after the nth ``after``: before the server hears them, or
        (``delivered``) when it has done what they ask, so that its answer is lost."""
        self._words, self._after, self._left, self._delivered = words.encode(), after.encode(), nth, delivered

    def pull_out(self) -> None:
        """Let nothing through any more, from the next byte on."""
        self._out.set()

    def plug_in(self) -> None:
        """Let everything through again."""
        self._words = b""
        self._out.clear()

    def close(self) -> None:
        """End all that hangs on it."""
        self._out.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._carry, args=(client,)))
                self._threads[-1].start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._server_port)) as server:
            while not self._out.is_set():
                for end in select.select([client, server], [], [], LOOK_S)[0]:
                    said = end.recv(65536)
                    if not said or self._out.is_set() or (end is client and self._is_pulled_by(said, server)):
                        return
                    (server if end is client else client).sendall(said)

    def _is_pulled_by(self, said: bytes, server: socket.socket) -> bool:
        self._left -= self._after in said
        if not self._words or self._words not in said or self._left > 0:
            return False
        if self._delivered:
            server.sendall(said)
            server.recv(65536)
        self._out.set()
        return True


@contextmanager
def running() -> Iterator[SchoolServer]:
    """A server for as long as the block lasts; its data are written nowhere but in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="classmood-school-") as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        folder, user = Path(name), None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = "nobody"
            shutil.chown(folder, user)
        data = folder / "data"
        _run(user, program("initdb"), "-D", data, "-U", "school", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        _run(user, program("pg_ctl"), "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        server = SchoolServer(port)
        try:
            yield server
        finally:
            server.close()
            _run(user, program("pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")


def _run(user: str | None, *words: object) -> None:
    command = [str(word) for word in words]
    done = subprocess.run(
        command, user=user, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
