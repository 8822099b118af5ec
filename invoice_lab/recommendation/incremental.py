"""Baskets of a day added to those that were learnt from, without reading these again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Baskets, Integers, Labels


def extended(old: Baskets, new: Baskets) -> Baskets:
    """Return the baskets of both, as if they had been read together.

    Raises
    ------
    UsageError
        Where a new basket isn't later than all old ones: then the order of a customer's baskets can't be told.
    """
    first, last = int(new.day.min()), int(old.day.max())
    if first <= last:
        days = [str(np.datetime64(day, "D")) for day in (first, last)]
        raise UsageError(
            f"The new baskets begin on {days[0]}, and those learnt from end on {days[1]}.",
            "Give later ones alone, or fit all lines again.",
        )
    customers, products = _union(old.customers, new.customers), _union(old.products, new.products)
    old, new = recoded(old, customers, products), recoded(new, customers, products)
    come = np.zeros(len(customers), np.int64)
    np.maximum.at(come, new.customer, new.basket + 1)
    at = np.searchsorted(old.customer, new.customer, side="right")
    merged = {name: np.insert(getattr(old, name), at, getattr(new, name)) for name in ("customer", "product", "day")}
    basket = np.insert(old.basket + come[old.customer], at, new.basket)
    return replace(old, basket=basket, **merged)


def recoded(baskets: Baskets, customers: Labels, products: Labels) -> Baskets:
    """Return baskets in the codes of other ids, among which theirs are."""
    return replace(
        baskets,
        customers=customers,
        products=products,
        customer=np.searchsorted(customers, baskets.customers)[baskets.customer],
        product=np.searchsorted(products, baskets.products)[baskets.product],
    )


def spread(counts: csr_matrix, codes: Integers, size: int) -> csr_matrix:
    """Return a products-by-products matrix in other codes, `codes` of the old ones, ascending."""
    lengths = np.zeros(size, np.int64)
    lengths[codes] = np.diff(counts.indptr)
    return csr_matrix((counts.data, codes[counts.indices], np.append(0, np.cumsum(lengths))), shape=(size, size))


def _union(one: Labels, two: Labels) -> Labels:
    kinds = [type(ids[0]).__name__ for ids in (one, two) if len(ids)]
    if len({isinstance(ids[0], str) for ids in (one, two) if len(ids)}) > 1:
        raise UsageError(f"The ids learnt from are {kinds[0]}, the new ones {kinds[1]}.", "Give ids of one kind.")
    known: Labels = np.unique(np.concatenate([one, two]))
    return known
