"""What a teacher does on the live page: each wish becomes one short transaction, or a question to the capture."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from dashboard.components import plain_line
from dashboard.live import glance
from dashboard.live.recent import Feed
from db import commands, queries, remarks
from db.corrections import Correction
from db.engine import writable
from domain import ClassmoodError, StoreError

TEXT_LENGTH = 200
"""Characters of a note, a reason or a name: a line or two; more would fill the chart and every answer."""

PUT_ASIDE = {"wrong": "Put aside: it is not so.", "known": "Put aside: you know why.", "not_now": "Asked again later."}
"""What is said when a prompt was put aside."""

Outcome = dict[str, Any]
"""``done`` (words) or ``error`` (words); ``waiting`` is the number of a command that the capture has yet to answer, and
``marker`` the number of a marker that can be taken back."""


def act(feed: Feed, wish: dict[str, Any]) -> Outcome:
    """Do what the page asks: ``do`` names it, ``session`` the class that the page showed, the rest is the wish's own.

    Wishes: pause, resume, end; mode (mode); mark (kind, text), unmark (marker); dismiss (flag, why, note); rename
    (student, name); merge (student, target). What cannot be done comes back as an error in words.
    """
    try:
        with writable(feed.engine) as engine:
            return _DEEDS[wish["do"]](engine, wish, feed.clock())
    except ClassmoodError as error:
        return {"error": str(error)}
    except (KeyError, TypeError, ValueError) as error:
        return {"error": f"expected something that this page can do, found {plain_line(str(error))}: reload the page"}


def _steer(engine: Engine, wish: dict[str, Any], now: float) -> Outcome:
    """Ask a running capture; the class that is meant is named, so that the next one is not ended by an old page."""
    kind = wish["do"]
    status = queries.capture_status(engine)
    if status is None or not status.is_alive(now):
        raise StoreError("expected a running capture, found none: start it with python3 classmood.py run")
    session = wish["session"] if kind in ("end", "mode") else None
    payload = {"mode": wish["mode"]} if kind == "mode" else {}
    return {"waiting": commands.ask(engine, kind, payload, now, session)}


def _mark(engine: Engine, wish: dict[str, Any], now: float) -> Outcome:
    text = plain_line(wish["text"], TEXT_LENGTH)
    marker = remarks.mark(engine, wish["session"], wish["kind"], text, now, now)
    return {"done": f"{text or glance.MARKER_WORDS[wish['kind']]} · {glance.clock_time(now)[:5]}", "marker": marker}


def _unmark(engine: Engine, wish: dict[str, Any], now: float) -> Outcome:
    remarks.remove_marker(engine, wish["marker"], now)
    return {"done": "The marker is taken away."}


def _dismiss(engine: Engine, wish: dict[str, Any], now: float) -> Outcome:
    note = plain_line(wish.get("note"), TEXT_LENGTH)
    remarks.dismiss(engine, wish["flag"], wish["why"], note or None, now)
    return {"done": PUT_ASIDE[wish["why"]]}


def _rename(engine: Engine, wish: dict[str, Any], now: float) -> Outcome:
    name = plain_line(wish["name"], TEXT_LENGTH)
    if not name:
        raise StoreError("expected a name, found none: type how the student is called")
    return _correct(engine, wish, Correction("rename", wish["student"], name=name), f"Called {name} from now on.", now)


def _merge(engine: Engine, wish: dict[str, Any], now: float) -> Outcome:
    correction = Correction("merge", wish["student"], target=wish["target"])
    return _correct(engine, wish, correction, "Counted as one student from now on.", now)


def _correct(engine: Engine, wish: dict[str, Any], correction: Correction, done: str, now: float) -> Outcome:
    number = commands.correct_or_ask(engine, wish["session"], correction, now)
    return {"done": done} if number is None else {"waiting": number}


_DEEDS = {
    **dict.fromkeys(("pause", "resume", "end", "mode"), _steer),
    "mark": _mark,
    "unmark": _unmark,
    "dismiss": _dismiss,
    "rename": _rename,
    "merge": _merge,
}
