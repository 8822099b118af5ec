"""Methods by customers who are like the customer: TIFU-kNN and UP-CF, from the literature on next baskets."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Baskets, Floats, Integers
from invoice_lab.recommendation.model import Model, by_popularity, share_of_baskets
from invoice_lab.recommendation.ranking import rows_of
from invoice_lab.warehouse.queries.frames import positive, whole

_TIE = 1e-6
_NEAR = 1e-7
"""Below it distances are equal, and the order of the customers counts: on every processor the same ones are near."""


def tifu_knn(
    baskets: Baskets,
    *,
    neighbours: int = 300,
    group: int = 7,
    within: float = 0.9,
    across: float = 0.7,
    own: float = 0.7,
) -> Model:
    """Score products by the customer's faded baskets, and by those of the nearest customers.

    Hu, He, Gao and Zhang, Modeling Personalized Item Frequency Information for Next-basket Recommendation, SIGIR 2020.

    Parameters
    ----------
    baskets : Baskets
    neighbours : int
        Customers whose mean is taken, the nearest by Euclidean distance.
    group : int
        Baskets of a group, counted from the last.
    within, across : float
        What a basket is worth against the next one in its group, and a group against the next one.
    own : float
        Weight of the customer's own vector.

    Raises
    ------
    UsageError
        Where a number isn't whole, or a weight isn't from 0 to 1.
    """
    whole(neighbours, "neighbours", 0)
    whole(group, "group", 1)
    for weight, what in ((within, "within"), (across, "across"), (own, "own")):
        _share(weight, what)
    count = baskets.counts()
    vectors = _vectors(baskets, count, group, within, across)
    lengths = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    order = lengths + np.linspace(0.0, _NEAR, len(lengths))
    absent = count == 0  # they came after all that is learnt from, and are nobody's neighbours
    neighbours = min(neighbours, int((~absent).sum()) - 1)

    def scores(customers: Integers) -> Floats:
        mine = rows_of(vectors, customers)
        far = order[None, :] - 2 * (mine @ vectors.T).toarray()
        far[:, absent] = np.inf
        far[np.arange(len(customers))[customers < len(lengths)], customers[customers < len(lengths)]] = np.inf
        found = own * mine.toarray()
        if neighbours > 0:
            near = np.argpartition(far, neighbours - 1, axis=1)[:, :neighbours]
            rows = np.repeat(np.arange(len(customers)), neighbours)
            mean = csr_matrix((np.full(near.size, 1 / neighbours), (rows, near.ravel())), shape=far.shape)
            found = found + (1 - own) * (mean @ vectors).toarray()
        return np.asarray(found, np.float64)

    return Model(scores, _TIE * share_of_baskets(baskets), by_popularity(baskets), dense=True)


def up_cf(baskets: Baskets, recent: int = 10, asymmetry: float = 0.75, locality: float = 10.0) -> Model:
    """Score products by their share of the recent baskets of customers, each by how alike they are to the customer.

    Faggioli, Polato and Aiolli, Recency Aware Collaborative Filtering for Next Basket Recommendation, UMAP 2020.

    Parameters
    ----------
    baskets : Baskets
    recent : int
        Last baskets of each customer whose products count; 0: all.
    asymmetry : float
        Exponent of the customer's number of products in the cosine; the other's is 1 less that.
    locality : float
        Power of the likeness.

    Raises
    ------
    UsageError
        Where `recent` isn't whole, `asymmetry` isn't from 0 to 1, or `locality` isn't above 0.
    """
    whole(recent, "recent", 0)
    _share(asymmetry, "asymmetry")
    positive(locality, "locality")
    place, count = baskets.place(), baskets.counts()
    last = np.minimum(count, recent) if recent else count
    shares = baskets.by_customer((place < last[baskets.customer]) / np.maximum(last, 1)[baskets.customer])
    held = baskets.by_customer()
    held.data[:] = 1.0
    size = np.maximum(np.diff(held.indptr), 1).astype(np.float64)
    mine_scale, other_scale = size**-asymmetry, size ** (asymmetry - 1)

    def scores(customers: Integers) -> Floats:
        alike = csr_matrix(rows_of(held, customers) @ held.T)
        known = np.where(customers < len(size), customers, 0)
        rows = np.repeat(np.arange(len(customers)), np.diff(alike.indptr))
        alike.data = (alike.data * mine_scale[known][rows] * other_scale[alike.indices]) ** locality
        return np.asarray((alike @ shares).toarray(), np.float64)

    return Model(scores, _TIE * share_of_baskets(baskets), by_popularity(baskets), dense=True)


def _vectors(baskets: Baskets, count: Integers, group: int, within: float, across: float) -> csr_matrix:
    """Return the customers' vectors of TIFU-kNN, shape (customers, products)."""
    place, baskets_of_customer = baskets.place(), count[baskets.customer]
    of, at = place // group, place % group
    sizes = np.minimum(group, baskets_of_customer - of * group)
    groups = (baskets_of_customer - 1) // group + 1
    return baskets.by_customer(within**at / sizes * across**of / groups)


def _share(value: float, what: str) -> None:
    if not 0 <= value <= 1:
        raise UsageError(f"{what} is {value!r}; it must be a number from 0 to 1.")
