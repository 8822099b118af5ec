"""The schema of a layout file, and the ways to recognise which layout a page has."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Identifier(_Part):
    """The printed invoice id: how it is recognised, and the form its groups are put into."""

    pattern: str
    form: str

    def read(self, text: str) -> str | None:
        """Return the id in its form, or None where `text` holds none."""
        found = re.search(rf"(?<![A-Za-z0-9]){self.pattern}(?![A-Za-z0-9])", text)
        return self.form.format(*found.groups()) if found else None


class QrDescription(_Part):
    """The QR code: what its payload holds, how many modules an edge has, where its first module stands."""

    pattern: str
    modules: int
    module: float
    corner: tuple[float, float]

    @property
    def edge(self) -> float:
        """Length of the code's edge on the canvas, in pixels."""
        return self.modules * self.module

    def read(self, payload: str) -> dict[str, str] | None:
        """Return the payload's fields, or None where it has another form."""
        found = re.fullmatch(self.pattern, payload)
        return found.groupdict() if found else None


class LineDescription(_Part):
    """A product line: ``<product> <quantity> <joiner> <unit price> <unit>``."""

    joiner: str
    unit: str


class Layout(_Part):
    """One kind of invoice.

    Attributes
    ----------
    name : str
    currency : str
        ISO 4217.
    canvas : (width, height)
        The size in pixels that all places and sizes refer to.
    invoice_id : Identifier
    date : {"date", "datetime"}
        What the header prints; the time of day comes from the QR code where only the date is printed.
    qr : QrDescription
    pictures : tuple of (x, y, width, height)
        What is no text: left out of the reading.
    header : dict of str to str
        Field name to the label before it.
    lines : LineDescription
    total : str
        The label of the total.
    required : tuple of str
        The fields that every invoice of this layout has.
    """

    name: str
    currency: str
    canvas: tuple[int, int]
    invoice_id: Identifier
    date: Literal["date", "datetime"]
    qr: QrDescription
    pictures: tuple[tuple[int, int, int, int], ...]
    header: dict[str, str]
    lines: LineDescription
    total: str
    required: tuple[str, ...]


@cache
def load_layouts() -> dict[str, Layout]:
    """Return the layouts by name, read from the YAML files of this package."""
    files = [path for path in resources.files(__package__).iterdir() if path.name.endswith(".yaml")]
    files.sort(key=lambda path: path.name)
    layouts = [Layout.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files]
    return {layout.name: layout for layout in layouts}


def layout_of_payload(payload: str) -> Layout | None:
    """Return the layout whose QR code has a payload like this one."""
    for layout in load_layouts().values():
        fields = layout.qr.read(payload)
        if fields and layout.invoice_id.read(fields["invoice_id"]) == fields["invoice_id"]:
            return layout
    return None


def layout_of_text(text: str) -> Layout | None:
    """Return the layout whose invoice id stands in the page's text."""
    return next((layout for layout in load_layouts().values() if layout.invoice_id.read(text)), None)
