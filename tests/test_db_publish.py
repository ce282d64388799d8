"""What goes to a school's database, what never does, and that sending twice or half changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Text, make_url, select, update

from config import Settings
from db import queries, remarks
from db.commandline.sharing import consenting
from db.corrections import Correction, correct
from db.engine import open_store, reading, writing
from db.privacy.erase import erase
from db.privacy.people import Wanted
from db.publish import Sent, publish, sending
from db.tables import AuditEntry, Base, Course, Publication, Session
from db.writer import Writer
from domain import ConfigError, StoreError
from tests.test_db_writer import HAPPY, SAD, START_AT, moment, student

NOW = START_AT + 9000
NAMES = ["Ada", "Bo", "Cem", "Dee", "Eve", None]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A teacher's record: a class of six, a drawn one, one of four and one that runs."""
    engine = open_store(f"sqlite:///{tmp_path / 'class.sqlite'}", write=True)
    with Writer(engine, clock=lambda: NOW) as writer:
        for number, (simulated, size) in enumerate(((False, 6), (True, 6), (False, 4), (False, 6))):
            start = START_AT + number * 1000
            writer.start_session("screen", "Physics", simulated, start, {"inference": {"threads": 1}})
            for second in range(0, 180, 10):
                seen = size if second < 120 else 2
                people = [student(n + 1, NAMES[n], (HAPPY if n else SAD) if n < seen else None) for n in range(size)]
                writer.write(moment(start + second, *people, student(9, "Ms Lee", HAPPY, staff=True)))
            if number < 3:
                writer.end_session(start + 180, "stopped")
        writer.flush()
        remarks.mark(engine, 1, "note", "Ada asked", START_AT + 5, NOW)
        yield engine
    engine.dispose()


@pytest.fixture
def url(new_store: Callable[[], str]) -> str:
    return new_store()


@pytest.fixture
def school(url: str) -> Iterator[Engine]:
    engine = open_store(url, write=True)
    yield engine
    engine.dispose()


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with reading(engine) as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in Base.metadata.sorted_tables
            if table.name != "audit"
        }


def texts(engine: Engine) -> str:
    columns = [c for table in Base.metadata.sorted_tables for c in table.columns if isinstance(c.type, Text)]
    with reading(engine) as connection:
        return str([connection.scalars(select(column)).all() for column in columns])


def test_a_finished_class_arrives_with_its_sums_and_nothing_else(engine, url, school):
    assert publish(engine, url, [1], NOW, "mcurie") == Sent(sent=[1])
    (there,) = queries.sessions(school).to_dict("records")
    here = queries.sessions(engine).set_index("id").loc[1]
    for name in ("started_at", "ended_at", "title", "course", "source", "students"):
        assert there[name] == here[name]
    rows = everything(school)
    assert rows["sessions"][0]["owner"] == "mcurie"
    with reading(school) as connection:
        trail = connection.execute(select(AuditEntry.actor, AuditEntry.action, AuditEntry.detail)).all()
    assert [tuple(row) for row in trail] == [("mcurie", "publish", '{"sessions": 1}')]
    assert {name for name, found in rows.items() if found} == {
        *("courses", "sessions", "gaps", "class_minutes", "session_totals")
    } - ({"gaps"} if not rows["gaps"] else set())
    assert not any(name in texts(school) for name in ("Ada", "Bo", "Ms Lee"))
    assert list(queries.comparable_sessions(school)["id"]) == [there["id"]]


def test_minutes_in_which_a_few_were_seen_come_without_moods(engine, url, school):
    publish(engine, url, [1], NOW)
    here, there = queries.class_minutes(engine, [1]), queries.class_minutes(school, [1])
    assert list(there["present"]) == list(here["present"]) == [6, 6, 6]
    assert list(there["happy"].isna()) == [False, False, True]
    assert list(here["happy"].isna()) == [False, False, False]
    total = queries.sessions(school)["happy"].iloc[0]
    assert total == pytest.approx(there["happy"].iloc[:2].mean())


