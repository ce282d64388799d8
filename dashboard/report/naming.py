"""What students are called in a report: by name on the teacher's own page, by number in what leaves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from dashboard.components import plain_name
from db.queries import StudentView

SHORTEST_HIDDEN = 3
"""Words of a name from this length on are hidden in free text too; shorter ones ("Li", "de") are words of their own."""


DIGITS = 6
"""Numbers in names are compared by value up to a million."""


class Naming:
    """Names of a session's students: with names, or as "Student 3", in rows and in what people wrote.

    ``can_write`` says whether a medium has the letters of a name; where it has not, that student is a number.
    """

    def __init__(
        self, students: Iterable[StudentView], with_names: bool, can_write: Callable[[str], bool] = lambda _: True
    ) -> None:
        self.with_names = with_names
        self._students = tuple(students)
        self._shown = {student.number: self._name(student, can_write) for student in self._students}
        self._hidden = None if with_names else _mentions(self._students)

    def _name(self, student: StudentView, can_write: Callable[[str], bool]) -> str:
        name = plain_name(student.name, student.number)
        return name if self.with_names and can_write(name) else f"Student {student.number}"

    def student(self, number: int | None) -> str:
        """What to call a student of this number; the class where there is none."""
        return "The class" if number is None else self._shown.get(number, f"Student {number}")

    def ordered(self) -> list[int]:
        """The students' numbers in the order of rows: by name, or by number, as an order by name would tell names."""
        if not self.with_names:
            return sorted(student.number for student in self._students)
        return sorted(self._shown, key=lambda number: (_counting(self._shown[number]), number))

    def text(self, words: str) -> str:
        """What a person wrote, in one line; without names, each that occurs in it is replaced by a number."""
        line = " ".join(words.split())
        if self._hidden is None:
            return line
        pattern, numbers = self._hidden
        return pattern.sub(lambda found: f"Student {numbers[found.group().casefold()]}", line) if numbers else line


def _counting(name: str) -> str:
    """A name as it is sorted: "Student 7" before "Student 10"."""
    return re.sub(r"\d+", lambda digits: digits.group().zfill(DIGITS), name.casefold())


def _mentions(students: Iterable[StudentView]) -> tuple[re.Pattern[str], dict[str, int]]:
    """How students may be mentioned, longest first, and whom each mention means."""
    numbers: dict[str, int] = {}
    for student in students:
        for name in filter(None, (student.name, *student.aliases)):
            line = " ".join(name.split())
            words = [word for word in re.split(r"[\s,.()\-]+", line) if len(word) >= SHORTEST_HIDDEN]
            for mention in (line, *words):
                numbers.setdefault(mention.casefold(), student.number)
    longest_first = sorted(filter(None, numbers), key=len, reverse=True)
    pattern = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE), numbers
