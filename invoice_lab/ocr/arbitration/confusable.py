"""Look-alikes: what an engine may have read for what stands there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict

from invoice_lab.ocr.glyphs.typography import typography


class Confusable(BaseModel):
    """The tables of ``confusable.yaml``.

    Attributes
    ----------
    groups : tuple of tuple of str
        Letters, or short runs of them, that look alike.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: tuple[tuple[str, ...], ...]


@cache
def confusable() -> Confusable:
    """Return the tables."""
    text = resources.files(__package__).joinpath("confusable.yaml").read_text(encoding="utf-8")
    return Confusable.model_validate(yaml.safe_load(text))


@cache
def alphabet(kind: str) -> str:
    """Return the characters that a kind of field can hold, such as ``email``."""
    return typography().fields.get(kind, typography().alphabets["latin-1"])


@cache
def look_alikes(kind: str) -> Mapping[str, tuple[str, ...]]:
    """Return, for each run of letters, what looks like it in a kind of field; longer runs first."""
    letters = alphabet(kind)
    found: dict[str, set[str]] = {}
    families: dict[str, set[str]] = {}
    for letter in letters:
        families.setdefault(_base(letter).lower(), set()).add(letter)
    for group in (*confusable().groups, *families.values()):
        for one in group:
            found.setdefault(one, set()).update(other for other in group if other != one and set(other) <= set(letters))
    return {one: tuple(sorted(found[one])) for one in sorted(found, key=lambda text: (-len(text), text))}


def _base(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0]


def alike(kind: str, text: str, place: int) -> Iterator[str]:
    """Yield what `text` may say where one run of letters at `place` is replaced by a look-alike."""
    for one, others in look_alikes(kind).items():
        if text.startswith(one, place):
            for other in others:
                yield text[:place] + other + text[place + len(one) :]
