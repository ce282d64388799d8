"""Colours and lengths of the client."""

from __future__ import annotations

from dataclasses import dataclass

from capture.simulator.client.paint import Colour
from capture.simulator.look import Theme


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a theme as BGR bytes, after captures of 2020 to 2025."""

    stage: Colour
    tile: Colour
    bar: Colour
    glyph: Colour
    faint: Colour
    off_name: Colour


PALETTES: dict[Theme, Palette] = {
    "dark": Palette((26, 26, 26), (36, 34, 34), (20, 19, 19), (214, 214, 214), (150, 150, 150), (238, 238, 238)),
    "light": Palette((247, 246, 245), (226, 222, 220), (255, 255, 255), (92, 84, 80), (140, 134, 130), (40, 36, 34)),
    "black": Palette((0, 0, 0), (34, 34, 34), (26, 26, 26), (224, 224, 224), (160, 160, 160), (255, 255, 255)),
    "slate": Palette((25, 22, 19), (42, 36, 32), (25, 22, 19), (236, 232, 228), (168, 160, 154), (244, 242, 240)),
}
PANELS: dict[str, Palette] = {
    "white": Palette((255, 255, 255), (244, 242, 240), (255, 255, 255), (60, 54, 50), (132, 124, 118), (60, 54, 50)),
    "dark": Palette((36, 36, 36), (52, 50, 48), (36, 36, 36), (222, 222, 222), (150, 150, 150), (222, 222, 222)),
}
"""The side panel's own: stage is its ground, tile its fields and bubbles."""

SPEAKER: Colour = (0x59, 0xD9, 0x23)
SPEAKER_2020: Colour = (0x02, 0xF8, 0x6B)
SPEAKER_NEWER: Colour = (0x58, 0xD9, 0x1C)
SPEAKER_2021: tuple[Colour, Colour, Colour] = ((112, 226, 206), (24, 200, 96), (130, 250, 246))
"""The gradient of 2021 from top over the middle to the bottom."""
MUTED: Colour = (68, 74, 226)
LEAVE: Colour = (52, 52, 214)
SHARE: Colour = (86, 184, 36)
HOVER: Colour = (232, 112, 14)
RECORDING: Colour = (72, 72, 232)
PICTURES: tuple[Colour, ...] = (
    (150, 96, 36),
    (60, 120, 60),
    (130, 60, 120),
    (40, 90, 190),
    (120, 110, 30),
    (60, 60, 150),
)
"""Grounds of initials."""

# Lengths in pixels at scale 1.
TOP_BAR, BOTTOM_BAR, SIDE_MARGIN, PAGED_MARGIN = 34, 54, 10, 46
LABEL_HEIGHT, BORDER, BORDER_2021, BORDER_NEWER = 20, 3, 4, 2
PANEL_WIDTH = 300
FLOATING_BAR, FLOATING_MARGIN = 26, 4
FLOATING_TILE = 186
"""Width of the tiles that float over a shared screen."""
LABEL_LIGHT = 0.5
"""What is left of the picture's light under a label."""
BAR_LIGHT = 0.12
"""What is left of the tiles' light under a toolbar that lies over them."""
