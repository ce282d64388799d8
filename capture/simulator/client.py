"""The look of a meeting client's window: stage, tiles without video, labels, speaker border, toolbar, own glyphs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from domain import Box, CaptureError

Colour = tuple[int, int, int]
Theme = Literal["dark", "light"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a theme as BGR bytes, after captures of 2021 to 2025."""

    stage: Colour
    tile: Colour
    bar: Colour
    glyph: Colour
    faint: Colour
    off_name: Colour


PALETTES: dict[Theme, Palette] = {
    "dark": Palette((26, 26, 26), (36, 34, 34), (20, 19, 19), (214, 214, 214), (150, 150, 150), (238, 238, 238)),
    "light": Palette((247, 246, 245), (226, 222, 220), (255, 255, 255), (92, 84, 80), (140, 134, 130), (40, 36, 34)),
}
SPEAKER: Colour = (0x59, 0xD9, 0x23)
MUTED: Colour = (68, 74, 226)
LEAVE: Colour = (52, 52, 214)
SHARE: Colour = (86, 184, 36)
INITIALS: tuple[Colour, ...] = (
    (150, 96, 36),
    (60, 120, 60),
    (130, 60, 120),
    (40, 90, 190),
    (120, 110, 30),
    (60, 60, 150),
)

# Lengths in pixels at scale 1.
TOP_BAR, BOTTOM_BAR, SIDE_MARGIN, PAGED_MARGIN = 34, 54, 10, 46
LABEL_HEIGHT, BORDER = 20, 3
LABEL_LIGHT = 0.5
"""What is left of the picture's light under a label."""


def font_file() -> Path:
    """The Latin font that pygame-ce carries as its default, found without importing pygame.

    Raises CaptureError when the package is missing.
    """
    spec = find_spec("pygame")
    if spec is None or not spec.submodule_search_locations:
        raise CaptureError(
            "the simulator draws names with pygame-ce's font: expected the package pygame-ce, found none"
        )
    return Path(spec.submodule_search_locations[0]) / "freesansbold.ttf"


@lru_cache(maxsize=32)
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file()), pixels)


