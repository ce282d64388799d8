"""A school's PostgreSQL: the same tables and rules, and every trouble in one line without the password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, delete, insert, inspect, select, text, update

import cli
from db.engine import is_held, open_store, reading, schema, store_name, store_path, why_unwritable, writing
from db.tables import AuditEntry, Base, Session
from db.writer import Writer
from domain import StoreError
from tests.school_server import SchoolServer
from tests.test_db_writer import START_AT, moment, student

A_SESSION = {"id": 1, "started_at": 0.0, "source": "simulator", "title": "", "simulated": True}


@contextmanager
def opened(url: str, *, write: bool) -> Iterator[Engine]:
    engine = open_store(url, write=write, patience_s=0.05)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture
def url(school_server: SchoolServer) -> str:
    return school_server.new_database()


def test_it_has_exactly_the_tables_of_the_program_and_can_go_back(url):
    with opened(url, write=True) as engine, engine.begin() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        assert [one for one in found if not is_about_comments(one)] == []
        settings = schema.settings()
        settings.attributes["connection"] = connection
        command.downgrade(settings, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]


def is_about_comments(difference: Any) -> bool:
    """The program keeps what a column means in docs/data-model.md, not on the server."""
    return isinstance(difference, list) and all(change[0] == "modify_comment" for change in difference)


def test_a_reader_finds_an_empty_store_and_can_only_read(url):
    with opened(url, write=False) as engine:
        with reading(engine) as connection:
            assert connection.scalars(select(Session.id)).all() == []
        with pytest.raises(StoreError, match="read-only"), writing(engine) as connection:
            connection.execute(insert(Session).values(A_SESSION))


def test_a_reader_sees_one_state_from_its_first_question_to_its_last(url):
    with opened(url, write=False) as reader, opened(url, write=True) as writer, reading(reader) as asking:
        assert asking.scalars(select(Session.id)).all() == []
        with writing(writer) as connection:
            connection.execute(insert(Session).values(A_SESSION))
        assert asking.scalars(select(Session.id)).all() == []


def test_a_second_writer_is_refused_and_a_third_comes_when_the_first_has_gone(url):
    with opened(url, write=True) as engine, opened(url, write=True) as other:
        with Writer(engine, clock=lambda: START_AT) as writer:
            writer.start_session("screen", "Maths", False, START_AT)
            writer.write(moment(START_AT + 1, student(1, "Ada")))
            writer.flush()
            assert is_held(other)
            with pytest.raises(StoreError, match=r"only one that writes.*session 1"):
                Writer(other)
        assert not is_held(other)
        Writer(other).close()


def test_another_programs_database_and_a_newer_one_are_left_alone(school_server, url):
    school_server.run("SELECT 1")
    with opened(url, write=True) as engine, writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer Classmood"):
        open_store(url, write=True)
    foreign = school_server.new_database()
    engine = create_engine(foreign)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE songs (title TEXT)"))
    with pytest.raises(StoreError, match="another program's"):
        open_store(foreign, write=True)
    assert inspect(engine).get_table_names() == ["songs"]
    engine.dispose()


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (lambda server: server.url("nowhere", password="s3cret"), "no database of this name"),
        (lambda server: server.url("postgres", "stranger", "s3cret"), "correct"),
        (lambda server: "postgresql+psycopg://school:s3cret@127.0.0.1:1/x", "no server answers there"),
        (lambda server: "postgresql+psycopg://school:s3cret@nowhere.invalid/x", "no such host|does not answer"),
    ],
)
def test_trouble_is_one_line_without_the_password(school_server, address, found):
    with pytest.raises(StoreError, match=found) as refusal:
        open_store(address(school_server), write=False)
    assert "\n" not in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


def test_a_cable_that_is_pulled_out_is_noticed_within_half_a_minute(url):
    with opened(url, write=True) as engine, engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        chosen = raw.info.get_parameters()
    longest_s = int(chosen["keepalives_idle"]) + int(chosen["keepalives_interval"]) * int(chosen["keepalives_count"])
    assert longest_s <= 30
    assert int(chosen["tcp_user_timeout"]) <= 30_000
    assert int(chosen["connect_timeout"]) <= 10


def test_a_server_that_goes_away_is_one_line(school_server, url):
    with opened(url, write=True) as engine:
        assert why_unwritable(engine) is None
        assert "s3cret" not in store_name(engine)
        with pytest.raises(StoreError, match="expected a file"):
            store_path(engine)
        school_server.run(f"DROP DATABASE {engine.url.database} WITH (FORCE)")
        with pytest.raises(StoreError, match="no database of this name"), reading(engine) as connection:
            connection.execute(select(Session.id))
        assert "no database of this name" in (why_unwritable(engine) or "")


def test_the_audit_trail_only_grows(new_store: Callable[[], str]):
    entry = {"at": 1.0, "actor": "ada", "action": "view", "session_id": None, "detail": '{"name": "Bo"}'}
    with opened(new_store(), write=True) as engine:
        with writing(engine) as connection:
            connection.execute(insert(AuditEntry).values(entry))
        forging = [
            delete(AuditEntry),
            update(AuditEntry).values(actor="bo"),
            update(AuditEntry).values(action="nothing", redacted_at=2.0),
            update(AuditEntry).values(at=0.0, redacted_at=2.0),
            update(AuditEntry).values(session_id=7, redacted_at=2.0),
            update(AuditEntry).values(detail="{}"),
        ]
        for statement in forging:
            with pytest.raises(StoreError, match="append-only"), writing(engine) as connection:
                connection.execute(statement)
        with writing(engine) as connection:
            connection.execute(update(AuditEntry).values(detail="{}", redacted_at=2.0))
        with pytest.raises(StoreError, match="append-only"), writing(engine) as connection:
            connection.execute(update(AuditEntry).values(detail="{}", redacted_at=None))


@pytest.mark.parametrize(
    ("configured", "demo"),
    [
        ("sqlite:///data/classmood.sqlite", "sqlite:///data/demo.sqlite"),
        ("sqlite:////srv/class.sqlite", "sqlite:////srv/demo.sqlite"),
        ("postgresql+psycopg://school@db.example/classes", "sqlite:///data/demo.sqlite"),
    ],
)
def test_a_demonstration_is_never_kept_with_a_school(configured, demo):
    assert cli.demo_database(configured) == demo
