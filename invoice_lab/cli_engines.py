"""``invoice-lab engines``: which OCR engines there are, and getting those with an environment of their own."""

from __future__ import annotations

import click


@click.command()
@click.argument("names", nargs=-1)
@click.option("--install", is_flag=True, help="First make the environments of these engines, or of all that have one.")
def engines(names: tuple[str, ...], install: bool) -> None:
    """Tell which OCR engines can be used, and how to get the others.

    NAMES are engines; all by default.
    """
    from invoice_lab.ocr.engines import engine_names, engine_state
    from invoice_lab.ocr.engines.foreign_engines import environments_of

    if install:
        for environment in environments_of(names):
            environment.make(say=lambda text: click.echo(text, err=True))
    for name in names or engine_names()[1:]:
        click.echo(str(engine_state(name)))
