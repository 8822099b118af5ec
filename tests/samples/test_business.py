"""The made-up business looks like one: who buys, when, what, at which price."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from invoice_lab.samples.business import make_invoices, total_of
from invoice_lab.samples.fonts import font
from invoice_lab.samples.truth import qr_payload, read_rows, read_yaml

SEEDS = (2026, 1)


@pytest.fixture(scope="module", params=SEEDS)
def invoices(request):
    return make_invoices(296, request.param)


def who(record) -> str:
    return record["customer"].get("number") or record["customer"]["email"]


def test_two_thirds_are_of_fac_2019(invoices) -> None:
    assert len(invoices) == 296
    assert Counter(record["layout"] for record in invoices) == {"fac-2018": 99, "fac-2019": 197}


def test_totals_are_the_sums_of_the_lines(invoices) -> None:
    for record in invoices:
        assert 1 <= len(record["lines"]) <= 9
        assert all(1 <= line["quantity"] <= 9 for line in record["lines"])
        assert record["total"] == total_of(record["lines"])
        assert Decimal(record["total"]) > 0
        assert re.fullmatch(r"\d{1,4}\.\d\d", record["total"])


def test_ids_follow_the_date_within_each_year(invoices) -> None:
    for layout, pattern in (("fac-2019", r"FAC_(\d{4})_(\d{4})"), ("fac-2018", r"FAC/(\d{4})/(\d{4})")):
        dated = sorted((r["issued_at"], r["invoice_id"]) for r in invoices if r["layout"] == layout)
        found = [re.fullmatch(pattern, invoice_id) for _, invoice_id in sorted(dated, key=lambda pair: pair[1])]
        assert all(found)
        for year in ("2019", "2020"):
            numbers = [int(match[2]) for match in found if match[1] == year]
            assert numbers == list(range(1, len(numbers) + 1))
        by_id = [issued for issued, invoice_id in sorted(dated, key=lambda pair: pair[1])]
        assert by_id == sorted(by_id)
        assert all(invoice_id[4:8] == issued[:4] for issued, invoice_id in dated)


def test_each_layout_knows_its_customers_by_its_own_keys(invoices) -> None:
    for record in invoices:
        customer, payload = record["customer"], record["qr"]
        if record["layout"] == "fac-2019":
            assert re.fullmatch(r"\d{5}", customer["number"])
            assert customer["category"] in "ABC"
            assert payload.endswith(f"CUST:{customer['number']}\nCAT:{customer['category']}")
        else:
            assert re.fullmatch(r"[a-z0-9.]+@example\.(com|org|net)", customer["email"])
            assert payload.endswith(f"CUST:{customer['gender']}, birth {customer['birth_date']}\n")
        assert payload.startswith(f"INVOICE:{record['invoice_id']}\nDATE:{record['issued_at']}\n")
    assert "00000" in {who(record) for record in invoices}


def test_customers_differ_in_rhythm_and_some_are_lost_and_some_new(invoices) -> None:
    dates = defaultdict(list)
    for record in invoices:
        dates[who(record)].append(record["issued_at"])
    assert 80 <= len(dates) <= 95
    sizes = [len(bought) for bought in dates.values()]
    assert max(sizes) >= 7
    assert sum(size == 1 for size in sizes) >= 8
    assert sum(max(bought) < "2020-04-01" and len(bought) > 1 for bought in dates.values()) >= 7, "lost"
    assert sum(min(bought) > "2020-06-01" for bought in dates.values()) >= 8, "new"
    assert min(map(min, dates.values())) >= "2019-01-01"
    assert max(map(max, dates.values())) < "2021-01-01"
    assert len({issued[:7] for bought in dates.values() for issued in bought}) == 24


def test_namesakes_are_two_customers(invoices) -> None:
    names = defaultdict(set)
    for record in invoices:
        names[record["layout"], record["customer"]["name"]].add(who(record))
    assert sorted(layout for (layout, _), customers in names.items() if len(customers) == 2) == ["fac-2018", "fac-2019"]


def test_customers_come_back_for_their_favourites(invoices) -> None:
    """Knowing what a customer bought before must say much more of the next basket than what is popular."""
    bought, everybody, lines, again, popular = defaultdict(set), Counter(), 0, 0, 0
    for record in sorted(invoices, key=lambda record: record["issued_at"]):
        own, names = bought[who(record)], {line["product"] for line in record["lines"]}
        if own:
            lines += len(names)
            again += len(names & own)
            popular += len(names & {name for name, _ in everybody.most_common(len(own))})
        own |= names
        everybody.update(names)
    assert again / lines > 0.45
    assert again > 1.5 * popular


def test_prices_are_stable_but_for_a_few_and_popularity_is_skewed(invoices) -> None:
    prices, sold = defaultdict(set), Counter()
    for record in invoices:
        for line in record["lines"]:
            prices[line["product"]].add(line["unit_price"])
            sold[line["product"]] += 1
            assert Decimal("0.01") <= Decimal(line["unit_price"]) <= (100 if record["layout"] == "fac-2019" else 1000)
    assert 60 <= len(prices) <= 70
    assert all(len(seen) <= 2 for seen in prices.values())
    assert 2 <= sum(len(seen) == 2 for seen in prices.values()) <= 7
    top = sum(count for _, count in sold.most_common(14))
    assert top / sold.total() > 0.35


def test_the_same_product_sometimes_stands_on_two_lines(invoices) -> None:
    twice = [r for r in invoices if len({line["product"] for line in r["lines"]}) < len(r["lines"])]
    assert 1 <= len(twice) <= 40


def test_latin_1_letters_are_there() -> None:
    letters = set("".join(read_rows("products.txt")) + str(read_yaml("people.yaml")))
    assert set("ÀÁÂÄÅÆÇÈÉÊÍÎÐÑÓÔÖØÙÚÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüÿ") <= letters
    assert all(ord(letter) < 256 for letter in letters), "Latin-1 only"


def test_every_text_fits_on_the_page() -> None:
    names = [row.split(";")[3].strip() for row in read_rows("products.txt")]
    assert max(font("lato", 20, "basic").getlength(name) for name in names) < 440
    for country in read_yaml("people.yaml").values():
        longest = [max(country[key], key=len) for key in ("women", "surnames")]
        assert font("lato", 20, "basic").getlength("Bill to " + " ".join(longest)) < 440


@pytest.mark.parametrize("count", [1, 2, 3, 5, 17, 1500])
def test_any_count_is_met(count: int) -> None:
    records = make_invoices(count, 7)
    assert len(records) == count
    assert len({(record["layout"], record["invoice_id"]) for record in records}) == count


def test_payloads_are_those_of_the_real_pages() -> None:
    from datetime import datetime

    moment = datetime(2018, 10, 17, 13, 37)
    old = {"name": "", "email": "", "address": [], "gender": "F", "birth_date": "1999-11-03"}
    new = {"name": "", "email": None, "address": [], "number": "00025", "category": "C"}
    assert (
        qr_payload("fac-2018", "FAC/2018/0002", moment, old)
        == "INVOICE:FAC/2018/0002\nDATE:2018-10-17 13:37:00\nCUST:F, birth 1999-11-03\n"
    )
    assert (
        qr_payload("fac-2019", "FAC_2019_0001", moment, new)
        == "INVOICE:FAC_2019_0001\nDATE:2018-10-17 13:37:00\nCUST:00025\nCAT:C"
    )
