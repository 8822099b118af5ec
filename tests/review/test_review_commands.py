"""``invoice-lab review``: every command and every way it can be refused."""

import base64
import json
import re
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from pages import NEW

from invoice_lab.cli import main
from invoice_lab.validation.evaluate import evaluate, load_truth
from invoice_lab.warehouse.cache import open_cache

REASON = ("--reason", "looked at it")


def cached(shop, sql):
    with open_cache(shop.workspace, shop.settings) as cache:
        return cache.connection.execute(sql).fetchall()


def test_list_names_what_waits_with_findings_and_doubtful_fields(shop):
    result = shop.run("list")
    assert result.exit_code == 0, result.output
    (line,) = (line for line in result.output.splitlines() if "sub/total.png" in line)
    assert "sub/total.png  FAC_2019_0043  total-mismatch; doubtful: lines.1.quantity," in line
    assert line.endswith(", total")
    assert "qr-unreadable" in result.output
    assert "2 to look at." in result.stderr
    assert not re.search("[\x1b\u202e]", result.output), "a stranger's text doesn't steer the terminal"


def test_list_as_json(shop):
    records = json.loads(shop.run("list", "--json").stdout)
    (total,) = (record for record in records if record["name"] == "sub/total.png")
    assert (total["printed_id"], total["status"], total["findings"]) == ("FAC_2019_0043", "review", ["total-mismatch"])
    assert total["confidence"] == 0.5
    assert len(total["sha256"]) == 64


def test_list_of_an_audit(shop):
    result = shop.run("list", "--audit", "--share", "1", "--json")
    assert [record["name"] for record in json.loads(result.stdout)] == ["a.png", "b.png"]
    assert shop.run("list", "--audit", "--share", "0").stdout == ""
    assert shop.run("list", "--audit", "--share", "2").exit_code == 2


def test_show_prints_each_field(shop):
    result = shop.run("show", "sub/total.png")
    assert result.exit_code == 0, result.output
    assert "error total-mismatch: The total says 99.99, the lines sum to 63.45." in result.output
    (total,) = (line for line in result.output.splitlines() if re.match(r"\?\s+total\b", line))
    assert total.split() == ["?", "total", "99.99", "99.99", "0.990", "tesserocr"]
    assert any(line.strip().startswith("name") for line in result.output.splitlines()), "what is sure has no mark"


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.images, self.handlers = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.images += [value for name, value in attrs if name == "src"]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def parsed(text):
    page = _Page()
    page.feed(text)
    return page


def test_show_writes_a_page_with_the_pixels_beside_the_text(shop, folder):
    path = folder / "page.html"
    result = shop.run("show", "sub/total.png", "--output", path)
    assert result.exit_code == 0, result.output
    page = parsed(path.read_text())
    assert all(image.startswith("data:image/") for image in page.images)
    assert len(page.images) == 2 + 3 * 3 + 1, "total, name and the lines have a place; and the whole scan is shown"
    crop = base64.b64decode(page.images[0].partition(",")[2])
    assert crop.startswith(b"\x89PNG")
    assert "default-src 'none'" in path.read_text()


def test_a_strangers_text_is_text_also_without_a_picture(shop, folder):
    path = folder / "page.html"
    assert shop.run("show", "f" * 64, "--output", path).exit_code == 0
    page = parsed(path.read_text())
    assert not {"script", "iframe", "object"} & set(page.tags)
    assert (page.images, page.handlers) == ([], [])
    assert "&lt;script&gt;alert(" in path.read_text()
    assert "\u202e" not in path.read_text()
    assert "The scan's picture can't be shown." in path.read_text()


def test_accept_needs_a_reason_and_what_stands_against_it_overruled(shop):
    assert shop.run("accept", "sub/total.png").exit_code == 2
    result = shop.run("accept", "sub/total.png", *REASON)
    assert result.exit_code == 2
    assert "--despite total-mismatch" in result.output
    result = shop.run("accept", "sub/total.png", *REASON, "--despite", "total-mismatch", "--despite", "nonsense")
    assert "no finding 'nonsense' to overrule. There are: total-mismatch." in " ".join(result.output.split())
    assert shop.rows("select count(*) from reviews") == [(0,)]
    result = shop.run("accept", "sub/total.png", *REASON, "--despite", "total-mismatch")
    assert result.exit_code == 0, result.output
    assert "sub/total.png is accepted now as fac-2019:FAC_2019_0043." in result.output
    assert cached(shop, "select count(*), max(total)::varchar from invoices") == [(3, "99.99")]


