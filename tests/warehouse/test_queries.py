"""The named queries against plain Python on the records the cache was made from, money in Decimal."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pandas as pd
import pytest
from cache_data import cache_from_truth, small_truth

from invoice_lab.errors import CacheError, UsageError
from invoice_lab.segmentation import rfm_summary
from invoice_lab.warehouse.cache import open_cache
from invoice_lab.warehouse.cache_sums import write_sums
from invoice_lab.warehouse.queries import describe, exact_query, names, query

AS_OF = "2019-08-31"
TRUTH = small_truth()


def who(record):
    customer = record["customer"]
    return customer.get("number") or customer["email"]


def day(record):
    return datetime.fromisoformat(record["issued_at"]).date()


def until(records, as_of=AS_OF):
    return [record for record in records if day(record) <= date.fromisoformat(as_of)]


def total(records):
    return sum((Decimal(record["total"]) for record in records), Decimal(0))


@pytest.fixture
def cache(settings):
    cache_from_truth(TRUTH, settings)
    with open_cache("sample", settings) as opened:
        yield opened


@pytest.fixture
def connection(cache):
    return cache.connection


@pytest.fixture
def mixed(settings, tmp_path):
    """The same cache with parts of every status, findings, and every fifth invoice in dollars."""
    path = tmp_path / "mixed.duckdb"
    source = cache_from_truth(TRUTH, settings)
    with duckdb.connect(str(path)) as copy:
        copy.execute(f"attach '{source}' as source (read_only); copy from database source to mixed")
        copy.execute("update invoices set currency = 'USD' where right(printed_id, 1) in ('0', '5')")
        for n, (name, status) in enumerate([("b.png", "review"), ("a.png", "review"), ("c.png", "failed")]):
            copy.execute(
                "insert into parts values (?, 0, ?, ?, null, null, null, 'x', '1', 0.25)", [f"s{n}", name, status]
            )
            copy.execute("insert into findings values (?, 0, 1, 'qr-unreadable', 'error', null, 'No code.')", [f"s{n}"])
        copy.execute("insert into findings values ('s0', 0, 2, 'total-mismatch', 'error', 'total', 'Sum is 3.')")
        copy.execute("insert into field_counts values ('review', 'invoice_id', 'ocr', 0.5, 1)")
        write_sums(copy)
        yield copy


@pytest.mark.parametrize("name", names())
def test_every_query_runs_is_described_and_repeats(connection, name):
    named = describe(name)
    assert named.summary.endswith(".") or named.summary.endswith(":")
    params = {"as_of": AS_OF} if "as_of" in named.required else {}
    first = query(connection, name, **params)
    pd.testing.assert_frame_equal(first, query(connection, name, **params))
    pd.testing.assert_frame_equal(
        exact_query(connection, name, **params).astype(first.dtypes.to_dict()), first, check_dtype=False
    )
    assert "order by" in named.sql


@pytest.mark.parametrize(
    "name", [name for name in names() if "as_of" in describe(name).required + describe(name).optional]
)
def test_before_the_data_is_empty_not_an_error(connection, name):
    frame = query(connection, name, as_of="2000-01-01")
    assert frame.empty if name != "customers" else (frame["invoices"] == 0).all()


def test_key_figures(connection):
    row = exact_query(connection, "key_figures", as_of=AS_OF).iloc[0]
    kept = until(TRUTH)
    assert row["sales"] == total(kept) and isinstance(row["sales"], Decimal)
    assert row["invoices"] == len(kept) and row["customers"] == len({who(r) for r in kept})
    assert row["products"] == len({line["product"] for r in kept for line in r["lines"]})
    assert row["average_basket"] == (total(kept) / len(kept)).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert (row["first_date"].date(), row["last_date"].date()) == (min(map(day, kept)), max(map(day, kept)))
    assert query(connection, "key_figures")["invoices"].item() == len(TRUTH)


def test_sales_by_month_and_weekday(connection):
    months, weekdays = defaultdict(list), defaultdict(list)
    for record in TRUTH:
        months[day(record).replace(day=1)].append(record)
        weekdays[day(record).isoweekday()].append(record)
    by_month = exact_query(connection, "sales_by_month")
    assert [m.date() for m in by_month["month"]] == sorted(months)
    assert by_month["sales"].tolist() == [total(months[m]) for m in sorted(months)]
    assert by_month["customers"].tolist() == [len({who(r) for r in months[m]}) for m in sorted(months)]
    by_weekday = exact_query(connection, "sales_by_weekday")
    assert by_weekday["sales"].tolist() == [total(weekdays[d]) for d in sorted(weekdays)]
    span = (max(map(day, TRUTH)) - min(map(day, TRUTH))).days + 1
    assert by_weekday["days"].between(span // 7, span // 7 + 1).all()


def test_sales_by_category(connection):
    groups = defaultdict(list)
    for record in TRUTH:
        groups[record["customer"].get("category") or "none"].append(record)
    table = exact_query(connection, "sales_by_category").set_index("category")
    assert {c: table.loc[c, "sales"] for c in table.index} == {c: total(rows) for c, rows in groups.items()}
    assert table["sales_share"].sum() == pytest.approx(1, abs=1e-5)
    assert table["sales"].is_monotonic_decreasing


def test_top_products_and_customers(connection):
    amount, invoices, buyers = Counter(), defaultdict(set), defaultdict(set)
    for record in TRUTH:
        for line in record["lines"]:
            amount[line["product"]] += line["quantity"] * Decimal(line["unit_price"])
            invoices[line["product"]].add(record["invoice_id"])
            buyers[line["product"]].add(who(record))
    table = exact_query(connection, "top_products", limit=100).set_index("product")
    assert table["sales"].to_dict() == amount and table["sales"].is_monotonic_decreasing
    assert table["invoices"].to_dict() == {p: len(i) for p, i in invoices.items()}
    assert table["customers"].to_dict() == {p: len(c) for p, c in buyers.items()}
    best = exact_query(connection, "top_customers", limit=3)
    sums = Counter()
    for record in TRUTH:
        sums[record["customer"]["name"]] += Decimal(record["total"])
    assert best["rank"].tolist() == [1, 2, 3]
    assert best["sales"].tolist() == [s for _, s in sums.most_common(3)]


@pytest.mark.parametrize("as_of", ["2019-01-20", "2019-05-05", AS_OF, None])
def test_the_best_at_an_earlier_day_are_reckoned_from_lines_and_else_from_sums(connection, as_of):
    amount, invoices, buyers, spent = Counter(), defaultdict(set), defaultdict(set), Counter()
    kept = until(TRUTH, as_of) if as_of else TRUTH
    for record in kept:
        spent[record["customer"]["name"]] += Decimal(record["total"])
        for line in record["lines"]:
            amount[line["product"]] += line["quantity"] * Decimal(line["unit_price"])
            invoices[line["product"]].add(record["invoice_id"])
            buyers[line["product"]].add(who(record))
    products = exact_query(connection, "top_products", as_of=as_of, limit=5).set_index("product")
    assert products["sales"].tolist() == sorted(amount.values(), reverse=True)[:5]
    for product, row in products.iterrows():
        assert (row["sales"], row["invoices"], row["customers"]) == (
            amount[product], len(invoices[product]), len(buyers[product])
        )  # fmt: skip
    customers = exact_query(connection, "top_customers", as_of=as_of, limit=10**7)
    assert customers.set_index("customer")["sales"].to_dict() == spent
    figures = exact_query(connection, "key_figures", as_of=as_of).iloc[0]
    assert (figures["products"], figures["customers"]) == (len(amount), len({who(record) for record in kept}))


def test_percentiles_of_counts_are_those_of_the_values():
    with duckdb.connect() as cache:
        cache.execute("create table field_counts (status text, field text, how text, confidence double, number bigint)")
        cache.execute("select setseed(0.5)")
        cache.execute(
            """insert into field_counts
               select 'accepted', 'f' || n % 40, 'how' || m % 2,
                      case when n % 3 = 0 then 0.9999 else (random() ^ (n % 5))::float end, 1 + floor(random() ^ 3 * 30)
               from range(200) as _ (n), range(1 + n // 10) as _ (m)"""
        )
        got = query(cache, "confidence_by_field").set_index("field").sort_index()
        plain = cache.execute(
            """select field, count(*), round(quantile_cont(confidence, 0.05), 6), round(avg(confidence), 6),
                      min(confidence)
               from field_counts, range(number) group by field order by field"""
        ).fetchall()
        assert len(plain) == 40
        for field, *values in plain:
            assert got.loc[field, ["values", "p05", "mean", "lowest"]].tolist() == pytest.approx(values, abs=1.01e-6)


