"""The best k products of each customer: by blocks of customers, never by a whole customers-by-products matrix."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix

from invoice_lab.recommendation.baskets import Floats, Integers
from invoice_lab.recommendation.model import Model

_CELLS = 4_000_000
"""Cells of a block that is reckoned whole."""
_CACHED = 250_000
"""Cells of a part of a block that is filled from few known scores: they stay in the processor's cache."""
_FULL = 0.02
"""Share of a block's scores that are known, above which it is reckoned whole: the k-th is then found sooner."""
_ROWS = 50_000
"""Customers of a block whose known scores are few."""


@dataclass(frozen=True)
class Ranked:
    """Lists of products, one row a product, by customer and rank.

    Attributes
    ----------
    place : ndarray of int, shape (rows,)
        Index into the customers that were asked for.
    product : ndarray of int, shape (rows,)
    score : ndarray of float, shape (rows,)
    """

    place: Integers
    product: Integers
    score: Floats

    @classmethod
    def nothing(cls) -> Ranked:
        """Return no list at all."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    @property
    def rank(self) -> Integers:
        """Rank of each row in its list, from 0."""
        return _rank(self.place)


@dataclass(frozen=True)
class Wanted:
    """Which products may be listed.

    Attributes
    ----------
    only, never : csr_matrix, shape (all customers, products), optional
        Pairs besides which nothing, and which never, is listed.
    products : ndarray of bool, shape (products,), optional
        Products that may be listed at all.
    """

    only: csr_matrix | None = None
    never: csr_matrix | None = None
    products: npt.NDArray[np.bool_] | None = None


def top(model: Model, customers: Integers, k: int, wanted: Wanted | None = None) -> Ranked:
    """Rank products for customers; equal scores are ordered by popularity, then by product code.

    Parameters
    ----------
    model : Model
    customers : ndarray of int
        Codes; a code beyond the customers that are known gets the most popular products.
    k : int
        Length of a list; fewer where there aren't as many.
    wanted : Wanted, optional
    """
    return tops(model, customers, k, [wanted or Wanted()])[0]


def tops(model: Model, customers: Integers, k: int, wanted: Sequence[Wanted]) -> list[Ranked]:
    """Rank products for customers once for each of `wanted`, from scores that are reckoned once; as `top`."""
    rows = max(1, _CELLS // max(len(model.order), 1)) if model.dense else _ROWS
    starts = range(0, len(customers), rows)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        blocks = list(pool.map(lambda start: _block(model, customers[start : start + rows], k, wanted), starts))
    return [_joined(starts, [block[number] for block in blocks]) for number in range(len(wanted))]


def _joined(starts: Sequence[int], blocks: Sequence[Ranked]) -> Ranked:
    if not blocks:
        return Ranked.nothing()
    places = [block.place + start for start, block in zip(starts, blocks, strict=True)]
    return Ranked(
        np.concatenate(places),
        np.concatenate([block.product for block in blocks]),
        np.concatenate([block.score for block in blocks]),
    )


def _block(model: Model, customers: Integers, k: int, wanted: Sequence[Wanted]) -> list[Ranked]:
    scores = model.scores(customers)
    if model.dense:
        return [_dense(model, scores, customers, k, one) for one in wanted]
    if scores.nnz <= _FULL * scores.shape[0] * scores.shape[1]:
        return [_sparse(model, scores.tocoo(), customers, k, one) for one in wanted]
    rows = max(1, _CACHED // scores.shape[1])
    starts = range(0, len(customers), rows)
    parts = []
    for start in starts:
        part = scores[start : start + rows].toarray()
        parts.append([_dense(model, part, customers[start : start + rows], k, one) for one in wanted])
    return [_joined(starts, [part[number] for part in parts]) for number in range(len(wanted))]


def _dense(model: Model, own: Floats, customers: Integers, k: int, wanted: Wanted) -> Ranked:
    scores = np.asarray(own + model.prior, np.float64)
    for row, column in _pairs(wanted.never, customers):
        scores[row, column] = -np.inf
    for row, column in _pairs(wanted.only, customers):
        kept = np.full_like(scores, -np.inf)
        kept[row, column] = scores[row, column]
        scores = kept
    if wanted.products is not None:
        scores[:, ~wanted.products] = -np.inf
    k = min(k, scores.shape[1])
    least = np.partition(scores, -k, axis=1)[:, -k]
    place, product = np.nonzero(scores >= least[:, None])
    score = scores[place, product]
    listed = np.isfinite(score)
    return _best(place[listed], product[listed], score[listed], model.position, k)


def _sparse(model: Model, known: coo_matrix, customers: Integers, k: int, wanted: Wanted) -> Ranked:
    """Compare only what may be in the first k: products with a score of the customer's own, and the most popular."""
    place, product, own = known.row.astype(np.int64), known.col.astype(np.int64), known.data
    size = len(model.order)
    kept = np.ones(len(place), bool) if wanted.products is None else wanted.products[product]
    pairs = taken = place * size + product
    for row, column in _pairs(wanted.never, customers):
        excluded = row * size + column
        kept &= ~np.isin(pairs, excluded)
        taken = np.concatenate([taken, excluded])
    for row, column in _pairs(wanted.only, customers):
        kept &= np.isin(pairs, row * size + column)
    order = model.order if wanted.products is None else model.order[wanted.products[model.order]]
    if wanted.only is not None:
        order = order[:0]  # nothing that wasn't scored
    new_place, new_product = _popular(taken, size, len(customers), k, order)
    places, products = np.concatenate([place[kept], new_place]), np.concatenate([product[kept], new_product])
    scores = np.concatenate([own[kept], np.zeros(len(new_place))]) + model.prior[products]
    return _best(places, products, scores, model.position, k)


