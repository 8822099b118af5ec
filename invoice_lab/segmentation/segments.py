"""The named segments: rules, colours, meanings and actions, read from ``segments.yaml`` (or a file like it)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from invoice_lab.errors import UsageError
from invoice_lab.warehouse.queries.frames import one_of

SCORES = ("recency", "frequency", "monetary")
LEVELS = 5
SEGMENTS_FILE = Path(__file__).with_name("segments.yaml")

RANKS, AS_R = "ranks", "r"
"""Ways to score."""
_TEXTS = ("name", "colour", "meaning", "action")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
Ranges = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Segment:
    """One named segment.

    Attributes
    ----------
    name : str
    colour : str
        ``#RRGGBB``, the same in every figure.
    meaning, action : str
        One line each: who they are, what to do.
    cells : tuple
        Each item three (low, high) pairs, for recency, frequency and monetary score; both ends included.
    """

    name: str
    colour: str
    meaning: str
    action: str
    cells: tuple[Ranges, ...]

    def fits(self, scores: Sequence[int]) -> bool:
        """Tell whether three scores (1 to 5) lie in one of the cells."""
        return any(
            all(low <= score <= high for score, (low, high) in zip(scores, cell, strict=True)) for cell in self.cells
        )


@dataclass(frozen=True)
class Scheme:
    """How customers are scored, and what the scores are called.

    Attributes
    ----------
    scores : {"ranks", "r"}
        By rank, or between cut points as R's package rfm does.
    segments : tuple of Segment
        In the order of their rules.
    """

    scores: str
    segments: tuple[Segment, ...]


def load_scheme(scheme: str = "default", path: Path = SEGMENTS_FILE) -> Scheme:
    """Read and check a scheme.

    Raises
    ------
    UsageError
        For an unknown scheme, a malformed file, a cell without a name, or, but for R's own rules, a name that no cell
        reaches.
    """
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise UsageError(f"The segments file {path.name} can't be read: {error.strerror}.") from error
    return _read_scheme(scheme, path, changed)


@cache
def _read_scheme(scheme: str, path: Path, _changed: int) -> Scheme:
    try:
        schemes = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise UsageError(f"The segments file {path.name} can't be read: {error}.") from error
    if not isinstance(schemes, dict):
        raise UsageError(f"The segments file {path.name} must map schemes to their scores and segments.")
    one_of(scheme, list(schemes), "scheme of segments")
    entry = schemes[scheme]
    if not isinstance(entry, dict) or set(entry) != {"scores", "segments"} or not isinstance(entry["segments"], list):
        raise UsageError(f"The scheme {scheme!r} in {path.name} must have exactly: scores, and a list of segments.")
    one_of(entry["scores"], [RANKS, AS_R], f"way to score (in the scheme {scheme!r})")
    segments = tuple(_segment(one, path.name) for one in entry["segments"])
    cell_names(segments, all_reachable=entry["scores"] != AS_R)
    return Scheme(entry["scores"], segments)


def load_segments(scheme: str = "default", path: Path = SEGMENTS_FILE) -> tuple[Segment, ...]:
    """Read the segments of a scheme, in the order of their rules; raises as `load_scheme` does."""
    return load_scheme(scheme, path).segments


@cache
def cell_names(segments: tuple[Segment, ...], *, all_reachable: bool = True) -> npt.NDArray[np.int64]:
    """Return which segment each of the 125 cells belongs to.

    Parameters
    ----------
    segments : tuple of Segment
    all_reachable : bool
        Whether each segment must have a cell.

    Returns
    -------
    ndarray of int, shape (5, 5, 5)
        Index into `segments` by (recency - 1, frequency - 1, monetary - 1).

    Raises
    ------
    UsageError
        Where a cell has no segment, a segment no cell, or two segments share a name or colour.
    """
    cells = np.full((LEVELS,) * 3, -1)
    for scores in itertools.product(range(1, LEVELS + 1), repeat=3):
        fitting = (number for number, segment in enumerate(segments) if segment.fits(scores))
        cells[tuple(score - 1 for score in scores)] = next(fitting, -1)
    if (cells < 0).any():
        first = tuple(int(score) + 1 for score in np.argwhere(cells < 0)[0])
        raise UsageError(f"{int((cells < 0).sum())} of 125 cells have no segment, such as {first}.")
    for number, segment in enumerate(segments):
        if all_reachable and not (cells == number).any():
            raise UsageError(f"No customer can ever be {segment.name!r}: earlier rules take all of its cells.")
    for what in ("name", "colour"):
        if len({getattr(segment, what) for segment in segments}) < len(segments):
            raise UsageError(f"Two segments have the same {what}.")
    cells.flags.writeable = False
    return cells


def areas(scheme: str = "default", bins: int = LEVELS, path: Path = SEGMENTS_FILE) -> pd.DataFrame:
    """Return the segment that most monetary scores give, by recency score (rows, the best first) and frequency score.

    Where two give as many, the one whose rule comes first.
    """
    segments = load_segments(scheme, path)
    cells = cell_names(segments, all_reachable=False)
    levels = range(1, bins + 1)
    place = {score: level_of(score, bins) for score in levels}
    names = {
        frequency: [
            segments[int(np.bincount([cells[place[r], place[frequency], place[m]] for m in levels]).argmax())].name
            for r in reversed(levels)
        ]
        for frequency in levels
    }
    return pd.DataFrame(names, index=pd.Index(list(reversed(levels)), name="recency_score"))


def level_of(score: npt.ArrayLike, bins: int) -> npt.NDArray[np.int64]:
    """Return the place (0 to 4) of scores of 1 to `bins` on the scale of 5 that rules are written in."""
    return np.floor((np.asarray(score) - 0.5) / bins * LEVELS).astype(np.int64)


def colours(scheme: str = "default") -> dict[str, str]:
    """Return the fixed colour of each segment, by name, in the order of the rules."""
    return {segment.name: segment.colour for segment in load_segments(scheme)}


@cache
def all_colours() -> dict[str, str]:
    """Return the colour of each segment of all schemes, by name; the first scheme's where two share a name."""
    schemes = list(yaml.safe_load(SEGMENTS_FILE.read_text(encoding="utf-8")))
    return {name: colour for scheme in reversed(schemes) for name, colour in colours(scheme).items()}


