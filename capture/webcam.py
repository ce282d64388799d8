"""The own camera as a class of one tile: the demonstration this project comes from."""

from __future__ import annotations

import time
from typing import ClassVar

import cv2

from capture.source import Clock, Source
from domain import CaptureError, Frame

STALE_READ_S = 0.005
"""A frame that arrives faster than this was waiting in the driver's queue; a camera's next one takes 16 ms or more."""
QUEUE_LENGTH = 10
"""Drivers keep up to about this many old frames."""


class WebcamSource(Source):
    """Grabs the newest picture of a camera by its number from 0; raises CaptureError when none answers."""

    kind: ClassVar[str] = "webcam"
    live: ClassVar[bool] = True
    whole_frame: ClassVar[bool] = True

    def __init__(self, camera: int, clock: Clock) -> None:
        self._clock = clock
        self._camera = camera
        self._index = 0
        self._capture = cv2.VideoCapture(camera)
        if not self._capture.isOpened():
            raise CaptureError(
                f"camera {camera} does not answer; close the program that uses it (Zoom does), allow camera access, "
                "or set capture.camera to another number"
            )

    def grab(self) -> Frame:
        for _ in range(QUEUE_LENGTH):
            started = time.monotonic()
            if not self._capture.grab():
                raise CaptureError(f"camera {self._camera} stopped sending pictures; plug it in again and restart")
            if time.monotonic() - started > STALE_READ_S:
                break
        readable, image = self._capture.retrieve()
        if not readable:
            raise CaptureError(f"camera {self._camera} sent a picture that cannot be read; restart")
        frame = Frame(self._index, self._clock(), image)
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()
