"""Tiles of a video call, composed from labelled people, drawn rooms and real-life trouble.

A scene is gray and made at the size of the detector's input, ``inference.crops.TILE_WIDTH`` x ``TILE_HEIGHT``, or at
that of a tile on the screen, which is so many times larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inference.crops import TILE_HEIGHT, TILE_WIDTH
from training.face.faces import FACE_COLUMNS, boxes_as_faces, centred, moved, overlap
from training.face.scenes import trouble
from training.face.scenes.backdrops import Backdrops, emptied
from training.face.scenes.cutouts import Cutout, head, person
from training.face.scenes.people import blended, put_back_of_head, reduced, seat
from training.face.sources import Photo, Sources

CELL_HEIGHT = TILE_WIDTH * 9 // 16
"""Height in pixels of a 16:9 tile in the input; what remains above and below is black."""
NATURAL, EMPTY = 0.3, 0.2
"""Shares of scenes with one photo as it is and of those without people; in the rest people are pasted."""
WHOLE_HEADS = 0.35
"""Of the photos as they are, how many are head pictures: each shows another person."""
PICTURE_WIDTHS = ((192, 0.72), (144, 0.12), (173, 0.06), (81, 0.05), (61, 0.05))
"""Widths of the picture in its cell and how often: 16:9, 4:3, 16:10, tall tablets and phones."""
BAR_LEVELS = (0, 0, 26, 34)
FACE_SHARE = (0.13, 1.0)
"""Height of faces as shares of the picture's, drawn evenly on a logarithmic scale: from the end of a room to
a face that fills the tile."""
USUAL_SHARE, USUAL_DEVIATION, USUAL = 0.42, 0.13, 0.45
"""How most people sit before a camera, and how many of the faces are drawn so instead."""
FILLED = 0.85
"""Least height of a photo in its tile, as a share."""
PEOPLE = (0.78, 0.13, 0.06, 0.03)
"""How often one, two, three and four people are pasted."""
KINDS = (0.4, 0.35, 0.25)
"""Of pasted people, how many are cut from photos, from head pictures and from FER2013."""
DECOYS = (0.15, 0.2, 0.1, 0.55)
"""How often a scene without people shows a face in pieces, somebody from behind, a hand, or only its backdrop."""
WORN = ((0.1, trouble.headphones), (0.1, trouble.glasses))
COVERS = ((0.12, trouble.mask), (0.1, trouble.hand), (0.06, trouble.thing), (0.72, trouble.nothing))
"""What is drawn on and before faces, and how often; many photos have masks, glasses and hands of their own."""
ELSEWHERE = 0.5
"""How often another room shows where a photo does not fill its picture; else its own border goes on."""
LARGEST_OF_MANY, APART = 0.6, 0.1
"""Largest share of a face, and overlap with others, where several people are pasted."""
HALF_OUT, OVERLAID = 0.12, 0.5
"""How often somebody sits half out of the picture, and how often the client draws over a tile."""
LEAST_SEEN = 0.45
"""Share of a face inside the picture from which it has to be found."""
LEAST_HEIGHT = 11.0
"""Height in pixels below which a face is too small to ask for: a tenth of the tile."""
COVERED = 0.45
"""Share of a face behind another person from which nobody is asked to find it."""
MOST_COVERED = 0.85
CHANGED = 8
"""Gray levels by which a pixel differs when somebody came before it."""
LEAST_CONTRAST = 6.0
"""Deviation of a face's gray levels below which the night has swallowed it."""
TILT_DEVIATION_DEG, LYING_DEG, LYING = 11.0, 50.0, 0.05
"""Spread of tilts, and how far and how often somebody lies."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A tile uint8 (112, 192), or so many times larger, with its faces.

    ``faces`` (F, 14) are to be found in it, what lies on ``doubtful`` places (D, 14) is not judged.
    """

    picture: np.ndarray
    faces: np.ndarray
    doubtful: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """Whoever appears: photos as they are, and cut-outs by ``KINDS``."""

    photos: list[Photo]
    head_photos: list[Photo]
    cutouts: tuple[list[Cutout], list[Cutout], list[Cutout]]
    empties: list[np.ndarray]


def cast_of(sources: Sources) -> Cast:
    """Cut all people out and empty their rooms; takes about 0.1 s a photo."""
    bodies, empties = [], []
    for photo in sources.photos:
        cut = person(photo)
        if cut is not None:
            bodies.append(cut)
            room = emptied(photo, cut)
            empties += [] if room is None else [room]
    heads = [head(photo) for photo in sources.heads]
    return Cast(sources.photos, sources.heads, (bodies, heads, [head(photo) for photo in sources.tight]), empties)


