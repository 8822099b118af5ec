"""The recommendations page: the verdict first, both protocols, both lists, parameters, files, and the way to it."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from cache_data import cache_from_truth, small_truth
from report_data import HOSTILE_NAME, environment, hostile_truth, page_of
from segments_pages import assert_sound, heads_of, rows_of, visible
from segments_pages import page as segments_page

from invoice_lab.dashboards.customer_picker import pick_customer
from invoice_lab.errors import UsageError
from invoice_lab.recommendation.chances import chances_by_rank
from invoice_lab.reporting.files import PAGE_FILES_VARIABLE
from invoice_lab.reporting.pages.chosen import as_many_of_each
from invoice_lab.reporting.pages.recommendation_exports import COLUMNS
from invoice_lab.reporting.pages.recommendations import RecommendationsPage
from invoice_lab.settings import Settings

CUSTOMERS, FAVOURITES, VISITS = 60, 4, 8
FORMULA = "=cmd()"


def loyal_truth():
    """Customers who buy the same four products of sixty again and again, and one that is a stranger's text."""
    rng, base, records = np.random.default_rng(3), small_truth(invoices=1)[0], []
    for customer in range(CUSTOMERS):
        own = rng.choice(60, FAVOURITES, replace=False)
        who = {"name": f"{HOSTILE_NAME} {customer}", "address": ["1 Long Street", "12345 Town"], "email": None,
               "number": f"{customer:05d}", "category": "AB"[customer % 2]}  # fmt: skip
        for visit in range(VISITS):
            chosen = [*rng.choice(own, 3, replace=False), 60 + rng.integers(0, 20)]
            names = [FORMULA if product == 60 else f"Product {product}" for product in chosen]
            lines = [{"product": name, "quantity": 2, "unit_price": "4.50"} for name in names]
            number = len(records)
            when = pd.Timestamp("2019-01-03") + pd.Timedelta(days=30 * visit + customer % 28)
            about = {"file": f"{number}.png", "invoice_id": f"L{number:04d}", "issued_at": str(when)}
            records.append({**base, **about, "customer": who, "lines": lines, "total": f"{9 * len(lines)}.00"})
    return records


def page(settings, **parameters):
    return page_of("recommendations", settings, workspace="sample", **parameters)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loyal")
    settings = Settings(folder / "data", folder / "reports")
    cache_from_truth(loyal_truth(), settings)
    return settings


@pytest.fixture(scope="module")
def made(shop):
    return page(shop)


def test_the_verdict_comes_first_and_taste_is_seen(made):
    markup, values = made
    assert_sound(markup)
    [first] = re.findall(r'<ul class="il-findings"><li>(.*?)</li>', markup)
    assert first.startswith("Customers have tastes of their own")
    assert values["evidence"] is True and values["tested"] == CUSTOMERS
    best = values["hit_rate"][values["method"]]
    assert best == values["hit_rate"]["auto"] > values["hit_rate"]["popularity"]
    assert "Permutation test: products were dealt out anew among all lines, 39 times" in visible(markup)
    assert "An assortment or a season that changes looks like taste to the verdict" in visible(markup)


def test_without_taste_the_page_says_so(settings):
    cache_from_truth(small_truth(invoices=200, customers=40), settings)
    markup, values = page(settings)
    assert values["evidence"] is False
    [first] = re.findall(r'<ul class="il-findings"><li>(.*?)</li>', markup)
    assert first.startswith("There is no evidence of personal taste in this data")


def test_few_customers_are_no_evidence_and_have_no_expected_value(settings):
    cache_from_truth(small_truth(invoices=12, customers=5), settings)
    markup, values = page(settings)
    assert_sound(markup)
    assert (values["tested"], values["evidence"]) == (0, False)
    assert "no evidence of personal taste in this data, for it can't be tested" in visible(markup)
    assert "Chances and expected values are left out" in visible(markup)
    assert {row[-1] for row in rows_of(markup, "offers")} == {"–"}


@pytest.mark.parametrize("protocol", ["last-basket", "date"])
def test_every_metric_of_every_method_has_an_interval_and_paired_differences(made, protocol):
    markup, _ = made
    metrics = rows_of(markup, f"metrics-{protocol}")
    assert heads_of(markup, f"metrics-{protocol}")[1::2] == ["Hit rate", "Recall", "NDCG", "MRR", "New recall"]
    assert len(metrics) == 8 and metrics[0][0].startswith("Chosen: ") and metrics[-1][0] == "Chance"
    for row in metrics:
        value, (low, high) = float(row[1].split()[0]), map(float, row[2].split(" to "))
        assert low <= value <= high
    for what, base, rows in (("gain", 1, 6), ("over-chance", -1, 7)):
        differences = rows_of(markup, f"{what}-{protocol}")
        assert len(differences) == rows and differences[0][0] == metrics[0][0]
        difference = float(metrics[0][1].split()[0]) - float(metrics[base][1].split()[0])
        assert float(differences[0][1].split()[0]) == pytest.approx(difference, abs=0.11)


