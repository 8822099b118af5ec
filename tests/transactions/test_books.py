"""Transactions in the books: to the cent, once, in a workspace of their own."""

from decimal import Decimal

import pandas as pd
import pytest
from desk import PLAIN

from invoice_lab.errors import NothingFoundError, UsageError
from invoice_lab.transactions import Form
from invoice_lab.validation import ids
from invoice_lab.validation.invoice import Customer, Line
from invoice_lab.warehouse.parts import page_adapter
from invoice_lab.warehouse.scan_store import ScanStore


def test_rows_become_invoices_to_the_cent(desk):
    summary = desk.rows(PLAIN)
    assert (summary.rows, summary.lines, summary.baskets, summary.customers, summary.products) == (4, 4, 3, 2, 2)
    assert (str(summary.first), str(summary.last), summary.rejected, summary.rejects) == (
        "2024-01-02", "2024-02-01", {}, None,
    )  # fmt: skip
    invoices = desk.books(
        "select invoice_id, printed_id, customer_id, issued_at::text, net, tax, total, currency, part"
        " from invoices order by part"
    )
    assert invoices == [
        ("transactions:B1", "B1", "n-7", "2024-01-02 10:00:00", None, None, Decimal("5.60"), "EUR", 0),
        ("transactions:B2", "B2", "n-8", "2024-01-03 00:00:00", None, None, Decimal("3.75"), "EUR", 1),
        ("transactions:C3", "C3", "n-7", "2024-02-01 00:00:00", None, None, Decimal("-5.00"), "EUR", 2),
    ]
    lines = desk.books("select invoice_id, line_no, product_id, quantity, unit_price, amount from invoice_lines")
    assert sorted(lines)[:2] == [
        ("transactions:B1", 1, "c-P1", 2, Decimal("1.2500"), Decimal("2.50")),
        ("transactions:B1", 2, "c-P2", 1, Decimal("3.1000"), Decimal("3.10")),
    ]
    assert desk.books("select product_id, unit_price, sales from prices order by 1") == [
        ("c-P1", Decimal("1.2500"), 3), ("c-P2", Decimal("3.1000"), 1),
    ]  # fmt: skip
    assert desk.cache("select sum(total), count(*) from invoices") == [(Decimal("4.35"), 3)]


def test_the_file_is_a_scan_and_each_basket_a_part_of_it(desk):
    path = desk.file(PLAIN)
    desk.take(path)
    ((sha256, name, size),) = desk.books("select sha256, name, bytes from scans")
    assert (name, size) == ("rows.csv", path.stat().st_size)
    assert ScanStore(desk.settings.scan_store_dir(desk.workspace)).get(sha256).data == path.read_bytes()
    parts = desk.books("select part, status, layout, printed_id, engine, asked, confidence, page from parts order by 1")
    assert [part[:6] for part in parts] == [
        (number, "accepted", "transactions", basket, "import", "import")
        for number, basket in enumerate(("B1", "B2", "C3"))
    ]
    pages = [page_adapter().validate_python(part[7]) for part in parts]
    assert [(page.sha256, page.part, page.layout, page.engine) for page in pages] == [
        (sha256, number, "transactions", "import") for number in range(3)
    ]
    assert desk.books("select count(*) from field_counts") == [(0,)]  # nothing was read
    assert desk.books(
        "select source, engine, finished_at is not null, outcome from batches join batch_scans using (batch)"
    ) == [("rows.csv", "import", True, "new")]


def test_ids_are_those_of_the_house(desk):
    desk.rows(PLAIN[:1])
    line = Line(product="Cup", quantity=2, unit_price=Decimal("1.25"), code="P1")
    assert desk.books("select customer_id from customers") == [(ids.customer_id(Customer(name="7", number="7")),)]
    assert desk.books("select product_id from products") == [(ids.product_id(line),)]
    assert desk.books("select invoice_id from invoices") == [(ids.invoice_id("transactions", "B1"),)]


@pytest.mark.parametrize(
    ("quantity", "price", "stored", "amount"),
    [
        ("1", "1.005", "1.0050", "1.01"),  # half up, where a float would give 1.00
        ("-1", "1.005", "1.0050", "-1.01"),
        ("3", "0.33335", "0.3334", "1.00"),
        ("1000", "0.12345", "0.1235", "123.45"),  # of the price as it stands in the file
        ("2", "1e-1", "0.1000", "0.20"),
        ("2147483647", "0.01", "0.0100", "21474836.47"),
        ("6.0", "0", "0.0000", "0.00"),
    ],
)
def test_amounts_are_rounded_half_up(desk, quantity, price, stored, amount):
    summary = desk.rows([f"7,B1,2024-01-02,P1,{quantity},{price},Cup"])
    assert desk.books("select unit_price, amount from invoice_lines") == [(Decimal(stored), Decimal(amount))]
    assert summary.rounded_prices == (Decimal(stored) != Decimal(price))


