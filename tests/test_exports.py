"""What leaves the page: files that open anywhere, without names unless asked, and without anything that runs."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator

import pandas as pd
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from benchmarks.drawn.lessons import Lesson, Stretch, write_lesson
from config import Settings
from dashboard.app import create_app
from dashboard.exports import fonts, page, pdf, sheets
from dashboard.exports.drawings import ticks_of
from dashboard.report.account import Account, read_account
from dashboard.report.naming import Naming
from db import remarks
from db.engine import open_store, reading
from db.tables import AuditEntry
from db.writer import Writer

START = 1_800_000_000.0
TOKEN = "token-of-this-test"
HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x","y")',
    "@SUM(A1)",
    "+1",
    "Maya Okafor",
    "x" * 200,
    "محمد",
]
LOCAL = "http://127.0.0.1:8050"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """1: a lesson of students with hostile names and notes; 2: nothing but a start and an end."""
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('exports') / 'class.sqlite'}", write=True)
    with Writer(engine, gap_s=60.0) as writer:
        lesson = Lesson((Stretch(12, "pleasant"), Stretch(12, "low")), 9, HOSTILE, late={}, pauses=((15, 18),))
        write_lesson(writer, lesson, START, step_s=15.0)
        writer.start_session("screen", "<i>Empty</i>", False, START + 86_400)
        writer.end_session(START + 86_405, "stopped")
    for text in ("=1+1", "maya forgot the book", "</style><img src=x onerror=alert(1)>"):
        remarks.mark(engine, 1, "note", text, START + 300, START)
    yield engine
    engine.dispose()


def account_of(store: Engine, number: int = 1) -> Account:
    account = read_account(store, number, START + 90_000)
    assert account is not None
    return account


def naming(store: Engine, with_names: bool) -> Naming:
    return Naming(account_of(store).students, with_names)


@pytest.fixture
def client(store: Engine) -> FlaskClient:
    reader = open_store(f"sqlite:///{store.url.database}", write=False)
    app = create_app(reader, Settings(), TOKEN, lambda: START + 90_000)
    return app.server.test_client()


def fetch(client: FlaskClient, path: str, headers: dict[str, str] | None = None):
    return client.get(path, base_url=LOCAL, headers=headers)


@pytest.mark.parametrize(("with_names", "number"), [(True, 1), (False, 1), (False, 2)])
def test_a_pdf_is_whole_and_without_a_script(store: Engine, with_names: bool, number: int) -> None:
    account = account_of(store, number)
    made = pdf.pdf_report(account, Naming(account.students, with_names, fonts.can_write))
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    assert b"/JavaScript" not in made
    assert b"/URI" not in made


def test_a_pdf_writes_only_names_that_it_can_set_rightly() -> None:
    assert fonts.can_write("Björn Øst – “B”…")
    assert not fonts.can_write("محمد علي"), "Arabic letters join"
    assert not fonts.can_write("राहुल शर्मा"), "Devanagari signs stack"
    assert not fonts.can_write("\U0010fffd"), "no font has it"


def test_fonts_of_the_machine_are_taken_only_where_they_have_every_letter() -> None:
    found = fonts.font_for("Дмитрий")
    if found is None:
        pytest.skip("none of the known fonts is installed")
    assert found.is_file()
    assert fonts.can_write("Дмитрий")


@pytest.mark.parametrize("with_names", [True, False])
def test_a_web_page_needs_no_network_and_runs_nothing(store: Engine, with_names: bool) -> None:
    made = page.html_report(account_of(store), naming(store, with_names))
    assert "<script" not in made
    assert "<img" not in made
    assert not re.search(r'(?:src|href)=["\']?http', made)
    assert not re.search(r"url\((?!#)", made)
    assert "default-src 'none'" in made
    assert ("&lt;script&gt;alert(1)" in made) is with_names
    assert made.count("<svg") == 2


def test_an_empty_session_is_exported_too(store: Engine) -> None:
    account = account_of(store, 2)
    nobody = Naming(account.students, with_names=False)
    assert "Nothing was read" in page.html_report(account, nobody)
    assert "&lt;i&gt;Empty" in page.html_report(account, nobody)
    assert sheets.workbook(account, nobody).startswith(b"PK")
    assert zipfile.ZipFile(io.BytesIO(sheets.csv_zip(account, nobody))).testzip() is None


def test_no_cell_of_a_csv_is_a_formula(store: Engine) -> None:
    packed = zipfile.ZipFile(io.BytesIO(sheets.csv_zip(account_of(store), naming(store, True))))
    assert set(packed.namelist()) == {f"{name}.csv" for name in sheets.SHEETS}
    cells = []
    for name in packed.namelist():
        text = packed.read(name).decode("utf-8-sig")
        cells += [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    risky = [cell for cell in cells if cell.startswith(("=", "@", "\t", "+")) or re.match(r"-(?![\d.])", cell)]
    assert risky == []
    assert '\'=HYPERLINK("http://x","y")' in cells
    assert "'=1+1" in cells


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1", "'=1"),
        ("  =1", "'  =1"),
        ("-x", "'-x"),
        ("\tx", "'\tx"),
        ("a=1", "a=1"),
        (-0.5, -0.5),
        (None, ""),
        (3, 3),
    ],
)
def test_texts_are_made_harmless_and_numbers_stay_numbers(value: object, written: object) -> None:
    assert sheets.harmless(value) == written


def test_a_workbook_has_texts_and_numbers_and_no_formula(store: Engine) -> None:
    book = zipfile.ZipFile(io.BytesIO(sheets.workbook(account_of(store), naming(store, True))))
    inside = {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}
    assert not any("<f>" in text or "hyperlink" in text for text in inside.values() if "<worksheet" in text)
    assert "=HYPERLINK" in inside["xl/sharedStrings.xml"]
    assert inside["xl/worksheets/sheet1.xml"].count("<v>") > 100


def test_without_names_no_file_tells_one(store: Engine) -> None:
    account, nobody = account_of(store), naming(store, False)
    packed = zipfile.ZipFile(io.BytesIO(sheets.csv_zip(account, nobody)))
    book = zipfile.ZipFile(io.BytesIO(sheets.workbook(account, nobody)))
    told = [packed.read(name).decode() for name in packed.namelist()]
    told += [book.read("xl/sharedStrings.xml").decode(), page.html_report(account, nobody)]
    for text in told:
        assert "okafor" not in text.casefold()
        assert "maya" not in text.casefold()
        assert "xxxxxx" not in text
    assert "Student 5 forgot the book" in " ".join(told)


def test_exports_stand_behind_the_lock_of_the_pages(client: FlaskClient) -> None:
    path = "/download/report/1.pdf"
    assert fetch(client, path).status_code == 403
    fetch(client, f"/?token={TOKEN}")
    assert fetch(client, path, {"Origin": "http://elsewhere.example"}).status_code == 403
    assert client.get(path, base_url="http://elsewhere.example:8050").status_code == 403
    answer = fetch(client, path)
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="classmood-session-1.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["1.exe", "99.pdf", "1.pdf.exe"])
def test_what_is_not_there_is_said(client: FlaskClient, path: str) -> None:
    fetch(client, f"/?token={TOKEN}")
    answer = fetch(client, f"/download/report/{path}")
    assert answer.status_code == 404
    assert b"cannot be saved" in answer.data


def test_each_export_is_on_the_audit_trail_with_or_without_names(client: FlaskClient, store: Engine) -> None:
    fetch(client, f"/?token={TOKEN}")
    for kind in ("html", "xlsx", "zip"):
        assert fetch(client, f"/download/report/1.{kind}?names=1").status_code == 200
    with reading(store) as connection:
        asked = select(AuditEntry.detail).where(AuditEntry.action == "export").order_by(AuditEntry.id.desc()).limit(3)
        found = [row.detail for row in connection.execute(asked)]
    assert found == [f'{{"kind": "{kind}", "names": 1}}' for kind in ("zip", "xlsx", "html")]


@pytest.mark.parametrize("minutes", [1, 7, 45, 90, 240])
def test_times_on_an_axis_are_round_and_few(minutes: int) -> None:
    ticks = ticks_of(START, START + minutes * 60)
    assert 1 <= len(ticks) <= 8
    assert all(at % 60 == 0 for at in ticks)


def test_tables_keep_what_was_not_read_empty(store: Engine) -> None:
    table = sheets.SHEETS["students"](account_of(store), naming(store, False))
    off = table[table["Student"] == "Student 4"].iloc[0]
    assert off["Share of readings with a face read"] == 0
    assert pd.isna(off["Happy"])
