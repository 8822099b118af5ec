"""Key figures as cards: value, unit, change against the period before in sign and words, a sparkline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from invoice_lab.reporting import words
from invoice_lab.reporting.markup import Html, escape, join

MOST = 6
_UP, _DOWN, _SAME = "▲", "▼", "■"
_WIDTH, _HEIGHT = 200.0, 32.0


@dataclass(frozen=True)
class Card:
    """One key figure.

    Attributes
    ----------
    label : str
        What it is, with its period.
    value : str
        Formatted, without the unit.
    unit : str
    note : str
        A second figure below the value.
    change : str
        Words such as ``8.2 % more``; the arrow is put before them. Empty where nothing is compared.
    against : str
        What the change is against.
    series : sequence of float
        The sparkline, oldest first; at least three values.
    span : tuple of str
        What the sparkline begins and ends with.
    """

    label: str
    value: str
    unit: str = ""
    note: str = ""
    change: str = ""
    against: str = ""
    series: Sequence[float] = ()
    span: tuple[str, str] = ("", "")


def cards(*items: Card) -> Html:
    """Return at most six cards in a row that wraps."""
    return Html('<div class="il-cards">{}</div>').format(join(map(_card, items[:MOST])))


def compared(now: float, before: float) -> str:
    """Return the words of a change, ready for `Card.change`."""
    return words.change(now, before)


def _card(card: Card) -> Html:
    unit = Html(" <small>{}</small>").format(card.unit) if card.unit else Html()
    note = Html('<div class="il-card-note">{}</div>').format(card.note) if card.note else Html()
    return Html(
        '<div class="il-card"><div class="il-card-label">{}</div><div class="il-card-value">{}{}</div>{}{}{}</div>'
    ).format(escape(card.label), escape(card.value), unit, note, _change(card), _foot(card))


def _change(card: Card) -> Html:
    if not card.change:
        return Html('<div class="il-card-change">{}</div>').format(card.against) if card.against else Html()
    sign = _UP if card.change.endswith("more") else _DOWN if card.change.endswith("less") else ""
    return Html('<div class="il-card-change"><b>{}</b> {}</div>').format(f"{sign} {card.change}".strip(), card.against)


def _foot(card: Card) -> Html:
    values = [float(value) for value in card.series if math.isfinite(value)]
    if len(values) < 3:
        return Html()
    return Html(
        '<div class="il-card-foot"><svg class="il-spark" viewBox="0 0 {:.0f} {:.0f}" preserveAspectRatio="none" '
        'aria-hidden="true"><polyline points="{}"/></svg>'
        '<div class="il-spark-note"><span>{}</span><span>{}</span></div></div>'
    ).format(_WIDTH, _HEIGHT, _points(values), *card.span)


def _points(values: list[float]) -> str:
    low, high = min(0.0, *values), max(values)
    reach = (high - low) or 1.0
    step = _WIDTH / (len(values) - 1)
    return " ".join(f"{i * step:.1f},{_HEIGHT - (v - low) / reach * _HEIGHT:.1f}" for i, v in enumerate(values))
