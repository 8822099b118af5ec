"""A verdict in plain words: whether there is personal taste in the data, or the same list does for everybody."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_lab.errors import UsageError
from invoice_lab.recommendation.evaluation import Evaluation
from invoice_lab.recommendation.methods import METHODS
from invoice_lab.recommendation.taste import PERMUTATIONS, Taste, taste

NO_EVIDENCE = "There is no evidence of personal taste in this data"


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

    What must beat popularity is not the list of the best method but what own purchases tell, in bits a line: lists of
    ten are too coarse to show a faint taste. An assortment or a season that changes looks like taste, since customers
    who are active in different months buy what is popular then.

    Parameters
    ----------
    evaluation : Evaluation
        What `invoice_lab.recommendation.evaluated` returns.
    permutations : int
        Shuffled copies of the data, 19 or more.
    seed : int

    Raises
    ------
    UsageError
        For anything else than an evaluation, one without the method that does best, or a wrong number.
    NotEnoughDataError
        Where fewer than 20 customers have two baskets.
    """
    if not isinstance(evaluation, Evaluation):
        raise UsageError(
            f"A verdict is on an evaluation, not on {type(evaluation).__name__}.", "Give it evaluated(lines)."
        )
    if not evaluation.knows_best:
        raise UsageError(
            "Not every usual method was evaluated, so nobody knows which does best.", "Evaluate 'auto', too."
        )
    found = taste(evaluation.everything, permutations, seed)
    row = evaluation.row(evaluation.choice.method)
    useful = bool(row["ndcg_gain_low"] > 0)
    text = _spoken(evaluation, found, useful) if found.is_there else _silent(found)
    return Verdict(found.is_there, text, found, evaluation.choice.method, useful)


def _silent(found: Taste) -> str:
    return (
        f"{NO_EVIDENCE}: for {found.customers:,} customers with two baskets or more, what they bought before says no "
        f"more about what they buy next than what is popular does ({_bits(found)}), or no more than on shuffled copies "
        "of the data. Lists are habit and best sellers."
    )


def _spoken(evaluation: Evaluation, found: Taste, useful: bool) -> str:
    row, title = evaluation.row(evaluation.choice.method), METHODS[evaluation.choice.method].title
    gain, low, high = (100 * row[name] for name in ("ndcg_gain", "ndcg_gain_low", "ndcg_gain_high"))
    said = (
        f"Customers have tastes of their own: what they bought before tells {_bits(found)} about what they buy next, "
        f"besides what is popular, and {found.as_much or 'none'} of {found.permutations} shuffled copies of the data "
        "as much. "
    )
    by = f"{gain:.1f} points (95 % interval {low:.1f} to {high:.1f}) on {len(evaluation.customers):,} customers."
    if useful:
        return f"{said}Lists of {evaluation.k} by {title} beat best sellers: their NDCG is higher by {by}"
    return f"{said}It is too faint for lists of {evaluation.k} to show it: by {title}, NDCG gains {by}"


def _bits(found: Taste) -> str:
    gain, low, high = (round(bits, 3) + 0.0 for bits in (found.gain, found.low, found.high))  # no minus before zero
    return f"{gain:.3f} bits a line, 95 % interval {low:.3f} to {high:.3f}"
