"""The parameters of a notebook, checked before a kernel starts: papermill alone would only log an unknown one."""

from __future__ import annotations

import ast
import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from invoice_lab.errors import UsageError
from invoice_lab.warehouse.queries.frames import nearest

_TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (float, int), "bool": (bool,)}


def declared_parameters(notebook: Path) -> dict[str, str]:
    """Return the names and types that a notebook's cell tagged ``parameters`` declares.

    A type is the annotation's, else the default's; ``""`` where neither tells.
    """
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
