"""Files of several sheets: an invoice on each, or one over several; told apart safely, or sent to review."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from pages import BOREALE, NEW, OLD, page_of
from pdfs import image, pdf
from PIL import Image
from sheets import LONG, OTHER, headless, paper, some_lines, sum_of, tiff, without_code

from invoice_lab.ocr.page import Page, Problem
from invoice_lab.ocr.read import Reader
from invoice_lab.ocr.sheets import join_sheets
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.evaluate import wrong_fields
from invoice_lab.validation.judge import judge
from invoice_lab.validation.record import to_record
from invoice_lab.warehouse.parts import page_adapter

WHITE = Image.new("RGB", (850, 1100), "white")
GREYISH = Image.new("RGB", (850, 1100), (228, 226, 220))


@pytest.fixture(scope="module")
def reader():
    return Reader("tesserocr")


def judged(reader, *sheets):
    pages = reader.read(tiff(*sheets))
    assert [page.part for page in pages] == list(range(len(pages)))
    return [judge(page) for page in pages]


def told(judgements):
    return [(one.page.value("invoice_id"), one.page.pages, one.status) for one in judgements]


def codes(judgement):
    return [finding.code for finding in judgement.findings]


def wrong(record, judgement):
    return wrong_fields(record, to_record(judgement, "sheets.tif", 0))


def sheets_of(page):
    return {field.box.sheet for line in page.lines for field in vars(line).values() if field and field.box}


def test_each_invoice_is_a_part_and_blank_sheets_are_left_out(reader):
    found = judged(reader, WHITE, paper(NEW), GREYISH, paper(OLD), paper(BOREALE), WHITE)
    assert told(found) == [(record["invoice_id"], 1, "accepted") for record in (NEW, OLD, BOREALE)]
    assert [sheets_of(one.page) for one in found] == [{1}, {3}, {4}]
    assert [wrong(record, one) for record, one in zip((NEW, OLD, BOREALE), found, strict=True)] == [[], [], []]


def test_the_sheets_of_a_pdf_too():
    sheets = [np.asarray(paper(record)) for record in (NEW, OTHER)]
    place = "/MediaBox [0 0 612 792] /Resources << /XObject << /I {} 0 R >> >>"
    pages = [(place.format(3 + n), "q 612 0 0 792 0 0 cm /I Do Q") for n in range(2)]
    found = [judge(page) for page in Reader().read(Scan.of("two.pdf", pdf(pages, list(map(image, sheets)))))]
    assert told(found) == [(record["invoice_id"], 1, "accepted") for record in (NEW, OTHER)]
    assert [sheets_of(one.page) for one in found] == [{0}, {1}]


def test_blank_sheets_alone_are_one_blank_scan(reader):
    (found,) = judged(reader, WHITE, GREYISH, WHITE)
    assert (found.status, codes(found), found.page.pages) == ("rejected", ["blank-page"], 3)


CONTINUED = {
    "the same code": [some_lines(0, 7, None), some_lines(7, 12, LONG["total"])],
    "the same id": [some_lines(0, 7, None), without_code(some_lines(7, 12, LONG["total"]))],
    "no header": [some_lines(0, 7, None), headless(7, 12, LONG["total"])],
    "three sheets": [some_lines(0, 4, None), headless(4, 9, None), headless(9, 12, LONG["total"])],
    "the total alone": [some_lines(0, 12, None), headless(12, 12, LONG["total"])],
    "upside down": [some_lines(0, 7, None), headless(7, 12, LONG["total"]).rotate(180)],
}


@pytest.mark.parametrize("sheets", CONTINUED.values(), ids=CONTINUED)
def test_one_invoice_over_several_sheets(reader, sheets):
    (found,) = judged(reader, *sheets)
    assert told([found]) == [(LONG["invoice_id"], len(sheets), "accepted")]
    assert wrong(LONG, found) == []
    assert found.page.fields["total"].box.sheet == len(sheets) - 1
    assert found.page.fields["name"].box.sheet == 0


def test_the_page_tells_which_sheets_were_turned(reader):
    (found,) = judged(reader, *CONTINUED["upside down"])
    assert found.page.turns == {1: 2}
    assert page_adapter().validate_python(json.loads(json.dumps(asdict(found.page)))) == found.page


@pytest.mark.parametrize("lines", [4, 7])
def test_the_default_reader_joins_too(lines):
    (found,) = judged(Reader(), some_lines(0, lines, None), headless(lines, 12, LONG["total"]))
    assert told([found]) == [(LONG["invoice_id"], 2, "accepted")]
    assert wrong(LONG, found) == []
    assert found.page.fields["name"].how == "exact"


def test_sheets_of_two_invoices_may_be_mixed(reader):
    found = judged(reader, some_lines(0, 7, None), paper(OTHER), some_lines(7, 12, LONG["total"]))
    assert told(found) == [(LONG["invoice_id"], 2, "accepted"), (OTHER["invoice_id"], 1, "accepted")]
    assert [sheets_of(one.page) for one in found] == [{0, 2}, {1}]


def test_a_copy_in_the_same_file_is_a_part_of_its_own(reader):
    assert told(judged(reader, paper(NEW), paper(NEW))) == [(NEW["invoice_id"], 1, "accepted")] * 2


def test_a_sheet_without_header_behind_a_whole_invoice_is_not_taken_for_granted(reader):
    """Lines and total fit, as where each sheet says the sum so far; another invoice's lost header looks the same."""
    (found,) = judged(reader, some_lines(0, 7, sum_of(LONG["lines"][:7])), headless(7, 12, LONG["total"]))
    assert (found.status, codes(found), found.page.pages) == ("review", ["sheet-unclear"], 2)
    assert "Sheet 2 has no header" in found.findings[0].message
    assert len(found.page.lines) == 12


