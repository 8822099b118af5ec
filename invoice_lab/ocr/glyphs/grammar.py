"""What a text may be: steps from left to right, each a set of characters, some optional, some repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DIGITS = "0123456789"


@dataclass(frozen=True)
class Step:
    """One place of a text.

    Attributes
    ----------
    characters : str
        What may stand there; empty means any character of the alphabet.
    optional, repeated : bool
        Whether it may be left out; whether it may stand there several times.
    free : bool
        Whether it is free text: there it counts how usual it is that one character follows another.
    """

    characters: str
    optional: bool = False
    repeated: bool = False
    free: bool = False


Grammar = tuple[Step, ...]
ANY: Grammar = (Step("", repeated=True, free=True),)


def literal(text: str) -> Grammar:
    """Return the steps of a text that stands there as it is."""
    return tuple(Step(character) for character in text)


def mask(form: str) -> Grammar:
    """Return the steps of a form in which ``#`` is a digit, ``@`` a capital letter, anything else itself."""
    kinds = {"#": DIGITS, "@": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    return tuple(Step(kinds.get(character, character)) for character in form)


def integer(most: int) -> Grammar:
    """Return the steps of a whole number of one to `most` digits."""
    return (Step(DIGITS), *(Step(DIGITS, optional=True) for _ in range(most - 1)))


def number(decimal: str, thousands: str, places: int) -> Grammar:
    """Return the steps of an amount: digits, perhaps with a sign between thousands, decimal sign, decimal places."""
    whole = Step(DIGITS + thousands, optional=True, repeated=True)
    return (Step(DIGITS), whole, Step(decimal), *(Step(DIGITS) for _ in range(places)))


SPACES = Step(" ", optional=True, repeated=True)
"""What a number that is set to the right has before it."""


def written_in(alphabet: str) -> Grammar:
    """Return the steps of a free text of some characters alone."""
    return (Step(alphabet, repeated=True, free=True),)


def characters_of(grammar: Grammar) -> str:
    """Return the characters that a grammar without a step for any character can hold."""
    return "".join(sorted({character for step in grammar for character in step.characters}))


def _may_hold(step: Step, text: str) -> bool:
    """Tell whether a glyph, which may stand for several letters, may stand in a place."""
    if not step.characters:
        return True
    return set(text) <= set(step.characters) if step.free else text in step.characters


@dataclass(frozen=True)
class StepTable:
    """A grammar for the glyphs of one typeface, as arrays that compiled code can walk through.

    Attributes
    ----------
    allowed : ndarray of bool, shape (steps, glyphs)
    optional, repeated : ndarray of bool, shape (steps,)
    last : ndarray of bool, shape (steps,)
        After which steps the text may end.
    free : ndarray of bool, shape (steps,)
        Which steps hold a free text.
    """

    allowed: npt.NDArray[np.bool_]
    optional: npt.NDArray[np.bool_]
    repeated: npt.NDArray[np.bool_]
    last: npt.NDArray[np.bool_]
    free: npt.NDArray[np.bool_]


def step_table(grammar: Grammar, texts: Sequence[str]) -> StepTable:
    """Put a grammar into the form for glyphs that stand for `texts`."""
    allowed = np.array([[_may_hold(step, text) for text in texts] for step in grammar])
    optional = np.array([step.optional for step in grammar])
    last = np.array([all(step.optional for step in grammar[place + 1 :]) for place in range(len(grammar))])
    free = np.array([step.free for step in grammar])
    return StepTable(allowed, optional, np.array([step.repeated for step in grammar]), last, free)
