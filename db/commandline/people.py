"""Commands for those who log in: `accounts`."""

from __future__ import annotations

import getpass
import sys
import time
from typing import Annotated

import typer

from db.commandline.opened import opened, say
from domain import ClassmoodError

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="The name to log in with.")]

people = typer.Typer(help="Say who may log in where the pages are served beyond this machine.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to those of the program."""
    app.add_typer(people, name="accounts")


@people.command()
def add(
    login: Login,
    admin: Annotated[bool, typer.Option("--admin", help="Sees the sums of all classes of five and more.")] = False,
    sees_students: Annotated[
        bool, typer.Option("--sees-students", help="An admin who may also see every class and student.")
    ] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="Sessions that have no owner become this teacher's.")] = False,
) -> None:
    """Make an account; the password is asked for, or read from standard input."""
    from db import accounts

    if sees_students and not admin:
        raise ClassmoodError("expected --sees-students for an admin, found a teacher: teachers see their own anyway")
    with opened(write=True) as (engine, _):
        role = "admin" if admin else "teacher"
        accounts.add(engine, login, _password(), role, time.time(), sees_students, adopt)
    say(f"{login} may log in as {role}.")


@people.command()
def reset(login: Login) -> None:
    """Give an account another password; it is logged out everywhere, and opened where it was locked."""
    from db import accounts

    with opened(write=True) as (engine, _):
        accounts.reset(engine, login, _password(), time.time())
    say(f"{login} has another password.")


@people.command("list")
def show() -> None:
    """List who may log in, and as what."""
    from db import accounts

    with opened(write=False) as (engine, _):
        found = accounts.accounts(engine)
    for one in found:
        locked = " (locked, but for browsers that know it)" if (one.locked_until or 0) > time.time() else ""
        say(f"{one.login}  {one.role}{' who sees students' if one.sees_students else ''}{locked}")
    if not found:
        say("There are no accounts.")


@people.command()
def remove(login: Login) -> None:
    """Take an account away; its classes stay in the record."""
    from db import accounts

    with opened(write=True) as (engine, _):
        accounts.remove(engine, login, time.time())
    say(f"{login} may not log in any more.")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first, second = getpass.getpass("Password: "), getpass.getpass("Once more: ")
    if first != second:
        raise ClassmoodError("expected the same password twice, found two: try again")
    return first
