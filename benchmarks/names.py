"""How exactly names are read and labels told apart: `python -m benchmarks.names [--json] [--part tune]`.

Labels are drawn with the fonts of this machine, which are named in the result. A name that is given out and is not the
one that was drawn is "wrong"; figures are shares of the labels in their row. Letters that the recogniser's alphabet
lacks make a name unreadable: its right reading is none ("null").
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.drawn.labels import (
    BUILT_IN,
    DECORATIONS,
    Drawn,
    draw_label,
    fonts_for,
    known_names,
    random_name,
    random_style,
)
from benchmarks.gallery import MIN_IOU, REAL_GALLERIES
from capture.gallery import GalleryFinder
from capture.gallery.contents import read_cells
from db.matching import matcher
from db.roster import Entry
from domain import Box, Tile
from inference.identity.claims import LEAST_LIKENESS
from inference.names import NameReader
from inference.names.labels import Signature, find_ink
from inference.names.recogniser import Recogniser

SEEDS = {"tune": 1000, "report": 2000}
"""Where the random numbers of each part start; nothing is tuned on the part that is reported."""
SHARES = {"latin": 0.6, "han": 0.15, "other": 0.25}
"""Of all labels, how many are of each alphabet."""
READABLE_PX = 16
"""Labels from this height on count as readable: Zoom's own are 20 and more."""
BANDS_PX = ((10, 15), (16, 19), (20, 27), (28, 40))
CLASS_SIZE = 25
"""Students of a class whose list is known."""
PAGE = 49
"""Labels of a page whose frames are timed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One label that was drawn and read: ``text`` is what was given out, ``readable`` whether it could be."""

    alphabet: str
    language: str
    drawn: Drawn
    readable: bool
    text: str | None
    doubted: str | None
    confidence: float
    signature: Signature | None
    again: Signature | None
    read_ms: float

    @property
    def exact(self) -> bool:
        return self.text is not None and plain(self.text) == plain(self.drawn.name)

    @property
    def wrong(self) -> bool:
        return self.text is not None and not self.exact


def plain(text: str) -> str:
    """A name with one sign for what was cut off."""
    return text.replace("...", "…")


def labels(part: str, count: int, seed: int = 0) -> Iterator[tuple[str, str, Drawn, Drawn]]:
    """Alphabet, language, a label, and the same label over another picture; names that no font has are left out."""
    names = known_names(part)
    for alphabet, share in SHARES.items():
        languages = sorted(names[alphabet])
        for index in range(round(count * share)):
            rng = np.random.default_rng((SEEDS[part] + seed, len(alphabet), index))
            language = languages[index % len(languages)]
            name = random_name(rng, names[alphabet][language])
            fonts = fonts_for(frozenset(name))
            if fonts:
                style, decoration = random_style(rng, fonts), str(rng.choice(DECORATIONS))
                tile = int(rng.integers(2**31))
                first, again = (
                    draw_label(np.random.default_rng((tile, ground)), name, decoration, style) for ground in (0, 1)
                )
                yield alphabet, language, first, again


def tile_of(drawn: Drawn) -> Tile:
    """The tile with its label as the gallery's reader finds it."""
    height, width = drawn.image.shape[:2]
    inset = round(0.15 * drawn.style.label_px) if drawn.style.pill else 0
    (cell,) = read_cells(drawn.image, [(0, 0, width, height)], drawn.style.label_px + inset)
    return Tile(0, Box(0, 0, width, height), cell.camera, cell.label)


def outcomes(part: str, count: int, seed: int = 0) -> Iterator[Outcome]:
    """Read drawn labels, each with a reader that has seen none."""
    recogniser = Recogniser()
    for alphabet, language, drawn, again in labels(part, count, seed):
        reader = NameReader(recogniser=recogniser)
        tile = tile_of(drawn)
        started = time.process_time()
        name = reader.read(drawn.image, [tile])[0]
        read_ms = 1e3 * (time.process_time() - started)
        readable = alphabet != "other" and all(letter in recogniser.alphabet for letter in drawn.name.replace(" ", ""))
        yield Outcome(
            alphabet,
            language,
            drawn,
            readable,
            name.text if name else None,
            name.doubted if name else None,
            name.confidence if name else 0.0,
            name.signature if name else None,
            signature_of(again),
            read_ms,
        )


def signature_of(drawn: Drawn) -> Signature | None:
    """The signature of a drawn label, as the reader takes it."""
    label = tile_of(drawn).label
    ink = find_ink(label.of(drawn.image)) if label else None
    return ink.signature() if ink else None


def shares(read: Iterable[Outcome]) -> dict[str, float]:
    """How many labels, and the shares that were exact, null and wrong."""
    found = list(read)
    count = max(len(found), 1)
    return {
        "labels": len(found),
        "exact": sum(each.exact for each in found) / count,
        "null": sum(each.text is None for each in found) / count,
        "wrong": sum(each.wrong for each in found) / count,
    }


def reading_rows(read: list[Outcome]) -> dict[str, dict[str, float]]:
    """Shares by what there was to read, by height, and by language."""
    tall = [each for each in read if each.drawn.style.label_px >= READABLE_PX]
    rows = {
        "latin readable": shares(each for each in tall if each.alphabet == "latin" and each.readable),
        "han readable": shares(each for each in tall if each.alphabet == "han" and each.readable),
        "letters outside the alphabet": shares(each for each in read if each.alphabet != "other" and not each.readable),
        "other scripts": shares(each for each in read if each.alphabet == "other"),
        "all": shares(read),
    }
    for low, high in BANDS_PX:
        band = [each for each in read if low <= each.drawn.style.label_px <= high]
        rows[f"latin {low}-{high} px"] = shares(each for each in band if each.alphabet == "latin" and each.readable)
    languages: dict[str, list[Outcome]] = defaultdict(list)
    for each in read:
        languages[each.language].append(each)
    return rows | {language: shares(found) for language, found in sorted(languages.items())}


