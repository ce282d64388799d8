"""The face detector's workshop: faces move with pictures, scenes tell the truth, networks learn and are exported."""

from __future__ import annotations

import hashlib
import json
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training is not installed: python3 classmood.py setup --training")

import keras

from domain import Box, ClassmoodError, Face, ModelError, Tile
from inference.crops import TILE_HEIGHT, TILE_WIDTH, landmark_inputs
from inference.faces import FaceFinder
from inference.landmarks import LandmarkFinder
from tests.small_models import write_landmark_model
from training.face.__main__ import main
from training.face.detectors import Own, Reference
from training.face.evaluate import Failure, Tally, second_faces, write_failures
from training.face.export import Candidate as Form
from training.face.export import choose, export, to_onnx
from training.face.faces import boxes_as_faces, centred, landmarks_of, moved, overlap
from training.face.landmarks import samples
from training.face.landmarks import train as landmark_training
from training.face.landmarks.__main__ import main as landmarks_main
from training.face.landmarks.export import export as export_landmarks
from training.face.landmarks.network import landmark_network
from training.face.matching import landmark_error, match
from training.face.network import Answers, face_network
from training.face.scenes import store
from training.face.scenes.compose import LEAST_HEIGHT, Cast, Composer, Scene, cast_of, judged
from training.face.sources import Photo, Sources
from training.face.train import Recipe, map_loss, targets, train, varied

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
"""Keras saves TensorFlow's tensors through an interface that NumPy 2 calls old."""

FACE = np.array([60, 20, 100, 70, 70, 40, 90, 40, 80, 52, 72, 60, 88, 60], np.float32)
"""A face in the middle of a tile: box, then eyes, nose and corners of the mouth."""
MIRROR = np.array([[-1, 0, 160], [0, 1, 0]], float)


def drawn_photo(seed: int, side: int = 120) -> Photo:
    """A person of ovals before noise, so that no real picture is needed."""
    draw = np.random.default_rng(seed)
    gray = draw.integers(20, 80, (side, side), np.uint8)
    cv2.ellipse(gray, (60, 118), (50, 40), 0, 0, 360, 190, -1)
    cv2.ellipse(gray, (60, 50), (22, 28), 0, 0, 360, 200, -1)
    for spot in ((52, 44), (68, 44), (60, 54), (54, 62), (66, 62)):
        cv2.circle(gray, spot, 3, 30, -1)
    face = np.array([[40, 24, 80, 76, 52, 44, 68, 44, 60, 54, 54, 62, 66, 62]], np.float32)
    return Photo(gray, face, np.empty((0, 14), np.float32))


@pytest.fixture(scope="module")
def cast() -> Cast:
    photos = [drawn_photo(seed) for seed in range(4)]
    return cast_of(Sources(photos, photos, photos))


@pytest.fixture(scope="module")
def composer(cast) -> Composer:
    return Composer(cast)


def scenes_of(composer: Composer, amount: int, seed: int = 1) -> store.Scenes:
    made = [composer.scene(np.random.default_rng((seed, index))) for index in range(amount)]
    return store.Scenes(np.stack([scene.picture for scene in made]), np.stack([store.row_of(scene) for scene in made]))


# --- faces ----------------------------------------------------------------------------------------------------------


def test_a_mirrored_face_swaps_its_eyes_and_keeps_its_box():
    face = moved(FACE[None], MIRROR)[0]
    assert face[:4].tolist() == [60, 20, 100, 70]
    right_eye, left_eye, *_ = landmarks_of(face)
    assert right_eye[0] < left_eye[0], "the person's right eye stays on the picture's left"


def test_a_face_turned_by_a_quarter_lies_down():
    quarter = np.array([[0, 1, 0], [-1, 0, 200]], float)
    left, top, right, bottom = moved(FACE[None], quarter)[0, :4]
    assert (right - left, bottom - top) == pytest.approx((50, 40))


def test_unknown_landmarks_stay_unknown():
    face = boxes_as_faces(np.array([[0, 0, 10, 10]]))
    assert np.isnan(moved(face, np.eye(2, 3))[0, 4:]).all()


