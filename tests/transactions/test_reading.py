"""Files of transactions: what can be read, what is refused, which rows are rejected and why."""

import gzip

import pandas as pd
import pytest
from desk import HEADER, PLAIN, Desk

from invoice_lab.errors import NothingFoundError, UsageError
from invoice_lab.transactions import Form, parse_columns
from invoice_lab.transactions.rejects import REASONS

LONG = "x" * 301
REJECTED = {
    "row-malformed": ["7,BX,2024-01-02,P1,2"],
    "customer-missing": [" ,BX,2024-01-02,P1,2,1,Cup"],
    "basket-missing": ["7,NaN,2024-01-02,P1,2,1,Cup"],
    "product-missing": ["7,BX,2024-01-02,,2,1,Cup"],
    "text-too-long": [f"7,BX,2024-01-02,P1,2,1,{LONG}"],
    "text-impossible": ["7,BX,2024-01-02,P\x001,2,1,Cup"],
    "date-missing": ["7,BX,,P1,2,1,Cup"],
    "date-unreadable": ["7,BX,2024-02-30,P1,2,1,Cup"],
    "date-implausible": ["7,BX,1899-12-31,P1,2,1,Cup"],
    "date-in-future": ["7,BX,2024-07-01,P1,2,1,Cup"],
    "quantity-missing": ["7,BX,2024-01-02,P1,,1,Cup"],
    "quantity-not-whole": ["7,BX,2024-01-02,P1,1.5,1,Cup"],
    "quantity-zero": ["7,BX,2024-01-02,P1,0,1,Cup"],
    "quantity-too-large": ["7,BX,2024-01-02,P1,2147483648,1,Cup"],
    "price-missing": ["7,BX,2024-01-02,P1,2,,Cup"],
    "price-negative": ["7,BX,2024-01-02,P1,2,-1,Cup"],
    "price-unreadable": ["7,BX,2024-01-02,P1,2,inf,Cup"],
    "price-too-large": ["7,BX,2024-01-02,P1,2,10000000000,Cup"],
    "amount-too-large": ["7,BX,2024-01-02,P1,2000000,9999999999,Cup"],
    "basket-of-two-customers": ["7,BY,2024-01-02,P1,2,1,Cup", "8,BY,2024-01-02,P1,2,1,Cup"],
    "basket-of-several-days": ["7,BZ,2024-01-02 23:00,P1,2,1,Cup", "7,BZ,2024-01-03 01:00,P1,2,1,Cup"],
    "total-too-large": [f"7,BT,2024-01-02,P1,90,9999999999,Cup{number}" for number in range(2)],
}
BY_OTHER_ROLES = {"currency-impossible", "basket-of-two-currencies", "amount-unreadable", "amount-against-quantity",
                  "amount-differs"}  # fmt: skip


@pytest.fixture(scope="module")
def rejects(server, tmp_path_factory):
    """What an import of all those rows, between two that are right, rejects."""
    desk = Desk(server, tmp_path_factory.mktemp("rejects"), "rejects")
    rows = [PLAIN[0], *(row for group in REJECTED.values() for row in group), PLAIN[2]]
    summary = desk.rows(rows)
    assert (summary.baskets, summary.lines, summary.rows) == (2, 2, len(rows))
    return rows, summary, desk.rejects(summary)


@pytest.mark.parametrize("reason", REJECTED)
def test_rows_are_rejected_with_their_reason(rejects, reason):
    rows, summary, listed = rejects
    ours = listed[listed["reason"] == reason]
    assert summary.rejected[reason] == len(ours) == len(REJECTED[reason])
    assert [rows[int(line) - 2] for line in ours["line"]] == REJECTED[reason]
    assert set(ours["meaning"]) == {REASONS[reason]}
    assert f"{len(ours)} {reason}: {REASONS[reason]}" in str(summary)


def test_every_reason_is_tried(desk):
    assert set(REJECTED) | BY_OTHER_ROLES | {"basket-in-conflict"} == set(REASONS)
    header = "customer,basket,date,product,quantity,unit_price,currency,amount"
    rows = ["7,B1,2024-01-02,P1,2,1,Euro,", "7,B2,2024-01-02,P1,2,1,EUR,", "7,B2,2024-01-02,P1,2,1,USD,",
            "7,B3,2024-01-02,P1,2,1,EUR,much", "7,B3,2024-01-02,P1,2,1,EUR,-2",
            "7,B3,2024-01-02,P1,2,1,EUR,0", "7,B4,2024-01-02,P1,2,1,EUR,2.01"]  # fmt: skip
    summary = desk.rows(rows, header=header)
    assert summary.rejected == dict.fromkeys(BY_OTHER_ROLES, 1) | {"basket-of-two-currencies": 2}
    assert summary.baskets == 1