def roster_row(read: list[Outcome]) -> dict[str, float]:
    """Latin and Chinese names on readable labels, in classes whose list holds every student once."""
    labels = [each for each in read if each.alphabet != "other" and each.drawn.style.label_px >= READABLE_PX]
    count = exact = wrong = 0
    for start in range(0, len(labels), CLASS_SIZE):
        seats = {each.drawn.whole: each for each in labels[start : start + CLASS_SIZE]}
        match_names = matcher([Entry(name) for name in seats])
        found = match_names([(each.text or each.doubted or "", each.text is not None) for each in seats.values()])
        for (name, each), entry in zip(seats.items(), found, strict=True):
            text = entry[0] if entry else each.text
            count, exact = count + 1, exact + (text == name)
            wrong += text is not None and text != name and plain(text) != plain(each.drawn.name)
    return {"labels": count, "exact": exact / max(count, 1), "wrong": wrong / max(count, 1)}


def signature_rows(read: list[Outcome]) -> dict[str, dict[str, float]]:
    """How alike one label is on two grounds, and how alike labels of different texts are in one look."""
    rows = {}
    for alphabet in SHARES:
        own = [each for each in read if each.alphabet == alphabet and each.signature]
        same = [each.signature.likeness(each.again) for each in own if each.signature and each.again]
        different = [
            one.signature.likeness(other.signature)
            for place, one in enumerate(own)
            for other in own[place + 1 :]
            if one.drawn.name != other.drawn.name and one.signature and other.signature
        ]
        rows[f"signatures {alphabet}"] = {
            "labels": len(same),
            "same_median": float(np.median(same)),
            "same_above": float(np.mean(np.array(same) >= LEAST_LIKENESS)),
            "different_below": float(np.mean(np.array(different) < LEAST_LIKENESS)),
        }
    return rows


def real_row() -> dict[str, float]:
    """Names of the real galleries beside this checkout, through the whole path; those in ASCII can be read."""
    latin = exact = wrong = other = other_null = 0
    reader = NameReader()
    for sheet in sorted(REAL_GALLERIES.glob("*.json")):
        truth = json.loads(sheet.read_text("utf-8"))
        image = np.asarray(cv2.imread(str(sheet.with_name(truth["image"]))), np.uint8)
        gallery = GalleryFinder().update(image)
        names = reader.read(image, gallery.tiles)
        for each in truth["tiles"]:
            box = Box(*each["box"])
            tile = max(gallery.tiles, key=lambda tile: tile.box.iou(box), default=None)
            name = names[tile.slot] if tile is not None and tile.box.iou(box) >= MIN_IOU else None
            text = name.text if name else None
            if each["name"] is not None and each["name"].isascii():
                latin, exact = latin + 1, exact + (text == each["name"])
            elif each["name"] is not None:
                other, other_null = other + 1, other_null + (text is None)
            wrong += text is not None and text != each["name"]
    return {"latin": latin, "exact": exact, "other": other, "other_null": other_null, "wrong": wrong}


def timing_row(read: list[Outcome]) -> dict[str, float]:
    """CPU time per label in ms: read for the first time, and on a page where the pictures move and no label changes."""
    pages = [[], []]
    for _, _, drawn, again in labels("tune", PAGE * 2):
        pages[0].append(drawn)
        pages[1].append(again)
    reader = NameReader()
    tiles = [[replace(tile_of(drawn), slot=slot) for slot, drawn in enumerate(page[:PAGE])] for page in pages]
    # Both looks in the label's box of the first, as a steady gallery gives it.
    tiles[1] = [replace(new, label=old.label) for old, new in zip(*tiles, strict=True)]
    for page in (0, 1):
        for tile, drawn in zip(tiles[page], pages[page], strict=False):
            reader.read(drawn.image, [tile])
    started = time.process_time()
    for page in (0, 1) * 5:
        for tile, drawn in zip(tiles[page], pages[page], strict=False):
            reader.read(drawn.image, [tile])
    unchanged = 1e3 * (time.process_time() - started) / (10 * PAGE)
    return {"first_ms": float(np.median([each.read_ms for each in read])), "unchanged_ms": unchanged}


def fonts_used(read: list[Outcome]) -> list[str]:
    """Names of the fonts that labels were drawn with."""
    return sorted({Path(each.drawn.style.font).stem or BUILT_IN for each in read})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line instead of a table")
    parser.add_argument("--labels", type=int, default=600, help="how many labels are drawn")
    parser.add_argument("--part", choices=list(SEEDS), default="report", help="which lists of names")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    read = list(outcomes(arguments.part, arguments.labels, arguments.seed))
    rows = reading_rows(read) | {"with a class list": roster_row(read)} | signature_rows(read)
    rows["time"] = timing_row(read)
    if REAL_GALLERIES.is_dir():
        rows["real galleries"] = real_row()
    if arguments.json:
        print(json.dumps({"fonts": fonts_used(read), **rows}))
        return
    table = Table("what", "measure", "value")
    for what, figures in rows.items():
        for measure_name, value in figures.items():
            table.add_row(what, measure_name, f"{value:.4g}")
    Console().print(table)
    print("Fonts:", ", ".join(fonts_used(read)))


if __name__ == "__main__":
    main()
