"""What sending to a school's database takes: python -m benchmarks.publish [--sessions N] [--url URL] [--json].

Writes a class of an hour, makes so many sessions of it, and sends them all to a new database: an SQLite file, or the
empty PostgreSQL database that ``--url`` names. Then it sends them once more, which must change nothing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from sqlalchemy import Engine, select, update

from benchmarks.drawn.classes import DrawnClass
from benchmarks.store import START_AT, YEAR_STUDENTS, multiply, write_class
from db.engine import open_store, reading, writing
from db.publish import Sent, publish
from db.tables import Session, new_uid
from db.writer import Writer

MINUTES, STEP_S = 60, 5.0


def a_teachers_record(path: Path, sessions: int) -> Engine:
    """A record with so many finished sessions of an hour."""
    engine = open_store(f"sqlite:///{path}", write=True)
    with Writer(engine) as writer:
        session = write_class(writer, DrawnClass(YEAR_STUDENTS, 7), START_AT, MINUTES * 60, STEP_S, "Maths")
    multiply(engine, session, sessions)
    with writing(engine) as connection:
        for number in connection.scalars(select(Session.id).where(Session.uid.is_(None))).all():
            connection.execute(update(Session).where(Session.id == number).values(uid=new_uid()))
    return engine


def timed(engine: Engine, url: str) -> tuple[Sent, float, float]:
    """Send everything; gives what became of it, seconds that passed, and seconds of this process's processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    done = publish(engine, url, None, time.time(), "benchmark")
    return done, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000, help="sessions to send (1000)")
    parser.add_argument("--url", help="an empty PostgreSQL database; without it an SQLite file")
    parser.add_argument("--json", action="store_true", help="print one object with all figures on the last line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = a_teachers_record(folder / "teacher.sqlite", options.sessions)
        url = options.url or f"sqlite:///{folder / 'school.sqlite'}"
        first, first_s, first_cpu_s = timed(engine, url)
        again, again_s, _ = timed(engine, url)
        engine.dispose()
        school = open_store(url, write=False)
        with reading(school) as connection:
            there = len(connection.scalars(select(Session.id)).all())
        school.dispose()
    print(f"{len(first.sent)} sessions of {MINUTES} minutes sent in {first_s:.1f} s ({first_cpu_s:.1f} s of processor)")
    print(f"once more: {len(again.sent)} sent, {len(again.unchanged)} unchanged, in {again_s:.1f} s; {there} there")
    if options.json:
        figures = {"publish_s": first_s, "publish_cpu_s": first_cpu_s, "again_s": again_s, "sessions": there}
        print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
