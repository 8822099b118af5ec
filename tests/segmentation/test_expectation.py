"""What is expected of customers: against customers drawn from the model, its intervals, and too little to say."""

import numpy as np
import pandas as pd
import pytest

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.expectation import GROUPS, calibration, expectation
from invoice_lab.segmentation.value import BetaGeometric, GammaGamma, purchase_summary

TRUTH = {"r": 0.6, "alpha": 60.0, "a": 0.9, "b": 3.0}  # time in days
START, SEEN, AFTER = pd.Timestamp("2022-01-01"), 420, 180
AS_OF = START + pd.Timedelta(days=SEEN)


def drawn(customers=3000, seed=1, mean=50.0):
    """Orders of customers who buy, leave and spend as the models say, also after the day of the report."""
    rng, rows = np.random.default_rng(seed), []
    for customer in range(customers):
        rate, leaving = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"]), rng.beta(TRUTH["a"], TRUTH["b"])
        scale = rng.gamma(4.0, 1 / (mean * 3 / 5))  # mean amount: 5 / scale, `mean` on average
        time = float(rng.integers(0, 120))
        while time < SEEN + AFTER:
            rows.append((f"c{customer:04d}", int(time), rng.gamma(5.0, 1 / scale)))
            if rows[-2:-1] and rows[-2][0] == rows[-1][0] and rng.random() < leaving:
                break
            time += rng.exponential(1 / rate)
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    frame["order_date"] = START + pd.to_timedelta(frame["day"], unit="D")
    return frame.drop(columns="day")


ORDERS = drawn()
PAST = ORDERS[ORDERS["order_date"] <= AS_OF]


@pytest.fixture(scope="module")
def expected():
    return expectation(PAST, AS_OF, days=AFTER)


def later():
    """How much each customer of the past really bought after it, on how many days."""
    after = ORDERS[ORDERS["order_date"] > AS_OF]
    grouped = after.groupby("customer_id")
    found = pd.DataFrame({"purchases": grouped["order_date"].nunique(), "value": grouped["amount"].sum()})
    return found.reindex(sorted(PAST["customer_id"].unique())).fillna(0.0)


def test_what_is_expected_comes_true_of_drawn_customers(expected):
    came = later()
    assert expected.table.index.tolist() == came.index.tolist()
    for what in ("purchases", "value"):
        error = came[what].sum() - expected.table[what].sum()
        noise = np.sqrt(len(came)) * came[what].std()
        assert abs(error) < 3 * noise, what
        assert expected.table[what].corr(came[what]) > 0.4
    again = came["purchases"][came["purchases"] > 0]
    assert expected.table.loc[again.index, "alive"].mean() > expected.table["alive"].mean() + 0.02


def test_expectation_is_that_of_simulated_futures(expected):
    """Futures drawn for one customer from what the model knows of them: rate and leaving by their likelihood."""
    model, rng = expected.purchases_model, np.random.default_rng(0)
    summary = purchase_summary(PAST, AS_OF)
    for x in (0, 1, 4):
        one = summary[(summary["repeats"] == x)].iloc[:1]
        repeats, last, age = one[["repeats", "last", "age"]].iloc[0]
        rate, leaving = rng.gamma(model.r_, 1 / model.alpha_, 200_000), rng.beta(model.a_, model.b_, 200_000)
        stays = rate**repeats * (1 - leaving) ** repeats * np.exp(-rate * age)
        left = rate**repeats * leaving * (1 - leaving) ** max(repeats - 1, 0) * np.exp(-rate * last) if repeats else 0.0
        weeks = AFTER / 7
        future = np.zeros(len(rate))
        alive, time = np.ones(len(rate), bool), rng.exponential(1 / rate)
        while (alive & (time < weeks)).any():
            buys = alive & (time < weeks)
            future[buys] += 1
            alive &= ~buys | (rng.random(len(rate)) >= leaving)
            time += rng.exponential(1 / rate)
        mean = (stays * future).sum() / (stays + left).sum()
        error = np.sqrt((stays**2 * (future - mean) ** 2).sum()) / (stays + left).sum()
        assert model.expected(one, weeks).iloc[0] == pytest.approx(mean, abs=4 * error + 0.002), x
        assert model.alive(one).iloc[0] == pytest.approx(stays.sum() / (stays + left).sum(), abs=0.02), x


