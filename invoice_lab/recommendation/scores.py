"""How much a customer wants a product: own purchase counts, decayed with time, and the popularity that breaks ties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from invoice_lab.recommendation.baskets import Baskets, Floats, Integers

METHODS = ("decayed", "frequency", "popularity")
"""The methods: own counts decayed with time, own counts, everybody's counts."""


@dataclass(frozen=True)
class Wants:
    """Scores of the (customer, product) pairs that were bought, and of the products for everybody else.

    Attributes
    ----------
    customer, product : ndarray of int, shape (pairs,)
        Sorted by customer, then product.
    own : ndarray of float, shape (pairs,)
        Score from the customer's own purchases; popularity not yet added.
    count, last : ndarray of int, shape (pairs,)
        Baskets of the customer with the product; day of the last one.
    popular : ndarray of float, shape (products,)
        What is added for any customer: prior strength times the share of all baskets that hold the product.
    order : ndarray of int, shape (products,)
        Product codes, the most popular first: the order of equal scores.
    """

    customer: Integers
    product: Integers
    own: Floats
    count: Integers
    last: Integers
    popular: Floats
    order: Integers


def wants(baskets: Baskets, method: str, half_life_days: float, prior_baskets: float) -> Wants:
    """Score products for customers.

    The score of a product is the customer's decayed count of baskets that hold it, each worth
    ``0.5 ** (days before the customer's last basket / half_life_days)``, plus `prior_baskets` times the share of all
    baskets that hold it: as if each customer had bought that many average baskets before. Time runs from each
    customer's own last basket, so the order doesn't change while nothing is bought. ``frequency`` is the plain count
    with ties by popularity, ``popularity`` the share alone.
    """
    size = len(baskets.products)
    pairs, place = np.unique(baskets.customer * size + baskets.product, return_inverse=True)
    last = np.full(len(pairs), np.iinfo(np.int64).min)
    np.maximum.at(last, place, baskets.day)
    popularity = baskets.popularity()
    # half of a share can't outweigh one purchase: it breaks ties and no more
    scale = {"decayed": prior_baskets, "frequency": 0.5, "popularity": 1.0}[method]
    return Wants(
        customer=pairs // size,
        product=pairs % size,
        own=np.bincount(place, weights=_weights(baskets, method, half_life_days), minlength=len(pairs)).astype(
            np.float64
        ),
        count=np.bincount(place, minlength=len(pairs)).astype(np.int64),
        last=last,
        popular=scale * popularity / max(baskets.basket_count(), 1),
        order=np.argsort(-popularity, kind="stable").astype(np.int64),
    )


def _weights(baskets: Baskets, method: str, half_life_days: float) -> Floats:
    if method == "popularity":
        return np.zeros(len(baskets.customer))
    if method == "frequency":
        return np.ones(len(baskets.customer))
    newest = np.full(len(baskets.customers), np.iinfo(np.int64).min)
    np.maximum.at(newest, baskets.customer, baskets.day)
    weights: Floats = 0.5 ** ((newest[baskets.customer] - baskets.day) / half_life_days)
    return weights