class Composer:
    """Makes scenes of a cast, ``zoom`` times as large as the detector's input; each depends on the generator alone."""

    def __init__(self, cast: Cast, zoom: float = 1.0) -> None:
        self._cast, self._zoom = cast, zoom
        self._height = round(CELL_HEIGHT * zoom)
        self._backdrops = Backdrops(cast.empties)

    def scene(self, draw: np.random.Generator) -> Scene:
        """One scene with people, or without."""
        width = round(self._zoom * draw.choice([w for w, _ in PICTURE_WIDTHS], p=[p for _, p in PICTURE_WIDTHS]))
        kind = draw.random()
        if kind < EMPTY:
            picture, faces, doubtful = self._empty(draw, width), _none(), _none()
        elif kind < EMPTY + NATURAL:
            picture, faces, doubtful = self._natural(draw, width)
        else:
            picture, faces, doubtful = self._staged(draw, width)
        faces, doubtful = judged(faces, doubtful, width, self._height, LEAST_HEIGHT * self._zoom)
        picture = trouble.light(picture, draw)
        seen = np.array([_contrast(picture, face) >= LEAST_CONTRAST for face in faces], bool)
        faces, doubtful = faces[seen], np.concatenate([doubtful, faces[~seen]])
        return _finished(picture, faces, doubtful, draw, self._zoom)

    def _empty(self, draw: np.random.Generator, width: int) -> np.ndarray:
        picture = self._backdrops.draw(draw, width, self._height, empty=True)
        decoy = draw.choice(len(DECOYS), p=DECOYS)
        if decoy == 0:
            self._put_scrambled_face(picture, draw)
        elif decoy == 1:
            put_back_of_head(picture, draw)
        elif decoy == 2:
            spot = np.array([[*draw.uniform(0, 60, 2), *draw.uniform(70, 150, 2)]]) * self._zoom
            trouble.hand(picture, boxes_as_faces(spot)[0], draw)
        return picture

    def _natural(self, draw: np.random.Generator, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A photo with its own background; where it ends its border goes on, or another room is behind it."""
        photos = self._cast.head_photos if draw.random() < WHOLE_HEADS else self._cast.photos
        photo = photos[draw.integers(len(photos))]
        target = photo.faces[int(np.argmax(photo.faces[:, 3] - photo.faces[:, 1]))]
        # Small enough a photo would float in the tile as a card: it covers most of the height.
        least = FILLED * float(target[3] - target[1]) / photo.gray.shape[0]
        share = max(_share(draw), min(draw.uniform(least, 1.6 * least), 1))
        size = width, self._height
        matrix = _placement(target, share, draw, size, alone=True)
        source, small = reduced(photo.gray, matrix)
        small = centred(small)
        picture = cv2.warpAffine(source, small, size, borderMode=cv2.BORDER_REPLICATE)
        inside = cv2.warpAffine(np.full_like(source, 255), small, size)
        behind = self._backdrops.draw(draw, *size) if draw.random() < ELSEWHERE else cv2.blur(picture, (9, 9))
        picture = blended(behind, picture, inside)
        faces = moved(photo.faces, matrix)
        for face in faces:
            self._disturb(picture, face, draw)
        return picture, faces, moved(photo.doubtful, matrix)

    def _staged(self, draw: np.random.Generator, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """People before a backdrop, the far ones first."""
        size = width, self._height
        picture = self._backdrops.draw(draw, *size)
        count = 1 + int(draw.choice(len(PEOPLE), p=PEOPLE))
        most = FACE_SHARE[1] if count == 1 else LARGEST_OF_MANY
        faces, hidden = _none(), _none()
        for share in sorted(min(_share(draw), most) for _ in range(count)):
            cut = self._somebody(draw)
            matrix = _placement(cut.face, share, draw, size, alone=count == 1)
            face = moved(cut.face[None], matrix)
            if len(faces) and overlap(face, faces).max() > APART:
                continue
            before = picture.copy()
            seat(picture, cut, matrix, draw)
            behind = np.array([_mean_in(cv2.absdiff(before, picture) > CHANGED, other) for other in faces])
            hidden = np.concatenate([hidden, faces[(behind > COVERED) & (behind < MOST_COVERED)]])
            faces = np.concatenate([faces[behind <= COVERED] if len(faces) else faces, face])
            self._disturb(picture, face[0], draw)
        return picture, faces, hidden

    def _somebody(self, draw: np.random.Generator) -> Cutout:
        chances = np.array([chance * bool(group) for chance, group in zip(KINDS, self._cast.cutouts, strict=True)])
        group = self._cast.cutouts[int(draw.choice(len(KINDS), p=chances / chances.sum()))]
        return group[draw.integers(len(group))]

    def _disturb(self, picture: np.ndarray, face: np.ndarray, draw: np.random.Generator) -> None:
        """Perhaps something before this face."""
        if np.isnan(face).any():
            return
        for chance, put in WORN:
            if draw.random() < chance:
                put(picture, face, draw)
        covers = draw.choice(len(COVERS), p=[chance for chance, _ in COVERS])
        COVERS[covers][1](picture, face, draw)

    def _put_scrambled_face(self, picture: np.ndarray, draw: np.random.Generator) -> None:
        """Parts of a face in the wrong order: what looks like skin and hair but is no face."""
        cut = self._cast.cutouts[2][draw.integers(len(self._cast.cutouts[2]))]
        side = int(draw.uniform(24, 70) * self._zoom) // 3 * 3
        parts = cv2.resize(cut.gray, (side, side)).reshape(3, side // 3, 3, side // 3).transpose(0, 2, 1, 3)
        mixed = draw.permutation(parts.reshape(9, side // 3, side // 3)).reshape(3, 3, side // 3, side // 3)
        left, top = int(draw.integers(0, picture.shape[1])), int(draw.integers(0, self._height))
        place = picture[top : top + side, left : left + side]
        place[:] = mixed.transpose(0, 2, 1, 3).reshape(side, side)[: place.shape[0], : place.shape[1]]


def _none() -> np.ndarray:
    return np.empty((0, FACE_COLUMNS), np.float32)


def _share(draw: np.random.Generator) -> float:
    if draw.random() < USUAL:
        return float(np.clip(draw.normal(USUAL_SHARE, USUAL_DEVIATION), *FACE_SHARE))
    low, high = np.log(FACE_SHARE)
    return float(np.exp(draw.uniform(low, high)))


def _placement(
    face: np.ndarray, share: float, draw: np.random.Generator, size: tuple[int, int], alone: bool
) -> np.ndarray:
    """The map (2, 3) from a source to a picture of this width and height that gives the face this share of the height
    somewhere sensible."""
    lying = draw.random() < LYING
    angle = draw.uniform(-LYING_DEG, LYING_DEG) if lying else draw.normal(0, TILT_DEVIATION_DEG)
    scale = share * size[1] / (face[3] - face[1])
    sine, cosine = scale * np.sin(np.radians(angle)), scale * np.cos(np.radians(angle))
    linear = np.array([[cosine, sine], [-sine, cosine]])
    linear[0] *= draw.normal(1, 0.04)
    if draw.random() < 0.5:
        linear[:, 0] *= -1
    half = share / 2
    x = draw.normal(0.5, 0.15) if alone else draw.uniform(0.05, 0.95)
    y = draw.uniform(min(half, 0.4), max(1 - half, 0.6))
    if draw.random() < HALF_OUT:
        x, y = (draw.choice([0.0, 1.0]), y) if draw.random() < 0.5 else (x, draw.choice([0.0, 1.0], p=[0.35, 0.65]))
        x, y = x + draw.normal(0, 0.03), y + draw.normal(0, 0.03)
    centre = (face[:2] + face[2:4]) / 2
    return np.column_stack([linear, np.array([x, y]) * size - linear @ centre])


def _mean_in(mask: np.ndarray, face: np.ndarray) -> float:
    """The share of a face's box, 0 to 1, where something is true."""
    left, top, right, bottom = np.maximum(face[:4], 0).astype(int)
    part = mask[top:bottom, left:right]
    return float(part.mean()) if part.size else 0.0


def _contrast(picture: np.ndarray, face: np.ndarray) -> float:
    left, top, right, bottom = face[:4].astype(int)
    return float(picture[top : bottom + 1, left : right + 1].std())


def judged(
    faces: np.ndarray, doubtful: np.ndarray, width: int, height: int, least_height: float = LEAST_HEIGHT
) -> tuple[np.ndarray, np.ndarray]:
    """Faces cut to the picture; those of which too little is left, or that are too small, become doubtful."""
    everyone = np.concatenate([faces, doubtful])
    asked = np.arange(len(everyone)) < len(faces)
    whole = np.prod(everyone[:, 2:4] - everyone[:, :2], axis=1)
    everyone[:, [0, 2]] = np.clip(everyone[:, [0, 2]], 0, width)
    everyone[:, [1, 3]] = np.clip(everyone[:, [1, 3]], 0, height)
    seen = np.prod(everyone[:, 2:4] - everyone[:, :2], axis=1) / np.maximum(whole, 1e-6)
    there = (seen > 0) & (np.minimum(*(everyone[:, 2:4] - everyone[:, :2]).T) >= 2)
    good = asked & (seen >= LEAST_SEEN) & (everyone[:, 3] - everyone[:, 1] >= least_height)
    return everyone[good & there], everyone[~good & there]


def _finished(
    picture: np.ndarray, faces: np.ndarray, doubtful: np.ndarray, draw: np.random.Generator, zoom: float
) -> Scene:
    """The picture in its cell with bars, in the input, and with all that camera and client add."""
    height, width = picture.shape
    whole = np.zeros((round(TILE_HEIGHT * zoom), round(TILE_WIDTH * zoom)), np.uint8)
    left, top = (whole.shape[1] - width) // 2, (whole.shape[0] - height) // 2
    picture = trouble.camera(picture, draw)
    if draw.random() < OVERLAID:
        trouble.overlays(picture, draw)
    whole[top : top + height] = draw.choice(BAR_LEVELS)
    whole[top : top + height, left : left + width] = picture
    shift = np.array([[1, 0, left], [0, 1, top]], float)
    return Scene(whole, moved(faces, shift), moved(doubtful, shift))
