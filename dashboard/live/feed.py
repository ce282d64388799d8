"""What the live page is told: the store's numbers as the few parts that a browser shows, and what changed in them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from config import Settings
from dashboard import components, figures, glance, theme
from dashboard.news import News, Parts
from db import queries
from db.engine import is_held, why_unwritable
from db.queries import MOMENT_COLUMNS, LiveNews, SessionSummary, TileView
from db.status import CaptureStatus
from domain import EMOTIONS, Coverage, Emotion, StoreError

RELOAD_AFTER_BINS = 40
"""More new bars than this (a tab that slept, a connection that was lost) are drawn afresh rather than added."""

PERCENT_STEP = 10
"""A tile's probability is told in tens: finer is not known, and it would send every tile every second."""

EMPTY = pd.DataFrame(columns=["at_ms", *figures.MEASURES])
"""No rows."""

NOT_CURRENT_WORDS = {"paused": "Paused", "ended": "Class over", "stopped": "Class over"}
"""What stands in place of the mood while there are no present numbers, by the kind of situation."""

BACK_S = glance.TREND_WINDOW_S + glance.TREND_BASIS_S
"""How far back each answer looks."""


class LastMinutes:
    """The newest moments of the class, kept from tick to tick so that each asks the store only for what is new.

    Safe to share between the server's threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: int | None = None
        self._rows = np.empty((0, len(MOMENT_COLUMNS)))

    def look(self, engine: Engine, now: float) -> tuple[LiveNews, np.ndarray]:
        """What is new in the store, and all moments of its latest session that are not older than ``BACK_S``.

        Rows are those of `LiveNews.moments`. Raises StoreError when the store cannot be read.
        """
        oldest_ms = round((now - BACK_S) * 1000)
        with self._lock:
            newest_ms = int(self._rows[-1, 0]) if len(self._rows) else oldest_ms
            if newest_ms > now * 1000:  # the clock was set back: what comes now has earlier times
                self._session = None
            news = queries.live_news(engine, self._session, max(newest_ms, oldest_ms), oldest_ms)
            latest = None if news.session is None else news.session.id
            kept = self._rows if latest == self._session else self._rows[:0]
            rows = np.concatenate([kept, news.moments])
            self._session, self._rows = latest, rows[rows[:, 0] > oldest_ms]
            return news, self._rows


@dataclass(frozen=True, slots=True)
class Feed:
    """Where the page's numbers come from: the store, the settings and the clock."""

    engine: Engine
    settings: Settings
    clock: Callable[[], float]
    last_minutes: LastMinutes = field(default_factory=LastMinutes)

    @property
    def presence_only(self) -> bool:
        return self.settings.privacy.mode == "presence_only"


def whats_new(feed: Feed, news: News, cursor: str | None, drawn: dict | None) -> dict[str, Any]:
    """The answer to one tick: the parts that changed since the answer named cursor, and new bars of the chart.

    ``drawn`` says what the browser's chart shows (see `drawing`). ``reload`` True asks it to draw the chart afresh.
    """
    now = feed.clock()
    try:
        told, moments = feed.last_minutes.look(feed.engine, now)
        situation = glance.situation(told.status, told.session, now, _why_silent(feed, told.status, now))
        recent = Recent(moments, now)
        parts = _parts(feed, told, situation, recent)
        answer = news.since(cursor, parts) | {"now": round(now * 1000)}
        return answer | _chart_news(feed, told.session, recent, drawn)
    except StoreError as error:
        situation = glance.Situation("store", "bad", "The class cannot be read", str(error), empty=True)
        return news.since(cursor, {"situation": asdict(situation)}) | {"now": round(now * 1000)}


