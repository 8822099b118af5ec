"""What a method of recommending has learnt: scores of customers' products, and of every product for everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from invoice_lab.recommendation.baskets import Baskets, Floats, Integers


@dataclass(frozen=True)
class Model:
    """A fitted method.

    Attributes
    ----------
    scores : callable
        Of customers' codes: their own scores, shape (customers, products), sparse or, where `dense`, an ndarray. A code
        beyond the known customers has none.
    prior : ndarray of float, shape (products,)
        What is added for any customer; it orders what has no score of its own.
    order : ndarray of int, shape (products,)
        Product codes, the most popular first: the order of equal scores.
    dense : bool
    """

    scores: Callable[[Integers], Any]
    prior: Floats
    order: Integers
    dense: bool = False

    @cached_property
    def position(self) -> Integers:
        """Place of each product in `order`."""
        position = np.empty_like(self.order)
        position[self.order] = np.arange(len(self.order))
        return position


def share_of_baskets(baskets: Baskets) -> Floats:
    """Return the share of all baskets that holds each product: shape (products,)."""
    found: Floats = baskets.popularity() / max(baskets.basket_count(), 1)
    return found


def by_popularity(baskets: Baskets) -> Integers:
    """Return the product codes, the most popular first."""
    return np.argsort(-baskets.popularity(), kind="stable").astype(np.int64)
