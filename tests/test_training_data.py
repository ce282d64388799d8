"""FER2013 and FER+ are read in every form that people have them in, and odd files get a sentence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from domain import EMOTIONS
from training import augment, data

KAGGLE_HEADERS = ("emotion,pixels,Usage", "emotion, Usage, pixels")
"""fer2013.csv, and icml_face_data.csv with its spaces and its other order."""


def noise_faces(count: int, seed: int = 1) -> np.ndarray:
    """Smooth random pictures, uint8 (count, 48, 48): no two alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 6)).astype(np.uint8)
    return np.stack([cv2.resize(image, (data.SIDE, data.SIDE), interpolation=cv2.INTER_CUBIC) for image in coarse])


def some_faces(count: int = 30) -> data.Faces:
    """Faces of all emotions and usages, each with ten votes for its own label."""
    labels = np.arange(count) % len(EMOTIONS)
    votes = np.zeros((count, len(data.VOTE_NAMES)), np.uint8)
    votes[np.arange(count), np.array(data.VOTE_COLUMNS)[labels]] = 10
    return data.Faces(noise_faces(count), labels, (np.arange(count) % 3).astype(np.uint8), votes)


def write_csv(path: Path, faces: data.Faces, header: str = KAGGLE_HEADERS[0]) -> None:
    """Faces as Kaggle writes them, columns in the order of the header."""
    usage_names = {code: name for name, code in data.USAGES.items()}
    lines = [header]
    for image, label, usage in zip(faces.images, faces.labels, faces.usage, strict=True):
        cells = {"emotion": str(label), "pixels": " ".join(map(str, image.ravel())), "usage": usage_names[int(usage)]}
        lines.append(",".join(cells[name.strip().lower()] for name in header.split(",")))
    path.write_text("\n".join(lines) + "\n")


def write_votes(path: Path, faces: data.Faces) -> None:
    """Votes as FER+ writes them."""
    lines = [",".join(("Usage", "Image name", *data.VOTE_NAMES))]
    lines += [",".join(("Training", "fer.png", *map(str, row))) for row in faces.votes]
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("header", KAGGLE_HEADERS)
def test_kaggles_csv_is_read_with_the_votes_beside_it(tmp_path: Path, header: str) -> None:
    faces = some_faces()
    write_csv(tmp_path / "icml_face_data.csv", faces, header)
    write_votes(tmp_path / "fer2013new.csv", faces)
    read = data.load(tmp_path)
    for name in ("images", "labels", "usage", "votes"):
        assert np.array_equal(getattr(read, name), getattr(faces, name))


def test_a_csv_without_votes_has_votes_of_weight_zero(tmp_path: Path) -> None:
    write_csv(tmp_path / "fer2013.csv", some_faces(3))
    targets, weights = data.vote_targets(data.load(tmp_path / "fer2013.csv").votes)
    assert not weights.any()
    assert np.allclose(targets.sum(axis=1), 1)


def test_folders_of_pictures_are_read(tmp_path: Path) -> None:
    images = noise_faces(2)
    for part, emotion, image in (("train", "anger", images[0]), ("test", "neutral", images[1])):
        folder = tmp_path / part / emotion
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "1.png"), image)
    faces = data.load(tmp_path)
    assert np.array_equal(faces.images, images)
    assert [EMOTIONS[label] for label in faces.labels] == ["angry", "neutral"]
    assert list(faces.usage) == [data.TRAINING, data.PUBLIC]


def test_nothing_there_names_the_place_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(data.DataError, match="found none.*Kaggle"):
        data.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "cannot read"),
        ("a,b\n1,2\n", "missing"),
        ("emotion,pixels,Usage\n7,0 0,Training\n", "line 2: expected an emotion"),
        ("emotion,pixels,Usage\n1,0 0,Sometimes\n", "line 2: expected an emotion"),
        ("emotion,pixels,Usage\n1,0 0 0,Training\n", "line 2: expected 2304 gray values.*found 3.*truncated"),
        ("emotion,pixels,Usage\n1,none,Training\n", "found 0 values"),
    ],
)
def test_an_odd_csv_is_refused_in_a_sentence(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "fer2013.csv").write_text(content)
    with pytest.raises(data.DataError, match=complaint) as caught:
        data.load(tmp_path)
    assert "\n" not in str(caught.value)
    assert "Kaggle" in str(caught.value)


def test_votes_for_another_file_are_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "fer2013.csv", some_faces(4))
    write_votes(tmp_path / "fer2013new.csv", some_faces(3))
    with pytest.raises(data.DataError, match="expected 4 rows"):
        data.load(tmp_path)


