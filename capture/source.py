"""The contract of every source of frames, and the factory that opens one by its kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, Self

from pydantic import ValidationError

from config import CaptureSettings, Settings
from domain import Frame

Clock = Callable[[], float]
"""Gives the time in UNIX seconds; injected so that tests decide what time it is."""


class Source(ABC):
    """Something that frames come from; a context manager.

    ``kind`` names it in the database. A ``live`` source shows the present: frames that nobody has time for are lost. Of
    one that is not live every frame is taken, in the file's own time. With ``whole_frame`` the frame is one person's
    tile, not a gallery; ``stills`` are pictures of which each stands for itself: from one to the next nothing moves.
    """

    kind: ClassVar[str]
    live: ClassVar[bool]
    whole_frame: ClassVar[bool] = False
    stills: ClassVar[bool] = False

    @abstractmethod
    def grab(self) -> Frame | None:
        """The newest frame, or None when there are no more; raises CaptureError when it cannot be read."""

    @property
    def first_choice(self) -> bool:
        """Whether the newest frame shows the likeliest place of a gallery, where there are several."""
        return True

    @property
    def obstacle(self) -> str | None:
        """What hides the gallery and how to end that, in one sentence; None where nothing is known to hide it."""
        return None

    def look_elsewhere(self) -> None:  # noqa: B027  (most sources have one place only)
        """There is no gallery here: look at the next place, where there are several."""

    def close(self) -> None:  # noqa: B027  (not every source holds something)
        """Give back what the source holds; closing twice is allowed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_live(kind: str, settings: Settings, clock: Clock) -> Source:
    """Open the screen, the webcam or the simulator by its kind.

    Back ends are imported here, when they are needed: a replay on a server has no screen. Raises CaptureError when the
    source cannot be opened and ValueError for a kind that does not exist.
    """
    if kind == "screen":
        from capture.screen import ScreenSource

        return ScreenSource(settings.capture, clock)
    if kind == "webcam":
        from capture.webcam import WebcamSource

        return WebcamSource(settings.capture.camera, clock)
    if kind == "simulator":
        from capture.simulator.source import SimulatorSource

        return SimulatorSource.from_settings(settings.simulator, clock)
    raise ValueError(f"expected screen, webcam or simulator, found {kind}")


def open_elsewhere(source: Source, settings: Settings, clock: Clock, place: dict[str, Any]) -> Source:
    """Open the screen that a source shows at another place: ``{"monitor": number}`` or ``{"region": edges or None}``.

    The source stays open. Raises ValueError when it is no screen or the place cannot be one, and CaptureError when the
    place does not exist.
    """
    if source.kind != "screen":
        raise ValueError(f"expected the screen as the source, found {source.kind}: it has one place only")
    chosen = {**settings.capture.model_dump(), "monitor": 0, "region": None, **place}
    try:
        capture = CaptureSettings.model_validate(chosen)
    except ValidationError as error:
        raise ValueError(f"{next(iter(place))}: {error.errors()[0]['msg']}") from None
    return open_live("screen", settings.model_copy(update={"capture": capture}), clock)
