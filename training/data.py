"""FER2013 and FER+ in whatever form a person has them: packed sheets, Kaggle's CSV files or folders of pictures."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from domain import EMOTIONS, ClassmoodError

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_DATA = ROOT.parent / "shared" / "data" / "fer2013"
OUTPUTS = ("probs", "probs_fer2013")
"""The network's two outputs: what most of ten people saw (FER+), and FER2013's own labels."""
SIDE = 48
"""Width and height of every face in FER2013, in pixels."""
SHEET_GRID = 24
"""Faces per row and per column of a packed sheet."""
TRAINING, PUBLIC, PRIVATE = 0, 1, 2
USAGES = {"Training": TRAINING, "PublicTest": PUBLIC, "PrivateTest": PRIVATE}
FOLDER_USAGES = {"train": TRAINING, "test": PUBLIC, "publictest": PUBLIC, "validation": PUBLIC, "privatetest": PRIVATE}
EMOTION_FOLDERS = {"anger": "angry", "happiness": "happy", "sadness": "sad", "surprised": "surprise", "fearful": "fear"}
"""Other spellings of the emotions that folders of FER2013 go by."""
VOTE_NAMES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
"""FER+'s own order of columns; the last three (contempt, cannot tell, no face) are none of the seven emotions."""
VOTE_COLUMNS = tuple(
    VOTE_NAMES.index(name) for name in ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
)
"""Where each of ``EMOTIONS`` stands among FER+'s columns."""
MAJORITY_VOTES = 6
"""More than five of ten taggers: below that, FER+ names no winner."""
DUPLICATE_RMS = 4.0
"""Gray levels RMS below which two faces are one picture: the packed training pixels are lossy by about 2."""
BLANK_DEVIATION = 1.0
"""Standard deviation in gray levels below which a picture shows nothing."""
WHERE_FROM = (
    "get fer2013.csv (or icml_face_data.csv) from Kaggle, 'Challenges in Representation Learning: Facial "
    "Expression Recognition Challenge', and fer2013new.csv from github.com/microsoft/FERPlus"
)


class DataError(ClassmoodError):
    """The training data is missing, truncated or of another form; the message says where to get it."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Labelled faces, row by row.

    ``images`` uint8 (N, 48, 48); ``labels`` int (N,) into ``EMOTIONS``; ``usage`` (N,) of TRAINING, PUBLIC, PRIVATE;
    ``votes`` uint8 (N, 10) in the order of ``VOTE_NAMES``, all zero where FER+ says nothing. Raises ValueError when the
    lengths differ.
    """

    images: np.ndarray
    labels: np.ndarray
    usage: np.ndarray
    votes: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.images)
        if not count == len(self.labels) == len(self.usage) == len(self.votes):
            raise ValueError(
                f"expected {count} labels, usages and votes, found {len(self.labels)}, "
                f"{len(self.usage)} and {len(self.votes)}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, which: np.ndarray) -> Faces:
        """The faces at these indices, or where this mask is true."""
        return Faces(self.images[which], self.labels[which], self.usage[which], self.votes[which])

    def part(self, usage: int) -> Faces:
        """The faces of one usage: TRAINING, PUBLIC or PRIVATE. Raises DataError when there are none."""
        rows = self.usage == usage
        if not rows.any():
            name = next(name for name, code in USAGES.items() if code == usage)
            raise DataError(f"expected rows with usage {name}, found none; {WHERE_FROM}")
        return self.rows(rows)


def load(path: Path) -> Faces:
    """All faces at a place: packed sheets, a CSV of Kaggle's, or folders ``train/<emotion>/*.png``.

    Raises DataError when nothing is there or when it is damaged.
    """
    if path.is_file():
        return _from_csv(path)
    if (path / "labels.npz").is_file():
        return _from_sheets(path)
    for name in ("fer2013.csv", "icml_face_data.csv"):
        if (path / name).is_file():
            return _from_csv(path / name)
    if any((path / name).is_dir() for name in FOLDER_USAGES):
        return _from_folders(path)
    raise DataError(f"expected FER2013 at {path}, found none; {WHERE_FROM}, and pass it with --data")


def _from_sheets(folder: Path) -> Faces:
    try:
        with np.load(folder / "labels.npz") as stored:
            labels, usage, votes = stored["label"], stored["usage"], stored["ferplus"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"cannot read {folder / 'labels.npz'} ({error}); unpack the data again") from None
    images = np.empty((len(labels), SIDE, SIDE), np.uint8)
    for name, code in USAGES.items():
        rows = np.flatnonzero(usage == code)
        sheets = sorted(folder.glob(f"{name.lower()}_*.webp"))
        part = np.concatenate([_cut_sheet(sheet) for sheet in sheets]) if sheets else np.empty((0, SIDE, SIDE))
        if len(part) < len(rows):
            raise DataError(f"expected {len(rows)} {name} faces in {folder}, found {len(part)}: a sheet is missing")
        images[rows] = part[: len(rows)]
    return Faces(images, labels.astype(np.int64), usage, votes)


def _cut_sheet(path: Path) -> np.ndarray:
    """The faces of one packed sheet, uint8 (576, 48, 48), row by row."""
    sheet = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if sheet is None or sheet.shape != (SHEET_GRID * SIDE, SHEET_GRID * SIDE):
        raise DataError(f"cannot read {path}: it is damaged; unpack the data again")
    return sheet.reshape(SHEET_GRID, SIDE, SHEET_GRID, SIDE).transpose(0, 2, 1, 3).reshape(-1, SIDE, SIDE)


def _from_csv(path: Path) -> Faces:
    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path} ({str(error).splitlines()[0]}); {WHERE_FROM}") from None
    table.columns = table.columns.str.strip().str.lower()
    missing = {"emotion", "pixels", "usage"} - set(table.columns)
    if missing:
        raise DataError(
            f"expected columns emotion, pixels and Usage in {path}, {sorted(missing)} missing; {WHERE_FROM}"
        )
    labels = pd.Series(pd.to_numeric(table["emotion"], errors="coerce"))
    usage = table["usage"].astype(str).str.strip().map(USAGES)
    odd = np.flatnonzero(~labels.isin(range(len(EMOTIONS))) | usage.isna())
    if odd.size:
        raise DataError(
            f"{path}, line {odd[0] + 2}: expected an emotion from 0 to 6 and a usage of {', '.join(USAGES)}; "
            f"{WHERE_FROM}"
        )
    images = np.stack([_pixels(text, path, line) for line, text in enumerate(table["pixels"], start=2)])
    return Faces(images, labels.to_numpy(np.int64), usage.to_numpy(np.uint8), _votes_beside(path, len(table)))


