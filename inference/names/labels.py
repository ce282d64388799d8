"""The pixels of a name label: its ink, and a signature by which a label is known again in any script."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from domain import Box

SIGNATURE_HEIGHT = 16
"""Height in pixels to which text is scaled for its signature: what labels of about 12 to 30 pixels have in common."""
FAINT = 0.3
"""Strength below which ink does not count for where the text stands: noise of the picture behind the label."""
REACH_SPREADS = 2.3
"""Rows of a signature above and below the text's middle, in standard deviations of its ink: accents are within."""
LEAST_SPREAD = 0.5
"""Standard deviation of a single row of ink, in pixels."""
BLUR_FOR_SHRINKING = 0.3
"""Blur before sampling, in pixels of the signature."""
WINDOW = 12
"""Columns of a signature that are compared at once: about one letter, so that one other letter makes another label."""
WIDTH_TOLERANCE = 0.1
"""How much the width of one text may differ between looks, as a share: noise moves the spread of its ink."""

ALIKE = 0.97
"""Likeness from which it is not asked whether a shift by one column would make pictures more alike."""

LEAST_CONTRAST = 40
"""Gray levels between text and its ground below which nothing is called text; Zoom's weakest pair has about 100."""
MOST_INK = 0.3
"""Mean strength above which a label is probably dark on light: text covers a sixth of its label."""
INK_LEVEL = 0.5
"""Share of the way from ground to text above which a pixel is ink."""
ICON_REDNESS = 40
"""Redness (red above the mean of green and blue, gray levels) by which the struck-out microphone exceeds its ground.
It is 100 and more; the coloured edges of screen text cancel out over a letter, and skin behind a letter counts less."""
ICON_PLACE = 1.6
"""The microphone stands within this many label heights of the left end."""
TINY = 1e-6
SHADE_SIDE, SHADE_REACH = 3, 3
SHADE_RISE, SHADE_LEVELS = 1.3, 4.0
SHADE_ROWS = 0.8
"""The shade ends where, in this share of all rows, a third of the label's height of columns is wholly brighter than the
three columns before, by a share and some levels: the shade takes 40 % of the light."""
OPEN_LEVEL, OPEN_SHARE = 0.9, 0.3
"""An open picture is so bright, as a share of the text, above or below the text in this share of its columns."""
BELOW_PILL = 8
"""A pill stands about an eighth of its box's height above the tile's edge."""
LEAST_TEXT = 0.4
"""Share of all ink below which what does not touch the label's border is not the whole text."""
APART = 0.35
"""Ink from beyond the label stands at least this far, in text heights, from the text: more than a space."""
ACCENT_SIZE = 0.4
"""Height and width of an accent, in heights of the text, at most."""
BRIGHT_INK = 0.75
"""Strength that the strongest pixel of a whole letter reaches; structure behind the shade is dimmer."""
ICON_LEVEL = 0.2
"""Strength of the faintest ink of an icon: red is darker than white."""


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """Scaled pixels of a label's text: uint8 (16, W), 0 ground to 255 ink; kept in memory only."""

    pixels: np.ndarray

    def likeness(self, other: Signature) -> float:
        """How much both look like one text, 0 to 1, whatever their sizes and grounds: 1 for the same pixels.

        The least alike letter counts, so that texts which differ in one letter are two.
        """
        width, other_width = self.pixels.shape[1], other.pixels.shape[1]
        if abs(width - other_width) > max(WIDTH_TOLERANCE * width, 2):
            return 0.0
        first, second = self.pixels, other.pixels
        if width != other_width:
            second = cv2.resize(second, (width, SIGNATURE_HEIGHT), interpolation=cv2.INTER_LINEAR)
        return _likeness(first, second)