def test_minutes_of_a_few_present_do_not_travel(engine, url, school):
    with writing(engine) as connection:
        minutes = Base.metadata.tables["class_minutes"]
        first = select(minutes.c.minute).where(minutes.c.session_id == 1).limit(1).scalar_subquery()
        connection.execute(update(minutes).where(minutes.c.minute == first).values(present_max=4))
    publish(engine, url, [1], NOW)
    assert len(queries.class_minutes(school, [1])) == 2
    assert queries.sessions(school)["moments"].iloc[0] == 12


def test_drawn_small_running_and_unknown_classes_stay(engine, url, school):
    done = publish(engine, url, [2, 3, 4, 77], NOW)
    assert (done.sent, done.queued) == ([], [])
    assert [done.refused[n] for n in (2, 4, 77)] == [
        "it is a simulated class",
        "it is still running",
        "there is no such session",
    ]
    assert "fewer than 5 students" in done.refused[3]
    assert publish(engine, url, None, NOW) == Sent(sent=[1]), "--all speaks of those that may go"


def test_sending_twice_changes_nothing(engine, url, school):
    publish(engine, url, [1], NOW)
    before = everything(school)
    assert publish(engine, url, [1], NOW + 5) == Sent(unchanged=[1])
    with writing(engine) as connection:
        connection.execute(update(Publication).values(digest="forgotten"))
    assert publish(engine, url, [1], NOW + 9) == Sent(sent=[1])
    assert everything(school) == before


def test_what_has_changed_is_replaced_and_what_the_school_lost_is_sent_again(engine, url, school):
    publish(engine, url, [1], NOW)
    with writing(engine) as connection:
        connection.execute(update(Session).where(Session.id == 1).values(title="Chemistry"))
    assert publish(engine, url, [1], NOW).sent == [1]
    assert list(queries.sessions(school)["title"]) == ["Chemistry"]
    with writing(school) as connection:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in ("audit", "courses"):
                connection.execute(table.delete())
    assert publish(engine, url, [1], NOW).sent == [1]


def test_two_teachers_share_one_school(engine, url, school, tmp_path):
    other = open_store(f"sqlite:///{tmp_path / 'other.sqlite'}", write=True)
    with Writer(other, clock=lambda: NOW) as writer:
        writer.start_session("screen", "Physics", False, START_AT)
        for second in range(0, 60, 10):
            writer.write(moment(START_AT + second, *(student(n, mood=HAPPY) for n in range(1, 9))))
        writer.end_session(START_AT + 60, "stopped")
    publish(engine, url, [1], NOW, "ada")
    publish(other, url, [1], NOW, "bo")
    assert sorted(queries.sessions(school)["students"]) == [6, 8]
    assert [row["owner"] for row in everything(school)["sessions"]] == ["ada", "bo"]
    assert len(everything(school)["courses"]) == 1
    other.dispose()


def test_while_the_school_is_away_sessions_wait_and_go_with_the_next(engine, url, school, monkeypatch):
    opened = sending.open_store

    def away(*_: object, **__: object) -> Engine:
        raise StoreError("expected a Classmood database, but no server answers there")

    monkeypatch.setattr(sending, "open_store", away)
    done = publish(engine, url, [1], NOW)
    assert (done.sent, done.queued) == ([], [1])
    assert "no server answers" in (done.trouble or "")
    monkeypatch.setattr(sending, "open_store", opened)
    assert publish(engine, url, [], NOW + 60) == Sent(sent=[1])
    assert publish(engine, url, [], NOW + 60) == Sent()


