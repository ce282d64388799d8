"""The charts of the live page: drawn afresh when asked, and otherwise fed with the bars that have closed since."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard import figures, theme
from dashboard.live import glance
from dashboard.live.recent import Feed, Recent
from db import queries
from db.queries import LiveNews, MarkerView, SessionSummary
from domain import StoreError

RELOAD_AFTER_BINS = 40
"""More new bars than this (a tab that slept, a connection that was lost) are drawn afresh rather than added."""

EMPTY = pd.DataFrame(columns=["at_ms", *figures.MEASURES])
"""No rows."""


def drawing(feed: Feed, minutes: str, scheme: theme.Scheme) -> tuple[Any, dict[str, Any]]:
    """The chart afresh, and what it shows.

    That is the session, minutes, length of a bar, start of the last one, and which markers: see `LiveNews.markers`.
    """
    bins, bin_s, session = chart_bins(feed, minutes)
    marks = _marks(feed, session)
    figure = figures.mood(bins, bin_s, scheme)
    shown = _shown(bins, bin_s, minutes, session.started_at if session else feed.clock())
    figures.marked(figure, [(mark.at, glance.marker_words(mark)) for mark in marks], shown, scheme)
    figure.update_xaxes(range=shown)
    return figure, {
        "session": session.id if session else None,
        "minutes": minutes,
        "bin_s": bin_s,
        "after": None if bins.empty else int(bins["at_ms"].iloc[-1]),
        "marks": [len(marks), max((mark.id for mark in marks), default=0)],
    }


def _marks(feed: Feed, session: SessionSummary | None) -> list[MarkerView]:
    try:
        return queries.markers(feed.engine, session.id) if session else []
    except StoreError:  # the ticks say so
        return []


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


def chart_news(feed: Feed, told: LiveNews, recent: Recent, drawn: dict | None) -> dict[str, Any]:
    """Bars that closed since the chart was drawn, or the wish to draw it afresh."""
    if not drawn:
        return {}
    session, bin_s, after_ms = told.session, drawn["bin_s"], drawn["after"]
    if session is None or drawn["session"] != session.id or after_ms is None:
        span = queries.session_span(feed.engine, session.id) if session else None
        return {"reload": True} if span and span[1] - span[0] >= 2000 * bin_s else {}  # one bar is complete by then
    if drawn["marks"] != list(told.markers):
        return {"reload": True}
    return _new_bars(feed, session, recent, drawn)


def _new_bars(feed: Feed, session: SessionSummary, recent: Recent, drawn: dict) -> dict[str, Any]:
    bin_s, after_ms = drawn["bin_s"], drawn["after"]
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
