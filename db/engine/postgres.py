"""A school's PostgreSQL: reached by its address, with the same tables by the same steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from db.engine import schema
from domain import StoreError

DRIVER = "postgresql+psycopg"
"""The one driver that is installed: psycopg 3."""

CONNECT_S = 5
"""A server in the same school answers in milliseconds, one across the world in half a second."""

_NOTICING = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""A cable that is pulled out says nothing, and systems wait two hours for it: here 25 seconds (s, s, times, ms)."""

LOCK_NUMBER = 0x436D6F64
"""The number ("Cmod") under which PostgreSQL keeps the writer's lock of a database, as SQLite's files are marked."""

STEPS_NUMBER = LOCK_NUMBER + 1
"""The lock of who brings the tables up to date: several teachers may publish at the same moment."""

_NO_DATABASE, _NO_RIGHT, _NO_LOCK, _READ_ONLY = "3D000", "42501", "55P03", "25006"
_GONE = ("57P01", "57P02", "57P03", "08003", "08006")
_WRONG_LOGIN, _FULL = ("28P01", "28000"), ("53100", "53200", "53300")

_REMEDIES = {
    _NO_DATABASE: "the server has no database of this name: create it, or correct database.url",
    _NO_RIGHT: "its user may not do that: grant the rights on this database to it",
    _NO_LOCK: "it is locked by another program: close that program and try again",
    _READ_ONLY: "it is read-only: use a server and a user that may write",
    **dict.fromkeys(_GONE, "the server has gone away or is just starting: try again when it is back"),
    **dict.fromkeys(_WRONG_LOGIN, "the server refuses this user or password: correct them"),
    **dict.fromkeys(_FULL, "the server has no room left (disk, memory or connections): make room on it"),
}
_WORDS = {
    "password authentication failed": _REMEDIES["28P01"],
    "no password supplied": "the server asks for a password: put it into the address",
    "does not exist": _REMEDIES[_NO_DATABASE],
    "Connection refused": "no server answers there: start it, or check the address and the network",
    "could not translate host name": "there is no such host: check the address and the network",
    "failed to resolve host": "there is no such host: check the address and the network",
    "closed the connection unexpectedly": _REMEDIES["57P01"],
    "connection is lost": _REMEDIES["57P01"],
    "timeout": "the server does not answer: check the address and the network",
}
"""A connection that fails has no code, only words."""


def open_store(url: URL, *, write: bool, patience_s: float) -> Engine:
    """See ``db.engine.open_store``."""
    with store_errors(url):
        _bring_up_to_date(url, patience_s)
    return _engine(url, write=write)


@contextmanager
def store_errors(url: URL) -> Iterator[None]:
    """Say in one line, as a StoreError and without the password, what the server could not do."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        # The server's details quote the values of rows, which may be names: neither line nor traceback tells them.
        quotes = isinstance(cause, psycopg.Error) and cause.diag.message_detail
        raise _refusal(url, _remedy(cause)) from (None if quotes else error)


def name_of(url: URL) -> str:
    """The address of a database without its password."""
    return url.render_as_string(hide_password=True)


def is_out_of_reach(error: StoreError) -> bool:
    """Whether an error says that no server could be reached, so that trying again later may help."""
    return any(_WORDS[words] in str(error) for words in _WORDS if "network" in _WORDS[words])


class ServerLock:
    """An advisory lock of PostgreSQL, which goes with the connection that holds it, also where that is cut."""

    def __init__(self, connection: Connection) -> None:
        connection.detach()  # a pool would keep it open, and with it the lock
        self._connection = connection

    def release(self) -> None:
        """Let the next one in; a second call does nothing."""
        if self._connection.closed:
            return
        with suppress(SQLAlchemyError):  # a connection that was cut holds nothing
            self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
        self._connection.close()


def only_writer(engine: Engine, patience_s: float) -> ServerLock | None:
    """See ``db.engine.only_writer``."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    lock = ServerLock(connection)
    try:
        connection.execute(text(f"SET lock_timeout = {max(1, round(patience_s * 1000))}"))
        connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": LOCK_NUMBER})
    except SQLAlchemyError as error:
        lock.release()
        if getattr(error.__dict__.get("orig"), "sqlstate", None) != _NO_LOCK:
            raise
        return None
    return lock


def why_unwritable(engine: Engine) -> str | None:
    """See ``db.engine.why_unwritable``."""
    try:
        with store_errors(engine.url), engine.connect() as connection:
            if connection.execute(text("SELECT pg_is_in_recovery()")).scalar():
                return str(_refusal(engine.url, _REMEDIES[_READ_ONLY]))
    except StoreError as error:
        return str(error)
    return None


def _bring_up_to_date(url: URL, patience_s: float) -> None:
    engine = _engine(url, write=True)
    try:
        with engine.connect() as connection:
            found = schema.step_of(connection)
            if found == schema.last_step():
                return
        with engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = {max(1, round(patience_s * 1000))}"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": STEPS_NUMBER})
            _refuse_foreign(url, connection)
            schema.upgrade(connection)
    finally:
        engine.dispose()


def _refuse_foreign(url: URL, connection: Connection) -> None:
    found = schema.step_of(connection)
    if found is None and inspect(connection).get_table_names():
        raise _refusal(url, "it is another program's: choose another database.url; it was left as it is")
    unknown = found and schema.why_unknown(found)
    if unknown:
        raise _refusal(url, unknown)


def _engine(url: URL, *, write: bool) -> Engine:
    # Readers see one state of the database from their first question to their last, as they do with SQLite.
    level: Any = "READ COMMITTED" if write else "REPEATABLE READ"
    options = "" if write else "-c default_transaction_read_only=on"
    arguments = {"connect_timeout": CONNECT_S, "options": options, **_NOTICING}
    # Without its parameters: an error that is printed somewhere must not print a name with it.
    return create_engine(url, isolation_level=level, pool_pre_ping=True, connect_args=arguments, hide_parameters=True)


def _remedy(cause: BaseException) -> str:
    primary = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    said = " ".join((primary or str(cause)).split())
    code = getattr(cause, "sqlstate", None)
    by_words = (remedy for words, remedy in _WORDS.items() if words in said)
    return _REMEDIES.get(code or "") or next(by_words, None) or f"PostgreSQL says: {said}"


def _refusal(url: URL, found: str) -> StoreError:
    return StoreError(f"expected a Classmood database that can be used at {name_of(url)}, but {found}")
