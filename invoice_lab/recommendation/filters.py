"""What may be recommended to whom: stock, support, price, not what was bought just now, one segment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Floats, Integers, Labels
from invoice_lab.warehouse.queries.frames import one_of, whole


@dataclass(frozen=True)
class Filters:
    """What is left out of lists.

    Attributes
    ----------
    in_stock : collection of ids, optional
        The only products that may be recommended.
    least_baskets : int
        Baskets that must hold a product.
    not_within_days : int
        What the customer bought within so many days up to the report's is left out.
    price : tuple of float, optional
        Lowest and highest price; the lines that were learnt from must have a column ``price``.
    segment : str, optional
        The only group of customers that get lists; groups must have been given.
    """

    in_stock: Collection[object] | None = None
    least_baskets: int = 0
    not_within_days: int = 0
    price: tuple[float, float] | None = None
    segment: str | None = None

    def check(self) -> None:
        """Raise `UsageError` where a filter can't be."""
        whole(self.least_baskets, "least_baskets", 0)
        whole(self.not_within_days, "not_within_days", 0, 36_500)
        if isinstance(self.in_stock, (str, bytes)) or not isinstance(self.in_stock, Collection | None):
            raise UsageError(f"in_stock must be a list of products, not {self.in_stock!r}.")
        if self.price is not None and not _is_range(self.price):
            raise UsageError(f"price is {self.price!r}; it must be the lowest and the highest, such as (5, 20).")

    def products(self, products: Labels, popularity: Integers, prices: Floats | None) -> npt.NDArray[np.bool_] | None:
        """Tell which products may be recommended, shape (products,); None where all may.

        Raises
        ------
        UsageError
            For products in stock that are unknown altogether, or prices that weren't given.
        """
        if self.in_stock is None and not self.least_baskets and self.price is None:
            return None
        kept = popularity >= self.least_baskets
        if self.in_stock is not None:
            there = pd.Index(products).isin(list(self.in_stock))
            if len(self.in_stock) and not there.any():
                raise UsageError("None of the products in stock was ever sold.", "Give their ids as in the lines.")
            kept &= there
        if self.price is not None:
            if prices is None:
                raise UsageError("The lines had no prices to filter by.", "Give them a column 'price'.")
            kept &= (prices >= self.price[0]) & (prices <= self.price[1])
        return kept

    def customers(self, asked: Labels, groups: pd.Series | None) -> Labels:
        """Return those of the customers that get lists; raises `UsageError` for an unknown segment."""
        if self.segment is None:
            return asked
        if groups is None:
            raise UsageError("There are no groups of customers to filter by.", "Give them to fit: groups=.")
        one_of(self.segment, sorted(groups.dropna().astype(str).unique()), "segment of customers")
        inside = groups.index[groups.astype(str) == self.segment]
        kept: Labels = asked[pd.Index(asked).isin(inside)]
        return kept


def _is_range(price: object) -> bool:
    if not isinstance(price, Sequence) or len(price) != 2 or not all(isinstance(one, Real) for one in price):
        return False
    return bool(0 <= price[0] <= price[1] < np.inf)