def test_value_is_purchases_by_amount(expected):
    table = expected.table
    assert (table["value"] == table["purchases"] * table["amount"]).all()
    assert expected.total == pytest.approx(table["value"].sum())
    assert expected.days == AFTER
    summary = purchase_summary(PAST, AS_OF)
    purchases, amounts = BetaGeometric().fit(summary), GammaGamma().fit(summary)
    pd.testing.assert_series_equal(table["purchases"], purchases.expected(summary, AFTER / 7), check_names=False)
    pd.testing.assert_series_equal(table["amount"], amounts.expected(summary), check_names=False)
    assert table["alive"].between(0, 1).all() and (table[["purchases", "amount", "value"]] > 0).all().all()


def test_intervals_hold_the_estimate_and_the_truth(expected):
    table = expected.table
    assert expected.total_low < expected.total < expected.total_high
    assert (table["value_low"] < table["value_high"]).all()
    assert table["value"].between(table["value_low"], table["value_high"]).mean() > 0.98
    came = later()["value"]
    noise = 2 * np.sqrt(len(came)) * came.std()  # what customers do scatters more than what is expected of them
    assert expected.total_low - noise < came.sum() < expected.total_high + noise
    few = PAST[PAST["customer_id"] < "c0400"]
    wide = expectation(few, AS_OF, days=AFTER)
    narrow = (expected.total_high - expected.total_low) / expected.total
    assert (wide.total_high - wide.total_low) / wide.total > 2 * narrow


def test_drawn_parameters_scatter_around_the_estimate_as_the_errors_say(expected):
    rng = np.random.default_rng(5)
    for model in (expected.purchases_model, expected.amounts_model):
        copies = model.drawn(400, rng)
        assert len(copies) == 400
        for name in model.NAMES:
            values = np.log([getattr(copy, f"{name}_") for copy in copies])
            estimate = getattr(model, f"{name}_")
            error = model.standard_errors_[name] / estimate
            assert abs(values.mean() - np.log(estimate)) < 0.5 * error, name
            assert 0.7 * error < values.std() < 1.4 * error, name
        assert {getattr(copy, f"{model.NAMES[0]}_") for copy in copies} != {getattr(model, f"{model.NAMES[0]}_")}


def test_truth_lies_within_the_intervals_of_the_parameters(expected):
    copies = expected.purchases_model.drawn(400, np.random.default_rng(5))
    truth = {**TRUTH, "alpha": TRUTH["alpha"] / 7}
    for name, value in truth.items():
        low, high = np.quantile([getattr(copy, f"{name}_") for copy in copies], [0.001, 0.999])
        assert low * 0.9 < value < high * 1.1, name


def test_order_of_rows_does_not_count_and_twice_is_the_same(expected):
    other = expectation(PAST.sample(frac=1, random_state=1), AS_OF, days=AFTER)
    pd.testing.assert_frame_equal(other.table, expected.table)
    again = expectation(PAST, AS_OF, days=AFTER)
    assert again.table.equals(expected.table)
    assert (again.total, again.total_low, again.total_high) == (expected.total, expected.total_low, expected.total_high)
    pd.testing.assert_frame_equal(calibration(PAST.iloc[::-1], AS_OF), calibration(PAST, AS_OF))


def test_the_currency_unit_does_not_count(expected):
    cents = expectation(PAST.assign(amount=PAST["amount"] * 100), AS_OF, days=AFTER)
    assert cents.total == pytest.approx(100 * expected.total, rel=1e-3)
    assert cents.table["purchases"].tolist() == pytest.approx(expected.table["purchases"].tolist())


def test_calibration_holds_what_came_of_drawn_customers():
    table = calibration(PAST, AS_OF)
    assert table.attrs["split"] == AS_OF - pd.Timedelta(days=140)
    assert len(table) <= GROUPS and table["customers"].sum() == PAST[PAST["order_date"] <= table.attrs["split"]][
        "customer_id"].nunique()  # fmt: skip
    assert table["expected"].is_monotonic_increasing
    assert (table["low"] <= table["actual"]).all() and (table["actual"] <= table["high"]).all()
    sums = table[["expected", "actual"]].mul(table["customers"], axis=0).sum()
    assert sums.tolist() == pytest.approx([table.attrs["expected"], table.attrs["actual"]])
    assert table.attrs["actual"] == pytest.approx(table.attrs["expected"], rel=0.1)


