"""From accounted letters to a name: spaces, look-alikes, what Zoom adds, and what it cut off."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from inference.names.accounting import Account, is_ideographic
from inference.names.recogniser import Letter

KEPT_GAP, KEPT_GAP_NARROW, MADE_GAP, MADE_GAP_NARROW, MADE_GAP_DIGITS = 0.14, 0.2, 0.32, 0.38, 0.7
"""Blank columns between two letters, as a share of a capital's height, from which a space that was read is kept, or one
that was not read is made; beside a narrow letter more is blank, and digits have one width with blank around a 1. On
drawn labels letters stand 0.28 apart at most (99 of 100) and words at least 0.29, less the blur of their edges."""
NARROW = frozenset("1lIijtrf'|.,-")
SAME_SPACE = 2 / 3
"""Share of the blank of a label's spaces that another space of it has at least."""
CLOSING = frozenset(".,'")
"""Signs that no space stands before."""
SYLLABARIES = ("HIRAGANA", "KATAKANA")
IDEOGRAPH_GAPS, KANA_GAPS = (0.16, 0.24), (0.26, 0.52)
"""Blank columns, in text heights, up to which two ideographs (or signs of a syllabary, which stand loosely) make one
word, and from which they make two; what lies between cannot be told."""

DECORATION = re.compile(r"\s*[(（](?P<what>[^()（）]*)[)）]\s*$")
ROLES = {"host": True, "co-host": True, "cohost": True, "me": True, "you": True, "guest": False}
"""What Zoom itself adds to a name, and whether it marks staff; "me" is the teacher, whose screen this is."""
PRONOUNS = re.compile(r"\w+/\w+(/\w+)?")
CUT_OFF = re.compile(r"\s*(…|\.{2,}|·{2,})\s*$")
CUT_SIGN = "…"
"""How a name ends that Zoom cut off because its tile is narrow, however the dots were read."""

STROKES = re.compile(r"[Il]+")
WORD = re.compile(r"[^\W_]+")
ARTICLES = frozenset({"la", "las", "le", "les", "lo", "los", "lu", "li"})
"""Romance articles inside a name, which begin with a small l."""
NUMERALS = re.compile(r"(I{3}|[VX]I{1,3}|I[VX])")
SCOTTISH = ("Mc", "Mac")
"""Beginnings after which a name has a second capital."""
LIGATURES = ((re.compile(r"\bAE(?=[^\W\d_A-Z])"), "Æ"), (re.compile(r"\bOE(?=[^\W\d_A-Z])"), "Œ"))
"""Two capitals before small letters are one: the recogniser spells Æ and Œ out."""


def spelled(letters: Sequence[Letter], account: Account) -> str | None:
    """The text of accounted letters with its spaces and look-alikes put right; None where these cannot be told."""
    text, read, before = "", False, None
    blanks = iter(account.blanks)
    usual = _least_blank_of_spaces(letters, account)
    for letter in letters:
        if letter.text.isspace():
            read = before is not None
            continue
        blank = next(blanks)
        if before is not None:
            space = _space_between(before, letter.text, read, blank, usual)
            if space is None or (space and not read and account.small_print):
                return None
            text += " " * space
        text += letter.text
        before, read = letter.text, False
    for pair, ligature in LIGATURES:
        text = pair.sub(ligature, text)
    words = [_with_strokes(match, text) for match in WORD.finditer(text)]
    if any(word is None for word in words):
        return None
    fixed = iter(words)
    return WORD.sub(lambda _: next(fixed) or "", text)


def undecorated(text: str) -> tuple[str, bool]:
    """A label's text without what Zoom adds in brackets at the end, and whether that marks the person as staff."""
    staff = False
    while found := DECORATION.search(text):
        words = ["".join(word.split()).casefold() for word in re.split(r"[,，]", found["what"])]
        if not all(word in ROLES or PRONOUNS.fullmatch(word) for word in words):
            break
        staff = staff or any(ROLES.get(word, False) for word in words)
        text = text[: found.start()]
    return CUT_OFF.sub(CUT_SIGN, text.strip()), staff


def _least_blank_of_spaces(letters: Sequence[Letter], account: Account) -> float:
    """The narrowest blank where a space was read between letters; 0 where none was."""
    starts = [at for at, letter in enumerate(letters) if not letter.text.isspace()]
    spaced = [before + 1 != at for before, at in pairwise(starts)]
    return min((blank for blank, space in zip(account.blanks[1:], spaced, strict=True) if space), default=0.0)


def _space_between(letter: str, following: str, read: bool, blank: float, usual: float) -> bool | None:
    """Whether a space stands between two letters; None where that cannot be told.

    ``usual`` is the least blank of the spaces that were read in this label.
    """
    ideographic = is_ideographic(letter), is_ideographic(following)
    if any(ideographic):
        kana = any(unicodedata.name(each, "").startswith(SYLLABARIES) for each in (letter, following))
        one_word, two_words = KANA_GAPS if kana and all(ideographic) else IDEOGRAPH_GAPS
        if read or blank >= two_words:
            return True
        return False if blank <= one_word else None
    if read:
        least = KEPT_GAP_NARROW if letter in NARROW or following in NARROW else KEPT_GAP
        begins = letter.islower() and following.isupper()
        return True if blank >= least or begins or not (letter.isalnum() and following.isalnum()) else None
    if letter.isdigit() and following.isdigit():
        return blank >= MADE_GAP_DIGITS
    if following in CLOSING:
        return False
    if letter == "." and blank >= MADE_GAP:
        return None  # after the dot of an initial there may be a space, and there is much blank without one
    if letter.islower() and following.isupper() and KEPT_GAP <= blank < MADE_GAP:
        # "McDonald" has less blank, "Mac Donald" more, as the label's other spaces have
        return False if blank < SAME_SPACE * usual else None
    return blank >= (MADE_GAP_NARROW if letter in NARROW or following in NARROW else MADE_GAP)


def _with_strokes(match: re.Match[str], text: str) -> str | None:
    """A word with each plain stroke as the letter that its place asks for; None where it could be I or l.

    In most plain fonts a capital I and a small l are one stroke.
    """
    word = match.group()
    if not STROKES.search(word) or NUMERALS.fullmatch(word):
        return word
    others = [sign for sign in word if sign not in "Il"]
    if not others or (len(word) > 1 and any(sign.isdigit() for sign in others) and STROKES.match(word)):
        return word if len(word) == 1 and match.start() and word == "I" else None
    if all(sign.isupper() or sign.isdigit() for sign in others) and len(others) > 1:
        return word.replace("l", "I")
    if match.start() and word in ARTICLES:
        return word
    start = next((len(prefix) for prefix in SCOTTISH if word.startswith(prefix)), 0)
    if re.match("I|l{2}", word[start:]):  # but "Macleod" has one small l
        return word[:start] + "I" + word[start + 1 :].replace("I", "l")
    return ("I" + word[1:].replace("I", "l")) if STROKES.match(word) else word.replace("I", "l")
