"""From a picture to what the networks read, live and in training: tiles for faces, faces for landmarks and emotions."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from domain import Box

CROP_SIDE = 48
"""Side of a crop in pixels: FER2013's."""

FACE_SHARE = 0.885
"""Root of a face's area (hairline to chin) over the side of a FER2013 picture: the median of a detector's boxes on
1,055 of its training pictures is 0.793 wide and 0.987 high."""

FACE_DROP = 0.03
"""How far the middle of a face lies below the middle of a FER2013 picture, in sides; measured with FACE_SHARE."""

LANDMARK_SIDE, LANDMARK_SHARE = 48, 0.7
"""Side in pixels of the landmark network's input, and root of a face's area over that side: around the face there is
room for what its box misses."""

TILE_WIDTH, TILE_HEIGHT = 192, 112
"""Pixels of the face network's input: a 16:9 tile of a 49-page (224x126) loses little, and both divide by 16."""
MIN_SHRINK = 0.5
"""Scale below which tiles are shrunk by averaging; above it, where neighbours cover all pixels, they are interpolated,
four times as fast."""


def framed(box: Box) -> Box:
    """The square around a face box that frames it as FER2013 frames its faces; it may reach out of the picture."""
    side = max(round((box.width * box.height) ** 0.5 / FACE_SHARE), 1)
    left = round((box.left + box.right - side) / 2)
    top = round((box.top + box.bottom - side) / 2 - FACE_DROP * side)
    return Box(left, top, left + side, top + side)


def face_crops(image_bgr: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """The faces as uint8 (N, 48, 48) gray, from a uint8 (H, W, 3) picture and face boxes from hairline to chin.

    What lies beyond the picture's border repeats its last pixels. Raises ValueError for a box outside the picture.
    """
    crops = np.empty((len(boxes), CROP_SIDE, CROP_SIDE), np.uint8)
    for crop, box in zip(crops, boxes, strict=True):
        crop[:] = gray_square(image_bgr, framed(box), CROP_SIDE)
    return crops


def landmark_square(box: Box) -> Box:
    """The square around a face box that the landmark network reads; it may reach out of the picture."""
    side = max(round((box.width * box.height) ** 0.5 / LANDMARK_SHARE), 1)
    left, top = round((box.left + box.right - side) / 2), round((box.top + box.bottom - side) / 2)
    return Box(left, top, left + side, top + side)


def landmark_inputs(image_bgr: np.ndarray, boxes: Sequence[Box], tiles: Sequence[Box]) -> tuple[np.ndarray, np.ndarray]:
    """Faces as the landmark network reads them: uint8 (N, 48, 48, 1) gray, and placements float32 (N, 3).

    From a uint8 (H, W, 3) picture, face boxes and the tile around each, all in its pixels. What lies beyond a tile's
    border repeats its last pixels. A placement is side, x and y: the answer ``p`` lies at ``side * p + (x, y)``.
    """
    inputs = np.empty((len(boxes), LANDMARK_SIDE, LANDMARK_SIDE, 1), np.uint8)
    placements = np.empty((len(boxes), 3), np.float32)
    for crop, placement, box, tile in zip(inputs, placements, boxes, tiles, strict=True):
        square = landmark_square(box)
        crop[..., 0] = gray_square(tile.of(image_bgr), square.moved(-tile.left, -tile.top), LANDMARK_SIDE)
        placement[:] = square.width, square.left, square.top
    return inputs, placements


def gray_square(image: np.ndarray, square: Box, side: int) -> np.ndarray:
    """A square of a uint8 (H, W, 3) or gray (H, W) picture as uint8 (side, side) gray; border pixels go on beyond.

    Raises ValueError for a square outside the picture.
    """
    pixels = _pixels(image, square)
    gray = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels
    # Area averaging keeps what a small crop can show of a big face without aliasing; it only works downwards.
    way = cv2.INTER_AREA if square.width > side else cv2.INTER_LINEAR
    return cv2.resize(gray, (side, side), interpolation=way)


def tile_inputs(image_bgr: np.ndarray, boxes: Sequence[Box]) -> tuple[np.ndarray, np.ndarray]:
    """Parts of a uint8 (H, W, 3) picture as the face network reads them: uint8 (N, 112, 192, 1) gray, and placements.

    Each part is scaled to fit and centred on black. A placement, float32 (3,), is scale, x and y: what lies at ``p`` in
    the picture lies at ``scale * p + (x, y)`` in the input. The boxes must lie inside the picture.
    """
    inputs = np.zeros((len(boxes), TILE_HEIGHT, TILE_WIDTH, 1), np.uint8)
    placements = np.empty((len(boxes), 3), np.float32)
    for part, placement, box in zip(inputs, placements, boxes, strict=True):
        scale = min(TILE_WIDTH / box.width, TILE_HEIGHT / box.height)
        width, height = (max(round(side * scale), 1) for side in (box.width, box.height))
        left, top = (TILE_WIDTH - width) // 2, (TILE_HEIGHT - height) // 2
        way = cv2.INTER_AREA if scale < MIN_SHRINK else cv2.INTER_LINEAR
        gray = cv2.cvtColor(box.of(image_bgr), cv2.COLOR_BGR2GRAY)
        part[top : top + height, left : left + width, 0] = cv2.resize(gray, (width, height), interpolation=way)
        placement[:] = scale, left - scale * box.left, top - scale * box.top
    return inputs, placements


def emotion_input(crops: np.ndarray) -> np.ndarray:
    """Crops uint8 (N, 48, 48) as the network takes them: float32 (N, 48, 48, 1), raw gray from 0 to 255."""
    if crops.dtype != np.uint8 or crops.shape[1:] != (CROP_SIDE, CROP_SIDE):
        raise ValueError(f"expected uint8 (N, {CROP_SIDE}, {CROP_SIDE}), found {crops.dtype} {crops.shape}")
    return crops.astype(np.float32)[..., np.newaxis]


def _pixels(image: np.ndarray, box: Box) -> np.ndarray:
    height, width = image.shape[:2]
    inside = box.clamped(width, height)
    if inside is None:
        raise ValueError(f"expected a face inside the {width}x{height} picture, found {tuple(box)}")
    if inside == box:
        return box.of(image)
    edges = inside.top - box.top, box.bottom - inside.bottom, inside.left - box.left, box.right - inside.right
    return cv2.copyMakeBorder(inside.of(image), *edges, borderType=cv2.BORDER_REPLICATE)
