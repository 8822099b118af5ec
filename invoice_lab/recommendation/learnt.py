"""What a recommender learnt: baskets, and what follows from them, each part reckoned when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from invoice_lab.recommendation.baskets import Baskets, Floats, Labels
from invoice_lab.recommendation.history import History
from invoice_lab.recommendation.incremental import extended, recoded, spread
from invoice_lab.recommendation.items import cosines, counted_on, holders, shared
from invoice_lab.recommendation.lists import HALF_LIFE_DAYS, again
from invoice_lab.recommendation.methods import ITEM_ITEM, Parameters, fitted
from invoice_lab.recommendation.model import Model
from invoice_lab.recommendation.products import names_of
from invoice_lab.recommendation.reasons import Reasons

ALL, AGAIN, NEW_ONLY = "all", "again", "new"
KINDS = (ALL, AGAIN, NEW_ONLY)
Used = tuple[str, Parameters | None]
"""A method and its parameters, None for the usual ones."""


@dataclass(frozen=True)
class Learnt:
    """What lists are made of.

    Attributes
    ----------
    baskets : Baskets
    day : Timestamp
        Of the report.
    used : mapping of str to tuple
        Method and parameters for ``all`` and ``new``.
    due : bool
        Whether a product counts less in ``again`` until it is due.
    named : Series of str
        Names of the products, in their order; missing where there is none.
    prices : ndarray of float, optional
        NaN where unknown.
    counts : dict of str to csr_matrix
        Holders that two products share, by `invoice_lab.recommendation.items.TOGETHER`, as far as they were counted.
    """

    baskets: Baskets
    day: pd.Timestamp
    used: Mapping[str, Used]
    due: bool
    named: pd.Series
    prices: Floats | None
    counts: dict[str, csr_matrix] = field(default_factory=dict)
    _cosines: dict[str, csr_matrix] = field(default_factory=dict, init=False)
    _models: dict[str, Model] = field(default_factory=dict, init=False)

    @cached_property
    def names(self) -> Labels:
        """Names of the products, for readers: the ids where there is none."""
        return names_of(self.named, self.baskets.products)

    @property
    def day_number(self) -> int:
        """The day as days since 1970-01-01."""
        return int(self.day.to_datetime64().astype("datetime64[D]").astype(np.int64))

    @cached_property
    def history(self) -> History:
        """What each customer bought of each product."""
        return History.of(self.baskets)

    @cached_property
    def reasons(self) -> Reasons:
        """Says why."""
        return Reasons(self.history, self.names, self.day_number, counts=self.shared("customers"), alike=self.similar)

    @property
    def similar(self) -> csr_matrix:
        """How alike products are, by the customers who bought them."""
        return self.cosines("customers")

    def model(self, kind: str) -> Model:
        """Return the model of a kind of lists."""
        if kind == NEW_ONLY and self.used[NEW_ONLY] == self.used[ALL]:
            return self.model(ALL)
        if kind not in self._models:
            self._models[kind] = self._again() if kind == AGAIN else self._fitted(*self.used[kind])
        return self._models[kind]

    def shared(self, together: str) -> csr_matrix:
        """Return the holders that two products share."""
        if together not in self.counts:
            self.counts[together] = shared(holders(self.baskets, together))
        return self.counts[together]

    def cosines(self, together: str) -> csr_matrix:
        """Return how alike products are."""
        if together not in self._cosines:
            self._cosines[together] = cosines(self.shared(together))
        return self._cosines[together]

    def and_then(self, came: Baskets, day: pd.Timestamp, named: pd.Series, prices: Floats | None) -> Learnt:
        """Return what is learnt with later baskets, counted on; raises as `incremental.extended`.

        Parameters
        ----------
        came : Baskets
        day : Timestamp
        named, prices
            Of the products of `came`, in their order.
        """
        baskets = extended(self.baskets, came)
        who = np.unique(recoded(came, baskets.customers, baskets.products).customer)
        before = recoded(self.baskets, baskets.customers, baskets.products)
        before, after = (all_of.only(np.isin(all_of.customer, who)) for all_of in (before, baskets))
        codes = np.searchsorted(baskets.products, self.baskets.products)
        counts = {
            together: counted_on(spread(found, codes, len(baskets.products)), before, after, together, who)
            for together, found in self.counts.items()
        }
        known = [_of(found, self.baskets.products) for found in (self.named, self.prices)]
        news = [_of(found, came.products) for found in (named, prices)]
        named, priced = (new.combine_first(old).reindex(baskets.products) for new, old in zip(news, known, strict=True))
        return Learnt(
            baskets, day, self.used, self.due, named.reset_index(drop=True),
            None if self.prices is None and prices is None else priced.to_numpy(np.float64), counts,
        )  # fmt: skip

    def _again(self) -> Model:
        return again(self.baskets, self.history, self.day_number, HALF_LIFE_DAYS, due=self.due)

    def _fitted(self, method: str, parameters: Parameters | None) -> Model:
        """Fit a method; item-item from cosines that are kept, and from counts that can be counted on."""
        return fitted(method, self.baskets, parameters, {"alike": self.cosines} if method == ITEM_ITEM else {})


def _of(values: pd.Series | Floats | None, products: Labels) -> pd.Series:
    """Return values by product id; none where there are none."""
    return pd.Series(dtype=object) if values is None else pd.Series(np.asarray(values, dtype=object), products).dropna()
