"""Words, tables, cards, theme: small things that every page is made of."""

from __future__ import annotations

import base64
import gzip
import math
import re

import pandas as pd
import pytest

from invoice_lab.errors import MissingToolError, UsageError
from invoice_lab.reporting import theme, words
from invoice_lab.reporting.assets import PAGE_VARIABLE, _classic, packed, page_assets, tables_assets
from invoice_lab.reporting.cards import MOST, Card, cards
from invoice_lab.reporting.charts import plot_bars, plot_confidence, plot_intervals, plot_line
from invoice_lab.reporting.figures import figure
from invoice_lab.reporting.markup import Html, escape
from invoice_lab.reporting.tables import Column, table
from invoice_lab.segmentation.segments import colours

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.money(1234.5), f"1,234.50{NBSP}EUR"),
        (words.money(-0.001), f"0.00{NBSP}EUR"),
        (words.money(math.nan), "–"),
        (words.percent(0.0712), f"7.1{NBSP}%"),
        (words.percent(0.31), f"31{NBSP}%"),
        (words.percent(0.0038), f"0.38{NBSP}%"),
        (words.percent(0), f"0{NBSP}%"),
        (words.percent(0.9949), f"99{NBSP}%"),
        (words.percent(0.99999), f"99.9{NBSP}%"),
        (words.percent(1), f"100{NBSP}%"),
        (words.count(1, "customer"), "1 customer"),
        (words.count(2, "category"), "2 categories"),
        (words.of(62, 873, "customer"), f"62 of 873 customers, 7.1{NBSP}%"),
        (words.of(0, 0, "customer"), "0 of 0 customers"),
        (words.change(108.2, 100), f"8.2{NBSP}% more"),
        (words.change(50, 100), f"50{NBSP}% less"),
        (words.change(1, 0), "nothing to compare with"),
        (words.listing(["a", "b", "c"]), "a, b and c"),
        (words.day(pd.NaT), "–"),
    ],
)
def test_words(said, expected):
    assert said == expected


def test_escape_is_for_texts_and_leaves_markup():
    assert escape("<b>\x00\u202e&") == "&lt;b&gt;&amp;"
    assert escape(Html("<b>")) == "<b>"


def test_table_cells_are_escaped_and_sorted_by_value():
    frame = pd.DataFrame(
        {"name": ["<script>x</script>" + "y" * 40], "sales": [1234.5], "day": [pd.Timestamp("2020-10-18")]}
    )
    columns = [Column("name", "Name"), Column("sales", "Sales", "money"), Column("day", "Day", "date")]
    shown = table(frame, columns, table_id="t")
    assert "<script>" not in shown
    assert 'title="&lt;script&gt;' in shown
    assert '<td class="il-number" data-order="1234.5">1,234.50</td>' in shown
    assert "2020-10-18" in shown
    assert shown == table(frame, columns, table_id="t")


def test_names_wrap_at_their_joints_and_are_escaped():
    shown = table(pd.DataFrame({"n": ["a/FAC_<b>"]}), [Column("n", "N", "wrapped")], table_id="t")
    assert '<td class="il-wrapped">a/<wbr>FAC_<wbr>&lt;b&gt;</td>' in shown


def test_only_long_tables_are_paged():
    frame = pd.DataFrame({"n": range(11)})
    assert "Download CSV" in table(frame, [Column("n", "N", "whole")], table_id="t")
    assert "Download CSV" not in table(frame.head(10), [Column("n", "N", "whole")], table_id="t")


def test_cards_show_arrow_and_words_and_are_six_at_most():
    shown = cards(*[Card("A", "1", change="8 % more", against="than before", series=[1, 2, 3])] * 9)
    assert shown.count('class="il-card"') == MOST
    assert "▲ 8 % more" in shown
    assert "<polyline" in shown
    assert "<polyline" not in cards(Card("A", "1", series=[1, 2]))


def test_figures_are_equal_each_time_and_follow_the_theme():
    data = pd.Series([1.0, 2.0], index=["<b> & $x^2$", "two"])
    made = [figure("T", plot_bars, data, xlabel="x", texts=["1", "2"], alt='a "b"', source="s") for _ in range(2)]
    assert made[0] == made[1]
    assert "&lt;b&gt; &amp; $x^2$" in made[0]
    assert "var(--il-ink)" in made[0]
    assert 'aria-label="a &#34;b&#34;"' in made[0]
    assert "<metadata" not in made[0]


