"""Writing and painting: text in any script, masks laid over a frame, rounded rectangles."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from domain import Box, CaptureError

Colour = tuple[int, int, int]
"""Blue, green, red."""
WHITE: Colour = (255, 255, 255)

SYSTEM_FONTS: dict[str, tuple[str, ...]] = {
    "HANGUL": ("NotoSansCJK-Regular.ttc", "malgun.ttf", "AppleSDGothicNeo.ttc"),
    "CJK": ("NotoSansCJK-Regular.ttc", "msyh.ttc", "PingFang.ttc", "Hiragino Sans GB.ttc"),
    "HIRAGANA": ("NotoSansCJK-Regular.ttc", "YuGothR.ttc", "Hiragino Sans GB.ttc"),
    "KATAKANA": ("NotoSansCJK-Regular.ttc", "YuGothR.ttc", "Hiragino Sans GB.ttc"),
    "DEVANAGARI": ("NotoSansDevanagari-Regular.ttf", "Nirmala.ttf", "Kohinoor.ttc"),
    "ARABIC": ("DejaVuSans.ttf", "NotoSansArabic-Regular.ttf", "segoeui.ttf", "Arial.ttf"),
    "HEBREW": ("DejaVuSans.ttf", "NotoSansHebrew-Regular.ttf", "segoeui.ttf", "Arial.ttf"),
    "THAI": ("NotoSansThai-Regular.ttf", "NotoLoopedThai-Regular.ttf", "LeelawUI.ttf", "Thonburi.ttc"),
}
"""Scripts beyond Latin, Greek and Cyrillic, and files of Linux, Windows and macOS that have them."""


def font_file() -> Path:
    """The font that pygame-ce carries as its default (Latin, Greek, Cyrillic), found without importing pygame.

    Raises CaptureError when the package is missing.
    """
    spec = find_spec("pygame")
    if spec is None or not spec.submodule_search_locations:
        raise CaptureError(
            "the simulator draws names with pygame-ce's font: expected the package pygame-ce, found none"
        )
    return Path(spec.submodule_search_locations[0]) / "freesansbold.ttf"


def _script(text: str) -> str | None:
    """The first script in a text that needs a font of the system."""
    for letter in text:
        script = unicodedata.name(letter, "").split(" ")[0]
        if script in SYSTEM_FONTS:
            return script
    return None


@lru_cache(maxsize=16)
def _file_for(script: str | None) -> str | None:
    """A font file for a script, None where this system has none."""
    if script is None:
        return str(font_file())
    for name in SYSTEM_FONTS[script]:
        try:
            return str(ImageFont.truetype(name).path)
        except OSError:
            continue
    return None


def writable(text: str) -> bool:
    """Whether this system has a font for the text's script; without one its letters are drawn as empty boxes."""
    return _file_for(_script(text)) is not None


@lru_cache(maxsize=64)
def _font(file: str, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, pixels)


def _font_for(text: str, pixels: int) -> ImageFont.FreeTypeFont:
    return _font(_file_for(_script(text)) or str(font_file()), pixels)


@lru_cache(maxsize=1024)
def fitted(text: str, pixels: int, widest: int) -> str:
    """The text as it is written where there are ``widest`` pixels: cut with an ellipsis if it must be."""
    font, shown = _font_for(text, pixels * 4), text
    while len(shown) > 1 and font.getlength(shown) > widest * 4:
        shown = shown.rstrip("\u2026")[:-1].rstrip() + "\u2026"
    return shown


