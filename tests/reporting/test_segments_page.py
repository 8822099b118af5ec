"""The segments page by its parameters: what they change, what is refused, labels in French, hostile names as text."""

from __future__ import annotations

import html
import json
import re
from collections import Counter

import pytest
import yaml
from cache_data import cache_from_truth
from report_data import HOSTILE_NAME, hostile_truth
from segments_pages import assert_sound, busy_truth, heads_of, page, rows_of, sales, specs, values_of, visible

from invoice_lab.errors import UsageError
from invoice_lab.reporting.language import Labels, languages
from invoice_lab.segmentation.segments import SEGMENTS_FILE, load_segments
from invoice_lab.settings import Settings

OWN = {"Regulars": "#112233", "R & <D>": "#445566"}


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A shop whose page has every section."""
    folder = tmp_path_factory.mktemp("busy")
    settings = Settings(folder / "data", folder / "reports")
    cache_from_truth(busy_truth(), settings)
    return settings


@pytest.fixture(scope="module")
def shown(busy):
    """The busy shop's page in English, with what it recorded."""
    return page(busy)


@pytest.fixture(scope="module")
def shop(module_settings):
    """Ninety invoices of thirty customers with hostile names, a third with birth dates."""
    cache_from_truth(hostile_truth(), module_settings)
    return module_settings


def test_the_page_as_it_is(shown):
    markup, values = shown
    assert_sound(markup)
    assert len(rows_of(markup, "customers")) == values["customers"] == 240
    counts = {row[0]: int(row[1]) for row in rows_of(markup, "segments") if row[1] != "0"}
    assert counts == values["segments"]
    (bars, dots) = specs(markup)
    assert [row["segment"] for row in values_of(bars)] == sorted(counts, key=lambda name: -sales(markup)[name])
    assert len(values_of(dots)) == 240
    assert values["clusters_stable"] and len(rows_of(markup, "clusters")) == values["clusters"] >= 2
    assert float(values["expected"]) > 0 and len(rows_of(markup, "value")) == 50


def test_groups_of_products_and_nearest_ones_are_told(shown):
    markup, _ = shown
    families = {}
    for row in rows_of(markup, "products"):
        families.setdefault(row[2], []).append(int(row[0].split()[1]) % 2)
    assert all(len(set(family)) == 1 for family in families.values())
    assert [row[0] for row in rows_of(markup, "product_groups")] == sorted(families)
    assert [int(row[2]) for row in rows_of(markup, "product_groups")] == [
        len(families[key]) for key in sorted(families)
    ]
    for row in rows_of(markup, "nearest"):
        assert int(row[0].split()[1]) % 2 == int(row[2].split()[1]) % 2
        assert float(row[6]) > 1


def test_who_is_lost_is_told(busy):
    markup, values = page(busy, as_of="2019-02-01", compare_to="2018-09-01")
    assert_sound(markup)
    assert f"Who is lost: {values['lost']} of " in visible(markup)
    assert len(rows_of(markup, "lost")) == min(values["lost"], 50) > 0


def test_two_runs_give_equal_markup(shop):
    assert page(shop) == page(shop)


def test_nothing_is_said_to_have_changed_against_an_equal_number(shown):
    assert "unchanged than" not in visible(shown[0])


def test_hostile_names_can_not_leave_a_chart_or_a_cell(shop):
    markup, _ = page(shop)
    assert HOSTILE_NAME not in markup
    assert markup.count("<script") == markup.count("</script>")
    names = {row["customer"] for spec in specs(markup) for row in values_of(spec) if "customer" in row}
    assert any(name.startswith(HOSTILE_NAME) for name in names)
    assert any(row[0].startswith(HOSTILE_NAME) for row in rows_of(markup, "customers"))


def test_scheme_classic_scores_and_names_as_r_does(shop):
    markup, values = page(shop, scheme="classic")
    assert_sound(markup)
    names = [segment.name for segment in load_segments("classic")]
    assert [row[0] for row in rows_of(markup, "segments")] == names
    assert set(values["segments"]) <= set(names)
    colours = {segment.name: segment.colour for segment in load_segments("classic")}
    for colour, name in re.findall(r'background:(#\w{6})"></span>([^<]+)<', markup):
        assert colours.get(html.unescape(name), "#85919d") == colour, name


@pytest.mark.parametrize("bins", [2, 3, 10])
def test_bins(busy, bins):
    markup, _ = page(busy, bins=bins)
    assert_sound(markup)
    assert [row[0] for row in rows_of(markup, "scores")] == [str(score) for score in range(bins, 0, -1)]
    scores = {int(score) for row in rows_of(markup, "customers") for score in row[4].split("-")}
    assert scores <= set(range(1, bins + 1)) and max(scores) == bins
    going = re.search(r"(\d+) of \d+ customers, [\d.]+ %, bought often or for much, but not", visible(markup))
    assert bins > 2 or int(going[1]) > 0


