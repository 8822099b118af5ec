"""OCR engines behind one protocol; one module an engine, loaded when it is asked for."""

from __future__ import annotations

import difflib
from importlib import import_module

from invoice_lab.errors import MissingToolError, UsageError
from invoice_lab.ocr.engines.base import Hint, OcrEngine, Word

ENGINES = {
    "tesserocr": "invoice_lab.ocr.engines.tesserocr_engine",
    "pytesseract": "invoice_lab.ocr.engines.pytesseract_engine",
}
"""Engine names and their modules, the default first."""

__all__ = ["ENGINES", "Hint", "OcrEngine", "Word", "engine_names", "load_engine"]


def engine_names() -> list[str]:
    """Return what ``--engine`` takes."""
    return ["auto", *ENGINES]


def load_engine(name: str = "auto") -> OcrEngine:
    """Load an engine by name.

    Parameters
    ----------
    name : str
        ``tesserocr``, ``pytesseract``, or ``auto``: the first of them that is installed.

    Raises
    ------
    UsageError
        For an unknown name.
    MissingToolError
        Where the engine, or its language model, is not installed.
    """
    if name == "auto":
        return _first_installed()
    if name not in ENGINES:
        near = difflib.get_close_matches(name, engine_names(), n=1) or engine_names()
        raise UsageError(
            f"There is no OCR engine {name!r}.", f"Did you mean {near[0]!r}? Known: {', '.join(engine_names())}."
        )
    engine: OcrEngine = import_module(ENGINES[name]).create()
    return engine


def _first_installed() -> OcrEngine:
    problems = []
    for name in ENGINES:
        try:
            return load_engine(name)
        except MissingToolError as error:
            problems.append(f"{name}: {error.message}")
    raise MissingToolError("No OCR engine can be used. " + " ".join(problems))
