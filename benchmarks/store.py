"""What the record costs: python -m benchmarks.store [--json] [--sessions N] [--seconds N].

Writes a class as fast as it goes and one in real time beside two dashboards, then asks what the pages ask of a class of
90 minutes with 49 students and of a school year. ``--json`` prints one object with the figures on the last line: times
are those of the processor, because the questions wait for nothing else and a shared machine would add its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, insert, select

from benchmarks.drawn.classes import DrawnClass
from config import Settings
from dashboard.live.chart import drawing
from dashboard.live.feed import whats_new
from dashboard.live.news import News
from dashboard.live.recent import Feed
from db import corrections, queries, remarks
from db.engine import open_store, reading, store_path, writing
from db.status import CaptureStatus
from db.tables import Alias, ClassMinute, Reading, Session, SessionTotal, Student, StudentMinute
from db.writer import Writer
from domain import Flag, StoreError

START_AT = 1_760_000_000.0
RATE_HZ = 5.0
STUDENTS = 49
FAST_MINUTES = 10
FLUSH_EVERY = 100
"""Moments that may wait for the disk when written as fast as it goes, as in a replay."""
LONG_MINUTES, LONG_STEP_S = 90, 5.0
"""The class of the report. Its rollups, which the report reads, are as large at any rate."""
YEAR_SESSIONS, YEAR_MINUTES, YEAR_STUDENTS, YEAR_RATE_HZ = 600, 60, 30, 2.0
KEPT_SHARE = 30 / 365
"""Readings are kept for thirty days of the year."""
DAY_S = 86_400
STALL_S = 0.1
PATIENCE_S = 120.0
REPEATS = 15
REFRESH_S = 0.5
BEFORE_TICKS_S = 600.0
"""How long the class has been running when its ticks are measured."""


class Spent:
    """Milliseconds of each round: those that passed, and those of the processor."""

    def __init__(self) -> None:
        self._wall: list[float] = []
        self._cpu: list[float] = []

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what is done inside as a round."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self._wall.append((time.perf_counter() - wall) * 1000)
        self._cpu.append((time.process_time() - cpu) * 1000)

    @property
    def cpu_ms(self) -> float:
        """What the processor was busy for, the median of all rounds."""
        return statistics.median(self._cpu)

    def __str__(self) -> str:
        return f"{self.cpu_ms:.1f} ms of the processor ({statistics.median(self._wall):.1f} ms passed)"


def write_class(writer: Writer, drawn: DrawnClass, start: float, seconds: float, step_s: float, title: str) -> int:
    """Write a whole class as fast as it goes; gives the session's number."""
    session = writer.start_session("benchmark", title, False, start)
    for number in range(int(seconds / step_s)):
        at = start + number * step_s
        minute = int(at - start) // 60
        flags = (
            (Flag(minute % STUDENTS + 1, "away", "Nobody in sight.", start + minute * 60),) if minute % 5 == 1 else ()
        )
        writer.write(drawn.moment(number, at, flags))
        if number % FLUSH_EVERY == 0:
            writer.flush()
    writer.end_session(start + seconds, "stopped")
    writer.flush()
    return session


def fast(folder: Path) -> tuple[Spent, int, float]:
    """As fast as it goes: what it takes, for how many rows, and bytes a reading takes with all that goes with it."""
    engine, drawn, spent = (
        open_store(f"sqlite:///{folder / 'fast.sqlite'}", write=True),
        DrawnClass(STUDENTS, 1),
        Spent(),
    )
    with Writer(engine) as writer, spent.counted():
        write_class(writer, drawn, START_AT, FAST_MINUTES * 60, 1 / RATE_HZ, "Fast")
    with reading(engine) as connection:
        readings = connection.scalar(select(func.count()).select_from(Reading)) or 0
    engine.dispose()
    return spent, readings + readings // STUDENTS, store_path(engine).stat().st_size / readings


@dataclass
class Steady:
    """What happened in real time: how long calls took, how late the machine woke a sleeper, errors, ticks."""

    waits_s: list[float] = field(default_factory=list)
    busy_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    errors: int = 0
    ticks: int = 0

    def __str__(self) -> str:
        stalls, late = (sum(one > STALL_S for one in many) for many in (self.waits_s, self.late_s))
        return (
            f"{self.errors} errors in {len(self.waits_s)} moments and {self.ticks} ticks, {stalls} stalls over 100 ms "
            f"(longest call {max(self.waits_s) * 1000:.1f} ms, of the processor {max(self.busy_s) * 1000:.1f} ms; "
            f"the machine woke a sleeper that late {late} times)"
        )


