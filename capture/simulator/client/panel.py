"""The panel beside the stage: who is in the meeting, or the chat."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from capture.simulator.client import palette
from capture.simulator.client.icons import glyph
from capture.simulator.client.paint import WHITE, blend, fill_rounded, write, write_centred
from capture.simulator.client.tiles import initials_of
from capture.simulator.look import Look
from domain import Box

CHAT = (
    "Good morning!",
    "Is the exercise on page 42?",
    "Yes, questions 1 to 4.",
    "My microphone does not work, sorry",
    "Could you show the last slide again?",
    "Thank you!",
    "I have to leave at eleven.",
    "So guard cells open when there is water?",
    "Exactly.",
)
ROW, HEADER = 40, 40
"""Heights in pixels at scale 1."""


class Attendee(NamedTuple):
    """Somebody in the list: the name, and whether microphone and camera are off."""

    name: str
    muted: bool
    camera_off: bool


class Panel:
    """Draws a side panel in one look."""

    def __init__(self, look: Look) -> None:
        self._scale = look.scale
        self._palette = palette.PANELS[look.panel]

    def _px(self, length: float) -> int:
        return max(1, round(length * self._scale))

    def draw(self, frame: np.ndarray, box: Box, kind: str, attendees: tuple[Attendee, ...]) -> None:
        """Draws the chat or the participants into the box; both take names from ``attendees``."""
        box.of(frame)[:] = self._palette.stage
        box.of(frame)[:, : self._px(1)] = self._palette.tile
        title = "Chat" if kind == "chat" else f"Participants ({len(attendees)})"
        x, y = box.left + box.width // 2, box.top + self._px(HEADER) // 2
        write_centred(frame, title, self._px(14), x, y, self._palette.glyph)
        inside = box.of(frame)  # what is written must not leave the panel
        if kind == "chat":
            self._chat(inside, attendees)
        else:
            self._participants(inside, attendees)

    def _picture(self, panel: np.ndarray, name: str, number: int, top: int, side: int) -> None:
        tone = palette.PICTURES[number % len(palette.PICTURES)]
        left = self._px(14)
        fill_rounded(panel, Box(left, top, left + side, top + side), tone, self._px(5))
        write_centred(panel, initials_of(name), round(side * 0.42), left + side / 2, top + side / 2, WHITE)

    def _participants(self, panel: np.ndarray, attendees: tuple[Attendee, ...]) -> None:
        row, side, icon = self._px(ROW), self._px(28), self._px(16)
        rows = (panel.shape[0] - self._px(HEADER)) // row
        for number, attendee in enumerate(attendees[:rows]):
            top = self._px(HEADER) + number * row
            middle = top + row // 2
            self._picture(panel, attendee.name, number, middle - side // 2, side)
            widest = panel.shape[1] - self._px(52) - 3 * icon
            write(panel, attendee.name, self._px(13), self._px(52), middle, self._palette.glyph, widest)
            right = panel.shape[1] - self._px(14) - icon
            for kind, off in (("camera", attendee.camera_off), ("microphone", attendee.muted)):
                tone = palette.MUTED if off else self._palette.faint
                blend(panel, glyph(f"{kind}_off" if off else kind, icon), right, middle - icon // 2, tone)
                right -= icon + self._px(8)

    def _chat(self, panel: np.ndarray, attendees: tuple[Attendee, ...]) -> None:
        field = panel.shape[0] - self._px(56)
        top, line = self._px(HEADER + 6), self._px(19)
        for number, text in enumerate(CHAT):
            name = attendees[number * 5 % len(attendees)].name if attendees else "Guest"
            if top + self._px(56) > field:
                break
            side = self._px(26)
            self._picture(panel, name, number, top, side)
            widest = panel.shape[1] - self._px(66)
            write(panel, name, self._px(11), self._px(50), top + self._px(7), self._palette.faint, widest)
            bubble = Box(
                self._px(48),
                top + self._px(17),
                panel.shape[1] - self._px(12),
                top + self._px(17) + line + self._px(10),
            )
            fill_rounded(panel, bubble, self._palette.tile, self._px(7))
            middle = bubble.top + bubble.height / 2
            write(
                panel,
                text,
                self._px(12),
                bubble.left + self._px(8),
                middle,
                self._palette.glyph,
                bubble.width - self._px(16),
            )
            top = bubble.bottom + self._px(10)
        write(panel, "To: Everyone", self._px(11), self._px(14), field + self._px(8), self._palette.faint)
        box = Box(self._px(12), field + self._px(18), panel.shape[1] - self._px(12), panel.shape[0] - self._px(6))
        fill_rounded(panel, box, self._palette.tile, self._px(6))
