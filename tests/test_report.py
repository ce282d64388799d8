"""The report as data: what it says of lessons whose story is known, and what it leaves unsaid."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from dash import Dash
from plotly.utils import PlotlyJSONEncoder
from sqlalchemy import Engine

from benchmarks.drawn.lessons import Lesson, Stretch, write_lesson
from dashboard import app
from dashboard.report import cards, figures, heat, summary, tables, turning
from dashboard.report.account import Account, read_account
from dashboard.report.deeds import answers, whois
from dashboard.report.naming import Naming
from dashboard.report.turning import turning_points
from dashboard.report.usual import STEPS
from db import commands, corrections, remarks
from db.corrections import Correction
from db.engine import open_store
from db.queries import GapView, MarkerView
from db.status import CaptureStatus
from db.writer import Writer
from domain import EMOTIONS, Flag, StoreError
from tests.dashboard_store import moment, scores
from tests.test_dashboard_figures import contrast

START = 1_800_000_000.0
DAY_S = 86_400.0
STORY = (Stretch(20, "pleasant", 0.85), Stretch(15, "low", 0.5), Stretch(15, "calm", 0.8))
NAMES = ["Maya Okafor", "Björn Øst", "Li"]
FLAG = Flag(
    1, "looking_away", "Maya Okafor looks away.", START + 1500, START + 1700, 40, 50, 0.8, "A second screen, or notes."
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """1: a lesson with a known story. 2 to 4: others of its course. 5: two minutes. 6: empty. 7: drawn. 8: presence."""
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('report') / 'class.sqlite'}", write=True)
    lesson = Lesson(STORY, 14, NAMES, off=frozenset({4}), late={7: 12}, pauses=((40, 44),))
    with Writer(engine, gap_s=60.0) as writer:  # moments are written every ten seconds, not twice a second
        write_lesson(writer, lesson, START, step_s=10.0, flags=[FLAG])
        for number in range(1, 4):
            usual = dataclasses.replace(lesson, stretches=(Stretch(30, "calm"),), pauses=())
            write_lesson(writer, usual, START + number * DAY_S, seed=number, step_s=30.0)
        short = Lesson((Stretch(2),), 6, off=frozenset(), late={}, pauses=(), title="Short")
        write_lesson(writer, short, START + 5 * DAY_S)
        writer.start_session("screen", "Empty", False, START + 6 * DAY_S)
        writer.end_session(START + 6 * DAY_S + 5, "stopped")
        write_lesson(writer, dataclasses.replace(lesson, simulated=True), START + 7 * DAY_S, step_s=30.0)
        nobody = dataclasses.replace(lesson, off=frozenset(range(1, 15)), title="Presence", pauses=())
        write_lesson(writer, nobody, START + 8 * DAY_S, step_s=30.0)
    remarks.mark(engine, 1, "phase", "Exercise 3", START + 20 * 60, START)
    remarks.mark(engine, 1, "note", "ask maya about <b>her</b> book", START + 30 * 60, START)
    remarks.dismiss(engine, 1, "known", "Maya takes notes", START)
    yield engine
    engine.dispose()


def account_of(store: Engine, number: int) -> Account:
    account = read_account(store, number, START + 9 * DAY_S)
    assert account is not None
    return account


def named(account: Account) -> Naming:
    return Naming(account.students, with_names=True)


def test_the_moments_of_a_known_story_are_found_with_their_evidence(store: Engine) -> None:
    points = account_of(store, 1).turning
    minutes = [(point.measure, round((point.at - START) / 60)) for point in points]
    assert minutes == [("valence", 20), ("attention", 20), ("valence", 35), ("attention", 35)]
    dip = points[0]
    assert dip.step < -0.3
    assert dip.sureness == "clear"
    assert (dip.before.minutes, dip.after.minutes) == (20, 15)
    assert dip.before.present == pytest.approx(13.4, abs=0.3)
    assert dip.near == "around the phase “Exercise 3”"
    assert "15 min after with 13 of 14" in summary.evidence_told(dip)


def test_a_level_that_only_wavers_has_no_moments() -> None:
    """Seeds other than those that the penalty was chosen with."""
    chance = np.random.default_rng(2024)
    told = 0
    for _ in range(40):
        noise = np.zeros(60)
        for place in range(1, 60):
            noise[place] = 0.5 * noise[place - 1] + chance.normal(0, 0.03)
        told += len(turning_points(minutes_of(noise), (), ()))
    assert told <= 4


@pytest.mark.parametrize("step", [0.15, -0.15])
def test_a_step_of_one_smile_in_five_is_found_where_it_is(step: float) -> None:
    chance = np.random.default_rng(77)
    for _ in range(20):
        values = np.where(np.arange(60) < 33, 0.0, step) + chance.normal(0, 0.03, 60)
        clearest = max(turning_points(minutes_of(values), (), ()), key=lambda point: point.clearness)
        assert abs((clearest.at - START) / 60 - 33) <= 1


def minutes_of(valence: np.ndarray, seen: float = 20.0) -> pd.DataFrame:
    at_ms = (START * 1000 + 60_000 * np.arange(len(valence))).astype("int64")
    frame = pd.DataFrame({"at_ms": at_ms, "valence": valence, "attention": np.nan, "seen": seen, "judged": 0.0})
    return frame.assign(present=25.0)


def test_a_moment_names_the_nearest_marker_pause_or_the_phase_it_lies_in() -> None:
    values = np.where(np.arange(40) < 20, 0.0, 0.3)
    at = START + 20 * 60
    topic, phase = MarkerView(1, at - 60, "topic", "Cells"), MarkerView(2, START, "phase", "Review")
    pause = GapView(at - 300, at - 10, "no_gallery")
    near = [
        turning_points(minutes_of(values), markers, gaps)[0].near
        for markers, gaps in (([topic], []), ([phase], []), ([topic], [pause]), ([], []))
    ]
    assert near == ["around the topic “Cells”", "during the phase “Review”", "after a pause of 5 min", ""]


def test_a_long_marker_is_cut_in_a_sentence_after_names_are_hidden(store: Engine) -> None:
    account = account_of(store, 1)
    long = dataclasses.replace(account.turning[0], near=f"around the topic “{'z' * 45} Maya Okafor {'z' * 99}”")
    told = summary.change_told(long, Naming(account.students, with_names=False))
    assert "Student 1" in told
    assert "z…”: " in told
    assert "May" not in told
    assert len(told) < 160


def test_other_students_in_sight_are_told_with_a_moment() -> None:
    frame = minutes_of(np.where(np.arange(40) < 20, 0.0, 0.3))
    frame.loc[20:, "seen"] = 10.0
    point = turning_points(frame, (), ())[0]
    assert point.seen_differs
    assert "other students" in summary.evidence_told(point)


def test_a_lesson_is_told_in_words(store: Engine) -> None:
    account = account_of(store, 1)
    at = datetime.fromtimestamp(START + 20 * 60).strftime("%H:%M")
    assert summary.headline(account, named(account)).startswith(
        f"Pleasant start, a dip at {at} around the phase “Exercise 3”, a rise at "
    )
    seen, attention, flags, usual = summary.sentences(account, named(account))
    assert seen == "On average 13 of 14 seen, over 46 minutes with a pause of 4 min."
    assert attention.endswith("(on average 13 of 14 students).")
    assert flags == "1 prompt was given: 1 answered “I know why”."
    assert "of its 3 other classes" in usual


@pytest.mark.parametrize(
    ("number", "start"),
    [(5, "Too short for a story: calm"), (6, "Nothing was read"), (8, "No faces were read")],
)
def test_what_cannot_be_told_is_said(store: Engine, number: int, start: str) -> None:
    account = account_of(store, number)
    assert summary.headline(account, named(account)).startswith(start)
    assert account.turning == ()


def test_too_little_of_the_class_has_no_mood(store: Engine) -> None:
    account = account_of(store, 8)
    assert account.minutes["valence"].isna().all()
    assert account.minutes["coverage"].eq(0).all()


def test_drawn_classes_have_no_usual_and_enter_none(store: Engine) -> None:
    usual = account_of(store, 1).usual
    assert usual is not None
    assert usual.sessions == 3
    assert len(usual.along) == STEPS
    assert account_of(store, 7).usual is None


def test_the_grid_has_no_colour_where_nothing_was_read(store: Engine) -> None:
    account = account_of(store, 1)
    grid = heat.heat_of(account, named(account).ordered())
    row = grid.students.index(4)
    assert (grid.leading[row] == heat.NO_DATA).all()
    reasons = {(run.first, run.end): run.reason for run in grid.missing if run.row == row}
    assert reasons[(0, 40)] == heat.OFF
    assert reasons[(40, 44)] == heat.ABSENT
    late = grid.students.index(7)
    assert (grid.leading[late, :12] == heat.NO_DATA).all()
    assert EMOTIONS[grid.leading[0, 0]] in ("happy", "neutral")
    figure = figures.grid(grid, named(account)).to_dict()
    assert figure["data"][0]["z"][row] == [pytest.approx(np.nan, nan_ok=True)] * len(grid.at_ms)
    assert figure["data"][1]["marker"]["pattern"]["shape"] == "/"


def test_nothing_is_drawn_across_a_pause(store: Engine) -> None:
    account = account_of(store, 1)
    figure = figures.along(account, named(account)).to_dict()
    line = next(trace for trace in figure["data"] if trace["name"] == "Mood")
    assert line["connectgaps"] is False
    assert list(line["y"][40:44]) == [None] * 4
    dots = [trace for trace in figure["data"] if trace.get("mode") == "markers+text"]
    assert [list(trace["text"]) for trace in dots] == [["1", "3"], ["2", "4"]]


@pytest.mark.parametrize("number", range(1, 9))
def test_every_session_has_a_page(store: Engine, number: int) -> None:
    from dashboard.pages import report

    page = json.dumps(report.layout(store, str(number), START + 9 * DAY_S), cls=PlotlyJSONEncoder)
    assert "There is no such" not in page
    assert "nan" not in page.casefold(), "what was not read is told as such, not as a number"


@pytest.mark.parametrize("number", [None, "", "99", "0", "x", "-1", "²"])
def test_an_unknown_session_is_an_empty_page(store: Engine, number: str | None) -> None:
    from dashboard.pages import report

    assert "There is no such session" in str(report.layout(store, number, START))


@pytest.mark.parametrize("line", [figures.MOOD_LINE, figures.ATTENTION_LINE])
@pytest.mark.parametrize("surface", ["#FFFFFF", "#1A2027"])
def test_lines_stand_out_on_light_and_dark(line: str, surface: str) -> None:
    assert contrast(line, surface) >= 3


def test_phases_have_their_own_means(store: Engine) -> None:
    (phase,) = tables.phases(account_of(store, 1))
    assert phase.text == "Exercise 3"
    assert phase.valence < 0
    assert phase.seen == pytest.approx(13, abs=0.1)


def test_without_names_no_name_is_left_anywhere(store: Engine) -> None:
    account = account_of(store, 1)
    naming = Naming(account.students, with_names=False)
    told = [summary.headline(account, naming), *summary.sentences(account, naming)]
    for table in (tables.flags_table, tables.markers_table, tables.students_table, tables.heat_table):
        told.append(table(account, naming).to_csv())
    words = " ".join(told).casefold()
    assert not any(name in words for name in ("maya", "okafor", "björn"))
    assert "Student 1 takes notes" in tables.flags_table(account, naming)["What was done"][0]
    assert naming.ordered() == sorted(naming.ordered())


def test_names_order_rows_only_where_names_are_shown(store: Engine) -> None:
    account = account_of(store, 1)
    shown = [named(account).student(number) for number in named(account).ordered()]
    assert shown[:3] == ["Björn Øst", "Li", "Maya Okafor"]
    assert shown[3:6] == ["Student 4", "Student 5", "Student 6"]
    assert shown[-1] == "Student 14"


def test_a_form_becomes_a_correction_or_a_sentence(store: Engine) -> None:
    account = account_of(store, 1)
    at = datetime.fromtimestamp(START + 600).strftime("%H:%M")
    assert whois.correction(account, "rename", "3", "  Li  Wei ", None, None) == Correction("rename", 3, name="Li Wei")
    assert whois.correction(account, "merge", "3", None, "2", None) == Correction("merge", 3, target=2)
    split = whois.correction(account, "split", "3", "", None, at)
    assert (split.kind, split.name, split.from_at) == ("split", None, START + 600 - (START + 600) % 60)
    last = datetime.fromtimestamp(account.until).strftime("%H:%M")
    move = whois.correction(account, "move", "3", None, "2", at, last)
    assert (move.kind, move.target, move.from_at) == ("move", 2, split.from_at)
    assert move.until_at is not None
    assert move.until_at > account.until, "the last minute is part of it"
    refused: tuple[tuple[str, *tuple[str | None, ...]], ...] = (
        ("move", "3", None, "2", at, at),
        ("move", "3", None, "2", at, None),
        ("move", "3", None, None, at, last),
        ("rename", None, "x", None, None),
        ("rename", "3", " ", None, None),
        ("merge", "3", None, "3", None),
        ("split", "3", None, None, "25:99"),
        ("split", "3", None, None, datetime.fromtimestamp(START + 7200).strftime("%H:%M")),
    )
    for kind, *asked in refused:
        with pytest.raises(StoreError):
            whois.correction(account, kind, *asked)


def test_corrections_are_told_and_can_be_taken_back(store: Engine) -> None:
    session = 2
    made = corrections.correct(store, session, Correction("rename", 5, name="Ines"), START)
    corrections.correct(store, session, Correction("merge", 6, target=5), START)
    account = account_of(store, session)
    told = [whois.told(one, named(account)) for one in account.history]
    assert told == ["Student 5 named Ines", "Student 6 is really Ines"]
    assert "Take back" in str(whois.corrections_card(account, named(account)))
    corrections.undo(store, made, START)
    assert "taken back" in str(whois.corrections_card(account_of(store, session), named(account)))


def test_readings_of_a_stretch_are_moved_and_come_back(store: Engine) -> None:
    session = 4
    begins, ends = (datetime.fromtimestamp(START + 3 * DAY_S + minute * 60).strftime("%H:%M") for minute in (2, 10))
    before = account_of(store, session)
    asked = whois.correction(before, "move", "6", None, "7", begins, ends)
    made = corrections.correct(store, session, asked, START)
    after = account_of(store, session)
    whose = after.student_minutes.groupby("student")["readings"].sum()
    was = before.student_minutes.groupby("student")["readings"].sum()
    assert whose[6] == was[6] - 16, "readings of eight minutes, every thirty seconds"
    assert whose[7] == was[7] + 16, "who came at minute 12"
    told = whois.told(after.history[-1], named(after))
    assert told == f"Readings of Student 6 from {begins} to {ends} are Student 7's"
    corrections.undo(store, made, START)
    again = account_of(store, session)
    pd.testing.assert_frame_equal(again.student_minutes, before.student_minutes)


def test_a_prompt_is_answered_afterwards_and_counts_in_the_rate(store: Engine) -> None:
    account = account_of(store, 1)
    [flag] = account.flags
    answers.answer(store, account.flags, {"flag": flag.id, "answer": "wrong"}, "  she\nwrote ", START)
    account = account_of(store, 1)
    assert (account.flags[0].dismissal, account.flags[0].note) == ("wrong", "she wrote")
    assert answers.rate_told(account.rates) == (
        "All classes so far: 1 prompts given, 1 answered, 1 of them “Not so”. At least 100% were wrong."
    )
    assert "Put aside as wrong: she wrote" in str(cards.prompts(account, named(account)))
    with pytest.raises(StoreError, match="reload the page"):
        answers.answer(store, account.flags, {"flag": 99, "answer": "wrong"}, None, START)
    assert answers.rate_told([]) == ""
    answers.answer(store, account.flags, {"flag": flag.id, "answer": "known"}, "Maya takes notes", START)


def test_a_student_has_a_page_and_keeps_it_after_a_merge(store: Engine) -> None:
    from dashboard.pages import student

    corrections.correct(store, 3, Correction("merge", 6, target=5), START)
    now = START + 9 * DAY_S
    assert "Student 5" in str(student.layout(store, "3", "6", now))
    assert "No face of this student was read." in str(student.layout(store, "3", "4", now))
    assert "There is no such student" in str(student.layout(store, "3", "99", now))
    assert "There is no such student" in str(student.layout(store, "99", "1", now))


def test_the_noise_of_a_series_is_not_its_changes() -> None:
    chance = np.random.default_rng(5)
    values = np.where(np.arange(200) < 100, 0.0, 1.0) + chance.normal(0, 0.1, 200)
    assert turning.noise_of(values, 0.01) == pytest.approx(0.1, rel=0.2)
    assert turning.noise_of(values[:1], 0.01) == 0.01


def test_exports_are_linked_without_names(store: Engine) -> None:
    assert cards.download_address(4, "pdf", with_names=False) == "/download/report/4.pdf"
    assert cards.download_address(4, "pdf", with_names=True) == "/download/report/4.pdf?names=1"


def test_a_deed_on_a_running_class_is_asked_of_the_capture(tmp_path) -> None:
    from dashboard.pages.report import drawn
    from dashboard.report.deeds.desk import ASKED, Desk

    engine = open_store(f"sqlite:///{tmp_path / 'class.sqlite'}", write=True)
    now = START + 120
    with Writer(engine, clock=lambda: now, gap_s=60.0) as writer:
        session = writer.start_session("screen", "Maths", False, START)
        writer.write(moment(START + 60, [scores("happy")] * 6))
        writer.status(CaptureStatus("watching", fps=2.0))
        writer.flush()
        desk = Desk(engine, lambda: now, drawn)
        rename = Correction("rename", 1, name="Ada")
        page, asked = desk.done(session, lambda _, store: commands.correct_or_ask(store, session, rename, now), "Done.")
        assert ASKED in str(page)
        assert [command.kind for command in commands.pending(engine, 0)] == ["rename"]
        assert asked == commands.pending(engine, 0)[0].id
        refused = Correction("rename", 99, name="Ada")
        page, asked = desk.done(session, lambda _, store: corrections.correct(store, session, refused, now), "Done.")
        assert "found no student 99" in str(page)
        assert asked is None
    engine.dispose()


def test_what_a_report_needs_is_loaded_while_the_pages_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = threading.Event()

    class Server:
        def run(self) -> None:
            assert loaded.wait(30)

        def close(self) -> None:
            pass

    monkeypatch.setattr(app, "WARMING_AFTER_S", 0.0)
    monkeypatch.setattr(app, "kernel_search", loaded.set)
    monkeypatch.setattr(app, "bind", lambda *_: Server())
    app.serve(Dash(), "127.0.0.1", 0)
    assert turning.kernel_search().__name__ == "KernelCPD"
