"""Checks of the frames that analytics take: a wrong column, date or value ends as a sentence, never as a traceback."""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable, Iterable, Sequence
from datetime import date, datetime
from numbers import Number, Real

import numpy as np
import pandas as pd

from invoice_lab.errors import UsageError

Day = date | datetime | str
_DATE = re.compile(r"\s*\d{4}-?\d{2}")
LARGEST = 1e15
"""What numbers are looked at up to: beyond it sums of floats lose more than cents, and no shop sells so much."""
_NUMBERS = {"integer", "floating", "decimal", "mixed-integer", "mixed-integer-float", "complex", "boolean"}


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known name, or the known names where none is near."""
    known = sorted(str(item) for item in known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known are: {', '.join(known) or 'none'}."


def one_of(value: str, known: Sequence[str], what: str) -> str:
    """Return `value` if it is known, else raise `UsageError` naming the nearest."""
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"{value!r} is no {what}{nearest(str(value), known)}")
    return value


def as_day(value: Day, what: str = "as_of") -> pd.Timestamp:
    """Return a day (without time of day and zone), or raise `UsageError`."""
    try:
        if isinstance(value, Number) and not pd.isna(value):
            raise TypeError("a number is no date")
        if isinstance(value, str) and value and not _DATE.match(value):
            raise ValueError("pandas takes today, now and times of day from the clock")
        day = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{what} is {value!r}, which is no date.", "Give a date such as 2020-03-31.") from error
    if pd.isna(day):
        raise UsageError(f"{what} is missing.", "Give a date such as 2020-03-31.")
    return day.tz_localize(None).normalize()


def require_columns(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise `UsageError` where `frame` isn't a frame, or has one of `columns` not at all or twice."""
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"{what} must be a pandas DataFrame, not {type(frame).__name__}.")
    for column in columns:
        if column not in frame.columns:
            raise UsageError(f"{what} has no column {column!r}{nearest(column, map(str, frame.columns))}")
        if not isinstance(frame[column], pd.Series):
            raise UsageError(f"{what} has more than one column {column!r}.", "Leave one of them out.")


def require_values(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise `UsageError` where a value of `columns` is missing."""
    for column in columns:
        missing = int(frame[column].isna().sum())
        if missing:
            raise UsageError(f"{missing} of {len(frame)} rows of {what} have no {column}.", "Leave them out first.")


def ids_of(values: pd.Series, what: str) -> pd.Series:
    """Return a column of ids of one kind, categories as what they stand for, or raise `UsageError`."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype == object:
        kinds = {type(value) for value in values}
        if len(kinds) > 1 or not all(issubclass(kind, Hashable) for kind in kinds):
            found = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise UsageError(f"{what} holds no ids of one kind ({found}).", "Make texts of them first.")
    return values


def days_of(values: pd.Series, what: str) -> pd.Series:
    """Return a column of dates as days (``datetime64``), or raise `UsageError`."""
    return times_of(values, what).dt.normalize()


def times_of(values: pd.Series, what: str) -> pd.Series:
    """Return a column of dates with their time of day, local and without zone, or raise `UsageError`."""
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.infer_dtype(values) in _NUMBERS:
        raise UsageError(f"{what} holds numbers, not dates.", "Convert them with pandas.to_datetime first.")
    try:
        dates = pd.to_datetime(values, format="ISO8601")
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"{what} holds no date: {_said(error)}", "Give dates such as 2020-03-31.") from error
    return dates.dt.tz_localize(None) if dates.dt.tz is not None else dates


def numbers_of(values: pd.Series, what: str) -> pd.Series:
    """Return a column of numbers (also `decimal.Decimal`, or texts) as float64.

    Raises
    ------
    UsageError
        Where one is no number, isn't finite or lies beyond `LARGEST`.
    """
    try:
        if pd.api.types.is_complex_dtype(values):
            raise TypeError("complex numbers have no order")
        numbers = values.astype("float64")
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"{what} holds no number: {_said(error)}", "Give numbers such as 12.50.") from error
    bad = int((~np.isfinite(numbers.to_numpy())).sum())
    if bad:
        raise UsageError(f"{bad} of {len(numbers)} values of {what} are missing or infinite.", "Leave them out first.")
    if len(numbers) and float(numbers.abs().max()) > LARGEST:
        raise UsageError(f"{what} holds {numbers.abs().max():g}, beyond {LARGEST:g}.", "Check its unit.")
    return numbers


def positive(value: object, what: str, most: float = LARGEST) -> float:
    """Return `value` if it is a number above 0 and at most `most`, else raise `UsageError`."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < float(value) <= most:
        raise UsageError(f"{what} is {value!r}; it must be a number above 0 and at most {most:g}.")
    return float(value)


def whole(value: object, what: str, low: int, high: int | None = None) -> int:
    """Return `value` if it is a whole number in [low, high], else raise `UsageError`."""
    number = int(value) if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else None
    if number is None or number < low or (high is not None and number > high):
        bounds = f"from {low} to {high}" if high is not None else f"of at least {low}"
        raise UsageError(f"{what} is {value!r}; it must be a whole number {bounds}.")
    return number


def _said(error: Exception) -> str:
    """Return an error's first line, which names the value, as the end of a sentence."""
    return str(error).partition("\n")[0].partition(". ")[0].rstrip(".:") + "."
