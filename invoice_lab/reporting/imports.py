"""Imports that would take long by something that nothing here needs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, cast

_GRAMMAR = "rfc3987_syntax"


@contextlib.contextmanager
def without_address_grammar() -> Iterator[None]:
    """Let papermill, nbformat, nbconvert or altair be imported in the block without a grammar that takes a second.

    They import jsonschema, and it, where it can, a package that builds a grammar of international addresses. No schema
    of notebooks or charts holds such addresses; jsonschema goes without that check where the package is missing.
    """
    if _GRAMMAR in sys.modules:
        yield
        return
    modules = cast("dict[str, Any]", sys.modules)
    modules[_GRAMMAR] = None  # it is missing, to an import
    try:
        yield
    finally:
        modules.pop(_GRAMMAR, None)
