"""A picture of rules: products as points, near those that they are bought with."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from invoice_lab.recommendation.baskets import Floats
from invoice_lab.warehouse.queries.frames import require_columns, whole

MOST = 40
"""Pairs that are drawn."""
_ROUNDS, _PULL = 300, 0.6
_ENDS = ("product_id", "then")
_NAMES = ("product", "then_product")


def rules_network(rules: pd.DataFrame, most: int = MOST) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the first rules as points and lines; equal rules give equal places.

    Parameters
    ----------
    rules : DataFrame
        As `invoice_lab.recommendation.association_rules` returns them.
    most : int
        Pairs of products, at most; a pair whose rules go both ways counts once.

    Returns
    -------
    nodes : DataFrame
        One row a product: product_id, product (its name), x, y (-1 to 1), size (baskets that hold it), group (numbered
        from 0: products that lines join are in one).
    edges : DataFrame
        One row a pair: product_id, then, product, then_product, baskets, confidence, lift, rests_on_copies, and where
        the line goes: x, y to x2, y2.

    Raises
    ------
    UsageError
        For missing columns or a wrong `most`.
    """
    kept = ["baskets", "confidence", "lift", "rests_on_copies"]
    require_columns(rules, [*_ENDS, *_NAMES, "of", "support", *kept], "rules")
    whole(most, "most", 1)
    codes, _ = pd.factorize(pd.concat([rules[end] for end in _ENDS], ignore_index=True))
    ends = pd.DataFrame(np.sort(codes.reshape(2, -1), axis=0).T, index=rules.index)
    edges = rules[~ends.duplicated()].head(most).reset_index(drop=True)
    nodes = _products(edges)
    first, second = (pd.Index(nodes["product_id"]).get_indexer(edges[end]) for end in _ENDS)
    joined = np.zeros((len(nodes), len(nodes)))
    joined[first, second] = joined[second, first] = 1.0
    group = connected_components(joined)[1] if len(nodes) else np.empty(0, np.int32)
    place = _sprung(joined, group)
    nodes = nodes.assign(x=place[:, 0], y=place[:, 1], group=group.astype(np.int64))
    edges = edges[[*_ENDS, *_NAMES, *kept]].assign(
        x=place[first, 0], y=place[first, 1], x2=place[second, 0], y2=place[second, 1]
    )
    return nodes[["product_id", "product", "x", "y", "size", "group"]], edges


def _products(edges: pd.DataFrame) -> pd.DataFrame:
    """Return each product of the rules once: product_id, product, size."""
    then = edges["baskets"] * edges["confidence"] / (edges["support"] * edges["lift"])
    parts = [
        pd.DataFrame({"product_id": edges[end], "product": edges[name], "size": size.round().astype("int64")})
        for end, name, size in zip(_ENDS, _NAMES, (edges["of"], then), strict=True)
    ]
    return pd.concat(parts).drop_duplicates("product_id").reset_index(drop=True)


def _sprung(joined: Floats, group: np.ndarray) -> Floats:
    """Place points, shape (points, 2), -1 to 1, by springs (Fruchterman and Reingold, Software 21, 1991).

    They begin on a circle, group by group, and are pulled to the middle, so that groups don't fly apart.
    """
    count = len(joined)
    if not count:
        return np.empty((0, 2))
    angle = np.empty(count)
    angle[np.argsort(group, kind="stable")] = 2 * np.pi * np.arange(count) / count
    place = np.column_stack([np.cos(angle), np.sin(angle)])
    ideal = 1 / np.sqrt(count)
    for heat in np.linspace(0.1, 0.0, _ROUNDS, endpoint=False):
        gap = place[:, None] - place[None]
        distance = np.maximum(np.hypot(gap[..., 0], gap[..., 1]), 1e-3)
        force = (ideal / distance) ** 2 - joined * distance / ideal
        step = (gap * force[..., None]).sum(axis=1) - _PULL * place
        place = place + step * np.minimum(1, heat / np.maximum(np.hypot(*step.T), 1e-9))[:, None]
    place -= (place.min(axis=0) + place.max(axis=0)) / 2
    return np.asarray((place / np.maximum(np.abs(place).max(axis=0), 1e-9)).round(4), np.float64)
