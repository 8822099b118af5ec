"""Read a scan: bytes to pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from PIL import features

from invoice_lab.errors import ScanError
from invoice_lab.ocr.arbitration import Sheet, Support, arbitrate
from invoice_lab.ocr.beside import rest_of
from invoice_lab.ocr.boxes import with_boxes
from invoice_lab.ocr.decode import Limits, Pixels, decode
from invoice_lab.ocr.drawn import DrawnReading, read_drawn
from invoice_lab.ocr.drawn_layout import drawn_layout
from invoice_lab.ocr.engines import LineCache, OcrEngine, RememberingEngine, load_engine
from invoice_lab.ocr.labels import LabelReading, read_by_labels
from invoice_lab.ocr.landmarks import pose_by_labels
from invoice_lab.ocr.layouts import Layout, layout_of_payload, layout_of_text, load_layouts
from invoice_lab.ocr.page import Box, Field, Page, shortened
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.plain import read_plain
from invoice_lab.ocr.pose import Pose
from invoice_lab.ocr.preprocess import Upright, as_scanned, crop_to_ink, upright
from invoice_lab.ocr.qrcode import QrCode
from invoice_lab.ocr.recent import remember
from invoice_lab.ocr.rows import Row, read_rows
from invoice_lab.ocr.sheets import FOOT, is_headless, join_sheets
from invoice_lab.ocr.turns import OTHER_WAYS, as_it_lies, codes_of, is_paper, quarters, turned_back
from invoice_lab.ocr.unknown import read_unknown
from invoice_lab.sources.scan import Scan

TELLING = ("invoice_id", "issued_at", "total")
"""Fields of which one at least shows that there is an invoice; names and addresses are read into noise, too."""
FACTOR = 1.5
"""Enlargement of the page at the layout's scale (letters of 12 to 24 px): the best of 1, 1.5, 2 and 3 for ``fra``."""
DRAWING = "drawing"
"""What stands for an engine on pages that were read by drawing them."""
DRAWING_VERSION = f"FreeType {features.version('freetype2')}"
"""What draws the glyphs that pages are compared with."""
QR_FIELDS = ("number", "category", "gender", "birth_date")