def _pairs(matrix: csr_matrix | None, customers: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield rows and columns of a matrix at these customers, if there is one."""
    if matrix is not None:
        found = rows_of(matrix, customers).tocoo()
        yield found.row.astype(np.int64), found.col.astype(np.int64)


def rows_of(matrix: csr_matrix, customers: Integers) -> csr_matrix:
    """Return the rows of customers; empty ones of those beyond its last."""
    known = customers < matrix.shape[0]
    if known.all():
        return matrix[customers]
    row = np.flatnonzero(known)
    shape = (len(customers), matrix.shape[0])
    return csr_matrix((np.ones(len(row), matrix.dtype), (row, customers[row])), shape=shape) @ matrix


def _popular(taken: Integers, size: int, count: int, k: int, order: Integers) -> tuple[Integers, Integers]:
    """Return the k most popular products that aren't taken, of each of `count` places: places and products.

    Parameters
    ----------
    taken : ndarray of int
        Place times `size` plus product, of all products that are looked at already or never listed.
    order : ndarray of int
        Products to choose from, the most popular first.
    """
    position = np.full(size, -1, np.int64)
    position[order] = np.arange(len(order))
    place, at = taken // size, position[taken % size]
    place, at = place[at >= 0], at[at >= 0]
    # among the first k + (taken) of the popular products at least k are free; those taken further down don't matter
    widths = np.minimum(len(order), k + np.bincount(place, minlength=count))
    # customers of few products stand together, so that one with thousands doesn't widen the rows of others
    narrow_first = np.argsort(widths, kind="stable")
    row_of = np.empty_like(narrow_first)
    row_of[narrow_first] = np.arange(count)
    inside = at < widths[place]
    rows, at = row_of[place[inside]], at[inside]
    sort = np.argsort(rows, kind="stable")
    rows, at = rows[sort], at[sort]
    places, products = [rows[:0]], [order[:0]]
    step = max(1, _CELLS // max(len(order), 1))
    for start in range(0, count if len(order) else 0, step):
        chosen = narrow_first[start : start + step]
        block = slice(*np.searchsorted(rows, [start, start + step]))
        free = np.ones((len(chosen), int(widths[chosen[-1]])), dtype=bool)
        free[rows[block] - start, at[block]] = False
        free &= np.cumsum(free, axis=1, dtype=np.int32) <= k
        row, column = np.nonzero(free)
        places.append(chosen[row])
        products.append(order[column])
    return np.concatenate(places), np.concatenate(products)


def _best(place: Integers, product: Integers, score: Floats, position: Integers, k: int) -> Ranked:
    sort = np.lexsort((position[product], -score, place))
    place, product, score = place[sort], product[sort], score[sort]
    kept = _rank(place) < k
    return Ranked(place[kept].astype(np.int64), product[kept].astype(np.int64), score[kept])


def _rank(places: Integers) -> Integers:
    """Number the rows of each place from 0; `places` is sorted."""
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    lengths = np.diff(np.append(starts, len(places)))
    return np.arange(len(places)) - np.repeat(starts, lengths)
