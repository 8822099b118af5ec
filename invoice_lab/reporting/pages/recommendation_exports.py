"""The files of the recommendations report: both lists of every customer, as CSV and Parquet."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from invoice_lab.reporting.files import RECOMMENDATIONS_CSV, RECOMMENDATIONS_PARQUET
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.pages.page_exports import write_page_files
from invoice_lab.reporting.pages.recommendations_data import RecommendationsData
from invoice_lab.reporting.typed_files import Kind

COLUMNS: dict[str, Kind] = {
    "as_of": "day",
    "customer_id": "text",
    "number": "text",
    "name": "text",
    "segment": "text",
    "kind": "text",
    "rank": "whole",
    "product_id": "text",
    "product": "text",
    "score": "score",
    "reason": "text",
    "method": "text",
    "chance": "share",
    "price": "price",
    "expected_value": "price",
    "currency": "text",
}
"""Kind by column, in their order."""
_OWN = "own purchases"


class RecommendationExports(RecommendationsData):
    """The files of the recommendations report."""

    @property
    def export_frame(self) -> pd.DataFrame:
        """One row a customer, list and rank, by customer_id, kind and rank, with the columns of `COLUMNS`.

        Both lists of up to 100,000 customers, whatever segment the page shows. chance is that the next basket holds the
        product at this rank of this list (0 to 1), price Decimal for one piece in `currency`, expected_value their
        product. Missing is what can't be known: chances where the evaluation could not be done, prices of what was
        never paid for in this currency.
        """
        if self.is_bare:
            return pd.DataFrame(columns=list(COLUMNS))
        frame = self.lists.join(self.customers[["customer", "number", "segment"]], on="customer_id")
        frame = frame.sort_values(["customer_id", "kind", "rank"], kind="stable", ignore_index=True)
        return frame.rename(columns={"customer": "name"}).assign(
            as_of=self.as_of,
            method=frame["kind"].map({"again": _OWN, "new": self.recommender.new_method_}),
            price=_decimals(frame["price"]),
            expected_value=_decimals(frame["expected_value"]),
            currency=self.currency,
        )[list(COLUMNS)]

    def exports(self) -> Html:
        """Write the files where a report is made, and return the links to them; else say where they come from."""
        return write_page_files(
            self, (RECOMMENDATIONS_CSV, RECOMMENDATIONS_PARQUET), COLUMNS, lambda: self.export_frame,
            "Both lists of every customer",
        )  # fmt: skip


def _decimals(values: pd.Series) -> pd.Series:
    """Return amounts as Decimal with four places, None where missing."""
    exact = [None if pd.isna(value) else Decimal(round(value * 10_000)).scaleb(-4) for value in values]
    return pd.Series(exact, index=values.index, dtype=object)
