"""From frames to moments: what is read, who is counted, and what is never looked at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from capture.simulator.lesson import read_lesson
from capture.simulator.simulator import Simulator
from config import ROOT, Settings
from domain import Box, Coverage, EmotionScores, Face, Frame, ModelError, Moment, Quality, Tile
from inference import pipeline as pipeline_module
from inference.faces import FACE_MODEL
from inference.landmarks import LANDMARK_MODEL
from inference.names import Name, Signature
from inference.pipeline import Pipeline
from tests.small_models import write_emotion_model

NOISE = np.random.default_rng(5).integers(0, 256, (360, 640, 3), np.uint8)
LEFT, RIGHT = Box(0, 0, 300, 169), Box(306, 0, 606, 169)


def settings(**sections: dict) -> Settings:
    return Settings.model_validate(sections)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A small emotion model beside the shipped face model."""
    folder = write_emotion_model(tmp_path_factory.mktemp("models")).parent
    for part in (FACE_MODEL, "face.json", LANDMARK_MODEL, "landmarks.json"):
        shutil.copy(ROOT / "models" / part, folder)
    return folder


def face_in(tile: Tile, width: int = 80, height: int = 100, score: float = 0.8, dx: int = 100) -> Face:
    left, top = tile.box.left + dx, tile.box.top + 30
    return Face(tile.slot, Box(left, top, left + width, top + height), score)


class Eyes:
    """A face finder that sees what it is told, by slot."""

    def __init__(self) -> None:
        self.seen: dict[int, list[Face]] = {}
        self.asked: list[int] = []

    def find(self, _image: np.ndarray, tiles: list[Tile]) -> list[Face]:
        self.asked = [tile.slot for tile in tiles]
        return [face for tile in tiles for face in self.seen.get(tile.slot, [face_in(tile)])]


@pytest.fixture
def eyes(monkeypatch) -> Eyes:
    eyes = Eyes()
    monkeypatch.setattr(pipeline_module, "FaceFinder", lambda *_: eyes)
    return eyes


