"""Readings as a camera and the networks would give them of scripted students: with misses, misreadings and noise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from benchmarks.lessons.script import RATE_HZ, SMALL_HEIGHT, Track
from config import ROOT
from domain import EMOTIONS, Attention, CameraState, EmotionScores, Observation, Quality
from inference.attention import TurnScale
from inference.pipeline import FROZEN_AFTER_S

MISSED, MISSED_TURNED, INVENTED, ABSTAINED = 0.03, 0.1, 0.02, 0.06
"""Shares of the time in which a face is not found, is not found on a turned head, is seen where nobody is, is not read.
The detector misses 2 % of clear and a quarter of half covered faces of real galleries (docs/performance.md)."""
BURST_S = 2.0
"""How long such a fault lasts on average: the next frame shows nearly the same picture."""
MISREAD_S = 1.5
"""How long a misread emotion lasts on average."""
LEADING = 0.7
"""Probability of the emotion that is read; the rest falls to those with which the network confuses the true one."""
OWN_FACE = 0.1
"""Share of a student's own resting face in all readings: for one in seven it is a sad one, and so on."""
OWN_TURN_SD, TURN_SD, TURN_NOISE_S = 2.0, 2.0, 1.0
"""Degrees, as the landmarks show them: a student's own, lasting error, the error of a reading, and how long that lasts.
On 994 heads they differ together by 3 degrees from a reference detector (``python -m benchmarks.gaze``)."""


@lru_cache(maxsize=1)
def confusion() -> np.ndarray:
    """Shares (7, 7) of what the emotion network reads (columns) in faces that look so (rows), from its card."""
    card = json.loads((ROOT / "models" / "emotion.json").read_text("utf-8"))
    counts = np.array(card["metrics"]["public"]["ferplus"]["confusion"], float)
    return counts / counts.sum(1, keepdims=True)


class Readings:
    """The observations of one lesson, frame by frame; the same seed gives the same."""

    def __init__(self, tracks: list[Track], scale: TurnScale, seed: int) -> None:
        self._tracks = tracks
        self._columns = [
            _Column(track, scale, np.random.default_rng([seed, 31, who])) for who, track in enumerate(tracks)
        ]

    @property
    def staff(self) -> set[int]:
        """Numbers of teachers and co-hosts."""
        return {who for who, track in enumerate(self._tracks, 1) if track.staff}

    def frames(self, start_at: float) -> Iterator[tuple[float, list[Observation]]]:
        """UNIX time and observations of every frame of a lesson that starts at ``start_at``."""
        for frame in range(len(self._tracks[0].camera)):
            at = start_at + frame / RATE_HZ
            yield (
                at,
                [
                    column.observation(who, frame, at)
                    for who, (track, column) in enumerate(zip(self._tracks, self._columns, strict=True), 1)
                    if track.present[frame] and track.in_sight[frame]
                ],
            )


class _Column:
    """One student's readings, drawn for the whole lesson at once."""

    def __init__(self, track: Track, scale: TurnScale, random: np.random.Generator) -> None:
        frames = len(track.camera)
        self._camera = noticed(track.camera)
        self._away = track.away
        turned = np.abs(track.yaw) > 25
        self._missed = _bursts(random, frames, np.where(turned, MISSED_TURNED, MISSED))
        self._invented = _bursts(random, frames, np.full(frames, INVENTED))
        self._abstained = _bursts(random, frames, np.full(frames, ABSTAINED))
        small = track.face_height <= SMALL_HEIGHT
        self._quality = Quality(track.face_height, 0.4)
        self._blurred = Quality(self._quality.face_height, 0.05, "blurred")
        self._emotion = track.emotion
        self._read = _misread(random, track)
        own = random.dirichlet(np.full(len(EMOTIONS), 0.15))
        self._scores = [[_scores(true, read, own) for read in range(len(EMOTIONS))] for true in range(len(EMOTIONS))]
        seen = np.array([scale.seen_of(float(yaw)) for yaw in track.yaw]) + random.normal(0, OWN_TURN_SD)
        seen += TURN_SD * _wander(random, frames)
        self._yaw = [None if small else scale.meant_by(float(value)) for value in seen]
        self._confidence = np.clip(random.normal(0.6, 0.15, frames), 0.05, 1.0).tolist()

    def observation(self, who: int, frame: int, at: float) -> Observation:
        """What one frame says of the student."""
        camera = self._camera[frame]
        if camera not in ("on", "no_face"):
            return Observation(who, at, camera)
        somebody = not self._missed[frame] if camera == "on" and not self._away[frame] else self._invented[frame]
        if not somebody:
            return Observation(who, at, "no_face")
        if self._abstained[frame]:
            return Observation(who, at, "on", attention=Attention(None, None, None, 0.0), quality=self._blurred)
        emotions = self._scores[self._emotion[frame]][self._read[frame]]
        yaw = self._yaw[frame]
        attention = Attention(yaw, None, None, 0.0 if yaw is None else self._confidence[frame])
        return Observation(who, at, "on", emotions=emotions, attention=attention, quality=self._quality)


def noticed(cameras: list[CameraState]) -> list[CameraState]:
    """The states as the program sees them: that a picture is frozen is known some seconds later."""
    late, seen = round(FROZEN_AFTER_S * RATE_HZ), list(cameras)
    since = 0
    for frame, camera in enumerate(cameras):
        since = since + 1 if camera == "frozen" else 0
        if 0 < since <= late:
            seen[frame] = "on"
    return seen


def _bursts(random: np.random.Generator, frames: int, share: np.ndarray) -> np.ndarray:
    """Frames with a fault that holds in a share of the time, in bursts."""
    redrawn = random.random(frames) < 1 / (BURST_S * RATE_HZ)
    redrawn[0] = True
    draws = random.random(frames)
    return draws[np.maximum.accumulate(np.where(redrawn, np.arange(frames), 0))] < share


def _misread(random: np.random.Generator, track: Track) -> np.ndarray:
    """The emotion that is read in each frame: drawn from the network's confusion, kept for a while."""
    frames = len(track.emotion)
    redrawn = random.random(frames) < 1 / (MISREAD_S * RATE_HZ)
    redrawn[0] = True
    draws = random.random(frames)[np.maximum.accumulate(np.where(redrawn, np.arange(frames), 0))]
    return (np.cumsum(confusion(), 1)[track.emotion] < draws[:, None]).sum(1).clip(0, len(EMOTIONS) - 1)


def _scores(true: int, read: int, own: np.ndarray) -> EmotionScores:
    probabilities = (1 - LEADING) * confusion()[true]
    probabilities[read] += LEADING
    mixed = (1 - OWN_FACE) * probabilities + OWN_FACE * own
    return EmotionScores(tuple((mixed / mixed.sum()).tolist()))


def _wander(random: np.random.Generator, frames: int) -> np.ndarray:
    """Noise of deviation 1 that lasts: an autoregressive process of the first order."""
    kept = float(np.exp(-1 / (TURN_NOISE_S * RATE_HZ)))
    drawn = random.normal(0, np.sqrt(1 - kept**2), frames)
    values = np.empty(frames)
    last = random.normal()
    for frame in range(frames):
        values[frame] = last = kept * last + drawn[frame]
    return values