def steady(folder: Path, seconds: float) -> Steady:
    """Write in real time beside two dashboards."""
    url = f"sqlite:///{folder / 'steady.sqlite'}"
    engine, drawn, result = open_store(url, write=True), DrawnClass(STUDENTS, 2), Steady()
    context = multiprocessing.get_context("spawn")
    stop, answers = context.Event(), context.Queue()
    dashboards = [context.Process(target=look, args=(url, stop, answers)) for _ in range(2)]
    with Writer(engine) as writer:
        writer.start_session("benchmark", "Steady", False, time.time())
        for dashboard in dashboards:
            dashboard.start()
        for _ in dashboards:
            answers.get(timeout=PATIENCE_S)
        due = time.perf_counter()
        for number in range(round(seconds * RATE_HZ)):
            began, busy = time.perf_counter(), time.thread_time()
            writer.write(drawn.moment(number, time.time()))
            result.waits_s.append(time.perf_counter() - began)
            result.busy_s.append(time.thread_time() - busy)
            result.errors += writer.error is not None
            due = max(due + 1 / RATE_HZ, time.perf_counter())
            time.sleep(max(0.0, due - time.perf_counter()))
            result.late_s.append(time.perf_counter() - due)
        stop.set()
        for failed, ticks in (answers.get(timeout=PATIENCE_S) for _ in dashboards):
            result.errors, result.ticks = result.errors + failed, result.ticks + ticks
        for dashboard in dashboards:
            dashboard.join()
    engine.dispose()
    return result


def look(url: str, stop: Event, answers: Any) -> None:
    """A dashboard: says when it is there, asks twice a second until told to stop, and gives its failures and ticks."""
    feed, news, failed, ticks, cursor = Feed(open_store(url, write=False), Settings(), time.time), News(), 0, 0, None
    answers.put("ready")
    while not stop.is_set():
        told = whats_new(feed, news, cursor, None)
        cursor, ticks = told["key"], ticks + 1
        failed += told.get("set", {}).get("situation", {}).get("kind") == "store"
        try:
            queries.class_minutes(feed.engine, [1])
            queries.student_minutes(feed.engine, 1)
        except StoreError:
            failed += 1
        stop.wait(REFRESH_S)
    answers.put((failed, ticks))


def live_tick(folder: Path) -> Spent:
    """The server's part of a tick, with a new moment for each and the chart of 15 minutes drawn."""
    engine = open_store(f"sqlite:///{folder / 'live.sqlite'}", write=True)
    drawn, now, news = DrawnClass(STUDENTS, 3), [START_AT], News()
    feed, spent = Feed(engine, Settings(), lambda: now[0]), Spent()
    with Writer(engine, clock=lambda: now[0]) as writer:
        writer.start_session("benchmark", "Live", False, START_AT)
        for number in range(round(BEFORE_TICKS_S / REFRESH_S)):
            writer.write(drawn.moment(number, START_AT + number * REFRESH_S))
        writer.flush()
        now[0] += BEFORE_TICKS_S
        cursor, shown = None, drawing(feed, "15", "light")[1]
        for number in range(10 * REPEATS):
            now[0] += REFRESH_S
            writer.write(drawn.moment(number, now[0]))
            writer.status(CaptureStatus("watching", fps=1 / REFRESH_S))
            writer.flush()
            with spent.counted():
                told = whats_new(feed, news, cursor, shown)
            cursor, shown = told["key"], told.get("points", {}).get("drawn", shown)
    engine.dispose()
    return spent


def multiply(engine: Engine, session_id: int, times: int) -> None:
    """Repeat a session's rollups and students, a day later each time, until there are so many sessions of it."""
    with writing(engine) as connection:
        for number in range(1, times):
            later: dict[str, float] = dict.fromkeys(("id", "session_id"), number)
            later |= dict.fromkeys(("started_at", "ended_at", "first_seen_at", "last_seen_at"), number * DAY_S)
            later["minute"] = number * DAY_S // 60
            for model in (Session, Student, Alias, StudentMinute, ClassMinute, SessionTotal):
                columns = [column for column in model.__table__.c if column.name != "uid"]  # no two may share it
                key = model.__table__.c.id if model is Session else model.__table__.c.session_id
                values = [column + later[column.name] if column.name in later else column for column in columns]
                copied = select(*values).where(key == session_id)
                names = [column.name for column in columns]
                connection.execute(insert(model).from_select(names, copied, include_defaults=False))


