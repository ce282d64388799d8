"""Builds the simulator's face model: average faces per emotion and the directions in which faces differ.

The result shows nobody in particular: every picture in it is a mean, or a principal component, of hundreds of FER2013
training faces that were first brought to one position (ECC, Evangelidis and Psarakis 2008) and one shape (DIS optical
flow, Kroeger et al. 2016). Run as ``python -m training.synthetic_faces --data ../shared/data/fer2013``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from domain import EMOTIONS, Emotion
from training.data import TRAINING, VOTE_COLUMNS, load

OUT = Path(__file__).resolve().parents[1] / "capture" / "simulator" / "camera" / "faces.npz"
SIDE = 96
"""Width and height of a model face: twice FER2013's, since many aligned faces together show more than one of them."""
COARSE = 24
"""Side of the stored displacement fields, which are smooth."""
FACES_PER_EMOTION = 1500
MIN_VOTES = {"angry": 8, "disgust": 4, "fear": 5, "happy": 9, "sad": 8, "surprise": 8, "neutral": 9}
"""FER+ taggers of ten that must agree; fewer where the training set holds few such faces."""
MIN_CONTRAST = 25
"""Gray levels of deviation below which a picture is too flat to be aligned."""
FITTING = 0.7
"""Share of the faces that is kept, twice, while a mean is sharpened."""
CALM: tuple[Emotion, ...] = ("angry", "sad")
TEXTURES, SHAPES = 24, 12
"""Principal components kept: few enough that no single training face can come back."""
FLOW_SIGMA = 3.5
"""Smoothing of the displacements in model pixels; less bends features, more leaves the means blurred."""
EMOTION_SIGMA, FARTHEST = 6.0, 6.0
"""The same smoothing from the neutral mean to an emotion's, and the farthest a pixel may go."""
MAX_STRETCH, MAX_SKEW = 1.35, 1.25
"""Larger changes of size, or of one axis against the other, are failed alignments."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Faces in one position: float32 (N, SIDE, SIDE) of mean 0 and deviation 1, and their emotion's index."""

    faces: np.ndarray
    emotion: np.ndarray


