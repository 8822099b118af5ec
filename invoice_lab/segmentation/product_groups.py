"""Products that go together: the nearest ones by who buys them, and groups by how and with what they are bought."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from threadpoolctl import threadpool_limits

from invoice_lab.errors import NotEnoughDataError
from invoice_lab.segmentation.clusters import K_RANGE, LOW_ARI, USUAL_ARI, smallest_allowed
from invoice_lab.segmentation.stability import bootstrap
from invoice_lab.warehouse.queries.frames import require_columns, require_values, whole

LEAST_TOGETHER = 5
"""Baskets that two products must share to be called near."""
MOST_PRODUCTS = 5_000
"""Products compared with each other: those in most baskets, where there are more."""
FEWEST = 30
"""Products that groups need."""
HOW = ("price", "quantity", "again", "buyers", "basket_size")
_COMPANY = 4  # dimensions of what a product is bought with
_BOOTSTRAPS, _STARTS = 20, 3

Floats = npt.NDArray[np.float64]


def nearest_products(lines: pd.DataFrame, k: int = 5) -> pd.DataFrame:
    """Find for each product those that share most baskets with it, by the cosine of their baskets.

    Parameters
    ----------
    lines : DataFrame
        One row a line: basket_id, product_id; quantity, where given: what is returned is not bought, and left out.
    k : int
        Neighbours of each product, at most.

    Returns
    -------
    DataFrame
        product_id, rank (1 the nearest), neighbour, together (baskets that hold both), of (baskets that hold the
        product), expected (baskets that would hold both by chance), lift (together by expected), cosine (0 to 1).
        Pairs of fewer than `LEAST_TOGETHER` baskets are left out.
    """
    whole(k, "k", 1)
    baskets = _baskets(lines)
    counts = np.asarray(baskets.matrix.sum(axis=0)).ravel()
    pairs = (baskets.matrix.T @ baskets.matrix).tocoo()
    kept = (pairs.row != pairs.col) & (pairs.data >= LEAST_TOGETHER)
    row, column, together = pairs.row[kept], pairs.col[kept], pairs.data[kept].astype(np.int64)
    found = pd.DataFrame(
        {
            "product_id": baskets.products[row],
            "neighbour": baskets.products[column],
            "together": together,
            "of": counts[row].astype(np.int64),
            "expected": counts[row] * counts[column] / baskets.matrix.shape[0],
            "cosine": together / np.sqrt(counts[row] * counts[column]),
        }
    )
    found["lift"] = found["together"] / found["expected"]
    found = found.sort_values(["product_id", "cosine", "neighbour"], ascending=[True, False, True])
    found.insert(1, "rank", found.groupby("product_id").cumcount() + 1)
    return found[found["rank"] <= k].reset_index(drop=True)


@dataclass(frozen=True)
class ProductGroups:
    """Groups of products.

    Attributes
    ----------
    groups : Series of int
        By product_id; 0 is the group with the highest sales.
    stable : bool
        Whether the groups are found again in resamples of the products: median adjusted Rand index of .90 or more, 5 %
        quantile of .75 or more, the smallest group as large as one of customers must be. Where no number of groups is,
        those with the highest median are given, and are a convention.
    scores : DataFrame
        One row a number of groups: k, smallest, ari_median, ari_low, passes.
    profiles : DataFrame
        One row a group: products, sales, sales_share, and medians of price, quantity (a line), again (share of buyers
        who bought it again), buyers, basket_size (lines of the baskets it is in).
    """

    groups: pd.Series
    stable: bool
    scores: pd.DataFrame
    profiles: pd.DataFrame


def product_groups(lines: pd.DataFrame, products: pd.DataFrame, seed: int = 0) -> ProductGroups:
    """Group products by how they are bought (price, quantity, buyers, repeats, baskets) and with what.

    What a product is bought with is the place of its row in the matrix of positive pointwise mutual information of
    products in baskets, reduced to a few dimensions (Levy and Goldberg, Neural Word Embedding as Implicit Matrix
    Factorization, NIPS 2014).

    Parameters
    ----------
    lines : DataFrame
        One row a line: basket_id, product_id, quantity.
    products : DataFrame
        As made by `product_summary`, of the same lines.
    seed : int

    Raises
    ------
    NotEnoughDataError
        Where there are fewer than `FEWEST` products that were sold.
    """
    sold = products[(products["sales"] > 0) & (products["quantity"] > 0)].sort_index()
    if len(sold) < FEWEST:
        raise NotEnoughDataError(f"Groups need {FEWEST} products that were sold; there are {len(sold)}.")
    baskets = _baskets(lines[lines["product_id"].isin(sold.index)])
    sold = sold.loc[sorted(baskets.products)]
    how = _how(lines, sold)
    with threadpool_limits(limits=1):  # sums in one order: equal bytes on any number of cores
        rows = np.hstack([_standardised(how.to_numpy()), _company(baskets, sold.index, seed)])
        scores = pd.DataFrame([_measured(k, rows, seed) for k in K_RANGE])
        large = scores["smallest"] >= smallest_allowed(len(rows))
        scores["passes"] = large & (scores["ari_median"] >= USUAL_ARI) & (scores["ari_low"] >= LOW_ARI)
        stable = bool(scores["passes"].any())
        best = scores[scores["passes"]].iloc[-1] if stable else scores.loc[scores["ari_median"].idxmax()]
        labels = _fit(int(best["k"]), rows, seed).labels_
    sales = sold["sales"].groupby(labels).sum().sort_values(ascending=False, kind="stable")
    groups = pd.Series(pd.Index(sales.index).get_indexer(labels), index=sold.index, name="group")
    return ProductGroups(groups, stable, scores, _profiles(sold, how, groups))


@dataclass(frozen=True)
class _Baskets:
    matrix: csr_matrix
    products: npt.NDArray[np.object_]


def _baskets(lines: pd.DataFrame) -> _Baskets:
    """Return which basket holds which product, ones in a sparse matrix."""
    require_columns(lines, ["basket_id", "product_id"], "lines")
    require_values(lines, ["basket_id", "product_id"], "lines")
    bought = lines[lines["quantity"] > 0] if "quantity" in lines.columns else lines
    pairs = bought[["basket_id", "product_id"]].drop_duplicates()
    total = pairs["basket_id"].nunique()
    counts = pairs["product_id"].value_counts()
    if len(counts) > MOST_PRODUCTS:
        most = counts.sort_index().sort_values(ascending=False, kind="stable").index[:MOST_PRODUCTS]
        pairs = pairs[pairs["product_id"].isin(most)]
    basket, _ = pd.factorize(pairs["basket_id"])
    product, products = pd.factorize(pairs["product_id"].astype(object), sort=True)
    shape = (total, len(products))  # baskets of other products alone count for what is expected by chance
    matrix = csr_matrix((np.ones(len(pairs), np.int32), (basket, product)), shape=shape)
    return _Baskets(matrix, np.asarray(products, dtype=object))


def _how(lines: pd.DataFrame, sold: pd.DataFrame) -> pd.DataFrame:
    """Return how each product is bought, one row a product, in `HOW`'s own units."""
    kept = lines[lines["product_id"].isin(sold.index) & (lines["quantity"] > 0)]
    size = kept["basket_id"].map(kept.groupby("basket_id").size())
    grouped = kept.assign(size=size).groupby("product_id")
    table = sold[["price", "again", "buyers"]].copy()
    table["quantity"] = grouped["quantity"].median()
    table["basket_size"] = grouped["size"].median()
    return table[list(HOW)].fillna(0.0)


