"""The numbers that real data must reach: Online Retail, and the real invoices, which carry no taste."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from recommendation_data import coded

from invoice_lab.recommendation import verdict
from invoice_lab.recommendation.evaluation import evaluated
from invoice_lab.recommendation.taste import shuffled, taste

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def uci(shared):
    """Online Retail, prepared as its README says; customers with three baskets or more."""
    raw = pd.read_parquet(shared / "transactions" / "online_retail.parquet")
    kept = (
        ~raw["InvoiceNo"].str.startswith("C")
        & raw["CustomerID"].notna()
        & (raw["Quantity"] > 0)
        & (raw["UnitPrice"] > 0)
        & raw["StockCode"].str.match(r"\d{5}")
    )
    columns = {"CustomerID": "customer_id", "InvoiceNo": "basket_id", "InvoiceDate": "date", "StockCode": "product_id"}
    lines = raw[kept].rename(columns=columns | {"Quantity": "quantity"})
    return lines[lines.groupby("customer_id")["basket_id"].transform("nunique") >= 3]


def test_last_baskets_of_a_real_shop(uci):
    found = evaluated(coded(uci), resamples=200)
    assert len(found.customers) == 1998 and len(found.everything.products) == 3590
    rows = found.table.set_index("method")
    assert rows.loc["frequency", "hit_rate"] == pytest.approx(0.748, abs=0.001)
    assert rows.loc["frequency", "ndcg"] == pytest.approx(0.289, abs=0.001)
    best = rows.loc["auto"]
    assert best["hit_rate"] >= 0.745 and best["ndcg"] >= 0.290 and best["new_recall"] >= 0.045
    assert best["ndcg_gain_low"] > 0 and best["ndcg_over_chance_low"] > 0
    for other in ("frequency", "tifu_knn"):  # at least equal, on a paired interval
        difference = found.values[found.choice.method][2] - found.values[other][2]
        assert difference.mean() + 1.96 * difference.std() / len(difference) ** 0.5 >= 0


def test_a_date_split_of_a_real_shop(uci):
    found = evaluated(coded(uci), "date", "2011-09-10", methods=["auto"], resamples=100)
    best = found.table.iloc[0]
    assert best["hit_rate"] >= 0.775 and best["ndcg"] >= 0.305
    assert pd.to_datetime(found.learnt.day.max(), unit="D") <= pd.Timestamp("2011-09-10")


def test_a_real_shop_has_taste_and_dealt_out_anew_it_has_none(uci):
    some = coded(uci[uci["customer_id"].astype(int) % 8 == 0])
    found = taste(some)
    assert found.is_there and found.gain > 0.5
    rng = np.random.default_rng(0)
    assert not any(taste(shuffled(some, rng)).is_there for _ in range(3))


def test_real_invoices_carry_no_taste(shared, settings):
    from cache_data import cache_from_truth, read_truth

    from invoice_lab.warehouse.cache import open_cache
    from invoice_lab.warehouse.queries import query

    cache_from_truth(read_truth(shared / "invoices" / "truth.jsonl"), settings, "real", sample=False)
    with open_cache("real", settings) as cache:
        said = verdict(evaluated(coded(query(cache.connection, "lines")), resamples=200))
    assert "no evidence of personal taste" in said.text and not said.evidence
