"""Decisions on parts: recorded, followed by the books, revised, refused; the books are always those of a fresh load."""

import json

import psycopg2
import pytest
from books import BOOKS, WRONG_TOTAL, Books, fresh_state, numbered
from pages import NEW, OLD, changed, page_of

from invoice_lab.errors import UsageError
from invoice_lab.validation.judge import judge
from invoice_lab.warehouse.arrival import Arrival
from invoice_lab.warehouse.load import load
from invoice_lab.warehouse.parts import waiting_parts
from invoice_lab.warehouse.review import Decision, decide


@pytest.fixture
def fresh(migrated):
    """Return a function that loads parts, as they stand, into empty books and returns their state."""

    def load_parts(parts):
        with migrated.connect("loader", "other") as connection:
            state = fresh_state(connection, parts)
            connection.rollback()
        return state

    return load_parts


def assert_as_fresh(books, fresh):
    """Whatever was decided, the books are those that a fresh load of the accepted parts would give."""
    expected, state = fresh(books.sources()), books.state()
    for table in BOOKS.keys() - {"parts"}:
        assert state[table] == expected[table], table


def test_an_accepted_part_flows_into_the_books(books, fresh):
    (sha256,) = books.arrive(WRONG_TOTAL)
    assert [part.sha256 for part in _waiting(books)] == [sha256]
    placed = books.decide(sha256, "accept", despite=["total-mismatch"], reason="the shop gave a rebate")
    assert placed.invoice_id == "fac-2019:FAC_2019_0043"
    assert books.rows("select total::text, sha256 from invoices") == [("99.99", sha256)]
    assert books.rows("select status, invoice_id from parts") == [("accepted", "fac-2019:FAC_2019_0043")]
    assert books.rows("select code, severity from findings") == [("total-mismatch", "info")]
    assert _waiting(books) == []
    assert_as_fresh(books, fresh)


def _waiting(books):
    with books.connection.cursor() as cursor:
        return waiting_parts(cursor)


def test_a_corrected_part_is_judged_as_any_reading(books, fresh):
    (sha256,) = books.arrive(WRONG_TOTAL)
    books.decide(sha256, "correct", values={"total": NEW["total"], "name": "Zoé Hébert-Roy"})
    assert books.rows("select total::text, name from invoices join customers using (customer_id)") == [
        ("63.45", "Zoé Hébert-Roy")
    ]
    assert books.rows("select page #>> '{fields,total,how}', page #>> '{fields,total,raw}' from parts") == [
        ("review", "99.99")
    ]
    assert books.rows("select count(*) from findings") == [(0,)]
    assert_as_fresh(books, fresh)


def test_a_correction_that_fails_arithmetic_is_refused_and_leaves_nothing(books):
    (sha256,) = books.arrive(WRONG_TOTAL)
    before = books.state()
    with pytest.raises(UsageError, match=r"total-mismatch: The total says 70\.00") as refused:
        books.decide(sha256, "correct", values={"total": "70"})
    assert "--despite total-mismatch" in refused.value.remedy
    books.decide(sha256, "correct", values={"total": "70"}, despite=["total-mismatch"])
    assert books.rows("select total::text from invoices") == [("70.00",)]
    assert before["invoices"] == []


def test_what_reading_could_not_do_a_person_can(books):
    fields = {name: field for name, field in page_of(OLD).fields.items() if not name.startswith("qr_")}
    for name in ("gender", "birth_date"):
        del fields[name]
    (sha256,) = books.arrive(OLD, qr=None, fields=fields)
    with pytest.raises(UsageError, match="can't be accepted") as refused:
        books.decide(sha256, "accept")
    assert "--despite" not in refused.value.remedy, "there is no invoice to accept"
    given = {"issued_at": OLD["issued_at"], "gender": "M", "birth_date": "1989-04-24"}
    books.decide(sha256, "correct", values=given)
    assert books.rows("select code, severity from findings") == [("qr-unreadable", "info")]
    assert books.rows("select issued_at::text from invoices") == [(OLD["issued_at"],)]