def test_damaged_sheets_are_refused(tmp_path: Path) -> None:
    faces = some_faces(3)
    np.savez(tmp_path / "labels.npz", label=faces.labels, usage=faces.usage, ferplus=faces.votes)
    with pytest.raises(data.DataError, match="a sheet is missing"):
        data.load(tmp_path)
    (tmp_path / "training_00.webp").write_bytes(b"RIFF")
    with pytest.raises(data.DataError, match="it is damaged"):
        data.load(tmp_path)
    (tmp_path / "labels.npz").write_bytes(b"PK")
    with pytest.raises(data.DataError, match="cannot read"):
        data.load(tmp_path)


def test_rows_that_stand_in_a_test_set_and_blank_rows_are_not_trained_on() -> None:
    faces = some_faces(12)
    training = np.flatnonzero(faces.usage == data.TRAINING)
    faces.images[training[0]] = np.clip(faces.images[1].astype(int) + 2, 0, 255)  # row 1 is of the public test set
    faces.images[training[1]] = 128
    kept, dropped = data.clean_training(faces)
    assert (dropped.duplicates, dropped.blank) == (1, 1)
    assert np.array_equal(kept.images, faces.images[training[2:]])


def test_votes_become_distributions_without_lone_votes() -> None:
    # neutral, happiness, surprise, sadness, anger, disgust, fear, contempt, unknown, NF
    votes = np.array([[4, 0, 0, 1, 3, 0, 0, 2, 0, 0], [1, 1, 0, 0, 0, 0, 0, 8, 0, 0], [0] * 9 + [10]], np.uint8)
    targets, weights = data.vote_targets(votes)
    assert targets[0] == pytest.approx([3 / 7, 0, 0, 0, 0, 0, 4 / 7])
    assert targets[1] == pytest.approx([0, 0, 0, 0.5, 0, 0, 0.5])
    assert weights == pytest.approx([0.8, 0.2, 0])


def test_a_majority_is_more_than_half_of_the_taggers_for_one_of_seven() -> None:
    votes = np.array([[0, 6, 4, 0, 0, 0, 0, 0, 0, 0], [5, 5, 0, 0, 0, 0, 0, 0, 0, 0], [0] * 7 + [9, 1, 0]], np.uint8)
    assert list(data.majority(votes)) == [EMOTIONS.index("happy"), -1, -1]


def test_the_real_data_is_whole_and_leaks_as_described(shared_data: Path) -> None:
    faces = data.load(shared_data / "fer2013")
    assert [int((faces.usage == usage).sum()) for usage in data.USAGES.values()] == [28709, 3589, 3589]
    training = faces.part(data.TRAINING)
    assert data.blanks(training.images).sum() == 12
    for usage, published in ((data.PUBLIC, 280), (data.PRIVATE, 288)):
        found = data.duplicates(faces.part(usage).images, training.images).sum()
        assert found == pytest.approx(published, abs=20)


@pytest.mark.parametrize(
    "faces", [noise_faces(3), np.full((1, 48, 48), 128, np.uint8), np.zeros((1, 48, 48), np.uint8)]
)
def test_augmented_faces_are_still_faces_and_repeat_with_their_seed(faces: np.ndarray) -> None:
    for face in faces:
        for seed in range(20):
            once, again = (augment.augment(face, np.random.default_rng(seed)) for _ in range(2))
            assert once.shape == face.shape
            assert once.dtype == np.uint8
            assert np.array_equal(once, again)


def test_distortions_do_what_they_say() -> None:
    face = noise_faces(1)[0]
    assert np.array_equal(augment.place(face), face)
    assert np.array_equal(augment.place(face, mirrored=True), face[:, ::-1])
    assert np.array_equal(augment.place(face, shift=(3, 0))[:, 3:], face[:, :-3])
    assert augment.relight(face, offset=30).mean() > face.mean() + 10
    assert augment.relight(face, gain=0.2).std() < face.std() / 4
    left, right = np.hsplit(augment.relight(np.full((48, 48), 128, np.uint8), slope=(50, 0)), 2)
    assert left.mean() < 128 < right.mean()
    for worse, better in (
        (augment.shrink(face, 12), augment.shrink(face, 40)),
        (augment.jpeg(face, 5), augment.jpeg(face, 95)),
        (augment.blur(face, 3), augment.blur(face, 0.5)),
    ):
        assert np.abs(worse - face.astype(float)).mean() > np.abs(better - face.astype(float)).mean()
