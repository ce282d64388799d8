"""Random drawings of lessons with a shared screen: side-by-side gallery and floating panel, with their truth."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.drawn.gallery import (
    DARK_STAGES,
    TILE_ASPECT,
    Colour,
    Drawing,
    Image8,
    Look,
    Placed,
    compressed,
    draw_desktop,
    draw_text_window,
    draw_tiles,
    draw_toolbar,
    paste,
    put_text,
    random_look,
    random_name,
    video_picture,
)
from domain import Box

SHARED_ASPECTS = [16 / 9, 16 / 9, 16 / 10, 4 / 3, 3 / 2, 21 / 9, 1.1]
"""Shapes of what teachers share: whole screens, slides, single windows."""
SCREENS_PX = [(1280, 800), (1366, 768), (1600, 900), (1920, 1080), (1920, 1200), (2560, 1440)]
MOST_TILES = 12
"""Tiles that a strip or panel shows at once."""


def _slide(rng: np.random.Generator, height: int, width: int) -> Image8:
    """Title, points, sometimes a picture, a line of text at the foot."""
    dark = bool(rng.random() < 0.35)
    ground = rng.uniform(5, 70, 3) if dark else rng.uniform(215, 255, 3)
    ink = (235, 235, 235) if dark else (40, 35, 30)
    slide = np.full((height, width, 3), ground, np.uint8)
    put_text(
        slide, f"Lesson {int(rng.integers(1, 30))}: {random_name(rng)}", width * 0.06, height * 0.1, height / 14, ink
    )
    for point in range(int(rng.integers(2, 7))):
        y = height * (0.24 + 0.1 * point)
        put_text(slide, f"- {random_name(rng)}, {random_name(rng)}", width * 0.08, y, height / 26, ink)
    if rng.random() < 0.6:
        high = round(height * rng.uniform(0.3, 0.5))
        wide = round(high * float(rng.choice([TILE_ASPECT, 4 / 3, 1.0])))
        box = Box(width - wide - width // 20, height // 4, width - width // 20, height // 4 + high)
        if wide < width * 0.6:
            paste(slide, video_picture(rng, high, wide), box)
    if rng.random() < 0.5:
        slide[round(height * 0.93) :] = rng.uniform(0, 255, 3)
    put_text(
        slide, f"{random_name(rng)}, page {int(rng.integers(1, 80))}", width * 0.03, height * 0.965, height / 40, ink
    )
    return slide


def _code_editor(rng: np.random.Generator, height: int, width: int) -> Image8:
    """A tree of files, lines of coloured words, a terminal below, a status bar."""
    dark = bool(rng.random() < 0.7)
    ground = 30 if dark else 252
    editor = np.full((height, width, 3), ground, np.uint8)
    side, line = round(width * 0.16), float(rng.uniform(13, 20))
    editor[:, :side] = 37 if dark else 243
    ink = (190, 190, 190) if dark else (60, 60, 60)
    y = line * 2.5
    while y < height - line * 2:
        if rng.random() < 0.6:
            put_text(editor, str(rng.choice(["main.py", "tests", "README.md", "data"])), 14, y, line * 0.7, ink)
        x = side + 40 + 30.0 * int(rng.integers(0, 4))
        for _ in range(int(rng.integers(0, 7))):
            colour = tuple(int(v) for v in (rng.uniform(90, 240, 3) if dark else rng.uniform(0, 160, 3)))
            word = str(rng.choice(["def", "return", "value", "=", "lesson", "(self):", "import", "numpy", "0.5"]))
            if x < width - 90:
                x = put_text(editor, word, x, y, line * 0.75, (colour[0], colour[1], colour[2])).right + 8
        y += line * 1.35
    if rng.random() < 0.5:
        editor[round(height * 0.7) : round(height * 0.7) + 2] = 80 if dark else 200
    editor[height - 22 :] = (200, 120, 0)
    put_text(editor, "main  Ln 14, Col 3", 60, height - 11, 12, (255, 255, 255))
    return editor


def _page_with_pictures(rng: np.random.Generator, height: int, width: int) -> Image8:
    """A web page whose pictures stand in rows of equal 16:9 cards, text below them."""
    page = draw_text_window(rng, height, width)
    columns, gap = int(rng.integers(3, 5)), int(rng.integers(8, 24))
    wide = (width - 80 - gap * (columns - 1)) // columns
    high = round(wide / TILE_ASPECT)
    page[70:] = page[-1, -1]
    y = 90
    while y + high < height:
        for column in range(columns):
            x = 40 + column * (wide + gap)
            paste(page, video_picture(rng, high, wide), Box(x, y, x + wide, y + high))
        y += high + gap + 50
    return page


def _sheet(rng: np.random.Generator, height: int, width: int) -> Image8:
    """Cells with numbers between thin lines."""
    sheet = np.full((height, width, 3), 255, np.uint8)
    wide, high = int(rng.choice([48, 64, 90])), 20
    sheet[60::high] = 218
    sheet[60:, 40::wide] = 218
    for row in range(min(20, (height - 80) // high)):
        for column in range(min(int(rng.integers(2, 9)), (width - 60) // wide)):
            put_text(sheet, f"{rng.uniform(0, 999):.0f}", 44 + column * wide, 71 + row * high, 11, (40, 40, 40))
    return sheet


SHARED: dict[str, Callable[[np.random.Generator, int, int], Image8]] = {
    "slide": _slide,
    "code": _code_editor,
    "text": draw_text_window,
    "pictures": _page_with_pictures,
    "sheet": _sheet,
    "film": video_picture,
    "desktop": draw_desktop,
}
"""What a teacher shares, each by what it is: a painter of (height, width)."""


def shared_screen(rng: np.random.Generator, height: int, width: int) -> Image8:
    """Something that a teacher shares, slides most often."""
    kind = "slide" if rng.random() < 0.35 else str(rng.choice(list(SHARED)))
    return SHARED[kind](rng, height, width)


def _grid(count: int, columns: int, left: int, top: int, tile: tuple[int, int], gap: int) -> list[Box]:
    """Cells in reading order, the last row centred."""
    wide, high = tile
    cells = []
    for slot in range(count):
        row, column = divmod(slot, columns)
        missing = columns - min(columns, count - row * columns)
        x, y = left + column * (wide + gap) + missing * (wide + gap) // 2, top + row * (high + gap)
        cells.append(Box(x, y, x + wide, y + high))
    return cells


def _extent(cells: list[Box]) -> Box:
    return Box(
        min(cell.left for cell in cells),
        min(cell.top for cell in cells),
        max(cell.right for cell in cells),
        max(cell.bottom for cell in cells),
    )


def _chevron(image: Image8, x: float, y: float, reach: int, up: bool, colour: Colour) -> None:
    """The arrow that pages a strip."""
    tip = -reach // 2 if up else reach // 2
    points = np.array([[x - reach, y - tip], [x, y + tip], [x + reach, y - tip]], np.int32)
    cv2.polylines(image, [points], False, colour, 2, cv2.LINE_AA)


def _meeting_look(rng: np.random.Generator) -> Look:
    """A random look with its names shown and room between the tiles: a strip has nothing else to know it by."""
    while True:
        look = random_look(rng)
        if not look.names_hidden and look.gap >= 2:
            return look


def fitted(room: Box, aspect: float) -> Box:
    """The largest box of this shape in the middle of a room."""
    wide = min(room.width, round(room.height * aspect))
    high = min(room.height, round(wide / aspect))
    left, top = room.left + (room.width - wide) // 2, room.top + (room.height - high) // 2
    return Box(left, top, left + wide, top + high)


def draw_side_by_side(seed: int) -> Drawing:
    """A meeting window with a shared screen at the left and the class in a column or grid at its right."""
    rng = np.random.default_rng(seed)
    look, (width, height) = _meeting_look(rng), SCREENS_PX[int(rng.integers(0, len(SCREENS_PX)))]
    window = np.full((height, width, 3), look.stage, np.uint8)
    title, bar = (round(v * look.scale) for v in (28, 56))
    columns = int(rng.choice([1, 1, 2, 3]))
    arrow = round(26 * look.scale) if rng.random() < 0.6 else 0
    room = height - title - bar - 2 * arrow
    widest = min(320 * look.scale, 0.45 * width / columns, (room / 2 - look.gap) * TILE_ASPECT)
    wide = round(rng.uniform(0.55, 1.0) * widest)
    high = round(wide / TILE_ASPECT)
    fits = max(1, room // (high + look.gap)) * columns
    count = int(rng.integers(2, max(3, min(fits, MOST_TILES) + 1)))
    columns = min(columns, count)
    margin = int(rng.integers(4, 20))
    block_high = math.ceil(count / columns) * (high + look.gap) - look.gap
    left = width - margin - columns * (wide + look.gap) + look.gap
    top = title + arrow if rng.random() < 0.3 else title + (height - title - bar - block_high) // 2
    cells = [cell for cell in _grid(count, columns, left, top, (wide, high), look.gap) if cell.bottom < height - bar]
    shared = fitted(
        Box(margin, title + margin, left - margin, height - bar - margin), float(rng.choice(SHARED_ASPECTS))
    )
    paste(window, shared_screen(rng, shared.height, shared.width), shared)
    tiles = draw_tiles(window, rng, cells, look)
    ink = (220, 220, 220) if sum(look.stage) < 384 else (60, 60, 60)
    block = _extent(cells)
    if arrow:
        for up in (True, False):
            y = block.top - arrow / 2 if up else block.bottom + arrow / 2
            _chevron(window, (block.left + block.right) / 2, y, round(7 * look.scale), up, ink)
    put_text(window, f"You are viewing {random_name(rng)}'s screen", width / 2, title / 2, 12 * look.scale, ink, True)
    draw_toolbar(window, Box(0, height - bar, width, height), look, rng)
    about = f"side by side, seed {seed}, {len(cells)} tiles of {wide} in {columns} columns, {width}x{height}, {look}"
    return _recorded(rng, window, tiles, about)


def draw_floating_panel(seed: int) -> Drawing:
    """A full screen of something with Zoom's small dark panel over it: two tiles or more, as strip or grid."""
    rng = np.random.default_rng(seed)
    width, height = SCREENS_PX[int(rng.integers(0, len(SCREENS_PX)))]
    screen = shared_screen(rng, height, width)
    scale = float(rng.choice([1.0, 1.25, 1.5, 2.0]))
    stage = DARK_STAGES[int(rng.integers(0, len(DARK_STAGES)))]
    lift = int(rng.choice([8, 12, 20]))
    off = (stage[0] + lift, stage[1] + lift, stage[2] + lift)
    gap, radius = round(int(rng.integers(2, 9)) * scale), int(rng.choice([0, 4, 8]))
    look = Look(scale, gap, radius, stage, off, bool(rng.random() < 0.5))
    count = int(rng.integers(2, MOST_TILES + 1))
    columns = {"column": 1, "row": count, "grid": math.ceil(math.sqrt(count))}[
        str(rng.choice(["column", "row", "grid"]))
    ]
    rows, title, edge = math.ceil(count / columns), round(24 * scale), max(3, gap - 1)
    most_wide = min((width - 80) / columns, (height - title - 80) / rows * TILE_ASPECT) - gap
    wide = int(min(rng.uniform(140, 260) * scale, most_wide))
    high = round(wide / TILE_ASPECT)
    size = columns * (wide + gap) - gap + 2 * edge, rows * (high + gap) - gap + 2 * edge + title
    left, top = int(rng.integers(0, width - size[0] + 1)), int(rng.integers(0, height - size[1] + 1))
    panel = Box(left, top, left + size[0], top + size[1])
    paste(screen, np.full((panel.height, panel.width, 3), stage, np.uint8), panel, round(8 * scale))
    for place in range(3):
        x = left + round((14 + 20 * place) * scale)
        cv2.circle(screen, (x, top + title // 2), max(2, round(4 * scale)), (150, 150, 150), 1, cv2.LINE_AA)
    tiles = draw_tiles(screen, rng, _grid(count, columns, left + edge, top + title + edge, (wide, high), gap), look)
    about = f"floating panel, seed {seed}, {count} tiles of {wide} in {columns} columns, {width}x{height}, {look}"
    return _recorded(rng, screen, tiles, about)


def _recorded(rng: np.random.Generator, image: Image8, tiles: list[Placed], about: str) -> Drawing:
    """The picture as it is, or as a recording keeps it."""
    if rng.random() < 0.4:
        image = compressed(image, int(rng.integers(75, 96)))
    return Drawing(image, tuple(tiles), about)