def test_definitions_sources_choice_and_segments_are_printed(made):
    text = visible(made[0])
    assert "sum of 1 / log2(1 + rank)" in text and "SIGIR 2020" in text
    choice = rows_of(made[0], "choice")
    assert choice[0][5] == "–" and float(choice[1][5].split()[0]) >= 0
    assert "was chosen on the baskets before the last of 60 customers" in text
    assert "Coverage is of all lists together, so it has no interval" in text


@pytest.mark.parametrize("protocol", ["last-basket", "date"])
def test_what_lists_hold_has_intervals_by_both_protocols(shop, made, protocol):
    assert heads_of(made[0], f"lists-{protocol}") == [
        "Method", "Repeats", "95 %", "Less best sellers'", "95 %", "Popularity bias", "95 %", "Less best sellers'",
        "95 %", "Coverage",
    ]  # fmt: skip
    rows = rows_of(made[0], f"lists-{protocol}")
    with environment(shop):
        one = RecommendationsPage("sample")
        table = {"last-basket": one.last_basket, "date": one.by_date}[protocol].table
    assert len(rows) == len(table) == 8 and rows[-1][0] == "Chance" and rows[-1][-1] == "–"
    for shown, row in zip(rows, table.itertuples(), strict=True):
        assert shown[1] == f"{100 * row.repeats:.1f}\N{NO-BREAK SPACE}%"
        assert shown[2] == f"{100 * row.repeats_low:.1f} to {100 * row.repeats_high:.1f}"
        assert shown[5] == f"{row.popularity_bias:.2f}"
        assert shown[8] == f"{row.popularity_bias_gain_low:.2f} to {row.popularity_bias_gain_high:.2f}"


def test_segments_have_every_metric_with_intervals(made):
    heads = [head for name in ("Hit rate", "Recall", "NDCG", "MRR", "New recall") for head in (name, "95 %")]
    rows = {name: rows_of(made[0], name) for name in ("by-segment", "by-segment-gains", "by-segment-lists")}
    for name in ("by-segment", "by-segment-gains"):
        assert heads_of(made[0], name) == ["Segment", "Tested", *heads]
    assert heads_of(made[0], "by-segment-lists")[2::4] == ["Repeats", "Popularity bias"]
    tested = [[row[:2] for row in found] for found in rows.values()]
    assert tested[0] == tested[1] == tested[2]
    assert 0 < sum(int(n) for _, n in tested[0]) <= CUSTOMERS
    for row in [*rows["by-segment"], *rows["by-segment-gains"]]:
        for value, interval in zip(row[2:10:2], row[3:10:2], strict=True):
            low, high = map(float, interval.split(" to "))
            assert low <= float(value.split()[0].replace("−", "-")) <= high


def test_both_lists_say_why_and_what_they_are_worth(shop, made):
    rows = rows_of(made[0], "offers")
    assert {row[2] for row in rows} == {"Buys again", "New to them"}
    chances = {int(row[0]): float(row[1].split()[0]) for row in rows_of(made[0], "chances")}
    assert list(chances.values()) == sorted(chances.values(), reverse=True) and chances[1] > 10
    for row in rows:
        if row[2] == "Buys again":
            assert row[5].startswith("bought ")
            assert float(row[6].split()[0]) == chances[int(row[3])]
            assert float(row[7]) == pytest.approx(chances[int(row[3])] / 100 * 4.5, abs=0.01)
    assert HOSTILE_NAME not in made[0]


def test_chances_are_those_counted_by_hand(shop):
    with environment(shop):
        one = RecommendationsPage("sample")
        found = chances_by_rank(one.last_basket, "again")
        tested, lines = one.last_basket.customers, one.lines
    last = lines.sort_values(["date", "basket_id"]).groupby("customer_id")["basket_id"].last()
    held = lines[lines["basket_id"].isin(last)]
    assert found["lists"].iloc[0] == len(tested) == CUSTOMERS
    repeated = held.merge(lines[~lines["basket_id"].isin(last)][["customer_id", "product_id"]].drop_duplicates())
    assert 0 < found["hits"].sum() <= len(repeated)
    assert found["chance"].is_monotonic_decreasing
    assert (found["chance"] * found["lists"]).sum() == pytest.approx(found["hits"].sum())
    with pytest.raises(UsageError, match="kind of list"):
        chances_by_rank(one.last_basket, "all")


