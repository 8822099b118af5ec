"""Read a scan: bytes to pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PIL import features

from invoice_lab.errors import ScanError
from invoice_lab.ocr.arbitration import arbitrate
from invoice_lab.ocr.decode import Limits, Pixels, decode
from invoice_lab.ocr.drawn import read_drawn
from invoice_lab.ocr.drawn_layout import drawn_layout
from invoice_lab.ocr.engines import OcrEngine, load_engine
from invoice_lab.ocr.labels import LabelReading, read_by_labels
from invoice_lab.ocr.layouts import Layout, layout_of_payload, layout_of_text
from invoice_lab.ocr.page import Box, Field, LineReading, Page
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.preprocess import Upright, crop_to_ink, upright
from invoice_lab.ocr.qrcode import QrCode, read_codes
from invoice_lab.ocr.rows import Row, read_rows
from invoice_lab.ocr.unknown import read_unknown
from invoice_lab.sources.scan import Scan

FACTOR = 1.5
"""Enlargement of the page at the layout's scale (letters of 12 to 24 px): the best of 1, 1.5, 2 and 3 for ``fra``."""
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

    Examples
    --------
    >>> from invoice_lab.ocr.read import Reader  # doctest: +SKIP
    >>> pages = Reader("tesserocr").read(scan)  # doctest: +SKIP
    """

    def __init__(self, engine: str | OcrEngine = "auto", limits: Limits | None = None) -> None:
        self.by_drawing = engine == "auto"
        self.engine = load_engine(engine) if isinstance(engine, str) else engine
        self.limits = limits or Limits()

    def read(self, scan: Scan) -> tuple[Page, ...]:
        """Read the invoices of a scan.

        Returns
        -------
        tuple of Page
            One page an invoice. Where there is none, or the bytes are no usable picture, one page with a problem.
        """
        blank = Page(scan.sha256, engine=self.engine.name, engine_version=self.engine.version)
        try:
            sheets = decode(scan.data, self.limits)
            return tuple(
                self._read_page(rgb, replace(blank, width=rgb.shape[1], height=rgb.shape[0])) for rgb in sheets
            )
        except ScanError as error:
            return (blank.with_problem(error.code, error.message),)

    def _read_page(self, rgb: Pixels, page: Page) -> Page:
        grey = to_grey(rgb)
        codes = read_codes(grey)
        qr = codes[0] if codes else None
        several = ("qr",) if len({code.payload for code in codes}) > 1 else ()
        page = replace(page, qr=qr.payload if qr else None)
        layout = layout_of_payload(qr.payload) if qr else None
        drawn = self._by_drawing(rgb, page, layout, qr)
        read = drawn or self._by_labels(rgb, grey, page, layout, qr)
        return replace(read, doubled=(*several, *read.doubled))

    def _by_labels(self, rgb: Pixels, grey: Pixels, page: Page, layout: Layout | None, qr: QrCode | None) -> Page:
        picture = upright(grey, qr, layout)
        rows = read_rows(self.engine, picture, FACTOR / picture.scale)
        text = "\n".join(row.text for row in rows)
        page = replace(page, text=text.replace("\0", ""))
        if layout:
            return self._fields(page, picture, rows, layout, qr)
        layout = layout_of_text(text)
        if layout is None:
            return self._unknown(page, picture, rows)
        return self._by_drawing(rgb, page, layout, None) or self._fields(page, picture, rows, layout, qr)

    def _by_drawing(self, rgb: Pixels, page: Page, layout: Layout | None, qr: QrCode | None) -> Page | None:
        """Read a page of a layout whose drawing is known; None where it is not, or the page is not found to be one."""
        drawn = drawn_layout(layout) if layout and self.by_drawing else None
        reading = read_drawn(rgb, drawn, qr) if drawn else None
        if layout is None or reading is None:
            return None
        return replace(
            page,
            layout=layout.name,
            currency=layout.currency,
            engine="drawing",
            engine_version=DRAWING_VERSION,
            text=reading.text,
            fields=reading.fields | _qr_fields(qr, layout),
            lines=tuple(reading.lines),
        )

    def _unknown(self, page: Page, picture: Upright, rows: list[Row]) -> Page:
        """Read a page of no known layout by general labels; say that it is no invoice where there are none."""
        if crop_to_ink(picture.grey, 0) is None:
            return page.with_problem("blank-page", "The page is blank.")
        reading = read_unknown(rows, self.engine.name)
        if reading is None:
            return page.with_problem(
                "no-invoice", "Neither an invoice's QR code nor its labels and lines are on the page."
            )
        return _with_reading(page, picture, reading)

    def _fields(self, page: Page, picture: Upright, rows: list[Row], layout: Layout, qr: QrCode | None) -> Page:
        def reread(area: Box, factor: float, characters: str = "") -> list[Row]:
            return read_rows(self.engine, picture, factor / picture.scale, area, characters)

        reading = read_by_labels(rows, layout, reread, self.engine.name)
        reading = arbitrate(reading, picture, layout, self.engine.name)
        page = _with_reading(replace(page, layout=layout.name), picture, reading)
        return replace(page, fields=page.fields | _qr_fields(qr, layout))


def _with_reading(page: Page, picture: Upright, reading: LabelReading) -> Page:
    return replace(
        page,
        currency=reading.currency,
        fields={name: _on_scan(field, picture) for name, field in reading.fields.items()},
        lines=tuple(_line_on_scan(line, picture) for line in reading.lines),
        doubled=reading.doubled,
    )


def _qr_fields(qr: QrCode | None, layout: Layout) -> dict[str, Field]:
    """Return the fields that stand in the QR code alone, and the code's own id and date beside the printed ones."""
    found: Mapping[str, str] = (layout.payload_fields(qr.payload) if qr else None) or {}
    names = {name: name if name in QR_FIELDS else f"qr_{name}" for name in found}
    return {names[name]: Field(raw, raw.strip() or None, None, 1.0, "qr") for name, raw in found.items()}


def _on_scan(field: Field, picture: Upright) -> Field:
    return replace(field, box=picture.on_scan(field.box)) if field.box else field


def _line_on_scan(line: LineReading, picture: Upright) -> LineReading:
    found = {name: _on_scan(field, picture) for name, field in vars(line).items() if field is not None}
    return replace(line, **found)
