"""What is bought together, on the recommendations page: the table of rules, its picture, its files, copies marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from cache_data import cache_from_truth, small_truth
from report_data import HOSTILE_NAME, page_of
from segments_pages import assert_sound, heads_of, rows_of, visible

from invoice_lab.reporting.charts_recommendations import plot_network
from invoice_lab.reporting.files import PAGE_FILES_VARIABLE
from invoice_lab.reporting.pages.rule_sections import RULE_COLUMNS
from invoice_lab.settings import Settings

ALONE, TOGETHER, COPIES = 60, 30, 12


def books_of(baskets):
    """Return one customer's invoice a basket; a basket is a list of products."""
    base, records = small_truth(invoices=1)[0], []
    for number, products in enumerate(baskets):
        who = {"name": f"Customer {number}", "address": ["1 Long Street", "12345 Town"], "email": None,
               "number": f"{number:05d}", "category": "A"}  # fmt: skip
        lines = [{"product": name, "quantity": 1, "unit_price": "2.00"} for name in products]
        when = pd.Timestamp("2019-01-03") + pd.Timedelta(days=number)
        about = {"file": f"{number}.png", "invoice_id": f"R{number:04d}", "issued_at": str(when)}
        records.append({**base, **about, "customer": who, "lines": lines, "total": f"{2 * len(lines)}.00"})
    return records


def one_each():
    """Return baskets of a single product each, twenty of them in turn."""
    return [[f"Product {number % 20}"] for number in range(ALONE * 20)]


def page(settings, **parameters):
    return page_of("recommendations", settings, workspace="sample", **parameters)[0]


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Tea and cups together in thirty baskets that begin otherwise; ink, pens and pads in twelve that are alike."""
    folder = tmp_path_factory.mktemp("rules")
    settings = Settings(folder / "data", folder / "reports")
    honest = [[f"Own {number}", HOSTILE_NAME, "Cup"] for number in range(TOGETHER)]
    cache_from_truth(books_of([*one_each(), *honest, *[["Ink", "Pen", "Pad"]] * COPIES]), settings)
    return settings


def test_rules_have_support_confidence_lift_and_intervals(books):
    markup = page(books)
    assert_sound(markup)
    heads, rows = heads_of(markup, "rules"), rows_of(markup, "rules")
    assert heads == ["Who buys", "also buys", "Invoices with both", "By chance", "Support", "Confidence", "95 %",
                     "Lift", "95 %", "Copied invoices"]  # fmt: skip
    assert {row[1] for row in rows[:2]} >= {"Cup"}, "most invoices beyond chance"
    [cup] = [row for row in rows if row[0] == "Cup"]
    total = ALONE * 20 + TOGETHER + COPIES
    assert cup[2] == str(TOGETHER) and cup[5].split()[0] == "100.0" and cup[9] == "0"
    assert float(cup[4].split()[0]) == pytest.approx(100 * TOGETHER / total, abs=0.05)
    assert float(cup[7]) == pytest.approx(total / TOGETHER, abs=0.01)
    low, high = map(float, cup[8].split(" to "))
    assert low < float(cup[7]) < high
    assert HOSTILE_NAME not in markup


def test_rules_on_copied_invoices_are_marked_in_table_and_picture(books):
    markup = page(books)
    copied = [row for row in rows_of(markup, "rules") if row[0] in ("Ink", "Pen", "Pad")]
    assert [row[9] for row in copied] == [f"{COPIES - 1}, rests on them"] * 6
    assert "6 rules rest on copied invoices and would not stand without them" in visible(markup)
    assert "Dashed lines rest on copied invoices." in visible(markup)
    assert "4 pairs of products are bought together most, in 2 groups" in visible(markup)


def test_files_hold_all_rules(books, tmp_path, monkeypatch):
    monkeypatch.setenv(PAGE_FILES_VARIABLE, str(tmp_path))
    markup = page(books)
    table = pq.read_table(tmp_path / "rules.parquet")
    assert table.column_names == list(RULE_COLUMNS) and table.num_rows == len(rows_of(markup, "rules")) == 8
    assert sum(table["rests_on_copies"].to_pylist()) == 6
    csv = pd.read_csv(tmp_path / "rules.csv")
    assert csv["lift"].tolist() == pytest.approx(table["lift"].to_pylist(), rel=1e-4)
    assert '<a href="rules.csv" download="rules.csv">' in markup


def test_least_baskets_is_that_of_rules_too(books):
    rows = rows_of(page(books, least_baskets=COPIES + 1), "rules")
    assert sorted(row[2] for row in rows) == [str(TOGETHER)] * 2


def test_where_nothing_goes_together_it_is_said(settings):
    cache_from_truth(books_of(one_each()), settings)
    markup = page(settings)
    said = "No two products are on 5 or more invoices together more often than by chance"
    assert said in visible(markup) and 'id="rules"' not in markup


def test_labels_stand_beside_their_points_and_do_not_cover_each_other():
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [f"Product {number}" for number in range(6)]
    x, y = [-0.5, -0.45, 0.5, 0.55, 0.0, 0.02], [0.5, 0.5, -0.5, -0.5, 0.0, 0.03]
    nodes = pd.DataFrame({"product": names, "x": x, "y": y, "size": [3, 5, 8, 2, 9, 4]})
    places = nodes[["x", "y"]].to_numpy()
    edges = pd.DataFrame(np.hstack([places[::2], places[1::2]]), columns=["x", "y", "x2", "y2"])
    edges = edges.assign(lift=[2.0, 3.0, 4.0], rests_on_copies=[False, True, False])
    drawing = Figure(figsize=(8, 5))
    FigureCanvasAgg(drawing)
    ax = plot_network(nodes, edges, ax=drawing.add_axes((0, 0, 1, 1)), size=(8, 5))
    drawing.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert [text.get_text() for text in ax.texts] == names
    assert not [(a, b) for a in range(6) for b in range(a) if boxes[a].overlaps(boxes[b])]
    points = ax.transData.transform(places)
    assert not [box for box in boxes if box.count_contains(points)]
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--", "-"]
