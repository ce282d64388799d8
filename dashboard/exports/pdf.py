"""A report as a PDF: vector charts, the fonts that every reader has, a page for each part of the story."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from dashboard import theme
from dashboard.exports import drawings, fonts
from dashboard.exports.canvas import Anchor, PdfCanvas
from dashboard.report import summary, tables
from dashboard.report.account import Account
from dashboard.report.heat import Heat, heat_of
from dashboard.report.naming import Naming

OWN_FONT = "helvetica"
"""One of the fourteen fonts that every PDF reader brings along: nothing to embed."""

MARGIN_MM = 15.0
PAGE_MM = (210.0, 297.0)
FOOT_MM = 18.0
BODY, HEADING, TITLE = 9.5, 12.0, 17.0
"""Sizes of letters in points."""

LINE_MM = 4.6
"""From line to line of the text."""

ROWS_A_PAGE = 60
"""Students on a page of the grid."""

INK = theme.INKS["light"]


def pdf_report(account: Account, naming: Naming) -> bytes:
    """The report as a PDF; names are those of ``naming``, which should know `dashboard.exports.fonts.can_write`."""
    page = _Page(account, naming)
    page.begin()
    page.opening()
    page.along()
    page.moments()
    page.usual()
    page.grid()
    page.prompts()
    page.notes()
    return bytes(page.pdf.output())


class _Footed(FPDF):
    """A document with a line at the foot of each page."""

    foot = ""

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(OWN_FONT, size=7.5)
        self.set_text_color(INK.faint)
        self.cell(0, 4, f"{self.foot}   {self.page_no()}/{{nb}}", align="C")


class _Page:
    """The document while it grows."""

    def __init__(self, account: Account, naming: Naming) -> None:
        self.account, self.naming = account, naming
        self.pdf = _Footed(format="A4")
        self._embedded: dict[Path, str] = {}

    def begin(self) -> None:
        """Set margins, foot and what readers show of the file."""
        session = self.account.session
        self.pdf.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self.pdf.set_auto_page_break(True, FOOT_MM)
        self.pdf.foot = "Classmood. A face shows how somebody looks, not how they feel."
        self.pdf.set_title(f"Report of session {session.id}, {summary.day(session.started_at)}")
        self.pdf.set_lang("en")
        self.pdf.set_creator("Classmood")
        self.pdf.add_page()

    def opening(self) -> None:
        """The title, the lesson in a sentence, and what it rests on."""
        session = self.account.session
        simulated = " (simulated class)" if session.simulated else ""
        self.words((session.title or f"Session {session.id}") + simulated, TITLE, bold=True)
        span = f"{summary.clock(session.started_at)} to {summary.clock(self.account.until)}"
        self.words(f"{summary.day(session.started_at)}, {span}", BODY, colour=INK.faint)
        self.pdf.ln(2)
        self.words(summary.headline(self.account, self.naming), HEADING, bold=True)
        self.pdf.ln(1)
        for sentence in summary.sentences(self.account, self.naming):
            self.words(sentence)
        if not self.naming.with_names:
            self.words("Students are numbers, as in the report on the teacher's own screen.", colour=INK.faint)

    def along(self) -> None:
        """The chart along the lesson with its key."""
        if self.account.minutes.empty:
            return
        self.heading("Along the lesson", drawings.ALONG_MM + 14)
        self.key()
        drawings.along(self.canvas(), self.account, self.naming)
        self.pdf.ln(drawings.ALONG_MM + 1)

    def moments(self) -> None:
        """The moments that matter, with their evidence."""
        self.heading("Moments that matter", 20)
        if not self.account.turning:
            self.words("No change of level stands out from the ordinary ups and downs.", colour=INK.faint)
        for number, point in enumerate(self.account.turning, start=1):
            told = f"{number}.  {summary.clock(point.at)}  {summary.change_told(point, self.naming)}"
            self.words(told, keep=3 * LINE_MM)
            self.words(summary.evidence_told(point), colour=INK.faint, indent=5)

    def usual(self) -> None:
        """Phases, and the session against the course's usual."""
        phases = tables.phases(self.account)
        if phases:
            self.heading("Phases", 20)
        for phase in phases:
            span = f"{summary.clock(phase.started_at)} to {summary.clock(phase.ended_at)}"
            mood = "not read" if phase.valence != phase.valence else f"mood {phase.valence:+.2f}"
            seen = "" if phase.seen != phase.seen else f", {phase.seen:.0f} of {phase.present:.0f} seen"
            self.words(f"{span}  {self.naming.text(phase.text) or 'Phase'}: {mood}{seen}")
        if self.account.usual is None or not self.account.has_moods:
            return
        self.heading("Against the usual of the course", drawings.USUAL_MM + 20)
        drawings.against_usual(self.canvas(), self.account, self.account.usual)
        self.pdf.ln(drawings.USUAL_MM + 1)
        self.words(
            f"Line: this class. Band: where half of the course's {self.account.usual.sessions} other classes lie, by "
            "share of the lesson.",
            colour=INK.faint,
        )

    def grid(self) -> None:
        """Student by minute, on as many pages as it takes."""
        heat = heat_of(self.account, self.naming.ordered())
        for first in range(0, len(heat.students), ROWS_A_PAGE):
            self._grid_page(heat, slice(first, min(first + ROWS_A_PAGE, len(heat.students))))

    def _grid_page(self, heat: Heat, rows: slice) -> None:
        height = drawings.ROW_MM * (rows.stop - rows.start) + 6
        self.heading("Minute by minute", height + 20)
        self.key()
        drawings.grid(self.canvas(), heat, self.naming, rows)
        self.pdf.ln(height)
        self.words("Colour: the emotion that leads over the minute. Hatched: nothing was read.", colour=INK.faint)

    def prompts(self) -> None:
        """The flags and what was done with them."""
        self.heading("Prompts, and what was done", 20)
        if not self.account.flags:
            self.words("No prompts were given.", colour=INK.faint)
        for flag in self.account.flags:
            who = self.naming.student(flag.student)
            told = f"{summary.clock(flag.started_at)}  {who}: {self.naming.text(flag.reason)}"
            self.words(told, keep=3 * LINE_MM)
            grounds = f"{flag.readings} of {flag.readings_of} readings. " if flag.readings_of else ""
            done = tables.done_told(flag.dismissal, flag.note, self.naming)
            self.words(f"{grounds}{done}.", colour=INK.faint, indent=5)

    def notes(self) -> None:
        """What was noted along the lesson."""
        if self.account.markers:
            self.heading("Notes and markers", 20)
        for marker in self.account.markers:
            self.words(f"{summary.clock(marker.at)}  {marker.kind}: {self.naming.text(marker.text)}")

    def heading(self, words: str, room: float) -> None:
        """A heading, on a new page where less than this room (mm) is left for what belongs to it."""
        if self.pdf.get_y() + room > PAGE_MM[1] - FOOT_MM:
            self.pdf.add_page()
        else:
            self.pdf.ln(5)
        self.words(words, HEADING, bold=True)
        self.pdf.ln(1)

    def key(self) -> None:
        """Colour and word of each emotion."""
        canvas, x = self.canvas(), 0.0
        for emotion in reversed(theme.STACK_ORDER):
            word = theme.EMOTION_WORDS[emotion]
            canvas.box(x, 0.3, 2.6, 2.6, theme.EMOTION_COLOURS[emotion])
            canvas.text(x + 3.6, 2.6, word, "faint", drawings.SMALL)
            x += 8 + self.pdf.get_string_width(word)
        self.pdf.ln(5)

    def canvas(self) -> PdfCanvas:
        """A canvas whose corner is where the text stands."""
        return PdfCanvas(self.pdf, MARGIN_MM, self.pdf.get_y(), self._put)

    def words(
        self,
        words: str,
        size: float = BODY,
        bold: bool = False,
        colour: str = INK.text,
        indent: float = 0.0,
        keep: float = 0.0,
    ) -> None:
        """A paragraph; ``keep`` (mm) is room that must be left on the page, or it begins on the next."""
        if keep and self.pdf.get_y() + keep > PAGE_MM[1] - FOOT_MM:
            self.pdf.add_page()
        self.pdf.set_text_color(colour)
        self.pdf.set_x(MARGIN_MM + indent)
        written = self._choose_font(words, size, bold)
        height = LINE_MM * max(1.0, size / BODY)
        self.pdf.multi_cell(0, height, written, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _put(self, x: float, y: float, words: str, size: float, anchor: Anchor) -> None:
        written = self._choose_font(words, size)
        width = self.pdf.get_string_width(written)
        self.pdf.text(x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor], y, written)

    def _choose_font(self, words: str, size: float, bold: bool = False) -> str:
        """Set a font that has the letters; gives the words with a question mark for each that none has."""
        written = unicodedata.normalize("NFC", fonts.plain(words))
        if fonts.is_latin(written):
            self.pdf.set_font(OWN_FONT, style="B" if bold else "", size=size)
            return written
        path = fonts.font_for(written)
        if path is None:
            self.pdf.set_font(OWN_FONT, style="B" if bold else "", size=size)
            return _known_letters(written)
        if path not in self._embedded:
            self._embedded[path] = f"machine{len(self._embedded)}"
            self.pdf.add_font(self._embedded[path], fname=path)
        self.pdf.set_font(self._embedded[path], size=size)
        return written


def _known_letters(words: str) -> str:
    return words.encode("latin-1", "replace").decode("latin-1")
