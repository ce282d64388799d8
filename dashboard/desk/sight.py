"""What the capture sees now, without a single pixel of it: where tiles are, what they show, and all that in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import html

from dashboard import components, theme
from dashboard.desk import frame
from dashboard.desk.frame import Level
from db.queries import TileMap, TileView
from db.status import CaptureStatus

START_COMMAND = "python3 classmood.py run"
NO_PERSON = frozenset({"off", "photo", "covered", "unknown"})
"""Camera states in which a tile's size does not matter."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of the test in words: how loud, a title, and one sentence for each thing to know or to do."""

    level: Level
    title: str
    sentences: tuple[str, ...] = ()
    command: str = ""


def verdict(status: CaptureStatus | None, tiles: Sequence[TileView], now: float, reads_names: bool = True) -> Verdict:
    """Whether the class can be read as things stand, and what to do about what cannot."""
    if status is None or status.state == "stopped":
        return Verdict(
            "quiet", "Nothing reads the screen now", ("Open the meeting, then start it with",), START_COMMAND
        )
    if not status.is_alive(now):
        last = datetime.fromtimestamp(status.heartbeat_at).strftime("%H:%M:%S")
        said = f"Its last sign of life was at {last}. Start it again with"
        return Verdict("bad", "The capture has stopped answering", (said,), START_COMMAND)
    if status.state == "error" or status.error:
        return Verdict("bad", "The capture cannot go on", (status.error or status.message,))
    if not tiles:
        return Verdict("warn", "No gallery in sight", (status.message,))
    advice = (_about_size(tiles), _about_cover(tiles), _about_names(tiles, reads_names))
    counted = f"{_cameras(tiles)}. {_named(tiles)}"
    found = "1 tile" if len(tiles) == 1 else f"{len(tiles)} tiles"
    level: Level = "warn" if any(advice) else "good"
    return Verdict(level, f"A gallery of {found} is in sight", (counted, *filter(None, advice)))


def checked(tiles: Sequence[TileView], reads_names: bool) -> dict[str, bool]:
    """What of the checklist the capture can tell by itself, by its key; nothing while it sees no gallery."""
    if not tiles:
        return {}
    named = any(tile.name for tile in tiles) if reads_names else True
    return {"gallery": True, "names": named, "size": _about_size(tiles) is None, "free": _about_cover(tiles) is None}


def _cameras(tiles: Sequence[TileView]) -> str:
    states = Counter(tile.camera for tile in tiles).most_common()
    return frame.in_words([f"{count} {theme.COUNT_WORDS[camera][count > 1]}" for camera, count in states])


def _named(tiles: Sequence[TileView]) -> str:
    named = sum(tile.name is not None for tile in tiles)
    return f"{named} of {len(tiles)} have a name."


def _about_size(tiles: Sequence[TileView]) -> str | None:
    small = sum(tile.camera == "too_small" for tile in tiles)
    if not small:
        return None
    of = sum(tile.camera not in NO_PERSON for tile in tiles)
    return f"{small} of {of} are too small to be read: enlarge Zoom's window, or show 25 a page in place of 49."


def _about_cover(tiles: Sequence[TileView]) -> str | None:
    covered = sum(tile.camera == "covered" for tile in tiles)
    if not covered:
        return None
    tiles_are = "1 tile is" if covered == 1 else f"{covered} tiles are"
    return f"{tiles_are} covered: move other windows, these pages too, away from Zoom's."


def _about_names(tiles: Sequence[TileView], reads_names: bool) -> str | None:
    if not reads_names or any(tile.name for tile in tiles):
        return None
    return "No name was read yet: let Zoom show them (Settings, Video, Always display participant names)."


def note(told: Verdict) -> html.Div:
    """The verdict as a page shows it."""
    sentences: list[Any] = list(told.sentences)
    if told.command:
        sentences[-1] = [sentences[-1], " ", html.Code(told.command)]
    return frame.note(told.level, told.title, *sentences)


def schematic(seen: TileMap) -> html.Ul:
    """Where every tile is, who it shows and what its camera does.

    Round and without edges, so that the capture, which may see this page, never takes it for tiles.
    """
    return html.Ul(
        [_tile(tile) for tile in seen.tiles],
        className="sight-map",
        style={"aspectRatio": f"{seen.aspect:.4f}"},
        **components.aria(label="The tiles that the capture sees"),
    )


def _tile(tile: TileView) -> html.Li:
    name = "Not yet known" if tile.number is None else components.plain_name(tile.name, tile.number)
    words = "Camera on" if tile.camera == "on" else theme.CAMERA_WORDS[tile.camera]
    left, top, right, bottom = tile.box
    place = {"left": left, "top": top, "width": right - left, "height": bottom - top}
    return html.Li(
        [
            html.Bdi(name, className="sight-name", dir="auto"),
            html.Span(f"{words} · staff" if tile.staff else words, className="sight-state"),
        ],
        className="sight-tile",
        title=f"{name}\n{words}",
        style={side: f"{share:.2%}" for side, share in place.items()},
        **{"data-camera": tile.camera},  # type: ignore[arg-type]
    )
