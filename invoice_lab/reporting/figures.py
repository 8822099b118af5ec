"""Figures: seaborn and matplotlib drawn to inline SVG that follows the page's theme and has equal bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from invoice_lab.reporting.markup import Html, clean, escape, join
from invoice_lab.reporting.theme import matplotlib_settings, themed_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 10.8
_PIXELS = 112  # of the page an inch may take, so that a figure that stands alone isn't blown up
HALF = 5.0
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_SIZE = re.compile(r'\s(?:width|height)="[\d.]+pt"')
_COMMENTS = re.compile(r"\s*<!--.*?-->", re.DOTALL)


def figure(
    title: str,
    plot: Callable[..., Axes],
    *data: object,
    alt: str,
    source: str,
    width: float = HALF,
    height: float = 2.9,
    **options: object,
) -> Html:
    """Draw one figure and put title, alternative text and source around it.

    Parameters
    ----------
    title : str
        What the picture shows, as a finding.
    plot : callable
        One of the ``plot_*`` functions: ``plot(*data, ax=ax, **options)``.
    *data
        Handed to `plot`.
    alt : str
        Says in words what a person sees.
    source : str
        Where the numbers come from, and n.
    width, height : float
        Inches at 72 points; `HALF` stands two in a row, `WIDE` fills one.
    **options
        Handed to `plot`.
    """
    svg = _drawn(plot, data, options, (width, height))
    return Html(
        '<figure class="il-figure"><figcaption>{}</figcaption><div class="{}">{}</div>'
        '<p class="il-source">{}</p></figure>'
    ).format(
        escape(title),
        "il-plot il-plot-wide" if width > HALF else "il-plot",
        _labelled(svg, alt, round(_PIXELS * width)),
        escape(source),
    )


def side_by_side(*figures: Html) -> Html:
    """Return figures in a row, below each other on a narrow page."""
    return Html('<div class="il-figures">{}</div>').format(join(figures))


def _drawn(
    plot: Callable[..., Axes], data: tuple[object, ...], options: dict[str, object], size: tuple[float, float]
) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(matplotlib_settings()):
        drawing = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(drawing)
        plot(*data, ax=drawing.add_subplot(), **options)
        file = io.StringIO()
        drawing.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _labelled(svg: str, alt: str, width: int) -> Html:
    svg = _COMMENTS.sub("", _METADATA.sub("", _PROLOGUE.sub("", svg)))
    svg = _SIZE.sub("", svg, count=2)
    svg = themed_svg(svg)
    label = Html('<svg role="img" aria-label="{}" style="max-width:{}px" ').format(clean(alt), width)
    return Html(svg.replace("<svg ", label, 1).strip())
