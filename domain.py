"""The values that travel between the stages, and the errors that a person may see.

Times are float UNIX seconds in UTC and end in ``_at``; durations end in ``_s``; boxes are integer pixels, half-open;
images are uint8 (H, W, 3) in BGR order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Emotion = Literal["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
EMOTIONS: tuple[Emotion, ...] = get_args(Emotion)
"""FER2013's order of classes; written into the metadata of every emotion model and checked when it is loaded."""

CameraState = Literal["on", "off", "photo", "no_face", "frozen", "covered", "too_small", "unknown"]
CAMERA_STATES: tuple[CameraState, ...] = get_args(CameraState)
"""What a tile shows. None of them means "disengaged" by itself."""

FlagKind = Literal["away", "looking_away", "eyes_closed", "low_mood"]
FLAG_KINDS: tuple[FlagKind, ...] = get_args(FlagKind)
"""What a flag can say of a student; what it can say of the whole class has kinds of its own."""

Abstention = Literal["too_small", "blurred", "half_covered", "uncertain_face", "presence_only", "no_consent"]
ABSTENTIONS: tuple[Abstention, ...] = get_args(Abstention)
"""Why a face is not read; with the last two it is not even looked for."""

SUM_TOLERANCE = 1e-3
"""How far seven float32 probabilities may be from summing to one."""


class ClassmoodError(Exception):
    """An error that a person can act on: the message says what was expected, what was found and what to do."""


class ConfigError(ClassmoodError):
    """A setting is missing, unknown or out of range."""


class CaptureError(ClassmoodError):
    """The screen, camera, recording or picture cannot be read."""


class ModelError(ClassmoodError):
    """A model file is missing, damaged or made for another contract."""


