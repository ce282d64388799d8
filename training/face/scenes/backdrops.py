"""What stands behind people, and what stands there when nobody does: emptied photos, drawn rooms, text and doodles.

Everything here is gray, uint8 (height, width), and holds no face.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from training.face.scenes.cutouts import Cutout
from training.face.sources import Photo

EMPTIED_HEIGHT = 96
"""Height at which people are painted over: what remains is as blurred as a virtual background."""
MOST_PEOPLE = 0.8
"""Share of a picture covered by people above which nothing is left to paint over them."""
WORDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&?!"
FONTS = (0, 2, 3, 4, 6, 7)
"""OpenCV's drawn alphabets."""
INK = 255


def emptied(photo: Photo, cut: Cutout) -> np.ndarray | None:
    """A photo without its people, painted over from their surroundings (Telea 2004); None where they fill it."""
    scale = EMPTIED_HEIGHT / photo.gray.shape[0]
    size = max(round(photo.gray.shape[1] * scale), 8), EMPTIED_HEIGHT
    small = cv2.resize(photo.gray, size, interpolation=cv2.INTER_AREA)
    people = (cv2.resize(cut.alpha, size, interpolation=cv2.INTER_AREA) > 20).astype(np.uint8)
    for left, top, right, bottom in np.concatenate([photo.faces, photo.doubtful])[:, :4] * scale:
        axes = [int(0.9 * (right - left)), int(0.95 * (bottom - top))]
        cv2.ellipse(people, [int((left + right) / 2), int((top + bottom) / 2)], axes, 0, 0, 360, 1, -1)
    people = cv2.dilate(people, np.ones((5, 5), np.uint8))
    return cv2.inpaint(small, people, 3, cv2.INPAINT_TELEA) if people.mean() < MOST_PEOPLE else None


class Backdrops:
    """Draws backdrops of any size from photos that were emptied before and from nothing."""

    def __init__(self, empties: Sequence[np.ndarray]) -> None:
        self._empties = empties

    def draw(self, draw: np.random.Generator, width: int, height: int, empty: bool = False) -> np.ndarray:
        """A backdrop uint8 (height, width); ``empty`` asks for one that is to be seen without people: more is in it."""
        kind = draw.random()
        if self._empties and kind < 0.5:
            return self._from_photo(draw, width, height)
        if kind < 0.58:
            return _flat(draw, width, height)
        if empty and kind < 0.72:
            return _written(draw, width, height)
        picture = _room(draw, width, height)
        if empty and draw.random() < 0.4:
            _put_patches(picture, draw, self._empties)
        return picture

    def _from_photo(self, draw: np.random.Generator, width: int, height: int) -> np.ndarray:
        whole = self._empties[int(draw.integers(len(self._empties)))]
        share = draw.uniform(0.35, 1.0)
        tall = int(whole.shape[0] * share)
        wide = min(whole.shape[1], max(int(tall * width / height), 8))
        top, left = draw.integers(whole.shape[0] - tall + 1), draw.integers(whole.shape[1] - wide + 1)
        part = cv2.resize(whole[top : top + tall, left : left + wide], (width, height), interpolation=cv2.INTER_CUBIC)
        return part[:, ::-1].copy() if draw.random() < 0.5 else part


