"""A finding: something a check saw, said for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["info", "warning", "error"]
Status = Literal["accepted", "review", "rejected", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Finding:
    """Something a check saw.

    Attributes
    ----------
    code : str
        Stable name of the kind of finding, such as ``total-mismatch``.
    severity : {"info", "warning", "error"}
        ``error`` sends the invoice to review (or rejects it), the others are for the reader.
    field : str or None
        The field it is about.
    message : str
        One sentence: what was read, what was expected.
    """

    code: str
    severity: Severity
    field: str | None
    message: str
