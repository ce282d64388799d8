"""Name labels as meetings show them, drawn with their truth: any font, size, ground, codec and decoration."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from PIL import Image, ImageDraw, ImageFont, features

from benchmarks.drawn.gallery import Image8, paste, video_picture
from domain import Box

NAMES_FILE = Path(__file__).with_name("display_names.yaml")
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/System/Library/Fonts"), Path("C:/Windows/Fonts"))
TEXT_FONTS = (
    "DejaVuSans",
    "NotoSans-Regular",
    "LiberationSans-Regular",
    "Lato-Regular",
    "Lato-Medium",
    "OpenSans-Regular",
    "Roboto-Regular",
    "FreeSans",
    "Arial",
    "segoeui",
    "Helvetica",
)
"""Plain fonts of screens: what Zoom draws with differs by system and year. Pillow's own is always among them."""
UNASSIGNED = ("\U0010ffff", "\uffff", "\u0378")
"""Code points without a letter: what a font draws for them is what it draws for letters that it lacks."""
BUILT_IN = "Pillow's own"
LABEL_PX = (10, 40)
"""Heights of labels: 20 at 100 %, 40 at 200 %, less in recordings that were scaled down."""
TEXT_SHARE = (0.56, 0.7)
"""Size of the letters as a share of the label's height, in clients of several years."""
DECORATIONS = ("", "", "", "", "", "", " (Host)", " (Co-host)", " (me)", " (Guest)", " (she/her)", " (Host, me)")
CODECS = ("none", "none", "jpeg", "webp")
"""WebP's still pictures are frames of VP8, which predicts, transforms and smooths blocks much as H.264 does."""
OFF_GROUNDS = ((34, 34, 34), (44, 44, 44), (26, 26, 26), (242, 242, 242), (255, 255, 255))
"""Tiles without a camera, of dark and light themes, gray levels BGR."""
TILE_PX = (150, 560)
"""Widths of tiles whose labels are 20 pixels high."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a label looks: the font's file ("" for Pillow's own), the label's height and the letters' in pixels,
    the tile's width, the ground of a tile without camera (then the name stands in its middle), whether it is a pill,
    has a struck-out microphone, how the picture was compressed, and how much larger it was drawn before it was scaled.
    """

    font: str
    label_px: int
    tile_px: int
    text_px: float
    off_ground: tuple[int, int, int] | None
    pill: bool
    muted: bool
    codec: str
    quality: int
    scaled: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A tile with a label: its pixels, what stands there, the name without what Zoom adds to it, and the uncut name."""

    image: Image8
    shown: str
    name: str
    whole: str
    style: Style


def known_names(part: str) -> dict[str, dict[str, Any]]:
    """The lists of one part ("tune" or "report"): alphabet, then language, then given and family names or a list."""
    lists = yaml.safe_load(NAMES_FILE.read_text("utf-8"))
    return {
        alphabet: {language: parts[part] for language, parts in languages.items()}
        for alphabet, languages in lists.items()
    }


def random_name(rng: np.random.Generator, names: dict[str, Sequence[str]] | Sequence[str]) -> str:
    """A name from given and family names, or one of a list."""
    if isinstance(names, dict):
        return f"{rng.choice(names['given'])} {rng.choice(names['family'])}"
    return str(rng.choice(names))


@functools.cache
def installed_fonts() -> dict[str, str]:
    """File of every font of this machine by its name without ending."""
    files = [file for folder in FONT_FOLDERS if folder.is_dir() for file in sorted(folder.rglob("*.tt[fc]"))]
    return {file.stem: str(file) for file in files}


@functools.lru_cache(256)
def font_of(file: str, size: float) -> ImageFont.FreeTypeFont:
    """A font in a size; Pillow's own where the file is ""."""
    font = ImageFont.truetype(file, size) if file else ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@functools.lru_cache(65536)
def _has(file: str, letter: str) -> bool:
    font = font_of(file, 24)
    return letter.isspace() or _shape(font, letter) not in {_shape(font, each) for each in ("", *UNASSIGNED)}


