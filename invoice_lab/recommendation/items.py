"""Products that go together: cosine of the baskets or customers that hold them; what that says to a customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix, identity, vstack

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Baskets, Floats, Integers
from invoice_lab.recommendation.model import Model, by_popularity, share_of_baskets
from invoice_lab.recommendation.own import faded
from invoice_lab.recommendation.ranking import rows_of
from invoice_lab.warehouse.queries.frames import one_of

TOGETHER = ("baskets", "customers")
"""What two products may share: a basket, or a customer."""
NEIGHBOURS = 50
LEAST_TOGETHER = 3
"""Baskets, or customers, that two products must share."""
SHRINKAGE = 5.0
_TIE = 1e-6
_PRODUCTS = 500


def holders(baskets: Baskets, together: str = "baskets") -> csr_matrix:
    """Return which baskets, or customers, hold which product: shape (baskets or customers, products), of ones."""
    if one_of(together, TOGETHER, "way for products to be together") == "baskets":
        return baskets.by_basket()
    held = baskets.by_customer().astype(np.float32)
    held.data[:] = 1.0
    return held


def shared(held: csr_matrix) -> csr_matrix:
    """Count the holders that two products share: shape (products, products); the diagonal has those of each."""
    found = csr_matrix(vstack([block for _, block in shared_blocks(held)], format="csr", dtype=np.float32))
    found.sort_indices()  # single counts are then found by halving
    return found


def shared_blocks(held: csr_matrix) -> Iterator[tuple[int, csr_matrix]]:
    """Yield what `shared` returns some rows at a time, each time with the first row's number."""
    columns = held.T.tocsr()
    for start in range(0, columns.shape[0], _PRODUCTS):
        yield start, columns[start : start + _PRODUCTS] @ held


def counted_on(counts: csr_matrix, before: Baskets, after: Baskets, together: str, customers: Integers) -> csr_matrix:
    """Return what `shared` counts of all baskets from what it counted before some came.

    Parameters
    ----------
    counts : csr_matrix, shape (products, products)
        Of the baskets before, in the codes of those after.
    before, after : Baskets
        In the same codes: those of the customers who bought meanwhile, without and with what they bought.
    together : str
    customers : ndarray of int
        Their codes.
    """
    if together == "baskets":
        come = after.place() < (after.counts() - before.counts())[after.customer]
        return counts + shared(after.only(come).by_basket())
    gone, come = (holders(baskets, together)[customers] for baskets in (before, after))
    found = counts + shared(come) - shared(gone)
    found.eliminate_zeros()
    return csr_matrix(found)


def cosines(counts: csr_matrix, least: int = LEAST_TOGETHER, most: int = NEIGHBOURS) -> csr_matrix:
    """Return how alike products are, 0 to 1, by who holds them: shape (products, products), nothing on the diagonal.

    The cosine is shrunk by n / (n + `SHRINKAGE`) where n holders are shared (Bell and Koren, KDD Cup 2007): else
    products that few hold would be the nearest of all.

    Parameters
    ----------
    counts : csr_matrix, shape (products, products)
        As `shared` returns them.
    least : int
        Holders that two products must share.
    most : int
        Products that are kept of each, the nearest.
    """
    return csr_matrix(vstack(list(_nearest(counts, least, most)), format="csr"))


def _nearest(counts: csr_matrix, least: int, most: int) -> Iterator[csr_matrix]:
    size = np.sqrt(np.maximum(counts.diagonal().astype(np.float64), 1.0))
    for start in range(0, counts.shape[0], _PRODUCTS):
        block = counts[start : start + _PRODUCTS].tocoo()
        kept = (block.data >= least) & (block.row + start != block.col)
        row, column, together = block.row[kept], block.col[kept], block.data[kept].astype(np.float64)
        value = together / (size[row + start] * size[column]) * (together / (together + SHRINKAGE))
        ends = np.searchsorted(row, np.arange(block.shape[0] + 1))
        lowest = [_lowest(value[begin:end], most) for begin, end in pairwise(ends)]
        near = np.flatnonzero(value >= np.array(lowest)[row])
        near = near[np.lexsort((column[near], -value[near], row[near]))]
        row, column, value = row[near], column[near], value[near]
        first = np.arange(len(row)) - np.searchsorted(row, row) < most
        yield csr_matrix((value[first], (row[first], column[first])), shape=block.shape)


def _lowest(values: Floats, most: int) -> float:
    """Return the lowest of the `most` highest values; 0 where there aren't as many."""
    return float(np.partition(values, -most)[-most]) if len(values) > most else 0.0


def item_item(
    baskets: Baskets,
    together: str = TOGETHER[0],
    half_life_days: float = 365.0,
    alike: Callable[[str], csr_matrix] | None = None,
) -> Model:
    """Score products by how alike they are to what the customer bought (Linden, Smith and York, 2003).

    The score is the sum of cosines with the customer's products, each by the logarithm of its faded count; a product is
    wholly like itself.

    Parameters
    ----------
    baskets : Baskets
    together : {"baskets", "customers"}
    half_life_days : float
    alike : callable, optional
        Gives the cosines by `together`, where they are known already.

    Raises
    ------
    UsageError
        For an unknown way to be together, or a half-life that isn't above 0.
    """
    one_of(together, TOGETHER, "way for products to be together")
    if not 0 < half_life_days < np.inf:
        raise UsageError(f"half_life_days is {half_life_days!r}; it must be a positive number of days.")
    found = alike(together) if alike else cosines(shared(holders(baskets, together)))
    with_itself = found + identity(len(baskets.products), format="csr")
    bought = baskets.by_customer(faded(baskets, half_life_days))
    np.log1p(bought.data, out=bought.data)  # scipy's own copies the indices as well

    def scores(customers: Integers) -> csr_matrix:
        return rows_of(bought, customers) @ with_itself

    return Model(scores, _TIE * share_of_baskets(baskets), by_popularity(baskets))
