"""What a client can show besides the plain gallery: views, panels, decorations, camera states, and random lessons."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.gallery import GalleryFinder
from capture.simulator.client.icons import Mark, mark_icon
from capture.simulator.client.paint import fitted, rounded, text_mask, writable
from capture.simulator.layout import ASPECT
from capture.simulator.lesson import Lesson
from capture.simulator.look import GALLERIES, Look, Scene, View, scene_at
from capture.simulator.random_lesson import Recipe, random_lesson, random_look, random_scene, random_window
from capture.simulator.script import Script
from capture.simulator.simulator import Simulator
from capture.simulator.truth import TileTruth
from domain import CAMERA_STATES, Box

ALL_VIEWS: tuple[View, ...] = get_args(View)
LONG_NAME = "Maximilian Rosenberger-Thalmann of the Upper School"


def lesson(*students: dict[str, Any], **parts: Any) -> Lesson:
    """A lesson of students who are called by their number where they have no name."""
    named = [{"name": f"Student {number}", **student} for number, student in enumerate(students, 1)]
    return Lesson.model_validate({"students": named, **parts})


def nobody_on(count: int, **parts: Any) -> Lesson:
    """A lesson of students without a camera: cheap to draw."""
    return lesson(*({"camera": "off"} for _ in range(count)), **parts)


def first_tile(simulator: Simulator, t_s: float = 1.0) -> TileTruth:
    return simulator.truth_at(t_s).tiles[0]


def apart(one: Box, other: Box) -> bool:
    return one.right <= other.left or other.right <= one.left or one.bottom <= other.top or other.bottom <= one.top


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean gray levels between two pictures."""
    return float(np.abs(one.astype(int) - other).mean())


# --- scenes ---------------------------------------------------------------------------------------------------------


def test_what_a_scene_leaves_out_stays_as_it_was():
    scenes = (Scene(at=5, panel="chat"), Scene(at=10, view="side_by_side"), Scene(at=20, panel="none"))
    assert [scene_at(scenes, t).panel for t in (0, 5, 12, 20)] == ["none", "chat", "chat", "none"]
    assert [scene_at(scenes, t).view for t in (9, 12, 25)] == ["gallery", "side_by_side", "side_by_side"]


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"look": {"gap": 15}}, "look"),
        ({"look": {"colour": "red"}}, "look"),
        ({"scenes": [{"at": 0, "view": "theatre"}]}, "scenes"),
        ({"scenes": [{"at": 0, "covered": [0.5, 0.1, 0.4, 0.9]}]}, "left < right"),
        ({"scenes": [{"at": 0, "hover": 3}]}, "student 1 to 2, found 3"),
        ({"speakers": [{"at": 0, "name": "Ana"}]}, "say student: and the number"),
    ],
)
def test_a_client_that_does_not_exist_is_refused(parts, place):
    with pytest.raises(ValueError, match=place):
        lesson({"name": "Ana"}, {"name": "Ana"}, **parts)