@lru_cache(maxsize=1024)
def text_mask(text: str, pixels: int, widest: int) -> np.ndarray:
    """The text as a mask 0 to 1 (H, W), cut with an ellipsis where it is wider than ``widest`` pixels."""
    # Drawn four times as large: a hinted font at label size has uneven gaps.
    font, widest = _font(pixels * 4), widest * 4
    shown = text
    while len(shown) > 1 and font.getlength(shown) > widest:
        shown = shown.rstrip("\u2026")[:-1].rstrip() + "\u2026"
    ascent, descent = font.getmetrics()
    size = max(1, math.ceil(font.getlength(shown) / 4) + 1), math.ceil((ascent + descent) / 4) + 4
    picture = Image.new("L", (size[0] * 4, size[1] * 4), 0)
    ImageDraw.Draw(picture).text((2, 8), shown, font=font, fill=255)
    return cv2.resize(np.asarray(picture), size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def blend(frame: np.ndarray, mask: np.ndarray, left: int, top: int, fill: tuple[int, ...]) -> None:
    """Lays a colour over the frame where the mask (0 to 1) says; what is outside the frame is cut off."""
    if mask.size == 0:
        return
    box = Box(left, top, left + mask.shape[1], top + mask.shape[0])
    inside = box.clamped(frame.shape[1], frame.shape[0])
    if inside is None:
        return
    share = inside.moved(-left, -top).of(mask)[..., None]
    region = inside.of(frame)
    region[:] = region * (1 - share) + np.asarray(fill, np.float32) * share


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
    elif kind == "camera":
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


class Client:
    """Draws everything of the window that is not video, at one size, scale and theme."""

    def __init__(self, width: int, height: int, scale: float, theme: Theme) -> None:
        self._size = width, height
        self._scale = scale
        self._palette = PALETTES[theme]
        self._empty: dict[tuple[int, int, int], np.ndarray] = {}

    def px(self, length: float) -> int:
        """A length at scale 1 in pixels of this window."""
        return max(1, round(length * self._scale))

    def stage(self, pages: int) -> Box:
        """Where tiles may stand; arrows at the sides take room when there are several pages."""
        side = self.px(PAGED_MARGIN if pages > 1 else SIDE_MARGIN)
        return Box(side, self.px(TOP_BAR), self._size[0] - side, self._size[1] - self.px(BOTTOM_BAR + 6))

    def empty(self, page: int, pages: int, people: int) -> np.ndarray:
        """A fresh copy of the window without tiles."""
        key = page, pages, people
        if key not in self._empty:
            frame = np.empty((self._size[1], self._size[0], 3), np.uint8)
            frame[:] = self._palette.stage
            self._top_bar(frame)
            self._toolbar(frame, people)
            if pages > 1:
                self._arrows(frame, page, pages)
            self._empty = {key: frame}
        return self._empty[key].copy()

    def _text(self, frame: np.ndarray, text: str, size: float, x: float, y: float, fill: Colour) -> None:
        """Text centred at a place in pixels."""
        mask = text_mask(text, self.px(size), self._size[0])
        blend(frame, mask, round(x - mask.shape[1] / 2), round(y - mask.shape[0] / 2), fill)

    def _top_bar(self, frame: np.ndarray) -> None:
        middle = self.px(TOP_BAR) // 2
        blend(frame, glyph("shield", self.px(16)), self.px(12), middle - self.px(8), (84, 190, 70))
        right = self._size[0] - self.px(30)
        self._text(frame, "View", 12, right, middle, self._palette.glyph)
        blend(frame, glyph("grid", self.px(16)), right - self.px(36), middle - self.px(8), self._palette.glyph)

    def _toolbar(self, frame: np.ndarray, people: int) -> None:
        width, height = self._size
        top = height - self.px(BOTTOM_BAR)
        frame[top:] = self._palette.bar
        buttons = (
            ("microphone", "Mute"),
            ("camera", "Stop Video"),
            ("people", f"Participants  {people}"),
            ("chat", "Chat"),
            ("share", "Share"),
            ("smile", "Reactions"),
        )
        centres = [46, 126] + [width / self._scale / 2 + offset for offset in (-150, -50, 50, 150)]
        for (kind, caption), centre in zip(buttons, centres, strict=True):
            x = centre * self._scale
            tone = SHARE if kind == "share" else self._palette.glyph
            blend(frame, glyph(kind, self.px(22)), round(x) - self.px(11), top + self.px(8), tone)
            self._text(frame, caption, 11, x, top + self.px(41), self._palette.faint)
        left = width - self.px(70)
        self._pill(frame, Box(left, top + self.px(14), width - self.px(14), top + self.px(40)), LEAVE, 6)
        self._text(frame, "Leave", 12, left + self.px(28), top + self.px(27), (255, 255, 255))

    def _arrows(self, frame: np.ndarray, page: int, pages: int) -> None:
        middle = self.stage(pages).top + self.stage(pages).height // 2
        for kind, x, usable in (
            ("previous", self.px(PAGED_MARGIN) // 2, page > 1),
            ("next", self._size[0] - self.px(PAGED_MARGIN) // 2, page < pages),
        ):
            tone = (
                self._palette.glyph
                if usable
                else tuple((a + b) // 2 for a, b in zip(self._palette.faint, self._palette.stage, strict=True))
            )
            blend(frame, glyph(kind, self.px(26)), x - self.px(13), middle - self.px(13), tone)
            self._text(frame, f"{page}/{pages}", 11, x, middle + self.px(24), self._palette.faint)

    def _pill(self, frame: np.ndarray, box: Box, fill: Colour, radius: float) -> None:
        r = min(self.px(radius), box.height // 2)
        cv2.rectangle(frame, (box.left + r, box.top), (box.right - r, box.bottom), fill, -1)
        cv2.rectangle(frame, (box.left, box.top + r), (box.right, box.bottom - r), fill, -1)
        for x in (box.left + r, box.right - r):
            for y in (box.top + r, box.bottom - r):
                cv2.circle(frame, (x, y), r, fill, -1, cv2.LINE_AA)

    def fill_tile(self, frame: np.ndarray, box: Box) -> None:
        """A tile without a picture."""
        box.of(frame)[:] = self._palette.tile

    def _centred_mask(self, box: Box, name: str) -> np.ndarray:
        return text_mask(name, max(self.px(11), round(box.height * 0.115)), round(box.width * 0.86))

    def centred_name_box(self, box: Box, name: str) -> Box:
        """Where the name stands in a tile whose camera is off."""
        height, width = self._centred_mask(box, name).shape
        left, top = box.left + (box.width - width) // 2, box.top + (box.height - height) // 2
        return Box(left, top, left + width, top + height)

    def centred_name(self, frame: np.ndarray, box: Box, name: str) -> None:
        """Draws the name in the middle of a tile whose camera is off."""
        place = self.centred_name_box(box, name)
        blend(frame, self._centred_mask(box, name), place.left, place.top, self._palette.off_name)

    def initials(self, frame: np.ndarray, box: Box, name: str, number: int) -> None:
        """The square with initials that stands for a profile picture."""
        side = round(box.height * 0.46)
        left, top = box.left + (box.width - side) // 2, box.top + (box.height - side) // 2
        self._pill(
            frame, Box(left, top, left + side, top + side), INITIALS[number % len(INITIALS)], side * 0.12 / self._scale
        )
        words = [word for word in name.split() if word[0].isalpha()]
        letters = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"
        mask = text_mask(letters, round(side * 0.44), side)
        blend(frame, mask, left + (side - mask.shape[1]) // 2, top + (side - mask.shape[0]) // 2, (255, 255, 255))

    def _label_parts(self, box: Box, name: str | None, muted: bool) -> tuple[np.ndarray, int, int]:
        """The name's mask, the icon's side and the name's distance from the tile's left edge."""
        icon = self.px(13) if muted else 0
        start = self.px(5) + icon + (self.px(3) if muted else 0)
        widest = max(box.width - start - self.px(9), 1)
        mask = np.zeros((1, 0), np.float32) if name is None else text_mask(name, self.px(13), widest)
        return mask, icon, start

    def label_box(self, box: Box, name: str | None, muted: bool) -> Box:
        """Where the label stands at the tile's bottom left; ``name`` is None where only the microphone is shown."""
        mask, icon, start = self._label_parts(box, name, muted)
        width = start + mask.shape[1] + self.px(5) if name is not None else icon + 2 * self.px(5)
        return Box(
            box.left, max(box.bottom - self.px(LABEL_HEIGHT), box.top), min(box.left + width, box.right), box.bottom
        )

    def label(self, frame: np.ndarray, box: Box, name: str | None, muted: bool) -> None:
        """Draws the label: white on half-black, with a crossed microphone before the name when muted."""
        mask, icon, start = self._label_parts(box, name, muted)
        area = self.label_box(box, name, muted)
        region = area.of(frame)
        region[:] = (region * LABEL_LIGHT).astype(np.uint8)
        middle = area.top + area.height // 2
        if muted:
            blend(frame, glyph("microphone_off", icon), box.left + self.px(5), middle - icon // 2, MUTED)
        blend(frame, mask, box.left + start, middle - mask.shape[0] // 2, (255, 255, 255))

    def speaker_border(self, frame: np.ndarray, box: Box) -> None:
        """The border around who speaks: drawn in the gap, outside the tile."""
        thick = self.px(BORDER)
        outer = Box(box.left - thick, box.top - thick, box.right + thick, box.bottom + thick).clamped(*self._size)
        if outer is None:
            return
        for strip in (
            (outer.left, outer.top, outer.right, box.top),
            (outer.left, box.bottom, outer.right, outer.bottom),
            (outer.left, outer.top, box.left, outer.bottom),
            (box.right, outer.top, outer.right, outer.bottom),
        ):
            frame[strip[1] : strip[3], strip[0] : strip[2]] = SPEAKER
