"""How well heads are seen to turn, on real people: python -m benchmarks.gaze [--card] [--json] [--data FOLDER].

Nobody labelled turned heads. A reference detector's landmarks stand in for the truth: on them it is found how far a
nose stands out (without labels, see ``inference.attention``), and against them the shipped networks' landmarks are
measured: on head crops, from which ``--card`` writes the scale of turns into models/landmarks.json, and on clips, which
no figure was taken from. The first heads and frames of six of the eight clips were among the pictures of training, so
that the last heads and the two other clips are told apart. The data are not part of the project.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import cv2
import numpy as np

from config import ROOT, AttentionSettings, Settings
from domain import Attention, Box, CaptureError, Face, Quality, Tile
from inference.attention import TURNS_KEY, TurnScale, attention_of, turn_scale
from inference.crops import face_crops
from inference.faces import FACE_MODEL, FaceFinder, quality_of
from inference.landmarks import LANDMARK_MODEL

DATA = ROOT.parent / "shared" / "data"
REFERENCE = Path("reference") / "yunet_n_640_640.onnx"
SURE_REFERENCE = 0.85
"""Score of the reference detector from which its landmarks are taken for the truth."""
TILE = (336, 189)
"""Pixels of a tile in a page of 25 at 1080p."""
HEAD_SIDE, SHEET_SIDE, SHEET_HEADS = 150, 112, 100
"""A head crop fills this many pixels of the tile; its own side on the sheets; how many are on a sheet."""
FIRST_SHEETS, HELD_OUT_SHEETS = slice(10), slice(-4, None)
"""Sheets on which noses are measured and from which the scale is taken: a thousand heads, of which enough are turned
far; and those that were kept out of training."""
HELD_OUT_CLIPS = ("d18", "s18")
MIRRORED = (1, 0, 2, 4, 3)
"""In a mirrored picture the right eye is the left one, and so on."""
CLIP_HZ = 4.0
NOSES_ASIDE, FEWEST = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3), 10
"""Distances from the middle line between which noses are compared, and of how many faces at least a mean is taken."""
BINS = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 32.0, 60.0)
"""Degrees between which turns are averaged for the scale."""
LEAST_RISE = 0.3
"""Degrees that the scale rises at least from bin to bin, so that it can be read backwards."""
LEAST_PITCH_SLOPE = 0.5
"""Degrees that a bow must be seen to grow for each degree that it does, else pitch is not told: it has no scale, so a
head bowed by ``attention.max_pitch`` would count as one that looks ahead."""
AS_SEEN = TurnScale()


@dataclass(frozen=True, slots=True)
class Pair:
    """One face as the network and as the reference saw it; ``told`` is what the pipeline makes of the network's.

    ``aside`` is how far the reference's nose stands off the middle line, ``apart`` how far the eyes are apart, both in
    distances from eyes to mouth.
    """

    source: str
    seen: Attention
    meant: Attention
    told: Attention
    aside: float
    apart: float


class Eyes:
    """The shipped network and the reference detector, looking at the same picture."""

    def __init__(self, data: Path) -> None:
        settings = Settings()
        self._settings = settings
        # A face must only be large enough to be read: what its landmarks are worth is what is measured here.
        self._limits: AttentionSettings = settings.attention
        models = ROOT / "models"
        self._scale = turn_scale((models / LANDMARK_MODEL).with_suffix(".json"))
        self._finder = FaceFinder(models / FACE_MODEL, settings.inference.threads)
        self._reference = cv2.FaceDetectorYN.create(str(data / REFERENCE), "", TILE, SURE_REFERENCE)

    def pair(self, source: str, tile: np.ndarray, closer: np.ndarray) -> Pair | None:
        """Both views of the face in a tile, uint8 (H, W, 3); the reference sees it in a larger picture, ``closer``."""
        height, width = tile.shape[:2]
        faces = self._finder.find(tile, [Tile(0, Box(0, 0, width, height), "on")])
        points = self._truth(closer)
        if not faces or points is None:
            return None
        own = max(faces, key=lambda face: face.box.area * face.score)
        quality = quality_of(own, face_crops(tile, [own.box])[0], self._settings.inference)
        reference = Face(0, own.box, 1.0, tuple((float(x), float(y)) for x, y in points))
        seen = attention_of(own, quality, self._limits, AS_SEEN)
        told = attention_of(own, quality, self._limits, self._scale)
        meant = attention_of(reference, Quality(quality.face_height, quality.sharpness), self._limits, AS_SEEN)
        if seen is None or told is None or meant is None or seen.yaw is None or meant.yaw is None:
            return None
        return Pair(source, seen, meant, told, *_measured(points))

    def _truth(self, picture: np.ndarray) -> np.ndarray | None:
        """The reference's landmarks (5, 2) of the largest face, on average in a picture and in its mirror image.

        In one of them alone they lean to one side, by some 4 % of the distance of the eyes.
        """
        seen = [self._largest(picture), self._largest(np.ascontiguousarray(picture[:, ::-1]))]
        if seen[0] is None or seen[1] is None:
            return None
        back = seen[1][list(MIRRORED)] * [-1, 1] + [picture.shape[1], 0]
        return (seen[0] + back) / 2

    def _largest(self, picture: np.ndarray) -> np.ndarray | None:
        self._reference.setInputSize((picture.shape[1], picture.shape[0]))
        _, found = self._reference.detect(picture)
        return None if found is None else max(found, key=lambda row: row[2] * row[3])[4:14].reshape(5, 2)


def _measured(points: np.ndarray) -> tuple[float, float]:
    """Of five landmarks (5, 2): the nose's distance from the middle line, and the eyes' from each other."""
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down = mouth - eyes
    across = np.array([down[1], -down[0]]) / (down @ down)
    return abs(float(across @ (points[2] - eyes))), float(across @ (points[1] - points[0]))


def nose_ahead(pairs: list[Pair]) -> dict[str, float]:
    """How far a nose stands out, by how far it stands aside: how near the eyes have come tells the turn."""
    aside, apart = (np.array([getattr(pair, name) for pair in pairs]) for name in ("aside", "apart"))
    facing = float(np.median(apart[aside < NOSES_ASIDE[0]]))
    found = {"eyes_apart": round(facing, 2)}
    for least, most in pairwise(NOSES_ASIDE):
        inside = (aside >= least) & (aside < most)
        cosine = float(np.median(apart[inside])) / facing if inside.sum() >= FEWEST else 1.0
        if cosine < 1:
            found[f"aside_{least:g}_to_{most:g}"] = round(float(aside[inside].mean() / np.sqrt(1 - cosine**2)), 2)
    return found


def head_pairs(eyes: Eyes, data: Path, sheets: slice) -> Iterator[Pair]:
    """Pairs of the head crops of these sheets, each in the middle of a gray tile."""
    pictures = [np.asarray(cv2.imread(str(path))) for path in sorted((data / "faces" / "heads").iterdir())[sheets]]
    for picture, place in product(pictures, range(SHEET_HEADS)):
        top, left = (SHEET_SIDE * part for part in divmod(place, 10))
        head = picture[top : top + SHEET_SIDE, left : left + SHEET_SIDE]
        tile = np.full((TILE[1], TILE[0], 3), 120, np.uint8)
        x, y = (TILE[0] - HEAD_SIDE) // 2, (TILE[1] - HEAD_SIDE) // 2
        tile[y : y + HEAD_SIDE, x : x + HEAD_SIDE] = cv2.resize(head, (HEAD_SIDE, HEAD_SIDE))
        pair = eyes.pair("heads", tile, cv2.resize(head, (2 * SHEET_SIDE, 2 * SHEET_SIDE)))
        if pair is not None:
            yield pair


def clip_pairs(eyes: Eyes, data: Path) -> Iterator[Pair]:
    """Pairs of the clips' frames, four a second, scaled to the size of a tile."""
    for path in sorted((data / "clips").glob("*.mp4")):
        film = cv2.VideoCapture(str(path))
        every = max(round(film.get(cv2.CAP_PROP_FPS) / CLIP_HZ), 1)
        number = 0
        while True:
            more, picture = film.read()
            if not more:
                break
            if number % every == 0:
                scale = min(TILE[0] / picture.shape[1], TILE[1] / picture.shape[0])
                tile = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                pair = eyes.pair(path.stem, tile, cv2.resize(tile, None, fx=2, fy=2))
                if pair is not None:
                    yield pair
            number += 1


