"""The scans that are difficult or wrong: one small named function each, and what a reader should say of them.

Those that tamper change what is printed (the record); those that damage change the picture.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from invoice_lab.samples.damage.place import turned
from invoice_lab.samples.damage.tone import blur
from invoice_lab.samples.landscape import draw_landscape
from invoice_lab.samples.page import MODULE, QR_AT, QUIET_ZONE, SIZE, draw_page, qr_code, total_y
from invoice_lab.samples.truth import Expected, Layout, Record, qr_payload

Edit = Callable[[Record, Random], None]
Draw = Callable[[Record, Random], Image.Image]
BOTH: tuple[Layout, ...] = ("fac-2018", "fac-2019")
MOVED_RIGHT, MOVED_DOWN, FOOT = (15, 60), (8, 24), 60
"""Ranges of a moved header, and the space left below a table at the bottom, in pixels."""


def composite(page: Image.Image) -> Image.Image:
    """Lay a page with transparent ink on white paper, as a scanner would see it: RGB."""
    paper = Image.new("RGBA", page.size, "white")
    paper.alpha_composite(page)
    return paper.convert("RGB")


def plain(record: Record, _rng: Random) -> Image.Image:
    """Draw the page as it is."""
    return draw_page(record)


# Tampering: what is printed


def nothing(_record: Record, _rng: Random) -> None:
    """Leave the record as it is."""


def wrong_total(record: Record, rng: Random) -> None:
    """Print a total that is not the sum of the lines."""
    more = Decimal(rng.choice(("0.10", "0.90", "1.00", "9.00", "10.00", "100.00")))
    record["total"] = str(Decimal(record["total"] or "0.00") + more)


def changed_quantity(record: Record, rng: Random) -> None:
    """Print another quantity on one line, the total unchanged."""
    line = rng.choice(record["lines"] or [])
    line["quantity"] = rng.choice([pieces for pieces in range(1, 10) if pieces != line["quantity"]])


def other_id(record: Record, rng: Random) -> None:
    """Print another number in the header than in the QR code; no invoice of the batch has it."""
    invoice_id = record["invoice_id"] or ""
    record["invoice_id"] = f"{invoice_id[:-4]}{rng.randint(6, 9)}{invoice_id[-3:]}"


def other_date(record: Record, rng: Random) -> None:
    """Print a date in the header that is some days before that of the QR code."""
    issued = datetime.fromisoformat(record["issued_at"] or "")
    record["issued_at"] = str(issued - timedelta(days=rng.randint(2, 20)))


def no_header(record: Record, _rng: Random) -> None:
    """Leave out the block of text at the top: number, date, name, e-mail, address."""
    record["invoice_id"] = record["issued_at"] = None
    if record["customer"]:
        record["customer"] |= {"name": None, "email": None, "address": []}


def impossible_birth_date(record: Record, rng: Random) -> None:
    """Put a birth date into the QR code that is no date, or not yet or no longer possible."""
    customer, issued = record["customer"], datetime.fromisoformat(record["issued_at"] or "")
    if customer is None or record["layout"] is None:
        return
    born = date.fromisoformat(customer["birth_date"] or "")
    customer["birth_date"] = rng.choice(
        (f"{born.year}-02-30", f"{born.year}-13-{born:%d}", f"{issued.year + 60}-{born:%m-%d}")
    )
    record["qr"] = qr_payload(record["layout"], record["invoice_id"] or "", issued, customer)


# Damage: the picture


def rotated(record: Record, rng: Random) -> Image.Image:
    """Turn the page by 1 to 3 degrees either way; the canvas grows, so nothing is cut off."""
    degrees = rng.choice((-1, 1)) * rng.uniform(1.0, 3.0)
    return turned(composite(draw_page(record)), degrees, grow=True)


def blurred(record: Record, rng: Random) -> Image.Image:
    """Blur the whole page a little."""
    return blur(composite(draw_page(record)), rng, sigma=rng.uniform(0.6, 0.9))


def qr_blurred(record: Record, rng: Random) -> Image.Image:
    """Blur the QR code so far that it can still be decoded."""
    page = draw_page(record)
    box = _qr_box(record)
    page.paste(page.crop(box).filter(ImageFilter.GaussianBlur(rng.uniform(1.0, 1.5))), box[:2])
    return page


def qr_unreadable(record: Record, rng: Random) -> Image.Image:
    """Spill ink over two corners of the QR code and smear the rest: nobody can decode it."""
    page = draw_page(record)
    box = _qr_box(record)
    code = page.crop(box)
    draw = ImageDraw.Draw(code)
    side, quiet = code.width, MODULE * QUIET_ZONE
    for x, y in ((quiet, quiet), (side - quiet - 24, quiet), (side // 2, side // 2)):
        draw.ellipse((x - 6, y - 4, x + rng.randint(26, 36), y + rng.randint(26, 36)), fill=(40, 38, 52, 255))
    page.paste(code.filter(ImageFilter.GaussianBlur(3)), box[:2])
    return page


def header_moved(record: Record, rng: Random) -> Image.Image:
    """Print the header block somewhat to the right and lower."""
    return draw_page(record, header_offset=(rng.randint(*MOVED_RIGHT), rng.randint(*MOVED_DOWN)))


def table_moved(record: Record, _rng: Random) -> Image.Image:
    """Print lines and total at the bottom of the page."""
    return draw_page(record, table_offset=(0, SIZE[1] - FOOT - total_y(record)))


def black_edge(record: Record, rng: Random) -> Image.Image:
    """Draw the black line that a scanner's lid leaves along the top edge."""
    page = draw_page(record)
    ImageDraw.Draw(page).rectangle((0, 0, SIZE[0], rng.randint(1, 4)), fill=(0, 0, 0, 255))
    return page