def test_a_rejected_part_says_so_and_can_be_revised(books, fresh):
    first, second = books.arrive(NEW, numbered(NEW, 44))
    books.decide(first, "reject", reason="test print")
    assert books.rows("select status, invoice_id from parts where sha256 = %s", first) == [("rejected", None)]
    assert books.rows("select code, message from findings") == [("review-rejected", "A person rejected it: test print")]
    assert books.rows("select printed_id from invoices") == [("FAC_2019_0044",)]
    assert_as_fresh(books, fresh)
    books.decide(second, "reject")
    assert all(books.state()[table] == [] for table in BOOKS.keys() - {"parts"}), "nobody and nothing is left behind"
    books.decide(first, "accept", revise=True, reason="it was none")
    assert books.rows("select printed_id from invoices") == [("FAC_2019_0042",)]
    assert books.rows("select count(*) from findings where sha256 = %s", first) == [(0,)]
    assert_as_fresh(books, fresh)
    assert [review.decision for review in books.part(first).reviews] == ["reject", "accept"]


def test_customers_and_products_follow_a_revision(books, fresh):
    capitals = [{**line, "product": line["product"].upper()} for line in NEW["lines"]]
    moved = {**NEW["customer"], "name": "Zoé Roy"}
    first, second = books.arrive(
        NEW, numbered(NEW, 44, lines=capitals, customer=moved, issued_at="2019-05-01 10:00:00")
    )
    assert books.rows("select name from customers") == [("Zoé Roy",)]
    values = {f"lines.{number}.product": line["product"] for number, line in enumerate(NEW["lines"], start=1)}
    books.decide(second, "correct", values={**values, "name": "Zoé Royer"})
    assert books.rows("select name from customers") == [("Zoé Royer",)], "the same invoice describes her, otherwise"
    assert_as_fresh(books, fresh)
    books.decide(second, "reject", revise=True)
    assert books.rows("select name from customers") == [("Zoé Hébert",)], "the invoice before describes her again"
    assert_as_fresh(books, fresh)
    books.decide(first, "correct", values={"number": "00043"})
    assert books.rows("select number from customers") == [("00043",)]
    assert_as_fresh(books, fresh)


def test_spellings_follow_a_rejection(books, fresh):
    capitals = [{**line, "product": line["product"].upper()} for line in NEW["lines"]]
    _, second = books.arrive(NEW, numbered(NEW, 44, lines=capitals))
    assert books.rows("select min(name) from products") == [("CRÈME BRÛLÉE MAISON.",)]
    books.decide(second, "reject")
    assert books.rows("select min(name) from products") == [("Crème brûlée maison.",)]
    assert_as_fresh(books, fresh)


def test_copies_go_to_review_when_their_original_was_decided_on(books, fresh):
    original, copy = books.arrive(NEW, NEW)
    books.decide(original, "correct", values={"name": "Zoé Roy"})
    assert books.rows("select status, invoice_id from parts where sha256 = %s", copy) == [("review", None)]
    assert books.rows("select code, severity from findings where sha256 = %s", copy) == [("copy-reviewed", "error")]
    with pytest.raises(UsageError, match="id-conflict") as refused:
        books.decide(copy, "accept")
    assert "--despite" not in refused.value.remedy
    books.decide(copy, "correct", values={"name": "Zoé Roy"})
    assert books.rows("select distinct status, invoice_id from parts") == [("accepted", "fac-2019:FAC_2019_0042")]
    assert books.rows("select count(*) from invoices") == [(1,)]
    assert_as_fresh(books, fresh)


def test_a_copy_can_take_the_place_of_a_rejected_original(books, fresh):
    original, copy = books.arrive(NEW, NEW)
    books.decide(original, "reject", reason="only half of the page")
    assert books.rows("select count(*) from invoices") == [(0,)]
    books.decide(copy, "accept")
    assert books.rows("select sha256 from invoices") == [(copy,)]
    assert_as_fresh(books, fresh)


