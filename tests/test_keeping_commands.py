"""The commands for keeping and forgetting as a person types them."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
import config
from db import accounts
from db.engine import open_store
from db.privacy.retention import DAY_S
from db.writer import Writer
from domain import ClassmoodError
from tests.test_db_privacy import MARIE, write_class


class Typed:
    """What a command said, and the error that it ended with, if any."""

    def __init__(self, *words: str | Path) -> None:
        result = CliRunner().invoke(cli.app, [str(word) for word in words])
        self.said, self.error = result.output, result.exception
        if self.error is not None and not isinstance(self.error, ClassmoodError):
            raise self.error


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a record with a class of 200 days ago, which the settings name."""
    url = f"sqlite:///{(tmp_path / 'class.sqlite').as_posix()}"
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"database:\n  url: {url}\n", "utf-8")
    monkeypatch.setenv(config.CONFIG_VARIABLE, str(settings))
    engine = open_store(url, write=True)
    with Writer(engine) as writer:
        write_class(writer, time.time() - 200 * DAY_S, [MARIE, "Bo", "Cem", "Dee", "Eve"])
    engine.dispose()
    return url


def test_purge_clears_the_bytes_that_an_earlier_deed_could_not_also_when_the_trail_alone_is_due(record):
    Typed("db", "purge")
    path = record.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE deleted AS SELECT randomblob(100000)")
        connection.execute("DROP TABLE deleted")
        connection.execute("INSERT INTO audit (at, actor, action, detail) VALUES (0, 'person', 'view', '{}')")
        connection.commit()
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 0
    assert Typed("db", "purge").said == "Deleted 1 entry of the audit trail.\n"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0


def test_stats_and_purge(record):
    said = Typed("db", "stats").said
    assert "1  sessions\n" in said
    assert "Due to be deleted: names of 1 session (5 rows), readings of 1 session (60 rows)." in said
    assert Typed("db", "purge", "--dry-run").said.startswith("Would delete names of 1 session (5 rows).")
    assert "Deleted readings of 1 session (60 rows)." in Typed("db", "purge").said
    assert Typed("db", "purge").said == "Nothing is due to be deleted.\n"


def test_backup_and_restore(record, tmp_path):
    assert "Copied and checked" in Typed("backup", tmp_path / "copy").said
    Typed("privacy", "erase", "Bo")
    said = Typed("restore", tmp_path / "copy").said
    assert "before-restore-1" in said
    assert "1 erasure came after this backup" in said
    said = Typed("privacy", "erase", "Cem").said
    assert "before-restore-1.sqlite holds what was there before a restore, the student too: delete it." in said
    assert "expected a new file" in str(Typed("backup", tmp_path / "copy").error)


def test_export_and_erase(record, tmp_path):
    assert "student.json" in Typed("privacy", "export", MARIE, "--to", tmp_path / "out").said
    assert json.loads((tmp_path / "out" / "student.json").read_text("utf-8"))["students"]
    assert "in 1 session" in Typed("privacy", "erase", MARIE).said
    settings = Path(os.environ[config.CONFIG_VARIABLE])
    settings.write_text(settings.read_text("utf-8") + "session:\n  course: Tutoring Cem\n", "utf-8")
    assert "the next class would bring it back" in Typed("privacy", "erase", "cem").said
    assert "bring it back" not in Typed("privacy", "erase", "Dee").said
    assert Typed("privacy", "erase", "Bo", "--pseudonymise").said.startswith("Renamed to Student ")
    assert "expected something of" in str(Typed("privacy", "erase", MARIE).error)
    assert "found neither" in str(Typed("privacy", "erase").error)


def test_publish_says_what_became_of_it_and_waits_while_the_school_is_away(record, tmp_path, monkeypatch):
    assert "publish.url: expected the address" in str(Typed("publish", "1").error)
    settings = Path(os.environ[config.CONFIG_VARIABLE])
    alone = settings.read_text("utf-8")
    away = "postgresql://classmood:s3cret@127.0.0.1:1/school"
    settings.write_text(f"{alone}publish:\n  url: {away}\n  teacher: ada\n", "utf-8")
    error = str(Typed("publish", "1").error)
    assert "no server answers there" in error
    assert "1 session will be sent by the next publish" in error
    assert "s3cret" not in error
    school = f"sqlite:///{(tmp_path / 'school.sqlite').as_posix()}"
    settings.write_text(f"{alone}publish:\n  url: {school}\n  teacher: ada\n", "utf-8")
    assert Typed("publish", "1").said == "Sent: 1 session. There already: 0.\n"
    assert Typed("publish", "--all").said == "Sent: 0 sessions. There already: 1.\n"
    said = Typed("privacy", "erase", MARIE).said
    assert "The school's database has 1 session of these: type publish." in said
    assert "session 7 stays here: there is no such session" in str(Typed("publish", "7").error)


def test_accounts_are_made_listed_reset_and_removed(record):
    def typed(*words: str, password: str = "") -> str:
        return CliRunner().invoke(cli.app, ["accounts", *words], input=password).output

    assert typed("list") == "There are no accounts.\n"
    assert typed("add", "head", "--admin", password="four words of mine\n") == "head may log in as admin.\n"
    assert typed("add", "ada", "--adopt", password="four words of hers\n") == "ada may log in as teacher.\n"
    engine = open_store(record, write=True)
    for _ in range(5):
        accounts.log_in(engine, "ada", "wrong", time.time())
    assert typed("list") == "ada  teacher (locked, but for browsers that know it)\nhead  admin\n"
    assert "another password" in typed("reset", "ada", password="four other words\n")
    assert accounts.log_in(engine, "ada", "four other words", time.time()) is not None
    engine.dispose()
    assert typed("remove", "ada") == "ada may not log in any more.\n"
    assert typed("list") == "head  admin\n"


def test_a_class_begins_without_what_is_due(record, capsys):
    settings = config.of_this_start()
    with cli.open_writer(record, settings):
        pass
    assert (
        "Deleted as the settings ask: names of 1 session (5 rows), readings of 1 session (60 rows)."
        in capsys.readouterr().out
    )
    assert "Due to be deleted: nothing." in Typed("db", "stats").said