class Film:
    """Plays frames of two tiles to a pipeline, one every half second; the pictures move unless told otherwise."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.now_s = 1_000_000.0
        self._rng = np.random.default_rng(1)

    def frame(self, still: Box | None = None) -> Frame:
        self.now_s += 0.5
        image = self._rng.integers(0, 256, NOISE.shape, np.uint8)
        if still is not None:
            still.of(image)[:] = still.of(NOISE)
        return Frame(0, self.now_s, image)

    def play(self, tiles: list[Tile], seconds: float = 0.5, still: Box | None = None) -> Moment:
        for _ in range(int(seconds * 2)):
            moment = self.pipeline.step(self.frame(still), tiles)
        return moment


@pytest.fixture
def film(models, eyes) -> Film:
    return Film(Pipeline(settings(), models))


TWO = [Tile(0, LEFT, "on"), Tile(1, RIGHT, "on")]


# --- one frame ------------------------------------------------------------------------------------------------------


def test_a_reading_holds_every_tile_with_its_faces(models, eyes):
    reading = Pipeline(settings(), models).read(Frame(0, 0.0, NOISE), TWO)
    assert [seen.tile for seen in reading.tiles] == TWO
    face = reading.tiles[1].faces[0]
    assert face.face.tile == 1
    assert face.quality.abstained is None
    assert face.emotions is not None
    assert reading.timing_ms.keys() == reading.cpu_ms.keys() == {"names", "faces", "emotions"}


def test_a_live_tile_without_a_face_is_no_face(models, eyes):
    eyes.seen[0] = []
    reading = Pipeline(settings(), models).read(Frame(0, 0.0, NOISE), TWO)
    assert [seen.tile.camera for seen in reading.tiles] == ["no_face", "on"]


@pytest.mark.parametrize("camera", ["off", "photo", "covered", "too_small", "unknown", "frozen"])
def test_only_live_tiles_are_searched_for_faces(models, eyes, camera):
    reading = Pipeline(settings(), models).read(Frame(0, 0.0, NOISE), [Tile(0, LEFT, camera), Tile(1, RIGHT, "on")])
    assert eyes.asked == [1]
    assert (reading.tiles[0].tile.camera, reading.tiles[0].faces) == (camera, ())


def test_the_largest_and_surest_face_is_the_students(models, eyes):
    background, own = face_in(TWO[0], 40, 50, 0.9, dx=10), face_in(TWO[0], 80, 100, 0.7)
    eyes.seen[0] = [background, own]
    pipeline = Pipeline(settings(), models)
    frame = Frame(0, 0.0, NOISE)
    assert [reading.face for reading in pipeline.read(frame, TWO).tiles[0].faces] == [own, background]
    assert pipeline.step(frame, TWO).observations[0].face == own


def test_a_face_that_is_too_small_is_kept_and_not_judged(models, eyes):
    eyes.seen[0] = [face_in(TWO[0], 30, 40)]
    first, second = Pipeline(settings(), models).step(Frame(0, 0.0, NOISE), TWO).observations
    assert first.face is not None
    assert first.emotions is None
    assert first.quality is not None
    assert first.quality.abstained == "too_small"
    assert second.emotions is not None


def test_no_tiles_are_no_error(models, eyes):
    moment = Pipeline(settings(), models).step(Frame(0, 0.0, NOISE), [])
    assert (moment.tiles, moment.observations, moment.coverage) == ((), (), Coverage(0, 0))


@pytest.mark.parametrize("missing", ["emotion.onnx", "face.onnx", "landmarks.onnx"])
def test_a_missing_model_stops_the_pipeline_before_the_first_frame(models, tmp_path, missing):
    folder = shutil.copytree(models, tmp_path / "models")
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=rf"{missing} cannot be read"):
        Pipeline(settings(), folder)


# --- coverage -------------------------------------------------------------------------------------------------------


def test_everybody_who_was_read_is_seen(film):
    moment = film.play(TWO)
    assert moment.coverage == Coverage(2, 2)
    assert all(state.mood is not None and state.valence is not None for state in moment.states)


def test_cameras_off_are_in_the_meeting_and_not_seen(film):
    assert film.play([TWO[0], Tile(1, RIGHT, "off")]).coverage == Coverage(1, 2)


def test_a_reading_counts_for_ten_seconds(film, eyes):
    film.play(TWO)
    eyes.seen[0] = []
    assert film.play(TWO, seconds=10).coverage == Coverage(2, 2)
    moment = film.play(TWO)
    assert moment.coverage == Coverage(1, 2)
    assert (moment.states[0].mood, moment.states[0].valence) == (None, None)
    assert moment.states[0].last_valid_at == film.now_s - 10.5


def test_no_face_is_no_data_and_never_neutral(film, eyes):
    eyes.seen[0] = []
    moment = film.play(TWO)
    assert moment.observations[0].camera == "no_face"
    assert moment.observations[0].emotions is None
    assert moment.states[0].mood is None


def lesson_film(models: Path, **sections: dict) -> Iterator[tuple[Moment, list[str]]]:
    """Moments of the small simulated lesson, with the names in it."""
    simulator = Simulator(read_lesson(ROOT / "capture" / "simulator" / "lessons" / "small.yaml"), 960, 600)
    pipeline = Pipeline(settings(**sections), models)
    for index in range(4):
        truth = simulator.truth_at(index / 2)
        tiles = [Tile(t.slot, t.box, "on" if t.camera == "on" else "off", t.label) for t in truth.tiles]
        moment = pipeline.step(Frame(index, 1e9 + index / 2, simulator.frame_at(index / 2)), tiles)
        yield moment, [tile.name for tile in truth.tiles]


def test_a_simulated_class_is_read_by_name(models):
    for moment, names in lesson_film(models):
        read = [state.name for state in moment.states if state.name]
        assert len(read) >= 0.8 * len(names)
        assert all(any(said.startswith(name.removesuffix("...")) for said in names) for name in read)


def test_staff_is_left_out_of_the_class(models):
    *_, (everybody, _) = lesson_film(models)
    name = next(state.name for state in everybody.states if state.name and not state.staff)
    *_, (without, _) = lesson_film(models, **{"class": {"staff_names": [name.upper()]}})
    assert [state.staff for state in without.states if state.name == name] == [True]
    assert without.coverage.present == everybody.coverage.present - 1


# --- time -----------------------------------------------------------------------------------------------------------


def clock(times: Iterator[float]) -> Callable[[], float]:
    return lambda: next(times)


def test_durations_follow_the_steady_clock_and_not_the_wall_clock(models, eyes):
    pipeline = Pipeline(settings(), models, clock(iter([1.0, 2.0])))
    pipeline.step(Frame(0, 1e9, NOISE), TWO)
    eyes.seen = {0: [], 1: []}
    assert pipeline.step(Frame(1, 1e9 + 3600, NOISE), TWO).coverage == Coverage(2, 2), "the wall clock was set"


# --- frozen cameras -------------------------------------------------------------------------------------------------


def test_a_picture_that_stands_still_while_others_move_is_frozen(film):
    assert film.play(TWO, seconds=10, still=LEFT).tiles[0].camera == "on"
    moment = film.play(TWO, still=LEFT)
    assert [tile.camera for tile in moment.tiles] == ["frozen", "on"]
    assert moment.observations[0].emotions is None


def test_a_frozen_camera_thaws(film):
    film.play(TWO, seconds=11, still=LEFT)
    assert film.play(TWO).tiles[0].camera == "on"


def test_when_all_stand_still_nobody_is_frozen(models, eyes):
    pipeline = Pipeline(settings(), models)
    for second in range(30):
        moment = pipeline.step(Frame(second, float(second), NOISE), TWO)
    assert [tile.camera for tile in moment.tiles] == ["on", "on"]


def test_a_tile_that_moves_on_the_screen_is_not_frozen(film):
    film.play(TWO, seconds=8, still=LEFT)
    lower = Box(0, 180, 300, 349)
    assert film.play([Tile(0, lower, "on"), TWO[1]], seconds=5, still=lower).tiles[0].camera == "on"


# --- privacy --------------------------------------------------------------------------------------------------------


def test_in_presence_only_no_face_is_looked_for(tmp_path, monkeypatch):
    for model in ("FaceFinder", "EmotionModel", "face_crops"):
        monkeypatch.setattr(pipeline_module, model, lambda *_: pytest.fail("a face model was made or called"))
    pipeline = Pipeline(settings(privacy={"mode": "presence_only"}), tmp_path)
    moment = pipeline.step(Frame(0, 0.0, NOISE), TWO)
    assert moment.coverage == Coverage(0, 2)
    assert [tile.camera for tile in moment.tiles] == ["on", "on"]
    assert all(seen.face is None and seen.emotions is None for seen in moment.observations)
    assert all(state.mood is None for state in moment.states)


class Labels:
    """A reader of labels that reads what it is told, by slot."""

    def __init__(self) -> None:
        self.said: dict[int, Name | None] = {0: name("Anna"), 1: name("Ben")}

    def read(self, _image: np.ndarray, tiles: list[Tile]) -> dict[int, Name | None]:
        return {tile.slot: self.said[tile.slot] for tile in tiles}


def name(text: str, doubted: str | None = None) -> Name:
    pixels = np.random.default_rng(sum(map(ord, text))).integers(0, 256, (16, 10 * len(text)), np.uint8)
    return Name(text, 1.0, Signature(pixels), doubted=doubted)


class Scores:
    """An emotion model that counts the faces that it is given."""

    def __init__(self) -> None:
        self.faces = 0

    def predict(self, crops: np.ndarray) -> list[EmotionScores]:
        self.faces += len(crops)
        return [EmotionScores((0.0,) * 6 + (1.0,)) for _ in crops]


CONSENT_REQUIRED = settings(privacy={"consent": "required"})


@pytest.fixture
def labels(monkeypatch) -> Labels:
    labels = Labels()
    monkeypatch.setattr(pipeline_module, "NameReader", lambda *_, **__: labels)
    return labels


@pytest.fixture
def scores(monkeypatch) -> Scores:
    scores = Scores()
    monkeypatch.setattr(pipeline_module, "EmotionModel", lambda *_: scores)
    return scores


@pytest.fixture
def asking(models, labels, eyes, scores) -> Film:
    """A class in which consent is required, and Anna alone consents."""
    return Film(Pipeline(CONSENT_REQUIRED, models, consents={"Anna"}.__contains__))


def test_without_consent_no_model_is_called_for_the_tile(asking, eyes, scores):
    for _ in range(4):
        moment = asking.play(TWO)
        assert eyes.asked == [0]
    assert scores.faces == 4
    masked = moment.observations[1]
    assert (masked.camera, masked.face, masked.emotions) == ("on", None, None)
    assert masked.quality == Quality(None, None, "no_consent")
    assert moment.states[1].mood is None
    assert moment.coverage == Coverage(1, 2, masked=1)


def test_a_name_that_is_not_on_the_list_is_no_consent(asking, eyes, labels):
    labels.said = {0: name("Annabel"), 1: None}
    asking.play(TWO, seconds=12)
    assert eyes.asked == []


def test_while_it_is_uncertain_who_sits_in_a_tile_no_model_is_called_for_it(asking, eyes, labels, scores):
    asking.play(TWO)
    labels.said = {0: None, 1: name("Anna")}
    asking.play(TWO)
    assert eyes.asked == [1], "the tile where Anna sat before is nobody's yet"
    assert scores.faces == 2


def test_a_name_that_was_read_with_doubt_is_no_consent(asking, eyes, labels):
    labels.said = {0: name("Anna", doubted="Anma"), 1: name("Ben")}
    asking.play(TWO)
    assert eyes.asked == []


def test_who_takes_another_name_consents_no_longer(asking, eyes, labels):
    asking.play(TWO)
    labels.said = {0: name("Anna B"), 1: name("Ben")}
    asking.play(TWO)
    assert eyes.asked == [0]
    assert asking.play(TWO).coverage.masked == 2


def test_where_nobody_was_asked_nobody_consents(models, labels, eyes, scores):
    Film(Pipeline(CONSENT_REQUIRED, models)).play(TWO)
    assert eyes.asked == []


def test_a_single_picture_is_read_with_consent_alone(models, labels, eyes, scores):
    pipeline = Pipeline(CONSENT_REQUIRED, models, consents={"Anna"}.__contains__)
    reading = pipeline.read(Frame(0, 0.0, NOISE), TWO)
    assert eyes.asked == [0]
    assert [seen.masked for seen in reading.tiles] == [None, "no_consent"]
    assert [seen.tile.camera for seen in reading.tiles] == ["on", "on"]


def test_a_camera_that_is_off_is_not_masked(asking):
    moment = asking.play([TWO[0], Tile(1, RIGHT, "off")])
    assert moment.observations[1].quality is None


# --- students without a name ----------------------------------------------------------------------------------------


def test_what_was_read_of_a_student_without_a_name_is_the_ones_whose_label_appears(models, eyes, labels):
    film = Film(Pipeline(settings(), models))
    film.play(TWO)
    film.play(TWO[:1], seconds=10)
    labels.said = {0: name("Anna"), 1: None}
    moment = film.play(TWO, seconds=12)
    assert [seen.student for seen in moment.observations] == [1, 3]
    labels.said[1], eyes.seen[1] = name("Ben"), []
    moment = film.play(TWO)
    assert moment.joined == ((3, 2),)
    assert [seen.student for seen in moment.observations] == [1, 2]
    assert next(state for state in moment.states if state.student == 2).mood is not None


# --- staff ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["ben", "Ben", "Benedikt Ro…"])
def test_staff_counts_neither_as_present_nor_as_seen_nor_as_masked(models, labels, eyes, scores, said):
    labels.said[1] = name(said)
    staffed = settings(privacy={"consent": "required"}, **{"class": {"staff_names": ["Ben", "Benedikt Rosen"]}})
    moment = Film(Pipeline(staffed, models, consents={"Anna"}.__contains__)).play(TWO)
    assert [state.staff for state in moment.states] == [False, True]
    assert moment.coverage == Coverage(1, 1)


# --- students over time ---------------------------------------------------------------------------------------------


def empty_chair(film: Film, eyes: Eyes) -> Moment:
    """Both are there for a while; then the first chair is empty for more than a minute."""
    film.play(TWO, seconds=40)
    eyes.seen[0] = []
    return film.play(TWO, seconds=62)


def test_an_empty_chair_is_flagged_in_the_moment(film, eyes):
    (flag,) = empty_chair(film, eyes).flags
    assert (flag.student, flag.kind, flag.ended_at) == (1, "away", None)
    assert flag.started_at == film.now_s - 61.5


def test_flags_rest_in_the_modes_of_the_class(film, eyes):
    film.pipeline.mode = "break"
    assert empty_chair(film, eyes).flags == ()


def test_where_a_head_is_turned_is_observed_and_known_of_the_student(film, eyes):
    turned = tuple((130.0 + x, 60.0 + y) for x, y in ((0, 0), (36, 0), (29, 22), (3, 40), (33, 40)))
    eyes.seen[1] = [Face(1, Box(410, 30, 500, 140), 0.8, tuple((x + 306, y) for x, y in turned))]
    moment = film.play(TWO, seconds=2)
    attention = moment.observations[1].attention
    assert attention is not None
    assert attention.yaw is not None
    assert attention.yaw > settings().attention.max_yaw
    assert [state.attending for state in moment.states] == [None, False]
    assert all(state.arousal is not None for state in moment.states)