def test_a_period_leaves_out_what_is_older(shop):
    whole, all_values = page(shop)
    markup, values = page(shop, period=200)
    assert_sound(markup)
    assert 0 < values["customers"] < all_values["customers"]
    assert max(int(row[6]) for row in rows_of(markup, "customers")) < 200
    assert float(values["sales"]) < float(all_values["sales"])
    assert sum(float(row[2].replace(",", "")) for row in rows_of(markup, "products")) == pytest.approx(
        float(values["sales"])
    )
    assert values["customers_before"] < all_values["customers_before"]
    assert "(no customer any more)" in visible(markup) and "(no customer any more)" not in visible(whole)


def test_segments_before_everything_have_not_moved(shop):
    markup, values = page(shop, compare_to="2001-01-01")
    assert_sound(markup)
    assert "No customer had bought anything by 2001-01-01, so nothing can have moved." in visible(markup)
    assert (values["customers_before"], values["arrived"], values["lost"]) == (0, values["customers"], 0)
    assert 'id="migration"' not in markup


def test_a_day_compared_with_tells_who_arrived(shop):
    markup, values = page(shop, compare_to="2019-06-30")
    assert values["compare_to"] == "2019-06-30"
    assert values["customers"] == values["customers_before"] + values["arrived"]
    moved = rows_of(markup, "migration")
    assert sum(int(row[2]) for row in moved) == values["customers"]
    assert sum(int(row[2]) for row in moved if row[0] == "(not yet a customer)") == values["arrived"]
    for day in ("2020-09-19", "2031-01-01"):
        with pytest.raises(UsageError, match="must lie before as_of, 2020-09-19"):
            page(shop, compare_to=day)


def test_only_some_segments_are_listed(shop):
    markup, values = page(shop, segments="At risk, Lost")
    listed = [row[1] for row in rows_of(markup, "customers")]
    assert set(listed) <= {"At risk", "Lost"}
    assert len(listed) == values["segments"].get("At risk", 0) + values["segments"].get("Lost", 0) > 0
    assert "Only At risk and Lost." in visible(markup)


def test_few_rows_are_shown_where_few_are_asked_for(shop):
    markup, values = page(shop, shown=4)
    sales = [float(row[8].replace(",", "")) for row in rows_of(markup, "customers")]
    assert len(sales) == 4 and sales == sorted(sales, reverse=True)
    assert f"The 4 customers with the highest sales of {values['customers']}" in visible(markup)


def test_each_segment_has_rows_where_not_all_are_shown(busy):
    _, values = page(busy)
    markup, _ = page(busy, shown=2 * len(values["segments"]))
    found = Counter(row[1] for row in rows_of(markup, "customers"))
    assert found.keys() == values["segments"].keys()
    assert all(found[name] >= min(2, number) for name, number in values["segments"].items())


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"segments": "Champion"}, "did you mean 'Champions'"),
        ({"language": "fx"}, "did you mean 'fr'"),
        ({"scheme": "clasic"}, "did you mean 'classic'"),
        ({"features": "recency,frequenzy"}, "did you mean 'frequency'"),
        ({"features": "age"}, "Age alone"),
        ({"features": ""}, "features must be"),
        ({"bins": 1}, "bins is 1"),
        ({"k": 1}, "k is 1"),
        ({"k": 21}, "k is 21"),
        ({"days": 0}, "days is 0"),
        ({"period": -1}, "period is -1"),
        ({"shown": 0}, "shown is 0"),
        ({"compare_to": "soon"}, "compare_to is 'soon'"),
        ({"segments_file": "nowhere.yaml"}, r"nowhere\.yaml can't be read"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(shop, parameters, said):
    with pytest.raises(UsageError, match=said):
        page(shop, **parameters)


def test_age_as_a_feature(busy, shown):
    markup, values = page(busy, features="recency, frequency, monetary, age", k=3)
    assert_sound(markup)
    assert values["features"] == ["recency", "frequency", "monetary", "age"] and values["clusters"] == 3
    assert "Age is a feature of the clusters: with it" in visible(markup)
    assert "Age is no feature of the clusters: with it" in visible(shown[0])
    assert "The number of clusters, 3, was given." in visible(markup)


def test_more_clusters_than_customers_bear_are_said_not_to_be(shop):
    markup, values = page(shop, k=20)
    assert_sound(markup)
    assert values["clusters"] == 0
    assert "Clusters need 40 customers with known recency, frequency, monetary; there are" in visible(markup)


def own_rules(folder, **changes):
    """A segments file with two segments of one's own names and colours."""
    cells = [[{"recency": [3, 5]}], [{"recency": [1, 2]}]]
    segments = [
        {"name": name, "colour": colour, "meaning": f"who are {number}", "action": "Write.", "cells": cell}
        for number, ((name, colour), cell) in enumerate(zip(OWN.items(), cells, strict=True))
    ]
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({"mine": {"scores": "ranks", "segments": segments, **changes}}))
    return path


