"""Methods by matrix factors, from the package implicit where it is installed: ALS and BPR."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from invoice_lab.recommendation.baskets import Baskets, Floats, Integers
from invoice_lab.recommendation.model import Model, by_popularity, share_of_baskets
from invoice_lab.warehouse.queries.frames import whole


def is_installed() -> bool:
    """Tell whether implicit is there."""
    return find_spec("implicit") is not None


def als(baskets: Baskets, factors: int = 64, alpha: float = 10.0, rounds: int = 15, seed: int = 0) -> Model:
    """Score products by alternating least squares on counts (Hu, Koren and Volinsky, ICDM 2008).

    Parameters
    ----------
    baskets : Baskets
    factors, rounds : int
    alpha : float
        How much surer a purchase makes.
    seed : int
    """
    whole(factors, "factors", 1)
    whole(rounds, "rounds", 1)
    from implicit.als import AlternatingLeastSquares

    with threadpool_limits(limits=1):  # sums in one order
        model = AlternatingLeastSquares(
            factors=factors, alpha=alpha, iterations=rounds, regularization=0.05, random_state=seed, num_threads=1
        )
        return _by_factors(model, baskets)


def bpr(baskets: Baskets, factors: int = 64, rounds: int = 100, seed: int = 0) -> Model:
    """Score products by Bayesian personalised ranking (Rendle and others, UAI 2009); parameters as of `als`."""
    whole(factors, "factors", 1)
    whole(rounds, "rounds", 1)
    from implicit.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(factors=factors, iterations=rounds, random_state=seed, num_threads=1)
    return _by_factors(model, baskets)


def _by_factors(model: Any, baskets: Baskets) -> Model:  # noqa: ANN401 - one of implicit's, which has no types
    model.fit(baskets.by_customer().astype(np.float32), show_progress=False)
    users = np.asarray(model.user_factors, np.float64)
    products = np.asarray(model.item_factors, np.float64)

    def scores(customers: Integers) -> Floats:
        known = customers < len(users)
        found: Floats = users[np.where(known, customers, 0)] @ products.T * known[:, None]
        return found

    return Model(scores, 1e-9 * share_of_baskets(baskets), by_popularity(baskets), dense=True)