def test_credit_notes_are_counted_with_their_sum_by_currency(desk):
    header = "customer,basket,date,product,quantity,unit_price,currency"
    rows = ["7,B1,2024-01-02,P1,-2,1.25,EUR", "7,B1,2024-01-02,P2,1,1,EUR", "8,B2,2024-01-02,P1,-1,3,usd",
            "8,B3,2024-01-02,P1,4,1,"]  # fmt: skip
    summary = desk.rows(rows, header=header, form=Form("GBP"))
    assert summary.credit_notes == 2
    assert summary.credited == {"EUR": Decimal("-1.50"), "USD": Decimal("-3.00")}
    assert desk.books("select currency, total from invoices order by 1") == [
        ("EUR", Decimal("-1.50")), ("GBP", Decimal("4.00")), ("USD", Decimal("-3.00")),
    ]  # fmt: skip
    assert "2 of the new baskets, -1.50 EUR, -3.00 USD" in str(summary)


def test_an_amount_that_is_given_counts(desk):
    header = "customer,basket,date,product,quantity,unit_price,amount"
    rows = ["7,B1,2024-01-02,P1,2,1.25,2.49", "7,B1,2024-01-02,P2,2,1.25,", "7,B1,2024-01-02,P3,2,1.25,-1"]
    summary = desk.rows(rows, header=header)
    assert desk.books("select amount from invoice_lines order by line_no") == [(Decimal("2.49"),), (Decimal("2.50"),)]
    assert summary.rejected == {"amount-against-quantity": 1}
    assert summary.incomplete_baskets == 1
    assert "1 baskets lack rows that were rejected; a file with all their rows completes them." in str(summary)


@pytest.mark.parametrize(
    ("quantity", "price", "given", "is_kept"),
    [
        ("2", "1.25", "2.51", True),
        ("2", "1.25", "2.52", False),
        ("2", "1.25", "2.4899", False),
        ("-2", "1.25", "-2.49", True),
        ("-2", "1.25", "-2.48", False),
        ("3", "0.3333333", "1", True),
        ("1", "1.25", "1.2600000000000002", True),  # a float
        ("2", "0", "-0.00000000000000001", True),
        ("2", "0", "0.02", False),
        ("2147483647", "9999999999", "9999999999", False),
    ],
)
def test_an_amount_is_at_most_a_cent_away(desk, quantity, price, given, is_kept):
    header = "customer,basket,date,product,quantity,unit_price,amount"
    rows = ["8,B0,2024-01-02,P,1,1,", f"7,B1,2024-01-02,P1,{quantity},{price},{given}"]
    summary = desk.rows(rows, header=header)
    assert summary.rejected == ({} if is_kept else {"amount-differs": 1})
    found = desk.books("select amount from invoice_lines where invoice_id = 'transactions:B1'")
    assert found == ([(round(Decimal(given), 2),)] if is_kept else [])


def test_the_most_frequent_then_first_text_names_a_product(desk):
    rows = ["7,B1,2024-01-02,P1,1,1,cup", "7,B1,2024-01-02,P1,1,1,Cup", "7,B1,2024-01-02,P1,1,1,Cup",
            "7,B1,2024-01-02,P2,1,1,b", "7,B1,2024-01-02,P2,1,1,a", "7,B1,2024-01-02,P3,1,1,"]  # fmt: skip
    desk.rows(rows)
    assert desk.books("select code, name from products order by 1") == [("P1", "Cup"), ("P2", "a"), ("P3", "P3")]
    desk.rows(["7,B2,2024-01-03,P3,1,1,Spoon", "7,B2,2024-01-03,P1,1,1,A cup"], "more.csv")
    assert desk.books("select code, name from products order by 1") == [("P1", "Cup"), ("P2", "a"), ("P3", "Spoon")]


def test_customers_are_described_by_their_latest_baskets(desk):
    header = "customer,basket,date,product,quantity,unit_price,customer_name,email,birth_date,gender"
    first = ["7,B1,2024-01-05,P,1,1,Ann,ann@new.example,1980-02-03,", "7,B2,2024-01-02,P,1,1,Anna,ann@old.example,,f",
             "8,B3,2024-01-02,P,1,1,,,1880-01-01,"]  # fmt: skip
    summary = desk.rows(first, header=header)
    query = "select number, name, email, birth_date::text, gender, described_by from customers order by 1"
    seven = ("7", "Ann", "ann@new.example", "1980-02-03", "f", "transactions:B1")
    assert desk.books(query) == [seven, ("8", "8", None, None, None, "transactions:B3")]
    assert summary.birth_dates_left_out == 1
    desk.rows(["7,B4,2023-01-01,P,1,1,Old,old@old.example,,m", "8,B5,2023-01-01,P,1,1,Bob,,,"], "a.csv", header)
    assert desk.books(query) == [seven, ("8", "Bob", None, None, None, "transactions:B3")]
    desk.rows(["7,B6,2024-05-01,P,1,1,,ann@newest.example,,"], "b.csv", header)
    assert desk.books(query)[0] == ("7", "Ann", "ann@newest.example", "1980-02-03", "f", "transactions:B6")


