"""What the recommendations report is made of: its parameters, and the results that its sections share."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.recommendation.baskets import Baskets, read_baskets
from invoice_lab.recommendation.chances import LISTS, chances_by_rank
from invoice_lab.recommendation.evaluation import BASE, Evaluation, evaluated
from invoice_lab.recommendation.filters import Filters
from invoice_lab.recommendation.methods import AUTO, CHANCE, METHODS, method_named
from invoice_lab.recommendation.protocols import DATE, LAST_BASKET
from invoice_lab.recommendation.recommender import Recommender
from invoice_lab.recommendation.verdict import NO_EVIDENCE, Verdict, verdict
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.base import ReportPage
from invoice_lab.segmentation.rfm import RFM
from invoice_lab.segmentation.segments import load_segments
from invoice_lab.warehouse.queries.frames import one_of, whole

MOST_CUSTOMERS = 100_000
"""Customers that get lists, those with the highest sales where there are more."""
NO_PURCHASES = "The invoices are of goods that came back alone: there are no purchases to learn from."
_LONGEST = 100


class RecommendationsData(ReportPage):
    """Parameters and shared results of the recommendations report.

    Parameters
    ----------
    workspace : str
    as_of : str
    k : int
        Length of a list, 1 to 100.
    methods : str
        Methods that are compared, with commas between them; empty: the usual ones. Best sellers and chance always are.
    segment : str
        The segment whose customers are shown; empty: all.
    least_baskets : int
        Invoices that must hold a product, else it is not recommended.
    shown : int
        Customers in the table, at most.
    """

    def __init__(
        self, workspace: str, as_of: str = "", *, k: int = 10, methods: str = "", segment: str = "",
        least_baskets: int = 0, shown: int = 100,
    ) -> None:  # fmt: skip
        super().__init__(
            workspace, as_of, k=k, methods=methods, segment=segment, least_baskets=least_baskets, shown=shown
        )
        self.k, self.shown = whole(k, "k", 1, _LONGEST), whole(shown, "shown", 1)
        self.least_baskets = whole(least_baskets, "least_baskets", 0)
        asked = [name.strip() for name in methods.split(",") if name.strip()]
        known = [AUTO, CHANCE, *METHODS]
        for name in asked:
            if one_of(name, known, "method to evaluate") in METHODS:
                method_named(name)
        self.methods = [AUTO, BASE, *asked, CHANCE] if asked else None
        self.colours = {segment.name: segment.colour for segment in load_segments()}
        self.segment = one_of(segment, list(self.colours), "segment of customers") if segment else ""

    @cached_property
    def lines(self) -> pd.DataFrame:
        """One row a product in a basket."""
        return self.frame("lines")

    @cached_property
    def line_details(self) -> pd.DataFrame:
        """Lines as they stand on the invoices."""
        return self.frame("line_details")

    @cached_property
    def is_bare(self) -> bool:
        """Whether there is no purchase: no invoice, or none but of goods that came back."""
        return self.is_empty or not (self.lines["quantity"] > 0).any()

    def bare(self) -> Html:
        """Return the sentence on why there is nothing to show."""
        return self.empty() if self.is_empty else paragraph(NO_PURCHASES)

    @cached_property
    def baskets(self) -> Baskets:
        """The lines as the methods take them."""
        return read_baskets(self.lines)

    @cached_property
    def last_basket(self) -> Evaluation | str:
        """The evaluation on everybody's last basket, or the sentence on why there is none."""
        return self._evaluated(LAST_BASKET)

    @cached_property
    def by_date(self) -> Evaluation | str:
        """The evaluation on baskets after a day, or the sentence on why there is none."""
        return self._evaluated(DATE)

    @cached_property
    def verdict(self) -> Verdict | str:
        """Whether there is personal taste, or the sentence on why nobody can tell."""
        if isinstance(self.last_basket, str):
            return f"{NO_EVIDENCE}, for it can't be tested: {_lower(self.last_basket)}"
        return verdict(self.last_basket)

    @cached_property
    def customers(self) -> pd.DataFrame:
        """Who had an invoice up to the day, the highest sales first.

        Index customer_id; customer, number, category, invoices, sales, segment, label (what readers call them, each
        another).
        """
        frame = self.frame("customers").set_index("customer_id")
        frame = frame.loc[frame["invoices"] > 0, ["customer", "number", "category", "invoices"]]
        sales = self.orders.groupby("customer_id")["amount"].sum()
        frame = frame.assign(sales=sales.reindex(frame.index).fillna(0.0), segment=self.segment_of.reindex(frame.index))
        return frame.assign(label=_labels(frame)).sort_values("sales", ascending=False, kind="stable")

    @cached_property
    def segment_of(self) -> pd.Series:
        """Segment by customer_id, as the segments report has it with its usual parameters."""
        rows = self.frame("rfm_summary", currency=self.currency).set_index("customer_id")
        if rows.empty:
            return pd.Series([], index=rows.index, name="segment", dtype="str")
        summary = rows[["recency", "frequency", "monetary"]]
        segment: pd.Series = RFM().fit(summary).transform(summary)["segment"]
        return segment

    @cached_property
    def recommender(self) -> Recommender:
        """The recommender, with the methods that were chosen in the evaluation; categories are groups of the cold."""
        choice = None if isinstance(self.last_basket, str) else self.last_basket.choice
        categories = self.customers["category"].dropna()
        return Recommender().fit(self.lines, self.as_of, "category " + categories.astype(str), choice)

    @cached_property
    def lists(self) -> pd.DataFrame:
        """Both lists of every customer.

        customer_id, kind (again or new), rank, product_id, product, score, reason, chance (that the product is in the
        next basket), price (usual, of one piece), expected_value (chance times price); ordered by the customers, kind
        and rank.
        """
        asked, filters = self.customers.index[:MOST_CUSTOMERS], Filters(least_baskets=self.least_baskets)
        parts = [
            self.recommender.recommend(asked, self.k, kind, filters).assign(kind=kind).merge(self._chance(kind), "left")
            for kind in LISTS
        ]
        lists = pd.concat(parts, ignore_index=True)
        order = np.lexsort((lists["rank"], lists["kind"], asked.get_indexer(lists["customer_id"])))
        names = pd.Series(self.recommender.names_, self.recommender.products_)
        lists = lists.iloc[order].reset_index(drop=True)
        price = lists["product_id"].map(self.prices).astype("float64")  # a text where there is no row
        return lists.assign(product=lists["product_id"].map(names), price=price, expected_value=lists["chance"] * price)

    @cached_property
    def chances(self) -> dict[str, pd.DataFrame]:
        """How likely each rank of each list is in the next basket; nothing where it can't be tested."""
        if isinstance(self.last_basket, str):
            return {}
        return {kind: chances_by_rank(self.last_basket, kind) for kind in LISTS}

    @cached_property
    def prices(self) -> pd.Series:
        """The usual price of a piece by product_id: the median of its purchases in the page's currency."""
        lines = self.of_currency(self.line_details)
        lines = lines[(lines["quantity"] > 0) & (lines["amount"] > 0)]
        prices: pd.Series = (lines["amount"] / lines["quantity"]).groupby(lines["product_id"]).median()
        return prices

    def _evaluated(self, protocol: str) -> Evaluation | str:
        try:
            return evaluated(self.baskets, protocol, k=self.k, methods=self.methods)
        except NotEnoughDataError as error:
            return error.message

    def _chance(self, kind: str) -> pd.DataFrame:
        if kind in self.chances:
            return self.chances[kind][["rank", "chance"]]
        return pd.DataFrame({"rank": np.arange(1, self.k + 1), "chance": np.nan})


def method_title(name: str, used: str = "") -> str:
    """Return what readers call a method; of ``auto`` also what it chose."""
    if name == AUTO:
        return f"Chosen: {METHODS[used].title}" if used else "Chosen by validation"
    return "Chance" if name == CHANCE else METHODS[name].title


def _labels(frame: pd.DataFrame) -> pd.Series:
    """Return name and number, or what there is of them, and the id where that is not enough to tell customers apart."""
    ids = frame.index.to_series()
    name, number = frame["customer"].fillna(""), frame["number"].fillna("")
    both = name.where((number == "") | (name == number), name + " (" + number + ")").where(name != "", number)
    label = both.where(both != "", ids)
    return label.where(~label.duplicated(keep=False), label + " · " + ids.str[-6:])


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
