"""Read a scan: bytes to pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from invoice_lab.errors import ScanError
from invoice_lab.ocr.decode import Limits, Pixels, decode
from invoice_lab.ocr.engines import OcrEngine, load_engine
from invoice_lab.ocr.header import header_rows, parse, value_box
from invoice_lab.ocr.layouts import Layout, layout_of_payload, layout_of_text, load_layouts
from invoice_lab.ocr.lines import ReadNumbers, read_lines
from invoice_lab.ocr.page import Box, Field, LineReading, Page
from invoice_lab.ocr.preprocess import Upright, crop_to_ink, to_grey, upright
from invoice_lab.ocr.qrcode import QrCode, read_qr
from invoice_lab.ocr.rows import Row, read_rows
from invoice_lab.ocr.votes import Vote, elect
from invoice_lab.sources.scan import Scan

FACTOR = 1.5
"""Enlargement of the page at the layout's scale (letters of 12 to 24 px): the best of 1, 1.5, 2 and 3 for ``fra``."""
AGAIN_FACTORS = (2.0, 1.25, 2.5)
"""Enlargements of a header row that is read again, one after the other until two readings agree."""
READ_TWICE = ("invoice_id", "issued_at")
"""Fields of digits: one wrong digit has the right form all the same. The others are read again only without form."""
NUMBER_FACTORS = (1.5, 2.0, 3.0)
"""Enlargements of the number column, tried one after the other on rows that had not the numbers' form."""

QR_FIELDS = ("number", "category", "gender", "birth_date")


class Reader:
    """Reads scans with one OCR engine.

    Parameters
    ----------
    engine : str or OcrEngine
        An engine, its name, or ``auto``.
    limits : Limits, optional
        What a scan may measure.

    Examples
    --------
    >>> from invoice_lab.ocr.read import Reader  # doctest: +SKIP
    >>> pages = Reader("tesserocr").read(scan)  # doctest: +SKIP
    """

    def __init__(self, engine: str | OcrEngine = "auto", limits: Limits | None = None) -> None:
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
        qr = read_qr(grey)
        layout = layout_of_payload(qr.payload) if qr else None
        picture = upright(grey, qr, layout)
        rows = read_rows(self.engine, picture, FACTOR / picture.scale)
        text = "\n".join(row.text for row in rows)
        layout = layout or layout_of_text(text)
        page = replace(page, qr=qr.payload if qr else None, text=text.replace("\0", ""))
        if layout:
            return self._fields(page, picture, rows, layout, qr)
        return self._unknown(page, picture, rows)

    def _unknown(self, page: Page, picture: Upright, rows: list[Row]) -> Page:
        """Read a page of no known layout by the labels of any; say that it is none where there are no such labels."""
        if crop_to_ink(picture.grey, 0) is None:
            return page.with_problem("blank-page", "The page is blank.")
        readings = [self._fields(page, picture, rows, layout, None) for layout in load_layouts().values()]
        best = max(readings, key=_substance)
        if _substance(best) < 2:
            return page.with_problem(
                "no-invoice", "Neither an invoice's QR code nor its labels and lines are on the page."
            )
        return replace(best, layout=None)

    def _fields(self, page: Page, picture: Upright, rows: list[Row], layout: Layout, qr: QrCode | None) -> Page:
        header = header_rows(rows, layout)
        fields = {name: self._header_field(name, raw, row, picture, layout) for name, (raw, row) in header.items()}
        used = {id(row) for _, row in header.values()}
        body = [row for row in rows if id(row) not in used]
        lines, total = read_lines(body, layout, self._number_reader(picture, layout), self.engine.name)
        if total:
            fields["total"] = total
        fields = {name: _on_scan(field, picture) for name, field in fields.items()}
        return replace(
            page,
            layout=layout.name,
            currency=layout.currency,
            fields=fields | _qr_fields(qr, layout),
            lines=tuple(_line_on_scan(line, picture) for line in lines),
        )

    def _header_field(self, name: str, raw: str, row: Row, picture: Upright, layout: Layout) -> Field:
        value = parse(name, raw, layout)
        box = value_box(row, raw)
        if value is not None and name not in READ_TWICE:
            return Field(raw, value, box, row.confidence, self.engine.name)
        chosen = elect(self._header_votes(name, raw, row, picture, layout))
        return Field(chosen.raw, chosen.value, box, chosen.confidence, self.engine.name)

    def _header_votes(self, name: str, raw: str, row: Row, picture: Upright, layout: Layout) -> Iterator[Vote[str]]:
        """Give the readings of a header row: the page's, then the row alone at other sizes."""
        yield Vote(parse(name, raw, layout), raw, row.confidence)
        box, margin = row.box, round(6 * picture.scale)
        area = Box(box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin)
        for factor in AGAIN_FACTORS:
            for other in read_rows(self.engine, picture, factor / picture.scale, area):
                again, _ = header_rows([other], layout).get(name, (other.text, other))
                yield Vote(parse(name, again, layout), again, other.confidence)

    def _number_reader(self, picture: Upright, layout: Layout) -> ReadNumbers:
        characters = "0123456789." + "".join(sorted(set(layout.lines.unit + layout.lines.joiner)))

        def again(area: Box, attempt: int) -> list[Row]:
            return read_rows(self.engine, picture, NUMBER_FACTORS[attempt] / picture.scale, area, characters)

        return again


def _substance(page: Page) -> int:
    """Count what was found on a page: header fields, a total, product lines."""
    return sum(field.value is not None for field in page.fields.values()) + min(len(page.lines), 1)


def _qr_fields(qr: QrCode | None, layout: Layout) -> dict[str, Field]:
    """Return the fields that stand in the QR code alone, and the code's own id and date beside the printed ones."""
    found: Mapping[str, str] = (layout.payload_fields(qr.payload) if qr else None) or {}
    names = {name: name if name in QR_FIELDS else f"qr_{name}" for name in found}
    return {names[name]: Field(raw, raw.strip() or None, None, 1.0, "qr") for name, raw in found.items()}


def _on_scan(field: Field, picture: Upright) -> Field:
    return replace(field, box=picture.on_scan(field.box)) if field.box else field


def _line_on_scan(line: LineReading, picture: Upright) -> LineReading:
    return LineReading(*(_on_scan(field, picture) for field in (line.product, line.quantity, line.unit_price)))
