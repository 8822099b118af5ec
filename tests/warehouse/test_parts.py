"""Parts in the books: found by what people call them, and drawn into the audit sample."""

import pytest
from books import WRONG_TOTAL, numbered
from pages import NEW

from invoice_lab.errors import UsageError
from invoice_lab.warehouse.parts import audit_parts, decided_parts, find_part


@pytest.mark.parametrize(
    "reference",
    ["1.png", "FAC_2019_0043", "fac-2019:FAC_2019_0042", "1.png:0", "FAC_2019_0043:0"],
)
def test_parts_are_found_by_name_printed_id_and_id_in_the_books(books, reference):
    first, second = books.arrive(NEW, WRONG_TOTAL)
    expected = second if "0043" in reference else first
    with books.connection.cursor() as cursor:
        assert find_part(cursor, reference).sha256 == expected
        for digits in (4, 12, 64):
            assert find_part(cursor, expected[:digits].upper()).sha256 == expected


def test_an_ambiguous_reference_lists_the_candidates(books):
    original, copy = books.arrive(NEW, NEW)
    with books.connection.cursor() as cursor:
        with pytest.raises(UsageError, match="names 2 parts") as refused:
            find_part(cursor, "FAC_2019_0042")
        assert original[:12] in refused.value.remedy
        assert f"{copy[:12]}:0 (2.png, FAC_2019_0042, accepted)" in refused.value.remedy


@pytest.mark.parametrize("reference", ["none.png", "1.png:1", "00", "%", "", "a\x00b", "\udcff", "'; --"])
def test_a_reference_to_nothing_is_told(books, reference):
    books.arrive(NEW)
    with books.connection.cursor() as cursor, pytest.raises(UsageError, match="There is no part"):
        find_part(cursor, reference)


def test_the_audit_sample_is_drawn_from_the_scans_alone(books):
    keys = books.arrive(*(numbered(NEW, number) for number in range(100, 130)), WRONG_TOTAL, NEW, NEW)
    with books.connection.cursor() as cursor:
        half = [part.sha256 for part in audit_parts(cursor, 0.5)]
        assert half == [part.sha256 for part in audit_parts(cursor, 0.5)]
        assert 5 < len(half) < 26
        assert {part.sha256 for part in audit_parts(cursor, 0.25)} <= set(half)
        assert half != [part.sha256 for part in audit_parts(cursor, 0.5, seed="another")]
        everything = {part.sha256 for part in audit_parts(cursor, 1)}
        assert everything == set(keys[:30]) | {keys[31]}, "neither what waits for review nor copies"
        assert audit_parts(cursor, 0) == []
        books.decide(half[0], "accept")
        assert [part.sha256 for part in audit_parts(cursor, 0.5)] == half[1:]
        assert [part.sha256 for part in decided_parts(cursor)] == half[:1]
