"""Crops are framed as FER2013 frames faces; faces are found where they are; poor pixels abstain with a reason."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from capture.simulator.lesson import read_lesson
from capture.simulator.simulator import Simulator
from config import ROOT, InferenceSettings
from domain import Box, Face, Tile
from inference.crops import emotion_input, face_crops, framed
from inference.faces import FaceFinder, quality_of, sharpness, without_doubles

PICTURE = np.random.default_rng(3).integers(0, 256, (200, 300, 3), np.uint8)


# --- crops ----------------------------------------------------------------------------------------------------------


def test_a_face_fills_its_crop_as_in_fer2013():
    square = framed(Box(100, 100, 180, 200))
    assert square.width == square.height
    assert 80 / square.width == pytest.approx(0.79, abs=0.02)
    assert 100 / square.height == pytest.approx(0.99, abs=0.02)


def test_crops_are_gray_squares_of_48():
    crops = face_crops(PICTURE, [Box(20, 20, 100, 120), Box(150, 30, 170, 55)])
    assert (crops.shape, crops.dtype) == ((2, 48, 48), np.uint8)


def test_no_faces_give_no_crops():
    assert face_crops(PICTURE, []).shape == (0, 48, 48)


def test_beyond_the_border_the_last_pixels_repeat():
    image = np.full((100, 100, 3), 40, np.uint8)
    image[:, 0] = 200
    crop = face_crops(image, [Box(0, 20, 60, 90)])[0]
    assert (crop[:, 0] > 150).all(), "left of the picture its first column goes on"
    assert (crop[:, 20:] < 60).all()


def test_a_face_outside_the_picture_is_an_error():
    with pytest.raises(ValueError, match="expected a face inside the 300x200 picture"):
        face_crops(PICTURE, [Box(400, 20, 460, 90)])


def test_shrinking_averages_instead_of_skipping_pixels():
    stripes = np.zeros((480, 480, 3), np.uint8)
    stripes[:, ::2] = 255
    assert face_crops(stripes, [Box(100, 100, 300, 340)])[0].std() < 20


def test_the_network_gets_raw_gray():
    crops = face_crops(PICTURE, [Box(20, 20, 100, 120)])
    batch = emotion_input(crops)
    assert (batch.shape, batch.dtype) == ((1, 48, 48, 1), np.float32)
    assert (batch[..., 0] == crops).all()


def test_other_crops_are_refused():
    with pytest.raises(ValueError, match="expected uint8"):
        emotion_input(np.zeros((2, 64, 64), np.uint8))


# --- finding --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene():
    simulator = Simulator(read_lesson(ROOT / "capture" / "simulator" / "lessons" / "demo.yaml"), 1280, 800)
    truth = [tile for tile in simulator.truth_at(30).tiles if tile.camera == "on"]
    return simulator.frame_at(30), truth


def tiles_of(truth) -> list[Tile]:
    return [Tile(tile.slot, tile.box, "on", tile.label) for tile in truth]


def test_synthetic_students_are_found_where_they_are(scene):
    image, truth = scene
    faces = FaceFinder().find(image, tiles_of(truth))
    shown = [tile for tile in truth if tile.face is not None]
    hits = [any(face.tile == tile.slot and face.box.iou(tile.face) > 0.4 for face in faces) for tile in shown]
    assert np.mean(hits) >= 0.9
    assert all(0 < face.score < 1 for face in faces)


def test_faces_stay_inside_their_tile(scene):
    image, truth = scene
    boxes = {tile.slot: tile.box for tile in truth}
    for face in FaceFinder().find(image, tiles_of(truth)):
        assert face.box.iou(boxes[face.tile]) == pytest.approx(face.box.area / boxes[face.tile].area)


def test_a_dark_tile_is_searched_as_well_as_a_bright_one(scene):
    image, truth = scene
    finder = FaceFinder()
    bright = finder.find(image, tiles_of(truth))
    assert len(finder.find((image * 0.25).astype(np.uint8), tiles_of(truth))) >= 0.8 * len(bright)


@pytest.mark.parametrize("level", [0, 34, 255])
def test_an_empty_tile_holds_no_face(level):
    image = np.full((180, 320, 3), level, np.uint8)
    assert FaceFinder().find(image, [Tile(0, Box(0, 0, 320, 180), "on")]) == []


def test_only_the_surest_of_faces_on_one_place_is_kept():
    sure, double = Face(0, Box(10, 10, 60, 70), 0.9), Face(0, Box(14, 12, 62, 74), 0.5)
    elsewhere = Face(0, Box(200, 10, 250, 70), 0.4)
    assert without_doubles([double, elsewhere, sure]) == [sure, elsewhere]


def test_clear_faces_of_real_galleries_are_found(shared_data):
    found = clear = false = tiles_seen = 0
    for sheet in sorted((shared_data / "zoom").glob("*.json")):
        truth = json.loads(sheet.read_text("utf-8"))
        image = np.asarray(cv2.imread(str(sheet.with_name(truth["image"]))))
        tiles = [Tile(i, Box(*t["box"]), "on") for i, t in enumerate(truth["tiles"]) if t["camera"] == "on"]
        faces = FaceFinder().find(image, tiles)
        marked = [(tile.slot, face) for tile in tiles for face in truth["tiles"][tile.slot]["faces"]]
        right = [any(f.tile == slot and f.box.iou(Box(*face["box"])) >= 0.4 for f in faces) for slot, face in marked]
        clear += sum(face["quality"] == "clear" for _, face in marked)
        found += sum(hit for hit, (_, face) in zip(right, marked, strict=True) if face["quality"] == "clear")
        false += len(faces) - sum(right)
        tiles_seen += len(tiles)
    assert found / clear >= 0.9
    assert false / tiles_seen <= 0.02


# --- quality --------------------------------------------------------------------------------------------------------

SHARP = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)


def reason(face: Face, crop: np.ndarray = SHARP) -> str | None:
    return quality_of(face, crop, InferenceSettings()).abstained


def test_a_large_sharp_sure_face_is_read():
    quality = quality_of(Face(0, Box(100, 40, 170, 130), 0.8), SHARP, InferenceSettings())
    assert (quality.abstained, quality.face_height) == (None, 90)


def test_a_face_of_few_pixels_is_too_small():
    assert reason(Face(0, Box(100, 40, 130, 85), 0.8)) == "too_small"


def test_a_smeared_face_is_blurred():
    assert reason(Face(0, Box(100, 40, 170, 130), 0.8), cv2.GaussianBlur(SHARP, (0, 0), 4)) == "blurred"


def test_two_windows_are_not_enough_to_judge_a_face():
    assert reason(Face(0, Box(100, 40, 170, 130), 2 / 6)) == "uncertain_face"


def test_sharpness_does_not_depend_on_contrast():
    assert sharpness((SHARP // 2 + 60).astype(np.uint8)) == pytest.approx(sharpness(SHARP), rel=0.02)


def test_an_even_crop_is_not_sharp():
    assert sharpness(np.full((48, 48), 90, np.uint8)) == 0.0
