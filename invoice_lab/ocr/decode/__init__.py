"""Bytes to pixels: one RGB array on white for each sheet of a file, within limits."""

from __future__ import annotations

import re

from invoice_lab.errors import ScanError
from invoice_lab.ocr.decode.limits import Limits, Pixels
from invoice_lab.ocr.decode.picture import decode_picture

__all__ = ["FORMATS", "SUFFIXES", "Limits", "Pixels", "decode"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".pdf")
"""The endings, in lower case, of the files in a folder that are taken for scans."""
FORMATS = "PNG, JPEG, TIFF, WebP, BMP or PDF"
"""The formats that can be read, for messages."""

MARKS = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "WEBP": rb"RIFF.{4}WEBP",
    "BMP": rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "PDF": rb".{0,1019}%PDF-",
}
"""How files begin. BMP's own two letters begin many a text too: the size of its second header is asked for. A PDF may
have up to 1 KB of other things before its mark (PDF 1.7, ISO 32000-1, annex H.3)."""


def decode(data: bytes, limits: Limits | None = None) -> tuple[Pixels, ...]:
    """Decode a picture or a PDF into its sheets.

    What a file is its first bytes tell, not its name. A TIFF has a sheet for each of its pages (thumbnails and masks
    are none), a PDF too; any other picture has one (of an animation the first).

    Parameters
    ----------
    data : bytes
        The file.
    limits : Limits, optional

    Returns
    -------
    tuple of ndarray of uint8, each of shape (height, width, 3)
        RGB, in the order of the file; what is transparent is composited on white, 16 bits a channel are cut to the
        upper 8; a camera's orientation mark and a PDF page's rotation are followed.

    Raises
    ------
    ScanError
        With the code ``empty-file``, ``not-an-image``, ``damaged-file``, ``encrypted-file``, ``too-large``,
        ``too-small`` or ``too-many-sheets``. A file is usable as a whole or not at all.
    """
    limits = limits or Limits()
    if not data:
        raise ScanError("empty-file", "The file has no bytes.")
    limits.check_file(len(data))
    kind = next((kind for kind, mark in MARKS.items() if re.match(mark, data, re.DOTALL)), None)
    if kind is None:
        raise ScanError("not-an-image", f"The file is no {FORMATS}: it begins with {data[:8]!r}.")
    if kind == "PDF":
        # pdfium takes 10 MB of memory, which a batch of pictures need not spend.
        from invoice_lab.ocr.decode.pdf import decode_pdf

        return decode_pdf(data, limits)
    plain = _plain_png(data, limits) if kind == "PNG" else None
    return (plain,) if plain is not None else decode_picture(data, kind, limits)


def _plain_png(data: bytes, limits: Limits) -> Pixels | None:
    # numba takes half a second to load, which who only asks for the suffixes need not spend.
    from invoice_lab.ocr.decode.png import decode_png

    return decode_png(data, limits)