def test_rejects_hold_the_original_fields_and_no_formula(desk):
    rows = [PLAIN[0], ',B1,2024-01-02,"=HYPERLINK(""http://evil.example"")",-2,1,"@SUM(1;2)"', ",B1,+1-2,P,-2,1.5,ü"]
    listed = desk.rejects(desk.rows(rows))
    assert list(listed.columns) == ["line", "reason", "meaning", *HEADER.split(",")]
    assert listed.iloc[0].tolist()[3:] == [
        "", "B1", "2024-01-02", "'=HYPERLINK(\"http://evil.example\")", "-2", "1", "'@SUM(1;2)",
    ]  # fmt: skip
    assert listed.iloc[1].tolist()[3:] == ["", "B1", "'+1-2", "P", "-2", "1.5", "ü"]


def test_lines_are_counted_past_malformed_rows(desk):
    bad, plain = "7,too few", ",B1,2024-01-02,P1,2,1,Cup"
    broken = ',"B1\n\n2",2024-01-02,P1,2,1,Cup'
    summary = desk.rows([bad, bad, "", plain, PLAIN[0], "", "", bad, broken, plain, bad, ""])
    assert desk.rejects(summary)[["line", "reason"]].to_numpy().tolist() == [
        [str(line), "customer-missing" if line in (4, 7, 8) else "row-malformed"] for line in (2, 3, 4, 6, 7, 8, 9)
    ]
    assert desk.rejects(summary)["customer"].tolist()[0] == bad
    assert summary.rows == 8


def test_the_rejects_go_where_they_are_wanted(desk, tmp_path):
    rows = [PLAIN[0], ",B1,2024-01-02,P1,2,1,Cup"]
    usual = desk.rows(rows).rejects
    assert usual.parent == desk.settings.workspace_dir(desk.workspace)
    wanted = tmp_path / "deep" / "rejects.csv"
    assert desk.rows([*rows, PLAIN[2]], rejects=wanted).rejects == wanted
    assert len(pd.read_csv(wanted)) == 1


@pytest.mark.parametrize("way", ["itself", "other path", "symlink", "hard link", "file is a link"])
def test_the_rejects_never_overwrite_the_file(desk, way):
    path = desk.file([PLAIN[0], ",B1,2024-01-02,P1,2,1,Cup"])
    before, other = path.read_bytes(), path.with_name("other.csv")
    file, rejects = path, path
    if way == "other path":
        (path.parent / "deep").mkdir()
        rejects = path.parent / "deep" / ".." / path.name
    elif way == "hard link":
        other.hardlink_to(path)
        rejects = other
    elif way != "itself":
        other.symlink_to(path)
        file, rejects = (path, other) if way == "symlink" else (other, path)
    with pytest.raises(UsageError, match=r"The rejected rows would overwrite .*\.csv") as raised:
        desk.take(file, rejects=rejects)
    assert raised.value.remedy == "Name another file with --rejects."
    assert path.read_bytes() == before
    assert not desk.settings.workspace_dir(desk.workspace).exists()  # nothing was read