def _pixels(text: object, path: Path, line: int) -> np.ndarray:
    try:
        values = np.array(str(text).split(), np.int64)
    except ValueError:
        values = np.empty(0)
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise DataError(
            f"{path}, line {line}: expected {SIDE * SIDE} gray values from 0 to 255, found "
            f"{values.size} values: the file is truncated or damaged; {WHERE_FROM}"
        )
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _votes_beside(path: Path, count: int) -> np.ndarray:
    """FER+'s votes from fer2013new.csv beside a CSV, zeros where there is none: its rows are in the same order."""
    beside = path.with_name("fer2013new.csv")
    if not beside.is_file():
        return np.zeros((count, len(VOTE_NAMES)), np.uint8)
    with open(beside, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if len(rows) != count:
        raise DataError(
            f"expected {count} rows in {beside}, one for each of {path.name}, found {len(rows)}; {WHERE_FROM}"
        )
    try:
        return np.array([[int(row[name]) for name in VOTE_NAMES] for row in rows], np.uint8)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{beside}: expected ten columns of votes ({error!r} went wrong); {WHERE_FROM}") from None


def _from_folders(path: Path) -> Faces:
    files: list[tuple[Path, int, int]] = []
    for part, code in FOLDER_USAGES.items():
        for folder in sorted((path / part).glob("*/")):
            emotion = EMOTION_FOLDERS.get(folder.name.lower(), folder.name.lower())
            if emotion not in EMOTIONS:
                raise DataError(f"expected folders named {', '.join(EMOTIONS)} in {path / part}, found {folder.name}")
            pictures = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".png", ".jpg", ".jpeg"))
            files += [(file, EMOTIONS.index(emotion), code) for file in pictures]
    if not files:
        raise DataError(f"expected pictures in {path}/train/<emotion>/, found none; {WHERE_FROM}")
    images = np.stack([_picture(file) for file, _, _ in files])
    labels = np.array([label for _, label, _ in files])
    usage = np.array([code for _, _, code in files], np.uint8)
    return Faces(images, labels, usage, np.zeros((len(files), len(VOTE_NAMES)), np.uint8))


