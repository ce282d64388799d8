"""The charts of a report on a canvas: the same data as on the page, in strokes instead of Plotly's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dashboard import theme
from dashboard.exports.canvas import Canvas, Point
from dashboard.report import Frame, figures, summary
from dashboard.report.account import MINUTE_MS, Account
from dashboard.report.heat import Heat
from dashboard.report.naming import Naming
from dashboard.report.tables import valence_by_share
from dashboard.report.usual import STEPS, Usual
from domain import EMOTIONS

WIDTH_MM = 180.0
"""An A4 page without its margins."""

LABELS_MM = 18.0
"""Room for the words on the left of the lines."""

RIGHT_MM = 4.0
"""Half of the last time on an axis hangs over."""

NAMES_MM = 34.0
"""Room for the names on the left of the grid."""

ALONG_MM, USUAL_MM, ROW_MM = 104.0, 52.0, 3.5
"""Heights: of the chart along the lesson, of that against the usual, and of a student's row."""

SMALL, TINY = 7.0, 6.0
"""Sizes of letters in points: the least that is read on paper without effort."""

TICKS = 7
"""Times on an axis at most."""

TICK_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120)
MARKER_LINES = 2
"""Texts of markers take turns on two lines, so that neighbours do not cover each other."""

PANEL_SHARES = {"emotions": 0.40, "valence": 0.22, "attention": 0.20, "seen": 0.10}
PANEL_GAP_MM = 3.0
HEAD_MM = 8.0
"""Room above the panels for what the markers say."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a chart: its place in millimetres, UNIX times ``start`` to ``end``, values low to high."""

    left: float
    top: float
    width: float
    height: float
    start: float
    end: float
    low: float = 0.0
    high: float = 1.0

    def x(self, at: float) -> float:
        return self.left + self.width * (at - self.start) / max(self.end - self.start, 1e-9)

    def y(self, value: float) -> float:
        return self.top + self.height * (1 - (value - self.low) / (self.high - self.low))


def along(canvas: Canvas, account: Account, naming: Naming) -> None:
    """Mood, attention and how much was seen along the lesson, ``WIDTH_MM`` x ``ALONG_MM``."""
    panels = _panels(account)
    whole = panels["emotions"]
    bottom = panels["seen"].top + panels["seen"].height
    for gap in account.gaps:
        left, right = whole.x(gap.started_at), whole.x(min(gap.ended_at or whole.end, whole.end))
        canvas.box(left, HEAD_MM, right - left, bottom - HEAD_MM, "grid")
    _stacked(canvas, panels["emotions"], account.minutes)
    _axis(canvas, panels["emotions"], [(0, "0 %"), (0.5, "50 %"), (1, "100 %")])
    half = panels["valence"].high
    _axis(canvas, panels["valence"], [(-half, "unpleasant"), (0, "even"), (half, "pleasant")])
    _line(canvas, panels["valence"], account.minutes, "valence", figures.MOOD_LINE)
    if "attention" in panels:
        _axis(canvas, panels["attention"], [(0, "0 %"), (0.5, "to screen"), (1, "100 %")])
        _line(canvas, panels["attention"], account.minutes, "attention", figures.ATTENTION_LINE)
    _axis(canvas, panels["seen"], [(0.5, "seen")])
    _bars(canvas, panels["seen"], account.minutes)
    _times(canvas, whole, bottom)
    _markers(canvas, whole, bottom, account, naming)
    _moments(canvas, panels, account)


def _panels(account: Account) -> dict[str, Panel]:
    shares = {name: part for name, part in PANEL_SHARES.items() if name != "attention" or account.has_attention}
    room = ALONG_MM - HEAD_MM - 5 - PANEL_GAP_MM * (len(shares) - 1)
    start = account.session.started_at
    if not account.minutes.empty:
        start = min(start, float(account.minutes["at_ms"].iloc[0]) / 1000)
    end = max(account.until, start + 60)
    half = figures.valence_scale(account.minutes["valence"])
    top, panels = HEAD_MM, {}
    for name, part in shares.items():
        height = room * part / sum(shares.values())
        low, high = (-half, half) if name == "valence" else (0.0, 1.0)
        panels[name] = Panel(LABELS_MM, top, WIDTH_MM - LABELS_MM - RIGHT_MM, height, start, end, low, high)
        top += height + PANEL_GAP_MM
    return panels


