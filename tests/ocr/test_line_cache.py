"""The line cache: no line is read twice by the same engine, and what is read does not depend on what is cached."""

import numpy as np
import pytest
from pages import NEW, OLD, scan_of

from invoice_lab.ocr.engines import Hint, RememberingEngine, Word, load_engine
from invoice_lab.ocr.engines.line_cache import line_key
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.read import Reader
from invoice_lab.samples import draw_page

LINE = Hint("line")


class Counting:
    name, version, model, by_piece = "counting", "1", "a", True

    def __init__(self):
        self.calls = 0

    def words(self, picture, hint):
        self.calls += 1
        return [Word(f"{picture.sum()}", Box(0, 0, 1, 1), 0.5)]


class Memory(dict):
    def put(self, key, words):
        self[key] = words


def picture(value=7, shape=(4, 6)):
    return np.full(shape, value, np.uint8)


def test_a_line_is_read_once():
    engine = Counting()
    remembering = RememberingEngine(engine, Memory())
    assert remembering.words(picture(), LINE) == remembering.words(picture(), LINE)
    assert engine.calls == 1
    remembering.words(picture(8), LINE)
    assert engine.calls == 2


def test_blocks_are_read_each_time():
    engine = Counting()
    remembering = RememberingEngine(engine, Memory())
    for _ in range(2):
        remembering.words(picture(), Hint("block", "0123"))
    assert engine.calls == 2


def test_it_passes_for_the_engine_that_reads():
    remembering = RememberingEngine(Counting(), Memory())
    assert (remembering.name, remembering.version, remembering.by_piece) == ("counting", "1", True)


def test_the_key_is_of_all_that_a_reading_depends_on():
    keys = {line_key(Counting(), picture(), LINE)}
    for name in ("name", "version", "model"):
        other = Counting()
        setattr(other, name, "other")
        keys.add(line_key(other, picture(), LINE))
    keys.add(line_key(Counting(), picture(), Hint("line", "012")))
    keys.add(line_key(Counting(), picture(8), LINE))
    keys.add(line_key(Counting(), picture(shape=(6, 4)), LINE))
    assert len(keys) == 7
    assert line_key(Counting(), picture(), LINE) in keys


def test_the_default_engine_says_which_model_reads():
    assert len(load_engine("tesserocr").model) == 64


@pytest.mark.parametrize("record", [NEW, OLD])
def test_a_page_is_read_the_same_with_and_without(record):
    scan, lines = scan_of(draw_page(record)), Memory()
    plain = Reader("tesserocr").read(scan)
    assert Reader("tesserocr", lines=lines).read(scan) == plain
    known = set(lines)
    assert known
    assert Reader("tesserocr", lines=lines).read(scan) == plain
    assert set(lines) == known
