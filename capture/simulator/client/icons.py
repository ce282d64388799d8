"""Small drawings of the client: the toolbar's signs in one colour, hands and reactions in their own."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

from capture.simulator.client.paint import Colour

Mark = Literal["hand", "thumbs_up", "clap", "heart", "joy", "surprise", "party", "yes", "no"]
"""What students put on their tile: the raised hand and the client's reactions."""

SKIN, SKIN_EDGE = (86, 200, 252), (40, 140, 214)
RED, GREEN, DARK, PAPER = (60, 62, 224), (82, 190, 66), (40, 52, 72), (255, 255, 255)
"""Colours of reactions as BGR bytes: the yellow hands and faces that clients have by default."""


@lru_cache(maxsize=64)
def glyph(kind: str, pixels: int) -> np.ndarray:
    """A small drawing as a mask 0 to 1 (pixels, pixels)."""
    big = pixels * 4
    mask = np.zeros((big, big), np.uint8)
    stroke = max(3, round(big * 0.085))

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * big), round(y * big)

    if kind in ("microphone", "microphone_off"):
        cv2.line(mask, at(0.5, 0.24), at(0.5, 0.46), 255, round(big * 0.26), cv2.LINE_AA)
        cv2.ellipse(mask, at(0.5, 0.46), at(0.26, 0.26), 0, 0, 180, 255, stroke, cv2.LINE_AA)
        cv2.line(mask, at(0.5, 0.72), at(0.5, 0.9), 255, stroke, cv2.LINE_AA)
    elif kind in ("camera", "camera_off"):
        cv2.rectangle(mask, at(0.08, 0.28), at(0.66, 0.74), 255, -1, cv2.LINE_AA)
        cv2.fillPoly(mask, [np.array([at(0.7, 0.46), at(0.94, 0.3), at(0.94, 0.72), at(0.7, 0.56)])], 255, cv2.LINE_AA)
    elif kind == "people":
        for x, y, size in ((0.36, 0.34, 0.16), (0.7, 0.4, 0.12)):
            cv2.circle(mask, at(x, y), round(size * big), 255, -1, cv2.LINE_AA)
            cv2.ellipse(mask, at(x, y + size * 3), at(size * 1.7, size * 1.5), 0, 180, 360, 255, -1, cv2.LINE_AA)
    elif kind == "chat":
        cv2.ellipse(mask, at(0.5, 0.45), at(0.4, 0.3), 0, 0, 360, 255, -1, cv2.LINE_AA)
        cv2.fillPoly(mask, [np.array([at(0.22, 0.6), at(0.2, 0.9), at(0.48, 0.7)])], 255, cv2.LINE_AA)
    elif kind == "share":
        cv2.rectangle(mask, at(0.1, 0.16), at(0.9, 0.84), 255, -1, cv2.LINE_AA)
        cv2.arrowedLine(mask, at(0.5, 0.7), at(0.5, 0.3), 0, stroke, cv2.LINE_AA, tipLength=0.5)
    elif kind == "smile":
        cv2.circle(mask, at(0.5, 0.5), round(0.38 * big), 255, stroke, cv2.LINE_AA)
        cv2.ellipse(mask, at(0.5, 0.52), at(0.2, 0.18), 0, 15, 165, 255, stroke, cv2.LINE_AA)
        for x in (0.38, 0.62):
            cv2.circle(mask, at(x, 0.42), round(0.055 * big), 255, -1, cv2.LINE_AA)
    elif kind == "grid":
        for x in (0.12, 0.4, 0.68):
            for y in (0.2, 0.54):
                cv2.rectangle(mask, at(x, y), at(x + 0.2, y + 0.24), 255, -1, cv2.LINE_AA)
    elif kind == "shield":
        outline = [at(0.5, 0.06), at(0.86, 0.2), at(0.82, 0.6), at(0.5, 0.94), at(0.18, 0.6), at(0.14, 0.2)]
        cv2.fillPoly(mask, [np.array(outline)], 255, cv2.LINE_AA)
        cv2.polylines(mask, [np.array([at(0.34, 0.48), at(0.46, 0.62), at(0.68, 0.36)])], False, 0, stroke, cv2.LINE_AA)
    elif kind in ("next", "previous"):
        x0, x1 = (0.36, 0.64) if kind == "next" else (0.64, 0.36)
        cv2.polylines(mask, [np.array([at(x0, 0.2), at(x1, 0.5), at(x0, 0.8)])], False, 255, stroke, cv2.LINE_AA)
    if kind.endswith("_off"):
        cv2.line(mask, at(0.2, 0.08), at(0.84, 0.9), 0, stroke * 2, cv2.LINE_AA)
        cv2.line(mask, at(0.14, 0.1), at(0.8, 0.92), 255, stroke, cv2.LINE_AA)
    return cv2.resize(mask, (pixels, pixels), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


class _Pen:
    """Draws in shares of a square's side, four times as large as it is needed: uint8 BGRA."""

    def __init__(self, pixels: int) -> None:
        self.side = pixels * 4
        self.picture = np.zeros((self.side, self.side, 4), np.uint8)

    def _at(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self.side), round(y * self.side)

    def line(self, points: list[tuple[float, float]], width: float, fill: Colour) -> None:
        """A round-ended line through points."""
        path = np.array([self._at(*point) for point in points], np.int32)
        cv2.polylines(self.picture, [path], False, (*fill, 255), max(1, round(width * self.side)), cv2.LINE_AA)

    def blob(self, x: float, y: float, rx: float, ry: float, fill: Colour, turn: float = 0) -> None:
        """A filled ellipse, turned by degrees."""
        axes = max(1, round(rx * self.side)), max(1, round(ry * self.side))
        cv2.ellipse(self.picture, self._at(x, y), axes, turn, 0, 360, (*fill, 255), -1, cv2.LINE_AA)

    def shape(self, points: list[tuple[float, float]], fill: Colour) -> None:
        """A filled polygon."""
        cv2.fillPoly(self.picture, [np.array([self._at(*p) for p in points], np.int32)], (*fill, 255), cv2.LINE_AA)

    def arc(self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Colour) -> None:
        """A part of an ellipse from one angle to another in degrees, filled."""
        axes = round(rx * self.side), round(ry * self.side)
        cv2.ellipse(self.picture, self._at(x, y), axes, 0, start, end, (*fill, 255), -1, cv2.LINE_AA)


def _hand(pen: _Pen) -> None:
    for fill, grow in ((SKIN_EDGE, 0.05), (SKIN, 0.0)):
        for x, tip in ((0.34, 0.22), (0.46, 0.14), (0.58, 0.15), (0.69, 0.25)):
            pen.line([(x, tip), (0.43 + (x - 0.43) * 0.8, 0.6)], 0.1 + grow, fill)
        pen.line([(0.2, 0.52), (0.4, 0.74)], 0.11 + grow, fill)
        pen.blob(0.51, 0.66, 0.19 + grow / 2, 0.22 + grow / 2, fill)


def _thumbs_up(pen: _Pen) -> None:
    for fill, grow in ((SKIN_EDGE, 0.05), (SKIN, 0.0)):
        pen.line([(0.44, 0.5), (0.5, 0.18)], 0.15 + grow, fill)
        for y in (0.46, 0.58, 0.7, 0.8):
            pen.line([(0.46, y), (0.74 - abs(y - 0.58) * 0.25, y)], 0.11 + grow, fill)
        pen.line([(0.26, 0.54), (0.26, 0.78)], 0.16 + grow, fill)
        pen.blob(0.42, 0.64, 0.17 + grow / 2, 0.2 + grow / 2, fill)


def _clap(pen: _Pen) -> None:
    for x0, y0 in ((0.64, 0.62), (0.5, 0.68)):
        for fill, grow in ((SKIN_EDGE, 0.05), (SKIN, 0.0)):
            for finger in (-1.5, -0.5, 0.5, 1.5):
                x, y = x0 + finger * 0.082, y0 - finger * 0.045
                reach = 0.42 - 0.03 * abs(finger)
                pen.line([(x - 0.45 * reach, y - 0.9 * reach), (x, y)], 0.085 + grow, fill)
            pen.line([(x0 + 0.26, y0 - 0.2), (x0 + 0.12, y0 + 0.04)], 0.09 + grow, fill)
            pen.blob(x0, y0 + 0.04, 0.18 + grow / 2, 0.15 + grow / 2, fill, -25)


def _heart(pen: _Pen) -> None:
    t = np.linspace(0, 2 * math.pi, 60)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    pen.shape([(0.5 + a / 38, 0.47 - b / 38) for a, b in zip(x, y, strict=True)], RED)


def _face(pen: _Pen) -> None:
    pen.blob(0.5, 0.5, 0.42, 0.42, SKIN_EDGE)
    pen.blob(0.5, 0.5, 0.39, 0.39, SKIN)


def _joy(pen: _Pen) -> None:
    _face(pen)
    pen.arc(0.5, 0.52, 0.26, 0.27, 0, 180, DARK)
    pen.arc(0.5, 0.53, 0.2, 0.08, 0, 180, PAPER)
    for x in (0.35, 0.65):
        pen.line([(x - 0.08, 0.42), (x, 0.35), (x + 0.08, 0.42)], 0.05, DARK)
        pen.blob(x + (x - 0.5) * 1.5, 0.52, 0.06, 0.09, (238, 190, 96))


def _surprise(pen: _Pen) -> None:
    _face(pen)
    pen.blob(0.5, 0.69, 0.09, 0.12, DARK)
    for x in (0.36, 0.64):
        pen.blob(x, 0.42, 0.055, 0.075, DARK)
        pen.line([(x - 0.07, 0.27), (x + 0.07, 0.25)], 0.035, DARK)


def _party(pen: _Pen) -> None:
    pen.shape([(0.14, 0.88), (0.32, 0.4), (0.62, 0.7)], (70, 176, 240))
    pen.line([(0.24, 0.62), (0.42, 0.79)], 0.05, (180, 90, 200))
    for x, y, fill in ((0.5, 0.2, RED), (0.72, 0.3, GREEN), (0.84, 0.52, (220, 160, 60)), (0.6, 0.46, SKIN)):
        pen.blob(x, y, 0.05, 0.05, fill)
    pen.line([(0.46, 0.44), (0.62, 0.3), (0.66, 0.12)], 0.035, (220, 160, 60))
    pen.line([(0.58, 0.58), (0.76, 0.62), (0.88, 0.76)], 0.035, RED)


def _yes(pen: _Pen) -> None:
    pen.blob(0.5, 0.5, 0.42, 0.42, GREEN)
    pen.line([(0.3, 0.52), (0.44, 0.66), (0.72, 0.36)], 0.1, PAPER)


def _no(pen: _Pen) -> None:
    pen.blob(0.5, 0.5, 0.42, 0.42, RED)
    for a, b in ((0.34, 0.66), (0.66, 0.34)):
        pen.line([(a, 0.34), (b, 0.66)], 0.1, PAPER)


_MARKS = {
    "hand": _hand,
    "thumbs_up": _thumbs_up,
    "clap": _clap,
    "heart": _heart,
    "joy": _joy,
    "surprise": _surprise,
    "party": _party,
    "yes": _yes,
    "no": _no,
}


@lru_cache(maxsize=64)
def mark_icon(kind: Mark, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """A raised hand or a reaction: its colours float32 (pixels, pixels, 3) and its mask 0 to 1 (pixels, pixels)."""
    pen = _Pen(pixels)
    _MARKS[kind](pen)
    ink = pen.picture.astype(np.float32)
    ink[..., :3] *= ink[..., 3:] / 255
    small = cv2.resize(ink, (pixels, pixels), interpolation=cv2.INTER_AREA)
    alpha = small[..., 3:] / 255
    return small[..., :3] / np.maximum(alpha, 1 / 255), alpha[..., 0]
