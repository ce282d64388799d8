"""What the live page is told: the store's numbers as the few parts that a browser shows, and what changed in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from dashboard import theme
from dashboard.live import glance
from dashboard.live.chart import chart_news
from dashboard.live.news import News, Parts
from dashboard.live.prompts import prompt_parts
from dashboard.live.recent import BACK_S, Feed, Recent
from dashboard.live.tiles import tile_parts
from db.engine import is_held, why_unwritable
from db.queries import LiveNews, TileView
from db.status import CaptureStatus
from domain import Coverage, StoreError

NOT_CURRENT_WORDS = {"paused": "Paused", "ended": "Class over", "stopped": "Class over"}
"""What stands in place of the mood while there are no present numbers, by the kind of situation."""

DEAF = ("stopped", "lost", "unwritten", "never")
"""Kinds of situation in which no capture is there to obey or to be well."""


def whats_new(
    feed: Feed, news: News, cursor: str | None, drawn: dict | None, asked: Collection[int] = ()
) -> dict[str, Any]:
    """The answer to one tick: the parts that changed since the answer named cursor, and new bars of the chart.

    ``drawn`` says what the browser's chart shows (see `drawing`), ``asked`` which commands it waits for: ``answers``
    says of each that was answered why it was not obeyed, or None. ``reload`` True asks to draw the chart afresh.
    """
    now = feed.clock()
    try:
        told, moments = feed.last_minutes.look(feed.engine, now, asked)
        situation = glance.situation(told.status, told.session, now, _why_silent(feed, told.status, now))
        recent = Recent(moments, now)
        parts = _parts(feed, told, situation, recent)
        answer = news.since(cursor, parts) | {"now": round(now * 1000)}
        if told.answers:
            answer["answers"] = [list(one) for one in told.answers.items()]
        return answer | chart_news(feed, told, recent, drawn)
    except StoreError as error:
        words = f"{str(error)[:1].upper()}{str(error)[1:]}."
        situation = glance.Situation("store", "bad", "The class cannot be read", words, empty=True)
        return news.since(cursor, {"situation": asdict(situation)}) | {"now": round(now * 1000)}


def _why_silent(feed: Feed, status: CaptureStatus | None, now: float) -> str | None:
    """Why a capture that is there does not write, in one line; None when it writes, or is not there."""
    if status is None or status.state == "stopped" or status.is_alive(now):
        return None
    return why_unwritable(feed.engine) if is_held(feed.engine) else None


def _parts(feed: Feed, told: LiveNews, situation: glance.Situation, recent: Recent) -> Parts:
    parts: Parts = {"situation": asdict(situation), "presence": feed.presence_only}
    session, status = told.session, told.status
    alive = status is not None and situation.kind not in DEAF
    if status is not None and alive:
        parts["health"] = _health(feed, status, recent)
    running = session is not None and session.ended_at is None
    parts["steer"] = [
        session.id if session and running else None,
        int(alive),
        status.mode if status and alive else None,
    ]
    if session is None or situation.empty:
        return parts
    tiles = told.tiles.tiles
    coverage = recent.coverage(glance.MOOD_WINDOW_S) if situation.current else None
    parts["session"] = {
        "id": session.id,
        "title": session.title or "Class",
        "simulated": session.simulated,
        "since": glance.clock_time(session.started_at)[:5],
    }
    parts["seen"] = [coverage.seen, coverage.present] if coverage else None
    parts["counts"] = _counts(feed, tiles, coverage) if situation.current else []
    parts["looking"] = None if feed.presence_only or not situation.current else recent.looking(glance.MOOD_WINDOW_S)
    if running and situation.current:
        parts |= prompt_parts(told.flags, told.names, feed.clock())
    return parts | _mood(feed, situation, recent, coverage or Coverage(0, 0)) | tile_parts(feed, tiles)


def _health(feed: Feed, status: CaptureStatus, recent: Recent) -> dict[str, Any]:
    trouble = glance.trouble(status, feed.settings.capture.rate_hz)
    return {
        "level": "warn" if trouble else "quiet",
        "trouble": trouble or "",
        "fps": None if status.fps is None else round(status.fps, 1),
        "drops": status.drops,
        "cpu": None if status.cpu_percent is None else round(status.cpu_percent),
        "read": recent.last_read_ms(),
    }


def _mood(feed: Feed, situation: glance.Situation, recent: Recent, coverage: Coverage) -> Parts:
    if not situation.current:
        return {"mood": ["Now", NOT_CURRENT_WORDS.get(situation.kind, "Not running"), "none", "", "", ""]}
    if feed.presence_only:
        return {"mood": ["In class", str(coverage.present), "none", "Emotions are switched off.", "", ""]}
    shares = recent.shares(glance.MOOD_WINDOW_S)
    mood = glance.class_mood(recent.valence(glance.MOOD_WINDOW_S), shares, coverage)
    going = None
    if mood.tone != "none":
        before = recent.valence(BACK_S, glance.TREND_WINDOW_S)
        going = glance.trend(recent.valence(glance.TREND_WINDOW_S), before)
    lead = "The class looks" if mood.tone != "none" else "Class mood"
    return {
        "mood": [lead, mood.word, mood.tone, mood.sentence, going or "", glance.TREND_WORDS[going] if going else ""],
        "shares": [round(share * 100) for share in shares.values()] if shares else None,
    }


def _counts(feed: Feed, tiles: Sequence[TileView], coverage: Coverage | None) -> list[str]:
    """Why the rest of the class is not seen: how many tiles show what, and how many are on no tile."""
    students = [tile for tile in tiles if not tile.staff]
    # Where faces are read, those with a camera on are counted as seen.
    unread = Counter(tile.camera for tile in students if feed.presence_only or tile.camera != "on")
    counts = [f"{count} {theme.COUNT_WORDS[camera][count > 1]}" for camera, count in unread.most_common()]
    elsewhere = coverage.present - len(students) if coverage and students else 0
    return [*counts, f"{elsewhere} not on this page"] if elsewhere > 0 else counts
