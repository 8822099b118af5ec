"""The rows of a file as a table of typed values and reasons, in DuckDB on disk: no row comes into Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources

import duckdb

from invoice_lab.errors import UsageError
from invoice_lab.transactions.columns import ROLES
from invoice_lab.transactions.opened import Opened
from invoice_lab.warehouse.cache_write import first_line

LONGEST_TEXT = 300
"""Characters of a text: the books' indexes hold texts no longer than about three times that."""
ABSENT = ("", "NA", "N/A", "<NA>", "NaN", "nan", "NULL", "null", "None")
"""Texts by which programs say that nothing is there."""
BLANK = " \t\r\n\N{NO-BREAK SPACE}"
_LONGEST_ROW = 10_000_000
_IDS = frozenset({"customer", "basket", "product"})
_NUMBERS = frozenset({"quantity", "unit_price", "amount"})
_FLOATING = frozenset({"FLOAT", "DOUBLE"})
_PLAIN_DATE = "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ]|$)"


@dataclass(frozen=True)
class Form:
    """How the values of a file are written.

    Attributes
    ----------
    currency : str
        Of rows that name none.
    decimal : {'.', ','}
        The decimal mark of numbers that are texts.
    date_format : str or None
        Of dates that are texts, such as ``%d/%m/%Y %H:%M``; year, month, day (``2010-12-01 08:26``) by default.
    """

    currency: str = "EUR"
    decimal: str = "."
    date_format: str | None = None


def read_rows(
    connection: duckdb.DuckDBPyConnection, opened: Opened, places: Mapping[str, int], form: Form, today: date
) -> None:
    """Read and judge the rows of a file.

    Makes the tables ``raw`` (the file's columns as c0, c1, ...), ``malformed`` (rows of CSV that have not as many
    columns as the first one) and ``rows`` (see ``sql/rows.sql``), in which a row is known by its number in ``raw``.

    Parameters
    ----------
    connection : duckdb connection
        To an empty database.
    opened : Opened
    places : mapping of str to int
        Where the column of each role stands.
    form : Form
    today : date
        The last day that a basket can be of.

    Raises
    ------
    UsageError
        The file can't be read, or the format of its dates is none.
    """
    connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
    try:
        _read_raw(connection, opened)
    except duckdb.Error as error:
        raise UsageError(f"{opened.name} can't be read: {first_line(error)}.", "Export the file anew.") from error
    _check_format(connection, form.date_format)
    values = {
        "absent": list(ABSENT), "blank": BLANK, "currency": form.currency, "longest": LONGEST_TEXT, "today": today,
        "format": form.date_format,
    }  # fmt: skip
    for name, value in values.items():
        connection.execute(f"set variable {name} = ?", [value])
    connection.execute(f"create view mapped as {_Mapped(connection, places, form).query()}")
    connection.execute(sql("rows"))


def sql(name: str) -> str:
    """Return the statements of a file in ``sql/``."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def _read_raw(connection: duckdb.DuckDBPyConnection, opened: Opened) -> None:
    names = [f"c{number}" for number in range(len(opened.header))]
    if opened.separator is None:
        table = f"read_parquet($path) as file ({', '.join(names)})"
        connection.execute(f"create table raw as select * from {table}", {"path": str(opened.table)})
        connection.execute("create table malformed (line bigint, content varchar)")
        return
    connection.execute(
        f"""create table raw as select * from read_csv($path, columns = $columns, header = true, auto_detect = false,
            delim = $separator, quote = '"', escape = '"', nullstr = '', new_line = '\\n', store_rejects = true,
            max_line_size = {_LONGEST_ROW})""",
        {"path": str(opened.table), "columns": dict.fromkeys(names, "VARCHAR"), "separator": opened.separator},
    )
    connection.execute(
        "create table malformed as select line, any_value(csv_line) as content from reject_errors group by line"
    )


def _check_format(connection: duckdb.DuckDBPyConnection, date_format: str | None) -> None:
    if date_format is None:
        return
    try:
        connection.execute("select try_strptime('', $format)", {"format": date_format})
    except duckdb.Error as error:
        remedy = "Such as %d/%m/%Y or '%m/%d/%Y %H:%M'."
        raise UsageError(f"{date_format!r} is no format of a date: {first_line(error)}.", remedy) from error


class _Mapped:
    """The columns of ``raw`` as the roles of a row."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, places: Mapping[str, int], form: Form) -> None:
        self._connection, self._places, self._form = connection, places, form
        self._kinds = [kind for _, kind, *_ in connection.execute("describe raw").fetchall()]

    def query(self) -> str:
        """Return the query that gives each role as text, and the dates."""
        texts = [f"{self._text(role)} as {role}" for role in ROLES]
        times = [f"{self._time('date')} as sold_at", f"{self._time('birth_date')} as born"]
        return f"select rowid as row, {', '.join([*texts, *times])} from raw"

    def _text(self, role: str) -> str:
        if role not in self._places:
            return "null::varchar"
        column, kind = f"c{self._places[role]}", self._kinds[self._places[role]]
        if kind in _FLOATING:
            return f"case when not isnan({column}) then regexp_replace({column}::varchar, '[.]0$', '') end"
        if kind == "VARCHAR" and role in _NUMBERS and self._form.decimal == ",":
            return f"translate({column}, '.,', ',.')"
        if kind == "VARCHAR" and role in _IDS and self._was_floating(column):
            return f"regexp_replace({column}, '[.]0$', '')"
        return f"{column}::varchar"

    def _was_floating(self, column: str) -> bool:
        """Tell whether all texts are whole numbers with a decimal: pandas writes ids so where some are missing."""
        sql = (
            f"select bool_and(regexp_full_match({column}, '[0-9]+[.]0')) from raw where not list_contains(?, {column})"
        )
        return self._connection.execute(sql, [list(ABSENT)]).fetchall() == [(True,)]

    def _time(self, role: str) -> str:
        if role not in self._places:
            return "null::timestamp"
        column, kind = f"c{self._places[role]}", self._kinds[self._places[role]]
        if kind.startswith(("TIMESTAMP", "DATE")):
            return f"try_cast({column} as timestamp)"
        text = f"trim({self._text(role)}, getvariable('blank'))"
        plain = f"case when regexp_matches({text}, '{_PLAIN_DATE}') then try_cast({text} as timestamp) end"
        return f"coalesce(try_strptime({text}, getvariable('format')), {plain})" if self._form.date_format else plain
