"""Glyphs in flat arrays: whichever thread asks for one gets that one, and arrays that hold it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from invoice_lab.ocr.arbitration.laid import GlyphTable, Laid

LETTERS = [chr(0x100 + number) for number in range(120)]


def drawn(letter):
    """A glyph of one pixel whose coverage, place and advance tell which letter it is."""
    time.sleep(0.0005)
    code = ord(letter)
    return (np.full((1, 1), code / 1000, np.float32), code, -code), code


def test_threads_share_a_table():
    for _ in range(5):
        table, start = GlyphTable(drawn), threading.Barrier(4)

        def ask(first, table=table, start=start):
            start.wait()
            for letter in LETTERS[first:] + LETTERS[:first]:
                numbers = table.numbers(letter)
                ink, left, top = Laid(table, numbers, np.zeros(1, np.int64)).ink()
                assert (ink.shape, left, top) == ((1, 1), ord(letter), -ord(letter))
                assert abs(float(ink[0, 0]) - ord(letter) / 1000) < 1e-6
                assert table.advances(numbers).tolist() == [ord(letter)]

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(ask, 30 * number) for number in range(4)]:
                done.result()
        assert sorted(table.numbers(LETTERS).tolist()) == list(range(len(LETTERS)))
