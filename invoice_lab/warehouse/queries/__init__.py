"""Named queries on the DuckDB cache: one ``.sql`` file each, named parameters, ordered results, currencies kept apart.

Money is DECIMAL in SQL, so every sum and difference is exact. `query` hands it to pandas as float64, which holds every
amount of the books to the cent; `exact_query` hands it on as `decimal.Decimal`, for files and reconciliation.

A file names its parameters in its head: ``-- $as_of: ...`` must be given, ``-- $as_of (optional): ...`` may be left
out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from invoice_lab.errors import CacheError, UsageError
from invoice_lab.warehouse.queries.frames import nearest

if TYPE_CHECKING:
    import duckdb

_FOLDER = Path(__file__).parent
_PARAMETER = re.compile(r"^-- \$(\w+)( \(optional\))?:", re.MULTILINE)


@dataclass(frozen=True)
class NamedQuery:
    """One query file.

    Attributes
    ----------
    name : str
    sql : str
    required, optional : tuple of str
        Its parameters.
    """

    name: str
    sql: str
    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def summary(self) -> str:
        """What the query gives: the first line of its file."""
        return self.sql.splitlines()[0].removeprefix("--").strip()


def query(connection: duckdb.DuckDBPyConnection, name: str, /, **params: object) -> pd.DataFrame:
    """Run a named query.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Of an open cache.
    name : str
        One of `names()`.
    **params
        The query's parameters.

    Returns
    -------
    DataFrame
        Always in the same order. Texts are ``str`` columns (NaN where missing), dates ``datetime64``, money float64.

    Raises
    ------
    UsageError
        For an unknown query, or an unknown, missing or ill-typed parameter; the nearest known name is given.
    """
    frame: pd.DataFrame = _run(connection, name, params, lambda relation: relation.df())
    return _texts(frame, [name for name in frame if pd.api.types.is_object_dtype(frame[name])])


def exact_query(connection: duckdb.DuckDBPyConnection, name: str, /, **params: object) -> pd.DataFrame:
    """Run a named query and keep money exact: DECIMAL columns hold `decimal.Decimal` (None where missing).

    Parameters and errors are those of `query`.
    """
    table = _run(connection, name, params, lambda relation: relation.to_arrow_table())
    texts = [field.name for field in table.schema if str(field.type) in {"string", "large_string"}]
    return _texts(table.to_pandas(date_as_object=False), texts)


def names() -> list[str]:
    """Return the names of all queries, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.sql"))


@cache
def describe(name: str) -> NamedQuery:
    """Return a query's text and parameters, or raise `UsageError` naming the nearest."""
    if name not in names():
        raise UsageError(f"There is no query {name!r}{nearest(name, names())}")
    sql = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    found = _PARAMETER.findall(sql)
    return NamedQuery(
        name,
        sql,
        required=tuple(parameter for parameter, optional in found if not optional),
        optional=tuple(parameter for parameter, optional in found if optional),
    )


def _run(
    connection: duckdb.DuckDBPyConnection, name: str, params: dict[str, object], fetch: Callable[[Any], Any]
) -> Any:  # noqa: ANN401 - whatever DuckDB fetches
    import duckdb

    named = describe(name)
    known = (*named.required, *named.optional)
    for parameter in params:
        if parameter not in known:
            raise UsageError(f"The query {name!r} has no parameter {parameter!r}{nearest(parameter, known)}")
    missing = [parameter for parameter in named.required if params.get(parameter) is None]
    if missing:
        raise UsageError(f"The query {name!r} needs {', '.join(missing)}.")
    try:
        return fetch(connection.sql(named.sql, params={parameter: params.get(parameter) for parameter in known}))
    except duckdb.ConversionException as error:
        raise UsageError(f"A parameter of the query {name!r} has a wrong value: {error}.") from error
    except duckdb.Error as error:
        raise CacheError(f"The query {name!r} failed: {error}.") from error


def _texts(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Give text columns one type, also where every value is missing (DuckDB then hands on ``object``)."""
    return frame.astype(dict.fromkeys(columns, "str"))
