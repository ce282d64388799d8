"""Where a head is turned, from the five landmarks of its face, and how far that is to be believed."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from config import AttentionSettings
from domain import Attention, Face, ModelError, Quality

NOSE_AHEAD = 0.52
"""How far the tip of the nose stands out, in distances from eyes to mouth, all on the face's middle line.

Nobody labelled turned heads, so it was found without labels: a head that turns by an angle brings its eyes together by
the cosine and moves its nose aside by the sine. In a reference detector's landmarks of 994 heads, noses 0.1 to 0.15, to
0.2, to 0.25 and to 0.3 aside give 0.53, 0.50, 0.53 and 0.55 for this constant (``python -m benchmarks.gaze``)."""
NOSE_DOWN = 0.57
"""How far below the eyes the nose stands on the way to the mouth: the median of the same faces."""
EYES_APART, MOUTH_WIDE = 0.98, 0.83
"""Distance of the eyes and of the mouth's corners on a face that looks at the camera, in the same unit: medians."""

STEEPEST_SINE = 0.98
"""A nose farther aside than any head can turn it counts as the farthest turn, about 80 degrees."""
ODD_SHAPE = 0.2
"""Distance from the landmarks to those of the fitted face, in the same unit, at which confidence has fallen to 37 %:
most faces are within 0.1."""
FULL_HEIGHT = 120
"""Height of a face in pixels from which size no longer lowers the confidence: twice the smallest that is judged."""
SHARP_ENOUGH = 0.3
"""Sharpness from which blur no longer lowers the confidence; a low share of FER2013's own faces has less."""
TURNS_KEY = "turns"
"""Where the landmark model's card says what its landmarks make of turned heads."""


@dataclass(frozen=True, slots=True)
class TurnScale:
    """What a turn that a network's landmarks show means: degrees ``seen`` and ``meant``, both rising from 0.

    A network that is unsure draws its landmarks towards those of a face that looks at the camera, so turns look smaller
    than they are. ``tells_pitch`` is False where its landmarks hardly move when a head is bowed or raised. Without a
    measurement turns are taken as they look.
    """

    seen: tuple[float, ...] = (0.0, 90.0)
    meant: tuple[float, ...] = (0.0, 90.0)
    tells_pitch: bool = True

    def meant_by(self, seen: float) -> float:
        """The turn in degrees, with its sign, that is meant by one that is seen; at most the largest known."""
        return math.copysign(_between(abs(seen), self.seen, self.meant), seen)

    def seen_of(self, meant: float) -> float:
        """The other way round: how a turn in degrees looks to the network."""
        return math.copysign(_between(abs(meant), self.meant, self.seen), meant)


def turn_scale(card: Path) -> TurnScale:
    """What the card of a landmark model says of turned heads; raises ModelError where it cannot be understood."""
    try:
        told = json.loads(card.read_text("utf-8")).get(TURNS_KEY)
        if told is None:
            return TurnScale()
        seen, meant = (tuple(map(float, told[name])) for name in ("seen", "meant"))
        rising = all(a < b for row in (seen, meant) for a, b in pairwise(row))
        if len(seen) != len(meant) or len(seen) < 2 or not rising:
            raise ValueError("two rising rows of equal length")
        return TurnScale(seen, meant, bool(told["tells_pitch"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{card.name}: expected how its landmarks show turned heads under '{TURNS_KEY}', found none that can be "
            f"understood ({error}): restore the card or type `python -m benchmarks.gaze --card`"
        ) from error


def attention_of(face: Face, quality: Quality, settings: AttentionSettings, scale: TurnScale) -> Attention | None:
    """Yaw and pitch of a head in degrees with a confidence; None where the finder gave no landmarks.

    Yaw is positive to the right of the picture, pitch upwards. Both are None, with confidence 0, for a face that is
    lower than ``settings.min_face_height`` or abstained from; pitch alone where the network does not tell it.
    ``eyes_open`` is always None: five landmarks have no eyelids.
    """
    if face.landmarks is None:
        return None
    if quality.abstained is not None or (quality.face_height or 0) < settings.min_face_height:
        return Attention(None, None, None, 0.0)
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    eyes, mouth = _middle(right_eye, left_eye), _middle(right_mouth, left_mouth)
    down = mouth[0] - eyes[0], mouth[1] - eyes[1]
    square = down[0] ** 2 + down[1] ** 2
    if square < 1.0:
        return Attention(None, None, None, 0.0)

    def on_face(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
        """A way between two landmarks, across and down the face, in distances from eyes to mouth."""
        x, y = end[0] - start[0], end[1] - start[1]
        return (x * down[1] - y * down[0]) / square, (x * down[0] + y * down[1]) / square

    across, along = on_face(eyes, nose)
    yaw = math.asin(min(max(across / NOSE_AHEAD, -STEEPEST_SINE), STEEPEST_SINE))
    pitch = math.degrees(math.atan((NOSE_DOWN - along) / NOSE_AHEAD)) if scale.tells_pitch else None
    oddness = _oddness(on_face(right_eye, left_eye), on_face(right_mouth, left_mouth), yaw)
    return Attention(scale.meant_by(math.degrees(yaw)), pitch, None, _confidence(oddness, quality))


def _middle(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _oddness(eyes: tuple[float, float], mouth: tuple[float, float], yaw: float) -> float:
    """How far the ways between the eyes and between the mouth's corners are from those of a face turned by ``yaw``."""
    far = math.hypot(eyes[0] - EYES_APART * math.cos(yaw), eyes[1])
    return math.hypot(far, math.hypot(mouth[0] - MOUTH_WIDE * math.cos(yaw), mouth[1])) / math.sqrt(2)


def _confidence(oddness: float, quality: Quality) -> float:
    """0 to 1: how far landmarks of such a shape, on a face of this height and sharpness, are to be believed."""
    by_size = min((quality.face_height or 0) / FULL_HEIGHT, 1.0)
    by_sharpness = min((quality.sharpness or 0.0) / SHARP_ENOUGH, 1.0)
    return by_size * by_sharpness * math.exp(-((oddness / ODD_SHAPE) ** 2))


def _between(value: float, known: Sequence[float], answers: Sequence[float]) -> float:
    """Straight lines between known points; the last answer beyond them."""
    if value >= known[-1]:
        return answers[-1]
    place = max(bisect_right(known, value), 1)
    share = (value - known[place - 1]) / (known[place] - known[place - 1])
    return answers[place - 1] + share * (answers[place] - answers[place - 1])
