"""How far the next segment is: what is foretold comes true when the order is made, or the days pass."""

import numpy as np
import pandas as pd
import pytest

from invoice_lab.segmentation import RFM
from invoice_lab.segmentation.neighbours import neighbours, say


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(3)
    summary = pd.DataFrame(
        {"recency": rng.integers(0, 400, 300), "frequency": rng.integers(1, 9, 300)},
        index=[f"c{n}" for n in range(300)],
    )
    summary["monetary"] = (summary["frequency"] * rng.gamma(3, 20, 300)).round(2)
    model = RFM().fit(summary)
    scored = model.transform(summary)
    return model, scored, neighbours(scored, model)


def test_one_more_order_does_what_is_said(found):
    model, scored, told = found
    row = scored.iloc[[7]][["recency", "frequency", "monetary"]].astype(float)
    after = row.assign(recency=0, frequency=row["frequency"] + 1, monetary=row["monetary"] * (1 + 1 / row["frequency"]))
    assert model.transform(after)["segment"].item() == told["with_order"].iloc[7]
    assert (told["with_order"] != scored["segment"]).any()


@pytest.mark.parametrize("scheme", ["default", "r"])
def test_the_segment_changes_on_that_day_and_not_the_day_before(found, scheme):
    _, scored, _ = found
    summary = scored[["recency", "frequency", "monetary"]]
    model = RFM(scheme=scheme).fit(summary)
    scored = model.transform(summary)
    told = neighbours(scored, model)
    moving = told[told["days"].notna()].index
    assert 30 < len(moving) < 300
    days = told.loc[moving, "days"].astype(int)
    assert (days > 0).all()
    there = summary.loc[moving]
    for shift, same in ((0, False), (-1, True)):
        later = model.transform(there.assign(recency=there["recency"] + days + shift))["segment"]
        assert ((later == scored.loc[moving, "segment"]) == same).all()
        if not same:
            assert (later == told.loc[moving, "without_order"]).all()
    still = told.index.difference(moving)
    forever = model.transform(summary.loc[still].assign(recency=10**6))["segment"]
    assert (forever == scored.loc[still, "segment"]).all()


def test_it_is_said_in_words():
    assert say("Promising", "Champions", 12, "Lost") == (
        "one more order within 11 days makes them Champions; without one they become Lost"
    )
    assert say("New", "Loyal", 2, "Lost").startswith("one more order within 1 day makes")
    assert say("New", "Loyal", 1, "Lost").startswith("one more order today makes")
    assert say("Promising", "Champions", None, None) == "one more order makes them Champions"
    assert say("Champions", "Champions", 1, "At risk") == "without an order within 1 day they become At risk"
    assert say("Lost", "Lost", None, None) == ""


def test_without_customers_there_is_nothing_to_say(found):
    model, scored, _ = found
    assert neighbours(scored[:0], model).empty