def test_a_cut_connection_costs_a_batch_and_the_rest_goes_on_from_there(engine, url, school, monkeypatch):
    with writing(engine) as connection:
        columns = Session.__table__.c
        for number in (2, 3):
            connection.execute(update(Session).where(columns.id == number).values(simulated=False))
        connection.execute(update(Base.metadata.tables["session_totals"]).values(present_max=6))
        connection.execute(update(Base.metadata.tables["class_minutes"]).values(present_max=6))
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    deliver, calls = sending.deliver, []

    def failing(connection: Any, parcels: Any) -> None:
        deliver(connection, parcels)
        calls.append(parcels)
        if len(calls) == 2:
            raise StoreError("the connection was cut")

    monkeypatch.setattr(sending, "deliver", failing)
    done = publish(engine, url, [1, 2, 3], NOW)
    assert (done.sent, done.queued, done.trouble) == ([1], [2, 3], "the connection was cut")
    assert len(queries.sessions(school)) == 1, "half a batch is none"
    assert publish(engine, url, [], NOW).sent == [2, 3]
    assert sorted(queries.sessions(school)["students"]) == [6, 6, 6]


@pytest.mark.parametrize("new_store", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("words", "delivered", "arrived"),
    [("INSERT INTO session_totals", False, 1), ("COMMIT", False, 1), ("COMMIT", True, 2)],
)
def test_a_real_server_that_goes_away_in_the_middle_costs_nothing_but_time(
    engine, url, school, cable, new_store, monkeypatch, words, delivered, arrived
):
    """The connection is cut within a batch, before its end is heard, and after it is done but not yet answered."""
    with writing(engine) as connection:
        columns = Session.__table__.c
        connection.execute(update(Session).where(columns.id.in_((2, 3))).values(simulated=False))
        connection.execute(update(Base.metadata.tables["session_totals"]).values(present_max=6))
        connection.execute(update(Base.metadata.tables["class_minutes"]).values(present_max=6))
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    through = make_url(url).set(port=cable.port, password="s3cret").render_as_string(hide_password=False)
    cable.pull_at(words, after="INSERT INTO session_totals", nth=2, delivered=delivered)
    done = publish(engine, through, [1, 2, 3], NOW)
    assert (done.sent, done.queued) == ([1], [2, 3])
    assert "gone away" in (done.trouble or "")
    assert "\n" not in (done.trouble or "")
    assert "s3cret" not in (done.trouble or "")
    assert len(queries.sessions(school)) == arrived, "all of a class or nothing"
    assert publish(engine, through, [], NOW + 1).queued == [2, 3], "the server is still away"
    cable.plug_in()
    assert publish(engine, through, [], NOW + 2).sent == [2, 3]
    assert publish(engine, through, [1, 2, 3], NOW + 3) == Sent(unchanged=[1, 2, 3])
    publish(engine, other := new_store(), [1, 2, 3], NOW)
    straight = open_store(other, write=False)
    counts = [{table: len(rows) for table, rows in everything(one).items()} for one in (school, straight)]
    straight.dispose()
    assert counts[0] == counts[1]


def test_what_has_changed_here_goes_with_every_publish(engine, url, school):
    publish(engine, url, [1], NOW, consents=lambda name: name in ("Ada", "Bo"))
    assert publish(engine, url, [], NOW, consents=lambda name: name == "Bo").sent == [1], "Ada took her consent back"
    assert [one.name for one in queries.students(school, 1)] == ["Bo"]
    assert "Ada" not in texts(school)
    assert publish(engine, url, [], NOW, consents=lambda name: name == "Bo") == Sent()


def test_what_the_school_has_deleted_comes_back_only_where_it_is_asked_for(engine, url, school):
    publish(engine, url, [1], NOW)
    with writing(school) as connection:
        for table in ("gaps", "class_minutes", "session_totals", "sessions"):
            connection.execute(Base.metadata.tables[table].delete())
    with writing(engine) as connection:
        connection.execute(update(Session).where(Session.id == 1).values(title="Chemistry"))
        connection.execute(update(Publication).values(queued_at=NOW))
    assert publish(engine, url, [], NOW) == Sent(unchanged=[1])
    assert queries.sessions(school).empty
    assert publish(engine, url, [1], NOW).sent == [1]


