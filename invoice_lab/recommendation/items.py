"""Products that go together: cosine of the baskets or customers that hold them; what that says to a customer."""

from __future__ import annotations

from collections.abc import Iterator

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
    columns = held.T.tocsr()
    parts = [columns[start : start + _PRODUCTS] @ held for start in range(0, columns.shape[0], _PRODUCTS)]
    return csr_matrix(vstack(parts, format="csr", dtype=np.float32))


def cosines(counts: csr_matrix, least: int = LEAST_TOGETHER, most: int = NEIGHBOURS) -> csr_matrix:
    """Return how alike products are, 0 to 1, by who holds them: shape (products, products), nothing on the diagonal.

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
    products = counts.shape[0]
    size = np.sqrt(counts.diagonal().astype(np.float64))
    for start in range(0, products, _PRODUCTS):
        found = counts[start : start + _PRODUCTS].tocoo()
        row, column, together = found.row.astype(np.int64), found.col.astype(np.int64), found.data
        kept = (together >= least) & (row + start != column)
        row, column = row[kept], column[kept]
        cosine = together[kept] / (size[row + start] * size[column])
        near = cosine >= _least_of(row, cosine, most, found.shape[0])[row]
        row, column, cosine = row[near], column[near], cosine[near]
        sort = np.lexsort((column, -cosine, row))
        row, column, cosine = row[sort], column[sort], cosine[sort]
        first = np.arange(len(row)) - np.searchsorted(row, row) < most
        shape = (found.shape[0], products)
        yield csr_matrix((cosine[first], (row[first], column[first])), shape=shape)


def _least_of(row: Integers, cosine: Floats, most: int, rows: int) -> Floats:
    """Return the `most`-th largest cosine of each row, 0 where there are fewer: shape (rows,); `row` is sorted."""
    least = np.zeros(rows)
    bounds = np.searchsorted(row, np.arange(rows + 1))
    for place in np.flatnonzero(np.diff(bounds) > most):
        least[place] = np.partition(cosine[bounds[place] : bounds[place + 1]], -most)[-most]
    return least


def item_item(baskets: Baskets, together: str = "baskets", half_life_days: float = 365.0) -> Model:
    """Score products by how alike they are to what the customer bought (Linden, Smith and York, 2003).

    The score is the sum of cosines with the customer's products, each by the logarithm of its faded count; a product is
    wholly like itself.

    Raises
    ------
    UsageError
        For an unknown way to be together, or a half-life that isn't above 0.
    """
    return by_likeness(baskets, cosines(shared(holders(baskets, together))), half_life_days)


def by_likeness(baskets: Baskets, alike: csr_matrix, half_life_days: float = 365.0) -> Model:
    """Return the model of `item_item` from the products' cosines."""
    if not 0 < half_life_days < np.inf:
        raise UsageError(f"half_life_days is {half_life_days!r}; it must be a positive number of days.")
    with_itself = alike + identity(len(baskets.products), format="csr")
    bought = baskets.by_customer(faded(baskets, half_life_days)).log1p()

    def scores(customers: Integers) -> csr_matrix:
        return rows_of(bought, customers) @ with_itself

    return Model(scores, _TIE * share_of_baskets(baskets), by_popularity(baskets))
