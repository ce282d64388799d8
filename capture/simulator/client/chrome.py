"""The client's window around the tiles: bars, arrows, panels, a shared screen, and what lies over all of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from capture.simulator.client import palette
from capture.simulator.client.areas import Areas
from capture.simulator.client.icons import glyph
from capture.simulator.client.paint import WHITE, Colour, blend, fill_rounded, rounded, write, write_centred
from capture.simulator.client.panel import Attendee, Panel
from capture.simulator.client.shared import desktop, lecture_hall, shared_screen, text_window
from capture.simulator.look import Look, Scene
from domain import Box

BUTTONS = (
    ("microphone", "Mute"),
    ("camera", "Stop Video"),
    ("people", "Participants"),
    ("chat", "Chat"),
    ("share", "Share"),
    ("smile", "Reactions"),
)
FLOATING, SHADOW = (32, 30, 30), 0.45
"""The panel that floats over a shared screen, in every theme, and the strength of its shadow."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page that is shown, counted from 1, of how many, with how many tiles; all people of the meeting.

    ``attendees`` is needed, and may be left empty, where no panel is open.
    """

    page: int
    pages: int
    tiles: int
    people: int
    attendees: tuple[Attendee, ...] = ()


class Chrome:
    """Draws everything of the window that is not on a tile, at one size and look."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._px = areas.px
        self._look: Look = areas.look
        self._palette = palette.PALETTES[areas.look.theme]
        self._panel = Panel(areas.look)
        self._empty: tuple[tuple[Scene, Sheet], np.ndarray] | None = None
        self._cover: dict[tuple[int, int], np.ndarray] = {}

    def empty(self, scene: Scene, sheet: Sheet) -> np.ndarray:
        """A fresh copy of the window without tiles: uint8 (H, W, 3) BGR."""
        if self._empty is None or self._empty[0] != (scene, sheet):
            self._empty = (scene, sheet), self._drawn(scene, sheet)
        return self._empty[1].copy()

    def _drawn(self, scene: Scene, sheet: Sheet) -> np.ndarray:
        window = self._areas.window
        if scene.view in ("floating", "minimised", "none"):
            return self._desktop(scene, sheet)
        frame = np.empty((window.height, window.width, 3), np.uint8)
        frame[:] = self._palette.stage
        self._top_bar(frame, scene)
        if scene.view == "immersive":
            stage = self._areas.stage(scene, 1)
            stage.of(frame)[:] = lecture_hall(stage.width, stage.height)
        if scene.view == "side_by_side":
            self._share(frame, scene)
        panel = self._areas.panel(scene)
        if panel is not None:
            self._panel.draw(frame, panel, scene.panel, sheet.attendees)
        if self._look.toolbar == "docked":
            frame[self._areas.toolbar().top :] = self._palette.bar
            self._buttons(frame, sheet.people)
        if self._look.arrows == "beside" or scene.view == "side_by_side":
            self._arrows(frame, scene, sheet)
        return frame

    def lay_over(self, frame: np.ndarray, scene: Scene, sheet: Sheet) -> None:
        """Draws what lies over tiles: toolbar, page arrows, another window."""
        in_window = scene.view not in ("floating", "minimised", "none")
        if self._look.arrows == "over" and scene.view == "gallery":
            self._arrows(frame, scene, sheet)
        if in_window and self._look.toolbar == "over" and scene.toolbar:
            region = self._areas.toolbar().of(frame)
            bar = np.asarray(self._palette.bar, np.float32) * (1 - palette.BAR_LIGHT)
            region[:] = region * palette.BAR_LIGHT + bar
            self._buttons(frame, sheet.people)
        cover = self._areas.cover(scene)
        if cover is not None:
            size = cover.width, cover.height
            if size not in self._cover:
                self._cover = {size: text_window(*size, self._look.scale)}
            cover.of(frame)[:] = self._cover[size]

    def _top_bar(self, frame: np.ndarray, scene: Scene) -> None:
        middle = self._px(palette.TOP_BAR) // 2
        blend(frame, glyph("shield", self._px(16)), self._px(12), middle - self._px(8), (84, 190, 70))
        if scene.recording:
            fill_rounded(frame, _around(self._px(44), middle, self._px(5)), palette.RECORDING, self._px(5))
            write(frame, "Recording", self._px(12), self._px(54), middle, self._palette.glyph)
        right = frame.shape[1] - self._px(30)
        write_centred(frame, "View", self._px(12), right, middle, self._palette.glyph)
        blend(frame, glyph("grid", self._px(16)), right - self._px(36), middle - self._px(8), self._palette.glyph)

    def _buttons(self, frame: np.ndarray, people: int) -> None:
        bar = self._areas.toolbar()
        scale = self._look.scale
        centres = [46, 126] + [bar.width / scale / 2 + offset for offset in (-150, -50, 50, 150)]
        for (kind, caption), centre in zip(BUTTONS, centres, strict=True):
            x = centre * scale
            tone = palette.SHARE if kind == "share" else self._palette.glyph
            blend(frame, glyph(kind, self._px(22)), round(x) - self._px(11), bar.top + self._px(8), tone)
            text = f"{caption}  {people}" if kind == "people" else caption
            write_centred(frame, text, self._px(11), x, bar.top + self._px(41), self._palette.faint)
        left = bar.width - self._px(70)
        button = Box(left, bar.top + self._px(14), bar.width - self._px(14), bar.top + self._px(40))
        fill_rounded(frame, button, palette.LEAVE, self._px(6))
        write_centred(frame, "Leave", self._px(12), left + self._px(28), bar.top + self._px(27), WHITE)

    def _arrows(self, frame: np.ndarray, scene: Scene, sheet: Sheet) -> None:
        places = self._areas.page_arrows(scene, sheet.pages)
        if places is None:
            return
        over = self._look.arrows == "over" and scene.view == "gallery"
        faint = _halfway(self._palette.faint, self._palette.stage)
        for kind, box, usable in zip(
            ("previous", "next"), places, (sheet.page > 1, sheet.page < sheet.pages), strict=True
        ):
            if over:
                fill_rounded(frame, box, (30, 30, 30), self._px(6), 0.75)
            tone = WHITE if over else self._palette.glyph if usable else faint
            mask = glyph(kind, box.width)
            blend(frame, mask.T if scene.view == "side_by_side" else mask, box.left, box.top, tone)
            if scene.view == "side_by_side":
                continue
            text, middle = f"{sheet.page}/{sheet.pages}", box.top + box.height // 2
            write_centred(
                frame, text, self._px(11), box.left + box.width // 2, middle + self._px(24), self._palette.faint
            )

    def _share(self, frame: np.ndarray, scene: Scene) -> None:
        """A shared screen, as large as its place allows, on black."""
        area = self._areas.shared(scene)
        width = min(area.width, area.height * 16 // 9)
        height = width * 9 // 16
        left, top = area.left + (area.width - width) // 2, area.top + (area.height - height) // 2
        area.of(frame)[:] = (0, 0, 0) if scene.view == "floating" else self._palette.stage
        frame[top : top + height, left : left + width] = shared_screen(scene.shared, width, height)

    def _desktop(self, scene: Scene, sheet: Sheet) -> np.ndarray:
        """The teacher's own screen, with what the meeting leaves on it."""
        window = self._areas.window
        frame = desktop(window.width, window.height)
        if scene.view == "floating":
            self._share(frame, scene)
            self._sharing_bar(frame)
            panel = self._areas.floating_panel(scene, sheet.tiles)
            self._floating(frame, panel, f"{sheet.page}/{sheet.pages}" if sheet.pages > 1 else "")
        else:
            left, top = window.width // 8, window.height // 8
            page = text_window(window.width * 5 // 8, window.height * 5 // 8, self._look.scale)
            frame[top : top + page.shape[0], left : left + page.shape[1]] = page
        if scene.view == "minimised":
            self._floating(frame, self._areas.thumbnail(), "")
        return frame

    def _sharing_bar(self, frame: np.ndarray) -> None:
        """The green pill at the top: you are sharing."""
        middle, half, height = frame.shape[1] // 2, self._px(150), self._px(26)
        fill_rounded(
            frame, Box(middle - half, self._px(6), middle + half, self._px(6) + height), (62, 158, 36), height // 2
        )
        write_centred(
            frame, "You are screen sharing", self._px(13), middle - self._px(40), self._px(6) + height / 2, WHITE
        )
        stop = Box(middle + self._px(60), self._px(9), middle + half - self._px(6), self._px(3) + height)
        fill_rounded(frame, stop, palette.LEAVE, stop.height // 2)
        write_centred(frame, "Stop Share", self._px(11), stop.left + stop.width / 2, stop.top + stop.height / 2, WHITE)

    def _floating(self, frame: np.ndarray, box: Box, pages: str) -> None:
        """A small dark window with a bar of signs."""
        reach = self._px(8)
        shadow = np.pad(rounded(box.width, box.height, self._px(6)), reach)
        shadow = cv2.GaussianBlur(shadow, (0, 0), reach / 2.5) * SHADOW
        blend(frame, shadow, box.left - reach, box.top - reach + self._px(2), (0, 0, 0))
        fill_rounded(frame, box, FLOATING, self._px(6))
        middle = box.top + self._px(palette.FLOATING_BAR) // 2 + self._px(1)
        for place in range(4):
            left = box.left + self._px(10 + 22 * place)
            if place < 3:
                lit = Box(left, middle - self._px(1), left + self._px(12), middle + self._px(1))
                fill_rounded(frame, _grown(lit, self._px(4) * (place > 0)), (150, 150, 150), self._px(1))
            else:
                blend(frame, glyph("grid", self._px(16)), left, middle - self._px(8), (214, 214, 214))
        if pages:
            write(frame, pages, self._px(11), box.right - self._px(36), middle, (190, 190, 190))


def _halfway(one: Colour, other: Colour) -> Colour:
    """The colour halfway between two."""
    blue, green, red = ((a + b) // 2 for a, b in zip(one, other, strict=True))
    return blue, green, red


def _around(x: int, y: int, reach: int) -> Box:
    """A square around a place."""
    return Box(x - reach, y - reach, x + reach, y + reach)


def _grown(box: Box, by: int) -> Box:
    """The box made higher on both sides."""
    return Box(box.left, box.top - by, box.right, box.bottom + by)
