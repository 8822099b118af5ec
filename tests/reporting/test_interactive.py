"""Charts to click, in a real browser under the reports' own policy: drawn, filtering a table, asking nobody."""

from __future__ import annotations

import json
import math
import re

import pandas as pd
import pytest
import vl_convert
from browser import WAIT_MS, chrome
from report_data import HOSTILE_NAME, rendered

from invoice_lab.reporting.interactive import chart_assets, chart_figure, cluster_map, records, segment_bars
from invoice_lab.reporting.tables import Column, table

CLOSING = "</script><script>alert(1)</script>"
SALES = {"Can't lose (a+b)": 500.0, "Loyal": 300.0, "R & <D>": 200.0, "Not Loyal": -40.0}
COLOURS = dict(zip(SALES, ("#0072b2", "#009e73", "#d55e00", "#999999"), strict=True))
BARS = [{"segment": name, "sales": value, "text": f"{value:.0f} %"} for name, value in SALES.items()]
CUSTOMERS = pd.DataFrame(
    [(f"{HOSTILE_NAME} {number}", name) for number, name in enumerate(list(SALES) * 6)], columns=["customer", "segment"]
)
DOTS = [
    {"x": float(place), "y": float(place % 3), "cluster": "AB"[place % 2], "customer": f"{CLOSING} {place}",
     "recency": "3 days", "frequency": "2 invoices", "monetary": "5 EUR"} for place in range(20)
]  # fmt: skip


def bars():
    return chart_figure(
        "Loyal & <b>", segment_bars(BARS, COLOURS, "Sales, EUR"), alt='Bars "of" <sales>', source="Source: here.",
        filters=("segment", "customers", "segment"),
    )  # fmt: skip


def dots():
    chart = cluster_map(DOTS, {"A": "#0072b2", "B": "#d55e00"}, ("One", "Two"))
    return chart_figure("Map", chart, alt="A map.", source="Source: here.")


