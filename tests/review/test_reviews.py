"""Reviews from a notebook: the same calls, objects that show themselves, two reviewers at once; and end to end."""

import base64
import getpass
import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pages import NEW, changed, png
from PIL import Image
from sheets import OTHER, paper, some_lines, tiff, without_code

from invoice_lab.errors import UsageError
from invoice_lab.ingest import ingest
from invoice_lab.ocr.page import Box
from invoice_lab.review import Reviews
from invoice_lab.review.fields import FieldRow
from invoice_lab.review.pictures import MARGIN, crop, framed_sheets
from invoice_lab.review.reviews import system_user
from invoice_lab.review.stats import error_rate
from invoice_lab.samples import draw_page
from invoice_lab.warehouse.refresh import refresh


def test_parts_is_a_frame(shop):
    frame = shop.reviews.parts()
    assert list(frame["findings"])[1] == ["total-mismatch"]
    assert list(frame.columns) == list(shop.reviews.parts(audit=True, share=0).columns), "also where there is none"
    with pytest.raises(UsageError, match="share"):
        shop.reviews.parts(share=1.5)
    assert repr(shop.reviews) == f"Reviews({shop.workspace!r}, reviewer='ann')"


def test_a_part_shows_itself(shop):
    view = shop.reviews.show("sub/total.png")
    html = view._repr_html_()
    assert '<tr class="il-doubtful"><td>total</td>\n<td><img src="data:image/png;base64,' in html
    assert html.index("<td>total</td>") < html.index("<td>name</td>"), "what is doubtful stands first"
    names = [row.name for row in view.rows]
    assert names[:4] == ["invoice_id", "issued_at", "name", "address_1"], "as an invoice has them"
    assert names[-8:] == [f"lines.{n}.{name}" for n in (2, 3) for name in ("product", "quantity", "unit_price")] + [
        "total",
        "qr",
    ]
    assert repr(view) == "PartView('sub/total.png', part 0, review, 1 findings)"


def test_a_decision_on_what_was_shown_is_refused_once_it_changed(shop):
    bob = Reviews(shop.workspace, "bob", shop.settings)
    view = bob.show("sub/total.png")
    assert shop.reviews.reject(view, "no invoice of ours").status == "rejected"
    with pytest.raises(UsageError, match="ann decided on it meanwhile"):
        bob.accept(view, "fine", despite=["total-mismatch"], revise=True)
    now = bob.accept(bob.show("sub/total.png"), "it is", despite=["total-mismatch"], revise=True)
    assert (now.status, [review.reviewer for review in now.reviews]) == ("accepted", ["ann", "bob"])


def test_of_two_at_once_one_decides(shop):
    def decide(name):
        try:
            return (
                Reviews(shop.workspace, name, shop.settings).reject("sub/total.png", f"says {name}").reviews[0].reason
            )
        except UsageError as error:
            return error.message

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(decide, ["ann", "bob"]), key=len)
    assert first in ("says ann", "says bob")
    assert "decided" in second
    assert shop.rows("select count(*) from reviews") == [(1,)]


def test_scans_of_one_name_can_only_be_exported_as_copies(shop, folder):
    shop.rows("update scans set name = 'same.png' returning 1")
    for part in shop.reviews.records(audit=True, share=1):
        shop.reviews.accept(part["sha256"], "as printed")
    with pytest.raises(UsageError, match=r"Several scans arrived as same\.png") as refused:
        shop.reviews.export(folder / "truth.jsonl")
    assert "--scans" in refused.value.remedy
    assert shop.reviews.export(folder / "truth.jsonl", folder / "scans").records == 2


def test_stats_show_themselves(shop):
    shown = shop.reviews.stats()._repr_html_()
    assert "<th>Under review</th><td>2</td>" in shown


def test_the_interval_is_that_of_clopper_and_pearson():
    rate, low, high = error_rate(0, 100)
    assert (rate, low) == (0, 0)
    assert high == pytest.approx(1 - 0.025 ** (1 / 100))  # the closed form of no successes
    assert error_rate(3, 50)[1:] == pytest.approx((0.012549, 0.165482), abs=1e-5)
    assert error_rate(0, 0) == (None, None, None)


