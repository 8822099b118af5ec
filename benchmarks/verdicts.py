"""How often the verdict sees personal taste where there is none, and where a share of the lines is of own products."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from benchmarks.figures import Figure
from benchmarks.lists import REAL
from benchmarks.shops import few_products, online_retail, planted
from invoice_lab.recommendation.baskets import Baskets, read_baskets
from invoice_lab.recommendation.taste import shuffled, taste

SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
ASKED = 0.15
"""Share of the lines at which the verdict must speak."""
GOAL = ">= 95 %"
ENOUGH = 100
"""Data sets from which on a share of them is told, and held against the goal; of fewer, how many they are."""


def deciding(drawn: int, real: int) -> Iterator[Figure]:
    """Count verdicts, as they are given by default, on permuted data and on data with a planted taste, drawn and real.

    Parameters
    ----------
    drawn : int
        Data sets of each share.
    real : int
        Data sets of real baskets of the share that is asked for, and a third of it of others; of none, which takes
        less, as many as drawn ones. 0: nothing is measured on real baskets.
    """
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for share in SHARES:
            found = list(pool.map(partial(_seen_in_drawn, share), range(drawn)))
            yield _figure("drawn", share, found)
        if not real:
            return
        if not REAL.is_file():
            print(f"No {REAL}: the verdict on real baskets is not measured.", file=sys.stderr)
            return
        baskets = read_baskets(online_retail(REAL))
        for share in SHARES:
            sets = real if share == ASKED else real // 3 if share else drawn
            found = list(pool.map(partial(_seen_in_real, baskets, share), range(sets)))
            yield _figure("real", share, found)


def _figure(what: str, share: float, seen: list[bool]) -> Figure:
    sets, right = len(seen), sum(seen) if share else len(seen) - sum(seen)
    named = f"verdict, {what} baskets, " + (f"{share:.0%} own: speaks" if share else "shuffled: silent")
    if sets < ENOUGH:
        return Figure(named, right, f"of {sets}", sets)
    return Figure(named, 100 * right / sets, "%", sets, goal=GOAL if share in (0, ASKED) else "")


def _seen_in_drawn(share: float, seed: int) -> bool:
    rng = np.random.default_rng([seed, round(100 * share)])
    baskets = few_products(seed)
    if share:
        return taste(planted(baskets, share, rng), seed=seed).is_there
    return taste(shuffled(planted(baskets, ASKED, rng), rng), seed=seed).is_there


def _seen_in_real(baskets: Baskets, share: float, seed: int) -> bool:
    rng = np.random.default_rng([seed, round(100 * share)])
    dealt = shuffled(baskets, rng)
    return taste(planted(dealt, share, rng) if share else dealt, seed=seed).is_there
