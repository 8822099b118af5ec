"""All reports of a workspace: run, render, put in place, keep the earlier ones, and list them on one page."""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, as_completed
from datetime import date
from pathlib import Path
from typing import Any

from invoice_lab import __version__
from invoice_lab.errors import InterruptedRunError
from invoice_lab.reporting.archive import Edition, read_edition, write_edition
from invoice_lab.reporting.exports import write_exports
from invoice_lab.reporting.files import REPORTS_REMEDY, check_folder, usable
from invoice_lab.reporting.index import write_index
from invoice_lab.reporting.parameters import by_report
from invoice_lab.reporting.place import clean_up, files_below, put_in_place, reports_lock
from invoice_lab.reporting.processes import notebook_processes
from invoice_lab.reporting.record import recorded
from invoice_lab.reporting.render import render_html
from invoice_lab.reporting.runner import run_notebook
from invoice_lab.reporting.unchanged import Made, basis
from invoice_lab.reporting.work import work_folder
from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import CacheMeta, open_cache

REPORTS = {
    "sales": "Sales",
    "segments": "Segments",
    "recommendations": "Recommendations",
    "ocr_quality": "OCR quality",
}
"""Title by notebook, in the order of the navigation."""

AT_A_TIME = 2
PAGES = "pages"
"""Of a work folder: what will be put in place, beside the notebooks that it is rendered from."""

EXPORTS = "exports"
"""Of the pages: the folder of the accountants' files, which are made again as a report is."""

_LONGEST_FIRST = ("segments", "recommendations", "sales", "ocr_quality")


def write_reports(
    workspace: str,
    settings: Settings,
    *,
    as_of: date | None = None,
    parameters: Sequence[str] = (),
    at_a_time: int = AT_A_TIME,
    anew: bool = False,
    say: Callable[[str], None] = lambda line: None,
    finished: Callable[[Path], None] = lambda pages: None,
) -> list[Path]:
    """Write all reports and exports of a workspace, and the index of all workspaces.

    Only what changed is made again, in a folder of this run's own, and put in its place when all is done; earlier
    reports of other data or another day move to ``<reports>/archive/<workspace>/<as_of>-<fingerprint>/``. Several runs
    may go on at once. The executed notebooks, also partial ones, are kept in ``<data of the workspace>/reports/``.

    Parameters
    ----------
    workspace, settings : str, Settings
    as_of : date, optional
        The day the reports are of; the day after the last invoice where left out.
    parameters : sequence of str
        Of single reports, each as ``segments.language=fr``.
    at_a_time : int
        Notebooks that run at the same time, each in a process of its own; the bytes don't depend on it.
    anew : bool
        Whether also those are made again that are there, of the same data, parameters, notebook and code.
    say, finished : callable
        Get a line for the user; this run's own copy of what is in place now (another run may change what is there).

    Returns
    -------
    list of Path
        The index, the reports with their files in the order of `REPORTS`, the exports.

    Raises
    ------
    UsageError, CacheError
        Where no report can be written or has such a parameter, or there is no cache; before any notebook is run.
    NotebookError, InterruptedRunError
        Where a notebook fails; after Ctrl-C. The reports that were there stay.
    """
    check_writable(settings)
    own = by_report(parameters, REPORTS)
    meta = _meta(workspace, settings)
    target = settings.workspace_reports_dir(workspace)
    with reports_lock(settings.reports_dir):
        clean_up(target)
    with work_folder(settings.workspace_dir(workspace) / "runs") as work:
        run = _Run(settings, meta, work, as_of, own)
        new = run.reports if anew else run.changed(target)
        if count := len(run.reports) - len(new):
            say(f"{count} of {len(run.reports)} stay as they are: nothing that they are made from has changed.")
        run.make(new, at_a_time)
        with reports_lock(settings.reports_dir), usable(settings.reports_dir, REPORTS_REMEDY):
            run.put_in_place(target)
            index = write_index(settings.reports_dir, REPORTS)
        finished(work / PAGES)
        return [index, *(target / file for file in run.files())]


def check_writable(settings: Settings) -> None:
    """Raise `UsageError`, naming ``INVOICE_LAB_REPORTS``, where no report can be written; no notebook is run for that.

    The folder of all reports is made where it is missing.
    """
    check_folder(settings.reports_dir, REPORTS_REMEDY)


def run_and_render(name: str, parameters: Mapping[str, Any], work: Path, settings: Settings, note: str) -> Path:
    """Run one report's notebook and render it, with its files, into a work folder's pages; the notebook is kept."""
    kept = settings.workspace_dir(parameters["workspace"]) / "reports" / f"{name}.ipynb"
    output = run_notebook(name, parameters, work / f"{name}.ipynb", settings=settings, kept=kept, files=work / PAGES)
    links = {"All reports": "../index.html", **{title: f"{report}.html" for report, title in REPORTS.items()}}
    title = f"{REPORTS[name]} · {parameters['workspace']}"
    return render_html(output, work / PAGES / f"{name}.html", title, links=links, note=note)