@pytest.mark.parametrize(
    "matrix", [MIRROR, np.array([[-0.5, 0, 80], [0, 0.5, 3]]), np.array([[1.5, 0, -9], [0, 1.5, 2]])]
)
def test_a_picture_moves_as_its_faces_do(matrix):
    picture = np.zeros((100, 160), np.uint8)
    picture[38:42, 68:72] = 255  # around the right eye of the face
    seen = cv2.warpAffine(picture, centred(matrix), (260, 200)).astype(float)
    y, x = np.mgrid[0:200, 0:260] + 0.5
    point = matrix[:, :2] @ [70, 40] + matrix[:, 2]
    assert [(seen * x).sum() / seen.sum(), (seen * y).sum() / seen.sum()] == pytest.approx(point, abs=0.05)


def test_overlap_is_intersection_over_union():
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], float)
    assert overlap(boxes, boxes)[0] == pytest.approx([1, 1 / 3, 0])


def test_each_true_face_is_found_once_and_the_second_box_on_it_is_false():
    truth = boxes_as_faces(np.array([[0, 0, 20, 20], [50, 50, 80, 80]]))
    found = boxes_as_faces(np.array([[1, 0, 21, 20], [0, 1, 20, 21], [100, 0, 120, 20]]))
    matched = match(found, truth)
    assert matched.found_by.tolist() == [0, -1]
    assert matched.false.tolist() == [False, True, True]


def test_what_lies_on_a_doubtful_place_is_not_judged():
    found = boxes_as_faces(np.array([[100, 0, 120, 20]]))
    doubtful = boxes_as_faces(np.array([[95, 0, 125, 25]]))
    assert match(found, boxes_as_faces(np.empty((0, 4))), doubtful).false.tolist() == [False]


def test_errors_of_landmarks_count_in_distances_of_the_eyes():
    shifted = FACE.copy()
    shifted[4::2] += 2
    assert landmark_error(shifted, FACE) == pytest.approx(0.1)


# --- scenes ---------------------------------------------------------------------------------------------------------


def test_a_scene_depends_on_its_seed_alone(composer):
    first, second = (composer.scene(np.random.default_rng((7, 3))) for _ in range(2))
    assert (first.picture == second.picture).all()
    assert np.array_equal(first.faces, second.faces, equal_nan=True)


def test_scenes_ask_only_for_faces_inside_and_large_enough(composer):
    with_faces = 0
    for index in range(60):
        scene = composer.scene(np.random.default_rng((1, index)))
        assert (scene.picture.shape, scene.picture.dtype) == ((TILE_HEIGHT, TILE_WIDTH), np.uint8)
        with_faces += len(scene.faces) > 0
        for left, top, right, bottom in scene.faces[:, :4]:
            assert 0 <= left < right <= TILE_WIDTH
            assert 0 <= top < bottom <= TILE_HEIGHT
            assert bottom - top >= LEAST_HEIGHT
    assert 20 <= with_faces < 60, "most scenes show people, some do not"


def test_a_face_half_out_of_the_picture_is_cut_and_one_nearly_out_is_doubtful():
    faces = np.stack([FACE - 1000, FACE, FACE])
    faces[1, [0, 2]] -= 75  # 25 of 40 px are left
    faces[2, [0, 2]] -= 90
    asked, doubtful = judged(faces, boxes_as_faces(np.empty((0, 4))), 192, 108)
    assert asked[:, :4].tolist() == [[0, 20, 25, 70]]
    assert doubtful[:, :4].tolist() == [[0, 20, 10, 70]]


def test_a_stored_scene_comes_back(composer):
    scenes = scenes_of(composer, 6)
    for index in range(6):
        scene = composer.scene(np.random.default_rng((1, index)))
        assert np.array_equal(scenes.scene(index).faces, scene.faces, equal_nan=True)
        assert len(scenes.scene(index).doubtful) == len(scene.doubtful)


