"""How likely the product at each rank of a list is in the next basket, as the evaluation found it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression

from invoice_lab.recommendation.evaluation import Evaluation
from invoice_lab.recommendation.history import History
from invoice_lab.recommendation.lists import HALF_LIFE_DAYS, again
from invoice_lab.recommendation.methods import fitted
from invoice_lab.recommendation.ranking import Ranked, Wanted, top
from invoice_lab.recommendation.selection import NEW
from invoice_lab.warehouse.queries.frames import one_of

LISTS = ("again", "new")


def chances_by_rank(evaluation: Evaluation, kind: str) -> pd.DataFrame:
    """Count how often the product at each rank of a list was in the basket that was held out.

    Parameters
    ----------
    evaluation : Evaluation
    kind : {"again", "new"}
        The list, made of the baskets that were learnt from by the method that was chosen there.

    Returns
    -------
    DataFrame
        One row a rank up to the evaluation's k: rank, lists (that are so long), hits, chance. The chance is the share
        of hits, evened out so that it never rises with the rank (isotonic regression); NaN where no list is so long.

    Raises
    ------
    UsageError
        For another kind of list.
    """
    one_of(kind, LISTS, "kind of list")
    target = evaluation.target
    ranked, size = _ranked(evaluation, kind), len(target.baskets.products)
    hit = np.isin(ranked.place * size + ranked.product, target.place * size + target.baskets.product)
    lists = np.bincount(ranked.rank, minlength=evaluation.k)
    hits = np.bincount(ranked.rank[hit], minlength=evaluation.k)
    ranks, known = np.arange(1, evaluation.k + 1), lists > 0
    chance = np.full(evaluation.k, np.nan)
    if known.any():
        even = IsotonicRegression(increasing=False)
        chance[known] = even.fit_transform(ranks[known], hits[known] / lists[known], sample_weight=lists[known])
    return pd.DataFrame({"rank": ranks, "lists": lists, "hits": hits, "chance": chance})


def _ranked(evaluation: Evaluation, kind: str) -> Ranked:
    learnt, target, choice = evaluation.learnt, evaluation.target, evaluation.choice
    bought = learnt.by_customer()
    if kind == "new":
        model = fitted(choice.new, learnt, choice.of(choice.new, NEW))
        return top(model, target.customers, evaluation.k, Wanted(never=bought))
    days = np.zeros(len(learnt.customers), np.int64)
    days[target.baskets.customer] = target.baskets.day
    model = again(learnt, History.of(learnt), days, HALF_LIFE_DAYS, due=choice.due)
    return top(model, target.customers, evaluation.k, Wanted(only=bought))
