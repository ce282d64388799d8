"""Commands for keeping and forgetting: `db`, `backup`, `restore`, and `privacy`."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import config
from db.commandline.opened import counted, opened, say
from domain import ClassmoodError

if TYPE_CHECKING:
    from db.privacy.people import Wanted

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The student's name, as it was shown or given.")]
RosterId = Annotated[str | None, typer.Option("--roster-id", help="The student's number in the school's list.")]
Namesakes = Annotated[bool, typer.Option("--namesakes", help="Two students of this name in one class are both meant.")]

record = typer.Typer(help="Look after the record: what it holds, and what is due to be deleted.", no_args_is_help=True)
privacy = typer.Typer(
    help="Hand out, erase or pseudonymise all of one student's; write the papers that a school needs.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add these commands to those of the program."""
    app.add_typer(record, name="db")
    app.add_typer(privacy, name="privacy")
    app.command()(backup)
    app.command()(restore)


@record.command()
def stats() -> None:
    """Say how much is stored, since when, and what is due to be deleted."""
    from db.engine import store_name
    from db.privacy.stats import stats as count

    with opened(write=False) as (engine, settings):
        found = count(engine, settings.privacy, time.time())
        say(f"{store_name(engine)}: {found.bytes / 1e6:.1f} MB")
    for table, rows in found.rows.items():
        say(f"{rows:>9}  {table}")
    if found.oldest_at is not None and found.newest_at is not None:
        say(f"From {_day(found.oldest_at)} to {_day(found.newest_at)}.")
    say(f"Due to be deleted: {', '.join(found.due) or 'nothing'}.")


@record.command()
def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Delete what is older than the settings allow (privacy.keep_..._days), bytes included, and log what went."""
    from db.privacy.alone import compact
    from db.privacy.retention import in_words
    from db.privacy.retention import purge as delete_due

    with opened(write=not dry_run) as (engine, settings):
        gone = delete_due(engine, settings.privacy, time.time(), dry_run)
        if not dry_run and all(one.session_id is None for one in gone):
            compact(engine)  # where sessions went it is done; a deed that could not clear its bytes sends people here
    for what in in_words(gone):
        say(f"{'Would delete' if dry_run else 'Deleted'} {what}.")
    if not gone:
        say("Nothing is due to be deleted.")


def backup(file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file for the copy.")]) -> None:
    """Copy the whole record to a file, also while a class is being recorded."""
    from db.privacy.backup import backup as copy

    with opened(write=False) as (engine, _):
        copy(engine, file)
    say(f"Copied and checked: {file}. It holds names: keep it as safe as the record, and delete it when it is old.")


def restore(file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `backup` made.")]) -> None:
    """Put a backup in the place of the record; what was there before is kept beside it."""
    from db.privacy.backup import restore as put_back

    aside, erased = put_back(config.of_this_start().database.url, file)
    say(f"The record is that of {file} again." + (f" What was there before: {aside}." if aside else ""))
    if erased is None:
        say("It was damaged, so that it does not tell whom you have erased since: type those erasures again.")
    elif erased:
        say(f"{counted(erased, 'erasure')} came after this backup was made: type them again.")


@privacy.command()
def export(
    folder: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the files go.")],
    name: Name = None,
    roster_id: RosterId = None,
    namesakes: Namesakes = False,
) -> None:
    """Write everything about one student as JSON and CSV, without other students' names."""
    from db.privacy.export import export as write

    with opened(write=True) as (engine, _):
        paths = write(engine, _wanted(name, roster_id, namesakes), folder, time.time())
    say(f"{counted(len(paths), 'file')} in {folder}: {', '.join(path.name for path in paths)}.")


@privacy.command()
def erase(
    name: Name = None,
    roster_id: RosterId = None,
    namesakes: Namesakes = False,
    pseudonymise: Annotated[bool, typer.Option("--pseudonymise", help="Keep readings, under a drawn name.")] = False,
) -> None:
    """Take one student out of the record everywhere, sums, notes and log included, and their bytes off the disk."""
    from db.privacy.erase import erase as take_out
    from db.privacy.erase import left_to_do

    wanted = _wanted(name, roster_id, namesakes)
    with opened(write=True) as (engine, settings):
        done = take_out(engine, wanted, time.time(), keep_readings=pseudonymise)
        further = left_to_do(engine, settings, wanted, done)
    what = f"Renamed to {done.pseudonym}" if done.pseudonym else "Erased"
    say(f"{what}: {counted(done.rows, 'row')} in {counted(len(done.sessions), 'session')}, {done.texts} texts.")
    for sentence in further:
        say(sentence)


@privacy.command()
def report(
    folder: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the papers go.")],
) -> None:
    """Write a DPIA, a notice and a consent form, filled from the live configuration and the record."""
    from db.privacy.papers import write_papers
    from db.privacy.stats import stats as count

    now = time.time()
    with opened(write=False) as (engine, settings):
        paths = write_papers(folder, settings, count(engine, settings.privacy, now), now)
    say(f"{', '.join(path.name for path in paths)} in {folder}. What stands in brackets is yours to write.")


def _wanted(name: str | None, roster_id: str | None, namesakes: bool) -> Wanted:
    from db.privacy.people import Wanted

    try:
        return Wanted(name, roster_id, namesakes)
    except ValueError:
        raise ClassmoodError("expected a student's NAME or --roster-id NUMBER, found neither: give one") from None


def _day(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d")
