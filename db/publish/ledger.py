"""What the teacher's record knows of its sessions at the school: what was sent, and what waits."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, Engine, make_url, select, update

from db.engine import insert, writing
from db.publish.content import Parcel
from db.tables import Publication

_LEDGER = Publication.__table__.c


def target_of(url: str) -> str:
    """How the ledger calls a school's database: its address without the password."""
    return make_url(url).render_as_string(hide_password=True)


def waiting(connection: Connection, target: str) -> set[int]:
    """Sessions that could not be sent yet, or that have changed since."""
    return set(
        connection.scalars(select(_LEDGER.session_id).where(_LEDGER.target == target, _LEDGER.queued_at.is_not(None)))
    )


def digests(connection: Connection, target: str) -> dict[int, str]:
    """What was sent last, by session."""
    asked = select(_LEDGER.session_id, _LEDGER.digest).where(_LEDGER.target == target, _LEDGER.digest.is_not(None))
    return {row.session_id: row.digest for row in connection.execute(asked)}


def queue(engine: Engine, target: str, parcels: Iterable[Parcel], now: float) -> None:
    """Note that these wait to be sent."""
    rows = [{"session_id": parcel.session_id, "target": target, "queued_at": now} for parcel in parcels]
    statement = insert(Publication)
    noting = statement.on_conflict_do_update(
        index_elements=["session_id", "target"], set_={"queued_at": statement.excluded.queued_at}
    )
    if rows:
        with writing(engine) as connection:
            connection.execute(noting, rows)


def note_sent(engine: Engine, target: str, parcels: Iterable[Parcel], now: float) -> None:
    """Note that these are at the school as they are now."""
    rows = [
        {"session_id": parcel.session_id, "target": target, "published_at": now, "digest": parcel.digest}
        for parcel in parcels
    ]
    statement = insert(Publication)
    new = {name: statement.excluded[name] for name in ("published_at", "digest")}
    noting = statement.on_conflict_do_update(index_elements=["session_id", "target"], set_={**new, "queued_at": None})
    if rows:
        with writing(engine) as connection:
            connection.execute(noting, rows)


def note_unchanged(engine: Engine, target: str, sessions: Collection[int]) -> None:
    """Let go of what waited and needs no sending."""
    theirs = (_LEDGER.target == target) & _LEDGER.session_id.in_(sessions) & _LEDGER.queued_at.is_not(None)
    with writing(engine) as connection:
        connection.execute(update(Publication).where(theirs).values(queued_at=None))
