"""A real PostgreSQL for the tests: the system's own, started in a folder that goes with them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

SYSTEM_FOLDERS = "/usr/lib/postgresql/*/bin"
"""Where Debian keeps the server's programs, outside the path."""


def program(name: str) -> Path | None:
    """Where one of PostgreSQL's programs is; None where it is not installed."""
    newest = max(map(str, Path("/").glob(f"{SYSTEM_FOLDERS[1:]}/{name}")), default=shutil.which(name))
    return Path(newest) if newest else None


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
