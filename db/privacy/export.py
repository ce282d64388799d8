"""Everything about one student, as a file for people's programs and as tables for their eyes."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from db.corrections import audit
from db.engine import writing
from db.privacy.people import Person, Wanted, find
from db.privacy.texts import taker_out, within_json, words_of
from db.tables import (
    Alias,
    Base,
    CommandRow,
    CorrectionRow,
    FlagRow,
    Marker,
    Reading,
    Session,
    Student,
    StudentMinute,
)
from domain import StoreError

ANOTHER = "[another student]"
"""What stands in a note in place of somebody else's name: an answer to one student tells nothing of the others."""

OF_STUDENT: tuple[type[Base], ...] = (Student, Alias, Reading, StudentMinute, FlagRow, CorrectionRow)
"""Tables whose rows are about one student of one session."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of them would be run by a table calculation."""

PRIVATE = 0o600
"""Nobody else on this machine may read the files."""

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def export(engine: Engine, wanted: Wanted, folder: Path, now: float, actor: str = "person") -> list[Path]:
    """Write all that the record holds of a student into a folder: ``student.json`` and a CSV for each table.

    Other students' names are taken out of every text. Raises StoreError when there is nothing, when a name means two
    students, or when the folder has such files already or cannot be written.
    """
    return _write(folder, _files(_handed_out(engine, wanted, now, actor), now))


def export_zip(engine: Engine, wanted: Wanted, now: float, actor: str = "person") -> bytes:
    """The files of ``export`` in one archive; raises StoreError when there is nothing, or a name means two students."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _files(_handed_out(engine, wanted, now, actor), now).items():
            archive.writestr(name, text)
    return held.getvalue()


def _handed_out(engine: Engine, wanted: Wanted, now: float, actor: str) -> Rows:
    """All rows about a student, with a line in the trail that they were asked for."""
    with writing(engine) as connection:
        person = find(connection, wanted)
        if not person.rows:
            raise StoreError(f"expected {wanted} in the record, found no such student: check the spelling")
        rows = everything_of(connection, person)
        audit(connection, actor, "export", None, now, sessions=len(person.sessions))
    return rows


def everything_of(connection: Connection, person: Person) -> Rows:
    """All rows about a student by table; times and thousandths are as they are stored."""
    rows: Rows = {"sessions": [], "markers": [], "commands": []}
    for session_id in person.sessions:
        about = _About(connection, person, session_id)
        rows["sessions"] += [about.without_others(row) for row in _of_session(connection, Session, session_id)]
        for table in OF_STUDENT:
            found = _of_session(connection, table, session_id)
            rows.setdefault(table.__tablename__, []).extend(map(about.without_others, filter(about.is_theirs, found)))
        rows["markers"] += about.naming(Marker, "text")
        rows["commands"] += about.naming(CommandRow, "payload")
    return rows


class _About:
    """What of a session's rows is about a student, with the others' names taken out."""

    def __init__(self, connection: Connection, person: Person, session_id: int) -> None:
        self._connection, self._session_id = connection, session_id
        self._theirs = person.students_of(session_id)
        students = _of_session(connection, Student, session_id)
        others = {
            name
            for row in students
            for name in (row["display_name"], row["label_name"], row["given_name"])
            if name and row["student_id"] not in self._theirs
        } - person.names
        self._names_them = within_json(taker_out(person.names, "", words_of(person.names, others)))
        self._hide_others = within_json(taker_out(others, ANOTHER, words_of(others, person.names)))

    def is_theirs(self, row: Row) -> bool:
        """Whether a row is about the student; a correction may also be by what it gave them."""
        return bool({row["student_id"], row.get("target_id")} & self._theirs)

    def without_others(self, row: Row) -> Row:
        """A row without other students' names, and without what a correction says of somebody who was split off."""
        nameless: Row = {}
        if row.get("kind") == "split" and row["target_id"] not in self._theirs:
            nameless = {"name": None, "roster_id": None}
        hidden = {name: self._hide_others(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        return hidden | nameless

    def naming(self, table: type[Base], column: str) -> list[Row]:
        """Rows with a text in which the student is named."""
        found = _of_session(self._connection, table, self._session_id)
        return [self.without_others(row) for row in found if self._names_them(row[column]) != row[column]]


def _of_session(connection: Connection, table: type[Base], session_id: int) -> list[dict[str, Any]]:
    columns = table.__table__.c
    home = columns.id if table is Session else columns.session_id
    asked = select(table.__table__).where(home == session_id).order_by(*table.__table__.primary_key)
    return [dict(row) for row in connection.execute(asked).mappings()]


def _files(rows: Rows, now: float) -> dict[str, str]:
    """Every file's text by its name."""
    whole = json.dumps({"made_at": now, **rows}, ensure_ascii=False, indent=1)
    return {"student.json": whole, **{f"{table}.csv": _table(found) for table, found in rows.items() if found}}


def _write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    paths = [folder / name for name in files]
    there = [path for path in paths if path.exists()]
    if there:
        raise StoreError(f"expected a folder without an older export, found {there[0]}: choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, files.values(), strict=True):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
    except OSError as error:
        raise StoreError(f"{folder}: the export cannot be written ({error.strerror}): choose another folder") from None
    return paths


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    writer.writerow(rows[0])
    writer.writerows(_harmless(row.values()) for row in rows)
    return held.getvalue()


def _harmless(cells: Iterable[Any]) -> list[Any]:
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_SIGNS) else cell for cell in cells]
