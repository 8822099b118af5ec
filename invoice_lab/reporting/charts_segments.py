"""Pictures of the segments report: areas of segments, movement, cohorts, seasons, expectations against what came.

As in `charts`, each ``plot_*`` takes data and the axes to draw on, and returns the axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.charts import plot_heat_map, shortened
from invoice_lab.reporting.theme import UNKNOWN_SEGMENT
from invoice_lab.tokens import tokens

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

_Nodes = dict[str, tuple[float, float]]
"""Top and size of each node of a side of a Sankey picture, as shares of all."""

_NODE, _GAP = 0.035, 0.02  # of a Sankey picture's width, and of its height
_SMALL = 0.028  # share of all customers below which a node's label would meet the next one's


def plot_areas(
    counts: pd.DataFrame, areas: pd.DataFrame, *, ax: Axes, colours: Mapping[str, str], xlabel: str, ylabel: str
) -> Axes:
    """Draw counts by two scores as a heat map, each cell with a strip in the colour of its segment, areas outlined.

    Parameters
    ----------
    counts, areas : DataFrame
        Of the same shape: numbers, and names of segments.
    colours : mapping of str to str
        By segment.
    """
    plot_heat_map(counts, ax=ax, xlabel=xlabel, ylabel=ylabel)
    names = areas.to_numpy()
    labelled: set[str] = set()
    for row in range(names.shape[0]):
        for column in range(names.shape[1]):
            name = str(names[row, column])
            left = column == 0 or names[row, column - 1] != name
            above = row == 0 or names[row - 1, column] != name
            ax.add_patch(_rectangle(column + 0.03, row + 0.86, 0.94, 0.11, colours.get(name, UNKNOWN_SEGMENT)))
            _outline(ax, column, row, left=left, above=above)
            if left and above and name not in labelled:
                labelled.add(name)
                ax.annotate(shortened(name), (column, row), xytext=(3, -3), textcoords="offset points", va="top",
                            fontsize=7.5, color=_ink_on(counts, row, column))  # fmt: skip
    return ax


def plot_sankey(moves: pd.DataFrame, *, ax: Axes, order: list[str], colours: Mapping[str, str], labels: tuple[str, str],
                names: Mapping[str, str] | None = None) -> Axes:  # fmt: skip
    """Draw how many went from which segment to which, the width of each band by their number.

    Parameters
    ----------
    moves : DataFrame
        before, after, customers.
    order : list of str
        Of the segments, from the top; others stand below.
    colours : mapping of str to str
    labels : tuple of str
        Of the two sides.
    names : mapping of str to str, optional
        What segments are called in the picture.
    """
    total = float(moves["customers"].sum())
    sides = {side: _nodes(moves.groupby(side)["customers"].sum(), order, total) for side in ("before", "after")}
    for side, x in (("before", 0.0), ("after", 1 - _NODE)):
        for name, (top, size) in sides[side].items():
            ax.add_patch(_rectangle(x, top, _NODE, size, colours.get(name, UNKNOWN_SEGMENT)))
            if size >= _SMALL or side == "after":
                text = f"{(names or {}).get(name, name)}  {words.whole(size * total)}"
                place, align = (-0.01, "right") if side == "before" else (1.01, "left")
                ax.text(place, top + size / 2, text, ha=align, va="center", fontsize=9)
    _bands(ax, moves, sides, colours)
    lowest = max((top + size for side in sides.values() for top, size in side.values()), default=0.0)
    for place, align, text in ((0.0, "left", labels[0]), (1.0, "right", labels[1])):
        ax.text(place, -0.02, text, ha=align, va="bottom", fontsize=9, color=tokens()["light"]["muted"])
    ax.set(xlim=(-0.3, 1.3), ylim=(lowest + 0.01, -0.07))
    ax.axis("off")
    return ax


def plot_calibration(groups: pd.DataFrame, *, ax: Axes, xlabel: str, ylabel: str) -> Axes:
    """Draw what was expected against what came (expected, actual, low, high), with the diagonal."""
    light = tokens()["light"]
    reach = float(max(groups["expected"].max(), groups["high"].max())) * 1.08 or 1.0
    ax.plot([0, reach], [0, reach], color=light["muted"], linestyle=(0, (4, 3)), linewidth=1.2)
    ax.annotate("as expected", (reach, reach), xytext=(-4, -14), textcoords="offset points", ha="right", fontsize=8.5,
                color=light["muted"])  # fmt: skip
    ax.vlines(groups["expected"], groups["low"], groups["high"], color=light["mark"], linewidth=3)
    ax.scatter(groups["expected"], groups["actual"], s=48, color=light["mark-strong"], zorder=3)
    ax.set(xlim=(0, reach), ylim=(0, reach), xlabel=xlabel, ylabel=ylabel)
    return ax


def plot_cohorts(shares: pd.DataFrame, *, ax: Axes, xlabel: str, ylabel: str) -> Axes:
    """Draw shares (0 to 1; missing where unknown) by cohort and months since as a heat map, per cent printed."""
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap

    scale = LinearSegmentedColormap.from_list("invoice_lab", tokens()["sequential"])
    high = float(np.nanmax(shares.to_numpy())) if shares.notna().any().any() else 1.0
    sns.heatmap(shares, ax=ax, cmap=scale, vmin=0, vmax=high or 1.0, cbar=False, linewidths=1.5,
                linecolor=tokens()["light"]["surface"])  # fmt: skip
    for row, values in enumerate(shares.to_numpy()):
        for column, value in enumerate(values):
            if np.isfinite(value):
                colour = tokens()["on-dark"] if value > 0.5 * high else tokens()["on-light"]
                ax.text(column + 0.5, row + 0.5, f"{100 * value:.0f}", ha="center", va="center", color=colour,
                        fontsize=8.5)  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.tick_params(length=0)
    ax.set_yticklabels(shares.index, rotation=0)
    ax.set_xticklabels(shares.columns, rotation=0)
    ax.grid(visible=False)
    return ax


def plot_index(frame: pd.DataFrame, *, ax: Axes, ylabel: str, xlabel: str) -> Axes:
    """Draw an index (label, index, low, high; 1 the average) as dots with intervals, the average as a line."""
    light = tokens()["light"]
    places = list(range(len(frame)))
    ax.axhline(1, color=light["muted"], linestyle=(0, (4, 3)), linewidth=1.2)
    ax.vlines(places, frame["low"], frame["high"], color=light["mark"], linewidth=3)
    ax.scatter(places, frame["index"], s=42, color=light["mark-strong"], zorder=3)
    ax.set_xticks(places, [str(label) for label in frame["label"]])
    ax.set_ylim(0, max(float(frame["high"].max()) * 1.06, 1.2))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(visible=False, axis="x")
    return ax


def plot_retention(frame: pd.DataFrame, *, ax: Axes, xlabel: str, ylabel: str) -> Axes:
    """Draw shares (months, share, low, high) as a line from zero with the band of their intervals."""
    light = tokens()["light"]
    ax.fill_between(frame["months"], frame["low"], frame["high"], color=light["mark-soft"], linewidth=0)
    ax.plot(frame["months"], frame["share"], color=light["mark-strong"], marker="o", markersize=4)
    ax.set_ylim(0, max(float(frame["high"].max()) * 1.1, 0.05))
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    ax.locator_params(axis="x", integer=True)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def _rectangle(x: float, y: float, width: float, height: float, colour: str) -> Rectangle:
    from matplotlib import patches

    return patches.Rectangle((x, y), width, height, facecolor=colour, linewidth=0)


def _outline(ax: Axes, column: int, row: int, *, left: bool, above: bool) -> None:
    ink = tokens()["light"]["ink"]
    if left and column:
        ax.plot([column, column], [row, row + 1], color=ink, linewidth=1.4, solid_capstyle="projecting")
    if above and row:
        ax.plot([column, column + 1], [row, row], color=ink, linewidth=1.4, solid_capstyle="projecting")


def _ink_on(counts: pd.DataFrame, row: int, column: int) -> str:
    values = counts.to_numpy()
    if not values[row, column]:
        return str(tokens()["light"]["muted"])
    return str(tokens()["on-dark"] if values[row, column] > 0.5 * values.max() else tokens()["on-light"])


def _nodes(sums: pd.Series, order: list[str], total: float) -> _Nodes:
    names = [name for name in order if name in sums.index] + [name for name in sums.index if name not in order]
    places: _Nodes = {}
    top = 0.0
    for name in names:
        size = float(sums[name]) / total
        places[name] = (top, size)
        top += max(size, _SMALL * 0.8) + _GAP
    return places


def _bands(ax: Axes, moves: pd.DataFrame, sides: dict[str, _Nodes], colours: Mapping[str, str]) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    used = {side: {name: top for name, (top, _) in places.items()} for side, places in sides.items()}
    ordered = moves.assign(b=moves["before"].map(used["before"]), a=moves["after"].map(used["after"]))
    for row in ordered.sort_values(["b", "a"]).itertuples():
        size = row.customers / moves["customers"].sum()
        left, right = used["before"][row.before], used["after"][row.after]
        used["before"][row.before] += size
        used["after"][row.after] += size
        start, end, middle = _NODE, 1 - _NODE, 0.5
        points = [(start, left), (middle, left), (middle, right), (end, right), (end, right + size),
                  (middle, right + size), (middle, left + size), (start, left + size), (start, left)]  # fmt: skip
        codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
        same = row.before == row.after
        ax.add_patch(PathPatch(Path(points, codes), facecolor=colours.get(row.before, UNKNOWN_SEGMENT), linewidth=0,
                               alpha=0.28 if same else 0.55))  # fmt: skip
