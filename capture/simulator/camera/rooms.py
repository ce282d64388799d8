"""Rooms behind the students, drawn from a seed: walls, shelves, windows, plants, and virtual backgrounds."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np

WIDTH, HEIGHT = 640, 360
"""Rooms are drawn once at this size and scaled to the tile."""
Colour = tuple[int, int, int]
"""Blue, green, red."""


def colour(hue: float, saturation: float, value: float) -> Colour:
    """BGR bytes from hue, saturation and value, each 0 to 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return int(blue * 255), int(green * 255), int(red * 255)


def shaded(base: Colour, factor: float) -> Colour:
    """A darker (factor below 1) or lighter colour."""
    blue, green, red = (int(min(255, part * factor)) for part in base)
    return blue, green, red


def room(kind: str, random: np.random.Generator) -> np.ndarray:
    """A room as uint8 (360, 640, 3) BGR; ``kind`` is one of ``ROOMS``."""
    picture = ROOMS[kind](random)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _wall(random: np.random.Generator) -> np.ndarray:
    """A wall in soft light from one side, with a darker floor edge of no particular room."""
    hue = random.choice([0.08, 0.1, 0.11, 0.13, 0.55, 0.6, 0.28, 0.03])
    base = np.array(colour(hue, random.uniform(0.03, 0.2), random.uniform(0.64, 0.88)), np.float32)
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    side = random.choice([-1, 1])
    light = 1 + 0.16 * side * (x - 0.5) - 0.14 * y
    return (base * light[..., None]).astype(np.float32)


