"""Recommend products to customers: what they buy again, what is new to them, or both, each with a reason."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from numbers import Number

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Baskets, Integers, Labels, read_baskets
from invoice_lab.recommendation.cold import best_sellers
from invoice_lab.recommendation.filters import Filters
from invoice_lab.recommendation.learnt import AGAIN, ALL, KINDS, NEW_ONLY, Learnt
from invoice_lab.recommendation.methods import AUTO, METHODS, Parameters, method_named
from invoice_lab.recommendation.products import about_products
from invoice_lab.recommendation.ranking import Ranked, Wanted, top
from invoice_lab.recommendation.selection import NEW, Choice, choose
from invoice_lab.warehouse.queries.frames import Day, as_day, one_of, whole


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
        if not isinstance(choice, Choice | None):
            raise UsageError(f"choice must be what an evaluation chose, not {choice!r}.", "Leave it out.")
        baskets = read_baskets(lines, as_of)
        groups, day = _checked(groups), _day_of(baskets, as_of)
        named, prices = about_products(lines, baskets.products, day)
        chosen = choice
        if self.method == AUTO:
            chosen = choice or choose(baskets, seed=self.random_state)
            used = {
                ALL: (chosen.method, chosen.of(chosen.method)),
                NEW_ONLY: (chosen.new, chosen.of(chosen.new, NEW)),
            }
        else:
            method_named(self.method)
            used = dict.fromkeys((ALL, NEW_ONLY), (self.method, self.parameters))
            chosen = None
        learnt = Learnt(baskets, day, used, bool(chosen and chosen.due), named, prices)
        learnt.model(ALL)
        self.groups_, self.choice_ = groups, chosen
        return self._knows(learnt)

    def update(self, lines: pd.DataFrame, as_of: Day | None = None) -> Recommender:
        """Learn from later lines, such as those of a day, too: lists are as if all had been learnt from together.

        The methods stay those that were chosen, with their parameters. Names and prices that came replace earlier ones.
        Where it fails, nothing has changed.

        Parameters
        ----------
        lines : DataFrame
            As for `fit`, each of a later day than all that were learnt from.
        as_of : date, datetime or str, optional
            The new day of the report; that of the last line where left out.

        Raises
        ------
        UsageError, NotEnoughDataError
            As `fit`, and for lines that aren't later, or ids of another kind.
        """
        check_is_fitted(self, "customers_")
        came = read_baskets(lines, as_of)
        day = _day_of(came, as_of)
        learnt = self._learnt.and_then(came, day, *about_products(lines, came.products, day))
        learnt.model(ALL)
        return self._knows(learnt)

    def _knows(self, learnt: Learnt) -> Recommender:
        self._learnt = learnt
        self.method_, self.new_method_ = learnt.used[ALL][0], learnt.used[NEW_ONLY][0]
        self.customers_, self.products_ = learnt.baskets.customers, learnt.baskets.products
        self.names_, self.prices_, self.as_of_ = learnt.names, learnt.prices, learnt.day
        return self

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
        model = self._learnt.model(one_of(kind, KINDS, "kind of list"))
        filters = Filters() if filters is None else filters
        if not isinstance(filters, Filters):
            raise UsageError(
                f"filters must be Filters, not {filters!r}.", "Import them from invoice_lab.recommendation."
            )
        filters.check()
        asked = filters.customers(self.customers_ if customers is None else self._asked(customers), self.groups_)
        known = pd.Index(self.customers_).get_indexer(asked)
        wanted = self._wanted(kind, filters)
        codes, back = np.unique(known[known >= 0], return_inverse=True)
        ranked = top(model, codes.astype(np.int64), k, wanted)
        reasons = self._learnt.reasons.of(codes[ranked.place], ranked.product)
        number = np.empty(len(asked), np.int64)
        number[known >= 0] = back
        of_cold, cold, why = self._cold(asked[known < 0], 0 if kind == AGAIN else k, wanted)
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
        row = self._learnt.similar[code]
        order = np.lexsort((row.indices, -row.data))[:k]
        near = row.indices[order].astype(np.int64)
        return pd.DataFrame(
            {
                "product_id": pd.Index(self.products_)[np.full(len(near), code)],
                "rank": np.arange(1, len(near) + 1),
                "neighbour": pd.Index(self.products_)[near],
                "cosine": row.data[order],
                "reason": pd.Series(self._learnt.reasons.alike(np.full(len(near), code), near), dtype="str"),
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
        asked = self._asked([customer_id])
        known = pd.Index(self.customers_).get_indexer(asked)
        product = np.array([self._product(product_id)])
        if known[0] >= 0:
            return str(self._learnt.reasons.of(known.astype(np.int64), product)[0])
        only = np.zeros(len(self.products_), bool)
        only[product] = True
        _, _, (reason,) = self._cold(asked, 1, Wanted(products=only))
        return str(reason)

    def _wanted(self, kind: str, filters: Filters) -> Wanted:
        learnt = self._learnt
        never = learnt.history.bought if kind == NEW_ONLY else None
        if filters.not_within_days:
            recent = learnt.history.since(learnt.day_number, filters.not_within_days)
            never = recent if never is None else never + recent
        only = learnt.history.bought if kind == AGAIN else None
        return Wanted(only, never, filters.products(self.products_, learnt.baskets.popularity(), learnt.prices))

    def _cold(self, asked: Labels, k: int, wanted: Wanted) -> tuple[Integers, Ranked, Labels]:
        """Return the number of each cold customer's list, these lists, and their reasons."""
        groups = pd.Series("", index=range(len(asked)))
        if self.groups_ is not None:
            groups = self.groups_.reindex(asked).fillna("").reset_index(drop=True)
        number, distinct = pd.factorize(groups, sort=True)
        return number, *best_sellers(
            self._learnt.history, self.customers_, self.groups_, list(distinct), k=k, products=wanted.products
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

    def _asked(self, customers: Iterable[object]) -> Labels:
        """Return the ids asked for; raises `UsageError` for the number or the text of a known id that is the other."""
        asked, texts = _ids(customers), isinstance(self.customers_[0], str)
        others = [str(one) for one in asked if isinstance(one, (str, Number)) and isinstance(one, str) != texts]
        if others and (meant := set(others) & set(map(str, self.customers_))):
            raise UsageError(
                f"The customer {min(meant)} is known as a {'text' if texts else 'number'}.", "Give ids as in the lines."
            )
        return asked

    def _product(self, product_id: object) -> int:
        found = pd.Index(self.products_).get_indexer([product_id])[0] if isinstance(product_id, Hashable) else -1
        if found < 0:
            raise UsageError(f"The product {product_id!r} was never sold.", "Give an id as in the lines.")
        return int(found)


def _day_of(baskets: Baskets, as_of: Day | None) -> pd.Timestamp:
    return as_day(as_of) if as_of is not None else pd.Timestamp(int(baskets.day.max()), unit="D")


def _checked(groups: pd.Series | None) -> pd.Series | None:
    if groups is None:
        return None
    if not isinstance(groups, pd.Series):
        raise UsageError(f"groups must be a pandas Series by customer_id, not {type(groups).__name__}.")
    if groups.index.has_duplicates:
        raise UsageError("A customer stands twice in groups.", "Give each customer once.")
    return groups.dropna().astype(str)


def _ids(customers: Iterable[object]) -> Labels:
    if isinstance(customers, (str, bytes, pd.DataFrame)) or not isinstance(customers, Iterable):
        raise UsageError(f"customers must be a list of ids, not {customers!r}.")
    found = list(customers)
    if not all(isinstance(one, Hashable) for one in found):
        raise UsageError("customers must be a list of ids, not of lists.")
    asked = np.empty(len(found), dtype=object)
    asked[:] = found
    return asked
