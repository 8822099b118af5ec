"""The files of the segments report: every score of each customer, typed, harmless, and written by reports alone."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cache_data import cache_from_truth, small_truth
from report_data import empty_cache, environment

from invoice_lab.reporting.files import PAGE_FILES_VARIABLE
from invoice_lab.reporting.kernel import kernel_environment
from invoice_lab.reporting.pages.page_exports import about
from invoice_lab.reporting.pages.segment_exports import COLUMNS
from invoice_lab.reporting.pages.segments import SegmentsPage
from invoice_lab.reporting.runner import run_notebook
from invoice_lab.segmentation.neighbours import neighbours
from invoice_lab.segmentation.rfm import SCORE_COLUMNS
from invoice_lab.settings import Settings

FORMULA = "=cmd()"
CUSTOMERS = 24


def records_with_formula(invoices: int = 120, customers: int = 47) -> list[dict[str, Any]]:
    """Truth records, one customer's name a formula."""
    records = small_truth(invoices, customers)
    for record in records:
        if record["customer"]["name"].startswith("Customer 1 "):
            record["customer"]["name"] = FORMULA
    return records


def opened(settings: Settings) -> SegmentsPage:
    """Open the page within a report's environment."""
    with environment(settings):
        return SegmentsPage("sample")


def written(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, bytes, bytes]:
    """Let a page write its files; return its markup, the CSV and the Parquet file."""
    folder.mkdir()
    page = opened(settings)
    with monkeypatch.context() as patched:
        patched.setenv(PAGE_FILES_VARIABLE, str(folder))
        markup = str(page.exports())
    page.cache.close()
    assert sorted(path.name for path in folder.iterdir()) == ["segments.csv", "segments.parquet"]
    return markup, *((folder / f"segments.{kind}").read_bytes() for kind in ("csv", "parquet"))


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.fixture
def filled(settings: Settings) -> Settings:
    cache_from_truth(records_with_formula(), settings)
    return settings


def test_each_customer_has_a_row_with_what_the_page_says(filled, tmp_path, monkeypatch):
    page = opened(filled)
    markup, _, parquet = written(filled, tmp_path / "files", monkeypatch)
    found = pq.read_table(io.BytesIO(parquet)).to_pandas().set_index("customer_id")
    scored, near = page.scored, neighbours(page.scored, page.model)
    who = page.customers.set_index("customer_id").loc[scored.index]
    expected = {
        **{name: scored[name] for name in ("recency", "frequency", "segment", *SCORE_COLUMNS)},
        **{"name": who["customer"], "number": who["number"], "age": who["age"], "cluster": page.cluster_names},
        **{"segment_with_order": near["with_order"], "segment_without_order": near["without_order"]},
        "days_until_change": near["days"],
        "cluster_confidence": pd.Series(page.clusters.confidence_, index=scored.index),
        "segment_confidence": page.segment_confidence,
    }
    assert list(found.index) == sorted(scored.index) and len(found) == CUSTOMERS
    for name, values in expected.items():
        pd.testing.assert_series_equal(
            *(column.astype(object).where(column.notna(), None) for column in (found[name], values.loc[found.index])),
            check_names=False,
            obj=name,
        )
    assert set(found["as_of"]) == {page.as_of.date()}
    assert set(found["currency"]) == {"EUR"}
    assert set(found["cluster_stable"]) == {page.clusters.stable_}
    assert list(found.index[found["top_spender"]]) == [scored["monetary"].idxmax()]
    assert 0 < found["age"].isna().sum() < CUSTOMERS and 0 < found["days_until_change"].isna().sum() < CUSTOMERS
    assert f"({CUSTOMERS} rows, 24 columns)" in markup.replace("\xa0", " ")


def test_money_is_exact(filled, tmp_path, monkeypatch):
    _, data, parquet = written(filled, tmp_path / "files", monkeypatch)
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for record in records_with_formula():
        expected[record["customer"]["name"]] += Decimal(record["total"])
    table = pq.read_table(io.BytesIO(parquet))
    assert dict(zip(table["name"].to_pylist(), table["monetary"].to_pylist(), strict=True)) == expected
    by_csv = {row["name"].removeprefix("'"): Decimal(row["monetary"]) for row in rows_of(data)}
    assert by_csv == expected


def test_the_parquet_file_is_typed_and_says_what_it_is_of(filled, tmp_path, monkeypatch):
    page = opened(filled)
    _, _, parquet = written(filled, tmp_path / "files", monkeypatch)
    schema = pq.read_schema(io.BytesIO(parquet))
    assert schema.names == list(COLUMNS)
    money, share = pa.decimal128(18, 2), pa.float64()
    types = {"monetary": money, "expected_sales": money, "as_of": pa.date32()}
    types |= dict.fromkeys(("cluster_confidence", "segment_confidence"), share)
    types |= dict.fromkeys(("cluster_stable", "top_spender"), pa.bool_())
    numbers = (
        "recency",
        "frequency",
        "recency_score",
        "frequency_score",
        "monetary_score",
        "days_until_change",
        "age",
        "bins",
    )
    types |= dict.fromkeys(numbers, pa.int64())
    assert {field.name: field.type for field in schema} == {name: types.get(name, pa.string()) for name in COLUMNS}
    about = {"workspace": "sample", "as_of": str(page.as_of.date()), "fingerprint": page.meta.fingerprint}
    assert schema.metadata == {key.encode(): value.encode() for key, value in about.items()}


