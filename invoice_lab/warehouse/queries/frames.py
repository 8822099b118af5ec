"""Checks of the frames that analytics take: a wrong column, date or value ends as a sentence, never as a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import numpy as np
import pandas as pd

from invoice_lab.errors import UsageError

Day = date | datetime | str


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known name, or the known names where none is near."""
    known = sorted(str(item) for item in known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known are: {', '.join(known) or 'none'}."


def one_of(value: str, known: Sequence[str], what: str) -> str:
    """Return `value` if it is known, else raise `UsageError` naming the nearest."""
    if value not in known:
        raise UsageError(f"{value!r} is no {what}{nearest(str(value), known)}")
    return value


def as_day(value: Day, what: str = "as_of") -> pd.Timestamp:
    """Return a day (without time of day and zone), or raise `UsageError`."""
    try:
        day = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{what} is {value!r}, which is no date.", "Give a date such as 2020-03-31.") from error
    if pd.isna(day):
        raise UsageError(f"{what} is missing.", "Give a date such as 2020-03-31.")
    return day.tz_localize(None).normalize()


def require_columns(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise `UsageError` where `frame` isn't a frame or lacks one of `columns`."""
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"{what} must be a pandas DataFrame, not {type(frame).__name__}.")
    for column in columns:
        if column not in frame.columns:
            raise UsageError(f"{what} has no column {column!r}{nearest(column, map(str, frame.columns))}")


def require_values(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise `UsageError` where a value of `columns` is missing."""
    for column in columns:
        missing = int(frame[column].isna().sum())
        if missing:
            raise UsageError(f"{missing} of {len(frame)} rows of {what} have no {column}.", "Leave them out first.")


def days_of(values: pd.Series, what: str) -> pd.Series:
    """Return a column of dates as days (``datetime64``), or raise `UsageError`."""
    if pd.api.types.is_numeric_dtype(values):
        raise UsageError(f"{what} holds numbers, not dates.", "Convert them with pandas.to_datetime first.")
    try:
        dates = pd.to_datetime(values, format="ISO8601")
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"{what} holds something that is no date: {error}.") from error
    return (dates.dt.tz_localize(None) if dates.dt.tz is not None else dates).dt.normalize()


def numbers_of(values: pd.Series, what: str) -> pd.Series:
    """Return a column of numbers (also `decimal.Decimal`) as float64, or raise `UsageError` where one isn't finite."""
    try:
        numbers = values.astype("float64")
    except (ValueError, TypeError) as error:
        raise UsageError(f"{what} holds something that is no number: {error}.") from error
    bad = int((~np.isfinite(numbers.to_numpy())).sum())
    if bad:
        raise UsageError(f"{bad} of {len(numbers)} values of {what} are missing or infinite.", "Leave them out first.")
    return numbers


def whole(value: object, what: str, low: int, high: int | None = None) -> int:
    """Return `value` if it is a whole number in [low, high], else raise `UsageError`."""
    number = int(value) if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else None
    if number is None or number < low or (high is not None and number > high):
        bounds = f"from {low} to {high}" if high is not None else f"of at least {low}"
        raise UsageError(f"{what} is {value!r}; it must be a whole number {bounds}.")
    return number
