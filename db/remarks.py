"""What a person says about a session: markers on its time line, and what became of its flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Engine, delete, func, insert, select, update

from db.corrections import audit
from db.engine import reading, writing
from db.tables import THOUSAND, FlagRow, Marker, Session, storable
from domain import StoreError

MarkerKind = Literal["note", "topic", "question", "phase", "mode"]
MARKER_KINDS: tuple[MarkerKind, ...] = get_args(MarkerKind)

Dismissal = Literal["wrong", "known", "not_now"]
DISMISSALS: tuple[Dismissal, ...] = get_args(Dismissal)
"""wrong: it is not so; known: it is so, and the teacher knows why; not_now: to be told later."""

_FLAG = FlagRow.__table__.c


@dataclass(frozen=True, slots=True)
class FlagRate:
    """How flags of one kind fared in classes that really took place: how many, put aside, and put aside as wrong."""

    kind: str
    given: int
    dismissed: int
    wrong: int

    @property
    def false_rate(self) -> float:
        """Share of those given that a person called wrong, 0 to 1: a lower limit, as nobody answers every flag."""
        return self.wrong / self.given


def mark(engine: Engine, session_id: int, kind: MarkerKind, text: str, at: float, now: float) -> int:
    """Put a marker on a session's time line at UNIX time ``at``; gives its number.

    Raises ValueError for another kind, StoreError when there is no such session.
    """
    if kind not in MARKER_KINDS:
        raise ValueError(f"expected one of {', '.join(MARKER_KINDS)}, found {kind}")
    row = {
        "session_id": session_id,
        "at_ms": round(at * THOUSAND),
        "kind": kind,
        "text": storable(text),
        "created_at": now,
    }
    with writing(engine) as connection:
        if connection.scalar(select(Session.id).where(Session.id == session_id)) is None:
            raise StoreError(f"expected a session to mark, found none with number {session_id}: reload the page")
        number = connection.execute(insert(Marker).values(row)).inserted_primary_key
        assert number is not None
        audit(connection, "person", "mark", session_id, now, marker=number[0])
    return number[0]


def remove_marker(engine: Engine, marker_id: int, now: float) -> None:
    """Take a marker away; without it nothing happens."""
    table = Marker.__table__.c
    with writing(engine) as connection:
        session_id = connection.scalar(select(table.session_id).where(table.id == marker_id))
        if session_id is not None:
            connection.execute(delete(Marker).where(table.id == marker_id))
            audit(connection, "person", "unmark", session_id, now, marker=marker_id)


def dismiss(engine: Engine, flag_id: int, why: Dismissal, note: str | None, now: float) -> None:
    """Put a flag aside with a reason; a later reason replaces the one before.

    Raises ValueError for another reason, StoreError when there is no such flag.
    """
    if why not in DISMISSALS:
        raise ValueError(f"expected one of {', '.join(DISMISSALS)}, found {why}")
    change = {"dismissed_at": now, "dismissal": why, "dismissal_note": note and storable(note)}
    with writing(engine) as connection:
        session_id = connection.scalar(select(_FLAG.session_id).where(_FLAG.id == flag_id))
        if session_id is None:
            raise StoreError(f"expected a flag to put aside, found none with number {flag_id}: reload the page")
        connection.execute(update(FlagRow).where(_FLAG.id == flag_id).values(change))
        audit(connection, "person", "dismiss", session_id, now, flag=flag_id, why=why)


def flag_rates(engine: Engine) -> list[FlagRate]:
    """How the flags of each kind fared, in the order of their kinds; drawn classes do not count."""
    rates = (
        select(
            _FLAG.kind,
            func.count(),
            func.count(_FLAG.dismissal),
            func.count().filter(_FLAG.dismissal == "wrong"),
        )
        .join(Session, Session.id == _FLAG.session_id)
        .where(~Session.simulated)
        .group_by(_FLAG.kind)
        .order_by(_FLAG.kind)
    )
    with reading(engine) as connection:
        return [FlagRate(*row) for row in connection.execute(rates)]
