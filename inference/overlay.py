"""What was seen, drawn over the picture it was seen in: for `inspect --overlay` and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inference.pipeline import FaceReading, TileReading

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
TILE, FACE, ABSTAINED, SHADE = (0, 158, 255), (90, 220, 130), (255, 196, 0), (0, 0, 0)
"""RGB; tiles blue, faces that were read green, faces that were not amber."""
TEXT_SHARE = 0.075
"""Height of the text as a share of the tile's height."""
SMALLEST_TEXT = 11


def overlay(image: np.ndarray, tiles: tuple[TileReading, ...]) -> np.ndarray:
    """A copy of the picture (uint8 (H, W, 3) BGR) with tiles, camera states, names, faces and emotions drawn on it."""
    picture = Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    draw = ImageDraw.Draw(picture)
    for reading in tiles:
        box = reading.tile.box
        font = _font(max(SMALLEST_TEXT, round(box.height * TEXT_SHARE)))
        draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=TILE, width=2)
        name = reading.name.text if reading.name and reading.name.text else "name not read"
        _write(draw, (box.left + 4, box.top + 4), f"{reading.tile.slot}  {reading.tile.camera}  {name}", TILE, font)
        for face in reading.faces:
            _draw_face(draw, face, font)
    return cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2BGR)


def _font(size: int) -> Font:
    """The font that pygame-ce brings: it has the accents of European names, which Pillow's own lacks."""
    spec = importlib.util.find_spec("pygame")
    if spec is None or spec.origin is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(Path(spec.origin).with_name("freesansbold.ttf"), size)


def _draw_face(draw: ImageDraw.ImageDraw, reading: FaceReading, font: Font) -> None:
    box = reading.face.box
    colour = FACE if reading.emotions else ABSTAINED
    draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=colour, width=2)
    if reading.emotions:
        text = f"{reading.emotions.leading} {max(reading.emotions.values):.0%}"
    else:
        text = f"not read: {(reading.quality.abstained or '').replace('_', ' ')}"
    _write(draw, (box.left, box.bottom + 2), text, colour, font)


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    colour: Colour,
    font: Font,
) -> None:
    draw.rectangle(draw.textbbox(place, text, font=font), fill=SHADE)
    draw.text(place, text, fill=colour, font=font)
