"""Pictures of the segments page: bands that add up, each area named once, frames with little or nothing in them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle

from invoice_lab.reporting.charts_segments import (
    plot_areas,
    plot_calibration,
    plot_cohorts,
    plot_index,
    plot_retention,
    plot_sankey,
)
from invoice_lab.reporting.theme import UNKNOWN_SEGMENT

MOVES = pd.DataFrame(
    [("A", "A", 50), ("A", "B", 10), ("B", "A", 5), ("new", "B", 30), ("B", "gone", 4), ("C", "C", 1)],
    columns=["before", "after", "customers"],
)
COLOURS = {"A": "#111111", "B": "#222222"}


@pytest.fixture
def axes():
    return Figure().add_subplot()


def texts(axes):
    return [text.get_text() for text in axes.texts]


def sankey(axes, moves=MOVES, **options):
    return plot_sankey(moves, ax=axes, order=["A", "B", "C"], colours=COLOURS, labels=("then", "now"), **options)


def nodes(axes):
    """Top and height of the rectangles of both sides."""
    found = {"before": [], "after": []}
    for patch in axes.patches:
        if isinstance(patch, Rectangle):
            found["before" if patch.get_x() == 0 else "after"].append((patch.get_y(), patch.get_height()))
    return found


def bands(axes):
    """Top and height of each band at both ends, and its colour."""
    found = []
    for patch in axes.patches:
        if isinstance(patch, PathPatch):
            y = patch.get_path().vertices[:, 1]
            found.append(((y[0], y[7] - y[0]), (y[3], y[4] - y[3]), to_hex(patch.get_facecolor())))
    return found


@pytest.mark.parametrize("side", ["before", "after"])
def test_bands_add_up_to_the_nodes_on_both_sides(axes, side):
    sankey(axes)
    total = MOVES["customers"].sum()
    place = int(side == "after")
    assert len(bands(axes)) == len(MOVES)
    sums = MOVES.groupby(side)["customers"].sum() / total
    assert sorted(height for _, height in nodes(axes)[side]) == pytest.approx(sorted(sums))
    assert sum(band[place][1] for band in bands(axes)) == pytest.approx(1)
    for top, height in nodes(axes)[side]:
        own = sorted(band[place] for band in bands(axes) if top - 1e-9 <= band[place][0] < top + height - 1e-9)
        assert own[0][0] == pytest.approx(top)
        for (upper, size), (lower, _) in itertools.pairwise(own):
            assert upper + size == pytest.approx(lower)  # neither a gap nor an overlap
        assert own[-1][0] + own[-1][1] == pytest.approx(top + height)


def test_a_band_is_as_high_at_its_end_as_at_its_beginning(axes):
    sankey(axes)
    for start, end, _ in bands(axes):
        assert start[1] == pytest.approx(end[1])
    assert sorted(start[1] for start, _, _ in bands(axes)) == pytest.approx(sorted(MOVES["customers"] / 100))


def test_bands_have_the_colour_of_where_they_come_from_and_nodes_stand_in_order(axes):
    sankey(axes, names={"A": "Un"})
    counted = pd.Series([colour for *_, colour in bands(axes)]).value_counts().to_dict()
    assert counted == {"#111111": 2, "#222222": 2, UNKNOWN_SEGMENT: 2}
    said = [text for text in texts(axes) if "  " in text]
    assert said == ["Un  60", "B  9", "new  30", "Un  55", "B  40", "C  1", "gone  4"]  # C is too small to be named
    tops = [top for top, _ in nodes(axes)["after"]]
    assert tops == sorted(tops)
    assert {"then", "now"} <= set(texts(axes))


def test_order_of_rows_does_not_count(axes):
    sankey(axes)
    other = sankey(Figure().add_subplot(), MOVES.sample(frac=1, random_state=4))
    assert sorted(bands(axes)) == sorted(bands(other))


def test_nobody_and_one_who_moved(axes):
    one = sankey(axes, MOVES.head(1))
    assert nodes(one) == {"before": [(0.0, 1.0)], "after": [(0.0, 1.0)]}
    nobody = sankey(Figure().add_subplot(), MOVES[:0])
    assert not nobody.patches and set(texts(nobody)) == {"then", "now"}


def areas(axes, names, counts=None):
    names = pd.DataFrame(names)
    counts = pd.DataFrame(np.ones(names.shape, int)) if counts is None else counts
    return plot_areas(counts, names, ax=axes, colours=COLOURS, xlabel="x", ylabel="y")


def test_areas_are_named_once_and_outlined(axes):
    areas(axes, [["A", "A", "B"], ["A", "A", "B"], ["C", "B", "B"]])
    assert sorted(text for text in texts(axes) if text.isalpha()) == ["A", "B", "C"]
    strips = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert len(strips) == 9
    assert [to_hex(strip.get_facecolor()) for strip in strips[-3:]] == [UNKNOWN_SEGMENT, "#222222", "#222222"]
    lines = {tuple(map(tuple, line.get_xydata().tolist())) for line in axes.lines}
    assert lines == {
        ((2, 0), (2, 1)), ((2, 1), (2, 2)), ((1, 2), (1, 3)),  # between A and B, and C and B
        ((0, 2), (1, 2)), ((1, 2), (2, 2)),  # above C, and above the B below A
    }  # fmt: skip


def test_areas_that_are_no_rectangles_are_named_too(axes):
    areas(axes, [["A", "B", "B"], ["B", "B", "B"]])
    assert sorted(text for text in texts(axes) if text.isalpha()) == ["A", "B"]


def test_areas_of_one_cell_and_of_nobody(axes):
    assert texts(areas(axes, [["A"]])) == ["1", "A"]
    empty = areas(Figure().add_subplot(), [["A", "B"]], pd.DataFrame([[0, 0]]))
    assert sorted(texts(empty)) == ["0", "0", "A", "B"]


def test_calibration_draws_dots_lines_and_the_diagonal(axes):
    groups = pd.DataFrame({"expected": [0.2, 1.5], "actual": [0.1, 1.6], "low": [0.0, 1.2], "high": [0.2, 2.0]})
    plot_calibration(groups, ax=axes, xlabel="x", ylabel="y")
    dots = axes.collections[-1].get_offsets().tolist()
    assert dots == [[0.2, 0.1], [1.5, 1.6]]
    assert axes.lines[0].get_xydata().tolist() == [[0, 0], [pytest.approx(2.16)] * 2]
    assert axes.get_xlim() == axes.get_ylim() == (0, pytest.approx(2.16))
    nothing = plot_calibration(groups[:1] * 0, ax=Figure().add_subplot(), xlabel="x", ylabel="y")
    assert nothing.get_xlim() == (0, 1)


def test_cohorts_print_per_cent_and_leave_unknown_months_empty(axes):
    shares = pd.DataFrame([[0.5, 0.254], [0.0, np.nan]], index=["Jan (4)", "Feb (2)"], columns=[1, 2])
    plot_cohorts(shares, ax=axes, xlabel="x", ylabel="y")
    assert texts(axes) == ["50", "25", "0"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Jan (4)", "Feb (2)"]


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_cohorts_of_nobody(axes, value):
    plot_cohorts(pd.DataFrame([[value]]), ax=axes, xlabel="x", ylabel="y")
    assert texts(axes) == ["0"][: int(value == 0)]


def test_an_index_is_drawn_with_its_average_and_labels(axes):
    frame = pd.DataFrame({"label": ["Mon", "Tue"], "index": [0.5, 1.5], "low": [0.2, 1.0], "high": [0.9, 2.0]})
    plot_index(frame, ax=axes, xlabel="x", ylabel="y")
    assert axes.collections[-1].get_offsets().tolist() == [[0, 0.5], [1, 1.5]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["Mon", "Tue"]
    assert axes.lines[0].get_ydata() == [1, 1]
    assert axes.get_ylim() == (0, pytest.approx(2.12))


def test_retention_is_a_line_from_zero(axes):
    frame = pd.DataFrame({"months": [1, 2], "share": [0.3, 0.1], "low": [0.2, 0.0], "high": [0.4, 0.2]})
    plot_retention(frame, ax=axes, xlabel="x", ylabel="y")
    assert axes.lines[0].get_xydata().tolist() == [[1, 0.3], [2, 0.1]]
    assert axes.get_ylim() == (0, pytest.approx(0.44))
    one = plot_retention(frame[:1] * [1, 0, 0, 0], ax=Figure().add_subplot(), xlabel="x", ylabel="y")
    assert one.get_ylim() == (0, 0.05)
