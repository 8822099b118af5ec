"""Frames as CSV and Parquet: each column of a kind, texts harmless in spreadsheets, equal bytes for equal data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from invoice_lab.reporting.markup import clean

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "whole", "money", "price", "share", "score", "day", "flag"]
"""Of a column's values: ``money`` and ``price`` are `decimal.Decimal` (2 and 4 places), ``share`` a float, 0 to 1, and
``score`` any float."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PLACES = {"money": 2, "price": 4}


def csv_bytes(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> bytes:
    r"""Return a frame as CSV (UTF-8, comma, ``\\r\\n``), texts made harmless for spreadsheets, nothing where missing.

    Parameters
    ----------
    frame : DataFrame
    kinds : mapping of str to str
        Kind by column; all others are texts.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(frame.columns)
    columns = [_written(frame[name], kinds.get(str(name), "text")) for name in frame.columns]
    writer.writerows(zip(*columns, strict=True))
    return file.getvalue().encode("utf-8")


def parquet_bytes(frame: pd.DataFrame, kinds: Mapping[str, Kind], about: Mapping[str, str] | None = None) -> bytes:
    """Return a frame as Parquet: money as decimals, days as dates, texts as they are.

    Parameters
    ----------
    frame : DataFrame
    kinds : mapping of str to str
        Kind by column; all others are texts.
    about : mapping of str to str, optional
        What the file says of itself, in its schema's metadata.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    of = {name: kinds.get(str(name), "text") for name in frame.columns}
    columns = {name: pa.array(_plain(frame[name], kind), type=_arrow_type(kind)) for name, kind in of.items()}
    table = pa.table(columns)
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(about) if about else table, sink, compression="zstd")
    return sink.getvalue()


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula: an apostrophe is put before it."""
    text = clean(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


_TO_PLAIN: dict[Kind, Callable[[Any], Any]] = {"whole": int, "share": float, "score": float, "flag": bool, "text": str}
_TO_TEXT: dict[Kind, Callable[[Any], str]] = {
    "text": harmless,
    "money": "{:.2f}".format,
    "price": "{:.4f}".format,
    "share": "{:.4f}".format,
    "score": "{:.6g}".format,
    "day": date.isoformat,
    "flag": lambda value: "true" if value else "false",
}


def _plain(series: pd.Series, kind: Kind) -> list[Any]:
    """Return a column's values without pandas' own types, None where missing."""
    values = series.dt.date if pd.api.types.is_datetime64_any_dtype(series) else series
    return _each(values.tolist(), _TO_PLAIN.get(kind, lambda value: value), series.isna())


def _written(series: pd.Series, kind: Kind) -> list[Any]:
    """Return a column's values as texts, None where missing."""
    plain = _plain(series, kind)
    return _each(plain, _TO_TEXT.get(kind, str), (value is None for value in plain))


def _each(values: Iterable[Any], change: Callable[[Any], Any], missing: Iterable[bool]) -> list[Any]:
    return [None if gone else change(value) for value, gone in zip(values, missing, strict=True)]


def _arrow_type(kind: Kind) -> pa.DataType:
    import pyarrow as pa

    if kind in _PLACES:
        return pa.decimal128(18, _PLACES[kind])
    others = {"whole": pa.int64(), "share": pa.float64(), "score": pa.float64(), "day": pa.date32(), "flag": pa.bool_()}
    return others.get(kind, pa.string())
