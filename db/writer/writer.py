"""The one writer of a database: it takes Moments, and a thread of its own keeps the capture from waiting for a disk."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeVar

from sqlalchemy import Engine, func, select, update

from db import commands, corrections, rollups
from db.corrections import Correction, Ownership
from db.engine import StoreLock, insert, only_writer, reading, store_name, writing
from db.remarks import MarkerKind
from db.status import CaptureStatus
from db.tables import (
    MINUTE_MS,
    THOUSAND,
    Alias,
    CaptureStatusRow,
    ClassMoment,
    Course,
    FlagRow,
    Gap,
    Marker,
    Reading,
    Session,
    Student,
    storable,
)
from db.writer.backlog import Backlog, Entry, Step
from db.writer.healing import closing, heal, seen_last
from db.writer.rows import (
    CLASS_COLUMNS,
    EMPTY_LAYOUT,
    READING_COLUMNS,
    class_row,
    layout_json,
    milliseconds,
    reading_row,
)
from domain import Flag, Moment, StoreError, StudentState

AT_ONCE_S = 0.4
"""Moments at least this far apart are committed one by one: two a second, with room for a late frame."""

BATCH_S = 0.75
"""Moments that come faster are committed together this often: with the commit itself, a kill costs about a second."""

RETRY_S = 1.0
"""Pause between attempts while the database cannot be written."""

GAP_S = 5.0
"""Without a moment for longer the session has a marked gap: the machine slept, stalled or changed its clock."""

MEMORY_ROWS = 50_000
"""Rows kept in memory while the database cannot be written, under 20 MB: 8 minutes of 49 students twice a second, and
then twice as long at half the rate, and so on."""

LOCK_PATIENCE_S = 1.0
"""How long to wait for the lock: a page that brings the database up to date holds it for a moment."""

PauseReason = Literal["no_gallery", "person"]

T = TypeVar("T")

_INSERT_READING = insert(Reading).on_conflict_do_nothing()
_INSERT_MOMENT = insert(ClassMoment).on_conflict_do_nothing()


def _overwriting_status() -> Any:
    statement = insert(CaptureStatusRow)
    said = {column.name: statement.excluded[column.name] for column in CaptureStatusRow.__table__.c}
    return statement.on_conflict_do_update(index_elements=["id"], set_=said)


_WRITE_STATUS = _overwriting_status()


class Writer:
    """The only writer of a database file; a context manager that writes what waits when it is left.

    No call but ``flush``, ``close`` and those of a person's corrections waits for the disk. ``batch_s`` bounds what a
    kill can cost, in seconds; ``gap_s`` is the longest pause between two moments that is no gap; at most
    ``memory_rows`` wait in memory. Raises StoreError when another writer is at work or the database cannot be written.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], float] = time.time,
        batch_s: float = BATCH_S,
        gap_s: float = GAP_S,
        memory_rows: int = MEMORY_ROWS,
    ) -> None:
        self._engine, self._clock, self._batch_s, self._gap_s = engine, clock, batch_s, gap_s
        self._lock = _only_writer(engine)
        self._status = _status_row(clock())
        try:
            with writing(engine) as connection:
                self.healed = heal(connection, clock())
                self._next_session = (connection.scalar(select(func.max(Session.id))) or 0) + 1
                self._next_flag = (connection.scalar(select(func.max(FlagRow.id))) or 0) + 1
                commands.turn_away_late_ones(connection, clock())
                connection.execute(_WRITE_STATUS, self._status)
        except StoreError:
            self._lock.release()
            raise
        self._backlog = Backlog(memory_rows)
        self._session: int | None = None
        self._students: dict[int, tuple[str | None, bool]] = {}
        self._flags: dict[tuple[int | None, str, float], tuple[int, Flag]] = {}
        self._ownership = Ownership()
        self._in_sight: tuple[Moment, dict[int, int]] | None = None
        self._to_join: list[tuple[int, int]] = []
        self._last_at = 0.0
        self._newest_ms = 0
        self._paused_ms: int | None = None
        self._unwritten = self._hurry = self._closing = False
        self._error: str | None = None
        self._attempts_begun = self._attempts_done = 0
        self._last_attempt_s = self._last_moments_s = time.monotonic()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="db-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """The database that is written."""
        return self._engine

    @property
    def session(self) -> int | None:
        """The number of the open session."""
        return self._session

    @property
    def error(self) -> str | None:
        """Why the last attempt to write failed, one line; None when it did not."""
        return self._error

    @property
    def dropped(self) -> int:
        """Moments that were let go because too much waited in memory."""
        return self._backlog.dropped

    def start_session(
        self,
        source: str,
        title: str,
        simulated: bool,
        started_at: float,
        settings: dict[str, Any] | None = None,
        model_version: str | None = None,
        rules_version: str | None = None,
        owner: str | None = None,
    ) -> int:
        """Open a session and give its number; ``settings``, what the numbers rest on, are kept as JSON.

        ``owner`` is the login of the teacher whose class it is.
        A session with a title that is not simulated belongs to the course of that name. Raises RuntimeError while
        another session is open.
        """
        if self._session is not None:
            raise RuntimeError(f"expected no open session, found session {self._session}")
        title = storable(title)
        row = {
            "id": self._next_session,
            "started_at": started_at,
            "source": source,
            "title": title,
            "simulated": simulated,
            "settings": None if settings is None else json.dumps(settings, sort_keys=True),
            "model_version": model_version,
            "rules_version": rules_version,
            "owner": owner,
        }
        with self._change():
            self._session, self._last_at, self._paused_ms = self._next_session, started_at, None
            self._next_session, self._newest_ms, self._ownership = self._next_session + 1, 0, Ownership()
            self._students.clear()
            self._flags.clear()
            self._to_join.clear()
            self._status["session_id"] = self._session
            if title and not simulated:
                self._backlog.add(Step(insert(Course).values(name=title).on_conflict_do_nothing()))
                row["course_id"] = select(Course.id).where(Course.name == title).scalar_subquery()
            self._backlog.add(Step(insert(Session).values(row).on_conflict_do_nothing()))
        return self._session

    def write(self, moment: Moment) -> None:
        """Keep a moment of the open session; it also ends a pause. Raises RuntimeError without an open session."""
        session_id = self._open_session()
        at_ms = milliseconds(moment.taken_at)
        owners = {state.student: self._ownership.owner(state.student, at_ms) for state in moment.states}
        owners |= {seen.student: self._ownership.owner(seen.student, at_ms) for seen in moment.observations}
        own = corrections.settled({seen.student: owners[seen.student] for seen in moment.observations})
        readings = tuple(reading_row(session_id, seen, at_ms, own[seen.student]) for seen in moment.observations)
        with self._change():
            self._end_pause(at_ms)
            self._mark_gap(moment.taken_at)
            for state in moment.states:
                self._keep_student(state, owners[state.student], moment.taken_at)
            for seen in moment.observations:
                if seen.student not in self._students:
                    unnamed = StudentState(seen.student, None, None, seen.camera)
                    self._keep_student(unnamed, owners[seen.student], moment.taken_at)
            self._keep_flags(moment)
            self._backlog.add_moment(
                Step(_INSERT_MOMENT, CLASS_COLUMNS, (class_row(session_id, moment),)),
                *([Step(_INSERT_READING, READING_COLUMNS, readings)] if readings else []),
                in_order=at_ms > self._newest_ms,
            )
            self._newest_ms = max(self._newest_ms, at_ms)
            self._in_sight = (moment, owners)
            self._last_at = moment.taken_at
        self._to_join += moment.joined
        if self._to_join:
            self._join()

    def correct(self, correction: Correction) -> int:
        """Make a correction of the open session, past readings and those to come; gives its number.

        Raises StoreError when it cannot be made, or nothing can be written.
        """
        return self._after_flush(
            lambda session_id: corrections.correct(self._engine, session_id, correction, self._clock())
        )

    def undo(self, correction_id: int) -> None:
        """Take back a correction of the open session; see ``correct``."""
        self._after_flush(lambda _: corrections.undo(self._engine, correction_id, self._clock()))

    def answer(self, command_id: int, error: str | None = None) -> None:
        """Note that a command was obeyed, or why it could not be."""
        with self._change():
            said = error and storable(error)
            self._backlog.add(Step(commands.answering(command_id, said, self._clock())))

    def set_mode(self, mode: str | None, at: float) -> None:
        """Say what the class does from now on, None for an ordinary lesson; while a session is open it is marked."""
        with self._change():
            self._status["mode"] = mode
        if self._session is not None:
            self.mark("mode", mode or "", at)

    def mark(self, kind: MarkerKind, text: str, at: float) -> None:
        """Put a marker on the time line of the open session."""
        marker = {"session_id": self._open_session(), "at_ms": milliseconds(at), "kind": kind, "text": storable(text)}
        with self._change():
            self._backlog.add(Step(insert(Marker).values(created_at=self._clock(), **marker)))

    def pause(self, at: float, reason: PauseReason = "no_gallery") -> None:
        """Mark a gap from the last moment on: no gallery, or a person wants it; a second call does nothing."""
        session_id = self._open_session()
        with self._change():
            if self._paused_ms is None:
                self._paused_ms = milliseconds(min(at, self._last_at))  # the loss is noticed some seconds late
                self._backlog.add(_gap(session_id, self._paused_ms, None, reason), seen_last(session_id))
                self._in_sight = None

    def resume(self, at: float) -> None:
        """End the pause; without one nothing happens."""
        self._open_session()
        with self._change():
            self._end_pause(milliseconds(at))
            self._last_at = max(self._last_at, at)

    def end_session(self, at: float, reason: str) -> None:
        """Close the open session for a reason of one word, such as `stopped`, `no_gallery` or `source_ended`."""
        session_id = self._open_session()
        ending = update(Session).where(Session.id == session_id).values(ended_at=at, end_reason=reason)
        with self._change():
            self._end_pause(milliseconds(at))
            self._backlog.add(Step(ending), *closing(session_id, milliseconds(at)))
            self._status |= {"session_id": None, "mode": None}
            self._in_sight = None
            self._session = None

    def status(self, status: CaptureStatus) -> None:
        """Say how the capture is doing; the time, the process and the session are the writer's to fill in."""
        said = {name: getattr(status, name) for name in ("state", "fps", "drops", "cpu_percent")}
        said |= {"message": storable(status.message), "error": status.error and storable(status.error)}
        with self._change():
            self._status |= {**said, "heartbeat_at": self._clock()}

    def flush(self) -> None:
        """Write all that waits before coming back; raises StoreError when that fails: then it goes on waiting."""
        with self._changed:
            enough = self._attempts_begun + 1
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._attempts_done >= enough or not self._thread.is_alive())
            if self._error is not None:
                raise StoreError(self._error)

    def close(self) -> None:
        """Write what waits and let the next writer in; an open session stays open, to be closed as crashed by the next.

        Raises StoreError when something could not be written: that is lost then.
        """
        if not self._thread.is_alive():
            return
        try:
            self.flush()
        finally:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            self._thread.join()
            self._engine.dispose()  # the last connection to go folds the write-ahead log into the file
            self._lock.release()

    def _open_session(self) -> int:
        if self._session is None:
            raise RuntimeError("expected an open session: call start_session first")
        return self._session

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._changed:
            yield
            self._unwritten = True
            self._changed.notify_all()

    def _after_flush(self, change: Callable[[int], T]) -> T:
        """Change what has been written, once that is all there is, and learn whose the next readings are."""
        session_id = self._open_session()
        if self._error is not None:
            raise StoreError(self._error)
        self.flush()
        done = change(session_id)
        self._ownership = corrections.ownership(self._engine, session_id)
        return done

    def _join(self) -> None:
        """Give what was read of students without a name to those they turned out to be.

        While nothing can be written this waits; what else is in the way stays, and so they stay students of their own.
        """
        while self._to_join:
            unnamed, owner = self._to_join[0]
            try:
                self._after_flush(partial(self._join_one, unnamed, owner))
            except StoreError:
                if self._error is not None:
                    return
            self._to_join.pop(0)

    def _join_one(self, unnamed: int, owner: int, session_id: int) -> None:
        corrections.join(self._engine, session_id, unnamed, owner, self._clock())

    def _end_pause(self, at_ms: int) -> None:
        if self._paused_ms is None:
            return
        key = (Gap.session_id == self._session) & (Gap.started_at_ms == self._paused_ms)
        self._backlog.add(Step(update(Gap).where(key).values(ended_at_ms=at_ms)))
        self._paused_ms = None
        self._last_at = at_ms / THOUSAND

    def _mark_gap(self, at: float) -> None:
        if abs(at - self._last_at) > self._gap_s:
            reason = "no_frames" if at > self._last_at else "clock_back"
            self._backlog.add(_gap(self._open_session(), milliseconds(self._last_at), milliseconds(at), reason))

    def _keep_student(self, state: StudentState, owner: int, at: float) -> None:
        known = (None if state.name is None else storable(state.name), state.staff)
        if self._students.get(state.student) == known:
            return
        self._students[state.student] = known
        name, staff = known
        key = {"session_id": self._open_session(), "student_id": state.student}
        row = insert(Student).values(**key, label_name=name, staff=staff, first_seen_at=at)
        changing = {"label_name": name, "staff": staff}
        steps = [Step(row.on_conflict_do_update(index_elements=list(key), set_=changing))]
        if name is not None:
            steps.append(Step(insert(Alias).values(**key, name=name, first_seen_at=at).on_conflict_do_nothing()))
        steps.append(Step(corrections.showing_names(key["session_id"], {state.student, owner})))
        self._backlog.add(*steps)

    def _keep_flags(self, moment: Moment) -> None:
        """Write flags that are new or have changed; one that is said no longer has ended."""
        said = {(flag.student, flag.kind, flag.started_at): flag for flag in moment.flags}
        for key, (_, flag) in self._flags.items():
            if key not in said and flag.ended_at is None:
                said[key] = replace(flag, ended_at=moment.taken_at)
        for key, flag in said.items():
            number, before = self._flags.get(key, (None, None))
            if number is None:
                number, self._next_flag = self._next_flag, self._next_flag + 1
                self._backlog.add(Step(insert(FlagRow).values(self._flag_row(number, flag)).on_conflict_do_nothing()))
            elif flag != before:
                self._backlog.add(Step(update(FlagRow).where(FlagRow.id == number).values(**_flag_now(flag))))
            self._flags[key] = (number, flag)

    def _flag_row(self, number: int, flag: Flag) -> dict[str, Any]:
        started_ms = milliseconds(flag.started_at)
        owner = None if flag.student is None else self._ownership.owner(flag.student, started_ms)
        return {
            "id": number,
            "session_id": self._session,
            "student_id": owner,
            "origin_id": None if owner == flag.student else flag.student,
            "kind": flag.kind,
            "started_at_ms": started_ms,
            **_flag_now(flag),
        }

    def _run(self) -> None:
        while self._wait_for_work():
            self._attempt()

    def _wait_for_work(self) -> bool:
        """Sleep until something is due; False when the writer is to end."""
        with self._changed:
            while not self._closing:
                wait_s = self._due_in_s()
                if wait_s is not None and wait_s <= 0:
                    return True
                self._changed.wait(wait_s)
            return False

    def _due_in_s(self) -> float | None:
        if self._hurry:
            return 0.0
        if not self._unwritten:
            return None
        if self._error:
            due_s = self._last_attempt_s + RETRY_S
        elif self._backlog.moments:
            due_s = self._last_moments_s + commit_pause_s(self._backlog.moments, self._batch_s)
        else:
            due_s = self._last_attempt_s + min(AT_ONCE_S, self._batch_s)
        return due_s - time.monotonic()

    def _attempt(self) -> None:
        with self._changed:
            self._attempts_begun += 1
            self._hurry = self._unwritten = False
            entries, status = self._backlog.take(), self._status | {"moments_lost": self._backlog.dropped}
            in_sight = self._in_sight
        status["layout"] = layout_json(*in_sight) if in_sight else EMPTY_LAYOUT
        error = None
        try:
            self._commit(entries, status)
        except StoreError as failure:
            error = str(failure)
        with self._changed:
            if error is None:
                self._backlog.all_written()
            else:
                self._backlog.put_back(entries)
                self._unwritten = True
            self._error, self._last_attempt_s = error, time.monotonic()
            if any(entry.moment is not None for entry in entries):
                self._last_moments_s = self._last_attempt_s
            self._attempts_done += 1
            self._changed.notify_all()

    def _commit(self, entries: list[Entry], status: dict[str, Any]) -> None:
        # After a failed attempt nobody knows whether it reached the disk, and adding again could count twice.
        doubtful = self._error is not None or not all(entry.in_order for entry in entries)
        rows: dict[tuple[str, ...], list[dict[str, Any]]] = {CLASS_COLUMNS: [], READING_COLUMNS: []}
        with writing(self._engine) as connection:
            for step in (step for entry in entries for step in entry.steps):
                parameters = step.parameters()
                connection.execute(step.statement, parameters)
                if parameters is not None:
                    rows[step.columns] += parameters
            if doubtful:
                for session_id, students, minutes in _touched(rows[CLASS_COLUMNS], rows[READING_COLUMNS]):
                    rollups.recount(connection, session_id, students, minutes)
            else:
                rollups.add(connection, rows[READING_COLUMNS], rows[CLASS_COLUMNS])
            connection.execute(_WRITE_STATUS, status)


