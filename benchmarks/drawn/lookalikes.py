"""Drawings of screens that only look like a gallery: none of them may be taken for a class."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.drawn.gallery import (
    TILE_ASPECT,
    Drawing,
    Image8,
    draw_cell,
    draw_desktop,
    draw_label,
    draw_text_window,
    draw_tiles,
    draw_toolbar,
    paste,
    put_text,
    random_look,
    random_name,
    smooth_noise,
    video_picture,
)
from benchmarks.drawn.share import SCREENS_PX, fitted, shared_screen
from domain import Box, CameraState


def _grid_page(
    rng: np.random.Generator,
    aspect: float,
    gap: int,
    text_below: int,
    ground: int,
    width: int,
    height: int,
    columns: int,
) -> Image8:
    """A browser page with a grid of pictures, lines of text under each."""
    page = np.full((height, width, 3), ground, np.uint8)
    ink = (30, 30, 30) if ground > 128 else (225, 225, 225)
    page[:70] = 225 if ground > 128 else 50
    put_text(page, "https://example.org/watch", 140, 35, 16, ink)
    wide = (width - 120 - gap * (columns - 1)) // columns
    high = round(wide / aspect)
    y = 110
    while y < height:
        for column in range(columns):
            x = 60 + column * (wide + gap)
            part = video_picture(rng, high, wide)[: height - y]
            page[y : y + len(part), x : x + wide] = part
            for line in range(text_below // 20):
                put_text(page, random_name(rng), x + 4, y + high + 14 + line * 20, 13, ink)
        y += high + gap + text_below
    return page


def _video_site(rng: np.random.Generator) -> Image8:
    return _grid_page(
        rng,
        TILE_ASPECT,
        int(rng.integers(8, 20)),
        int(rng.choice([40, 60, 80])),
        int(rng.choice([15, 255])),
        1920,
        1080,
        int(rng.integers(3, 6)),
    )


def _photo_grid(rng: np.random.Generator) -> Image8:
    aspect = float(rng.choice([1.0, 4 / 3, 3 / 2, 2 / 3]))
    return _grid_page(
        rng, aspect, int(rng.integers(2, 14)), 0, int(rng.choice([20, 255])), 1600, 900, int(rng.integers(3, 7))
    )


def _file_explorer(rng: np.random.Generator) -> Image8:
    page = np.full((900, 1400, 3), int(rng.choice([32, 255])), np.uint8)
    ink = (30, 30, 30) if page[0, 0, 0] > 128 else (225, 225, 225)
    page[:, :220] = page[0, 0] * 0.94
    for place in range(8 * 5):
        row, column = divmod(place, 8)
        x, y = 260 + column * 140, 70 + row * 165
        page[y : y + 96, x : x + 96] = video_picture(rng, 96, 96) if rng.random() < 0.5 else (90, 200, 250)
        put_text(page, f"IMG_{place:04d}.jpg", x + 48, y + 114, 12, ink, centred=True)
    return page


def _tile_map(rng: np.random.Generator) -> Image8:
    """A dashboard page that mirrors a class: cards in rows with name, state and emotion, a chart above."""
    dark = bool(rng.random() < 0.4)
    page = np.full((1080, 1920, 3), 30 if dark else 248, np.uint8)
    ink = (225, 225, 225) if dark else (40, 40, 40)
    put_text(page, "Class mood", 60, 40, 26, ink)
    cv2.rectangle(page, (60, 80), (1860, 380), (60, 55, 50) if dark else (255, 255, 255), -1)
    for band in range(5):
        curve = np.array(
            [[60 + 18 * i, 360 - band * 40 - int(20 * math.sin(i / 7 + band))] for i in range(100)], np.int32
        )
        cv2.polylines(page, [curve], False, rng.uniform(40, 220, 3).tolist(), 3, cv2.LINE_AA)
    columns, gap = int(rng.integers(4, 7)), int(rng.integers(6, 16))
    wide = (1800 - gap * (columns - 1)) // columns
    high = round(wide / float(rng.choice([TILE_ASPECT, 2.0, 2.4])))
    for place in range(columns * max(1, 660 // (high + gap))):
        row, column = divmod(place, columns)
        x, y = 60 + column * (wide + gap), 410 + row * (high + gap)
        card = Box(x, y, x + wide, y + high)
        paste(page, np.full((high, wide, 3), (52, 46, 44) if dark else (255, 255, 255), np.uint8), card, 8)
        cv2.rectangle(page, (x, y + 8), (x + 5, y + high - 8), rng.uniform(40, 220, 3).tolist(), -1)
        put_text(page, random_name(rng), x + 16, y + 24, 15, ink)
        put_text(page, str(rng.choice(["happy", "neutral", "camera off"])), x + 16, y + high - 26, 14, (130, 130, 130))
    return page


def _spreadsheet(rng: np.random.Generator) -> Image8:
    page = np.full((900, 1600, 3), 255, np.uint8)
    wide, high = int(rng.choice([36, 64, 90])), 20
    page[100::high] = 218
    page[100:, 40::wide] = 218
    for row in range(30):
        for column in range(int(rng.integers(2, 12))):
            put_text(
                page, f"{rng.uniform(0, 999):.1f}"[: wide // 8], 44 + column * wide, 111 + row * high, 11, (40, 40, 40)
            )
    return page


def _speaker_view(rng: np.random.Generator) -> Image8:
    """One large picture with a name, in any camera state and shape, and a strip of tiles above or beside it."""
    look, (width, height) = random_look(rng), SCREENS_PX[int(rng.integers(0, len(SCREENS_PX)))]
    page = np.full((height, width, 3), look.stage, np.uint8)
    count, bar = int(rng.integers(2, 7)), round(56 * look.scale)
    wide = round(min(rng.uniform(0.1, 0.15) * width, (height - bar - 40) / count * TILE_ASPECT - look.gap))
    high, above = round(wide / TILE_ASPECT), bool(rng.random() < 0.6)
    if above:
        left = (width - count * (wide + look.gap)) // 2
        cells = [
            Box(x, 20, x + wide, 20 + high) for x in range(left, left + count * (wide + look.gap), wide + look.gap)
        ]
        cells = cells[:count]
        room = Box(20, 40 + high, width - 20, height - bar)
    else:
        cells = [
            Box(width - wide - 12, y, width - 12, y + high)
            for y in range(20, 20 + count * (high + look.gap), high + look.gap)
        ]
        cells = cells[:count]
        room = Box(20, 20, width - wide - 32, height - bar)
    draw_tiles(page, rng, cells, look)
    camera: CameraState = "on" if rng.random() < 0.7 else "off" if rng.random() < 0.5 else "photo"
    shapes = [TILE_ASPECT, TILE_ASPECT, 4 / 3, 9 / 16] if camera == "on" else [TILE_ASPECT]
    shape = float(rng.choice(shapes))
    big = fitted(room, shape)
    name = random_name(rng)
    own = draw_cell(rng, big, camera, name, look) if shape == TILE_ASPECT else video_picture(rng, big.height, big.width)
    paste(page, own, big, look.radius)
    if camera != "off" and not look.names_hidden:
        draw_label(page, big, name, bool(rng.random() < 0.5), look)
    draw_toolbar(page, Box(0, height - bar, width, height), look, rng)
    return page


def _share_without_tiles(rng: np.random.Generator) -> Image8:
    """A shared screen alone in its window, or with one person's picture beside it."""
    look, (width, height) = random_look(rng), SCREENS_PX[int(rng.integers(0, len(SCREENS_PX)))]
    page = np.full((height, width, 3), look.stage, np.uint8)
    shared = fitted(Box(10, 30, width - 10, height - 60), float(rng.choice([TILE_ASPECT, 4 / 3, 1.6])))
    paste(page, shared_screen(rng, shared.height, shared.width), shared)
    if rng.random() < 0.5:
        wide = int(rng.integers(160, 320))
        tile = Box(width - wide - 8, 8, width - 8, 8 + round(wide / TILE_ASPECT))
        draw_tiles(page, rng, [tile], look)
    return page


