"""The kerning of a font, from its GPOS table: how far two letters are moved together or apart."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.otBase import ValueRecord
from fontTools.ttLib.tables.otTables import PairPos

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of dates in the font's head
Ints = npt.NDArray[np.int64]


@cache
def kerning_of(path: Path, letters: tuple[str, ...]) -> tuple[Ints, int]:
    """Return the kerning between all pairs of some letters.

    Parameters
    ----------
    path : Path
        The font's file.
    letters : tuple of str
        One character each.

    Returns
    -------
    ndarray of int, shape (letters, letters)
        Units of the font that are added to the first one's advance.
    int
        Units an em.
    """
    with TTFont(path, lazy=True) as font:
        names = [font.getBestCmap().get(ord(letter), ".notdef") for letter in letters]
        pairs = np.zeros((len(names), len(names)), np.int64)
        for lookup in _lookups(font):
            for row, first in enumerate(names):
                pairs[row] += _row(lookup, first, names)
        return pairs, int(font["head"].unitsPerEm)


def _lookups(font: TTFont) -> list[list[PairPos]]:
    """Return the subtables of each lookup for kerning pairs, in the order in which they are applied."""
    if "GPOS" not in font:
        return []
    table = font["GPOS"].table
    features = [record.Feature for record in table.FeatureList.FeatureRecord if record.FeatureTag == "kern"]
    numbers = sorted({number for feature in features for number in feature.LookupListIndex})
    lookups = [table.LookupList.Lookup[number].SubTable for number in numbers]
    plain = [[getattr(one, "ExtSubTable", one) for one in subtables] for subtables in lookups]
    return [[one for one in subtables if isinstance(one, PairPos)] for subtables in plain]


def _row(subtables: list[PairPos], first: str, names: Sequence[str]) -> Ints:
    """Return what a lookup adds between one letter and each other: the first subtable that knows the pair counts."""
    row, open_ = np.zeros(len(names), np.int64), np.ones(len(names), np.bool_)
    for subtable in subtables:
        if first not in subtable.Coverage.glyphs:
            continue
        known, values = _by_pair(subtable, first, names) if subtable.Format == 1 else _by_class(subtable, first, names)
        row[open_ & known] = values[open_ & known]
        open_ &= ~known
    return row


def _by_pair(subtable: PairPos, first: str, names: Sequence[str]) -> tuple[npt.NDArray[np.bool_], Ints]:
    pairs = subtable.PairSet[subtable.Coverage.glyphs.index(first)].PairValueRecord
    values = {pair.SecondGlyph: _advance(pair.Value1) for pair in pairs}
    return np.array([name in values for name in names]), np.array([values.get(name, 0) for name in names], np.int64)


def _by_class(subtable: PairPos, first: str, names: Sequence[str]) -> tuple[npt.NDArray[np.bool_], Ints]:
    records = subtable.Class1Record[subtable.ClassDef1.classDefs.get(first, 0)].Class2Record
    of_class = np.array([_advance(record.Value1) for record in records], np.int64)
    classes = [subtable.ClassDef2.classDefs.get(name, 0) for name in names]
    return np.ones(len(names), np.bool_), of_class[classes]


def _advance(value: ValueRecord | None) -> int:
    return int(getattr(value, "XAdvance", 0) or 0)
