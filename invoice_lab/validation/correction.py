"""A person's correction of a page: values brought to their fields' forms, lines added and taken out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from invoice_lab.errors import UsageError
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.page import Field, LineReading, Page
from invoice_lab.validation.fields import every_field

HOW = "review"
"""How a field says that it was read by a person; its confidence is 1."""
_LONGEST = 500
_TOO_MUCH = Decimal(10) ** 10
"""What the books' columns of unit prices no longer hold."""


def _text(value: str) -> str:
    text = " ".join(value.split())
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise ValueError
    return text


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise ValueError
    return value


def _decimal(most_places: int) -> Callable[[str], str]:
    def form(value: str) -> str:
        number = Decimal(value)
        if not number.is_finite() or abs(number) >= _TOO_MUCH:
            raise ValueError
        places = max(-int(number.normalize().as_tuple().exponent), 2)
        if places > most_places:
            raise ValueError
        return f"{number:.{places}f}"

    return form


def _quantity(value: str) -> str:
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise ValueError
    return str(int(value))


def _moment(value: str) -> str:
    return value if re.fullmatch(r"\d{4}-\d\d-\d\d", value) and date.fromisoformat(value) else _with_time(value)


def _with_time(value: str) -> str:
    return datetime.fromisoformat(value).replace(tzinfo=None).isoformat(" ", "seconds")


Form = Callable[[str], str]
_MONEY = (_decimal(2), "an amount such as 12.50")
_RATE = (_decimal(3), "a rate in percent such as 20")
_LAYOUT = "layout"
_TEXT = (_text, "a line of text")
HEADER_FORMS: Mapping[str, tuple[Form, str]] = {
    "invoice_id": _TEXT,
    "issued_at": (_moment, "a moment such as 2019-03-14 15:09:26"),
    "name": _TEXT,
    "email": (_email, "an e-mail address"),
    **dict.fromkeys(("address_1", "address_2", "number", "category", "gender"), _TEXT),
    "birth_date": (lambda value: date.fromisoformat(value).isoformat(), "a date such as 2019-03-14"),
    **dict.fromkeys(("net", "tax", "total"), _MONEY),
    "tax_rate": _RATE,
}
"""The fields of the header and the totals: what brings a text into the field's form, and how the form is told."""
LINE_FORMS: Mapping[str, tuple[Form, str]] = {
    "product": _TEXT,
    "quantity": (_quantity, "a whole number"),
    "unit_price": (_decimal(4), "a price such as 12.50"),
    "amount": _MONEY,
    "tax_rate": _RATE,
}
"""The same for the fields of a line."""
_NEEDED = ("product", "quantity", "unit_price")


@dataclass(frozen=True)
class Correction:
    """What a person changes on a page.

    Attributes
    ----------
    values : mapping of str to str
        New value by field (``total``, ``lines.2.quantity``, ``layout``); an empty one says that there is none.
    added : tuple of str
        Lines to put after the last one, each ``product;quantity;unit price``.
    removed : tuple of int
        Numbers of lines to take out. All numbers are those of the page as it was shown, from 1.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[int, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return the correction as JSON-ready values."""
        return asdict(self)

    def apply(self, page: Page) -> Page:
        """Return the corrected page; what a person gave has `how` "review" and confidence 1, and keeps `raw` and `box`.

        Raises
        ------
        UsageError
            Nothing would change, there is no such field or line, or a value has not its field's form.
        """
        corrected = page
        for name, value in self.values.items():
            corrected = _with_value(corrected, name, value.strip())
        for number in self.removed:
            _check_line(page, number)
        kept = [line for number, line in enumerate(corrected.lines, start=1) if number not in self.removed]
        corrected = replace(corrected, lines=(*kept, *map(_new_line, self.added)))
        _check_form_of_layout(corrected, self.values)
        if values_of(corrected) == values_of(page):
            raise UsageError("The correction changes nothing.", "Accept the part as it was read instead.")
        return corrected


