"""Who may log in where the pages are served beyond this machine, and the browsers in which they have."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from db.corrections import audit
from db.engine import Role, Viewer, reading, writing
from db.tables import Account, LoginRow, Session, storable
from domain import StoreError

LEAST_LETTERS = 12
"""Letters of a password: with the lock-out, and hashed by Argon2id, nobody tries so many through."""

MOST_LETTERS = 1000
"""A longer password is no person's: it would only keep the processor busy."""

FAILURES = 5
"""Wrong passwords in a row after which an account is locked for a while."""

LOCKED_S = 900.0
"""A quarter of an hour: five tries each make 480 a day, of 95 to the power of 12."""

IDLE_S = 3600.0
"""A browser that has asked for nothing in so long is logged out: somebody left it open."""

USED_EVERY_S = 60.0
"""A login notes that it is in use this often: a live page asks every second."""

TOKEN_BYTES = 32

_HASHER = PasswordHasher()
"""Argon2id with the library's settings, those of RFC 9106 for machines with little memory."""

_NOBODY = _HASHER.hash(secrets.token_urlsafe(TOKEN_BYTES))
"""What a password is compared with where there is no such account, so that both take equally long but for one write."""

_ACCOUNT = Account.__table__.c
_LOGIN = LoginRow.__table__.c


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as an admin sees it; ``locked_until`` in UNIX seconds, None where any browser may try."""

    login: str
    role: Role
    sees_students: bool
    created_at: float
    locked_until: float | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A new login: its secret, and the sign by which this browser is known from now on."""

    token: str
    browser: str


@dataclass(frozen=True, slots=True)
class _Tries:
    """Where wrong passwords are counted, by what the trail calls the browsers that they come from."""

    browser: str
    failures: str
    locked_until: str


_STRANGE = _Tries("strange", "failures", "locked_until")
_KNOWN = _Tries("known", "known_failures", "known_locked_until")


def add(
    engine: Engine,
    login: str,
    password: str,
    role: Role,
    now: float,
    sees_students: bool = False,
    adopt: bool = False,
) -> None:
    """Make an account; with ``adopt``, sessions that have no owner become its own.

    Raises StoreError where the login is taken or the password is too short or too like the login.
    """
    login = _checked(login, password)
    with writing(engine) as connection:
        if connection.scalar(select(_ACCOUNT.login).where(_ACCOUNT.login == login)) is not None:
            raise StoreError(f"expected a new login, found that {login} is taken: choose another, or reset it")
        row = {"login": login, "role": role, "sees_students": sees_students, "created_at": now}
        connection.execute(insert(Account).values(**row, password_hash=_HASHER.hash(password)))
        if adopt:
            connection.execute(update(Session).where(Session.owner.is_(None)).values(owner=login))
        audit(connection, "program", "account_add", None, now, login=login, role=role)


def reset(engine: Engine, login: str, password: str, now: float) -> None:
    """Give an account another password, open it where it is locked, and log it out everywhere; raises StoreError."""
    _checked(login, password)
    with writing(engine) as connection:
        _refuse_unknown(connection, login)
        opened = {
            name: value for one in (_STRANGE, _KNOWN) for name, value in ((one.failures, 0), (one.locked_until, None))
        }
        fresh = {"password_hash": _HASHER.hash(password), **opened}
        connection.execute(update(Account).where(_ACCOUNT.login == login).values(**fresh))
        connection.execute(delete(LoginRow).where(_LOGIN.login == login))
        audit(connection, "program", "account_reset", None, now, login=login)


def remove(engine: Engine, login: str, now: float) -> None:
    """Take an account away, with its logins; its classes stay. Raises StoreError where there is none."""
    with writing(engine) as connection:
        _refuse_unknown(connection, login)
        connection.execute(delete(LoginRow).where(_LOGIN.login == login))
        connection.execute(delete(Account).where(_ACCOUNT.login == login))
        audit(connection, "program", "account_remove", None, now, login=login)


def accounts(engine: Engine) -> list[AccountView]:
    """All accounts by their logins."""
    columns = (_ACCOUNT.login, _ACCOUNT.role, _ACCOUNT.sees_students, _ACCOUNT.created_at, _ACCOUNT.locked_until)
    with reading(engine) as connection:
        return [AccountView(*row) for row in connection.execute(select(*columns).order_by(_ACCOUNT.login))]


