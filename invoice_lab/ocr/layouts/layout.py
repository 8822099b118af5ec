"""The schema of a layout file, and the ways to recognise which layout a page has."""

from __future__ import annotations

import os
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from invoice_lab.errors import UsageError
from invoice_lab.ocr.layouts.drawing import FIELD, Drawing
from invoice_lab.ocr.layouts.forms import DateForm, Identifier, NumberForm, Part

FOLDER_VARIABLE = "INVOICE_LAB_LAYOUTS"
"""Environment variable that names a folder with more layout files."""


class QrDescription(Part):
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


class LineDescription(Part):
    """A product line: the product, then `numbers`, the rest as it is printed with ``{field}`` for what changes."""

    numbers: str

    @property
    def joiner(self) -> str:
        """What stands between quantity and unit price."""
        return FIELD.split(self.numbers)[3].strip()

    @property
    def unit(self) -> str:
        """What stands behind the last number."""
        return FIELD.split(self.numbers)[-1].strip()


class Layout(Part):
    """One kind of invoice.

    Attributes
    ----------
    name : str
    currency : str
        ISO 4217.
    canvas : (width, height)
        The size in pixels that all places and sizes refer to.
    invoice_id : Identifier
    issued_at : DateForm
        What the header prints; the time of day comes from the QR code where only the date is printed.
    numbers : NumberForm
        How prices and amounts are printed.
    qr : QrDescription or None
        None where the pages have no QR code.
    pictures : tuple of (x, y, width, height)
        What is no text: left out of the reading.
    header : dict of str to str
        Field name to the label before it.
    lines : LineDescription
    foot : dict of str to str
        What stands below the lines: field name (total, net, tax) to its row as it is printed.
    required : tuple of str
        The fields that every invoice of this layout has.
    drawing : Drawing or None
        How pages are drawn; None where that is not known.
    """

    name: str
    currency: str
    canvas: tuple[int, int]
    invoice_id: Identifier
    issued_at: DateForm
    numbers: NumberForm = NumberForm()
    qr: QrDescription | None = None
    pictures: tuple[tuple[int, int, int, int], ...] = ()
    header: dict[str, str]
    lines: LineDescription
    foot: dict[str, str]
    required: tuple[str, ...]
    drawing: Drawing | None = None

    @property
    def total(self) -> str:
        """The label of the total."""
        return FIELD.split(self.foot["total"])[0].strip()

    def payload_fields(self, payload: str) -> dict[str, str] | None:
        """Return the fields of a QR code's payload, None where the layout's codes hold something else."""
        return self.qr.read(payload) if self.qr else None


@cache
def load_layouts() -> dict[str, Layout]:
    """Return the layouts by name: those of this package, and those of the folder that ``INVOICE_LAB_LAYOUTS`` names.

    Raises
    ------
    UsageError
        Where a file is no layout description; the message says which file, which key and why.
    """
    own = [path for path in resources.files(__package__).iterdir() if path.name.endswith(".yaml")]
    folder = os.environ.get(FOLDER_VARIABLE)
    more = list(Path(folder).expanduser().glob("*.yaml")) if folder else []
    if folder and not Path(folder).expanduser().is_dir():
        raise UsageError(f"{FOLDER_VARIABLE}={folder} is no folder.", "Name a folder with layout files (YAML).")
    files = [*sorted(own, key=lambda path: path.name), *sorted(more)]
    layouts = [_load(path.name, path.read_text(encoding="utf-8")) for path in files]
    return {layout.name: layout for layout in layouts}


def _load(name: str, text: str) -> Layout:
    remedy = "docs/layouts.md explains every key."
    try:
        content: Any = yaml.safe_load(text)
        return Layout.model_validate(content)
    except yaml.YAMLError as error:
        raise UsageError(f"The layout file {name} is no YAML: {error}.", remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise UsageError(f"The layout file {name} is wrong at {where}: {first['msg']}.", remedy) from error


def layout_of_payload(payload: str) -> Layout | None:
    """Return the layout whose QR code has a payload like this one."""
    for layout in load_layouts().values():
        fields = layout.payload_fields(payload)
        if fields and layout.invoice_id.read(fields["invoice_id"]) == fields["invoice_id"]:
            return layout
    return None


def layout_of_text(text: str) -> Layout | None:
    """Return the layout whose invoice id stands in the page's text."""
    return next((layout for layout in load_layouts().values() if layout.invoice_id.read(text)), None)
