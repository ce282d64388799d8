"""The class list beside recent sessions: who is meant by which label, and how a list comes into use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import config
from dashboard.desk import class_list, settings_file
from dashboard.desk.class_list import RECENT_SESSIONS, preview
from db.engine import open_store
from db.roster import Entry
from db.writer import Writer
from domain import ConfigError
from tests.dashboard_store import Clock, write_class

NOW = 1_800_000_000.0
CLASS = tuple(Entry(name) for name in ("Zoe Müller", "Max Li", "Maya Stein", "Maya Stone"))


def test_labels_are_matched_session_by_session_in_the_order_of_the_list() -> None:
    seen = preview(CLASS, [["Zoë Müller", "Max Li", "Maya"], ["MÜLLER Zoe", "Max Li", "Guest 7"]])
    assert [line.entry for line in seen.lines] == list(CLASS)
    assert seen.lines[0].labels == {"Zoë Müller": 1, "MÜLLER Zoe": 1}
    assert (seen.lines[1].labels, seen.lines[1].sessions) == ({"Max Li": 2}, 2)
    assert (seen.met, seen.sessions) == (2, 2)


def test_a_label_that_could_mean_two_students_means_nobody() -> None:
    seen = preview(CLASS, [["Maya"], ["Maya"], ["Somebody Else"]])
    assert seen.strangers == {"Maya": 2, "Somebody Else": 1}
    assert seen.met == 0


def test_two_students_of_one_name_stay_two_lines() -> None:
    seen = preview((Entry("Max Li"), Entry("Max Li")), [["Max Li"]])
    assert len(seen.lines) == 2
    assert seen.strangers == {"Max Li": 1}


def test_the_latest_sessions_are_asked_without_staff_and_nameless(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/class.sqlite"
    writing, reading = open_store(url, write=True), open_store(url, write=False)
    with Writer(writing, Clock(NOW)) as writer:
        for number in range(RECENT_SESSIONS + 2):
            start = NOW + number * 100
            write_class(writer, start, start + 2, 3, ["Maya", None, f"Guest {number}"])
            writer.end_session(start + 3, "stopped")
        writer.flush()
    labels = class_list.recent_labels(reading)
    assert labels == [["Maya", f"Guest {number}"] for number in range(RECENT_SESSIONS + 1, 1, -1)]
    for engine in (reading, writing):
        engine.dispose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    copy = tmp_path / "config.yaml"
    shutil.copy(config.CONFIG_FILE, copy)
    return copy


def test_a_list_comes_into_use_in_one_step(path: Path) -> None:
    assert class_list.current(path) is None
    named = class_list.use(path, "Name\nZoë Müller\n".encode(), "class.csv")
    kept = path.parent / "data" / "roster.csv"
    assert Path(named) == kept
    assert kept.read_bytes() == "Name\nZoë Müller\n".encode()
    assert config.load(path).classroom.roster == named
    assert class_list.current(path) == (named, (Entry("Zoë Müller"),))
    class_list.use(path, b"Name\nMax Li\n", "other.csv")
    assert class_list.current(path) == (named, (Entry("Max Li"),))
    assert [each.name for each in kept.parent.iterdir()] == ["roster.csv"]


def test_what_is_no_class_list_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="class.csv, line 1: expected a header"):
        class_list.use(path, b"a,b\n1,2\n", "class.csv")
    assert path.read_bytes() == before
    assert not (path.parent / "data").exists()


def test_a_list_that_has_gone_is_named(path: Path) -> None:
    settings_file.save(path, settings_file.read(path).fingerprint, {"class.roster": "data/absent.csv"})
    with pytest.raises(ConfigError, match="expected a CSV file at data/absent.csv"):
        class_list.current(path)
