"""Products: sales, buyers who come back, trends, and the classes A, B and C."""

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.products import abc, product_summary

LINES = pd.DataFrame(
    [
        ("ann", 1, "2024-01-05", "pen", 2, "4.00"),
        ("ann", 2, "2024-06-01", "pen", 1, "2.50"),
        ("ann", 2, "2024-06-01", "pen", 1, "2.50"),  # twice in one basket
        ("bob", 3, "2024-02-10", "pen", 1, "2.00"),
        ("bob", 3, "2024-02-10", "desk", 1, "300.00"),
        ("cyd", 4, "2024-05-20", "desk", 1, "320.00"),
        ("cyd", 5, "2024-06-20", "lamp", 1, "40.00"),
        ("cyd", 6, "2024-06-25", "lamp", -1, "-40.00"),  # sent back
        ("dan", 7, "2024-09-01", "pen", 1, "2.00"),
    ],
    columns=["customer_id", "basket_id", "date", "product_id", "quantity", "amount"],
)


def test_each_product_is_summed_up_to_the_day():
    table = product_summary(LINES, "2024-06-30", days=90)
    assert table.index.tolist() == ["desk", "pen", "lamp"]
    pen = table.loc["pen"]
    assert (pen["sales"], pen["quantity"], pen["baskets"], pen["buyers"]) == (11.0, 5, 3, 2)
    assert pen["price"] == pytest.approx(2.2)
    assert pen["again"] == 0.5 and pen["again_low"] < 0.5 < pen["again_high"]
    assert (pen["recent"], pen["before"]) == (5.0, 6.0)
    assert pen["trend"] == pytest.approx(5 / 6)
    assert pen["first"] == pd.Timestamp("2024-01-05") and pen["last"] == pd.Timestamp("2024-06-01")
    assert table["sales_share"].sum() == pytest.approx(1)
    lamp = table.loc["lamp"]
    assert (lamp["baskets"], lamp["buyers"], lamp["again"]) == (1, 1, 0)  # what was sent back is no second purchase
    assert lamp["last"] == pd.Timestamp("2024-06-20")
    assert lamp["sales"] == 0 and np.isnan(lamp["price"]) and np.isnan(lamp["trend"])
    assert table["class"].to_dict() == {"desk": "A", "pen": "C", "lamp": "C"}
    assert product_summary(LINES, "2024-12-31").loc["pen", "buyers"] == 3


def test_row_order_does_not_count():
    shuffled = LINES.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(product_summary(shuffled, "2024-06-30"), product_summary(LINES, "2024-06-30"))


@pytest.mark.parametrize(
    ("sales", "classes"),
    [
        ([80.0, 15.0, 5.0], "ABC"),
        ([50.0, 30.0, 10.0, 5.0, 5.0], "AABBC"),
        ([100.0], "A"),
        ([1.0] * 10, "AAAAAAAABB"),
        ([0.0, 0.0], "CC"),
        ([-5.0, 10.0], "CA"),
        ([], ""),
    ],
)
def test_classes(sales, classes):
    assert "".join(abc(pd.Series(sales, dtype=float))) == classes


def test_what_was_only_sent_back_has_no_buyer_and_no_trend():
    rows = [("ann", 1, "2024-01-05", "cap", 1, 0.1), ("ann", 1, "2024-01-05", "cap", 1, 0.2)]
    rows += [("ann", 2, "2024-01-06", "cap", -2, -0.3), ("bob", 3, "2024-06-01", "cap", 1, 5.0)]
    rows += [("bob", 4, "2024-06-02", "hat", -1, -9.0)]
    table = product_summary(pd.DataFrame(rows, columns=LINES.columns), "2024-06-30", days=100)
    assert table.loc["cap", "before"] == 0 and np.isnan(table.loc["cap", "trend"])  # not 5 by the last bit of a sum
    hat = table.loc["hat"]
    assert (hat["sales"], hat["baskets"], hat["buyers"], hat["again_low"], hat["again_high"]) == (-9, 0, 0, 0, 1)
    assert hat["again"] == 0 and pd.isna(hat["first"]) and hat["class"] == "C"


def test_bad_input():
    with pytest.raises(NotEnoughDataError, match="no lines"):
        product_summary(LINES[:0], "2024-06-30")
    with pytest.raises(UsageError, match="no line up to 2023-01-01"):
        product_summary(LINES, "2023-01-01")
    with pytest.raises(UsageError):
        product_summary(LINES.drop(columns="amount"), "2024-06-30")
    with pytest.raises(UsageError):
        product_summary(LINES.assign(customer_id=None), "2024-06-30")


def test_real_shop(shared):
    data = pd.read_parquet(shared / "transactions" / "online_retail.parquet")
    data = data[data["CustomerID"].notna() & (data["UnitPrice"] > 0)]
    named = {"CustomerID": "customer_id", "InvoiceNo": "basket_id", "InvoiceDate": "date", "StockCode": "product_id"}
    lines = data.assign(amount=data["Quantity"] * data["UnitPrice"], quantity=data["Quantity"]).rename(columns=named)
    table = product_summary(lines, "2011-12-09")
    assert table["sales"].sum() == pytest.approx(lines["amount"].sum())
    share = table.groupby("class")["sales_share"].sum()
    assert 0.79 < share["A"] < 0.82 and (table["class"] == "A").mean() < 0.3
    assert table[["again", "again_low", "again_high"]].apply(lambda column: column.between(0, 1).all()).all()
