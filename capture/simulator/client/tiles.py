"""What the client draws on a tile: names, initials, labels, the speaker's border, hands, buttons under the mouse."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from capture.simulator.client import palette
from capture.simulator.client.areas import Areas
from capture.simulator.client.icons import Mark, glyph, mark_icon
from capture.simulator.client.paint import WHITE, Colour, Corners, blend, fill_rounded, fitted, rounded, text_mask
from domain import Box

NAME_SIZE, NAME_SHARE, NAME_WIDEST = 11, 0.115, 0.86
"""Size of a centred name: pixels at scale 1 at least, else a share of the tile's height; most of the tile's width."""
LABEL_SIZE, PILL_INSET = 13, 4
MARK_SIZE, MARK_SHARE = 30, 0.34
"""Side of a hand or reaction in pixels at scale 1, and the most of the tile's height that it takes."""
PHOTO_SHARE, INITIALS_SHARE = 0.56, 0.46
"""Side of a profile picture and of the square with initials, as shares of the tile's height."""


class LabelLayout(NamedTuple):
    """A label's place, the side of its microphone, where its text starts and what it says; without a name, no mask."""

    area: Box
    icon: int
    start: int
    text: str
    mask: np.ndarray | None


class TileArt:
    """Draws on tiles for one look."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._px = areas.px
        self._look = areas.look
        self._palette = palette.PALETTES[areas.look.theme]
        self._labels = lru_cache(maxsize=1024)(self._label_layout)

    def corners(self, frame: np.ndarray, box: Box) -> Corners:
        """What lies under the corners of a tile, to be restored once the tile has been painted."""
        return Corners(frame, box, self._px(self._look.radius) if self._look.radius else 0)

    def ground(self, bars: str = "tile") -> Colour:
        """The colour of a tile without a picture, or of the bars beside one."""
        return self._palette.tile if bars == "tile" else (0, 0, 0)

    def _centred_size(self, box: Box) -> tuple[int, int]:
        """Size of a centred name and the most of the width that it may take, in pixels."""
        return max(self._px(NAME_SIZE), round(box.height * NAME_SHARE)), round(box.width * NAME_WIDEST)

    def centred_text(self, box: Box, name: str) -> str:
        """The name as it is written in the middle of a tile."""
        return fitted(name, *self._centred_size(box))

    def centred_name_box(self, box: Box, name: str) -> Box:
        """Where the name stands in a tile whose camera is off."""
        height, width = text_mask(name, *self._centred_size(box)).shape
        left, top = box.left + (box.width - width) // 2, box.top + (box.height - height) // 2
        place = Box(left, top, left + width, top + height)
        return place.clamped(box.right, box.bottom) or place

    def centred_name(self, frame: np.ndarray, box: Box, name: str) -> None:
        """Draws the name in the middle of a tile whose camera is off."""
        mask = text_mask(name, *self._centred_size(box))
        left, top = box.left + (box.width - mask.shape[1]) // 2, box.top + (box.height - mask.shape[0]) // 2
        blend(frame, mask, left, top, self._palette.off_name)

    def initials(self, frame: np.ndarray, box: Box, name: str, number: int) -> None:
        """The square with initials that stands for a profile picture."""
        side = round(box.height * INITIALS_SHARE)
        left, top = box.left + (box.width - side) // 2, box.top + (box.height - side) // 2
        tone = palette.PICTURES[number % len(palette.PICTURES)]
        fill_rounded(frame, Box(left, top, left + side, top + side), tone, round(side * 0.12))
        mask = text_mask(initials_of(name), round(side * 0.44), side)
        blend(frame, mask, left + (side - mask.shape[1]) // 2, top + (side - mask.shape[0]) // 2, WHITE)

    def photo(self, frame: np.ndarray, box: Box, picture: np.ndarray, kind: str) -> None:
        """A profile picture, uint8 (H, W, 3): as a square or disc in the middle, or over the whole tile."""
        if kind == "full":
            box.of(frame)[:] = cv2.resize(picture, (box.width, box.height), interpolation=cv2.INTER_AREA)
            return
        side = round(box.height * PHOTO_SHARE)
        left, top = box.left + (box.width - side) // 2, box.top + (box.height - side) // 2
        cut = (picture.shape[1] - picture.shape[0]) // 2
        square = picture[:, cut : cut + picture.shape[0]]
        small = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
        blend(frame, rounded(side, side, side // 2 if kind == "disc" else 0), left, top, small)

    def _label_layout(self, box: Box, name: str | None, muted: bool) -> LabelLayout:
        icon = self._px(13) if muted else 0
        start = self._px(5) + icon + (self._px(3) if muted else 0)
        inset = self._px(PILL_INSET) if self._look.labels == "pill" else 0
        size, widest = self._px(LABEL_SIZE), max(box.width - start - self._px(9) - 2 * inset, 1)
        mask = None if name is None else text_mask(name, size, widest)
        width = icon + 2 * self._px(5) if mask is None else start + mask.shape[1] + self._px(5)
        left, bottom = box.left + inset, box.bottom - inset
        top = max(bottom - self._px(palette.LABEL_HEIGHT), box.top)
        area = Box(left, top, min(left + width, box.right), bottom)
        return LabelLayout(area, icon, start, "" if name is None else fitted(name, size, widest), mask)

    def written(self, box: Box, name: str, muted: bool) -> tuple[str, Box]:
        """The name as it is written on the label at the tile's bottom left, and the label's place."""
        plan = self._labels(box, name, muted)
        return plan.text, plan.area

    def label(self, frame: np.ndarray, box: Box, name: str | None, muted: bool) -> None:
        """Draws the label: white on half-black, with a crossed microphone before the name when muted."""
        plan = self._labels(box, name, muted)
        area, middle = plan.area, plan.area.top + plan.area.height // 2
        if self._look.labels == "pill":
            fill_rounded(frame, area, (0, 0, 0), self._px(5), 1 - palette.LABEL_LIGHT)
        else:
            region = area.of(frame)
            region[:] = (region * palette.LABEL_LIGHT).astype(np.uint8)
        if muted:
            sign = glyph("microphone_off", plan.icon)
            blend(frame, sign, area.left + self._px(5), middle - plan.icon // 2, palette.MUTED)
        if plan.mask is not None:
            blend(frame, plan.mask, area.left + plan.start, middle - plan.mask.shape[0] // 2, WHITE)

    def mark(self, frame: np.ndarray, box: Box, kind: Mark) -> None:
        """A raised hand or a reaction at the tile's top left."""
        side = min(self._px(MARK_SIZE), round(box.height * MARK_SHARE))
        colours, mask = mark_icon(kind, side)
        blend(frame, mask, box.left + self._px(6), box.top + self._px(6), colours)

    def hover(self, frame: np.ndarray, box: Box) -> None:
        """The buttons that appear at the top right of the tile under the mouse."""
        height, right = self._px(22), box.right - self._px(5)
        for text, width in (("\u2022\u2022\u2022", 30), ("Mute", 50)):
            button = Box(right - self._px(width), box.top + self._px(5), right, box.top + self._px(5) + height)
            if button.left < box.left:
                return
            fill_rounded(frame, button, palette.HOVER, self._px(6))
            mask = text_mask(text, self._px(11), button.width)
            left = button.left + (button.width - mask.shape[1]) // 2
            blend(frame, mask, left, button.top + (height - mask.shape[0]) // 2, WHITE)
            right = button.left - self._px(5)

    def speaker_border(self, frame: np.ndarray, box: Box) -> None:
        """The border around who speaks: outside the tile until 2023, on its edge in newer clients."""
        if self._look.border == "newer":
            ring = _ring(box.width, box.height, self._px(palette.BORDER_NEWER), self._px(max(self._look.radius, 4)))
            blend(frame, ring, box.left, box.top, palette.SPEAKER_NEWER)
            return
        thick = self._px(palette.BORDER_2021 if self._look.border == "2021" else palette.BORDER)
        outer = Box(box.left - thick, box.top - thick, box.right + thick, box.bottom + thick)
        inside = outer.clamped(frame.shape[1], frame.shape[0])
        if inside is None:
            return
        colours = self._border_colours(outer)[inside.top - outer.top : inside.bottom - outer.top]
        for left, top, right, bottom in (
            (inside.left, inside.top, inside.right, box.top),
            (inside.left, box.bottom, inside.right, inside.bottom),
            (inside.left, inside.top, box.left, inside.bottom),
            (box.right, inside.top, inside.right, inside.bottom),
        ):
            frame[top:bottom, left:right] = colours[top - inside.top : bottom - inside.top, None]

    def _border_colours(self, outer: Box) -> np.ndarray:
        """The border's colour line by line: uint8 (height, 3)."""
        if self._look.border != "2021":
            tone = palette.SPEAKER_2020 if self._look.border == "2020" else palette.SPEAKER
            return np.broadcast_to(np.array(tone, np.uint8), (outer.height, 3))
        along = np.linspace(0, 2, outer.height)
        stops = np.array(palette.SPEAKER_2021, np.float32)
        return np.stack([np.interp(along, (0, 1, 2), stops[:, i]) for i in range(3)], -1).astype(np.uint8)


@lru_cache(maxsize=64)
def _ring(width: int, height: int, thick: int, radius: int) -> np.ndarray:
    """The border of a rectangle with round corners as a mask 0 to 1 (height, width)."""
    ring = rounded(width, height, radius).copy()
    inner = rounded(width - 2 * thick, height - 2 * thick, max(radius - thick, 0))
    ring[thick : height - thick, thick : width - thick] -= inner
    return ring


def initials_of(name: str) -> str:
    """The letters that stand for a name: of its first and last word, "?" where it has none."""
    words = [word for word in name.split() if word[0].isalpha()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"