def test_rfm_summary_equals_the_one_in_pandas(mixed):
    """To the last bit, with credit notes: one customer has nothing else, one's last invoice is one, another's is 0."""
    customers = mixed.execute("select customer_id from invoices group by 1 order by count(*), 1").fetchall()
    (never,), *_, (less,), (nothing,) = customers
    mixed.execute("update invoices set currency = 'EUR'")
    mixed.execute("update invoices set total = -total where customer_id = ?", [never])
    for customer, total in ((less, "-total"), (nothing, "0")):
        mixed.execute(
            f"update invoices set total = {total} where invoice_id = (select max_by(invoice_id, issued_at) "
            "from invoices where customer_id = ? and issued_at < '2019-09-01')",
            [customer],
        )
    expected = rfm_summary(query(mixed, "orders"), AS_OF)
    got = query(mixed, "rfm_summary", as_of=AS_OF).set_index("customer_id")
    assert got.pop("currency").eq("EUR").all()
    pd.testing.assert_frame_equal(got, expected, check_exact=True)
    assert never not in got.index and {less, nothing} <= set(got.index)


def test_customers_have_their_age_in_whole_years(connection, settings):
    table = query(connection, "customers", as_of="2019-03-03").set_index("email")
    later = query(connection, "customers", as_of="2019-03-04").set_index("email")
    assert table.loc["c0@example.com", "age"] == 68 and later.loc["c0@example.com", "age"] == 69
    assert table.index.isna().sum() == table["age"].isna().sum() > 0
    born_later = query(connection, "customers", as_of="1900-01-01")
    assert born_later["age"].isna().all()