def test_a_missing_last_sheet_shows(reader):
    (found,) = judged(reader, some_lines(0, 7, None))
    assert (found.status, codes(found)) == ("review", ["field-missing"])


def test_a_missing_sheet_between_shows(reader):
    (found,) = judged(reader, some_lines(0, 4, None), headless(9, 12, LONG["total"]))
    assert (found.status, codes(found)) == ("review", ["total-mismatch"])


def test_a_header_that_changes_from_sheet_to_sheet_shows(reader):
    someone = {**LONG["customer"], "name": "Anna Other"}
    (found,) = judged(reader, some_lines(0, 7, None), some_lines(7, 12, LONG["total"], customer=someone))
    assert (found.status, codes(found)) == ("review", ["field-doubled"])
    assert found.findings[0].field == "name"


def test_lines_without_any_header_are_no_invoice_by_themselves(reader):
    (found,) = judged(reader, headless(7, 12, LONG["total"]))
    assert found.status == "review"
    assert "layout-unknown" in codes(found)
    assert len(found.page.lines) == 5


def test_a_sheet_that_is_no_invoice_is_a_part_of_its_own(reader):
    y, x = np.mgrid[:400, :400]  # no chance noise: now and then OCR reads letters in it
    waves = Image.fromarray((127 + 60 * np.sin(x / 40) + 60 * np.cos(y / 55)).astype(np.uint8)).convert("RGB")
    found = judged(reader, some_lines(0, 7, None), waves, headless(7, 12, LONG["total"]))
    assert told(found) == [(LONG["invoice_id"], 2, "accepted"), (None, 1, "rejected")]


def test_codes_of_two_invoices_are_never_joined_by_the_printed_id():
    first, second = page_of(NEW), page_of(NEW, qr=OTHER["qr"])
    assert len(join_sheets([first, second])) == 2


def test_sheets_of_two_layouts_are_a_doubt():
    first = page_of(NEW, qr=None)
    lines_alone = Page(first.sha256, lines=first.lines, fields={"total": first.fields["total"]})
    (joined,) = join_sheets([Page(**{**vars(first), "fields": without(first, "total")}), lines_alone])
    assert [doubt.code for doubt in joined.doubts] == ["sheet-unclear"]
    assert "unknown layout" in joined.doubts[0].message


def without(page, name):
    return {key: field for key, field in page.fields.items() if key != name}


def test_what_is_no_invoice_joins_nothing():
    nothing = Page("0" * 64, problem=Problem("no-invoice", "Nothing."))
    assert [page.part for page in join_sheets([nothing, page_of(NEW), nothing])] == [0, 1, 2]