def noise(draw: np.random.Generator, width: int, height: int, roughness: float) -> np.ndarray:
    """Clouds of noise, float32 (height, width) of mean 0 and deviation 1; a higher ``roughness`` shows finer grain."""
    total, weight = np.zeros((height, width), np.float32), 1.0
    for cells in (3, 6, 12, 24, 48):
        grid = draw.standard_normal((cells * height // width + 2, cells + 2)).astype(np.float32)
        total += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        weight *= roughness
    return total / max(float(total.std()), 1e-3)


def _flat(draw: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A plain wall or a ceiling: one level with a slope of light and little grain."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slope = draw.normal(0, 25, 2)
    level = draw.uniform(5, 250) + slope[0] * (x / width - 0.5) + slope[1] * (y / height - 0.5)
    return _bytes(level + draw.uniform(0, 6) * noise(draw, width, height, 0.7))


def _room(draw: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A wall with some of what rooms have: shelves, windows, doors, lamps, pictures, curtains, plants, round things."""
    picture = _flat(draw, width, height)
    if draw.random() < 0.3:
        grain = noise(draw, width, height, draw.uniform(0.4, 1.2))
        picture = _bytes(picture + draw.uniform(5, 45) * grain)
    for _ in range(draw.integers(1, 8)):
        _THINGS[draw.integers(len(_THINGS))](picture, draw)
    return cv2.GaussianBlur(picture, (0, 0), draw.uniform(0.4, 3.0))


def _written(draw: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Initials, a slide with text, or a doodle: what an avatar or a shared page shows."""
    picture = _flat(draw, width, height)
    kind = draw.random()
    if kind < 0.4:
        _initials(picture, draw)
    elif kind < 0.7:
        for line in range(draw.integers(2, 9)):
            text = "".join(draw.choice(list(WORDS + "    "), draw.integers(4, 30)))
            scale, place = draw.uniform(0.25, 0.7), (int(draw.integers(0, width // 3)), 12 + line * height // 9)
            cv2.putText(picture, text, place, int(draw.choice(FONTS)), scale, _ink(draw), 1, cv2.LINE_AA)
    else:
        for _ in range(draw.integers(1, 4)):
            _doodle(picture, draw)
    return picture


def _ink(draw: np.random.Generator) -> int:
    return int(draw.integers(0, INK + 1))


def _spot(picture: np.ndarray, draw: np.random.Generator) -> tuple[int, int]:
    return int(draw.integers(0, picture.shape[1])), int(draw.integers(0, picture.shape[0]))


def _initials(picture: np.ndarray, draw: np.random.Generator) -> None:
    height, width = picture.shape
    centre, radius = (width // 2, int(height * draw.uniform(0.4, 0.6))), int(height * draw.uniform(0.15, 0.4))
    if draw.random() < 0.5:
        cv2.circle(picture, centre, radius, _ink(draw), -1, cv2.LINE_AA)
    text = "".join(draw.choice(list(WORDS), draw.integers(1, 3)))
    scale = radius / draw.uniform(16, 30)
    font, thick = int(draw.choice(FONTS)), int(draw.integers(1, 5))
    (wide, tall), _ = cv2.getTextSize(text, font, scale, thick)
    place = centre[0] - wide // 2, centre[1] + tall // 2
    cv2.putText(picture, text, place, font, scale, _ink(draw), thick, cv2.LINE_AA)


def _doodle(picture: np.ndarray, draw: np.random.Generator) -> None:
    """A smiley or another outline drawing: a face to a child, none to us."""
    centre, radius = _spot(picture, draw), int(draw.uniform(8, 45))
    ink, thick = _ink(draw), int(draw.integers(1, 3))
    cv2.circle(picture, centre, radius, ink, -1 if draw.random() < 0.4 else thick, cv2.LINE_AA)
    pen = INK - ink if draw.random() < 0.7 else _ink(draw)
    for side in (-1, 1):
        eye = centre[0] + int(side * radius * draw.uniform(0.3, 0.45)), centre[1] - int(radius * 0.25)
        cv2.circle(picture, eye, max(radius // 8, 1), pen, -1, cv2.LINE_AA)
    mouth = centre[0], centre[1] + int(radius * 0.2)
    cv2.ellipse(picture, mouth, (int(radius * 0.5), int(radius * 0.4)), 0, 10, 170, pen, thick, cv2.LINE_AA)


def _shelf(picture: np.ndarray, draw: np.random.Generator) -> None:
    left, top = _spot(picture, draw)
    board, x = int(draw.uniform(14, 40)), left
    end = left + int(draw.uniform(20, 120))
    while x < end:
        thick, tall = int(draw.integers(2, 9)), int(board * draw.uniform(0.55, 0.95))
        cv2.rectangle(picture, (x, top + board - tall), (x + thick, top + board), _ink(draw), -1)
        x += thick + int(draw.integers(0, 3))
    cv2.rectangle(picture, (left, top + board), (end, top + board + 2), _ink(draw), -1)


def _window(picture: np.ndarray, draw: np.random.Generator) -> None:
    (left, top), wide, tall = _spot(picture, draw), int(draw.uniform(20, 90)), int(draw.uniform(25, 100))
    cv2.rectangle(picture, (left, top), (left + wide, top + tall), int(draw.integers(150, 256)), -1)
    frame = _ink(draw)
    cv2.rectangle(picture, (left, top), (left + wide, top + tall), frame, int(draw.integers(1, 5)))
    cv2.line(picture, (left + wide // 2, top), (left + wide // 2, top + tall), frame, 2)
    if draw.random() < 0.5:
        cv2.line(picture, (left, top + tall // 3), (left + wide, top + tall // 3), frame, 2)


def _panel(picture: np.ndarray, draw: np.random.Generator) -> None:
    (left, top), wide, tall = _spot(picture, draw), int(draw.uniform(15, 110)), int(draw.uniform(12, 100))
    cv2.rectangle(picture, (left, top), (left + wide, top + tall), _ink(draw), -1)
    cv2.rectangle(picture, (left, top), (left + wide, top + tall), _ink(draw), int(draw.integers(1, 4)))


def _round_thing(picture: np.ndarray, draw: np.random.Generator) -> None:
    """A lamp, a clock, a ball, a cushion, the back of a chair."""
    axes = int(draw.uniform(4, 40)), int(draw.uniform(4, 40))
    centre, angle = _spot(picture, draw), float(draw.uniform(0, 180))
    cv2.ellipse(picture, centre, axes, angle, 0, 360, _ink(draw), -1, cv2.LINE_AA)
    if draw.random() < 0.5:
        cv2.ellipse(picture, centre, axes, angle, 0, 360, _ink(draw), int(draw.integers(1, 4)), cv2.LINE_AA)


def _curtain(picture: np.ndarray, draw: np.random.Generator) -> None:
    width = picture.shape[1]
    left, wide = int(draw.integers(0, width)), int(draw.uniform(15, 80))
    x = np.arange(min(wide, width - left))
    folds = draw.uniform(60, 200) + draw.uniform(10, 40) * np.sin(x / draw.uniform(0.8, 4) + draw.uniform(0, 6))
    picture[:, left : left + len(x)] = _bytes(folds)


def _plant(picture: np.ndarray, draw: np.random.Generator) -> None:
    root, spread = np.array(_spot(picture, draw)), draw.uniform(8, 30)
    for _ in range(draw.integers(6, 30)):
        leaf = (root + draw.normal(0, spread, 2)).astype(int)
        axes = int(draw.uniform(2, 11)), int(draw.uniform(1, 4))
        cv2.ellipse(picture, [*map(int, leaf)], axes, draw.uniform(0, 180), 0, 360, _ink(draw), -1, cv2.LINE_AA)


def _edge(picture: np.ndarray, draw: np.random.Generator) -> None:
    """The meeting of two walls or of wall and ceiling: one side is darker."""
    corners = np.array([_spot(picture, draw), _spot(picture, draw), _spot(picture, draw)])
    side = picture.copy()
    cv2.fillPoly(side, [(corners * 3 - corners.mean(0) * 2).astype(int)], _ink(draw))
    cv2.addWeighted(picture, 0.5, side, 0.5, 0, dst=picture)


def _put_patches(picture: np.ndarray, draw: np.random.Generator, empties: Sequence[np.ndarray]) -> None:
    """Pictures on a wall: small windows of real texture."""
    for _ in range(draw.integers(1, 4) if empties else 0):
        source = empties[int(draw.integers(len(empties)))]
        size = int(draw.uniform(12, 60)), int(draw.uniform(12, 60))
        left, top = _spot(picture, draw)
        place = picture[top : top + size[1], left : left + size[0]]
        place[:] = cv2.resize(source, size, interpolation=cv2.INTER_AREA)[: place.shape[0], : place.shape[1]]


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 255).astype(np.uint8)


_THINGS: tuple[Callable[[np.ndarray, np.random.Generator], None], ...] = (
    _shelf,
    _window,
    _panel,
    _panel,
    _round_thing,
    _round_thing,
    _curtain,
    _plant,
    _edge,
)