def spec_of(figure):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', figure, re.DOTALL)[1])


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of two charts and a table, rendered as reports are."""
    columns = [Column("customer", "Customer"), Column("segment", "Segment", "segment", colour=COLOURS.__getitem__)]
    folder = tmp_path_factory.mktemp("page")
    parts = [chart_assets(folder), bars(), dots(), table(CUSTOMERS, columns, table_id="customers")]
    return rendered(folder / "page.html", "Charts", *parts)


@pytest.fixture
def watched(page):
    """The page in a browser, its charts drawn and its table sortable."""
    messages = []
    with chrome() as browser, browser.open(page.as_uri(), wait_for="#customers_wrapper, .dt-container") as opened:
        opened.page.on("console", lambda message: messages.append(message.text))
        opened.page.reload()
        opened.page.wait_for_function("document.querySelectorAll('.il-chart svg').length === 2", timeout=WAIT_MS)
        opened.page.wait_for_selector(".dt-container")
        yield opened
        opened.assert_clean()
        assert messages == []


def segments_listed(page):
    cells = page.locator("#customers tbody td:nth-child(2)")
    return sorted({cells.nth(number).inner_text() for number in range(cells.count())})


def total(page):
    return page.locator(".dt-info").inner_text()


def chosen(page):
    """What the choice and the link below the bars say; there is no link where nothing is chosen."""
    link = page.locator(".il-chosen a")
    assert link.is_visible() == bool(link.inner_text())
    return page.get_by_label("Show").input_value(), link.inner_text()


def bar(page, place):
    return page.locator(".il-chart").first.locator(".mark-rect.role-mark path").nth(place)


def test_the_policy_of_reports_forbids_eval(page):
    policy = re.search(r'content="([^"]+)" http-equiv="Content-Security-Policy"', page.read_text())[1]
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy


@pytest.mark.browser
def test_bars_and_dots_are_drawn_in_their_colours(watched):
    marks = watched.page.locator(".il-chart").first.locator(".mark-rect.role-mark path")
    assert [marks.nth(place).get_attribute("fill") for place in range(marks.count())] == list(COLOURS.values())
    widths = [marks.nth(place).bounding_box()["width"] for place in range(4)]
    assert widths[0] / widths[1] == pytest.approx(5 / 3, rel=0.02)
    assert widths[2] / widths[3] == pytest.approx(5, rel=0.05)
    shown = watched.page.locator(".il-chart").first.inner_text()
    assert all(name in shown for name in SALES)
    assert watched.page.locator(".il-chart").nth(1).locator(".mark-symbol.role-mark path").count() == len(DOTS)


@pytest.mark.browser
@pytest.mark.parametrize("name", SALES)
def test_a_click_on_a_bar_lists_its_rows_alone_until_all_are_shown(watched, name):
    page = watched.page
    assert total(page) == "1 to 10 of 24 rows"
    bar(page, list(SALES).index(name)).click()
    assert segments_listed(page) == [name]
    assert total(page) == "1 to 6 of 6 rows (of 24)"
    assert page.locator(".il-chosen a").get_attribute("href") == "#customers"
    assert chosen(page) == (name, name)
    page.get_by_label("Show").select_option("Show all")
    assert chosen(page) == ("", "")
    assert total(page) == "1 to 10 of 24 rows"


@pytest.mark.browser
def test_another_bar_takes_the_place_of_the_first(watched):
    bar(watched.page, 1).click()
    bar(watched.page, 0).click()
    assert segments_listed(watched.page) == ["Can't lose (a+b)"]
    assert chosen(watched.page) == ("Can't lose (a+b)", "Can't lose (a+b)")


@pytest.mark.browser
def test_the_keyboard_lists_the_rows_of_each_bar(watched):
    page = watched.page
    options = page.locator(".il-chosen option")
    assert options.all_inner_texts() == ["Show all", *SALES]
    page.get_by_label("Show").focus()
    for name in SALES:
        page.keyboard.press("ArrowDown")
        assert segments_listed(page) == [name]
        assert chosen(page) == (name, name)


@pytest.mark.browser
def test_pointing_at_a_dot_tells_who_it_is_as_text(watched):
    dot = watched.page.locator(".il-chart").nth(1).locator(".mark-symbol.role-mark path").nth(4)
    dot.hover()
    tip = watched.page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    assert f"{CLOSING} 4" in tip.inner_text()
    assert tip.locator("script").count() == 0


@pytest.mark.browser
def test_a_click_in_the_legend_leaves_one_cluster_clear(watched):
    chart = watched.page.locator(".il-chart").nth(1)
    chart.locator(".role-legend-symbol path").first.click()
    marks = chart.locator(".mark-symbol.role-mark path")
    faded = [float(marks.nth(place).get_attribute("opacity") or 1) < 0.5 for place in range(len(DOTS))]
    assert faded == [row["cluster"] != "A" for row in DOTS]


def test_a_figure_holds_its_description_and_its_words():
    figure = bars()
    assert "<figcaption>Loyal &amp; &lt;b&gt;</figcaption>" in figure
    assert 'role="img" aria-label="Bars &#34;of&#34; &lt;sales&gt;"' in figure
    assert (
        'data-field="segment" data-table="customers" data-column="segment" data-clear="Show all" data-choose="Show"'
        in figure
    )
    assert "data-table" not in dots()
    chart = segment_bars(BARS, COLOURS, "x")
    french = chart_figure(
        "T", chart, alt="a", source="s", filters=("a", "b", "c"), label={"Show all": "Tout", "Show": "Voir"}.get
    )
    assert 'data-clear="Tout" data-choose="Voir"' in french


def test_texts_can_not_close_the_script_and_arrive_as_they_are():
    figure = dots()
    assert figure.count("</script>") == 1
    assert [row["customer"] for row in spec_of(figure)["data"]["values"]] == [row["customer"] for row in DOTS]


def test_equal_charts_are_equal_bytes_and_name_no_address(tmp_path):
    assert bars() == bars() and dots() == dots()
    assert "http" not in json.dumps(spec_of(bars()))
    assert not re.search(r'(?:src|href)="', chart_assets(tmp_path))
    assert len(chart_assets(tmp_path)) < 500_000


def test_what_draws_charts_is_made_once_and_the_same_where_it_can_not_be_kept(tmp_path, monkeypatch):
    made = []
    bundle = vl_convert.javascript_bundle
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda entry: made.append(entry) or bundle(entry))
    (tmp_path / "file").write_text("no folder")
    folders = [tmp_path / "kept", tmp_path / "kept", tmp_path / "file"]
    first, again, unkept = (chart_assets.__wrapped__(folder) for folder in folders)
    assert first == again == unkept
    assert len(made) == 2
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.name.startswith("vega-")
    for number, damage in enumerate((b"", b"\xff\xfe", b"\x00" * 40, kept.read_bytes()[:1000], b"aGVsbG8="), start=3):
        kept.write_bytes(damage)
        assert chart_assets.__wrapped__(tmp_path / "kept") == first
        assert len(made) == number


@pytest.mark.parametrize(
    ("sales", "domain"),
    [([], [0, 1]), ([0.0], [0, 1]), ([-5.0], [-5, 1]), ([10.0, -2.0], [-2, 18]), ([10.0], [0, 18])],
)
def test_the_axis_of_bars_holds_them_and_their_texts(sales, domain):
    rows = [{"segment": str(place), "sales": value, "text": ""} for place, value in enumerate(sales)]
    spec = segment_bars(rows, {str(place): "#000000" for place in range(len(sales))}, "x").to_dict()
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == domain


def test_records_hold_what_json_can_hold():
    frame = pd.DataFrame({"n": [1, 2], "x": [0.123456, math.nan], "t": ["a\x00\u202eb", None]})
    assert records(frame) == [{"n": 1, "x": 0.1235, "t": "ab"}, {"n": 2, "x": None, "t": None}]
    assert records(frame[:0]) == []
