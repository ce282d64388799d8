"""The panels of a report: an account in, parts of a page out."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import plotly.graph_objects as go
from dash import dcc, html

from dashboard import components, theme
from dashboard.report import Frame, figures, summary, tables
from dashboard.report.account import Account
from dashboard.report.deeds import answers
from dashboard.report.heat import heat_of
from dashboard.report.naming import Naming
from domain import Coverage

EXPORTS = {
    "pdf": ("PDF", "to read and to print"),
    "html": ("Web page", "one file that needs no network"),
    "xlsx": ("Excel", "all tables, a sheet each"),
    "zip": ("CSV", "all tables, a file each, in one ZIP"),
}
"""What a report can be saved as, by the ending of the file."""


def download_address(session_id: int, kind: str, with_names: bool) -> str:
    """Where an export of a session is fetched."""
    return f"/download/report/{session_id}.{kind}{'?names=1' if with_names else ''}"


def opening(account: Account, naming: Naming) -> html.Section:
    """The first card: the lesson in a sentence, the facts, how much was seen, and the ways to save it."""
    session = account.session
    when = f"{summary.day(session.started_at)}, {summary.clock(session.started_at)} to {summary.clock(account.until)}"
    length = summary.lasted(account.until - session.started_at)
    told = html.Div(
        [
            html.P(f"{when} ({length}{' so far' if account.running else ''})", className="report-when"),
            html.H1(summary.headline(account, naming), className="report-headline"),
            html.Ul([html.Li(sentence) for sentence in summary.sentences(account, naming)], className="report-told"),
        ],
        className="report-words",
    )
    side = html.Div([seen_mark(account.coverage), saving(session.id)], className="report-side")
    return html.Section([told, side], className="card report-opening", **components.aria(label="The session in words"))


def seen_mark(coverage: Coverage) -> html.Div:
    """How much of the class a report speaks for, as a number and a bar."""
    share = coverage.seen / coverage.present if coverage.present else 0.0
    return html.Div(
        [
            html.P(
                [html.Strong(str(coverage.seen)), f" of {coverage.present} seen on average"], className="seen-count"
            ),
            html.Div(html.Div(style={"width": f"{share:.0%}"}), className="seen-bar", **components.aria(hidden="true")),
        ],
        className="report-seen",
    )


def saving(session_id: int) -> html.Div:
    """Links to the exports and the switch that includes names."""
    links = [
        html.A(
            [html.Strong(word), html.Span(why, className="quiet")],
            href=download_address(session_id, kind, with_names=False),
            download="",
            className="report-export",
            **_data(export=kind),
        )
        for kind, (word, why) in EXPORTS.items()
    ]
    switch = dmc.Switch(
        id="report-names", label="With names", description="Without it students are numbers.", size="sm", checked=False
    )
    return html.Div([html.H2("Save"), html.Div(links, className="report-exports"), switch], className="report-save")


def chart(part: str, figure: go.Figure, label: str, height: int, later: bool = False) -> html.Div:
    """A chart of a height in pixels, described for who cannot see it; its numbers stand in the table beside it.

    With ``later`` the browser draws it only when the chart that is looked at first stands (assets/report.js).
    """
    look: Any = {
        "responsive": True,
        "style": {"height": f"{height}px"},
        "config": {"displayModeBar": False, "doubleClick": False},
    }
    graph: list[Any] = (
        [
            dcc.Graph(id={"type": "later-chart", "part": part}, **look),
            dcc.Store(id={"type": "later-figure", "part": part}, data=figure.to_dict()),
        ]
        if later
        else [dcc.Graph(figure=figure, **look)]
    )
    return html.Div(graph, id=f"{part}-chart", className="report-graph", role="img", **components.aria(label=label))


def tools(part: str, picture: str) -> list[Any]:
    """The buttons of a chart: its numbers as a table, and itself as a picture, whose file gets this name."""
    return [
        dmc.ActionIcon(
            components.icon("table"),
            id={"type": "report-table-button", "part": part},
            variant="default",
            size="md",
            **components.aria(label="Show the numbers as a table"),
        ),
        picture_button(part, picture),
    ]


def picture_button(part: str, picture: str) -> html.Button:
    """The button that saves a chart as a picture, whose file gets this name."""
    return html.Button(
        components.icon("save"),
        type="button",
        title="Save the chart as a picture",
        className="report-icon-button",
        **_data(picture=f"{part}-chart", file=picture),
        **components.aria(label="Save the chart as a picture (PNG)"),
    )


def key() -> html.Ul:
    """Colour and word of each emotion, pleasant first."""
    return html.Ul(
        [
            html.Li(
                [
                    html.Span(className=f"swatch swatch-{emotion}", **components.aria(hidden="true")),
                    html.Span(theme.EMOTION_WORDS[emotion]),
                ]
            )
            for emotion in reversed(theme.STACK_ORDER)
        ],
        className="legend",
        **components.aria(label="Colours of the emotions"),
    )


def along(account: Account, naming: Naming) -> html.Section:
    """Mood and attention along the lesson."""
    if account.minutes.empty:
        return components.card("Along the lesson", nothing("No minute of this session was read."), part="report-along")
    if not account.coverage.seen:
        why = "No face of this class was read, so there is nothing to draw. Who was there when stands below."
        return components.card("Along the lesson", nothing(why), part="report-along")
    label = "Mood, attention and the share seen, minute by minute, with markers, pauses and numbered moments."
    return components.card(
        "Along the lesson",
        key(),
        chart("report-along", figures.along(account, naming), label, 500),
        html.P(
            "Gray stretches are pauses; dotted lines are markers; numbers are the moments of the list below. "
            "Where less than a quarter of the class was seen nothing is said of it.",
            className="quiet",
        ),
        part="report-along",
        tools=tools("report-along", f"classmood-{account.session.id}-along"),
    )


def moments(account: Account, naming: Naming) -> html.Section:
    """The moments that matter, each with its evidence."""
    items = [
        html.Li(
            [
                html.Span(str(number), className=f"moment-number moment-{point.measure}"),
                html.Div(
                    [
                        html.P([html.Strong(summary.clock(point.at)), " ", summary.change_told(point, naming)]),
                        html.P(summary.evidence_told(point), className="quiet"),
                    ]
                ),
            ]
        )
        for number, point in enumerate(account.turning, start=1)
    ]
    why = "No change of level stands out from the ordinary ups and downs." if account.has_moods else "Nothing was read."
    body = html.Ol(items, className="moments") if items else nothing(why)
    return components.card("Moments that matter", body, part="report-moments")


def usual(account: Account) -> html.Section:
    """The session against what is usual for its course."""
    if account.usual is None or not account.has_moods:
        why = (
            "A simulated class is never compared."
            if account.session.simulated
            else "There is no usual yet: it takes three other classes of this course, each of five students or more."
        )
        return components.card("Against the usual", nothing(why), part="report-usual")
    label = "Mood by share of the lesson, over the band in which half of the course's other classes lie."
    return components.card(
        "Against the usual",
        chart("report-usual", figures.against_usual(account, account.usual), label, 230, later=True),
        html.P(
            f"Line: this class. Band: where half of the course's {account.usual.sessions} other classes lie, "
            "by share of the lesson.",
            className="quiet",
        ),
        part="report-usual",
        tools=tools("report-usual", f"classmood-{account.session.id}-usual"),
    )


def phases(account: Account) -> html.Section | None:
    """The parts of the lesson that were marked, with their means; None where none were."""
    found = tables.phases(account)
    if not found:
        return None
    body = [
        [
            html.Bdi(phase.text or "Phase"),
            f"{summary.clock(phase.started_at)} to {summary.clock(phase.ended_at)}",
            _signed(phase.valence),
            _percent(phase.attention),
            "–" if phase.seen != phase.seen else f"{phase.seen:.0f} of {phase.present:.0f}",
        ]
        for phase in found
    ]
    head = ["Phase", "Time", "Mood", "To the screen", "Seen"]
    return components.card("Phases", table(head, body), part="report-phases")


def grid(account: Account, naming: Naming) -> html.Section:
    """Who looked how in which minute."""
    if account.student_minutes.empty:
        return components.card("Minute by minute", nothing("No student was in sight."), part="report-grid")
    figure = figures.grid(heat_of(account, naming.ordered()), naming)
    height = int(figure.to_dict()["layout"]["height"])
    label = (
        "A row per student, a column per minute, coloured by the emotion that leads; hatched where nothing was read."
    )
    note = (
        "Ordered by name. Colour: the emotion that leads over the minute. Hatched: nothing was read (camera off, no "
        "face, not in sight), which says nothing about the student."
    )
    return components.card(
        "Minute by minute",
        key(),
        html.Div(chart("report-grid", figure, label, height, later=True), className="report-wide"),
        html.P(note, className="quiet"),
        part="report-grid",
        tools=tools("report-grid", f"classmood-{account.session.id}-grid"),
    )


def prompts(account: Account, naming: Naming, only: int | None = None) -> html.Section:
    """The flags, what they rest on, what was done with them and can be; of one student where that is asked."""
    flags = [flag for flag in account.flags if only is None or flag.student == only]
    page = "report" if only is None else "student"
    items = [
        html.Li(
            [
                html.P(
                    [
                        html.Strong(summary.clock(flag.started_at)),
                        " ",
                        html.Bdi(naming.student(flag.student), className="who"),
                        ": ",
                        html.Span(naming.text(flag.reason)),
                    ]
                ),
                html.P(" ".join(_grounds(flag, naming)), className="quiet"),
                html.P(tables.done_told(flag.dismissal, flag.note, naming), className="done"),
                answers.form(flag, f"{naming.student(flag.student)}, {summary.clock(flag.started_at)}", page),
            ]
        )
        for flag in flags
    ]
    body = html.Ul(items, className="given") if items else nothing("No prompts were given.")
    told = answers.rate_told(account.rates) if flags else ""
    return components.card(
        "Prompts, and what was done", body, html.P(told, className="quiet") if told else None, part="report-prompts"
    )


def _grounds(flag: Any, naming: Naming) -> list[str]:
    grounds = []
    if flag.readings_of:
        grounds.append(f"{flag.readings} of {flag.readings_of} readings, {flag.confidence:.0%} sure.")
    if flag.alternatives:
        grounds.append(f"It could also be: {naming.text(flag.alternatives)}")
    return grounds


def people(account: Account, naming: Naming) -> html.Section:
    """The students, by name, each with a page of its own and how much of them was seen."""
    minutes: Frame = account.student_minutes.groupby("student")[["readings", "valid"]].sum()
    items = []
    for number in naming.ordered():
        readings, valid = (int(value) for value in minutes.loc[number]) if number in minutes.index else (0, 0)
        share = f"{valid / readings:.0%} read" if readings else "not in sight"
        link = dcc.Link(html.Bdi(naming.student(number)), href=f"/student/{account.session.id}/{number}")
        items.append(html.Li([link, html.Span(share, className="quiet")]))
    body = html.Ul(items, className="people") if items else nothing("Nobody was in sight.")
    return components.card(f"Students ({len(items)})", body, part="report-people")


def table(head: list[str], body: list[list[Any]]) -> html.Div:
    """A small table of a card; its cells may be components, which Mantine's tables do not take."""
    rows = [html.Tr([html.Td(cell) for cell in row]) for row in body]
    heads = html.Thead(html.Tr([html.Th(word, scope="col") for word in head]))
    return html.Div(html.Table([heads, html.Tbody(rows)], className="numbers report-table"), className="report-wide")


def _data(**attributes: str) -> dict[str, Any]:
    """Attributes for assets/report.js: ``picture`` becomes data-picture."""
    return {f"data-{name}": value for name, value in attributes.items()}


def nothing(why: str) -> html.P:
    """What stands in a card that has nothing to show."""
    return html.P(why, className="report-nothing")


def _signed(value: float) -> str:
    return "–" if value != value else summary.signed(value)


def _percent(value: float) -> str:
    return "–" if value != value else f"{value:.0%}"
