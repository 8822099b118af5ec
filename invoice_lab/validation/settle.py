"""Findings that a person has decided on: they stay to be seen, and hold nothing back any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from invoice_lab.validation.finding import Finding
from invoice_lab.validation.judge import Judgement

SETTLED_BY_LOOKING = frozenset({"layout-unknown", "qr-unreadable", "field-unsure", "field-covered", "sheet-unclear"})
"""Codes that only say that reading was unsure, or that somebody should look: whoever decides has looked."""

BEYOND_DECISION = frozenset({"schema", "id-conflict", "customer-unidentified"})
"""Codes of what no decision changes: the invoice can't stand in the books as it is."""


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that hold an invoice back."""
    return [finding for finding in findings if finding.severity == "error"]


def settled(judgement: Judgement, overruled: Collection[str] = ()) -> Judgement:
    """Turn findings that a person has decided on into information, and decide anew by what is left.

    Parameters
    ----------
    judgement : Judgement
    overruled : collection of str
        Codes of the findings.

    Returns
    -------
    Judgement
        ``accepted`` where no error is left and the invoice is complete, else ``review``.
    """
    codes = frozenset(overruled) - BEYOND_DECISION
    findings = tuple(
        replace(finding, severity="info") if finding.code in codes else finding for finding in judgement.findings
    )
    sound = judgement.invoice is not None and not errors(findings)
    return replace(judgement, findings=findings, status="accepted" if sound else "review")