def test_names_and_colours_of_ones_own_appear_everywhere(shop, tmp_path):
    markup, values = page(shop, scheme="mine", segments_file=str(own_rules(tmp_path)))
    assert_sound(markup)
    assert set(values["segments"]) == set(OWN)
    assert str(tmp_path) not in markup and "own.yaml" in markup
    swatches = set(re.findall(r'background:(#\w{6})"></span>([^<]+)<', markup))
    named = {(colour, html.escape(name)) for name, colour in OWN.items()}
    assert named <= swatches <= named | {("#85919d", "(not yet a customer)")}
    (bars,) = [spec for spec in specs(markup) if "layer" in spec]
    scale = bars["layer"][0]["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == OWN
    for colour in OWN.values():
        assert f"fill: {colour}" in markup
    assert not {segment.name for segment in load_segments()} & set(re.findall(r"</span>([^<]+)<", markup))


def test_a_single_segment_is_no_error(shop, tmp_path):
    path = own_rules(tmp_path)
    scheme = yaml.safe_load(path.read_text())["mine"]
    one = [{**scheme["segments"][0], "cells": [{"recency": [1, 5]}]}]
    markup, values = page(shop, scheme="mine", segments_file=str(own_rules(tmp_path, segments=one)))
    assert_sound(markup)
    assert values["segments"] == {"Regulars": values["customers"]}


def test_labels_are_french(busy):
    markup, values = page(busy, language="fr")
    assert_sound(markup)
    headings = re.findall(r"<h[12]>(.*?)</h[12]>", markup)
    assert headings[:3] == ["Segments de clients", "Qualité des données", "Segments"] and "Mouvements" in headings
    assert heads_of(markup, "segments")[:3] == ["Segment", "Clients", "Chiffre d'affaires, EUR"]
    french = [Labels("fr")(segment.name) for segment in load_segments()]
    assert [row[0] for row in rows_of(markup, "segments")] == french
    assert {row[1] for row in rows_of(markup, "customers")} <= set(french)
    assert set(values["segments"]) <= {segment.name for segment in load_segments()}  # records stay as they are
    drawn = re.sub(r"<figcaption>.*?</figcaption>", "", visible(markup))
    for english in ("Recency score", "Number of clusters", "Months since", "Invoices a day", "Jan 2019", "Mon "):
        assert english not in drawn, english
    (bars, dots) = specs(markup)
    assert dots["encoding"]["color"]["title"] == "Groupe"
    assert [tooltip["title"] for tooltip in dots["encoding"]["tooltip"]][:2] == ["Client", "Groupe"]
    assert 'data-clear="Tout afficher"' in markup
    around = [json.loads(html.unescape(text)) for text in re.findall(r'data-il-options="([^"]*)"', markup)]
    assert len(around) > 10 and {options["language"]["search"] for options in around} == {"Rechercher"}
    assert "Download CSV" not in markup
    assert {value["segment"] for value in values_of(bars)} <= set(french)


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_every_label_has_a_translation(busy, shop, monkeypatch, language):
    asked, say = set(), Labels.__call__

    def recorded(self, label):
        asked.add(label)
        return say(self, label)

    monkeypatch.setattr(Labels, "__call__", recorded)
    page(busy, language=language, k=2, features="recency,frequency,monetary,age")
    for scheme in ("r", "classic"):
        page(shop, language=language, scheme=scheme)
    known = set(yaml.safe_load(SEGMENTS_FILE.parents[1].joinpath("reporting/labels.yaml").read_text())[language])
    assert len(asked) > 100
    assert asked - known - {""} == set()


def test_every_segment_we_ship_has_a_french_name_and_texts():
    say = Labels("fr")
    for scheme in ("default", "r", "classic"):
        segments = load_segments(scheme)
        assert len({say(segment.name) for segment in segments}) == len(segments)
        for segment in segments:
            for text in (segment.name, segment.meaning, segment.action):
                assert say(text) != text or text == "Champions", text
