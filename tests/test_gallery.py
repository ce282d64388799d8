"""Finding the tiles of a gallery: real pictures, random drawings, screens that only look like one, moving tiles."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.drawn.gallery import (
    Drawing,
    Look,
    draw_cell,
    draw_gallery,
    draw_label,
    draw_text_window,
    layout,
    paste,
    random_name,
)
from benchmarks.drawn.lookalikes import LOOKALIKES, draw_lookalike
from benchmarks.drawn.share import draw_floating_panel, draw_side_by_side
from capture.gallery import Gallery, GalleryFinder
from capture.simulator.lesson import Lesson
from capture.simulator.simulator import Simulator
from domain import Box, CameraState

MIN_IOU = 0.8
DARK = Look(1.0, 6, 4, (26, 26, 26), (34, 34, 34), pill_labels=False)


def matched(gallery: Gallery, truth: tuple[tuple[Box, CameraState], ...]) -> list[tuple[CameraState, CameraState]]:
    """(expected, found) camera states of the tiles that were found where they are."""
    pairs: list[tuple[CameraState, CameraState]] = []
    for box, camera in truth:
        best = max(gallery.tiles, key=lambda tile: tile.box.iou(box), default=None)
        if best is not None and best.box.iou(box) >= MIN_IOU:
            pairs.append((camera, best.camera))
    return pairs


def exact(drawing: Drawing) -> bool:
    """Whether exactly the drawn tiles are found."""
    gallery = GalleryFinder().update(drawing.image)
    return len(gallery.tiles) == len(drawing.tiles) == len(matched(gallery, drawing.tiles))


def stage(cells: list[Box], cameras: list[CameraState], seed: int = 0, size: tuple[int, int] = (1280, 720)) -> Drawing:
    """Tiles at given places on a dark stage."""
    rng = np.random.default_rng(seed)
    image = np.full((size[1], size[0], 3), DARK.stage, np.uint8)
    for box, camera in zip(cells, cameras, strict=True):
        name = random_name(rng)
        paste(image, draw_cell(rng, box, camera, name, DARK), box, DARK.radius)
        if camera != "off":
            draw_label(image, box, name, True, DARK)
    return Drawing(image, tuple(zip(cells, cameras, strict=True)), "stage")


def test_real_galleries_are_read(shared_data: Path) -> None:
    found = expected = hits = right = 0
    for truth_file in sorted((shared_data / "zoom").glob("*.json")):
        truth = json.loads(truth_file.read_text())
        image = cv2.imread(str(truth_file.with_name(truth["image"])))
        assert image is not None
        gallery = GalleryFinder().update(image)
        pairs = matched(gallery, tuple((Box(*tile["box"]), tile["camera"]) for tile in truth["tiles"]))
        found += len(gallery.tiles)
        expected += len(truth["tiles"])
        hits += len(pairs)
        right += sum(camera == seen for camera, seen in pairs)
    assert hits / found >= 0.98
    assert hits / expected >= 0.98
    assert right / hits >= 0.97


def test_hidden_names_give_no_labels(shared_data: Path) -> None:
    image = cv2.imread(str(shared_data / "zoom" / "five-names-hidden.jpg"))
    assert image is not None
    gallery = GalleryFinder().update(image)
    assert len(gallery.tiles) == 5
    assert all(tile.label is None for tile in gallery.tiles)


@pytest.mark.parametrize("count", [2, 3, 5, 6, 9, 13, 16, 20, 25, 36, 41, 49])
def test_any_number_of_tiles_is_found(count: int) -> None:
    assert exact(draw_gallery(1000 + count, count, (1280, 800), DARK))


@pytest.mark.parametrize("size", [(1024, 640), (1366, 768), (1920, 1080), (2560, 1440), (3840, 2160)])
def test_any_window_size_is_read(size: tuple[int, int]) -> None:
    assert exact(draw_gallery(size[0], 12, size, DARK))


@pytest.mark.parametrize("gap", [1, 2, 3, 4, 6, 8, 10, 14])
@pytest.mark.parametrize("radius", [0, 16])
def test_any_gap_and_corner_is_read(gap: int, radius: int) -> None:
    look = Look(1.5, gap, radius, (25, 22, 19), (33, 30, 27), pill_labels=radius > 0)
    assert exact(draw_gallery(gap, 7, (1366, 768), look))


def test_random_galleries_are_found_exactly_and_read_rightly() -> None:
    drawings = [draw_gallery(seed) for seed in range(400, 440)]
    assert np.mean([exact(drawing) for drawing in drawings]) >= 0.95
    pairs = [pair for d in drawings for pair in matched(GalleryFinder().update(d.image), d.tiles)]
    assert np.mean([expected == found for expected, found in pairs]) >= 0.97


@pytest.mark.parametrize("draw", [draw_side_by_side, draw_floating_panel])
def test_the_class_beside_a_shared_screen_is_read(draw: Callable[[int], Drawing]) -> None:
    assert np.mean([exact(draw(seed)) for seed in range(500, 520)]) >= 0.75


def test_a_speaker_with_a_name_is_told_from_a_shared_screen() -> None:
    column = [Box(1080, top, 1260, top + 101) for top in range(40, 360, 107)]
    drawing = stage(column, ["on"] * 3)
    main = Box(20, 60, 1060, 645)
    paste(drawing.image, draw_cell(np.random.default_rng(4), main, "on", "", DARK), main)
    assert len(GalleryFinder().update(drawing.image).tiles) == 3
    draw_label(drawing.image, main, "Ada Lovelace", False, DARK)
    spoken = GalleryFinder().update(drawing.image)
    assert spoken.tiles == ()
    assert spoken.reason is not None
    assert "speaker" in spoken.reason


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_what_only_looks_like_a_gallery_gives_no_tiles_and_a_sentence(kind: str) -> None:
    for seed in range(4):
        gallery = GalleryFinder().update(draw_lookalike(kind, seed).image)
        assert gallery.tiles == ()
        assert not gallery.moving
        assert gallery.reason is not None
        assert gallery.reason.endswith(".")


@pytest.mark.parametrize("gray", [0, 26, 128, 255])
@pytest.mark.parametrize("size", [(1, 1), (40, 30), (200, 2000), (1920, 1080)])
def test_an_empty_picture_is_no_gallery(gray: int, size: tuple[int, int]) -> None:
    gallery = GalleryFinder().update(np.full((size[1], size[0], 3), gray, np.uint8))
    assert gallery.tiles == ()
    assert gallery.reason is not None


def test_noise_is_no_gallery() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    assert GalleryFinder().update(noise).tiles == ()


def test_one_person_with_a_name_is_a_gallery_and_a_lone_picture_is_not() -> None:
    (box,) = layout(1, Box(60, 40, 1220, 660), 6)
    assert len(GalleryFinder().update(stage([box], ["on"]).image).tiles) == 1
    image = np.full((720, 1280, 3), 26, np.uint8)
    paste(image, draw_cell(np.random.default_rng(3), box, "on", "", DARK), box)
    assert GalleryFinder().update(image).tiles == ()


def test_camera_off_tiles_of_the_stages_own_colour_are_found_by_their_names() -> None:
    cells = layout(9, Box(20, 20, 1260, 700), 6)
    look = Look(1.0, 6, 0, (26, 26, 26), (26, 26, 26), pill_labels=False)
    image = stage(cells, ["on"] * 9).image
    rng = np.random.default_rng(5)
    for slot in (4, 7, 8):
        paste(image, draw_cell(rng, cells[slot], "off", "Ada Lovelace", look), cells[slot])
    gallery = GalleryFinder().update(image)
    assert len(gallery.tiles) == 9
    assert [tile.slot for tile in gallery.tiles if tile.camera == "off"] == [4, 7, 8]


def test_a_nearly_black_camera_is_on() -> None:
    drawing = stage(layout(4, Box(20, 20, 1260, 700), 6), ["on"] * 4)
    box = drawing.tiles[2][0]
    inner = Box(box.left, box.top, box.right, box.bottom - 30)
    inner.of(drawing.image)[:] = np.random.default_rng(1).integers(0, 6, (inner.height, inner.width, 3), np.uint8)
    gallery = GalleryFinder().update(drawing.image)
    assert [tile.camera for tile in gallery.tiles] == ["on"] * 4


def test_tiles_come_in_reading_order_with_their_labels() -> None:
    drawing = stage(layout(5, Box(20, 20, 1260, 700), 6), ["on", "off", "photo", "on", "on"])
    gallery = GalleryFinder().update(drawing.image)
    assert [tile.slot for tile in gallery.tiles] == [0, 1, 2, 3, 4]
    assert [tile.camera for tile in gallery.tiles] == ["on", "off", "photo", "on", "on"]
    for tile, (box, camera) in zip(gallery.tiles, drawing.tiles, strict=True):
        assert tile.box.iou(box) > 0.97
        assert tile.label is not None
        middle = (tile.label.top + tile.label.bottom) / 2
        if camera == "off":
            assert abs(middle - (box.top + box.bottom) / 2) < 8
        else:
            assert tile.label.bottom == tile.box.bottom
            assert abs(tile.label.height - 20) <= 3


def test_tiles_too_low_for_a_face_say_so() -> None:
    drawing = stage(layout(36, Box(10, 10, 500, 300), 6), ["on"] * 36, size=(520, 320))
    gallery = GalleryFinder().update(drawing.image)
    assert len(gallery.tiles) == 36
    assert {tile.camera for tile in gallery.tiles} == {"too_small"}


def test_tiles_under_another_window_are_covered_while_it_lies_there() -> None:
    cells = layout(12, Box(20, 20, 1260, 700), 6)
    clear, hidden = stage(cells, ["on"] * 12).image, stage(cells, ["on"] * 12).image
    over = Box(cells[5].left - 4, cells[5].top - 4, cells[6].right + 4, cells[6].bottom + 4)
    paste(hidden, draw_text_window(np.random.default_rng(2), over.height, over.width, dark=False), over)
    fresh, knowing = GalleryFinder(), GalleryFinder()
    knowing.update(clear)
    for finder in (fresh, knowing):
        tiles = finder.update(hidden).tiles
        assert [tile.slot for tile in tiles if tile.camera == "covered"] == [5, 6]
        assert {tile.camera for tile in finder.update(clear).tiles} == {"on"}


def test_a_known_layout_is_checked_and_its_states_are_read_anew() -> None:
    cells = layout(6, Box(20, 20, 1260, 700), 6)
    finder = GalleryFinder()
    finder.update(stage(cells, ["on"] * 6).image)
    changed = finder.update(stage(cells, ["on", "off", "on", "photo", "on", "on"], seed=9).image)
    assert not changed.moving
    assert [tile.camera for tile in changed.tiles] == ["on", "off", "on", "photo", "on", "on"]


def test_while_tiles_travel_there_are_none_and_then_the_new_ones() -> None:
    room = Box(20, 20, 1260, 700)
    before, after = layout(6, room, 6), layout(9, room, 6)
    finder = GalleryFinder()
    assert len(finder.update(stage(before, ["on"] * 6).image).tiles) == 6
    for share in (0.2, 0.45, 0.7):
        places = [
            Box(*(round(a + (b - a) * share) for a, b in zip(old, new, strict=True)))
            for old, new in zip(before, after, strict=False)
        ]
        assert finder.update(stage(places, ["on"] * 6).image).moving
    settled = stage(after, ["on"] * 9).image
    results = [finder.update(settled) for _ in range(3)]
    assert all(result.moving or len(result.tiles) == 9 for result in results)
    assert len(results[-1].tiles) == 9


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=st.integers(0, 399), left=st.integers(0, 60), top=st.integers(0, 40))
def test_tiles_are_equal_apart_and_go_where_the_window_goes(seed: int, left: int, top: int) -> None:
    image = draw_gallery(seed, size=(1024, 640)).image
    height, width = image.shape[:2]
    moved = np.full((height + 40, width + 60, 3), image[-1, 0], np.uint8)
    moved[top : top + height, left : left + width] = image
    tiles, elsewhere = GalleryFinder().update(image).tiles, GalleryFinder().update(moved).tiles
    assert [tile.slot for tile in tiles] == list(range(len(tiles)))
    assert tiles == tuple(sorted(tiles, key=lambda tile: (tile.box.top, tile.box.left)))
    for tile, other in pairwise(tiles):
        assert abs(tile.box.width - other.box.width) <= 1
        assert abs(tile.box.height - other.box.height) <= 1
        assert tile.box.iou(other.box) < 0.02
    if len(elsewhere) == len(tiles):  # another margin may bring an unclear grid over the line, never to wrong places
        assert all(
            tile.box.moved(left, top).iou(other.box) > 0.95 for tile, other in zip(tiles, elsewhere, strict=True)
        )


@pytest.mark.parametrize(("few", "many"), [(4, 5), (9, 12), (16, 20), (25, 20)])
def test_no_tile_is_told_while_the_window_grows_and_people_come(few: int, many: int) -> None:
    small, large = layout(few, Box(300, 180, 980, 560), 6), layout(many, Box(20, 20, 1260, 700), 6)
    finder = GalleryFinder()
    assert len(finder.update(stage(small, ["on"] * few).image).tiles) == few
    for share in np.linspace(0.12, 0.9, 6):
        places = [
            Box(*(round(a + (b - a) * share) for a, b in zip(old, new, strict=True)))
            for old, new in zip(small, large, strict=False)
        ]
        gallery = finder.update(stage(places, ["on"] * len(places)).image)
        assert gallery.tiles == ()
        assert gallery.reason is not None
    settled = stage(large, ["on"] * many).image
    assert {len(finder.update(settled).tiles) for _ in range(4)} <= {0, many}
    assert len(finder.update(settled).tiles) == many


def test_a_newcomer_in_the_last_row_is_noticed() -> None:
    first, second = (layout(count, Box(20, 20, 1260, 700), 6, left_aligned=True) for count in (7, 8))
    assert first == second[:7]
    finder = GalleryFinder()
    finder.update(stage(first, ["on"] * 7).image)
    image = stage(second, ["on"] * 8).image
    assert finder.update(image).moving
    assert len(finder.update(image).tiles) == 8


def test_a_gallery_that_vanishes_gives_a_reason_in_the_end() -> None:
    finder = GalleryFinder()
    finder.update(stage(layout(4, Box(20, 20, 1260, 700), 6), ["on"] * 4).image)
    page = draw_lookalike("text page", 0).image[:720, :1280]
    results = [finder.update(page) for _ in range(5)]
    assert results[0].moving
    assert not results[-1].moving
    assert results[-1].reason is not None


def test_another_picture_size_is_searched_at_once() -> None:
    finder = GalleryFinder()
    finder.update(draw_gallery(1, 4, (1280, 720), DARK).image)
    drawing = draw_gallery(2, 9, (1366, 768), DARK)
    assert len(finder.update(drawing.image).tiles) == 9


def test_a_longer_name_in_the_same_place_is_not_cut() -> None:
    names = ["Jun Watanab", "Tomás Ferreir", "Anna", "Ben"], ["Jun Watanabe", "Tomás Ferreira", "Annab", "Bene"]
    finder = GalleryFinder()
    for students in names:
        lesson = Lesson.model_validate({"students": [{"name": name, "room": "plain"} for name in students]})
        simulator = Simulator(lesson, 1280, 800)
        tiles = finder.update(simulator.frame_at(1.0)).tiles
        for tile, true in zip(tiles, simulator.truth_at(1.0).tiles, strict=True):
            assert tile.label is not None
            assert true.label is not None
            assert tile.label.right >= true.label.right - 3


def test_labels_that_are_drawn_after_the_tiles_have_come_are_found() -> None:
    names = ("Anna Berg", "Ben Tran", "Cleo Haddad", "Dan Sato", "Eve Novak", "Finn Ito")
    students = [{"name": name, "room": "plain", "muted": False} for name in names]
    lesson = Lesson.model_validate({"students": students, "reshuffles": [1.0], "labels_lag_s": 2.0})
    simulator, finder = Simulator(lesson, 1280, 800), GalleryFinder()
    assert all(tile.label is None for tile in finder.update(simulator.frame_at(2.0)).tiles), "none is drawn yet"
    shown = [finder.update(simulator.frame_at(at)).tiles for at in (3.1, 3.6, 4.1)]
    assert all(tile.label is not None for tile in shown[-1])


@pytest.mark.parametrize("mark", ["hand", "heart", "joy"])
def test_a_raised_hand_on_a_tile_without_a_picture_hides_neither_its_name_nor_its_state(mark: str) -> None:
    student = {"camera": "off", "spells": [{"at": 0, "mark": mark}]}
    names = ["Quentin Quispe Mamani", "Nils Raman", *(f"Student {number}" for number in range(14))]
    lesson = Lesson.model_validate({"students": [{"name": name, **student} for name in names], "look": {"scale": 1.75}})
    simulator = Simulator(lesson, 1600, 900)
    tiles = GalleryFinder().update(simulator.frame_at(1.0)).tiles
    assert {tile.camera for tile in tiles} == {"off"}
    for tile, true in zip(tiles, simulator.truth_at(1.0).tiles, strict=True):
        assert tile.label is not None
        assert true.label is not None
        assert tile.label.height < 2.5 * true.label.height
