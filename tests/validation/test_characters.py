"""Characters that can't be: found in what engines make of dust, and in no text that people print."""

import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_lab.ocr.page import Field, LineReading, Page
from invoice_lab.validation.characters import impossible_characters
from invoice_lab.validation.draft import Draft

TODAY = date(2026, 1, 1)


def read(value):
    return Field(value, value, None, 0.99, "exact")


def found(kind, text):
    product = read(text if kind == "product" else "Tea")
    line = LineReading(product, read("1"), read("1.00"))
    page = Page("0" * 64, fields={} if kind == "product" else {kind: read(text)}, lines=(line,))
    return list(impossible_characters(Draft.of(page), TODAY))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("name", "J0hn Miller"),
        ("name", "Zoé Héb3rt"),
        ("name", "Zoé | Hébert"),
        ("name", "Zoé Hébert = €"),
        ("name", "Zoé\x07"),
        ("name", "Z\u0301 \u0301oe"),
        ("name", "\u202eZoé"),
        ("name", "Z\u043eé"),
        ("product", "Paper cl1p"),
        ("product", "Paper ¦ clip"),
        ("product", "Paper clip. ' ."),
        ("product", "Paper clip.________"),
        ("product", "Paper clip _ _ _"),
        ("name", "' Zoé Hébert"),
        ("address_1", "12 rue du Château ,"),
        ("product", "Paper \ufffd"),
        ("product", "P\u0430per clip"),
        ("address_1", "12 rue du Ch\u00e2teau \\"),
        ("address_2", "59000\ue000Lille"),
        ("email", "a\x00b"),
        ("email", "oscar@examp(e.com"),
        ("email", "oscar@exampíe.com"),
        ("invoice_id", "FAC\u200b_2019"),
    ],
)
def test_what_cannot_be_is_told(kind, text):
    (finding,) = found(kind, text)
    assert (finding.code, finding.severity) == ("characters-impossible", "error")
    assert finding.field == ("lines.1.product" if kind == "product" else kind)
    assert finding.message.isprintable()
    assert finding.message.endswith(".")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("name", "Zoé Hébert-D'Agostino, née O’Brien"),
        ("name", "3M Deutschland GmbH & Co. KG"),
        ("name", "Владимир Иванов"),
        ("name", 'José María ("Pepe") Ñandú'),
        ("name", "王小明"),
        ("product", "Papier A4, 500 feuilles 80 g/m² (x10)"),
        ("product", "b2b guide, 2nd ed. 4x100g 500ml"),
        ("product", "<script>alert(1)</script>"),
        ("product", "Crème brûlée maison."),
        ("product", "Soap ... and glory - n°5 & co"),
        ("product", "Rock 'n' roll, 7'' single"),
        ("address_1", "97, rue de l'Île, Apt. #12"),
        ("email", "zoe+1@example.com"),
        ("total", "12.50"),
    ],
)
def test_what_people_print_is_not(kind, text):
    assert found(kind, text) == []


LETTERS = st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F)


@given(st.lists(st.text(LETTERS, min_size=1, max_size=12), min_size=1, max_size=4).map(" ".join))
def test_words_of_latin_letters_can_be(text):
    for kind in ("name", "product", "address_1"):
        assert found(kind, text) == []


@given(st.text(LETTERS, min_size=1), st.characters(categories=["Cc", "Co", "Cn"]), st.text(LETTERS))
def test_what_no_paper_holds_is_found_wherever_it_stands(before, sign, after):
    for kind in ("name", "product", "email"):
        assert len(found(kind, before + sign + after)) == 1


@given(st.text(max_size=60))
def test_no_text_breaks_the_check(text):
    for kind in ("name", "product", "address_2", "number"):
        assert len(found(kind, text)) <= 1


def test_an_accent_of_its_own_is_no_other_letter():
    assert found("name", unicodedata.normalize("NFD", "Zoé Hébert")) == []


def test_what_was_not_read_holds_nothing():
    page = Page("0" * 64, fields={"name": replace(read("x"), value=None, raw="\x07")})
    assert list(impossible_characters(Draft.of(page), TODAY)) == []
