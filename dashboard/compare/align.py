"""Sessions laid side by side: their minutes on one axis, by clock, from the start, by share or around a marker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import Engine

from dashboard.report import Frame
from dashboard.report.account import MINUTE_MS, spoken_for
from dashboard.report.figures import with_holes
from db import queries
from db.queries import FEWEST_STUDENTS, MarkerView

WAYS = {"start": "From the start", "clock": "By clock", "share": "By share", "marker": "Around a marker"}
"""How sessions are aligned."""

UNITS = {
    "start": "minutes from the start",
    "clock": "",
    "share": "% of the lesson",
    "marker": "minutes from the marker",
}

SHARE_STEP = 5.0
"""Percent of a lesson that one point spans."""

FEWEST, MOST = 2, 6
"""Sessions side by side: more lines than six cannot be told apart."""


def side_by_side(engine: Engine, sessions: Frame, way: str, marker: str | None = None) -> Frame:
    """The minutes of sessions (rows of `dashboard.compare.choice.described`) on one axis.

    Columns: session, x (minutes; for "clock" minutes of the day, for "share" percent), valence, attention, coverage,
    seen, present. Where fewer than five were seen there are no values. Sessions without the marker are left out.
    """
    minutes = discreet(queries.class_minutes(engine, [int(number) for number in sessions["id"]]))
    parts = []
    for session in sessions.itertuples():
        own = with_holes(minutes[minutes["session_id"] == session.id])
        at = (own["at_ms"] + MINUTE_MS / 2) / 1000
        parts.append(own.assign(session=int(session.id), x=_placed(engine, at, session, way, marker)))
    placed: Frame = pd.concat(parts, ignore_index=True).dropna(subset=["x"])
    return _by_share(placed) if way == "share" else placed


def discreet(minutes: Frame) -> Frame:
    """Minutes of the class without any in which a number would be about fewer than five students."""
    told = spoken_for(minutes)
    told.loc[~(told["seen"] >= FEWEST_STUDENTS), ["valence", "coverage", "seen"]] = float("nan")
    told.loc[~(told["judged"] >= FEWEST_STUDENTS), "attention"] = float("nan")
    return told


def _placed(engine: Engine, at: Frame, session: Frame, way: str, marker: str | None) -> Frame:
    if way == "clock":
        midnight = datetime.fromtimestamp(session.started_at).replace(hour=0, minute=0, second=0, microsecond=0)
        return (at - midnight.timestamp()) / 60
    if way == "share":
        return (at - session.started_at) / max(60.0, session.ended_at - session.started_at) * 100
    if way == "marker":
        found = [one.at for one in queries.markers(engine, int(session.id)) if name_of(one) == marker]
        return (at - found[0]) / 60 if found else float("nan")
    return (at - session.started_at) / 60


def _by_share(placed: Frame) -> Frame:
    step = (placed["x"].clip(0, 100 - 1e-9) // SHARE_STEP + 0.5) * SHARE_STEP
    measures = ["valence", "attention", "coverage", "seen", "present"]
    return placed.groupby([placed["session"], step.rename("x")])[measures].mean().reset_index()


def name_of(marker: MarkerView) -> str:
    """What a marker is found by in several sessions: kind and text, small and large letters alike."""
    return f"{marker.kind}: {' '.join(marker.text.split()).casefold()}"


def common_markers(markers: Mapping[int, Sequence[MarkerView]]) -> list[str]:
    """Markers that at least two of these sessions have, in the order of their names."""
    names = [set(map(name_of, found)) for found in markers.values()]
    return sorted(name for name in set().union(*names) if sum(name in one for one in names) > 1)
