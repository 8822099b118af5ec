"""`python -m benchmarks.damage` counts right: what it says of the reader is what the goals are held against."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from project import ROOT

from benchmarks import pages
from benchmarks.damage import Row, kinds_of, parse, wilson
from benchmarks.pages import Original, Result, Task, drawn_pages, shared_pages
from benchmarks.reliability import Bin, curve, report
from invoice_lab.ocr.page import Field, LineReading, Page
from invoice_lab.samples.healthy import damaged_bytes, spread
from invoice_lab.samples.truth import chance
from invoice_lab.validation.comparison import Said, said
from invoice_lab.validation.evaluate import load_truth
from invoice_lab.validation.judge import judge
from invoice_lab.workers import Reading

TRUTH = {
    "file": "a.png", "layout": "fac-2018", "invoice_id": "FAC/2018/0002", "issued_at": "2018-10-17 13:37:00",
    "customer": {"name": "Ève Çelik", "email": "eve@example.com", "address": ["1, rue de l'Île", "01234 Étangville"],
                 "gender": "F", "birth_date": "1999-11-03"},
    "lines": [{"product": "Écharpe.", "quantity": 2, "unit_price": "12.50"}], "total": "25.00", "qr": "QR",
}  # fmt: skip


def field(value: str | None, confidence: float = 0.9, how: str = "tesserocr") -> Field:
    return Field(value or "", value, None, confidence, how)


def line(product: str, quantity: str, price: str) -> LineReading:
    return LineReading(field(product, 0.995), field(quantity, 0.97), field(price, 1.0))


def result(status: str = "accepted", wrong: tuple[str, ...] = (), kind: str = "jpeg-30") -> Result:
    return Result("drawn", "a.png", "fac-2018", kind, True, status, list(wrong), [], 0.1, [])


def test_each_printed_field_is_compared_with_the_truth() -> None:
    fields = {
        "invoice_id": field("FAC/2018/0002"), "issued_at": field("2018-10-17"), "name": field("Eve Çelik"),
        "email": field(None), "address_1": field("1, rue de l'Île"), "total": field("25.00"), "tax": field("1.00"),
        "gender": field("F", 1.0, "qr"),
    }  # fmt: skip
    page = Page("0", fields=fields, lines=(line("Écharpe.", "3", "12.50"), line("Écharpe.", "2", "12.50")))
    right = {one.name: one.right for one in said(TRUTH, page)}
    assert right == {
        "invoice_id": True, "issued_at": True, "name": False, "address_1": True, "total": True,
        "lines.1.product": True, "lines.1.quantity": False, "lines.1.unit_price": True,
        "lines.2.product": False, "lines.2.quantity": False, "lines.2.unit_price": False,
    }  # fmt: skip


def test_date_and_time_printed_must_both_be_right() -> None:
    for value, right in (("2018-10-17 13:37:00", True), ("2018-10-17 13:37:01", False), ("2018-10-18", False)):
        assert [one.right for one in said(TRUTH, Page("0", fields={"issued_at": field(value)}))] == [right]


def test_an_email_where_there_is_none_is_wrong() -> None:
    truth = {**TRUTH, "customer": {**TRUTH["customer"], "email": None}}
    assert [one.right for one in said(truth, Page("0", fields={"email": field("a@example.com")}))] == [False]


def test_curve_counts_by_stated_confidence() -> None:
    stated = ((0.2, False), (0.5, True), (0.989, True), (0.99, False), (0.9949, True), (1.0, True), (0.999, True))
    sure = [Said("name", "tesserocr", confidence, right) for confidence, right in stated]
    bins = {part.low: part for part in curve(sure) if part.n}
    assert bins == {
        0.0: Bin(0.0, 0.5, 1, 0), 0.5: Bin(0.5, 0.8, 1, 1), 0.98: Bin(0.98, 0.99, 1, 1), 0.99: Bin(0.99, 0.995, 2, 1),
        0.999: Bin(0.999, 1.0, 2, 2),
    }  # fmt: skip
    assert list(report(sure))[-1] == "of the fields said to be >= 99 % sure, 75.00 % are right (n = 4)"
    assert list(report([]))[-1] == "of the fields said to be >= 99 % sure, - % are right (n = 0)"


def test_row_counts_and_holds_against_the_goal() -> None:
    row = Row.of([result()] * 92 + [result("review")] * 3 + [result("review", ("lines",))] * 5)
    assert (row.n, row.right_and_accepted, row.accepted_but_wrong, row.right, row.accepted) == (100, 92, 0, 95, 92)
    assert row.reached
    assert str(row).split() == ["jpeg-30", "100", "92.0", "85.0", "-", "95.9", "0", "95.0", "92.0", "100", "92", "yes"]
    assert not Row.of([result()] * 91 + [result("review")] * 9).reached, "92 % are asked for"
    assert not Row.of([result()] * 99 + [result(wrong=("total",))]).reached, "nothing may be accepted wrong"
    assert Row.of([result("review", ("lines",), "stain")]).reached, "no goal but that"


def test_wilson_interval_is_that_of_the_books() -> None:
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1), abs=1e-4)
    assert wilson(15, 50) == pytest.approx((0.1910, 0.4375), abs=1e-4)


def test_pages_are_spread_over_all() -> None:
    every = [{"n": n} for n in range(1000)]
    chosen = [record["n"] for record in spread(every, 100, chance(1))]
    assert {later - before for before, later in pairwise(chosen)} == {10}
    assert chosen == [record["n"] for record in spread(every, 100, chance(1))]
    assert chosen != [record["n"] for record in spread(every, 100, chance(2))]
    assert spread(every, 2000, chance(1)) == every


def test_drawn_pages_are_of_both_layouts_or_of_one() -> None:
    both = drawn_pages(30, 7, None)
    assert {page.truth["layout"] for page in both} == {"fac-2018", "fac-2019"}
    assert len({page.truth["file"] for page in both}) == len(both) == 30
    assert len({page.truth["customer"]["name"] for page in both}) > 10
    assert {page.truth["layout"] for page in drawn_pages(30, 7, "fac-2018")} == {"fac-2018"}


@pytest.mark.shared
def test_real_pages_hold_all_of_the_rare_layout(shared: Path) -> None:
    folder = shared / "invoices"
    chosen = shared_pages(folder, 20, 7, None)
    assert len({page.path for page in chosen}) == 20
    rare = [name for name, record in load_truth(folder / "truth.jsonl").items() if record["layout"] == "fac-2018"]
    assert {page.truth["file"] for page in chosen} >= set(rare)


def test_a_page_that_nothing_befell_arrives_in_its_own_bytes() -> None:
    data = drawn_pages(1, 7, None)[0].data()
    assert damaged_bytes(data, "as-arrived", chance(1)) == (data, False)
    damaged, changed = damaged_bytes(data, "grey", chance(1))
    assert changed
    assert damaged != data


def test_a_second_part_that_is_accepted_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = drawn_pages(1, 7, None)[0]
    broken = judge(Page("0").with_problem("no-invoice", "None."))
    more = type(broken)(broken.page, "accepted", (), None)
    monkeypatch.setattr(pages, "read_and_judge", lambda scan, engine: Reading((broken, more), 0.0))
    one = pages.run(Task(Original("drawn", page.truth), "grey", 1, "auto", tmp_path))
    assert one.wrong[-1] == "part"
    assert one.findings == ["no-invoice"]
    assert (one.accepted, one.right) == (False, False)
    picture, story = sorted(tmp_path.iterdir(), key=lambda path: path.suffix, reverse=True)
    assert picture.suffix == ".png"
    assert json.loads(story.read_text(encoding="utf-8"))["truth"] == page.truth


def test_unknown_kinds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert kinds_of("blur-1.0,photo") == ["blur-1.0", "photo"]
    with pytest.raises(SystemExit):
        parse(["--kinds", "blur-1.0,coffee"])
    assert "no such kind: coffee; known: as-arrived, blur-1.0" in capsys.readouterr().err


def test_the_benchmark_runs(tmp_path: Path) -> None:
    where = ["--shared", str(tmp_path / "none"), "--json", str(tmp_path / "all.json"), "--workers", "1"]
    command = [sys.executable, "-m", "benchmarks.damage", "--count", "1", "--kinds", "as-arrived,grey", "--reliability"]
    done = subprocess.run([*command, *where], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert "measured on drawn ones alone" in done.stderr
    title, *table = done.stdout.split("\n\n")[0].splitlines()
    assert title == "Pages of the sample generator"
    assert [row.split()[:2] for row in table[2:]] == [["as-arrived", "1"], ["grey", "1"]]
    written = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert [row["kind"] for row in written["table"]] == ["as-arrived", "grey"]
    fields = written["pages"][1]["fields"]
    assert len(fields) >= 8
    assert f"Reliability over {len(fields)} printed fields of damaged pages" in done.stdout
    assert sum(part["n"] for part in written["reliability"]) == len(fields)