def test_intervals_of_the_calibration_hold_what_was_expected():
    held = groups = 0
    for seed in range(2, 6):
        orders = drawn(2000, seed)
        table = calibration(orders[orders["order_date"] <= AS_OF], AS_OF)
        held += int(table["expected"].between(table["low"], table["high"]).sum())
        groups += len(table)
    assert groups == 4 * GROUPS and held >= 20


def test_calibration_counts_purchases_by_hand():
    table = calibration(PAST, AS_OF, days=100)
    split = AS_OF - pd.Timedelta(days=100)
    known = set(PAST.loc[PAST["order_date"] <= split, "customer_id"])
    after = PAST[(PAST["order_date"] > split) & PAST["customer_id"].isin(known)]
    assert table.attrs["split"] == split
    assert table.attrs["actual"] == len(after.drop_duplicates(["customer_id", "order_date"]))
    twice = pd.concat([PAST, after])  # the same orders again on the same days: one purchase a day
    assert calibration(twice, AS_OF, days=100).attrs["actual"] == table.attrs["actual"]
    noted = pd.concat([PAST, after.assign(amount=-1.0, order_date=AS_OF)])  # credit notes are no purchases
    assert calibration(noted, AS_OF, days=100).attrs["actual"] == table.attrs["actual"]


def test_too_few_repeat_purchases_are_told():
    few = PAST[PAST["customer_id"] < "c0050"]
    for call in (expectation, calibration):
        with pytest.raises(NotEnoughDataError, match="Not enough repeat purchases"):
            call(few, AS_OF)
    with pytest.raises(NotEnoughDataError, match="Not enough repeat purchases"):
        calibration(PAST[PAST["order_date"] > AS_OF - pd.Timedelta(days=10)], AS_OF, days=20)
    with pytest.raises(NotEnoughDataError, match="Not enough repeat purchases"):
        calibration(PAST[:1], PAST["order_date"].iloc[0])


@pytest.mark.parametrize("q", [0.7, 1.08])
def test_amounts_that_scatter_without_a_mean_are_told(q):
    """Also where the estimate lies above 1, but its interval does not: the upper end would be infinite."""
    rng = np.random.default_rng(0)
    names = sorted(PAST["customer_id"].unique())
    scale = pd.Series(rng.gamma(q, 1 / 20, len(names)), index=names)
    wild = PAST.assign(amount=rng.gamma(5.0, 1 / PAST["customer_id"].map(scale)))
    assert (GammaGamma().fit(purchase_summary(wild, AS_OF)).q_ > 1) == (q > 1)
    with pytest.raises(NotEnoughDataError, match="no mean amount can be expected"):
        expectation(wild, AS_OF)


def test_bad_input():
    for call in (expectation, calibration):
        with pytest.raises(UsageError, match="no column 'amount'"):
            call(PAST.drop(columns="amount"), AS_OF)
        with pytest.raises(UsageError, match="no order_date"):
            call(PAST.assign(order_date=pd.NaT), AS_OF)
        with pytest.raises(UsageError, match="days is"):
            call(PAST, AS_OF, days=0)
    with pytest.raises(NotEnoughDataError, match="Not enough repeat purchases"):
        calibration(PAST[:0], AS_OF)
    with pytest.raises(UsageError, match="lies before the first order"):
        expectation(PAST, "2000-01-01")


def test_real_shop(shared):
    data = pd.read_parquet(shared / "transactions" / "online_retail.parquet")
    data = data[data["CustomerID"].notna() & (data["Quantity"] > 0) & (data["UnitPrice"] > 0)]
    data = data.assign(amount=data["Quantity"] * data["UnitPrice"], order_date=data["InvoiceDate"].dt.normalize())
    orders = data.groupby(["CustomerID", "InvoiceNo", "order_date"])["amount"].sum().reset_index()
    table = calibration(orders.rename(columns={"CustomerID": "customer_id"}), "2011-12-09")
    assert table.attrs["actual"] == pytest.approx(table.attrs["expected"], rel=0.3)
    assert table["actual"].is_monotonic_increasing
