"""A person around a face: skull, ears, hair, neck, shoulders and clothes, drawn once and kept as layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from capture.simulator.camera.faces import SIDE, Expression, Person, face_model
from capture.simulator.camera.rooms import Colour, colour, shaded

WIDTH, HEIGHT = 620, 570
"""Size of a drawn person in pixels, of which the face takes SIDE x SIDE."""
FACE_LEFT, FACE_TOP = (WIDTH - SIDE) // 2, 96
SKULL = ((0.5, -0.12), (0.72, -0.07), (0.87, 0.1), (0.905, 0.36), (0.88, 0.6), (0.8, 0.83), (0.66, 0.99), (0.5, 1.04))
"""The right half of the skull's outline, in sides of the face's square from its top left."""
HEAD_HALF_WIDTH, NARROWEST = 0.405, 0.02
"""Half the width of the skull where it is widest, and the least that is drawn of it, in sides of the face's square."""
SEEN_ANGLE, EDGE_SHARE = 1.3, 0.1
"""Farthest place on the skull that is drawn, in radians, and the share of its width in which the outline is kept."""
FACE_HALF_WIDTH = 0.36
"""Half the width of the face from cheek to cheek, in sides of the face's square."""
HAIR_STYLES = ("short", "parted", "bob", "long", "curly", "bun", "bald", "scarf")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a lesson says of a student's looks; None leaves it to chance. ``skin`` counts from 1, light, to 8, dark."""

    skin: int | None = None
    hair: str | None = None
    hair_colour: str | None = None
    beard: bool | None = None
    glasses: bool | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a person wears and how the hair falls; colours are BGR bytes, ``beard`` is its strength 0 to 1."""

    hair: str
    hair_colour: Colour
    clothes: str
    clothes_colour: Colour
    inner_colour: Colour
    glasses: bool
    beard: float


HAIR_TONES = {
    "black": (0.07, 0.45, 0.11),
    "dark": (0.06, 0.5, 0.19),
    "brown": (0.065, 0.52, 0.3),
    "fair": (0.09, 0.46, 0.6),
    "red": (0.035, 0.6, 0.4),
    "gray": (0.1, 0.05, 0.5),
}
"""Hue, saturation and value."""
FAIREST_DARK_SKIN = 150
"""Skin darker than this (its red byte is below) comes with black or dark brown hair."""


def random_look(person: Person, wished: Wishes, random: np.random.Generator) -> Look:
    """A random look that suits the person, as far as nothing is wished."""
    hair = wished.hair or str(random.choice(HAIR_STYLES, p=(0.24, 0.2, 0.15, 0.2, 0.1, 0.06, 0.02, 0.03)))
    shares = (0.8, 0.2, 0, 0, 0, 0) if person.skin[2] < FAIREST_DARK_SKIN else (0.23, 0.29, 0.25, 0.17, 0.05, 0.01)
    tone = HAIR_TONES[wished.hair_colour or str(random.choice(list(HAIR_TONES), p=shares))]
    if hair == "scarf":
        tone = (random.random(), random.uniform(0.12, 0.4), random.uniform(0.35, 0.75))
    value = random.uniform(0.16, 0.38) if random.random() < 0.55 else random.uniform(0.5, 0.85)
    beard = bool(random.random() < 0.35) and hair in ("short", "parted", "curly", "bald")
    glasses = bool(random.random() < 0.16)
    return Look(
        hair=hair,
        hair_colour=colour(*tone),
        clothes=str(random.choice(("tee", "hoodie", "shirt", "jumper"))),
        clothes_colour=colour(random.random(), random.uniform(0.08, 0.5), value),
        inner_colour=colour(random.random(), random.uniform(0.0, 0.25), random.uniform(0.6, 0.95)),
        glasses=glasses if wished.glasses is None else wished.glasses,
        beard=random.uniform(0.35, 0.8) if (beard if wished.beard is None else wished.beard) else 0.0,
    )


def _canvas() -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH, 4), np.float32)


def _paint(layer: np.ndarray, mask: np.ndarray, fill: np.ndarray | Colour) -> None:
    """Lays a colour, or a picture, over a premultiplied BGRA layer where the mask (0 to 1) says."""
    left, top, width, height = cv2.boundingRect((mask > 0).astype(np.uint8))
    if width == 0:
        return
    region = slice(top, top + height), slice(left, left + width)
    share, part = mask[region][..., None], layer[region]
    ink = np.empty_like(part)
    ink[..., :3] = fill[region] if isinstance(fill, np.ndarray) and fill.ndim == 3 else fill
    ink[..., 3] = 255
    part += share * (ink - part)


def _shape(*polygons: list[tuple[float, float]], soften: float = 0.9) -> np.ndarray:
    """Closed smooth curves through points (in face sides, from the face's top left) as a mask 0 to 1."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for points in polygons:
        curve = _curve(np.array(points, np.float32)) * SIDE + (FACE_LEFT, FACE_TOP)
        cv2.fillPoly(mask, [np.round(curve * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), soften)


def _curve(points: np.ndarray) -> np.ndarray:
    """A closed Catmull-Rom curve through points (N, 2)."""
    p0, p1, p2, p3 = (np.roll(points, shift, 0)[:, None] for shift in (1, 0, -1, -2))
    t = np.linspace(0, 1, 12, endpoint=False)[None, :, None]
    cubic = 2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    return (cubic / 2).reshape(-1, 2)


def _both(half: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A shape from its right half, top to bottom: mirrored about the face's middle."""
    return half + [(1 - x, y) for x, y in reversed(half) if abs(x - 0.5) > 1e-6]


def _strands(random: np.random.Generator, base: Colour, strength: float = 0.14) -> np.ndarray:
    """Hair or cloth with soft strands: float32 (HEIGHT, WIDTH, 3)."""
    grain = random.normal(0, 1, (HEIGHT // 16, WIDTH // 2)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 1.1)
    light = cv2.resize(grain * (0.5 * strength / grain.std()), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    light += 1 + _shine()
    return cv2.merge([light * part for part in base]) + 14 * _shine()[..., None]


@lru_cache(maxsize=1)
def _shine() -> np.ndarray:
    """The band of light on the crown of the head: float32 (HEIGHT, WIDTH)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return 0.35 * np.exp(-((((y - FACE_TOP) / SIDE + 0.1 + 0.5 * (x / WIDTH - 0.5) ** 2) / 0.11) ** 2))


@lru_cache(maxsize=1)
def _roundness() -> np.ndarray:
    """How a bare head darkens towards its sides: float32 (HEIGHT, WIDTH, 1)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    away = ((x - WIDTH / 2) / SIDE / 0.44) ** 2 + (((y - FACE_TOP) / SIDE - 0.45) / 0.62) ** 2
    return (1.0 - 0.34 * np.clip(away, 0, 1.2) ** 1.5)[..., None]


def body_layer(person: Person, look: Look, random: np.random.Generator) -> np.ndarray:
    """Neck, shoulders and clothes over the hair that falls behind: premultiplied float32 BGRA (HEIGHT, WIDTH, 4)."""
    layer = _canvas()
    back = _hair_behind(look.hair)
    if back is not None:
        _paint(layer, back, _strands(random, look.hair_colour) * 0.6)
    neck = _shape(_both([(0.5, 0.6), (0.74, 0.7), (0.75, 1.02), (0.82, 1.2), (1.05, 1.35), (0.5, 1.6)]))
    y = (np.arange(HEIGHT, dtype=np.float32)[:, None, None] - FACE_TOP) / SIDE
    under_chin = 0.62 + 0.26 * np.clip((y - 1.0) / 0.3, 0, 1)
    _paint(layer, neck, np.asarray(person.skin, np.float32) * under_chin * np.ones((HEIGHT, WIDTH, 1), np.float32))
    width = random.uniform(1.42, 1.6)
    shoulders = [
        (0.5, 1.52),
        (0.66, 1.38),
        (0.8, 1.2),
        (0.9, 1.2),
        (1.12, 1.3),
        (width, 1.46),
        (width + 0.12, 1.9),
        (width + 0.14, 2.6),
    ]
    if look.clothes in ("hoodie", "jumper"):
        shoulders[:4] = [(0.5, 1.33), (0.68, 1.26), (0.82, 1.13), (0.92, 1.18)]
    cloth = _shape(_both([*shoulders, (0.5, 2.7)]))
    x = np.abs(np.arange(WIDTH, dtype=np.float32)[None, :, None] - WIDTH / 2) / SIDE
    fabric = _strands(random, look.clothes_colour, 0.025) * (1.06 - 0.2 * x)
    _paint(layer, cloth, fabric)
    if look.clothes == "shirt":
        for side in (1, -1):
            collar = [(0.5 + side * a, b) for a, b in ((0.02, 1.56), (0.3, 1.14), (0.4, 1.24), (0.24, 1.62))]
            _paint(layer, _shape(collar, soften=1.5), shaded(look.clothes_colour, 1.25))
    if look.clothes == "hoodie":
        hood = _shape(
            _both([(0.5, 1.33), (0.7, 1.26), (0.84, 1.02), (0.98, 1.12), (0.96, 1.3), (0.72, 1.46), (0.5, 1.52)]),
            soften=3,
        )
        _paint(layer, hood * 0.85 * (1 - neck * (y[..., 0] < 1.2)), shaded(look.clothes_colour, 0.72))
    if look.clothes == "jumper":
        _paint(
            layer,
            _shape(_both([(0.5, 1.33), (0.68, 1.26), (0.82, 1.13), (0.86, 1.18), (0.7, 1.34), (0.5, 1.42)])),
            look.inner_colour,
        )
    return layer


class Head:
    """One person's head: what never changes is drawn once, the face for every new expression."""

    def __init__(self, person: Person, look: Look, random: np.random.Generator) -> None:
        self._person = person
        texture = _strands(random, look.hair_colour)
        self._back, self._front = _canvas(), _canvas()
        if look.hair == "bun":
            knot = [(0.5, -0.42), (0.63, -0.37), (0.66, -0.24), (0.5, -0.1)]
            _paint(self._back, _shape(_both(knot), soften=1.5), texture * 0.8)
        _skull(self._back, person)
        if look.beard > 0:
            _paint(self._front, _beard() * look.beard, texture * 0.8)
        if look.glasses:
            _paint(self._front, _glasses(random), (38, 34, 34))
        hair = _hair_in_front(look.hair, random)
        if hair is not None:
            _paint(self._front, hair, texture)
        outline = [(0.5, 0.08), (0.72, 0.12), (0.83, 0.3), (0.84, 0.52), (0.78, 0.76), (0.66, 0.93), (0.5, 0.985)]
        self._feather = _shape(_both(outline), soften=7)

    def scaled(self, scale: float) -> ScaledHead:
        """The head ready to be drawn ``scale`` times as large."""
        size = round(WIDTH * scale), round(HEIGHT * scale)
        layers = (
            cv2.resize(layer, size, interpolation=cv2.INTER_AREA) for layer in (self._back, self._front, self._feather)
        )
        return ScaledHead(self._person, *layers)


@dataclass(frozen=True, slots=True, eq=False)
class ScaledHead:
    """The parts of a head at the size of a stream: premultiplied float32 BGRA (H, W, 4), and where the face lies."""

    person: Person
    back: np.ndarray
    front: np.ndarray
    feather: np.ndarray

    def draw(self, expression: Expression) -> np.ndarray:
        """The head with this expression, turned as it says, as premultiplied float32 BGRA (H, W, 4)."""
        canvas = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        canvas[FACE_TOP : FACE_TOP + SIDE, FACE_LEFT : FACE_LEFT + SIDE] = face_model().draw(self.person, expression)
        face = cv2.resize(canvas, self.feather.shape[::-1], interpolation=cv2.INTER_AREA)
        layer = self.back.copy()
        _paint(layer, self.feather, face)
        layer = layer * (1 - self.front[..., 3:] / 255) + self.front
        return turned(layer, expression.yaw) if expression.yaw else layer


def turned(layer: np.ndarray, yaw: float) -> np.ndarray:
    """A head that faces the camera, turned by ``yaw`` degrees to the right of the picture: the same shape and type.

    Line by line the skull is taken for a disc seen from the side: what is on it slides around, the far side is hidden
    behind the outline and the near side shows its edge, stretched. The outline, and hair beyond it, stay.
    """
    height, width = layer.shape[:2]
    x = np.arange(width, dtype=np.float32) - (width - 1) / 2
    lines = (np.arange(height, dtype=np.float32) * (HEIGHT / height) - FACE_TOP) / SIDE
    reach = _half_width(lines)[:, None] * (SIDE * width / WIDTH)
    across = x[None, :] / reach
    source = np.sin(np.clip(np.arcsin(np.clip(across, -1, 1)) - np.radians(yaw), -SEEN_ANGLE, SEEN_ANGLE))
    # Towards the outline the source comes back to its own place, so that the head keeps its shape.
    keep = np.clip((1 - np.abs(across)) / EDGE_SHARE, 0, 1)
    fetched = (across + keep * (source - across)) * reach + (width - 1) / 2
    y = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, 1)
    return cv2.remap(layer, fetched.astype(np.float32), y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _half_width(lines: np.ndarray) -> np.ndarray:
    """Half the width of the skull at heights given in face sides from the face's top, in face sides."""
    outline = np.array(SKULL, np.float32)
    return np.maximum(np.interp(lines, outline[:, 1], outline[:, 0] - 0.5), NARROWEST).astype(np.float32)


def face_span(yaw: float) -> tuple[float, float]:
    """Left and right end of what is seen of a face on a turned head, in sides of the face's square from its middle."""
    reach = np.degrees(np.arcsin(FACE_HALF_WIDTH / HEAD_HALF_WIDTH))
    left, right = (np.clip(side * reach + yaw, -90, 90) for side in (-1, 1))
    return HEAD_HALF_WIDTH * float(np.sin(np.radians(left))), HEAD_HALF_WIDTH * float(np.sin(np.radians(right)))


def _skull(layer: np.ndarray, person: Person) -> None:
    """Ears and a shaded head without a face."""
    skin = np.asarray(person.skin, np.float32)
    for side in (1, -1):
        ear = [(0.5 + side * a, b) for a, b in ((0.38, 0.38), (0.45, 0.34), (0.475, 0.44), (0.44, 0.6), (0.39, 0.62))]
        _paint(layer, _shape(ear, soften=1.5), skin * 0.74)
    _paint(layer, _shape(_both(list(SKULL))), skin * _roundness())


def _beard() -> np.ndarray:
    """A short beard along jaw and upper lip, as a mask 0 to 1 that leaves the mouth free."""
    outer = [
        (0.5, 0.68),
        (0.66, 0.71),
        (0.8, 0.62),
        (0.89, 0.42),
        (0.885, 0.64),
        (0.8, 0.86),
        (0.66, 1.02),
        (0.5, 1.07),
    ]
    mouth = _shape(_both([(0.5, 0.735), (0.62, 0.75), (0.68, 0.8), (0.62, 0.87), (0.5, 0.89)]), soften=3)
    return _shape(_both(outer), soften=6) * (1 - mouth)


def _glasses(random: np.random.Generator) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    wide, high = random.uniform(0.135, 0.16), random.uniform(0.09, 0.12)
    centre_y = FACE_TOP + 0.375 * SIDE
    for x in (0.285, 0.715):
        middle = FACE_LEFT + x * SIDE, centre_y
        cv2.ellipse(mask, (middle, (wide * 2 * SIDE, high * 2 * SIDE), 0), 255, 3, cv2.LINE_AA)
    for x0, x1 in ((0.285 + wide, 0.715 - wide), (0.07, 0.285 - wide), (0.715 + wide, 0.93)):
        start, end = ((round(FACE_LEFT + x * SIDE), round(centre_y - 3)) for x in (x0, x1))
        cv2.line(mask, start, end, 255, 3, cv2.LINE_AA)
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.8) * 0.85


def _hair_behind(style: str) -> np.ndarray | None:
    """Long hair behind neck and shoulders, as a mask 0 to 1."""
    if style not in ("bob", "long"):
        return None
    low = 1.0 if style == "bob" else 1.4
    return _shape(_both([(0.5, -0.1), (0.8, 0.0), (0.97, 0.4), (0.99, low - 0.1), (0.5, low)]), soften=1.5)


def _hair_in_front(style: str, random: np.random.Generator) -> np.ndarray | None:
    """Hair or scarf that frames the face, as a mask 0 to 1; None where there is none."""
    if style == "bald":
        return None
    if style == "scarf":
        outer = [
            (0.5, -0.24),
            (0.76, -0.18),
            (0.96, 0.08),
            (1.02, 0.45),
            (0.98, 0.9),
            (1.06, 1.3),
            (1.1, 1.6),
            (0.5, 1.75),
        ]
        inner = [(0.5, 0.06), (0.7, 0.1), (0.83, 0.28), (0.845, 0.55), (0.77, 0.84), (0.62, 0.97), (0.5, 1.0)]
        return _shape(_both(outer)) * (1 - _shape(_both(inner), soften=1.6))
    top, side = -0.22 + random.uniform(-0.04, 0.03), 0.955 + random.uniform(-0.01, 0.02)
    line = random.uniform(0.05, 0.11)  # where the hair begins on the forehead
    cap = [(0.5, top), (0.74, top + 0.05), (0.91, 0.08), (side, 0.3)]
    if style in ("bob", "long"):
        low = 0.98 if style == "bob" else random.uniform(1.35, 1.65)
        lock = [
            (side + 0.04, 0.6),
            (side + 0.06, low * 0.8),
            (side + 0.02, low),
            (0.87, low - 0.05),
            (0.88, 0.86),
            (0.9, 0.55),
        ]
    else:
        lock = [(0.93, 0.42), (0.9, 0.42)]
    parting = random.choice([-1, 1]) * random.uniform(0.02, 0.22) if style in ("parted", "long", "bob") else 0.0
    right, left = (cap + lock, [(1 - x, y) for x, y in reversed(cap[1:] + lock)])
    middle = 0.5 + parting
    fringe = [
        (0.875, 0.27),
        (0.8, 0.15),
        (middle + 0.06, line),
        (middle, line - 0.05),
        (middle - 0.06, line),
        (0.2, 0.15),
        (0.125, 0.27),
    ]
    mask = _shape(right + fringe + left, soften=2.2)
    return np.maximum(mask, _curls(random, top, line)) if style == "curly" else mask


def _curls(random: np.random.Generator, top: float, line: float) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for angle in np.linspace(-0.25, np.pi + 0.25, 22):
        radius = random.uniform(0.07, 0.11)
        x, y = 0.5 + 0.44 * np.cos(angle), 0.16 - (0.2 - top) * 0.98 * np.sin(angle) * 0.95
        centre = round(FACE_LEFT + x * SIDE), round(FACE_TOP + y * SIDE)
        cv2.circle(mask, centre, round(radius * SIDE), 255, -1, cv2.LINE_AA)
    for x in np.linspace(0.2, 0.8, 9):
        centre = round(FACE_LEFT + x * SIDE), round(FACE_TOP + (line - 0.06 + 0.25 * abs(x - 0.5)) * SIDE)
        cv2.circle(mask, centre, round(random.uniform(0.05, 0.075) * SIDE), 255, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.8)
