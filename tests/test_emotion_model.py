"""The emotion model: what a good file answers, and one clear line for every bad one."""

from __future__ import annotations

import numpy as np
import pytest

from config import ROOT
from domain import EMOTIONS, ModelError
from inference.emotion import EmotionModel
from tests.small_models import write_card, write_emotion_model


def faces(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48), np.uint8)


def complaint(path) -> str:
    with pytest.raises(ModelError) as caught:
        EmotionModel(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_face_gets_seven_probabilities(tmp_path):
    scores = EmotionModel(write_emotion_model(tmp_path)).predict(faces(5))
    assert len(scores) == 5
    assert all(sum(score.values) == pytest.approx(1) for score in scores)


def test_no_faces_is_no_error(tmp_path):
    assert EmotionModel(write_emotion_model(tmp_path)).predict(faces(0)) == []


def test_a_face_is_read_alike_alone_and_in_company(tmp_path):
    model = EmotionModel(write_emotion_model(tmp_path))
    crops = faces(3)
    assert model.predict(crops)[1].values == pytest.approx(model.predict(crops[1:2])[0].values, abs=1e-6)


def test_a_bright_face_moves_the_probabilities_in_the_order_of_emotions(tmp_path):
    model = EmotionModel(write_emotion_model(tmp_path))
    assert model.predict(np.full((1, 48, 48), 255, np.uint8))[0].leading == EMOTIONS[-1]


def test_a_missing_model_is_named(tmp_path):
    assert "emotion.onnx cannot be read" in complaint(tmp_path / "emotion.onnx")


def test_a_missing_card_is_named(tmp_path):
    path = write_emotion_model(tmp_path)
    path.with_suffix(".json").unlink()
    assert "emotion.json cannot be read" in complaint(path)


@pytest.mark.parametrize("card", ["no json", "[]", "{}"])
def test_a_card_without_a_sum_is_refused(tmp_path, card):
    path = write_emotion_model(tmp_path)
    path.with_suffix(".json").write_text(card, encoding="utf-8")
    assert "expected a JSON card with a sha256" in complaint(path)


def test_a_truncated_model_is_damaged(tmp_path):
    path = write_emotion_model(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    assert "is damaged" in complaint(path)


def test_a_file_that_is_no_model_is_refused_even_with_a_fitting_card(tmp_path):
    path = tmp_path / "emotion.onnx"
    path.write_bytes(b"not a model")
    write_card(path)
    assert "no readable ONNX model" in complaint(path)


def test_another_order_of_labels_is_refused(tmp_path):
    assert "expected the labels angry, disgust" in complaint(write_emotion_model(tmp_path, labels=EMOTIONS[::-1]))


def test_a_model_without_labels_is_refused(tmp_path):
    assert "found none" in complaint(write_emotion_model(tmp_path, labels=None))


def test_another_input_is_refused(tmp_path):
    assert "expected one input" in complaint(write_emotion_model(tmp_path, side=64))


def test_another_output_is_refused(tmp_path):
    assert "expected an output probs" in complaint(write_emotion_model(tmp_path, output="scores"))


def test_the_model_of_the_project_keeps_the_contract():
    EmotionModel(ROOT / "models" / "emotion.onnx")
