"""Which student of the class list each label means: jointly over all labels, and none where it could be another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from db.roster import Entry, names_of

LEAST_SCORE = 0.72
"""How well a label must fit a name, 0 to 1: a first name alone has about 0.8, as has a name with one letter of ten
wrong."""
LEAST_MARGIN = 0.06
"""How much worse the whole class would fit if this label meant somebody else, or nobody on the list."""
DOUBTED_MARGIN, DOUBTED_LETTERS = 0.08, 5
"""The same for a label that could not be read for certain, and how many letters it must have."""
CUT_SIGNS = ("…", "...")

PLAIN = str.maketrans(
    {"đ": "d", "ð": "d", "ł": "l", "ø": "o", "ı": "i", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ħ": "h", "ŋ": "n"}
)
"""Letters that do not come apart into a plain letter and marks."""
DEVICE = re.compile(
    r"(?:['’]?s)?\s+(?:iphone|ipad|macbook(?:\s+(?:air|pro))?|galaxy(?:\s+\w+)?|android|laptop|pc|tablet|phone)\b.*$"
    r"|^(?:iphone|ipad|macbook)\s+(?:von|de|di|van|od)\s+",
    re.IGNORECASE,
)
"""What a device adds to its owner's name where nobody entered one."""
INITIAL, NICKNAME, FRAGMENT = 0.9, 0.9, 0.97
"""How well an initial, a short form and the beginning of a word that was cut fit a word that they could mean."""
LEAST_NICKNAME = 3
LEAST_FUZZY, LEAST_LIKE = 4, 0.72
"""Letters of a word from which reading errors are allowed for, and the share of it that must be right. They are allowed
for in doubted labels only: where "Anna" was read for certain, "Anne" is somebody else."""
RECALL_WEIGHT = 0.25
"""How much of the score depends on how much of the name the label says."""
ORDER_COST = 0.01
"""Cost of words in another order than on the list."""
ACCENT_COST = 0.02
"""Cost of any difference in accents, capitals or signs: it decides between students whose names are else the same."""
NICKNAMES = {
    nick: frozenset(names.split())
    for nick, names in {
        "bob": "robert", "rob": "robert", "bill": "william", "will": "william", "billy": "william", "liam": "william",
        "mike": "michael", "mick": "michael", "mischa": "michael", "liz": "elizabeth elisabeth", "beth": "elizabeth",
        "lisa": "elisabeth", "lizzy": "elizabeth", "kate": "katherine catherine", "katie": "katherine catherine",
        "cathy": "catherine", "kathy": "katherine", "tony": "anthony antonio", "jim": "james", "jimmy": "james",
        "jack": "john", "johnny": "john", "ted": "edward theodore", "ed": "edward", "eddie": "edward",
        "dick": "richard", "rick": "richard", "harry": "henry harold", "hank": "henry", "peggy": "margaret",
        "maggie": "margaret", "meg": "margaret", "molly": "mary", "polly": "mary", "sally": "sarah",
        "betty": "elizabeth", "dave": "david", "steve": "stephen steven", "andy": "andrew andreas", "drew": "andrew",
        "sasha": "alexander alexandra", "sascha": "alexander alexandra", "sandra": "alexandra", "pepe": "jose",
        "paco": "francisco", "pancho": "francisco", "nacho": "ignacio", "lola": "dolores", "kuba": "jakub",
        "gosia": "malgorzata", "kasia": "katarzyna", "basia": "barbara", "honza": "jan", "pepa": "josef",
    }.items()
}  # fmt: skip
"""Short forms that are no beginning of the name; those that are need no list."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a label says and whether the reader is certain of it; the certainty decides how well it must fit."""

    text: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """The student that a label means, and how sure that is, 0 to 1."""

    entry: Entry
    certainty: float


def match(labels: Sequence[Said], entries: Sequence[Entry]) -> list[Match | None]:
    """The student that each label means, or None, in the labels' order.

    All labels are assigned at once, each student to one label at most, so that the class fits best as a whole. A match
    counts only where every other assignment without it is worse by a margin: two students of one name, or two labels of
    one text, match nobody. The result does not depend on the order of labels or entries.
    """
    if not labels or not entries:
        return [None] * len(labels)
    scores = np.zeros((len(labels), len(entries)))
    for row, said in enumerate(labels):
        for column, name in names_of(entries):
            scores[row, column] = max(scores[row, column], score(said.text, name, fuzzy=not said.certain))
    found: list[Match | None] = [None] * len(labels)
    for rows, columns in _components(scores >= LEAST_SCORE):
        part = scores[np.ix_(rows, columns)]
        for row, column, margin in _sure_pairs(part):
            said, fit = labels[rows[row]], float(part[row, column])
            if _counts(said, margin):
                found[rows[row]] = Match(entries[columns[column]], fit * min(1.0, 0.5 + margin / (2 * DOUBTED_MARGIN)))
    return found


def _counts(said: Said, margin: float) -> bool:
    if said.certain:
        return margin >= LEAST_MARGIN
    return margin >= DOUBTED_MARGIN and sum(sign.isalpha() for sign in said.text) >= DOUBTED_LETTERS


def matcher(entries: Sequence[Entry]) -> Callable[[Sequence[tuple[str, bool]]], list[tuple[str, float] | None]]:
    """``match`` for one list in plain values: (text, certain) of every label to (the list's spelling, certainty)."""

    def matched(labels: Sequence[tuple[str, bool]]) -> list[tuple[str, float] | None]:
        found = match([Said(text, certain) for text, certain in labels], entries)
        return [None if each is None else (each.entry.name, each.certainty) for each in found]

    return matched