def _picture(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataError(f"cannot read {path}: it is no picture or damaged; {WHERE_FROM}")
    return image if image.shape == (SIDE, SIDE) else cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def blanks(images: np.ndarray) -> np.ndarray:
    """Which of uint8 (N, 48, 48) show nothing, bool (N,)."""
    return images.reshape(len(images), -1).std(axis=1) < BLANK_DEVIATION


def twins(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pairs (P, 2) of rows in uint8 (N, 48, 48) and (M, 48, 48) that differ by at most ``DUPLICATE_RMS``.

    Averaging over blocks never enlarges an RMS difference, so a comparison of thumbnails finds every candidate.
    """
    thumbs, other_thumbs = _thumbnails(images), _thumbnails(others)
    squares = (other_thumbs**2).sum(axis=1)
    limit = 1.05 * DUPLICATE_RMS**2 * thumbs.shape[1]  # 5 % for the rounding of float32
    pairs = []
    for start in range(0, len(images), 1024):
        chunk = thumbs[start : start + 1024]
        distance = (chunk**2).sum(axis=1)[:, None] + squares - 2 * chunk @ other_thumbs.T
        candidates = np.argwhere(distance < limit) + np.array([start, 0])
        pairs += [(row, other) for row, other in candidates if _rms(images[row], others[other]) <= DUPLICATE_RMS]
    return np.array(pairs, int).reshape(-1, 2)


def _rms(image: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((image.astype(np.float32) - other) ** 2)))


def duplicates(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of uint8 (N, 48, 48) are, within ``DUPLICATE_RMS``, also among the others (M, 48, 48): bool (N,)."""
    found = np.zeros(len(images), bool)
    found[twins(images, others)[:, 0]] = True
    return found


def _thumbnails(images: np.ndarray) -> np.ndarray:
    """Means over 4x4 blocks, float32 (N, 144), around mid gray for the sake of precision."""
    blocks = images.reshape(len(images), SIDE // 4, 4, SIDE // 4, 4)
    return blocks.mean(axis=(2, 4), dtype=np.float32).reshape(len(images), -1) - 128


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many training rows were left out, and why."""

    duplicates: int
    blank: int


def clean_training(faces: Faces) -> tuple[Faces, Dropped]:
    """The training rows without blank ones and without those that also stand in a test set."""
    training = faces.part(TRAINING)
    blank = blanks(training.images)
    twin = duplicates(training.images, faces.images[faces.usage != TRAINING]) & ~blank
    return training.rows(~blank & ~twin), Dropped(duplicates=int(twin.sum()), blank=int(blank.sum()))


def vote_targets(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """FER+'s votes (N, 10) as distributions over ``EMOTIONS`` float32 (N, 7) and weights float32 (N,).

    A lone vote is left out as an outlier unless nothing else remains (as in Barsoum et al. 2016). The weight is the
    share of votes that fell on one of the seven emotions; a row without any gets weight 0 and an even distribution.
    """
    counts = votes[:, VOTE_COLUMNS].astype(np.float32)
    agreed = np.where(counts > 1, counts, 0)
    kept = np.where(agreed.any(axis=1, keepdims=True), agreed, counts)
    totals = kept.sum(axis=1, keepdims=True)
    targets = np.where(totals > 0, kept / np.maximum(totals, 1), 1 / len(EMOTIONS))
    weights = counts.sum(axis=1) / np.maximum(votes.sum(axis=1), 1)
    return targets.astype(np.float32), weights.astype(np.float32)


def majority(votes: np.ndarray) -> np.ndarray:
    """The emotion on which more than five of ten taggers agree, int (N,); -1 where there is none among the seven."""
    winner = votes.argmax(axis=1)
    index = np.full(len(VOTE_NAMES), -1)
    index[list(VOTE_COLUMNS)] = np.arange(len(EMOTIONS))
    return np.where(votes.max(axis=1) >= MAJORITY_VOTES, index[winner], -1)


def right_answers(answers: dict[str, np.ndarray], faces: Faces) -> dict[str, np.ndarray]:
    """Which faces each label set's own output got right, bool (N,): ``fer2013``, and ``ferplus`` among its majorities.

    ``answers`` are probabilities float (N, 7) by output; without FER+ votes there is no ``ferplus``.
    """
    right = {"fer2013": answers["probs_fer2013"].argmax(axis=1) == faces.labels}
    won = majority(faces.votes)
    if (won >= 0).any():
        right["ferplus"] = (answers["probs"].argmax(axis=1) == won)[won >= 0]
    return right


def sample(faces: Faces, count: int, seed: int) -> Faces:
    """At most ``count`` rows of each usage, drawn at random with this seed."""
    draw = np.random.default_rng(seed)
    rows = [np.flatnonzero(faces.usage == usage) for usage in (TRAINING, PUBLIC, PRIVATE)]
    return faces.rows(np.sort(np.concatenate([draw.permutation(part)[:count] for part in rows])))