def test_a_crop_stays_within_its_sheet():
    sheet = np.zeros((40, 60, 3), dtype=np.uint8)
    assert crop([sheet], Box(0, 0, 10, 10)) != crop([sheet], Box(20, 20, 10, 10))
    assert crop([sheet], Box(50, 30, 100, 100)) is not None
    for box in (None, Box(0, 0, 5, 5, sheet=1), Box(60 + MARGIN, 0, 5, 5), Box(-50, -50, 5, 5)):
        assert crop([sheet], box) is None


def field(name, sheet):
    return FieldRow(name, "1", "1", 1.0, "exact", Box(5, 5, 10, 10, sheet), doubtful=False)


def test_the_sheets_of_a_part_are_shown_under_their_numbers():
    sheets = [np.full((40, 60, 3), 20 * number, dtype=np.uint8) for number in range(9)]
    assert [number for number, _ in framed_sheets(sheets, [field("total", 7), field("name", 6)])] == [7, 8]
    assert [number for number, _ in framed_sheets(sheets, [])] == [1, 2, 3, 4, 5]
    assert [number for number, _ in framed_sheets(sheets, [field("total", 99)])] == [1, 2, 3, 4, 5]


def test_the_parts_of_a_file_show_their_own_sheets(server, module_settings, tmp_path):
    """A copy within the file is told like one in another file; a crop comes from the sheet its field stands on."""
    sheets = [paper(OTHER), paper(OTHER), some_lines(0, 7, None), without_code(some_lines(7, 12, "9.99"))]
    (tmp_path / "four.tif").write_bytes(tiff(*sheets).data)
    summary = ingest(tmp_path, workspace="sheets", workers=1, progress=False, settings=module_settings)
    assert dict(summary.statuses) == {"accepted": 2, "review": 1}
    assert dict(summary.outcomes) == {"duplicate": 1}
    assert refresh("sheets", module_settings).counts["invoices"] == 1
    view = Reviews("sheets", "ann", module_settings).show("four.tif:2")
    assert (view.part.part, view.part.page.pages, [said.code for said in view.part.findings]) == (
        2, 2, ["total-mismatch"],
    )  # fmt: skip
    total = next(row for row in view.rows if row.name == "total")
    assert total.box.sheet == 3
    pixels = np.asarray(sheets[3])[
        total.box.y - MARGIN : total.box.bottom + MARGIN, total.box.x - MARGIN : total.box.right + MARGIN
    ]
    shown = base64.b64decode(crop(view.sheets, total.box).partition(",")[2])
    assert (np.asarray(Image.open(io.BytesIO(shown))) == pixels).all()
    assert 'alt="sheet 4"' in view._repr_html_()
    assert 'alt="sheet 1"' not in view._repr_html_()


def test_the_reviewer_is_the_system_user_even_without_a_name(monkeypatch):
    assert system_user() == getpass.getuser()

    def nameless():
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert system_user() == f"user {os.getuid()}"


def test_from_a_scan_to_the_cache_and_again(server, module_settings, tmp_path):
    (tmp_path / "wrong.png").write_bytes(png(draw_page(changed(NEW, total="99.99"))))
    read = {"workspace": "whole", "workers": 1, "progress": False, "settings": module_settings}
    assert ingest(tmp_path, **read).statuses["review"] == 1
    reviews = Reviews("whole", "ann", module_settings)
    view = reviews.show("wrong.png")
    assert "data:image/png" in view._repr_html_()
    total = next(row for row in view.rows if row.name == "total")
    assert (total.value, total.doubtful) == ("99.99", True)
    reviews.correct(view, "as the lines say", {"total": NEW["total"]})
    before = refresh("whole", module_settings)
    assert before.counts["invoices"] == 1
    assert dict(ingest(tmp_path, **read).outcomes) == {"known": 1}
    assert refresh("whole", module_settings).fingerprint == before.fingerprint
