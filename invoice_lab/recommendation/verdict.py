"""A verdict in plain words: whether there is personal taste in the data, or the same list does for everybody."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_lab.recommendation.evaluation import BASE, Evaluation
from invoice_lab.recommendation.methods import METHODS
from invoice_lab.recommendation.metrics import PER_CUSTOMER
from invoice_lab.recommendation.taste import PERMUTATIONS, Taste, taste

NO_EVIDENCE = "There is no evidence of personal taste in this data"
_HIT_RATE, _NDCG = (PER_CUSTOMER.index(name) for name in ("hit_rate", "ndcg"))


@dataclass(frozen=True)
class Verdict:
    """Whether there is personal taste, and whether lists by it are better than best sellers.

    Attributes
    ----------
    evidence : bool
    text : str
        The verdict in a sentence or two.
    taste : Taste
        What it rests on.
    method : str
        The method that does best by validation.
    useful : bool
        Whether its lists beat best sellers: the paired 95 % interval of NDCG lies above 0.
    """

    evidence: bool
    text: str
    taste: Taste
    method: str
    useful: bool


def verdict(evaluation: Evaluation, permutations: int = PERMUTATIONS, seed: int = 0) -> Verdict:
    """Judge whether customers have tastes of their own.

    Own purchases must beat popularity on a paired interval and on shuffled copies of the data
    (`invoice_lab.recommendation.taste.taste`); whether the lists of the best method gain by it is said beside it.
    """
    found = taste(evaluation.everything, permutations, seed)
    row = evaluation.row(evaluation.choice.method)
    useful = bool(row["ndcg_gain_low"] > 0)
    text = _spoken(evaluation, found, useful) if found.is_there else _silent(found)
    return Verdict(found.is_there, text, found, evaluation.choice.method, useful)


def _silent(found: Taste) -> str:
    return (
        f"{NO_EVIDENCE}: for {found.customers:,} customers with two baskets or more, what they bought before says no "
        f"more about what they buy next than what is popular does ({found.gain:.3f} bits a line, 95 % interval "
        f"{found.low:.3f} to {found.high:.3f}), or no more than on shuffled copies of the data. Lists are habit and "
        "best sellers."
    )


def _spoken(evaluation: Evaluation, found: Taste, useful: bool) -> str:
    method = evaluation.choice.method
    rates = {name: evaluation.values[name].mean(axis=1) for name in (method, BASE)}
    said = (
        f"Customers have tastes of their own: what they bought before tells {found.gain:.3f} bits a line (95 % "
        f"interval {found.low:.3f} to {found.high:.3f}) about what they buy next, besides what is popular, and "
        f"{found.as_much or 'none'} of {found.permutations} shuffled copies of the data as much. "
    )
    hits = (
        f"finds something of the next basket for {rates[method][_HIT_RATE]:.1%} of {len(evaluation.customers):,} "
        f"customers among {evaluation.k} products, best sellers for {rates[BASE][_HIT_RATE]:.1%}."
    )
    if useful:
        return f"{said}{METHODS[method].title} {hits}"
    return f"{said}It is too faint for lists of {evaluation.k} to show it: {METHODS[method].title} {hits}"