def test_customers_can_be_picked(made):
    [picker] = re.findall(r'<div class="il-picker" data-table="offers" hidden>(.*?)</div>', made[0])
    offered = re.findall(r'<option value="([^"]+)" data-within="([^"]+)">', picker)
    assert len(offered) == CUSTOMERS
    shown = {(row[0], row[1]) for row in rows_of(made[0], "offers")}
    assert {
        (name.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"'), one) for name, one in offered
    } == shown


def test_the_dashboards_picker_shows_one_customer(shop):
    with environment(shop):
        one = RecommendationsPage("sample", k=3)
        picker = pick_customer(one)
        segment = picker.segment.options[1]
        picker.segment.value = segment
    ids = [value for _, value in picker.customer.options]
    assert set(one.segment_of[ids]) == {segment} and picker.customer.value == ids[0]
    before = picker.shown.value
    picker.customer.value = ids[-1]
    rows = rows_of(picker.shown.value, "picked")
    assert len(rows) == 6 and picker.shown.value != before
    assert [row[2] for row in rows] == list(one.lists.loc[one.lists["customer_id"] == ids[-1], "product"])


def test_k_methods_and_least_baskets_are_obeyed(shop):
    markup, values = page(shop, k=2, methods="frequency", least_baskets=8, shown=3)
    assert set(values["hit_rate"]) == {"auto", "popularity", "frequency", "chance"}
    rows = rows_of(markup, "offers")
    assert len({row[0] for row in rows}) == 3 and max(int(row[3]) for row in rows) == 2
    support = pd.Series([line["product"] for record in loyal_truth() for line in record["lines"]]).value_counts()
    assert all(support[row[4]] >= 8 for row in rows)
    assert "-p recommendations.k=2" in markup
    markup, _ = page(shop, least_baskets=10_000)
    assert "No product is on 10,000 invoices or more" in visible(markup)


def test_only_one_segment_is_shown(shop, made):
    segment = rows_of(made[0], "offers")[0][1]
    markup, values = page(shop, segment=segment)
    assert {row[1] for row in rows_of(markup, "offers")} == {segment}
    assert values["customers"] == CUSTOMERS


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"k": 0}, "k is 0"),
        ({"k": 101}, "k is 101"),
        ({"shown": 0}, "shown is 0"),
        ({"least_baskets": -1}, "least_baskets is -1"),
        ({"methods": "tifu"}, "did you mean 'tifu_knn'"),
        ({"segment": "Champion"}, "did you mean 'Champions'"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(shop, parameters, said):
    with pytest.raises(UsageError, match=said):
        page(shop, **parameters)


def test_files_hold_both_lists_of_all_customers(shop, tmp_path, monkeypatch):
    monkeypatch.setenv(PAGE_FILES_VARIABLE, str(tmp_path))
    markup, values = page(shop, shown=1)
    table = pq.read_table(tmp_path / "recommendations.parquet")
    assert table.column_names == list(COLUMNS)
    assert table.num_rows == values["lists"] and len(set(table["customer_id"].to_pylist())) == CUSTOMERS
    rows = table.to_pylist()
    assert {(row["kind"], row["currency"], row["price"]) for row in rows} == {
        ("again", "EUR", Decimal("4.5000")), ("new", "EUR", Decimal("4.5000"))
    }  # fmt: skip
    for row in rows:
        assert float(row["expected_value"]) == pytest.approx(row["chance"] * 4.5, abs=1e-4)
    csv = pd.read_csv(io.BytesIO((tmp_path / "recommendations.csv").read_bytes()))
    assert len(csv) == len(rows) and FORMULA not in set(csv["product"]) and f"'{FORMULA}" in set(csv["product"])
    assert FORMULA in set(table["product"].to_pylist())
    assert '<a href="recommendations.csv" download="recommendations.csv">' in markup


def test_a_segment_leads_to_its_recommendations(shop):
    markup, values = segments_page(shop)
    links = re.findall(r'<a href="recommendations\.html#segment=([^"]+)">Show</a>', markup)
    assert [link.replace("%20", " ").replace("%27", "'") for link in links] == [
        row[0] for row in rows_of(markup, "segments") if row[0] in values["segments"]
    ]
    assert "recommendations.html#" not in segments_page(shop, scheme="classic")[0]
    assert "recommendations.html#" not in segments_page(shop, bins=4)[0]


def test_two_runs_give_equal_markup(settings):
    cache_from_truth(hostile_truth(), settings)
    assert page(settings) == page(settings)


def test_each_segment_has_its_share_of_what_is_shown():
    frame = pd.DataFrame({"segment": list("aaaaabbc")})
    assert list(as_many_of_each(frame, frame["segment"], 5).index) == [0, 1, 2, 5, 7]
    assert list(as_many_of_each(frame, frame["segment"], 2).index) == [0, 1]