class _Run:
    """One run: the reports of one state of the data, in a work folder."""

    reports = (*REPORTS, EXPORTS)

    def __init__(
        self, settings: Settings, meta: CacheMeta, work: Path, as_of: date | None, own: Mapping[str, dict[str, Any]]
    ) -> None:
        self._settings, self._meta, self._work, self._as_of = settings, meta, work, as_of
        common = {"workspace": meta.workspace, "as_of": as_of.isoformat() if as_of else ""}
        self._parameters = {name: common | own.get(name, {}) for name in self.reports}
        self._bases = {name: basis(name, self._parameters[name], meta) for name in self.reports}
        self._made = Made(settings.workspace_dir(meta.workspace) / "reports" / "made.json")
        self._pages = work / PAGES
        self._pages.mkdir()

    def changed(self, target: Path) -> list[str]:
        """Take over from the reports that are there what is still right; return what is not."""
        taken = (name for name in self.reports if self._made.take_over(name, self._bases[name], target, self._pages))
        unchanged = set(taken)
        return [name for name in self.reports if name not in unchanged]

    def make(self, names: Sequence[str], at_a_time: int) -> None:
        """Make the reports of these names."""
        notebooks = [name for name in _LONGEST_FIRST if name in names]
        if notebooks:
            _run_all(notebooks, self._parameters, self._settings, self._work, _note(self._meta), at_a_time=at_a_time)
        if "sales" in names:
            write_edition(self._pages, _edition(self._meta, self._work, self._as_of))
        if EXPORTS in names:
            write_exports(self._meta.workspace, self._settings, self._pages / EXPORTS, as_of=self._as_of)
        if _meta(self._meta.workspace, self._settings).digest != self._meta.digest:
            return  # somebody refreshed the cache meanwhile: it is not known which data each page is of
        for name in names:
            self._made.remember(name, self._bases[name], self._pages, self._files_of(name))

    def put_in_place(self, target: Path) -> None:
        """Put all reports in place but where they are there already; to be called within `reports_lock`."""
        edition = read_edition(self._pages)
        assert edition is not None
        files = [file.relative_to(self._pages) for file in files_below(self._pages)]
        _, other, missing = filecmp.cmpfiles(self._pages, target, files, shallow=False)
        if other or missing:
            put_in_place(self._pages, target, edition)
        self._made.write()

    def files(self) -> list[Path]:
        """Return the reports with their files in the order of `REPORTS`, and the exports, within the folder."""
        files = [file for name in self.reports for file in self._files_of(name) if file.name != Edition.FILE]
        return [path.relative_to(self._pages) for path in files]

    def _files_of(self, name: str) -> list[Path]:
        if name == EXPORTS:
            return sorted((self._pages / EXPORTS).iterdir())
        edition = [self._pages / Edition.FILE] if name == "sales" else []
        others = sorted(file for file in self._pages.glob(f"{name}.*") if file.suffix != ".html")
        return [self._pages / f"{name}.html", *others, *edition]


def _meta(workspace: str, settings: Settings) -> CacheMeta:
    with open_cache(workspace, settings) as cache:
        return cache.meta


def _run_all(
    names: Sequence[str],
    parameters: Mapping[str, Mapping[str, Any]],
    settings: Settings,
    work: Path,
    note: str,
    *,
    at_a_time: int,
) -> None:
    """Run the notebooks in processes of their own: a kernel must not inherit our threads and open files."""
    with notebook_processes(at_a_time) as pool:
        futures: list[Future[Path]] = [
            pool.submit(run_and_render, name, parameters[name], work, settings, note) for name in names
        ]
        try:
            for future in as_completed(futures):
                future.result()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise InterruptedRunError("The reports were stopped; the earlier ones are still there.") from None
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _edition(meta: CacheMeta, work: Path, as_of: date | None) -> Edition:
    values = recorded(work / "sales.ipynb")
    day = as_of or meta.as_of
    return Edition(
        workspace=meta.workspace,
        as_of=day.isoformat() if day else "",
        fingerprint=meta.fingerprint,
        sample=meta.sample,
        period=str(values.get("period", "")),
        invoices=int(values["invoices"]),
        customers=int(values["customers"]),
    )


def _note(meta: CacheMeta) -> str:
    return f"Made by invoice_lab {__version__} from workspace {meta.workspace}, data fingerprint {meta.fingerprint}."
