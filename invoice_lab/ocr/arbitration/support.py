"""What the pixels bear out need not be read a second time: a number's text is drawn and laid over what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import reduce

from invoice_lab.ocr.arbitration.sheet import Sheet, look_of
from invoice_lab.ocr.arbitration.strip import BESIDE, Look, place, strip_of
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.layouts.drawing import FIELD, Cell
from invoice_lab.ocr.layouts.printed import AMOUNTS
from invoice_lab.ocr.page import Box


class Support:
    """Holds what was read of a page against how its layout would have drawn it.

    Parameters
    ----------
    sheet : Sheet
    layout : Layout
        Where it does not say how its pages are drawn, nothing is borne out.
    """

    def __init__(self, sheet: Sheet, layout: Layout) -> None:
        self._sheet, self._layout, self._drawing = sheet, layout, layout.drawing
        self._cells: tuple[Cell, ...] = ()
        if drawing := layout.drawing:
            self._cells = (*drawing.header.cells, *drawing.table.line, *drawing.table.foot)

    def bears_out(self, values: Mapping[str, str], boxes: Mapping[str, Box]) -> bool:
        """Tell whether fields' texts, drawn sharp, explain all that is seen where they stand; see `BearsOut`."""
        if not values or not values.keys() <= boxes.keys():
            return False
        cells = [cell for cell in self._cells if cell.fields and set(cell.fields) <= values.keys()]
        held = {name for cell in cells for name in cell.fields}
        return held == values.keys() and all(self._explained(cell, values, boxes) for cell in cells)

    def _explained(self, cell: Cell, values: Mapping[str, str], boxes: Mapping[str, Box]) -> bool:
        assert self._drawing is not None
        printed = {name: self._printed(name, values[name]) for name in cell.fields}
        if not all(printed.values()):
            return False
        text = FIELD.sub(lambda found: printed[found[1]].rjust(int(found[2] or 0)), cell.text)
        text, label = text.rstrip(), len(cell.label)
        label += len(text) - label - len(text[label:].lstrip())
        there = self._sheet.box(reduce(Box.around, (boxes[name] for name in cell.fields)))
        look = look_of(self._drawing, cell)
        opacity = self._drawing.inks[cell.ink].opacity / 255
        looks = [look] if opacity in (0, 1) else [replace(look, opacity=opacity), look]  # some programs lose it
        return any(self._fits(each, text, label, there) for each in looks)

    def _fits(self, look: Look, text: str, label: int, there: Box) -> bool:
        found = place(self._sheet.dark, look, text, label, there)
        if found is None:
            return False
        beside, drawn = round(BESIDE * look.lettering.size), look.draw(text)
        left, right = found.pen[0] + drawn.left - beside, found.pen[0] + drawn.stops[-1] + beside
        return strip_of(self._sheet.dark, found, [], left, right).misfit(text) <= 1

    def _printed(self, name: str, value: str) -> str:
        """Return a value as the layout prints it; empty where there is no such thing, such as the 30th of February."""
        try:
            if name in AMOUNTS:
                return self._layout.numbers.write(value)
            if name == "issued_at":
                return self._layout.issued_at.write(datetime.fromisoformat(value))
            if name == "birth_date":
                return self._layout.issued_at.day.write(datetime.fromisoformat(value))
        except ValueError:
            return ""
        return value
