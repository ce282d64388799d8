"""What is usual for a course: how its other classes went along the lesson, for one class to be held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from dashboard.report import Frame
from db import queries
from db.queries import SessionSummary

FEWEST_SESSIONS = 3
"""Fewer other classes do not make a "usual"."""

MOST_SESSIONS = 20
"""The latest so many classes count: about half a year of a weekly course, and quick to read."""

STEPS = 20
"""Twentieths of a lesson: three minutes of an hour, finer than lessons repeat themselves."""

LOWER, UPPER = 25, 75
"""Percentiles between which half of the classes lie: what is called usual."""


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """The course's other classes: how many, and the band in which half of them lie.

    ``along`` has ``STEPS`` rows, by share of the lesson: low, middle and high of the valence (-1 to 1), NaN where fewer
    than ``FEWEST_SESSIONS`` were read. ``valence``, ``attention`` and ``coverage`` are low, middle and high over whole
    classes, None where there are too few.
    """

    course: str
    sessions: int
    along: Frame
    valence: tuple[float, float, float] | None
    attention: tuple[float, float, float] | None
    coverage: tuple[float, float, float] | None


def usual_of(engine: Engine, session: SessionSummary) -> Usual | None:
    """What is usual for the course of a session, itself left out; None where too few may be compared.

    Drawn classes, running ones and those of fewer than five students never count (`db.queries.comparable_sessions`).
    """
    if session.simulated or not session.title:
        return None
    others: Frame = queries.comparable_sessions(engine, course=session.title)
    others = others[others["id"] != session.id].tail(MOST_SESSIONS)
    if len(others) < FEWEST_SESSIONS:
        return None
    minutes = queries.class_minutes(engine, [int(number) for number in others["id"]])
    return Usual(
        session.title,
        len(others),
        _band(by_share(minutes, others)),
        *(_spread(others[name].to_numpy(dtype=float)) for name in ("valence", "attention", "coverage")),
    )


def by_share(minutes: Frame, sessions: Frame) -> np.ndarray:
    """Valence by session and twentieth of its lesson, (sessions, STEPS); NaN where nothing was read."""
    placed = minutes.merge(sessions[["id", "started_at", "ended_at"]], left_on="session_id", right_on="id")
    length = (placed["ended_at"] - placed["started_at"]).clip(lower=1.0)
    share = ((placed["at_ms"] / 1000 + 30 - placed["started_at"]) / length).clip(0, 1 - 1e-9)
    means: Frame = placed.groupby([placed["session_id"], (share * STEPS).astype(int)])["valence"].mean().unstack()
    return means.reindex(index=sessions["id"], columns=range(STEPS)).to_numpy(dtype=float)


def _band(values: np.ndarray) -> Frame:
    enough = (~np.isnan(values)).sum(axis=0) >= FEWEST_SESSIONS
    band = np.full((STEPS, 3), np.nan)
    if enough.any():
        band[enough] = np.nanpercentile(values[:, enough], [LOWER, 50, UPPER], axis=0).T
    return pd.DataFrame(band, columns=["low", "middle", "high"])


def _spread(values: np.ndarray) -> tuple[float, float, float] | None:
    known = values[~np.isnan(values)]
    if len(known) < FEWEST_SESSIONS:
        return None
    low, middle, high = np.percentile(known, [LOWER, 50, UPPER])
    return float(low), float(middle), float(high)
