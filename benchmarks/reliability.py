"""How far stated confidence can be believed: the share of fields right, by how sure the reader said it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from invoice_lab.validation.comparison import Said

EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
"""Bins of stated confidence: each from its edge up to the next one; the last one holds 1 too."""
SURE = 0.99


@dataclass(frozen=True)
class Bin:
    """The fields whose confidence is from `low` up to `high`."""

    low: float
    high: float
    n: int
    right: int


def curve(fields: Iterable[Said]) -> list[Bin]:
    """Count the fields, and those right, in each bin of stated confidence."""
    every = list(fields)
    bins = []
    for low, high in pairwise(EDGES):
        inside = [field.right for field in every if low <= field.confidence < high or high == field.confidence == 1.0]
        bins.append(Bin(low, high, len(inside), sum(inside)))
    return bins


def report(fields: Iterable[Said]) -> Iterator[str]:
    """Yield the lines of the reliability table."""
    every = list(fields)
    yield f"Reliability over {len(every):,} printed fields of damaged pages"
    yield f"{'said to be sure':>15} {'fields':>8} {'right %':>8}"
    for part in curve(every):
        yield f"{f'{part.low:g} - {part.high:g}':>15} {part.n:>8,} {_percent(part.right, part.n):>8}"
    sure = [field.right for field in every if field.confidence >= SURE]
    share = _percent(sum(sure), len(sure))
    yield f"of the fields said to be >= {100 * SURE:g} % sure, {share} % are right (n = {len(sure):,})"


def _percent(part: int, n: int) -> str:
    return f"{100 * part / n:.2f}" if n else "-"
