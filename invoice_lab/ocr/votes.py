"""Several readings of one text: keep the value that two of them agree on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

SURE_APART = 0.5
"""Highest confidence of a value that no second reading confirmed."""


@dataclass(frozen=True)
class Vote(Generic[T]):
    """One reading: its value (None where it had not the form), the raw text, how sure."""

    value: T | None
    raw: str
    confidence: float


def elect(votes: Iterable[Vote[T]]) -> Vote[T]:
    """Return the first value that two readings agree on, as sure as the surer of them.

    Parameters
    ----------
    votes : iterable of Vote
        Taken one after the other, so that a reading that is not needed is never made. At least one.

    Returns
    -------
    Vote
        Where no two agree: the surest that has a value, its confidence at most `SURE_APART`.
    """
    seen: list[Vote[T]] = []
    for vote in votes:
        for other in seen:
            if vote.value is not None and vote.value == other.value:
                return max(vote, other, key=lambda one: one.confidence)
        seen.append(vote)
    best = max(seen, key=lambda one: (one.value is not None, one.confidence))
    return Vote(best.value, best.raw, min(best.confidence, SURE_APART) if best.value is not None else 0.0)


def elect_each(votes: Iterable[Vote[Mapping[str, str]]], names: Sequence[str]) -> dict[str, Vote[str]]:
    """Elect each value of a row by itself: two readings may agree on a price where a third is needed for the quantity.

    Parameters
    ----------
    votes : iterable of Vote
        As for `elect`; their values are values by name.
    names : sequence of str
        What is wanted.
    """
    seen: dict[str, list[Vote[str]]] = {name: [] for name in names}
    for vote in votes:
        for name in names:
            seen[name].append(Vote((vote.value or {}).get(name), vote.raw, vote.confidence))
        if all(_agreed(seen[name]) for name in names):
            break
    return {name: elect(seen[name]) for name in names}


def _agreed(votes: list[Vote[str]]) -> bool:
    values = [vote.value for vote in votes if vote.value is not None]
    return len(values) > len(set(values))
