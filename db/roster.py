"""The class list: read from a CSV or from Zoom's participant report, and matched to the names that labels say.

A pure part of the store: no tables, no files but the list itself.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from domain import ConfigError

MAX_BYTES = 5_000_000
"""Larger files are no class lists."""
HEADER_WITHIN = 12
"""Rows in which the header must stand: Zoom's report may begin with lines about the meeting."""
DELIMITERS = ",;\t"

FULL = frozenset(
    {"name", "full name", "fullname", "student", "student name", "students", "display name", "participant"}
    | {"participant name", "user name", "name original name", "vollständiger name", "nom complet", "nombre completo"}
)
FIRST = frozenset({"first name", "firstname", "first", "given name", "given names", "forename", "vorname", "prénom"})
LAST = frozenset(
    {"last name", "lastname", "last", "surname", "family name", "nachname", "familienname", "apellido", "apellidos"}
    | {"nom de famille"}
)
FIRST_OR_FULL = frozenset({"nombre"})
LAST_OR_FULL = frozenset({"nom"})
"""Spanish and French words that mean the whole name where no other name column stands beside them."""
EMAIL = frozenset({"email", "e mail", "user email", "mail", "email address", "e mail adresse"})
"""Headers of columns in lower case, with every other sign as a space."""
CONSENT = frozenset(
    {"consent", "consented", "consent at", "consent date", "einwilligung", "consentement", "consentimiento", "consenso"}
)
GUARDIAN = frozenset(
    {"guardian", "guardian consent", "guardian consent at", "guardian consent date", "parent", "erziehungsberechtigte"}
    | {"tuteur", "tutor"}
)
MINOR = frozenset({"minor", "is minor", "under age", "minderjährig", "mineur", "menor", "minore"})
YES = frozenset({"yes", "y", "true", "1", "x", "ja", "oui", "sí", "si", "sì", "da"})
NO = frozenset({"", "no", "n", "false", "0", "-", "nein", "non"})
MONTHS = 12
YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
YEAR_LAST = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})")
RENAMING = "name original name"
"""Zoom's column of names, which tells a former name in brackets behind the new one."""
FORMER = re.compile(r"^(?P<new>.+?)\s*\((?P<old>.+)\)\s*$", re.DOTALL)


Given = date | bool
"""A consent: the day from which it holds, True for a yes without a day, False for none."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a list says of one student's consent; a minor needs a guardian's too."""

    own: Given = False
    guardian: Given = False
    minor: bool = False

    def holds(self, on: date) -> bool:
        """Whether the student may be looked at on this day: a consent that begins later is none yet."""
        return _holds(self.own, on) and (not self.minor or _holds(self.guardian, on))


def _holds(given: Given, on: date) -> bool:
    return given if isinstance(given, bool) else given <= on


@dataclass(frozen=True, slots=True)
class Entry:
    """One student of the list: the name as the list spells it, other names the student had, and an e-mail or "".

    ``consent`` is what the list says of it, None where it has no column for that.
    """

    name: str
    former: tuple[str, ...] = ()
    email: str = ""
    consent: Consent | None = None


def read_roster(path: Path) -> tuple[Entry, ...]:
    """The students of a CSV file; see ``parse_roster``. Raises ConfigError when it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"class.roster: expected a CSV file at {path}, found none ({error.strerror}); correct the path"
        ) from None
    return parse_roster(data, path.name)


def parse_roster(data: bytes, title: str) -> tuple[Entry, ...]:
    """The students of a class list or of Zoom's participant report, in the order of the file.

    Fields are parted by comma, semicolon or tab; columns stand in any order; several rows of one person in Zoom's
    report are one student, but two equal rows of a class list are two students of one name. Names are kept as text as
    they stand, whatever they hold. A student consents who has a yes, or the day of it, in the column Consent; who has a
    yes in the column Minor needs the same in the column Guardian. A list with a column Guardian and none called Minor
    is one of minors. Raises ConfigError with the line, what was expected, what was found and
    what to do; ``title`` names the file in it.
    """
    text = _decoded(data, title)
    rows = _rows(text, title)
    at, columns = _header(rows, title)
    filled = [(line, row) for line, row in rows[at + 1 :] if any(map(str.strip, row))]
    found = [(*_named(row, columns, line, title), _consent(row, columns, line, title)) for line, row in filled]
    if not found:
        raise ConfigError(f"{title}: expected a student in every line below the header, found none; add the class")
    if not columns.renames:
        return tuple(Entry(name, (), email, consent) for name, email, consent in found)
    people: dict[tuple[str, str], list[str]] = {}
    for name, email, _ in found:
        renamed = FORMER.match(name)
        new, old = (renamed["new"], [renamed["old"].strip()]) if renamed else (name, [])
        former = people.setdefault((new.strip(), email), [])
        former += [each for each in old if each not in former]
    return tuple(Entry(name, tuple(former), email) for (name, email), former in people.items())


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand in a row: a name in one column or two, first name first; the rest in one, or None."""

    names: tuple[int, ...]
    email: int | None
    consent: int | None
    guardian: int | None
    minor: int | None
    renames: bool
    width: int


