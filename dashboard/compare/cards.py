"""The panels of the pages about many sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import html

from dashboard import components
from dashboard.compare import figures
from dashboard.compare.align import WAYS
from dashboard.compare.choice import GROUPINGS, MEASURES, SIZES, TIMES_OF_DAY, UNTOLD, teachers_of
from dashboard.compare.figures import SESSION_LINES, VALUE_FORMATS
from dashboard.compare.intervals import Estimate, estimate
from dashboard.report import Frame, cards, summary

FEW_WORDS = "Numbers are shown for real classes of which five students or more were seen."

ROW_PX = 34
PAGE_ROWS = 12
"""Rows of the list in sight: the rest is a scroll away, and only rows in sight are drawn."""


def finder(told: Frame) -> html.Section:
    """What sessions are found by; by teacher only where sessions have one."""
    courses, teachers = sorted(set(told["named"]), key=str.casefold), teachers_of(told)
    by_teacher = html.Div(_several("sessions-teachers", "Teacher", teachers), hidden=not teachers)
    return html.Section(
        [
            dmc.TextInput(id="sessions-find", label="Find", placeholder="course or date", size="xs"),
            _several("sessions-courses", "Course", courses),
            by_teacher,
            _several("sessions-times", "Time of day", [word for word, _ in TIMES_OF_DAY]),
            _several("sessions-sizes", "Class size", [word for word, _ in SIZES]),
            dmc.DateInput(id="sessions-since", label="From", size="xs", clearable=True, valueFormat="D MMM YYYY"),
            dmc.DateInput(id="sessions-until", label="Until", size="xs", clearable=True, valueFormat="D MMM YYYY"),
        ],
        className="card sessions-finder",
        **components.aria(label="Find and filter sessions"),
    )


def _several(part: str, label: str, words: Sequence[str]) -> dmc.MultiSelect:
    return dmc.MultiSelect(
        id=part, label=label, data=list(words), placeholder="all", size="xs", clearable=True, searchable=True
    )


def listed(told: Frame) -> html.Section:
    """The list of sessions, to open one or to choose two to six."""
    compare = html.A(
        "Compare", id="sessions-compare", className="sessions-compare", href="", **components.aria(disabled="true")
    )
    grid = dag.AgGrid(
        id="sessions-grid",
        rowData=rows(told),
        columnDefs=[column for column in COLUMNS if column["field"] != "teacher" or teachers_of(told)],
        defaultColDef={"sortable": True, "resizable": True, "suppressHeaderMenuButton": True},
        dashGridOptions={
            "rowHeight": ROW_PX,
            "rowSelection": {
                "mode": "multiRow",
                "headerCheckbox": False,
                "enableClickSelection": False,
                "checkboxes": True,
            },
            "animateRows": False,
            "localeText": {"noRowsToShow": "No session matches."},
        },
        className="sessions-grid",
        style={"height": f"{ROW_PX * (min(len(told), PAGE_ROWS) + 2)}px"},
        columnSize="responsiveSizeToFit",
    )
    note = html.P(f"Tick two to six sessions to lay them side by side. {FEW_WORDS}", className="quiet")
    return components.card("Sessions", grid, note, part="sessions-list", tools=compare)


def _column(field: str, head: str, width: int, **more: Any) -> dict[str, Any]:
    return {"field": field, "headerName": head, "minWidth": width, **more}


COLUMNS = [
    _column("day", "Date", 118),
    _column("began", "Time", 76),
    _column("named", "Course", 170, cellRenderer="ReportLink", flex=2),
    _column("teacher", "Teacher", 110),
    _column("length", "Minutes", 92, type="rightAligned"),
    _column("students", "Students", 98, type="rightAligned"),
    _column("coverage", "Seen", 84, type="rightAligned", valueFormatter={"function": "share(params.value)"}),
    _column("valence", "Mood", 84, type="rightAligned", valueFormatter={"function": "signed(params.value)"}),
    _column("attention", "To screen", 104, type="rightAligned", valueFormatter={"function": "share(params.value)"}),
    _column("state", "", 100),
]
"""Columns of the list; the two functions and the link are in assets/report.js."""


def rows(told: Frame) -> list[dict[str, Any]]:
    """Sessions as rows of the list; a measure that may not be shown is None."""
    return [
        {
            "id": int(one.id),
            "day": one.day,
            "began": summary.clock(one.started_at),
            "named": components.plain_name(one.named, 0),
            "teacher": None if one.teacher == UNTOLD else components.plain_name(one.teacher, 0),
            "length": None if one.ended_at != one.ended_at else round((one.ended_at - one.started_at) / 60),
            "students": int(one.students),
            **{name: _rounded(getattr(one, name)) for name in MEASURES},
            "state": "simulated" if one.simulated else "running" if one.ended_at != one.ended_at else "",
        }
        for one in told.itertuples()
    ]


def _rounded(value: float) -> float | None:
    return None if value != value else round(float(value), 3)


def overview(told: Frame, measure: str, grouping: str) -> list[Any]:
    """What the filtered sessions say together: the trend over the term, and groups with intervals."""
    comparable = told[told["comparable"]].dropna(subset=[measure])
    if comparable.empty:
        return [cards.nothing(f"Nothing to compare among these sessions. {FEW_WORDS}")]
    word, order = GROUPINGS[grouping]
    found, spread = {}, {}
    for name in order(comparable):
        own = comparable[comparable[grouping] == name]
        values, coverage = (own[column].to_numpy(dtype=float) for column in (measure, "coverage"))
        one = estimate(values, coverage)
        if one is not None:
            found[name], spread[name] = one, values
    figure = figures.groups(found, measure, spread)
    height = int(figure.to_dict()["layout"]["height"])
    trend_label = f"{MEASURES[measure]} of every session along the term, with the mean of each week."
    groups_label = f"{MEASURES[measure]} by {word.lower()}: mean and 95 % interval over sessions."
    return [
        _chart_head(f"{MEASURES[measure]} along the term ({len(comparable)} sessions)", "sessions-trend"),
        cards.chart("sessions-trend", figures.trend(told, measure), trend_label, 250),
        _chart_head(f"By {word.lower()}", "sessions-groups"),
        cards.chart("sessions-groups", figure, groups_label, height),
        html.P(
            "Each session weighs as much as the share of its class that was seen; bars are 95 % intervals of the mean, "
            f"wider where less was seen. Groups stand in their own order. {FEW_WORDS}",
            className="quiet",
        ),
        _group_table(word, found, measure),
    ]


def _chart_head(words: str, part: str) -> html.Div:
    """What stands above one of several charts of a card: its title, and the button that saves it."""
    return html.Div([html.H3(words), cards.picture_button(part, f"classmood-{part}")], className="chart-head")


def _group_table(word: str, found: Mapping[str, Estimate], measure: str) -> html.Details:
    shape = VALUE_FORMATS[measure]
    body = [
        [
            html.Bdi(name),
            str(one.sessions),
            format(one.mean, shape),
            "–" if one.low is None or one.high is None else f"{one.low:{shape}} to {one.high:{shape}}",
        ]
        for name, one in found.items()
    ]
    head = [word, "Sessions", "Mean", "95 % interval"]
    return html.Details([html.Summary("The numbers as a table"), cards.table(head, body)])


def overview_card(told: Frame) -> html.Section:
    """The panel of the overview with its two switches."""
    tools = [
        _switch("sessions-measure", "What is compared", MEASURES, "valence"),
        dmc.Select(
            id="sessions-grouping",
            value="named",
            size="xs",
            allowDeselect=False,
            data=[
                {"value": column, "label": f"by {word.lower()}"}
                for column, (word, _) in GROUPINGS.items()
                if column != "teacher" or teachers_of(told)
            ],
            **components.aria(label="How sessions are grouped"),
        ),
    ]
    body = html.Div(overview(told, "valence", "named"), id="sessions-overview")
    return components.card("Together", body, part="sessions-together", tools=tools)


def _switch(part: str, label: str, words: Mapping[str, str], value: str) -> dmc.SegmentedControl:
    return dmc.SegmentedControl(
        id=part,
        value=value,
        size="xs",
        data=[{"value": key, "label": word} for key, word in words.items()],
        **components.aria(label=label),
    )


def chosen_card(told: Frame, left_out: Sequence[str]) -> html.Section:
    """The sessions that are laid side by side, each with its line, and those that may not be."""
    items = [
        html.Li(
            [
                html.Span(className=f"line line-{place}", style={"--line-colour": SESSION_LINES[place][0]}),
                html.A(
                    html.Bdi(f"{components.plain_name(one.named, 0)}, {one.day} {summary.clock(one.started_at)}"),
                    href=f"/report/{one.id}",
                ),
                html.Span(_facts(one), className="quiet"),
            ]
        )
        for place, one in enumerate(told.itertuples())
    ]
    notes = [html.P(sentence, className="quiet") for sentence in left_out]
    return components.card("Side by side", html.Ul(items, className="chosen"), *notes, part="compare-chosen")


def _facts(one: Any) -> str:
    facts = [summary.lasted(one.ended_at - one.started_at), f"{int(one.students)} students", f"{one.coverage:.0%} seen"]
    if one.valence == one.valence:
        facts.append(f"mood {summary.signed(one.valence)}")
    if one.attention == one.attention:
        facts.append(f"{one.attention:.0%} to the screen")
    return ", ".join(facts)


def aligned_card(chart: Any, markers: Sequence[str]) -> html.Section:
    """The lines of the sessions, with the switch of how they are aligned."""
    ways = WAYS if markers else {way: word for way, word in WAYS.items() if way != "marker"}
    tools = [
        _switch("compare-way", "How sessions are aligned", ways, "start"),
        dmc.Select(
            id="compare-marker",
            data=list(markers),
            value=markers[0] if markers else None,
            size="xs",
            allowDeselect=False,
            className="" if markers else "unseen",
            **components.aria(label="The marker around which sessions are aligned"),
        ),
        cards.picture_button("compare", "classmood-compare"),
    ]
    return components.card("Along the lesson", html.Div(chart, id="compare-lines"), part="compare-along", tools=tools)
