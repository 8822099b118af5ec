"""What reading a page looked at, stage by stage: pictures for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.drawn_layout import DrawnLayout, drawn_layout
from invoice_lab.ocr.glyphs.fit import spread_of_labels
from invoice_lab.ocr.layouts import Layout, layout_of_payload, load_layouts
from invoice_lab.ocr.opacity import as_shown
from invoice_lab.ocr.page import Field, Page, every_field
from invoice_lab.ocr.paper import Plane, paper, to_grey
from invoice_lab.ocr.preprocess import ARRIVED, crop_to_ink, enlarge, stages
from invoice_lab.ocr.qrcode import QrCode, angle_of
from invoice_lab.ocr.read import FACTOR
from invoice_lab.ocr.registration import Registered, Registration
from invoice_lab.ocr.sheets import OWN_HEADER
from invoice_lab.ocr.turns import codes_of, turned_back

KERNEL_ZOOM = 24
"""Pixels that one of the point spread's is shown by."""

DRAWN = frozenset({"exact", "fit"})
"""How fields are read by drawing."""
TELLING = 0.05
"""Share of a point spread's greatest value below which the others are noise."""


@dataclass(frozen=True)
class Shot:
    """One stage: its name, a sentence on what was done, why it was (empty: always), and the grey picture."""

    name: str
    does: str
    why: str
    grey: Pixels


def shots(rgb: Pixels, page: Page, number: int) -> list[Shot]:
    """Return the stages of a sheet on the way that `page` was read.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (height, width, 3)
        The sheet as it lies.
    page : Page
        What was read of it: by drawing, or by an OCR engine.
    number : int
        Of the sheet in the scan, from 0.
    """
    grey, turns = to_grey(rgb), page.turns.get(number, 0)
    back = turned_back(grey, turns)
    codes = codes_of(back)
    taken = list(_upright_shots(back, page, number, codes[0] if codes else None))
    if not turns:
        return taken
    does = "The sheet is turned by quarters, which changes no pixel."
    return [
        Shot(ARRIVED, taken[0].does, "", grey),
        Shot("turn", does, f"it lay turned by {90 * turns} degrees", back),
        *taken[1:],
    ]


def _upright_shots(grey: Pixels, page: Page, number: int, code: QrCode | None) -> Iterator[Shot]:
    fields = {name: field for name, field in every_field(page).items() if field.box and field.box.sheet == number}
    layout = load_layouts().get(page.layout or "")
    drawn = drawn_layout(layout) if layout and fields and _is_drawn(fields.values()) else None
    if drawn:
        return _drawn_shots(grey, drawn, code)
    return _ocr_shots(grey, code, _prepared_as(layout, code, headless=not OWN_HEADER & fields.keys()))


def _is_drawn(fields: Iterable[Field]) -> bool:
    return all(field.how in DRAWN for field in fields)


def _prepared_as(layout: Layout | None, code: QrCode | None, *, headless: bool) -> Layout | None:
    """Return the layout that the reader knew of when it prepared a sheet: it does so again only to blank pictures."""
    coded = layout_of_payload(code.payload) if code else None
    known_later = layout is not None and bool(layout.pictures) and not (headless and code is None)
    return layout if known_later else coded


def _ocr_shots(grey: Pixels, code: QrCode | None, layout: Layout | None) -> Iterator[Shot]:
    every = list(stages(grey, code, layout))
    yield from (Shot(stage.name, stage.does, stage.why, stage.picture.grey) for stage in every)
    last = every[-1].picture
    cropped = crop_to_ink(last.grey, margin=round(10 * last.scale))
    if cropped:
        factor = FACTOR / last.scale
        does = "Blank edges are cut off, letters brought to the engine's size."
        yield Shot("crop and enlarge", does, f"factor {factor:.2f}", enlarge(cropped[0], factor))


def _drawn_shots(grey: Pixels, drawn: DrawnLayout, code: QrCode | None) -> Iterator[Shot]:
    yield Shot(ARRIVED, "The scan in grey.", "", grey)
    found = Registration(grey, drawn, code).run()
    if found is None:
        return
    yield Shot("straighten", "The sheet is brought back to the layout's canvas.", _pose_in_words(found), found.grey)
    light = paper(found.grey.astype(np.float32))
    why = f"brightness of the paper {light.min():.0f} to {light.max():.0f}"
    yield Shot("darkness", "How much darker each pixel is than the paper around it.", why, _as_grey(found.dark))
    if not found.weights.all():
        specks = float((found.weights == 0).mean())
        why = f"{100 * specks:.2g} % of the pixels"
        yield Shot("mask specks", "Lonely pixels tell nothing and are left out.", why, _as_grey(1 - found.weights))
    spread = spread_of_labels(found.dark, found.weights, as_shown(drawn, found).slots(found.placement))
    kernel = np.clip(spread.kernel / max(float(spread.kernel.max()), 1e-6), 0, 1)
    zoomed = cv2.resize(kernel, None, fx=KERNEL_ZOOM, fy=KERNEL_ZOOM, interpolation=cv2.INTER_NEAREST)
    why = f"width {_width(spread.kernel):.2f} pixels, noise {100 * spread.noise:.2g} %"
    yield Shot("point spread", "How the page spreads a point of ink; glyphs are drawn so.", why, _as_grey(zoomed))


def _pose_in_words(found: Registered) -> str:
    if found.pose.whole_shift is not None:
        return "shifted by {} and {} pixels".format(*found.pose.whole_shift)
    square = np.array([(0, 0), (100, 0), (100, 100), (0, 100)], float)
    return f"turned by {angle_of(found.pose.on_sheet(square)):.2f} degrees, scale {found.pose.scale:.3g}"


def _as_grey(dark: Plane) -> Pixels:
    return (255 * (1 - np.clip(dark, 0, 1))).astype(np.uint8)


def _width(kernel: Plane) -> float:
    """Return the standard deviation of a kernel in pixels, along one axis."""
    weights = np.where(kernel > TELLING * kernel.max(), kernel, 0)
    rows, columns = np.indices(kernel.shape) - (np.array(kernel.shape) // 2)[:, None, None]
    return float(np.sqrt((weights * (rows**2 + columns**2)).sum() / (2 * max(float(weights.sum()), 1e-6))))
