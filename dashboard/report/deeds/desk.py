"""Where a person changes the record from a page: the deed is done, and the page is drawn as the store is then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dash
from sqlalchemy import Engine

from dashboard.report.account import Account, read_account
from db.engine import writable
from domain import ClassmoodError

ASKED = "Asked of the running capture; it takes a second or two."
NOTHING_DONE = (dash.no_update, dash.no_update)
"""A button that was only just drawn has not been pressed."""

Drawing = Callable[[Account | None, str, bool], list[Any]]
"""The parts of a page: of an account (None: erased meanwhile), with what became of a deed, and whether it failed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The store, the clock, and how the page is drawn on which a person works."""

    engine: Engine
    clock: Callable[[], float]
    draw: Drawing

    def done(self, session: int, deed: Callable[[Account, Engine], int | None], said: str) -> tuple[list[Any], Any]:
        """Do a deed; gives the page as it is then, with what became of it, and the command that is waited for.

        ``deed`` gives the number of that command where a running capture was asked, else None.
        """
        account = read_account(self.engine, session, self.clock())
        if account is None:
            return self.draw(None, "", False), None
        try:
            with writable(self.engine) as store:
                asked = deed(account, store)
        except ClassmoodError as error:
            return self.draw(account, str(error), True), None
        again = read_account(self.engine, session, self.clock()) or account
        return self.draw(again, said if asked is None else ASKED, False), asked
