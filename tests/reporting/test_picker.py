"""The choices above the table of offers, in a real browser: who is offered, whose rows are shown, what an address does.

The page is that of the notebook's own cells, under the reports' own policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Chrome, Watched, chrome
from cache_data import cache_from_truth, small_truth
from playwright.sync_api import Locator, Page, expect
from report_data import HOSTILE_NAME, page_of, rendered
from segments_pages import rows_of

from invoice_lab.reporting.picker import chosen
from invoice_lab.settings import Settings

pytestmark = pytest.mark.browser
K = 3
NAMES = [
    "Zoé", "ZOÉ", "Q>Zoé", "a+b (c) [d] $1 \\", "R&D &amp; Co", "two\nlines", "wide  apart", f"{HOSTILE_NAME} 7",
]  # fmt: skip
"""Which end like another, differ from it by case, or are more than text somewhere; of customers without a number."""
Row = tuple[str, ...]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """The page of 24 customers, and the first two cells of all its offers: customer and segment."""
    folder = tmp_path_factory.mktemp("picker")
    settings = Settings(folder / "data", folder / "reports")
    records, names = small_truth(200, customers=47), {}
    for record in records:
        who = record["customer"]
        if who["email"] and (who["email"] in names or len(names) < len(NAMES)):
            record["customer"] = {**who, "name": names.setdefault(who["email"], NAMES[len(names) % len(NAMES)])}
    cache_from_truth(records, settings)
    markup, _ = page_of("recommendations", settings, workspace="sample", k=K)
    rows = [(row[0], row[1]) for row in rows_of(markup, "offers")]
    assert set(NAMES) < {name for name, _ in rows}
    return rendered(folder / "recommendations.html", "Recommendations", markup), rows


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """A headless Chromium."""
    with chrome() as running:
        yield running


@pytest.fixture
def watched(report: tuple[Path, list[Row]], browser: Chrome) -> Iterator[Watched]:
    """The page, opened, with its choices ready."""
    with browser.open(report[0].as_uri(), wait_for=".il-picker") as watched:
        yield watched
        watched.assert_clean()


@pytest.fixture
def page(watched: Watched) -> Page:
    """The page in the browser."""
    return watched.page


@pytest.fixture
def rows(report: tuple[Path, list[Row]]) -> list[Row]:
    """Customer and segment of all offers."""
    return report[1]


def segment_of_two_kinds(rows: list[Row]) -> str:
    """A segment that has more than one customer, but not all of them."""
    return max({segment for _, segment in rows}, key=lambda name: len({row for row in rows if row[1] == name}))


def select(page: Page, label: str) -> Locator:
    return page.locator(".il-picker").get_by_role("combobox", name=label)


def offered(page: Page, label: str) -> list[str]:
    """What may be chosen, "everything" first."""
    values = "options => options.filter(one => !one.hidden && !one.disabled).map(one => one.value)"
    return list(select(page, label).locator("option").evaluate_all(values))


def shown(page: Page) -> list[Row]:
    """Customer and segment of the rows that the table has kept, those of its other pages, too."""
    cells = """() => window.invoiceLabJQuery("#offers").DataTable().rows({search: "applied"}).nodes().toArray()
      .map(row => [row.cells[0].textContent, row.cells[1].textContent])"""
    return [tuple(row) for row in page.evaluate(cells)]


def visible(page: Page) -> list[Row]:
    """The same of the rows that a reader sees."""
    cells = "rows => rows.map(row => [row.cells[0].textContent, row.cells[1].textContent])"
    return [tuple(row) for row in page.locator("#offers tbody tr").evaluate_all(cells)]


def test_at_first_everything_is_shown_and_everybody_offered(page: Page, rows: list[Row]) -> None:
    assert shown(page) == rows
    assert visible(page) == rows[: 2 * K]
    assert set(offered(page, "Segment")) == {"", *(segment for _, segment in rows)}
    assert sorted(offered(page, "Customer")) == sorted({"", *(name for name, _ in rows)})
    assert select(page, "Segment").locator("option").first.inner_text() == "All segments"
    assert select(page, "Customer").locator("option").first.inner_text() == "All customers"


def test_a_segment_offers_its_customers_alone(page: Page, rows: list[Row]) -> None:
    for segment in sorted({segment for _, segment in rows}):
        select(page, "Segment").select_option(segment)
        of_segment = [row for row in rows if row[1] == segment]
        assert shown(page) == of_segment
        assert visible(page) == of_segment[: 2 * K]
        assert sorted(offered(page, "Customer")) == sorted({"", *(name for name, _ in of_segment)})


def test_a_customer_leaves_the_customers_rows_alone(page: Page, rows: list[Row]) -> None:
    for name in NAMES:
        select(page, "Customer").select_option(value=name)
        assert shown(page) == [row for row in rows if row[0] == name], name
        assert select(page, "Segment").input_value() == ""


def test_all_shows_all_again(page: Page, rows: list[Row]) -> None:
    segment = segment_of_two_kinds(rows)
    select(page, "Segment").select_option(segment)
    name = offered(page, "Customer")[-1]
    select(page, "Customer").select_option(name)
    assert {*shown(page)} == {(name, segment)}
    select(page, "Customer").select_option("All customers")
    assert shown(page) == [row for row in rows if row[1] == segment]
    select(page, "Segment").select_option("All segments")
    assert shown(page) == rows


def test_another_segment_lets_go_of_a_customer_who_is_not_in_it(page: Page, rows: list[Row]) -> None:
    segment = segment_of_two_kinds(rows)
    stranger = next(name for name, other in rows if other != segment)
    select(page, "Customer").select_option(stranger)
    select(page, "Segment").select_option(segment)
    assert select(page, "Customer").input_value() == ""
    assert shown(page) == [row for row in rows if row[1] == segment]


def test_the_keyboard_chooses(page: Page, rows: list[Row]) -> None:
    select(page, "Segment").focus()
    page.keyboard.press("ArrowDown")
    assert {segment for _, segment in shown(page)} == {offered(page, "Segment")[1]}


def test_an_address_chooses_on_load(report: tuple[Path, list[Row]], browser: Chrome) -> None:
    path, rows = report
    assert "At risk" in {segment for _, segment in rows}
    with browser.open(f"{path.as_uri()}#segment=At%20risk", wait_for=".il-picker") as watched:
        page = watched.page
        assert select(page, "Segment").input_value() == "At risk"
        assert shown(page) == [row for row in rows if row[1] == "At risk"]
        expect(page.locator(".il-picker")).to_be_in_viewport()
        watched.assert_clean()


@pytest.mark.parametrize("name", NAMES)
def test_an_address_names_any_customer(page: Page, rows: list[Row], name: str) -> None:
    page.evaluate("address => location.assign(address)", chosen("label", name))
    expect(select(page, "Customer")).to_have_value(name)
    assert {row[0] for row in shown(page)} == {name}


def test_a_later_address_takes_the_place_of_what_was_chosen(page: Page, rows: list[Row]) -> None:
    segment = segment_of_two_kinds(rows)
    stranger = next(row for row in rows if row[1] != segment)
    select(page, "Segment").select_option(segment)
    page.evaluate("address => location.assign(address)", chosen("label", stranger[0]))
    expect(select(page, "Customer")).to_have_value(stranger[0])
    assert {*shown(page)} == {stranger}


@pytest.mark.parametrize("address", ["#segment=Nobody", "#offers", "#%", "#segment", "#rank=1"])
def test_an_address_of_nothing_that_there_is_chooses_nothing(
    report: tuple[Path, list[Row]], browser: Chrome, address: str
) -> None:
    path, rows = report
    with browser.open(path.as_uri() + address, wait_for=".il-picker") as watched:
        assert [select(watched.page, label).input_value() for label in ("Segment", "Customer")] == ["", ""]
        assert shown(watched.page) == rows
        watched.assert_clean()
