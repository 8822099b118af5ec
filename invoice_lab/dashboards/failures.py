"""What a viewer is told when a page breaks: a run id that the log knows, and no traceback."""

from __future__ import annotations

import logging
import uuid

_log = logging.getLogger("invoice_lab.dashboards")


def new_run() -> str:
    """Return a fresh run id, eight hexadecimal digits."""
    return uuid.uuid4().hex[:8]


def failed_run(cell: object, page: str) -> str:
    """Return the run id of a failed cell, after writing it to the log; the empty string where the cell went well.

    A Jinja filter of the page template: Voila logs the traceback and hands the stripped cell to the template without
    letting another task in between, so the line stands right below its traceback.

    Parameters
    ----------
    cell : nbformat.NotebookNode
        An executed cell.
    page : str
        The page's name.
    """
    outputs = cell.get("outputs", []) if isinstance(cell, dict) else []
    if not any(output["output_type"] == "error" for output in outputs):
        return ""
    run = new_run()
    _log.error("run %s: the page %r failed, see the traceback above", run, page)
    return run
