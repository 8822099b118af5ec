"""Which characters an engine takes for which others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from invoice_lab.validation.comparison import Compared

LONGEST = 3
"""Characters: what differs in more is another text, no confusion."""


@dataclass(frozen=True)
class Confusion:
    """Characters that were read as others (empty: left out, or put in), how often, and the first text it was in."""

    true: str
    read: str
    times: int
    example: Compared


def differences(true: str, read: str) -> Iterator[tuple[str, str, str]]:
    """Give two texts in pieces: ``equal`` or another tag, the true piece, the one that was read (`difflib`)."""
    for tag, first, end, start, last in SequenceMatcher(None, true, read, autojunk=False).get_opcodes():
        yield tag, true[first:end], read[start:last]


def confusions(fields: Iterable[Compared]) -> list[Confusion]:
    """Count the confusions in fields that were read, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Compared] = {}
    for one in fields:
        if one.right or one.true is None or one.read is None:
            continue
        for tag, true, read in differences(one.true, one.read):
            if tag != "equal" and max(len(true), len(read)) <= LONGEST:
                counts[true, read] += 1
                examples.setdefault((true, read), one)
    ordered = sorted(counts.items(), key=lambda found: (-found[1], found[0]))
    return [Confusion(*pair, times, examples[pair]) for pair, times in ordered]
