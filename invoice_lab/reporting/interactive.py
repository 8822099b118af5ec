"""Figures a person can point at and click: altair charts, drawn in the page by the Vega bundle that it carries."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoice_lab.reporting.assets import packed, unpacked
from invoice_lab.reporting.files import write_atomically
from invoice_lab.reporting.imports import without_address_grammar
from invoice_lab.reporting.markup import Html, clean, escape
from invoice_lab.tokens import tokens

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_BAR = 38
"""Height of a bar and its gap in pixels; as a step of the chart it would not go with its width, that of the page."""
_ENTRY = "window.invoiceLabEmbed = vegaEmbed;"
_SCRIPT = Path(__file__).parent / "static" / "charts.js"


@cache
def chart_assets(folder: Path) -> Html:
    """Return what draws charts, once a page: the Vega bundle of vl-convert, packed, and the script that unpacks it.

    Parameters
    ----------
    folder : Path
        Where the packed bundle is kept, for it takes more than a second to make.
    """
    return Html('<script type="text/plain" id="il-vega-js">{}</script>\n<script type="module">{}</script>').format(
        _vega(folder), Html(_SCRIPT.read_text(encoding="utf-8"))
    )


def _vega(folder: Path) -> str:
    made_of = hashlib.sha256(_ENTRY.encode()).hexdigest()[:8]
    kept = folder / f"vega-{version('vl-convert-python')}-{made_of}.txt"
    with contextlib.suppress(OSError, EOFError, ValueError, zlib.error):  # missing, or damaged
        text = kept.read_text(encoding="ascii")
        unpacked(text)
        return text
    import vl_convert

    bundle = packed(vl_convert.javascript_bundle(_ENTRY))
    with contextlib.suppress(OSError):  # where it can't be kept it is made each time
        write_atomically(kept, bundle)
    return bundle


def chart_figure(
    title: str,
    chart: alt.TopLevelMixin,
    *,
    alt: str,
    source: str,
    filters: tuple[str, str, str] | None = None,
    label: Callable[[str], str] = str,
) -> Html:
    """Put an altair chart into a figure as `figures.figure` makes it.

    Parameters
    ----------
    title : str
        What the picture shows, as a finding.
    chart : altair chart
        Its data inline; no transform that needs a server.
    alt : str
        Says in words what a person sees, also where no script runs.
    source : str
        Where the numbers come from, and n.
    filters : tuple of str, optional
        Field of the chart, table and column: a click on a mark, or a choice below it, lists the rows of that table
        whose column holds the mark's value.
    label : callable
        Says what stands in the choice in the reader's language.
    """
    spec = json.dumps(_plain(chart), sort_keys=True, ensure_ascii=True).replace("<", "\\u003c")
    data = Html()
    if filters is not None:
        field, table, column = filters
        data = Html(' data-field="{}" data-table="{}" data-column="{}" data-clear="{}" data-choose="{}"').format(
            field, table, column, label("Show all"), label("Show")
        )
    return Html(
        '<figure class="il-figure"><figcaption>{}</figcaption><div class="il-chart" role="img" aria-label="{}"{}>'
        '<div class="il-chart-place"><p class="il-text">{}</p></div><script type="application/json">{}</script></div>'
        '<p class="il-chosen"></p><p class="il-source">{}</p></figure>'
    ).format(escape(title), clean(alt), data, alt, Html(spec), escape(source))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame's rows as JSON holds them: a stranger's text without unseen characters, missing values as null."""
    return [
        {str(key): clean(value) if isinstance(value, str) else value for key, value in row.items()}
        for row in json.loads(frame.to_json(orient="records", double_precision=4))
    ]


def segment_bars(rows: Sequence[dict[str, Any]], colours: dict[str, str], xlabel: str) -> alt.Chart:
    """Return bars by segment (segment, sales, text), in their order, to be clicked."""
    with without_address_grammar():
        import altair as alt

    data = alt.Data(values=[{**row, "end": max(float(row["sales"]), 0.0)} for row in rows])
    names = [row["segment"] for row in rows]
    y = alt.Y("segment:N", sort=names, title=None, axis=alt.Axis(labelLimit=220, ticks=False, domain=False))
    colour = alt.Color("segment:N", scale=alt.Scale(domain=names, range=[colours[name] for name in names]), legend=None)
    sales = [0.0, *(float(row["sales"]) for row in rows)]
    x = alt.X("sales:Q", title=xlabel, scale=alt.Scale(domain=[min(sales), 1.8 * max(sales) or 1]),
              axis=alt.Axis(format="~s", tickCount=5))  # fmt: skip
    bars = (
        alt.Chart(data)
        .mark_bar(cursor="pointer", height={"band": 0.7})
        .encode(x=x, y=y, color=colour, tooltip=[alt.Tooltip("text:N", title=xlabel)])
    )
    place = alt.X("end:Q", title=xlabel)  # not over a bar that goes to the left
    texts = alt.Chart(data).mark_text(align="left", dx=5, fontSize=12).encode(x=place, y=y, text="text:N")
    return alt.layer(bars, texts).properties(width="container", height=_BAR * max(len(rows), 1))


def cluster_map(
    rows: Sequence[dict[str, Any]],
    colours: dict[str, str],
    labels: tuple[str, str],
    label: Callable[[str], str] = str,
) -> alt.Chart:
    """Return dots in two dimensions (x, y, cluster, customer, and texts of values) that tell who they are."""
    with without_address_grammar():
        import altair as alt

    names = list(colours)
    chosen = alt.selection_point(name="chosen", fields=["cluster"], bind="legend")
    tooltips = [alt.Tooltip(f"{name}:N", title=label(name.capitalize())) for name in
                ("customer", "cluster", "recency", "frequency", "monetary")]  # fmt: skip
    return (
        alt.Chart(alt.Data(values=list(rows)))
        .mark_circle(size=34)
        .encode(
            x=alt.X("x:Q", title=labels[0], scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", title=labels[1], scale=alt.Scale(zero=False)),
            color=alt.Color(
                "cluster:N", title=label("Cluster"), scale=alt.Scale(domain=names, range=list(colours.values()))
            ),
            opacity=alt.condition(chosen, alt.value(0.75), alt.value(0.08)),
            tooltip=tooltips,
        )
        .add_params(chosen)
        .properties(width="container", height=340)
    )


def _plain(chart: alt.TopLevelMixin) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict()
    spec.pop("$schema", None)
    for part in (spec, *spec.get("layer", ())):
        part.pop("name", None)  # counted up by altair, so another one each time
    return {**spec, "autosize": {"type": "fit-x", "contains": "padding"}, "config": _config()}


def _config() -> dict[str, Any]:
    """Return the theme: colours are the page's variables, so that they follow light and dark."""
    ink, muted, line = "var(--il-ink)", "var(--il-muted)", "var(--il-line)"
    font = str(tokens()["fonts"]["sans"])
    axis = {"labelColor": muted, "titleColor": muted, "gridColor": line, "domainColor": line, "tickColor": line,
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 400, "labelFont": font,
            "titleFont": font}  # fmt: skip
    legend = {"labelColor": ink, "titleColor": muted, "labelFont": font, "titleFont": font, "orient": "top"}
    return {"background": "transparent", "view": {"stroke": None}, "font": font, "axis": axis,
            "axisY": {"labelColor": ink},
            "legend": legend, "text": {"color": ink}}  # fmt: skip
