"""Labels as engines read them: a text begins with a label when it is alike enough."""

from __future__ import annotations

import difflib
from functools import lru_cache

LIKENESS = 0.8
"""How alike (difflib's ratio, 0 to 1) a text's beginning and a label must be: one wrong letter in five."""


@lru_cache(maxsize=8192)
def label_likeness(text: str, label: str) -> tuple[float, int]:
    """Compare the beginning of a text with a label; white space does not count.

    Returns
    -------
    likeness : float
        0 to 1; 0 where it is less than `LIKENESS`.
    end : int
        Where the label ends in `text`.
    """
    wanted = "".join(label.split())
    best, best_end = 0.0, 0
    for end in range(max(len(label) - 2, 1), min(len(label) + 3, len(text)) + 1):
        matcher = difflib.SequenceMatcher(None, "".join(text[:end].split()), wanted)
        if matcher.quick_ratio() > max(best, LIKENESS - 1e-9):
            ratio = matcher.ratio()
            if ratio > best:
                best, best_end = ratio, end
    return (best, best_end) if best >= LIKENESS else (0.0, 0)


def after_label(text: str, label: str) -> str | None:
    """Return what follows `label` at the beginning of `text`, None where the text begins otherwise."""
    likeness, end = label_likeness(text, label)
    return text[end:].strip() if likeness else None
