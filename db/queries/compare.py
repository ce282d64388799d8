"""What is asked of many sessions at once: one row each, from their totals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine, Select, func, select

from db.engine import reading
from db.queries.means import CLASS_SUMS, class_means, class_sums, matrix, share
from db.tables import FEWEST_STUDENTS, Course, Session, SessionTotal

_SESSION_FACTS = ("id", "started_at", "ended_at", "title", "course", "source", "simulated", "owner", "students")
_SESSION = Session.__table__.c
_TOTAL = SessionTotal.__table__.c


def sessions(engine: Engine) -> pd.DataFrame:
    """All sessions, the newest first: what a teacher finds them by.

    Columns: id, started_at and ended_at (UNIX seconds, NaN while it runs), title, course (None without one), source,
    simulated, owner (the teacher's login, None where nobody has been told), students (most at once), moments (a count);
    and means over the session, NaN where nobody could be read: seen, present and judged (students), coverage (share
    seen, 0 to 1), attention (share of those judged who look towards the screen, 0 to 1), valence (-1 to 1) and one per
    emotion (0 to 1).
    """
    return _sessions(engine, _session_rows().order_by(_SESSION.id.desc()))


def comparable_sessions(
    engine: Engine, since: float | None = None, until: float | None = None, course: str | None = None
) -> pd.DataFrame:
    """Finished sessions that may be compared, in the order of time: real ones of at least five students.

    The columns are those of `sessions`. ``since`` and ``until`` bound the start, in UNIX seconds.
    """
    asked = _session_rows().where(
        ~_SESSION.simulated, _SESSION.ended_at.is_not(None), _TOTAL.present_max >= FEWEST_STUDENTS
    )
    if since is not None:
        asked = asked.where(_SESSION.started_at >= since)
    if until is not None:
        asked = asked.where(_SESSION.started_at < until)
    if course is not None:
        asked = asked.where(Course.name == course)
    return _sessions(engine, asked.order_by(_SESSION.started_at))


def _session_rows() -> Select[*tuple[Any, ...]]:
    facts = (_SESSION[name] for name in ("id", "started_at", "ended_at", "title"))
    origin = (Course.name, _SESSION.source, _SESSION.simulated, _SESSION.owner, func.coalesce(_TOTAL.present_max, 0))
    return (
        select(*facts, *origin, *class_sums(_TOTAL))
        .select_from(Session)
        .outerjoin(Course, Course.id == _SESSION.course_id)
        .outerjoin(SessionTotal, _TOTAL.session_id == _SESSION.id)
    )


def _sessions(engine: Engine, asked: Select[*tuple[Any, ...]]) -> pd.DataFrame:
    with reading(engine) as connection:
        rows = connection.execute(asked).all()
    width = len(_SESSION_FACTS)
    facts = pd.DataFrame([tuple(row[:width]) for row in rows], columns=list(_SESSION_FACTS))
    facts["ended_at"] = facts["ended_at"].astype(float)
    means = class_means(np.nan_to_num(matrix([row[width:] for row in rows], len(CLASS_SUMS))))
    means["coverage"] = share(means["seen"].to_numpy(), means["present"].to_numpy())
    means["attention"] = share(means.pop("attending").to_numpy(), means["judged"].to_numpy())
    return facts.join(means)