@dataclass(frozen=True, slots=True, eq=False)
class Ink:
    """The text of a label: ``strength`` float32 (H, W), 0 ground to 1 text, and its tight ``box`` in the label.

    ``start`` is the first column that may hold text, right of an icon.
    """

    strength: np.ndarray
    box: Box
    start: int = 0

    def signature(self) -> Signature:
        """The scale-normalised pixels by which this text is known again.

        The scale comes from the spread of the ink over the rows: unlike the edges of its box, it hardly moves when a
        faint dot or accent comes and goes.
        """
        text = self.box.of(self.strength)
        rows = np.maximum(text - FAINT, 0.0).sum(axis=1)
        places = np.arange(len(rows))
        middle = float(np.average(places, weights=rows))
        spread = max(float(np.sqrt(np.average((places - middle) ** 2, weights=rows))), LEAST_SPREAD)
        scale = SIGNATURE_HEIGHT / (2 * REACH_SPREADS * spread)
        if scale < 1:  # blurred first where it shrinks, so that thin strokes survive
            text = cv2.GaussianBlur(text, (0, 0), BLUR_FOR_SHRINKING / scale)
        size = (max(round(text.shape[1] * scale), 1), SIGNATURE_HEIGHT)
        half = (1 / scale - 1) / 2  # pixels are squares: the first one's middle is half a pixel inside
        top = middle - (SIGNATURE_HEIGHT - 1) / 2 / scale
        way = np.array([[1 / scale, 0, half], [0, 1 / scale, top]], np.float32)
        scaled = cv2.warpAffine(text, way, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return Signature((scaled * 255).astype(np.uint8))


def find_ink(label_bgr: np.ndarray) -> Ink | None:
    """The text in a label's uint8 (H, W, 3) pixels, light on dark or dark on light, without icon; None without text."""
    gray = cv2.cvtColor(label_bgr, cv2.COLOR_BGR2GRAY)
    strength = _strength(gray)
    if strength is None or float(strength.mean()) > MOST_INK:
        dark = _strength(255 - gray)
        # Text covers little of its label, so the polarity with less ink is the text's.
        if strength is None or (dark is not None and dark.mean() < strength.mean()):
            strength = dark
    if strength is None:
        return None
    start = _after_icon(label_bgr, strength)
    strength[:, :start] = 0
    strength[:, _end_of_shade(gray, strength) :] = 0
    strength *= _within_label(strength)
    box = _ink_box(strength)
    return Ink(strength, box, start) if box else None


def _strength(gray: np.ndarray) -> np.ndarray | None:
    """How much of each pixel is light text on a darker ground: float32 (H, W) from 0 to 1."""
    side = max(gray.shape[0] // 2, 3)
    ground = cv2.morphologyEx(gray, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)).astype(np.float32)
    text = float(np.percentile(gray, 99))
    contrast = text - ground
    if float(np.median(contrast)) < LEAST_CONTRAST:
        return None
    return np.clip((gray - ground) / np.maximum(contrast, LEAST_CONTRAST), 0.0, 1.0)


def _ink_box(strength: np.ndarray) -> Box | None:
    rows, columns = np.nonzero(strength > INK_LEVEL)
    if not len(rows):
        return None
    return Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)


