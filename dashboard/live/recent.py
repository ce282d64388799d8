"""Where the live page's numbers come from: the store, the clock, and the newest moments, kept from tick to tick."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Engine

from config import Settings
from dashboard.figures import ENOUGH_JUDGED
from dashboard.live import glance
from db import queries
from db.queries import MOMENT_COLUMNS, LiveNews
from domain import EMOTIONS, Coverage, Emotion

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

    def look(self, engine: Engine, now: float, asked: Collection[int] = ()) -> tuple[LiveNews, np.ndarray]:
        """What is new in the store, and all moments of its latest session that are not older than ``BACK_S``.

        Rows are those of `LiveNews.moments`; ``asked`` are commands whose answers are awaited. Raises StoreError when
        the store cannot be read.
        """
        oldest_ms = round((now - BACK_S) * 1000)
        with self._lock:
            newest_ms = int(self._rows[-1, 0]) if len(self._rows) else oldest_ms
            if newest_ms > now * 1000:  # the clock was set back: what comes now has earlier times
                self._session = None
            news = queries.live_news(engine, self._session, max(newest_ms, oldest_ms), oldest_ms, asked)
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


class Recent:
    """The class over the last minutes: means by age in seconds, from rows of ``MOMENT_COLUMNS``."""

    def __init__(self, moments: np.ndarray, now: float) -> None:
        column = dict(zip(MOMENT_COLUMNS, moments.T, strict=True))
        self.at_ms, self._seen, self._present = column["at_ms"], column["seen"], column["present"]
        self._attending, self._judged = column["attending"], column["judged"]
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

    def looking(self, since_s: float) -> tuple[int, int] | None:
        """Of the newest row: students looking towards the screen, and of how many that could be told.

        None when the row is older than this, or too few could be judged to speak for the class.
        """
        if not len(self._age_s) or self._age_s[-1] >= since_s:
            return None
        judged = self._judged[-1]
        if not judged or judged < ENOUGH_JUDGED * self._present[-1]:
            return None
        return int(self._attending[-1]), int(judged)

    def last_read_ms(self) -> int | None:
        """When a face was last read."""
        read = self.at_ms[self._seen > 0]
        return int(read[-1]) if len(read) else None
