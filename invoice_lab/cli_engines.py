"""``invoice-lab engines`` and ``engine-study``: which OCR engines there are, getting them, comparing them."""

from __future__ import annotations

from pathlib import Path

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


@click.command("engine-study")
@click.option("--sample", type=click.IntRange(min=1), default=12, show_default=True, help="Healthy pages to choose.")
@click.option("--seed", type=int, default=2026, show_default=True, help="Of all chance.")
@click.option("--kinds", default="as-arrived,blur-1.0,photo", show_default=True, help="Kinds of damage, by commas.")
@click.option("--engines", default="", help="Engines, by commas; all that are installed by default.")
@click.option("--scans", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Your own scans.")
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), help="Their truth; truth.jsonl among them.")
def engine_study(*, sample: int, seed: int, kinds: str, engines: str, scans: Path | None, truth: Path | None) -> None:
    """Compare the OCR engines on the same pages; writes engines.html into the folder of reports.

    It takes a second or so for each page, kind of damage and engine; EasyOCR takes seven.
    """
    from invoice_lab.engine_study import StudyParameters, write_study
    from invoice_lab.settings import Settings

    folder, file = (str(path.resolve()) if path else "" for path in (scans, truth))
    parameters = StudyParameters(sample, seed, kinds, engines, scans=folder, truth=file)
    click.echo("Reading the same pages with each engine ...", err=True)
    click.echo(write_study(Settings.from_environment(), parameters))
