"""How well a list of products foretells a basket, customer by customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from invoice_lab.recommendation.baskets import Baskets, Floats, Integers
from invoice_lab.recommendation.ranking import Ranked, rows_of

DEFINITIONS = {
    "hit_rate": "share of customers whose held-out basket holds at least one of the k products",
    "recall": "share of the held-out basket's products that are among the k; mean over customers",
    "ndcg": "sum of 1 / log2(1 + rank) over the k products that are in the held-out basket, divided by the same sum of "
    "the best possible list of min(k, products in the basket); mean over customers",
    "mrr": "1 / rank of the first of the k products that is in the held-out basket, 0 where none is; mean over "
    "customers",
    "new_recall": "of the held-out products that the customer never bought before, the share that is among the k of "
    "the list of new ones; mean over customers with such products",
    "repeats": "share of the k products that the customer bought before; mean over customers",
    "popularity_bias": "mean share of baskets that hold one of the k products, divided by that of a bought product; "
    "mean over customers",
    "coverage": "share of all products that are in somebody's list; of all lists together, so it has no interval over "
    "customers",
}
"""What each metric is."""
PER_CUSTOMER = ("hit_rate", "recall", "ndcg", "mrr")
OF_LISTS = ("repeats", "popularity_bias")
"""What lists hold, customer by customer, whatever is to be foretold."""


@dataclass(frozen=True)
class Target:
    """What is to be foretold.

    Attributes
    ----------
    customers : ndarray of int, shape (tested,)
        Codes, ascending.
    baskets : Baskets
        One basket of each of them.
    """

    customers: Integers
    baskets: Baskets

    @property
    def place(self) -> Integers:
        """Index into `customers` of each entry."""
        return np.searchsorted(self.customers, self.baskets.customer).astype(np.int64)

    @property
    def sizes(self) -> Integers:
        """Products in each customer's basket."""
        return np.bincount(self.place, minlength=len(self.customers)).astype(np.int64)

    def only(self, kept: Integers) -> Target:
        """Return the target of some of the customers, by their index, ascending."""
        customers = self.customers[kept]
        return Target(customers, self.baskets.only(np.isin(self.baskets.customer, customers)))


def per_customer(ranked: Ranked, target: Target, k: int) -> Floats:
    """Return `PER_CUSTOMER` of each customer: shape (metrics, customers)."""
    size, count = len(target.baskets.products), len(target.customers)
    wanted = target.place * size + target.baskets.product
    hit = np.isin(ranked.place * size + ranked.product, wanted)
    discounts = discounts_of(k)
    gain = np.bincount(ranked.place, weights=hit * discounts[ranked.rank], minlength=count)
    hits = np.bincount(ranked.place, weights=hit, minlength=count)
    first = np.zeros(count)
    np.maximum.at(first, ranked.place[hit], 1 / (1 + ranked.rank[hit]))
    return np.vstack([(hits > 0).astype(float), hits / target.sizes, gain / ideal(target.sizes, k), first])


def new_recall(ranked: Ranked, target: Target, bought: csr_matrix) -> Floats:
    """Return each customer's recall of what they hadn't bought before: shape (customers,); NaN where that is nothing.

    Parameters
    ----------
    ranked : Ranked
        Lists without what was bought before.
    target : Target
    bought : csr_matrix, shape (all customers, products)
    """
    size, count = len(target.baskets.products), len(target.customers)
    known = rows_of(bought, target.customers).tocoo()
    wanted = target.place * size + target.baskets.product
    fresh = wanted[~np.isin(wanted, known.row.astype(np.int64) * size + known.col)]
    there = np.bincount(fresh // size, minlength=count)
    hit = np.isin(ranked.place * size + ranked.product, fresh)
    hits = np.bincount(ranked.place[hit], minlength=count)
    found: Floats = np.where(there > 0, hits / np.maximum(there, 1), np.nan)
    return found


def about_lists(ranked: Ranked, target: Target, bought: csr_matrix, shares: Floats) -> Floats:
    """Return `OF_LISTS` of each customer: shape (metrics, customers); NaN of one without a list.

    Parameters
    ----------
    ranked : Ranked
    target : Target
    bought : csr_matrix, shape (all customers, products)
    shares : ndarray of float, shape (products,)
        Share of baskets that hold each product, over that of a bought product.
    """
    size, count = len(shares), len(target.customers)
    known = rows_of(bought, target.customers).tocoo()
    repeated = np.isin(ranked.place * size + ranked.product, known.row.astype(np.int64) * size + known.col)
    sums = [np.bincount(ranked.place, weights, minlength=count) for weights in (repeated, shares[ranked.product])]
    listed = np.bincount(ranked.place, minlength=count)
    found: Floats = np.where(listed > 0, np.vstack(sums) / np.maximum(listed, 1), np.nan)
    return found


def lists_by_chance(target: Target, k: int, bought: csr_matrix, shares: Floats) -> Floats:
    """Return the expectations of `new_recall` and, below, of `about_lists` for products drawn at random.

    Those of a list of new ones are drawn from what the customer hasn't bought. Parameters as of `about_lists`.
    """
    known = np.diff(rows_of(bought, target.customers).indptr)
    fresh = np.minimum(1, k / np.maximum(len(shares) - known, 1))
    has_new = ~np.isnan(new_recall(Ranked.nothing(), target, bought))
    return np.vstack([np.where(has_new, fresh, np.nan), known / len(shares), np.full(len(known), shares.mean())])


def by_chance(target: Target, k: int) -> Floats:
    """Return the expectation of `per_customer` for k products drawn at random from all."""
    products, sizes = len(target.baskets.products), target.sizes
    k = min(k, products)
    left = products - sizes[:, None] - np.arange(k)
    missed = np.cumprod(np.maximum(left, 0) / (products - np.arange(k)), axis=1)  # none among the first 1, 2, ... k
    before = np.hstack([np.ones((len(sizes), 1)), missed[:, :-1]])
    first = ((before - missed) / np.arange(1, k + 1)).sum(axis=1)
    gain = sizes / products * discounts_of(k).sum() / ideal(sizes, k)
    return np.vstack([1 - missed[:, -1], np.full(len(sizes), k / products), gain, first])


def discounts_of(k: int) -> Floats:
    """Return what a hit is worth by its rank."""
    found: Floats = 1 / np.log2(np.arange(2, k + 2))
    return found


def ideal(sizes: Integers, k: int) -> Floats:
    """Return the gain of the best possible list for baskets of these sizes."""
    found: Floats = np.cumsum(discounts_of(k))[np.minimum(sizes, k) - 1]
    return found