def yaws(pairs: list[Pair]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Degrees as the network shows them, as they are meant, and as the pipeline tells them."""
    columns = ([p.seen.yaw for p in pairs], [p.meant.yaw for p in pairs], [p.told.yaw for p in pairs])
    return tuple(np.array(column, float) for column in columns)  # type: ignore[return-value]


def scale_of(pairs: list[Pair]) -> TurnScale:
    """What the network's turns mean: means of both by the size of the turn, made to rise."""
    seen, meant, _ = yaws(pairs)
    rows = [(0.0, 0.0)]
    for least, most in pairwise(BINS):
        inside = (np.abs(meant) >= least) & (np.abs(meant) < most)
        if inside.sum() >= FEWEST and least > 0:
            mean = float((np.sign(meant) * seen)[inside].mean())
            rows.append((max(mean, rows[-1][0] + LEAST_RISE), float(np.abs(meant)[inside].mean())))
    pitches = np.array([(pair.seen.pitch, pair.meant.pitch) for pair in pairs], float)
    tells_pitch = bool(np.polyfit(pitches[:, 1], pitches[:, 0], 1)[0] >= LEAST_PITCH_SLOPE)
    return TurnScale(tuple(round(a, 1) for a, _ in rows), tuple(round(b, 1) for _, b in rows), tells_pitch)


def report(pairs: list[Pair], max_yaw: float) -> dict[str, float]:
    """How the pipeline's yaw agrees with the reference's, and how often both call a head turned or not."""
    seen, meant, told = yaws(pairs)
    sure = np.abs(np.abs(meant) - max_yaw) > 5.0
    agree = (np.abs(told) > max_yaw) == (np.abs(meant) > max_yaw)
    turned = np.abs(meant) > max_yaw + 5.0
    return {
        "faces": len(pairs),
        "correlation": round(float(np.corrcoef(told, meant)[0, 1]), 3),
        "slope_seen": round(float(np.polyfit(meant, seen, 1)[0]), 3),
        "slope_told": round(float(np.polyfit(meant, told, 1)[0]), 3),
        "rms_error_deg": round(float(np.sqrt(((told - meant) ** 2).mean())), 2),
        "clearly_turned": int(turned.sum()),
        "turned_found": round(float((np.abs(told) > max_yaw)[turned].mean()), 3) if turned.any() else float("nan"),
        "right_beyond_5_deg_of_limit": round(float(agree[sure].mean()), 3),
    }


def write_card(scale: TurnScale) -> None:
    """Put the scale into the landmark model's card, which keeps all else."""
    path = (ROOT / "models" / LANDMARK_MODEL).with_suffix(".json")
    card = json.loads(path.read_text("utf-8"))
    card[TURNS_KEY] = {
        "meaning": "degrees by which heads look turned in the network's landmarks, and by which they are",
        "command": "python -m benchmarks.gaze --card",
        "seen": list(scale.seen),
        "meant": list(scale.meant),
        "tells_pitch": scale.tells_pitch,
    }
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--card", action="store_true", help="write the scale into models/landmarks.json first")
    parser.add_argument("--json", action="store_true", help="print one object with the figures on the last line")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with heads, clips and the reference")
    chosen = parser.parse_args()
    if not (chosen.data / REFERENCE).is_file():
        raise CaptureError(f"expected heads, clips and a reference detector in {chosen.data}, found none: see --data")
    heads = list(head_pairs(Eyes(chosen.data), chosen.data, FIRST_SHEETS))
    scale = scale_of(heads)
    if chosen.card:
        write_card(scale)
        heads = list(head_pairs(Eyes(chosen.data), chosen.data, FIRST_SHEETS))
    clips = list(clip_pairs(Eyes(chosen.data), chosen.data))
    limit = Settings().attention.max_yaw
    figures = {
        "nose_ahead": nose_ahead(heads),
        "scale_now": {"seen": scale.seen, "meant": scale.meant, "tells_pitch": scale.tells_pitch},
        "heads": report(heads, limit),
        "held_out_heads": report(list(head_pairs(Eyes(chosen.data), chosen.data, HELD_OUT_SHEETS)), limit),
        "clips": report(clips, limit),
        "held_out_clips": report([pair for pair in clips if pair.source in HELD_OUT_CLIPS], limit),
    }
    for name, found in figures.items():
        print(f"{name}: {found}")
    if chosen.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
