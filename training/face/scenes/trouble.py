"""What makes faces hard to find: things in front of them, light, and what a video call does to a picture.

Pictures are gray uint8 (H, W) and are changed in place by what is drawn over them; faces are rows of ``faces``.
Lengths in pixels are those of a picture of ``USUAL_HEIGHT`` and grow with it.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.face.faces import landmarks_of

USUAL_HEIGHT = 108
"""Height in pixels of a 16:9 tile in the detector's input."""
SHADE = 4
"""Gray levels of grain on drawn skin and cloth."""
NIGHT, SLOPED, GLARE = 0.15, 0.35, 0.08
"""How often a scene is nearly dark, lit from one side, or has the glare of a screen or a lamp in it."""
LABELLED, ICONS, SPEAKING = 0.75, 0.12, 0.1
"""Of the tiles that the client draws over, how many show a name, a hand or a button, the speaker's frame."""
LENSES = (0.25, 0.08, 0.67)
"""How often a picture is out of focus, dragged by a movement, or sharp."""
GRAINY, SENT_SMALL, COMPRESSED, VP8 = 0.4, 0.3, 0.5, 0.15
"""How often it is noisy, sent at a lower resolution, compressed; and of those as VP8's key frames instead of JPEG."""
LABEL_HEIGHT = 0.11, 0.17
"""Height of a name label, as shares of the tile's: 20 px in tiles of 190 to 120 px."""


def mask(picture: np.ndarray, face: np.ndarray, draw: np.random.Generator) -> None:
    """A cloth mask from the bridge of the nose to below the chin."""
    right_eye, left_eye, nose, right_mouth, left_mouth = landmarks_of(face)
    down = (right_mouth + left_mouth - right_eye - left_eye) / 2
    bridge = nose - draw.uniform(0.05, 0.4) * down
    right, left = right_eye + 0.35 * (right_eye - left_eye), left_eye + 0.35 * (left_eye - right_eye)
    chin = (right_mouth + left_mouth) / 2 + draw.uniform(0.5, 0.75) * down
    outline = [right + 0.45 * down, bridge, left + 0.45 * down, left + 0.95 * down]
    outline += [(chin + left_mouth) / 2, chin, (chin + right_mouth) / 2, right + 0.95 * down]
    level = draw.uniform(10, 250)
    _fill(picture, np.array(outline), level, draw)
    if draw.random() < 0.5:  # folds
        for share in (0.3, 0.6):
            start, end = (_point(side + share * 0.9 * down + 0.3 * down) for side in (right, left))
            cv2.line(picture, start, end, int(max(level - 25, 0)), 1, cv2.LINE_AA)


def glasses(picture: np.ndarray, face: np.ndarray, draw: np.random.Generator) -> None:
    """Glasses with thin or thick rims, now and then dark."""
    eyes = landmarks_of(face)[:2]
    across = eyes[1] - eyes[0]
    span, angle = float(np.hypot(*across)), float(np.degrees(np.arctan2(across[1], across[0])))
    if span < 4:
        return
    level, dark = int(draw.integers(0, 90)), draw.random() < 0.2
    axes = max(int(span * draw.uniform(0.3, 0.42)), 1), max(int(span * draw.uniform(0.2, 0.34)), 1)
    thick = max(1, round(span * draw.uniform(0.02, 0.08)))
    for eye in eyes:
        cv2.ellipse(picture, _point(eye), axes, angle, 0, 360, level, -1 if dark else thick, cv2.LINE_AA)
    bridge = [eyes.mean(0) + sign * 0.12 * across for sign in (-1, 1)]
    cv2.line(picture, _point(bridge[0]), _point(bridge[1]), level, thick, cv2.LINE_AA)


def headphones(picture: np.ndarray, face: np.ndarray, draw: np.random.Generator) -> None:
    """Headphones: a band over the head and cups on the ears."""
    centre, size = (face[:2] + face[2:4]) / 2, face[2:4] - face[:2]
    level, thick = int(draw.integers(0, 200)), max(1, int(size[0] * draw.uniform(0.05, 0.12)))
    axes = [int(size[0] * draw.uniform(0.55, 0.68)), int(size[1] * draw.uniform(0.62, 0.8))]
    cv2.ellipse(picture, _point(centre), axes, 0, 180, 360, level, thick, cv2.LINE_AA)
    for side in (-1, 1):
        ear = centre + np.array([side * axes[0], 0])
        cup = [max(int(size[0] * 0.12), 1), max(int(size[1] * 0.2), 1)]
        cv2.ellipse(picture, _point(ear), cup, 0, 0, 360, level, -1, cv2.LINE_AA)


