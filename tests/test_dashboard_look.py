"""The look of the pages: every text stands out from its ground in both schemes, and charts use the pages' colours."""

from __future__ import annotations

import re

import pytest

from dashboard import theme
from tests.conftest import ROOT
from tests.test_dashboard_figures import contrast

STYLE = (ROOT / "dashboard" / "assets" / "style.css").read_text("utf-8")
AA_TEXT, AA_LARGE = 4.5, 3.0
"""Least contrast of text, and of large text and the edges of controls (WCAG 2.2, 1.4.3 and 1.4.11)."""

GROUNDS = ("page", "surface", "sunken")
TONES = ("good", "calm", "mixed", "low", "tense", "none")
MOOD_TINT = 0.13
"""How much of its tone the mood card has at its strongest, as in assets/live.css."""


SHARED = {"quiet", "seen-count", "session-title"}
"""What all pages are built with, although it is not in style.css."""


def classes(sheet: str) -> set[str]:
    """The classes that the selectors of a stylesheet name."""
    selectors = re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL))
    return {name for one in selectors if "@" not in one for name in re.findall(r"\.([a-zA-Z][\w-]*)", one)}


def test_no_page_styles_what_another_page_calls_by_the_same_name() -> None:
    """The browser gets every stylesheet on every page."""
    own = {path.name: classes(path.read_text("utf-8")) for path in (ROOT / "dashboard" / "assets").glob("*.css")}
    base = own.pop("style.css") | SHARED
    taken: dict[str, str] = {}
    for sheet, names in sorted(own.items()):
        assert not (names - base) & taken.keys(), sheet
        taken |= dict.fromkeys(names - base, sheet)


def colours(scheme: theme.Scheme) -> dict[str, str]:
    """The colours that style.css declares for a scheme, by name; the dark one inherits what it does not change."""
    blocks = re.findall(r":root(\[[^]]*dark[^]]*\])? \{(.*?)\}", STYLE, re.DOTALL)
    declared: dict[str, str] = {}
    for dark, block in blocks:
        if not dark or scheme == "dark":
            declared |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    return declared


def mixed(one: str, other: str, share: float) -> str:
    """A colour of which so much is the first one."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["text", "faint", "accent"])
def test_text_stands_out_from_every_ground(scheme: theme.Scheme, ground: str, ink: str) -> None:
    named = colours(scheme)
    assert contrast(named[ink], named[ground]) >= AA_TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [("warn", "surface"), ("warn", "warn-back"), ("bad", "bad-back"), ("surface", "accent"), ("surface", "text")],
)
def test_signals_and_buttons_can_be_read(scheme: theme.Scheme, ink: str, ground: str) -> None:
    named = colours(scheme)
    assert contrast(named[ink], named[ground]) >= AA_TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tone", TONES)
def test_the_word_for_the_mood_stands_out_from_its_own_tint(scheme: theme.Scheme, tone: str) -> None:
    named = colours(scheme)
    ground = mixed(named[tone], named["surface"], MOOD_TINT)
    assert contrast(named[tone], ground) >= AA_LARGE
    assert contrast(named["faint"], ground) >= AA_TEXT, "the sentence below it"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_buttons_are_seen(scheme: theme.Scheme) -> None:
    named = colours(scheme)
    assert contrast(named["edge"], named["surface"]) >= AA_LARGE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_use_the_colours_of_the_pages(scheme: theme.Scheme) -> None:
    named, ink = colours(scheme), theme.INKS[scheme]
    assert (ink.text.lower(), ink.faint.lower(), ink.surface.lower()) == (
        named["text"],
        named["faint"],
        named["surface"],
    )
    assert ink.line.lower() == named["accent"]
    assert {name: colour.lower() for name, colour in theme.EMOTION_COLOURS.items()}.items() <= named.items()