def test_a_rejected_copy_leaves_the_invoice_where_it_is(books, fresh):
    original, copy = books.arrive(NEW, NEW)
    books.decide(copy, "reject", reason="copied by mistake")
    assert books.rows("select sha256 from invoices") == [(original,)]
    assert books.rows("select status, invoice_id from parts where sha256 = %s", copy) == [("rejected", None)]
    with pytest.raises(UsageError, match="id-conflict"):
        books.decide(copy, "correct", revise=True, values={"name": "Zoé Roy"})
    books.decide(copy, "correct", revise=True, values={"invoice_id": "FAC_2019_0045"}, despite=["id-mismatch"])
    assert books.rows("select count(*) from invoices") == [(2,)]
    assert_as_fresh(books, fresh)


def test_an_id_conflict_is_solved_by_correcting_the_id(books):
    _, second = books.arrive(NEW, changed(NEW, lines=NEW["lines"][:1], total="37.50"))
    assert books.part(second).status == "review"
    with pytest.raises(UsageError, match="id-conflict"):
        books.decide(second, "accept", despite=["id-conflict"])
    books.decide(second, "correct", values={"invoice_id": "FAC_2019_0044"}, despite=["id-mismatch"])
    assert books.rows("select count(*) from invoices") == [(2,)]


def test_what_is_known_is_compared_with_a_review_too(books):
    third = changed(OLD["customer"], birth_date="1989-04-25")
    lines = [{**OLD["lines"][0], "unit_price": "5.00"}]
    a, b, c = books.arrive(OLD, numbered(OLD, 8), numbered(OLD, 9))
    (doubtful,) = books.arrive(numbered(OLD, 10, customer=third, lines=lines, total="1.00"))
    assert {books.part(key).status for key in (a, b, c)} == {"accepted"}
    with pytest.raises(UsageError, match="customer-mismatch"):
        books.decide(doubtful, "correct", values={"total": "10.00"})
    books.decide(doubtful, "correct", values={"total": "10.00"}, despite=["customer-mismatch"])
    found = books.rows("select code, severity from findings where sha256 = %s", doubtful)
    assert found == [("customer-mismatch", "info"), ("price-unusual", "warning")]


def test_a_correction_is_not_compared_with_the_reading_it_replaces(books, fresh):
    lines = [{**line, "unit_price": "1.00"} for line in NEW["lines"]]
    (sha256,) = books.arrive(changed(NEW, lines=lines, total="6.00"))
    books.decide(sha256, "correct", values={"name": "Zoé Hébart", "lines.2.product": "Paper clips."})
    books.decide(sha256, "correct", revise=True, values={"lines.2.unit_price": "2.00", "total": "7.00"})
    assert books.rows("select code from findings") == []
    assert_as_fresh(books, fresh)


def test_a_customer_that_nothing_identifies_cannot_enter(books):
    (sha256,) = books.arrive(WRONG_TOTAL)
    with pytest.raises(UsageError, match="customer-unidentified"):
        books.decide(sha256, "correct", values={"total": NEW["total"], "number": ""}, despite=["field-missing"])


def test_confirming_changes_nothing_in_the_books(books):
    (sha256,) = books.arrive(NEW)
    before = books.state()
    books.decide(sha256, "accept", reason="audit")
    assert books.state() == before
    assert [review.decision for review in books.part(sha256).reviews] == ["accept"]
    with pytest.raises(UsageError, match="no finding 'total-mismatch' to overrule"):
        books.decide(sha256, "accept", revise=True, despite=["total-mismatch"])


def test_of_two_reviewers_the_second_is_told(books):
    (sha256,) = books.arrive(WRONG_TOTAL)
    seen = books.part(sha256)
    books.decide(sha256, "reject", reviewer="ann")
    with pytest.raises(UsageError, match="not as you saw it: ann decided on it meanwhile"):
        decide(books.connection, seen, Decision("accept", "bob", "fine"), revise=True)
    with pytest.raises(UsageError, match=r"ann decided \(reject\) on .*: looked at it") as refused:
        books.decide(sha256, "accept", reviewer="bob")
    assert "--revise" in refused.value.remedy


