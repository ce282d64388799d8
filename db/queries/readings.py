"""The readings of a session as they were written, frame by frame: for rules that are applied to them again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, select

from db.engine import reading
from db.tables import PROBABILITY_COLUMNS, THOUSAND, Marker, Reading
from domain import Attention, EmotionScores, Observation, Quality

ROWS_AT_ONCE = 10_000
"""Rows fetched together: a class of 90 minutes has half a million."""


def stored_frames(engine: Engine, session_id: int) -> Iterator[tuple[float, list[Observation]]]:
    """UNIX time and observations of every frame of a session in the order of time; faces and pictures were never kept.

    Students are those whom a person takes them for.
    """
    row = Reading.__table__.c
    asked = select(Reading.__table__).where(row.session_id == session_id).order_by(row.at_ms, row.student_id)
    with reading(engine) as connection:
        rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(asked)
        for at_ms, together in groupby(rows, key=lambda one: one.at_ms):
            yield at_ms / THOUSAND, [_observation(one) for one in together]


def stored_modes(engine: Engine, session_id: int) -> list[tuple[float, str | None]]:
    """Since when (UNIX seconds) the class did what, in the order of time; None is an ordinary lesson."""
    marker = Marker.__table__.c
    asked = select(marker.at_ms, marker.text).where(marker.session_id == session_id, marker.kind == "mode")
    with reading(engine) as connection:
        return [(at_ms / THOUSAND, text or None) for at_ms, text in connection.execute(asked.order_by(marker.at_ms))]


def _observation(row: Any) -> Observation:
    thousandths = [getattr(row, name) for name in PROBABILITY_COLUMNS]
    emotions = None if thousandths[0] is None else EmotionScores(tuple(value / THOUSAND for value in thousandths))
    quality = None
    if row.face_height is not None:
        quality = Quality(row.face_height, (row.sharpness or 0) / THOUSAND, row.abstained)
    attention = None
    if row.attention_confidence is not None:
        eyes_open = None if row.eyes_open is None else row.eyes_open / THOUSAND
        attention = Attention(row.yaw, row.pitch, eyes_open, row.attention_confidence / THOUSAND)
    return Observation(row.student_id, row.at_ms / THOUSAND, row.camera, None, emotions, attention, quality)