def _immersive_view(rng: np.random.Generator) -> Image8:
    """People cut out of their rooms and set into one scene, a name under each."""
    scene = np.clip(rng.uniform(60, 200, 3) + smooth_noise(rng, 1080, 1920, 5, 30), 0, 255).astype(np.uint8)
    columns, rows = int(rng.integers(3, 6)), int(rng.integers(2, 4))
    for place in range(columns * rows):
        row, column = divmod(place, columns)
        x, y = int((column + 0.5) * 1920 / columns), int((row + 0.55) * 1080 / rows)
        reach = int(200 / rows)
        cv2.ellipse(scene, (x, y + 2 * reach), (2 * reach, reach), 0, 180, 360, rng.uniform(5, 230, 3).tolist(), -1)
        cv2.ellipse(scene, (x, y), (reach * 2 // 3, reach), 0, 0, 360, rng.uniform(60, 220, 3).tolist(), -1)
        cv2.rectangle(scene, (x - 70, y + 2 * reach), (x + 70, y + 2 * reach + 24), (30, 30, 30), -1)
        put_text(scene, random_name(rng), x, y + 2 * reach + 12, 13, (250, 250, 250), centred=True)
    return scene


def _news_page(rng: np.random.Generator) -> Image8:
    """A page of 16:9 pictures whose headlines lie over their feet, in white on a shadow."""
    gap, columns = int(rng.integers(8, 24)), int(rng.integers(2, 5))
    page = np.full((1080, 1920, 3), int(rng.choice([20, 250])), np.uint8)
    page[:64] = 60
    wide = (1600 - gap * (columns - 1)) // columns
    high = round(wide / TILE_ASPECT)
    for top in range(100, 1080, high + gap):
        for column in range(columns):
            picture = video_picture(rng, high, wide).astype(np.float32)
            shade = np.clip(np.linspace(2.2, 0.35, high), 0.35, 1)[:, None, None]
            picture = (picture * shade).astype(np.uint8)
            for line in range(int(rng.integers(1, 3))):
                put_text(
                    picture,
                    f"{random_name(rng)} and {random_name(rng)}",
                    14,
                    high - 24 - 26 * line,
                    19,
                    (255, 255, 255),
                )
            x = 160 + column * (wide + gap)
            page[top : top + high, x : x + wide] = picture[: 1080 - top]
    return page


LOOKALIKES: dict[str, Callable[[np.random.Generator], Image8]] = {
    "video site": _video_site,
    "photo grid": _photo_grid,
    "file explorer": _file_explorer,
    "tile map": _tile_map,
    "spreadsheet": _spreadsheet,
    "speaker view": _speaker_view,
    "share without tiles": _share_without_tiles,
    "immersive view": _immersive_view,
    "news page": _news_page,
    "text page": lambda rng: draw_text_window(rng, 1080, 1920),
    "desktop": lambda rng: draw_desktop(rng, 1080, 1920),
}
"""Screens that are no gallery, each by what it is."""


def draw_lookalike(kind: str, seed: int) -> Drawing:
    """A screen that is no gallery, deterministic by kind and seed."""
    return Drawing(LOOKALIKES[kind](np.random.default_rng(seed)), (), f"{kind}, seed {seed}")
