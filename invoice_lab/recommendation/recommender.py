"""Recommend products to customers by what they bought, with a reason for each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Integers, Labels, read_baskets
from invoice_lab.recommendation.ranking import top
from invoice_lab.recommendation.scores import METHODS, wants
from invoice_lab.warehouse.queries.frames import Day, one_of, whole

HALF_LIFE_DAYS = 365.0
PRIOR_BASKETS = 8.0
COLUMNS = ("customer_id", "rank", "product_id", "score", "reason")


class Recommender(BaseEstimator):  # type: ignore[misc]
    """What a customer bought most, old purchases counting less, ties and gaps filled by what everybody buys.

    Parameters
    ----------
    method : {"decayed", "frequency", "popularity"}
        Decayed own counts, plain own counts, or the same best sellers for all.
    half_life_days : float, default 365
        ``decayed``: days after which a purchase counts half.
    prior_baskets : float, default 8
        ``decayed``: how many average baskets each customer is taken to have bought before; with 0 customers get what
        they bought before anything else.

    Attributes
    ----------
    customers_, products_ : ndarray
        Known ids, sorted.
    buyers_ : ndarray of int, shape (products,)
        Customers who bought each product.
    """

    def __init__(
        self, method: str = "decayed", half_life_days: float = HALF_LIFE_DAYS, prior_baskets: float = PRIOR_BASKETS
    ) -> None:
        self.method = method
        self.half_life_days = half_life_days
        self.prior_baskets = prior_baskets

    def fit(self, lines: pd.DataFrame, as_of: Day | None = None) -> Recommender:
        """Learn from purchase lines.

        Parameters
        ----------
        lines : DataFrame
            customer_id, basket_id, date, product_id, quantity; a product counts once a basket, returns don't count.
        as_of : date, datetime or str, optional
            Later lines are left out.

        Raises
        ------
        UsageError
            For a wrong parameter, column or value.
        NotEnoughDataError
            Where there are no lines.
        """
        check_parameters(self.method, self.half_life_days, self.prior_baskets)
        baskets = read_baskets(lines, as_of)
        self.customers_, self.products_ = baskets.customers, baskets.products
        self.buyers_ = baskets.buyers()
        self._wants = wants(baskets, self.method, self.half_life_days, self.prior_baskets)
        return self

    def recommend(self, customers: Iterable[object] | None = None, k: int = 10) -> pd.DataFrame:
        """Recommend products.

        Parameters
        ----------
        customers : iterable of ids, optional
            All known customers where left out. A customer without a purchase gets the best sellers.
        k : int
            Products a customer; fewer where there aren't as many.

        Returns
        -------
        DataFrame
            customer_id, rank (from 1), product_id, score (comparable within a customer), reason; ordered by the
            customers as given and rank.
        """
        check_is_fitted(self, "customers_")
        whole(k, "k", 1)
        asked = self.customers_ if customers is None else _ids(customers)
        known = pd.Index(self.customers_).get_indexer(asked)
        cold = len(self.customers_)
        codes, back = np.unique(np.where(known < 0, cold, known), return_inverse=True)
        place, product, score = top(self._wants, codes.astype(np.int64), k)
        rows = self._rows(codes[place].astype(np.int64), product, score)
        bounds = np.searchsorted(place, np.arange(len(codes) + 1))
        takes = [np.arange(bounds[code], bounds[code + 1]) for code in back]
        frame = rows.iloc[np.concatenate(takes or [np.arange(0)])].reset_index(drop=True)
        lengths = [len(take) for take in takes]
        frame.insert(0, "customer_id", pd.Series(list(np.repeat(asked, lengths)), dtype=None if lengths else "str"))
        frame.insert(
            1, "rank", np.concatenate([np.arange(1, n + 1) for n in lengths] or [np.arange(0)]).astype("int64")
        )
        return frame

    def _rows(self, customer: Integers, product: Integers, score: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(
            {"product_id": self.products_[product], "score": score, "reason": self._reasons(customer, product)}
        )

    def _reasons(self, customer: Integers, product: Integers) -> Labels:
        size = len(self.products_)
        pairs = self._wants.customer * size + self._wants.product
        at = np.searchsorted(pairs, customer * size + product)
        found = np.minimum(at, len(pairs) - 1)
        bought = (pairs[found] == customer * size + product) & (self.method != "popularity")
        days = self._wants.last[found].astype("datetime64[D]").astype(str)
        counts, buyers, total = self._wants.count[found], self.buyers_[product], len(self.customers_)
        texts = [
            _bought(count, day) if own else f"popular: bought by {number} of {total} customers"
            for own, count, day, number in zip(bought, counts, days, buyers, strict=True)
        ]
        return np.array(texts, dtype=object)


def check_parameters(method: str, half_life_days: float, prior_baskets: float) -> None:
    """Raise `UsageError` where a parameter of the recommender can't be."""
    one_of(method, METHODS, "method of recommending")
    if not 0 < half_life_days < np.inf:
        raise UsageError(f"half_life_days is {half_life_days!r}; it must be a positive number of days.")
    if not 0 <= prior_baskets < np.inf:
        raise UsageError(f"prior_baskets is {prior_baskets!r}; it must be 0 or more.")


def _bought(count: int, day: str) -> str:
    return f"bought once, on {day}" if count == 1 else f"bought {count} times, last on {day}"


def _ids(customers: Iterable[object]) -> Labels:
    if isinstance(customers, (str, bytes)):
        raise UsageError("customers must be a list of ids, not one text.")
    ids = list(customers)
    asked = np.empty(len(ids), dtype=object)
    asked[:] = ids
    return asked
