"""Parameters of single reports, as the command line gives them, and the command that a page names."""

from __future__ import annotations

import pytest

from invoice_lab.errors import UsageError
from invoice_lab.reporting.method import report_command
from invoice_lab.reporting.parameters import by_report
from invoice_lab.reporting.reports import REPORTS


def test_each_report_gets_its_own_in_the_declared_types():
    given = ["segments.k=4", "segments.language=fr", "sales.top=7", "ocr_quality.low=0.5"]
    assert by_report(given, REPORTS) == {
        "segments": {"k": 4, "language": "fr"},
        "sales": {"top": 7},
        "ocr_quality": {"low": 0.5},
    }


def test_a_text_stays_one_and_may_hold_an_equals_sign():
    assert by_report(["segments.segments=Champions,At risk=1"], REPORTS) == {
        "segments": {"segments": "Champions,At risk=1"}
    }
    assert by_report(["segments.segments=5"], REPORTS) == {"segments": {"segments": "5"}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("language=fr", "segments.language=fr"),
        ("segments.k", "is no parameter of a report"),
        ("segmens.k=4", "did you mean 'segments'"),
        ("segments.langage=fr", "did you mean 'language'"),
        ("segments.k=four", "must be of type int, not str: 'four'"),
        ("segments.k=4.5", "must be of type int, not float"),
        ("segments.as_of=2020-01-01", "--as-of"),
        ("segments.workspace=other", "--workspace"),
    ],
)
def test_what_is_none_is_refused(given, said):
    with pytest.raises(UsageError) as caught:
        by_report([given], REPORTS)
    assert said in str(caught.value)


def test_the_command_names_what_differs_and_can_be_pasted():
    parameters = {"workspace": "march", "as_of": "2026-04-01", "k": 4, "segments": "At risk", "language": "en"}
    defaults = {"as_of": "", "k": 0, "segments": "", "language": "en"}
    assert report_command("segments", parameters, defaults) == (
        "invoice-lab report --workspace march --as-of 2026-04-01 -p segments.k=4 -p 'segments.segments=At risk'"
    )
    assert report_command("sales", {"workspace": "sample", "as_of": "", "top": 20}, {"top": 20}) == (
        "invoice-lab report --workspace sample"
    )
