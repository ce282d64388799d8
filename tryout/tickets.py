"""What opens the reader for an hour: a time, signed with the key that the pages and the reader share."""

from __future__ import annotations

import hashlib
import hmac

LASTS_S = 3600.0
"""Longer than a person tries; who has logged out, or was shut out, is out here an hour later too."""


def issued(key: str, now: float) -> str:
    """A ticket that opens until an hour after ``now``, in UNIX seconds."""
    until = str(round(now + LASTS_S))
    return f"{until}.{_signature(key, until)}"


def is_ours(key: str, ticket: str) -> bool:
    """Whether a ticket was issued with this key, however long ago."""
    until, _, signature = ticket.partition(".")
    return hmac.compare_digest(signature.encode("utf-8", "surrogateescape"), _signature(key, until).encode())


def is_over(ticket: str, now: float) -> bool:
    """Whether the hour of a ticket of ours is over."""
    return now > int(ticket.partition(".")[0])


def _signature(key: str, until: str) -> str:
    return hmac.new(key.encode(), until.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