def commit_pause_s(moments: int, batch_s: float) -> float:
    """How long after the last commit of moments these may come, in seconds: a lone one soon, several together later."""
    return min(AT_ONCE_S, batch_s) if moments <= 1 else batch_s


def _only_writer(engine: Engine) -> StoreLock:
    lock = only_writer(engine, LOCK_PATIENCE_S)
    if lock is not None:
        return lock
    with reading(engine) as connection:
        first = connection.execute(select(CaptureStatusRow.__table__)).one_or_none()
    who = "another capture that is just starting"
    if first is not None:
        since = datetime.fromtimestamp(first.started_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        session = "no session yet" if first.session_id is None else f"session {first.session_id}"
        who = f"a capture that runs since {since} (process {first.pid}, {session})"
    raise StoreError(
        f"expected to be the only one that writes to {store_name(engine)}, but found {who}: end that one first, "
        "or choose another database.url"
    )


def _touched(moments: list[dict[str, Any]], readings: list[dict[str, Any]]) -> Iterator[tuple[int, set[int], set[int]]]:
    """Of each session in these rows: its number, the students and the minutes."""
    for session_id in {row["session_id"] for row in moments}:
        students = {row["student_id"] for row in readings if row["session_id"] == session_id}
        yield session_id, students, {row["at_ms"] // MINUTE_MS for row in moments if row["session_id"] == session_id}


def _status_row(now: float) -> dict[str, Any]:
    status = asdict(CaptureStatus("starting", heartbeat_at=now, started_at=now, pid=os.getpid()))
    return {"id": 1, "layout": EMPTY_LAYOUT, **status}


def _gap(session_id: int, started_at_ms: int, ended_at_ms: int | None, reason: str) -> Step:
    row = {"session_id": session_id, "started_at_ms": started_at_ms, "ended_at_ms": ended_at_ms, "reason": reason}
    return Step(insert(Gap).values(row).on_conflict_do_nothing())


def _flag_now(flag: Flag) -> Mapping[str, Any]:
    return {
        "reason": storable(flag.reason),
        "readings": flag.readings,
        "readings_of": flag.readings_of,
        "confidence": round(flag.confidence * THOUSAND),
        "alternatives": storable(flag.alternatives),
        "ended_at_ms": None if flag.ended_at is None else milliseconds(flag.ended_at),
    }