def test_lines_are_one_a_product_and_basket(connection):
    lines = query(connection, "lines", as_of=AS_OF)
    assert not lines.duplicated(["basket_id", "product_id"]).any()
    kept = until(TRUTH)
    assert lines["quantity"].sum() == sum(line["quantity"] for r in kept for line in r["lines"])
    assert lines["basket_id"].nunique() == len(kept) and lines["date"].is_monotonic_increasing


def test_accounts_reconcile_to_the_cent(connection):
    invoices, lines = exact_query(connection, "accounting_invoices"), exact_query(connection, "accounting_lines")
    totals = exact_query(connection, "monthly_totals")
    assert sum(invoices["total"]) == sum(lines["amount"]) == sum(totals["total"]) == total(TRUTH)
    assert (totals["difference"] == 0).all() and totals["lines"].sum() == len(lines)
    by_month = invoices.groupby("month")["total"].agg(sum)
    assert by_month.tolist() == totals["total"].tolist()
    assert invoices["customer_address"].str.contains("\n").sum() == 0
    assert invoices[["month", "invoice_date"]].equals(invoices.sort_values("invoice_date")[["month", "invoice_date"]])


def test_a_wrong_line_shows_in_the_reconciliation(mixed):
    mixed.execute("update invoice_lines set amount = amount + 0.01 where line_no = 1 and invoice_id in "
                  "(select invoice_id from invoices where printed_id = 'FAC_0001')")  # fmt: skip
    totals = exact_query(mixed, "monthly_totals")
    assert totals["difference"].tolist().count(Decimal("-0.01")) == 1
    assert sum(totals["difference"]) == Decimal("-0.01")


