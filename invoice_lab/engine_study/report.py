"""The engine study as a report: one HTML file beside the workspaces' reports."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from invoice_lab import __version__
from invoice_lab.engine_study.measure import chosen_engines
from invoice_lab.engine_study.sample import StudyParameters, kinds_of
from invoice_lab.reporting.index import STUDY, write_index
from invoice_lab.reporting.place import reports_lock
from invoice_lab.reporting.render import render_html
from invoice_lab.reporting.reports import REPORTS, check_writable
from invoice_lab.reporting.runner import run_notebook
from invoice_lab.settings import Settings

NOTEBOOK = "engines"


def write_study(settings: Settings, parameters: StudyParameters) -> Path:
    """Run the notebook `engines` and write ``engines.html`` into the folder of all reports.

    The executed notebook is kept in the data folder as ``engines.ipynb``.

    Raises
    ------
    UsageError
        Where a parameter can't be, or no report can be written.
    NotebookError
        Where the notebook fails.
    """
    kinds_of(parameters.kinds)
    chosen_engines(parameters.engines)
    check_writable(settings)
    output = settings.data_dir / f"{NOTEBOOK}.ipynb"
    run_notebook(NOTEBOOK, asdict(parameters), output, settings=settings)
    note = f"Made by invoice_lab {__version__}."
    links = {"All reports": "index.html"}
    html = render_html(output, settings.reports_dir / STUDY, "OCR engines", links=links, note=note)
    with reports_lock(settings.reports_dir):
        write_index(settings.reports_dir, REPORTS)
    return html
