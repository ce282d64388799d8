"""What a video call does to a face: one set of distortions for training and for the robustness curves.

Every function takes and returns one gray face, uint8 (H, W), and works without a deep-learning framework, so that
training runs the same on TensorFlow, JAX and PyTorch.
"""

from __future__ import annotations

from collections.abc import Collection

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


def video(image: np.ndarray, quality: int) -> np.ndarray:
    """A face from a compressed video, quality from 1 to 100: lossy WebP is a key frame of the video codec VP8.

    Frames between key frames are not imitated: OpenCV writes VP8 and VP9 at one high quality only (4.14 passes no
    option on to the codec; the error stays near 2 gray levels RMS), which would draw a curve of one harmless level.
    """
    _, packed = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))


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
