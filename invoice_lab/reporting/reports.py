"""All reports of a workspace: run, render, put in place, keep the earlier ones, and list them on one page."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from invoice_lab import __version__
from invoice_lab.errors import InterruptedRunError
from invoice_lab.reporting.archive import Edition, archive_earlier, read_edition, write_edition
from invoice_lab.reporting.exports import write_exports
from invoice_lab.reporting.index import write_index
from invoice_lab.reporting.record import recorded
from invoice_lab.reporting.render import render_html
from invoice_lab.reporting.runner import run_notebook
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
_LONGEST_FIRST = ("segments", "recommendations", "sales", "ocr_quality")


def write_reports(
    workspace: str, settings: Settings, *, as_of: date | None = None, at_a_time: int = AT_A_TIME
) -> list[Path]:
    """Write all reports and exports of a workspace, and the index of all workspaces.

    The reports are made beside the ones that are there and put in their place when all are done; earlier ones of other
    data or another day move to ``<reports>/archive/<workspace>/<as_of>-<fingerprint>/``.

    Parameters
    ----------
    workspace : str
    settings : Settings
    as_of : date, optional
        The day the reports are of; the day after the last invoice where left out.
    at_a_time : int
        Notebooks that run at the same time, each in a process of its own; the bytes don't depend on it.

    Returns
    -------
    list of Path
        The index, the reports in the order of `REPORTS`, the exports.

    Raises
    ------
    CacheError
        Where the workspace has no cache.
    NotebookError
        Where a notebook fails; the reports that were there stay.
    InterruptedRunError
        After Ctrl-C; the reports that were there stay.
    """
    with open_cache(workspace, settings) as cache:
        meta = cache.meta
    work = settings.workspace_dir(workspace) / "reports"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    parameters = {"workspace": workspace, "as_of": as_of.isoformat() if as_of else ""}
    _run_all(parameters, settings, work, _note(meta), at_a_time)
    exports = write_exports(workspace, settings, work / "exports", as_of=as_of)
    write_edition(work, _edition(meta, work, as_of))
    target = settings.workspace_reports_dir(workspace)
    archive_earlier(target, settings.reports_dir / "archive" / workspace, read_edition(work))
    written = _put_in_place(
        work, target, [Path(f"{name}.html") for name in REPORTS] + [p.relative_to(work) for p in exports]
    )
    return [write_index(settings.reports_dir, REPORTS), *written]


def run_and_render(name: str, parameters: dict[str, str], work: Path, settings: Settings, note: str) -> Path:
    """Run one report's notebook and render it into a folder."""
    output = run_notebook(name, parameters, work / f"{name}.ipynb", settings=settings)
    links = {"All reports": "../index.html", **{title: f"{report}.html" for report, title in REPORTS.items()}}
    return render_html(
        output, work / f"{name}.html", f"{REPORTS[name]} · {parameters['workspace']}", links=links, note=note
    )


def _run_all(parameters: dict[str, str], settings: Settings, work: Path, note: str, at_a_time: int) -> None:
    """Run the notebooks in fresh processes: a kernel must not inherit our threads and open files."""
    with ProcessPoolExecutor(max_workers=at_a_time, mp_context=get_context("spawn")) as pool:
        futures: list[Future[Path]] = [
            pool.submit(run_and_render, name, parameters, work, settings, note) for name in _LONGEST_FIRST
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


def _put_in_place(work: Path, target: Path, files: list[Path]) -> list[Path]:
    written = []
    for file in [*files, Path(Edition.FILE)]:
        place = target / file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(work / file, place.with_name(f".{place.name}.new"))
        place.with_name(f".{place.name}.new").replace(place)
        written.append(place)
    return written[:-1]
