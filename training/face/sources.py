"""The labelled pictures that scenes are made of: people in front of their own background, heads and faces.

Where a folder has no boxes the reference detector labels it. Training and validation share no person: sheets, clips
and runs of pictures are split as wholes, FER2013 by its own parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from domain import ClassmoodError
from training import data as fer2013
from training.face.detectors import Reference
from training.face.faces import FACE_COLUMNS, boxes_as_faces, overlap

LARGEST_SIDE = 360
"""Photos are kept at this many pixels: a tile's input is a third of it."""
HEAD_SIDE, HEADS_A_ROW = 112, 10
CLIP_FRAMES = 40
"""Frames taken from a clip, evenly: neighbours look the same."""
SURE = 0.8
"""Score from which a face that the reference alone found is taken for true."""
DOUBTFUL = 0.5
"""Below ``SURE`` and above this a place is neither face nor background: it is left out of the loss."""
SAME = 0.35
"""Overlap from which a box drawn by hand and one of the reference are one face; the reference's then counts, as its
boxes go from hairline to chin like those of the galleries."""
VALIDATION_CLIPS = ("d18", "s18")
VALIDATION_SHARE = 0.12
FER2013_FACES = {"train": 7000, "validation": 800}
MARGIN = 0.4
"""Border around a tight picture, as a share of its side, so that the reference sees the head whole."""
LABELLED_SIDE = 200
"""Pixels to which such a picture, with its border, is brought for the reference."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A gray picture uint8 (H, W), its faces (F, 14) and places (D, 14) where nobody knows whether a face is."""

    gray: np.ndarray
    faces: np.ndarray
    doubtful: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Everything one split is made of: whole photos, head pictures (one face each) and FER2013's tight faces."""

    photos: list[Photo]
    heads: list[Photo]
    tight: list[Photo]


def load(folder: Path, limit: int | None = None) -> dict[str, Sources]:
    """The sources by split, ``train`` and ``validation``; at most about ``limit`` of each folder (for a sample).

    Raises ClassmoodError when a folder is missing.
    """
    reference = Reference(folder, DOUBTFUL)
    splits = {name: Sources([], [], []) for name in ("train", "validation")}
    for name, gray, boxes in _photos(folder, limit):
        photo = labelled(gray, reference, boxes)
        splits[name].photos.extend([photo] if len(photo.faces) else [])
    for name, gray in heads(folder / "faces" / "heads", limit):
        splits[name].heads.extend(_single(gray, reference))
    for name, gray in _fer2013(folder / "fer2013", limit):
        splits[name].tight.extend(_single(gray, reference))
    return splits


def labelled(gray: np.ndarray, reference: Reference, boxes: np.ndarray | None = None) -> Photo:
    """A picture with its faces: those drawn by hand (B, 4), with the reference's landmarks, and those it adds."""
    found, scores = _found_at_both_sizes(gray, reference)
    given = np.empty((0, 4), np.float32) if boxes is None else boxes
    matched = overlap(found, given) >= SAME if len(found) and len(given) else np.zeros((len(found), len(given)), bool)
    sure = matched.any(axis=1) | (scores >= SURE)
    faces = np.concatenate([found[sure], boxes_as_faces(given[~matched.any(axis=0)])])
    return Photo(gray, faces, found[~sure])