def test_the_same_file_again_changes_nothing_and_says_so(desk):
    path = desk.file(PLAIN)
    desk.take(path)
    before, cache = desk.state(), desk.cache("select * from meta order by 1")
    summary = desk.take(path.rename(path.with_name("renamed.csv")))
    assert (summary.is_known, summary.baskets) == (True, 0)
    assert "renamed.csv is in the workspace" in str(summary)
    assert "nothing was changed" in str(summary)
    assert desk.state() == before
    assert desk.cache("select * from meta order by 1") == cache


def test_of_another_file_known_baskets_are_passed_over_and_changed_ones_rejected(desk):
    desk.rows(PLAIN)
    rows = [PLAIN[1], PLAIN[0],  # in another order
            "8,B2,2024-01-03,P1,3,1.26,Cup",
            "9,B9,2024-03-01,P1,1,1.25,Cup"]  # fmt: skip
    before = desk.state()
    summary = desk.rows(rows, "second.csv")
    assert (summary.baskets, summary.known_baskets, summary.rejected) == (1, 1, {"basket-in-conflict": 1})
    assert list(desk.rejects(summary)["line"]) == ["4"]
    after = desk.state()
    assert [row for row in after["invoices"] if row not in before["invoices"]] == [
        row for row in after["invoices"] if row[0] == "transactions:B9"
    ]
    assert desk.cache("select sum(total) from invoices") == [(Decimal("5.60"),)]
    assert "4 in second.csv: 1 imported / 2 known / 1 rejected" in str(summary)
    third = desk.rows(rows[:2], "third.csv")
    assert (third.baskets, third.known_baskets, third.lines) == (0, 1, 0)
    assert desk.books("select outcome from batch_scans join batches using (batch) order by started_at") == [
        ("new",), ("new",), ("duplicate",),
    ]  # fmt: skip


def test_files_in_either_order_give_the_same_sums(desk):
    desk.rows(PLAIN[2:], "a.csv")
    desk.rows(PLAIN[:2], "b.csv")
    sums = desk.cache("select code, sales, quantity from product_totals join products using (product_id) order by 1")
    assert sums == [
        ("P1", Decimal("1.25"), 1), ("P2", Decimal("3.10"), 1),
    ]  # fmt: skip


def test_where_no_row_can_be_used_nothing_is_in_the_books(desk):
    path = desk.file([",B1,2024-01-02,P1,1,1,Cup"])
    with pytest.raises(NothingFoundError, match="1 customer-missing: There is no customer") as raised:
        desk.take(path)
    assert "rejects-" in raised.value.remedy
    assert [len(desk.books(f"select from {table}")) for table in ("scans", "batches", "parts", "invoices")] == [0] * 4


def test_what_fails_in_between_leaves_nothing(desk, monkeypatch):
    def fail(*_):
        raise RuntimeError("killed")

    monkeypatch.setattr("invoice_lab.transactions.importing.finish_batch", fail)
    with pytest.raises(RuntimeError):
        desk.rows(PLAIN)
    assert [len(desk.books(f"select from {table}")) for table in ("scans", "batches", "parts", "invoices")] == [0] * 4
    monkeypatch.undo()
    assert desk.rows(PLAIN).baskets == 3


def test_parquet_gives_the_same_books(desk):
    frame = pd.DataFrame(
        {
            "customer": [7.0, 7.0, 8.0, 7.0, None],
            "basket": [1, 1, 2, 3, 4],
            "date": pd.to_datetime(
                ["2024-01-02T10:00", "2024-01-02T10:05", "2024-01-03T00:00", "2024-02-01T00:00", None]
            ),
            "product": ["P1", "P2", "P1", "P1", "P1"],
            "quantity": [2, 1, 3, -4, 1],
            "unit_price": [1.25, 3.1, 1.25, 1.25, 1.0],
        }
    )
    path = desk.folder / "rows.parquet"
    frame.to_parquet(path)
    summary = desk.take(path)
    assert desk.books("select printed_id, customer_id, total from invoices order by 1") == [
        ("1", "n-7", Decimal("5.60")), ("2", "n-8", Decimal("3.75")), ("3", "n-7", Decimal("-5.00")),
    ]  # fmt: skip
    rejects = desk.rejects(summary)
    assert rejects[["line", "reason"]].to_numpy().tolist() == [["5", "customer-missing"]]
    assert list(rejects.columns[3:]) == list(frame.columns)


def test_the_sample_workspace_takes_none(desk):
    with pytest.raises(UsageError, match="made-up invoices alone"):
        desk.rows(PLAIN, workspace="sample")