# --- where tiles stand ----------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 49), view=st.sampled_from(sorted(GALLERIES)))
def test_in_every_look_tiles_are_equal_apart_inside_and_labelled_within(seed, count, view):
    random = np.random.default_rng(seed)
    width, height = random_window(random)
    look = random_look(random, (width, height))
    scene = random_scene(random).model_copy(update={"view": view, "covered": ()})
    truth = Simulator(nobody_on(count, per_page=49, scenes=[scene]), width, height, look).truth_at(1)
    assert truth.view == view
    assert truth.tiles
    boxes = [tile.box for tile in truth.tiles]
    for tile in truth.tiles:
        assert tile.box.clamped(width, height) == tile.box
        assert tile.box.left >= 0
        assert tile.box.width / tile.box.height == pytest.approx(ASPECT, abs=2.5 * ASPECT / tile.box.height)
        assert tile.label is None or tile.label.clamped(tile.box.right, tile.box.bottom) == tile.label
        assert tile.label is None or tile.label.left >= tile.box.left
    assert max(box.width for box in boxes) - min(box.width for box in boxes) <= 1
    assert all(apart(one, other) for one, other in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("view", ["side_by_side", "floating"])
@pytest.mark.parametrize("strip", ["column", "row", "grid"])
def test_beside_or_over_a_shared_screen_the_rest_is_on_further_pages(view, strip):
    scenes = [{"at": 0, "view": view, "strip": strip}]
    simulator = Simulator(nobody_on(30, scenes=scenes, pages=[{"at": 10, "page": 2}]), 1366, 768)
    first, second = simulator.truth_at(1), simulator.truth_at(11)
    assert 2 <= len(first.tiles) < 30
    assert (first.pages, second.page) == (-(-30 // len(first.tiles)), 2)
    assert not {tile.student for tile in first.tiles} & {tile.student for tile in second.tiles}


def test_what_is_no_gallery_has_no_tiles_and_is_drawn_all_the_same():
    students = [{}, {"camera": "off"}, {"camera": "photo"}]
    pictures = []
    for view in ("gallery", "speaker", "immersive", "minimised", "none"):
        simulator = Simulator(lesson(*students, scenes=[{"at": 0, "view": view}]), 800, 520)
        pictures.append(simulator.frame_at(1))
        assert bool(simulator.truth_at(1).tiles) == (view == "gallery")
        assert simulator.truth_at(1).present == (1, 2, 3)
    assert all(difference(one, other) > 5 for one, other in itertools.combinations(pictures, 2))


LOOKS = (
    Look(),
    Look(theme="black", border="2020", gap=2),
    Look(border="2021", scale=1.25, arrows="over"),
    Look(theme="slate", border="newer", labels="pill", gap=8, radius=8),
    Look(theme="light", radius=4, labels="hidden", toolbar="over"),
    Look(theme="slate", gap=14, radius=16, scale=1.5),
)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.theme}-{look.border}-{look.gap:g}")
def test_the_gallery_finder_finds_the_tiles_where_the_truth_says(look):
    students = [{}, {"camera": "off"}, {"camera": "photo"}, {"shape": "4:3"}, {"room": "beach"}, {"bitrate": "low"}]
    scenes = [{"at": 0, "toolbar": False, "panel": "chat"}]
    simulator = Simulator(lesson(*students, speakers=[{"at": 0, "student": 1}], scenes=scenes), 1280, 800, look)
    found = GalleryFinder().update(simulator.frame_at(1)).tiles
    for tile, true in zip(found, simulator.truth_at(1).tiles, strict=True):
        assert tile.box.iou(true.box) > 0.9
        assert tile.camera == true.state


# --- changes --------------------------------------------------------------------------------------------------------


def test_an_opening_panel_moves_the_tiles_and_another_view_comes_at_once():
    scenes = [{"at": 10, "panel": "chat"}, {"at": 20, "panel": "none", "view": "floating"}]
    simulator = Simulator(nobody_on(6, scenes=scenes), 1280, 800)
    assert [simulator.truth_at(t).moving for t in (9, 10.2, 11, 20.2)] == [False, True, False, False]
    ends = [max(tile.box.right for tile in simulator.truth_at(t).tiles) for t in (9, 11)]
    assert ends[1] < ends[0] - 200


def test_labels_come_late_after_a_reshuffle_and_go_with_a_spell():
    spells = [{"at": 30, "lasts": 5, "label": False}]
    script = lesson({"spells": spells, "camera": "photo"}, *[{"camera": "photo"}] * 5, reshuffles=[10], labels_lag_s=2)
    simulator = Simulator(script, 960, 600)
    late = [tile for tile in simulator.truth_at(11).tiles if tile.label is None]
    assert late
    assert all(tile.label is not None for tile in simulator.truth_at(13).tiles)
    hidden = [tile.student for tile in simulator.truth_at(31).tiles if tile.label is None]
    assert hidden == [1]


def test_names_change_are_cut_and_may_be_two_peoples():
    students = [{"name": "Ana"}, {"name": "Ana"}, {"name": LONG_NAME, "spells": [{"at": 10, "name": "Max"}]}]
    script = lesson(*({**one, "camera": "photo"} for one in students), speakers=[{"at": 0, "student": 2}])
    tiles = Simulator(script, 640, 400).truth_at(1).tiles
    assert [(tile.student, tile.speaker) for tile in tiles] == [(1, False), (2, True), (3, False)]
    cut = tiles[2].text
    assert tiles[2].name == LONG_NAME
    assert cut is not None
    assert cut.endswith("\u2026")
    assert LONG_NAME.startswith(cut.rstrip("\u2026"))
    assert Simulator(script, 640, 400).truth_at(11).tiles[2].text == "Max"


def test_the_speaker_is_never_muted_and_microphones_follow_the_script():
    script = lesson(
        {"camera": "off"},
        {"camera": "off", "spells": [{"at": 5, "muted": False}]},
        speakers=[{"at": 0, "student": 1}, {"at": 1, "student": 2}, {"at": 2, "student": 1}],
    )
    simulator = Simulator(script, 640, 400)
    assert [[tile.speaker for tile in simulator.truth_at(t).tiles].index(True) for t in (0.5, 1.5, 2.5)] == [0, 1, 0]
    assert [[tile.muted for tile in simulator.truth_at(t).tiles] for t in (1.5, 3, 6)] == [
        [True, False],
        [False, True],
        [False, False],
    ]


# --- what lies over tiles -------------------------------------------------------------------------------------------


def test_a_toolbar_over_the_lowest_tiles_hides_their_labels_while_it_is_there():
    scenes = [{"at": 0, "toolbar": True}, {"at": 10, "toolbar": False}]
    students = ({"camera": "photo"} for _ in range(9))
    simulator = Simulator(lesson(*students, scenes=scenes), 1280, 720, Look(toolbar="over"))
    with_bar, without = simulator.truth_at(5), simulator.truth_at(15)
    assert [tile.box for tile in with_bar.tiles] == [tile.box for tile in without.tiles]
    assert [tile.label is None for tile in with_bar.tiles] == [False] * 6 + [True] * 3
    assert all(tile.label is not None for tile in without.tiles)


def test_tiles_under_another_window_are_covered():
    simulator = Simulator(lesson({}, {}, {}, {}, scenes=[{"at": 5, "covered": [0.5, 0, 1, 1]}]), 960, 600)
    free, covered = simulator.truth_at(1), simulator.truth_at(6)
    assert [tile.state for tile in free.tiles] == ["on"] * 4
    assert [tile.state for tile in covered.tiles] == ["on", "covered", "on", "covered"]
    assert [tile.face is None for tile in covered.tiles] == [False, True, False, True]
    under = covered.tiles[1].box.of(simulator.frame_at(6))
    assert under.mean() > 200  # paper


def test_marks_and_buttons_stay_in_the_corners_of_their_tile():
    plain, marked = {"camera": "off"}, {"camera": "off", "spells": [{"at": 0, "mark": "hand"}]}
    scenes = [{"at": 0, "hover": 1}]
    without = Simulator(lesson(plain, plain), 960, 600)
    with_hand = Simulator(lesson(marked, plain, scenes=scenes), 960, 600)
    assert first_tile(with_hand).mark == "hand"
    changed = np.abs(with_hand.frame_at(1).astype(int) - without.frame_at(1)).max(2) > 8
    box = first_tile(with_hand).box
    assert changed[box.top : box.top + box.height // 3, box.left : box.right].sum() == changed.sum() > 200


@pytest.mark.parametrize("mark", get_args(Mark))
def test_every_mark_has_a_drawing(mark):
    colours, mask = mark_icon(mark, 28)
    assert colours.shape == (28, 28, 3)
    assert 0.1 < mask.mean() < 0.8


# --- cameras --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("student", "state"),
    [
        ({}, "on"),
        ({"camera": "off"}, "off"),
        ({"camera": "photo", "photo": "full"}, "photo"),
        ({"spells": [{"at": 0, "away": True}]}, "no_face"),
        ({"spells": [{"at": 0, "dark": True}]}, "no_face"),
        ({"spells": [{"at": 0, "frozen": True}]}, "frozen"),
    ],
)
def test_the_truth_says_what_a_perfect_reader_would(student, state):
    tile = first_tile(Simulator(lesson(student), 640, 400))
    assert tile.state == state
    assert tile.state in CAMERA_STATES
    assert (tile.face is not None) == (state in ("on", "frozen"))
    assert (tile.emotion is not None) == (tile.face is not None)


def test_a_frozen_picture_stands_still_and_a_living_one_does_not():
    simulator = Simulator(lesson({"spells": [{"at": 10, "lasts": 10, "frozen": True}]}), 640, 400)
    box = first_tile(simulator).box
    pictures = [box.of(simulator.frame_at(t)) for t in (8, 12, 18, 22)]
    assert np.array_equal(pictures[1], pictures[2])
    assert difference(pictures[0], pictures[1]) > 1
    assert difference(pictures[2], pictures[3]) > 1


def test_a_lens_in_the_dark_shows_hardly_anything():
    simulator = Simulator(lesson({"spells": [{"at": 5, "dark": True}]}), 640, 400, Look(labels="hidden"))
    box = first_tile(simulator).box
    assert box.of(simulator.frame_at(6)).mean() < 15
    assert box.of(simulator.frame_at(6)).std() > 0.5  # but noise


@pytest.mark.parametrize(("shape", "share"), [("4:3", 0.75), ("portrait", 0.316)])
def test_other_shapes_stand_between_bars_with_the_face_inside(shape, share):
    tile = first_tile(simulator := Simulator(lesson({"shape": shape, "bars": "black"}), 640, 400))
    assert tile.video is not None
    assert tile.video.width / tile.box.width == pytest.approx(share, abs=0.02)
    assert tile.face is not None
    assert tile.video.left <= tile.face.left < tile.face.right <= tile.video.right
    frame = simulator.frame_at(1)
    assert frame[tile.box.top + 40, tile.box.left : tile.video.left].max() == 0
    assert tile.video.of(frame).mean() > 40


def test_profile_pictures_have_their_shapes_and_no_face_to_judge():
    pictures = []
    for photo in ("initials", "square", "disc", "full"):
        simulator = Simulator(lesson({"camera": "photo", "photo": photo}), 640, 400)
        tile = first_tile(simulator)
        assert (tile.face, tile.emotion, tile.state) == (None, None, "photo")
        pictures.append(tile.box.of(simulator.frame_at(1)))
        corner = pictures[-1][2, 2].astype(int)
        assert (np.abs(corner - (36, 34, 34)).max() <= 1) == (photo != "full")
    assert all(difference(one, other) > 1 for one, other in itertools.combinations(pictures, 2))


def test_a_turned_head_takes_the_face_to_its_side():
    spells = [{"at": 10, "lasts": 10, "yaw": 40}, {"at": 20, "lasts": 10, "yaw": -40}]
    simulator = Simulator(lesson({"spells": spells, "room": "plain"}), 640, 400)
    ahead, right, left = (first_tile(simulator, t) for t in (9, 19, 29))
    assert (ahead.yaw, right.yaw, left.yaw) == (0, 40, -40)
    assert ahead.face is not None
    assert right.face is not None
    assert left.face is not None
    assert left.face.width < ahead.face.width > right.face.width
    side = ahead.box.width / 10  # more than the sway of a head that stays
    middles = [(face.left + face.right) / 2 for face in (left.face, right.face)]
    assert middles[1] - middles[0] > side / 2


def test_closed_eyes_change_the_eyes_alone():
    simulator = Simulator(lesson({"face": 4, "spells": [{"at": 10, "eyes": "closed"}], "room": "plain"}), 640, 400)
    tile = first_tile(simulator, 12)
    assert tile.eyes_closed
    assert tile.face is not None
    open_eyed = Simulator(lesson({"face": 4, "room": "plain"}), 640, 400)
    changed = np.abs(simulator.frame_at(12).astype(int) - open_eyed.frame_at(12)).max(2) > 25
    rows, _ = np.nonzero(changed)
    assert rows.size
    assert tile.face.top < rows.min()
    assert rows.max() < tile.face.top + 0.6 * tile.face.height


def test_round_corners_show_the_stage():
    simulator = Simulator(nobody_on(1), 640, 400, Look(theme="light", radius=16))
    frame, box = simulator.frame_at(1), first_tile(simulator).box
    stage = frame[box.top - 3, box.left + 50].astype(int)
    for x, y in (
        (box.left, box.top),
        (box.right - 1, box.top),
        (box.left, box.bottom - 1),
        (box.right - 1, box.bottom - 1),
    ):
        assert np.abs(frame[y, x] - stage).max() <= 2
    assert np.abs(frame[box.top, box.left + 50] - stage).max() > 10


# --- painting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Zoë Müller", "Дмитрий Волков", "Ελένη", "김민준", "अनन्या शर्मा", "שירה כהן", "王小明"]
)
def test_names_are_written_in_any_script_that_the_system_has(name):
    if not writable(name):
        pytest.skip("no font for this script; type: sudo apt install fonts-noto-core fonts-noto-cjk")
    missing = text_mask("\ue000" * len(name), 20, 400)  # a letter that no font has: empty boxes
    mask = text_mask(name, 20, 400)
    assert mask.max() > 0.8
    assert mask.shape != missing.shape or difference(mask * 255, missing * 255) > 1


def test_text_is_cut_to_its_room_and_keeps_at_least_a_letter():
    assert fitted("Ana", 13, 200) == "Ana"
    assert fitted(LONG_NAME, 13, 100).endswith("\u2026")
    assert len(fitted(LONG_NAME, 13, 1)) == 1


def test_a_rounded_rectangle_is_whole_but_for_its_corners():
    mask = rounded(40, 20, 6)
    assert mask.shape == (20, 40)
    assert mask[0, 0] == mask[-1, -1] == 0
    assert mask[10].min() == mask[:, 20].min() == 1


# --- lessons by chance ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_random_lesson_is_whole_and_follows_from_its_seed(seed):
    recipe = Recipe(students=40, duration_s=900, per_page=25)
    one = random_lesson(seed, recipe)
    assert one == random_lesson(seed, recipe)
    assert one != random_lesson(seed + 1, recipe)
    assert len(one.students) == 40
    assert one.students[-1].name == one.students[2].name
    for student in one.students:
        lasting = [spell for spell in student.spells if spell.lasts is not None]
        for spell, following in itertools.pairwise(lasting):
            assert spell.at + (spell.lasts or 0) < following.at
    cameras = {student.camera for student in one.students}
    assert cameras == {"on", "off", "photo"}


def test_a_script_alone_tells_behaviour_and_order_of_a_whole_class_hour():
    script = Script(random_lesson(3, Recipe(students=40, duration_s=2700)))
    seen = {"yaw": 0, "away": 0, "eyes": 0, "off": 0}
    for t_s in range(0, 2700, 60):
        for who in script.order(t_s):
            does = script.behaviour(who, float(t_s))
            seen["yaw"] += does.yaw != 0
            seen["away"] += does.away
            seen["eyes"] += does.eyes_closed
            seen["off"] += does.camera == "off"
    assert all(seen.values())
    assert sorted(script.order(1000)) == [n for n, one in enumerate(script.lesson.students, 1) if one.present(1000)]


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_a_random_class_is_drawn_in_every_view(view):
    random = np.random.default_rng(ALL_VIEWS.index(view))
    scene = random_scene(random).model_copy(update={"view": view})
    drawn = random_lesson(1, Recipe(students=7)).model_copy(update={"scenes": (scene,)})
    simulator = Simulator(drawn, 1024, 640, random_look(random, (1024, 640)))
    frame = simulator.frame_at(100)
    assert frame.shape == (640, 1024, 3)
    assert frame.std() > 10
