"""Texts as a layout prints them, with ``{field}`` for what changes, read from what engines make of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from invoice_lab.ocr.layouts.drawing import FIELD
from invoice_lab.ocr.layouts.forms import NumberForm

AMOUNTS = frozenset({"unit_price", "amount", "net", "tax", "total"})
"""Fields that have the layout's form of numbers."""

LOOK_ALIKES = str.maketrans("TtOoIiLlSsBbZz", "77001111558822")
"""Letters that engines take lonely digits for. A quantity read so counts like any: the total has to confirm it."""
_SIGNS: Mapping[str, tuple[str, str]] = {"x": ("x×*", ""), "$": ("$S§", "58"), "€": ("€EC", "6"), "£": ("£E", "")}
"""What engines take signs for: at first sight, and digits that they become where nothing else explains them."""


@dataclass(frozen=True)
class Values:
    """What a text says: each field's value and where it stands in the text, as (first, end)."""

    values: Mapping[str, str]
    spans: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Printed:
    """A text that begins with a label, perhaps an empty one, and goes on with numbers.

    Attributes
    ----------
    label : str
        What stands before the first field.
    fields : tuple of str
        From left to right.
    characters : str
        All that can occur after the label.
    pattern : re.Pattern
        What the engines may make of that; white space does not count but between a quantity and a number.
    tail : re.Pattern
        The last field alone, at the end of a text.
    numbers : NumberForm
    """

    label: str
    fields: tuple[str, ...]
    characters: str
    pattern: re.Pattern[str]
    tail: re.Pattern[str]
    numbers: NumberForm

    def read(self, text: str) -> Values | None:
        """Read what stands after the label; None where it has another form."""
        return self._values(self.pattern.fullmatch(text.strip()), len(text) - len(text.lstrip()))

    def read_end(self, text: str) -> Values | None:
        """Read the end of a text, whatever stands before; None where it has another form."""
        return self._values(re.search(rf"(?<!\S)(?:{self.pattern.pattern})$", text.rstrip(), re.IGNORECASE), 0)

    def _values(self, found: re.Match[str] | None, start: int) -> Values | None:
        if found is None:
            return None
        values = {name: self._value(name, found[name]) for name in self.fields}
        return Values(values, {name: (start + found.start(name), start + found.end(name)) for name in self.fields})

    def _value(self, name: str, raw: str) -> str:
        if name in AMOUNTS:
            return self.numbers.of_digits(raw)
        tight = "".join(raw.split())
        return tight.translate(LOOK_ALIKES) if name == "quantity" else tight.replace(",", ".")


@lru_cache(maxsize=256)
def printed(text: str, numbers: NumberForm) -> Printed:
    """Prepare a printed text for reading.

    Parameters
    ----------
    text : str
        Such as ``TOTAL {total} Euro``; its fields are amounts, a quantity, a tax rate.
    numbers : NumberForm
        How amounts are printed.
    """
    pieces = FIELD.split(text)
    names, literals = pieces[1::3], pieces[3::3]
    between = [literal.strip() for literal in literals]
    loose = all(between[:-1])
    parts = [
        f"(?P<{name}>{_field(name, numbers, loose)})" + _after(name, literal, place == len(names), numbers.places)
        for place, (name, literal) in enumerate(zip(names, between, strict=True), start=1)
    ]
    signs = set("".join(between)) | ({numbers.decimal} if numbers.places else set()) | set(numbers.thousands.strip())
    characters = "0123456789" + "".join(sorted(signs - {" "} - set("0123456789")))
    whole, tail = (re.compile(pattern, re.IGNORECASE) for pattern in ("".join(parts), parts[-1] + "$"))
    return Printed(pieces[0].strip(), tuple(names), characters, whole, tail, numbers)


def _field(name: str, numbers: NumberForm, loose: bool) -> str:
    if name in AMOUNTS:
        return numbers.pattern(loose)
    if name == "tax_rate":
        return r"[0-9]{1,2}(?:\s*[.,]\s*[0-9]{1,3})?"
    apart = r"\s*" if loose else ""
    # one or two letters may be lonely digits; more are a word
    digits = rf"[0-9](?:{apart}[0-9]){{0,4}}"
    return rf"{digits}|[0-9{''.join(map(chr, LOOK_ALIKES))}]{{1,2}}"


def _after(name: str, literal: str, last: bool, places: int) -> str:
    """Return what stands behind a field: needed where nothing else tells a whole number from the next number."""
    whole = name in ("quantity", "tax_rate") or not places
    if last or not whole:
        return r"\s*" + "".join(_sign(sign) + r"\s*" for sign in literal if not sign.isspace())
    if not literal:
        return r"\s+"
    members = "".join(re.escape("".join(_SIGNS.get(sign, (sign, "")))) for sign in set(literal) if not sign.isspace())
    return rf"\s*[{members}]{{1,{len(literal)}}}\s*"


def _sign(sign: str) -> str:
    """Return a pattern for a sign that may have been lost, or taken for another."""
    alike, digits = _SIGNS.get(sign, (sign, ""))
    return f"(?:[{re.escape(alike)}]|" + (f"|[{digits}])" if digits else ")")
