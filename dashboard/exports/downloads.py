"""Where exports are fetched: a route under the same lock as the pages, each fetch on the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import flask
from sqlalchemy import Engine

from dashboard.exports import fonts, page, sheets
from dashboard.report.account import Account, read_account
from dashboard.report.naming import Naming
from db.corrections import audit
from db.engine import writable, writing
from domain import StoreError

Export = Callable[[Account, Naming], bytes]


def _pdf(account: Account, naming: Naming) -> bytes:
    from dashboard.exports.pdf import pdf_report  # not above: its library takes as long to load as a page to draw

    return pdf_report(account, naming)


EXPORTS: dict[str, tuple[str, Export]] = {
    "pdf": ("application/pdf", _pdf),
    "html": ("text/html", lambda account, naming: page.html_report(account, naming).encode()),
    "zip": ("application/zip", sheets.csv_zip),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheets.workbook),
}
"""Media type and maker of each export, by the ending of the file."""

FAULT_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Classmood: not saved</title></head>
<body><h1>The report cannot be saved</h1><p>{reason}</p></body></html>"""


def register(server: flask.Flask, engine: Engine, clock: Callable[[], float]) -> None:
    """Add the exports to the server of the pages, at /download/report/NUMBER.KIND; ``?names=1`` includes names."""

    @server.get("/download/report/<int:session>.<kind>")
    def download(session: int, kind: str) -> flask.Response:
        if kind not in EXPORTS:
            return _fault(404, f"Expected one of {', '.join(EXPORTS)}, found {kind}.")
        with_names = flask.request.args.get("names") == "1"
        try:
            account = read_account(engine, session, clock())
            if account is None:
                return _fault(404, f"There is no session {session}.")
            with writable(engine) as store, writing(store) as connection:
                audit(connection, "person", "export", session, clock(), kind=kind, names=int(with_names))
        except StoreError as error:
            return _fault(503, str(error))
        return _file(account, kind, with_names)


def _file(account: Account, kind: str, with_names: bool) -> flask.Response:
    media, make = EXPORTS[kind]
    naming = Naming(account.students, with_names, fonts.can_write if kind == "pdf" else lambda _: True)
    answer = flask.Response(make(account, naming), mimetype=media)
    # The file's name says nothing about persons or the course: it stays in lists of downloads.
    name = f"classmood-session-{account.session.id}{'-names' if with_names else ''}.{kind}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _fault(status: int, reason: str) -> flask.Response:
    return flask.Response(FAULT_PAGE.format(reason=escape(reason)), status=status, mimetype="text/html")
