"""Names in sentences: which columns hold words of people, and how a name goes out of them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import Column, Connection, bindparam, select, update

from db.tables import (
    AuditEntry,
    CaptureStatusRow,
    CommandRow,
    Course,
    FlagRow,
    Marker,
    Session,
)

SENTENCES: tuple[Any, ...] = (
    Session.title,
    Course.name,
    FlagRow.reason,
    FlagRow.alternatives,
    FlagRow.dismissal_note,
    Marker.text,
    CommandRow.error,
    CaptureStatusRow.message,
    CaptureStatusRow.error,
)
"""Columns of free text: anybody's name may stand in them."""

OBJECTS: tuple[Any, ...] = (Session.settings, CommandRow.payload, CaptureStatusRow.layout, AuditEntry.detail)
"""Columns that hold JSON, in which a name may be written with escapes."""

NAMES = frozenset(
    {"students.display_name", "students.label_name", "students.given_name", "students.roster_id", "aliases.name"}
    | {"corrections.name", "corrections.roster_id"}
)
"""Columns that hold nothing but a name or a number of the school's list."""

WORDS = frozenset(
    {"sessions.end_reason", "sessions.source", "sessions.model_version", "sessions.rules_version", "sessions.uid"}
    | {"gaps.reason", "readings.camera", "readings.abstained", "flags.kind", "flags.dismissal", "markers.kind"}
    | {"corrections.kind", "audit.action", "commands.kind", "capture_status.state", "capture_status.mode"}
    | {"publications.target", "publications.digest"}
    | {"sessions.owner", "audit.actor", "accounts.login", "accounts.role", "accounts.password_hash"}
    | {"logins.token_hash", "logins.login"}
)
"""Columns of the program's own words, and of logins: no student's name gets there."""

LEAST_LETTERS = 3
"""A shorter word of a name is no sign of a person."""

Change = Callable[[str], str]


def taker_out(names: Collection[str], put: str, words: Collection[str] = ()) -> Change:
    """What takes names out of a text and puts ``put`` in their place: whole words only, however they are written.

    ``words`` are single words of the names, to be found only as they are spelled.
    """
    spelled = sorted({" ".join(_nfc(name).split()) for name in names if name.strip()}, key=len, reverse=True)
    whole = [r"\s+".join(map(re.escape, name.split())) for name in spelled]
    parts = [re.escape(_nfc(word)) for word in sorted(words, key=len, reverse=True)]
    patterns = [
        re.compile(rf"(?<!\w)(?:{'|'.join(choices)})(?!\w)", flags)
        for choices, flags in ((whole, re.IGNORECASE), (parts, re.NOFLAG))
        if choices
    ]

    def change(text: str) -> str:
        found = _nfc(text)
        for pattern in patterns:
            found = pattern.sub(lambda _: put, found)
        return text if found == _nfc(text) else found

    return change


def words_of(names: Iterable[str], others: Iterable[str]) -> set[str]:
    """The single words of names that mean nobody else: those of none of the ``others``."""
    shared = {word.casefold() for name in others for word in _nfc(name).split()}
    own = {word for name in names for word in _nfc(name).split() if len(word) >= LEAST_LETTERS}
    return {word for word in own if word.casefold() not in shared}


def change_texts(connection: Connection, change: Change, now: float, session_id: int | None = None) -> int:
    """Run every text of the record, or of one session and its course, through ``change``; gives how many it changed."""
    plain = sum(_change_column(connection, column, change, now, session_id) for column in SENTENCES)
    return plain + sum(_change_column(connection, column, within_json(change), now, session_id) for column in OBJECTS)


def _change_column(connection: Connection, attribute: Any, change: Change, now: float, session_id: int | None) -> int:
    column: Column = attribute.property.columns[0]
    table = column.table
    (key,) = table.primary_key
    asked = select(key, column).where(column.is_not(None), column != "")
    if session_id is not None:
        mine = _of_session(table, session_id)
        if mine is None:
            return 0
        asked = asked.where(mine)
    changed = [
        {"row": number, "text": change(text)} for number, text in connection.execute(asked) if change(text) != text
    ]
    if table is Course.__table__:  # no two courses may have one name
        changed = [{**row, "text": f"{row['text']} ({row['row']})"} for row in changed]
    if changed:
        values: dict[str, Any] = {column.name: bindparam("text")}
        if table is AuditEntry.__table__:
            values["redacted_at"] = now
        connection.execute(update(table).where(key == bindparam("row")).values(values), changed)
    return len(changed)


def _of_session(table: Any, session_id: int) -> Any:
    """Which rows of a table belong to a session, its course among them; None where no row of it does."""
    if table is Course.__table__:
        return table.c.id == select(Session.course_id).where(Session.id == session_id).scalar_subquery()
    home = table.c.id if table is Session.__table__ else table.c.get("session_id")
    return None if home is None else home == session_id


def within_json(change: Change) -> Change:
    """The same change to the texts within an object of JSON; what is none is changed as it is."""

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, list):
            return [walk(part) for part in value]
        if isinstance(value, dict):
            return {change(key): walk(part) for key, part in value.items()}
        return value

    def changed(text: str) -> str:
        try:
            value = json.loads(text)
        except ValueError:
            return change(text)
        found = walk(value)
        return text if found == value else json.dumps(found)

    return changed


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
