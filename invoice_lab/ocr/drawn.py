"""Read a page whose layout says how it is drawn: exactly where every pixel fits, else by the drawing that fits best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from invoice_lab.ocr.cells import CellField, cell_fields, value_of
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.drawn_layout import TALLEST, DrawnLayout, Placement
from invoice_lab.ocr.exact import place_exactly, read_exact
from invoice_lab.ocr.fitting import fit_page
from invoice_lab.ocr.foot import summed
from invoice_lab.ocr.glyphs.canvas import Canvas, FittedText
from invoice_lab.ocr.glyphs.compare import Comparison
from invoice_lab.ocr.glyphs.exchange import probabilities
from invoice_lab.ocr.glyphs.fit import PageFit
from invoice_lab.ocr.glyphs.sheet import Sheet
from invoice_lab.ocr.glyphs.slot import Slot
from invoice_lab.ocr.laid_flat import lay_flat
from invoice_lab.ocr.opacity import as_shown
from invoice_lab.ocr.page import Box, Field, LineReading
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.pose import Pose
from invoice_lab.ocr.qrcode import QrCode
from invoice_lab.ocr.registration import Registered, Registration

DOUBTFUL = 0.3
"""Highest confidence of a text with something unexplained on it, or that is cut off."""


@dataclass(frozen=True)
class DrawnReading:
    """What was read of a drawn page.

    Attributes
    ----------
    fields : dict of str to Field
        Boxes on the sheet.
    lines : list of LineReading
    text : str
        All texts, line by line.
    areas : tuple of Box
        The blocks and pictures on the sheet: beyond them nothing was looked at.
    """

    fields: dict[str, Field]
    lines: list[LineReading]
    text: str
    areas: tuple[Box, ...]


@dataclass(frozen=True)
class _Text:
    """One slot's text: how sure each character is, where each begins (columns of the canvas), how it was read.

    Where it is `covered`, something else stands on it, it is cut off, or it is not known how the sheet came about.
    """

    slot: Slot
    text: str
    sure: np.ndarray[tuple[int], np.dtype[np.float64]]
    columns: np.ndarray[tuple[int], np.dtype[np.int64]]
    how: str
    covered: bool = False


def read_drawn(rgb: Pixels, drawn: DrawnLayout, code: QrCode | None, guess: Pose | None = None) -> DrawnReading | None:
    """Read a sheet.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (height, width, 3)
    drawn : DrawnLayout
    code : QrCode or None
    guess : Pose, optional
        About where the canvas lies, where that is known by other means than the code.

    Returns
    -------
    DrawnReading or None
        None where the layout's labels are not found on the sheet.
    """
    straight = read_straight(rgb, drawn, code)
    if straight:
        return straight
    registered = Registration(to_grey(rgb), drawn, code, guess).run()
    if registered is None:
        return None
    return _read_registered(rgb, as_shown(drawn, registered), registered)


def _read_registered(rgb: Pixels, drawn: DrawnLayout, registered: Registered) -> DrawnReading:
    """Read a sheet whose pose is known."""
    placement = registered.placement
    laid = lay_flat(rgb, drawn, registered)
    if laid:
        sheet = Sheet(laid.flat.rgb, Pose.of_shift(0, 0), laid.fit.canvas, _found(laid.fit.texts), ~laid.flat.known)
        texts = _certain_ones(drawn, placement, laid.exact) + _compared(laid.fit, sheet)
        return _reading(drawn, placement, texts, laid.turn.pose)
    exact = _exact(rgb, drawn, registered)
    texts = _certain_ones(drawn, placement, exact)
    if len(texts) < len(drawn.slots(placement)):
        fit = fit_page(registered, drawn, exact)
        texts += _compared(fit, Sheet(rgb, registered.pose, fit.canvas, _found(fit.texts)))
    return _reading(drawn, placement, texts, registered.pose)


def read_straight(rgb: Pixels, drawn: DrawnLayout, code: QrCode | None) -> DrawnReading | None:
    """Read a page on which every pixel of every text is as it is drawn, as `read_drawn`; None for all others."""
    corners = drawn.code_corners
    shift = np.array(code.corners) - corners if code and corners is not None else None
    if shift is None or np.ptp(shift, axis=0).any():
        return None
    pose = Pose.of_shift(round(shift[0, 0]), round(shift[0, 1]))
    canvas = pose.rectify(rgb, drawn.layout.canvas)
    for shown in filter(None, (drawn, drawn.opaque)):
        placement = place_exactly(canvas, shown)
        exact = read_exact(canvas, shown, placement) if placement else {}
        if placement and len(exact) == len(shown.slots(placement)):
            return _reading(shown, placement, _certain_ones(shown, placement, exact), pose)
    return None


def _exact(rgb: Pixels, drawn: DrawnLayout, registered: Registered) -> dict[str, str]:
    if registered.pose.whole_shift is None:
        return {}
    return read_exact(registered.pose.rectify(rgb, drawn.layout.canvas), drawn, registered.placement)


def _certain_ones(drawn: DrawnLayout, placement: Placement, exact: dict[str, str]) -> list[_Text]:
    return [_certain(slot, exact[slot.name]) for slot in drawn.slots(placement) if slot.name in exact]


def _certain(slot: Slot, text: str) -> _Text:
    return _Text(slot, text, np.ones(len(text)), slot.pen[0] + slot.typeface.columns(text), "exact")


def _compared(fit: PageFit, sheet: Sheet) -> list[_Text]:
    """Compare what was fitted with the sheet."""
    found = _found(fit.open)
    Comparison(sheet, fit.canvas, found).run()
    return [_fitted_text(sheet, fit.canvas, text) for text in found]


def _found(texts: Sequence[FittedText]) -> list[FittedText]:
    return [text for text in texts if text.found]


def _fitted_text(sheet: Sheet, canvas: Canvas, text: FittedText) -> _Text:
    said = canvas.said(text)
    sure = probabilities(text) / (1 + np.exp(-min(text.lead, 700.0)))
    lengths = [len(letters) for letters in said]
    columns = canvas.columns(text)
    starts = np.repeat(columns[:-1], lengths)
    letters, ends = np.repeat(sure, lengths), np.append(starts, columns[-1])
    covered = not sheet.understood or sheet.unexplained(text) or sheet.hidden(text)
    return _Text(text.slot, "".join(said), letters, ends, "fit", covered)


def _reading(drawn: DrawnLayout, placement: Placement, texts: list[_Text], pose: Pose) -> DrawnReading:
    rows: dict[int, dict[str, list[Field]]] = {0: {}}
    cells = {slot.name: cell for slot, cell in zip(drawn.slots(placement), drawn.cells(placement), strict=True)}
    for text in texts:
        block, _, _ = text.slot.name.rpartition(".")
        into = rows.setdefault(int(block) if block.isdecimal() else 0, {})
        for part in cell_fields(cells[text.slot.name].text, text.text):
            into.setdefault(part.name, []).append(_field(text, part, drawn, pose))
    fields = {name: summed(parts) if len(parts) > 1 else parts[0] for name, parts in rows[0].items()}
    lines = [_line(rows.get(number, {})) for number in range(1, placement.lines + 1)]
    ordered = sorted(texts, key=lambda text: (text.slot.pen[1], text.slot.pen[0]))
    return DrawnReading(fields, lines, "\n".join(text.text for text in ordered), _areas(drawn, placement, pose))


def _areas(drawn: DrawnLayout, placement: Placement, pose: Pose) -> tuple[Box, ...]:
    blocks: dict[bool, Box] = {}
    for slot in drawn.slots(placement):
        x, y = slot.pen
        box = Box(x, y, slot.right - x, round(TALLEST * slot.typeface.size))
        in_header = slot.name.startswith("header.")
        blocks[in_header] = box.around(blocks.get(in_header, box))
    return tuple(map(pose.box_on_sheet, (*blocks.values(), *(Box(*one) for one in drawn.layout.pictures))))


def _line(row: dict[str, list[Field]]) -> LineReading:
    missing = Field("", None, None, 0.0, "fit")
    product, quantity, unit_price = (row.get(name, [missing])[0] for name in ("product", "quantity", "unit_price"))
    amount, tax_rate = (row[name][0] if name in row else None for name in ("amount", "tax_rate"))
    return LineReading(product, quantity, unit_price, amount, tax_rate)


def _field(text: _Text, part: CellField, drawn: DrawnLayout, pose: Pose) -> Field:
    top = text.slot.pen[1]
    left, right = int(text.columns[part.start]), int(text.columns[part.end])
    box = Box(left, top, max(right - left, 1), round(1.25 * text.slot.typeface.size))
    confidence = min(float(np.prod(text.sure[part.start : part.end])), DOUBTFUL if text.covered else 1.0)
    value = value_of(part.name, part.raw, drawn.layout)
    return Field(part.raw, value, pose.box_on_sheet(box), confidence if value is not None else 0.0, text.how)