def test_a_part_that_others_moved_is_not_as_it_was_seen(books):
    original, copy = books.arrive(NEW, NEW)
    seen = books.part(copy)
    books.decide(original, "reject")
    with pytest.raises(UsageError, match="it was changed meanwhile"):
        decide(books.connection, seen, Decision("accept", "bob", "fine"))


def test_two_reviewers_at_once_on_two_connections(migrated):
    with migrated.connect("loader", "other") as connection:
        books = Books(connection)
        (sha256,) = books.arrive(WRONG_TOTAL)
        with migrated.connect("loader", "other") as second, second.cursor() as cursor:
            cursor.execute("set lock_timeout = '300ms'")
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                decide(second, books.part(sha256), Decision("accept", "bob", "fine"))
            second.rollback()
        connection.rollback()


def test_a_failed_part_is_no_decision(books):
    (sha256,) = books.arrive(NEW)
    books.rows("update parts set status = 'failed' returning 1")
    with pytest.raises(UsageError, match="failed by our fault"):
        books.decide(sha256, "reject")


def test_ingesting_again_changes_nothing_about_a_reviewed_part(books):
    (sha256,) = books.arrive(WRONG_TOTAL)
    books.decide(sha256, "correct", values={"total": NEW["total"]})
    before = books.state()
    judgement = judge(page_of(WRONG_TOTAL, sha256))
    (again,) = load(books.connection, books.batch, [Arrival(9, "again.png", sha256, 10, (judgement,), 0.5)])
    assert again.outcome == "known"
    assert books.state() == before


def test_a_review_keeps_who_why_and_what_was_before(books):
    (sha256,) = books.arrive(WRONG_TOTAL)
    books.decide(sha256, "correct", values={"total": NEW["total"]}, reviewer="zoë", reason="a 3 read as a 9")
    assert books.rows("select reviewer, reason, status_before, corrected -> 'values' from reviews") == [
        ("zoë", "a 3 read as a 9", "review", {"total": "63.45"})
    ]
    assert books.rows("select page_before #>> '{fields,total,value}' from reviews") == [("99.99",)]


def test_the_audit_log_can_only_be_added_to(migrated):
    with migrated.connect("loader", "other") as connection:
        books = Books(connection)
        (sha256,) = books.arrive(WRONG_TOTAL)
        books.decide(sha256, "correct", values={"total": NEW["total"]}, reason="logged for good")
        connection.commit()
        books.decide(sha256, "reject", revise=True)  # leaves empty books to the other tests
        connection.commit()
    with migrated.connect("owner", "other") as connection, connection.cursor() as cursor:
        cursor.execute("select actor, action, workspace, subject, detail from audit_log order by entry limit 1")
        actor, action, workspace, subject, detail = cursor.fetchone()
        assert (actor, action, workspace, subject) == ("ann", "review.correct", "other", f"{sha256}:0")
        assert (detail["before"]["status"], detail["after"]["status"]) == ("review", "accepted")
        assert (detail["before"]["values"]["total"], detail["after"]["values"]["total"]) == ("99.99", "63.45")
        assert json.dumps(detail["correction"]["values"]) == '{"total": "63.45"}'
        with pytest.raises(psycopg2.errors.RaiseException, match="append-only"):
            cursor.execute("delete from audit_log")
        connection.rollback()


@pytest.mark.parametrize(
    ("reviewer", "reason"), [("", "x"), ("ann", " "), ("ann", "x" * 2001), ("a\x00", "x"), ("ann", "\udcff")]
)
def test_a_decision_needs_who_and_why(reviewer, reason):
    with pytest.raises(UsageError, match="A review needs"):
        Decision("reject", reviewer, reason)
