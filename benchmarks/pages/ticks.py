"""What one tick of the live page costs: processor time of the server and bytes of its answer, through the real app."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask.testing
import numpy as np

from benchmarks.pages.lesson import DrawnLesson
from benchmarks.pages.server import TOKEN
from config import Settings
from dashboard.app import create_app
from db.engine import open_store
from db.status import CaptureStatus
from db.writer import Writer

START_AT = 1_760_000_000.0
BEFORE_S = 900.0
"""How long the class has run when its ticks are measured: the chart is full."""


def measure(folder: Path, students: int, ticks: int, step_s: float, seed: int) -> dict[str, float]:
    """Milliseconds of the processor and bytes of each answer, as medians and 95th percentiles."""
    now = [START_AT]
    cost: list[tuple[float, int]] = []
    with _app(folder, now) as (writer, client):
        lesson, browser = DrawnLesson(students, step_s, seed), _Browser(client)
        writer.start_session("benchmark", "Drawn class", True, START_AT, None)
        for moment in lesson.moments(START_AT, BEFORE_S, START_AT):
            now[0] = moment.taken_at
            writer.write(moment)
        _report(writer)
        browser.draw()
        browser.tick()
        for moment in lesson.moments(START_AT + BEFORE_S, ticks * step_s, START_AT):
            now[0] = moment.taken_at
            writer.write(moment)
            _report(writer)
            cost.append(browser.tick())
    spent, sizes = np.array(cost).T
    figures = {}
    for name, values in (("tick_cpu_ms", spent), ("tick_bytes", sizes)):
        figures |= {f"{name}_median": float(np.median(values)), f"{name}_p95": float(np.percentile(values, 95))}
    return figures


@contextmanager
def _app(folder: Path, now: list[float]) -> Iterator[tuple[Writer, flask.testing.FlaskClient]]:
    url = f"sqlite:///{folder / 'ticks.sqlite'}"
    reading = open_store(url, write=False)
    with Writer(open_store(url, write=True), lambda: now[0]) as writer:
        app = create_app(reading, Settings(), TOKEN, lambda: now[0])
        client = app.server.test_client()
        client.get(f"/?token={TOKEN}", headers=_HERE, environ_overrides=_PORT)
        yield writer, client
    reading.dispose()


_HERE, _PORT = {"Host": "127.0.0.1:8050"}, {"SERVER_PORT": "8050"}


def _report(writer: Writer) -> None:
    writer.status(CaptureStatus("watching", fps=2.0, cpu_percent=20.0))
    writer.flush()


class _Browser:
    """Remembers between ticks what assets/live.js remembers."""

    def __init__(self, client: flask.testing.FlaskClient) -> None:
        self._client = client
        self._cursor: str | None = None
        self._drawn: dict[str, Any] | None = None

    def draw(self) -> None:
        """Ask for the chart."""
        outputs = "..live-chart.figure...live-drawn.data.."
        inputs = [("live-minutes.value", "15"), ("live-reload.data", None), ("live-scheme.data", "light")]
        self._drawn = json.loads(self._post(outputs, inputs, [])[0])["response"]["live-drawn"]["data"]

    def tick(self) -> tuple[float, int]:
        """Ask for news; gives milliseconds of the processor and bytes of the answer."""
        state = [("live-cursor.data", self._cursor), ("live-drawn.data", self._drawn), ("live-waiting.data", None)]
        body, spent_ms = self._post("live-news.data", [("live-interval.n_intervals", 1)], state)
        news = json.loads(body)["response"]["live-news"]["data"]
        self._cursor = news["key"]
        if news.get("reload"):
            self.draw()
        self._drawn = news.get("points", {}).get("drawn", self._drawn)
        return spent_ms, len(body)

    def _post(self, output: str, inputs: list[tuple[str, Any]], state: list[tuple[str, Any]]) -> tuple[bytes, float]:
        outputs = [_property(name) for name in output.strip(".").split("...")]
        asked = {
            "output": output,
            "outputs": outputs if output.startswith("..") else outputs[0],
            "inputs": [_property(name) | {"value": value} for name, value in inputs],
            "changedPropIds": [inputs[0][0]],
            "state": [_property(name) | {"value": value} for name, value in state],
        }
        before = time.process_time()
        answer = self._client.post("/_dash-update-component", json=asked, headers=_HERE, environ_overrides=_PORT)
        spent_ms = (time.process_time() - before) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"expected an answer to {output}, found {answer.status}")
        return answer.data, spent_ms


def _property(name: str) -> dict[str, Any]:
    part, _, kind = name.partition(".")
    return {"id": part, "property": kind}
