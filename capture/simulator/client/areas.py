"""Where things stand in the client's window: stage, shared screen, panels, toolbar, and the tiles of every view."""

from __future__ import annotations

import math
from functools import lru_cache

from capture.simulator.client import palette
from capture.simulator.layout import Grid, grid_of, grid_size, how_many, tile_boxes
from capture.simulator.look import Look, Scene
from domain import Box

COLUMN_SHARE, GRID_SHARE = 0.17, 0.42
"""Share of the stage that tiles take beside a shared screen."""
NARROWEST_COLUMN = 150
SIDE_GRID_TILE = 170
"""Smallest width of tiles in the grid beside a shared screen, in pixels at scale 1."""
FLOATING_LONGEST, FLOATING_SIDE = 5, 3
"""Most tiles along a floating strip, and along a side of a floating grid."""
FLOATING_REACH = 0.8
"""Most of the screen's height or width that a floating panel takes."""
SPEAKER_STRIP, SPEAKER_TILE = 5, 160
THUMBNAIL = 248
"""Width of the small window that a minimised meeting leaves."""
SEATS = ((0.2, 0.44), (0.4, 0.44), (0.6, 0.44), (0.8, 0.44), (0.28, 0.78), (0.5, 0.78), (0.72, 0.78))
"""Middles of the figures in the immersive room, as shares of the stage."""


