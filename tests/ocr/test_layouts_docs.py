"""docs/layouts.md and the code can't drift apart: every key, check and field is told, and its examples work."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from pages import scan_of

from invoice_lab.ocr.layouts import forms, load_layouts
from invoice_lab.ocr.layouts.drawing import Block, Cell, Drawing, Ink, Rule, Table
from invoice_lab.ocr.layouts.layout import HEADER_FIELDS, Layout, LineDescription, QrDescription
from invoice_lab.ocr.read import Reader
from invoice_lab.samples import draw_page
from invoice_lab.validation.checks import CHECKS
from invoice_lab.validation.judge import judge

TEXT = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text(encoding="utf-8")
TABLES = [re.findall(r"^\|.*\|$", block, re.MULTILINE) for block in TEXT.split("\n\n") if block.startswith("|")]
PARTS = (
    forms.Identifier, forms.DateForm, forms.NumberForm, QrDescription, LineDescription, Drawing, Ink, Block, Table,
    Rule, Cell,
)  # fmt: skip


def column(table, number):
    """The code words of a column of a table."""
    cells = [row.split("|")[number + 1] for row in table[2:]]
    return {word for cell in cells for word in re.findall(r"`([\w-]+)`", cell)}


def test_every_key_of_a_layout_is_told_and_none_too_many():
    assert column(TABLES[0], 0) == set(Layout.model_fields)


def test_every_key_within_is_told_and_none_too_many():
    assert column(TABLES[1], 1) == {name for part in PARTS for name in part.model_fields}


def test_every_check_and_field_is_told():
    assert column(TABLES[2], 0) == set(CHECKS)
    assert [name for name in HEADER_FIELDS if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_what_is_quoted_stands_in_a_layout_file(block):
    quoted = yaml.safe_load(block)
    files = Path(forms.__file__).parent.glob("*.yaml")
    layouts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    assert any(all(_within(value, layout.get(key)) for key, value in quoted.items()) for layout in layouts)


def _within(value, real):
    return all(one in real for one in value) if isinstance(value, list) and isinstance(real, list) else value == real


def test_the_page_of_the_tutorial_is_accepted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    values = {}
    exec(example, values)
    assert (tmp_path / "page.png").is_file()
    (page,) = Reader("tesserocr").read(scan_of(draw_page(values["record"])))
    judgement = judge(page, date(2026, 1, 1))
    assert (judgement.status, judgement.findings) == ("accepted", ())


def test_every_layout_of_the_package_has_a_drawing_with_its_labels():
    for layout in load_layouts().values():
        texts = [cell.text for cell in (*layout.drawing.header.cells, *layout.drawing.table.foot)]
        assert [label for label in layout.labels if not any(text.startswith(label) for text in texts)] == []
