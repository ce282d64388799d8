"""Recordings: a video file, a folder of pictures, or one picture."""

from __future__ import annotations

import math
import os
import re
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from capture.source import Source
from domain import CaptureError, Frame

# Read by OpenCV when it opens its first video: FFmpeg's own complaints would stand beside our one sentence.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
LONGEST_SIDE = 16384
"""A picture wider or higher than this is no screen."""


class RecordingSource(Source):
    """Frames of the past in their own time; ``total`` is how many there will be, as far as the file tells."""

    kind: ClassVar[str] = "recording"
    live: ClassVar[bool] = False
    total: int
    unreadable: int = 0

    @abstractmethod
    def grab(self) -> Frame | None: ...


def open_recording(path: Path, rate_hz: float) -> RecordingSource:
    """Open a video, a folder of pictures or one picture; raises CaptureError with what was expected and found."""
    if not path.exists():
        raise CaptureError(f"{path}: expected a video, a picture or a folder of pictures, found nothing")
    if path.is_dir():
        return PicturesSource(_pictures_in(path), rate_hz)
    suffix = path.suffix.lower()
    if suffix == ".zoom":
        raise CaptureError(f"{path}: this is not yet a video; open it with Zoom to convert it, then use the mp4")
    if suffix in PICTURE_SUFFIXES:
        read_picture(path)
        return PicturesSource([path], rate_hz)
    return VideoSource(path, rate_hz)


def read_picture(path: Path) -> np.ndarray:
    """The pixels of a picture file, uint8 (H, W, 3) BGR, upright; raises CaptureError when it is missing or unreadable.

    Pillow decodes, not OpenCV: OpenCV fills the missing half of a truncated JPEG with gray and says nothing.
    """
    try:
        with Image.open(path) as picture:
            if max(picture.size) > LONGEST_SIDE:
                found = f"{picture.width}x{picture.height}"
                raise CaptureError(f"{path}: expected at most {LONGEST_SIDE} pixels a side, found {found}")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except IsADirectoryError:
        raise CaptureError(f"{path}: expected a picture, found a folder") from None
    except FileNotFoundError:
        raise CaptureError(f"{path}: expected a picture, found nothing") from None
    except UnidentifiedImageError:
        raise CaptureError(f"{path}: expected a picture (PNG, JPEG, WebP), found a file that is none") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CaptureError(f"{path}: the picture is damaged or incomplete ({error}); save it again") from None
    return cv2.cvtColor(np.asarray(upright), cv2.COLOR_RGB2BGR)


class VideoSource(RecordingSource):
    """A video file, sampled at ``rate_hz``; raises CaptureError when it cannot be opened or holds no picture.

    The recording is taken to have ended when the file was last written: that gives its frames their time of day.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        self._path = path
        self._capture = cv2.VideoCapture(str(path))
        frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        if not self._capture.isOpened() or not math.isfinite(fps) or fps <= 0:
            self._capture.release()
            raise CaptureError(f"{path}: expected a video (mp4, mkv, mov), found a file that is none or is damaged")
        self._fps = fps
        self._step = max(fps / rate_hz, 1.0)
        self.total = max(math.ceil(frames / self._step), 0)
        self._started_at = path.stat().st_mtime - max(frames, 0) / fps
        self._taken = 0
        self._position = 0

    def grab(self) -> Frame | None:
        wanted = round(self._taken * self._step)
        while self._position <= wanted:
            if not self._capture.grab():
                return self._ended()
            self._position += 1
        readable, image = self._capture.retrieve()
        if not readable:
            return self._ended()
        frame = Frame(self._taken, self._started_at + wanted / self._fps, image)
        self._taken += 1
        return frame

    def _ended(self) -> None:
        if self._taken == 0:
            raise CaptureError(f"{self._path}: expected a video, found no picture in it; is the file complete?")

    def close(self) -> None:
        self._capture.release()


class PicturesSource(RecordingSource):
    """Pictures in the order of their names, ``rate_hz`` of them taken as a second.

    A picture that cannot be read is left out and counted in ``unreadable``.
    """

    stills: ClassVar[bool] = True

    def __init__(self, paths: list[Path], rate_hz: float) -> None:
        self._paths = paths
        self._rate_hz = rate_hz
        self._started_at = paths[0].stat().st_mtime
        self._next = 0
        self.total = len(paths)

    def grab(self) -> Frame | None:
        while self._next < len(self._paths):
            index, self._next = self._next, self._next + 1
            try:
                image = read_picture(self._paths[index])
            except CaptureError:
                self.unreadable += 1
                continue
            return Frame(index, self._started_at + index / self._rate_hz, image)
        return None


def _pictures_in(folder: Path) -> list[Path]:
    pictures = [p for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES]
    if not pictures:
        raise CaptureError(f"{folder}: expected pictures (PNG, JPEG, WebP) in this folder, found none")
    return sorted(pictures, key=_natural)


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Sort key that puts frame2 before frame10; numbers and words are kept comparable."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts if part]