class Areas:
    """Boxes in pixels of a window of width x height pixels with one look."""

    def __init__(self, width: int, height: int, look: Look) -> None:
        self.window = Box(0, 0, width, height)
        self.look = look
        self.gap = look.gap * look.scale
        self.px = lru_cache(maxsize=256)(self._px)

    def _px(self, length: float) -> int:
        """A length at scale 1 in pixels of this window, at least one."""
        return max(1, round(length * self.look.scale))

    def toolbar(self) -> Box:
        """The bar at the bottom."""
        return Box(0, self.window.bottom - self.px(palette.BOTTOM_BAR), self.window.right, self.window.bottom)

    def panel(self, scene: Scene) -> Box | None:
        """The chat or the participants at the right, None where none is open."""
        if scene.panel == "none" or scene.view not in ("gallery", "side_by_side", "speaker"):
            return None
        width = min(self.px(palette.PANEL_WIDTH), self.window.width // 3)
        bottom = self.toolbar().top if self.look.toolbar == "docked" or scene.toolbar else self.window.bottom
        return Box(self.window.right - width, self.px(palette.TOP_BAR), self.window.right, bottom)

    def stage(self, scene: Scene, pages: int) -> Box:
        """Where tiles or a shared screen may stand; arrows beside the tiles take room when there are several pages."""
        beside = pages > 1 and scene.view == "gallery" and self.look.arrows == "beside"
        side = self.px(palette.PAGED_MARGIN if beside else palette.SIDE_MARGIN)
        bar = self.px(palette.BOTTOM_BAR + 6 if self.look.toolbar == "docked" else 6)
        panel = self.panel(scene)
        right = self.window.right if panel is None else panel.left
        return Box(side, self.px(palette.TOP_BAR), right - side, self.window.bottom - bar)

    def shared(self, scene: Scene) -> Box:
        """Where the shared screen stands: beside the tiles, or everywhere under a floating panel."""
        if scene.view == "floating":
            return self.window
        stage, beside = self.stage(scene, 1), self._beside(scene)
        return Box(stage.left, stage.top, beside.left - self.px(8), stage.bottom)

    def _beside(self, scene: Scene) -> Box:
        """Where tiles stand beside a shared screen; above and below is room for the page arrows."""
        stage = self.stage(scene, 1)
        share = GRID_SHARE if scene.strip == "grid" else COLUMN_SHARE
        width = max(round(stage.width * share), min(self.px(NARROWEST_COLUMN), stage.width // 2))
        return Box(stage.right - width, stage.top + self.px(26), stage.right, stage.bottom - self.px(26))

    def page_arrows(self, scene: Scene, pages: int) -> tuple[Box, Box] | None:
        """Where the arrows to the page before and after stand, None where there is one page or no room for them."""
        if pages < 2 or scene.view not in ("gallery", "side_by_side"):
            return None
        if scene.view == "side_by_side":
            beside, side = self._beside(scene), self.px(22)
            left = beside.left + (beside.width - side) // 2
            above = Box(left, beside.top - self.px(25), left + side, beside.top - self.px(25) + side)
            return above, above.moved(0, beside.height + self.px(28))
        stage, side = self.stage(scene, pages), self.px(26)
        panel = self.panel(scene)
        right = self.window.right if panel is None else panel.left
        middle, centre = stage.top + stage.height // 2, self.px(palette.PAGED_MARGIN) // 2
        first, second = (
            Box(x - side // 2, middle - side // 2, x - side // 2 + side, middle - side // 2 + side)
            for x in (centre, right - centre)
        )
        return first, second

    def capacity(self, scene: Scene, per_page: int) -> int:
        """How many tiles a page of this view holds."""
        if scene.view == "gallery":
            return per_page
        if scene.view == "side_by_side":
            grid = self._side_grid(scene)
            return min(per_page, grid.columns * grid.rows)
        if scene.view == "floating":
            grid = self._floating_grid(scene)
            return grid.columns * grid.rows
        return {"speaker": SPEAKER_STRIP + 1, "immersive": len(SEATS), "minimised": 1}.get(scene.view, 0)

    def _side_grid(self, scene: Scene) -> Grid:
        """The fullest grid beside a shared screen."""
        area = self._beside(scene)
        columns = max(2, how_many(area.width, self.px(SIDE_GRID_TILE), self.gap)) if scene.strip == "grid" else 1
        width = (area.width - (columns - 1) * self.gap) / columns
        return grid_of(columns, how_many(area.height, grid_of(1, 1, width).height, self.gap), width)

    def _floating_grid(self, scene: Scene) -> Grid:
        """The fullest grid in a floating panel."""
        width = min(self.px(palette.FLOATING_TILE), self.window.width // 4)
        high = how_many(self.window.height * FLOATING_REACH, grid_of(1, 1, width).height, self.gap)
        wide = how_many(self.window.width * FLOATING_REACH, width, self.gap)
        columns, rows = {
            "column": (1, min(high, FLOATING_LONGEST)),
            "row": (min(wide, FLOATING_LONGEST), 1),
            "grid": (min(wide, FLOATING_SIDE), min(high, FLOATING_SIDE)),
        }[scene.strip]
        return grid_of(columns, rows, width)

    def _floating_used(self, scene: Scene, count: int) -> Grid:
        """The grid that ``count`` tiles need in a floating panel."""
        full = self._floating_grid(scene)
        columns = min(full.columns, math.ceil(math.sqrt(count)) if scene.strip == "grid" else count)
        return grid_of(max(columns, 1), max(math.ceil(count / max(columns, 1)), 1), full.width)

    def floating_panel(self, scene: Scene, count: int) -> Box:
        """The panel that floats over a shared screen, with its bar of buttons."""
        margin, bar = self.px(palette.FLOATING_MARGIN), self.px(palette.FLOATING_BAR)
        width, height = grid_size(self._floating_used(scene, count), self.gap)
        width, height = width + 2 * margin, height + bar + 2 * margin
        left = (self.window.width - width) // 2 if scene.strip == "row" else self.window.right - width - self.px(16)
        top = self.px(44)
        return Box(left, top, left + width, top + height)

    def thumbnail(self) -> Box:
        """The small window of a minimised meeting."""
        width = self.px(THUMBNAIL)
        height = round(width * 9 / 16) + self.px(palette.FLOATING_BAR)
        left, top = self.window.right - width - self.px(24), self.px(60)
        return Box(left, top, left + width, top + height)

    def places(self, scene: Scene, count: int, pages: int) -> tuple[Box, ...]:
        """The boxes of ``count`` tiles or figures; in the speaker's view the large picture comes first."""
        if count == 0 or scene.view == "none":
            return ()
        if scene.view == "side_by_side":
            grid = self._side_grid(scene) if scene.strip == "grid" else None
            used = None if grid is None else grid_of(grid.columns, math.ceil(count / grid.columns), grid.width)
            return tile_boxes(count, self._beside(scene), self.gap, used)
        if scene.view == "floating":
            panel, margin = self.floating_panel(scene, count), self.px(palette.FLOATING_MARGIN)
            top = panel.top + self.px(palette.FLOATING_BAR) + margin
            inside = Box(panel.left + margin, top, panel.right - margin, panel.bottom - margin)
            return tile_boxes(count, inside, self.gap, self._floating_used(scene, count))
        if scene.view == "minimised":
            small = self.thumbnail()
            return (Box(small.left, small.top + self.px(palette.FLOATING_BAR), small.right, small.bottom),)
        if scene.view == "immersive":
            return self._seats(scene)[:count]
        stage = self.stage(scene, pages)
        return self._speaker_places(stage, count) if scene.view == "speaker" else tile_boxes(count, stage, self.gap)

    def _speaker_places(self, stage: Box, count: int) -> tuple[Box, ...]:
        strip = grid_of(max(count - 1, 1), 1, min(self.px(SPEAKER_TILE), (stage.width / SPEAKER_STRIP) - self.gap))
        cut = stage.top + round(strip.height) + self.px(8)
        large = tile_boxes(1, Box(stage.left, cut, stage.right, stage.bottom), 0)
        return large + tile_boxes(count - 1, Box(stage.left, stage.top, stage.right, cut - self.px(8)), self.gap, strip)

    def _seats(self, scene: Scene) -> tuple[Box, ...]:
        stage = self.stage(scene, 1)
        height = round(stage.height * 0.36)
        width = round(height * 16 / 9)
        lefts = ((stage.left + round(x * stage.width) - width // 2, y) for x, y in SEATS)
        tops = ((left, stage.top + round(y * stage.height) - height) for left, y in lefts)
        return tuple(Box(left, top, left + width, top + height) for left, top in tops)

    def cover(self, scene: Scene) -> Box | None:
        """Where another window lies over this one."""
        if not scene.covered:
            return None
        left, top, right, bottom = scene.covered
        width, height = self.window.width, self.window.height
        return Box(round(left * width), round(top * height), round(right * width), round(bottom * height))

    def overlays(self, scene: Scene, pages: int) -> tuple[Box, ...]:
        """Everything that lies over tiles: toolbar, page arrows, another window."""
        over = [self.cover(scene)]
        if self.look.toolbar == "over" and scene.toolbar and scene.view in ("gallery", "side_by_side", "speaker"):
            over.append(self.toolbar())
        arrows = self.page_arrows(scene, pages)
        if arrows is not None and scene.view == "gallery" and self.look.arrows == "over":
            over += arrows
        return tuple(box for box in over if box is not None)
