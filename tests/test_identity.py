"""What a student is, told as the lives of some students: read it from top to bottom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import Box, CameraState, Tile
from inference.identity import Identities, Student
from inference.names import Name, Signature


def label(text: str, read: bool = True, look: int = 0) -> Name:
    """A label that says this text; ``read`` False: in a script that nobody can read; ``look``: how it is drawn."""
    seed = sum(ord(letter) * 31**place for place, letter in enumerate(text)) + look
    pixels = np.random.default_rng(seed % 2**32).integers(0, 256, (16, max(10 * len(text), 30)), np.uint8)
    return Name(text if read else None, 1.0 if read else 0.0, Signature(pixels))


def backdrop(room: str) -> np.ndarray:
    """What a tile shows of a room, which has a letter; "." is flat ground, as on tiles without a picture."""
    if room == ".":
        return np.full((7, 16, 3), 34, np.uint8)
    return np.random.default_rng(ord(room)).integers(0, 256, (7, 16, 3), np.uint8)


class Lesson:
    """A gallery whose tiles show these labels (None: no label), one frame every half second."""

    def __init__(self) -> None:
        self.identities = Identities()
        self.now_s = 100.0

    def shows(self, *labels: Name | None, rooms: str = "", cameras: str = "", width: int = 320) -> list[int | None]:
        """The students' numbers by slot, None where they are uncertain.

        ``rooms`` holds a letter per tile, by default the first of its label, which is everybody's own room; ``cameras``
        holds an o for off; ``width`` is the layout.
        """
        self.now_s += 0.5
        tiles, pictures = [], {}
        for slot, name in enumerate(labels):
            camera: CameraState = "off" if cameras[slot : slot + 1] == "o" else "on"
            tiles.append(Tile(slot, Box(slot * (width + 6), 0, slot * (width + 6) + width, width * 9 // 16), camera))
            own = name.text[0] if name and name.text else "?"
            pictures[slot] = backdrop("." if camera == "off" else rooms[slot : slot + 1] or own)
        found = self.identities.assign(tiles, dict(enumerate(labels)), self.now_s, pictures)
        return [found[slot].number if slot in found else None for slot in range(len(labels))]

    def keeps_showing(self, *labels: Name | None, seconds: float = 3.0, **how: str | int) -> list[int | None]:
        """The same for some seconds; the numbers at the end."""
        for _ in range(int(2 * seconds)):
            numbers = self.shows(*labels, **how)  # pyright: ignore[reportArgumentType]
        return numbers

    def waits(self, seconds: float) -> None:
        self.now_s += seconds

    @property
    def students(self) -> list[Student]:
        return self.identities.present(self.now_s)

    @property
    def present(self) -> dict[int, int | None]:
        """Where the students in the meeting are, by number; None: on another page, or not certain."""
        return {student.number: student.slot for student in self.students}

    @property
    def names(self) -> dict[int, str | None]:
        return {student.number: student.name for student in self.students}


ANNA, BEN, CLEO, DAN = label("Anna"), label("Ben"), label("Cleo"), label("Dan")
MINA, JUN = label("미나", read=False), label("준", read=False)


@pytest.fixture
def lesson() -> Lesson:
    return Lesson()


# --- a student is a label -------------------------------------------------------------------------------------------


def test_students_are_numbered_as_they_are_seen(lesson):
    assert lesson.shows(ANNA, BEN, CLEO) == [1, 2, 3]
    assert lesson.shows(ANNA, BEN, CLEO) == [1, 2, 3]


def test_a_student_is_followed_through_a_reshuffle(lesson):
    lesson.shows(ANNA, BEN, CLEO)
    assert lesson.shows(CLEO, ANNA, BEN) == [3, 1, 2]


def test_two_students_change_places(lesson):
    lesson.shows(ANNA, BEN, CLEO)
    assert lesson.shows(BEN, ANNA, CLEO) == [2, 1, 3]


def test_a_label_that_nobody_can_read_is_as_good_as_a_name(lesson):
    lesson.shows(MINA, JUN)
    assert lesson.shows(JUN, MINA) == [2, 1]


def test_a_read_name_finds_its_student_in_another_look(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(BEN, label("Anna", look=7)) == [2, 1]


def test_the_name_may_be_read_later(lesson):
    lesson.shows(label("Anna", read=False), rooms="A")
    lesson.shows(ANNA)
    assert lesson.names == {1: "Anna"}


def test_what_was_read_with_doubt_twice_is_the_same_label(lesson):
    ana, ben = (Name(None, 0.0, label(text).signature, doubted=text) for text in ("Zoë Müller", "Ben"))
    lesson.shows(ana, ben, rooms="ZB")
    again = Name(None, 0.0, label("Zoë Müller", look=3).signature, doubted="Zoë Müller")
    assert lesson.shows(CLEO, again, width=200)[1] == 1


def test_a_lone_microphone_is_no_label(lesson):
    microphone = Name(None, 0.0, Signature(np.full((16, 11), 200, np.uint8)))
    lesson.shows(ANNA, BEN)
    assert lesson.shows(microphone, BEN, rooms="CB") == [None, 2]
    assert lesson.shows(CLEO, microphone, rooms="CB") == [3, 2], "Cleo is new; Ben still sits there"


# --- joining, leaving, pages ----------------------------------------------------------------------------------------


def test_a_newcomer_whose_label_is_read_is_a_student_at_once(lesson):
    lesson.shows(ANNA, BEN, CLEO)
    assert lesson.shows(DAN, CLEO, BEN, ANNA, width=200) == [4, 3, 2, 1]


def test_a_newcomer_whose_label_cannot_be_read_must_be_seen_for_two_seconds(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(MINA, BEN, ANNA, width=200) == [None, 2, 1]
    assert lesson.keeps_showing(MINA, BEN, ANNA, width=200) == [3, 2, 1]


def test_who_leaves_is_paused_and_comes_back_as_the_same(lesson):
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
    assert lesson.shows(*second) == [3, 4]
    assert lesson.shows(*first) == [1, 2]
    assert lesson.present == {1: 0, 2: 1, 3: None, 4: None}


def test_a_tile_that_is_filled_anew_is_the_newcomers(lesson):
    lesson.shows(ANNA, BEN, CLEO)
    assert lesson.shows(ANNA, DAN, CLEO) == [1, 4, 3]
    assert lesson.present[2] is None


# --- cameras --------------------------------------------------------------------------------------------------------


def test_switching_a_camera_off_and_on_keeps_the_student(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(ANNA, BEN, cameras="oi") == [1, 2]
    assert lesson.shows(BEN, ANNA, cameras="io") == [2, 1]
    assert lesson.shows(BEN, ANNA) == [2, 1]


def test_a_name_drawn_anew_in_the_middle_of_the_tile_is_the_same_in_any_script(lesson):
    noise = np.random.default_rng(1).integers(-30, 30, MINA.signature.pixels.shape)
    larger = Name(None, 0.0, Signature((MINA.signature.pixels + noise).clip(0, 255).astype(np.uint8)))
    lesson.shows(MINA, BEN)
    assert lesson.shows(larger, BEN, cameras="oi") == [1, 2]
    assert lesson.shows(BEN, larger, cameras="io") == [2, 1]


# --- odd looks ------------------------------------------------------------------------------------------------------


def test_an_odd_look_of_a_label_over_the_same_room_is_still_the_students(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.keeps_showing(ANNA, label("smudge", read=False), rooms="AB") == [1, 2]
    assert lesson.shows(ANNA, BEN) == [1, 2]
    assert len(lesson.present) == 2


def test_an_odd_look_on_flat_ground_is_nobodys_until_it_has_stood(lesson):
    lesson.shows(ANNA, BEN, cameras="io")
    assert lesson.shows(ANNA, label("smudge", read=False), cameras="io") == [1, None]
    assert lesson.shows(ANNA, BEN, cameras="io") == [1, 2]
    assert len(lesson.present) == 2


def test_flickering_odd_looks_make_no_new_student(lesson):
    lesson.shows(ANNA, BEN, cameras="io")
    for look in range(12):
        lesson.shows(ANNA, label("smudge", read=False, look=look), cameras="io")
    assert lesson.shows(ANNA, BEN, cameras="io") == [1, 2]
    assert len(lesson.present) == 2


# --- renaming -------------------------------------------------------------------------------------------------------


def test_who_takes_another_name_in_the_same_room_stays_the_same(lesson):
    lesson.shows(label("iPhone"), BEN, rooms="AB")
    assert lesson.keeps_showing(ANNA, BEN, rooms="AB") == [1, 2]
    assert lesson.names == {1: "Anna", 2: "Ben"}
    assert lesson.shows(BEN, ANNA) == [2, 1], "the new name is the student's own"


def test_who_adds_to_the_name_without_a_picture_stays_the_same(lesson):
    lesson.shows(ANNA, BEN, cameras="oi")
    assert lesson.keeps_showing(label("Anna 9b"), BEN, cameras="oi") == [1, 2]
    assert lesson.names == {1: "Anna 9b", 2: "Ben"}


def test_another_name_on_a_tile_without_a_picture_is_somebody_else(lesson):
    lesson.shows(ANNA, BEN, cameras="oi")
    assert lesson.shows(CLEO, BEN, cameras="oi") == [None, 2]
    assert lesson.keeps_showing(CLEO, BEN, cameras="oi") == [3, 2]


# --- two students of one name ---------------------------------------------------------------------------------------


def test_two_students_of_one_name_are_two(lesson):
    assert lesson.shows(ANNA, ANNA, BEN, rooms="abc") == [1, 2, 3]
    assert lesson.shows(ANNA, ANNA, BEN, rooms="abc") == [1, 2, 3]


def test_two_students_of_one_name_are_told_by_their_rooms_when_they_move(lesson):
    lesson.shows(ANNA, ANNA, BEN, rooms="abc")
    assert lesson.shows(BEN, ANNA, ANNA, rooms="cba") == [3, 2, 1]


def test_the_last_of_one_name_is_told_by_elimination(lesson):
    lesson.shows(ANNA, ANNA, BEN, rooms="abc", cameras="oii")
    assert lesson.shows(BEN, ANNA, ANNA, rooms="cba", cameras="iio") == [3, 2, 1]


def test_two_of_one_name_who_cannot_be_told_apart_are_nobody_and_still_in_the_meeting(lesson):
    lesson.shows(ANNA, ANNA, BEN, CLEO, cameras="ooii")
    assert lesson.keeps_showing(CLEO, ANNA, ANNA, BEN, cameras="iooi", seconds=200) == [4, None, None, 3]
    lesson.waits(200)
    lesson.shows(CLEO, ANNA, ANNA, BEN, cameras="iooi")
    assert lesson.present == {1: None, 2: None, 3: 3, 4: 0}


def test_one_of_two_who_comes_back_alone_is_nobody(lesson):
    lesson.shows(ANNA, ANNA, BEN, rooms="abc")
    lesson.keeps_showing(BEN, width=640, seconds=10)
    assert lesson.shows(BEN, ANNA, rooms="ca", width=400) == [3, None]


def test_a_second_of_the_name_who_joins_is_another_student(lesson):
    lesson.shows(ANNA, BEN, rooms="ab")
    assert lesson.keeps_showing(ANNA, BEN, ANNA, rooms="abc", width=200) == [1, 2, 3]


def test_the_host_and_a_student_of_the_hosts_name_are_told_by_what_zoom_adds(lesson):
    host = Name("Anna", 1.0, ANNA.signature, staff=True)
    lesson.shows(host, ANNA, BEN, rooms="abc")
    assert lesson.shows(ANNA, BEN, host, rooms="xyz") == [2, 3, 1]


# --- labels that are cut --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dots", ["...", "…", ".."])
def test_a_name_that_a_narrow_tile_cuts_is_still_the_students(lesson, dots):
    lesson.shows(label("Maximilian Rosenberger"), ANNA)
    assert lesson.shows(ANNA, label(f"Maximilian Ro{dots}"), width=160) == [2, 1]
    assert lesson.names == {1: "Maximilian Rosenberger", 2: "Anna"}


def test_a_cut_name_becomes_whole_when_there_is_room(lesson):
    lesson.shows(label("Maximilian Ro..."), ANNA, width=160)
    assert lesson.shows(ANNA, label("Maximilian Rosenberger")) == [2, 1]
    assert lesson.names == {1: "Maximilian Rosenberger", 2: "Anna"}


def test_a_cut_name_that_fits_two_students_is_nobodys(lesson):
    lesson.shows(label("Maximilian Rosenberger"), label("Maximilian Rothmann"), rooms="ab")
    assert lesson.shows(label("Maximilian Ro..."), ANNA, rooms="cd", width=160) == [None, 3]


def test_a_cut_name_that_fits_two_students_is_the_one_whose_whole_name_is_nowhere_else(lesson):
    lesson.shows(label("Maximilian Rosenberger"), label("Maximilian Rothmann"), rooms="ab")
    cut, whole = label("Maximilian Ro..."), label("Maximilian Rothmann")
    assert lesson.shows(cut, whole, rooms="cd", width=160) == [1, 2]


# --- labels that come late, or never --------------------------------------------------------------------------------


def test_a_covered_label_keeps_its_student_while_the_gallery_stands(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(ANNA, None, rooms="AB") == [1, 2]


def test_before_labels_are_drawn_students_are_followed_by_their_rooms(lesson):
    lesson.shows(ANNA, BEN, CLEO)
    assert lesson.shows(None, None, None, rooms="CAB") == [3, 1, 2]
    assert lesson.shows(None, None, None, rooms="BCA", width=200) == [2, 3, 1]


def test_tiles_without_a_picture_wait_for_their_labels_when_the_gallery_was_rearranged(lesson):
    lesson.shows(ANNA, BEN, CLEO, DAN, cameras="ooii")
    assert lesson.shows(None, None, None, None, rooms="..DC", cameras="ooii") == [None, None, 4, 3]
    assert lesson.shows(BEN, ANNA, DAN, CLEO, cameras="ooii") == [2, 1, 4, 3]


def test_nobody_is_followed_by_a_room_that_two_share(lesson):
    lesson.shows(ANNA, BEN, CLEO, rooms="aac")
    assert lesson.shows(None, None, None, rooms="caa") == [3, None, None]


def test_a_room_is_forgotten_after_seconds(lesson):
    lesson.shows(ANNA, BEN)
    lesson.keeps_showing(BEN, width=640, seconds=10)
    assert lesson.shows(None, BEN, rooms="AB") == [None, 2]
    assert all(student.backdrop is None for student in lesson.students if student.name == "Anna")


def test_a_tile_whose_label_does_not_come_is_a_student_without_a_name(lesson):
    lesson.shows(ANNA, BEN)
    assert lesson.shows(ANNA, None, BEN, rooms="AxB", width=200) == [1, None, 2]
    assert lesson.keeps_showing(ANNA, None, BEN, rooms="AxB", width=200, seconds=11) == [1, 3, 2]
    assert lesson.names == {1: "Anna", 2: "Ben", 3: None}


def test_a_student_without_a_name_gets_the_label_that_appears(lesson):
    lesson.shows(None, BEN, rooms="AB")
    assert lesson.shows(ANNA, BEN) == [1, 2]
    assert lesson.shows(BEN, ANNA) == [2, 1]
    assert lesson.identities.joined == ()


def test_a_student_without_a_name_joins_the_known_one_whose_label_appears(lesson):
    lesson.shows(ANNA, BEN)
    lesson.keeps_showing(BEN, width=640, seconds=10)
    assert lesson.keeps_showing(BEN, None, rooms="BA", seconds=11) == [2, 3]
    assert lesson.shows(BEN, ANNA) == [2, 1]
    assert lesson.identities.joined == ((3, 1),)
    assert lesson.present == {1: 1, 2: 0}
    lesson.shows(BEN, ANNA)
    assert lesson.identities.joined == ()


def test_who_sat_elsewhere_is_not_joined_by_a_label_that_comes_with_another_picture(lesson):
    lesson.shows(ANNA, BEN)
    lesson.keeps_showing(BEN, width=640, seconds=10)
    assert lesson.keeps_showing(BEN, None, rooms="Bx", seconds=11) == [2, 3]
    assert lesson.shows(BEN, ANNA, rooms="BA") == [2, 1]
    assert lesson.identities.joined == ()


def test_with_labels_switched_off_students_are_their_places_and_their_rooms(lesson):
    assert lesson.shows(None, None, rooms="ab") == [1, 2]
    assert lesson.shows(None, None, rooms="ab") == [1, 2]
    assert lesson.shows(None, None, None, rooms="cab", width=200) == [None, 1, 2]
    assert lesson.keeps_showing(None, None, None, rooms="cab", width=200) == [3, 1, 2]


def test_a_gallery_without_tiles_is_no_error(lesson):
    assert lesson.shows() == []


# --- whatever happens -----------------------------------------------------------------------------------------------

LABELS = [None, ANNA, ANNA, BEN, label("Ann…"), label("Anna Berg"), label("Anna Berg 9b"), MINA, JUN]
TILE = st.tuples(st.integers(0, len(LABELS) - 1), st.sampled_from("ab."), st.booleans())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(frames=st.lists(st.lists(TILE, max_size=5), max_size=12), seconds=st.sampled_from([0.0, 2.0, 9.0]))
def test_nobody_sits_in_two_tiles_and_who_sits_somewhere_is_present(frames, seconds):
    lesson = Lesson()
    for frame in frames:
        lesson.waits(seconds)
        rooms, cameras = "".join(room for _, room, _ in frame), "".join("o" if off else "i" for *_, off in frame)
        numbers = lesson.shows(*(LABELS[place] for place, *_ in frame), rooms=rooms, cameras=cameras)
        found = {number: slot for slot, number in enumerate(numbers) if number is not None}
        assert len(found) == sum(number is not None for number in numbers)
        assert {number: slot for number, slot in lesson.present.items() if slot is not None} == found


# --- staff ----------------------------------------------------------------------------------------------------------


def test_zoom_names_the_staff(lesson):
    lesson.shows(Name("Ms. Adams", 1.0, ANNA.signature, staff=True), BEN)
    assert [student.staff for student in lesson.students] == [True, False]


# --- what a label was read as ---------------------------------------------------------------------------------------


def reading(text: str, of: Name, noise: int = 0) -> Name:
    """A look of a label that was read as this text; ``noise`` says how the picture behind it changed its pixels."""
    random = np.random.default_rng(noise).integers(0, 256, of.signature.pixels.shape)
    pixels = np.where(random < 36, random, of.signature.pixels).astype(np.uint8) if noise else of.signature.pixels
    return Name(text, 0.9, Signature(pixels))


def test_one_odd_reading_does_not_change_a_settled_name(lesson):
    zoe = label("Zoë Müller")
    for look in (zoe, reading("Zoë Müller", zoe, noise=1), reading("Zoe Muller", zoe, noise=2)):
        assert lesson.shows(look, BEN) == [1, 2]
    assert lesson.names[1] == "Zoë Müller"


def test_the_reading_that_most_looks_give_is_the_name(lesson):
    zoe = label("Zoë Müller")
    for look in (reading("Zoe Muller", zoe), *(reading("Zoë Müller", zoe, noise) for noise in (1, 2, 3))):
        assert lesson.shows(look, BEN) == [1, 2]
    assert lesson.names[1] == "Zoë Müller"


def test_a_name_read_in_full_replaces_one_that_was_cut(lesson):
    lesson.shows(reading("Alexandra Konst…", label("Alexandra Konst…")), BEN)
    assert lesson.shows(label("Alexandra Konstantinou"), BEN) == [1, 2]
    assert lesson.names[1] == "Alexandra Konstantinou"