def scanned(record: Record, _rng: Random) -> Image.Image:
    """Lay the page on white and drop the alpha channel."""
    return composite(draw_page(record))


def rescanned(record: Record, rng: Random) -> Image.Image:
    """Scan the page a second time: shifted by a few pixels, on paper not quite white."""
    page = composite(draw_page(record))
    shifted = Image.new("RGB", page.size, "white")
    shifted.paste(page, (rng.randint(1, 4), rng.randint(1, 4)))
    return shifted.point(lambda value: value * 250 // 255)


def landscape(_record: Record, rng: Random) -> Image.Image:
    """Draw no invoice at all."""
    return draw_landscape(rng)


@dataclass(frozen=True)
class Trouble:
    """A kind of difficult or wrong scan.

    Attributes
    ----------
    status, finding : str or None
        What a reader should say; a status of None is not determined.
    edit : callable
        Changes the record in place: what is printed, and the QR code.
    draw : callable
        Draws the picture of the record.
    layouts : tuple of str
        The layouts that it can befall.
    suffix : str
        File format, ``.png`` or ``.jpg``.
    extra : bool
        Whether the scan comes beside the invoices (a duplicate, no invoice) rather than being one of them.
    """

    status: str | None = "accepted"
    finding: str | None = None
    edit: Edit = nothing
    draw: Draw = plain
    layouts: tuple[Layout, ...] = BOTH
    suffix: str = ".png"
    extra: bool = False


PLAIN, DUPLICATE, NO_INVOICE = "plain", "duplicate", "no-invoice"
# In this order they befall a batch, again from the first when all were there: a batch of 300 has each at least once.
# QR codes are unreadable on fac-2019 alone: on fac-2018 the time of day would be gone with them, and the truth with it.
TROUBLES: Mapping[str, Trouble] = {
    "rotated": Trouble(draw=rotated),
    "total-wrong": Trouble("review", "total-mismatch", edit=wrong_total),
    "qr-blurred": Trouble(draw=qr_blurred),
    DUPLICATE: Trouble(draw=rescanned, extra=True),
    "jpeg": Trouble(draw=scanned, suffix=".jpg"),
    NO_INVOICE: Trouble("rejected", "no-invoice", draw=landscape, suffix=".jpg", extra=True),
    "quantity-changed": Trouble("review", "total-mismatch", edit=changed_quantity),
    "blurred": Trouble(None, draw=blurred),
    "id-changed": Trouble("review", "id-mismatch", edit=other_id),
    "date-changed": Trouble("review", "date-mismatch", edit=other_date),
    "header-missing": Trouble("review", "field-missing", edit=no_header),
    "header-moved": Trouble(draw=header_moved),
    "table-moved": Trouble(draw=table_moved),
    "black-edge": Trouble(draw=black_edge),
    "birth-date-impossible": Trouble(
        "review", "birth-date-impossible", edit=impossible_birth_date, layouts=("fac-2018",)
    ),
    "qr-unreadable": Trouble("review", "qr-unreadable", draw=qr_unreadable, layouts=("fac-2019",)),
}
PLAIN_SCAN = Trouble()


def truth_of(record: Record, kind: str, rng: Random) -> tuple[Record, Record]:
    """Make what is drawn and what is true of a scan.

    Parameters
    ----------
    record : Record
        The invoice as it should be; it is not changed.
    kind : str
        A key of `TROUBLES`, or `PLAIN`.
    rng : Random
        The source of chance for the tampering.

    Returns
    -------
    drawn, truth : Record
        The record to draw from, and that of ``truth.jsonl``: without what nobody can read on the page.
    """
    trouble = TROUBLES.get(kind, PLAIN_SCAN)
    drawn = copy.deepcopy(record)
    trouble.edit(drawn, rng)
    truth = copy.deepcopy(drawn)
    if kind == NO_INVOICE:
        truth |= {
            "layout": None,
            "invoice_id": None,
            "issued_at": None,
            "customer": None,
            "lines": None,
            "total": None,
            "qr": None,
        }
    if kind == "qr-unreadable" and truth["customer"]:
        truth["qr"] = None
        truth["customer"] |= {"number": None, "category": None}
    truth["expected"] = Expected(status=trouble.status, finding=trouble.finding, kind=None if kind == PLAIN else kind)
    return drawn, truth


def _qr_box(record: Record) -> tuple[int, int, int, int]:
    side = qr_code(record["qr"] or "").width
    return (*QR_AT, QR_AT[0] + side, QR_AT[1] + side)
