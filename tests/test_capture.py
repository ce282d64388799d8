"""Sources of frames: one contract for all of them, the pace of live ones, and what bad input says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import recording, screen, webcam
from capture.latest import Latest
from capture.presence import Change, Phase, Presence
from capture.recording import open_recording, read_picture
from capture.screen import ScreenSource, areas_of
from capture.source import Source, open_elsewhere, open_live
from config import CaptureSettings, SessionSettings, Settings
from domain import Box, CaptureError, Frame

NOON = 1_750_000_000.0


class Camera:
    """A camera as OpenCV shows it: a number of pictures, then nothing."""

    def __init__(self, pictures: int) -> None:
        self.left = pictures
        self.open = pictures > 0

    def isOpened(self) -> bool:
        return self.open

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.full((48, 64, 3), self.left, np.uint8)

    def release(self) -> None:
        self.open = False


def write_pictures(folder: Path, count: int) -> Path:
    for index in range(count):
        cv2.imwrite(str(folder / f"frame{index}.png"), np.full((36, 64, 3), index, np.uint8))
    return folder


def write_video(path: Path, frames: int, fps: float = 10.0) -> Path:
    """A video whose frame number can be read back from its brightness."""
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (64, 48))
    for index in range(frames):
        video.write(np.full((48, 64, 3), index * 8, np.uint8))
    video.release()
    return path


@pytest.fixture
def source_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[str], Source]:
    """Opens each kind of source on something real, or on a camera that we do not have."""

    def make(name: str) -> Source:
        if name == "screen":
            monkeypatch.setenv("DISPLAY", request.getfixturevalue("display"))
        if name == "webcam":
            monkeypatch.setattr(webcam.cv2, "VideoCapture", lambda number: Camera(100))
        if name == "video":
            return open_recording(write_video(tmp_path / "lesson.mp4", 30), rate_hz=2.0)
        if name == "pictures":
            return open_recording(write_pictures(tmp_path, 3), rate_hz=2.0)
        return open_live(name, Settings(), lambda: NOON)

    return make


@pytest.mark.parametrize("name", ["screen", "webcam", "simulator", "video", "pictures"])
def test_every_source_keeps_the_contract(name: str, source_of: Callable[[str], Source]) -> None:
    with source_of(name) as source:
        first, second = source.grab(), source.grab()
        source.look_elsewhere()
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert second.index == first.index + 1
    assert second.taken_at >= first.taken_at > 0
    assert first.image.flags["C_CONTIGUOUS"]
    assert source.kind in {"screen", "webcam", "simulator", "recording"}
    assert source.live is (source.kind != "recording")
    source.close()


def test_an_unknown_kind_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="found telescope"):
        open_live("telescope", Settings(), lambda: NOON)


def test_a_video_is_sampled_in_its_own_time(tmp_path: Path) -> None:
    path = write_video(tmp_path / "lesson.mp4", frames=30, fps=10)
    os.utime(path, (NOON, NOON))
    with open_recording(path, rate_hz=2.0) as video:
        frames = list(iter(video.grab, None))
    assert video.total == len(frames) == 6
    assert [frame.taken_at - NOON for frame in frames] == pytest.approx([-3.0, -2.5, -2.0, -1.5, -1.0, -0.5])
    assert [round(frame.image.mean() / 8) for frame in frames] == [0, 5, 10, 15, 20, 25]


def test_pictures_come_in_natural_order_and_damaged_ones_are_counted(tmp_path: Path) -> None:
    write_pictures(tmp_path, 12)
    (tmp_path / "frame5.png").write_bytes(b"not a picture")
    with open_recording(tmp_path, rate_hz=1.0) as pictures:
        frames = list(iter(pictures.grab, None))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert pictures.unreadable == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("absent.mp4", None, "found nothing"),
        ("notes.mp4", b"not a video", "none or is damaged"),
        ("double_click_to_convert_01.zoom", b"zoom", "not yet a video"),
        ("broken.png", b"\x89PNG\r\n\x1a\n", "a file that is none"),
    ],
)
def test_bad_recordings_get_one_clear_line(tmp_path: Path, name: str, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CaptureError) as caught:
        open_recording(tmp_path / name, rate_hz=2.0)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_folder_gets_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="found none"):
        open_recording(tmp_path, rate_hz=2.0)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_truncated_picture_is_refused_not_filled_with_gray(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (200, 300, 3), np.uint8)
    path = tmp_path / f"half{suffix}"
    cv2.imwrite(str(path), noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CaptureError, match="damaged|none"):
        read_picture(path)


def test_pictures_of_odd_kinds_become_bgr(tmp_path: Path) -> None:
    for name, pixels in {"gray": np.full((4, 4), 7, np.uint8), "alpha": np.full((4, 4, 4), 7, np.uint8)}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
        assert read_picture(tmp_path / f"{name}.png").tolist() == np.full((4, 4, 3), 7).tolist()


def test_a_picture_too_large_for_a_screen_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "LONGEST_SIDE", 50)
    with pytest.raises(CaptureError, match="at most 50 pixels a side, found 64x36"):
        read_picture(write_pictures(tmp_path, 1) / "frame0.png")


MONITORS = [
    {"left": -1280, "top": 0, "width": 3200, "height": 1080},
    {"left": 0, "top": 0, "width": 1920, "height": 1080},
    {"left": -1280, "top": 56, "width": 1280, "height": 1024},
]


def test_all_monitors_are_watched_in_turn_unless_one_is_chosen() -> None:
    assert areas_of(MONITORS, CaptureSettings()) == [Box(0, 0, 1920, 1080), Box(-1280, 56, 0, 1080)]
    assert areas_of(MONITORS, CaptureSettings(monitor=2)) == [Box(-1280, 56, 0, 1080)]


def test_a_region_is_clamped_to_the_screen() -> None:
    assert areas_of(MONITORS, CaptureSettings(region=[-2000, -10, 100, 500])) == [Box(-1280, 0, 100, 500)]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (CaptureSettings(monitor=3), "from 0 to 2, found 3"),
        (CaptureSettings(region=[5000, 0, 5100, 50]), "lies outside of the screen"),
    ],
)
def test_places_that_do_not_exist_are_named(settings: CaptureSettings, sentence: str) -> None:
    with pytest.raises(CaptureError) as caught:
        areas_of(MONITORS, settings)
    assert sentence in str(caught.value)


def test_without_a_screen_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4242")
    monkeypatch.setattr(screen.sys, "platform", "linux")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(CaptureError, match="X11") as caught:
        ScreenSource(CaptureSettings(), lambda: NOON)
    assert "\n" not in str(caught.value)


def test_only_a_screen_is_read_at_another_place() -> None:
    sentence = "expected the screen as the source, found simulator"
    with open_live("simulator", Settings(), lambda: NOON) as source, pytest.raises(ValueError, match=sentence):
        open_elsewhere(source, Settings(), lambda: NOON, {"monitor": 1})


def test_a_camera_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam.cv2, "VideoCapture", lambda number: Camera(0))
    with pytest.raises(CaptureError, match="camera 0 does not answer"):
        open_live("webcam", Settings(), lambda: NOON)


class Bench(Source):
    """A clock, a wait and a source in one; every frame takes ``work_s`` to work on."""

    kind = "screen"
    live = True

    def __init__(self, work_s: float, rate_hz: float) -> None:
        self.now = 100.0
        self.work_s = work_s
        self.latest = Latest(self, rate_hz, self.wait, lambda: self.now)

    def grab(self) -> Frame:
        return Frame(0, self.now, np.zeros((2, 2, 3), np.uint8))

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False

    def play(self, frames: int) -> list[float]:
        times = []
        for _ in range(frames):
            frame = self.latest.next()
            assert frame is not None
            times.append(frame.taken_at)
            self.now += self.work_s
        return times


def test_light_work_keeps_the_rate_and_drops_nothing() -> None:
    bench = Bench(work_s=0.1, rate_hz=2.0)
    assert np.diff(bench.play(10)) == pytest.approx(0.5)
    assert bench.latest.dropped == 0


@given(work_s=st.floats(0.05, 3.0), rate_hz=st.floats(0.2, 10.0))
def test_heavy_work_leaves_half_of_the_time_to_others(work_s: float, rate_hz: float) -> None:
    bench = Bench(work_s, rate_hz)
    steps = np.diff(bench.play(60))
    assert steps[-1] == pytest.approx(max(1 / rate_hz, 2 * work_s), rel=0.02)
    assert (bench.latest.dropped > 0) == (work_s >= 1 / rate_hz)


def test_stopping_ends_the_frames_at_once() -> None:
    bench = Bench(work_s=0.1, rate_hz=2.0)
    latest = Latest(bench, 2.0, lambda seconds: True, lambda: bench.now)
    assert latest.next() is None


def test_a_rest_is_no_work_and_drops_nothing() -> None:
    bench = Bench(work_s=0.1, rate_hz=2.0)
    bench.play(3)
    bench.now += 600
    bench.latest.rest()
    assert np.diff(bench.play(3)) == pytest.approx(0.5)
    assert bench.latest.dropped == 0


def test_the_life_of_a_session() -> None:
    """Read from top to bottom: what starts, pauses, resumes and ends a session."""
    presence = Presence(SessionSettings(start_after_s=3, pause_after_s=10, end_after_s=900))
    assert presence.update(True, 0) is None
    assert presence.update(False, 2) is None  # a picture that passes by
    assert presence.update(True, 4) is None
    assert presence.phase is Phase.WAITING
    assert presence.update(True, 7) is Change.START
    assert presence.phase is Phase.WATCHING
    assert presence.update(True, 8) is None
    assert presence.update(False, 17) is None  # a shared screen, for a moment
    assert presence.update(False, 18) is Change.PAUSE
    assert presence.update(False, 19) is None
    assert presence.update(True, 600) is Change.RESUME
    assert presence.update(False, 610) is Change.PAUSE
    assert presence.update(False, 1499) is None
    assert presence.update(False, 1500) is Change.END
    assert presence.phase is Phase.WAITING
    assert presence.update(True, 1501) is None
    assert presence.update(True, 1504) is Change.START