@contextmanager
def school_year(folder: Path, sessions: int) -> Iterator[tuple[Engine, int, float]]:
    """A store with a long class and so many sessions of an hour; gives the long class's number and bytes a session."""
    engine = open_store(f"sqlite:///{folder / 'year.sqlite'}", write=True)
    with Writer(engine) as writer:
        long = write_class(writer, DrawnClass(STUDENTS, 4), START_AT - 1e6, LONG_MINUTES * 60, LONG_STEP_S, "Biology")
        hour = write_class(writer, DrawnClass(YEAR_STUDENTS, 5), START_AT, YEAR_MINUTES * 60, LONG_STEP_S, "Maths")
    before = store_path(engine).stat().st_size
    multiply(engine, hour, sessions)
    engine.dispose()  # the last connection folds the write-ahead log into the file
    per_session = (store_path(engine).stat().st_size - before) / (sessions - 1)
    yield engine, long, per_session
    engine.dispose()


def report_page(engine: Engine, session: int) -> None:
    """All that the report of a session asks."""
    queries.session(engine, session)
    queries.students(engine, session)
    queries.class_minutes(engine, [session])
    queries.student_minutes(engine, session)
    queries.flags(engine, session)
    queries.markers(engine, session)
    queries.gaps(engine, session)
    corrections.history(engine, session)
    queries.comparable_sessions(engine, course="Biology")


def compare_page(engine: Engine, session: int) -> None:
    """All that the comparison asks: every session, one course, six side by side, how flags fared."""
    queries.comparable_sessions(engine)
    queries.comparable_sessions(engine, course="Maths")
    queries.class_minutes(engine, list(range(session + 1, session + 7)))
    remarks.flag_rates(engine)


def asked(page: Callable[[Engine, int], None], engine: Engine, session: int) -> Spent:
    """What a page's questions take, over some rounds."""
    spent = Spent()
    for _ in range(REPEATS):
        with spent.counted():
            page(engine, session)
    return spent


def year_mb(per_session: float, bytes_per_reading: float) -> tuple[float, float]:
    """Megabytes of a teacher's year: what stays of all sessions, and the readings of the last thirty days."""
    readings = YEAR_SESSIONS * KEPT_SHARE * YEAR_STUDENTS * YEAR_MINUTES * 60 * YEAR_RATE_HZ
    return YEAR_SESSIONS * per_session / 1e6, readings * bytes_per_reading / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object with all figures on the last line")
    parser.add_argument("--sessions", type=int, default=1000, help="sessions to compare (1000)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to write in real time (20)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written, rows, bytes_per_reading = fast(folder)
        beside = steady(folder, options.seconds)
        tick = live_tick(folder)
        with school_year(folder, options.sessions) as (engine, long, per_session):
            report, compare = asked(report_page, engine, long), asked(compare_page, engine, long)
    kept_mb, recent_mb = year_mb(per_session, bytes_per_reading)
    print(f"{rows} rows as fast as it goes: {written}; {bytes_per_reading:.1f} bytes a reading")
    print(f"{STUDENTS} students at {RATE_HZ:g} Hz beside two dashboards: {beside}")
    print(f"live tick: {tick}")
    print(f"report of {LONG_MINUTES} minutes with {STUDENTS} students: {report}")
    print(f"comparison over {options.sessions} sessions: {compare}")
    print(f"a year of {YEAR_SESSIONS} hours with {YEAR_STUDENTS} students: {kept_mb:.0f} MB that stay,")
    print(f"and {recent_mb:.0f} MB of single readings of the last 30 days at {YEAR_RATE_HZ:g} Hz")
    if options.json:
        figures = {
            "report_queries_ms": report.cpu_ms,
            "compare_queries_ms": compare.cpu_ms,
            "live_tick_ms": tick.cpu_ms,
            "bytes_per_reading": bytes_per_reading,
            "rows_per_s": rows / written.cpu_ms * 1000,
        }
        print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