def _minute(panel: Panel, at_ms: float) -> tuple[float, float]:
    """Left and width of a minute in a panel."""
    left = max(panel.x(at_ms / 1000), panel.left)
    return left, min(panel.x((at_ms + MINUTE_MS) / 1000), panel.left + panel.width) - left


def _stacked(canvas: Canvas, panel: Panel, minutes: Frame) -> None:
    for at_ms, *shares in minutes[["at_ms", *theme.STACK_ORDER]].itertuples(index=False):
        left, width = _minute(panel, at_ms)
        below = 0.0
        for emotion, share in zip(theme.STACK_ORDER, shares, strict=True):
            if share == share and share > 0:
                top = panel.y(below + share)
                canvas.box(left, top, width, panel.y(below) - top, theme.EMOTION_COLOURS[emotion])
                below += share


def _bars(canvas: Canvas, panel: Panel, minutes: Frame) -> None:
    for at_ms, share in minutes[["at_ms", "coverage"]].dropna().itertuples(index=False):
        left, width = _minute(panel, at_ms)
        canvas.box(left, panel.y(share), width, panel.y(0) - panel.y(share), figures.SEEN_BAR)


def _axis(canvas: Canvas, panel: Panel, ticks: Sequence[tuple[float, str]]) -> None:
    for value, word in ticks:
        y = panel.y(value)
        canvas.line([(panel.left, y), (panel.left + panel.width, y)], "grid", 0.15)
        canvas.text(panel.left - 1.5, y + 0.9, word, "faint", SMALL, "end")


def _line(canvas: Canvas, panel: Panel, minutes: Frame, name: str, colour: str) -> None:
    """A line through the minutes, broken where one is missing."""
    stretch: list[Point] = []
    before = None
    for at_ms, value in minutes[["at_ms", name]].dropna().itertuples(index=False):
        if before is not None and at_ms - before > MINUTE_MS:
            _stroke(canvas, stretch, colour)
            stretch = []
        stretch.append((panel.x((at_ms + MINUTE_MS / 2) / 1000), panel.y(min(max(value, panel.low), panel.high))))
        before = at_ms
    _stroke(canvas, stretch, colour)


def _stroke(canvas: Canvas, points: Sequence[Point], colour: str, width: float = 0.5, dashed: bool = False) -> None:
    if len(points) == 1:
        canvas.dot(*points[0], 0.4, colour)
    elif points:
        canvas.line(points, colour, width, dashed)


def _times(canvas: Canvas, panel: Panel, bottom: float) -> None:
    for at in ticks_of(panel.start, panel.end):
        canvas.text(panel.x(at), bottom + 3.5, summary.clock(at), "faint", SMALL, "middle")


