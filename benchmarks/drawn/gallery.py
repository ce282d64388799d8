"""Random drawings of Zoom-like galleries with their truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from domain import Box, CameraState

TILE_ASPECT = 16 / 9
GIVEN_NAMES = ["Ada", "Björn", "Chloé", "Dmitri", "Efua", "Farah", "Goro", "Hana", "Ines", "Jun", "Kofi", "Lucía"]
FAMILY_NAMES = ["Lovelace", "Øst", "Quispe Mamani", "Li", "Okafor", "van der Berg", "Sato", "Novák", "Smith-Jones"]

DARK_STAGES = [(0, 0, 0), (26, 26, 26), (25, 22, 19), (36, 36, 36)]
LIGHT_STAGES = [(255, 255, 255), (242, 242, 242), (247, 245, 243)]
"""Backgrounds that clients of different years and themes have."""
GAPS_PX = {0: 0.02, 1: 0.02, 2: 0.04, 3: 0.06, 4: 0.1, 6: 0.26, 7: 0.1, 8: 0.1, 9: 0.1, 10: 0.06, 12: 0.08, 14: 0.06}
SIZES_PX = [(1024, 640), (1152, 720), (1280, 720), (1280, 800), (1366, 768), (1600, 900), (1920, 1027), (1920, 1080)]
LARGE_SIZES_PX = [(2560, 1440), (3840, 2160)]

Image8 = np.ndarray
Colour = tuple[int, int, int]
Placed = tuple[Box, CameraState]


@dataclass(frozen=True, slots=True)
class Look:
    """One client's look: sizes in pixels of the picture, colours in BGR."""

    scale: float
    gap: int
    radius: int
    stage: Colour
    off_tile: Colour
    pill_labels: bool
    names_hidden: bool = False
    left_aligned: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture and what is drawn in it; ``tiles`` is empty where it is no gallery."""

    image: Image8
    tiles: tuple[Placed, ...]
    about: str


def random_name(rng: np.random.Generator) -> str:
    """A display name as meetings have them."""
    suffix = rng.choice(["", "", "", " (Host)", " (me)", " she/her"])
    return f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}{suffix}"


def put_text(
    image: Image8,
    text: str,
    left: float,
    middle: float,
    height_px: float,
    colour: Colour,
    centred: bool = False,
) -> Box:
    """Write text into the image in place; returns the box of its ink."""
    font = ImageFont.load_default(size=max(6.0, height_px))
    x0, y0, x1, y1 = font.getbbox(text)
    canvas = Image.new("L", (math.ceil(x1 - x0) + 4, math.ceil(y1 - y0) + 4), 0)
    ImageDraw.Draw(canvas).text((2 - x0, 2 - y0), text, font=font, fill=255)
    alpha = np.asarray(canvas, np.float32)[:, :, None] / 255
    x = round(left - (alpha.shape[1] / 2 if centred else 0))
    y = round(middle - alpha.shape[0] / 2)
    box = Box(x, y, x + alpha.shape[1], y + alpha.shape[0]).clamped(image.shape[1], image.shape[0])
    if box is None:
        return Box(0, 0, 1, 1)
    part = alpha[box.top - y : box.bottom - y, box.left - x : box.right - x]
    view = box.of(image)
    view[:] = (view * (1 - part) + np.array(colour, np.float32) * part).astype(np.uint8)
    return box


def rounded_mask(height: int, width: int, radius: int) -> np.ndarray:
    """Float32 (height, width, 1) coverage of a rectangle with rounded corners, antialiased."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    dx = np.maximum(radius - np.minimum(x, width - x), 0)
    dy = np.maximum(radius - np.minimum(y, height - y), 0)
    return (
        np.clip(radius - np.hypot(dx, dy) + 0.5, 0, 1)[:, :, None]
        if radius
        else np.ones((height, width, 1), np.float32)
    )


def paste(image: Image8, picture: Image8, box: Box, radius: int = 0) -> None:
    """Lay a picture of the box's size over the image, with rounded corners."""
    mask = rounded_mask(box.height, box.width, radius)
    view = box.of(image)
    view[:] = (view * (1 - mask) + picture * mask + 0.5).astype(np.uint8)


