"""The segments file: the one we ship, and files a user may break."""

from __future__ import annotations

import copy
import itertools

import pytest
import yaml

from invoice_lab.errors import UsageError
from invoice_lab.segmentation import colours, load_segments
from invoice_lab.segmentation.segments import SEGMENTS_FILE, all_colours, areas, cell_names, level_of

SHIPPED = yaml.safe_load(SEGMENTS_FILE.read_text())


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", SHIPPED)
def test_shipped_scheme_names_all_cells(scheme):
    segments = load_segments(scheme)
    cells = cell_names(segments, all_reachable=False)
    assert cells.shape == (5, 5, 5)
    reached = {segments[number].name for number in cells.ravel()}
    never = {"classic": {"New Customers", "Promising", "Can't Lose Them"}}  # as the rules go round, and R has them
    assert {segment.name for segment in segments} - reached == never.get(scheme, set())
    unnamed = {"classic": 36, "r": 10}
    assert int((cells == len(segments) - 1).sum()) == unnamed[scheme] if scheme in unnamed else "Others" not in reached
    for scores in itertools.product(range(1, 6), repeat=3):
        first = next(segment for segment in segments if segment.fits(scores))
        assert segments[cells[tuple(s - 1 for s in scores)]] is first


def test_texts_are_sober_one_liners():
    for segment in load_segments():
        assert "\n" not in segment.action + segment.meaning and "!" not in segment.action
        assert segment.action.endswith(".") and len(segment.action) < 80


def test_colours_are_fixed_and_distinct_in_lightness_or_hue():
    okabe_ito = {"#0072B2", "#009E73", "#56B4E9", "#F0E442", "#E69F00", "#D55E00", "#CC79A7", "#999999"}
    assert set(colours().values()) == okabe_ito and list(colours()) == [s.name for s in load_segments()]
    assert all(0.05 < luminance(colour) < 0.8 for colour in colours().values())


def _broken():
    def change(name, edit):
        content = copy.deepcopy(SHIPPED)
        edit(content["default"]["segments"])
        return pytest.param(yaml.safe_dump(content), id=name)

    yield change("cell without a name", lambda s: s.pop())
    yield change("name without a cell", lambda s: s.append({**s[0], "name": "Never", "colour": "#000000"}))
    yield change("same colour", lambda s: s[0].update(colour=s[1]["colour"]))
    yield change("same name", lambda s: s[0].update(name=s[1]["name"]))
    yield change("bad colour", lambda s: s[0].update(colour="blue"))
    yield change("no action", lambda s: s[0].update(action=" "))
    yield change("key missing", lambda s: s[0].pop("meaning"))
    yield change("unknown key", lambda s: s[0].update(color="#000000"))
    yield change("cells no list", lambda s: s[0].update(cells="all"))
    yield change("cell no mapping", lambda s: s[0].update(cells=[[1, 5]]))
    yield change("unknown score", lambda s: s[0].update(cells=[{"recensy": [1, 5]}]))
    yield change("range upside down", lambda s: s[0].update(cells=[{"recency": [5, 4]}]))
    yield change("range too far", lambda s: s[0].update(cells=[{"recency": [1, 6]}]))
    yield change("range no numbers", lambda s: s[0].update(cells=[{"recency": ["1", 5]}]))
    yield pytest.param(yaml.safe_dump({"default": SHIPPED["default"]["segments"]}), id="no way to score")
    yield pytest.param(yaml.safe_dump({"default": {**SHIPPED["default"], "scores": "best"}}), id="unknown way to score")
    yield pytest.param("- a\n- b\n", id="no schemes")
    yield pytest.param("default: [", id="no yaml")
    yield pytest.param("default:\n", id="empty scheme")
    yield pytest.param("other: []", id="no such scheme")


@pytest.mark.parametrize("text", list(_broken()))
def test_broken_files_end_as_a_sentence(tmp_path, text):
    path = tmp_path / "segments.yaml"
    path.write_text(text)
    with pytest.raises(UsageError):
        load_segments("default", path)


def test_missing_file_and_nearest_scheme(tmp_path):
    with pytest.raises(UsageError, match=r"none\.yaml"):
        load_segments("default", tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="did you mean 'default'"):
        load_segments("defalt")


def test_levels_of_scores_are_the_places_on_the_scale_of_five():
    assert level_of(range(1, 6), 5).tolist() == [0, 1, 2, 3, 4]
    assert level_of([1, 2], 2).tolist() == [1, 3]
    assert level_of([1, 2, 3], 3).tolist() == [0, 2, 4]
    assert level_of(range(1, 11), 10).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize("scheme", SHIPPED)
@pytest.mark.parametrize("bins", [3, 5])
def test_areas_are_what_most_monetary_scores_give(scheme, bins):
    found, segments = areas(scheme, bins), load_segments(scheme)
    assert found.index.tolist() == list(range(bins, 0, -1)) and found.columns.tolist() == list(range(1, bins + 1))
    place = {score: int((score - 0.5) / bins * 5) + 1 for score in range(1, bins + 1)}
    for recency, frequency in itertools.product(place, repeat=2):
        names = [
            next(one.name for one in segments if one.fits((place[recency], place[frequency], place[monetary])))
            for monetary in place
        ]
        most = max(names.count(name) for name in names)
        first = next(one.name for one in segments if names.count(one.name) == most)
        assert found.loc[recency, frequency] == first


def test_areas_of_rules_of_ones_own(tmp_path):
    texts = {"meaning": "m", "action": "a"}
    rules = [
        {"name": "Often", "colour": "#000001", "cells": [{"frequency": [5, 5], "monetary": [4, 5]}], **texts},
        {"name": "Lately", "colour": "#000002", "cells": [{"recency": [5, 5]}], **texts},
        {"name": "Rest", "colour": "#000003", "cells": [{}], **texts},
    ]
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({"own": {"scores": "ranks", "segments": rules}}))
    found = areas("own", path=path)
    assert found.loc[5].tolist() == ["Lately"] * 5  # where frequency is 5, three of five monetary scores
    assert set(found.loc[4:].to_numpy().ravel()) == {"Rest"}


def test_all_colours_are_those_of_all_schemes_the_first_one_first():
    found = all_colours()
    assert set(found) == {segment.name for scheme in SHIPPED for segment in load_segments(scheme)}
    assert {name: found[name] for name in colours("default")} == colours("default")
    for name, colour in found.items():
        first = next(scheme for scheme in SHIPPED if name in colours(scheme))
        assert colour == colours(first)[name]
