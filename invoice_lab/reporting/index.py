"""The page that links to every workspace's reports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from invoice_lab.reporting import words
from invoice_lab.reporting.archive import editions
from invoice_lab.reporting.files import write_atomically
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.theme import css
from invoice_lab.settings import template_dir

DESCRIPTIONS = {
    "sales": "What was sold, when and to whom.",
    "segments": "Who the customers are, and what to do.",
    "recommendations": "What each customer is offered next.",
    "ocr_quality": "How well the scans were read.",
}

STUDY = "engines.html"
"""The engine study, where somebody made one; it is of no workspace."""


def write_index(reports: Path, titles: Mapping[str, str]) -> Path:
    """Write ``index.html``: a card a report for every workspace found below `reports`.

    Parameters
    ----------
    reports : Path
        The folder of all reports.
    titles : mapping of str to str
        Title by report.

    Returns
    -------
    Path
        The page; its bytes depend on what is in the folder alone.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(template_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("overview.html.j2").render(
        workspaces=editions(reports),
        titles=titles,
        descriptions=DESCRIPTIONS,
        study=STUDY if (reports / STUDY).is_file() else "",
        whole=words.whole,
        count=words.count,
        css=Html(css()),
        report_css=Html((template_dir() / "report.css").read_text(encoding="utf-8")),
    )
    path = reports / "index.html"
    write_atomically(path, page)
    return path
