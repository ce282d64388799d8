"""Commands for sharing with a school: `publish`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

import config
from config import Settings
from db.commandline.opened import counted, opened, say
from domain import ConfigError, StoreError

if TYPE_CHECKING:
    from db.publish import Sent
    from db.publish.content import Consents


def register(app: typer.Typer) -> None:
    """Add these commands to those of the program."""
    app.command()(publish)


def publish(
    sessions: Annotated[list[int] | None, typer.Argument(metavar="[SESSION]...", help="Numbers of sessions.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every finished session that may go.")] = False,
) -> None:
    """Send finished sessions to the school's database (publish.url), and those that still wait to be sent."""
    from db.publish import publish as send

    with opened(write=True) as (engine, settings):
        url = settings.publish.url
        if url is None:
            raise ConfigError("publish.url: expected the address of the school's database, found none; set it")
        chosen = None if everything else (sessions or [])
        done = send(engine, url, chosen, time.time(), settings.publish.teacher, consenting(settings))
    tell(done)
    if done.trouble:
        raise StoreError(f"{done.trouble}. {counted(len(done.queued), 'session')} will be sent by the next publish.")
    if done.refused:
        raise StoreError("; ".join(f"session {number} stays here: {why}" for number, why in done.refused.items()))


def consenting(settings: Settings) -> Consents | None:
    """Who has consented to be known by name until today, by the class list; None where names stay on this machine."""
    from datetime import date

    from db.privacy.people import name_key
    from db.roster import consenting as agreeing
    from db.roster import read_roster

    if not settings.publish.names:
        return None
    if settings.classroom.roster is None:
        raise ConfigError(
            "publish.names: expected a class list that tells who consented, found none; set class.roster or false here"
        )
    entries = read_roster(config.ROOT / settings.classroom.roster)
    names = agreeing(entries, date.today())
    refusing = {name_key(entry.name) for entry in entries if entry.name not in names}
    agreed = {name_key(name) for name in names} - refusing
    return lambda name: name_key(name) in agreed


def tell(done: Sent) -> None:
    """Say what became of the sessions."""
    say(f"Sent: {counted(len(done.sent), 'session')}. There already: {len(done.unchanged)}.")
