"""Fonts of this machine for the letters that a PDF's own fonts lack. None is delivered with the program."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

KNOWN_FILES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "arial.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc",
    "msyh.ttc",
    "malgun.ttf",
    "meiryo.ttc",
    "AppleSDGothicNeo.ttc",
    "Hiragino Sans GB.ttc",
)
"""Fonts that Linux, Windows and macOS come with, those of most scripts first."""

FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("~/AppData/Local/Microsoft/Windows/Fonts",),
}

PLAIN = str.maketrans("“”„‘’‚–—−…•", "\"\"\"'''---.*", "")
"""Typography that the fonts of every PDF reader lack, as what it stands for."""


def plain(words: str) -> str:
    """Words with typographic marks as the plain ones that every font has."""
    return words.replace("…", "...").translate(PLAIN)


def can_write(name: str) -> bool:
    """Whether a PDF can show a name as it is written: with its own fonts, or with one of this machine."""
    return is_latin(name) or font_for(name) is not None


def is_latin(words: str) -> bool:
    """Whether every PDF reader has the letters by itself (Latin-1)."""
    try:
        plain(words).encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def is_simple(words: str) -> bool:
    """Whether letters stand one after the other from left to right, as they are written in a PDF here.

    Arabic, Hebrew and the scripts of India and its neighbours join, stack or turn: set letter by letter they are wrong,
    and a wrong name is worse than none.
    """
    normal = unicodedata.normalize("NFC", words)
    return not any(
        unicodedata.bidirectional(letter) in ("R", "AL", "AN") or unicodedata.category(letter).startswith("M")
        for letter in normal
    )


def font_for(words: str) -> Path | None:
    """A font of this machine that has all the letters; None where none has, or where they need more than letters."""
    letters = frozenset(map(ord, unicodedata.normalize("NFC", plain(words))))
    if not is_simple(words):
        return None
    return next((path for path in _installed() if letters <= _letters(path)), None)


@cache
def _installed() -> tuple[Path, ...]:
    """The known fonts that this machine has, in their order."""
    wanted = {name.casefold(): place for place, name in enumerate(KNOWN_FILES)}
    found: dict[int, Path] = {}
    for path in _files():
        place = wanted.get(path.name.casefold())
        if place is not None:
            found.setdefault(place, path)
    return tuple(found[place] for place in sorted(found))


def _files() -> Iterator[Path]:
    folders = [Path(folder).expanduser() for folder in FOLDERS.get(sys.platform, ())]
    if "WINDIR" in os.environ:
        folders.append(Path(os.environ["WINDIR"]) / "Fonts")
    for folder in folders:
        for place, _, names in os.walk(folder):
            yield from (Path(place) / name for name in names)


@cache
def _letters(path: Path) -> frozenset[int]:
    """The characters that a font has; none where it cannot be read."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (OSError, TTLibError):
        return frozenset()