def _shape(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    """The pixels of a letter."""
    canvas = Image.new("L", (64, 64))
    ImageDraw.Draw(canvas).text((8, 8), letter, font=font, fill=255)
    return canvas.tobytes()


@functools.cache
def fonts_for(letters: frozenset[str]) -> tuple[str, ...]:
    """Fonts of this machine that have all these letters: the plain ones, or else any without serifs."""
    if any(_is_shaped(letter) for letter in letters) and not features.check("raqm"):
        return ()
    plain = ["", *(installed_fonts()[name] for name in TEXT_FONTS if name in installed_fonts())]
    found = [file for file in plain if all(_has(file, letter) for letter in letters)]
    if not found:
        others = [file for name, file in installed_fonts().items() if "Sans" in name and name.endswith("-Regular")]
        found = [file for file in others if all(_has(file, letter) for letter in letters)]
    return tuple(found)


def _is_shaped(letter: str) -> bool:
    """Whether a letter changes its place or form among others, which Pillow without libraqm does not draw."""
    return unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.category(letter) in ("Mc", "Mn")


def random_style(rng: np.random.Generator, fonts: Sequence[str], label_px: int | None = None) -> Style:
    """A look drawn from the whole range that clients, settings and recordings have."""
    height = label_px or int(rng.integers(LABEL_PX[0], LABEL_PX[1] + 1))
    off = OFF_GROUNDS[int(rng.integers(len(OFF_GROUNDS)))] if rng.random() < 0.25 else None
    return Style(
        font=str(rng.choice(fonts)),
        label_px=height,
        tile_px=round(int(rng.integers(*TILE_PX)) * height / 20),
        text_px=float(max(6.0, height * rng.uniform(*TEXT_SHARE))),
        off_ground=off,
        pill=bool(rng.random() < 0.5),
        muted=bool(rng.random() < 0.4) and off is None,
        codec=str(rng.choice(CODECS)),
        quality=int(rng.integers(55, 96)),
        scaled=float(rng.choice([1.0, 1.0, 1.0, 1.25, 1.5, 0.8])),
    )


def draw_label(rng: np.random.Generator, name: str, decoration: str, style: Style) -> Drawn:
    """A tile with this name in this style over a picture drawn by ``rng``; too long ones are cut as Zoom cuts them."""
    drawn_at = replace(style, label_px=round(style.label_px * style.scaled), text_px=style.text_px * style.scaled)
    font = font_of(drawn_at.font, drawn_at.text_px)
    room = max(round(style.tile_px * style.scaled), round(font.getlength("MMMMM") + 3 * drawn_at.label_px))
    shown, visible = _cut(name, decoration, font, room * 0.86 - drawn_at.label_px * 1.6)
    height = max(round(room * 9 / 16), drawn_at.label_px * 4)
    if drawn_at.off_ground is not None:
        image = np.full((height, room, 3), drawn_at.off_ground, np.uint8)
        light = sum(drawn_at.off_ground) > 384
        _write(image, shown, font, None, height / 2, (40, 40, 40) if light else (240, 240, 240))
    else:
        image = video_picture(rng, height, room)
        _lay_label(image, shown, font, drawn_at)
    if style.scaled != 1.0:
        smaller = (max(round(room / style.scaled), 8), max(round(height / style.scaled), 8))
        way = cv2.INTER_AREA if style.scaled > 1 else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, smaller, interpolation=way), np.uint8)
    return Drawn(compressed(image, style.codec, style.quality), shown, visible, name, style)


def compressed(image: Image8, codec: str, quality: int) -> Image8:
    """The picture after a lossy codec ("none", "jpeg", "webp") and back."""
    if codec == "none":
        return image
    ending, flag = (".jpg", cv2.IMWRITE_JPEG_QUALITY) if codec == "jpeg" else (".webp", cv2.IMWRITE_WEBP_QUALITY)
    _, packed = cv2.imencode(ending, image, [flag, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _cut(name: str, decoration: str, font: ImageFont.FreeTypeFont, room: float) -> tuple[str, str]:
    """What fits of a name with its decoration, and what of it is the name."""
    if font.getlength(name + decoration) <= room:
        return name + decoration, name
    if font.getlength(name) <= room:
        return name, name
    kept = name
    while len(kept) > 4 and font.getlength(kept + "...") > room:
        kept = kept[:-1]
    cut = kept.rstrip() + "..."
    return cut, cut


def _lay_label(image: Image8, shown: str, font: ImageFont.FreeTypeFont, style: Style) -> None:
    """The label at the bottom left: a darkened strip or pill, a red struck-out microphone, white letters."""
    height, inset = style.label_px, round(0.15 * style.label_px) if style.pill else 0
    icon = round(height * 0.9) if style.muted else 0
    width = min(round(font.getlength(shown) + icon + height * 0.6), image.shape[1] - 2 * inset)
    bottom = image.shape[0] - inset
    strip = Box(inset, bottom - height, inset + width, bottom)
    paste(image, (strip.of(image) * 0.58).astype(np.uint8), strip, height // 4 if style.pill else 0)
    if style.muted:
        x, y, reach = strip.left + height // 2, strip.top + height // 2, max(2, height // 4)
        red = (60, 60, 235)
        cv2.ellipse(image, (x, y), (max(1, reach // 2), reach), 0, 0, 360, red, -1, cv2.LINE_AA)
        cv2.line(image, (x - reach, y + reach), (x + reach, y - reach), red, max(1, height // 12), cv2.LINE_AA)
    _write(image, shown, font, strip.left + icon + height * 0.25, strip.top + height / 2, (250, 250, 250))


def _write(
    image: Image8,
    text: str,
    font: ImageFont.FreeTypeFont,
    left: float | None,
    middle: float,
    colour: tuple[int, int, int],
) -> None:
    """Write text into the image in place, its line's middle at a height; centred where ``left`` is None."""
    canvas = Image.new("L", (image.shape[1], image.shape[0]), 0)
    x = (image.shape[1] - font.getlength(text)) / 2 if left is None else left
    ascent, descent = font.getmetrics()
    ImageDraw.Draw(canvas).text((x, middle - (ascent + descent) / 2), text, font=font, fill=255)
    alpha = np.asarray(canvas, np.float32)[..., np.newaxis] / 255
    image[:] = (image * (1 - alpha) + np.array(colour, np.float32) * alpha).astype(np.uint8)
