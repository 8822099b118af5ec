"""Tables: plain escaped HTML that reads and prints without a script, made sortable by the DataTables bundle of itables.

Every cell goes through `escape`. Numbers carry their raw value in ``data-order``, by which they are
sorted and downloaded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.markup import Html, clean, escape, join
from invoice_lab.reporting.theme import segment_colour, status_colour, status_sign

Kind = Literal[
    "text", "long", "wrapped", "fixed", "link", "whole", "decimal", "money", "percent", "date", "segment", "status"
]
PAGE_ROWS = 10
_CUT = 32
_FEW_COLUMNS = 4
_BREAKS = re.compile(r"(?<=[/_])")

_LANGUAGE = {
    "search": "Search",
    "info": "_START_ to _END_ of _TOTAL_ rows",
    "infoEmpty": "No rows",
    "infoFiltered": "(of _MAX_)",
    "zeroRecords": "No row holds this text.",
    "emptyTable": "No rows.",
}

_NUMBERS: dict[str, Callable[[Any], str]] = {
    "whole": words.whole,
    "decimal": words.decimal,
    "money": lambda value: words.money(value, ""),
    "percent": lambda value: words.decimal(100 * value, 1) + (f"{words.NBSP}%" if value == value else ""),  # noqa: PLR0124
}


@dataclass(frozen=True)
class Column:
    """How one column of a frame is shown.

    Attributes
    ----------
    name : str
        In the frame.
    label : str
        In the head, with the unit.
    kind : Kind
        ``text`` is cut to one line with the whole in a tooltip, ``long`` is wrapped, ``wrapped`` too but in a narrow
        column, after slashes and underscores and, where need be, anywhere; ``fixed`` is neither; ``link`` is markup as
        `link` makes it.
    meaning : str
        Explains the label on hover.
    shown : callable
        Of a ``segment``: gives what it is called in the reader's language.
    colour : callable
        Of a ``segment``: gives its colour; with rules of one's own it is another.
    """

    name: str
    label: str
    kind: Kind = "text"
    meaning: str = ""
    shown: Callable[[str], str] = str
    colour: Callable[[str], str] = segment_colour


def table(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    table_id: str,
    caption: str | Html = "",
    file: str = "",
    label: Callable[[str], str] = str,
    page_rows: int = PAGE_ROWS,
) -> Html:
    """Return a frame as a table that can be sorted and, from eleven rows on, searched, paged and downloaded.

    Parameters
    ----------
    frame : DataFrame
        Shown in its order.
    columns : sequence of Column
        Which columns, in which order.
    table_id : str
        Fixed, so that equal data gives equal bytes; unique on its page.
    caption : str, optional
        Stands above the table.
    file : str, optional
        Name of the downloaded file, without suffix; `table_id` where empty.
    label : callable
        Says what stands around the table in the reader's language.
    page_rows : int
        Rows of a page of it.
    """
    rows = join((_row(record, columns) for record in frame.to_dict("records")), "\n")
    head = join((_head(column) for column in columns), "")
    caption_html = Html('<p class="il-caption">{}</p>').format(escape(caption)) if caption else Html()
    narrow = len(columns) <= _FEW_COLUMNS and all(column.kind in (*_NUMBERS, "fixed") for column in columns)
    return Html(
        '<div class="il-table{}">{}<div class="il-scroll"><table id="{}" class="il-datatable" data-il-options="{}">\n'
        "<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table></div></div>"
    ).format(
        " il-narrow" if narrow else "",
        caption_html,
        table_id,
        json.dumps(_options(len(frame), columns, file or table_id, label, page_rows), sort_keys=True),
        head,
        rows,
    )


def swatch(colour: str, text: str) -> Html:
    """Return a text with its colour beside it."""
    return Html('<span class="il-swatch" style="background:{}"></span>{}').format(colour, escape(text))


def link(address: str, text: str) -> Html:
    """Return a text that leads elsewhere."""
    return Html('<a href="{}">{}</a>').format(address, text)


def status_mark(status: str) -> Html:
    """Return a status with its sign and colour."""
    return Html('<span class="il-sign" style="background:{}" aria-hidden="true">{}</span>{}').format(
        status_colour(status), status_sign(status), status
    )


def _options(
    rows: int, columns: Sequence[Column], file: str, label: Callable[[str], str], page_rows: int
) -> dict[str, Any]:
    """Return the options of DataTables; the script in ``static/tables.js`` adds what JSON can't say."""
    layout: dict[str, Any] = dict.fromkeys(("topStart", "topEnd", "bottomStart", "bottomEnd"))
    if rows > PAGE_ROWS:
        layout = {
            "topStart": "search",
            "topEnd": {"buttons": [{"extend": "csv", "text": label("Download CSV"), "filename": file}]},
            "bottomStart": "info",
            "bottomEnd": "paging",
        }
    texts = [place for place, column in enumerate(columns) if column.kind not in _NUMBERS]
    return {
        "autoWidth": False,
        # else DataTables takes customer number 00565 for a number
        "columnDefs": [{"targets": texts, "type": "string"}],
        "columns": [{"name": column.name} for column in columns],
        "layout": layout,
        "order": [],
        "pageLength": page_rows,
        "paging": rows > page_rows,
        "language": {what: label(text) for what, text in _LANGUAGE.items()},
    }


def _head(column: Column) -> Html:
    kind = "il-number" if column.kind in _NUMBERS else "il-text-column"
    label = Html('<abbr class="il-term" title="{}">{}</abbr>').format(column.meaning, column.label)
    return Html('<th class="{}" scope="col">{}</th>').format(kind, label if column.meaning else column.label)


def _row(record: dict[Any, Any], columns: Sequence[Column]) -> Html:
    return Html("<tr>{}</tr>").format(join((_cell(record[column.name], column) for column in columns), ""))


def _cell(value: Any, column: Column) -> Html:  # noqa: ANN401 - any cell
    kind = column.kind
    missing = value is None or value != value  # noqa: PLR0124 - NaN and NaT
    if kind in _NUMBERS:
        raw = "" if missing else f"{float(value):.10g}"
        return Html('<td class="il-number" data-order="{}">{}</td>').format(raw, _NUMBERS[kind](value))
    if missing or value == "":
        return Html('<td data-order="">{}</td>').format(words.MISSING)
    if kind == "link":
        return Html('<td class="il-fixed">{}</td>').format(value)
    if kind == "date":
        return Html('<td class="il-fixed">{}</td>').format(words.day(value))
    if kind in ("segment", "status"):
        shown = column.shown(value)
        mark = swatch(column.colour(value), shown) if kind == "segment" else status_mark(value)
        return Html('<td class="il-fixed" data-order="{}">{}</td>').format(clean(shown), mark)
    return _text_cell(clean(value), kind)


def _text_cell(text: str, kind: Kind) -> Html:
    if kind == "text" and len(text) > _CUT:
        return Html('<td class="il-cut" title="{0}">{0}</td>').format(text)
    if kind == "wrapped":
        parts = _BREAKS.split(text)
        return Html('<td class="il-wrapped">{}</td>').format(join(map(escape, parts), "<wbr>"))
    return Html('<td class="{}">{}</td>').format("il-long" if kind == "long" else "il-fixed", text)
