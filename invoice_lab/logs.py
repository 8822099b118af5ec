"""Structured logs: one JSON object a line, with the ids of batch and scan, in the file that INVOICE_LAB_LOG names."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from invoice_lab.errors import UsageError

VARIABLE = "INVOICE_LAB_LOG"
_LOGGER = "invoice_lab"


def log_to_file(path: str | None = None) -> None:
    """Write what `invoice_lab` logs from INFO on into a file, from now on; once for each file, however often called.

    Parameters
    ----------
    path : str, optional
        The file, to whose end is written; that of ``INVOICE_LAB_LOG`` by default. Without either nothing happens.

    Raises
    ------
    UsageError
        The file can't be written.
    """
    where = path or os.environ.get(VARIABLE)
    logger = logging.getLogger(_LOGGER)
    open_files = {getattr(handler, "baseFilename", None) for handler in logger.handlers}
    if not where or str(Path(where).resolve()) in open_files:
        return
    from pythonjsonlogger.json import JsonFormatter

    try:
        handler = logging.FileHandler(Path(where).resolve(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The log {where} can't be written: {error.strerror}.", "Name another file.") from error
    names = {"asctime": "at", "levelname": "level", "name": "logger"}
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=names))
    handler.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.setLevel(min(logger.level or logging.INFO, logging.INFO))
