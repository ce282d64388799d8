"""Screens that people share, and what else stands on a desktop: slides, code, a web page, a window of text."""

from __future__ import annotations

import re
from collections.abc import Callable

import cv2
import numpy as np

from capture.simulator.client.paint import WHITE, Colour, fill_rounded, write, write_centred
from capture.simulator.look import SharedKind
from domain import Box

SCREEN = (1280, 720)
"""Pixels at which the length 1 of the drawings below is one pixel."""
INK: Colour = (52, 46, 42)
WORDS: list[str] = re.findall(
    r"\w+",
    "leaf light water sugar cell guard stoma carbon oxygen root night day plant air green open close gas energy "
    "chlorophyll experiment measure table result class page answer because between every slowly higher number",
)


class Sheet:
    """A page to draw on in lengths of a screen of 1280x720, whatever its real size."""

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self.picture = np.empty((height, width, 3), np.uint8)
        self.picture[:] = ground
        self._scale = min(width / SCREEN[0], height / SCREEN[1])

    def px(self, length: float) -> int:
        """A length in pixels, at least one."""
        return max(1, round(length * self._scale))

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, radius: float = 0) -> None:
        """A filled rectangle with round corners."""
        x0, y0, x1, y1 = (round(length * self._scale) for length in (left, top, right, bottom))
        place = Box(x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))
        fill_rounded(self.picture, place, fill, self.px(radius) if radius else 0)

    def text(self, text: str, size: float, left: float, middle: float, fill: Colour = INK) -> float:
        """A line of text; returns its width in lengths of the sheet."""
        return write(self.picture, text, self.px(size), self.px(left), self.px(middle), fill) / self._scale


def shared_screen(kind: SharedKind, width: int, height: int) -> np.ndarray:
    """What somebody shares, filling width x height pixels: uint8 (height, width, 3) BGR."""
    return _SHARED[kind](width, height)


def _slides(width: int, height: int) -> np.ndarray:
    sheet = Sheet(width, height, (252, 251, 250))
    sheet.box(0, 0, 1290, 96, (118, 92, 38))
    sheet.text("How plants breathe", 44, 60, 50, WHITE)
    lines = ("Stomata: small openings on the leaf", "Two guard cells open and close them",
             "In: carbon dioxide    Out: oxygen, water", "Open by day, closed when water is short")  # fmt: skip
    for row, line in enumerate(lines):
        y = 190 + row * 74
        sheet.box(66, y - 7, 80, y + 7, (96, 150, 60), 7)
        sheet.text(line, 27, 104, y)
    for row, share in enumerate((0.35, 0.6, 0.9, 0.75)):
        left, top = 830 + row * 92, 560 - share * 300
        sheet.box(left, top, left + 58, 560, ((90, 160, 70), (170, 130, 60), (70, 120, 210), (150, 90, 150))[row], 4)
        sheet.text(("6:00", "9:00", "12:00", "15:00")[row], 17, left, 584)
    sheet.box(816, 558, 1210, 562, (120, 116, 112))
    sheet.text("Openness of stomata over a day", 19, 860, 226, (110, 104, 98))
    sheet.text("Biology 9b", 15, 60, 690, (150, 144, 140))
    sheet.text("7", 15, 1220, 690, (150, 144, 140))
    return sheet.picture


def _code(width: int, height: int) -> np.ndarray:
    sheet = Sheet(width, height, (34, 30, 30))
    sheet.box(0, 0, 200, 721, (42, 37, 37))
    for row in range(14):
        sheet.text(f"{WORDS[row]}_{WORDS[row + 7]}.py", 13, 22, 30 + row * 26, (176, 168, 162))
    random = np.random.default_rng(4)
    tones = ((214, 156, 86), (120, 201, 206), (220, 220, 220), (152, 195, 121), (110, 106, 104))
    indent = 0
    for row in range(27):
        y, x = 28 + row * 25, 270.0 + indent * 34
        sheet.text(str(row + 1), 13, 216, y, (110, 104, 100))
        for word in random.integers(0, len(WORDS), int(random.integers(0, 7))):
            x += sheet.text(WORDS[word], 15, x, y, tones[int(random.integers(len(tones)))]) + 9
        indent = int(np.clip(indent + random.integers(-1, 2), 0, 4))
    sheet.box(0, 702, 1290, 721, (204, 122, 0))
    return sheet.picture


