"""What a video call does to a face: one set of distortions for training and for the robustness curves.

Every function but ``video`` takes and returns one gray face, uint8 (H, W), and all work without a deep-learning
framework, so that training runs the same on TensorFlow, JAX and PyTorch.
"""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Sequence

import cv2
import numpy as np

# How far training goes in each direction. The frame is that of FER2013 (whole face, little hair); box jitter of a real
# detector is about a tenth of the face in place and size, and people hold their heads up to some 15 degrees aside.
ROTATION_DEVIATION_DEG = 8.0
SHIFT_DEVIATION_PX = 1.8
SCALE_DEVIATION = 0.07
ASPECT_DEVIATION = 0.04
CONTRAST_RANGE = (0.6, 1.4)
BRIGHTNESS_DEVIATION = 25.0
LIGHT_SLOPE = 50.0
SMALL_FACE_PX = (18, 44)
BLUR_SIGMA_PX = (0.3, 1.3)
JPEG_QUALITY = (20, 85)
ERASE_SIDE_PX = (6, 20)
VIDEO_FRAMES, VIDEO_DRIFT_PX, VIDEO_MARGIN_PX = 6, (0.7, 0.4), 8
"""Frames of the video that a face is taken from, its drift (x, y) from one to the next, the rim around each face."""
CHANCE_LIGHT, CHANCE_SMALL, CHANCE_BLUR, CHANCE_JPEG, CHANCE_NOISE, CHANCE_ERASE = 0.4, 0.25, 0.15, 0.25, 0.15, 0.25
PARTS = ("place", "light", "cover", "call")
"""What ``augment`` can do: frame and mirror, other light, something before the face, the faults of a call."""


def place(
    image: np.ndarray,
    angle_deg: float = 0.0,
    scale: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
    aspect: float = 1.0,
    mirrored: bool = False,
) -> np.ndarray:
    """A face turned about its centre, enlarged, stretched in width, moved by (x, y) pixels and perhaps mirrored."""
    height, width = image.shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    sine, cosine = np.sin(np.deg2rad(angle_deg)) * scale, np.cos(np.deg2rad(angle_deg)) * scale
    turn = np.array([[cosine, sine], [-sine, cosine]]) @ np.diag([-aspect if mirrored else aspect, 1.0])
    matrix = np.column_stack([turn, centre + shift - turn @ centre])
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def shrink(image: np.ndarray, side_px: int) -> np.ndarray:
    """A face as it looks when the call sent ``side_px`` of it: brought to that size, then back to its own."""
    shrinking, growing = cv2.INTER_AREA, cv2.INTER_LINEAR
    there, back = (shrinking, growing) if side_px < image.shape[0] else (growing, shrinking)
    sent = cv2.resize(image, (side_px, side_px), interpolation=there)
    return cv2.resize(sent, image.shape[::-1], interpolation=back)


def blur(image: np.ndarray, sigma_px: float) -> np.ndarray:
    """A face out of focus."""
    return cv2.GaussianBlur(image, (0, 0), sigma_px)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """A face with the blocks of compression, quality from 1 to 100."""
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))


def video(images: np.ndarray, crf: int) -> np.ndarray:
    """Faces uint8 (N, 48, 48) as the last of ``VIDEO_FRAMES`` frames of an H.264 video in which they drift.

    ``crf`` is x264's constant rate factor: 18 is hardly visible, 51 the worst. Like the picture of a call, the last
    frame is predicted from those before it. All faces stand in one video, each in a cell of whole macroblocks.
    """
    height, width = images.shape[1:]
    rim = [(0, 0), *((VIDEO_MARGIN_PX, VIDEO_MARGIN_PX) for _ in range(2))]
    cells = np.pad(images, rim, mode="edge")
    columns = math.ceil(math.sqrt(len(cells)))
    cells = np.pad(cells, [(0, -len(cells) % columns), (0, 0), (0, 0)])
    sheet = cells.reshape(-1, columns, *cells.shape[1:]).transpose(0, 2, 1, 3)
    rows = sheet.shape[0]
    sheet = sheet.reshape(rows * cells.shape[1], columns * cells.shape[2])
    last = _last_frame([_drifted(sheet, VIDEO_FRAMES - 1 - number) for number in range(VIDEO_FRAMES)], crf)
    grid = last.reshape(rows, cells.shape[1], columns, cells.shape[2]).transpose(0, 2, 1, 3)
    inside = slice(VIDEO_MARGIN_PX, VIDEO_MARGIN_PX + height), slice(VIDEO_MARGIN_PX, VIDEO_MARGIN_PX + width)
    return np.ascontiguousarray(grid.reshape(-1, *cells.shape[1:])[: len(images), inside[0], inside[1]])


