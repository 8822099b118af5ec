"""Lists for customers without a purchase: the best sellers of their segment or category, labelled so, or of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.recommendation.baskets import Integers, Labels
from invoice_lab.recommendation.history import History
from invoice_lab.recommendation.ranking import Ranked


def best_sellers(
    history: History,
    customers: Labels,
    groups: pd.Series | None,
    wanted: Sequence[str],
    *,
    k: int,
    products: npt.NDArray[np.bool_] | None,
) -> tuple[Ranked, npt.NDArray[np.object_]]:
    """Rank the products by how many customers bought them, within a group first.

    Parameters
    ----------
    history : History
    customers : ndarray
        The ids that its codes stand for.
    groups : Series of str, optional
        By customer id.
    wanted : sequence of str
        A group for each list; empty: all customers.
    k : int
    products : ndarray of bool, optional
        Which may be listed.

    Returns
    -------
    ranked : Ranked
        Its places are those in `wanted`.
    reasons : ndarray of str
    """
    everybody = _buyers(history, np.ones(history.shape[0], bool))
    member = None if groups is None else groups.reindex(customers).to_numpy(dtype=object)
    places, listed, scores, reasons = [], [], [], []
    for place, group in enumerate(wanted):
        inside = np.asarray(member == group) if member is not None and group else np.zeros(history.shape[0], bool)
        own = _buyers(history, inside)
        order = np.lexsort((np.arange(len(own)), -everybody, -own))
        order = order[products[order]] if products is not None else order
        order = order[:k]
        places.append(np.full(len(order), place))
        listed.append(order)
        # what everybody bought decides where the group did equally often, and no more
        scores.append((own[order] + everybody[order] / (1 + history.shape[0])) / max(int(inside.sum()), 1))
        reasons += [_reason(group, own[code], int(inside.sum()), everybody[code], history.shape[0]) for code in order]
    nothing = Ranked.nothing()
    ranked = Ranked(
        np.concatenate([nothing.place, *places]).astype(np.int64),
        np.concatenate([nothing.product, *listed]).astype(np.int64),
        np.concatenate([nothing.score, *scores]),
    )
    texts = np.empty(len(reasons), dtype=object)
    texts[:] = reasons
    return ranked, texts


def _buyers(history: History, inside: npt.NDArray[np.bool_]) -> Integers:
    return np.bincount(history.product[inside[history.customer]], minlength=history.shape[1]).astype(np.int64)


def _reason(group: str, own: int, members: int, everybody: int, customers: int) -> str:
    if own:
        return f"no purchase yet; popular among {group}: bought by {own:,} of {members:,} customers"
    return f"no purchase yet; popular: bought by {everybody:,} of {customers:,} customers"
