"""Crops are framed as FER2013 frames faces; faces are found where they are; poor pixels abstain with a reason."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest

from capture.simulator.lesson import read_lesson
from capture.simulator.simulator import Simulator
from config import ROOT, InferenceSettings
from domain import Box, Face, ModelError, Tile
from inference.crops import emotion_input, face_crops, framed, landmark_inputs, landmark_square, tile_inputs
from inference.faces import (
    FACE_MODEL,
    UNCERTAIN_SCORE,
    FaceFinder,
    counted,
    quality_of,
    sharpness,
    views_of,
    without_doubles,
)
from inference.landmarks import LANDMARK_MODEL, LandmarkFinder
from tests.small_models import write_card, write_face_model, write_landmark_model

SHIPPED = ROOT / "models" / FACE_MODEL
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


# --- tiles as the network sees them ---------------------------------------------------------------------------------


def test_tiles_are_scaled_to_fit_and_centred_on_black():
    image = np.full((400, 400, 3), 200, np.uint8)
    inputs, placements = tile_inputs(image, [Box(0, 0, 320, 180), Box(10, 20, 310, 320)])
    assert (inputs.shape, inputs.dtype) == ((2, 112, 192, 1), np.uint8)
    assert (inputs[0, 2:110] == 200).all()
    assert not inputs[0, [0, 1, 110, 111]].any(), "a 16:9 tile leaves two rows above and below"
    assert (inputs[1, :, 40:152] == 200).all(), "a square tile leaves bars at its sides"
    assert not inputs[1, :, :40].any()
    assert not inputs[1, :, 152:].any()
    scale, x, y = placements[1]
    assert (scale * np.array([10, 20]) + (x, y)).tolist() == pytest.approx([40, 0], abs=0.01)


def test_no_tiles_give_no_input():
    inputs, placements = tile_inputs(PICTURE, [])
    assert (inputs.shape, placements.shape) == ((0, 112, 192, 1), (0, 3))


def test_faces_are_cut_out_for_landmarks_with_room_around_them_and_nothing_of_the_next_tile():
    image = np.full((200, 400, 3), 90, np.uint8)
    image[:, 200:] = 255
    box, tile = Box(160, 60, 200, 110), Box(0, 0, 200, 200)
    inputs, placements = landmark_inputs(image, [box], [tile])
    assert (inputs.shape, inputs.dtype) == ((1, 48, 48, 1), np.uint8)
    assert (inputs == 90).all(), "beyond its tile the tile's border goes on"
    side, x, y = placements[0]
    assert x < 160 < 200 < x + side
    assert y < 60 < 110 < y + side


def test_a_point_of_a_landmark_crop_lies_where_its_placement_says():
    image = np.zeros((200, 400, 3), np.uint8)
    image[80:84, 180:184] = 255
    inputs, placements = landmark_inputs(image, [Box(150, 50, 210, 125)], [Box(100, 20, 300, 190)])
    rows, columns = np.nonzero(inputs[0, ..., 0] > 120)
    spot = (np.array([columns.mean(), rows.mean()]) + 0.5) / 48 * placements[0, 0] + placements[0, 1:]
    assert spot == pytest.approx([182, 82], abs=0.6)


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
    faces = FaceFinder(SHIPPED).find(image, tiles_of(truth))
    shown = [tile for tile in truth if tile.face is not None]
    hits = [any(face.tile == tile.slot and face.box.iou(tile.face) > 0.4 for face in faces) for tile in shown]
    assert np.mean(hits) >= 0.9
    assert all(0 < face.score < 1 for face in faces)


def test_faces_stay_inside_their_tile(scene):
    image, truth = scene
    boxes = {tile.slot: tile.box for tile in truth}
    for face in FaceFinder(SHIPPED).find(image, tiles_of(truth)):
        assert face.box.iou(boxes[face.tile]) == pytest.approx(face.box.area / boxes[face.tile].area)


def test_a_dark_tile_is_searched_as_well_as_a_bright_one(scene):
    image, truth = scene
    finder = FaceFinder(SHIPPED)
    bright = finder.find(image, tiles_of(truth))
    assert len(finder.find((image * 0.25).astype(np.uint8), tiles_of(truth))) >= 0.8 * len(bright)


@pytest.mark.parametrize("level", [0, 34, 255])
def test_an_empty_tile_holds_no_face(level):
    image = np.full((180, 320, 3), level, np.uint8)
    assert FaceFinder(SHIPPED).find(image, [Tile(0, Box(0, 0, 320, 180), "on")]) == []


def test_only_the_surest_of_faces_on_one_place_is_kept():
    sure, double = Face(0, Box(10, 10, 60, 70), 0.9), Face(0, Box(14, 12, 62, 74), 0.5)
    elsewhere = Face(0, Box(200, 10, 250, 70), 0.4)
    assert without_doubles([double, elsewhere, sure]) == [sure, elsewhere]


def test_only_the_surest_face_of_a_tile_may_be_unsure():
    unsure, second = Face(0, Box(10, 10, 60, 70), 0.45), Face(0, Box(200, 10, 250, 70), 0.4)
    sure, read = Face(0, Box(10, 10, 60, 70), 0.9), Face(0, Box(200, 10, 250, 70), 0.5)
    assert counted([unsure, second]) == [unsure]
    assert counted([sure, read, second]) == [sure, read]
    assert counted([]) == []


def answer(left: float, top: float, right: float, bottom: float, score: float) -> np.ndarray:
    """A row of the network: a box in pixels of its input, landmarks in its middle, and a score."""
    x, y = (left + right) / 2, (top + bottom) / 2
    return np.array([left, top, right, bottom, x - 5, y, x + 5, y, x, y + 5, x - 4, y + 9, x + 4, y + 9, score])


def test_answers_become_faces_in_pixels_of_the_frame(tmp_path):
    model = write_face_model(tmp_path, np.stack([answer(48, 29, 72, 56, 0.9), answer(0, 0, 9, 9, 0.1)]))
    (face,) = FaceFinder(model).find(np.zeros((500, 900, 3), np.uint8), [Tile(4, Box(100, 40, 420, 220), "on")])
    assert (face.tile, face.box, face.score) == (4, Box(180, 85, 220, 130), pytest.approx(0.9))


def test_landmarks_are_those_of_the_second_network_in_pixels_of_the_frame(tmp_path):
    model = write_face_model(tmp_path, answer(48, 29, 72, 56, 0.9)[None])
    (face,) = FaceFinder(model).find(np.zeros((500, 900, 3), np.uint8), [Tile(4, Box(100, 40, 420, 220), "on")])
    square = landmark_square(face.box)
    assert face.landmarks is not None
    assert face.landmarks[0] == pytest.approx((square.left + 0.4 * square.width, square.top + 0.4 * square.width))
    assert face.landmarks[2] == pytest.approx((200, 107.5), abs=0.6), "the middle of its box"


def test_boxes_end_at_the_border_of_their_tile(tmp_path):
    model = write_face_model(tmp_path, answer(-12, 50, 36, 130, 0.9)[None])
    (face,) = FaceFinder(model).find(np.zeros((500, 900, 3), np.uint8), [Tile(0, Box(100, 40, 420, 220), "on")])
    assert face.box == Box(100, 120, 160, 220)


def test_no_tiles_hold_no_faces():
    assert FaceFinder(SHIPPED).find(PICTURE, []) == []


def test_gallery_tiles_are_seen_whole_and_a_full_screen_in_parts_too():
    assert len(list(views_of(Tile(0, Box(0, 0, 560, 315), "on")))) == 1
    views = list(views_of(Tile(0, Box(0, 0, 1281, 721), "on")))
    assert len(views) == 10
    assert (views[0].box, views[1].box, views[-1].box) == (
        Box(0, 0, 1281, 721),
        Box(0, 0, 640, 360),
        Box(640, 360, 1281, 721),
    )


def test_a_part_that_cuts_a_face_leaves_it_to_its_neighbour():
    part = list(views_of(Tile(0, Box(0, 0, 1280, 720), "on")))[1]
    assert part.cuts(Box(600, 100, 640, 150))
    assert not part.cuts(Box(500, 100, 540, 150))
    assert not part.cuts(Box(0, 0, 40, 50)), "the tile itself ends there"


@pytest.mark.parametrize("share", [0.08, 0.3, 0.8])
def test_a_camera_picture_without_a_grid_is_searched_at_all_sizes(scene, share):
    image, truth = scene
    tile = next(tile for tile in truth if tile.face is not None)
    scale = share * 720 / tile.face.height
    centre = np.array([tile.face.left + tile.face.right, tile.face.top + tile.face.bottom]) / 2 - (
        tile.box.left,
        tile.box.top,
    )
    matrix = np.array([[scale, 0, 640 - scale * centre[0]], [0, scale, 400 - scale * centre[1]]])
    frame = cv2.warpAffine(tile.box.of(image), matrix, (1280, 720), borderMode=cv2.BORDER_REPLICATE)
    half = round(scale * tile.face.width / 2), round(scale * tile.face.height / 2)
    true = Box(640 - half[0], 400 - half[1], 640 + half[0], 400 + half[1])
    faces = FaceFinder(SHIPPED).find(frame, [Tile(0, Box(0, 0, 1280, 720), "on")])
    assert [found.box.iou(true) > 0.4 for found in faces] == [True]


def complaint(path) -> str:
    with pytest.raises(ModelError) as raised:
        FaceFinder(path)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_a_missing_face_model_is_told_in_one_line(tmp_path):
    assert "the face model's face.onnx cannot be read" in complaint(tmp_path / "face.onnx")


def test_a_changed_face_model_is_told(tmp_path):
    path = write_face_model(tmp_path, answer(0, 0, 9, 9, 0.1)[None])
    path.write_bytes(path.read_bytes() + b" ")
    assert "face.onnx is damaged: expected the sha256" in complaint(path)


def test_a_face_model_of_another_contract_is_told(tmp_path):
    path = write_face_model(tmp_path, answer(0, 0, 9, 9, 0.1)[None], height=96)
    write_card(path)
    assert "expected input of 112x192x1 and faces of 15 columns" in complaint(path)


def test_a_missing_landmark_model_is_told_in_one_line(tmp_path):
    model = write_face_model(tmp_path, answer(0, 0, 9, 9, 0.1)[None])
    (tmp_path / LANDMARK_MODEL).unlink()
    assert "the landmarks model's landmarks.onnx cannot be read" in complaint(model)


def test_a_landmark_model_of_another_contract_is_told(tmp_path):
    with pytest.raises(ModelError, match="expected input of 48x48x1 and landmarks of 5x2"):
        LandmarkFinder(write_landmark_model(tmp_path, side=40))


def is_of(face: Face, slot: int, true: dict[str, Any]) -> bool:
    return face.tile == slot and face.box.iou(Box(*true["box"])) >= 0.4


def test_clear_faces_of_real_galleries_are_found(shared_data):
    found = read = clear = false = tiles_seen = 0
    for sheet in sorted((shared_data / "zoom").glob("*.json")):
        truth = json.loads(sheet.read_text("utf-8"))
        image = np.asarray(cv2.imread(str(sheet.with_name(truth["image"]))))
        tiles = [Tile(i, Box(*t["box"]), "on") for i, t in enumerate(truth["tiles"]) if t["camera"] == "on"]
        faces = FaceFinder(SHIPPED).find(image, tiles)
        marked = [(tile.slot, face) for tile in tiles for face in truth["tiles"][tile.slot]["faces"]]
        sure = [face for face in faces if face.score >= UNCERTAIN_SCORE]
        right = [any(is_of(face, slot, true) for face in faces) for slot, true in marked]
        sure_right = [any(is_of(face, slot, true) for face in sure) for slot, true in marked]
        is_clear = [true["quality"] == "clear" for _, true in marked]
        clear += sum(is_clear)
        found += sum(hit for hit, wanted in zip(right, is_clear, strict=True) if wanted)
        read += sum(hit for hit, wanted in zip(sure_right, is_clear, strict=True) if wanted)
        false += len(faces) - sum(right)
        tiles_seen += len(tiles)
    assert found / clear >= 0.97
    assert read / clear >= 0.97
    assert false / tiles_seen < 0.01


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


def test_an_unsure_face_is_not_judged():
    assert reason(Face(0, Box(100, 40, 170, 130), 0.42)) == "uncertain_face"


WHOLE = ((120.0, 75.0), (150.0, 75.0), (135.0, 92.0), (124.0, 110.0), (146.0, 110.0))
"""Landmarks of a face in ``Box(100, 40, 170, 130)`` that looks at us."""


def test_a_face_with_all_its_landmarks_is_read():
    assert reason(Face(0, Box(100, 40, 170, 130), 0.9, WHOLE)) is None


def test_a_face_cut_by_the_border_is_half_covered():
    below = tuple((x, y + 40) for x, y in WHOLE)
    assert reason(Face(0, Box(100, 40, 170, 130), 0.9, below)) == "half_covered"


def test_a_face_in_profile_is_half_covered():
    turned = (*WHOLE[:2], (155.0, 92.0), *WHOLE[3:])
    assert reason(Face(0, Box(100, 40, 170, 130), 0.9, turned)) == "half_covered"


def test_sharpness_does_not_depend_on_contrast():
    assert sharpness((SHARP // 2 + 60).astype(np.uint8)) == pytest.approx(sharpness(SHARP), rel=0.02)


def test_an_even_crop_is_not_sharp():
    assert sharpness(np.full((48, 48), 90, np.uint8)) == 0.0
