"""Which of all that could be said is said: a teacher takes in few prompts, and none twice within minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from config import EngagementSettings
from inference.engagement.spells import Spell

Key = tuple[int | None, str]
"""Whose (None: the class's) and what kind."""


class Budget:
    """Chooses prompts: so many at once, so many in some minutes, then none of that kind for that student for a while.

    The class comes before its students, and what was seen longest before the rest. Times are seconds of a steady clock.
    """

    def __init__(self, settings: EngagementSettings) -> None:
        self._settings = settings
        self._given_s: deque[float] = deque()
        self._cooling: dict[Key, float] = {}
        self.said: set[Key] = set()

    def choose(self, going_on: Mapping[Key, Spell], so_now: Callable[[Key], bool], now_s: float) -> None:
        """Bring ``said`` up to date with what goes on; a prompt that was given stays until its reason has ended.

        New ones are given only of what is in sight and so at this moment.
        """
        settings = self._settings
        for key in self.said - going_on.keys():
            self.said.discard(key)
            self._cooling[key] = now_s + settings.cooldown_s
        while self._given_s and now_s - self._given_s[0] >= settings.prompts_in_s:
            self._given_s.popleft()
        waiting = [
            key for key in going_on if key not in self.said and now_s >= self._cooling.get(key, now_s) and so_now(key)
        ]
        for key in sorted(waiting, key=lambda key: (key[0] is not None, -going_on[key].seen_s)):
            if len(self.said) >= settings.at_once or len(self._given_s) >= settings.prompts:
                return
            self.said.add(key)
            self._given_s.append(now_s)
