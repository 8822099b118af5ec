"""The list of what a customer buys again."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.sparse import csr_matrix

from invoice_lab.recommendation.baskets import Baskets, Floats, Integers
from invoice_lab.recommendation.history import History
from invoice_lab.recommendation.model import Model, by_popularity, share_of_baskets
from invoice_lab.recommendation.own import faded
from invoice_lab.recommendation.ranking import rows_of

HALF_LIFE_DAYS = 365.0
_TIE = 1e-3


def again(baskets: Baskets, history: History, day: int | Integers, half_life_days: float, *, due: bool) -> Model:
    """Score what customers bought before by faded counts, ties by popularity.

    Parameters
    ----------
    baskets : Baskets
    history : History
        Of the same baskets.
    day : int, or ndarray of int, shape (customers,)
        Days since 1970-01-01 of the report, or of each customer.
    half_life_days : float
    due : bool
        Whether a product whose rhythm is known counts less until it is due again.
    """
    faint: Floats = baskets.by_customer(faded(baskets, half_life_days)).data
    days = day if isinstance(day, int) else day[history.customer]
    scores = np.asarray(faint * history.due(days) if due else faint, np.float64)
    own = csr_matrix((scores, (history.customer, history.product)), shape=history.shape)
    return Model(partial(rows_of, own), _TIE * share_of_baskets(baskets), by_popularity(baskets))
