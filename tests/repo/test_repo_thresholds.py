"""How sure a reading has to be is asked for in one file; what reports and queries call low by default is the same."""

import inspect
import json
import re
from pathlib import Path

import pytest

from invoice_lab.reporting.pages.ocr_quality import OcrQualityPage
from invoice_lab.validation.thresholds import thresholds

ROOT = Path(__file__).resolve().parents[2]
ASKED = thresholds().confidence["default"]


def test_the_ocr_quality_page_calls_low_what_the_checks_call_unsure():
    assert inspect.signature(OcrQualityPage).parameters["low"].default == ASKED


def test_so_does_its_notebook():
    cells = json.loads((ROOT / "notebooks" / "ocr_quality.ipynb").read_text(encoding="utf-8"))["cells"]
    source = "".join(line for cell in cells for line in cell["source"])
    assert [float(number) for number in re.findall(r"low: float = ([\d.]+)", source)] == [ASKED]


@pytest.mark.parametrize("name", ["confidence_by_field", "fields_by_way"])
def test_so_do_the_queries(name):
    text = (ROOT / "invoice_lab" / "warehouse" / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    numbers = re.findall(r"threshold of low \(([\d.]+)\)|coalesce\(\$below::double, ([\d.]+)\)", text)
    assert {float(comment or used) for comment, used in numbers} == {ASKED}
