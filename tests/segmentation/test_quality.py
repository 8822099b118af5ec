"""Oddities of the data: each is found where it was planted, and not where it was not."""

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import UsageError
from invoice_lab.segmentation.quality import copied_baskets, oddities

CUSTOMERS = pd.DataFrame(
    {"customer_id": range(100), "name": [f"N {n}" for n in range(100)], "birth_date": pd.Timestamp("1980-01-01")}
)


def shop(baskets=600, products=60, seed=1):
    """Sound data: some products sell better, baskets of many sizes, sales on most days."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, products + 1)
    rows = []
    for basket in range(baskets):
        day = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(rng.integers(0, 500)))
        size = min(1 + rng.poisson(3), products)
        chosen = rng.choice(products, size, replace=False, p=weights / weights.sum())
        customer = int(rng.integers(0, 100))
        for number, product in enumerate(chosen, start=1):
            rows.append((customer, basket, day, number, product, int(rng.integers(1, 9)), float(rng.gamma(3, 10))))
    columns = ["customer_id", "basket_id", "date", "line_no", "product_id", "quantity", "amount"]
    return pd.DataFrame(rows, columns=columns)


def codes(lines, customers=CUSTOMERS):
    return [oddity.code for oddity in oddities(lines, customers)]


@pytest.mark.parametrize("seed", range(5))
def test_sound_data_has_no_oddity(seed):
    assert codes(shop(seed=seed)) == []


def test_copied_baskets():
    lines = shop()
    source = lines[lines["basket_id"] == lines.groupby("basket_id").size().idxmax()].head(3)
    copies = [source.assign(basket_id=1000 + number, customer_id=number, date=source["date"] + pd.Timedelta(days=9))
              for number in range(20)]  # fmt: skip
    (found,) = oddities(pd.concat([lines, *copies]), CUSTOMERS)
    assert found.code == "copied-baskets"
    assert 19 <= found.found <= 22 and "another customer" in found.said and "mistrusted" in found.means


def test_a_customers_own_repetition_is_no_copy():
    lines = shop()
    source = lines[lines["basket_id"] == lines.groupby("basket_id").size().idxmax()].head(3)
    again = [source.assign(basket_id=1000 + number) for number in range(20)]
    assert codes(pd.concat([lines, *again])) == []


def test_fixed_sizes_and_uniform_popularity():
    rng = np.random.default_rng(5)
    rows = [(int(rng.integers(0, 100)), basket, pd.Timestamp("2023-01-01") + pd.Timedelta(days=basket % 365), number,
             int(rng.integers(0, 40)), int(rng.integers(1, 9)), 5.0)
            for basket in range(600) for number in range(1, 2 + basket % 10)]  # fmt: skip
    assert codes(pd.DataFrame(rows, columns=shop(1).columns)) == ["fixed-basket-sizes", "uniform-popularity"]


def test_a_gap_and_an_outlier():
    lines = shop()
    assert codes(lines[~lines["date"].between("2023-06-01", "2023-07-15")]) == ["gap"]
    lines.loc[0, "amount"] = 1e7
    (found,) = oddities(lines, CUSTOMERS)
    assert (found.code, found.found) == ("outliers", 1)


def test_namesakes_and_missing_birth_dates():
    customers = CUSTOMERS.assign(name=CUSTOMERS["name"].replace({"N 1": "N 2"}))
    customers.loc[:4, "birth_date"] = pd.NaT
    found = {oddity.code: oddity.found for oddity in oddities(shop(), customers)}
    assert found == {"namesakes": 2, "birth-dates-missing": 5}


def test_nothing_at_all():
    assert oddities(shop()[:0], CUSTOMERS[:0]) == []
    with pytest.raises(UsageError):
        oddities(shop().drop(columns="line_no"), CUSTOMERS)


def test_ids_of_copied_baskets_are_those_counted():
    lines = shop()
    source = lines[lines["basket_id"] == lines.groupby("basket_id").size().idxmax()].head(3)
    later = source["date"] + pd.Timedelta(days=9)
    copies = [source.assign(basket_id=1000 + number, customer_id=number, date=later) for number in range(20)]
    lines = pd.concat([lines, *copies]).sample(frac=1, random_state=2)
    found = copied_baskets(lines.drop(columns="amount"))
    others = {1000 + number for number in range(20) if number != source["customer_id"].iloc[0]}
    assert others <= set(found) and source["basket_id"].iloc[0] not in found
    (oddity,) = oddities(lines, CUSTOMERS)
    assert len(found) == oddity.found


def test_copied_baskets_by_hand():
    """The first is none, nor is another of the same customer, of two lines, of another quantity, or of nobody."""
    wares = {"a": "xyz", "b": "xyz", "c": "xyz", "d": "xy", "e": "xyz", "f": "xyzw", "g": "xyz"}
    owners = dict(zip(wares, ["ann", "ann", "bob", "bob", "cat", "dan", None], strict=True))
    rows = [
        (owners[basket], basket, number, product) for basket in wares for number, product in enumerate(wares[basket])
    ]
    lines = pd.DataFrame(rows, columns=["customer_id", "basket_id", "line_no", "product_id"])
    lines = lines.assign(date="2020-01-01", quantity=1)
    lines.loc[lines["basket_id"] == "e", "quantity"] = 2
    assert copied_baskets(lines).tolist() == ["c", "f"]
    assert copied_baskets(lines[:0]).tolist() == []
    with pytest.raises(UsageError, match="line_no"):
        copied_baskets(lines.drop(columns="line_no"))
