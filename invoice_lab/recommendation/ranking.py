"""The best k products of each customer, without a customers-by-products matrix."""

from __future__ import annotations

import numpy as np

from invoice_lab.recommendation.baskets import Floats, Integers
from invoice_lab.recommendation.scores import Wants

_BLOCK = 4_000_000
"""Cells of the largest customers-by-products block held at once."""


def top(wanted: Wants, customers: Integers, k: int) -> tuple[Integers, Integers, Floats]:
    """Rank products for customers.

    Whoever is in a customer's first k is either bought before, or among the most popular products that weren't: so only
    those are compared. Equal scores are ordered by popularity, then by product code.

    Parameters
    ----------
    wanted : Wants
    customers : ndarray of int, sorted, distinct
        Customer codes; a code without a purchase gets the most popular products.
    k : int

    Returns
    -------
    place, product, score : ndarray, shape (rows,)
        Index into `customers`, product code and score, by place and then rank; at most k rows each.
    """
    k = min(k, len(wanted.popular))
    order = wanted.order
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    mine = np.isin(wanted.customer, customers)
    place = np.searchsorted(customers, wanted.customer[mine]).astype(np.int64)
    product = wanted.product[mine]
    new_place, new_product = _unbought(place, position[product], len(customers), k, order)
    places = np.concatenate([place, new_place])
    products = np.concatenate([product, new_product])
    scores = np.concatenate([wanted.own[mine], np.zeros(len(new_place))]) + wanted.popular[products]
    sort = np.lexsort((position[products], -scores, places))
    places, products, scores = places[sort], products[sort], scores[sort]
    kept = _rank(places) < k
    return places[kept], products[kept], scores[kept]


def _unbought(place: Integers, position: Integers, size: int, k: int, order: Integers) -> tuple[Integers, Integers]:
    """Return the k most popular products that each place hasn't bought, as (place, product)."""
    sort = np.lexsort((position, place))
    place, position = place[sort], position[sort]
    bounds = np.searchsorted(place, np.arange(size + 1))
    # among the first k + (bought) of the popular products at least k are new; those bought further down don't matter
    width = min(len(order), k + int(np.diff(bounds).max(initial=0)))
    places, products = [], []
    step = max(1, _BLOCK // max(width, 1))
    for start in range(0, size, step):
        stop = min(start + step, size)
        inside = slice(bounds[start], bounds[stop])
        near = position[inside] < width
        fresh = np.ones((stop - start, width), dtype=bool)
        fresh[place[inside][near] - start, position[inside][near]] = False
        fresh &= np.cumsum(fresh, axis=1) <= k
        row, column = np.nonzero(fresh)
        places.append(row.astype(np.int64) + start)
        products.append(order[column])
    return np.concatenate(places or [place[:0]]), np.concatenate(products or [order[:0]])


def _rank(places: Integers) -> Integers:
    """Number the rows of each place from 0; `places` is sorted."""
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    lengths = np.diff(np.append(starts, len(places)))
    return np.arange(len(places)) - np.repeat(starts, lengths)
