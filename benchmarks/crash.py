"""What a kill costs: python -m benchmarks.crash [--json] [--kills N].

A process writes a class in real time, and is killed (SIGKILL) at a random moment: while it opens or makes the database,
between commits or within one. Then the next one opens it. ``--json`` prints one object with all figures on the last
line.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import statistics
import tempfile
import threading
import time
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from sqlalchemy import Connection, func, select

from benchmarks.drawn.classes import DrawnClass
from db import rollups
from db.engine import open_store, writing
from db.tables import THOUSAND, ClassMoment, Reading, Session, StudentMinute
from db.writer import Writer
from domain import ClassmoodError

STUDENTS = 30
RATES_HZ = (1.0, 2.0, 5.0, 10.0)
PATIENCE_S = 60.0
"""A process has written its first moment by then, on however busy a machine."""
LIFE_S = 2.5
"""A process is killed within this time, several times as long as anything waits to be written."""
FRESH_EVERY = 10
"""Every so many kills the database is a new one, and the kill may come while it is made."""


def write_until_killed(url: str, rate_hz: float, accepted: Pipe) -> None:
    """Write in real time and tell the time of each moment that the writer has accepted; runs in its own process."""
    writer, drawn, pause = Writer(open_store(url, write=True)), DrawnClass(STUDENTS, seed=1), threading.Event()
    writer.start_session("benchmark", "", False, time.time())
    number = 0
    while True:
        at = time.time()
        writer.write(drawn.moment(number, at))
        accepted.send(at)
        number += 1
        pause.wait(1 / rate_hz)


def killed(url: str, rate_hz: float, after_s: float, at_work: bool) -> list[float]:
    """Let a process write and kill it; the times of all moments that its writer had accepted.

    The time is counted from the first moment, or from the start of the process where it need not be ``at_work``.
    """
    # A copy of this process writes at once; where there are no copies it starts first, and some kills come before.
    context = multiprocessing.get_context("fork") if hasattr(os, "fork") else multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=write_until_killed, args=(url, rate_hz, sender))
    process.start()
    sender.close()
    if at_work:
        receiver.poll(PATIENCE_S)
    process.join(after_s)
    process.kill()
    process.join()
    accepted = []
    try:
        while True:
            accepted.append(receiver.recv())
    except (EOFError, OSError):
        return accepted


def seconds_lost(accepted: list[float], written_at: float, rate_hz: float) -> float:
    """Seconds of the class that were accepted and are not in the database, whose newest moment is given."""
    lost = [at for at in accepted if round(at * THOUSAND) > round(written_at * THOUSAND)]
    return lost[-1] - lost[0] + 1 / rate_hz if lost else 0.0


def newest_at(url: str) -> float | None:
    """Let the next writer open the database; the time of its newest moment (0 without one), None if it is damaged.

    Damage is anything wrong with the file, its references, its rollups, a moment in parts or a session left open.
    """
    try:
        with Writer(open_store(url, write=True)) as writer, writing(writer.engine) as connection:
            whole = connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            open_sessions = connection.scalar(select(func.count()).where(Session.ended_at.is_(None)))
            moments = connection.scalar(select(func.count()).select_from(ClassMoment)) or 0
            readings = connection.scalar(select(func.count()).select_from(Reading))
            newest_ms = connection.scalar(select(func.max(ClassMoment.at_ms))) or 0
            sound = whole and not dangling and not open_sessions and readings == moments * STUDENTS
            return newest_ms / THOUSAND if sound and _rollups_hold(connection) else None
    except ClassmoodError:
        return None


def _rollups_hold(connection: Connection) -> bool:
    """Whether the rollups of the last session are what its readings add up to."""
    session_id = connection.scalar(select(func.max(Session.id)))
    if session_id is None:
        return True
    minutes = StudentMinute.__table__
    kept = select(minutes).where(minutes.c.session_id == session_id).order_by(*minutes.primary_key)
    before = connection.execute(kept).all()
    rollups.recount_students(connection, session_id, range(1, STUDENTS + 1))
    return before == connection.execute(kept).all()


def main() -> None:
    """Kill, look and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object with all figures on the last line")
    parser.add_argument("--kills", type=int, default=100, help="how many processes to kill (100)")
    parser.add_argument("--seed", type=int, default=1, help="which moments are chosen (1)")
    options = parser.parse_args()
    chance, damaged, at_work, lost_s = random.Random(options.seed), 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.kills):
            url = f"sqlite:///{Path(folder) / f'{number // FRESH_EVERY}.sqlite'}"
            rate_hz, fresh = chance.choice(RATES_HZ), number % FRESH_EVERY == 0
            accepted = killed(url, rate_hz, chance.uniform(0.0, LIFE_S), at_work=not fresh)
            written_at = newest_at(url)
            damaged += written_at is None
            at_work += bool(accepted)
            lost_s.append(seconds_lost(accepted, written_at or 0.0, rate_hz))
    print(f"{options.kills} kills, {at_work} of them after the first moment: {damaged} damaged databases")
    print(f"seconds lost: median {statistics.median(lost_s):.2f}, most {max(lost_s):.2f}")
    if options.json:
        print(json.dumps({"damaged": damaged, "seconds_lost_max": round(max(0.0, *lost_s), 3)}))


if __name__ == "__main__":
    main()