def _web(width: int, height: int) -> np.ndarray:
    sheet = Sheet(width, height, (255, 255, 255))
    sheet.box(0, 0, 1290, 44, (226, 222, 218))
    sheet.box(110, 8, 1080, 36, (250, 249, 248), 14)
    sheet.text("https://school.example/biology/stomata", 14, 128, 22, (110, 104, 100))
    sheet.text("Stomata", 40, 90, 110)
    random = np.random.default_rng(9)
    for row in range(18):
        y = 176 + row * 29
        if row % 6 == 5:
            continue
        words = " ".join(WORDS[i] for i in random.integers(0, len(WORDS), int(random.integers(8, 11))))
        sheet.text(words, 17, 90, y, (74, 68, 64))
    photo = Box(sheet.px(850), sheet.px(170), sheet.px(1190), sheet.px(410))
    photo.of(sheet.picture)[:] = _leaf(photo.width, photo.height)
    sheet.text("A leaf under the microscope", 14, 850, 430, (130, 124, 120))
    return sheet.picture


def _leaf(width: int, height: int) -> np.ndarray:
    """A photograph of sorts: green cells under a microscope."""
    random = np.random.default_rng(2)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = (96, 168, 120)
    for _ in range(60):
        centre = int(random.integers(0, width)), int(random.integers(0, height))
        axes = int(width * random.uniform(0.04, 0.09)), int(height * random.uniform(0.05, 0.1))
        tone = tuple(int(part) for part in np.array((80, 150, 96)) * random.uniform(0.7, 1.3))
        cv2.ellipse(picture, centre, axes, float(random.uniform(0, 180)), 0, 360, tone, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), max(width / 260, 0.6))


_SHARED: dict[SharedKind, Callable[[int, int], np.ndarray]] = {"slides": _slides, "code": _code, "web": _web}


def desktop(width: int, height: int) -> np.ndarray:
    """An empty desktop: a wallpaper in two colours, a task bar, a few signs of files."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    share = (0.6 * y / height + 0.4 * x / width)[..., None]
    wallpaper = np.array((140, 92, 44), np.float32) * (1 - share) + np.array((110, 130, 60), np.float32) * share
    sheet = Sheet(width, height, WHITE)
    sheet.picture[:] = wallpaper.astype(np.uint8)
    for row, name in enumerate(("Biology", "Marks", "Timetable")):
        y0 = 30 + row * 92
        sheet.box(34, y0, 78, y0 + 36, (90, 190, 236), 4)
        write_centred(sheet.picture, name, sheet.px(13), sheet.px(56), sheet.px(y0 + 52), WHITE)
    bar = sheet.px(40)
    sheet.picture[-bar:] = (48, 40, 34)
    for place in range(6):
        left = width // 2 + sheet.px(44) * (place - 3)
        tone = ((214, 150, 60), (90, 190, 236), (232, 112, 14), (90, 180, 90), (200, 200, 200), (110, 90, 210))[place]
        fill_rounded(sheet.picture, Box(left, height - bar + bar // 5, left + bar * 3 // 5, height - bar // 5), tone, 4)
    return sheet.picture


def text_window(width: int, height: int, scale: float) -> np.ndarray:
    """Another program's window: a title bar and lines of text."""

    def px(length: float) -> int:
        return max(1, round(length * scale))

    picture = np.full((height, width, 3), 252, np.uint8)
    picture[: px(30)] = (232, 228, 226)
    write(picture, "Notes", px(13), px(12), px(15), INK)
    write(picture, "\u00d7", px(18), width - px(26), px(15), INK)
    random = np.random.default_rng(6)
    for middle in range(px(56), height - px(12), px(24)):
        words = " ".join(WORDS[i] for i in random.integers(0, len(WORDS), 14))
        write(picture, words, px(14), px(18), middle, (70, 64, 60), widest=max(width - px(36), 1))
    picture[0], picture[-1], picture[:, 0], picture[:, -1] = (190,) * 3, (190,) * 3, (190,) * 3, (190,) * 3
    return picture


def lecture_hall(width: int, height: int) -> np.ndarray:
    """The room of the immersive view: a wall and rows of desks."""
    sheet = Sheet(width, height, (196, 206, 214))
    random = np.random.default_rng(8)
    light = np.linspace(1.08, 0.86, height)[:, None, None]
    sheet.picture[:] = (sheet.picture * light).astype(np.uint8)
    for left in np.linspace(0.03, 0.83, 5):
        x = round(left * width)
        window = sheet.picture[height // 16 : height // 5, x : x + width // 7]
        window[:] = (236, 226, 208)
    for middle in (0.44, 0.78):
        top = round(middle * height)
        tone = np.array((78, 112, 150)) * random.uniform(0.95, 1.05)
        sheet.picture[top : top + height // 9] = tone.astype(np.uint8)
        sheet.picture[top : top + max(height // 90, 1)] = (tone * 1.3).clip(0, 255).astype(np.uint8)
    return sheet.picture
