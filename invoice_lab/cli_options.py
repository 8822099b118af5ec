"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from invoice_lab.errors import EXIT_FAILED_SCANS, UsageError
from invoice_lab.settings import workspace_name

Command = TypeVar("Command", bound=Callable[..., Any])


class WorkspaceName(click.ParamType[str]):
    """A name that can name a workspace."""

    name = "workspace"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Check the name."""
        try:
            return workspace_name(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


def workspace_option(default: str | None) -> Callable[[Command], Command]:
    """Return the option ``--workspace`` with a default."""
    return click.option("--workspace", type=WorkspaceName(), default=default, show_default=True, help="Set of books.")


ENGINE = click.option(
    "--engine", default="auto", show_default=True, help="OCR engine: auto, or one that `invoice-lab engines` lists."
)
WORKERS = click.option(
    "--workers", type=click.IntRange(min=0), default=0, show_default=True, help="Processes that read; 0: one a core."
)
PROGRESS = click.option("--progress/--no-progress", default=True, help="Show a progress bar.")


def tell_failures(failures: list[str]) -> None:
    """Name the scans that failed, and end with the exit code that says so."""
    for failure in failures:
        click.echo(f"failed: {failure}", err=True)
    if failures:
        raise SystemExit(EXIT_FAILED_SCANS)
