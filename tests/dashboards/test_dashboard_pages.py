"""The project's own notebooks as dashboard pages, in a real browser."""

from __future__ import annotations

import json

import pytest
from browser import Chrome
from playwright.sync_api import Locator, expect

from invoice_lab.dashboards.pages import Page, pages
from invoice_lab.dashboards.server import Dashboards

pytestmark = pytest.mark.browser
READY = ".il-header h1"


def test_the_landing_page_links_every_page(real: Dashboards, browser: Chrome) -> None:
    with browser.open(real.url, wait_for="h1") as watched:
        tiles = watched.page.locator(".il-tiles a")
        assert tiles.evaluate_all("links => links.map(link => new URL(link.href).pathname)") == [
            f"/{page.name}" for page in pages()
        ]
        expect(watched.page.get_by_text("200 invoices of 24 customers")).to_be_visible()
        expect(watched.page.get_by_text("Made-up sample data")).to_be_visible()
        watched.assert_clean()


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_a_page_shows_figures_and_tables_no_source_and_fits_a_phone_in_the_dark(
    real: Dashboards, browser: Chrome, page: Page
) -> None:
    with browser.open(real.url + page.name, wait_for=READY) as watched:
        shown = watched.page
        expect(shown.locator(".il-figure svg").first).to_be_visible()
        expect(shown.locator("table tbody tr").first).to_be_visible()
        shown.wait_for_load_state("networkidle")
        assert shown.locator(".il-failed").count() == 0
        assert shown.locator("nav a[aria-current=page]").inner_text() == page.title
        html = shown.content()
        assert "invoice_lab.reporting" not in html
        assert "workspace: str" not in html
        shown.set_viewport_size({"width": 400, "height": 800})
        shown.emulate_media(color_scheme="dark")
        shown.wait_for_function("document.documentElement.scrollWidth === 400")
        ground = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(",")) < 64
        watched.assert_clean()


def test_every_view_comes_from_a_preheated_kernel(real: Dashboards, browser: Chrome) -> None:
    before = real.log.read_text().count("Using pre-heated kernel")
    kernels = set()
    for _ in range(2):
        with browser.open(real.url + "sales", wait_for=READY) as watched:
            kernels.add(_kernel_id(watched.page.locator("#jupyter-config-data").text_content()))
    assert real.log.read_text().count("Using pre-heated kernel") == before + 2
    assert len(kernels) == 2, "each view has a kernel of its own"


def test_a_click_on_a_segment_lists_its_customers(real: Dashboards, browser: Chrome) -> None:
    with browser.open(real.url + "segments", wait_for=".segx-bar") as watched:
        rows = watched.page.locator(".segx-table tbody tr")
        expect(rows).to_have_count(24)
        bar = watched.page.locator(".segx-bar").first
        name = bar.locator(".segx-name").inner_text()
        bar.click()
        expect(watched.page.locator(".segx-table caption")).to_contain_text(f"segment {name}")
        segments = rows.evaluate_all("rows => rows.map(row => row.cells[1].textContent)")
        assert set(segments) == {name}
        assert 0 < len(segments) < 24
        watched.page.get_by_role("button", name="Show all segments").click()
        expect(rows).to_have_count(24)
        watched.assert_clean()


OFFERS = """() => window.invoiceLabJQuery("#offers").DataTable().rows().nodes().toArray()
  .map(row => [...row.cells].map(cell => cell.textContent))"""
CELLS = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"


def test_a_choice_of_customer_shows_the_customers_lists(real: Dashboards, browser: Chrome) -> None:
    with browser.open(real.url + "recommendations", wait_for="#picked tbody tr") as watched:
        shown = watched.page
        shown.wait_for_selector("#offers.dataTable")
        offers = {}
        for name, _, *cells in shown.evaluate(OFFERS):
            offers.setdefault(name, []).append(cells)
        customer = shown.get_by_role("combobox", name="Customer")
        names = _options(customer)
        assert sorted(names) == sorted(offers)
        assert customer.input_value() == names[0]
        assert shown.locator("#picked tbody tr").evaluate_all(CELLS) == offers[names[0]]
        for name in (names[-1], names[1]):
            customer.select_option(name)
            expect(shown.locator("#picked tbody tr td:nth-child(4)")).to_have_text([row[3] for row in offers[name]])
            assert shown.locator("#picked tbody tr").evaluate_all(CELLS) == offers[name]
        watched.assert_clean()


def test_a_choice_of_segment_offers_its_customers(real: Dashboards, browser: Chrome) -> None:
    with browser.open(real.url + "recommendations", wait_for="#picked tbody tr") as watched:
        shown = watched.page
        shown.wait_for_selector("#offers.dataTable")
        segment_of = {row[0]: row[1] for row in shown.evaluate(OFFERS)}
        segment, customer = (shown.get_by_role("combobox", name=name) for name in ("Segment", "Customer"))
        everybody = _options(customer)
        assert _options(segment)[0] == "All segments"
        assert sorted(_options(segment)[1:]) == sorted(set(segment_of.values()))
        for chosen in [*_options(segment)[1:], "All segments"]:
            segment.select_option(chosen)
            among = [name for name in everybody if chosen in (segment_of[name], "All segments")]
            expect(customer.locator("option")).to_have_text(among)
            expect(customer).to_have_value(among[0])
            expected = [row[4] for row in shown.evaluate(OFFERS) if row[0] == among[0]]
            expect(shown.locator("#picked tbody tr td:nth-child(3)")).to_have_text(expected)
        watched.assert_clean()


SEND = """async ([url, message]) => {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
  const types = [];
  const answered = new Promise((resolve) => {
    socket.onmessage = (event) => {
      if (typeof event.data !== "string") return;
      const reply = JSON.parse(event.data);
      types.push(reply.header.msg_type);
      if (reply.header.msg_type === "kernel_info_reply") resolve();
    };
  });
  const send = (type, content) => socket.send(JSON.stringify({
    header: { msg_id: type, username: "", session: "intruder", msg_type: type, version: "5.3", date: "" },
    parent_header: {}, metadata: {}, channel: "shell", buffers: [], content }));
  send("execute_request", message);
  send("kernel_info_request", {});
  await answered;
  socket.close();
  return types;
}"""


def test_a_viewer_can_not_run_code(real: Dashboards, browser: Chrome) -> None:
    with browser.open(real.url + "sales", wait_for=READY) as watched:
        kernel = _kernel_id(watched.page.locator("#jupyter-config-data").text_content())
        address = real.url.replace("http", "ws") + f"api/kernels/{kernel}/channels?session_id=intruder"
        code = {"code": "open('intruder', 'w').write('was here')", "silent": False, "store_history": False}
        types = watched.page.evaluate(SEND, [address, code])
    assert "kernel_info_reply" in types
    assert "execute_reply" not in types
    assert not list(real.log.parent.rglob("intruder"))


def _options(select: Locator) -> list[str]:
    """What may be chosen; as text, spaces in it would be hard ones."""
    return list(select.locator("option").evaluate_all("options => options.map(option => option.value)"))


def _kernel_id(config: str | None) -> str:
    return str(json.loads(config or "")["kernelId"])
