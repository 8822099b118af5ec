"""``invoice-lab import-transactions``: line data that somebody has already, into books of its own."""

from __future__ import annotations

from pathlib import Path

import click

from invoice_lab.cli_options import WorkspaceName


@click.command("import-transactions")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--workspace", type=WorkspaceName(), required=True, help="Set of books: of transactions, or new.")
@click.option("--columns", help="Which column is what: customer=CustomerID,basket=InvoiceNo,... [default: as called].")
@click.option("--currency", default="EUR", show_default=True, help="Of rows that name none.")
@click.option("--date-format", help="Of dates that are not year, month, day: such as '%m/%d/%Y %H:%M'.")
@click.option("--decimal", type=click.Choice([".", ","]), default=".", show_default=True, help="Decimal mark.")
@click.option("--encoding", help="Of CSV that is not UTF-8: such as cp1252.")
@click.option(
    "--rejects", type=click.Path(path_type=Path, dir_okay=False),
    help="File for the rows that can't be used [default: in the workspace's folder].",
)  # fmt: skip
def import_transactions(
    file: Path, *, workspace: str, columns: str | None, currency: str, date_format: str | None, decimal: str,
    encoding: str | None, rejects: Path | None,
) -> None:  # fmt: skip
    """Import the rows of FILE (CSV or Parquet) into the books, and refresh the cache.

    Each row is a product in a basket. The columns customer, basket, date, product, quantity and unit_price are needed;
    name (of the product), customer_name, email, birth_date, gender, category, amount and currency may be there. Rows
    that can't be used are counted by reason and written into a file.
    """
    from invoice_lab.transactions import Form, parse_columns
    from invoice_lab.transactions import import_transactions as run

    summary = run(
        file,
        workspace=workspace,
        columns=None if columns is None else parse_columns(columns),
        form=Form(currency, decimal, date_format),
        encoding=encoding,
        rejects=rejects,
    )
    click.echo(str(summary))
    click.echo(f"{'Reports':15} invoice-lab report --workspace {workspace}")
