"""How good lists are on UCI Online Retail, where it lies beside the checkout: every method, both protocols."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.shops import online_retail
from invoice_lab.recommendation import evaluate
from invoice_lab.recommendation.methods import AUTO
from invoice_lab.recommendation.protocols import DATE, LAST_BASKET

REAL = Path(__file__).resolve().parents[2] / "shared" / "transactions" / "online_retail.parquet"
SPLIT = "2011-09-10"
METRICS = ["hit_rate", "ndcg", "new_recall"]
GOALS = {
    (LAST_BASKET, "hit_rate"): ">= .745",
    (LAST_BASKET, "ndcg"): ">= .290",
    (LAST_BASKET, "new_recall"): ">= .045",
    (DATE, "hit_rate"): ">= .775",
    (DATE, "ndcg"): ">= .305",
}
"""Of what ``auto`` chooses."""


def judging() -> Iterator[Figure]:
    """Evaluate all methods by the last basket and by the date."""
    if not REAL.is_file():
        print(f"No {REAL}: the quality of lists is not measured.", file=sys.stderr)
        return
    lines = online_retail(REAL)
    for protocol, split in ((LAST_BASKET, None), (DATE, SPLIT)):
        start = time.perf_counter()
        table = evaluate(lines, protocol, split)
        yield Figure(f"{protocol}: evaluate all methods, per line", time.perf_counter() - start, "s", len(lines))
        for _, row in table.iterrows():
            named = f"{AUTO} ({row['used']})" if row["method"] == AUTO else row["method"]
            for metric in row[METRICS].dropna().index:
                goal = GOALS.get((protocol, metric), "") if row["method"] == AUTO else ""
                yield Figure(f"{protocol}: {metric}, {named}", float(row[metric]), "", int(row["n"]), goal=goal)
