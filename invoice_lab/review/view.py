"""A part as a person looks at it: in the terminal, in a notebook, as a page in a browser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from invoice_lab.ocr.decode import Pixels
from invoice_lab.reporting.files import write_atomically
from invoice_lab.reporting.markup import Html, clean, escape, join
from invoice_lab.review.fields import FieldRow, field_rows
from invoice_lab.review.pictures import crop, framed_sheets
from invoice_lab.warehouse.parts import Part

_WIDEST = 44
"""Characters of a column in the terminal; longer texts are cut, the page shows them whole."""
_STYLE = """<style>
.il-review table { border-collapse: collapse; margin-bottom: 16px; } .il-review th, .il-review td { text-align: left;
padding: 4px 10px; border-bottom: 1px solid #8884; vertical-align: middle; white-space: nowrap; }
.il-review td:nth-child(2), .il-review td:nth-child(3), .il-review td:nth-child(4) { white-space: normal;
overflow-wrap: anywhere; } .il-review img { display: block; border: 1px solid #8886; height: auto; }
.il-review td img { max-width: 420px; } .il-review details img { max-width: 100%; }
.il-review tr.il-doubtful > td:first-child { border-left: 4px solid #b45309; font-weight: 600; }
.il-review summary { cursor: pointer; padding: 8px 0; }
</style>"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title><style>{css}{report_css}</style></head>
<body class="il-page"><main class="il-wide">{body}</main></body></html>
"""


@dataclass(frozen=True)
class PartView:
    """A part with its pictures.

    Attributes
    ----------
    part : Part
        As it was when it was shown; deciding on it is refused once it has changed.
    sheets : tuple of ndarray
        The scan's pixels, empty where they can't be had.
    """

    part: Part
    sheets: tuple[Pixels, ...] = ()

    @cached_property
    def rows(self) -> list[FieldRow]:
        """The fields, see `field_rows`."""
        return field_rows(self.part)

    def __repr__(self) -> str:
        part = self.part
        return f"PartView({part.name!r}, part {part.part}, {part.status}, {len(part.findings)} findings)"

    def __str__(self) -> str:
        said = [f"{row[0]:12} {row[1]}" for row in self._head()]
        table = [("", "field", "value", "read as", "sure", "how"), *map(_cells, self.rows)]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
        return "\n".join([*said, "", *(line.rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        return str(self.fragment())

    def fragment(self) -> Html:
        """Return the part as markup: findings, fields beside their pixels, whole sheets folded away."""
        body = [Html(_STYLE), _table(self._head()), self._fields()]
        pictures = framed_sheets(self.sheets, self.rows)
        if pictures:
            images = join(Html('<img src="{}" alt="sheet {}">').format(uri, number) for number, uri in pictures)
            body.append(Html("<details><summary>The whole scan</summary>{}</details>").format(images))
        else:
            body.append(Html("<p>The scan's picture can't be shown.</p>"))
        return Html('<div class="il-review">{}</div>').format(join(body))

    def write_page(self, path: Path) -> None:
        """Write the part as one HTML file that needs nothing else."""
        from invoice_lab.reporting.theme import css
        from invoice_lab.settings import template_dir

        report_css = (template_dir() / "report.css").read_text(encoding="utf-8")
        title = escape(f"Review of {self.part.name}")
        body = Html("<h1>{}</h1>").format(title) + self.fragment()
        page = Html(_PAGE).format(title=title, css=Html(css()), report_css=Html(report_css), body=body)
        write_atomically(path, str(page))

    def _head(self) -> list[tuple[str, str]]:
        part, page = self.part, self.part.page
        what = f"{page.value('invoice_id') or 'no id'}, {page.layout or 'layout unknown'}"
        return [
            ("Scan", _line(f"{part.name} ({part.sha256[:12]}:{part.part})")),
            ("Invoice", _line(what)),
            ("Status", part.status),
            *(("Finding", _line(f"{said.severity} {said.code}: {said.message}")) for said in part.findings),
            *(
                (
                    "Decided",
                    _line(f"{said.decided_at:%Y-%m-%d %H:%M} {said.decision} by {said.reviewer}: {said.reason}"),
                )
                for said in part.reviews
            ),
        ]

    def _fields(self) -> Html:
        head = join(
            Html("<th>{}</th>").format(name) for name in ("field", "on the scan", "value", "read as", "sure", "how")
        )
        body = join(self._field(row) for row in sorted(self.rows, key=lambda row: not row.doubtful))
        return Html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)

    def _field(self, row: FieldRow) -> Html:
        picture = crop(self.sheets, row.box)
        image = Html('<img src="{}" alt="{} on the scan">').format(picture, row.name) if picture else Html("")
        _, name, value, raw, sure, how = _cells(row, whole=True)
        cells = join(Html("<td>{}</td>").format(cell) for cell in (name, image, escape(value), escape(raw), sure, how))
        return Html('<tr class="{}">{}</tr>').format("il-doubtful" if row.doubtful else "", cells)


def _table(rows: Iterable[tuple[str, str]]) -> Html:
    cells = (Html("<tr><th>{}</th><td>{}</td></tr>").format(name, escape(value)) for name, value in rows)
    return Html("<table>{}</table>").format(join(cells))


def _cells(row: FieldRow, *, whole: bool = False) -> Sequence[str]:
    """Return mark, name, value, raw text, confidence and how it was read, harmless to a terminal."""
    sure = "" if row.confidence is None else f"{row.confidence:.3f}"
    texts = [_line(text or "") for text in (row.value, row.raw)]
    shown = texts if whole else [text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..." for text in texts]
    return ("?" if row.doubtful else "", row.name, *shown, sure, row.how)


def _line(text: str) -> str:
    return " ".join(clean(text).split())