def log_in(engine: Engine, login: str, password: str, now: float, browser: str = "") -> Opened | None:
    """A new login for a right password; None for a wrong one, or while the account is locked for this browser.

    ``browser`` is what this browser was given when the account was last logged in there. Tries from such browsers are
    counted by themselves, so that a stranger who guesses locks out strangers alone.
    """
    login = storable(login)
    with reading(engine) as connection:
        account = _account(connection, login)
    # Outside of any transaction: a hash takes as long as hundreds of rows, and guessing would keep everybody waiting.
    right = _is_right(account.password_hash if account else _NOBODY, password)
    if account is None:
        return None
    tries = _KNOWN if _knows(account, browser) else _STRANGE
    with writing(engine) as connection:
        account = _account(connection, login, account.password_hash)
        if account is None or (getattr(account, tries.locked_until) or 0.0) > now:
            return None  # it was reset or locked in the meantime
        failures = 0 if right else getattr(account, tries.failures) + 1
        locked = now + LOCKED_S if failures and failures % FAILURES == 0 else None
        counted = {tries.failures: failures, tries.locked_until: locked}
        connection.execute(update(Account).where(_ACCOUNT.login == login).values(counted))
        if not right:
            audit(connection, login, "login_failed", None, now, failures=failures, browser=tries.browser)
            return None
        token = _begin(connection, login, now)
    return Opened(token, _sign_of(account, secrets.token_urlsafe(TOKEN_BYTES)))


def _begin(connection: Connection, login: str, now: float) -> str:
    """Note a new login and clear those away that nobody logged out of; gives its secret."""
    connection.execute(delete(LoginRow).where(_LOGIN.used_at < now - IDLE_S))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {"token_hash": _hashed(token), "login": login, "started_at": now, "used_at": now}
    connection.execute(insert(LoginRow).values(row))
    audit(connection, login, "login", None, now)
    return token


def log_out(engine: Engine, token: str, now: float) -> None:
    """End a login; without it nothing happens."""
    with writing(engine) as connection:
        login = connection.scalar(select(_LOGIN.login).where(_LOGIN.token_hash == _hashed(token)))
        if login is not None:
            connection.execute(delete(LoginRow).where(_LOGIN.token_hash == _hashed(token)))
            audit(connection, login, "logout", None, now)


def who_is(engine: Engine, token: str, now: float, longest_s: float) -> Viewer | None:
    """Whose a login is; None for an unknown one, or one that is older than ``longest_s`` or was left alone too long."""
    mine = _LOGIN.token_hash == _hashed(token)
    asked = (
        select(_ACCOUNT.login, _ACCOUNT.role, _ACCOUNT.sees_students, _LOGIN.started_at, _LOGIN.used_at)
        .join(Account, _ACCOUNT.login == _LOGIN.login)
        .where(mine)
    )
    with reading(engine) as connection:
        found = connection.execute(asked).one_or_none()
    if found is None:
        return None
    if now - found.started_at > longest_s or now - found.used_at > IDLE_S:
        log_out(engine, token, now)
        return None
    if now - found.used_at > USED_EVERY_S:
        with writing(engine) as connection:
            connection.execute(update(LoginRow).where(mine).values(used_at=now))
    return Viewer(found.login, found.role, found.sees_students)


def has_accounts(engine: Engine) -> bool:
    """Whether anybody could log in."""
    with reading(engine) as connection:
        return bool(connection.scalar(select(func.count()).select_from(Account)))


def _checked(login: str, password: str) -> str:
    login = storable(login.strip())
    if not login or len(login) > 100:
        raise StoreError(f"expected a login of 1 to 100 letters, found {len(login)}: choose another")
    if not LEAST_LETTERS <= len(password) <= MOST_LETTERS or login.casefold() in password.casefold():
        raise StoreError(
            f"expected a password of at least {LEAST_LETTERS} letters without the login in it, found another: "
            "four words that nobody would put together are easy to remember"
        )
    return login


def _refuse_unknown(connection: Connection, login: str) -> None:
    if connection.scalar(select(_ACCOUNT.login).where(_ACCOUNT.login == login)) is None:
        raise StoreError(f"expected an account, found none with the login {login}: see accounts list")


def _account(connection: Connection, login: str, password_hash: str | None = None) -> Any:
    """The row of an account; with a ``password_hash``, to change it, and None where it has another one by now."""
    asked = select(Account.__table__).where(_ACCOUNT.login == login)
    if password_hash is not None:
        asked = asked.where(_ACCOUNT.password_hash == password_hash).with_for_update()  # guesses come side by side
    return connection.execute(asked).one_or_none()


def _sign_of(account: Any, number: str) -> str:
    """What tells a browser in which an account was logged in: it needs no row, and another password ends it."""
    key, said = account.password_hash.encode(), f"{account.login} {number}".encode("utf-8", "surrogateescape")
    return f"{number}.{hmac.new(key, said, hashlib.sha256).hexdigest()}"


def _knows(account: Any, sign: str) -> bool:
    expected = _sign_of(account, sign.rpartition(".")[0])
    return hmac.compare_digest(expected.encode(errors="replace"), sign.encode(errors="replace"))


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password[:MOST_LETTERS]) and len(password) <= MOST_LETTERS
    except VerificationError:
        return False


def _hashed(token: str) -> str:
    # The secret has 256 random bits: nothing slower is needed, and a stolen database opens no page.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
