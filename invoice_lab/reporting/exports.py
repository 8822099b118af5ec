"""The file for the accountants: accepted invoices and lines by month, as CSV and Parquet, reconciled to the cent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from invoice_lab.errors import CacheError
from invoice_lab.reporting.files import REPORTS_REMEDY, check_folder, write_atomically
from invoice_lab.reporting.place import reports_lock
from invoice_lab.reporting.typed_files import Kind, csv_bytes, parquet_bytes
from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import open_cache
from invoice_lab.warehouse.queries import exact_query
from invoice_lab.warehouse.queries.frames import Day

_KINDS: dict[str, Kind] = {
    "invoice_date": "day",
    **dict.fromkeys(("part", "line_no", "quantity", "invoices", "lines"), "whole"),
    **dict.fromkeys(("net", "tax", "total", "amount", "lines_total", "difference"), "money"),
    "unit_price": "price",
}
_FILES = {"invoices": "accounting_invoices", "invoice_lines": "accounting_lines"}


def write_exports(
    workspace: str, settings: Settings, output: Path | None = None, *, as_of: Day | None = None
) -> list[Path]:
    """Write the accountants' files of a workspace.

    Parameters
    ----------
    workspace : str
    settings : Settings
    output : Path, optional
        The folder; ``<reports>/<workspace>/exports`` where left out.
    as_of : date, optional
        Invoices up to and including this day; all where left out.

    Returns
    -------
    list of Path
        invoices and invoice_lines as ``.csv`` and ``.parquet``, and reconciliation.csv: one row a month and currency
        with the totals of both. Equal data gives equal bytes.

    Raises
    ------
    UsageError
        Where the folder can't be written to.
    CacheError
        Where there is no cache, or a month's invoices and lines don't agree to the cent. Nothing is written then.
    """
    if output is not None:
        check_folder(output, "Make it writable, or name another folder.")
        return _write_files(workspace, settings, output, as_of)
    folder = settings.workspace_reports_dir(workspace) / "exports"
    check_folder(folder, REPORTS_REMEDY)
    with reports_lock(settings.reports_dir):
        return _write_files(workspace, settings, folder, as_of)


def _write_files(workspace: str, settings: Settings, folder: Path, as_of: Day | None) -> list[Path]:
    with open_cache(workspace, settings) as cache:
        frames = {name: exact_query(cache.connection, query, as_of=as_of) for name, query in _FILES.items()}
        totals = exact_query(cache.connection, "monthly_totals", as_of=as_of)
    reconcile(frames["invoices"], frames["invoice_lines"], totals)
    written = []
    for name, frame in frames.items():
        written.append(_write(folder / f"{name}.csv", csv_bytes(frame, _KINDS)))
        written.append(_write(folder / f"{name}.parquet", parquet_bytes(frame, _KINDS)))
    written.append(_write(folder / "reconciliation.csv", csv_bytes(totals, _KINDS)))
    return written


def reconcile(invoices: pd.DataFrame, lines: pd.DataFrame, totals: pd.DataFrame) -> None:
    """Check that the rows to be written add up to the months' totals, and lines to invoices, to the cent.

    Raises
    ------
    CacheError
        Naming the first month that doesn't agree, and by how much.
    """
    keys = ["month", "currency"]
    written = invoices.groupby(keys)["total"].sum() if len(invoices) else {}
    by_lines = lines.groupby(keys)["amount"].sum() if len(lines) else {}
    for row in totals.itertuples():
        key = (row.month, row.currency)
        checks = {
            "the invoices written and their total": written.get(key, Decimal(0)) - row.total,
            "the lines written and their total": by_lines.get(key, Decimal(0)) - row.lines_total,
            "invoices and lines": row.difference,
        }
        for what, difference in checks.items():
            if difference:
                raise CacheError(
                    f"{row.month}: {what} differ by {difference:.2f} {row.currency}; no file was written.",
                    "Run `invoice-lab refresh`; if it stays, look at that month's invoices in the books.",
                )


def _write(path: Path, data: bytes) -> Path:
    write_atomically(path, data)
    return path