def ticks_of(start: float, end: float) -> list[float]:
    """Round times between two UNIX times, at most ``TICKS``."""
    minutes = (end - start) / 60
    step = 60 * next((step for step in TICK_STEPS_MIN if minutes / step <= TICKS), TICK_STEPS_MIN[-1])
    first = -(-start // step) * step
    return [first + number * step for number in range(int((end - first) // step) + 1)]


def _markers(canvas: Canvas, panel: Panel, bottom: float, account: Account, naming: Naming) -> None:
    for number, marker in enumerate(account.markers):
        x = panel.x(marker.at)
        if panel.left <= x <= panel.left + panel.width:
            canvas.line([(x, HEAD_MM), (x, bottom)], "faint", 0.2, dashed=True)
            words = figures.short(naming.text(marker.text) or marker.kind)
            line = MARKER_LINES - 1 - number % MARKER_LINES
            anchor = "end" if x > panel.left + panel.width * 0.85 else "start"
            canvas.text(x, 2.6 + 3.0 * line, words, "faint", TINY, anchor)


def _moments(canvas: Canvas, panels: dict[str, Panel], account: Account) -> None:
    for number, point in enumerate(account.turning, start=1):
        panel = panels.get(point.measure)
        if panel is not None:
            x, y = panel.x(point.at), panel.y((point.before.mean + point.after.mean) / 2)
            canvas.dot(x, y, 1.9, figures.MOOD_LINE if point.measure == "valence" else figures.ATTENTION_LINE)
            canvas.text(x, y + 0.9, str(number), "#FFFFFF", SMALL, "middle")


def grid(canvas: Canvas, heat: Heat, naming: Naming, rows: slice) -> None:
    """Student by minute, these rows of it, ``WIDTH_MM`` wide and ``ROW_MM`` a row and 6 mm for the times."""
    students = heat.students[rows]
    columns = len(heat.at_ms)
    if not columns:
        return
    start, end = float(heat.at_ms[0]) / 1000, float(heat.at_ms[-1] + MINUTE_MS) / 1000
    panel = Panel(NAMES_MM, 0.0, WIDTH_MM - NAMES_MM - RIGHT_MM, ROW_MM * len(students), start, end)
    place = rows.start or 0
    for row, number in enumerate(students):
        name = figures.short(naming.student(number))
        canvas.text(NAMES_MM - 1.5, ROW_MM * (row + 1) - 1.0, name, "text", TINY, "end")
        _cells(canvas, panel, heat.leading[place + row], ROW_MM * row)
    for run in heat.missing:
        if place <= run.row < place + len(students):
            left, right = (panel.left + panel.width * column / columns for column in (run.first, run.end))
            canvas.hatch(left, ROW_MM * (run.row - place) + 0.2, right - left, ROW_MM - 0.4)
    _times(canvas, panel, panel.height)


def _cells(canvas: Canvas, panel: Panel, leading: np.ndarray, top: float) -> None:
    """The cells of a row, neighbours of one emotion in one stroke."""
    edges = [0, *(np.flatnonzero(np.diff(leading)) + 1).tolist(), len(leading)]
    for first, end in pairwise(edges):
        if leading[first] >= 0:
            left, right = (panel.left + panel.width * column / len(leading) for column in (first, end))
            colour = theme.EMOTION_COLOURS[EMOTIONS[leading[first]]]
            canvas.box(left, top + 0.2, right - left, ROW_MM - 0.4, colour)


def against_usual(canvas: Canvas, account: Account, usual: Usual) -> None:
    """The session's valence over the band of the course, ``WIDTH_MM`` x ``USUAL_MM``."""
    band, own = usual.along, valence_by_share(account)
    values = np.concatenate([band.to_numpy().ravel(), own.to_numpy()])
    half = figures.valence_scale(account.minutes["valence"])
    half = max(half, float(np.nanmax(np.abs(values)))) if np.isfinite(values).any() else half
    panel = Panel(LABELS_MM, 2.0, WIDTH_MM - LABELS_MM - RIGHT_MM, USUAL_MM - 8, 0.0, 1.0, -half, half)
    _axis(canvas, panel, [(-half, "unpleasant"), (0, "even"), (half, "pleasant")])

    def at(place: int, value: float) -> Point:
        return panel.x((place + 0.5) / STEPS), panel.y(value)

    known = band.dropna()
    if len(known) > 1:
        upper = [at(place, value) for place, value in known["high"].items()]
        canvas.area([*upper, *reversed([at(place, value) for place, value in known["low"].items()])], figures.MOOD_LINE)
        _stroke(canvas, _through(known["middle"], at), figures.MOOD_LINE, 0.3, dashed=True)
    _stroke(canvas, _through(own.dropna(), at), figures.MOOD_LINE, 0.6)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.text(panel.x(share), USUAL_MM - 1.5, f"{share:.0%}", "faint", SMALL, "middle")


def _through(values: Frame, at: Callable[[int, float], Point]) -> list[Point]:
    return [at(place, value) for place, value in values.items()]
