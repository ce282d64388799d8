"""People put into pictures: seated with shoulders and hair where they have none, or seen from behind."""

from __future__ import annotations

import cv2
import numpy as np

from training.face.faces import centred, moved
from training.face.scenes.backdrops import noise
from training.face.scenes.cutouts import Cutout

HAIR, REACHING = 0.7, 0.7
"""How often a head gets drawn hair, and how often shoulders reach down to the picture's edge: else somebody small
floats before the room, as behind a virtual background."""
ALL_BACK = 0.7
"""How often somebody who looks away has a head at all."""
SMOOTH_ENOUGH = 0.6
"""Scale above which a source may be mapped without being averaged down first."""


def reduced(gray: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A source averaged down before it is mapped to much fewer pixels, and the map of the smaller one."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale > SMOOTH_ENOUGH:
        return gray, matrix
    size = tuple(max(round(side * scale), 2) for side in gray.shape[::-1])
    back = np.diag([gray.shape[1] / size[0], gray.shape[0] / size[1], 1.0])
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA), matrix @ back


def blended(behind: np.ndarray, front: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """One picture before another, as solid as uint8 ``alpha`` says."""
    share = alpha.astype(np.float32) / 255
    return (behind + (front.astype(np.float32) - behind) * share).astype(np.uint8)


def seat(picture: np.ndarray, cut: Cutout, matrix: np.ndarray, draw: np.random.Generator) -> None:
    """Put a person, lit on their own, into a picture of any size, with drawn hair and shoulders if they have none."""
    if not cut.has_body:
        _draw_body(picture, moved(cut.face[None], matrix)[0], draw)
    size = picture.shape[::-1]
    gray, small = reduced(cut.gray, matrix)
    alpha, _ = reduced(cut.alpha, matrix)
    small = centred(small)
    solid = cv2.warpAffine(alpha, small, size)
    lit = cv2.convertScaleAbs(gray, alpha=draw.uniform(0.6, 1.25), beta=draw.uniform(-15, 25))
    picture[:] = blended(picture, cv2.warpAffine(lit, small, size, borderMode=cv2.BORDER_REPLICATE), solid)


def put_back_of_head(picture: np.ndarray, draw: np.random.Generator) -> None:
    """Somebody who looks away: shoulders, a neck and hair, but no face; or shoulders alone."""
    height, width = picture.shape
    wide = draw.uniform(14, 60)
    left, top = draw.uniform(0, width - wide), draw.uniform(-10, height - wide)
    _draw_body(picture, np.array([left, top, left + wide, top + 1.3 * wide]), draw)
    if draw.random() < ALL_BACK:
        centre, axes = (int(left + wide / 2), int(top + 0.6 * wide)), (int(0.55 * wide), int(0.75 * wide))
        hair = np.zeros(picture.shape, np.uint8)
        cv2.ellipse(hair, centre, axes, float(draw.normal(0, 8)), 0, 360, 255, -1, cv2.LINE_AA)
        picture[:] = blended(picture, _cloth(picture, draw), hair)


def _draw_body(picture: np.ndarray, face: np.ndarray, draw: np.random.Generator) -> None:
    """Hair, neck and shoulders for a head that has none; ``face`` begins with its box."""
    (wide, tall), middle = face[2:4] - face[:2], (face[0] + face[2]) / 2
    drop = face[3] + draw.uniform(0.0, 0.3) * tall
    if draw.random() < HAIR:
        crown = int(middle), int(face[1] + draw.uniform(0.3, 0.5) * tall)
        axes = int(wide * draw.uniform(0.6, 0.85)), int(tall * draw.uniform(0.6, 0.9))
        cv2.ellipse(picture, crown, axes, 0, 0, 360, int(draw.uniform(5, 160)), -1, cv2.LINE_AA)
    neck = (int(middle - 0.28 * wide), int(face[3] - 0.3 * tall)), (int(middle + 0.28 * wide), int(drop + 0.3 * tall))
    cv2.rectangle(picture, *neck, int(draw.uniform(60, 220)), -1)
    shoulders, spread = np.zeros(picture.shape, np.uint8), int(wide * draw.uniform(1.0, 1.6))
    chest = int(middle), int(drop + 1.6 * tall)
    cv2.ellipse(shoulders, chest, (spread, int(1.5 * tall)), 0, 0, 360, 255, -1)
    if draw.random() < REACHING:
        cv2.rectangle(shoulders, (chest[0] - spread, chest[1]), (chest[0] + spread, len(picture)), 255, -1)
    picture[:] = blended(picture, _cloth(picture, draw), cv2.GaussianBlur(shoulders, (0, 0), 0.8))


def _cloth(picture: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Something with folds or strands, uint8 like the picture."""
    folds = noise(draw, picture.shape[1], picture.shape[0], draw.uniform(0.4, 1.1))
    return np.clip(draw.uniform(5, 245) + draw.uniform(2, 30) * folds, 0, 255).astype(np.uint8)
