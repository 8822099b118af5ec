"""UCI Online Retail, whole: the books and the cache hold what pandas reckons from the file, and the command says so."""

import time
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest
from click.testing import CliRunner
from desk import Desk

from invoice_lab.cli import main

pytestmark = pytest.mark.shared
COLUMNS = (
    "customer=CustomerID,basket=InvoiceNo,date=InvoiceDate,product=StockCode,quantity=Quantity,unit_price=UnitPrice,"
    "name=Description"
)
MOST_SECONDS = 60


@pytest.fixture(scope="module")
def retail(shared):
    """The rows that can be used, by pandas alone; money exact."""
    frame = pd.read_parquet(shared / "transactions" / "online_retail.parquet")
    kept = frame[frame["CustomerID"].notna() & (frame["Quantity"] != 0) & (frame["UnitPrice"] >= 0)].copy()
    prices = kept["UnitPrice"].map(lambda price: Decimal(repr(price)))
    kept["amount"] = [
        (int(quantity) * price).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for quantity, price in zip(kept["Quantity"], prices, strict=True)
    ]
    kept["customer"] = kept["CustomerID"].astype("int64").astype("str")
    return kept


@pytest.fixture(scope="module")
def imported(server, shared):
    """The desk, what the command said, and how long it took."""
    desk = Desk(server, shared, "uci")
    environment = {"INVOICE_LAB_DATA": str(server.data_dir), "DATABASE_URL": ""}
    file = shared / "transactions" / "online_retail.parquet"
    start = time.perf_counter()
    arguments = ["import-transactions", str(file), "--columns", COLUMNS, "--workspace", "uci", "--currency", "GBP"]
    result = CliRunner(env=environment).invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return desk, result.output, time.perf_counter() - start


def test_it_takes_less_than_a_minute_and_says_what_came(imported, retail):
    _, said, seconds = imported
    assert seconds < MOST_SECONDS
    totals = retail.groupby("InvoiceNo")["amount"].sum()
    credited = totals[totals < 0]
    assert len(credited) == 3654
    assert [" ".join(line.split()) for line in said.splitlines()[:6]] == [
        f"Rows 541,909 in online_retail.parquet: {len(retail):,} imported / 0 known / 135,080 rejected",
        f"Baskets {len(totals):,} new / 0 known",
        f"Credit notes {len(credited):,} of the new baskets, {credited.sum():,.2f} GBP",
        f"Customers {retail['customer'].nunique():,} in the new baskets, {retail['StockCode'].nunique():,} products",
        "Period 2010-12-01 to 2011-12-09",
        "Rejected 135,080 customer-missing: There is no customer.",
    ]


def test_the_books_hold_the_rows_that_can_be_used(imported, retail):
    desk, *_ = imported
    counts = [
        desk.books(f"select count(*) from {table}")[0][0]
        for table in ("invoice_lines", "invoices", "customers", "products")
    ]
    assert counts == [406_829, 22_190, 4_372, 3_684]
    assert counts == [
        len(retail), *(retail[column].nunique() for column in ("InvoiceNo", "customer", "StockCode")),
    ]  # fmt: skip
    assert desk.books("select count(*), count(distinct part), min(part), max(part) from parts") == [
        (22_190, 22_190, 0, 22_189)
    ]


def test_totals_and_times_of_the_cache_are_those_of_pandas(imported, retail):
    desk, *_ = imported
    baskets = retail.groupby("InvoiceNo").agg(
        customer=("customer", "first"), at=("InvoiceDate", "min"), total=("amount", "sum")
    )
    found = desk.cache("select printed_id, number, issued_at, total from invoices join customers using (customer_id)")
    assert {row[0]: tuple(row[1:]) for row in found} == {
        row.Index: (row.customer, row.at.to_pydatetime(), row.total) for row in baskets.itertuples()
    }
    by_customer = retail.groupby("customer")["amount"].sum()
    assert dict(desk.cache("select number, sales from customer_totals join customers using (customer_id)")) == dict(
        by_customer
    )
    assert desk.cache("select sum(sales), sum(first_ever) from sales_days") == [(retail["amount"].sum(), 4_372)]


def test_products_are_called_by_their_most_frequent_text(imported, retail):
    desk, *_ = imported
    names = retail.assign(name=retail["Description"].str.split().str.join(" "))
    counts = names.groupby(["StockCode", "name"]).size().reset_index(name="n")
    first = (
        counts.sort_values(["StockCode", "n", "name"], ascending=[True, False, True])
        .groupby("StockCode")["name"]
        .first()
    )
    assert dict(desk.books("select code, name from products")) == dict(first)


def test_the_rejected_rows_are_those_without_a_customer(imported, shared):
    desk, said, _ = imported
    (path,) = desk.settings.workspace_dir("uci").glob("rejects-*.csv")
    assert str(path) in said.replace("\n", "")
    rejects = pd.read_csv(path, dtype={"InvoiceNo": "str"})
    frame = pd.read_parquet(shared / "transactions" / "online_retail.parquet")
    without = frame.index[frame["CustomerID"].isna()] + 1
    assert (rejects["line"].to_numpy() == without.to_numpy()).all()
    assert (rejects["InvoiceNo"].to_numpy() == frame["InvoiceNo"][without - 1].to_numpy()).all()
