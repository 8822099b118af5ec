"""Customer value: the published parameters of CDNOW, parameters that data was drawn with, and too little to say."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import InvoiceLabError, NotEnoughDataError, UsageError
from invoice_lab.segmentation.value import BetaGeometric, GammaGamma, purchase_summary


@pytest.fixture(scope="module")
def cdnow(shared):
    names = ["master", "customer_id", "date", "discs", "amount"]
    orders = pd.read_csv(shared / "transactions" / "cdnow_sample.txt", sep=r"\s+", header=None, names=names)
    return orders.assign(order_date=pd.to_datetime(orders["date"].astype(str)))


@pytest.fixture(scope="module")
def calibration(cdnow):
    return purchase_summary(cdnow, "1997-09-30")


def test_bgnbd_has_the_published_parameters(calibration):
    """Fader, Hardie and Lee 2005, table 2."""
    assert len(calibration) == 2357
    model = BetaGeometric().fit(calibration)
    assert [model.r_, model.alpha_, model.a_, model.b_] == pytest.approx([0.2426, 4.4135, 0.7929, 2.4258], abs=0.001)
    assert model.log_likelihood_ == pytest.approx(-9582.43, abs=0.01)
    assert 0 < model.standard_errors_["r"] < 0.05


def test_gamma_gamma_has_the_published_parameters(calibration):
    model = GammaGamma().fit(calibration)
    assert [model.p_, model.q_, model.v_] == pytest.approx([6.25, 3.74, 15.44], abs=0.01)


def test_what_is_expected_comes_true_in_the_next_39_weeks(cdnow, calibration):
    model = BetaGeometric().fit(calibration)
    days = cdnow.drop_duplicates(["customer_id", "order_date"])
    later = days[days["order_date"] > "1997-09-30"].groupby("customer_id").size()
    actual = later.reindex(calibration.index, fill_value=0)
    expected = model.expected(calibration, 39)
    assert expected.sum() == pytest.approx(actual.sum(), rel=0.15)
    groups = calibration["repeats"].clip(upper=5)
    assert np.corrcoef(expected.groupby(groups).mean(), actual.groupby(groups).mean())[0, 1] > 0.98
    assert model.alive(calibration).between(0, 1).all()
    assert (model.alive(calibration)[calibration["repeats"] == 0] == 1).all()


TRUTH = {"r": 0.6, "alpha": 8.0, "a": 0.9, "b": 3.0}


def drawn(customers=4000, seed=1):
    """Draw customers who buy and leave as the model says, from a seed."""
    rng = np.random.default_rng(seed)
    rate, leaving = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], customers), rng.beta(TRUTH["a"], TRUTH["b"], customers)
    age, repeats, last = rng.uniform(30, 60, customers), np.zeros(customers, int), np.zeros(customers)
    for one in range(customers):
        time = rng.exponential(1 / rate[one])
        while time < age[one]:
            repeats[one] += 1
            last[one] = time
            if rng.random() < leaving[one]:
                break
            time += rng.exponential(1 / rate[one])
    return pd.DataFrame({"repeats": repeats, "last": last, "age": age, "mean_amount": 10.0})


def test_parameters_that_data_was_drawn_with_are_found_again():
    model = BetaGeometric().fit(drawn())
    for name, truth in TRUTH.items():
        off = (getattr(model, f"{name}_") - truth) / model.standard_errors_[name]
        assert abs(off) < 3, name


def test_amounts_that_data_was_drawn_with_are_found_again():
    rng = np.random.default_rng(2)
    p, q, v = 5.0, 4.0, 30.0
    repeats = rng.integers(1, 8, 4000)
    scale = rng.gamma(q, 1 / v, 4000)
    mean = rng.gamma(p * repeats, 1 / (scale * repeats))
    summary = pd.DataFrame({"repeats": repeats, "mean_amount": mean})
    model = GammaGamma().fit(summary)
    for name, truth in (("p", p), ("q", q), ("v", v)):
        assert abs(getattr(model, f"{name}_") - truth) / model.standard_errors_[name] < 3, name
    expected = model.expected(pd.DataFrame({"repeats": [0, 1, 10_000], "mean_amount": [np.nan, 200.0, 200.0]}))
    assert expected.iloc[0] == pytest.approx(p * v / (q - 1), rel=0.1)
    assert expected.iloc[0] < expected.iloc[1] < expected.iloc[2] == pytest.approx(200, rel=0.001)


def test_purchases_are_counted_as_the_models_count_them():
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "a"],
            "order_date": ["2020-01-01", "2020-01-01", "2020-01-15", "2020-01-08", "2020-03-01"],
            "amount": [10, 5, 20, 7, 99],
        }
    )
    summary = purchase_summary(orders, "2020-01-29")
    assert summary.loc["a"].tolist() == [1, 2.0, 4.0, 20.0]
    assert summary.loc["b"].tolist()[:3] == [0, 0.0, 3.0]
    assert np.isnan(summary.loc["b", "mean_amount"])
    with pytest.raises(UsageError, match="as_of 2019-01-01 lies before the first order"):
        purchase_summary(orders, "2019-01-01")


def test_days_on_which_more_was_credited_than_bought_are_no_purchase():
    rows = [("a", 1, 10), ("a", 8, 20), ("a", 15, -5), ("a", 22, 30), ("a", 22, -40), ("b", 1, -3), ("b", 8, 0)]
    rows += [("a", 29, 8), ("a", 29, -2), ("c", 1, -1)]
    orders = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    orders["order_date"] = pd.Timestamp("2019-12-31") + pd.to_timedelta(orders["day"], unit="D")
    summary = purchase_summary(orders, "2020-02-05")
    assert summary.index.tolist() == ["a", "b"]
    assert summary.loc["a"].tolist() == [2, 4.0, 5.0, 13.0]  # 20 and 8 - 2
    assert summary.loc["b"].tolist()[:3] == [0, 0.0, 4.0]
    with pytest.raises(NotEnoughDataError, match="credit notes only"):
        purchase_summary(orders.assign(amount=-1), "2020-02-05")


def test_too_few_repeat_purchases_are_told():
    few = drawn(60)
    with pytest.raises(NotEnoughDataError, match="Not enough repeat purchases"):
        BetaGeometric().fit(few)
    with pytest.raises(NotEnoughDataError, match="Not enough repeat purchases"):
        GammaGamma().fit(few)


def test_a_customer_of_the_paper_is_expected_to_buy_as_it_says():
    """Fader, Hardie and Lee: a customer with 2 repeats, the last at 30.43 of 38.86 weeks, buys 1.226 times in 39."""
    model = BetaGeometric()
    model.r_, model.alpha_, model.a_, model.b_ = 0.2426, 4.4135, 0.7929, 2.4258
    one = pd.DataFrame({"repeats": [2], "last": [30.43], "age": [38.86]})
    assert model.expected(one, 39).item() == pytest.approx(1.226, abs=0.0005)
    assert model.alive(one).item() == pytest.approx(0.7266, abs=0.0005)


def test_what_is_expected_is_what_comes_when_simulated():
    """Of drawn customers: who is alive at week 40, and who buys how often up to week 70, by what was seen until 40."""
    rng, count = np.random.default_rng(5), 200_000
    rate, leaving = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], count), rng.beta(TRUTH["a"], TRUTH["b"], count)
    seen, last, later = np.zeros(count, int), np.zeros(count), np.zeros(count, int)
    time, alive, alive_then = np.zeros(count), np.ones(count, bool), np.ones(count, bool)
    while (alive & (time < 70)).any():
        time = np.where(alive, time + rng.exponential(1 / rate), np.inf)
        early, late = time < 40, (time >= 40) & (time < 70)
        seen, last, later = seen + early, np.where(early, time, last), later + late
        alive &= (rng.random(count) >= leaving) & (time < 70)
        alive_then &= alive | ~early
    model = BetaGeometric()
    for name, value in TRUTH.items():
        setattr(model, f"{name}_", value)
    frame = pd.DataFrame({"repeats": seen, "last": last, "age": 40.0})
    told = pd.DataFrame({"alive": model.alive(frame), "bought": model.expected(frame, 30)})
    came = pd.DataFrame({"alive": alive_then.astype(float), "bought": later})
    groups = [frame["repeats"].clip(upper=6), pd.cut(frame["last"], [-1, 0, 20, 35, 40])]
    sizes = told.groupby(groups, observed=True).size()
    means = [table.groupby(groups, observed=True).mean()[sizes > 1500] for table in (told, came)]
    assert len(means[0]) > 8
    assert (np.abs(means[0] - means[1]).max() < [0.02, 0.06]).all()


@pytest.mark.parametrize(("a", "b"), [(0.7929, 2.4258), (1e-5, 1e4), (1e5, 1.6e5), (50.0, 1e5)])
@pytest.mark.parametrize("repeats", [0, 2, 10_000])
def test_what_is_expected_is_a_number_for_any_parameters(a, b, repeats):
    model = BetaGeometric()
    model.r_, model.alpha_, model.a_, model.b_ = 0.5, 5.0, a, b
    one = pd.DataFrame({"repeats": [repeats], "last": [30.0 if repeats else 0.0], "age": [39.0]})
    found = [model.expected(one, units).item() for units in (0, 1, 39, 5000.0)]
    assert np.isfinite(found).all() and found == sorted(found) and found[0] == 0


def test_amounts_have_the_same_model_in_any_currency(calibration):
    one, many = (GammaGamma().fit(calibration.assign(mean_amount=calibration["mean_amount"] * x)) for x in (1, 1e6))
    assert [many.p_, many.q_, many.v_ / 1e6] == pytest.approx([one.p_, one.q_, one.v_], rel=1e-4)
    assert many.expected(calibration.assign(mean_amount=calibration["mean_amount"] * 1e6)).sum() == pytest.approx(
        1e6 * one.expected(calibration).sum(), rel=1e-5
    )


@pytest.mark.parametrize("units", [-1, np.nan, np.inf, "x"])
def test_the_past_can_not_be_expected(units):
    with pytest.raises(UsageError):
        BetaGeometric().fit(drawn(1000)).expected(drawn(10), units)


def test_parameters_are_not_drawn_where_the_likelihood_has_no_clear_maximum():
    """Everybody buys a second time and never again at once: leaving is told, but nothing else of it."""
    alike = pd.DataFrame({"repeats": [1] * 80, "last": [1.0] * 80, "age": [1.0] * 80})
    model = BetaGeometric().fit(alike)
    with pytest.raises(NotEnoughDataError, match="no interval can be given"):
        model.drawn(10, np.random.default_rng(0))


def test_drawn_parameters_are_equal_for_equal_seeds(calibration):
    model = BetaGeometric().fit(calibration)
    first, again, other = (model.drawn(50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert [one.r_ for one in first] == [one.r_ for one in again] != [one.r_ for one in other]
    assert abs(np.mean([one.alpha_ for one in first]) - model.alpha_) < model.standard_errors_["alpha"]


_RANDOM = np.random.default_rng(0)
PURCHASES = pd.DataFrame({"repeats": _RANDOM.poisson(2, 600), "age": _RANDOM.uniform(30, 60, 600)})
PURCHASES["last"] = PURCHASES["age"] * np.where(PURCHASES["repeats"] > 0, _RANDOM.uniform(0.1, 1, 600), 0)
PURCHASES["mean_amount"] = np.where(PURCHASES["repeats"] > 0, _RANDOM.gamma(3, 10, 600), np.nan)
MANY = pd.DataFrame({"repeats": [10_000], "last": [29.0], "age": [60.0], "mean_amount": [5.0]})
PURCHASE_CASES = {
    "plain": lambda f: f,
    "no rows": lambda f: f[:0],
    "no rows, objects": lambda f: f[:0].astype(object),
    "one customer": lambda f: f[:1],
    "all the same": lambda f: f.assign(repeats=2, last=3.0, age=9.0, mean_amount=5.0),
    "no repeats": lambda f: f.assign(repeats=0, last=0.0, mean_amount=np.nan),
    "10,000 repeats": lambda f: pd.concat([f, MANY]),
    "nothing paid": lambda f: f.assign(mean_amount=0.0),
    "duplicate index": lambda f: f.set_axis([0] * len(f)),
    "texts": lambda f: f.assign(repeats=f["repeats"].astype(str)),
    "below zero": lambda f: f.assign(repeats=-1),
    "last after all": lambda f: f.assign(last=99.0),
    "NaN": lambda f: f.assign(age=np.nan, repeats=np.nan),
    "column missing": lambda f: f.drop(columns="repeats"),
    "no frame": lambda _: 3,
}


@cache
def fitted(model):
    return model().fit(PURCHASES)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("change", PURCHASE_CASES.values(), ids=PURCHASE_CASES)
@pytest.mark.parametrize(
    "worth",
    [
        lambda f: BetaGeometric().fit(f).expected(f, 39),
        lambda f: fitted(BetaGeometric).expected(f, 39),
        lambda f: fitted(BetaGeometric).alive(f),
        lambda f: GammaGamma().fit(f).expected(f),
        lambda f: fitted(GammaGamma).expected(f),
    ],
    ids=["BG/NBD", "expected", "alive", "Gamma-Gamma", "expected amount"],
)
def test_customer_value_of_odd_purchases(worth, change):
    frame = change(PURCHASES)
    try:
        result = worth(frame)
    except InvoiceLabError as error:
        assert isinstance(error, (NotEnoughDataError, UsageError)) and error.message.endswith(".")
    else:
        assert np.isfinite(result).all() and (result >= 0).all() and result.index.equals(frame.index)
