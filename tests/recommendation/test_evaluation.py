"""The evaluation: by hand, against a dense oracle, planted taste and none, and the numbers known for a real shop."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.recommendation import Recommender, evaluate, verdict


def shop(taste, seed=0, customers=60, products=80):
    """Baskets of five products, a share `taste` of the lines from the customer's own five."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer, basket in itertools.product(range(customers), range(4)):
        own = np.random.default_rng(customer).choice(products, 5, replace=False)
        picks = np.where(rng.random(5) < taste, rng.choice(own, 5), rng.integers(0, products, 5))
        rows += [(f"c{customer}", f"{customer}-{basket}", f"2020-0{basket + 1}-01", f"p{p}", 1) for p in picks]
    return pd.DataFrame(rows, columns=["customer_id", "basket_id", "date", "product_id", "quantity"])


def oracle(lines, method, k):
    """Hold out and score one customer at a time, through the public recommender."""
    baskets = lines.drop_duplicates(["customer_id", "basket_id"]).sort_values(["date", "basket_id"])
    tested = baskets.groupby("customer_id").filter(lambda b: len(b) >= 3).groupby("customer_id").tail(1)
    model = Recommender(method).fit(lines[~lines["basket_id"].isin(tested["basket_id"])])
    hits, ndcgs = [], []
    for customer, basket in zip(tested["customer_id"], tested["basket_id"], strict=True):
        held_out = set(lines.loc[lines["basket_id"] == basket, "product_id"])
        ranked = model.recommend([customer], k=k)["product_id"]
        gain = sum(1 / math.log2(i + 2) for i, product in enumerate(ranked) if product in held_out)
        ideal = sum(1 / math.log2(i + 2) for i in range(min(k, len(held_out))))
        hits.append(gain > 0)
        ndcgs.append(gain / ideal)
    return np.mean(hits), np.mean(ndcgs)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_equals_the_plain_definition(k):
    lines = shop(0.4)
    # two customers without enough baskets stay in the training data
    lines = lines[~(lines["customer_id"].isin(["c3", "c4"]) & (lines["date"] > "2020-02-01"))]
    table = evaluate(lines, k=k, resamples=100).set_index("method")
    assert table["n"].eq(58).all()
    for method in ("decayed", "frequency", "popularity"):
        assert table.loc[method, ["hit_rate", "ndcg"]].tolist() == pytest.approx(oracle(lines, method, k))


def test_chance_is_the_mean_of_random_lists():
    lines = shop(0.4, customers=30, products=20)
    expected = evaluate(lines, k=4, methods=["chance"], resamples=100).iloc[0]
    rng = np.random.default_rng(0)
    last = lines[lines["date"] == "2020-04-01"].groupby("customer_id")["product_id"].agg(set)
    products = lines["product_id"].unique()
    drawn = [[bool(set(rng.choice(products, 4, replace=False)) & basket) for basket in last] for _ in range(400)]
    assert np.mean(drawn) == pytest.approx(expected["hit_rate"], abs=0.01)


def test_columns_intervals_and_pairing():
    table = evaluate(shop(0.4))
    assert table["method"].tolist() == ["decayed", "frequency", "popularity", "chance"]
    for metric in ("hit_rate", "ndcg"):
        assert (table[f"{metric}_low"] <= table[metric]).all() and (table[metric] <= table[f"{metric}_high"]).all()
        base = table.set_index("method")[metric]["popularity"]
        assert (table[f"{metric}_gain"] == table[metric] - base).all()
    same = table[table["method"] == "popularity"].filter(like="gain")
    assert (same == 0).all(axis=None) and table.notna().all(axis=None)


def test_same_seed_same_table_whatever_the_row_order():
    lines = shop(0.3)
    pd.testing.assert_frame_equal(evaluate(lines), evaluate(lines.sample(frac=1, random_state=3)))


def test_interval_width_is_that_of_the_mean():
    table = evaluate(shop(0.4, customers=300), resamples=2000).set_index("method")
    p, n = table.loc["decayed", "hit_rate"], 300
    width = table.loc["decayed", "hit_rate_high"] - table.loc["decayed", "hit_rate_low"]
    assert width == pytest.approx(2 * 1.96 * math.sqrt(p * (1 - p) / n), rel=0.15)


@pytest.mark.parametrize("seed", range(8))
def test_verdict_is_silent_without_taste_and_speaks_with_it(seed):
    assert verdict(evaluate(shop(0.0, seed), resamples=300)).startswith("There is no evidence of personal taste")
    assert verdict(evaluate(shop(0.5, seed), resamples=300)).startswith("Customers buy again what they bought")


@pytest.mark.parametrize(
    ("change", "params", "error"),
    [
        (lambda f: f[:0], {}, NotEnoughDataError),
        (lambda f: f[f["customer_id"] == "c1"], {}, NotEnoughDataError),
        (lambda f: f[f["date"] < "2020-03-01"], {}, NotEnoughDataError),
        (lambda f: f, {"k": 0}, UsageError),
        (lambda f: f, {"methods": ["decay"]}, UsageError),
        (lambda f: f, {"resamples": 1}, UsageError),
        (lambda f: f, {"half_life_days": -1}, UsageError),
        (lambda f: f.drop(columns="date"), {}, UsageError),
    ],
)
def test_bad_input(change, params, error):
    with pytest.raises(error):
        evaluate(change(shop(0.2)), **params)


def test_one_product_is_no_traceback():
    table = evaluate(shop(0.2).assign(product_id="p"))
    assert (table["hit_rate"] == 1).all() and verdict(table).startswith("There is no evidence")


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


@pytest.mark.shared
def test_real_shop_reaches_the_known_numbers(uci):
    assert uci["customer_id"].nunique() == 1998 and uci["product_id"].nunique() == 3590
    table = evaluate(uci).set_index("method")
    assert table.loc["frequency", "hit_rate"] == pytest.approx(0.748, abs=0.001)
    assert table.loc["frequency", "ndcg"] == pytest.approx(0.289, abs=0.001)
    assert table.loc["decayed", "hit_rate"] >= 0.745 and table.loc["decayed", "ndcg"] >= 0.290
    assert verdict(table.reset_index()).startswith("Customers buy again")


@pytest.mark.shared
def test_real_invoices_carry_no_taste(shared, settings):
    from cache_data import cache_from_truth, read_truth

    from invoice_lab.warehouse.cache import open_cache
    from invoice_lab.warehouse.queries import query

    cache_from_truth(read_truth(shared / "invoices" / "truth.jsonl"), settings, "real", sample=False)
    with open_cache("real", settings) as cache:
        assert "no evidence of personal taste" in verdict(evaluate(query(cache.connection, "lines")))