def _box(picture: np.ndarray, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
    cv2.rectangle(picture, (round(left), round(top)), (round(right), round(bottom)), fill, -1, cv2.LINE_AA)


def _soft(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Out of focus, as behind a person."""
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def _shelf(random: np.random.Generator) -> np.ndarray:
    picture = _wall(random)
    wood = colour(random.uniform(0.06, 0.1), random.uniform(0.3, 0.6), random.uniform(0.3, 0.75))
    left, width = (random.uniform(-60, 40), random.uniform(260, 420)) if random.random() < 0.5 else (330.0, 340.0)
    top = random.uniform(-30, 30)
    _box(picture, left, top, left + width, HEIGHT, shaded(wood, 0.62))
    for board in np.arange(top, HEIGHT, random.uniform(76, 96)):
        _books(picture, left + 8, left + width - 8, board + 92, random)
        _box(picture, left, board, left + width, board + 8, wood)
    for side in (left, left + width / 2, left + width):
        _box(picture, side - 4, top, side + 4, HEIGHT, wood)
    return _soft(picture, 1.6)


def _books(picture: np.ndarray, left: float, right: float, floor: float, random: np.random.Generator) -> None:
    x = left
    while x < right - 8:
        thick = random.uniform(7, 17)
        if random.random() < 0.1:
            x += random.uniform(10, 34)
            continue
        high = random.uniform(42, 70)
        cover = colour(random.random(), random.uniform(0.1, 0.65), random.uniform(0.25, 0.8))
        _box(picture, x, floor - high, min(x + thick, right), floor, cover)
        cv2.line(picture, (round(x), round(floor - high)), (round(x), round(floor)), shaded(cover, 0.6), 1, cv2.LINE_AA)
        _box(picture, x + 2, floor - high * 0.8, x + thick - 3, floor - high * 0.7, shaded(cover, 1.5))
        x += thick + 1


def _window(random: np.random.Generator) -> np.ndarray:
    picture = _wall(random) * random.uniform(0.7, 0.95)
    left = random.choice([30.0, 380.0]) + random.uniform(-25, 25)
    width, top, bottom = random.uniform(170, 230), random.uniform(10, 40), random.uniform(230, 270)
    sky = np.linspace(0, 1, HEIGHT)[:, None, None]
    outside = np.array((250, 238, 224), np.float32) * (1 - sky) + np.array((214, 232, 226), np.float32) * sky
    window = slice(round(top), round(bottom)), slice(max(round(left), 0), min(round(left + width), WIDTH))
    picture[window] = np.broadcast_to(outside, picture.shape)[window]
    for _ in range(10):
        centre = round(left + random.uniform(0, width)), round(bottom - random.uniform(0, 40))
        region = np.ascontiguousarray(picture[window])
        leaf = colour(0.3, random.uniform(0.15, 0.4), random.uniform(0.6, 0.8))
        cv2.circle(
            region, (centre[0] - window[1].start, centre[1] - window[0].start), round(random.uniform(14, 34)), leaf, -1
        )
        picture[window] = region
    frame = (238, 240, 242)
    for x in (left, left + width / 2, left + width):
        _box(picture, x - 5, top, x + 5, bottom, frame)
    for y in (top, top + (bottom - top) * 0.45, bottom):
        _box(picture, left, y - 4, left + width, y + 4, frame)
    _curtain(picture, left - 46, left + 12, random)
    _curtain(picture, left + width - 12, left + width + 46, random)
    return _soft(picture, 1.8)


def _curtain(picture: np.ndarray, left: float, right: float, random: np.random.Generator) -> None:
    base = np.array(colour(random.choice([0.08, 0.58, 0.95]), 0.12, random.uniform(0.6, 0.85)), np.float32)
    for x in range(max(round(left), 0), min(round(right), WIDTH)):
        picture[:, x] = base * (0.86 + 0.14 * np.sin((x - left) * 0.55))


def _plain(random: np.random.Generator) -> np.ndarray:
    picture = _wall(random)
    if random.random() < 0.6:
        _plant(picture, random.choice([70.0, 570.0]), HEIGHT + 10, random)
    if random.random() < 0.5:
        door = random.choice([-40.0, 500.0])
        base = colour(0.09, random.uniform(0.05, 0.4), random.uniform(0.45, 0.9))
        _box(picture, door, 20, door + 170, HEIGHT, shaded(base, 0.85))
        _box(picture, door + 10, 30, door + 160, HEIGHT, base)
        cv2.circle(picture, (round(door + 24), 220), 6, (120, 150, 160), -1, cv2.LINE_AA)
    return _soft(picture, 1.6)


def _plant(picture: np.ndarray, x: float, floor: float, random: np.random.Generator) -> None:
    _box(picture, x - 26, floor - 70, x + 26, floor, colour(0.05, random.uniform(0.1, 0.5), random.uniform(0.5, 0.85)))
    for _ in range(22):
        angle, length = random.uniform(-1.15, 1.15), random.uniform(60, 150)
        tip = x + np.sin(angle) * length, floor - 66 - np.cos(angle) * length
        middle = (x + tip[0]) / 2, (floor - 66 + tip[1]) / 2 - 12
        leaf = colour(random.uniform(0.27, 0.38), random.uniform(0.35, 0.6), random.uniform(0.25, 0.55))
        axes = round(length * 0.3), round(random.uniform(6, 12))
        cv2.line(
            picture,
            (round(x), round(floor - 66)),
            (round(middle[0]), round(middle[1])),
            shaded(leaf, 0.8),
            2,
            cv2.LINE_AA,
        )
        turn = float(np.degrees(np.arctan2(tip[1] - middle[1], tip[0] - middle[0])))
        cv2.ellipse(picture, (round(middle[0]), round(middle[1])), axes, turn, 0, 360, leaf, -1, cv2.LINE_AA)


def _pictures(random: np.random.Generator) -> np.ndarray:
    picture = _wall(random)
    for left in np.arange(30, 600, 150) + random.uniform(-15, 15):
        width, high, top = random.uniform(70, 110), random.uniform(80, 120), random.uniform(25, 70)
        _box(picture, left + 4, top + 6, left + width + 4, top + high + 6, (96, 100, 104))
        _box(picture, left, top, left + width, top + high, shaded((220, 225, 230), random.choice([0.2, 0.6, 1.0])))
        _box(picture, left + 7, top + 7, left + width - 7, top + high - 7, (232, 236, 238))
        for _ in range(5):
            centre = round(left + random.uniform(24, width - 24)), round(top + random.uniform(24, high - 24))
            tone = colour(random.random(), random.uniform(0.2, 0.6), random.uniform(0.4, 0.9))
            cv2.circle(picture, centre, round(random.uniform(6, 15)), tone, -1, cv2.LINE_AA)
    return _soft(picture, 1.6)


def _kitchen(random: np.random.Generator) -> np.ndarray:
    picture = _wall(random)
    front = colour(random.uniform(0.05, 0.6), random.uniform(0.03, 0.3), random.uniform(0.55, 0.9))
    for left in range(-40, WIDTH, 122):
        _box(picture, left, -10, left + 118, 105, shaded(front, 0.94))
        _box(picture, left + 8, -2, left + 110, 97, front)
        _box(picture, left + 50, 84, left + 68, 88, (110, 114, 118))
        _box(picture, left, 268, left + 118, HEIGHT, shaded(front, 0.85))
    for y in range(112, 250, 22):
        cv2.line(picture, (0, y), (WIDTH, y), shaded(front, 0.9), 1, cv2.LINE_AA)
    _box(picture, 0, 250, WIDTH, 268, colour(0.08, 0.3, 0.42))
    for x in (60.0, 110.0, 520.0, 585.0):
        pot = colour(random.random(), random.uniform(0.2, 0.6), random.uniform(0.4, 0.8))
        _box(picture, x - 16, 250 - random.uniform(30, 60), x + 16, 250, pot)
    return _soft(picture, 1.8)


def _bed(random: np.random.Generator) -> np.ndarray:
    picture = _wall(random) * 0.92
    cover = colour(random.random(), random.uniform(0.1, 0.35), random.uniform(0.55, 0.85))
    _box(picture, 20, 190, 620, 250, colour(0.07, 0.45, random.uniform(0.25, 0.5)))
    _box(picture, 30, 236, 610, HEIGHT, cover)
    for x in (70.0, 430.0):
        cv2.ellipse(picture, (round(x + 70), 240), (80, 26), 0, 0, 360, shaded(cover, 1.2), -1, cv2.LINE_AA)
    lamp = random.choice([60, 580])
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    glow = np.exp(-(((x - lamp) / 130) ** 2 + ((y - 110) / 110) ** 2))
    picture += glow[..., None] * np.array((30, 60, 80), np.float32)
    shade = np.array([(lamp - 30, 140), (lamp + 30, 140), (lamp + 18, 88), (lamp - 18, 88)], np.int32)
    cv2.fillPoly(picture, [shade], (190, 225, 245), cv2.LINE_AA)
    _box(picture, lamp - 2, 140, lamp + 2, 200, (70, 80, 90))
    return _soft(picture, 1.8)


def _beach(random: np.random.Generator) -> np.ndarray:
    """The virtual background that somebody always has."""
    y = np.linspace(0, 1, HEIGHT)[:, None, None]
    sky = np.array((242, 190, 120), np.float32) * (1 - y) + np.array((250, 236, 214), np.float32) * y
    picture = np.repeat(sky, WIDTH, 1).astype(np.float32)
    _box(picture, 0, 190, WIDTH, 270, (196, 164, 60))
    for row in range(194, 270, 9):
        start = int(random.integers(0, 200))
        cv2.line(picture, (start, row), (start + int(random.integers(120, 420)), row), (214, 190, 96), 2, cv2.LINE_AA)
    _box(picture, 0, 266, WIDTH, HEIGHT, (164, 206, 232))
    x = int(random.choice([90, 540]))
    trunk = np.array([(x, 330), (x + 10, 240), (x + 26, 150), (x + 46, 70)], np.int32)
    cv2.polylines(picture, [trunk], False, (62, 92, 120), 11, cv2.LINE_AA)
    for angle in np.linspace(-2.9, 0.4, 8):
        tip = round(x + 46 + 92 * np.cos(angle)), round(70 + 62 * np.sin(angle) + 22)
        arch = np.array([(x + 46, 70), ((x + 46 + tip[0]) // 2, (70 + tip[1]) // 2 - 22), tip], np.int32)
        cv2.polylines(picture, [arch], False, (58, 128, 62), 9, cv2.LINE_AA)
    return _soft(picture, 0.8)


def _blur(random: np.random.Generator) -> np.ndarray:
    """The client's "blur my background" over some other room."""
    kind = random.choice(["shelf", "window", "kitchen", "pictures"])
    return _soft(ROOMS[str(kind)](random), 14)


def _gradient(random: np.random.Generator) -> np.ndarray:
    """A virtual background in a school's two colours, with quiet shapes."""
    hue = random.choice([0.58, 0.62, 0.48, 0.75, 0.08])
    start, end = (np.array(colour(hue + turn, 0.5, value), np.float32) for turn, value in ((0, 0.75), (0.06, 0.45)))
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    share = ((x + y) / 2)[..., None]
    picture = (start * (1 - share) + end * share).astype(np.float32)
    over = picture.copy()
    for _ in range(4):
        centre = int(random.integers(0, WIDTH)), int(random.integers(0, HEIGHT))
        cv2.circle(
            over, centre, int(random.integers(60, 190)), tuple(float(part) for part in start * 1.2), -1, cv2.LINE_AA
        )
    return picture * 0.75 + over * 0.25


ROOMS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "shelf": _shelf,
    "window": _window,
    "plain": _plain,
    "pictures": _pictures,
    "kitchen": _kitchen,
    "bed": _bed,
    "beach": _beach,
    "blur": _blur,
    "gradient": _gradient,
}