class Recent:
    """The class over the last minutes: means by age in seconds, from rows of ``MOMENT_COLUMNS``."""

    def __init__(self, moments: np.ndarray, now: float) -> None:
        column = dict(zip(MOMENT_COLUMNS, moments.T, strict=True))
        self.at_ms, self._seen, self._present = column["at_ms"], column["seen"], column["present"]
        self._valence = column["valence"]
        self._age_s = now - self.at_ms / 1000
        self._shares = moments[:, -len(EMOTIONS) :]

    def valence(self, since_s: float, until_s: float = 0.0) -> float | None:
        """Mean valence of the rows between two ages; None where none has one."""
        values = self._valence[(self._age_s < since_s) & (self._age_s >= until_s)]
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else None

    def shares(self, since_s: float) -> dict[Emotion, float] | None:
        """Mean probabilities of the rows younger than this; None where none has one."""
        rows = self._shares[(self._age_s < since_s) & ~np.isnan(self._valence)]
        return dict(zip(EMOTIONS, rows.mean(axis=0).tolist(), strict=True)) if len(rows) else None

    def coverage(self, since_s: float) -> Coverage | None:
        """That of the newest row, unless it is older than this."""
        if not len(self._age_s) or self._age_s[-1] >= since_s:
            return None
        return Coverage(int(self._seen[-1]), int(self._present[-1]))

    def last_read_ms(self) -> int | None:
        """When a face was last read."""
        read = self.at_ms[self._seen > 0]
        return int(read[-1]) if len(read) else None


def _why_silent(feed: Feed, status: CaptureStatus | None, now: float) -> str | None:
    """Why a capture that is there does not write, in one line; None when it writes, or is not there."""
    if status is None or status.state == "stopped" or status.is_alive(now):
        return None
    return why_unwritable(feed.engine) if is_held(feed.engine) else None


def _parts(feed: Feed, told: LiveNews, situation: glance.Situation, recent: Recent) -> Parts:
    parts: Parts = {"situation": asdict(situation), "presence": feed.presence_only}
    session = told.session
    if told.status is not None and situation.kind not in ("stopped", "lost", "unwritten", "never"):
        parts["health"] = _health(feed, told.status, recent)
    if session is None or situation.empty:
        return parts
    tiles = told.tiles.tiles
    coverage = recent.coverage(glance.MOOD_WINDOW_S)
    parts["session"] = {
        "title": session.title or "Class",
        "simulated": session.simulated,
        "since": glance.clock_time(session.started_at)[:5],
    }
    parts["seen"] = [coverage.seen, coverage.present] if coverage else None
    parts["counts"] = _counts(feed, tiles, coverage)
    return parts | _mood(feed, situation, recent, coverage or Coverage(0, 0)) | _chips(feed, tiles)


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


def _chips(feed: Feed, tiles: Sequence[TileView]) -> Parts:
    """The tile map: one part a tile, as `fillTile` in assets/live.js takes it, and the rows and half columns."""
    places = mosaic([tile.box for tile in tiles])
    parts: Parts = {
        "grid": [max((place[axis] for place in places), default=0) + size for axis, size in ((0, 1), (1, 2))]
    }
    for tile, (row, column) in zip(tiles, places, strict=True):
        kind, word = _look(feed, tile)
        reading = tile.probability if kind == tile.emotion else None
        percent = None if reading is None else round(reading * 100 / PERCENT_STEP) * PERCENT_STEP
        name = "Not yet known" if tile.number is None else components.plain_name(tile.name, tile.number)
        key = f"tile-{tile.slot}" if tile.number is None else f"student-{tile.number}"
        parts[key] = [tile.slot, name, kind, word, percent, row, column, int(tile.staff)]
    return parts


def _look(feed: Feed, tile: TileView) -> tuple[str, str]:
    if tile.camera == "on" and feed.presence_only:
        return "on", "Camera on"
    if tile.camera == "on" and tile.emotion is not None:
        return tile.emotion, theme.EMOTION_WORDS[tile.emotion]
    return tile.camera, theme.CAMERA_WORDS[tile.camera]


def mosaic(boxes: Sequence[tuple[float, float, float, float]]) -> list[tuple[int, int]]:
    """Row and half column, both from 0, of boxes in reading order.

    Half columns, because a gallery centres its last row, which may set it off by half a tile.
    """
    places: list[tuple[int, int]] = []
    if not boxes:
        return places
    lefts = sorted({round(box[0], 3) for box in boxes})
    width = median(box[2] - box[0] for box in boxes)
    steps = [right - left for left, right in pairwise(lefts) if right - left > width / 4]
    pitch = width if not steps else min((step for step in steps if step > width * 0.8), default=2 * min(steps))
    row, middle = -1, float("-inf")
    for left, top, _, bottom in boxes:
        if top > middle:  # below the middle of the row before
            row, middle = row + 1, (top + bottom) / 2
        places.append((row, round(2 * left / pitch)))
    return places


