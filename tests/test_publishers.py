"""What a teacher's own role at the school's PostgreSQL may do (deploy/publishers.sql): publish, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text, update
from sqlalchemy.exc import ProgrammingError

from db import accounts, queries
from db.engine import open_store, writing
from db.publish import Sent, publish
from db.tables import Course, Session
from db.writer import Writer
from tests.conftest import ROOT
from tests.school_server import SchoolServer
from tests.test_db_writer import HAPPY, START_AT, moment, student

NOW = START_AT + 9000
TEACHERS = ("ada", "bo.b")


@pytest.fixture(scope="module")
def school(school_server: SchoolServer) -> Iterator[Engine]:
    """A school's database with an account, as its owner sees it, and a role for each of two teachers."""
    engine = open_store(school_server.new_database(), write=True)
    accounts.add(engine, "head", "four words of mine", "admin", NOW)
    with engine.begin() as connection:
        connection.exec_driver_sql((ROOT / "deploy" / "publishers.sql").read_text("utf-8"))
        for teacher in TEACHERS:
            connection.exec_driver_sql(f"CREATE ROLE \"{teacher}\" LOGIN PASSWORD 'x' IN ROLE publishers")
    yield engine
    with engine.begin() as connection:  # roles are the server's, not the database's
        connection.exec_driver_sql("DROP OWNED BY publishers")
        for role in (*TEACHERS, "publishers"):
            connection.exec_driver_sql(f'DROP ROLE "{role}"')
    engine.dispose()


@pytest.fixture(scope="module")
def url_of(school: Engine) -> Callable[[str], str]:
    """The address of the school's database for a teacher."""
    return lambda teacher: school.url.set(username=teacher).render_as_string(hide_password=False)


def record_of(folder: Path, teacher: str) -> Engine:
    engine = open_store(f"sqlite:///{folder / teacher}.sqlite", write=True)
    with Writer(engine, clock=lambda: NOW) as writer:
        writer.start_session("screen", "Physics", False, START_AT, owner=teacher)
        for second in range(0, 60, 10):
            writer.write(moment(START_AT + second, *(student(n, f"{teacher} {n}", HAPPY) for n in range(1, 7))))
        writer.end_session(START_AT + 60, "stopped")
    return engine


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory, school: Engine, url_of: Callable) -> Iterator[dict[str, Engine]]:
    """Both teachers' records, each with one class that was published with names by the teacher's own role."""
    records = {teacher: record_of(tmp_path_factory.mktemp("records"), teacher) for teacher in TEACHERS}
    for teacher, record in records.items():
        assert publish(record, url_of(teacher), [1], NOW, teacher, lambda _: True) == Sent(sent=[1])
    yield records
    for record in records.values():
        record.dispose()


def test_everybody_publishes_and_replaces_their_own(school, url_of, records):
    assert sorted(queries.sessions(school)["title"]) == ["Physics", "Physics"]
    assert publish(records["ada"], url_of("ada"), [1], NOW, "ada", lambda _: True) == Sent(unchanged=[1])
    with writing(records["ada"]) as connection:
        connection.execute(update(Session).values(title="Chemistry"))
        connection.execute(update(Course).values(name="Chemistry"))
    assert publish(records["ada"], url_of("ada"), [], NOW, "ada", lambda _: True) == Sent(sent=[1])
    assert sorted(queries.sessions(school)["title"]) == ["Chemistry", "Physics"]
    assert sorted(queries.sessions(school)["course"]) == ["Chemistry", "Physics"], "Bo's course is still his"


def test_a_class_is_not_published_as_somebody_elses(url_of, records):
    with writing(records["ada"]) as connection:
        connection.execute(update(Session).values(owner="bo.b", title="Forged"))
    done = publish(records["ada"], url_of("ada"), [1], NOW, "ada")
    assert (done.sent, done.queued) == ([], [1])
    assert "may not do that" in (done.trouble or "")


@pytest.mark.parametrize(
    "table", ["sessions", "gaps", "students", "student_minutes", "class_minutes", "session_totals"]
)
def test_a_teacher_finds_nothing_of_others(url_of, records, table):
    engine = create_engine(url_of("ada"))
    owner = "owner" if table == "sessions" else "(SELECT owner FROM sessions WHERE id = session_id)"
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT DISTINCT {owner} FROM {table}")).scalars().all()
    engine.dispose()
    assert found == ["ada"]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM accounts",
        "SELECT * FROM logins",
        "SELECT * FROM audit",
        "SELECT * FROM readings",
        "SELECT * FROM flags",
        "DELETE FROM audit",
        "DELETE FROM sessions",
        "UPDATE courses SET name = 'mine'",
        "INSERT INTO audit (at, actor, action, detail) VALUES (1, 'bo.b', 'publish', '{}')",
        "INSERT INTO audit (at, actor, action, detail) VALUES (1, 'ada', 'purge_audit', '{}')",
        "INSERT INTO accounts (login, role, password_hash) VALUES ('ada', 'admin', 'x')",
        "DROP TABLE gaps",
        "ALTER TABLE sessions DISABLE ROW LEVEL SECURITY",
        "UPDATE alembic_version SET version_num = '9999'",
    ],
)
def test_and_nothing_else_is_allowed(url_of, records, statement):
    engine = create_engine(url_of("ada"))
    with (
        engine.connect() as connection,
        pytest.raises(ProgrammingError, match="denied|must be owner|row-level security"),
    ):
        connection.execute(text(statement))
    engine.dispose()
