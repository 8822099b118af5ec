"""The tables of typography: complete, and usual texts are cheaper than those mistaken for them."""

import pytest

from invoice_lab.ocr.glyphs.typeface import load_typeface
from invoice_lab.ocr.glyphs.typography import typography


def cost(text):
    """What a text costs, letter by letter, in nats."""
    table, letters = typography(), tuple(sorted(set(text)))
    alone, following, ending = table.alone(letters), table.following(letters), table.ending(letters)
    at = [letters.index(letter) for letter in text]
    pairs = zip([-1, *at[:-1]], at, strict=True)
    return float(alone[at].sum() + sum(following[first, second] for first, second in pairs) + ending[at[-1]])


@pytest.mark.parametrize(
    ("usual", "mistaken"),
    [
        ("well", "weIl"),
        ("Lille, Nord", "Lille. Nord"),
        ("Paper", "Paper,"),
        ("12 rue", "1z rue"),
        ("Hotel", "Hötel"),
        ("anna@example", "anna@ example"),
        ("Tea (large)", "Tea )large)"),
    ],
)
def test_the_usual_text_is_cheaper(usual, mistaken):
    assert cost(usual) < cost(mistaken)


def test_every_letter_has_a_class_that_the_tables_know():
    table = typography()
    for letter in {letter for alphabet in table.alphabets.values() for letter in alphabet}:
        assert table.class_of(letter) in table.follows, letter
    kinds = {"end", *table.follows} - {"start"}
    assert [(first, row) for first, row in table.follows.items() if not set(row) <= kinds] == []


def test_the_alphabet_can_be_drawn_with_the_layouts_fonts():
    letters = set(typography().alphabets["latin-1"])
    assert letters <= set(load_typeface("Lato-Light.ttf", 20).texts)


def test_a_ligature_counts_by_its_ends():
    table = typography().following(("fi", "a", ","))
    assert table[0, 1] == table[1, 0] == typography().follows["small"]["small"]
    assert table[0, 2] == typography().follows["small"]["comma"]


def test_letters_that_the_font_joins_never_stand_apart():
    table = typography().following(("t", "i", "ti", "í", "tí", "tti"))
    assert table[0, 1] > 500 and table[0, 3] > 500
    assert table[0, 2] < 10, "tti is not begun by t alone where only ti is joined to a t"
