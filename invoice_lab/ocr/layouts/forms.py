"""The forms in which a layout prints ids, dates and numbers, and the values they stand for."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

_DATE_PARTS = {"%Y": "####", "%m": "##", "%d": "##", "%H": "##", "%M": "##", "%S": "##"}
_MISREAD = {"/": r"[/|\\\s]*", "|": r"[/|\\\s]*", "_": r"[_.\s-]*", "-": r"[_.\s-]*", ".": r"[_.,\s-]*", " ": r"\s*"}
"""What engines make of the signs between the digits of an id."""


class Part(BaseModel):
    """Base of all parts of a layout: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Identifier(Part):
    """A printed id: a form in which ``#`` is a digit and ``@`` a capital letter."""

    form: str

    @field_validator("form")
    @classmethod
    def _has_digits(cls, form: str) -> str:
        if "#" not in form:
            raise ValueError("a form has at least one digit, written as #")
        return form

    @cached_property
    def _pieces(self) -> list[str]:
        return [piece for piece in re.split(r"(#+|@+)", self.form) if piece]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        patterns = [f"({_run(piece)})" if piece[0] in "#@" else _lenient(piece) for piece in self._pieces]
        return re.compile(rf"(?<![A-Za-z0-9]){''.join(patterns)}(?![A-Za-z0-9])")

    def read(self, text: str) -> str | None:
        """Return the id in its form, or None where `text` holds none.

        Signs between the groups may be misread, and letters taken for digits or the other way round, where the form
        leaves no doubt of what they are.
        """
        found = self._pattern.search(text)
        if not found:
            return None
        groups = iter(found.groups())
        meant = {"#": _DIGITS_FOR, "@": _LETTERS_FOR}
        return "".join(next(groups).translate(meant[piece[0]]) if piece[0] in "#@" else piece for piece in self._pieces)


_DIGITS_FOR = str.maketrans("OoIlSsBZz", "001155822")
_LETTERS_FOR = str.maketrans("01582", "OISBZ")


def _run(places: str) -> str:
    """Return a pattern for digits, or capitals, of which at least one was read as such."""
    sure, alike = ("0-9", "OoIlSsBZz") if places[0] == "#" else ("A-Z", "01582")
    return rf"(?=[{sure}{alike}]{{0,{len(places) - 1}}}[{sure}])[{sure}{alike}]{{{len(places)}}}"


def _lenient(literal: str) -> str:
    return "".join(_MISREAD.get(sign, re.escape(sign)) for sign in literal)


class DateForm(Part):
    """A printed date, as a pattern of `datetime.strptime` with ``%Y %m %d %H %M %S``."""

    pattern: str

    @field_validator("pattern")
    @classmethod
    def _is_a_date(cls, pattern: str) -> str:
        parts = re.findall(r"%.?", pattern)
        if sorted(set(parts)) != sorted(parts) or not {"%Y", "%m", "%d"} <= set(parts) <= set(_DATE_PARTS):
            raise ValueError(f"a date has %Y, %m and %d, perhaps with a time of {', '.join(_DATE_PARTS)}, each once")
        return pattern

    @property
    def with_time(self) -> bool:
        """Whether the time of day is printed."""
        return "%H" in self.pattern

    @property
    def day(self) -> DateForm:
        """The same form without the time of day."""
        return DateForm(pattern=self.pattern.partition("%H")[0].rstrip())

    @property
    def mask(self) -> str:
        """The pattern with ``#`` for each digit."""
        text = self.pattern
        for part, digits in _DATE_PARTS.items():
            text = text.replace(part, digits)
        return text

    def read(self, raw: str) -> str | None:
        """Return the date as "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS"; None where `raw` has not the form.

        A date that does not exist, such as the 30th of February, is returned all the same: a check tells it.
        """
        signs = re.split(r"(%[YmdHMS])", self.pattern)
        pattern = "".join(
            f"(?P<{sign[1]}>{_DATE_PARTS[sign].replace('#', '[0-9]')})" if sign in _DATE_PARTS else _sign(sign)
            for sign in signs
        )
        found = re.fullmatch(pattern, raw.strip())
        if not found:
            return None
        part = found.groupdict()
        day = f"{part['Y']}-{part['m']}-{part['d']}"
        return f"{day} {part['H']}:{part['M']}:{part.get('S', '00')}" if self.with_time else day

    def write(self, moment: datetime) -> str:
        """Return a moment as this layout prints it."""
        return moment.strftime(self.pattern)


def _sign(text: str) -> str:
    """Return a pattern for what stands between the digits: engines add and lose white space and points there."""
    return r"[\s.]*" + "".join(r"[\s.]*" if sign.isspace() else re.escape(sign) + r"[\s.]*" for sign in text)


class NumberForm(Part):
    """How amounts are printed.

    Attributes
    ----------
    decimal, thousands : str
        The signs before the decimal places and between thousands; the second one may be empty.
    places : int
        How many decimal places there are.
    """

    decimal: str = "."
    thousands: str = ""
    places: Annotated[int, Field(ge=0)] = 2

    def pattern(self, loose: bool = True) -> str:
        """Return a pattern of what engines make of an amount.

        Parameters
        ----------
        loose : bool
            Whether digits may stand apart; not where another number may stand before.
        """
        # engines take points for commas and the other way round; with the right number of places there is no doubt
        sign = "" if not self.thousands.strip() else "[.,'’]?"
        apart = r"\s*" if loose else ""
        whole = rf"[0-9](?:{apart}[0-9])*"
        if self.thousands:
            whole = rf"(?:[0-9]{{1,3}}(?:\s?{sign}\s?[0-9]{{3}})+|{whole})"
        return whole + (rf"\s*[.,](?:\s*[0-9]){{{self.places}}}" if self.places else "")

    def of_digits(self, text: str) -> str:
        """Return the digits of a text as an amount such as "1234.50"."""
        digits = "".join(re.findall(r"[0-9]", text))
        whole, places = (digits[: -self.places], digits[-self.places :]) if self.places else (digits, "")
        return f"{int(whole)}.{places}" if places else str(int(whole))

    def read(self, text: str) -> str | None:
        """Return an amount as "1234.50"; None where `text` has not the form."""
        tight = text.strip()
        return self.of_digits(tight) if re.fullmatch(self.pattern(), tight) else None

    def write(self, amount: str) -> str:
        """Return an amount such as "1234.50" as this layout prints it."""
        whole, _, places = amount.partition(".")
        grouped = f"{int(whole):,}".replace(",", self.thousands)
        return f"{grouped}{self.decimal}{places}" if self.places else grouped