def test_a_correction_flows_into_the_cache(shop):
    assert shop.run("correct", "sub/total.png", *REASON, "--set", "total=64").exit_code == 2
    assert shop.rows("select status from parts join scans using (sha256) where name = 'sub/total.png'") == [("review",)]
    arguments = ("--set", "total=25.95", "--set", "lines.1.quantity=2", "--remove-line", "3", "--set", "name=Zoé Roy")
    result = shop.run("correct", "sub/total.png", *REASON, *arguments, "--reviewer", "zoë")
    assert result.exit_code == 0, result.output
    assert "customer-changed" in result.output, "warnings are told"
    found = cached(shop, "select total::varchar from invoices where printed_id = 'FAC_2019_0043'")
    assert found == [("25.95",)]
    assert cached(shop, "select field, confidence, number from field_counts where how = 'review' order by 1") == [
        ("line quantity", 1.0, 1),
        ("name", 1.0, 1),
        ("total", 1.0, 1),
    ]
    assert shop.rows("select actor, action from audit_log where subject like '%:0' order by entry desc limit 1") == [
        ("zoë", "review.correct")
    ]


def test_a_line_is_added(shop):
    result = shop.run("correct", "sub/total.png", *REASON, "--add-line", "Wrapping;2;18.27")
    assert result.exit_code == 0, result.output
    assert cached(shop, "select max(line_no), max(amount)::varchar from invoice_lines where unit_price = 18.27") == [
        (4, "36.54")
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "total"),
        ("--set", "colour=red"),
        ("--set", "total=1", "--set", "total=2"),
        ("--add-line", "Tea;1"),
        ("--remove-line", "9"),
        (),
    ],
)
def test_corrections_that_cannot_be_end_with_2(shop, arguments):
    result = shop.run("correct", "sub/total.png", *REASON, *arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert shop.rows("select count(*) from reviews") == [(0,)]


def test_reject_and_revise(shop):
    assert shop.run("reject", "a.png", *REASON).exit_code == 0
    assert cached(shop, "select count(*) from invoices") == [(1,)]
    assert cached(shop, "select code, message from findings where code = 'review-rejected'") == [
        ("review-rejected", "A person rejected it: looked at it")
    ]
    again = shop.run("accept", "a.png", "--reason", "it is one", "--reviewer", "bob")
    assert again.exit_code == 2
    assert "decided (reject)" in again.output
    assert shop.run("accept", "a.png", "--reason", "it is one", "--reviewer", "bob", "--revise").exit_code == 0
    assert cached(shop, "select count(*) from invoices") == [(2,)]
    shown = shop.run("show", "a.png").output
    assert "accept by bob: it is one" in shown


@pytest.mark.parametrize("reference", ["nothing.png", "a.png:1", "FAC_2019_9999"])
def test_a_reference_to_nothing_ends_with_2(shop, reference):
    for command in (("show", reference), ("accept", reference, *REASON), ("reject", reference, *REASON)):
        result = shop.run(*command)
        assert result.exit_code == 2
        assert f"There is no part '{reference}'" in result.output


def test_a_mistyped_workspace_is_refused(shop):
    result = CliRunner().invoke(main, ["review", "list", "--workspace", shop.workspace + "x"])
    assert result.exit_code == 2
    assert f"Did you mean '{shop.workspace}'?" in result.output


def test_export_is_truth_that_evaluate_understands(shop, folder):
    shop.run("correct", "sub/total.png", *REASON, "--set", "total=63.45")
    shop.run("accept", "a.png", *REASON)
    shop.run("reject", "b.png", *REASON)
    result = shop.run("export", folder / "truth.jsonl", "--scans", folder / "scans")
    assert result.exit_code == 0, result.output
    assert "2 records" in result.output
    truth = load_truth(folder / "truth.jsonl")
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in truth)
    (mine,) = (record for record in truth.values() if record["invoice_id"] == NEW["invoice_id"])
    assert {name: mine[name] for name in ("layout", "issued_at", "lines", "total", "qr")} == {
        name: NEW[name] for name in ("layout", "issued_at", "lines", "total", "qr")
    }
    readings = [(name, {**record, "part": 0, "status": "accepted"}) for name, record in truth.items()]
    assert evaluate(readings, truth)[0].full == 2


def test_export_without_scans_names_them_as_they_arrived(shop, folder):
    shop.run("accept", "a.png", *REASON)
    assert shop.run("export", folder / "truth.jsonl").exit_code == 0
    assert list(load_truth(folder / "truth.jsonl")) == ["a.png"]


def test_stats(shop):
    assert "unknown until" in shop.run("stats", "--share", "1").output
    shop.run("accept", "a.png", *REASON)
    shop.run("correct", "b.png", *REASON, "--set", "name=Zoé Roy")
    shop.run("correct", "sub/total.png", *REASON, "--set", "total=63.45")
    counts = json.loads(shop.run("stats", "--share", "1", "--json").stdout)
    assert counts["rate"] == 0.5
    assert (counts["waiting"], counts["accepted"], counts["corrected"], counts["rejected"]) == (1, 1, 2, 0)
    assert (counts["unaudited"], counts["audited"], counts["wrong"]) == (0, 2, 1), "what was in review is no audit"
    assert "50.00% of accepted invoices (95 % interval 1.26% to 98.74%)" in shop.run("stats", "--share", "1").output
