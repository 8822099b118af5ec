"""The methods of recommending side by side: their names, where they come from, which parameters are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from invoice_lab.errors import MissingToolError, UsageError
from invoice_lab.recommendation.baskets import Baskets
from invoice_lab.recommendation.factors import als, bpr, is_installed
from invoice_lab.recommendation.items import TOGETHER, item_item
from invoice_lab.recommendation.model import Model
from invoice_lab.recommendation.neighbours import tifu_knn, up_cf
from invoice_lab.recommendation.own import decayed, frequency, popularity
from invoice_lab.warehouse.queries.frames import one_of

AUTO = "auto"
CHANCE = "chance"
ITEM_ITEM = "item_item"
MOST_COMPARED = 50_000
"""Customers up to which methods are tried that compare each customer with every other."""

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """A method of recommending.

    Attributes
    ----------
    title : str
        For readers.
    source : str
        Where it comes from.
    fit : callable
        Of baskets and parameters.
    tried : tuple of mapping
        Parameters that validation chooses from; the first are those that hold where it can't.
    compares : bool
        Whether it compares each customer with every other.
    extra : bool
        Whether it needs a package that isn't always there; then it takes part only where it is named.
    """

    title: str
    source: str
    fit: Callable[..., Model]
    tried: tuple[Parameters, ...] = ({},)
    compares: bool = False
    extra: bool = False


METHODS: Mapping[str, Method] = {
    "popularity": Method("Best sellers", "what most baskets hold", popularity),
    "frequency": Method("Own purchases, counted", "ties by popularity", frequency),
    "decayed": Method(
        "Own purchases, fading",
        "older baskets count less; popularity is added",
        decayed,
        tuple(
            {"half_life_days": days, "prior_baskets": prior}
            for days in (365.0, 90.0, 1000.0)
            for prior in (8.0, 2.0, 32.0, 128.0)
        ),
    ),
    ITEM_ITEM: Method(
        "Products like own ones",
        "Linden, Smith and York, IEEE Internet Computing 7, 2003",
        item_item,
        tuple({"together": what, "half_life_days": days} for what in TOGETHER for days in (365.0, 60.0)),
    ),
    "tifu_knn": Method(
        "TIFU-kNN",
        "Hu, He, Gao and Zhang, SIGIR 2020",
        tifu_knn,
        (
            {"within": 0.9, "across": 0.7, "group": 7, "own": 0.7},
            {"within": 1.0, "across": 0.6, "group": 3, "own": 0.7},
            {"within": 1.0, "across": 0.6, "group": 7, "own": 0.9},
        ),
        compares=True,
    ),
    "up_cf": Method(
        "UP-CF",
        "Faggioli, Polato and Aiolli, UMAP 2020",
        up_cf,
        tuple({"recent": recent, "locality": power} for recent in (10, 0) for power in (10.0, 5.0)),
        compares=True,
    ),
    "als": Method("Implicit ALS", "Hu, Koren and Volinsky, ICDM 2008", als, extra=True),
    "bpr": Method("BPR", "Rendle and others, UAI 2009", bpr, extra=True),
}
"""The methods by name, the simplest first."""


def usual(customers: int) -> tuple[str, ...]:
    """Return the methods that are compared where none are named; that depends on how many customers there are alone."""
    return tuple(
        name
        for name, method in METHODS.items()
        if not method.extra and not (method.compares and customers > MOST_COMPARED)
    )


def method_named(name: str) -> Method:
    """Return a method, or raise `UsageError` for an unknown one, `MissingToolError` for one that isn't installed."""
    method = METHODS[one_of(name, list(METHODS), "method of recommending")]
    if method.extra and not is_installed():
        raise MissingToolError(
            f"The method {name!r} needs the package implicit.", "Install it: pip install 'invoice-lab[factors]'."
        )
    return method


def fitted(
    name: str, baskets: Baskets, parameters: Parameters | None = None, kept: Mapping[str, Any] | None = None
) -> Model:
    """Fit a method with parameters, or its usual ones; raises as `method_named`, and `UsageError` for wrong ones.

    `kept` has what the method takes besides, from the caller.
    """
    method = method_named(name)
    given = method.tried[0] if parameters is None else parameters
    if not isinstance(given, Mapping):
        raise UsageError(f"parameters must be a mapping of names to values, not {given!r}.")
    try:
        return method.fit(baskets, **given, **(kept or {}))
    except (TypeError, ValueError) as error:
        raise UsageError(f"The method {name!r} can't be fitted with {dict(given)!r}: {error}.") from error
