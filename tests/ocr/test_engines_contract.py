"""What every engine has to keep to, on the engines themselves: three in `make test`, EasyOCR in `make test-engines`."""

import numpy as np
import pytest
from drawn import picture, usable

from invoice_lab.ocr.engines import Hint

ENGINES = ["tesserocr", "pytesseract", "rapidocr", pytest.param("easyocr", marks=pytest.mark.engines)]
LINE = ("Invoice Total 1234.56 EUR", 40, 35)
HINTS = [Hint("block"), Hint("line")]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    return usable(request.param)


def ink_of(array):
    rows, columns = np.nonzero(array < 128)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_says_who_it_is(engine, request):
    assert engine.name == request.node.callspec.params["engine"]
    assert engine.version[0].isdigit()


@pytest.mark.parametrize("hint", HINTS, ids=lambda hint: hint.shape)
class TestReading:
    def test_a_blank_picture_has_no_words(self, engine, hint):
        assert engine.words(picture(), hint) == []

    def test_a_line_of_text_is_its_words_in_order(self, engine, hint):
        words = engine.words(picture(LINE), hint)
        assert [word.text for word in words] == LINE[0].split()
        assert all(0.5 < word.confidence <= 1 for word in words)

    def test_boxes_lie_on_their_words(self, engine, hint):
        array = picture(LINE)
        words = engine.words(array, hint)
        starts = [ink_of(picture((text, 40, 35)))[2] for text in ("Invoice", "Invoice Total", "Invoice Total 1234.56")]
        for word in words:
            assert 0 <= word.box.x < word.box.right <= array.shape[1]
            assert 0 <= word.box.y < word.box.bottom <= array.shape[0]
        left, top, right, bottom = ink_of(array)
        assert abs(words[0].box.x - left) < 20
        assert abs(words[-1].box.right - right) < 20
        assert all(abs(word.box.y + word.box.height / 2 - (top + bottom) / 2) < 12 for word in words)
        for word, end_of_the_one_before in zip(words[1:], starts, strict=True):
            assert -15 < word.box.x - end_of_the_one_before < 30

    def test_the_picture_is_left_as_it_was(self, engine, hint):
        array = picture(LINE)
        before = array.copy()
        engine.words(array, hint)
        assert (array == before).all()


def test_a_part_of_a_picture_can_be_read(engine):
    """A view with strides, as a crop is."""
    whole = picture(LINE, ("Another row", 40, 200), size=(900, 300))
    words = engine.words(whole[20:100, 20:700], Hint("line"))
    assert [word.text for word in words] == LINE[0].split()


def test_rows_are_told_apart(engine):
    words = engine.words(picture(LINE, ("Another row", 40, 120), size=(900, 200)), Hint())
    upper = [word.text for word in words if word.box.y + word.box.height / 2 < 100]
    lower = [word.text for word in words if word.box.y + word.box.height / 2 >= 100]
    assert (upper, lower) == (LINE[0].split(), ["Another", "row"])


def test_a_line_of_one_digit_is_read(engine):
    words = engine.words(picture(("7", 90, 10), size=(200, 70)), Hint("line"))
    assert [word.text for word in words] == ["7"]
    assert 70 < words[0].box.x < 110


@pytest.mark.parametrize("characters", ["0123456789.", "0123456789. '\"\\$"])
def test_characters_are_kept_to_where_the_engine_can(engine, characters):
    words = engine.words(picture(("1234.56 EUR", 40, 35)), Hint("line", characters))
    read = "".join(word.text for word in words)
    if engine.name == "rapidocr":  # knows no such list, so that the hint changes nothing
        assert read == "1234.56EUR"
    else:
        assert read
        assert set(read) <= set(characters)
