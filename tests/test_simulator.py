"""The simulator: lessons are checked, pictures are what the truth says, a student's behaviour follows the script."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import mss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.simulator.camera.faces import FaceModel
from capture.simulator.camera.picture import stream_size
from capture.simulator.layout import ASPECT, best_grid, tile_boxes
from capture.simulator.lesson import Lesson, Student, read_lesson
from capture.simulator.look import Look
from capture.simulator.simulator import Simulator
from capture.simulator.source import SimulatorSource
from capture.simulator.truth import TileTruth
from capture.simulator.window import play
from config import ROOT
from domain import Box, ConfigError, ModelError

LESSONS = ROOT / "capture" / "simulator" / "lessons"
SMALL = LESSONS / "small.yaml"


@pytest.fixture(scope="module")
def small() -> Simulator:
    return Simulator(read_lesson(SMALL), 800, 520)


def tile_of(simulator: Simulator, name: str, t_s: float) -> TileTruth:
    return next(tile for tile in simulator.truth_at(t_s).tiles if tile.name == name)


# --- the layout -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "width"), [(9, 560), (16, 416), (25, 336), (36, 272), (49, 224)])
def test_full_screen_tiles_have_the_sizes_measured_on_a_real_client(count, width):
    # That client of 2021 rounded down to multiples of 16 x 9, and left 970 of 1080 lines for the tiles.
    assert best_grid(count, 1900, 970, 6).width // 16 * 16 == width


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 49), st.integers(600, 3800), st.integers(400, 2000), st.floats(0, 14))
def test_any_number_of_tiles_stands_apart_equal_and_inside(count, width, height, gap):
    stage = Box(20, 30, 20 + width, 30 + height)
    boxes = tile_boxes(count, stage, gap)
    assert len(boxes) == count
    for box in boxes:
        assert box.clamped(stage.right, stage.bottom) == box
        assert box.left >= stage.left
        assert box.top >= stage.top
        assert box.width / box.height == pytest.approx(ASPECT, rel=0.05)
    assert max(box.width for box in boxes) - min(box.width for box in boxes) <= 1
    for box, following in itertools.pairwise(boxes):
        assert following.top >= box.bottom or following.left - box.right == pytest.approx(gap, abs=1)


def test_the_last_row_is_centred():
    boxes = tile_boxes(5, Box(0, 0, 1200, 600), 6)
    assert boxes[3].left - 0 == pytest.approx(1200 - boxes[4].right, abs=1)
    assert boxes[3].left > boxes[0].left


# --- the script -----------------------------------------------------------------------------------------------------


def test_a_lesson_with_faults_names_all_of_them_in_one_line(tmp_path):
    faulty = tmp_path / "lesson.yaml"
    faulty.write_text("students:\n  - {name: Ana, camra: on}\n  - {name: Ben, spells: [{at: -3}]}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_lesson(faulty)
    message = str(error.value)
    assert "students[1].camra" in message
    assert "students[2].spells[1].at" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "text", ["students: [", "- 1", "", "students: []", "students: [{name: A}]\nspeakers: [{at: 0, name: B}]"]
)
def test_what_is_no_lesson_is_refused(tmp_path, text):
    path = tmp_path / "lesson.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="lesson"):
        read_lesson(path)


def test_a_missing_lesson_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_lesson(tmp_path / "nowhere.yaml")


def test_times_are_seconds_or_minutes_and_seconds():
    lesson = Lesson.model_validate({"duration_s": "1:30", "students": [{"name": "Ana", "joins_at": "0:05"}]})
    assert lesson.duration_s == 90
    assert lesson.students[0].joins_at == 5


def test_a_looping_lesson_starts_again_and_another_holds_its_end():
    lesson = Lesson(duration_s=60, students=(Student(name="Ana"),))
    assert lesson.script_time(70) == 60
    assert lesson.model_copy(update={"loops": True}).script_time(70) == 10


@pytest.mark.parametrize("path", sorted(LESSONS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_lesson_that_ships_is_valid(path):
    assert read_lesson(path).students


# --- the truth ------------------------------------------------------------------------------------------------------


def test_who_is_there_follows_joins_and_leaves(small):
    assert [len(small.truth_at(t).present) for t in (0, 10, 55)] == [4, 5, 4]


def test_the_camera_follows_the_script(small):
    assert [tile_of(small, "Tomás Ferreira", t).camera for t in (5, 15, 25)] == ["on", "off", "on"]
    assert tile_of(small, "Amara Okafor", 5).camera == "photo"


def test_emotions_follow_the_phases_and_need_a_face(small):
    assert [tile_of(small, "Zoë Müller", t).emotion for t in (1, 25, 45)] == ["neutral", "happy", "surprise"]
    assert tile_of(small, "Tomás Ferreira", 15).emotion is None
    away = tile_of(small, "Linh Tran", 30)
    assert away.away
    assert away.camera == "on"
    assert away.emotion is None
    assert away.face is None


def test_a_reshuffle_moves_tiles_and_says_so(small):
    before, during, after = (small.truth_at(t) for t in (34.9, 35.2, 36))
    assert not before.moving
    assert during.moving
    assert not after.moving
    assert [tile.student for tile in before.tiles] != [tile.student for tile in after.tiles]
    assert [tile.box for tile in before.tiles] == [tile.box for tile in after.tiles]
    assert {tile.name for tile in before.tiles} == {tile.name for tile in after.tiles}


def test_more_students_than_places_are_on_further_pages():
    students = tuple(Student(name=f"Student {n}", camera="off") for n in range(1, 8))
    lesson = Lesson.model_validate({"per_page": 4, "pages": [{"at": 10, "page": 2}], "students": students})
    simulator = Simulator(lesson, 640, 400)
    first, second = simulator.truth_at(1), simulator.truth_at(11)
    assert (first.page, first.pages, len(first.tiles)) == (1, 2, 4)
    assert [tile.name for tile in second.tiles] == ["Student 5", "Student 6", "Student 7"]
    assert len(second.present) == 7


# --- the picture ----------------------------------------------------------------------------------------------------


def test_the_same_second_gives_the_same_picture():
    lesson = read_lesson(SMALL)
    first, second = (Simulator(lesson, 640, 420) for _ in range(2))
    second.frame_at(3)  # what was drawn before must not matter
    assert np.array_equal(first.frame_at(27.5), second.frame_at(27.5))


def test_tiles_stand_where_the_truth_says(small):
    frame, truth = small.frame_at(32), small.truth_at(32)  # nobody speaks
    stage = frame[40, 2].astype(int)
    for tile in truth.tiles:
        assert np.abs(tile.box.of(frame).astype(int) - stage).max(2).mean() > 5
        above = frame[tile.box.top - 5, tile.box.left : tile.box.right].astype(int)
        assert np.abs(above - stage).max() == 0


def test_the_speaker_has_the_only_border(small):
    frame = small.frame_at(6)
    for tile in small.truth_at(6).tiles:
        _blue, green, red = frame[tile.box.top - 2, tile.box.left + 20].astype(int)
        assert (green > 150 and green > red + 50) == tile.speaker


def test_the_light_theme_and_a_larger_scale_change_the_look_and_not_the_class():
    lesson = read_lesson(SMALL)
    light = Simulator(lesson, 800, 520, Look(theme="light"))
    large = Simulator(lesson, 1600, 1040, Look(scale=2))
    assert light.frame_at(2).mean() > Simulator(lesson, 800, 520).frame_at(2).mean() + 20
    assert [tile.name for tile in large.truth_at(2).tiles] == [tile.name for tile in light.truth_at(2).tiles]


def test_a_cascade_finds_the_face_where_the_truth_says(small):
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"))
    frame, truth = small.frame_at(6), small.truth_at(6)
    for tile in truth.tiles:
        if tile.face is None:
            continue
        gray = cv2.cvtColor(tile.box.of(frame), cv2.COLOR_BGR2GRAY)
        found = [
            Box(*map(int, (x, y, x + w, y + h))).moved(tile.box.left, tile.box.top)
            for x, y, w, h in cascade.detectMultiScale(gray, 1.1, 3)
        ]
        assert max((box.iou(tile.face) for box in found), default=0.0) > 0.4, tile.name


def test_an_empty_room_shows_no_person(small):
    there, away = tile_of(small, "Linh Tran", 24), tile_of(small, "Linh Tran", 30)
    assert there.face is not None
    then, now = (there.face.of(small.frame_at(t)).astype(int) for t in (24, 30))
    assert np.abs(then - now).mean() > 15
    assert away.box == there.box


def test_small_tiles_get_small_streams():
    assert [stream_size(height) for height in (90, 126, 315, 700)] == [(160, 90), (320, 180), (640, 360), (640, 360)]


def test_a_damaged_face_model_is_refused_in_one_line(tmp_path):
    broken = tmp_path / "faces.npz"
    broken.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ModelError, match="no face model"):
        FaceModel(broken)


# --- source and window ----------------------------------------------------------------------------------------------


def test_the_source_plays_the_lesson_by_the_injected_clock_and_ends():
    times = iter([1000.0, 1006.0, 1006.5, 1061.0])
    with SimulatorSource(read_lesson(SMALL), 640, 420, lambda: next(times)) as source:
        first, second = source.grab(), source.grab()
        assert first is not None
        assert second is not None
        assert (first.index, first.taken_at, second.index) == (0, 1006.0, 1)
        assert first.image.shape == (420, 640, 3)
        assert len(source.truth(first.taken_at).tiles) == 5
        assert source.grab() is None


class PaintedWindow:
    """A window that remembers what it was asked to show and is closed after some pictures."""

    def __init__(self, closes_after: int) -> None:
        self.shown: list[float] = []
        self._closes_after = closes_after

    def show(self, t_s: float) -> bool:
        self.shown.append(t_s)
        return len(self.shown) < self._closes_after


def test_the_window_plays_from_its_start_until_it_is_closed():
    now = iter(np.arange(100.0, 200.0, 1.0))
    window = PaintedWindow(closes_after=3)
    play(window, 101.0, lambda: float(next(now)), threading.Event())
    assert window.shown == [0.0, 1.0, 3.0]


def test_without_a_display_the_window_says_so_in_one_line():
    environment = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
    command = [sys.executable, "-m", "capture.simulator.window", "--lesson", str(SMALL)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "display" in done.stderr
    assert done.stderr.count("\n") == 1


@contextmanager
def shown_window(display: str) -> Iterator[subprocess.Popen[str]]:
    """A window process whose first picture is on the display; it has ended by itself when the block is left."""
    command = [sys.executable, "-m", "capture.simulator.window", "--lesson", str(SMALL), "--exit-with-parent"]
    with subprocess.Popen(
        [*command, "--width", "800", "--height", "520", "--x", "200", "--y", "100"],
        cwd=ROOT,
        env={**os.environ, "DISPLAY": display},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "showing\n"
        yield process
        assert process.wait(timeout=20) == 0


def test_a_real_window_is_on_the_screen_where_it_was_asked_for(display, small):
    with shown_window(display) as process:
        with mss.MSS(display=display) as screen:
            picture = np.asarray(screen.grab({"left": 200, "top": 100, "width": 800, "height": 520}))[..., :3]
        process.terminate()
    toolbar = slice(470, 520)
    assert np.abs(picture[toolbar].astype(int) - small.frame_at(1)[toolbar]).mean() < 3


def test_the_window_ends_with_its_parent(display):
    with shown_window(display) as process:
        assert process.stdin is not None
        process.stdin.close()