def test_rejects_of_before_are_replaced(desk, tmp_path):
    wanted = tmp_path / "rejects.csv"
    wanted.write_text("old")
    desk.rows([PLAIN[0], ",B1,2024-01-02,P1,2,1,Cup"], rejects=wanted)
    assert list(pd.read_csv(wanted)["reason"]) == ["customer-missing"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.txt"])
def test_separators_and_gzip(desk, separator, name):
    rows = [row.replace(",", separator) for row in PLAIN]
    assert desk.rows(rows, name, HEADER.replace(",", separator)).baskets == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read(desk, encoding):
    path = desk.file(["7,B1,2024-01-02,P1,2,1.25,Café à la crème"], encoding=encoding)
    desk.take(path)
    assert desk.books("select name from products") == [("Café à la crème",)]


def test_other_encodings_have_to_be_named(desk):
    path = desk.file(["7,B1,2024-01-02,P1,2,1.25,Café £"], encoding="latin-1")
    with pytest.raises(UsageError, match=r"rows.csv is not text in utf-8-sig.*0xe9") as raised:
        desk.take(path)
    assert "--encoding cp1252" in raised.value.remedy
    with pytest.raises(UsageError, match="There is no encoding 'latn'"):
        desk.take(path, encoding="latn")
    desk.take(path, encoding="cp1252")
    assert desk.books("select name from products") == [("Café £",)]


def test_line_ends_quotes_and_blanks(desk):
    rows = ['"7"," B1 ",2024-01-02,P2,2,1.25,"Cup, ""large""\r\nblue"\r', "7,B1 ,2024-01-02,P1,\xa02 , 1.25 ,Cup\r", ""]
    summary = desk.rows(rows)
    assert (summary.lines, summary.baskets, summary.rejected) == (2, 1, {})
    assert desk.books("select name from products order by code") == [("Cup",), ('Cup, "large" blue',)]


def test_decimal_commas_and_other_dates(desk):
    header = HEADER.replace(",", ";")
    rows = [
        "7;B1;31.01.2024 14:30;P1;2;1,25;Cup",
        "7;B2;01.02.2024 09:00;P1;2;1.250,00;Cup",
        "7;B3;2024-02-01;P1;2;1.5;Cup",
    ]
    summary = desk.rows(rows, header=header, form=Form("EUR", ",", "%d.%m.%Y %H:%M"))
    assert summary.rejected == {"price-unreadable": 2}
    assert desk.books("select issued_at::text, total::text from invoices") == [("2024-01-31 14:30:00", "2.50")]
    with pytest.raises(NothingFoundError, match="--date-format says how dates are written"):
        desk.rows(rows[:1], "other.csv", header)
    with pytest.raises(UsageError, match="'%Q' is no format of a date"):
        desk.rows(rows[:1], "other.csv", header, Form("EUR", ",", "%Q"))


def test_ids_that_were_floats_are_whole(desk):
    rows = ["17850.0,536365.0,2024-01-02,1.0,2,1,Cup", ",536366.0,2024-01-02,A1,2,1,Cup"]
    desk.rows(rows)
    assert desk.books("select customer_id, printed_id from invoices") == [("n-17850", "536365")]
    assert desk.books("select code from products") == [("1.0",)]  # not all of the column's look like floats


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer=id,product=code,basket=b,date=day,quantity=n", "which column is unit_price"),
        ("customr=id", "no role 'customr'; did you mean 'customer'"),
        ("customer", "'customer' says of no column"),
        ("customer=a,customer=b", "given twice"),
    ],
)
def test_columns_that_cant_be(desk, text, message):
    with pytest.raises(UsageError, match=message):
        desk.rows([], header="id,b,day,code,n", columns=parse_columns(text))


def test_a_column_that_is_not_there_is_told_with_the_nearest(desk):
    with pytest.raises(UsageError, match="no column 'Custmer'; did you mean 'Customer'") as raised:
        desk.rows([], header="Customer,Basket", columns={"customer": "Custmer"})
    assert raised.value.remedy == "The file's columns are: Customer, Basket."
    with pytest.raises(UsageError, match="not said which column is customer, basket, date") as raised:
        desk.rows([], header="Customer,Basket")
    assert "--columns customer=COLUMN,basket=COLUMN,date=COLUMN,product=COLUMN," in raised.value.remedy
    with pytest.raises(UsageError, match="several columns 'customer'"):
        desk.rows([], header=f"{HEADER},customer")


def test_a_column_with_a_comma_stands_in_quotes():
    assert parse_columns('customer=ID, "unit_price=Price, EUR"') == {"customer": "ID", "unit_price": "Price, EUR"}


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", NothingFoundError, "does not begin with the names"),
        (b"one\n1\n", UsageError, "a single column: 'one'"),
        (b"PK\x03\x04rest", UsageError, "zip archive or an Excel workbook"),
        (b"PAR1 and no more", UsageError, "damaged Parquet file"),
        (gzip.compress(b"a,b\n" * 1000, mtime=0)[:-9], UsageError, "damaged gzip file"),
        (b"\xff\xd8\xff\xe0 a picture", UsageError, "is not text"),
        ((HEADER + "\n").encode(), NothingFoundError, "No row of rows.csv can be imported"),
    ],
)
def test_files_that_cant_be_used(desk, data, error, message):
    path = desk.folder / "rows.csv"
    path.write_bytes(data)
    with pytest.raises(error, match=message):
        desk.take(path)


def test_a_file_that_is_not_there(desk):
    with pytest.raises(NothingFoundError, match=r"no file .*nowhere.csv"):
        desk.take(desk.folder / "nowhere.csv")
    assert not desk.settings.workspace_dir(desk.workspace).exists()
    with pytest.raises(UsageError, match="'euro' is no currency"):
        desk.rows(PLAIN, form=Form("euro"))