def _found_at_both_sizes(gray: np.ndarray, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """Faces as ``Reference.find`` gives them, also those that fill the picture: it sees them when they are smaller."""
    margin = round(MARGIN * min(gray.shape))
    wide = cv2.copyMakeBorder(gray, *[margin] * 4, borderType=cv2.BORDER_REPLICATE)
    far, far_scores = reference.find_steady(cv2.resize(wide, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    near, near_scores = reference.find_steady(gray)
    far = far * 2 - margin
    # Inside a close-up the near view now and then takes hair or an ear for a face of its own.
    inside = (_share_inside(near, far) > 0.8) & (near_scores[:, None] < far_scores)
    keep = ~inside.any(axis=1) if len(far) and len(near) else np.ones(len(near), bool)
    near, near_scores = near[keep], near_scores[keep]
    new = ~(overlap(far, near) > 0.1).any(axis=1) if len(far) and len(near) else np.ones(len(far), bool)
    return np.concatenate([near, far[new]]), np.concatenate([near_scores, far_scores[new]])


def _share_inside(faces: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which share (A, B) of each face (A, 14) lies in each of the others (B, 14) of more than twice its area."""
    first, second = faces[:, None, :4], others[None, :, :4]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    area, other = (np.prod(part[..., 2:] - part[..., :2], axis=-1) for part in (first, second))
    return np.where(other > 2 * area, np.prod(np.maximum(sides, 0), axis=-1) / np.maximum(area, 1e-6), 0.0)


def _photos(folder: Path, limit: int | None) -> Iterator[tuple[str, np.ndarray, np.ndarray | None]]:
    portraits = _some(sorted((folder / "faces" / "portraits").glob("*.webp")), limit)
    for path, split in zip(portraits, _splits(len(portraits)), strict=True):
        yield split, _shrunk(_read(path))[0], None
    boxes: dict[str, list[list[int]]] = {}
    for row in json.loads((folder / "faces" / "masked" / "boxes.json").read_text("utf-8")):
        boxes.setdefault(row["image"], []).append(row["box"])
    masked = _some(sorted(boxes, key=_in_order), limit)
    for name, split in zip(masked, _splits(len(masked)), strict=True):
        gray, scale = _shrunk(_read(folder / "faces" / "masked" / name))
        yield split, gray, np.array(boxes[name], np.float32) * scale
    for path in _some(sorted((folder / "clips").glob("*.mp4")), limit):
        split = "validation" if path.stem in VALIDATION_CLIPS else "train"
        for frame in _frames(path):
            yield split, _shrunk(frame)[0], None


def _in_order(name: str) -> tuple[str, int]:
    """Sorts names by their words and then by their number, so that pictures taken in a row stand together."""
    return re.sub(r"\d", "", name), int(re.sub(r"\D", "", name) or 0)


def _splits(count: int) -> list[str]:
    """The last of a row of pictures are for validation: neighbours often show one person."""
    kept = round(count * (1 - VALIDATION_SHARE))
    return ["train"] * kept + ["validation"] * (count - kept)


def heads(folder: Path, limit: int | None) -> Iterator[tuple[str, np.ndarray]]:
    """The head crops uint8 (112, 112) of a folder of sheets, each with the name of its split."""
    sheets = _some(sorted(folder.glob("*.webp")), limit and max(2, limit // HEADS_A_ROW**2))
    if not sheets:
        raise ClassmoodError(f"expected sheets of heads in {folder}, found none; pass the data's folder with --data")
    for path, split in zip(sheets, [*_splits(len(sheets) - 1), "validation"], strict=True):
        sheet = _read(path)
        for row in range(HEADS_A_ROW):
            for column in range(HEADS_A_ROW):
                top, left = row * HEAD_SIDE, column * HEAD_SIDE
                yield split, sheet[top : top + HEAD_SIDE, left : left + HEAD_SIDE]


def _fer2013(folder: Path, limit: int | None) -> Iterator[tuple[str, np.ndarray]]:
    faces = fer2013.load(folder)
    for split, usage in (("train", fer2013.TRAINING), ("validation", fer2013.PUBLIC)):
        images = faces.part(usage).images
        count = min(FER2013_FACES[split], limit or len(images))
        for row in np.random.default_rng(usage).permutation(len(images))[:count]:
            yield split, images[row]


def _single(gray: np.ndarray, reference: Reference) -> list[Photo]:
    """A small picture of one head with its surest face, or nothing where the reference finds none.

    It is labelled at a size and with a margin that the reference is used to.
    """
    wide, zoom, margin = with_room(gray)
    found, _ = reference.find_steady(wide)
    return [Photo(gray, found[:1] / zoom - margin, np.empty((0, FACE_COLUMNS), np.float32))] if len(found) else []


def with_room(gray: np.ndarray) -> tuple[np.ndarray, float, int]:
    """A tight square picture enlarged with a margin, by how much it was enlarged, and the margin in its own pixels."""
    margin = round(MARGIN * len(gray))
    wide = cv2.copyMakeBorder(gray, *[margin] * 4, borderType=cv2.BORDER_REPLICATE)
    zoom = LABELLED_SIDE / len(wide)
    return cv2.resize(wide, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), zoom, margin


def _some(items: list, limit: int | None) -> list:
    """All of a list, or about ``limit`` of it, evenly."""
    return items if limit is None else items[:: max(1, len(items) // limit)]


def _read(path: Path) -> np.ndarray:
    gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if gray is None:
        raise ClassmoodError(f"expected a picture at {path}, found none or a damaged one; unpack the data again")
    return np.asarray(gray)


def _frames(path: Path) -> Iterator[np.ndarray]:
    clip = cv2.VideoCapture(str(path))
    count = int(clip.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = set(np.linspace(0, count - 1, CLIP_FRAMES).astype(int).tolist())
    for index in range(count):
        there, frame = clip.read()
        if there and index in wanted:
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    clip.release()


def _shrunk(gray: np.ndarray) -> tuple[np.ndarray, float]:
    """A picture of at most ``LARGEST_SIDE`` and by how much it was scaled."""
    scale = min(1.0, LARGEST_SIDE / max(gray.shape))
    return (cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray), scale