def test_plots_return_their_axes():
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    months = pd.Series([1.0, 2.0, 3.0], index=pd.date_range("2020-01-01", periods=3, freq="MS"))
    assert plot_line(months, ax=axes, ylabel="EUR", partial_last=True) is axes


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 1.0])
def test_axes_of_shares_end_at_100_percent(share):
    from matplotlib.figure import Figure

    frame = pd.DataFrame({"label": ["A"], "value": [share], "low": [share], "high": [share], "text": ["x"]})
    confidence = pd.DataFrame({"label": ["A"], "mean": [share], "p05": [share]})
    made = plot_intervals(frame, ax=Figure().add_subplot(), xlabel="x", baseline=share, baseline_label="b")
    for axes in (made, plot_confidence(confidence, ax=Figure().add_subplot(), low=0.8)):
        assert share <= axes.get_xlim()[1] <= 1


@pytest.mark.parametrize(
    ("low", "lowest", "begin"), [(0.98, 0.99, 0.9), (0.98, 0.42, 0.4), (0.3, 0.9, 0.2), (0.98, 0.0, 0)]
)
def test_the_axis_of_confidence_begins_at_a_full_tenth_below_all_of_it(low, lowest, begin):
    from matplotlib.figure import Figure

    frame = pd.DataFrame({"label": ["A", "B"], "mean": [1.0, 1.0], "p05": [lowest, 1.0]})
    assert plot_confidence(frame, ax=Figure().add_subplot(), low=low).get_xlim() == (pytest.approx(begin), 1)


def test_colours_are_fixed():
    assert {name: theme.segment_colour(name) for name in colours()} == colours()
    assert theme.status_colour("accepted") != theme.status_colour("failed")
    with pytest.raises(UsageError, match="known are: accepted"):
        theme.status_colour("nice")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_has_enough_contrast(mode):
    tokens = theme.tokens()[mode]
    pairs = [(ink, ground) for ink in ("ink", "muted", "accent", "worse", "better") for ground in ("page", "surface")]
    for ink, ground in [*pairs, ("amber-ink", "amber-ground")]:
        assert _contrast(tokens[ink], tokens[ground]) >= 4.5, (mode, ink, ground)


def test_assets_stand_once_and_only_where_the_page_has_none(monkeypatch):
    monkeypatch.setenv(PAGE_VARIABLE, "report")
    assert page_assets() == ""
    monkeypatch.delenv(PAGE_VARIABLE)
    assert "--il-ink" in page_assets()
    assert len(tables_assets()) < 400_000
    assert not re.search(r"(src|href)=", tables_assets())


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_is_packed_is_unpacked_to_the_same_in_equal_bytes():
    text = "const é = '</script>';\n" * 50
    assert packed(text) == packed(text)
    assert gzip.decompress(base64.b64decode(packed(text))).decode() == text
    assert "<" not in packed(text)


def test_a_module_becomes_a_script_that_leaves_its_exports_behind():
    script = _classic("const a=1,$b=2;function c(){}export{a as Other,$b as ITable,c as jQuery};")
    assert script.startswith('(()=>{"use strict";const a=1,$b=2;function c(){}')
    assert "globalThis.invoiceLabITable=$b;" in script and "globalThis.invoiceLabJQuery=c;" in script
    assert "export" not in script
    for other in ("const a=1;", "export{a as ITable};"):
        with pytest.raises(MissingToolError, match="make setup"):
            _classic(other)


def test_segments_are_shown_in_the_language_and_colour_that_a_column_asks_for():
    frame = pd.DataFrame({"s": ["Champions", "<b>"]})
    french = Column(
        "s", "S", "segment", shown={"Champions": "Les <i>", "<b>": "<b>"}.get, colour=lambda name: "#123456"
    )
    shown = table(frame, [french], table_id="t")
    assert shown.count('style="background:#123456"') == 2
    assert 'data-order="Les &lt;i&gt;"' in shown and "</span>Les &lt;i&gt;<" in shown and "</span>&lt;b&gt;<" in shown
    plain = table(frame, [Column("s", "S", "segment")], table_id="t")
    assert f"background:{colours()['Champions']}" in plain and f"background:{theme.UNKNOWN_SEGMENT}" in plain
