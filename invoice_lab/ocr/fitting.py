"""Fit the texts of a page whose layout says how it is drawn."""

from __future__ import annotations

from invoice_lab.ocr.drawn_layout import DrawnLayout
from invoice_lab.ocr.glyphs.fit import PageFit
from invoice_lab.ocr.registration import Registered

SMEARED = 1
"""Pixels above and below a dark rule that straightening a page may darken: they look like underscores."""


def fit_page(registered: Registered, drawn: DrawnLayout, exact: dict[str, str]) -> PageFit:
    """Fit the texts that are not known exactly."""
    weights = registered.weights.copy()
    rule = drawn.rule_at(registered.placement)
    if rule:
        reach = SMEARED if rule.ink.luma()[255] else 0
        weights[max(rule.row - reach, 0) : max(rule.row + reach + 1, 0)] = 0
    inside = [slot for slot in drawn.slots(registered.placement) if drawn.holds(slot)]
    fit = PageFit(registered.dark, weights, inside, exact, rule)
    fit.run()
    return fit
