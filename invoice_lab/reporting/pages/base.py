"""What every report page has: the cache it reads, its head, and how it was made."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd

from invoice_lab.errors import UsageError
from invoice_lab.reporting import words
from invoice_lab.reporting.assets import page_assets
from invoice_lab.reporting.header import header
from invoice_lab.reporting.language import Labels
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.method import method, report_command
from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import Cache, open_cache
from invoice_lab.warehouse.queries import query
from invoice_lab.warehouse.queries.frames import as_day

EMPTY = (
    "There are no accepted invoices in this workspace yet, so there is nothing to show. "
    "Ingest scans with `make report SCANS=<folder>`, or look at the OCR quality report to see why scans were not "
    "accepted."
)


class ReportPage:
    """A report on one workspace.

    Parameters
    ----------
    workspace : str
    as_of : str
        The day the report is of, inclusive, as ``2020-03-31``; empty: the day after the last invoice.
    **parameters
        The notebook's other parameters, for the section on the method.
    """

    report: ClassVar[str]
    title: ClassVar[str]
    what: ClassVar[str]
    limits: ClassVar[tuple[str, ...]] = ()
    label = Labels()
    """Says labels in the reader's language."""

    def __init__(self, workspace: str, as_of: str = "", **parameters: object) -> None:
        self.settings = Settings.from_environment()
        self.cache: Cache = open_cache(workspace, self.settings)
        self.meta = self.cache.meta
        self.parameters: Mapping[str, Any] = {"workspace": workspace, "as_of": as_of, **parameters}
        self.as_of = as_day(as_of or self.meta.as_of or "1970-01-01")
        if as_of and self.currencies.empty and self.meta.counts["invoices"]:
            raise UsageError(f"There are no invoices up to {as_of} in workspace {workspace!r}.", "Give a later day.")

    def frame(self, name: str, **params: object) -> pd.DataFrame:
        """Return a named query's result as of the page's day."""
        return query(self.cache.connection, name, as_of=self.as_of.date(), **params)

    @cached_property
    def currencies(self) -> pd.DataFrame:
        """Currencies with their counts, the main one first."""
        return self.frame("currencies")

    @property
    def currency(self) -> str:
        """The currency of all amounts on the page: the one with most invoices."""
        return "EUR" if self.is_empty else str(self.currencies["currency"].iloc[0])

    def of_currency(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows in the page's currency."""
        return frame[frame["currency"] == self.currency].reset_index(drop=True)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """One row an invoice in the page's currency."""
        return self.of_currency(self.frame("orders"))

    @property
    def is_empty(self) -> bool:
        """Whether there is no accepted invoice."""
        return self.currencies.empty

    @property
    def period(self) -> str:
        """First and last invoice, in words."""
        if self.is_empty:
            return "no invoices"
        return f"{words.day(self.orders['order_date'].min())} to {words.day(self.orders['order_date'].max())}"

    def source(self, n: float, noun: str) -> str:
        """Return what stands under a figure."""
        counted = words.count(n, noun)
        return f"Source: accepted invoices of workspace {self.meta.workspace}, {self.period}; n\u00a0=\u00a0{counted}."

    def header(self) -> Html:
        """Return what this is: title, workspace, period, as_of, counts, fingerprint."""
        customers = 0 if self.is_empty else int(self.orders["customer_id"].nunique())
        facts = {
            "Workspace": self.meta.workspace,
            "Period": self.period,
            "As of": MISSING_DAY if self.meta.as_of is None else words.day(self.as_of),
            "Invoices": words.whole(len(self.orders)) if not self.is_empty else "0",
            "Customers": words.whole(customers),
        }
        return page_assets() + header(
            self.title, self.what, facts, self.meta.fingerprint, sample=self.meta.sample, label=self.label
        )

    def other_currencies(self) -> Html:
        """Return a sentence on the invoices that are left out since they are in another currency."""
        others = self.currencies.iloc[1:]
        if others.empty:
            return Html()
        text = words.listing(
            [f"{words.count(row.invoices, 'invoice')} in {row.currency}" for row in others.itertuples()]
        )
        return paragraph(f"All amounts are in {self.currency}; {text} are left out.", kind="il-note")

    def empty(self) -> Html:
        """Return the sentence of a page without invoices."""
        return paragraph(EMPTY)

    def method(self) -> Html:
        """Return method and limits, folded away."""
        return method(self.parameters, self.limits, report_command(self.report, self.parameters, self._defaults()))

    @classmethod
    def _defaults(cls) -> dict[str, object]:
        return {name: one.default for name, one in inspect.signature(cls).parameters.items()}


MISSING_DAY = words.MISSING
