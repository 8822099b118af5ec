"""A page: the text and boxes read from one invoice of a scan, each field with raw text, value, box and confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invoice_lab.ocr.decode import Pixels
    from invoice_lab.ocr.figure import PageFigure
    from invoice_lab.sources.scan import Scan


SURE = 0.9
"""A field that was read with less confidence than this is doubtful."""

LONGEST_SHOWN = 80
"""Characters of a read text that a message shows."""


@dataclass(frozen=True)
class Box:
    """A rectangle on a sheet of the scan, in pixels of the sheet as it is shown (a camera's orientation mark followed).

    `sheet` tells which one, from 0; a picture has one sheet, a PDF or TIFF file may have more.
    """

    x: int
    y: int
    width: int
    height: int
    sheet: int = 0

    @property
    def right(self) -> int:
        """First column to the right of the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.y + self.height

    def around(self, other: Box) -> Box:
        """Return the smallest box that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y, self.sheet)


@dataclass(frozen=True)
class Field:
    """One field as it was read.

    Attributes
    ----------
    raw : str
        The text as the engine or the QR code gave it.
    value : str or None
        The text in the field's form: money "0.00", dates "YYYY-MM-DD HH:MM:SS", else cleaned text; None where `raw`
        has not that form.
    box : Box or None
        Where it stands on the scan.
    confidence : float
        0 to 1, rounded to four decimals: no more is known of it, and the books count how often each occurs.
    how : str
        How it was read: ``exact``, ``fit``, an engine's name, that with ``+pixels`` where its text was held against
        the pixels, ``qr``, or ``review``.
    """

    raw: str
    value: str | None
    box: Box | None
    confidence: float
    how: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "confidence", round(float(self.confidence), 4))


@dataclass(frozen=True)
class LineReading:
    """One product line as it was read; `amount` and `tax_rate` (percent) where the layout prints them."""

    product: Field
    quantity: Field
    unit_price: Field
    amount: Field | None = None
    tax_rate: Field | None = None


@dataclass(frozen=True)
class Problem:
    """Why a scan, or a part of it, gave no invoice, or a doubtful one: a finding's code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class Page:
    """What was read of one invoice in a scan.

    Attributes
    ----------
    sha256, part
        Which scan, which invoice in it (0, 1, ...).
    pages : int
        How many pages of the scan the invoice covers.
    width, height : int
        Size of the invoice's first sheet in pixels.
    layout : str or None
        Name of the layout, None where it is unknown.
    engine, engine_version : str
        The OCR engine and its version.
    fields : dict of str to Field
        By name: invoice_id, issued_at, name, email, address_1, address_2, number, category, gender, birth_date, net,
        tax, total.
    lines : tuple of LineReading
        Product lines from top to bottom.
    doubled : tuple of str
        Names of fields that stand on the page more than once, with different values.
    doubts : tuple of Problem
        What reading itself found doubtful about the page, such as a second invoice on it.
    turns : dict of int to int
        By how many quarters (1 to 3) each sheet that does not lie upright is turned clockwise, by its number from 0.
    qr : str or None
        The QR code's payload, None where there is none or it can't be read.
    text : str
        Everything the engine read, line by line.
    problem : Problem or None
        Set where there is no invoice on the page, or the bytes are no usable picture.
    """

    sha256: str
    part: int = 0
    pages: int = 1
    width: int = 0
    height: int = 0
    layout: str | None = None
    currency: str | None = None
    engine: str = ""
    engine_version: str = ""
    fields: dict[str, Field] = field(default_factory=dict)
    lines: tuple[LineReading, ...] = ()
    doubled: tuple[str, ...] = ()
    doubts: tuple[Problem, ...] = ()
    turns: dict[int, int] = field(default_factory=dict)
    qr: str | None = None
    text: str = ""
    problem: Problem | None = None

    def value(self, name: str) -> str | None:
        """Return a field's value, None where the field was not read."""
        found = self.fields.get(name)
        return found.value if found else None

    def show(self, scan: Scan | Sequence[Pixels] | None = None) -> PageFigure:
        """Draw what reading did on each sheet: the stages of pre-processing, and the scan with the box of every field.

        A notebook shows the figure where this call ends a cell.

        Parameters
        ----------
        scan : Scan or sequence of ndarray, optional
            The scan that was read, or its sheets (RGB). Without it the one that this process read, as long as
            something still holds it.

        Raises
        ------
        UsageError
            Without a scan where there is none in memory any more, or with another than was read.
        ScanError
            Where the scan's bytes are no usable picture.
        """
        from invoice_lab.ocr.figure import draw_page_figure, sheets_of

        return draw_page_figure(self, sheets_of(self, scan))

    def with_problem(self, code: str, message: str) -> Page:
        """Return the same page with a problem."""
        return replace(self, problem=Problem(code, message))

    def with_doubt(self, code: str, message: str) -> Page:
        """Return the same page with one more doubt."""
        return replace(self, doubts=(*self.doubts, Problem(code, message)))


def shortened(text: str) -> str:
    """Return a text as short as a message can hold."""
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def every_field(page: Page) -> dict[str, Field]:
    """Return all fields of a page by name, those of line 2 as ``lines.2.product`` and so on."""
    lines = {
        f"lines.{number}.{name}": value
        for number, line in enumerate(page.lines, start=1)
        for name, value in vars(line).items()
        if value is not None
    }
    return {**page.fields, **lines}
