"""Many sessions: found, grouped, averaged with what is not known, and never fewer than five students."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pytest
from plotly.utils import PlotlyJSONEncoder
from sqlalchemy import Engine, update

from benchmarks.drawn.lessons import Lesson, Stretch, write_lesson
from dashboard.compare import cards, figures
from dashboard.compare.align import common_markers, side_by_side
from dashboard.compare.choice import (
    GROUPINGS,
    MEASURES,
    TIMES_OF_DAY,
    UNTOLD,
    Choice,
    chosen,
    described,
    middle_of_week,
)
from dashboard.compare.intervals import estimate
from dashboard.pages import compare, sessions
from dashboard.report import Frame
from db import queries, remarks
from db.engine import open_store, writing
from db.tables import Session
from db.writer import Writer
from tests.test_dashboard_figures import contrast

START = 1_800_000_000.0
DAY_S = 86_400.0
CLASS = Lesson(
    (Stretch(20, "pleasant"), Stretch(10, "calm")), 12, off=frozenset({4}), late={}, pauses=(), title="Maths"
)
SIX_OFF = frozenset({1, 2, 3, 5, 6, 7, 8, 9})


def day(number: int) -> str:
    """The date of the session that begins so many days after the first."""
    return f"{datetime.fromtimestamp(START + number * DAY_S):%Y-%m-%d}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """1 to 3 may be compared; 4 is drawn, 5 too small, of 6 four are seen, 7 runs, 8 is small for its last minutes."""
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('compare') / 'class.sqlite'}", write=True)
    with Writer(engine, gap_s=60.0) as writer:

        def write(number: int, **changes) -> None:
            write_lesson(
                writer, dataclasses.replace(CLASS, **changes), START + number * DAY_S, seed=number, step_s=20.0
            )

        write(0)
        write(1, title="Biology", stretches=(Stretch(40, "low"),))
        write(2, students=26, stretches=(Stretch(15, "pleasant"), Stretch(15, "low")), pauses=((5, 9),))
        write(3, simulated=True)
        write(4, students=4, off=frozenset())
        write(5, off=SIX_OFF)
        writer.start_session("screen", "Maths", False, START + 6 * DAY_S)
    with writing(engine) as connection:
        for owner, numbers in (("ada", (1, 5, 6)), ("Ohm", (3,))):
            connection.execute(update(Session).where(Session.id.in_(numbers)).values(owner=owner))
    for session, minute in ((1, 10), (3, 15)):
        remarks.mark(engine, session, "topic", "Fractions", START + (session - 1) * DAY_S + minute * 60, START)
    remarks.mark(engine, 2, "topic", "Cells", START + DAY_S, START)
    yield engine
    engine.dispose()


def told_of(store: Engine) -> Frame:
    return described(queries.sessions(store))


def test_drawn_small_running_and_hardly_seen_classes_are_never_compared(store: Engine) -> None:
    told = told_of(store)
    assert sorted(told[told["comparable"]]["id"]) == [1, 2, 3]
    others = told[~told["comparable"]]
    assert others[list(MEASURES)].isna().all(axis=None), "nor shown in the list"
    shown = json.dumps(cards.rows(others))
    assert 'valence": null' in shown
    assert 'valence": 0' not in shown


@pytest.mark.parametrize("grouping", GROUPINGS)
@pytest.mark.parametrize("measure", MEASURES)
def test_every_overview_stands_on_comparable_sessions_alone(store: Engine, grouping: str, measure: str) -> None:
    parts = json.dumps(cards.overview(told_of(store), measure, grouping), cls=PlotlyJSONEncoder)
    assert "(3 sessions)" in parts
    assert "nan" not in parts.casefold()


def test_a_filter_that_leaves_too_few_shows_nothing(store: Engine) -> None:
    small = chosen(told_of(store), Choice(sizes=["Under 5"]))
    assert list(small["id"]) == [7, 5]
    assert "Nothing to compare" in str(cards.overview(small, "valence", "named"))
    assert "Nothing to compare" in str(
        cards.overview(chosen(told_of(store), Choice(courses=["None"])), "valence", "size")
    )


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (Choice(courses=["Biology"]), {2}),
        (Choice(teachers=["ada"]), {1, 5, 6}),
        (Choice(teachers=["ada", UNTOLD]), {1, 2, 4, 5, 6, 7}),
        (Choice(sizes=["5 to 14"]), {1, 2, 4, 6}),
        (Choice(sizes=["25 and more"]), {3}),
        (Choice(since=day(2)), {3, 4, 5, 6, 7}),
        (Choice(until=day(1)), {1, 2}),
    ],
)
def test_each_filter_lets_through_its_own_and_never_numbers_of_fewer_than_five(
    store: Engine, choice: Choice, found: set[int]
) -> None:
    kept = chosen(told_of(store), choice)
    assert set(kept["id"]) == found
    assert kept.loc[~kept["id"].isin([1, 2, 3]), list(MEASURES)].isna().all(axis=None)
    for measure in MEASURES:
        parts = str(cards.overview(kept, measure, "named"))
        told = len(found & {1, 2, 3})
        assert f"({told} sessions)" in parts if told else "Nothing to compare" in parts


def test_sessions_are_found_by_the_time_of_day_at_which_they_began(store: Engine) -> None:
    told = told_of(store)
    [when] = set(told["time"])
    assert len(chosen(told, Choice(times=[when]))) == len(told)
    assert chosen(told, Choice(times=[word for word, _ in TIMES_OF_DAY if word != when])).empty


def test_teachers_are_asked_for_only_where_sessions_have_one(store: Engine) -> None:
    told = told_of(store)
    assert GROUPINGS["teacher"][1](told) == ["ada", "Ohm", UNTOLD]
    assert "by teacher" in str(cards.overview_card(told))
    own = told[told["teacher"] == UNTOLD]
    assert "by teacher" not in str(cards.overview_card(own))
    assert "headerName': 'Teacher" not in str(cards.listed(own))
    assert "headerName': 'Teacher" in str(cards.listed(told))


def test_filters_are_met_together(store: Engine) -> None:
    told = told_of(store)
    days = sorted(told["day"])
    assert set(chosen(told, Choice(courses=["Maths"], sizes=["25 and more"]))["id"]) == {3}
    assert set(chosen(told, Choice(since=days[1], until=days[2]))["id"]) == {2, 3}
    assert len(chosen(told, Choice())) == len(told)


def test_groups_stand_in_their_own_order_whatever_they_show(store: Engine) -> None:
    for column, (_, order) in GROUPINGS.items():
        told = told_of(store)
        assert order(told) == order(told.iloc[::-1]), column
    assert GROUPINGS["named"][1](told_of(store)) == ["Biology", "Maths"]


def test_a_session_counts_as_much_as_was_seen_of_it() -> None:
    one = estimate(np.array([0.0, 0.0, 0.0, 1.0]), np.array([1.0, 1.0, 1.0, 0.1]))
    assert one is not None
    assert one.mean == pytest.approx(0.1 / 3.1)
    seen = estimate(np.array([0.0, 0.2, 0.4, 0.6]), np.full(4, 1.0))
    unseen = estimate(np.array([0.0, 0.2, 0.4, 0.6]), np.array([1.0, 0.2, 0.2, 1.0]))
    assert seen is not None
    assert unseen is not None
    assert width(unseen) > width(seen), "less seen, less sure"


def width(one) -> float:
    return one.high - one.low


def test_the_interval_of_equal_weights_is_students() -> None:
    one = estimate(np.array([1.0, 2.0, 3.0]), np.ones(3))
    assert one is not None
    assert one.low == pytest.approx(2 - 4.302653 / math.sqrt(3))
    assert one.high == pytest.approx(2 + 4.302653 / math.sqrt(3))


def test_the_interval_holds_what_it_promises() -> None:
    chance = np.random.default_rng(11)
    held = 0
    for _ in range(400):
        one = estimate(chance.normal(0.2, 0.1, 12), chance.uniform(0.3, 1.0, 12))
        assert one is not None
        assert one.low is not None
        assert one.high is not None
        held += one.low <= 0.2 <= one.high
    assert 0.91 <= held / 400 <= 0.98


@pytest.mark.parametrize(("values", "low"), [([], None), ([0.1], None), ([0.1, 0.2], None)])
def test_too_few_sessions_have_no_interval(values: list[float], low: None) -> None:
    one = estimate(np.array(values), np.ones(len(values)))
    assert (one is None) == (values == [])
    assert one is None or one.low is low


def lines(store: Engine, way: str, marker: str | None = None) -> Frame:
    return side_by_side(store, compare.comparable(store, [1, 2, 3]), way, marker)


def test_sessions_are_aligned_from_the_start_and_by_share(store: Engine) -> None:
    from_start = lines(store, "start")
    assert from_start.groupby("session")["x"].max().between(28, 41).all()
    share = lines(store, "share")
    assert share["x"].between(0, 100).all()
    assert set(share.groupby("session")["x"].count()) == {20}
    first = share[(share["session"] == 1) & (share["x"] < 60)]["valence"].mean()
    assert first > share[(share["session"] == 1) & (share["x"] > 70)]["valence"].mean() + 0.1


def test_sessions_are_aligned_by_clock_and_around_a_marker(store: Engine) -> None:
    clock = lines(store, "clock")
    assert clock["x"].between(0, 2 * 24 * 60).all()
    around = lines(store, "marker", "topic: fractions")
    assert sorted(set(around["session"])) == [1, 3], "the other one has no such marker"
    assert around[around["session"] == 1]["x"].min() == pytest.approx(-10, abs=1)
    assert around[around["session"] == 3]["x"].min() == pytest.approx(-15, abs=1)


def test_nothing_is_drawn_across_a_pause(store: Engine) -> None:
    third = lines(store, "start").query("session == 3")
    assert third[third["x"].between(6, 8.6)]["valence"].isna().all()


def test_minutes_of_fewer_than_five_are_silent(store: Engine) -> None:
    hardly = described(queries.sessions(store)).query("id == 6")
    placed = side_by_side(store, hardly, "start")
    assert placed[["valence", "attention", "coverage", "seen"]].isna().all(axis=None)


def test_markers_in_common_are_found(store: Engine) -> None:
    assert common_markers({number: queries.markers(store, number) for number in (1, 2, 3)}) == ["topic: fractions"]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [("1,2", [1, 2]), ("2,2,x,-1,1", [2, 1]), (None, []), ("1,2,3,4,5,6,7,8", [1, 2, 3, 4, 5, 6])],
)
def test_an_address_names_two_to_six_sessions(asked: str | None, numbers: list[int]) -> None:
    assert compare.numbers_of(asked) == numbers


def test_the_table_beside_the_lines_has_the_places_of_their_axis(store: Engine) -> None:
    told = told_of(store).query("id in [1, 2]")
    clock, share, start = (str(compare.drawn(store, told, way, None)) for way in ("clock", "share", "start"))
    began = datetime.fromtimestamp(START)
    assert f"Td('{began:%H:%M} to {datetime.fromtimestamp(START + 600):%H:%M}')" in clock
    assert "Td('10 % to 20 %')" in share
    assert "Td('10 min to 20 min')" in start


def test_pages_say_what_they_leave_out(store: Engine) -> None:
    page = json.dumps(compare.layout(store, "1,3,4,99"), cls=PlotlyJSONEncoder)
    assert "Left out: session 4, 99." in page
    assert "nan" not in page.casefold()
    assert "Nothing to lay side by side" in str(compare.layout(store, "1,4"))
    assert "Nothing to lay side by side" in str(compare.layout(store, None))


def test_the_list_of_an_empty_store_says_how_to_begin(tmp_path) -> None:
    empty = open_store(f"sqlite:///{tmp_path / 'class.sqlite'}", write=False)
    assert "No class yet" in str(sessions.layout(empty))
    empty.dispose()


@pytest.mark.parametrize("surface", ["#FFFFFF", "#1A2027"])
def test_lines_stand_out_and_differ_by_more_than_colour(surface: str) -> None:
    assert all(contrast(colour, surface) >= 3 for colour, _ in figures.SESSION_LINES)
    assert len({dash for _, dash in figures.SESSION_LINES}) == len(figures.SESSION_LINES)


def test_weeks_without_a_session_are_a_hole(store: Engine) -> None:
    assert middle_of_week("2026-11-25") == "2026-11-26"
    told = told_of(store)
    told.loc[told["id"] == 1, "day"] = "2026-11-02"
    week = figures.trend(told, "valence").to_dict()["data"][-1]
    assert week["connectgaps"] is False
    assert None in week["y"]
