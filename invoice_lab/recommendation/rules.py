"""Products that are bought together, as rules with their proof: who buys one buys the other, too."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.special import ndtri, pdtrc

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.baskets import Floats, Integers, Labels, read_baskets
from invoice_lab.recommendation.chance import Chance
from invoice_lab.recommendation.items import shared, shared_blocks
from invoice_lab.recommendation.products import about_products, names_of
from invoice_lab.warehouse.queries.frames import ids_of, numbers_of, whole
from invoice_lab.warehouse.queries.shares import LEVEL, interval

LEAST = 5
"""Baskets that must hold both products."""
MOST = 1000
"""Rules that are returned."""
FALSE_DISCOVERIES = 0.01
"""Share of the rules, at most, that may be chance."""
ABOVE_CHANCE = 1.1
"""Times chance that a pair must surely exceed: what chance gives is known to a few per cent, and less is no news."""
_NAMED = ("product_id", "date", "quantity", "product")
_PAIR = {"first": "int64", "second": "int64", "both": "int64", "expected": "float64", "p": "float64"}


def association_rules(
    lines: pd.DataFrame, least: int = LEAST, most: int = MOST, copied: Collection[object] = ()
) -> pd.DataFrame:
    """Find pairs of products that are in the same basket more often than by chance.

    Two things make a rule: the interval of its lift lies above 1, and its baskets are too many for chance, where every
    basket keeps its size and every product its popularity (`invoice_lab.recommendation.chance`): lift alone is above 1
    for most pairs of shuffled lines, since large baskets hold many pairs. The baskets with both are tested against
    `ABOVE_CHANCE` times what chance gives by a Poisson distribution, whose upper tail is not below the true one
    (Hoeffding, Annals of Mathematical Statistics 27, 1956; Anderson and Samuels, Fifth Berkeley Symposium I, 1967). Of
    all pairs of products that `least` baskets hold, those are kept of which `FALSE_DISCOVERIES` at most are chance
    (Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995). Baskets count as independent; a
    customer who always buys the same two is counted each time.

    Parameters
    ----------
    lines : DataFrame
        customer_id, basket_id, date, product_id, quantity; optional: product (its name). A product counts once a
        basket, returns don't count.
    least : int
        Baskets that must hold both products.
    most : int
        Rules that are returned, at most.
    copied : collection of ids
        Baskets that are copies of other customers' first lines.

    Returns
    -------
    DataFrame
        The rules of which most is beyond chance (baskets less expected, as in the leverage of Piatetsky-Shapiro,
        Knowledge Discovery in Databases, 1991: the highest lifts are those of the rarest products), then by confidence:
        product_id, then, product, then_product
        (names, else the ids), baskets (that hold both), of (baskets that hold the first), support (share of all
        baskets), confidence (baskets by of) with its exact interval, lift with its interval (`lift_interval`), all of
        95 %, expected (baskets with both by chance), copied (how many of the baskets with both are), rests_on_copies
        (without copied baskets there are less than `least`, or the lift's lower bound is not above 1).

    Raises
    ------
    UsageError
        For missing columns or values, ids of several kinds, or a wrong `least` or `most`.
    NotEnoughDataError
        Where there are no purchase lines.
    """
    whole(least, "least", 1)
    whole(most, "most", 1)
    if isinstance(copied, (str, bytes)) or not isinstance(copied, Collection):
        raise UsageError(f"copied must be a list of baskets, not {copied!r}.")
    baskets = read_baskets(lines)
    kind = ids_of(lines["product_id"], "product_id").dtype
    held = baskets.by_basket()
    total = held.shape[0]
    rules = _strongest(_beyond_chance(held, least), total, most)
    table = _table(lines, rules, baskets.products, total).astype({"product_id": kind, "then": kind})
    in_copies, copies = _in_copies(lines[lines["basket_id"].isin(list(copied))], table)
    left = rules[["both", "of", "then"]] - in_copies
    low, _ = lift_interval(left["both"], left["of"], left["then"], max(total - copies, 1))
    return table.assign(copied=in_copies["both"], rests_on_copies=(left["both"] < least) | ~(low > 1))


def lift_interval(both: npt.ArrayLike, of: npt.ArrayLike, then: npt.ArrayLike, total: int) -> tuple[Floats, Floats]:
    """Return the 95 % interval of lifts: by the delta method on the logarithm, counts being multinomial.

    The variance is 1 / both - 1 / of - 1 / then + 2 both / (of then) - 1 / total (Doob, Annals of Mathematical
    Statistics 6, 1935, on functions of counts; Agresti, Categorical Data Analysis, 2013, section 16.1).

    Parameters
    ----------
    both, of, then : array of int
        Baskets with both products, with the first and with the second.
    total : int
        All baskets.

    Returns
    -------
    low, high : ndarray of float
        0 and infinity where no basket holds both.
    """
    some, first, second = (np.asarray(counts, np.float64) for counts in (both, of, then))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1 / some - 1 / first - 1 / second + 2 * some / (first * second) - 1 / total
        wide = np.exp(ndtri((1 + LEVEL) / 2) * np.sqrt(np.maximum(variance, 0.0)))
        lift = some * total / (first * second)
        return np.where(some > 0, lift / wide, 0.0), np.where(some > 0, lift * wide, np.inf)


def _beyond_chance(held: csr_matrix, least: int) -> pd.DataFrame:
    """Return the pairs that chance doesn't explain, each once: codes first and second; both, of, then; expected."""
    popularity = held.getnnz(axis=0)
    often = np.flatnonzero(popularity >= least)
    chance = Chance.of(held)
    blocks = [_surprising(counts, chance, often, start, least) for start, counts in shared_blocks(held[:, often])]
    found = pd.concat([pd.DataFrame(columns=[*_PAIR]).astype(_PAIR), *blocks]).sort_values(
        ["p", "first", "second"], ignore_index=True
    )
    tested = len(often) * (len(often) - 1) // 2
    passed = np.flatnonzero(found["p"] <= FALSE_DISCOVERIES * np.arange(1, len(found) + 1) / max(tested, 1))
    found = found.head(int(passed.max(initial=-1)) + 1).drop(columns="p")
    return found.assign(of=popularity[found["first"]], then=popularity[found["second"]])


def _surprising(counts: csr_matrix, chance: Chance, often: Integers, start: int, least: int) -> pd.DataFrame:
    """Return the pairs of some products with later ones that could pass the test if all others did."""
    pairs = counts.tocoo()
    kept = (pairs.data >= least) & (pairs.col > pairs.row + start)
    row, both = pairs.row[kept], pairs.data[kept].astype(np.int64)
    second = often[pairs.col[kept]]
    expected = chance.together(often[start : start + counts.shape[0]], row, second)
    p = pdtrc(both - 1, ABOVE_CHANCE * expected)
    found = pd.DataFrame({"first": often[row + start], "second": second, "both": both, "expected": expected, "p": p})
    return found[p <= FALSE_DISCOVERIES]


def _strongest(pairs: pd.DataFrame, total: int, most: int) -> pd.DataFrame:
    """Return the pairs both ways, those with most baskets beyond chance first, those whose lift may be 1 left out."""
    pairs = pairs.assign(low=lift_interval(pairs["both"], pairs["of"], pairs["then"], total)[0])
    pairs = pairs[pairs["low"] > 1]
    turned = pairs.rename(columns={"first": "second", "second": "first", "of": "then", "then": "of"})
    rules = pd.concat([pairs, turned], ignore_index=True)
    beyond = rules["both"] - rules["expected"]
    order = np.lexsort((rules["second"], rules["first"], -rules["both"] / rules["of"], -beyond))
    return rules.iloc[order[:most]].reset_index(drop=True)


def _table(lines: pd.DataFrame, rules: pd.DataFrame, products: Labels, total: int) -> pd.DataFrame:
    """Return all columns but those on copied baskets."""
    both, of, then = rules["both"], rules["of"], rules["then"]
    low, high = interval(both, of)
    lift_low, lift_high = lift_interval(both, of, then, total)
    used = np.unique(rules[["first", "second"]])
    of_used = lines[lines["product_id"].isin(products[used])]
    names = np.empty(len(products), dtype=object)
    named, _ = about_products(of_used[[c for c in of_used if c in _NAMED]], products[used])
    names[used] = names_of(named, products[used])
    return pd.DataFrame(
        {
            "product_id": products[rules["first"]],
            "then": products[rules["second"]],
            "product": pd.Series(names[rules["first"]], dtype="str"),
            "then_product": pd.Series(names[rules["second"]], dtype="str"),
            "baskets": both,
            "of": of,
            "support": both / total,
            "confidence": both / of,
            "confidence_low": low,
            "confidence_high": high,
            "lift": both * total / (of * then),
            "lift_low": lift_low,
            "lift_high": lift_high,
            "expected": rules["expected"],
        }
    )


def _in_copies(lines: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return both, of and then of each rule within the lines of copied baskets, and how many baskets these are."""
    if table.empty or not (numbers_of(lines["quantity"], "quantity") > 0).any():
        return pd.DataFrame(0, index=table.index, columns=["both", "of", "then"]), 0
    baskets = read_baskets(lines)
    held = baskets.by_basket()
    held.resize(held.shape[0], held.shape[1] + 1)  # code -1, of products that no copied basket holds
    codes = [pd.Index(baskets.products).get_indexer(table[name]) for name in ("product_id", "then")]
    used, at = np.unique(codes, return_inverse=True)
    counts, (first, second) = shared(held[:, used]), at.reshape(2, -1)
    each = counts.diagonal()
    columns = {"both": np.asarray(counts[first, second]).ravel(), "of": each[first], "then": each[second]}
    return pd.DataFrame(columns).astype("int64"), held.shape[0]
