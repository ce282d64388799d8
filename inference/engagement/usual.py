"""What is usual for a student: learnt in the first minutes that are seen, followed slowly after."""

from __future__ import annotations


class Usual:
    """The mean of a value over the first minutes, and then one that follows with ``follow_s`` seconds of inertia.

    ``learn_s`` is how many seconds must have been seen before it is known. Where a ``start`` is given it counts as that
    many seconds' worth of readings, so that there is a value from the beginning.
    """

    def __init__(self, learn_s: float, follow_s: float, start: tuple[float, float] | None = None) -> None:
        self._learn_s, self._follow_s = learn_s, follow_s
        self._value, self._weight_s = start or (0.0, 0.0)
        self._seen_s = 0.0

    @property
    def known(self) -> bool:
        """Whether enough has been seen."""
        return self._seen_s >= self._learn_s

    @property
    def value(self) -> float:
        """The usual value so far."""
        return self._value

    def add(self, value: float, step_s: float, unusual: bool = False) -> None:
        """Take in a value that held for so many seconds; an unusual one moves what is known only at the slow rate."""
        if step_s <= 0.0:
            return
        slow = unusual and self.known
        self._weight_s = min(self._weight_s + step_s, self._follow_s)
        self._seen_s += step_s
        self._value += step_s / (self._follow_s if slow else self._weight_s) * (value - self._value)
