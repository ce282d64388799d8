"""What is new since a browser last asked: it names what it has, and only the difference travels."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from typing import Any

KEPT = 64
"""Answers remembered: a few open tabs, each some seconds behind. A browser with an older one is sent everything."""

Parts = dict[str, Any]
"""Named parts of a page, each a JSON value."""


class News:
    """Remembers the last answers by a short key; safe to share between the server's threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Parts] = OrderedDict()
        self._lock = threading.Lock()

    def since(self, key: str | None, parts: Parts) -> dict[str, Any]:
        """The parts that differ from those of the answer with this key.

        The result has ``key`` (of this answer), ``set`` (new and changed parts), ``gone`` (names of parts that are no
        more), and ``whole`` True where the key is unknown and everything is sent.
        """
        new_key = hashlib.blake2s(json.dumps(parts).encode(), digest_size=6).hexdigest()
        with self._lock:
            before = self._kept.get(key) if key else None
            self._kept[new_key] = parts
            self._kept.move_to_end(new_key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        known = before or {}
        answer: dict[str, Any] = {"key": new_key}
        if before is None:
            answer["whole"] = True
        if changed := {name: part for name, part in parts.items() if name not in known or known[name] != part}:
            answer["set"] = changed
        if gone := [name for name in known if name not in parts]:
            answer["gone"] = gone
        return answer
