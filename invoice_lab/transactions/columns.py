"""Which column of a file means what: the roles that the rows of transactions have."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence

from invoice_lab.errors import UsageError
from invoice_lab.warehouse.queries.frames import nearest

REQUIRED = ("customer", "basket", "date", "product", "quantity", "unit_price")
OPTIONAL = ("name", "customer_name", "email", "birth_date", "gender", "category", "amount", "currency")
ROLES = (*REQUIRED, *OPTIONAL)


def parse_columns(text: str) -> dict[str, str]:
    """Read which column has which role.

    Parameters
    ----------
    text : str
        ``customer=CustomerID,basket=InvoiceNo``; a column whose name holds a comma stands in quotes with its role:
        ``"unit_price=Price, EUR"``.

    Returns
    -------
    dict of str to str
        Column by role.

    Raises
    ------
    UsageError
        For what is no such list, an unknown role (the nearest is named), or one that stands there twice.
    """
    columns: dict[str, str] = {}
    for pair in next(csv.reader([text], skipinitialspace=True), []):
        role, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not column:
            raise UsageError(f"{pair!r} says of no column what it means.", "Write it as customer=CustomerID.")
        if role not in ROLES:
            raise UsageError(f"There is no role {role!r}{nearest(role, ROLES)}", f"The roles are: {', '.join(ROLES)}.")
        if role in columns:
            raise UsageError(f"The role {role!r} is given twice.", "Name one column for each role.")
        columns[role] = column
    return columns


def places(columns: Mapping[str, str] | None, header: Sequence[str]) -> dict[str, int]:
    """Return where in the file the column of each role stands.

    Parameters
    ----------
    columns : mapping of str to str, optional
        Column by role; without it the columns that are called as roles are.
    header : sequence of str
        The file's columns in their order.

    Raises
    ------
    UsageError
        A column is not in the file (the nearest is named) or in it twice, or a role that is needed has none.
    """
    there = f"The file's columns are: {', '.join(header)}."
    if columns is None:
        columns = {role: role for role in ROLES if role in header}
    for column in columns.values():
        if column not in header:
            near = nearest(column, header)
            raise UsageError(f"The file has no column {column!r}{near}", there if near.endswith("?") else "")
    if missing := [role for role in REQUIRED if role not in columns]:
        example = ",".join(f"{role}=COLUMN" for role in missing)
        raise UsageError(
            f"It is not said which column is {', '.join(missing)}.", f"Say so with --columns {example}. {there}"
        )
    counts = Counter(header)
    if twice := [column for column in columns.values() if counts[column] > 1]:
        raise UsageError(f"The file has several columns {twice[0]!r}.", "Give them names of their own.")
    return {role: header.index(column) for role, column in columns.items()}