def _segment(entry: object, file: str) -> Segment:
    if not isinstance(entry, dict) or set(entry) != {*_TEXTS, "cells"}:
        raise UsageError(f"A segment in {file} must have exactly: {', '.join(_TEXTS)}, cells.")
    for key in _TEXTS:
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise UsageError(f"A segment in {file} has no {key}.")
    if not _COLOUR.fullmatch(entry["colour"]):
        raise UsageError(f"The colour of {entry['name']!r} in {file} must be written as #RRGGBB.")
    if not isinstance(entry["cells"], list):
        raise UsageError(f"The cells of {entry['name']!r} in {file} must be a list.")
    texts = {key: entry[key] for key in _TEXTS}
    return Segment(**texts, cells=tuple(_cell(cell, entry["name"]) for cell in entry["cells"]))


def _cell(cell: object, name: str) -> Ranges:
    if not isinstance(cell, dict):
        raise UsageError(f"A cell of {name!r} must be written as {{recency: [4, 5], ...}}.")
    for score in cell:
        one_of(score, SCORES, f"score (in the segment {name!r})")
    recency, frequency, monetary = (_range(cell.get(score, [1, LEVELS]), name) for score in SCORES)
    return recency, frequency, monetary


def _range(ends: object, name: str) -> tuple[int, int]:
    if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(end, int) for end in ends):
        raise UsageError(f"A score range of {name!r} must be two whole numbers, such as [4, 5].")
    low, high = ends
    if not 1 <= low <= high <= LEVELS:
        raise UsageError(f"The score range [{low}, {high}] of {name!r} must lie between 1 and {LEVELS}, low end first.")
    return low, high
