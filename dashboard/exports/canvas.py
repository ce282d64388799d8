"""What charts are drawn on outside the browser: the same few strokes as SVG and as PDF, in millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Literal, Protocol, get_args

from dashboard import theme

Role = Literal["text", "faint", "grid"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Colours that follow the look of the medium; every other colour is given as "#RRGGBB"."""

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]

HATCH_STEP_MM = 1.6
HATCH_COLOUR = "#9AA6B2"
MM_PER_POINT = 25.4 / 72


class Canvas(Protocol):
    """Strokes in millimetres; ``y`` grows downwards; the size of letters is in points."""

    def box(self, left: float, top: float, width: float, height: float, colour: str) -> None: ...

    def hatch(self, left: float, top: float, width: float, height: float) -> None: ...

    def line(self, points: Sequence[Point], colour: str, width: float, dashed: bool = False) -> None: ...

    def area(self, points: Sequence[Point], colour: str) -> None: ...

    def dot(self, x: float, y: float, radius: float, colour: str) -> None: ...

    def text(self, x: float, y: float, words: str, colour: str, size: float, anchor: Anchor = "start") -> None: ...


class SvgCanvas:
    """Strokes as an SVG element for a web page, whose style sheet gives the roles their colours."""

    def __init__(self, width: float, height: float, label: str) -> None:
        self._size = (width, height)
        self._label = label
        self._parts: list[str] = []

    def __str__(self) -> str:
        width, height = self._size
        hatch = (
            f'<defs><pattern id="hatch" width="{HATCH_STEP_MM}" height="{HATCH_STEP_MM}" '
            'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            f'<path d="M0 0V{HATCH_STEP_MM}" stroke="{HATCH_COLOUR}" stroke-width="0.35"/></pattern></defs>'
        )
        return (
            f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(self._label)}" '
            f'xmlns="http://www.w3.org/2000/svg">{hatch}{"".join(self._parts)}</svg>'
        )

    def box(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        self._parts.append(f'<rect {_rectangle(left, top, width, height)} style="fill:{_css(colour)}"/>')

    def hatch(self, left: float, top: float, width: float, height: float) -> None:
        self._parts.append(f'<rect {_rectangle(left, top, width, height)} fill="url(#hatch)"/>')

    def line(self, points: Sequence[Point], colour: str, width: float, dashed: bool = False) -> None:
        dashes = ' stroke-dasharray="1 0.8"' if dashed else ""
        style = f"stroke:{_css(colour)};stroke-width:{width:g};fill:none"
        self._parts.append(f'<polyline points="{_points(points)}" style="{style}"{dashes}/>')

    def area(self, points: Sequence[Point], colour: str) -> None:
        self._parts.append(f'<polygon points="{_points(points)}" style="fill:{_css(colour)}" fill-opacity="0.25"/>')

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        self._parts.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:g}" style="fill:{_css(colour)}"/>')

    def text(self, x: float, y: float, words: str, colour: str, size: float, anchor: Anchor = "start") -> None:
        style = f"fill:{_css(colour)};font-size:{size * MM_PER_POINT:.2f}px"
        self._parts.append(
            f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" style="{style}">{escape(words)}</text>'
        )


class PdfCanvas:
    """Strokes on the present page of a PDF, from a corner of it on; ``write`` puts words where their baseline begins.

    ``write`` takes x, y, words and size: it knows which letters the fonts have.
    """

    def __init__(self, pdf: Any, left: float, top: float, write: Any) -> None:
        self._pdf, self._left, self._top, self._write = pdf, left, top, write

    def box(self, left: float, top: float, width: float, height: float, colour: str) -> None:
        self._pdf.set_fill_color(_hex(colour))
        self._pdf.rect(self._left + left, self._top + top, width, height, style="F")

    def hatch(self, left: float, top: float, width: float, height: float) -> None:
        step = HATCH_STEP_MM * 2**0.5
        self._pdf.set_draw_color(HATCH_COLOUR)
        self._pdf.set_line_width(0.12)
        for number in range(int(width / step) + 1):
            x = left + number * step
            run = min(height, left + width - x)
            low, high = self._top + top + height, self._top + top + height - run
            self._pdf.line(self._left + x, low, self._left + x + run, high)

    def line(self, points: Sequence[Point], colour: str, width: float, dashed: bool = False) -> None:
        self._pdf.set_draw_color(_hex(colour))
        self._pdf.set_line_width(width)
        self._pdf.set_dash_pattern(**({"dash": 1, "gap": 0.8} if dashed else {"dash": 0, "gap": 0}))
        self._pdf.polyline(self._moved(points))
        self._pdf.set_dash_pattern()

    def area(self, points: Sequence[Point], colour: str) -> None:
        self._pdf.set_fill_color(_pale(colour))
        self._pdf.polygon(self._moved(points), style="F")

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        self._pdf.set_fill_color(_hex(colour))
        self._pdf.circle(x=self._left + x, y=self._top + y, radius=radius, style="F")

    def text(self, x: float, y: float, words: str, colour: str, size: float, anchor: Anchor = "start") -> None:
        self._pdf.set_text_color(_hex(colour))
        self._write(self._left + x, self._top + y, words, size, anchor)

    def _moved(self, points: Sequence[Point]) -> list[Point]:
        return [(self._left + x, self._top + y) for x, y in points]


def _rectangle(left: float, top: float, width: float, height: float) -> str:
    return f'x="{left:.2f}" y="{top:.2f}" width="{width:.2f}" height="{height:.2f}"'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _css(colour: str) -> str:
    return f"var(--{colour})" if colour in ROLES else colour


def _hex(colour: str) -> str:
    return getattr(theme.INKS["light"], colour) if colour in ROLES else colour


def _pale(colour: str) -> str:
    """The colour at a quarter of its strength on white: transparency is more than some printers can do."""
    channels = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - channel) / 4):02X}" for channel in channels)
