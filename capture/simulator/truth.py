"""What is true of a drawn frame: the values that readers of frames are measured against."""

from __future__ import annotations

from dataclasses import dataclass

from capture.simulator.client.icons import Mark
from capture.simulator.lesson import ScriptedCamera
from capture.simulator.look import View
from capture.simulator.script import Behaviour
from domain import Box, CameraState, Emotion

COVERED_SHARE = 0.6
"""Share of a tile under something else from which its contents count as covered."""


@dataclass(frozen=True, slots=True)
class TileTruth:
    """What one tile shows; boxes are pixels of the frame.

    ``student`` counts from 1 in the lesson's order, ``slot`` from 0 in reading order. ``name`` is the student's at this
    second, ``labelled`` says that the tile has it; ``text`` is the name as written, cut where it is too long, and
    ``label`` its place: both None where it is not drawn or lies under something else. ``camera`` is what was scripted,
    ``state`` what a perfect reader says (never too_small: that is a matter of degree). ``covered`` is the share of the
    tile under something else, 0 to 1. ``video`` is the camera's picture, ``face`` forehead to chin. ``face``,
    ``emotion``, ``intensity``, ``yaw`` (degrees) and ``eyes_closed`` are None where no camera shows a visible face;
    blinks are no closed eyes.
    """

    slot: int
    student: int
    name: str
    labelled: bool
    text: str | None
    box: Box
    camera: ScriptedCamera
    state: CameraState
    away: bool
    speaker: bool
    muted: bool
    mark: Mark | None
    covered: float
    video: Box | None
    label: Box | None
    face: Box | None
    emotion: Emotion | None
    intensity: float | None
    yaw: float | None
    eyes_closed: bool | None


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is true of a frame: tiles in reading order, page counted from 1, everybody in the meeting by number.

    ``tiles`` is empty where the view is not a gallery. ``moving`` is True while tiles travel to new places.
    """

    t_s: float
    view: View
    page: int
    pages: int
    tiles: tuple[TileTruth, ...]
    present: tuple[int, ...]
    moving: bool


def state_of(does: Behaviour, covered: float) -> CameraState:
    """What a perfect reader says of the tile of somebody who does this, with a share of it covered."""
    if covered >= COVERED_SHARE:
        return "covered"
    if does.camera != "on":
        return does.camera
    if does.frozen_at is not None:
        return "frozen"
    return "no_face" if does.away or does.dark else "on"
