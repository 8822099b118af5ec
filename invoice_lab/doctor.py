"""``invoice-lab doctor``: what is there, what is missing, how to get it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from invoice_lab import __version__
from invoice_lab.errors import InvoiceLabError
from invoice_lab.settings import Settings

PACKAGES = (
    "jupyterlab", "papermill", "nbconvert", "pytesseract", "opencv-python", "pandas", "duckdb", "psycopg2-binary",
    "scikit-learn", "seaborn", "voila",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes
    ----------
    name : str
    ok : bool
    detail : str
        What was found.
    remedy : str
        How to get it; empty where all is well.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = "ok      " if self.ok else "MISSING "
        return f"{mark} {self.name:22} {self.detail}" + (f"\n{'':31} {self.remedy}" if self.remedy else "")


def diagnose(settings: Settings) -> list[Check]:
    """Look at versions, engines, models, fonts, database and caches; start nothing, change nothing."""
    probes = (_python, _packages, _engines, _models, _fonts, _database, _caches)
    return [check for probe in probes for check in probe(settings)]


def _attempt(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except InvoiceLabError as error:
        return Check(name, False, error.message, error.remedy)


def _python(settings: Settings) -> Iterator[Check]:
    yield Check("invoice_lab", True, f"{__version__} on Python {platform.python_version()}, {platform.platform()}")
    yield Check("data folder", True, str(settings.data_dir))
    yield Check("reports folder", True, str(settings.reports_dir))


def _packages(settings: Settings) -> Iterator[Check]:
    for name in PACKAGES:
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, "not installed", "Run `make setup`.")


def _engines(settings: Settings) -> Iterator[Check]:
    from invoice_lab.ocr.engines import AUTO, engine_states

    for state in engine_states():
        found = f"{state.version}, {state.where}" if state.usable else state.problem
        optional = "" if state.usable or state.name in AUTO else "not there, optional: "
        ok = state.usable or state.name not in AUTO
        yield Check(f"engine {state.name}", ok, optional + found, state.remedy)


def _models(settings: Settings) -> Iterator[Check]:
    from invoice_lab.ocr.engines.models import tessdata_dir

    for language in ("eng", "fra"):
        yield _attempt(f"model {language}", lambda language=language: str(tessdata_dir(language)))  # type: ignore[misc]


def _fonts(settings: Settings) -> Iterator[Check]:
    from invoice_lab.samples.fonts import check_fonts

    def look() -> str:
        check_fonts()
        return "Lato Light, GNU FreeMono, Raqm"

    yield _attempt("fonts for samples", look)


def _database(settings: Settings) -> Iterator[Check]:
    if settings.database_url:
        yield _attempt("PostgreSQL", lambda: _external(settings))
        yield from _roles(settings)
        return
    from invoice_lab.warehouse.embedded import embedded_status

    status = embedded_status(settings)
    state = f"running on 127.0.0.1:{status.port}" if status.running else "not running; started when it is needed"
    detail = status.problem or f"embedded PostgreSQL {status.version}, {state}"
    yield Check("PostgreSQL", status.problem is None, detail, "Run `make setup`." if status.problem else "")


def _external(settings: Settings) -> str:
    from invoice_lab.warehouse.connection import database

    with database(settings) as books:
        return f"{books.server_version} at {books.url_for_humans}"


def _roles(settings: Settings) -> Iterator[Check]:
    from invoice_lab.warehouse.connection import database
    from invoice_lab.warehouse.roles import missing_roles, roles_sql

    try:
        with database(settings) as books, books.connect("owner") as connection:
            missing, login = missing_roles(connection), connection.info.user
    except InvoiceLabError:
        return
    if not missing:
        yield Check("database roles", True, "all there")
        return
    remedy = f"The first ingest makes them where the owner may; else an administrator runs:\n{roles_sql(login)}"
    yield Check("database roles", True, f"{', '.join(missing)} not there; the owner does their work", remedy)


def _caches(settings: Settings) -> Iterator[Check]:
    from invoice_lab.warehouse.cache import POINTER, open_cache

    pointers = sorted((settings.data_dir / "workspaces").glob(f"*/cache/{POINTER}"))
    if not pointers:
        yield Check("workspaces", True, "none yet; `make report` makes the first")
    for name in (pointer.parent.parent.name for pointer in pointers):

        def look(name: str = name) -> str:
            with open_cache(name, settings) as cache:
                meta = cache.meta
                return f"{meta.counts['invoices']} invoices as of {meta.as_of}, fingerprint {meta.fingerprint}"

        yield _attempt(f"cache {name}", look)