def _standardised(rows: Floats) -> Floats:
    even = np.log1p(np.clip(rows, 0, None))
    deviation = even.std(axis=0)
    scaled: Floats = (even - even.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return scaled


def _company(baskets: _Baskets, order: pd.Index, seed: int) -> Floats:
    """Return where each product stands by what it is bought with, shape (products, dimensions), of unit variance."""
    together = (baskets.matrix.T @ baskets.matrix).tocoo()
    counts = np.asarray(baskets.matrix.sum(axis=0)).ravel()
    kept = together.row != together.col
    row, column = together.row[kept], together.col[kept]
    lift = together.data[kept] * baskets.matrix.shape[0] / (counts[row] * counts[column])
    information = csr_matrix((np.log(np.maximum(lift, 1.0)), (row, column)), shape=together.shape)
    if not information.count_nonzero():  # no two are bought together more often than by chance
        return np.zeros((len(order), 0))
    dimensions = min(_COMPANY, len(counts) - 1)
    places = TruncatedSVD(dimensions, random_state=seed).fit_transform(information)
    spread = places.std(axis=0)
    places = (places - places.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    found: Floats = places[pd.Index(baskets.products).get_indexer(order)]
    return found


def _fit(k: int, rows: Floats, seed: int) -> KMeans:
    k = min(k, len(np.unique(rows, axis=0)))  # products may be all alike
    return KMeans(k, n_init=_STARTS, random_state=seed).fit(rows)


def _measured(k: int, rows: Floats, seed: int) -> dict[str, float]:
    labels = np.asarray(_fit(k, rows, seed).labels_, np.int64)
    stability = bootstrap(partial(_fit, k), rows, labels, times=_BOOTSTRAPS, seed=seed)
    smallest = int(np.bincount(labels, minlength=k).min())
    return {"k": k, "smallest": smallest, "ari_median": stability.median, "ari_low": stability.low}


def _profiles(sold: pd.DataFrame, how: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    table = pd.DataFrame({"products": groups.value_counts(), "sales": sold["sales"].groupby(groups).sum()})
    table.insert(2, "sales_share", table["sales"] / (table["sales"].sum() or 1.0))
    return table.join(how.groupby(groups).median()).sort_index().rename_axis("group")
