"""What a page asks of a running capture, and how it is answered: the way to steer it through the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Engine, insert, select, update

from db import corrections
from db.corrections import CORRECTION_KINDS, Correction
from db.engine import reading, writing
from db.status import HEARTBEAT_LIMIT_S
from db.tables import CaptureStatusRow, CommandRow

Kind = Literal["pause", "resume", "end", "mode", "monitor", "region", "rename", "merge", "split", "move", "undo"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MODES = ("exercise", "break", "group_work")
"""What the class does, beside the ordinary lesson (None), for the flags to take into account."""

TOO_LATE = "expected a running capture, found none when it was asked: start one and ask again"

_COMMAND = CommandRow.__table__.c


@dataclass(frozen=True, slots=True)
class Command:
    """Something asked of the capture; ``payload`` holds what the kind needs: see `ask`."""

    id: int
    session_id: int | None
    kind: Kind
    payload: dict[str, Any]
    created_at: float


def ask(engine: Engine, kind: Kind, payload: dict[str, Any], now: float, session_id: int | None = None) -> int:
    """Ask the capture to do something, for a session or (None) whichever runs; gives the number to ask the answer by.

    Payloads: ``{"mode": one of MODES or None}``, ``{"monitor": number}``, ``{"region": [left, top, right, bottom] or
    None}``, ``{"correction": number}`` for `undo`, the fields of a `Correction` for its kinds, and nothing for `pause`,
    `resume` and `end`. Raises ValueError when the payload is another one.
    """
    check(kind, payload)
    row = {"session_id": session_id, "kind": kind, "payload": json.dumps(payload), "created_at": now}
    with writing(engine) as connection:
        number = connection.execute(insert(CommandRow).values(row)).inserted_primary_key
        assert number is not None
        corrections.audit(connection, "person", "ask", session_id, now, command=number[0], kind=kind)
    return number[0]


def check(kind: Kind, payload: dict[str, Any]) -> None:
    """Raise ValueError when a payload does not fit the kind."""
    if kind not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)}, found {kind}")
    if kind in CORRECTION_KINDS:
        correction_of(kind, payload)
    elif not _CHECKS[kind](payload):
        raise ValueError(f"expected the payload of {kind}, found {payload}")


def correction_of(kind: str, payload: dict[str, Any]) -> Correction:
    """The correction that a command asks for; raises ValueError when something is missing or unknown."""
    try:
        return Correction(kind, **payload)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(f"expected the fields of a correction, found {payload}") from error


def correct_or_ask(engine: Engine, session_id: int, correction: Correction, now: float) -> int | None:
    """Make a correction, or ask the capture for it while it writes that session.

    Gives the number of the command to wait for, None where the correction is made. Raises StoreError.
    """
    if not _is_being_written(engine, session_id, now):
        corrections.correct(engine, session_id, correction, now)
        return None
    payload = asdict(correction)
    kind = payload.pop("kind")
    return ask(engine, kind, payload, now, session_id)


def undo_or_ask(engine: Engine, session_id: int, correction_id: int, now: float) -> int | None:
    """Take a correction back, or ask the capture for it; see `correct_or_ask`."""
    if not _is_being_written(engine, session_id, now):
        corrections.undo(engine, correction_id, now)
        return None
    return ask(engine, "undo", {"correction": correction_id}, now, session_id)


def pending(engine: Engine, after_id: int) -> list[Command]:
    """Commands later than a number that nobody has answered, in the order in which they were asked."""
    asked = (
        select(*(_COMMAND[name] for name in Command.__slots__))
        .where(_COMMAND.id > after_id, _COMMAND.applied_at.is_(None))
        .order_by(_COMMAND.id)
    )
    with reading(engine) as connection:
        return [
            Command(**{**row, "payload": json.loads(row["payload"])}) for row in connection.execute(asked).mappings()
        ]


def answer(engine: Engine, command_id: int) -> tuple[float | None, str | None]:
    """When a command was answered (UNIX seconds, None while it waits), and why it was not done (None if it was)."""
    with reading(engine) as connection:
        row = connection.execute(select(_COMMAND.applied_at, _COMMAND.error).where(_COMMAND.id == command_id)).one()
    return row.applied_at, row.error


def answering(command_id: int, error: str | None, now: float) -> Any:
    """The statement that notes an answer."""
    return update(CommandRow).where(_COMMAND.id == command_id).values(applied_at=now, error=error)


def turn_away_late_ones(connection: Connection, now: float) -> None:
    """Answer what was asked of a capture that is gone: a new one must not obey it hours later."""
    late = update(CommandRow).where(_COMMAND.applied_at.is_(None)).values(applied_at=now, error=TOO_LATE)
    connection.execute(late)


def _is_being_written(engine: Engine, session_id: int, now: float) -> bool:
    status = CaptureStatusRow.__table__.c
    alive = (status.state != "stopped") & (status.heartbeat_at > now - HEARTBEAT_LIMIT_S)
    with reading(engine) as connection:
        return connection.scalar(select(status.session_id).where(alive)) == session_id


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_region(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 4 and all(map(_is_number, value)))


_CHECKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    **dict.fromkeys(("pause", "resume", "end"), lambda payload: payload == {}),
    "mode": lambda payload: payload.keys() == {"mode"} and payload["mode"] in (None, *MODES),
    "monitor": lambda payload: payload.keys() == {"monitor"} and _is_number(payload["monitor"]),
    "region": lambda payload: payload.keys() == {"region"} and _is_region(payload["region"]),
    "undo": lambda payload: payload.keys() == {"correction"} and _is_number(payload["correction"]),
}