def drawing(feed: Feed, minutes: str, scheme: theme.Scheme) -> tuple[Any, dict[str, Any]]:
    """The chart afresh, and what it shows: session, minutes, length of a bar and the start of the last one."""
    bins, bin_s, session = chart_bins(feed, minutes)
    figure = figures.mood(bins, bin_s, scheme)
    started_at = session.started_at if session else feed.clock()
    figure.update_xaxes(range=_shown(bins, bin_s, minutes, started_at))
    last = None if bins.empty else int(bins["at_ms"].iloc[-1])
    drawn = {"session": session.id if session else None, "minutes": minutes, "bin_s": bin_s, "after": last}
    return figure, drawn


def chart_bins(feed: Feed, minutes: str) -> tuple[pd.DataFrame, float, SessionSummary | None]:
    """What the chart shows: its bins, the seconds that one spans, and the session; empty before the first reading."""
    try:
        session = queries.latest_session(feed.engine)
        span = queries.session_span(feed.engine, session.id) if session else None
        if session is None or span is None:
            return EMPTY, 1.0, session
        bin_s = _bin_s(feed, minutes, session, span)
        after_ms = -1 if minutes == "all" else span[1] - int(minutes) * 60_000
        moments = queries.class_moments(feed.engine, session.id, after_ms=after_ms, limit=_limit(feed, minutes))
    except StoreError:  # the ticks say so, in one line on the page
        return EMPTY, 1.0, None
    if session.ended_at is None:
        moments = _closed(moments, bin_s)
    return figures.binned(moments, bin_s), bin_s, session


def _bin_s(feed: Feed, minutes: str, session: SessionSummary, span: tuple[int, int]) -> float:
    duration_s = span[1] / 1000 - session.started_at
    return figures.bin_length_s(None if minutes == "all" else int(minutes), duration_s, feed.settings.capture.rate_hz)


def _limit(feed: Feed, minutes: str) -> int:
    """Every frame of the last minutes; for a whole class the store's own averages are fine enough."""
    if minutes == "all":
        return queries.MOMENTS_LIMIT
    return round(int(minutes) * 60 * feed.settings.capture.rate_hz * 2)


def _closed(moments: pd.DataFrame, bin_s: float) -> pd.DataFrame:
    """Without the last bin, which still grows: the newest moment's."""
    if moments.empty:
        return moments
    width_ms = round(bin_s * 1000)
    return moments.loc[moments["at_ms"] < moments["at_ms"].iloc[-1] // width_ms * width_ms, :]


def _shown(bins: pd.DataFrame, bin_s: float, minutes: str, started_at: float) -> list[int]:
    until = started_at if bins.empty else float(bins["at_ms"].iloc[-1]) / 1000 + bin_s
    return figures.shown_range(bins, bin_s, None if minutes == "all" else int(minutes), started_at, until)


def _chart_news(feed: Feed, session: SessionSummary | None, recent: Recent, drawn: dict | None) -> dict[str, Any]:
    """Bars that closed since the chart was drawn, or the wish to draw it afresh."""
    if not drawn:
        return {}
    bin_s, after_ms = drawn["bin_s"], drawn["after"]
    if session is None or drawn["session"] != session.id or after_ms is None:
        span = queries.session_span(feed.engine, session.id) if session else None
        return {"reload": True} if span and span[1] - span[0] >= 2000 * bin_s else {}  # one bar is complete by then
    width_ms = round(bin_s * 1000)
    if not len(recent.at_ms) or recent.at_ms[-1] < after_ms + 2 * width_ms:
        return {}
    moments = queries.class_moments(feed.engine, session.id, after_ms=after_ms + width_ms - 1)
    if len(moments) and int(moments["at_ms"].iloc[-1]) - after_ms > RELOAD_AFTER_BINS * width_ms:
        return {"reload": True}
    bins = figures.binned(_closed(moments, bin_s), bin_s, after_ms)
    if bins.empty:
        return {}
    span = (after_ms, int(bins["at_ms"].iloc[-1]))
    if _bin_s(feed, drawn["minutes"], session, span) != bin_s:
        return {"reload": True}
    shown = _shown(bins, bin_s, drawn["minutes"], session.started_at)
    added = {"drawn": drawn | {"after": span[1]}, "range": shown}
    return {"points": figures.points(bins, bin_s) | added}
