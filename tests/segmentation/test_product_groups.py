"""Products that go together: counted again over sets, planted groups found, chance told from groups."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation import product_groups as module
from invoice_lab.segmentation.product_groups import LEAST_TOGETHER, nearest_products, product_groups
from invoice_lab.segmentation.products import product_summary

FAMILIES = 3
PRODUCTS = 90


def lines_of(baskets, seed=0, price=None):
    """Lines of baskets given as lists of product numbers."""
    rng = np.random.default_rng(seed)
    rows = [(f"c{rng.integers(0, 80):02d}", number, pd.Timestamp("2024-01-01") + pd.Timedelta(days=number % 300),
             f"p{product:02d}", int(rng.integers(1, 4)), (price or (lambda product: 10.0))(product))
            for number, basket in enumerate(baskets) for product in basket]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["customer_id", "basket_id", "date", "product_id", "quantity", "amount"])
    return frame.assign(amount=frame["quantity"] * frame["amount"])


def planted(seed=1, baskets=3000):
    """Baskets within a family of products; families have prices and basket sizes of their own."""
    rng, chosen = np.random.default_rng(seed), []
    for _ in range(baskets):
        family = rng.integers(0, FAMILIES)
        members = np.arange(PRODUCTS)[np.arange(PRODUCTS) % FAMILIES == family]
        chosen.append(rng.choice(members, 2 + 3 * family, replace=False))
    return lines_of(chosen, seed, price=lambda product: (5.0, 40.0, 300.0)[product % FAMILIES])


def shuffled(seed=2, baskets=1500):
    """Baskets by chance alone; prices too go by degrees."""
    rng = np.random.default_rng(seed)
    prices, popular = np.exp(rng.normal(3, 0.5, PRODUCTS)), rng.gamma(2, 1, PRODUCTS)
    popular /= popular.sum()
    chosen = [rng.choice(PRODUCTS, 1 + rng.poisson(3), replace=False, p=popular) for _ in range(baskets)]
    return lines_of(chosen, seed, price=lambda product: float(prices[product]))


def grouped(lines, **options):
    return product_groups(lines, product_summary(lines, "2025-01-01"), **options)


def by_sets(lines, k):
    """Nearest products over sets of baskets, in plain Python."""
    holding = {product: set(rows["basket_id"]) for product, rows in lines.groupby("product_id")}
    total, rows = lines["basket_id"].nunique(), []
    for product, baskets in holding.items():
        near = []
        for other, others in holding.items():
            together = len(baskets & others)
            if other != product and together >= LEAST_TOGETHER:
                near.append((-together / (len(baskets) * len(others)) ** 0.5, other, together, len(others)))
        for rank, (cosine, other, together, size) in enumerate(sorted(near)[:k], start=1):
            expected = len(baskets) * size / total
            rows.append((product, rank, other, together, len(baskets), expected, -cosine, together / expected))
    return pd.DataFrame(
        rows, columns=["product_id", "rank", "neighbour", "together", "of", "expected", "cosine", "lift"]
    )


@pytest.mark.parametrize("lines", [planted(baskets=300), shuffled()], ids=["planted", "shuffled"])
def test_nearest_products_are_those_of_plain_sets(lines):
    found = nearest_products(lines, k=4)
    assert len(found) > 50
    # which of several equally near ones is taken may hang on the last bit of the cosine
    expected = by_sets(lines, 4)
    pd.testing.assert_frame_equal(
        found.drop(columns=["neighbour", "together", "expected", "lift"]),
        expected.drop(columns=["neighbour", "together", "expected", "lift"]),
    )
    every = by_sets(lines, 100).set_index(["product_id", "neighbour"])
    for row in found.itertuples():
        one = every.loc[(row.product_id, row.neighbour)]
        assert (row.together, row.of) == (one["together"], one["of"])
        assert (row.expected, row.lift, row.cosine) == pytest.approx((one["expected"], one["lift"], one["cosine"]))


def test_a_product_twice_in_a_basket_counts_once():
    lines = lines_of([[1, 2]] * 5 + [[1, 1, 3]] * 5 + [[2]] * 10)
    found = nearest_products(lines).set_index(["product_id", "neighbour"])
    assert sorted(found.index) == [("p01", "p02"), ("p01", "p03"), ("p02", "p01"), ("p03", "p01")]
    assert found.loc[("p01", "p02"), ["together", "of", "expected", "lift"]].tolist() == [5, 10, 7.5, 5 / 7.5]
    assert found.loc[("p01", "p03"), ["together", "cosine"]].tolist() == [5, pytest.approx(0.5**0.5)]
    assert found.loc[("p03", "p01"), "rank"] == 1


def test_pairs_of_too_few_baskets_are_left_out():
    lines = lines_of([[1, 2]] * (LEAST_TOGETHER - 1) + [[3, 4]] * LEAST_TOGETHER)
    assert nearest_products(lines)["product_id"].tolist() == ["p03", "p04"]
    assert nearest_products(lines_of([[1], [2], [3]])).empty
    assert nearest_products(lines[:0]).empty


def test_of_too_many_products_those_in_most_baskets_are_compared(monkeypatch):
    lines = lines_of([[1, 2, 3]] * 6 + [[1, 2]] * 4 + [[3, 4]] * 5 + [[4]] * 9 + [[5]] * 8)
    monkeypatch.setattr(module, "MOST_PRODUCTS", 3)
    found = nearest_products(lines)
    assert sorted(set(found["product_id"])) == ["p01", "p03", "p04"]  # 10, 11 and 14 baskets; p02 has 10, too
    full = by_sets(lines, 9).set_index(["product_id", "neighbour"])
    for row in found.itertuples():
        assert row.lift == pytest.approx(full.loc[(row.product_id, row.neighbour), "lift"])


def test_order_of_rows_does_not_count_and_twice_is_the_same():
    lines = planted(baskets=300)
    other = lines.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(nearest_products(other), nearest_products(lines))
    one, two, again = grouped(lines), grouped(other), grouped(lines)
    for found in (two, again):
        pd.testing.assert_series_equal(found.groups, one.groups)
        pd.testing.assert_frame_equal(found.scores, one.scores)
        pd.testing.assert_frame_equal(found.profiles, one.profiles)


def test_planted_groups_are_found_and_told():
    lines = planted()
    found = grouped(lines)
    family = found.groups.index.str[1:].astype(int) % FAMILIES
    assert found.stable
    assert adjusted_rand_score(family, found.groups) == 1
    assert len(found.profiles) == FAMILIES
    assert found.profiles["sales"].is_monotonic_decreasing
    assert found.profiles["sales"].sum() == pytest.approx(lines["amount"].sum())
    assert found.profiles["sales_share"].sum() == pytest.approx(1)
    for group, row in found.profiles.iterrows():
        own = lines[lines["product_id"].isin(found.groups.index[found.groups == group])]
        assert row["products"] == own["product_id"].nunique() == PRODUCTS / FAMILIES
        assert row["sales"] == pytest.approx(own["amount"].sum())
        assert row["price"] == pytest.approx((own["amount"] / own["quantity"]).median())
        assert row["basket_size"] == own.groupby("basket_id").size().median()
        assert row["buyers"] == own.groupby("product_id")["customer_id"].nunique().median()
    assert found.scores.set_index("k").loc[FAMILIES, "passes"]


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_chance_has_no_groups(seed):
    found = grouped(shuffled(seed))
    assert not found.stable and not found.scores["passes"].any()
    best = int(found.scores.loc[found.scores["ari_median"].idxmax(), "k"])
    assert len(found.profiles) == best == found.groups.nunique()


def test_returned_and_unsold_products_are_in_no_group():
    lines = planted(baskets=300)
    back = lines[lines["product_id"] == "p00"].assign(quantity=-9, amount=-90.0)
    found = grouped(pd.concat([lines, back]))
    assert sorted(found.groups.index) == sorted(set(lines["product_id"]) - {"p00"})


def test_a_credit_note_is_no_basket_that_products_are_bought_in():
    lines = planted(baskets=300)
    note = lines[lines["basket_id"] == 5].assign(basket_id="note")
    note = note.assign(quantity=-1, amount=-1.0)
    with_note = pd.concat([lines, *[note.assign(basket_id=f"note {number}") for number in range(40)]])
    products = product_summary(lines, "2025-01-01")
    pd.testing.assert_series_equal(product_groups(with_note, products).groups, product_groups(lines, products).groups)


def test_what_is_returned_is_not_bought_together():
    lines = planted(baskets=300)
    notes = [lines[lines["basket_id"] == 5].assign(basket_id=f"note {n}", quantity=-1) for n in range(40)]
    pd.testing.assert_frame_equal(nearest_products(pd.concat([lines, *notes])), nearest_products(lines))


def test_groups_of_a_handful_are_not_chosen():
    """Five groups are found again in each resample, the smallest of six products: of 68, a tenth is asked for."""
    lines = planted()
    family = lines["product_id"].str[1:].astype(int) % FAMILIES
    few = sorted(set(lines.loc[family == 2, "product_id"]))[:8]
    scores = grouped(lines[(family != 2) | lines["product_id"].isin(few)]).scores.set_index("k")
    assert scores.loc[5, "smallest"] == 6
    assert scores.loc[5, ["ari_median", "ari_low"]].ge([0.9, 0.75]).all()
    assert not scores.loc[5, "passes"] and scores.loc[2, "passes"]


def test_products_that_are_all_alike_have_no_groups():
    lines = pd.DataFrame(
        [(f"c{n}", f"{n} {product}", pd.Timestamp("2024-01-01"), f"p{product:02d}", 1, 5.0)
         for product in range(30) for n in range(3)],
        columns=["customer_id", "basket_id", "date", "product_id", "quantity", "amount"],
    )  # fmt: skip
    found = grouped(lines)
    assert not found.stable
    assert found.profiles["products"].sum() == 30


def test_bad_input():
    lines = planted(baskets=300)
    few = lines[lines["product_id"] < "p29"]
    with pytest.raises(NotEnoughDataError, match="30 products that were sold; there are 29"):
        grouped(few)
    with pytest.raises(UsageError, match="basket_id"):
        nearest_products(lines.drop(columns="basket_id"))
    with pytest.raises(UsageError, match="have no product_id"):
        nearest_products(lines.assign(product_id=None))
    with pytest.raises(UsageError):
        nearest_products(lines, k=0)


def test_real_shop(shared):
    data = pd.read_parquet(shared / "transactions" / "online_retail.parquet")
    data = data[data["CustomerID"].notna() & (data["UnitPrice"] > 0) & (data["Quantity"] > 0)]
    lines = data.rename(columns={"InvoiceNo": "basket_id", "StockCode": "product_id"})
    found = nearest_products(lines)
    nearest = found[found["rank"] == 1]
    assert len(nearest) > 2500
    assert (nearest["lift"] > 1).mean() > 0.999
    assert nearest["lift"].median() > 10
    assert found["cosine"].between(0, 1).all() and (found["together"] <= found["of"]).all()
    teacups = nearest[nearest["product_id"].isin(["22697", "22698", "22699"])]  # green, pink and roses
    assert set(teacups["neighbour"]) < {"22697", "22698", "22699"}