class Reader:
    """Reads scans with one OCR engine.

    Parameters
    ----------
    engine : str or OcrEngine
        An engine, or its name: then nothing else reads. ``auto``: pages of layouts whose drawing is known are read by
        drawing them, all others by the default engine.
    limits : Limits, optional
        What a scan may measure.
    lines : LineCache, optional
        What is known of lines that were read before; they are not read again.

    Examples
    --------
    >>> from invoice_lab.ocr.read import Reader  # doctest: +SKIP
    >>> pages = Reader("tesserocr").read(scan)  # doctest: +SKIP
    """

    def __init__(
        self, engine: str | OcrEngine = "auto", limits: Limits | None = None, lines: LineCache | None = None
    ) -> None:
        self.by_drawing = engine == "auto"
        self.engine = load_engine(engine) if isinstance(engine, str) else engine
        if lines is not None:
            self.engine = RememberingEngine(self.engine, lines)
        self.limits = limits or Limits()

    def read(self, scan: Scan) -> tuple[Page, ...]:
        """Read the invoices of a scan.

        Returns
        -------
        tuple of Page
            One page an invoice, numbered as parts. Where there is none, or the bytes are no usable picture, one page
            with a problem.
        """
        remember(scan)
        blank = Page(scan.sha256, engine=self.engine.name, engine_version=self.engine.version)
        try:
            return join_sheets(list(self._sheets(decode(scan.data, self.limits), blank)))
        except ScanError as error:
            return (blank.with_problem(error.code, error.message),)

    def _sheets(self, sheets: Sequence[Pixels], blank: Page) -> Iterator[Page]:
        """Read sheet by sheet; one without a header is read as the layout before it."""
        before: Layout | None = None
        for number, rgb in enumerate(sheets):
            page = self._sheet(rgb, replace(blank, width=rgb.shape[1], height=rgb.shape[0]), before)
            before = load_layouts().get(page.layout or "", None if page.fields else before)
            placed = with_boxes(page, partial(replace, sheet=number))
            yield replace(placed, turns={number: page.turns[0]} if page.turns else {})

    def _sheet(self, rgb: Pixels, page: Page, before: Layout | None) -> Page:
        """Read a sheet, however it lies: as its code shows, else whichever way something is read."""
        grey = to_grey(rgb)
        plain = read_plain(rgb, grey) if self.by_drawing else None
        if plain:
            layout, code, reading = plain
            read = _drawn_page(replace(page, qr=code.payload), layout, reading)
            if _is_sound(read):
                return read
        codes = codes_of(grey)
        turns = quarters(codes[0]) if codes else 0
        read = self._turned(rgb, page, turns, before, codes)
        if read.problem and read.problem.code == "no-invoice" and is_paper(grey):
            others = (self._turned(rgb, page, (turns + way) % 4, before, codes) for way in OTHER_WAYS)
            return next((other for other in others if other.problem is None), read)
        return read

    def _turned(self, rgb: Pixels, page: Page, turns: int, before: Layout | None, codes: list[QrCode]) -> Page:
        if turns:
            rgb = turned_back(rgb, turns)
            codes = codes_of(to_grey(rgb)) if codes else []
        read = self._upright(rgb, page, before, codes[0] if codes else None)
        payloads = list(dict.fromkeys(code.payload for code in codes if layout_of_payload(code.payload)))
        if len(payloads) > 1:
            shown = ", ".join(repr(shortened(payload)) for payload in payloads)
            read = read.with_doubt("several-invoices", f"QR codes of several invoices are on the page: {shown}.")
        return as_it_lies(read, turns, (page.width, page.height))

    def _upright(self, rgb: Pixels, page: Page, before: Layout | None, qr: QrCode | None) -> Page:
        page = replace(page, qr=qr.payload if qr else None)
        coded = layout_of_payload(qr.payload) if qr else None
        drawn = self._by_drawing(rgb, page, coded, qr)
        if drawn and _is_sound(drawn):
            return drawn
        picture = upright(to_grey(rgb), qr, coded)
        rows = self._rows(picture)
        layout = _layout_of(rows, coded)
        if layout is None:
            return self._unknown(rgb, page, picture, rows, before)
        if drawn is None or layout is not coded:
            drawn = self._by_landmarks(rgb, page, layout, qr if layout is coded else None, rows=rows, picture=picture)
            if drawn and drawn.lines:
                return drawn
        if layout is not coded:
            picture = upright(to_grey(rgb), qr, layout)  # now it is known where pictures are, and how dark ink is
            rows = self._rows(picture)
        if drawn and drawn.lines:
            return drawn
        read = self._fields(to_grey(rgb), page, picture, rows, layout)
        if drawn and read.lines:  # the table has no foot: it goes on on another sheet
            return replace(read, fields=read.fields | _header_of(drawn), doubts=(*drawn.doubts, *read.doubts))
        return drawn or read

    def _rows(self, picture: Upright) -> list[Row]:
        return read_rows(self.engine, picture, FACTOR / picture.scale)

    def _by_drawing(
        self, rgb: Pixels, page: Page, layout: Layout | None, qr: QrCode | None, guess: Pose | None = None
    ) -> Page | None:
        """Read a page of a layout whose drawing is known; None where it is not, or the page is not found to be one."""
        drawn = drawn_layout(layout) if layout and self.by_drawing else None
        reading = read_drawn(rgb, drawn, qr, guess) if drawn else None
        if layout is None or reading is None:
            return None
        return self._alone(_drawn_page(page, layout, reading), to_grey(rgb), reading.areas, layout, qr)

    def _by_landmarks(
        self, rgb: Pixels, page: Page, layout: Layout, qr: QrCode | None, *, rows: list[Row], picture: Upright
    ) -> Page | None:
        """Read a page by drawing, from where the labels that OCR read put it."""
        drawn = drawn_layout(layout) if self.by_drawing else None
        guess = pose_by_labels(rows, picture, drawn, qr) if drawn else None
        return self._by_drawing(rgb, page, layout, qr, guess) if guess or not qr else None

    def _alone(self, page: Page, grey: Pixels, areas: Sequence[Box], layout: Layout, qr: QrCode | None) -> Page:
        """Return the page, with a doubt where another invoice stands beside what was read."""
        rest = rest_of(grey, areas)
        other = read_unknown(self._rows(upright(rest, qr, layout)), self.engine.name) if rest is not None else None
        if other is None or not any(name in other.fields and other.fields[name].value for name in TELLING):
            return page
        said = ", ".join(f"{name} {shortened(field.raw)!r}" for name, field in other.fields.items())
        return page.with_doubt("several-invoices", f"Another invoice stands on the page: {said}.")

    def _unknown(self, rgb: Pixels, page: Page, picture: Upright, rows: list[Row], before: Layout | None) -> Page:
        """Read a page of no known layout by general labels; say that it is no invoice where there are none."""
        page = replace(page, text=_text(rows))
        if crop_to_ink(picture.grey, 0) is None:
            return page.with_problem("blank-page", "The page is blank.")
        reading = read_unknown(rows, self.engine.name)
        read = _with_reading(page, picture, reading) if reading else page
        if before and is_headless(read):
            continued = self._continued(rgb, page, before)
            read = continued if continued.lines or continued.fields else read
        if not read.fields and not read.lines:
            return page.with_problem(
                "no-invoice", "Neither an invoice's QR code nor its labels and lines are on the page."
            )
        return read

    def _continued(self, rgb: Pixels, page: Page, layout: Layout) -> Page:
        """Read a sheet without a header as one that continues an invoice of a layout."""
        read = self._by_drawing(rgb, page, layout, None)
        if read is None or not _lines_whole(read):
            picture = upright(to_grey(rgb), None, layout)
            read = self._fields(to_grey(rgb), page, picture, self._rows(picture), layout)
        return replace(read, fields={name: field for name, field in read.fields.items() if name in FOOT})

    def _fields(self, grey: Pixels, page: Page, picture: Upright, rows: list[Row], layout: Layout) -> Page:
        def reread(area: Box, factor: float, characters: str = "") -> list[Row]:
            return read_rows(self.engine, picture, factor / picture.scale, area, characters)

        sheet = Sheet.of(as_scanned(picture, grey), layout)
        reading = read_by_labels(rows, layout, reread, self.engine.name, Support(sheet, layout).bears_out)
        reading = arbitrate(reading, sheet, layout, self.engine.name)
        page = _with_reading(replace(page, layout=layout.name, text=_text(rows)), picture, reading)
        if "invoice_id" in page.doubled:
            page = page.with_doubt("several-invoices", "Several invoice ids stand on the page.")
        return replace(page, fields=page.fields | _qr_fields(page.qr, layout))


