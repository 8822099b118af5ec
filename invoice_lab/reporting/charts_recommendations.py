"""Pictures of the recommendations report: products that are bought together.

As in `charts`, each ``plot_*`` takes data and the axes to draw on, and returns the axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from invoice_lab.reporting.charts import shortened
from invoice_lab.tokens import tokens

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LARGEST, _SMALLEST = 200, 24  # area of a point, in square points
_THICKEST, _THINNEST = 4.0, 0.8
_DASHES = (0, (3, 2))
_REACH = 1.1  # of the axes, from the middle
_POINTS = 72  # an inch
_LABEL, _FONT, _WIDTH = 26, 7.5, 4.6  # longest label, its size, and the width of a character, both in points
_ALONG = (0.15, 0.3, 0.5, 0.7, 0.85)
_SIDES = {(0, -1): ("center", "top"), (0, 1): ("center", "bottom"), (1, 0): ("left", "center"),
          (-1, 0): ("right", "center")}  # fmt: skip
"""Where a label may stand beside its point: direction, and how the text is aligned there."""


def plot_network(nodes: pd.DataFrame, edges: pd.DataFrame, *, ax: Axes, size: tuple[float, float]) -> Axes:
    """Draw products as points, larger the more baskets hold them, joined by lines, thicker the higher the lift.

    Lines that rest on copied baskets are dashed.

    Parameters
    ----------
    nodes, edges : DataFrame
        As `invoice_lab.recommendation.rules_network` returns them; one edge at least.
    size : tuple of float
        Of the picture, in inches.
    """
    light = tokens()["light"]
    strength = np.log(edges["lift"])
    widths = _THINNEST + (_THICKEST - _THINNEST) * strength / max(float(strength.max()), 1e-9)
    for edge, width in zip(edges.itertuples(), widths, strict=True):
        copied = bool(edge.rests_on_copies)
        ax.plot([edge.x, edge.x2], [edge.y, edge.y2], color=light["worse"] if copied else light["mark-soft"],
                linewidth=width, linestyle=_DASHES if copied else "-", zorder=1)  # fmt: skip
    areas = _SMALLEST + (_LARGEST - _SMALLEST) * nodes["size"] / nodes["size"].max()
    ax.scatter(nodes["x"], nodes["y"], s=areas, color=light["mark-strong"], zorder=2)
    texts, radii = [shortened(name, _LABEL) for name in nodes["product"]], np.sqrt(areas.to_numpy()) / 2
    places = nodes[["x", "y"]].to_numpy()
    begin, end = edges[["x", "y"]].to_numpy(), edges[["x2", "y2"]].to_numpy()
    along = np.vstack([begin + share * (end - begin) for share in _ALONG])
    sides = _sides(places, along, radii, texts, size)
    for text, place, radius, side in zip(texts, places, radii, sides, strict=True):
        across, upright = _SIDES[side]
        ax.annotate(text, place, xytext=(np.array(side) * (radius + 2)), textcoords="offset points", ha=across,
                    va=upright, fontsize=_FONT, color=light["ink"], zorder=3)  # fmt: skip
    ax.set(xlim=(-_REACH, _REACH), ylim=(-_REACH, _REACH))
    ax.axis("off")
    return ax


def _sides(
    places: npt.NDArray[np.float64],
    along: npt.NDArray[np.float64],
    radii: npt.NDArray[np.float64],
    texts: list[str],
    size: tuple[float, float],
) -> list[tuple[int, int]]:
    """Choose the side of each point where its label covers the least of points, lines and labels that stand already.

    `along` has places of the lines; `radii` are those of the points, in points (1/72 inch).
    """
    whole = np.array(size) * _POINTS
    middle, lines = ((at + _REACH) / (2 * _REACH) * whole for at in (places, along))
    taken = np.vstack(
        [
            np.column_stack([middle - radii[:, None], middle + radii[:, None]]),
            np.column_stack([lines - _THICKEST, lines + _THICKEST]),
        ]
    )
    chosen = []
    for at, radius, text in zip(middle, radii, texts, strict=True):
        half = np.array([len(text) * _WIDTH, _FONT]) / 2
        boxes = []
        for side in _SIDES:
            centre = at + np.array(side) * (radius + 2 + half)
            boxes.append(np.concatenate([centre - half, centre + half]))
        covered = [_covered(box, taken) + 2 * _outside(box, whole) for box in boxes]
        best = int(np.argmin(covered))
        taken = np.vstack([taken, boxes[best]])
        chosen.append(list(_SIDES)[best])
    return chosen


def _covered(box: npt.NDArray[np.float64], taken: npt.NDArray[np.float64]) -> float:
    """Return the area that a box (left, bottom, right, top) shares with others, in square points."""
    width = np.minimum(box[2], taken[:, 2]) - np.maximum(box[0], taken[:, 0])
    height = np.minimum(box[3], taken[:, 3]) - np.maximum(box[1], taken[:, 1])
    return float((np.maximum(width, 0) * np.maximum(height, 0)).sum())


def _outside(box: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> float:
    """Return the area of a box that lies beyond the picture."""
    inside = np.minimum(box[2:], whole) - np.maximum(box[:2], 0)
    return float(np.prod(box[2:] - box[:2]) - np.prod(np.maximum(inside, 0)))