@lru_cache(maxsize=1024)
def text_mask(text: str, pixels: int, widest: int) -> np.ndarray:
    """The text as a mask 0 to 1 (H, W), cut with an ellipsis where it is wider than ``widest`` pixels."""
    # Drawn four times as large: a hinted font at label size has uneven gaps.
    shown = fitted(text, pixels, widest)
    font = _font_for(text, pixels * 4)
    ascent, descent = font.getmetrics()
    size = max(1, math.ceil(font.getlength(shown) / 4) + 1), math.ceil((ascent + descent) / 4) + 4
    picture = Image.new("L", (size[0] * 4, size[1] * 4), 0)
    ImageDraw.Draw(picture).text((2, 8), shown, font=font, fill=255)
    return cv2.resize(np.asarray(picture), size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def blend(frame: np.ndarray, mask: np.ndarray, left: int, top: int, fill: Colour | np.ndarray) -> None:
    """Lays a colour, or a picture of the mask's size, over the frame where the mask (0 to 1) says.

    What is outside the frame is cut off.
    """
    if mask.size == 0:
        return
    box = Box(left, top, left + mask.shape[1], top + mask.shape[0])
    inside = box.clamped(frame.shape[1], frame.shape[0])
    if inside is None:
        return
    seen = inside.moved(-left, -top)
    share = seen.of(mask)[..., None]
    ink = seen.of(fill) if isinstance(fill, np.ndarray) else np.asarray(fill, np.float32)
    region = inside.of(frame)
    region[:] = region * (1 - share) + ink * share


def write(
    frame: np.ndarray, text: str, size: int, left: float, middle: float, fill: Colour, widest: int = 10_000
) -> int:
    """Writes text of ``size`` pixels from ``left`` on, centred on a line; returns its width in pixels."""
    mask = text_mask(text, size, max(widest, 1))
    blend(frame, mask, round(left), round(middle - mask.shape[0] / 2), fill)
    return mask.shape[1]


def write_centred(frame: np.ndarray, text: str, size: int, x: float, y: float, fill: Colour) -> None:
    """Writes text of ``size`` pixels centred at a place."""
    mask = text_mask(text, size, frame.shape[1])
    blend(frame, mask, round(x - mask.shape[1] / 2), round(y - mask.shape[0] / 2), fill)


@lru_cache(maxsize=256)
def rounded(width: int, height: int, radius: int) -> np.ndarray:
    """A rectangle with round corners as a mask 0 to 1 (height, width), antialiased."""
    radius = min(radius, width // 2, height // 2)
    mask = np.ones((height, width), np.float32)
    if radius > 0:
        corner = _corner(radius)
        mask[:radius, :radius] = corner
        mask[:radius, width - radius :] = corner[:, ::-1]
        mask[height - radius :, :radius] = corner[::-1]
        mask[height - radius :, width - radius :] = corner[::-1, ::-1]
    return mask


def _corner(radius: int) -> np.ndarray:
    """The quarter of a disc at the top left: coverage of each pixel, 0 to 1."""
    from_centre = radius - np.arange(radius, dtype=np.float32) - 0.5
    return np.clip(radius - np.hypot(from_centre[:, None], from_centre[None, :]) + 0.5, 0, 1).astype(np.float32)


def fill_rounded(frame: np.ndarray, box: Box, fill: Colour, radius: int, strength: float = 1.0) -> None:
    """A filled rectangle with round corners, of a given strength 0 to 1."""
    blend(frame, rounded(box.width, box.height, radius) * strength, box.left, box.top, fill)


class Corners:
    """Keeps what lies under the corners of a box, to round them once the box has been painted."""

    def __init__(self, frame: np.ndarray, box: Box, radius: int) -> None:
        self._frame = frame
        self._radius = min(radius, box.width // 2, box.height // 2)
        self._kept: list[tuple[Box, np.ndarray, np.ndarray]] = []
        if self._radius == 0:
            return
        r, mask = self._radius, rounded(box.width, box.height, radius)
        for left in (box.left, box.right - r):
            for top in (box.top, box.bottom - r):
                corner = Box(left, top, left + r, top + r)
                outside = 1 - corner.moved(-box.left, -box.top).of(mask)
                self._kept.append((corner, outside, corner.of(frame).copy()))

    def restore(self) -> None:
        """Puts back what lay outside the round corners."""
        for corner, outside, before in self._kept:
            blend(self._frame, outside, corner.left, corner.top, before)
