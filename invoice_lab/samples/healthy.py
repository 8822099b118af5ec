"""Healthy pages, chosen evenly from a made-up business, and their files after a damage: to measure readers by."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, TypeVar

from PIL import Image

from invoice_lab.samples.business import make_invoices
from invoice_lab.samples.damage import damage
from invoice_lab.samples.page import draw_page
from invoice_lab.samples.troubles import composite
from invoice_lab.samples.truth import Record, chance

FEWEST_INVOICES = 300
"""Of so many invoices at least the pages are chosen: of few, all would be of the same few customers."""
LAYOUTS_OF_A_KIND = 3
"""A third of the invoices is of fac-2018: of so many times the pages wanted, there are enough of each layout."""

SHARE_LAID = 0.5
"""Share of damaged pages whose half-transparent ink is laid on white."""

Item = TypeVar("Item")


def healthy_records(count: int, seed: int, layout: str | None = None) -> list[Record]:
    """Make the truth of `count` healthy pages, a third of them of fac-2018 where no layout is asked for."""
    enough = max(FEWEST_INVOICES, LAYOUTS_OF_A_KIND * count)
    records = [record for record in make_invoices(enough, seed) if layout in (None, record["layout"])]
    named: list[Record] = [{**record, "file": _file_name(record)} for record in records]
    return spread(named, count, chance("drawn", seed))


def spread(items: Sequence[Item], count: int, rng: Random) -> list[Item]:
    """Choose `count` of the items at equal distances from a start drawn by chance; all where there are fewer."""
    if count >= len(items):
        return list(items)
    start = rng.random()
    return [items[int((start + number) * len(items) / count)] for number in range(count)]


def drawn_bytes(record: Mapping[str, Any]) -> bytes:
    """Draw a healthy page; return the bytes of its file."""
    return as_png(draw_page(record))


def damaged_bytes(data: bytes, kind: str, rng: Random) -> tuple[bytes, bool]:
    """Return the file of a damaged page and True, or the page's own bytes and False where nothing befell it.

    Half of the pages come from a program that lays half-transparent ink on white, half from one that leaves out how
    opaque it is, as ``cv2.imread`` and Pillow's ``convert("RGB")`` do.
    """
    with Image.open(io.BytesIO(data)) as image:
        picture = composite(image.convert("RGBA")) if rng.random() < SHARE_LAID else image.convert("RGB")
    damaged = damage(picture, kind, rng)
    return (data, False) if damaged is picture else (as_png(damaged), True)


def as_png(picture: Image.Image) -> bytes:
    """Encode a picture quickly and without loss."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _file_name(record: Record) -> str:
    return f"{record['layout']}/{(record['invoice_id'] or '').replace('/', '_')}.png"
