"""Methods by what everybody, and what the customer, bought: popularity, counts, and counts that fade with time."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.sparse import csr_matrix

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Baskets, Floats
from invoice_lab.recommendation.model import Model, by_popularity, share_of_baskets
from invoice_lab.recommendation.ranking import rows_of

_TIE = 0.5
"""Of a share: can't outweigh one purchase, so it breaks ties and no more."""


def popularity(baskets: Baskets) -> Model:
    """Score products by the share of all baskets that holds them, for everybody alike."""
    nothing = csr_matrix((len(baskets.customers), len(baskets.products)))
    return Model(partial(rows_of, nothing), share_of_baskets(baskets), by_popularity(baskets))


def frequency(baskets: Baskets) -> Model:
    """Score products by how many of the customer's baskets held them; ties by popularity."""
    return _of(baskets, None, _TIE)


def decayed(baskets: Baskets, half_life_days: float = 365.0, prior_baskets: float = 8.0) -> Model:
    """Score products by the customer's baskets that held them, each worth half after `half_life_days`, and popularity.

    A basket is worth ``0.5 ** (days before the customer's last basket / half_life_days)``; time runs from each
    customer's own last basket, so that the order doesn't change while nothing is bought. `prior_baskets` times the
    share of all baskets that holds a product is added, as if the customer had bought so many average baskets before.

    Raises
    ------
    UsageError
        Where the half-life isn't above 0, or the prior is below.
    """
    if not 0 < half_life_days < np.inf:
        raise UsageError(f"half_life_days is {half_life_days!r}; it must be a positive number of days.")
    if not 0 <= prior_baskets < np.inf:
        raise UsageError(f"prior_baskets is {prior_baskets!r}; it must be 0 or more.")
    return _of(baskets, faded(baskets, half_life_days), prior_baskets)


def faded(baskets: Baskets, half_life_days: float) -> Floats:
    """Return what each entry is worth after its age."""
    worth: Floats = 0.5 ** (baskets.age() / half_life_days)
    return worth


def _of(baskets: Baskets, weights: Floats | None, prior: float) -> Model:
    own = partial(rows_of, baskets.by_customer(weights))
    return Model(own, prior * share_of_baskets(baskets), by_popularity(baskets))
