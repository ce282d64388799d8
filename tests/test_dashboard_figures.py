"""Charts as data: bins, gaps, traces, and colours that stay apart for everyone."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from dashboard import components, figures, theme
from domain import EMOTIONS

START = 1_800_000_000.0
WIDTH_MS = 6000


def moments(
    seconds: list[float], valence: float = 0.2, seen: int = 9, present: int = 12, attending: int = 6, judged: int = 8
) -> pd.DataFrame:
    shares = {emotion: (0.4 if emotion == "happy" else 0.1) for emotion in EMOTIONS}
    if not seen:
        shares, valence = dict.fromkeys(EMOTIONS, float("nan")), float("nan")
    columns = {"at_ms": [round((START + at) * 1000) for at in seconds]} | shares
    heads = {"attending": attending, "judged": judged}
    return pd.DataFrame(columns | {"valence": valence, "seen": seen, "present": present} | heads)


def test_bins_are_means_of_equal_spans() -> None:
    frame = pd.concat([moments([0, 2, 4], 0.1), moments([6, 8], 0.3)], ignore_index=True)
    bins = figures.binned(frame, 6.0)
    assert bins["at_ms"].tolist() == [START * 1000, START * 1000 + WIDTH_MS]
    assert bins["valence"].tolist() == pytest.approx([0.1, 0.3])
    assert bins["seen"].tolist() == [9, 9]


def test_a_gap_is_one_empty_row() -> None:
    bins = figures.binned(moments([0, 1, 60, 61]), 6.0)
    assert bins["valence"].isna().tolist() == [False, True, False]
    assert bins["at_ms"].is_monotonic_increasing


def test_a_gap_before_the_first_new_bin_is_seen() -> None:
    last = round(START * 1000)
    assert figures.binned(moments([6, 7]), 6.0, after_ms=last)["valence"].isna().tolist() == [False]
    assert figures.binned(moments([60]), 6.0, after_ms=last)["valence"].isna().tolist() == [True, False]


def test_nobody_read_is_no_emotion_and_not_zero() -> None:
    values = figures.points(figures.binned(moments([0, 1], seen=0), 6.0), 6.0)
    assert values["valence"] == [None]
    assert all(layer == [None] for layer in values["stack"])
    assert values["seen"] == [0.0]
    assert values["counts"] == ["0 of 12"]


def test_no_rows_are_an_empty_chart() -> None:
    empty = pd.DataFrame(columns=["at_ms", *figures.MEASURES])
    traces = figures.mood(figures.binned(empty, 6.0), 6.0, "light").to_dict()["data"]
    assert [len(trace["x"]) for trace in traces] == [0] * 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_mood_stacks_the_emotions_and_draws_nothing_across_a_gap(scheme: theme.Scheme) -> None:
    figure = figures.mood(figures.binned(moments([0, 60, 66]), 6.0), 6.0, scheme).to_dict()
    *stack, valence, seen, looking = figure["data"]
    assert [trace["name"] for trace in stack] == [theme.EMOTION_WORDS[name] for name in theme.STACK_ORDER]
    assert {trace["width"] for trace in stack} == {WIDTH_MS}
    assert figure["layout"]["barmode"] == "stack"
    assert list(stack[6]["y"]) == [0.4, None, 0.4, 0.4]
    assert valence["connectgaps"] is False
    assert list(valence["y"]) == [0.2, None, 0.2, 0.2]
    assert list(seen["customdata"]) == ["9 of 12", "", "9 of 12", "9 of 12"]
    assert looking["connectgaps"] is False
    assert list(looking["y"]) == [0.75, None, 0.75, 0.75]
    assert list(looking["customdata"]) == ["6 of 8", "", "6 of 8", "6 of 8"]


@pytest.mark.parametrize(("judged", "share"), [(0, None), (2, None), (3, 0.333)])
def test_too_few_judged_heads_do_not_speak_for_the_class(judged: int, share: float | None) -> None:
    bins = figures.binned(moments([0], attending=min(judged, 1), judged=judged), 6.0)
    assert figures.points(bins, 6.0)["looking"] == [share]


def marked(marks: list[tuple[float, str]], scheme: theme.Scheme = "light") -> dict:
    figure = figures.mood(figures.binned(moments([0, 600]), 6.0), 6.0, scheme)
    figures.marked(figure, marks, [figures.axis_ms(START), figures.axis_ms(START + 600)], scheme)
    return figure.to_dict()["layout"]


def test_markers_are_lines_with_words_where_there_is_room() -> None:
    layout = marked([(START - 5, "before"), (START + 60, "Fractions"), (START + 70, "close"), (START + 500, "x" * 50)])
    assert [shape["x0"] for shape in layout["shapes"]] == [figures.axis_ms(START + at) for at in (60, 70, 500)]
    assert [note["text"] for note in layout["annotations"]] == ["▾ Fractions", "▾", f"▾ {'x' * 17}…"]
    assert [note["hovertext"] for note in layout["annotations"]] == ["Fractions", "close", "x" * 50]


def test_the_words_of_a_marker_are_never_markup() -> None:
    note = marked([(START + 60, "<a href='//x'>&</a>")])["annotations"][0]
    assert "<" not in note["text"] + note["hovertext"]
    assert "&amp;" in note["hovertext"]


def test_stacked_shares_fill_the_whole() -> None:
    values = figures.points(figures.binned(moments([0]), 6.0), 6.0)
    assert sum(layer[0] for layer in values["stack"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("minutes", "duration_s", "rate_hz", "length_s"),
    [(5, 600, 2, 3), (15, 600, 2, 6), (None, 600, 2, 6), (None, 3 * 3600, 2, 60), (5, 600, 0.2, 10)],
)
def test_bars_are_few_and_never_shorter_than_two_frames(
    minutes: int | None, duration_s: float, rate_hz: float, length_s: float
) -> None:
    assert figures.bin_length_s(minutes, duration_s, rate_hz) == length_s


def test_the_axis_shows_the_wall_clock_of_this_machine() -> None:
    shown = datetime.fromtimestamp(figures.axis_ms(START) / 1000, UTC)
    assert shown.replace(tzinfo=None) == datetime.fromtimestamp(START)


def test_the_table_holds_the_numbers_newest_first() -> None:
    table = components.readings_table(figures.binned(moments([0, 60]), 6.0))
    rows = table.to_plotly_json()["props"]["data"]["body"]
    assert len(rows) == 2
    assert rows[0][0] > rows[1][0]
    assert rows[0][1:] == ["10 %", "10 %", "10 %", "40 %", "10 %", "10 %", "10 %", "+0.20", "6 of 8", "9 of 12"]


# Severe colour blindness after Machado, Oliveira and Fernandes (2009), on linear light.
BLINDNESS = {
    "none": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
CLEARLY_APART = 15.0
"""Difference in CIELAB (1976); about 2.3 is just noticeable, and areas of a chart need several times that."""


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    scaled = to_xyz @ np.clip(light, 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    lights = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("kind", BLINDNESS)
def test_emotions_stay_apart_for_every_eye(kind: str) -> None:
    seen = {name: lab(BLINDNESS[kind] @ linear(colour)) for name, colour in theme.EMOTION_COLOURS.items()}
    for one, other in combinations(seen, 2):
        difference = float(np.linalg.norm(seen[one] - seen[other]))
        assert difference > CLEARLY_APART, f"{one} and {other}: {difference:.0f}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_charts_is_readable(scheme: theme.Scheme) -> None:
    ink = theme.INKS[scheme]
    assert contrast(ink.text, ink.surface) >= 7
    assert contrast(ink.faint, ink.surface) >= 4.5


@pytest.mark.parametrize(
    ("lasted_s", "minutes", "left_s", "right_s"),
    [(30, 15, 0, 120), (400, 15, 0, 400), (2000, 15, 1100, 2000), (2000, None, 0, 2000)],
)
def test_the_time_axis_never_begins_before_the_lesson(
    lasted_s: int, minutes: int | None, left_s: int, right_s: int
) -> None:
    bins = figures.binned(moments(list(range(max(0, lasted_s - 600), lasted_s, 2))), 6.0)
    bins = bins.loc[bins["at_ms"] >= (START + left_s) * 1000]
    shown = figures.shown_range(bins, 6.0, minutes, START, START + lasted_s)
    assert shown == [figures.axis_ms(START + left_s), figures.axis_ms(START + right_s)]
