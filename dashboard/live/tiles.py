"""The map of the gallery: which tile stands where and shows what, and a student's last minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from dashboard import components, theme
from dashboard.live.news import Parts
from dashboard.live.recent import Feed
from db import queries
from db.queries import ReadingView, TileView
from domain import StoreError

PERCENT_STEP = 10
"""A tile's probability is told in tens: finer is not known, and it would send every tile every second."""

MINUTE_S = 60.0
CELL_S = 5.0
"""A student's last minute is told in cells of five seconds: what was shown most of the time in each."""


def tile_parts(feed: Feed, tiles: Sequence[TileView]) -> Parts:
    """The tile map: one part a tile, as `fill` in assets/live_tiles.js takes it, and the rows and half columns."""
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
    if tile.camera == "on" and tile.masked:
        return "on", "No consent"
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


def last_minute(feed: Feed, session_id: int, student: int) -> dict[str, Any]:
    """What a student's tile showed in the last minute: a kind for each cell, oldest first, and the same in words.

    A kind is an emotion, a camera state, or "" where nothing was written.
    """
    now = feed.clock()
    try:
        readings = queries.student_readings(feed.engine, session_id, student, now - MINUTE_S)
    except StoreError as error:
        return {"cells": [], "words": str(error)}
    cells: list[list[str]] = [[] for _ in range(round(MINUTE_S / CELL_S))]
    for reading in readings:
        cells[min(int((reading.at - now + MINUTE_S) / CELL_S), len(cells) - 1)].append(_kind(feed, reading))
    kinds = [Counter(cell).most_common(1)[0][0] if cell else "" for cell in cells]
    return {"cells": kinds, "words": _minute_in_words(kinds)}


def _kind(feed: Feed, reading: ReadingView) -> str:
    return reading.emotion if reading.emotion is not None and not feed.presence_only else reading.camera


def _minute_in_words(kinds: Sequence[str]) -> str:
    words = {**theme.CAMERA_WORDS, **theme.EMOTION_WORDS, "on": "Not read"}
    counted = Counter(kind for kind in kinds if kind)
    if not counted:
        return "Nothing was read in the last minute."
    return " · ".join(f"{words[kind]} {round(count * CELL_S)} s" for kind, count in counted.most_common())
