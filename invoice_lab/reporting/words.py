"""Numbers and dates as a reader expects them; whole sentences are built from these."""

from __future__ import annotations

import math
from datetime import date

MISSING = "–"
NBSP = "\u00a0"
"""Stands between a number and its unit, so that no line breaks there."""
_SMALL_SHARE, _TINY_SHARE, _ALMOST_ALL, _MOST_BUT_ALL = 0.1, 0.01, 0.995, 99.9
_IRREGULAR = {"day": "days", "category": "categories"}


def whole(value: float) -> str:
    """Return a count with thousands separated: ``1,234``."""
    return MISSING if _missing(value) else f"{round(value):,}"


def money(value: float, currency: str = "EUR") -> str:
    """Return an amount with two decimals and its currency: ``1,234.50 EUR``."""
    return MISSING if _missing(value) else f"{_zero(value, 2):,.2f}{f'{NBSP}{currency}' if currency else ''}"


def round_money(value: float, currency: str = "EUR") -> str:
    """Return an amount without decimals, for sentences and cards: ``1,235 EUR``."""
    return MISSING if _missing(value) else f"{_zero(value, 0):,.0f}{f'{NBSP}{currency}' if currency else ''}"


def decimal(value: float, digits: int = 2) -> str:
    """Return a number with fixed decimals: ``1,234.568``."""
    return MISSING if _missing(value) else f"{_zero(value, digits):,.{digits}f}"


def percent(share: float) -> str:
    """Return a share (0 to 1): ``31 %``, with more decimals below ten percent: ``7.1 %``, ``0.38 %``.

    What is not all is never called ``100 %``: it gets a decimal, ``99.8 %``, and ``99.9 %`` at the most.
    """
    if _missing(share):
        return MISSING
    if _ALMOST_ALL <= share < 1:
        return f"{min(round(100 * share, 1), _MOST_BUT_ALL)}{NBSP}%"
    digits = 0 if not share or abs(share) >= _SMALL_SHARE else 1 if abs(share) >= _TINY_SHARE else 2
    return f"{_zero(100 * share, digits):.{digits}f}{NBSP}%"


def day(value: date | None) -> str:
    """Return a date: ``2020-10-18``."""
    return MISSING if value is None or value != value else f"{value:%Y-%m-%d}"  # noqa: PLR0124 - NaT


def month(value: date) -> str:
    """Return a month: ``March 2019``."""
    return f"{value:%B %Y}"


def count(number: float, noun: str) -> str:
    """Return a number with its noun in the right form: ``1 customer``, ``62 customers``."""
    plural = _IRREGULAR.get(noun) or f"{noun}s"
    return f"{whole(number)} {noun if round(number) == 1 else plural}"


def of(part: float, total: float, noun: str) -> str:
    """Return a part of a total with its share: ``62 of 873 customers, 7.1 %``."""
    return f"{whole(part)} of {count(total, noun)}, {percent(part / total)}" if total else f"0 of {count(0, noun)}"


def listing(items: list[str]) -> str:
    """Return items as prose: ``a, b and c``."""
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)


def change(now: float, before: float) -> str:
    """Return how `now` compares with `before`, in words: ``8.2 % more``."""
    if _missing(now) or _missing(before) or before <= 0:
        return "nothing to compare with"
    share = now / before - 1
    if abs(share) < 0.0005:
        return "unchanged"
    return f"{percent(abs(share))} {'more' if share > 0 else 'less'}"


def _missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def _zero(value: float, digits: int) -> float:
    """Round, and let no minus stand before zero."""
    return round(float(value), digits) + 0.0