def test_a_varied_scene_moves_faces_with_the_picture():
    picture = np.zeros((TILE_HEIGHT, TILE_WIDTH), np.uint8)
    cv2.rectangle(picture, (60, 20), (99, 69), 200, -1)
    for seed in range(8):
        seen = varied(Scene(picture, FACE[None], boxes_as_faces(np.empty((0, 4)))), np.random.default_rng((seed, 5)))
        left, top, right, bottom = seen.faces[0, :4].round().astype(int)
        bright = seen.picture.astype(int) - np.median(seen.picture)
        assert abs(bright[top + 2 : bottom - 2, left + 2 : right - 2]).min() > 30
        assert abs(bright[:, : max(left - 2, 0)]).max(initial=0) < 30


# --- the map and its answers ----------------------------------------------------------------------------------------


def perfect_map(scene: Scene) -> np.ndarray:
    """What a network that has learnt everything says of a scene."""
    wanted = targets(scene)
    y, x = (np.mgrid[0:14, 0:24] + 0.5) * 8
    logit = np.log(np.clip(wanted[..., :1], 1e-4, 0.999) / (1 - np.clip(wanted[..., :1], 1e-4, 0.999)))
    reach = [x - wanted[..., 4], y - wanted[..., 5], wanted[..., 6] - x, wanted[..., 7] - y]
    size = np.maximum(wanted[..., 6:8] - wanted[..., 4:6], 1)
    marks = (wanted[..., 8:] - np.tile((wanted[..., 4:6] + wanted[..., 6:8]) / 2, 5)) / np.tile(size, 5)
    return np.concatenate([logit, np.log(np.maximum(np.stack(reach, -1), 1) / 8), marks], -1).astype(np.float32)


def test_the_graph_answers_with_the_faces_of_a_perfect_map():
    other = FACE.copy()
    other[[0, 2]] += 70
    other[4::2] += 70
    scene = Scene(np.zeros((TILE_HEIGHT, TILE_WIDTH), np.uint8), np.stack([FACE, other]), FACE[:0].reshape(0, 14))
    answers = np.asarray(Answers()(perfect_map(scene)[None]))[0]
    sure = answers[answers[:, -1] > 0.5]
    assert len(sure) == 2
    assert sure[np.argsort(sure[:, 0]), :14] == pytest.approx(np.stack([FACE, other]), abs=0.01)
    assert (np.diff(answers[:, -1][answers[:, -1] > 0]) <= 0).all(), "the surest comes first"


