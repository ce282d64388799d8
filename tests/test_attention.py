"""Where a head is turned: told from five landmarks, believed as far as they look like a face, unknown otherwise."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from config import ROOT, Settings
from domain import Attention, Box, Face, ModelError, Quality
from inference.attention import (
    EYES_APART,
    MOUTH_WIDE,
    NOSE_AHEAD,
    NOSE_DOWN,
    TurnScale,
    attention_of,
    turn_scale,
)

LIMITS = Settings().attention
GOOD = Quality(120, 0.5)


def face(yaw: float = 0.0, pitch: float = 0.0, tilt: float = 0.0, size: float = 40.0, nose_off: float = 0.0) -> Face:
    """A face turned, bowed and tilted by degrees, with the proportions that the measurement rests on."""
    turn, tilt_rad = math.radians(yaw), math.radians(tilt)
    half_eyes, half_mouth = EYES_APART / 2 * math.cos(turn), MOUTH_WIDE / 2 * math.cos(turn)
    nose_down = NOSE_DOWN - NOSE_AHEAD * math.tan(math.radians(pitch))
    points = [
        (-half_eyes, 0.0),
        (half_eyes, 0.0),
        (NOSE_AHEAD * math.sin(turn) + nose_off, nose_down),
        (-half_mouth, 1.0),
        (half_mouth, 1.0),
    ]
    across, down = (math.cos(tilt_rad), math.sin(tilt_rad)), (-math.sin(tilt_rad), math.cos(tilt_rad))
    marks = tuple(
        (200 + size * (x * across[0] + y * down[0]), 100 + size * (x * across[1] + y * down[1])) for x, y in points
    )
    return Face(0, Box(150, 60, 250, 180), 0.9, marks)


def seen(face: Face, quality: Quality = GOOD, scale: TurnScale | None = None) -> Attention:
    told = attention_of(face, quality, LIMITS, scale or TurnScale())
    assert told is not None
    return told


def test_a_face_that_looks_at_the_camera_is_not_turned():
    told = seen(face())
    assert (told.yaw, told.pitch) == (pytest.approx(0, abs=0.01), pytest.approx(0, abs=0.01))
    assert told.confidence == pytest.approx(1.0)


@pytest.mark.parametrize("yaw", [-45, -20, 10, 30, 60])
def test_a_turn_is_told_in_degrees_to_the_right_of_the_picture(yaw):
    assert seen(face(yaw)).yaw == pytest.approx(yaw, abs=0.1)


@pytest.mark.parametrize("pitch", [-30, 15])
def test_a_raised_head_is_above_zero(pitch):
    assert seen(face(pitch=pitch)).pitch == pytest.approx(pitch, abs=0.1)


@pytest.mark.parametrize("tilt", [-25, 25])
def test_a_tilted_head_is_not_turned(tilt):
    told = seen(face(20, tilt=tilt))
    assert told.yaw == pytest.approx(20, abs=0.1)
    assert told.confidence == pytest.approx(1.0)


def test_the_size_of_the_face_does_not_matter_to_the_turn():
    assert seen(face(25, size=12)).yaw == pytest.approx(seen(face(25, size=90)).yaw or 0, abs=0.1)


def test_without_landmarks_there_is_nothing_to_tell():
    assert attention_of(Face(0, Box(0, 0, 80, 100), 0.9), GOOD, LIMITS, TurnScale()) is None


@pytest.mark.parametrize("quality", [Quality(LIMITS.min_face_height - 1, 0.5), Quality(120, 0.02, "blurred")])
def test_a_small_or_unread_face_is_unknown(quality):
    assert seen(face(30), quality) == Attention(None, None, None, 0.0)


def test_landmarks_on_one_spot_are_unknown():
    spot = Face(0, Box(0, 0, 80, 100), 0.9, ((40.0, 50.0),) * 5)
    assert seen(spot) == Attention(None, None, None, 0.0)


def test_confidence_falls_with_size_blur_and_odd_shapes():
    best = seen(face(20)).confidence
    assert seen(face(20), Quality(70, 0.5)).confidence < best
    assert seen(face(20), Quality(120, 0.1)).confidence < best
    assert seen(face(0, nose_off=0.4)).confidence < 0.7 * best, "eyes as far apart as on a face that is not turned"


def test_eyes_are_not_told_from_five_landmarks():
    assert seen(face()).eyes_open is None


def test_a_network_that_understates_turns_is_put_right():
    scale = TurnScale((0.0, 5.0, 10.0), (0.0, 10.0, 30.0), tells_pitch=False)
    assert scale.meant_by(-5.0) == pytest.approx(-10.0)
    assert scale.meant_by(7.5) == pytest.approx(20.0)
    assert scale.meant_by(80.0) == pytest.approx(30.0), "farther than was ever measured is not told"
    assert scale.seen_of(20.0) == pytest.approx(7.5)
    told = seen(face(5.0), scale=scale)
    assert told.yaw == pytest.approx(10.0, abs=0.1)
    assert told.pitch is None


def test_the_shipped_network_has_a_scale():
    assert turn_scale(ROOT / "models" / "landmarks.json") != TurnScale()


def test_a_card_without_a_scale_takes_turns_as_they_look(tmp_path: Path):
    card = tmp_path / "landmarks.json"
    card.write_text("{}", "utf-8")
    assert turn_scale(card) == TurnScale()


@pytest.mark.parametrize("told", [{}, {"seen": [0, 2, 1], "meant": [0, 1, 2], "tells_pitch": True}, 5])
def test_a_scale_that_cannot_be_read_is_named(tmp_path: Path, told: object):
    card = tmp_path / "landmarks.json"
    card.write_text(json.dumps({"turns": told}), "utf-8")
    with pytest.raises(ModelError, match="landmarks.json: expected how its landmarks show turned heads"):
        turn_scale(card)


def test_turns_of_real_people_agree_with_a_reference(shared_data: Path):
    from benchmarks.gaze import Eyes, clip_pairs, report

    found = report(list(clip_pairs(Eyes(shared_data), shared_data)), LIMITS.max_yaw)
    assert found["correlation"] >= 0.8
    assert 0.6 <= found["slope_told"] <= 1.5, "type: python -m benchmarks.gaze --card"
    assert found["right_beyond_5_deg_of_limit"] >= 0.9
