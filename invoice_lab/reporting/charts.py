"""The pictures: each ``plot_*`` takes data and the axes to draw on, and returns the axes. Titles stand in the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.markup import clean
from invoice_lab.tokens import tokens

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABEL_LENGTH = 36
_MANY_MONTHS = 15
_CENTS_BELOW = 100  # a median below has its decimals
_CHARACTER = 5.0  # width of a character in points
_AXES_SHARE = 0.7  # of the figure's width, labels beside the axes taken off


def plot_line(series: pd.Series, *, ax: Axes, ylabel: str, partial_last: bool = False) -> Axes:
    """Draw values by month as a line from zero; an unfinished last month is dashed and its dot hollow."""
    import seaborn as sns

    light = tokens()["light"]
    places = list(range(len(series)))
    solid = places[:-1] if partial_last and len(places) > 1 else places
    values = series.to_numpy()
    sns.lineplot(x=solid, y=values[: len(solid)], ax=ax, color=light["mark-strong"], errorbar=None)
    ax.scatter(solid, values[: len(solid)], s=22, color=light["mark-strong"], zorder=3)
    if len(solid) < len(places):
        ax.plot(places[-2:], values[-2:], color=light["mark-strong"], linestyle=(0, (2, 2)))
        ax.scatter(
            places[-1:],
            values[-1:],
            s=26,
            facecolor=light["surface"],
            edgecolor=light["mark-strong"],
            linewidth=1.5,
            zorder=3,
        )
    _months(ax, series.index)
    return _from_zero(ax, ylabel)


def plot_month_bars(series: pd.Series, *, ax: Axes, ylabel: str, partial_last: bool = False) -> Axes:
    """Draw counts by month as bars; an unfinished last month is pale."""
    import seaborn as sns

    light = tokens()["light"]
    colours = [light["mark"]] * len(series)
    if partial_last and colours:
        colours[-1] = light["mark-soft"]
    places = [str(place) for place in range(len(series))]
    sns.barplot(
        x=places, y=series.to_numpy(), hue=places, palette=colours, legend=False, ax=ax, width=0.72, saturation=1
    )
    _months(ax, series.index)
    return _from_zero(ax, ylabel)


def plot_columns(series: pd.Series, *, ax: Axes, xlabel: str, ylabel: str) -> Axes:
    """Draw values by category as columns in the given order, the highest in a stronger tone."""
    import seaborn as sns

    light = tokens()["light"]
    labels, values = [shortened(label) for label in series.index], series.to_numpy()
    colours = [light["mark-strong"] if value == values.max() else light["mark"] for value in values]
    sns.barplot(x=labels, y=values, hue=labels, palette=colours, legend=False, ax=ax, width=0.66, saturation=1)
    ax.set_xlabel(xlabel)
    ax.grid(visible=False, axis="x")
    return _from_zero(ax, ylabel)


def plot_bars(
    series: pd.Series, *, ax: Axes, xlabel: str, texts: Sequence[str], colours: Mapping[str, str] | None = None
) -> Axes:
    """Draw values by name as horizontal bars in the given order, each with its text at the end."""
    import seaborn as sns

    mark = tokens()["light"]["mark"]
    names = [str(name) for name in series.index]
    palette = [(colours or {}).get(name, mark) for name in names]
    places = [str(place) for place in range(len(names))]
    values = series.to_numpy()
    sns.barplot(
        x=values, y=places, hue=places, palette=palette, legend=False, ax=ax, orient="h", width=0.7, saturation=1
    )
    ax.set_yticks(range(len(names)), [shortened(name) for name in names])
    ax.tick_params(axis="y", length=0, labelcolor=tokens()["light"]["ink"])
    reach = max(float(values.max()), 0.0) or 1.0
    for place, (value, text) in enumerate(zip(values, texts, strict=True)):
        ax.text(max(value, 0) + reach * 0.012, place, text, va="center", fontsize=9, color=tokens()["light"]["ink"])
    ax.set_xlim(0, reach / (1 - _room(ax, texts)))
    ax.set(xlabel=xlabel, ylabel="")
    if values.dtype.kind == "i":
        ax.locator_params(axis="x", integer=True)
    ax.xaxis.set_major_formatter(lambda value, _: _short(value))
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    return ax


def plot_heat_map(counts: pd.DataFrame, *, ax: Axes, xlabel: str, ylabel: str) -> Axes:
    """Draw a table of counts as a heat map with the counts printed; cells of 0 stay empty."""
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap

    scale = LinearSegmentedColormap.from_list("invoice_lab", tokens()["sequential"])
    high = counts.to_numpy().max() or 1
    sns.heatmap(
        counts,
        ax=ax,
        cmap=scale,
        vmin=0,
        vmax=high,
        cbar=False,
        mask=counts == 0,
        linewidths=2,
        linecolor=tokens()["light"]["surface"],
    )
    for row, values in enumerate(counts.to_numpy()):
        for column, value in enumerate(values):
            colour = (
                tokens()["on-dark"]
                if value > 0.5 * high
                else tokens()["on-light"]
                if value
                else tokens()["light"]["muted"]
            )
            ax.text(column + 0.5, row + 0.5, words.whole(value), ha="center", va="center", color=colour, fontsize=10)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.tick_params(length=0)
    ax.set_yticklabels(counts.index, rotation=0)
    ax.grid(visible=False)
    return ax


def plot_intervals(
    frame: pd.DataFrame, *, ax: Axes, xlabel: str, baseline: float | None = None, baseline_label: str = ""
) -> Axes:
    """Draw shares with their intervals as dots on lines (label, value, low, high, text); a baseline as a line."""
    light = tokens()["light"]
    places = list(range(len(frame)))
    reach = min(1.0, (float(frame["high"].max()) or 0.01) * 1.5)
    if baseline is not None:
        ax.axvline(baseline, color=light["worse"], linestyle=(0, (4, 3)), linewidth=1.2)
        right = baseline <= 0.5 * reach  # else the label would stand outside
        ax.annotate(baseline_label, (baseline, -0.62), ha="left" if right else "right", va="bottom", fontsize=8.5,
                    color=light["worse"], xytext=(4 if right else -4, 0), textcoords="offset points")  # fmt: skip
    ax.hlines(places, frame["low"], frame["high"], color=light["mark"], linewidth=3)
    ax.scatter(frame["value"], places, s=52, color=light["mark-strong"], zorder=3, clip_on=False)
    for place, row in zip(places, frame.itertuples(), strict=True):
        ax.annotate(row.text, (row.high, place), xytext=(8, 0), textcoords="offset points", va="center", fontsize=9)
    ax.set_yticks(places, [shortened(label) for label in frame["label"]])
    ax.set_ylim(len(places) - 0.4, -0.9)
    ax.set_xlim(0, reach)
    ax.tick_params(axis="y", length=0, pad=7, labelcolor=light["ink"])  # a dot at 0 reaches to the left of the axis
    ax.set_xlabel(xlabel)
    ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    return ax


def plot_confidence(frame: pd.DataFrame, *, ax: Axes, low: float) -> Axes:
    """Draw mean confidence by field as dots, a line from the 5th percentile up; columns label, mean, p05.

    The axis begins at the last full tenth below what is drawn.
    """
    light = tokens()["light"]
    places = list(range(len(frame)))
    ax.axvline(low, color=light["worse"], linestyle=(0, (4, 3)), linewidth=1.2)
    ax.hlines(places, frame["p05"], frame["mean"], color=light["mark-soft"], linewidth=4)
    ax.scatter(frame["mean"], places, s=52, color=light["mark-strong"], zorder=3, clip_on=False)
    for place, mean in zip(places, frame["mean"], strict=True):
        ax.annotate(
            words.percent(mean), (mean, place), xytext=(9, 0), textcoords="offset points", va="center", fontsize=9
        )
    ax.set_yticks(places, [shortened(label) for label in frame["label"]])
    ax.set_ylim(len(places) - 0.4, -0.6)
    ax.set_xlim(max(math.floor(10 * min(low, frame["p05"].min()) - 0.01) / 10, 0), 1)
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    ax.tick_params(axis="y", length=0, labelcolor=light["ink"])
    ax.set_xlabel(f"Confidence of the reading; dashed: {words.percent(low)}")
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    return ax


def plot_profiles(
    profiles: pd.DataFrame, *, ax: Axes, colours: Sequence[str], labels: Sequence[str], xlabel: str
) -> Axes:
    """Draw how groups differ from the average: rows features, columns groups, values in the unit of `xlabel`."""
    light = tokens()["light"]
    ax.axvline(0, color=light["muted"], linewidth=1)
    for number, group in enumerate(profiles.columns):
        offset = (number - (len(profiles.columns) - 1) / 2) * 0.14
        places = [place + offset for place in range(len(profiles))]
        ax.scatter(profiles[group], places, s=64, color=colours[number], zorder=3, label=labels[number])
        ax.hlines(places, 0, profiles[group], color=colours[number], linewidth=1.5, alpha=0.5)
    ax.set_yticks(range(len(profiles)), list(profiles.index))
    ax.set_ylim(len(profiles) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0, labelcolor=light["ink"])
    ax.set_xlabel(xlabel)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.legend(
        frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=9, handletextpad=0.2, columnspacing=1
    )
    return ax


def plot_choice(series: pd.Series, *, ax: Axes, chosen: int, xlabel: str, ylabel: str) -> Axes:
    """Draw a measure by number of groups, the chosen number marked."""
    light = tokens()["light"]
    ax.plot(series.index, series.to_numpy(), color=light["mark"], marker="o", markersize=5)
    if chosen in series.index:
        ax.scatter([chosen], [series[chosen]], s=110, color=light["mark-strong"], zorder=4)
        ax.annotate(
            f"chosen: {chosen}",
            (chosen, series[chosen]),
            xytext=(0, 12),
            textcoords="offset points",
            ha="center",
            fontsize=9.5,
        )
    ax.set_xticks(list(series.index))
    ax.set_xlabel(xlabel)
    low, high = float(series.min()), float(series.max())
    ax.set_ylim(min(0.0, low * 1.1), max(high, 0.1) * 1.25)
    ax.set_ylabel(ylabel)
    return ax


def plot_histogram(
    values: pd.Series, *, ax: Axes, xlabel: str, ylabel: str, unit: str, bins: int = 24, median: float | None = None
) -> Axes:
    """Draw a distribution with its median, or that of more values than are drawn."""
    import seaborn as sns

    light = tokens()["light"]
    sns.histplot(x=values, bins=bins, ax=ax, color=light["mark"], alpha=1, edgecolor=light["surface"], linewidth=0.8)
    median = float(values.median()) if median is None else median
    ax.axvline(median, color=light["ink"], linewidth=1.2)
    told = words.money(median, unit) if abs(median) < _CENTS_BELOW else words.round_money(median, unit)
    top = ax.get_ylim()[1]
    ax.set_ylim(0, top * 1.12)
    ax.annotate(f"median {told.strip()}", (median, top * 1.1), xytext=(6, 0),
                textcoords="offset points", va="top", fontsize=9)  # fmt: skip
    ax.set_xlabel(xlabel)
    ax.xaxis.set_major_formatter(lambda value, _: _short(value))
    ax.grid(visible=False, axis="x")
    ax.set_ylabel(ylabel)
    return ax


def _room(ax: Axes, texts: Sequence[str]) -> float:
    """Return the share of the axes' width that the longest text at a bar's end needs."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    axes_width = 72 * float(figure.get_size_inches()[0]) * _AXES_SHARE
    return min(0.6, (max(map(len, texts), default=0) * _CHARACTER + 6) / axes_width)


def shortened(text: object, length: int = _LABEL_LENGTH) -> str:
    """Return a label that fits beside an axis, of so many characters at most."""
    plain = clean(text)
    return plain if len(plain) <= length else f"{plain[: length - 1].rstrip()}…"


def _months(ax: Axes, months: pd.Index) -> None:
    """Label months: short names, the year below the first of each."""
    step = max(1, -(-len(months) // _MANY_MONTHS))
    places = list(range(0, len(months), step))
    labels, year = [], None
    for place in places:
        month = months[place]
        labels.append(f"{month:%b}\n{month:%Y}" if month.year != year else f"{month:%b}")
        year = month.year
    ax.set_xticks(places, labels)
    ax.set_xlabel("Month of the invoice")
    ax.grid(visible=False, axis="x")


def _from_zero(ax: Axes, ylabel: str) -> Axes:
    ax.set_ylim(0, (ax.get_ylim()[1] or 1) * 1.04)
    ax.set_ylabel(ylabel)
    ax.yaxis.set_major_formatter(lambda value, _: _short(value))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return ax


def _short(value: float) -> str:
    """Return an axis label: ``120k`` for 120,000."""
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"