def _drifted(sheet: np.ndarray, frames_before: int) -> np.ndarray:
    right, down = VIDEO_DRIFT_PX
    move = np.array([[1, 0, -right * frames_before], [0, 1, -down * frames_before]], np.float32)
    return cv2.warpAffine(sheet, move, sheet.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


def _last_frame(frames: Sequence[np.ndarray], crf: int) -> np.ndarray:
    """The last of gray frames uint8 (H, W) after x264 as in a live call: no frame waits for a later one."""
    import av  # a package for tests and training; the other distortions need none

    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape
        stream.pix_fmt, stream.options = "yuv420p", {"crf": str(crf), "preset": "veryfast", "tune": "zerolatency"}
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        film.mux(stream.encode())
    memory.seek(0)
    with av.open(memory, "r") as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)][-1]


def relight(
    image: np.ndarray, gain: float = 1.0, offset: float = 0.0, slope: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """A face in other light: contrast about its mean, brightness in gray levels, and a slope across (x, y)."""
    height, width = image.shape
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * slope[0]
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * slope[1]
    mean = float(image.mean())
    return np.clip((image - np.float32(mean)) * np.float32(gain) + mean + offset + across + down, 0, 255).astype(
        np.uint8
    )


def noise(image: np.ndarray, deviation: float, draw: np.random.Generator) -> np.ndarray:
    """A face with the grain of a dark room, deviation in gray levels."""
    grain = draw.normal(0, deviation, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def erase(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A face with a hand or a cup before it: a rectangle of one random gray."""
    height, width = draw.integers(*ERASE_SIDE_PX, size=2)
    top, left = draw.integers(0, image.shape[0] - height), draw.integers(0, image.shape[1] - width)
    covered = image.copy()
    covered[top : top + height, left : left + width] = draw.integers(0, 256)
    return covered


def augment(image: np.ndarray, draw: np.random.Generator, parts: Collection[str] = PARTS) -> np.ndarray:
    """A face as another frame of a call might show it: place and mirror always, each fault of the picture by chance.

    ``parts`` of ``PARTS`` are done, the others left out (for comparisons).
    """
    scale, aspect = np.exp(draw.normal(0, [SCALE_DEVIATION, ASPECT_DEVIATION]))
    shift = (draw.normal(0, SHIFT_DEVIATION_PX), draw.normal(0, SHIFT_DEVIATION_PX))
    angle_deg, mirrored = draw.normal(0, ROTATION_DEVIATION_DEG), bool(draw.random() < 0.5)
    light, small, soft, packed, grain, covered = draw.random(6)
    if "place" in parts:
        image = place(image, angle_deg, scale, shift, aspect, mirrored)
    if "light" in parts and light < CHANCE_LIGHT:
        slope = (draw.uniform(-LIGHT_SLOPE, LIGHT_SLOPE), draw.uniform(-LIGHT_SLOPE, LIGHT_SLOPE))
        image = relight(image, draw.uniform(*CONTRAST_RANGE), draw.normal(0, BRIGHTNESS_DEVIATION), slope)
    if "cover" in parts and covered < CHANCE_ERASE:
        image = erase(image, draw)
    if "call" not in parts:
        return image
    if small < CHANCE_SMALL:
        image = shrink(image, int(draw.integers(*SMALL_FACE_PX)))
    if soft < CHANCE_BLUR:
        image = blur(image, draw.uniform(*BLUR_SIGMA_PX))
    if grain < CHANCE_NOISE:
        image = noise(image, draw.uniform(2, 10), draw)
    if packed < CHANCE_JPEG:
        image = jpeg(image, int(draw.integers(*JPEG_QUALITY)))
    return image