def test_two_currencies_are_never_added(mixed):
    dollars = total([r for r in TRUTH if r["invoice_id"][-1] in "05"])
    sums = {"EUR": total(TRUTH) - dollars, "USD": dollars}
    for name in ("key_figures", "currencies", "sales_by_month", "sales_by_weekday", "sales_by_category"):
        table = exact_query(mixed, name)
        assert table.groupby("currency")["sales"].agg(sum).to_dict() == sums, name
    assert query(mixed, "key_figures")["currency"].tolist() == ["EUR", "USD"]
    euro = query(mixed, "rfm_summary", as_of="2021-01-01")
    dollar = query(mixed, "rfm_summary", as_of="2021-01-01", currency="USD")
    assert euro["currency"].unique() == ["EUR"] and euro["monetary"].sum() == pytest.approx(float(sums["EUR"]))
    assert dollar["currency"].unique() == ["USD"] and dollar["monetary"].sum() == pytest.approx(float(sums["USD"]))
    with pytest.raises(UsageError, match="more than one currency"):
        rfm_summary(query(mixed, "orders"), "2021-01-01")


def test_parts_and_findings(mixed):
    status = query(mixed, "parts_by_status").set_index("status")
    assert status["parts"].to_dict() == {"accepted": 60, "review": 2, "rejected": 0, "failed": 1}
    assert status["share"].sum() == pytest.approx(1, abs=1e-5)
    doubtful = query(mixed, "doubtful_parts")
    assert doubtful["name"].tolist() == ["a.png", "b.png", "c.png"]
    assert doubtful["codes"].tolist() == ["qr-unreadable", "qr-unreadable, total-mismatch", "qr-unreadable"]
    assert doubtful["messages"].iloc[1] == "No code. Sum is 3." and doubtful["layout"].eq("unknown").all()
    codes = query(mixed, "findings_by_code")
    assert codes[["code", "status", "findings", "parts"]].to_numpy().tolist() == [
        ["qr-unreadable", "review", 2, 2],
        ["qr-unreadable", "failed", 1, 1],
        ["total-mismatch", "review", 1, 1],
    ]
    layouts = query(mixed, "status_by_layout")
    assert layouts.groupby("layout")["parts"].sum()["unknown"] == 3 and layouts["parts"].sum() == 63
    fields = query(mixed, "confidence_by_field", below=0.6).set_index("field")
    assert fields.loc["invoice_id", ["values", "mean", "low"]].tolist() == [1, 0.5, 1]
    assert fields.loc["total", "low"] == 0
    ways = query(mixed, "fields_by_way", below=0.6).set_index("how")
    assert ways.loc["ocr", ["values", "accepted", "lowest", "low"]].tolist() == [1, 0, 0.5, 1]
    assert ways["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("key_figure", {}, "did you mean 'key_figures'"),
        ("key_figures", {"asof": AS_OF}, "did you mean 'as_of'"),
        ("parts_by_status", {"x": 1}, "known are: none"),
        ("rfm_summary", {}, "needs as_of"),
        ("rfm_summary", {"as_of": "soon"}, "wrong value"),
        ("../../secrets", {}, "no query"),
    ],
)
def test_bad_calls_name_the_nearest(connection, name, params, words):
    with pytest.raises(UsageError, match=words):
        query(connection, name, **params)


def test_a_cache_without_tables_is_a_cache_error():
    with duckdb.connect() as empty, pytest.raises(CacheError, match="key_figures"):
        query(empty, "key_figures")