def score(label: str, name: str, fuzzy: bool = False) -> float:
    """How well a label fits a name, 0 to 1; 1 for the same text. ``fuzzy`` allows for letters that were read wrong."""
    if label == name:
        return 1.0
    cut = label.rstrip().endswith(CUT_SIGNS)
    said, meant = _words(DEVICE.sub("", label)), _words(name)
    if not said or not meant:
        return 0.0
    pairs = _paired(said, meant, cut, fuzzy)
    fitting = sum(fit * len(said[one]) for one, _, fit in pairs)
    precision = fitting / sum(map(len, said))
    known = sum(len(meant[other]) for one, other, _ in pairs)
    recall = known / sum(map(len, meant))
    ordered = all(pair[1] < after[1] for pair, after in pairwise(pairs))
    cost = ACCENT_COST + (0.0 if ordered else ORDER_COST)
    return max(precision**2 * (1 - RECALL_WEIGHT + RECALL_WEIGHT * recall) - cost, 0.0)


@lru_cache(4096)
def _words(text: str) -> tuple[str, ...]:
    """The words of a name in plain small letters."""
    return tuple(re.findall(r"\w+", _folded(text).replace("'", "").replace("’", "")))


def _folded(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in split if not unicodedata.combining(sign)).translate(PLAIN)


def _paired(said: Sequence[str], meant: Sequence[str], cut: bool, fuzzy: bool) -> list[tuple[int, int, float]]:
    """Words of a label with the words they fit best, each used once: place, place, fit; in the label's order."""
    fits = [
        (_fit(word, other, cut and one == len(said) - 1, fuzzy), one, two)
        for one, word in enumerate(said)
        for two, other in enumerate(meant)
    ]
    pairs: list[tuple[int, int, float]] = []
    for fit, one, two in sorted(fits, key=lambda each: (-each[0], abs(each[1] - each[2]), each[1])):
        if fit > 0 and all(one != used and two != taken for used, taken, _ in pairs):
            pairs.append((one, two, fit))
    return sorted(pairs)


@lru_cache(65536)
def _fit(word: str, other: str, cut: bool, fuzzy: bool) -> float:
    """How well one word of a label fits one of a name, 0 to 1."""
    if word == other:
        return 1.0
    if cut and other.startswith(word):
        return FRAGMENT
    if len(word) == 1:
        return INITIAL if other.startswith(word) and word.isalpha() else 0.0
    if other in NICKNAMES.get(word, ()) or (len(word) >= LEAST_NICKNAME and other.startswith(word)):
        return NICKNAME
    if not fuzzy or min(len(word), len(other)) < LEAST_FUZZY or word.isdigit() or other.isdigit():
        return 0.0
    like = 1 - _edits(word, other) / max(len(word), len(other))
    return like if like >= LEAST_LIKE else 0.0


def _edits(one: str, other: str) -> int:
    """Letters to insert, remove or replace to make one word of the other (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, sign in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != sign))
    return row[-1]


def _components(edges: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Labels and students that hang together by possible matches: rows and columns of each group."""
    groups = []
    left = set(np.flatnonzero(edges.any(axis=1)).tolist())
    while left:
        rows, columns = {left.pop()}, set()
        while True:
            more = set(np.flatnonzero(edges[sorted(rows)].any(axis=0)).tolist()) - columns
            if not more:
                break
            columns |= more
            rows |= set(np.flatnonzero(edges[:, sorted(columns)].any(axis=1)).tolist())
        left -= rows
        groups.append((sorted(rows), sorted(columns)))
    return groups


def _sure_pairs(scores: np.ndarray) -> list[tuple[int, int, float]]:
    """The best assignment of one group: row, column, and how much worse the best one without this pair is."""
    total, chosen = assigned(scores)
    pairs = []
    for row, column in enumerate(chosen):
        if column is not None:
            without = scores.copy()
            without[row, column] = 0.0
            pairs.append((row, column, total - assigned(without)[0]))
    return pairs


def assigned(scores: np.ndarray) -> tuple[float, list[int | None]]:
    """The one-to-one assignment of rows to columns with the highest total, and that total; exact.

    A row that fits nothing has None and counts ``LEAST_SCORE``, so that a worse match is never made. Shortest
    augmenting paths with potentials (Kuhn 1955; Munkres 1957), in O(rows² x columns).
    """
    rows, real = scores.shape
    nobody = np.full((rows, rows), LEAST_SCORE)
    cost = -np.hstack([scores, nobody])
    columns = cost.shape[1]
    potential_row, potential = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.full(columns + 1, -1)
    for row in range(rows):
        owner[columns] = row
        at, free = columns, np.ones(columns, bool)
        shortest, before = np.full(columns, np.inf), np.full(columns, columns)
        while owner[at] >= 0:
            if at < columns:
                free[at] = False
            current = owner[at]
            reduced = cost[current] - potential_row[current] - potential[:columns]
            better = free & (reduced < shortest)
            shortest[better], before[better] = reduced[better], at
            following = int(np.where(free, shortest, np.inf).argmin())
            step = shortest[following]
            taken = np.flatnonzero(~free)
            potential_row[owner[taken]] += step
            potential_row[row] += step
            potential[taken] -= step
            shortest[free] -= step
            at = following
        while at != columns:
            owner[at] = owner[before[at]]
            at = before[at]
    chosen: list[int | None] = [None] * rows
    for column in range(real):
        if owner[column] >= 0:
            chosen[owner[column]] = column
    total = sum(LEAST_SCORE if column is None else float(scores[row, column]) for row, column in enumerate(chosen))
    return total, chosen
