"""Who looked how in which minute, as a grid: the emotion that leads, and why there is none where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dashboard.report.account import MINUTE_MS, Account
from domain import EMOTIONS

NO_DATA = -1

CAMERA_OFF_SHARE = 0.5
"""A minute counts as "camera off" when more of its readings than this show no live picture by choice."""

OFF, UNREAD, ABSENT = "Camera off", "Not read", "Not in sight"
"""Why a minute of a student has no emotion; none of them says anything about the student."""


@dataclass(frozen=True, slots=True)
class Run:
    """Minutes of one row without an emotion for one reason: from column ``first`` up to, not with, ``end``."""

    row: int
    first: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """The grid: a row per student (numbers), a column per minute (at_ms, its start).

    ``leading`` is the place in ``EMOTIONS`` of the emotion that leads over the minute, ``NO_DATA`` where nothing was
    read; ``share`` its mean probability (0 to 1, NaN there); ``readings`` on how many readings it rests.
    """

    students: tuple[int, ...]
    at_ms: np.ndarray
    leading: np.ndarray
    share: np.ndarray
    readings: np.ndarray
    missing: tuple[Run, ...]


def heat_of(account: Account, order: Sequence[int]) -> Heat:
    """The grid of a session, rows in the order of these students' numbers, every minute from the first to the last."""
    first_ms, columns = _columns(account)
    shape = (len(order), columns)
    share = np.full((*shape, len(EMOTIONS)), np.nan)
    readings, reason = np.zeros(shape, dtype=int), np.full(shape, ABSENT, dtype=object)
    rows = {number: row for row, number in enumerate(order)}
    minutes = account.student_minutes
    minutes = minutes[minutes["student"].isin(rows)]
    row = minutes["student"].map(rows).to_numpy(dtype=int)
    column = ((minutes["at_ms"] - first_ms) // MINUTE_MS).to_numpy(dtype=int)
    share[row, column] = minutes[list(EMOTIONS)].to_numpy(dtype=float)
    readings[row, column] = minutes["valid"]
    reason[row, column] = np.where(minutes["camera_off"] > CAMERA_OFF_SHARE, OFF, UNREAD)
    known = np.asarray(~np.isnan(share).any(axis=2))
    filled = np.where(known[..., None], share, -1.0)
    return Heat(
        students=tuple(order),
        at_ms=first_ms + MINUTE_MS * np.arange(columns),
        leading=np.where(known, filled.argmax(axis=2), NO_DATA),
        share=np.where(known, filled.max(axis=2), np.nan),
        readings=readings,
        missing=tuple(_runs(np.where(known, "", reason))),
    )


def _columns(account: Account) -> tuple[int, int]:
    """The start of the first minute in milliseconds, and how many minutes there are up to the last."""
    starts = np.concatenate([account.minutes["at_ms"], account.student_minutes["at_ms"]]).astype(np.int64)
    if not len(starts):
        return 0, 0
    return int(starts.min()), int((starts.max() - starts.min()) // MINUTE_MS) + 1


def _runs(reason: np.ndarray) -> list[Run]:
    runs = []
    for row, reasons in enumerate(reason):
        edges = [0, *(np.flatnonzero(reasons[1:] != reasons[:-1]) + 1).tolist(), len(reasons)]
        for first, end in pairwise(edges):
            if first < end and reasons[first]:
                runs.append(Run(row, first, end, str(reasons[first])))
    return runs
