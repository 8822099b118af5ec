"""The known layouts, and which of them a page has."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from invoice_lab.errors import UsageError
from invoice_lab.ocr.layouts.layout import Layout
from invoice_lab.ocr.layouts.likeness import after_label

FOLDER_VARIABLE = "INVOICE_LAB_LAYOUTS"
"""Environment variable that names a folder with more layout files."""
LEAST_LABELS = 2
"""Labels of a layout that must stand on a page of it: an id alone may be quoted anywhere."""


@cache
def load_layouts() -> dict[str, Layout]:
    """Return the layouts by name: those of this package, and those of the folder that ``INVOICE_LAB_LAYOUTS`` names.

    Raises
    ------
    UsageError
        Where a file is no layout description, or two have one name; the message says which file, which key and why.
    """
    own = [path for path in resources.files(__package__).iterdir() if path.name.endswith(".yaml")]
    folder = os.environ.get(FOLDER_VARIABLE)
    more = list(Path(folder).expanduser().glob("*.yaml")) if folder else []
    if folder and not Path(folder).expanduser().is_dir():
        raise UsageError(f"{FOLDER_VARIABLE}={folder} is no folder.", "Name a folder with layout files (YAML).")
    files = [*sorted(own, key=lambda path: path.name), *sorted(more)]
    found: dict[str, Layout] = {}
    for path in files:
        layout = _load(path.name, path.read_text(encoding="utf-8"))
        if layout.name in found:
            raise UsageError(f"The layout file {path.name} describes {layout.name!r} again.", "Give it another name.")
        found[layout.name] = layout
    return found


@cache
def layout_digest(name: str | None) -> str:
    """Digest a layout's description: 16 hexadecimal digits that change with it.

    Of a page of no known layout all layouts count: one that comes new may be its own.
    """
    layouts = load_layouts()
    chosen = [layouts[name]] if name in layouts else [layouts[each] for each in sorted(layouts)]
    described = "".join(layout.model_dump_json() for layout in chosen)
    return hashlib.sha256(described.encode()).hexdigest()[:16]


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
    """Return the layout whose invoice id, and most of whose labels, stand in the page's text, row by row."""
    rows = [row.strip() for row in text.splitlines()]
    candidates = [layout for layout in load_layouts().values() if layout.invoice_id.read(text)]
    counted = [(_labels_in(rows, layout.labels) / len(layout.labels), layout) for layout in candidates]
    found = [(share, layout) for share, layout in counted if share * len(layout.labels) >= LEAST_LABELS]
    return max(found, key=lambda one: one[0])[1] if found else None


def _labels_in(rows: list[str], labels: Iterable[str]) -> int:
    return sum(any(label in row or after_label(row, label) is not None for row in rows) for label in labels)
