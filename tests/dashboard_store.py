"""A class in a real store, for the tests of the pages: drawn numbers, no pictures."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import dash
import numpy as np
from waitress import wasyncore

from dashboard.app import bind
from db.status import CaptureState, CaptureStatus
from db.writer import Writer
from domain import (
    EMOTIONS,
    Box,
    CameraState,
    Coverage,
    Emotion,
    EmotionScores,
    Flag,
    Moment,
    Observation,
    StudentState,
    Tile,
)

VALENCE = dict(zip(EMOTIONS, (-0.8, -0.7, -0.7, 0.9, -0.7, 0.2, 0.0), strict=True))
TILE_WIDTH, TILE_HEIGHT, GAP = 320, 180, 6


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def scores(leading: Emotion, share: float = 0.7) -> EmotionScores:
    """Probabilities in which one emotion leads and the others share the rest."""
    rest = (1 - share) / (len(EMOTIONS) - 1)
    return EmotionScores(tuple(share if emotion == leading else rest for emotion in EMOTIONS))


def gallery(cameras: Sequence[CameraState], columns: int = 6) -> tuple[Tile, ...]:
    """Equal tiles in rows, the last one centred, as Zoom lays them out."""
    tiles = []
    for slot, camera in enumerate(cameras):
        row, column = divmod(slot, columns)
        in_row = min(columns, len(cameras) - row * columns)
        left = (columns - in_row) * (TILE_WIDTH + GAP) // 2 + column * (TILE_WIDTH + GAP)
        top = row * (TILE_HEIGHT + GAP)
        tiles.append(Tile(slot, Box(left, top, left + TILE_WIDTH, top + TILE_HEIGHT), camera))
    return tuple(tiles)


def moment(
    at: float,
    moods: Sequence[EmotionScores | None],
    names: Sequence[str | None] | None = None,
    cameras: Sequence[CameraState] | None = None,
    elsewhere: int = 0,
    flags: tuple[Flag, ...] = (),
) -> Moment:
    """One frame of a class in which student 1 sits in slot 0 and so on; ``elsewhere`` more are on other pages.

    Who is read looks towards the screen, but for every third.
    """
    tiles = gallery(cameras if cameras else ["on" for _ in moods])
    names = names or [None] * len(moods)
    observations = tuple(
        Observation(tile.slot + 1, at, tile.camera, emotions=mood) for tile, mood in zip(tiles, moods, strict=True)
    )
    states = tuple(
        StudentState(
            tile.slot + 1,
            name,
            tile.slot,
            tile.camera,
            mood=mood,
            valence=None if mood is None else valence(mood),
            attending=None if mood is None else tile.slot % 3 != 2,
        )
        for tile, mood, name in zip(tiles, moods, names, strict=True)
    )
    away = tuple(
        StudentState(number, None, None, None, off_page=True)
        for number in range(len(moods) + 1, len(moods) + 1 + elsewhere)
    )
    seen = sum(mood is not None for mood in moods)
    return Moment(at, tiles, observations, states + away, flags, Coverage(seen, len(moods) + elsewhere))


def valence(mood: EmotionScores) -> float:
    """A plain mean of pleasantness, enough for drawn numbers."""
    return sum(share * VALENCE[emotion] for emotion, share in zip(EMOTIONS, mood.values, strict=True))


def wave(at: float, student: int, seed: int = 7) -> EmotionScores:
    """Probabilities that wander over minutes, differently for each student."""
    phase = np.random.default_rng(seed + student).uniform(0, 2 * math.pi, len(EMOTIONS))
    period = np.array([400, 900, 600, 240, 500, 180, 700])
    level = np.array([0.2, -1.2, -0.4, 1.5, 0.4, 0.2, 2.0])
    weights = np.exp(level + 0.9 * np.sin(2 * math.pi * at / period + phase) + 0.8 * np.sin(2 * math.pi * at / period))
    return EmotionScores(tuple(float(share) for share in weights / weights.sum()))


def away(student: int | None, since: float, kind: str = "looking_away", **more: Any) -> Flag:
    """A flag as the rules give it: whose, since when, with words and numbers of a usual size."""
    since_words = datetime.fromtimestamp(since).strftime("%H:%M")
    usual = {"readings": 52, "readings_of": 60, "confidence": 0.82, "alternatives": "taking notes, a second screen"}
    reason = f"Head turned away from the usual direction since {since_words} (52 of 60 readings)."
    return Flag(student, kind, reason, since, **usual | more)


def write_class(
    writer: Writer,
    start: float,
    end: float,
    students: int = 12,
    names: Sequence[str | None] | None = None,
    unread: dict[int, CameraState] | None = None,
    pauses: Sequence[tuple[float, float]] = (),
    step_s: float = 1.0,
    elsewhere: int = 0,
    simulated: bool = True,
    title: str = "Biology 9b",
    flags: tuple[Flag, ...] = (),
) -> int:
    """Write a running session, with pauses (from, to) and flags from the start of each.

    ``unread`` gives the slots without a reading.
    """
    session = writer.start_session("simulator", title, simulated, start, None)
    unread = unread or {}
    cameras: list[CameraState] = [unread.get(slot, "on") for slot in range(students)]
    at = start
    while at <= end:
        if not any(since <= at < until for since, until in pauses):
            moods = [wave(at, slot) if cameras[slot] == "on" else None for slot in range(students)]
            said = tuple(flag for flag in flags if flag.started_at <= at)
            writer.write(moment(at, moods, names, cameras, elsewhere, said))
        at += step_s
    return session


def report(writer: Writer, state: CaptureState = "watching", message: str = "", **numbers: Any) -> None:
    """Sign of life of a healthy capture, unless told otherwise, written at once."""
    healthy: dict[str, Any] = {"fps": 2.0, "drops": 3, "cpu_percent": 24.0}
    writer.status(CaptureStatus(state, message, **healthy | numbers))
    writer.flush()


@contextmanager
def serving(app: dash.Dash) -> Iterator[int]:
    """The pages on a free port of this machine for as long as the block lasts; gives the port."""
    server = bind(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()

    def hang_up() -> None:
        for channel in list(server.active_channels.values()):
            channel.handle_close()  # with the file that holds what a browser has not fetched
        wasyncore.close_all(server._map, ignore_all=True)

    try:
        yield server.effective_port
    finally:
        # What is being answered is answered first; then the loop hangs up by itself, so that no call comes in between.
        server.task_dispatcher.shutdown()
        server.trigger.pull_trigger(hang_up)
        thread.join()