def _end_of_shade(gray: np.ndarray, strength: np.ndarray) -> int:
    """The column where the label's shade ends and the brighter picture begins; the width where none is seen."""
    height, width = gray.shape
    side, reach = SHADE_SIDE, max(height // SHADE_REACH, SHADE_SIDE)
    before = cv2.blur(gray.astype(np.float32), (side, 1), anchor=(side - 1, 0))
    # The darkest of some columns counts, because between letters the ground shows; one column is left to a soft edge.
    darkest = cv2.erode(gray, np.ones((1, reach), np.uint8), anchor=(0, 0)).astype(np.float32)
    behind = np.pad(darkest[:, 2:], ((0, 0), (0, 2)), mode="edge")
    rises = (behind > before * SHADE_RISE + SHADE_LEVELS).mean(axis=0) >= SHADE_ROWS
    rises[:height] = False
    rises[width - side :] = False
    ends = (int(end) + 1 for end in np.flatnonzero(rises))
    return next((end for end in ends if _is_open(gray, strength > INK_LEVEL, end)), width)


def _is_open(gray: np.ndarray, ink: np.ndarray, end: int) -> bool:
    """Whether behind a column the picture shows without shade: as bright as text where no text stands.

    A bright thing behind the shade makes a rise in the middle of a name too, but it stays dimmer than the text.
    """
    height = gray.shape[0]
    rows = np.flatnonzero(ink[height // 4 : height - height // 4, :end].any(axis=1)) + height // 4
    if not len(rows):
        return False
    level = float(np.median(gray[:, :end][ink[:, :end]]))
    beside = np.ones(height, bool)
    beside[max(rows[0] - 1, 0) : rows[-1] + 2] = False
    # The picture below a pill is open everywhere.
    beside[height - height // BELOW_PILL :] = False
    return bool((gray[beside, end:] >= OPEN_LEVEL * level).any(axis=0).mean() > OPEN_SHARE) if beside.any() else False


def _within_label(strength: np.ndarray) -> np.ndarray:
    """Float (H, W): 0 where ink comes from beyond the label's shade or shines through it, 1 elsewhere.

    Ink from beyond runs into the border of the label's box, which text does not; where the box is so tight that most
    ink in its middle rows touches the border, nothing is taken away. What shines through is dimmer than text and stands
    apart from it.
    """
    count, found, stats, _ = cv2.connectedComponentsWithStats((strength > INK_LEVEL).astype(np.uint8))
    parts, boxes = np.asarray(found, np.intp), np.asarray(stats)
    height, width = strength.shape
    left, top = boxes[:, cv2.CC_STAT_LEFT], boxes[:, cv2.CC_STAT_TOP]
    right, bottom = left + boxes[:, cv2.CC_STAT_WIDTH], top + boxes[:, cv2.CC_STAT_HEIGHT]
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, parts.ravel(), strength.ravel())
    outside = (left == 0) | (top == 0) | (right == width) | (bottom == height)
    bright = peaks >= BRIGHT_INK
    bright[0] = outside[0] = False
    in_middle = np.bincount(parts[height // 4 : height - height // 4].ravel(), minlength=count)
    text = bright & ~outside
    if not text.any() or in_middle[text].sum() < LEAST_TEXT * in_middle[1:].sum():
        return np.ones_like(strength)
    size = bottom[text].max() - top[text].min()
    gap = APART * size
    near = (left < right[text].max() + gap) & (right > left[text].min() - gap)
    near &= (top < bottom[text].max() + gap / 2) & (bottom > top[text].min() - gap / 2)
    # An accent may reach the edge of a label that is drawn tightly.
    accents = bright & near & (bottom - top < ACCENT_SIZE * size) & (right - left < ACCENT_SIZE * size)
    accents &= (left > 0) & (right < width)
    covers = np.ones(count, np.float32)
    covers[(outside & ~accents) | (~bright & ~near)] = 0.0
    covers[0] = 1.0
    # The faint edges of what is taken away go with it.
    return 1.0 - cv2.dilate(1.0 - covers[parts], np.ones((3, 3), np.uint8))


def _after_icon(label_bgr: np.ndarray, strength: np.ndarray) -> int:
    """The first column right of a red microphone; 0 where none stands at the left."""
    blue, green, red = (label_bgr[..., channel].astype(np.float32) for channel in range(3))
    redness = red - (green + blue) / 2
    reach = round(ICON_PLACE * label_bgr.shape[0])
    end = 0
    for left, right in ink_runs(strength, ICON_LEVEL):
        if right > reach:
            break
        ink, seen = strength[:, left:right], redness[:, left:right]
        own, ground = np.average(seen, weights=ink), np.average(seen, weights=1.0 - ink + TINY)
        if own - max(ground, 0.0) > ICON_REDNESS:
            end = right
    return end + 1 if end else 0


def ink_runs(strength: np.ndarray, level: float) -> list[tuple[int, int]]:
    """Stretches of columns that hold ink of this strength, as first column and first column after it."""
    filled = np.concatenate(([False], (strength > level).any(axis=0), [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(filled)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _likeness(first: np.ndarray, second: np.ndarray) -> float:
    """The least correlation of windows along two pictures of one shape, under the best of small shifts for each.

    Windows without ink are alike.
    """
    a, b = first.astype(np.float32), second.astype(np.float32)
    own = _window_sums((a * a).sum(axis=0))
    best = np.zeros_like(own)
    for shift in (0, -1, 1):
        moved = np.roll(b, shift, axis=1)
        both, others = _window_sums((a * moved).sum(axis=0)), _window_sums((moved * moved).sum(axis=0))
        best = np.maximum(best, (both + 1.0) / (np.sqrt(own * others) + 1.0))
        if best.min() >= ALIKE:
            break
    return min(float(best.min()), 1.0)


def _window_sums(columns: np.ndarray) -> np.ndarray:
    size = min(WINDOW, len(columns))
    return np.convolve(columns, np.ones(size, np.float32), mode="valid")