def _decoded(data: bytes, title: str) -> str:
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{title}: expected a class list, found {len(data) // 1_000_000} MB; choose another file")
    coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(coding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{title}, line {line}: expected text in UTF-8, found another encoding; save the list as 'CSV UTF-8'"
        ) from None


def _rows(text: str, title: str) -> list[tuple[int, list[str]]]:
    """Rows with the line on which each ends, parted by the sign that parts the first lines best."""
    best: list[tuple[int, list[str]]] = []
    score = -1
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            rows = [(reader.line_num, row) for row in reader]
        except csv.Error as error:
            raise ConfigError(
                f"{title}, line {reader.line_num}: expected fields of CSV, found {error}; save the list as CSV anew"
            ) from None
        known = max((sum(map(_is_known, row)) for _, row in rows[:HEADER_WITHIN]), default=0)
        if known > score:
            best, score = rows, known
    return best


def _key(header: str) -> str:
    return " ".join(re.sub(r"[^\w]+|_", " ", unicodedata.normalize("NFC", header).casefold()).split())


def _is_known(header: str) -> bool:
    return _key(header) in FULL | FIRST | LAST | FIRST_OR_FULL | LAST_OR_FULL | EMAIL


def _header(rows: Sequence[tuple[int, list[str]]], title: str) -> tuple[int, _Columns]:
    """Which row is the header, and the columns it names."""
    for at, (_, row) in enumerate(rows[:HEADER_WITHIN]):
        names = _name_columns([_key(field) for field in row])
        if names:
            keys = [_key(field) for field in row]
            email, consent, guardian, minor = (_place(keys, known) for known in (EMAIL, CONSENT, GUARDIAN, MINOR))
            return at, _Columns(names, email, consent, guardian, minor, keys[names[0]] == RENAMING, len(row))
    first = next((row for _, row in rows if any(map(str.strip, row))), [])
    shown = ", ".join(field.strip()[:30] for field in first[:6]) or "an empty file"
    raise ConfigError(
        f"{title}, line 1: expected a header with Name, or First name and Last name, found {shown}; "
        "name the column of the students' names"
    )


def _name_columns(keys: Sequence[str]) -> tuple[int, ...]:
    """The columns of a name, first name before last name; none where the row is no header."""

    full = _place(keys, FULL)
    if full is not None:
        return (full,)
    first, last = _place(keys, FIRST), _place(keys, LAST)
    first = _place(keys, FIRST_OR_FULL) if first is None else first
    last = _place(keys, LAST_OR_FULL) if last is None else last
    return tuple(at for at in (first, last) if at is not None)


def _place(keys: Sequence[str], known: frozenset[str]) -> int | None:
    return next((at for at, key in enumerate(keys) if key in known), None)


def _named(row: Sequence[str], columns: _Columns, line: int, title: str) -> tuple[str, str]:
    """Name and e-mail of one row."""
    if len(row) <= max(columns.names):
        raise ConfigError(
            f"{title}, line {line}: expected {columns.width} fields as in the header, found {len(row)}; "
            "complete the line or quote a field that holds the separator"
        )
    parts = [unicodedata.normalize("NFC", row[at].strip()) for at in columns.names]
    name = " ".join(part for part in parts if part)
    if not name:
        raise ConfigError(f"{title}, line {line}: expected a name, found an empty field; add it or remove the line")
    if len(parts) == 1 and not columns.renames and name.count(",") == 1:
        last, _, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}".strip()
    has_email = columns.email is not None and len(row) > columns.email
    return name, row[columns.email].strip() if has_email and columns.email is not None else ""


def _consent(row: Sequence[str], columns: _Columns, line: int, title: str) -> Consent | None:
    """What a row says of consent; None where the list has no column for it."""
    if columns.consent is None:
        return None

    def said(place: int | None) -> Given:
        word = row[place].strip() if place is not None and place < len(row) else ""
        try:
            return _given(word.casefold())
        except ValueError:
            raise ConfigError(
                f"{title}, line {line}: expected yes, no or a day such as 2026-09-01 as consent, found {word[:30]}; "
                "correct the field"
            ) from None

    without_column = columns.minor is None and columns.guardian is not None
    return Consent(said(columns.consent), said(columns.guardian), without_column or bool(said(columns.minor)))


def _given(word: str) -> Given:
    """A yes, a no or a day; of 3/4/2026 the later reading, never too soon. Raises ValueError for anything else."""
    if word in YES | NO:
        return word in YES
    if found := YEAR_FIRST.fullmatch(word):
        year, month, day = map(int, found.groups())
        return date(year, month, day)
    found = YEAR_LAST.fullmatch(word)
    if not found:
        raise ValueError(word)
    one, other, year = int(found[1]), int(found[3]), int(found[4])
    if found[2] == "." or other > MONTHS:
        return date(year, *((other, one) if found[2] == "." else (one, other)))
    return max(date(year, other, one), date(year, one, other)) if one <= MONTHS else date(year, other, one)


def consenting(entries: Sequence[Entry], on: date) -> frozenset[str]:
    """Names of the students who consent on a day; a name that somebody has who does not is not among them."""
    agreed, refusing = set[str](), set[str]()
    for entry in entries:
        holds = entry.consent is not None and entry.consent.holds(on)
        (agreed if holds else refusing).add(entry.name)
    return frozenset(agreed - refusing)


def names_of(entries: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """Every name of every student, former ones included, with the student's place in the list."""
    for place, entry in enumerate(entries):
        for name in (entry.name, *entry.former):
            yield place, name
