"""A report as one web page that needs no network: charts as SVG, tables, and no script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

import pandas as pd

from dashboard import theme
from dashboard.exports import drawings
from dashboard.exports.canvas import Canvas, SvgCanvas
from dashboard.report import summary, tables
from dashboard.report.account import Account
from dashboard.report.heat import heat_of
from dashboard.report.naming import Naming

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the page may load, said to the browser: nothing, from anywhere."""

STYLE = """
:root { color-scheme: light dark; --text: %(text)s; --faint: %(faint)s; --grid: %(grid)s; --page: %(surface)s; }
@media (prefers-color-scheme: dark) {
  :root { --text: %(dark_text)s; --faint: %(dark_faint)s; --grid: %(dark_grid)s; --page: %(dark_surface)s; }
}
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0.2rem 0 0.8rem; } h2 { font-size: 1.1rem; margin: 2rem 0 0.6rem; }
h1, p, li, td { overflow-wrap: anywhere; } .quiet { color: var(--faint); font-size: 0.9em; margin: 0; }
svg { width: 100%%; height: auto; display: block; } .wide { overflow-x: auto; } .wide svg { min-width: 40rem; }
.key { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: 0; list-style: none; color: var(--faint); }
.key span { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 2px; margin-right: 0.4em; }
li { margin: 0.4rem 0; } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 3px 10px 3px 0; border-bottom: 1px solid var(--grid); } summary { cursor: pointer; }
"""


def html_report(account: Account, naming: Naming) -> str:
    """The report as a web page of one file; every text in it is escaped."""
    session = account.session
    title = session.title or f"Session {session.id}"
    parts = [*_opening(account, naming, title), *_charts(account, naming), *_lists(account, naming)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: report</title><style>{_style()}</style></head>\n<body>\n"
        + "\n".join([*parts, *_tables(account, naming)])
        + '\n<p class="quiet">Classmood. A face shows how somebody looks, not how they feel.</p>\n</body></html>\n'
    )


def _style() -> str:
    light, dark = theme.INKS["light"], theme.INKS["dark"]
    names = ("text", "faint", "grid", "surface")
    colours = {name: getattr(light, name) for name in names} | {f"dark_{name}": getattr(dark, name) for name in names}
    return STYLE % colours


def _opening(account: Account, naming: Naming, title: str) -> list[str]:
    session = account.session
    span = f"{summary.clock(session.started_at)} to {summary.clock(account.until)}"
    simulated = ", simulated class" if session.simulated else ""
    told = [_item(escape(sentence)) for sentence in summary.sentences(account, naming)]
    who = "" if naming.with_names else '<p class="quiet">Students are numbers in this file.</p>'
    return [
        f'<p class="quiet"><bdi>{escape(title)}</bdi>, {summary.day(session.started_at)}, {span}{simulated}</p>',
        f"<h1>{escape(summary.headline(account, naming))}</h1>",
        f"<ul>{''.join(told)}</ul>{who}",
    ]


def _charts(account: Account, naming: Naming) -> list[str]:
    if account.minutes.empty:
        return []
    heat = heat_of(account, naming.ordered())
    height = drawings.ROW_MM * len(heat.students) + 6
    rows = slice(0, len(heat.students))
    parts = [
        "<h2>Along the lesson</h2>",
        _key(),
        _drawn(drawings.ALONG_MM, "Mood and attention along the lesson", lambda c: drawings.along(c, account, naming)),
        "<h2>Moments that matter</h2>",
        _moments(account, naming),
    ]
    usual = account.usual
    if usual is not None and account.has_moods:
        label = f"Mood against the course's {usual.sessions} other classes"
        parts += [
            "<h2>Against the usual of the course</h2>",
            _drawn(drawings.USUAL_MM, label, lambda c: drawings.against_usual(c, account, usual)),
        ]
    grid = _drawn(height, "Student by minute", lambda c: drawings.grid(c, heat, naming, rows))
    note = '<p class="quiet">Colour: the emotion that leads over the minute. Hatched: nothing was read.</p>'
    return [*parts, "<h2>Minute by minute</h2>", _key(), grid, note]


def _drawn(height: float, label: str, draw: Callable[[Canvas], None]) -> str:
    canvas = SvgCanvas(drawings.WIDTH_MM, height, label)
    draw(canvas)
    return f'<div class="wide">{canvas}</div>'


def _key() -> str:
    items = (
        f'<li><span style="background:{theme.EMOTION_COLOURS[emotion]}"></span>{theme.EMOTION_WORDS[emotion]}</li>'
        for emotion in reversed(theme.STACK_ORDER)
    )
    return f'<ul class="key">{"".join(items)}</ul>'


def _moments(account: Account, naming: Naming) -> str:
    if not account.turning:
        return '<p class="quiet">No change of level stands out from the ordinary ups and downs.</p>'
    items = (
        _item(
            f"<b>{summary.clock(point.at)}</b> {escape(summary.change_told(point, naming))}"
            f'<p class="quiet">{escape(summary.evidence_told(point))}</p>'
        )
        for point in account.turning
    )
    return f"<ol>{''.join(items)}</ol>"


def _lists(account: Account, naming: Naming) -> list[str]:
    prompts = (
        _item(
            f"<b>{summary.clock(flag.started_at)}</b> <bdi>{escape(naming.student(flag.student))}</bdi>: "
            f"{escape(naming.text(flag.reason))}"
            f'<p class="quiet">{escape(tables.done_told(flag.dismissal, flag.note, naming))}</p>'
        )
        for flag in account.flags
    )
    notes = (
        _item(f"<b>{summary.clock(marker.at)}</b> {marker.kind}: <bdi>{escape(naming.text(marker.text))}</bdi>")
        for marker in account.markers
    )
    return [*_listed("Prompts, and what was done", prompts), *_listed("Notes and markers", notes)]


def _item(inside: str) -> str:
    return f"<li>{inside}</li>"


def _listed(heading: str, items: Iterable[str]) -> list[str]:
    body = "".join(items)
    return [f"<h2>{heading}</h2>", f"<ul>{body}</ul>" if body else '<p class="quiet">None.</p>']


def _tables(account: Account, naming: Naming) -> list[str]:
    return [
        "<h2>In numbers</h2>",
        _table("The class by the minute", tables.class_table(account, naming)),
        _table("The students", tables.students_table(account, naming)),
    ]


def _table(heading: str, table: pd.DataFrame) -> str:
    head, rows = tables.shown(table)
    heads = "".join(f"<th>{escape(str(name))}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    inside = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f'<details><summary>{heading}</summary><div class="wide">{inside}</div></details>'