def test_a_course_called_after_a_student_goes_from_the_school_too(engine, url, school):
    with writing(engine) as connection:
        connection.execute(update(Course).values(name="Tutoring Ada"))
    publish(engine, url, [1], NOW, consents=lambda name: name == "Ada")
    assert "Tutoring Ada" in texts(school)
    assert publish(engine, url, [], NOW).sent == [1], "Ada took her consent back"
    assert [row["name"] for row in everything(school)["courses"]] == ["Tutoring [student]"]


# --- names ----------------------------------------------------------------------------------------------------------


def test_names_go_only_of_those_who_consented_and_nothing_of_the_others(engine, url, school):
    correct(engine, 1, Correction("rename", 1, name="Ada King", roster_id="17"), NOW)
    publish(engine, url, [1], NOW, consents=lambda name: name in ("Ada King", "Ms Lee"))
    (there,) = queries.students(school, 1)
    assert (there.number, there.name, there.roster_id, there.aliases) == (1, "Ada King", "17", ())
    minutes = queries.student_minutes(school, 1)
    assert set(minutes["student"]) == {1}
    assert list(minutes["sad"]) == [0.6, 0.6, 0.6]
    assert not any(name in texts(school) for name in ("Bo", "Cem", "Ms Lee", "'Ada'"))
    assert publish(engine, url, [1], NOW).sent == [1], "the setting was taken back"
    assert queries.students(school, 1) == []
    assert "Ada King" not in texts(school)


def test_a_title_that_names_a_student_is_sent_without_the_name(engine, url, school):
    with writing(engine) as connection:
        connection.execute(
            update(Session).where(Session.id == 1).values(title="ada and Bo, Adams", settings='{"x": "Ada"}')
        )
        connection.execute(update(Course).values(name="Physics with Ada"))
    publish(engine, url, [1], NOW, consents=lambda name: name == "Bo")
    (there,) = everything(school)["sessions"]
    assert (there["title"], there["settings"]) == ("[student] and Bo, Adams", '{"x": "[student]"}')
    assert [row["name"] for row in everything(school)["courses"]] == ["Physics with [student]"]


def test_an_erased_student_goes_from_the_school_with_the_next_publish(tmp_path, url, school):
    engine = open_store(f"sqlite:///{tmp_path / 'mine.sqlite'}", write=True)
    with Writer(engine, clock=lambda: NOW) as writer:
        writer.start_session("screen", "Physics", False, START_AT)
        for second in range(0, 60, 10):
            writer.write(moment(START_AT + second, *(student(n, name) for n, name in enumerate(NAMES, 1))))
        writer.end_session(START_AT + 60, "stopped")
    publish(engine, url, [1], NOW, consents=lambda _: True)
    assert len(queries.students(school, 1)) == 5
    assert erase(engine, Wanted("Ada"), NOW).published == (1,)
    assert publish(engine, url, [], NOW, consents=lambda _: True).sent == [1]
    assert [one.name for one in queries.students(school, 1)] == ["Bo", "Cem", "Dee", "Eve"]
    assert "Ada" not in texts(school)
    engine.dispose()


def settings(roster: Path | None, names: bool = True) -> Settings:
    return Settings.model_validate({"publish": {"names": names}, "class": {"roster": roster and str(roster)}})


def test_who_consented_stands_on_the_class_list(tmp_path):
    path = tmp_path / "class.csv"
    path.write_text("Name;Consent\nAda King;2026-09-01\nBo;yes\nCem;no\nDee;\nEve;ja\nEve;nein\n", "utf-8")
    agreed = consenting(settings(path))
    assert agreed is not None
    assert [name for name in ("ada king", "Bo", "Cem", "Dee", "Eve", "Nobody") if agreed(name)] == ["ada king", "Bo"]
    assert consenting(settings(path, names=False)) is None
    with pytest.raises(ConfigError, match="class list that tells who consented"):
        consenting(settings(None))


def test_the_number_for_the_world_is_never_used_twice(engine):
    with reading(engine) as connection:
        uids = connection.scalars(select(Session.uid)).all()
    assert len(set(uids)) == len(uids) == 4
