"""Every error a user can meet: one class a kind, each with its exit code and what to do about it."""

from __future__ import annotations

EXIT_FAILED_SCANS = 1
"""Exit code of a run that went through while some scans ended as ``failed``."""


class InvoiceLabError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message : str
        What went wrong and where, one sentence.
    remedy : str, optional
        What to do about it; the class's own remedy where none is given.
    """

    exit_code = 70
    remedy = "Run `invoice-lab doctor` and report what it prints together with this message."

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message, remedy)
        self.message = message
        if remedy is not None:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(InvoiceLabError):
    """An argument, option, parameter or setting that can't be."""

    exit_code = 2
    remedy = "See `invoice-lab --help`."


class NothingFoundError(InvoiceLabError):
    """A source holds no scan."""

    exit_code = 2
    remedy = "Name a folder or file with invoice scans (PNG, JPEG, TIFF, WebP, BMP or PDF)."


class SourceError(InvoiceLabError):
    """A source can't be listed, or not to its end; what was fetched before is kept."""

    exit_code = 66
    remedy = "Run the same command again to go on where it stopped, once the source answers."


class ScanError(InvoiceLabError):
    """The bytes of one scan can't be used; the batch goes on.

    Parameters
    ----------
    code : str
        The finding's code, such as ``not-an-image``.
    message : str
        What was seen.
    """

    exit_code = 1
    remedy = "Scan the page again, or hand in another file."

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.args = (code, message)
        self.code = code


class MissingToolError(InvoiceLabError):
    """A program, model, font or wheel that this step needs is not there."""

    exit_code = 69
    remedy = "Run `make setup`, or `invoice-lab doctor` to see what is missing."


class WorkersLostError(InvoiceLabError):
    """What reads was lost, or can't be started; what was committed stays."""

    exit_code = 71
    remedy = "Run the same command again to go on where it stopped, once the scheduler is back."


class DatabaseError(InvoiceLabError):
    """PostgreSQL can't be reached, started or used."""

    exit_code = 74
    remedy = "Run `invoice-lab doctor`; check DATABASE_URL if it is set."


class MigrationError(InvoiceLabError):
    """The books' schema can't be brought to this version."""

    exit_code = 75
    remedy = "Use the version of invoice_lab that wrote the books, or restore a backup."


class CacheError(InvoiceLabError):
    """The DuckDB cache is missing, broken or of another format."""

    exit_code = 76
    remedy = "Run `invoice-lab refresh` (or `make report`)."


class NotebookError(InvoiceLabError):
    """A notebook failed, or was given parameters that it doesn't have."""

    exit_code = 65
    remedy = "Open the notebook named above to see the failed cell."


class InterruptedRunError(InvoiceLabError):
    """The user stopped the run; what was committed stays."""

    exit_code = 130
    remedy = "Run the same command again to go on where it stopped."


class NotEnoughDataError(InvoiceLabError):
    """A figure or model needs more data than there is."""

    exit_code = 65
    remedy = "Ingest more invoices."
