"""Engines by name, found by entry point: ours, and those that other installed packages bring."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from invoice_lab.errors import InvoiceLabError, MissingToolError, UsageError
from invoice_lab.ocr.engines.base import OcrEngine

GROUP = "invoice_lab.engines"
"""The entry points' group. Each names something that is called without arguments and returns an `OcrEngine`; it may
have an attribute `probe`, called to learn the version without starting the engine, and a text `where`."""
AUTO = ("tesserocr", "pytesseract")
"""What ``auto`` tries, in this order."""
_OURS = "invoice-lab"


@dataclass(frozen=True)
class EngineState:
    """What is known of one engine.

    Attributes
    ----------
    name : str
    usable : bool
    version : str
        Empty where the engine is not usable.
    where : str
        Its environment's folder, or the package that brings it.
    problem, remedy : str
        What is missing and how to get it; empty where it is usable.
    """

    name: str
    usable: bool
    version: str
    where: str
    problem: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        if self.usable:
            return f"{self.name:12} usable      {self.version:20} {self.where}"
        return f"{self.name:12} not usable  {self.problem}\n{'':24} {self.remedy}"


@cache
def _found() -> dict[str, EntryPoint]:
    """Return the entry points by name; ours win, then the first package by name."""
    found = sorted(entry_points(group=GROUP), key=lambda point: (_package(point) != _OURS, _package(point), point.name))
    names = [*AUTO, *(point.name for point in found if point.name not in AUTO)]
    by_name = {point.name: point for point in reversed(found)}
    return {name: by_name[name] for name in names if name in by_name}


def _package(point: EntryPoint) -> str:
    return point.dist.name.replace("_", "-") if point.dist else ""


def engine_names() -> list[str]:
    """Return what ``--engine`` takes: ``auto``, our engines, those of other packages."""
    return ["auto", *_found()]


def load_engine(name: str = "auto") -> OcrEngine:
    """Load an engine by name.

    Parameters
    ----------
    name : str
        An engine's name, or ``auto``: the first usable of `AUTO`.

    Raises
    ------
    UsageError
        For an unknown name.
    MissingToolError
        Where the engine, its environment, its language model or its weights are not there.
    """
    if name == "auto":
        return _first_usable()
    point = _point(name)
    engine = _guarded(point, _factory(point))
    if not all(hasattr(engine, part) for part in ("name", "version", "words")):
        raise _broken(point, "it returns no OCR engine")
    return engine


def engine_state(name: str) -> EngineState:
    """Look whether an engine can be used; engines with an environment of their own are not started."""
    point = _point(name)
    where = f"package {_package(point)}"
    try:
        factory = _factory(point)
        where = getattr(factory, "where", where)
        probe = getattr(factory, "probe", None)
        version = _guarded(point, probe) if probe else load_engine(name).version
    except InvoiceLabError as error:
        return EngineState(name, False, "", where, error.message, error.remedy)
    return EngineState(name, True, str(version), where)


def engine_states() -> list[EngineState]:
    """Look at all engines."""
    return [engine_state(name) for name in _found()]


def _first_usable() -> OcrEngine:
    problems = []
    for name in AUTO:
        try:
            return load_engine(name)
        except (MissingToolError, UsageError) as error:
            problems.append(f"{name}: {error.message}")
    raise MissingToolError("No OCR engine can be used. " + " ".join(problems))


def _point(name: str) -> EntryPoint:
    found = _found()
    if name not in found:
        near = difflib.get_close_matches(name, engine_names(), n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"There is no OCR engine {name!r}.", f"{hint}Known: {', '.join(engine_names())}.")
    return found[name]


def _factory(point: EntryPoint) -> Callable[[], OcrEngine]:
    factory: Callable[[], OcrEngine] = _guarded(point, point.load)
    return factory


def _guarded(point: EntryPoint, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever `act` returns
    """Do something of an entry point; what a stranger's code raises must not break the other engines."""
    try:
        return act()
    except InvoiceLabError:
        raise
    except Exception as error:
        raise _broken(point, f"{type(error).__name__}: {error}") from error


def _broken(point: EntryPoint, what: str) -> MissingToolError:
    package = _package(point)
    return MissingToolError(
        f"The engine {point.name!r} of the package {package} is broken: {what}.",
        f"Mend or remove the package {package}, or choose another engine with --engine.",
    )
