"""Labels in the reader's language: headings, axes, columns, cards and segments, from ``labels.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from invoice_lab.warehouse.queries.frames import one_of

ENGLISH = "en"
_CATALOGUE = Path(__file__).with_name("labels.yaml")


class Labels:
    """Translates labels; sentences stay English, since they are built from numbers.

    Parameters
    ----------
    language : str
        ``en``, or a language of the catalogue, such as ``fr``.

    Raises
    ------
    UsageError
        For a language that the catalogue lacks.
    """

    def __init__(self, language: str = ENGLISH) -> None:
        self.language = one_of(language, languages(), "language of the labels")
        self._texts = {} if language == ENGLISH else _catalogue()[language]

    def __call__(self, label: str) -> str:
        """Return a label in the language; the label itself where the catalogue has none, as for names of one's own."""
        return self._texts.get(label, label)


def languages() -> list[str]:
    """Return the languages there are."""
    return [ENGLISH, *_catalogue()]


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    return dict(yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8")))
