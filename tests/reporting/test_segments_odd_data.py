"""The segments page of data that few shops have: sentences and tables, never a traceback or a NaN."""

from __future__ import annotations

import pandas as pd
import pytest
from cache_data import _frames, cache_from_truth, small_truth
from segments_pages import assert_sound, page, publish_frames, rows_of, visible

_TOTAL, _CURRENCY = 7, 8  # columns of the invoices


def test_two_currencies_are_not_added(settings):
    frames = _frames(small_truth(invoices=90, customers=30))
    dollars = frames["invoices"].index % 4 == 0
    frames["invoices"].loc[dollars, _CURRENCY] = "USD"
    publish_frames(settings, frames)
    markup, values = page(settings)
    assert_sound(markup)
    assert float(values["sales"]) == pytest.approx(frames["invoices"].loc[~dollars, _TOTAL].astype(float).sum())
    assert "All amounts are in EUR; 23 invoices in USD are left out." in visible(markup)


def with_credit_notes(every, factor=-1):
    """Records of which every so many is a credit note."""
    records = small_truth(invoices=90, customers=30)
    for record in records[::every]:
        record["lines"] = [{**line, "quantity": factor * line["quantity"]} for line in record["lines"]]
        record["total"] = f"{factor * float(record['total']):.2f}"
    return records


def test_credit_notes_alone_are_a_sentence(settings):
    cache_from_truth(with_credit_notes(1, -1), settings)
    markup, values = page(settings)
    assert_sound(markup)
    assert "Nobody has bought anything in this period" in visible(markup)
    assert values == {"customers": 0, "segments": {}}


@pytest.mark.parametrize(("every", "factor"), [(4, -1), (2, -3)], ids=["some", "more than sales"])
def test_credit_notes_are_told(settings, every, factor):
    records = with_credit_notes(every, factor)
    cache_from_truth(records, settings)
    markup, values = page(settings)
    assert_sound(markup)
    notes = [float(record["total"]) for record in records[::every]]
    assert f"{len(notes)} credit notes of {-sum(notes):,.2f} EUR are taken off sales" in visible(markup)
    assert values["customers"] <= 30


def test_one_customer(settings):
    cache_from_truth(small_truth(invoices=12, customers=1), settings)
    markup, values = page(settings)
    assert_sound(markup)
    assert (values["customers"], values["clusters"], values["expected"]) == (1, 0, None)
    assert "All customers have the same recency, frequency and monetary" in visible(markup)
    assert len(rows_of(markup, "customers")) == 1


def test_all_customers_alike(settings):
    records = small_truth(invoices=40, customers=40)
    for number, record in enumerate(records):
        record["customer"] = {**record["customer"], "name": f"Customer {number}", "number": f"{number:05d}"}
        record["issued_at"] = "2019-05-06 10:00:00"
        record["lines"] = [{"product": "Pen", "quantity": 1, "unit_price": "5.00"}]
        record["total"] = "5.00"
    cache_from_truth(records, settings)
    markup, values = page(settings)
    assert_sound(markup)
    assert len(values["segments"]) == 1 and values["customers"] == 40
    assert "too alike for clusters" in visible(markup)


def test_many_orders_of_one_customer(settings):
    records = small_truth(invoices=400, customers=11)
    for number, record in enumerate(records):
        record["issued_at"] = str(pd.Timestamp("2019-01-01") + pd.Timedelta(hours=20 * number))
        if number % 3:
            record["customer"] = records[0]["customer"]
    cache_from_truth(records, settings)
    markup, values = page(settings)
    assert_sound(markup)
    assert sum(int(row[7]) for row in rows_of(markup, "customers")) == 400
    assert values["customers"] == len(rows_of(markup, "customers"))


def test_a_period_without_an_invoice_is_told(settings):
    cache_from_truth(small_truth(), settings)
    markup, values = page(settings, period=1)
    assert "Nobody has bought anything in this period" in visible(markup)
    assert values == {"customers": 0, "segments": {}}
