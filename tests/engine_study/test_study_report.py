"""The engine study as a report: the notebook by papermill, the page in a real browser, wide and narrow."""

import pytest
from browser import chrome
from click.testing import CliRunner

from invoice_lab.cli import main
from invoice_lab.reporting.record import recorded

WIDTHS = (1280, 400)


@pytest.fixture(scope="module")
def made(module_settings, tmp_path_factory):
    """The report of two engines and one that is not there, over two pages in two kinds."""
    environment = {
        "INVOICE_LAB_DATA": str(module_settings.data_dir),
        "INVOICE_LAB_REPORTS": str(module_settings.reports_dir),
        "INVOICE_LAB_ENGINES": str(tmp_path_factory.mktemp("engines")),
    }
    arguments = ["engine-study", "--sample", "2", "--kinds", "as-arrived,blur-1.0"]
    done = CliRunner(env=environment).invoke(main, [*arguments, "--engines", "auto,tesserocr,rapidocr"])
    assert done.exit_code == 0, done.output
    return module_settings


def test_values_are_recorded_and_the_page_tells_no_path(made):
    values = recorded(made.data_dir / "engines.ipynb")
    assert (values["pages"], values["absent"]) == (4, ["rapidocr"])
    best = values["engines"][0]
    assert (best["engine"], best["pages"], best["accepted_wrong"]) == ("auto", 4, 0)
    assert best["good"] >= 3
    page = (made.reports_dir / "engines.html").read_text()
    assert str(made.data_dir) not in page
    assert "make engines ENGINES=rapidocr" in page


def test_the_list_of_reports_links_to_it(made):
    assert 'href="engines.html"' in (made.reports_dir / "index.html").read_text()


@pytest.mark.browser
def test_a_browser_shows_it_wide_and_narrow(made):
    with chrome() as browser:
        for width in WIDTHS:
            address = (made.reports_dir / "engines.html").as_uri()
            with browser.open(address, width=width, wait_for="#engines_wrapper, .dt-container") as watched:
                watched.assert_clean()
                page = watched.page
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert page.locator("ul.il-findings li").first.inner_text().startswith("Take auto (drawing)")
                assert page.locator("figure.il-figure svg").count() >= 3
                assert page.locator("table#engines tbody tr").count() == 2
                assert page.locator("table#absent tbody tr").count() == 1
                shown = page.locator("figure.il-failure img")
                assert shown.count() >= 1
                assert all(shown.nth(n).evaluate("image => image.naturalWidth") > 20 for n in range(shown.count()))


def test_a_wrong_kind_or_engine_is_told_before_a_kernel_starts(made):
    for arguments, told in ((["--kinds", "foto"], "photo"), (["--engines", "x"], "no engine 'x'")):
        done = CliRunner().invoke(main, ["engine-study", *arguments])
        assert done.exit_code == 2
        assert told in done.output