def parse_settings(settings: Iterable[str]) -> dict[str, str]:
    """Parse ``field=value`` texts.

    Raises
    ------
    UsageError
        One has no ``=``, or a field is given twice.
    """
    values: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or name.strip() in values:
            problem = "is given twice" if equals else "is no correction"
            raise UsageError(f"{setting!r} {problem}.", "Give each field once, such as total=12.50.")
        values[name.strip()] = value
    return values


def values_of(page: Page) -> dict[str, str | None]:
    """Return the value of every field by name, with the layout's name."""
    return {_LAYOUT: page.layout, **{name: read.value for name, read in every_field(page).items()}}


def _with_value(page: Page, name: str, value: str) -> Page:
    if name == _LAYOUT:
        return _with_layout(page, value)
    found = re.fullmatch(r"lines\.(\d+)\.(\w+)", name, re.ASCII)
    if found:
        return _with_line_value(page, int(found[1]), found[2], value)
    form = _form(HEADER_FORMS, name)
    if not value:
        return replace(page, fields={key: read for key, read in page.fields.items() if key != name})
    return replace(page, fields={**page.fields, name: _given(page.fields.get(name), name, value, form)})


def _with_line_value(page: Page, number: int, name: str, value: str) -> Page:
    form = _form(LINE_FORMS, name)
    _check_line(page, number)
    lines = list(page.lines)
    before: Field | None = getattr(lines[number - 1], name)
    if not value and name in _NEEDED:
        raise UsageError(
            f"Line {number} needs a {name.replace('_', ' ')}.", f"Take it out with --remove-line {number}."
        )
    given: dict[str, Any] = {name: _given(before, f"lines.{number}.{name}", value, form) if value else None}
    lines[number - 1] = replace(lines[number - 1], **given)
    return replace(page, lines=tuple(lines))


def _with_layout(page: Page, name: str) -> Page:
    layouts = load_layouts()
    if name not in layouts:
        raise UsageError(f"There is no layout {name!r}.", f"Known are: {', '.join(layouts)}.")
    return replace(page, layout=name, currency=layouts[name].currency)


def _new_line(text: str) -> LineReading:
    values = text.rsplit(";", 2)
    if len(values) != len(_NEEDED):
        raise UsageError(f"{text!r} is no line.", "Write it as product;quantity;unit price.")
    read = {
        name: _given(None, f"the new line's {name}", value.strip(), LINE_FORMS[name])
        for name, value in zip(_NEEDED, values, strict=True)
    }
    return LineReading(**read)


def _given(before: Field | None, name: str, value: str, form: tuple[Form, str]) -> Field:
    try:
        formed = form[0](value)
    except (ValueError, InvalidOperation) as error:
        raise UsageError(f"{name} can't be {value!r}.", f"It must be {form[1]}.") from error
    return Field(before.raw if before else "", formed, before.box if before else None, 1.0, HOW)


def _form(forms: Mapping[str, tuple[Form, str]], name: str) -> tuple[Form, str]:
    if name not in forms:
        close = difflib.get_close_matches(name, forms, n=1)
        known = ", ".join((*HEADER_FORMS, _LAYOUT, *(f"lines.N.{line}" for line in LINE_FORMS)))
        raise UsageError(f"There is no field {name!r}.", f"Did you mean {close[0]!r}?" if close else f"Known: {known}.")
    return forms[name]


def _check_line(page: Page, number: int) -> None:
    if not 1 <= number <= len(page.lines):
        raise UsageError(f"There is no line {number}.", f"The page has {len(page.lines)} lines, counted from 1.")


def _check_form_of_layout(page: Page, given: Iterable[str]) -> None:
    """Refuse an id that the layout's invoices can't have: a slip of the pen would be as good as any other id."""
    layout, printed = load_layouts().get(page.layout or ""), page.value("invoice_id")
    if layout and printed and "invoice_id" in given and layout.invoice_id.read(printed) != printed:
        raise UsageError(f"invoice_id can't be {printed!r}.", f"Ids of {layout.name} look otherwise.")
    if layout and layout.issued_at.with_time and "issued_at" in given and " " not in (page.value("issued_at") or " "):
        raise UsageError("issued_at needs the time of day.", "Write it as 2019-03-14 15:09:26.")
