"""The files beside a page: the same rows as CSV and Parquet, written where a report is made and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.files import page_files, write_atomically
from invoice_lab.reporting.markup import Html, join, paragraph
from invoice_lab.reporting.pages.base import ReportPage
from invoice_lab.reporting.typed_files import Kind, csv_bytes, parquet_bytes


def write_page_files(
    page: ReportPage, files: tuple[str, str], kinds: Mapping[str, Kind], frame: Callable[[], pd.DataFrame], what: str
) -> Html:
    """Write a page's files where a report is made, and return the links to them; else say where they come from.

    Parameters
    ----------
    page : ReportPage
    files : tuple of str
        Names of the CSV and the Parquet file.
    kinds : mapping of str to str
        Kind by column, in their order.
    frame : callable
        Returns the rows; asked only where files are written.
    what : str
        What they hold, for the sentence on the page.
    """
    (csv, parquet), folder = files, page_files()
    if folder is None:
        return paragraph(
            f"`make report` writes {what[0].lower()}{what[1:]} to {csv} and {parquet}, "
            f"in the folder {page.meta.workspace} of the reports.",
            kind="il-note",
        )
    rows = frame()
    write_atomically(folder / csv, csv_bytes(rows, kinds))
    write_atomically(folder / parquet, parquet_bytes(rows, kinds, about(page)))
    links = join((_link(csv), _link(parquet)), " and ")
    counted = f"({words.count(len(rows), 'row')}, {words.count(len(kinds), 'column')})."
    return paragraph(f"{what} as a file:", links, counted, kind="il-note")


def about(page: ReportPage) -> dict[str, str]:
    """Return what the Parquet file says of itself, without rows too; no day where there is none."""
    known = page.meta.as_of or page.parameters["as_of"]
    return {
        "workspace": page.meta.workspace,
        "as_of": words.day(page.as_of) if known else "",
        "fingerprint": page.meta.fingerprint,
    }


def _link(file: str) -> Html:
    return Html('<a href="{0}" download="{0}">{0}</a>').format(file)
