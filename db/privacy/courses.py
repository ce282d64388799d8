"""Courses that are called after a student, and courses that nobody is taught in any more."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, exists, select, update

from db.engine import insert
from db.privacy.texts import Change
from db.tables import Course, Session

_COURSE = Course.__table__.c
_SESSION = Session.__table__.c


def leave_named_course(connection: Connection, session_id: int, change: Change) -> None:
    """Put a session whose course's name tells of a student into one that does not; later sessions stay where they are.

    The sessions of one course that have lost their names share the new one; ``change`` takes the names out.
    """
    asked = select(_COURSE.id, _COURSE.name).join(Session, _SESSION.course_id == _COURSE.id)
    course = connection.execute(asked.where(_SESSION.id == session_id)).one_or_none()
    if course is None or (left := change(course.name)) == course.name:
        return
    name = f"{left} ({course.id})"  # no two courses may have one name
    connection.execute(insert(Course).on_conflict_do_nothing(index_elements=["name"]), [{"name": name}])
    new = select(_COURSE.id).where(_COURSE.name == name).scalar_subquery()
    connection.execute(update(Session).where(_SESSION.id == session_id).values(course_id=new))
    drop_empty(connection, [course.id])


def courses_of(connection: Connection, sessions: Collection[str]) -> set[int]:
    """The courses of sessions, which are given by their numbers for the world."""
    asked = select(_SESSION.course_id).where(_SESSION.uid.in_(sessions), _SESSION.course_id.is_not(None))
    return set(connection.scalars(asked))


def drop_empty(connection: Connection, courses: Collection[int]) -> None:
    """Delete those of some courses that have no session left: their names may be those of students."""
    taught = exists().where(_SESSION.course_id == _COURSE.id)
    connection.execute(delete(Course).where(_COURSE.id.in_(courses), ~taught))
