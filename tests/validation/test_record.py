"""The record's contract, and how records are compared with the truth."""

import json

import pytest
from pages import NEW, OLD

from invoice_lab.errors import UsageError
from invoice_lab.ocr.page import Page
from invoice_lab.validation.evaluate import evaluate, load_truth, wrong_fields
from invoice_lab.validation.judge import judge
from invoice_lab.validation.record import to_record

KEYS = {
    "file", "layout", "invoice_id", "issued_at", "customer", "lines", "total", "qr", "part", "pages", "currency", "net",
    "tax", "status", "findings", "confidence", "engine", "seconds",
}  # fmt: skip


def reading(record, **changes):
    """A reading that is right in everything."""
    customer = dict.fromkeys(("name", "email", "number", "category", "gender", "birth_date", "address"))
    base = {**record, "customer": {**customer, **record["customer"]}, "status": "accepted", "part": 0}
    return {**base, **changes}


def test_all_keys_are_there_even_where_nothing_was_read():
    record = to_record(judge(Page("0" * 64).with_problem("not-an-image", "No picture.")), "a/b.png", 0.1)
    assert set(record) == KEYS
    assert set(record["customer"]) == {"name", "email", "number", "category", "gender", "birth_date", "address"}
    assert record["customer"]["name"] is None
    assert record["status"] == "rejected"
    assert record["findings"] == [
        {"code": "not-an-image", "severity": "error", "field": None, "message": "No picture."}
    ]
    assert record["confidence"] == {"overall": 0.0}
    json.dumps(record)


@pytest.mark.parametrize("truth", [NEW, OLD], ids=lambda record: record["layout"])
def test_a_right_reading_has_no_wrong_field(truth):
    assert wrong_fields(truth, reading(truth)) == []


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"total": "63.46"}, ["total"]),
        ({"issued_at": None}, ["issued_at"]),
        ({"lines": NEW["lines"][:2]}, ["lines"]),
        ({"lines": [NEW["lines"][1], NEW["lines"][0], NEW["lines"][2]]}, ["lines"]),
        ({"customer": {**NEW["customer"], "name": "Zoe Hébert"}}, ["customer.name"]),
        ({"customer": {**NEW["customer"], "address": ["12 rue du Chateau", "59000 Lille"]}}, ["customer.address"]),
    ],
)
def test_every_difference_is_a_wrong_field(changes, wrong):
    assert wrong_fields(NEW, reading(NEW, **changes)) == wrong


def test_counts_of_an_evaluation():
    truth = {"a/1.png": {**NEW, "file": "a/1.png"}, "a/2.png": {**OLD, "file": "a/2.png"}}
    line_wrong = [{**NEW["lines"][0], "quantity": 9}, *NEW["lines"][1:]]
    readings = [
        ("a/1.png", reading(NEW, lines=line_wrong)),
        ("elsewhere/2.png", reading(OLD, status="review")),
        ("unknown.png", reading(OLD)),
    ]
    result, unmatched = evaluate(readings, truth)
    assert result.to_record() == {
        "n": 2, "full": 1, "full_accepted": 0, "accepted": 1, "accepted_wrong": 1, "core": 1, "lines": 5,
        "lines_right": 4, "wrong": {"lines": 1},
    }  # fmt: skip
    assert unmatched == ["unknown.png"]


@pytest.mark.parametrize("text", ["{", "[]", '{"file": "a"}'])
def test_a_truth_file_that_is_none_is_told_with_its_line(tmp_path, text):
    path = tmp_path / "truth.jsonl"
    path.write_text(json.dumps({"file": "x", "lines": []}) + "\n" + text + "\n")
    with pytest.raises(UsageError, match="Line 2"):
        load_truth(path)


def test_a_missing_truth_file_is_told(tmp_path):
    with pytest.raises(UsageError, match="can't be read"):
        load_truth(tmp_path / "none.jsonl")