def hand(picture: np.ndarray, face: np.ndarray, draw: np.random.Generator) -> None:
    """A hand at the chin or a cheek, or before mouth and nose, of the skin's own gray."""
    size = face[2:4] - face[:2]
    skin = _skin(picture, face) + draw.normal(0, 15)
    palm = face[:2] + size * np.array([draw.uniform(0.0, 1.0), draw.uniform(0.72, 1.15)])
    axes = size * draw.uniform(0.16, 0.3, 2)
    towards = face[:2] + size * np.array([0.5, 0.35]) - palm
    aim = np.arctan2(towards[1], towards[0]) + draw.normal(0, 0.5)
    _oval(picture, palm, axes, np.degrees(aim), skin, draw)
    for finger in range(draw.integers(2, 5)):
        angle = aim + (finger - 1.5) * draw.uniform(0.12, 0.25)
        reach = size[1] * draw.uniform(0.22, 0.4)
        tip = palm + reach * np.array([np.cos(angle), np.sin(angle)])
        lit = skin + draw.normal(0, 8)
        _oval(picture, (palm + tip) / 2 * 0.4 + tip * 0.6, (reach / 2, size[0] * 0.055), np.degrees(angle), lit, draw)


def thing(picture: np.ndarray, face: np.ndarray, draw: np.random.Generator) -> None:
    """A cup, a sheet or the edge of something before a part of the face."""
    size = face[2:4] - face[:2]
    centre = face[:2] + size * draw.uniform(-0.1, 1.1, 2)
    half = size * draw.uniform(0.12, 0.35, 2)
    turn = draw.uniform(-0.5, 0.5)
    across, down = np.array([np.cos(turn), np.sin(turn)]) * half[0], np.array([-np.sin(turn), np.cos(turn)]) * half[1]
    corners = [centre + a * across + b * down for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    _fill(picture, np.array(corners), draw.uniform(0, 255), draw)


def nothing(_picture: np.ndarray, _face: np.ndarray, _draw: np.random.Generator) -> None:
    """Most faces have nothing before them."""


def light(picture: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """The picture in other light: gamma, gain, a slope from a window or a lamp; now and then nearly night."""
    height, width = picture.shape
    grown = height / USUAL_HEIGHT
    levels = np.arange(256) / 255.0
    gain = draw.uniform(0.08, 0.35) if draw.random() < NIGHT else draw.uniform(0.55, 1.25)
    table = np.clip(255 * gain * levels ** np.exp(draw.normal(0, 0.35)) + draw.normal(0, 8), 0, 255)
    lit = cv2.LUT(picture, table.astype(np.uint8)).astype(np.float32)
    if draw.random() < SLOPED:
        y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j].astype(np.float32)
        angle = draw.uniform(0, 2 * np.pi)
        lit *= np.clip(1 + draw.uniform(0.2, 1.0) * (x * np.cos(angle) + y * np.sin(angle)), 0.1, 2)
    if draw.random() < GLARE:
        spot = np.zeros((height, width), np.float32)
        cv2.circle(
            spot, (int(draw.integers(width)), int(draw.integers(height))), int(draw.uniform(8, 40) * grown), 1.0, -1
        )
        lit += 200 * cv2.GaussianBlur(spot, (0, 0), 12 * grown)
    return np.clip(lit, 0, 255).astype(np.uint8)


def overlays(picture: np.ndarray, draw: np.random.Generator) -> None:
    """What the client draws over a tile: the name, icons, the frame of who speaks."""
    height, width = picture.shape
    tall = int(height * draw.uniform(*LABEL_HEIGHT))
    if draw.random() < LABELLED:
        wide = int(draw.uniform(0.15, 0.6) * width)
        bar = picture[height - tall :, :wide]
        bar[:] = (bar * draw.uniform(0.2, 0.7)).astype(np.uint8)
        text = "".join(draw.choice(list("abcdefghijklmnopqrstuvwxyz "), max(wide // 6, 2)))
        cv2.putText(picture, text, (3, height - tall // 3), 0, tall / 34, 240, 1, cv2.LINE_AA)
    if draw.random() < ICONS:
        side = int(draw.uniform(0.08, 0.2) * height)
        corner = int(draw.choice([2, width - side - 2])), int(draw.choice([2, height // 2]))
        cv2.rectangle(picture, corner, (corner[0] + side, corner[1] + side), int(draw.integers(0, 256)), -1)
    if draw.random() < SPEAKING:
        cv2.rectangle(picture, (0, 0), (width - 1, height - 1), int(draw.integers(120, 256)), int(draw.integers(1, 4)))


def camera(picture: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """The picture after lens, sensor, network and client: blurred, noisy, sent small, compressed."""
    height, width = picture.shape
    lens = draw.choice(len(LENSES), p=LENSES)
    if lens == 0:
        picture = cv2.GaussianBlur(picture, (0, 0), draw.uniform(0.4, 1.6) * height / USUAL_HEIGHT)
    elif lens == 1:
        picture = _dragged(picture, draw)
    if draw.random() < GRAINY:
        grain = draw.standard_normal(picture.shape, np.float32) * draw.uniform(1, 7)
        picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
    if draw.random() < SENT_SMALL:
        sent = draw.uniform(0.42, 0.9)
        small = cv2.resize(picture, (round(width * sent), round(height * sent)), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if draw.random() < COMPRESSED:
        kind, setting = ((".jpg", cv2.IMWRITE_JPEG_QUALITY), (".webp", cv2.IMWRITE_WEBP_QUALITY))[draw.random() < VP8]
        _, packed = cv2.imencode(kind, picture, [setting, int(draw.integers(15, 90))])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))
    return picture


def _dragged(picture: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """The blur of a movement."""
    length, angle = round(int(draw.integers(3, 8)) * len(picture) / USUAL_HEIGHT), draw.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    middle, reach = (length - 1) / 2, (length - 1) / 2 * np.array([np.cos(angle), np.sin(angle)])
    cv2.line(kernel, _point(middle - reach), _point(middle + reach), 1.0, 1)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def _skin(picture: np.ndarray, face: np.ndarray) -> float:
    """The gray of a face's middle."""
    height, width = picture.shape
    left, top, right, bottom = face[:4]
    x = np.clip([left + 0.3 * (right - left), left + 0.7 * (right - left)], 0, width).astype(int)
    y = np.clip([top + 0.3 * (bottom - top), top + 0.7 * (bottom - top)], 0, height).astype(int)
    middle = picture[y[0] : y[1], x[0] : x[1]]
    return float(middle.mean()) if middle.size else 128.0


def _oval(
    picture: np.ndarray, centre: np.ndarray, axes: object, angle_deg: float, level: float, draw: np.random.Generator
) -> None:
    wide, tall = (max(int(axis), 1) for axis in np.asarray(axes, float))
    level = float(np.clip(level, 0, 255))
    cv2.ellipse(picture, _point(centre), (wide, tall), angle_deg, 0, 360, int(level), -1, cv2.LINE_AA)
    rim = int(np.clip(level - draw.uniform(5, 35), 0, 255))
    cv2.ellipse(picture, _point(centre), (wide, tall), angle_deg, 0, 360, rim, 1, cv2.LINE_AA)


def _fill(picture: np.ndarray, outline: np.ndarray, level: float, draw: np.random.Generator) -> None:
    """A polygon of one gray with a little shade."""
    shape = np.zeros(picture.shape, np.uint8)
    cv2.fillPoly(shape, [np.round(outline).astype(int)], 255, cv2.LINE_AA)
    slope = np.linspace(-1, 1, picture.shape[1]) * draw.uniform(-40, 40)
    cloth = np.clip(level + slope + draw.normal(0, SHADE, picture.shape), 0, 255)
    share = shape / 255.0
    picture[:] = (picture * (1 - share) + cloth * share).astype(np.uint8)


def _point(place: object) -> tuple[int, int]:
    x, y = np.broadcast_to(np.asarray(place, float), 2)
    return round(float(x)), round(float(y))
