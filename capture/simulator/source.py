"""A simulated lesson as a source of frames."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from capture.simulator.lesson import Lesson, read_lesson
from capture.simulator.simulator import Simulator
from capture.simulator.truth import Truth
from capture.source import Clock, Source
from config import ROOT, SimulatorSettings
from domain import Frame


class SimulatorSource(Source):
    """Frames of a lesson that starts when the source is opened; it ends with the lesson, unless that loops."""

    kind: ClassVar[str] = "simulator"
    live: ClassVar[bool] = True

    def __init__(self, lesson: Lesson, width: int, height: int, clock: Clock) -> None:
        self._simulator = Simulator(lesson, width, height)
        self._clock = clock
        self._started_at = clock()
        self._count = 0

    @classmethod
    def from_settings(cls, settings: SimulatorSettings, clock: Clock) -> SimulatorSource:
        """The lesson and size of the configuration; raises ConfigError when the lesson is faulty."""
        return cls(read_lesson(ROOT / Path(settings.lesson)), settings.width, settings.height, clock)

    def grab(self) -> Frame | None:
        now = self._clock()
        elapsed_s = now - self._started_at
        lesson = self._simulator.lesson
        if elapsed_s > lesson.duration_s and not lesson.loops:
            return None
        frame = Frame(self._count, now, self._simulator.frame_at(elapsed_s))
        self._count += 1
        return frame

    def truth(self, taken_at: float) -> Truth:
        """What is true of a frame that was taken at this time."""
        return self._simulator.truth_at(taken_at - self._started_at)
