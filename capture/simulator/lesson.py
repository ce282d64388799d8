"""A scripted lesson: who is there, when, with which emotion, camera and absence; read from YAML and fully checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from capture.simulator.client.icons import Mark
from capture.simulator.look import Look, Part, Scene, Seconds
from domain import ConfigError, Emotion

ScriptedCamera = Literal["on", "off", "photo"]
RoomKind = Literal["shelf", "window", "plain", "pictures", "kitchen", "bed", "beach", "blur", "gradient"]

HairStyle = Literal["short", "parted", "bob", "long", "curly", "bun", "bald", "scarf"]
HairColour = Literal["black", "dark", "brown", "fair", "red", "gray"]
PhotoKind = Literal["initials", "square", "disc", "full"]
"""What stands for a camera that is off: initials, or a picture of a person as a square, a disc or the whole tile."""
PictureShape = Literal["wide", "4:3", "portrait"]
"""16:9 fills the tile; a 4:3 camera and an upright phone stand between bars."""


class Phase(Part):
    """From ``at`` on, students without a script of their own look like this: shares of emotions, and how strongly."""

    at: Seconds
    emotions: dict[Emotion, Annotated[float, Field(ge=0)]]
    intensity: float = Field(default=1.0, ge=0, le=1.5)

    @field_validator("emotions")
    @classmethod
    def _somebody_shows_something(cls, shares: dict[Emotion, float]) -> dict[Emotion, float]:
        if sum(shares.values()) <= 0:
            raise ValueError("expected at least one share above 0")
        return shares


class Spell(Part):
    """What one student does from ``at`` on for ``lasts`` seconds, or to the end where that is left out.

    What is None stays as without the spell: emotions follow the class's phase, the rest the student's start. ``yaw`` is
    how far the head is turned in degrees, to the right of the picture above 0; ``eyes`` are closed, or open apart from
    blinks; ``frozen`` holds the camera's picture; ``dark`` is a lens in the dark; ``name`` is a rename; ``mark`` a
    raised hand or reaction; ``label`` False hides this tile's label.
    """

    at: Seconds
    lasts: Seconds | None = None
    emotion: Emotion | None = None
    intensity: float = Field(default=1.0, ge=0, le=1.5)
    camera: ScriptedCamera | None = None
    away: bool | None = None
    yaw: float | None = Field(default=None, ge=-50, le=50)
    eyes: Literal["open", "closed"] | None = None
    frozen: bool | None = None
    dark: bool | None = None
    name: str | None = Field(default=None, min_length=1, max_length=200)
    muted: bool | None = None
    mark: Mark | None = None
    label: bool | None = None

    def holds(self, t_s: float) -> bool:
        """Whether the spell is running at this second."""
        return self.at <= t_s and (self.lasts is None or t_s < self.at + self.lasts)


class Student(Part):
    """One participant: the name on the label, looks, a room, a camera and spells.

    ``face`` chooses among the random faces; looks and room are left to chance where they are None. ``photo`` is what
    a camera in the state photo shows, ``bars`` the bars beside a picture that is not 16:9: the tile's own, or black.
    """

    name: str = Field(min_length=1, max_length=200)
    face: int | None = Field(default=None, ge=0)
    skin: int | None = Field(default=None, ge=1, le=8)
    hair: HairStyle | None = None
    hair_colour: HairColour | None = None
    beard: bool | None = None
    glasses: bool | None = None
    room: RoomKind | None = None
    camera: ScriptedCamera = "on"
    photo: PhotoKind = "initials"
    shape: PictureShape = "wide"
    bars: Literal["tile", "black"] = "tile"
    bitrate: Literal["good", "low"] = "good"
    muted: bool = True
    joins_at: Seconds = 0.0
    leaves_at: Seconds | None = None
    spells: tuple[Spell, ...] = ()

    def present(self, t_s: float) -> bool:
        """Whether the student is in the meeting at this second."""
        return self.joins_at <= t_s and (self.leaves_at is None or t_s < self.leaves_at)


class Turn(Part):
    """From ``at`` on this student speaks, by the name at the start or, where two have it, by number from 1.

    Nobody speaks where both are left out.
    """

    at: Seconds
    name: str | None = None
    student: int | None = Field(default=None, ge=1)


class PageTurn(Part):
    """From ``at`` on the gallery shows this page, counted from 1."""

    at: Seconds
    page: int = Field(ge=1)


class Lesson(Part):
    """A whole lesson. ``seed`` fixes everything that the script leaves open.

    ``labels_lag_s`` is how long after a tile has come to a new place its label appears.
    """

    title: str = Field(default="Simulated class", min_length=1, max_length=200)
    seed: int = Field(default=1, ge=0)
    duration_s: Seconds = Field(default=600.0, gt=0)
    loops: bool = False
    per_page: int = Field(default=25, ge=1, le=49)
    look: Look = Look()
    scenes: tuple[Scene, ...] = ()
    labels_lag_s: float = Field(default=0.0, ge=0, le=60)
    phases: tuple[Phase, ...] = (Phase(at=0, emotions={"neutral": 1.0}),)
    students: tuple[Student, ...] = Field(min_length=1)
    speakers: tuple[Turn, ...] = ()
    pages: tuple[PageTurn, ...] = ()
    reshuffles: tuple[Seconds, ...] = ()

    @model_validator(mode="after")
    def _people_are_students(self) -> Lesson:
        names = [student.name for student in self.students]
        for turn in self.speakers:
            if turn.name is not None and turn.name not in names:
                raise ValueError(f"speakers: {turn.name!r} is no student of this lesson")
            if turn.name is not None and names.count(turn.name) > 1:
                raise ValueError(f"speakers: {turn.name!r} is the name of several: say student: and the number")
        numbers = [turn.student or 0 for turn in self.speakers] + [scene.hover for scene in self.scenes]
        if max(numbers, default=0) > len(names):
            raise ValueError(f"speakers, scenes: expected student 1 to {len(names)}, found {max(numbers)}")
        return self

    @field_validator("phases", "speakers", "pages", "scenes")
    @classmethod
    def _in_time_order(cls, parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(sorted(parts, key=lambda part: part.at))

    def script_time(self, t_s: float) -> float:
        """The second of the script at ``t_s`` after the start: round and round, or held at the end."""
        if self.loops:
            return t_s % self.duration_s
        return min(max(t_s, 0.0), self.duration_s)


def read_lesson(path: Path) -> Lesson:
    """The lesson in a YAML file; raises ConfigError with the place of every fault in one line."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"lesson {path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"lesson {path}: expected UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"lesson {path}:{place} no valid YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"lesson {path}: expected keys such as title and students, found {type(raw).__name__}")
    try:
        return Lesson.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(f"{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"lesson {path}: {faults}") from error


def _place(location: tuple[int | str, ...]) -> str:
    """Pydantic's location as a person counts: students[3].spells[1].at, from 1."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".") or "lesson"