def test_formulas_are_harmless_in_csv_and_whole_in_parquet(filled, tmp_path, monkeypatch):
    _, data, parquet = written(filled, tmp_path / "files", monkeypatch)
    names = [row["name"] for row in rows_of(data)]
    assert f"'{FORMULA}" in names
    assert FORMULA not in names
    assert FORMULA in pq.read_table(io.BytesIO(parquet))["name"].to_pylist()


def test_the_csv_file_says_the_same_as_the_parquet_file(filled, tmp_path, monkeypatch):
    _, data, parquet = written(filled, tmp_path / "files", monkeypatch)
    for row, exact in zip(rows_of(data), pq.read_table(io.BytesIO(parquet)).to_pylist(), strict=True):
        expected = {name: "" if value is None else str(value) for name, value in exact.items()}
        expected |= {name: expected[name].lower() for name in ("cluster_stable", "top_spender")}
        expected |= {"name": row["name"], "cluster_confidence": f"{exact['cluster_confidence']:.4f}"}
        expected |= {"segment_confidence": f"{exact['segment_confidence']:.4f}"}
        assert row == expected


def test_links_lead_to_the_files_beside_the_page(filled, tmp_path, monkeypatch):
    markup, *_ = written(filled, tmp_path / "files", monkeypatch)
    for file in ("segments.csv", "segments.parquet"):
        assert f'<a href="{file}" download="{file}">{file}</a>' in markup


def test_equal_data_gives_equal_bytes_whatever_its_order(filled, tmp_path, monkeypatch):
    first = written(filled, tmp_path / "files", monkeypatch)
    again = Settings(tmp_path / "again", tmp_path / "again_reports")
    cache_from_truth(reversed(records_with_formula()), again)
    assert written(again, tmp_path / "other", monkeypatch) == first


def test_without_a_folder_nothing_is_written_and_the_page_says_where_the_files_are(filled, tmp_path, monkeypatch):
    monkeypatch.delenv(PAGE_FILES_VARIABLE, raising=False)
    before = sorted(tmp_path.rglob("*"))
    markup = str(opened(filled).exports())
    assert "segments.csv and segments.parquet, in the folder sample of the reports" in markup
    assert "<a" not in markup
    assert sorted(tmp_path.rglob("*")) == before


def test_too_few_customers_have_no_clusters(settings, tmp_path, monkeypatch):
    cache_from_truth(small_truth(invoices=12, customers=5), settings)
    _, data, parquet = written(settings, tmp_path / "files", monkeypatch)
    table = pq.read_table(io.BytesIO(parquet))
    assert table.num_rows == len(rows_of(data)) > 0
    for column in ("cluster", "cluster_stable", "cluster_confidence"):
        assert table[column].null_count == table.num_rows
        assert {row[column] for row in rows_of(data)} == {""}


def test_an_empty_workspace_has_files_with_heads_only(settings, tmp_path, monkeypatch):
    empty_cache(settings)
    markup, data, parquet = written(settings, tmp_path / "files", monkeypatch)
    assert data.decode() == ",".join(COLUMNS) + "\r\n"
    table = pq.read_table(io.BytesIO(parquet))
    assert (table.num_rows, table.column_names) == (0, list(COLUMNS))
    assert table.schema.field("monetary").type == pa.decimal128(18, 2)
    assert table.schema.metadata[b"as_of"] == b""
    assert "(0 rows, 24 columns)" in markup.replace("\xa0", " ")


def test_an_empty_workspace_keeps_the_day_that_was_asked_for(settings):
    empty_cache(settings)
    with environment(settings):
        page = SegmentsPage("sample", "2020-03-31")
    assert about(page)["as_of"] == "2020-03-31"


def test_only_kernels_that_are_given_a_folder_know_one(settings, tmp_path, monkeypatch):
    monkeypatch.setenv(PAGE_FILES_VARIABLE, "left by somebody")
    assert PAGE_FILES_VARIABLE not in kernel_environment(settings, credentials=False)
    assert PAGE_FILES_VARIABLE not in kernel_environment(settings, credentials=True)
    given = kernel_environment(settings, credentials=False, files=tmp_path / "x" / ".." / "files")
    assert given[PAGE_FILES_VARIABLE] == str(tmp_path / "files")


def test_papermill_writes_the_files_of_another_day(filled, tmp_path):
    (tmp_path / "files").mkdir()
    run_notebook(
        "segments",
        {"workspace": "sample", "as_of": "2020-03-31"},
        tmp_path / "work" / "out.ipynb",
        settings=filled,
        files=tmp_path / "files",
    )
    table = pq.read_table(tmp_path / "files" / "segments.parquet")
    assert set(table["as_of"].to_pylist()) == {date(2020, 3, 31)}
    assert 0 < table.num_rows <= CUSTOMERS
    assert min(table["recency"].to_pylist()) >= 0
    assert len(rows_of((tmp_path / "files" / "segments.csv").read_bytes())) == table.num_rows