def smooth_noise(rng: np.random.Generator, height: int, width: int, cells: int, spread: float) -> np.ndarray:
    """Float32 (height, width, 3) soft random clouds around zero."""
    small = rng.normal(0, spread, (max(2, cells * 9 // 16), max(2, cells), 3)).astype(np.float32)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def video_picture(rng: np.random.Generator, height: int, width: int) -> Image8:
    """A textured stand-in for a camera's picture: a room, straight furniture, head and shoulders, sensor noise."""
    light = rng.uniform(15, 220)
    room = np.full((height, width, 3), light, np.float32) + rng.normal(0, 12, 3).astype(np.float32)
    room += smooth_noise(rng, height, width, int(rng.integers(3, 9)), 22)
    for _ in range(int(rng.integers(0, 8))):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        far = (x + int(rng.integers(4, max(5, width // 3))), y + int(rng.integers(4, max(5, height))))
        cv2.rectangle(room, (x, y), far, rng.uniform(10, 245, 3).tolist(), -1 if rng.random() < 0.6 else 2)
    if rng.random() < 0.85:
        centre = (int(width * rng.uniform(0.3, 0.7)), int(height * rng.uniform(0.4, 0.6)))
        skin, shirt = rng.uniform(60, 220, 3).tolist(), rng.uniform(5, 230, 3).tolist()
        head = (max(3, int(height * 0.16)), max(4, int(height * 0.22)))
        cv2.ellipse(
            room, (centre[0], height), (int(height * 0.45), int(height * 0.4)), 0, 0, 360, shirt, -1, cv2.LINE_AA
        )
        cv2.ellipse(room, centre, head, 0, 0, 360, skin, -1, cv2.LINE_AA)
        cv2.ellipse(room, (centre[0], centre[1] - head[1] // 2), head, 0, 180, 360, (20, 25, 40), -1, cv2.LINE_AA)
    coarse = cv2.resize(room, (max(2, width // 2), max(2, height // 2)), interpolation=cv2.INTER_AREA)
    room = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(room + rng.normal(0, rng.uniform(0.5, 4), room.shape), 0, 255).astype(np.uint8)


def nearly_black_picture(rng: np.random.Generator, height: int, width: int) -> Image8:
    """A camera in the dark: a few gray levels and a hint of something."""
    dark = rng.uniform(1, 6) + smooth_noise(rng, height, width, 5, 5) + rng.normal(0, 1, (height, width, 3))
    return np.clip(dark, 0, 40).astype(np.uint8)


def barred_picture(rng: np.random.Generator, height: int, width: int, bars: Colour) -> Image8:
    """A 4:3 or portrait camera in its 16:9 cell, bars of one colour beside it."""
    inner = int(height * rng.choice([4 / 3, 1.0, 9 / 16]))
    cell = np.full((height, width, 3), bars, np.uint8)
    left = (width - inner) // 2
    cell[:, left : left + inner] = video_picture(rng, height, inner)
    return cell


def photo_cell(rng: np.random.Generator, height: int, width: int, ground: Colour, scale: float) -> Image8:
    """A camera-off cell with initials or a picture on a square (or disc) in its middle."""
    cell = np.full((height, width, 3), ground, np.uint8)
    side = int(min(96 * scale, height * 0.5) if rng.random() < 0.5 else height * rng.uniform(0.3, 0.55))
    box = Box((width - side) // 2, (height - side) // 2, (width - side) // 2 + side, (height - side) // 2 + side)
    radius = int(rng.choice([0, side // 6, side // 2]))
    if rng.random() < 0.5:
        avatar = np.full((side, side, 3), rng.integers(20, 220, 3), np.uint8)
        avatar[:, :, int(rng.integers(0, 3))] = 200
        put_text(avatar, "AB", side / 2, side / 2, side * 0.45, (255, 255, 255), centred=True)
    else:
        avatar = video_picture(rng, side, side)
    paste(cell, avatar, box, radius)
    return cell


def off_cell(name: str, height: int, width: int, ground: Colour, scale: float) -> Image8:
    """A camera-off cell: the name alone in its middle."""
    cell = np.full((height, width, 3), ground, np.uint8)
    ink = (235, 235, 235) if sum(ground) < 384 else (40, 40, 40)
    size = min(22 * scale, height * 0.2)
    while len(name) > 3 and ImageFont.load_default(size=max(6.0, size)).getlength(name) > width * 0.86:
        name = name[:-4] + "..."
    put_text(cell, name, width / 2, height / 2, size, ink, centred=True)
    return cell


def draw_label(image: Image8, box: Box, name: str, muted: bool, look: Look) -> None:
    """The name at the bottom left of a tile: white on a darkened strip or pill, a red mark before it where muted."""
    height = min(round(20 * look.scale), box.height // 3)
    inset = round(3 * look.scale) if look.pill_labels else 0
    font_px = height * 0.62
    icon = round(height * 0.9) if muted else 0
    while len(name) > 4 and ImageFont.load_default(size=max(6.0, font_px)).getlength(name) + icon > box.width * 0.8:
        name = name[:-4] + "..."
    length = ImageFont.load_default(size=max(6.0, font_px)).getlength(name) if name else 0
    width = min(round(length + icon + height * 0.6), box.width - 2 * inset)
    bottom = box.bottom - inset
    strip = Box(box.left + inset, bottom - height, box.left + inset + width, bottom)
    dark = (strip.of(image) * 0.55).astype(np.uint8)
    paste(image, dark, strip, height // 4 if look.pill_labels else 0)
    if muted:
        x, y, reach = strip.left + height // 2, strip.top + height // 2, max(2, height // 4)
        cv2.ellipse(image, (x, y), (max(1, reach // 2), reach), 0, 0, 360, (60, 60, 240), -1, cv2.LINE_AA)
        cv2.line(
            image, (x - reach, y + reach), (x + reach, y - reach), (60, 60, 240), max(1, height // 12), cv2.LINE_AA
        )
    if name:
        put_text(image, name, strip.left + icon + height * 0.25, strip.top + height / 2, font_px, (250, 250, 250))


def draw_speaker_border(image: Image8, box: Box, look: Look, rng: np.random.Generator) -> None:
    """The green frame of whoever speaks, outside the picture where the gap leaves room, else on its edge."""
    thick = max(1, min(round(3 * look.scale), look.gap))
    grow = thick if look.gap >= 2 else 0
    colour = [(2, 248, 107), (88, 217, 28), (120, 225, 220)][int(rng.integers(0, 3))]
    frame = Box(box.left - grow, box.top - grow, box.right + grow, box.bottom + grow).clamped(
        image.shape[1], image.shape[0]
    )
    if frame is not None:
        cv2.rectangle(image, (frame.left, frame.top), (frame.right - 1, frame.bottom - 1), colour, 1)
        for inset in range(1, thick):
            cv2.rectangle(
                image,
                (frame.left + inset, frame.top + inset),
                (frame.right - 1 - inset, frame.bottom - 1 - inset),
                colour,
                1,
            )


def best_columns(count: int, width: int, height: int, gap: int) -> tuple[int, int]:
    """Columns and tile width that give the largest 16:9 tiles for so many people (the layout law of the client)."""
    best = (1, 0)
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        wide = min((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows * TILE_ASPECT)
        if int(wide) > best[1]:
            best = (columns, int(wide))
    return best


def layout(count: int, stage: Box, gap: int, left_aligned: bool = False) -> list[Box]:
    """The cells of so many people on a stage: equal, 16:9, centred, last row centred or left-aligned."""
    columns, width = best_columns(count, stage.width, stage.height, gap)
    height = round(width / TILE_ASPECT)
    rows = math.ceil(count / columns)
    top = stage.top + (stage.height - rows * height - (rows - 1) * gap) // 2
    block_left = stage.left + (stage.width - columns * width - (columns - 1) * gap) // 2
    cells = []
    for slot in range(count):
        row, column = divmod(slot, columns)
        in_row = min(columns, count - row * columns)
        left = block_left if left_aligned else stage.left + (stage.width - in_row * width - (in_row - 1) * gap) // 2
        x, y = left + column * (width + gap), top + row * (height + gap)
        cells.append(Box(x, y, x + width, y + height))
    return cells


def _shifted(colour: Colour, by: int) -> Colour:
    return colour[0] + by, colour[1] + by, colour[2] + by


def random_look(rng: np.random.Generator) -> Look:
    """A look drawn from the whole range that clients and settings have."""
    scale = float(rng.choice([1.0, 1.25, 1.5, 2.0]))
    if rng.random() < 0.75:
        stage = DARK_STAGES[int(rng.integers(0, len(DARK_STAGES)))]
        off = _shifted(stage, int(rng.choice([8, 8, 12, 20])))
    else:
        stage = LIGHT_STAGES[int(rng.integers(0, len(LIGHT_STAGES)))]
        off = _shifted(stage, -int(rng.choice([10, 16, 30]))) if rng.random() < 0.6 else (34, 34, 34)
    gap = int(rng.choice(list(GAPS_PX), p=list(GAPS_PX.values())))
    radius = int(rng.choice([0, 0, 4, 6, 8, 12, 16]))
    return Look(scale, gap, radius, stage, off, bool(rng.random() < 0.4), bool(rng.random() < 0.08))


def draw_cell(rng: np.random.Generator, box: Box, camera: CameraState, name: str, look: Look) -> Image8:
    """The contents of one cell without its label."""
    if camera == "off":
        return off_cell(name, box.height, box.width, look.off_tile, look.scale)
    if camera == "photo":
        return photo_cell(rng, box.height, box.width, look.off_tile, look.scale)
    kind = rng.random()
    if kind < 0.04:
        return nearly_black_picture(rng, box.height, box.width)
    if kind < 0.18:
        return barred_picture(rng, box.height, box.width, look.off_tile if rng.random() < 0.7 else (0, 0, 0))
    return video_picture(rng, box.height, box.width)


def draw_tiles(image: Image8, rng: np.random.Generator, cells: list[Box], look: Look) -> list[Placed]:
    """Draw every tile with its label, decorations and one speaker; returns boxes and camera states."""
    off_share, photo_share = rng.choice([0.0, 0.15, 0.4, 0.6]), rng.choice([0.0, 0.1, 0.2])
    tiles: list[Placed] = []
    for box in cells:
        draw = rng.random()
        camera: CameraState = "off" if draw < off_share else "photo" if draw < off_share + photo_share else "on"
        name, muted = random_name(rng), bool(rng.random() < 0.6)
        paste(image, draw_cell(rng, box, camera, name, look), box, look.radius)
        if not look.names_hidden and (camera != "off" or muted):
            draw_label(image, box, "" if camera == "off" else name, muted, look)
        if camera == "on" and rng.random() < 0.08:
            side = min(round(28 * look.scale), box.height // 3)
            put_text(image, "!", box.left + side / 2, box.top + side / 2, side * 0.8, (80, 200, 250), centred=True)
        tiles.append((box, camera))
    if rng.random() < 0.7:
        draw_speaker_border(image, cells[int(rng.integers(0, len(cells)))], look, rng)
    return tiles


def draw_text_window(rng: np.random.Generator, height: int, width: int, dark: bool | None = None) -> Image8:
    """A window full of lines of text: a page, an editor, a chat."""
    dark = bool(rng.random() < 0.4) if dark is None else dark
    ground, ink = ((30, 30, 30), (200, 200, 200)) if dark else ((250, 250, 250), (40, 40, 40))
    window = np.full((height, width, 3), ground, np.uint8)
    size = float(rng.uniform(10, 18))
    y = size * 2
    while y < height - size:
        indent = float(rng.choice([8, 8, 30, 52]))
        words = " ".join(random_name(rng) for _ in range(int(rng.integers(0, max(2, width // 140)))))
        if words:
            put_text(window, words[: max(3, int(width / size * 1.6))], indent, y, size, ink)
        y += size * 1.7
    window[: int(size * 1.5)] = (90, 70, 60) if dark else (225, 225, 225)
    return window


def draw_desktop(rng: np.random.Generator, height: int, width: int) -> Image8:
    """A wallpaper with icons, a taskbar and other windows."""
    wallpaper = np.clip(rng.uniform(30, 200, 3) + smooth_noise(rng, height, width, 4, 40), 0, 255).astype(np.uint8)
    for row in range(int(rng.integers(2, 7))):
        x, y = 20, 24 + row * 90
        if y + 50 < height:
            cv2.rectangle(wallpaper, (x, y), (x + 44, y + 44), rng.uniform(0, 255, 3).tolist(), -1)
            put_text(wallpaper, str(rng.choice(GIVEN_NAMES)), x + 22, y + 58, 11, (255, 255, 255), centred=True)
    for _ in range(int(rng.integers(0, 3))):
        wide, high = int(rng.integers(width // 4, width // 2)), int(rng.integers(height // 4, height // 2))
        x, y = int(rng.integers(0, width - wide)), int(rng.integers(0, height - high))
        wallpaper[y : y + high, x : x + wide] = draw_text_window(rng, high, wide)
    wallpaper[height - 40 :] = (40, 36, 34)
    return wallpaper


def draw_toolbar(image: Image8, bar: Box, look: Look, rng: np.random.Generator) -> None:
    """Buttons with words under a gallery."""
    ink = (220, 220, 220) if sum(look.stage) < 384 else (60, 60, 60)
    count = int(rng.integers(5, 10))
    for place in range(count):
        x = bar.left + bar.width * (place + 0.5) / count
        reach = max(4, round(8 * look.scale))
        y = bar.top + bar.height * 0.35
        cv2.rectangle(
            image, (round(x - reach), round(y - reach * 0.7)), (round(x + reach), round(y + reach * 0.7)), ink, 2
        )
        put_text(
            image,
            ["Mute", "Video", "Chat", "Share", "Record"][place % 5],
            x,
            bar.top + bar.height * 0.75,
            10 * look.scale,
            ink,
            True,
        )


def draw_meeting_window(
    rng: np.random.Generator, width: int, height: int, count: int, look: Look
) -> tuple[Image8, list[Placed]]:
    """A whole meeting window: title, stage with tiles, toolbar, sometimes a side panel and page arrows."""
    window = np.full((height, width, 3), look.stage, np.uint8)
    title = round(28 * look.scale) if rng.random() < 0.7 else 0
    bar = round(rng.choice([0, 52, 60]) * look.scale)
    panel = round(rng.choice([0, 0, 280, 320]) * min(look.scale, width / 1400)) if width > 1000 else 0
    margin = int(rng.integers(2, 24))
    arrows = round(36 * look.scale) if rng.random() < 0.25 else 0
    stage = Box(margin + arrows, title + margin, width - panel - margin - arrows, height - bar - margin)
    cells = layout(count, stage, look.gap, look.left_aligned)
    tiles = draw_tiles(window, rng, cells, look)
    if title:
        window[:title] = (255, 255, 255) if rng.random() < 0.5 else (45, 40, 38)
        put_text(window, "Zoom Meeting", 30, title / 2, 12 * look.scale, (90, 90, 90))
    if bar:
        draw_toolbar(window, Box(0, height - bar, width - panel, height), look, rng)
    if panel:
        window[title:, width - panel :] = draw_text_window(rng, height - title, panel)
    if arrows:
        put_text(window, "<", stage.left - arrows / 2, height / 2, 24 * look.scale, (150, 150, 150), centred=True)
        put_text(window, ">", stage.right + arrows / 2, height / 2, 24 * look.scale, (240, 180, 60), centred=True)
    return window, tiles


def compressed(image: Image8, quality: int) -> Image8:
    """The picture after JPEG at that quality (chroma at half size, as in video)."""
    stored = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)


def _moved(tile: Placed, dx: int, dy: int) -> Placed:
    return tile[0].moved(dx, dy), tile[1]


def draw_gallery(
    seed: int, count: int | None = None, size: tuple[int, int] | None = None, look: Look | None = None
) -> Drawing:
    """A random gallery, deterministic by seed: a window alone or on a desktop, sharp or compressed."""
    rng = np.random.default_rng(seed)
    look = look or random_look(rng)
    sizes = LARGE_SIZES_PX if rng.random() < 0.1 else SIZES_PX
    width, height = size or sizes[int(rng.integers(0, len(sizes)))]
    most = int(rng.choice([10, 50], p=[0.35, 0.65]))
    count = count or (int(rng.choice([25, 49])) if rng.random() < 0.15 else int(rng.integers(2, most)))
    window, tiles = draw_meeting_window(rng, width, height, count, look)
    about = f"seed {seed}, {count} people, {width}x{height}, {look}"
    if rng.random() < 0.35:
        left, top = (int(v) for v in rng.integers(0, 300, 2))
        image = draw_desktop(rng, height + top + int(rng.integers(0, 200)), width + left + int(rng.integers(0, 300)))
        image[top : top + height, left : left + width] = window
        tiles = [_moved(tile, left, top) for tile in tiles]
    else:
        image = window
    if rng.random() < 0.5:
        image = compressed(image, int(rng.integers(70, 96)))
    return Drawing(image, tuple(tiles), about)
