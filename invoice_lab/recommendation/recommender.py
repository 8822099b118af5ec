"""Recommend products to customers: what they buy again, what is new to them, or both, each with a reason."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Baskets, Integers, Labels, read_baskets
from invoice_lab.recommendation.cold import best_sellers
from invoice_lab.recommendation.filters import Filters
from invoice_lab.recommendation.history import History
from invoice_lab.recommendation.incremental import extended, recoded, spread
from invoice_lab.recommendation.items import TOGETHER, by_likeness, cosines, counted_on, holders, shared
from invoice_lab.recommendation.lists import HALF_LIFE_DAYS, again
from invoice_lab.recommendation.methods import AUTO, METHODS, Parameters, fitted, method_named
from invoice_lab.recommendation.model import Model
from invoice_lab.recommendation.products import about_products
from invoice_lab.recommendation.ranking import Ranked, Wanted, top
from invoice_lab.recommendation.reasons import Reasons
from invoice_lab.recommendation.selection import NEW, Choice, choose
from invoice_lab.warehouse.queries.frames import (
    Day,
    as_day,
    one_of,
    whole,
)

ITEM_ITEM = "item_item"
Values = TypeVar("Values", bound=npt.NDArray[Any])
KINDS = ("all", "again", "new")
COLUMNS = ("customer_id", "rank", "product_id", "score", "reason")


class Recommender(BaseEstimator):  # type: ignore[misc]
    """Products for each customer.

    Parameters
    ----------
    method : str, default "auto"
        A method of `invoice_lab.recommendation.methods.METHODS`, or ``auto``: the one that does best on the last of the
        baskets. What that is depends on data and seed alone: methods that need an extra package must be named.
    parameters : mapping, optional
        Of the method; its usual ones, or with ``auto`` the best ones, where left out.
    random_state : int, default 0

    Attributes
    ----------
    method_, new_method_ : str
        The methods in use, for all products and for new ones.
    choice_ : Choice or None
        How they were chosen; None where a method was named.
    customers_, products_ : ndarray
        Known ids, sorted.
    names_ : ndarray
        Of the products, for readers: the lines' column ``product``, else the ids.
    as_of_ : Timestamp
        The day of the report: `as_of`, else that of the last line.
    """

    def __init__(self, method: str = AUTO, *, parameters: Parameters | None = None, random_state: int = 0) -> None:
        self.method = method
        self.parameters = parameters
        self.random_state = random_state

    def fit(
        self,
        lines: pd.DataFrame,
        as_of: Day | None = None,
        groups: pd.Series | None = None,
        choice: Choice | None = None,
    ) -> Recommender:
        """Learn from purchase lines.

        Parameters
        ----------
        lines : DataFrame
            customer_id, basket_id, date, product_id, quantity; a product counts once a basket, returns don't count.
            Optional: product (its name, for reasons), price (for filters).
        as_of : date, datetime or str, optional
            Later lines are left out.
        groups : Series of str, optional
            Segment or category by customer_id, also of customers without a purchase: these get the best sellers of
            theirs.
        choice : Choice, optional
            For ``auto``: a choice that was made already, such as an evaluation's; what was judged is then what is used.

        Raises
        ------
        UsageError, MissingToolError
            For a wrong parameter, column or value; for a method whose package isn't installed.
        NotEnoughDataError
            Where there are no lines.
        """
        whole(self.random_state, "random_state", 0, 2**32 - 1)
        one_of(self.method, [AUTO, *METHODS], "method of recommending")
        if self.method == AUTO and self.parameters is not None:
            raise UsageError("parameters are of one method; with 'auto' they are found.", "Name the method.")
        baskets = read_baskets(lines, as_of)
        self.groups_ = _checked(groups)
        self.names_, self.prices_ = about_products(lines, baskets.products, _day_of(baskets, as_of))
        self.choice_: Choice | None = None
        self.method_ = self.new_method_ = self.method
        if self.method == AUTO:
            self.choice_ = choice or choose(baskets, seed=self.random_state)
            self.method_, self.new_method_ = self.choice_.method, self.choice_.new
        else:
            method_named(self.method)
        self._shared: dict[str, csr_matrix] = {}
        self._take(baskets, as_of)
        return self

    def update(self, lines: pd.DataFrame, as_of: Day | None = None) -> Recommender:
        """Learn from later lines, such as those of a day, too: lists are as if all had been learnt from together.

        The methods stay those that were chosen, with their parameters.

        Parameters
        ----------
        lines : DataFrame
            As for `fit`, each later than all that were learnt from.
        as_of : date, datetime or str, optional
            The new day of the report; that of the last line where left out.

        Raises
        ------
        UsageError, NotEnoughDataError
            As `fit`, and for lines that aren't later.
        """
        check_is_fitted(self, "customers_")
        came = read_baskets(lines, as_of)
        baskets = extended(self._baskets, came)
        who = np.unique(recoded(came, baskets.customers, baskets.products).customer)
        before = recoded(self._baskets, baskets.customers, baskets.products)
        before, after = (all_of.only(np.isin(all_of.customer, who)) for all_of in (before, baskets))
        codes = np.searchsorted(baskets.products, self.products_)
        self._shared = {
            together: counted_on(spread(counts, codes, len(baskets.products)), before, after, together, who)
            for together, counts in self._shared.items()
        }
        names, prices = about_products(lines, baskets.products, _day_of(came, as_of))
        new = np.isin(baskets.products, came.products)
        self.names_ = _kept(self.names_, codes, names, new)
        self.prices_ = None if prices is None or self.prices_ is None else _kept(self.prices_, codes, prices, new)
        self._take(baskets, as_of)
        return self

    def _take(self, baskets: Baskets, as_of: Day | None) -> None:
        self.as_of_ = _day_of(baskets, as_of)
        self.customers_, self.products_ = baskets.customers, baskets.products
        self._baskets, self.history_ = baskets, History.of(baskets)
        chosen = self.choice_.of(self.method_) if self.choice_ else self.parameters
        for_new = self.choice_.of(self.new_method_, NEW) if self.choice_ else self.parameters
        due = bool(self.choice_ and self.choice_.due)
        day = day_number(self.as_of_)
        self._models: dict[str, Model] = {
            "all": self._fitted(self.method_, chosen),
            "new": self._fitted(self.new_method_, for_new),
            "again": again(baskets, self.history_, day, HALF_LIFE_DAYS, due=due),
        }
        self.similar_ = cosines(self._counts("customers"))
        counts = self._counts("customers")
        self._reasons = Reasons(self.history_, self.names_, day, counts=counts, alike=self.similar_)

    def _fitted(self, method: str, parameters: Parameters | None) -> Model:
        """Fit a method; item-item from counts that are kept, so that they can be counted on."""
        if method != ITEM_ITEM:
            return fitted(method, self._baskets, parameters)
        given = dict(METHODS[method].tried[0] if parameters is None else parameters)
        alike = cosines(self._counts(given.pop("together", TOGETHER[0])))
        return by_likeness(self._baskets, alike, **given)

    def _counts(self, together: str) -> csr_matrix:
        if together not in self._shared:
            self._shared[together] = shared(holders(self._baskets, together))
        return self._shared[together]

    def recommend(
        self,
        customers: Iterable[object] | None = None,
        k: int = 10,
        kind: str = "all",
        filters: Filters | None = None,
    ) -> pd.DataFrame:
        """Recommend products.

        Parameters
        ----------
        customers : iterable of ids, optional
            All known customers where left out. One without a purchase gets the best sellers of their group, or of all,
            and nothing to buy again.
        k : int
            Products a customer; fewer where there aren't as many.
        kind : {"all", "again", "new"}
            Any products, those that the customer bought before, or those that they didn't.
        filters : Filters, optional

        Returns
        -------
        DataFrame
            customer_id, rank (from 1), product_id, score (comparable within a customer), reason; ordered by the
            customers as given and rank.

        Raises
        ------
        UsageError
            For an unknown kind or segment, or a wrong `k` or filter.
        """
        check_is_fitted(self, "customers_")
        whole(k, "k", 1)
        model = self._models[one_of(kind, KINDS, "kind of list")]
        filters = filters or Filters()
        filters.check()
        asked = filters.customers(self.customers_ if customers is None else _ids(customers), self.groups_)
        known = pd.Index(self.customers_).get_indexer(asked)
        wanted = self._wanted(kind, filters)
        codes, back = np.unique(known[known >= 0], return_inverse=True)
        ranked = top(model, codes.astype(np.int64), k, wanted)
        reasons = self._reasons.of(codes[ranked.place], ranked.product)
        number = np.empty(len(asked), np.int64)
        number[known >= 0] = back
        of_cold, cold, why = self._cold(asked[known < 0], 0 if kind == "again" else k, wanted)
        number[known < 0] = len(codes) + of_cold
        lists = Ranked(
            np.concatenate([ranked.place, len(codes) + cold.place]),
            np.concatenate([ranked.product, cold.product]),
            np.concatenate([ranked.score, cold.score]),
        )
        return self._frame(asked, number, lists, np.concatenate([reasons, why]))

    def similar_products(self, product_id: object, k: int = 10) -> pd.DataFrame:
        """Return the products that are most like one, by the customers who bought them.

        Returns
        -------
        DataFrame
            product_id, rank, neighbour, cosine (0 to 1), reason.

        Raises
        ------
        UsageError
            For a product that was never sold.
        """
        check_is_fitted(self, "customers_")
        whole(k, "k", 1)
        code = self._product(product_id)
        row = self.similar_[code]
        order = np.lexsort((row.indices, -row.data))[:k]
        near = row.indices[order].astype(np.int64)
        return pd.DataFrame(
            {
                "product_id": pd.Index(self.products_)[np.full(len(near), code)],
                "rank": np.arange(1, len(near) + 1),
                "neighbour": pd.Index(self.products_)[near],
                "cosine": row.data[order],
                "reason": pd.Series(self._reasons.alike(np.full(len(near), code), near), dtype="str"),
            }
        )

    def explain(self, customer_id: object, product_id: object) -> str:
        """Say why a product is, or would be, recommended to a customer, known or not.

        Raises
        ------
        UsageError
            For a product that was never sold.
        """
        check_is_fitted(self, "customers_")
        known = pd.Index(self.customers_).get_indexer(_ids([customer_id]))
        product = np.array([self._product(product_id)])
        if known[0] < 0:
            return str(self._reasons.popular(product)[0])
        return str(self._reasons.of(known.astype(np.int64), product)[0])

    def _wanted(self, kind: str, filters: Filters) -> Wanted:
        never = self.history_.bought if kind == "new" else None
        if filters.not_within_days:
            recent = self.history_.since(day_number(self.as_of_), filters.not_within_days)
            never = recent if never is None else never + recent
        only = self.history_.bought if kind == "again" else None
        return Wanted(only, never, filters.products(self.products_, self._baskets.popularity(), self.prices_))

    def _cold(self, asked: Labels, k: int, wanted: Wanted) -> tuple[Integers, Ranked, Labels]:
        """Return the number of each cold customer's list, these lists, and their reasons."""
        groups = pd.Series("", index=range(len(asked)))
        if self.groups_ is not None:
            groups = self.groups_.reindex(asked).fillna("").reset_index(drop=True)
        number, distinct = pd.factorize(groups, sort=True)
        return number, *best_sellers(
            self.history_, self.customers_, self.groups_, list(distinct), k=k, products=wanted.products
        )

    def _frame(self, asked: Labels, number: Integers, lists: Ranked, reasons: Labels) -> pd.DataFrame:
        """Return the lists of customers in their order; several may have the same one."""
        bounds = np.searchsorted(lists.place, np.arange(int(number.max(initial=-1)) + 2))
        begin, length = bounds[number], bounds[number + 1] - bounds[number]
        within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        rows = np.repeat(begin, length) + within
        owner = np.repeat(np.arange(len(asked)), length)
        columns = {
            "customer_id": pd.Index(list(asked))[owner] if len(owner) else pd.Index(self.customers_)[:0],
            "rank": (within + 1).astype("int64"),
            "product_id": pd.Index(self.products_)[lists.product[rows]],
            "score": lists.score[rows],
            "reason": pd.Series(reasons[rows], dtype="str"),
        }
        return pd.DataFrame(columns)

    def _product(self, product_id: object) -> int:
        found = pd.Index(self.products_).get_indexer([product_id])[0] if isinstance(product_id, Hashable) else -1
        if found < 0:
            raise UsageError(f"The product {product_id!r} was never sold.", "Give an id as in the lines.")
        return int(found)


