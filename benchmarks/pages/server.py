"""The pages' server in a process of its own, at a time that the benchmark sets."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import psutil

from config import Settings

TOKEN = "token-of-the-benchmark"
PATIENCE_S = 60.0
"""A busy machine takes a while to load the libraries of the pages."""


@dataclass(frozen=True, slots=True)
class Pages:
    """A running server: where it is, its process, and the clock that it looks at (UNIX seconds)."""

    address: str
    process: psutil.Process
    clock: Any

    @property
    def memory_mb(self) -> float:
        """Memory that the server holds, in megabytes."""
        return self.process.memory_info().rss / 1e6


@contextmanager
def serving(url: str, refresh_s: float, now: float, config_file: Path | None = None) -> Iterator[Pages]:
    """The pages over a database for as long as the block lasts.

    With a configuration of their own, which then says how often they ask, they read frames of the page Try, too.
    """
    context = multiprocessing.get_context("spawn")
    clock, (ours, theirs) = context.Value("d", now), context.Pipe()
    process = context.Process(
        target=_serve, args=(url, refresh_s, clock, theirs, config_file), daemon=config_file is None
    )
    process.start()
    try:
        if not ours.poll(PATIENCE_S):
            raise RuntimeError(f"expected the pages within {PATIENCE_S:g} s, found nothing")
        yield Pages(f"http://127.0.0.1:{ours.recv()}/?token={TOKEN}", psutil.Process(process.pid), clock)
    finally:
        process.terminate()
        process.join()


def _serve(
    url: str, refresh_s: float, clock: Synchronized[float], answer: Connection, config_file: Path | None
) -> None:
    import cli
    import config
    from dashboard.app import ALONE, bind, create_app
    from dashboard.desk.surroundings import Door, Surroundings
    from db.engine import open_store
    from tryout.process import ReaderProcess

    own = Settings.model_validate({"dashboard": {"refresh_s": refresh_s}})
    settings = config.load(config_file) if config_file else own
    with ReaderProcess(cli.companion) as reader:
        around = ALONE
        if config_file:
            around = Surroundings(config_file, cli.check_machine, lambda port: Door(*reader.open(port)))
        app = create_app(open_store(url, write=False), settings, TOKEN, lambda: clock.value, surroundings=around)
        server = bind(app, "127.0.0.1", 0)
        answer.send(server.effective_port)
        server.run()
