"""The tables of a report as files: CSV in one ZIP, and an Excel workbook. No cell of them is ever a formula."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pandas as pd
import xlsxwriter

from dashboard.report import tables
from dashboard.report.account import Account
from dashboard.report.naming import Naming

SHEETS: dict[str, Callable[[Account, Naming], pd.DataFrame]] = {
    "class": tables.class_table,
    "students": tables.students_table,
    "student-minutes": tables.student_minutes_table,
    "moments": tables.turning_table,
    "prompts": tables.flags_table,
    "markers": tables.markers_table,
}
"""The tables by the name of their sheet and file."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A text that begins so is run as a formula by spreadsheets (OWASP, "CSV Injection")."""

BOM = "\ufeff"
"""Excel reads a CSV as UTF-8 only with this mark in front."""

WIDEST_COLUMN = 60
"""Characters; a longer note is wrapped by the eye, not by the screen."""


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet runs: a text that would be a formula gets a quote in front, a number stays one."""
    if value is None or value != value:  # as NaN is
        return ""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def csv_zip(account: Account, naming: Naming) -> bytes:
    """All tables, each as a CSV in UTF-8, in one ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in SHEETS.items():
            archive.writestr(f"{name}.csv", BOM + csv_text(table(account, naming)))
    return packed.getvalue()


def csv_text(table: pd.DataFrame) -> str:
    """One table as CSV, every cell harmless."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([harmless(name) for name in table.columns])
    writer.writerows([harmless(value) for value in row] for row in table.itertuples(index=False, name=None))
    return written.getvalue()


def workbook(account: Account, naming: Naming) -> bytes:
    """All tables, a sheet each, as an Excel workbook."""
    written = io.BytesIO()
    options = {
        "in_memory": True,  # no temporary file with names in it
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(written, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        for name, table in SHEETS.items():
            _fill(book.add_worksheet(name), table(account, naming), head)
    return written.getvalue()


def _fill(sheet: Any, table: pd.DataFrame, head: Any) -> None:
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(table.columns):
        values = [_plain(value) for value in table[name]]
        width = max([len(str(name)), *(len(str(value)) for value in values)])
        sheet.set_column(place, place, min(width + 2, WIDEST_COLUMN))
        sheet.write_string(0, place, str(name), head)
        for row, value in enumerate(values, start=1):
            if isinstance(value, str):
                sheet.write_string(row, place, value)  # a string cell is never run
            else:
                sheet.write_number(row, place, value)


def _plain(value: Any) -> str | float | int:
    """A cell as Python's own text or number; an empty text where there is none."""
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else float(value)
