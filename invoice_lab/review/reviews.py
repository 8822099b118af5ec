"""Reviewing a workspace: the same calls from the command line and from a notebook."""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import cursor as Cursor

from invoice_lab.errors import DatabaseError, ScanError, UsageError
from invoice_lab.ocr.decode import decode
from invoice_lab.review.fields import field_rows
from invoice_lab.review.stats import ReviewStats
from invoice_lab.review.truth import Exported, write_truth
from invoice_lab.review.view import PartView
from invoice_lab.settings import DEFAULT_WORKSPACE, Settings, workspace_name
from invoice_lab.validation.correction import Correction
from invoice_lab.warehouse.connection import database
from invoice_lab.warehouse.migrate import migrate, require_workspace
from invoice_lab.warehouse.parts import (
    Part,
    audit_parts,
    count_decisions,
    decided_parts,
    find_part,
    read_part,
    waiting_parts,
)
from invoice_lab.warehouse.review import Decision, decide
from invoice_lab.warehouse.scan_store import ScanStore

if TYPE_CHECKING:
    import pandas as pd

    from invoice_lab.warehouse.roles import Role

AUDIT_SHARE = 0.01
"""How many of the accepted invoices are offered to be looked at, on average."""
COLUMNS = ("name", "part", "printed_id", "status", "confidence", "doubtful", "findings", "sha256")


