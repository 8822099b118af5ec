"""Grammars accept what their form says, and nothing else; so do their tables."""

import pytest

from invoice_lab.ocr.glyphs.grammar import (
    ANY,
    SPACES,
    characters_of,
    integer,
    literal,
    mask,
    number,
    step_table,
    written_in,
)

GLYPHS = (*"0123456789 .,_ABCFXxfé", "fi")
PRICE = (SPACES, *number(".", "", 2), *literal(" x"))
ID = mask("FAC_##@")
FORMS = {
    "id": (ID, ["FAC_42B"], ["FAC_42", "FAC_4BB", "FAC_42b", "FAC 42B", "FAC_42BB", ""]),
    "integer": (integer(3), ["7", "42", "999"], ["", "1000", "4 2", "x"]),
    "price": (PRICE, ["0.95 x", "  12.50 x", "1234.00 x"], [".95 x", "12.5 x", "12.505 x", "12.50", "1,234.00 x"]),
    "thousands": (number(",", " ", 2), ["1 234,50", "0,89"], [" 1,00", "1234.50", "12,5"]),
    "free": (ANY, ["Fxé 42", "x"], [""]),
    "label": (literal("FAC ") + ANY, ["FAC x0"], ["FAC", "AC x"]),
}


def accepts(grammar, text):
    """Walk through a grammar's table as the search does: the same step again, or a next one, optional ones passed."""
    table = step_table(grammar, GLYPHS)
    at = {-1}
    for letter in text:
        if letter not in GLYPHS:
            return False
        glyph, after = GLYPHS.index(letter), set()
        for step in at:
            reached = [step] if step >= 0 and table.repeated[step] else []
            for to in range(step + 1, len(grammar)):
                reached.append(to)
                if not table.optional[to]:
                    break
            after |= {to for to in reached if table.allowed[to, glyph]}
        at = after
    return any(step >= 0 and table.last[step] for step in at)


@pytest.mark.parametrize("name", FORMS)
def test_a_grammar_accepts_its_form_and_nothing_else(name):
    grammar, good, bad = FORMS[name]
    assert [text for text in good if not accepts(grammar, text)] == []
    assert [text for text in bad if accepts(grammar, text)] == []


def test_free_steps_allow_every_glyph_and_are_marked():
    table = step_table(literal("F") + ANY, GLYPHS)
    assert table.allowed[1].all()
    assert table.free.tolist() == [False, True]


def test_a_ligature_stands_in_no_step_of_single_characters():
    assert not step_table(mask("@#"), GLYPHS).allowed[:, GLYPHS.index("fi")].any()


def test_free_text_of_some_characters_holds_their_ligatures_and_no_others():
    table = step_table(written_in("@.ABCXfix"), GLYPHS)
    held = {glyph for glyph, allowed in zip(GLYPHS, table.allowed[0], strict=True) if allowed}
    assert held == {".", *"ABCXxf", "fi"}
    assert table.free.tolist() == [True]


def test_the_characters_of_a_form():
    assert characters_of(literal("a ") + integer(2)) == " 0123456789a"
