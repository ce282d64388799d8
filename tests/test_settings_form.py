"""The settings as controls: every setting has one that fits it, and what it holds comes back as the setting."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic.fields import FieldInfo

from config import Settings
from dashboard.desk import settings_form
from dashboard.desk.settings_file import SettingsRefused, values_of
from dashboard.desk.settings_form import declared, explained, given, kind_of, shown


def controls(values: dict[str, Any]) -> dict[str, Any]:
    """Every control of the form by the key of its setting."""
    found = {}
    for card in settings_form.form(values):
        for part in card._traverse():
            name = getattr(part, "id", None)
            if isinstance(name, dict):
                found[name["key"]] = part
    return found


def test_every_setting_has_a_control_with_its_sentence() -> None:
    made = controls(values_of(Settings()))
    assert made.keys() == declared().keys() == values_of(Settings()).keys()
    for key, control in made.items():
        text = " ".join(str(part) for part in control.description)
        assert key in text
        assert (declared()[key].description or "").split("`")[0].strip() in text
        assert control.label


def test_what_controls_hold_is_what_the_settings_are() -> None:
    values = values_of(Settings()) | {"capture.region": [0, -10, 640, 480], "class.staff_names": ["Ms Hill"]}
    assert given({key: shown(key, value) for key, value in values.items()}) == values


@pytest.mark.parametrize(
    ("key", "kind", "facts"),
    [
        ("capture.rate_hz", "number", "0.2 to 10 frames per second; default 2"),
        ("capture.window", "choice", "default follow"),
        ("capture.monitor", "whole", "0 to 16; default 0"),
        ("capture.region", "region", "pixels; default nothing"),
        ("inference.read_names", "switch", "default on"),
        ("inference.min_sharpness", "number", "0 to 1 share; default 0.08"),
        ("session.course", "text", "at most 200 characters; default nothing"),
        ("class.staff_names", "names", "default nothing"),
    ],
)
def test_controls_fit_and_say_unit_range_and_default(key: str, kind: str, facts: str) -> None:
    assert kind_of(declared()[key]) == kind
    assert explained(declared()[key]) == facts


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (list[Literal["away", "low_mood"]], "choices"),
        (Literal["off", "required"], "choice"),
        (float | None, "number"),
        (str | None, "text"),
        (list[str], "names"),
    ],
)
def test_settings_that_may_come_find_their_control(annotation: Any, kind: str) -> None:
    assert kind_of(FieldInfo(annotation=annotation)) == kind


@pytest.mark.parametrize("text", ["0 0 1280 720", "[0, 0, 1280, 720]", "0;0;1280;720"])
def test_a_region_is_taken_in_the_usual_spellings(text: str) -> None:
    assert given({"capture.region": text}) == {"capture.region": [0, 0, 1280, 720]}


def test_a_region_of_words_gets_one_clear_sentence() -> None:
    with pytest.raises(SettingsRefused) as caught:
        given({"capture.region": "left half"})
    expected = "expected four whole numbers such as 0, 0, 1280, 720, or nothing, found 'left half'"
    assert caught.value.sentences == {"capture.region": f"capture.region: {expected}"}


def test_an_empty_field_means_nothing_only_where_nothing_is_a_value() -> None:
    assert given({"class.roster": "", "session.course": ""}) == {"class.roster": None, "session.course": ""}