def oval() -> np.ndarray:
    """The part of the model picture that is face rather than hair or background: bool (SIDE, SIDE)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1) - 0.5
    return (x / 0.38) ** 2 + ((y - 0.03) / 0.46) ** 2 < 1


OVAL = oval()


def normalised(face: np.ndarray) -> np.ndarray:
    """The face with mean 0 and deviation 1 inside the oval."""
    inside = face[OVAL]
    return ((face - inside.mean()) / (inside.std() + 1e-6)).astype(np.float32)


def mirrored_mean(faces: np.ndarray) -> np.ndarray:
    """The normalised mean of faces (N, SIDE, SIDE) and their mirror images."""
    mean = faces.mean(0)
    return normalised((mean + mean[:, ::-1]) / 2)


def chosen(data: Path, seed: int) -> Aligned:
    """Training faces whose emotion the taggers agree on, enlarged to the model's size but not yet aligned."""
    table = load(data).part(TRAINING)
    random = np.random.default_rng(seed)
    faces, emotion = [], []
    for index, name in enumerate(EMOTIONS):
        votes = table.votes[:, VOTE_COLUMNS[index]]
        rows = np.flatnonzero((votes >= MIN_VOTES[name]) & (table.images.std((1, 2)) > MIN_CONTRAST))
        for row in random.permutation(rows)[:FACES_PER_EMOTION]:
            large = cv2.resize(table.images[row], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            faces.append(normalised(large.astype(np.float32)))
            emotion.append(index)
    return Aligned(np.stack(faces), np.array(emotion))


def align(raw: Aligned, rounds: int = 4, keep: float = 0.6) -> Aligned:
    """Moves, turns and scales every face onto its emotion's mean and drops those that do not fit it.

    ``keep`` is the share kept of each emotion, best correlation first.
    """
    current, score = raw.faces.copy(), np.zeros(len(raw.faces))
    warps = np.repeat(np.eye(2, 3, dtype=np.float32)[None], len(current), 0)
    for turn in range(rounds):
        good = score >= np.quantile(score, 0.4)
        means = [mirrored_mean(current[good & (raw.emotion == k)]) for k in range(len(EMOTIONS))]
        common = normalised(np.mean(means, 0))
        for i, face in enumerate(raw.faces):
            # The first rounds share one target, so that all emotions end in the same position. Calm anger and sadness
            # stand out by fitting the neutral face best.
            name = EMOTIONS[raw.emotion[i]]
            target = common if turn < 2 else means[EMOTIONS.index("neutral" if name in CALM else name)]
            motion = cv2.MOTION_AFFINE if turn else cv2.MOTION_EUCLIDEAN
            warps[i], score[i] = _fitted(target, face, warps[i], motion)
            current[i] = normalised(_moved(face, warps[i]))
    fits = np.zeros(len(current), bool)
    for k in range(len(EMOTIONS)):
        mine = raw.emotion == k
        fits |= mine & (score >= max(np.quantile(score[mine], 1 - keep), 0.3))
    return Aligned(current[fits], raw.emotion[fits])


def calm_mouths(aligned: Aligned) -> Aligned:
    """Of the angry and the sad only the half with the calmer mouth: shouting and crying are rare in a lesson.

    Mixed with them the mean's mouth is neither open nor closed.
    """
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    mouth = (np.abs(x - 0.5) < 0.2) & (np.abs(y - 0.8) < 0.13)
    contrast = aligned.faces[:, mouth].std(1)
    keep = np.ones(len(contrast), bool)
    for name in CALM:
        mine = aligned.emotion == EMOTIONS.index(name)
        keep &= ~mine | (contrast <= np.quantile(contrast[mine], 0.5))
    return Aligned(aligned.faces[keep], aligned.emotion[keep])


def _moved(face: np.ndarray, warp: np.ndarray) -> np.ndarray:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(face, warp, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _fitted(target: np.ndarray, face: np.ndarray, warp: np.ndarray, motion: int) -> tuple[np.ndarray, float]:
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 25, 1e-4)
    try:
        score, found = cv2.findTransformECC(target, face, warp.copy(), motion, stop, OVAL.astype(np.uint8) * 255, 5)
    except cv2.error:  # no convergence: this face is left out
        return np.eye(2, 3, dtype=np.float32), 0.0
    large, small = np.linalg.svd(found[:, :2], compute_uv=False)
    if large > MAX_STRETCH or small < 1 / MAX_STRETCH or large / small > MAX_SKEW:
        return np.eye(2, 3, dtype=np.float32), 0.0
    return found, float(score)


def as_bytes(face: np.ndarray) -> np.ndarray:
    """A normalised face as uint8 for the optical flow."""
    return np.clip(face * 48 + 128, 0, 255).astype(np.uint8)


def displacement(source: np.ndarray, target: np.ndarray, sigma: float = FLOW_SIGMA) -> np.ndarray:
    """Where each pixel of ``source`` lies in ``target``: smooth float32 (SIDE, SIDE, 2) offsets in pixels."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    finder.setFinestScale(0)
    flow = finder.calc(as_bytes(source), as_bytes(target), np.zeros((SIDE, SIDE, 2), np.float32))
    return cv2.GaussianBlur(flow, (0, 0), sigma)


def emotion_shape(neutral: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The displacement from the neutral mean to an emotion's, kept gentle.

    An open mouth has nothing to match in a closed one, and the flow would tear the chin: what it cannot bend, the
    light and shade show.
    """
    flow = _symmetric(displacement(neutral, mean, EMOTION_SIGMA))
    return flow * np.minimum(1, FARTHEST / np.maximum(np.linalg.norm(flow, axis=-1, keepdims=True), 1e-6))


def bent(face: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The face fetched through a displacement field."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    return cv2.remap(face, x + flow[..., 0], y + flow[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def mean_shape(faces: np.ndarray, rounds: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sharp mean of aligned faces: mean (SIDE, SIDE), and of those that fit it their texture and displacement.

    After the first rounds only the better ``FITTING`` share goes on: a mouth that the flow could not match blurs all.
    """
    mean = mirrored_mean(faces)
    for turn in range(rounds):
        flows = np.stack([displacement(mean, face) for face in faces])
        flows -= _symmetric(flows.mean(0))  # the mean keeps the average shape
        shaped = np.stack([normalised(bent(face, flow)) for face, flow in zip(faces, flows, strict=True)])
        if turn in (1, 2):
            fit = (shaped * mean)[:, OVAL].mean(1)
            good = fit >= np.quantile(fit, 1 - FITTING)
            faces, shaped, flows = faces[good], shaped[good], flows[good]
        mean = mirrored_mean(shaped)
    return mean, shaped, flows


def _symmetric(flow: np.ndarray) -> np.ndarray:
    """The left-right symmetric part of displacements (..., SIDE, SIDE, 2)."""
    return (flow + flow[..., ::-1, :] * np.array([-1, 1], np.float32)) / 2


def components(rows: np.ndarray, count: int) -> np.ndarray:
    """The first principal components of rows (N, D), each times its standard deviation: float32 (count, D)."""
    _, values, axes = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    return (axes[:count] * (values[:count, None] / np.sqrt(len(rows)))).astype(np.float32)


def coarse(flows: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Displacements at the size in which they are stored: (N, COARSE, COARSE, 2), still in model pixels."""
    return np.stack([cv2.resize(flow, (COARSE, COARSE), interpolation=cv2.INTER_AREA) for flow in flows])


def model(aligned: Aligned) -> dict[str, np.ndarray]:
    """The face model's arrays, as ``capture.simulator.camera.faces`` reads them."""
    means, textures, shapes = [], [], []
    for k in range(len(EMOTIONS)):
        mean, shaped, flows = mean_shape(aligned.faces[aligned.emotion == k])
        even = (shaped + shaped[..., ::-1]) / 2
        means.append(mean)
        # As many rows of each emotion, so that the components describe people and not the commonest emotion.
        textures.append((even - even.mean(0))[:300])
        shapes.append(_symmetric(flows)[:300])
    to_emotion = [emotion_shape(means[EMOTIONS.index("neutral")], mean) for mean in means]
    texture = components(np.concatenate(textures).reshape(-1, SIDE * SIDE), TEXTURES)
    small = coarse(np.concatenate(shapes))
    shape = components(small.reshape(len(small), -1), SHAPES)
    peak = np.abs(texture).max(1, keepdims=True)
    return {
        "emotions": np.array(EMOTIONS),
        "means": np.stack(means).astype(np.float16),
        "to_emotion": coarse(to_emotion).astype(np.float16),
        "texture": np.round(texture / peak * 127).astype(np.int8).reshape(TEXTURES, SIDE, SIDE),
        "texture_scale": (peak[:, 0] / 127).astype(np.float32),
        "shape": shape.reshape(SHAPES, COARSE, COARSE, 2).astype(np.float16),
        "faces_used": np.bincount(aligned.emotion, minlength=len(EMOTIONS)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the simulator's face model from FER2013.")
    parser.add_argument("--data", type=Path, required=True, help="folder of FER2013, or its unpacked npz")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    arrays = model(calm_mouths(align(chosen(args.data, args.seed))))
    np.savez_compressed(args.out, allow_pickle=False, **arrays)
    used = ", ".join(f"{name} {count}" for name, count in zip(EMOTIONS, arrays["faces_used"], strict=True))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB from {used} faces")


if __name__ == "__main__":
    main()
