"""config.yaml changed from a page: values alone change, bad input changes nothing, nobody's work is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import config
from dashboard.desk.settings_file import SettingsRefused, read, save, with_value
from domain import ConfigError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The configuration as it is delivered."""
    copy = tmp_path / "config.yaml"
    copy.write_bytes(config.CONFIG_FILE.read_bytes())
    return copy


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_only_the_lines_of_changed_settings_change(path: Path) -> None:
    before = lines(path)
    changes = {
        "capture.rate_hz": 1.5,
        "capture.region": [0, 0, 1280, 720],
        "session.course": 'Maths: "9b" #1',
        "class.staff_names": ["Ms Hill", "Ömer"],
        "class.roster": "data/roster.csv",
        "dashboard.open_browser": False,
    }
    file = save(path, read(path).fingerprint, changes)
    assert {key: file.values[key] for key in changes} == changes
    assert config.load(path) == file.settings
    after = lines(path)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == len(changes)
    for old, new in changed:
        assert old.partition(":")[0] == new.partition(":")[0]
        assert old.partition(" # ")[2] == new.partition(" # ")[2] or "#1" in new


def test_comments_stay_in_their_column_while_there_is_room(path: Path) -> None:
    column = next(line.index("#") for line in lines(path) if "rate_hz" in line)
    save(path, read(path).fingerprint, {"capture.rate_hz": 0.25})
    assert next(line for line in lines(path) if "rate_hz" in line).index("#") == column


def test_bad_values_are_named_and_nothing_is_written(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(SettingsRefused) as caught:
        save(path, read(path).fingerprint, {"capture.rate_hz": 99, "capture.region": [9, 9, 1, 1], "session.course": 3})
    assert caught.value.sentences.keys() == {"capture.rate_hz", "capture.region", "session.course"}
    assert "less than or equal to 10" in caught.value.sentences["capture.rate_hz"]
    assert path.read_bytes() == before


def test_a_file_that_was_changed_meanwhile_is_left_alone(path: Path) -> None:
    fingerprint = read(path).fingerprint
    path.write_text(path.read_text("utf-8").replace("port: 8050", "port: 8051"), "utf-8")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="changed meanwhile"):
        save(path, fingerprint, {"capture.rate_hz": 1.0})
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        ("", "capture.rate_hz", 1.0, "capture:\n  rate_hz: 1.0\n"),
        ("capture:\n  rate_hz: 2.0\n", "session.course", "", "capture:\n  rate_hz: 2.0\n\nsession:\n  course: ''\n"),
        ("capture: # c\n    rate_hz: 2\n", "capture.monitor", 1, "capture: # c\n    monitor: 1\n    rate_hz: 2\n"),
        ("capture: {rate_hz: 2}\n", "capture.monitor", 1, "capture: {monitor: 1, rate_hz: 2}\n"),
        ("capture: {}", "capture.monitor", 1, "capture: {monitor: 1}"),
        ("class:\n  roster: # none\n", "class.roster", "a.csv", "class:\n  roster: a.csv # none\n"),
        ("class:\r\n  roster: null\r\n", "class.roster", "a b", "class:\r\n  roster: a b\r\n"),
        ("session:\r\n  course: x\r\n", "session.end_after_s", 60.0,
         "session:\r\n  end_after_s: 60.0\r\n  course: x\r\n"),
        ("class:\n  staff_names:\n    - A\n    - B\n\n# end\n", "class.staff_names", ["C"],
         "class:\n  staff_names:\n    [C]\n\n# end\n"),
        ("session:\n  course: |\n    Maths\n", "session.course", "Art", "session:\n  course: Art\n"),
        ("session:\n  course: 'null' # n", "session.course", "null", "session:\n  course: 'null' # n"),
    ],
)  # fmt: skip
def test_other_ways_of_writing_are_kept(text: str, key: str, value: Any, expected: str) -> None:
    assert with_value(text, key, value) == expected


def test_comments_between_entries_of_a_list_are_not_lost(path: Path) -> None:
    path.write_text("class:\n  staff_names:\n    - Ann  # head\n    - Bob\n", "utf-8")
    with pytest.raises(ConfigError, match="change it in the file itself"):
        save(path, read(path).fingerprint, {"class.staff_names": ["Bob"]})
    assert "# head" in path.read_text("utf-8")


def test_a_value_that_stands_for_two_settings_is_not_touched(path: Path) -> None:
    path.write_text("inference:\n  min_face_width: &px 40\n  min_face_height: *px\n", "utf-8")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="unusual spelling"):
        save(path, read(path).fingerprint, {"inference.min_face_height": 60})
    assert path.read_bytes() == before


def test_hostile_text_stays_one_value(path: Path) -> None:
    course = "x\ncapture: {rate_hz: 9}\n# \u2028\x85'\"\\ =HYPERLINK( \u202e"
    file = save(path, read(path).fingerprint, {"session.course": course})
    assert file.settings.session.course == course
    assert file.settings.capture.rate_hz == 2.0


@pytest.mark.parametrize("course", ["\x85", "a\x85b", "\x1c", "x\u2028", " ", "", "\n"])
def test_line_ends_of_every_kind_are_kept(path: Path, course: str) -> None:
    assert save(path, read(path).fingerprint, {"session.course": course}).settings.session.course == course


def test_a_link_and_the_rights_of_the_file_stay(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked.yaml"
    link.symlink_to(path)
    path.chmod(0o640)
    save(link, read(link).fingerprint, {"capture.monitor": 2})
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert config.load(path).capture.monitor == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config.yaml", "linked.yaml"]


def test_a_broken_or_missing_file_is_said_as_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found no file"):
        read(tmp_path / "absent.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(b"capture: \xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        read(broken)


AWKWARD = ["", "null", "yes", "1e3", "0x1F", "# no", "a: b", "- x", "'\"", "\\n", "&a *a"]
TEXTS = st.text(max_size=40) | st.sampled_from(AWKWARD)


def values_after(path: Path, changes: dict[str, Any]) -> dict[str, Any] | None:
    """What the file says after a change; None where the change was refused."""
    try:
        return save(path, read(path).fingerprint, changes).values
    except SettingsRefused:
        return None


@given(course=TEXTS, staff=st.lists(TEXTS, max_size=4), roster=st.none() | TEXTS, width=st.integers(-5, 5000))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_is_kept_as_it_is_or_refused(
    path: Path, course: str, staff: list[str], roster: str | None, width: int
) -> None:
    path.write_bytes(config.CONFIG_FILE.read_bytes())
    before = lines(path)
    changes = {"session.course": course, "class.staff_names": staff, "class.roster": roster, "simulator.width": width}
    values = values_after(path, changes)
    changed = [old for old, new in zip(before, lines(path), strict=True) if old != new]
    if values is None:
        assert not changed
    else:
        assert {key: values[key] for key in changes} == changes
        assert len(changed) <= len(changes)
