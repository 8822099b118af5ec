"""The accountants' files reconcile to the cent, or are not written; texts are harmless in a spreadsheet."""

from __future__ import annotations

import csv
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from cache_data import cache_from_truth, small_truth
from report_data import HOSTILE_PRODUCT, doubtful_cache, empty_cache

from invoice_lab.errors import CacheError
from invoice_lab.reporting.exports import write_exports
from invoice_lab.reporting.typed_files import harmless


def _rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_totals_agree_to_the_cent(settings):
    records = small_truth()
    cache_from_truth(records, settings)
    files = {path.name: path for path in write_exports("sample", settings)}
    assert sorted(files) == [
        "invoice_lines.csv",
        "invoice_lines.parquet",
        "invoices.csv",
        "invoices.parquet",
        "reconciliation.csv",
    ]
    expected = sum(Decimal(record["total"]) for record in records)
    for name, column in (("invoices", "total"), ("invoice_lines", "amount")):
        assert sum(Decimal(row[column]) for row in _rows(files[f"{name}.csv"])) == expected
        assert sum(pq.read_table(files[f"{name}.parquet"])[column].to_pylist()) == expected
    months = _rows(files["reconciliation.csv"])
    assert sum(Decimal(row["total"]) for row in months) == expected
    assert {row["difference"] for row in months} == {"0.00"}
    assert [row["month"] for row in months] == sorted(row["month"] for row in months)


def test_books_that_do_not_agree_are_not_written(settings):
    records = small_truth()
    records[3]["total"] = f"{Decimal(records[3]['total']) + Decimal('0.01'):.2f}"
    cache_from_truth(records, settings)
    with pytest.raises(CacheError, match=r"differ by 0\.01 EUR; no file was written"):
        write_exports("sample", settings)
    assert not list(settings.reports_dir.rglob("*.csv"))


def test_formulas_are_harmless_in_csv_and_whole_in_parquet(settings):
    doubtful_cache(settings)
    files = {path.name: path for path in write_exports("sample", settings)}
    assert f"'{HOSTILE_PRODUCT}" in {row["product"] for row in _rows(files["invoice_lines.csv"])}
    assert HOSTILE_PRODUCT in pq.read_table(files["invoice_lines.parquet"])["product"].to_pylist()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\x00=1", "\u200b=1"])
def test_harmless(text):
    assert harmless(text).startswith("'")


def test_money_is_decimal_and_missing_is_empty(settings):
    cache_from_truth(small_truth(), settings)
    files = {path.name: path for path in write_exports("sample", settings)}
    schema = pq.read_table(files["invoices.parquet"]).schema
    assert str(schema.field("total").type) == "decimal128(18, 2)"
    assert str(schema.field("invoice_date").type) == "date32[day]"
    assert _rows(files["invoices.csv"])[0]["net"] == ""


def test_an_empty_workspace_has_files_with_heads_only(settings, tmp_path):
    empty_cache(settings)
    files = write_exports("sample", settings, tmp_path / "out")
    assert len(files) == 5
    assert _rows(tmp_path / "out" / "invoices.csv") == []
    assert pq.read_table(tmp_path / "out" / "invoice_lines.parquet").num_rows == 0
