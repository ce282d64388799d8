"""How faces found by our detector must be framed for the emotion network, which knows FER2013's frame.

FER2013's pictures are put into tiles, so that the right frame is known, found there, cropped as the live path does, and
read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from domain import Box
from inference.crops import face_crops
from training import data as fer2013
from training.evaluate import load_model, predict_all
from training.face.detectors import Detector
from training.face.faces import boxes_as_faces, centred, landmarks_of, moved, overlap
from training.face.scenes.cutouts import head
from training.face.scenes.people import seat
from training.face.sources import Photo

TILE = (336, 189)
"""Width and height in pixels of a tile on a page of 25 at 1920x1080."""
SIDES = (52, 110)
"""Sides of the pasted pictures in pixels: faces of 27 % to 58 % of the tile's height."""
TILT_DEVIATION_DEG = 12.0
FOUND = 0.3
"""Overlap with the picture's middle from which the box is its face's."""


def framing(detector: Detector, emotion: Path, data: Path, faces: int) -> dict[str, Any]:
    """Where faces lie in FER2013's frame, and which share of emotions (FER+ majorities) is read right in a tile.

    Accuracy on the public test set is of crops of the known frame, of the detector's box and of it turned upright, with
    upright and with tilted heads.
    """
    table = fer2013.load(data / "fer2013").part(fer2013.PUBLIC)
    truth = fer2013.majority(table.votes)
    rows = np.random.default_rng(1).permutation(np.flatnonzero(truth >= 0))[:faces]
    predict = load_model(emotion)
    found: dict[str, Any] = {"faces": len(rows)}
    for name, tilt in (("upright", 0.0), ("tilted", TILT_DEVIATION_DEG)):
        crops, shapes, kept = _crops(detector, table.images[rows], tilt)
        found[name] = {"found": round(len(kept) / len(rows), 4)} | {
            way: round(float((predict_all(predict, part)["probs"].argmax(axis=1) == truth[rows[kept]]).mean()), 4)
            for way, part in crops.items()
        }
        if not tilt:
            size, drop = np.median(shapes, axis=0)
            found |= {"face_share": round(float(size), 3), "face_drop": round(float(drop), 3)}
    return found


def _crops(
    detector: Detector, images: np.ndarray, tilt_deg: float
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Crops by way, uint8 (K, 48, 48) each; size and drop of the faces in their frames (K, 2); which images, (K,)."""
    crops: dict[str, list[np.ndarray]] = {"known frame": [], "box": [], "box turned upright": []}
    shapes, kept = [], []
    for index, image in enumerate(images):
        draw = np.random.default_rng((3, index))
        tile, matrix = _pasted(image, draw.normal(0, tilt_deg), draw)
        faces, _ = detector.find(tile)
        side = float(np.sqrt(np.linalg.det(matrix[:, :2]))) * len(image)
        middle = matrix @ [len(image) / 2, len(image) / 2, 1]
        core = np.array([[*(middle - side * 0.4), *(middle + side * 0.4)]])
        good = np.flatnonzero(overlap(faces, core)[:, 0] >= FOUND)
        if not len(good):
            continue
        face, colour = faces[good[0]], cv2.cvtColor(tile, cv2.COLOR_GRAY2BGR)
        box = Box(*(round(float(edge)) for edge in face[:4]))
        frame = cv2.warpAffine(tile, centred(matrix), image.shape[::-1], flags=cv2.WARP_INVERSE_MAP | cv2.INTER_AREA)
        crops["known frame"].append(frame)
        crops["box"].append(face_crops(colour, [box])[0])
        crops["box turned upright"].append(_upright(colour, face))
        shapes.append((np.sqrt(np.prod(face[2:4] - face[:2])) / side, ((face[1] + face[3]) / 2 - middle[1]) / side))
        kept.append(index)
    return {way: np.stack(part) for way, part in crops.items()}, np.array(shapes), np.array(kept)


def _pasted(image: np.ndarray, angle_deg: float, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The head of a FER2013 picture with drawn shoulders before a plain wall, and the map (2, 3) that put it there."""
    scale = draw.uniform(*SIDES) / len(image)
    place = np.array(TILE) / 2 + draw.uniform(-0.15, 0.15, 2) * TILE
    turn = cv2.getRotationMatrix2D((len(image) / 2, len(image) / 2), angle_deg, scale)
    turn[:, 2] += place - len(image) / 2
    tile = np.full(TILE[::-1], draw.integers(30, 220), np.uint8)
    core = boxes_as_faces(np.array([[0.12, 0.03, 0.88, 1.03]]) * len(image))
    seat(tile, head(Photo(image, core, core[:0])), turn, draw)
    return tile, turn


def _upright(image: np.ndarray, face: np.ndarray) -> np.ndarray:
    """The crop uint8 (48, 48) of a face after the picture was turned so that its eyes are level."""
    right_eye, left_eye = landmarks_of(face)[:2]
    across = left_eye - right_eye
    centre = ((face[:2] + face[2:4]) / 2).tolist()
    turn = cv2.getRotationMatrix2D(centre, float(np.degrees(np.arctan2(across[1], across[0]))), 1.0)
    level = cv2.warpAffine(image, centred(turn), image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    sides = np.sqrt(np.prod(face[2:4] - face[:2]))
    upright = moved(face[None], turn)[0, :4]
    middle, shape = (upright[:2] + upright[2:]) / 2, np.array([0.8, 1.0]) * sides / np.sqrt(0.8)
    return face_crops(level, [Box(*(round(float(edge)) for edge in (*(middle - shape / 2), *(middle + shape / 2))))])[0]
