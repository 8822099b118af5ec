"""Pages made in this process: empty and small workspaces end in sentences, another day in other figures."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from cache_data import cache_from_truth, small_truth
from report_data import HOSTILE_NAME, doubtful_cache, empty_cache, page_of

from invoice_lab.errors import UsageError
from invoice_lab.reporting.pages.ocr_quality import OcrQualityPage
from invoice_lab.reporting.reports import REPORTS


@pytest.mark.parametrize("name", REPORTS)
def test_an_empty_workspace_gives_sentences(settings, name):
    empty_cache(settings)
    page, values = page_of(name, settings, workspace="sample")
    assert "make report SCANS=" in page
    assert "<svg" not in page
    assert "nan" not in page.lower().replace("finance", "")
    assert not any(value for key, value in values.items() if key in ("invoices", "customers", "parts"))


@pytest.mark.parametrize("name", REPORTS)
def test_a_single_invoice_gives_a_page(settings, name):
    cache_from_truth(small_truth(invoices=1, customers=1), settings)
    page, _ = page_of(name, settings, workspace="sample")
    assert "<h1>" in page
    assert ">nan<" not in page


def test_too_few_customers_are_said(settings):
    cache_from_truth(small_truth(invoices=12, customers=5), settings)
    segments, values = page_of("segments", settings, workspace="sample")
    assert values["clusters"] == 0
    assert "Clusters need 10 customers" in segments
    offers, _ = page_of("recommendations", settings, workspace="sample")
    assert "could be tested" in offers


def test_sample_data_says_so_and_real_data_does_not(settings):
    cache_from_truth(small_truth(), settings, "sample", sample=True)
    cache_from_truth(small_truth(), settings, "books", sample=False)
    assert "Made-up sample data" in page_of("sales", settings, workspace="sample")[0]
    assert "Made-up sample data" not in page_of("sales", settings, workspace="books")[0]


def test_as_of_leaves_out_later_invoices(settings):
    cache_from_truth(small_truth(), settings)
    _, now = page_of("sales", settings, workspace="sample")
    page, then = page_of("sales", settings, workspace="sample", as_of="2019-06-30")
    assert then["invoices"] < now["invoices"] == 60
    assert then["as_of"] == "2019-06-30"
    assert "--as-of 2019-06-30" in page


@pytest.mark.parametrize("as_of", ["1999-01-01", "soon"])
def test_an_impossible_day_is_refused(settings, as_of):
    cache_from_truth(small_truth(), settings)
    with pytest.raises(UsageError):
        page_of("sales", settings, workspace="sample", as_of=as_of)


def test_k_is_obeyed(settings):
    doubtful_cache(settings)
    _, values = page_of("segments", settings, workspace="sample", k=4)
    assert values["clusters"] == 4


def test_doubtful_scans_are_listed_with_what_was_seen(settings):
    doubtful_cache(settings)
    page, _ = page_of("ocr_quality", settings, workspace="sample")
    assert "Waiting for review: 2; rejected: 1; failed: 1." in page
    assert "expected 12.00." in page
    assert HOSTILE_NAME not in page
    assert "<iframe" not in page


@pytest.mark.parametrize(
    ("how", "label", "said"),
    [
        ("exact", "drawn again: equal to the pixel", "No value on an accepted part rests on an OCR engine"),
        ("x+pixels", "x, held against the pixels", "No value on an accepted part rests on an OCR engine"),
        ("x", "x alone", "word alone stands behind 1 value on accepted parts"),
    ],
)
def test_ways_of_reading_are_told(settings, monkeypatch, how, label, said):
    doubtful_cache(settings)
    ways = pd.DataFrame(
        {"how": [how], "values": [9], "share": [1.0], "accepted": [1], "mean": [1.0], "lowest": [1.0], "low": [0]}
    )
    found = OcrQualityPage.all
    monkeypatch.setattr(
        OcrQualityPage,
        "all",
        lambda page, name, **rest: ways if name == "fields_by_way" else found(page, name, **rest),
    )
    page, _ = page_of("ocr_quality", settings, workspace="sample")
    assert label in page
    assert said in page.replace("\xa0", " ")


def test_a_code_that_was_found_twice_is_shown_once(settings, monkeypatch):
    doubtful_cache(settings)
    found = OcrQualityPage.all
    twice = {"codes": "line-unreadable, total-mismatch, line-unreadable"}
    monkeypatch.setattr(
        OcrQualityPage,
        "all",
        lambda page, name, **rest: found(page, name, **rest).assign(**twice if name == "doubtful_parts" else {}),
    )
    page, _ = page_of("ocr_quality", settings, workspace="sample")
    assert '<td class="il-wrapped">line-unreadable, total-mismatch</td>' in page


def test_every_figure_has_a_text_a_title_and_a_source(settings):
    doubtful_cache(settings)
    for name in REPORTS:
        page, _ = page_of(name, settings, workspace="sample")
        assert (
            len(re.findall('<(svg|div class="il-chart") role="img" aria-label=', page))
            == page.count("<figcaption>")
            == page.count("Source: ")
        )