class StoreError(ClassmoodError):
    """The database cannot be opened, read or written."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of this machine found: ``mark`` says how bad it is, ``remedy`` what to do about it, or ""."""

    mark: Literal["ok", "look", "broken"]
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels: left and top inside, right and bottom just outside.

    Raises ValueError when it is empty or inside out.
    """

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError(f"expected left < right and top < bottom, found {tuple(self)}")

    def __iter__(self) -> Iterator[int]:
        return iter((self.left, self.top, self.right, self.bottom))

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> int:
        return self.width * self.height

    def moved(self, dx: int, dy: int) -> Box:
        """The same rectangle, dx pixels to the right and dy pixels down."""
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def clamped(self, width: int, height: int) -> Box | None:
        """The part inside a width x height picture, or None when nothing is inside."""
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.right, width), min(self.bottom, height)
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    def overlap(self, other: Box) -> Box | None:
        """The part that another box shares with this one, or None when they do not touch."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        shared = max(width, 0) * max(height, 0)
        return shared / (self.area + other.area - shared)

    def of(self, image: np.ndarray) -> np.ndarray:
        """The view of an image (H, W, ...) under this box; the box must lie inside the image."""
        return image[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a source: its running number, when it was taken and uint8 (H, W, 3) BGR pixels.

    Raises ValueError when the image has another shape or type.
    """

    index: int
    taken_at: float
    image: np.ndarray

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"expected uint8 (H, W, 3), found {self.image.dtype} {self.image.shape}")

    @property
    def width(self) -> int:
        return self.image.shape[1]

    @property
    def height(self) -> int:
        return self.image.shape[0]


@dataclass(frozen=True, slots=True)
class Tile:
    """One participant's cell of the gallery.

    ``slot`` counts from 0 in reading order; ``box`` is the whole cell in pixels of the frame; ``label`` is where the
    name stands in the frame, or None where no label is visible.
    """

    slot: int
    box: Box
    camera: CameraState
    label: Box | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a tile: the tile's slot, the box in pixels of the frame, a score from 0 to 1.

    ``landmarks`` are (x, y) pixels of right eye, left eye, nose, right and left mouth corner, or None where the finder
    gives none.
    """

    tile: int
    box: Box
    score: float
    landmarks: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class EmotionScores:
    """Seven probabilities in the order of ``EMOTIONS`` that sum to one.

    Raises ValueError when there are not seven, one is outside 0 to 1 or their sum is not one.
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(EMOTIONS):
            raise ValueError(f"expected {len(EMOTIONS)} probabilities, found {len(self.values)}")
        if not all(0.0 <= value <= 1.0 for value in self.values):
            raise ValueError(f"expected probabilities from 0 to 1, found {self.values}")
        if abs(sum(self.values) - 1.0) > SUM_TOLERANCE:
            raise ValueError(f"expected probabilities that sum to 1, found a sum of {sum(self.values)}")

    @property
    def leading(self) -> Emotion:
        """The most probable emotion."""
        return EMOTIONS[int(np.argmax(self.values))]

    def as_dict(self) -> dict[str, float]:
        """Probability by name of emotion."""
        return dict(zip(EMOTIONS, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class Attention:
    """Where a head is turned: yaw and pitch in degrees, None where unknown; share of eyes open; confidence 0 to 1."""

    yaw: float | None
    pitch: float | None
    eyes_open: float | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the pixels of a face are: height of the face in pixels, sharpness from 0 to 1, and why it is not read.

    ``abstained`` is None when the face is good enough to be read; height and sharpness are None where no face was
    looked for.
    """

    face_height: int | None
    sharpness: float | None
    abstained: Abstention | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What one frame shows of one student, who has a number from 1 within the session.

    ``emotions`` is None when the reading abstained, ``face`` when no face was found, and then ``quality`` too unless no
    face was looked for.
    """

    student: int
    seen_at: float
    camera: CameraState
    face: Face | None = None
    emotions: EmotionScores | None = None
    attention: Attention | None = None
    quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class StudentState:
    """What is known of a student now, smoothed over seconds.

    ``name`` is None while nobody has named the student; ``slot`` is None and ``off_page`` True while the tile is on
    another page; ``mood``, ``valence`` and ``arousal`` (-1 to 1) are None without a valid reading in the last seconds,
    ``attending`` (whether the student looks towards the screen) is None where that cannot be told.
    """

    student: int
    name: str | None
    slot: int | None
    camera: CameraState | None
    off_page: bool = False
    staff: bool = False
    mood: EmotionScores | None = None
    valence: float | None = None
    attending: bool | None = None
    last_valid_at: float | None = None
    arousal: float | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """A prompt to look at a student, or with ``student`` None at the class: what, why in words, since and until when.

    ``ended_at`` is None while it lasts. It rests on ``readings`` of the ``readings_of`` that there were in that time;
    ``confidence`` is 0 to 1, ``alternatives`` says in words what else it could be.
    """

    student: int | None
    kind: str
    reason: str
    started_at: float
    ended_at: float | None = None
    readings: int = 0
    readings_of: int = 0
    confidence: float = 0.0
    alternatives: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the class a number speaks for: students with a valid reading, of students in the meeting.

    ``masked`` are those of the students present whose face is not looked for, because there is no consent.
    """

    seen: int
    present: int
    masked: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seen <= self.present:
            raise ValueError(f"expected 0 <= seen <= present, found {self.seen} of {self.present}")
        if not 0 <= self.masked <= self.present:
            raise ValueError(f"expected 0 <= masked <= present, found {self.masked} of {self.present}")

    def __str__(self) -> str:
        masked = f", {self.masked} without consent" if self.masked else ""
        return f"{self.seen} of {self.present} seen{masked}"


@dataclass(frozen=True, slots=True)
class Moment:
    """All that one frame says of the class, and all that the writer accepts.

    ``joined`` are students without a name who turned out to be others: (their number, whose it is). They are gone from
    then on, and what was read of them is the other's.
    """

    taken_at: float
    tiles: tuple[Tile, ...]
    observations: tuple[Observation, ...]
    states: tuple[StudentState, ...]
    flags: tuple[Flag, ...]
    coverage: Coverage
    joined: tuple[tuple[int, int], ...] = ()
