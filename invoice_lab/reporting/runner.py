"""Run a notebook: parameters checked first, no credentials in its kernel, a failure that names what is left."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoice_lab import errors
from invoice_lab.errors import InterruptedRunError, InvoiceLabError, NotebookError, UsageError
from invoice_lab.reporting.files import write_atomically
from invoice_lab.reporting.kernel import interruptible, kernel_environment, kernel_manager_class
from invoice_lab.reporting.parameters import check_parameters
from invoice_lab.settings import Settings, notebooks_dir
from invoice_lab.warehouse.queries.frames import nearest

if TYPE_CHECKING:
    from nbformat import NotebookNode

KERNEL = "python3"
INTERACTIVE = "interactive"
"""Cells with this tag are for dashboards; those tagged ``static`` are for reports."""


def notebook_path(name: str) -> Path:
    """Return the path of one of our notebooks, or raise `UsageError` naming the nearest."""
    known = sorted(path.stem for path in notebooks_dir().glob("*.ipynb"))
    if name not in known:
        raise UsageError(f"There is no notebook {name!r}{nearest(name, known)}")
    return notebooks_dir() / f"{name}.ipynb"


def run_notebook(
    name: str,
    parameters: Mapping[str, Any],
    output: Path,
    *,
    settings: Settings,
    credentials: bool = False,
    kept: Path | None = None,
    files: Path | None = None,
) -> Path:
    """Run one of our notebooks by papermill, in a kernel of its own.

    Parameters
    ----------
    name : str
        Of the notebook, without suffix.
    parameters : mapping
        Checked against the notebook's cell tagged ``parameters`` before a kernel starts.
    output : Path
        Where the executed notebook is written; after a failure it holds what was done until then.
    settings : Settings
        Handed to the kernel by its environment.
    credentials : bool
        Whether the kernel gets the database's credentials (`invoice_lab.settings.DATABASE_VARIABLES`).
    kept : Path, optional
        Where a copy of the executed notebook is put, after a failure too; for an `output` in a folder that is removed.
    files : Path, optional
        Where the files that belong to the page are written.

    Returns
    -------
    Path
        `output`.

    Raises
    ------
    UsageError
        For an unknown notebook or parameter, or one of a wrong type.
    NotebookError
        Where a cell fails; names the cell and the partial notebook. An error of `invoice_lab.errors` keeps its class.
    InterruptedRunError
        After Ctrl-C; the kernel was interrupted, and waited for. One of `invoice_lab.errors` in its cell comes first.
    """
    source = notebook_path(name)
    check_parameters(source, parameters)
    notebook = _prepared(source)
    started: list[Any] = []
    with interruptible(started) as arrived:
        try:
            environment = kernel_environment(settings, credentials=credentials, files=files)
            _execute(notebook, dict(parameters), output, environment, started)
        except InvoiceLabError:
            raise
        except BaseException as error:
            stopped = bool(arrived) or isinstance(error, KeyboardInterrupt)
            raise _failure(name, kept or output, error, stopped=stopped) from None if stopped else error
        finally:
            if kept is not None and output.is_file():
                write_atomically(kept, output.read_bytes())
    return output


def _prepared(source: Path) -> NotebookNode:
    import nbformat

    notebook = nbformat.read(source, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if INTERACTIVE not in cell.metadata.get("tags", ())]
    return notebook


def _execute(
    notebook: NotebookNode, parameters: dict[str, Any], output: Path, environment: dict[str, str], started: list[Any]
) -> None:
    import papermill

    logging.getLogger("papermill").setLevel(logging.WARNING)
    output.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        notebook,
        str(output),
        parameters=parameters,
        kernel_name=KERNEL,
        progress_bar=False,
        log_output=False,
        cwd=str(output.parent),
        kernel_manager_class=kernel_manager_class(environment, started),
    )


def _failure(name: str, output: Path, error: BaseException, *, stopped: bool) -> InvoiceLabError:
    """Return what to tell of a failed run; one of our own errors in a cell is told as itself."""
    kept = f"The partial notebook is {output}."
    kind, message = getattr(error, "ename", type(error).__name__), str(getattr(error, "evalue", error))
    own = getattr(errors, str(kind), None)
    if isinstance(own, type) and issubclass(own, InvoiceLabError):
        with contextlib.suppress(TypeError):
            return own(message, kept)
    if stopped:
        return InterruptedRunError(f"The notebook {name!r} was stopped; {output} holds what was done.")
    lines = str(getattr(error, "source", "")).strip().splitlines()
    where = f" in the cell that ends with `{lines[-1].strip()}`" if lines else ""
    return NotebookError(f"The notebook {name!r} failed{where}: {kind}: {message}.", kept)
