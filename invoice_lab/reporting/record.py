"""Values that a notebook records for tests and other programs; they are in the notebook, not on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from invoice_lab.reporting.imports import without_address_grammar

RECORD_TYPE = "application/x-invoice-lab-record+json"


def record(**values: object) -> None:
    """Record values (texts, numbers, lists of them) in the notebook that runs.

    Outside a notebook nothing happens.
    """
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is not None:
        display({RECORD_TYPE: values, "text/html": ""}, raw=True)  # type: ignore[no-untyped-call]


def recorded(notebook: Path) -> dict[str, Any]:
    """Return everything that an executed notebook recorded."""
    with without_address_grammar():
        import nbformat

    values: dict[str, Any] = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", ()):
            values.update(output.get("data", {}).get(RECORD_TYPE, {}))
    return values