def _drawn_page(page: Page, layout: Layout, reading: DrawnReading) -> Page:
    return replace(
        page,
        layout=layout.name,
        currency=layout.currency,
        engine=DRAWING,
        engine_version=DRAWING_VERSION,
        text=reading.text,
        fields=reading.fields | _qr_fields(page.qr, layout),
        lines=tuple(reading.lines),
    )


def _is_sound(page: Page) -> bool:
    """Tell whether what was read by drawing is of the layout that the code names."""
    return bool(page.lines) and page.value("invoice_id") == page.value("qr_invoice_id")


def _header_of(page: Page) -> dict[str, Field]:
    """Return the fields above the lines that were read."""
    return {name: field for name, field in page.fields.items() if name not in FOOT and field.value is not None}


def _lines_whole(page: Page) -> bool:
    """Tell whether there are lines, and nothing of them could not be read."""
    return bool(page.lines) and all(field.value for line in page.lines for field in vars(line).values() if field)


def _layout_of(rows: list[Row], coded: Layout | None) -> Layout | None:
    """Return the layout that a page's text shows; that of its code where the text doesn't show another one."""
    text = _text(rows)
    if coded and coded.invoice_id.read(text):
        return coded
    return layout_of_text(text) or coded


def _text(rows: list[Row]) -> str:
    # a zero character can be kept neither in PostgreSQL's text nor in JSON there
    return "\n".join(row.text for row in rows).replace("\0", "")


def _with_reading(page: Page, picture: Upright, reading: LabelReading) -> Page:
    read = replace(page, currency=reading.currency, fields=reading.fields, lines=reading.lines, doubled=reading.doubled)
    return with_boxes(read, picture.on_scan)


def _qr_fields(payload: str | None, layout: Layout) -> dict[str, Field]:
    """Return the fields that stand in the QR code alone, and the code's own id and date beside the printed ones."""
    found: Mapping[str, str] = (layout.payload_fields(payload) if payload else None) or {}
    names = {name: name if name in QR_FIELDS else f"qr_{name}" for name in found}
    return {names[name]: Field(raw, raw.strip() or None, None, 1.0, "qr") for name, raw in found.items()}