def _day_of(baskets: Baskets, as_of: Day | None) -> pd.Timestamp:
    return as_day(as_of) if as_of is not None else pd.Timestamp(int(baskets.day.max()), unit="D")


def day_number(day: pd.Timestamp) -> int:
    """Return a day as days since 1970-01-01."""
    return int(day.to_datetime64().astype("datetime64[D]").astype(np.int64))


def _kept(old: Values, codes: Integers, new: Values, known: npt.NDArray[np.bool_]) -> Values:
    """Return the new values where they are known, else the old ones, which are those of `codes`."""
    found = new.copy()
    at = codes[~known[codes]]
    found[at] = old[~known[codes]]
    return found


def _checked(groups: pd.Series | None) -> pd.Series | None:
    if groups is None:
        return None
    if not isinstance(groups, pd.Series):
        raise UsageError(f"groups must be a pandas Series by customer_id, not {type(groups).__name__}.")
    if groups.index.has_duplicates:
        raise UsageError("A customer stands twice in groups.", "Give each customer once.")
    return groups.dropna().astype(str)


def _ids(customers: Iterable[object]) -> Labels:
    if isinstance(customers, (str, bytes)) or not isinstance(customers, Iterable):
        raise UsageError(f"customers must be a list of ids, not {customers!r}.")
    found = list(customers)
    if not all(isinstance(one, Hashable) for one in found):
        raise UsageError("customers must be a list of ids, not of lists.")
    asked = np.empty(len(found), dtype=object)
    asked[:] = found
    return asked
