"""What reads parts and scans leaves imported transactions alone, and a workspace holds one kind only."""

import pytest
from desk import PLAIN
from pages import NEW, png
from report_data import page_of

from invoice_lab.errors import UsageError
from invoice_lab.ingest import ingest, reread
from invoice_lab.reporting.exports import write_exports
from invoice_lab.review import Reviews
from invoice_lab.samples import draw_page
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.refresh import refresh


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "new.png").write_bytes(png(draw_page(NEW)))
    return folder


def options(desk):
    return {"workspace": desk.workspace, "workers": 1, "progress": False, "settings": desk.settings}


def test_a_workspace_of_scans_takes_no_transactions(desk, scans):
    ingest(scans, **options(desk))
    before = desk.books("select count(*), max(started_at) from batches")
    with pytest.raises(UsageError, match="holds scans; imported transactions can't come into it") as raised:
        desk.rows(PLAIN)
    assert raised.value.remedy == "Name another workspace."
    assert desk.books("select count(*), max(started_at) from batches") == before


def test_a_workspace_of_transactions_takes_no_scans(desk, scans):
    desk.rows(PLAIN)
    before = desk.state()
    with pytest.raises(UsageError, match="holds imported transactions; scans can't come into it"):
        ingest(scans, **options(desk))
    assert desk.state() == before


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("engine", ["auto", "tesserocr"])
def test_reading_again_leaves_transactions_alone(desk, engine, every):
    desk.rows(PLAIN)
    before = desk.state()
    summary = reread(engine=engine, every=every, **options(desk))
    assert (summary.scans, dict(summary.outcomes)) == (0, {})
    assert desk.state() == before


def test_there_is_nothing_to_review(desk):
    desk.rows(PLAIN)
    before = desk.state()
    reviews = Reviews(desk.workspace, "ann", desk.settings)
    assert reviews.records() == reviews.records(audit=True, share=1.0) == []
    stats = reviews.stats(share=1.0)
    assert (stats.waiting, stats.unaudited) == (0, 0)
    sha256 = desk.books("select sha256 from scans")[0][0]
    for reference in ("B1", "rows.csv", sha256[:8], f"{sha256[:8]}:1"):
        with pytest.raises(UsageError, match="imported with other transactions"):
            reviews.show(reference)
        with pytest.raises(UsageError, match="imported with other transactions"):
            reviews.reject(reference, "wrong")
    assert desk.state() == before


def test_the_report_on_reading_says_that_nothing_was_read(desk):
    desk.rows(PLAIN)
    page, values = page_of("ocr_quality", desk.settings, workspace=desk.workspace)
    assert "The 3 invoices of this workspace come from imported transactions, not from scans" in page
    assert "accepted without a person" not in page
    assert "<svg" not in page
    assert (values["parts"], set(values["statuses"].values())) == (0, {0})


def test_the_sales_report_tells_credit_notes(desk):
    desk.rows(PLAIN)
    page, values = page_of("sales", desk.settings, workspace=desk.workspace)
    assert "1 of 3 invoices, 33\u00a0%, are credit notes: what came back takes 5\u00a0EUR off these sales." in page
    assert values["sales"] == "4.35"


def test_invoices_far_out_dont_squeeze_the_others_into_one_bar(desk):
    usual = [f"{n},B{n},2024-01-02,P1,{1 + n % 40},1.25,Cup" for n in range(400)]
    desk.rows([*usual, "7,X1,2024-01-03,P1,90000,1.25,Cup", "7,X2,2024-01-03,P1,-90000,1.25,Cup"])
    assert " are not drawn." in page_of("sales", desk.settings, workspace=desk.workspace)[0]
    desk.rows(usual, workspace=f"{desk.workspace}_usual")
    assert " are not drawn." not in page_of("sales", desk.settings, workspace=f"{desk.workspace}_usual")[0]


@pytest.mark.parametrize("report", ["sales", "recommendations"])
@pytest.mark.parametrize(
    "rows",
    [
        PLAIN[3:],  # a single credit note
        [f"{n % 3},C{n},2024-0{1 + n % 6}-02,P{n % 4},-{n + 1},1.25,Cup" for n in range(24)],  # nothing else
        [PLAIN[0].replace("1.25", "0")],  # nothing that costs anything
        [*PLAIN[:1], "7,C1,2024-01-03,P1,-2,1.25,Cup"],  # a sum of 0
    ],
    ids=["one", "all", "free", "nought"],
)
def test_reports_cope_with_goods_that_came_back(desk, report, rows):
    desk.rows(rows)
    page, _ = page_of(report, desk.settings, workspace=desk.workspace)
    assert "<h1>" in page
    assert ">nan<" not in page
    assert "inf\u00a0%" not in page


def test_the_accountants_files_agree_to_the_cent(desk):
    desk.rows(PLAIN)
    files = {path.name: path for path in write_exports(desk.workspace, desk.settings)}
    assert files["reconciliation.csv"].read_text().splitlines()[1:] == [
        "2024-01,EUR,2,3,9.35,0.00,9.35,9.35,0.00", "2024-02,EUR,1,1,-5.00,0.00,-5.00,-5.00,0.00",
    ]  # fmt: skip


def test_a_cache_brought_up_to_date_is_the_one_written_in_full(desk):
    many = [f"{n % 50},B{n},2024-01-02,P{n % 9},{n % 5 + 1},1.10,Cup" for n in range(400)]
    desk.rows(many, "first.csv")
    desk.rows(PLAIN, "second.csv")
    tables = (
        "invoices",
        "invoice_lines",
        "customers",
        "products",
        "parts",
        "sales_days",
        "customer_totals",
        "product_totals",
    )
    before = {table: desk.cache(f"select * from {table} order by all") for table in tables}
    assert desk.cache("select value from meta where key = 'increments'") == [("1",)]
    for file in desk.settings.cache_dir(desk.workspace).iterdir():
        file.unlink()
    with database(desk.settings):
        refresh(desk.workspace, desk.settings)
    assert {table: desk.cache(f"select * from {table} order by all") for table in tables} == before
