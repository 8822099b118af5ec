"""The parameters of a notebook, checked before a kernel starts: papermill alone would only log an unknown one."""

from __future__ import annotations

import ast
import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from invoice_lab.errors import UsageError
from invoice_lab.reporting.imports import without_address_grammar
from invoice_lab.settings import notebooks_dir
from invoice_lab.warehouse.queries.frames import nearest, one_of

OF_ALL = ("workspace", "as_of")
"""Parameters that all reports of a run share."""

FILE = "_file"
"""How the name of a parameter ends that names a file."""

_TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (float, int), "bool": (bool,)}


def declared_parameters(notebook: Path) -> dict[str, str]:
    """Return the names and types that a notebook's cell tagged ``parameters`` declares.

    A type is the annotation's, else the default's; ``""`` where neither tells.
    """
    with without_address_grammar():
        import papermill

    with _quiet():
        found = papermill.inspect_notebook(str(notebook))
    return {name: _type_of(item["inferred_type_name"], item["default"]) for name, item in found.items()}


def check_parameters(notebook: Path, parameters: Mapping[str, Any]) -> None:
    """Check that a notebook declares every parameter, with such a type.

    Raises
    ------
    UsageError
        For an unknown parameter (the nearest known is named), or one of another type than declared.
    """
    declared = declared_parameters(notebook)
    for name, value in parameters.items():
        if name not in declared:
            raise UsageError(f"The notebook {notebook.stem!r} has no parameter {name!r}{nearest(name, declared)}")
        _check_type(notebook.stem, name, value, declared[name])


def by_report(given: Sequence[str], reports: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the parameters of each report that some are given for, in the types that its notebook declares.

    Parameters
    ----------
    given : sequence of str
        Each as ``segments.language=fr``.
    reports : iterable of str
        Names of their notebooks.

    Raises
    ------
    UsageError
        For another form, an unknown report or parameter (the nearest known is named), or a value of another type.
    """
    known = list(reports)
    found: dict[str, dict[str, Any]] = {}
    for item in given:
        place, equals, text = item.partition("=")
        report, dot, name = place.partition(".")
        if not equals or not dot:
            raise UsageError(f"{item!r} is no parameter of a report.", "Write it as segments.language=fr.")
        if name in OF_ALL:
            raise UsageError(f"{name!r} is one for all reports.", "Use --as-of or --workspace.")
        notebook = notebooks_dir() / f"{one_of(report, known, 'report')}.ipynb"
        value = _typed(text, declared_parameters(notebook).get(name, ""))
        if name.endswith(FILE) and text:
            value = str(Path(text).resolve())  # the notebook runs in another folder
        check_parameters(notebook, {name: value})
        found.setdefault(report, {})[name] = value
    return found


def _typed(text: str, kind: str) -> object:
    """Return a text as a value of a declared type; the text itself where it is none."""
    if kind == "str":
        return text
    with contextlib.suppress(ValueError, SyntaxError):
        return ast.literal_eval(text.capitalize() if kind == "bool" else text)
    return text


def _check_type(notebook: str, name: str, value: object, declared: str) -> None:
    allowed = _TYPES.get(declared)
    if allowed is None:
        return
    is_bool = isinstance(value, bool)
    if not isinstance(value, allowed) or is_bool != (declared == "bool"):
        raise UsageError(
            f"The parameter {name!r} of the notebook {notebook!r} must be of type {declared}, "
            f"not {type(value).__name__}: {value!r}.",
            "",
        )


def _type_of(inferred: str, default: str) -> str:
    if inferred in _TYPES:
        return inferred
    with contextlib.suppress(ValueError, SyntaxError):
        return type(ast.literal_eval(default)).__name__
    return ""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep papermill from logging which notebook it opens."""
    logger = logging.getLogger("papermill")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