class Reviews:
    """The reviews of a workspace.

    Decisions change the books at once; `invoice_lab.warehouse.refresh.refresh` brings the cache, and so reports and
    dashboards, up to them.

    Parameters
    ----------
    workspace : str
    reviewer : str, optional
        Who decides; the system user by default.
    settings : Settings, optional
        From the environment by default.
    """

    def __init__(
        self, workspace: str = DEFAULT_WORKSPACE, reviewer: str | None = None, settings: Settings | None = None
    ) -> None:
        self.workspace = workspace_name(workspace)
        self.reviewer = reviewer or system_user()
        self._settings = settings or Settings.from_environment()

    def __repr__(self) -> str:
        return f"Reviews({self.workspace!r}, reviewer={self.reviewer!r})"

    def records(self, *, audit: bool = False, share: float = AUDIT_SHARE) -> list[dict[str, Any]]:
        """List parts as `parts` does, as JSON-ready values."""
        _check_share(share)
        with self._books("reader") as cursor:
            found = audit_parts(cursor, share) if audit else waiting_parts(cursor)
        return [_record(part) for part in found]

    def parts(self, *, audit: bool = False, share: float = AUDIT_SHARE) -> pd.DataFrame:
        """List the parts under review, or those of the audit sample that nobody has looked at.

        Parameters
        ----------
        audit : bool
            Whether the random sample of accepted invoices is meant. It depends on the scans' sha256 alone.
        share : float
            How large a share of all accepted invoices the sample is, 0 to 1.

        Returns
        -------
        DataFrame
            One row a part, by name; `doubtful` and `findings` are lists of names and codes, `confidence` is that of
            the least sure field.
        """
        import pandas as pd

        return pd.DataFrame(self.records(audit=audit, share=share), columns=list(COLUMNS))

    def show(self, scan: str) -> PartView:
        """Show a part: its fields beside their pixels, its findings.

        Parameters
        ----------
        scan : str
            The beginning of the scan's sha256, a name of it, or the printed id; ``:1`` behind it means its second part.

        Raises
        ------
        UsageError
            None is named so, or several are: these are listed.
        """
        with self._books("reader") as cursor:
            part = find_part(cursor, scan)
        try:
            return PartView(part, tuple(decode(self._store.get(part.sha256).data)))
        except (ScanError, UsageError):  # the bytes are no picture, or were taken away: the fields can still be shown
            return PartView(part)

    def accept(self, scan: str | PartView, reason: str, *, despite: Iterable[str] = (), revise: bool = False) -> Part:
        """Accept a part as it was read, or confirm one that is accepted.

        Parameters
        ----------
        scan : str or PartView
            As for `show`, or what it gave: then the decision is refused if the part has changed since.
        reason : str
        despite : iterable of str
            Codes of findings that are overruled, such as ``total-mismatch``.
        revise : bool
            Whether an earlier decision is to be revised.

        Returns
        -------
        Part
            As it is now.

        Raises
        ------
        UsageError
            It is decided on already or meanwhile, or findings stand against it: the message names them.
        """
        return self._decide(scan, Decision("accept", self.reviewer, reason, tuple(despite)), revise)

    def correct(
        self,
        scan: str | PartView,
        reason: str,
        values: Mapping[str, str] | None = None,
        *,
        added: Iterable[str] = (),
        removed: Iterable[int] = (),
        despite: Iterable[str] = (),
        revise: bool = False,
    ) -> Part:
        """Correct a part; what comes out is judged as any reading is, and accepted.

        Parameters
        ----------
        scan, reason, despite, revise
            As for `accept`.
        values : mapping of str to str, optional
            New value by field, such as ``{"total": "12.50", "lines.2.quantity": "3"}``; see `Correction`.
        added : iterable of str
            Lines to add, each ``product;quantity;unit price``.
        removed : iterable of int
            Numbers of lines to take out.

        Raises
        ------
        UsageError
            As for `accept`; or a field or value can't be.
        """
        correction = Correction(dict(values or {}), tuple(added), tuple(removed))
        return self._decide(scan, Decision("correct", self.reviewer, reason, tuple(despite), correction), revise)

    def reject(self, scan: str | PartView, reason: str, *, revise: bool = False) -> Part:
        """Reject a part: it is no invoice for these books; one that was accepted leaves them.

        Parameters and errors are those of `accept`.
        """
        return self._decide(scan, Decision("reject", self.reviewer, reason), revise)

    def export(self, truth: Path, scans: Path | None = None) -> Exported:
        """Write what persons accepted or corrected as truth for ``invoice-lab evaluate``; see `write_truth`."""
        with self._books("reader") as cursor:
            found = decided_parts(cursor)
        return write_truth(found, truth, self._store, scans)

    def stats(self, share: float = AUDIT_SHARE) -> ReviewStats:
        """Count decisions, and estimate from the audit sample how many accepted invoices are wrong.

        Parameters
        ----------
        share : float
            That of the audit sample.
        """
        _check_share(share)
        with self._books("reader") as cursor:
            return ReviewStats.of(*count_decisions(cursor, share))

    @property
    def _store(self) -> ScanStore:
        return ScanStore(self._settings.scan_store_dir(self.workspace))

    def _decide(self, scan: str | PartView, decision: Decision, revise: bool) -> Part:
        with self._books("loader") as cursor:
            seen = scan.part if isinstance(scan, PartView) else find_part(cursor, scan)
            decide(cursor.connection, seen, decision, revise=revise)
            now = read_part(cursor, seen.sha256, seen.part)
        assert now is not None
        return now

    @contextlib.contextmanager
    def _books(self, role: Role) -> Iterator[Cursor]:
        try:
            with database(self._settings) as books:
                require_workspace(books, self.workspace)
                migrate(books, self.workspace)
                with books.connect(role, self.workspace) as connection, connection.cursor() as cursor:
                    yield cursor
        except psycopg2.Error as error:
            raise DatabaseError(f"The books refused: {str(error).strip()}.") from error


def system_user() -> str:
    """Return the name of the system user, or the number where there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _record(part: Part) -> dict[str, Any]:
    rows = field_rows(part)
    sure = [row.confidence for row in rows if row.confidence is not None]
    return {
        "name": part.name,
        "part": part.part,
        "printed_id": part.page.value("invoice_id"),
        "status": part.status,
        "confidence": min(sure, default=None),
        "doubtful": [row.name for row in rows if row.doubtful],
        "findings": [finding.code for finding in part.findings],
        "sha256": part.sha256,
    }


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise UsageError(f"The share of an audit sample can't be {share}.", "Give a number from 0 to 1, such as 0.01.")
