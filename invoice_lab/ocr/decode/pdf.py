"""PDF to pixels, by pdfium: scanned pages at the resolution of their scan, others at one that is good for reading."""

from __future__ import annotations

import math
import threading
from typing import NamedTuple

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from invoice_lab.errors import ScanError
from invoice_lab.ocr.decode.limits import Limits, Pixels, Size

TEXT_DPI = 200
"""Pixels an inch of a page that is no scan: letters of 10 points are 28 pixels high, as OCR engines like them."""
COVERED = 0.9
"""Share of a page that pictures must cover for the page to be a scan."""
SIZEABLE = 0.05
"""Share of a page from which on a picture counts among them, and is no logo."""
SQUARE = 0.02
"""How far the resolutions across and down may differ and still be followed apart, so that pixels stay exact."""
INSET = 0.1
"""Pixels by which a picture is drawn in from its edges. pdfium widens a picture to whole pixels of the sheet: without
this, an error of rounding makes 851 pixels of a scan's 850, and blurs them all."""

_pdfium = threading.Lock()
"""pdfium may not be called by two threads at once, whatever the documents."""


def decode_pdf(data: bytes, limits: Limits) -> tuple[Pixels, ...]:
    """Draw the pages of a PDF, with annotations and filled forms.

    Parameters
    ----------
    data : bytes
        The file.
    limits : Limits
        A page that would be larger than these at its resolution is drawn smaller.

    Returns
    -------
    tuple of ndarray of uint8, each of shape (height, width, 3)
        RGB on white. A page that is one scanned picture has that picture's size.

    Raises
    ------
    ScanError
        Where the file is damaged, protected by a password, or beyond the limits.
    """
    with _pdfium, _opened(data) as document:
        if len(document) < 1:
            raise ScanError("damaged-file", "The PDF has no pages.")
        limits.check_count(len(document))
        document.init_forms()
        pages = [_page(document, number) for number in range(len(document))]
        sizes = [_size(page, limits) for page in pages]
        limits.check_sizes(sizes)
        return tuple(_draw(page, size) for page, size in zip(pages, sizes, strict=True))


def _opened(data: bytes) -> pdfium.PdfDocument:
    # Not by PdfDocument(data): for a file without pages that reports the error of whichever file was opened before.
    raw = pdfium_c.FPDF_LoadMemDocument64(data, len(data), None)
    if raw:
        return pdfium.PdfDocument(raw)
    if pdfium_c.FPDF_GetLastError() in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
        message = "The PDF is protected by a password; save it without one and hand it in again."
        raise ScanError("encrypted-file", message)
    raise ScanError("damaged-file", "The PDF is cut off or damaged.")


def _page(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    try:
        return document[number]
    except pdfium.PdfiumError as error:
        raise ScanError("damaged-file", f"Sheet {number + 1} of the PDF is damaged.") from error


def _size(page: pdfium.PdfPage, limits: Limits) -> Size:
    """Return the pixels of a page's drawing, no more than the limits allow."""
    across, down = _resolution(page, limits)
    width, height = page.get_width() * across, page.get_height() * down
    fit = min(limits.longest_side / max(width, height, 1), math.sqrt(limits.megapixels * 1e6 / max(width * height, 1)))
    return (round(width), round(height)) if fit >= 1 else (int(width * fit), int(height * fit))


def _resolution(page: pdfium.PdfPage, limits: Limits) -> tuple[float, float]:
    """Return pixels a point across and down a page as it is shown."""
    text = TEXT_DPI / 72
    scan, written = _scan(page, limits)
    if sum(picture.area for picture in scan) < COVERED * page.get_width() * page.get_height():
        return text, text
    across, down = max(picture.across for picture in scan), max(picture.down for picture in scan)
    if max(across, down) > (1 + SQUARE) * min(across, down):
        across = down = max(across, down)
    if written:
        across, down = max(across, text), max(down, text)
    return (down, across) if page.get_rotation() in (90, 270) else (across, down)


class _Picture(NamedTuple):
    """A picture on a page: its area in square points, its pixels a point along the sides of the unrotated page."""

    area: float
    across: float
    down: float


def _scan(page: pdfium.PdfPage, limits: Limits) -> tuple[list[_Picture], bool]:
    """Return the sizeable pictures of a page, and whether something is drawn over them: a stamp, typed words."""
    least = SIZEABLE * page.get_width() * page.get_height()
    sizes, pictures, written = [], [], False
    for thing in page.get_objects():
        if isinstance(thing, pdfium.PdfImage):
            sizes.append(thing.get_px_size())
            limits.check_picture(*sizes[-1])
            picture = _picture(thing, *sizes[-1])
            pictures += [picture] if picture and picture.area >= least else []
        elif pictures and _is_visible(thing):
            written = True
    limits.check_total(sizes, "pictures of a page")
    return pictures, written


def _picture(image: pdfium.PdfImage, across: int, down: int) -> _Picture | None:
    """Measure a picture of so many pixels by the matrix that takes its unit square to the page (ISO 32000-1, 8.9.5)."""
    matrix = image.get_matrix()
    if across and down:
        inset = (INSET / across, INSET / down)
        image.set_matrix(pdfium.PdfMatrix(1 - 2 * inset[0], 0, 0, 1 - 2 * inset[1], *inset).multiply(matrix))
    form = image.container
    while form:
        matrix, form = matrix.multiply(form.get_matrix()), form.container
    width, height = math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d)
    if not width * height * across * down:
        return None
    along, up = across / width, down / height
    lies = abs(matrix.b) > abs(matrix.a)
    return _Picture(width * height, *((up, along) if lies else (along, up)))


def _is_visible(thing: pdfium.PdfObject) -> bool:
    """Tell whether an object leaves ink: the text that an OCR program laid over a scan doesn't."""
    if thing.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
        return pdfium_c.FPDFTextObj_GetTextRenderMode(thing) != pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE
    return thing.type != pdfium_c.FPDF_PAGEOBJ_FORM


def _draw(page: pdfium.PdfPage, size: Size) -> Pixels:
    """Draw a page on white, stretched to whole pixels: `PdfPage.render` rounds their number up."""
    bitmap = pdfium.PdfBitmap.new_native(*size, pdfium_c.FPDFBitmap_BGR, rev_byteorder=True)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
    place = (bitmap, page, 0, 0, *size, 0, pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_REVERSE_BYTE_ORDER)
    pdfium_c.FPDF_RenderPageBitmap(*place)
    if page.formenv:
        pdfium_c.FPDF_FFLDraw(page.formenv, *place)
    return np.array(bitmap.to_numpy(), order="C")
