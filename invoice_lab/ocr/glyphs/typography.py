"""How texts are composed: which letters may occur, and how usual it is that one follows the other.

The costs are small on purpose, a few nats: where the pixels tell, they decide; where they don't, a comma before a space
is likelier than a point, and an l within a word likelier than a capital I.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict

Costs = npt.NDArray[np.float32]

APART = 1000.0
"""Nats against letters side by side that the font joins."""


class Typography(BaseModel):
    """The tables of ``typography.yaml``.

    Attributes
    ----------
    alphabets : dict of str to str
        Named sets of letters.
    fields : dict of str to str
        Field to the only characters that it holds.
    classes : dict of str to str
        Class name to its characters; letters that are in none are ``accented`` capitals and small letters.
    follows : dict of str to dict of str to float
        Cost in nats (minus log of a relative frequency) of a character of the second class after one of the first.
    letters : dict of str to float
        Cost in nats of a character by itself.
    accent : float
        Cost in nats of a letter with an accent beside that of one without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    alphabets: dict[str, str]
    fields: dict[str, str]
    classes: dict[str, str]
    follows: dict[str, dict[str, float]]
    letters: dict[str, float]
    accent: float

    def class_of(self, character: str) -> str:
        """Return the class of a character."""
        for name, members in self.classes.items():
            if character in members:
                return name
        if character.isalpha():
            return "capital" if character.isupper() else "small"
        return "sign"

    def cost_alone(self, text: str) -> float:
        """Return what a glyph's letters cost by themselves, in nats."""
        accents = sum(character.isalpha() and not character.isascii() for character in text)
        return sum(self.letters.get(character, 0.0) for character in text) + self.accent * accents

    def alone(self, texts: Sequence[str]) -> Costs:
        """Return `cost_alone` for each glyph, shape (glyphs,)."""
        return np.array([self.cost_alone(text) for text in texts], np.float32)

    def following(self, texts: Sequence[str]) -> Costs:
        """Return the cost of each glyph after each other, shape (glyphs + 1, glyphs); the last row begins a text.

        Letters that a font joins to a ligature don't stand apart.
        """
        firsts = [self.class_of(text[0]) for text in texts]
        lasts = [*(self.class_of(text[-1]) for text in texts), "start"]
        costs = np.array([[self.follows[last].get(first, 0.0) for first in firsts] for last in lasts], np.float32)
        begins = np.array([text[0] for text in texts])
        for ligature in texts:
            if len(ligature) > 1 and ligature[:-1] in texts:
                costs[texts.index(ligature[:-1]), begins == ligature[-1]] += APART
        return costs

    def ending(self, texts: Sequence[str]) -> Costs:
        """Return the cost of a text's end after each glyph, shape (glyphs,)."""
        return np.array([self.follows[self.class_of(text[-1])].get("end", 0.0) for text in texts], np.float32)


@cache
def typography() -> Typography:
    """Return the tables."""
    text = resources.files(__package__).joinpath("typography.yaml").read_text(encoding="utf-8")
    return Typography.model_validate(yaml.safe_load(text))
