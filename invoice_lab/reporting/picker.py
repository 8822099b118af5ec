"""Choices above a table that keep some of its rows; the page's address may choose as well. No server is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from invoice_lab.reporting.markup import Html, clean, join

_SCRIPT = Path(__file__).parent / "static" / "picker.js"


@dataclass(frozen=True)
class Choice:
    """One choice.

    Attributes
    ----------
    column : str
        Of the table; the address names it, too: ``#segment=Champions``.
    label : str
    everything : str
        What choosing nothing is called.
    values : sequence of str
        As they stand in the column's cells.
    within : sequence of str
        For each value, that of the choice before, under which alone it is offered; empty: always.
    """

    column: str
    label: str
    everything: str
    values: Sequence[str]
    within: Sequence[str] = ()


def picker(table_id: str, *choices: Choice) -> Html:
    """Return choices for a table as `invoice_lab.reporting.tables.table` makes it; hidden where no script runs."""
    return Html('<div class="il-picker" data-table="{}" hidden>{}</div><script type="module">{}</script>').format(
        table_id, join(map(_select, choices), ""), Html(_SCRIPT.read_text(encoding="utf-8"))
    )


def chosen(column: str, value: str) -> str:
    """Return the end of an address that chooses a value."""
    return f"#{quote(column)}={quote(value)}"


def _select(choice: Choice) -> Html:
    within = choice.within or [""] * len(choice.values)
    options = join(
        (
            Html('<option value="{0}"{1}>{0}</option>').format(
                clean(value), Html(' data-within="{}"').format(clean(group)) if group else ""
            )
            for value, group in zip(choice.values, within, strict=True)
        ),
        "",
    )
    return Html('<label>{} <select data-column="{}"><option value="">{}</option>{}</select></label>').format(
        choice.label, choice.column, choice.everything, options
    )
