"""One recorded session for those who judge it anew: its readings and modes, its flags, and who is who in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import Engine

from db import queries
from db.queries import StudentView
from domain import Flag, Observation, StoreError


class RecordedSession:
    """A session in a store that is open for reading; raises StoreError when there is none of this number."""

    def __init__(self, engine: Engine, session: int) -> None:
        self._engine, self._session = engine, session
        if queries.session(engine, session) is None:
            raise StoreError(
                f"expected session {session}, found none of that number: see the pages for those there are"
            )
        self._students = queries.students(engine, session)

    def readings(self) -> tuple[Iterator[tuple[float, list[Observation]]], set[int], list[tuple[float, str | None]]]:
        """The frames, the numbers of staff and the modes of the class; raises StoreError when there is no reading."""
        staff = {student.number for student in self._students if student.staff}
        frames = queries.stored_frames(self._engine, self._session)
        first = next(frames, None)
        if first is None:
            raise StoreError(
                f"expected readings of session {self._session}, found none: they were deleted, or never made"
            )
        return chain([first], frames), staff, queries.stored_modes(self._engine, self._session)

    def flags(self) -> list[Flag]:
        """The flags that were given."""
        names = Flag.__dataclass_fields__
        stored = queries.flags(self._engine, self._session)
        return [Flag(**{name: getattr(flag, name) for name in names}) for flag in stored]

    def student(self, wanted: str) -> StudentView:
        """The one student of this number, or with this in the name; raises StoreError for none or several."""
        folded = wanted.casefold()
        by_number = [one for one in self._students if str(one.number) == wanted]
        found = by_number or [one for one in self._students if folded in (one.name or "").casefold()]
        if len(found) != 1:
            raise StoreError(f"expected one student with '{wanted}' as number or in the name, found {len(found)}")
        return found[0]

    def name(self, number: int | None) -> str:
        """How a student is called; the class where no number is given."""
        if number is None:
            return "the class"
        return next((one.name for one in self._students if one.number == number and one.name), f"student {number}")
