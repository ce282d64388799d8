"""What a client's window looks like, for the whole lesson and from second to second: the parts of a lesson about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

Theme = Literal["dark", "light", "black", "slate"]
"""Stages of 2021 to 2023 (dark, gray 26), the light theme, 2020 (black), since client 6.5 (slate, #131619)."""
View = Literal["gallery", "side_by_side", "floating", "speaker", "immersive", "minimised", "none"]
GALLERIES: frozenset[View] = frozenset({"gallery", "side_by_side", "floating"})
"""Views that show equal tiles; in the others nothing is to be read."""
Strip = Literal["column", "row", "grid"]
SharedKind = Literal["slides", "code", "web"]
PanelKind = Literal["none", "chat", "participants"]


def seconds(value: Any) -> Any:
    """Seconds from a number or from minutes and seconds as "m:ss"; anything else is left for pydantic to refuse."""
    if not isinstance(value, str) or ":" not in value:
        return value
    minutes, _, rest = value.partition(":")
    return int(minutes) * 60 + float(rest) if minutes.isdigit() and rest.replace(".", "", 1).isdigit() else value


Seconds = Annotated[float, BeforeValidator(seconds), Field(ge=0, le=24 * 3600)]
"""A time from the lesson's start, or a duration: a number of seconds or "m:ss"."""
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A part of the script: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Look(Part):
    """One client's look: gap and corner radius of tiles in pixels at scale 1; ``scale`` 2 is 200 %.

    ``border`` is the speaker's, by the year of the client; a toolbar that is not docked lies over the lowest tiles and
    page arrows over those at the sides.
    """

    theme: Theme = "dark"
    scale: float = Field(default=1.0, ge=1, le=3)
    gap: float = Field(default=6, ge=0, le=14)
    radius: float = Field(default=0, ge=0, le=16)
    labels: Literal["strip", "pill", "hidden"] = "strip"
    border: Literal["2020", "2021", "2023", "newer"] = "2023"
    toolbar: Literal["docked", "over"] = "docked"
    arrows: Literal["beside", "over"] = "beside"
    panel: Literal["white", "dark"] = "white"


class Scene(Part):
    """What the client shows from ``at`` on; in a lesson, what a scene leaves out stays as the scene before had it.

    ``strip`` is how tiles stand in a floating panel or beside a shared screen (a row stands as a column there);
    ``hover`` is the student under the mouse, counted from 1, 0 nobody; ``covered`` is where another window lies: left,
    top, right, bottom as shares of the window, or nothing.
    """

    at: Seconds = 0.0
    view: View = "gallery"
    strip: Strip = "column"
    shared: SharedKind = "slides"
    panel: PanelKind = "none"
    toolbar: bool = True
    recording: bool = False
    hover: int = Field(default=0, ge=0)
    covered: tuple[Share, Share, Share, Share] | tuple[()] = ()

    @field_validator("covered")
    @classmethod
    def _right_way_round(cls, covered: tuple[float, ...]) -> tuple[float, ...]:
        if covered and not (covered[0] < covered[2] and covered[1] < covered[3]):
            raise ValueError("expected left < right and top < bottom")
        return covered

    @property
    def is_gallery(self) -> bool:
        """Whether equal tiles are shown."""
        return self.view in GALLERIES


def scene_at(scenes: tuple[Scene, ...], t_s: float) -> Scene:
    """The sum of all scenes up to this second; ``scenes`` in the order of time."""
    merged: dict[str, Any] = {}
    for scene in scenes:
        if scene.at <= t_s:
            merged |= {name: getattr(scene, name) for name in scene.model_fields_set}
    return Scene.model_construct(**merged)
