"""Colours, words and fonts that every page shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from domain import CameraState, Emotion

Scheme = Literal["light", "dark"]
"""The two looks of every page."""

EMOTION_COLOURS: dict[Emotion, str] = {
    "angry": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "sad": "#0072B2",
    "neutral": "#C3C9D0",
    "surprise": "#6CC3F2",
    "happy": "#F0B429",
}
"""Colour by emotion, after Okabe and Ito (2008), "Color Universal Design", with a light gray for neutral, a lighter
blue and a warmer yellow. A test simulates the three kinds of colour blindness (Machado et al. 2009) and measures every
pair. No number is told by colour alone: the word always stands beside it."""

STACK_ORDER: tuple[Emotion, ...] = ("angry", "disgust", "fear", "sad", "neutral", "surprise", "happy")
"""From the bottom of a stacked chart to its top: unpleasant below, pleasant above: a shift is seen as a tide."""

EMOTION_WORDS: dict[Emotion, str] = {
    "angry": "Angry",
    "disgust": "Disgusted",
    "fear": "Fearful",
    "happy": "Happy",
    "sad": "Sad",
    "surprise": "Surprised",
    "neutral": "Neutral",
}
"""How a face looks, in one word."""

CAMERA_WORDS: dict[CameraState, str] = {
    "on": "Not read yet",
    "off": "Camera off",
    "photo": "Photo",
    "no_face": "No face",
    "frozen": "Frozen",
    "covered": "Covered",
    "too_small": "Too small",
    "unknown": "Unclear",
}
"""What a tile shows when there is no reading; none of these words says anything about the student."""

COUNT_WORDS: dict[str, tuple[str, str]] = {
    "on": ("camera on", "cameras on"),
    "off": ("camera off", "cameras off"),
    "photo": ("photo", "photos"),
    "no_face": ("without a face", "without a face"),
    "frozen": ("frozen", "frozen"),
    "covered": ("covered", "covered"),
    "too_small": ("too small", "too small"),
    "unknown": ("unclear", "unclear"),
}
"""The same behind a number: one of them, more of them."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
"""Fonts of the machine itself: nothing is fetched."""


@dataclass(frozen=True, slots=True)
class Ink:
    """The few colours that a chart takes from the look of the page."""

    text: str
    faint: str
    grid: str
    surface: str
    bar: str
    line: str


INKS: dict[Scheme, Ink] = {
    "light": Ink(text="#1B2430", faint="#5A6675", grid="#E3E8EE", surface="#FFFFFF", bar="#B9C2CC", line="#0B7285"),
    "dark": Ink(text="#E8ECF1", faint="#9AA7B5", grid="#2C3541", surface="#1A2027", bar="#4A5664", line="#4CC3D9"),
}
"""Text on surface is at least 7:1 and faint on surface at least 4.5:1 in both looks (WCAG 2.2, tested). The same values
stand in assets/style.css."""

DARK_SHADES = (
    "#E8ECF1",
    "#C9D1DA",
    "#9AA7B5",
    "#66727F",
    "#3A4552",
    "#2C3541",
    "#222A33",
    "#1A2027",
    "#12171D",
    "#0D1116",
)
"""Mantine's ten shades of the dark look, from text to ground, as assets/style.css has them."""

MANTINE: Any = {
    "fontFamily": FONT,
    "headings": {"fontFamily": FONT},
    "primaryColor": "cyan",
    "primaryShade": {"light": 9, "dark": 5},
    "autoContrast": True,
    "colors": {"dark": DARK_SHADES},
    "defaultRadius": "md",
    "focusRing": "auto",
}
"""The theme of the Mantine components."""
