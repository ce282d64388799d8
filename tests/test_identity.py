"""What a student is, told as the lives of some students: read it from top to bottom."""

from __future__ import annotations

import numpy as np
import pytest

from domain import Box, CameraState, Tile
from inference.identity import Identities
from inference.names import Name, Signature


def label(text: str, read: bool = True, look: int = 0) -> Name:
    """A label that says this text; ``read`` False: in a script that nobody can read; ``look``: how it is drawn."""
    seed = sum(ord(letter) * 31**place for place, letter in enumerate(text)) + look
    pixels = np.random.default_rng(seed % 2**32).integers(0, 256, (16, 10 * len(text)), np.uint8)
    return Name(text if read else None, 1.0 if read else 0.0, Signature(pixels))


class Lesson:
    """A gallery whose tiles show these labels (None: no label), one frame every half second."""

    def __init__(self) -> None:
        self.identities = Identities()
        self.now_s = 100.0

    def shows(self, *labels: Name | None, cameras: str = "", width: int = 320) -> list[int | None]:
        """The students' numbers by slot; ``cameras`` holds a letter per tile, o for off; ``width`` is the layout."""
        self.now_s += 0.5
        tiles = []
        for slot in range(len(labels)):
            camera: CameraState = "off" if cameras[slot : slot + 1] == "o" else "on"
            tiles.append(Tile(slot, Box(slot * (width + 6), 0, slot * (width + 6) + width, width * 9 // 16), camera))
        found = self.identities.assign(tiles, dict(enumerate(labels)), self.now_s)
        return [found.get(slot) for slot in range(len(labels))]

    def waits(self, seconds: float) -> None:
        self.now_s += seconds

    @property
    def present(self) -> dict[int, int | None]:
        """Where the students in the meeting are, by number; None: on another page."""
        return {student.number: student.slot for student in self.identities.present(self.now_s)}


ANNA, BEN, CLEO, DAN = label("Anna"), label("Ben"), label("Cleo"), label("Dan")


@pytest.fixture
def lesson() -> Lesson:
    return Lesson()


def test_students_are_numbered_as_they_are_seen(lesson):
    assert lesson.shows(ANNA, BEN, CLEO) == [1, 2, 3]


def test_a_student_keeps_the_number_from_frame_to_frame(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(ANNA, BEN) == [1, 2]


def test_a_student_is_followed_through_a_reshuffle(lesson):
    lesson.shows(ANNA, BEN, CLEO)
    assert lesson.shows(CLEO, ANNA, BEN) == [3, 1, 2]


def test_a_student_is_followed_into_another_layout(lesson):
    lesson.shows(ANNA, BEN, CLEO)
    assert lesson.shows(DAN, CLEO, BEN, ANNA, width=200) == [4, 3, 2, 1]


def test_a_label_that_nobody_can_read_is_as_good_as_a_name(lesson):
    mina, jun = label("미나", read=False), label("준", read=False)
    lesson.shows(mina, jun)
    assert lesson.shows(jun, mina) == [2, 1]


def test_the_name_may_be_read_later(lesson):
    lesson.shows(label("Anna", read=False))
    lesson.shows(ANNA)
    (student,) = lesson.identities.present(lesson.now_s)
    assert (student.number, student.name) == (1, "Anna")


def test_a_read_name_finds_its_student_in_another_look(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(BEN, label("Anna", look=7)) == [2, 1]


def test_two_students_of_one_name_are_two(lesson):
    assert lesson.shows(ANNA, ANNA, BEN) == [1, 2, 3]
    assert lesson.shows(ANNA, ANNA, BEN) == [1, 2, 3]


def test_who_leaves_is_off_page_and_comes_back_as_the_same(lesson):
    lesson.shows(ANNA, BEN)
    lesson.shows(ANNA, width=640)
    assert lesson.present == {1: 0, 2: None}
    assert lesson.shows(BEN, ANNA) == [2, 1]


def test_after_five_minutes_unseen_a_student_has_left_the_meeting_but_not_the_session(lesson):
    lesson.shows(ANNA, BEN)
    lesson.shows(ANNA, width=640)
    lesson.waits(301)
    lesson.shows(ANNA, width=640)
    assert lesson.present == {1: 0}
    assert lesson.shows(ANNA, BEN) == [1, 2]


def test_pages_are_turned_back_and_forth(lesson):
    first, second = [ANNA, BEN], [CLEO, DAN]
    assert lesson.shows(*first) == [1, 2]
    assert lesson.shows(*second) == [None, None], "the layout stands, so new labels must prove themselves"
    for _ in range(4):
        lesson.shows(*second)
    assert lesson.shows(*second) == [3, 4]
    assert lesson.shows(*first) == [1, 2]
    assert lesson.present == {1: 0, 2: 1, 3: None, 4: None}


def test_one_odd_look_of_a_label_makes_no_new_student(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(ANNA, label("smudge", read=False)) == [1, None]
    assert lesson.shows(ANNA, BEN) == [1, 2]
    assert len(lesson.present) == 2


def test_flickering_odd_looks_make_no_new_student(lesson):
    lesson.shows(ANNA, BEN)
    for look in range(12):
        lesson.shows(ANNA, label("smudge", read=False, look=look))
    assert lesson.shows(ANNA, BEN) == [1, 2]
    assert len(lesson.present) == 2


def test_a_covered_label_keeps_its_student_while_the_layout_stands(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(ANNA, None) == [1, 2]


def test_a_tile_without_a_label_waits_after_a_change_of_layout(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(ANNA, None, BEN, width=200) == [1, None, 2]
    assert lesson.shows(ANNA, CLEO, BEN, width=200) == [1, 3, 2]


def test_a_tile_whose_label_never_comes_is_a_student_without_a_name(lesson):
    lesson.shows(ANNA, BEN)
    for _ in range(5):
        numbers = lesson.shows(ANNA, None, BEN, width=200)
    assert numbers == [1, 3, 2]


def test_with_labels_switched_off_students_are_places_until_the_layout_changes(lesson):
    assert lesson.shows(None, None) == [1, 2]
    assert lesson.shows(None, None) == [1, 2]
    assert lesson.shows(None, None, None, width=200) == [None, None, None], "labels may be drawn in a moment"
    lesson.waits(2)
    assert lesson.shows(None, None, None, width=200) == [3, 4, 5], "nobody can say who is who now"
    assert lesson.present == {3: 0, 4: 1, 5: 2}


def test_an_unnamed_student_gets_the_label_that_appears(lesson):
    lesson.shows(None, BEN)
    assert lesson.shows(ANNA, BEN) == [1, 2]
    assert lesson.shows(BEN, ANNA) == [2, 1]


def test_switching_a_camera_off_keeps_the_student_though_the_name_is_drawn_anew(lesson):
    lesson.shows(label("미나", read=False), BEN)
    assert lesson.shows(label("미나", read=False, look=1), BEN, cameras="oi") == [1, 2]
    assert lesson.shows(BEN, label("미나", read=False, look=1), cameras="io") == [2, 1]


@pytest.mark.parametrize("dots", ["...", "…", ".."])
def test_a_name_that_a_narrow_tile_cuts_is_still_the_students(lesson, dots):
    whole = label("Maximilian Rosenberger")
    lesson.shows(whole, ANNA)
    assert lesson.shows(ANNA, label(f"Maximilian Ro{dots}"), width=160) == [2, 1]
    assert [student.name for student in lesson.identities.present(lesson.now_s)] == ["Maximilian Rosenberger", "Anna"]


def test_a_cut_name_becomes_whole_when_there_is_room(lesson):
    lesson.shows(label("Maximilian Ro..."), ANNA, width=160)
    assert lesson.shows(ANNA, label("Maximilian Rosenberger")) == [2, 1]
    assert lesson.identities.present(lesson.now_s)[0].name == "Maximilian Rosenberger"


def test_a_cut_name_that_fits_two_students_is_nobodys(lesson):
    lesson.shows(label("Maximilian Rosenberger"), label("Maximilian Rothmann"))
    seen = lesson.shows(label("Maximilian Ro..."), ANNA, width=160)
    assert seen[0] not in {1, 2}


def test_zoom_names_the_staff(lesson):
    lesson.shows(Name("Ms. Adams", 1.0, ANNA.signature, staff=True), BEN)
    assert [student.staff for student in lesson.identities.present(lesson.now_s)] == [True, False]


def test_a_gallery_without_tiles_is_no_error(lesson):
    assert lesson.shows() == []


# --- what a label was read as ---------------------------------------------------------------------------------------


def named(lesson: Lesson, number: int = 1) -> str | None:
    return next(each.name for each in lesson.identities.present(lesson.now_s) if each.number == number)


def reading(text: str, of: Name, noise: int = 0) -> Name:
    """A look of a label that was read as this text; ``noise`` says how the picture behind it changed its pixels."""
    random = np.random.default_rng(noise).integers(0, 256, of.signature.pixels.shape)
    pixels = np.where(random < 36, random, of.signature.pixels).astype(np.uint8) if noise else of.signature.pixels
    return Name(text, 0.9, Signature(pixels))


def test_one_odd_reading_does_not_change_a_settled_name(lesson):
    zoe = label("Zoë Müller")
    for look in (zoe, reading("Zoë Müller", zoe, noise=1), reading("Zoe Muller", zoe, noise=2)):
        assert lesson.shows(look, BEN) == [1, 2]
    assert named(lesson) == "Zoë Müller"


def test_the_reading_that_most_looks_give_is_the_name(lesson):
    zoe = label("Zoë Müller")
    for look in (reading("Zoe Muller", zoe), *(reading("Zoë Müller", zoe, noise) for noise in (1, 2, 3))):
        assert lesson.shows(look, BEN) == [1, 2]
    assert named(lesson) == "Zoë Müller"


def test_a_name_read_in_full_replaces_one_that_was_cut(lesson):
    lesson.shows(reading("Alexandra Konst…", label("Alexandra Konst…")), BEN)
    assert lesson.shows(label("Alexandra Konstantinou"), BEN) == [1, 2]
    assert named(lesson) == "Alexandra Konstantinou"