def test_a_double_on_one_face_scores_nothing():
    scene = Scene(np.zeros((TILE_HEIGHT, TILE_WIDTH), np.uint8), FACE[None], FACE[:0].reshape(0, 14))
    wanted = perfect_map(scene)
    middle = (45 // 8), (80 // 8)
    wanted[middle[0], middle[1] - 2] = wanted[middle]
    wanted[middle[0], middle[1] - 2, [1, 3]] += np.log([0.5, 1.6])  # nearly the same box, from another cell
    answers = np.asarray(Answers()(wanted[None]))[0]
    assert (answers[:, -1] > 0.5).sum() == 1


def test_a_perfect_map_costs_next_to_nothing_and_a_blind_one_much():
    scene = Scene(np.zeros((TILE_HEIGHT, TILE_WIDTH), np.uint8), FACE[None], FACE[:0].reshape(0, 14))
    wanted, blind = targets(scene)[None], np.zeros((1, 14, 24, 15), np.float32)

    def loss(answers: np.ndarray) -> float:
        tensors: list[Any] = [keras.ops.convert_to_tensor(part) for part in (wanted, answers)]
        return float(map_loss(*tensors))

    assert loss(perfect_map(scene)[None]) < 0.1 < loss(blind)


def test_doubtful_places_count_for_nothing():
    place = boxes_as_faces(np.array([[8, 8, 40, 40]], np.float32))
    wanted = targets(Scene(np.zeros((TILE_HEIGHT, TILE_WIDTH), np.uint8), FACE[None], place))
    assert wanted[1:5, 1:5, 1].max() == 0
    assert wanted[(45 // 8), (80 // 8), 1] == 1


class Wavering(Reference):
    """A reference that sees one face where it is told to, and its mirror image off by so many pixels."""

    def __init__(self, off_px: float, mirrored_too: bool = True) -> None:
        self._answers = [FACE[None], moved(FACE[None] + off_px, MIRROR) if mirrored_too else FACE[:0].reshape(0, 14)]

    def find(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        faces = self._answers.pop(0)
        return faces.copy(), np.ones(len(faces), np.float32)


def test_landmarks_count_where_a_face_and_its_mirror_image_agree_on_them():
    picture = np.zeros((100, 160), np.uint8)
    agreed, _ = Wavering(2.0).find_steady(picture)
    assert agreed[0, :4].tolist() == FACE[:4].tolist()
    assert agreed[0, 4:] == pytest.approx(FACE[4:] + 1)
    for reference in (Wavering(6.0), Wavering(0.0, mirrored_too=False)):
        unsteady, scores = reference.find_steady(picture)
        assert np.isnan(unsteady[0, 4:]).all()
        assert unsteady[0, :4].tolist() == FACE[:4].tolist()
        assert scores.tolist() == [1.0]


# --- training and export --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(composer, tmp_path_factory) -> tuple[Path, store.Scenes]:
    """A run of a few steps, broken off by a clock that is passed in."""
    folder, scenes = tmp_path_factory.mktemp("run"), scenes_of(composer, 32)
    history = train(Recipe(minutes=1.0, batch=8), scenes, scenes, folder, clock=count(0, 10).__next__)
    assert len(history) >= 1
    return folder, scenes


def test_a_run_leaves_all_that_is_needed_to_go_on(run):
    folder, _ = run
    assert {"recipe.json", "history.json", "last.keras", "averaged.keras"} <= {path.name for path in folder.iterdir()}


def test_a_run_is_not_mixed_with_another_recipe(run):
    folder, scenes = run
    with pytest.raises(ClassmoodError, match="another recipe"):
        train(Recipe(minutes=1.0, batch=4), scenes, scenes, folder)


def test_a_run_goes_on_where_it_stopped(run):
    folder, scenes = run
    done = json.loads((folder / "history.json").read_text())
    history = train(Recipe(minutes=1.0, batch=8), scenes, scenes, folder, clock=count(0, 20).__next__)
    assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
    assert len(history) > len(done)


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory) -> Path:
    folder, scenes = run
    target = tmp_path_factory.mktemp("models") / "face.onnx"
    export(
        folder / "averaged.keras",
        {"train": scenes, "validation": scenes},
        {"train": {"scenes": len(scenes)}},
        target,
        target.with_name("face.weights.h5"),
        target.with_name("float.onnx"),
    )
    return target


def test_an_export_is_a_model_that_the_live_path_opens(exported):
    card = json.loads(exported.with_suffix(".json").read_text())
    assert card["sha256"] == hashlib.sha256(exported.read_bytes()).hexdigest()
    tile = Tile(3, Box(0, 0, 320, 180), "on")
    write_landmark_model(exported.parent)
    assert FaceFinder(exported).find(np.zeros((180, 320, 3), np.uint8), [tile]) == []


def test_the_kept_weights_make_the_same_network(exported):
    network = face_network()
    network.load_weights(exported.with_name("face.weights.h5"))
    assert to_onnx(network).graph.output[0].name == "faces"


def test_int8_is_shipped_only_where_it_is_faster_and_as_good():
    exact = Form("float", b"", 0.4, recall=0.9, cpu_ms=12)
    assert choose(exact, Form("int8", b"", 0.4, recall=0.898, cpu_ms=6)).name == "int8"
    assert choose(exact, Form("int8", b"", 0.4, recall=0.898, cpu_ms=13)).name == "float"
    assert choose(exact, Form("int8", b"", 0.4, recall=0.89, cpu_ms=6)).name == "float"


def test_weights_that_are_missing_are_told_in_one_line(tmp_path):
    with pytest.raises(ModelError, match=r"cannot read the face network's weights"):
        export(tmp_path / "none.keras", {}, {}, tmp_path / "f.onnx", tmp_path / "w.weights.h5", tmp_path / "p.onnx")


# --- figures --------------------------------------------------------------------------------------------------------


def test_figures_tell_recall_by_class_and_false_faces_per_hundred_tiles():
    tally, truth = Tally(), boxes_as_faces(np.array([[0, 0, 20, 20], [50, 50, 80, 80]]))
    tally.add(boxes_as_faces(np.array([[0, 0, 20, 20], [100, 0, 120, 20]])), truth, ["clear", "masked"])
    figures = tally.figures()
    assert figures["recall"] == {"clear": 1.0, "masked": 0.0}
    assert (figures["false_per_100_tiles"], figures["precision"]) == (100.0, 0.5)


class TwoFaces(Own):
    """A detector that sees ``FACE`` surely in every scene, and less surely another face beside it."""

    def __init__(self) -> None:
        self.least_score = 0.35

    def answers(self, inputs: np.ndarray) -> np.ndarray:
        beside = FACE + np.tile([60, 0], 7)
        return np.tile(np.stack([[*FACE, 0.9], [*beside, 0.48]]), (len(inputs), 1, 1)).astype(np.float32)


def test_what_second_faces_cost_is_told_by_the_least_score_that_they_need():
    rows = store.row_of(Scene(np.zeros((TILE_HEIGHT, TILE_WIDTH), np.uint8), FACE[None], FACE[:0].reshape(0, 14)))
    scenes = store.Scenes(np.zeros((4, TILE_HEIGHT, TILE_WIDTH), np.uint8), np.stack([rows] * 4))
    found = second_faces(TwoFaces(), scenes, 4)
    assert found["0.45"] == {"recall": {"one": 1.0}, "false_per_100_tiles": 100.0}
    assert found["0.5"] == {"recall": {"one": 1.0}, "false_per_100_tiles": 0.0}


def test_the_page_of_failures_shows_them(tmp_path, composer):
    scene = composer.scene(np.random.default_rng((1, 4)))
    write_failures([Failure(scene, FACE[None], np.full(len(scene.faces), -1), 1)], tmp_path / "failures.html")
    page = (tmp_path / "failures.html").read_text("utf-8")
    assert f"{len(scene.faces)} missed, 1 false" in page
    assert "data:image/png" in page


def test_without_scenes_the_command_says_what_to_do(tmp_path, capsys):
    assert main(["train", "--folder", str(tmp_path), "--run", str(tmp_path / "run")]) == 2
    assert "python -m training.face prepare" in capsys.readouterr().err


# --- the landmark network -------------------------------------------------------------------------------------------


def test_a_scene_as_large_as_on_the_screen_holds_its_faces(cast):
    larger = Composer(cast, 1.75)
    for index in range(30):
        scene = larger.scene(np.random.default_rng((1, index)))
        assert scene.picture.shape == (196, 336)
        for left, top, right, bottom in scene.faces[:, :4]:
            assert 0 <= left < right <= 336
            assert 0 <= top < bottom <= 196
            assert bottom - top >= 1.75 * LEAST_HEIGHT


def spotted() -> tuple[Scene, np.ndarray]:
    """A tile with a bright spot on each landmark of ``FACE``, and the face as a detector finds it, a little off."""
    picture = np.full((TILE_HEIGHT, TILE_WIDTH), 60, np.uint8)
    for x, y in landmarks_of(FACE):
        picture[int(y) - 1 : int(y) + 1, int(x) - 1 : int(x) + 1] = 255
    found = FACE.copy()
    found[:4] += [3, -2, 1, 2]
    return Scene(picture, FACE[None], FACE[:0].reshape(0, 14)), found[None]


def levels_at(crop: np.ndarray, marks: np.ndarray) -> list[int]:
    """The brightest pixel within one of each mark (in sides of the crop)."""
    return [
        int(crop[max(int(y) - 1, 0) : int(y) + 2, max(int(x) - 1, 0) : int(x) + 2].max()) for x, y in marks * len(crop)
    ]


def test_marks_stay_on_their_pixels_when_a_face_is_cut_out_turned_and_mirrored():
    scene, found = spotted()
    ((crop, marks),) = samples.samples_of(scene, found)
    assert crop.shape == (96, 96)
    assert min(levels_at(crop, marks)) > 200
    assert min(levels_at(*samples.as_read(crop, marks))) > 120
    for seed in range(6):
        seen, points = landmark_training.varied(crop, marks, np.random.default_rng(seed))
        assert seen.shape == (48, 48)
        assert min(levels_at(seen, points)) > np.median(seen) + 20
        assert points[0, 0] < points[1, 0], "the person's right eye stays on the picture's left"


def test_a_stored_crop_is_read_as_the_live_path_would_read_the_face():
    scene, found = spotted()
    ((crop, marks),) = samples.samples_of(scene, found)
    box = Box(*(round(float(edge)) for edge in found[0, :4]))
    colour = cv2.cvtColor(scene.picture, cv2.COLOR_GRAY2BGR)
    inputs, placements = landmark_inputs(colour, [box], [Box(0, 0, TILE_WIDTH, TILE_HEIGHT)])
    read, points = samples.as_read(crop, marks)
    assert np.abs(inputs[0, ..., 0].astype(int) - read).mean() < 3
    assert points * placements[0, 0] + placements[0, 1:] == pytest.approx(landmarks_of(FACE), abs=1.0)


def test_faces_that_are_missed_or_whose_landmarks_nobody_knows_teach_nothing():
    scene, found = spotted()
    unknown = Scene(scene.picture, boxes_as_faces(FACE[None, :4]), scene.doubtful)
    assert list(samples.samples_of(unknown, found)) == []
    assert list(samples.samples_of(scene, found[:0])) == []


def test_the_error_of_landmarks_counts_in_distances_of_the_eyes():
    truth = landmarks_of(FACE)[None] / 48
    off = truth + np.array([2, 0]) / 48
    assert landmark_training.error_of(off, truth)["mean_error"] == pytest.approx(0.1)
    tensors: list[Any] = [keras.ops.convert_to_tensor(part.astype(np.float32)) for part in (truth, off)]
    assert float(landmark_training.points_loss(*tensors)) == pytest.approx(0.1, abs=0.02)
    assert float(landmark_training.points_loss(tensors[0], tensors[0])) == pytest.approx(0.0, abs=1e-4)


@pytest.fixture(scope="module")
def landmark_run(composer, tmp_path_factory) -> tuple[Path, samples.Samples]:
    folder, found = tmp_path_factory.mktemp("landmarks"), []
    for index in range(60):
        scene = composer.scene(np.random.default_rng((2, index)))
        found += samples.samples_of(scene, scene.faces)
    faces = samples.Samples(np.stack([crop for crop, _ in found]), np.stack([marks for _, marks in found]))
    recipe = Recipe(minutes=1.0, batch=8)
    history = landmark_training.train(recipe, faces, faces, folder, clock=count(0, 5).__next__)
    assert history[-1]["mean_error"] > 0
    return folder, faces


def test_an_exported_landmark_network_is_one_that_the_live_path_opens(landmark_run, tmp_path):
    folder, faces = landmark_run
    target, weights = tmp_path / "landmarks.onnx", tmp_path / "landmarks.weights.h5"
    card = export_landmarks(folder / "averaged.keras", faces, {"train": {"faces": len(faces)}}, target, weights)
    assert card["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    assert card["runs"][0]["scenes"] == len(faces)
    face = Face(0, Box(60, 20, 100, 70), 0.9)
    (refined,) = LandmarkFinder(target).refined(np.zeros((112, 192, 3), np.uint8), [face], {0: Box(0, 0, 192, 112)})
    assert refined.landmarks is not None
    assert len(refined.landmarks) == 5
    landmark_network().load_weights(weights)


def test_without_faces_to_learn_from_the_command_says_what_to_do(tmp_path, capsys):
    assert landmarks_main(["train", "--folder", str(tmp_path), "--run", str(tmp_path / "run")]) == 2
    assert "python -m training.face.landmarks prepare" in capsys.readouterr().err
