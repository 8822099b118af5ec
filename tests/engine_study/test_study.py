"""The engine study: how pages are chosen, how engines are counted and compared, and what the sentences say."""

import json

import pytest
from pages import NEW, OLD, png
from report_data import HOSTILE_NAME

from invoice_lab.engine_study import EnginesPage, StudyParameters, tables
from invoice_lab.engine_study.conclusion import conclusion
from invoice_lab.engine_study.confusions import confusions
from invoice_lab.engine_study.failures import Failure, failures, gallery, marked, places
from invoice_lab.engine_study.measure import Absent, EngineRun, PageResult, chosen_engines, look_for, run_engine
from invoice_lab.engine_study.sample import StudyPage, fingerprint, kinds_of, study_pages
from invoice_lab.errors import MissingToolError, NothingFoundError, UsageError
from invoice_lab.ocr.page import Box
from invoice_lab.samples import draw_page
from invoice_lab.sources.scan import Scan
from invoice_lab.validation.comparison import Compared
from invoice_lab.validation.evaluate import Evaluation

BOX = Box(40, 200, 200, 20)


def field(true, read, name="name", box=BOX):
    return Compared(name, true, read, "x", 0.9, box)


def result(page, status="accepted", seconds=1.0, fields=(), wrong=()):
    return PageResult(page, status, seconds, list(fields), list(wrong))


def page_of(number, kind="as-arrived"):
    record = {**NEW, "file": f"{number}.png"}
    return StudyPage(kind, record, Scan.of(record["file"], png(draw_page(NEW))))


def run_of(name, results, seconds=1.0):
    counts = Evaluation(n=len(results), lines=1, lines_right=1)
    counts.full = sum(one.right for one in results)
    counts.accepted = sum(one.accepted for one in results)
    counts.full_accepted = sum(one.right and one.accepted for one in results)
    counts.accepted_wrong = counts.accepted - counts.full_accepted
    return EngineRun(name, "1", results, counts)


class TestSample:
    def test_the_same_seed_gives_the_same_pages_and_each_kind_all_of_them(self):
        parameters = StudyParameters(sample=3, seed=5, kinds="as-arrived, grey")
        pages = study_pages(parameters)
        assert fingerprint(pages) == fingerprint(study_pages(parameters))
        assert [page.kind for page in pages] == ["as-arrived"] * 3 + ["grey"] * 3
        assert [page.truth["file"] for page in pages[:3]] == [page.truth["file"] for page in pages[3:]]
        assert fingerprint(pages) != fingerprint(study_pages(StudyParameters(3, 6, "as-arrived,grey")))

    def test_scans_of_ones_own_with_a_truth(self, tmp_path):
        records = [{**record, "file": f"{number}.png"} for number, record in enumerate((NEW, OLD))]
        for record in records:
            (tmp_path / record["file"]).write_bytes(png(draw_page(record)))
        no_invoice = {"file": "2.png", "lines": None}
        lines = [json.dumps(record) for record in (*records, no_invoice)]
        (tmp_path / "truth.jsonl").write_text("\n".join(lines))
        pages = study_pages(StudyParameters(9, 1, "as-arrived", scans=str(tmp_path)))
        assert [page.truth["invoice_id"] for page in pages] == [NEW["invoice_id"], OLD["invoice_id"]]
        assert pages[0].scan.data == (tmp_path / "0.png").read_bytes()

    def test_what_cannot_be_is_refused(self, tmp_path):
        with pytest.raises(UsageError, match="Did you mean 'photo'"):
            kinds_of("as-arrived,foto")
        with pytest.raises(UsageError, match="No kind"):
            kinds_of(" ,")
        with pytest.raises(UsageError, match="0 pages"):
            study_pages(StudyParameters(sample=0))
        with pytest.raises(UsageError, match="no engine 'tesseroct'"):
            chosen_engines("auto,tesseroct")
        (tmp_path / "truth.jsonl").write_text(json.dumps({**NEW, "file": "gone.png"}))
        with pytest.raises(NothingFoundError):
            study_pages(StudyParameters(scans=str(tmp_path)))


class TestEngines:
    def test_an_absent_engine_is_told_with_how_to_get_it(self, tmp_path, monkeypatch):
        monkeypatch.setenv("INVOICE_LAB_ENGINES", str(tmp_path))
        there, absent = look_for(["auto", "tesserocr", "rapidocr"])
        assert list(there) == ["auto", "tesserocr"]
        assert there["auto"].startswith("drawing, ")
        assert [one.name for one in absent] == ["rapidocr"]
        assert "rapidocr" in absent[0].remedy
        with pytest.raises(MissingToolError):
            EnginesPage(StudyParameters(sample=1, engines="rapidocr"))

    def test_an_engine_is_run_for_real_and_counted_as_evaluate_does(self):
        pages = study_pages(StudyParameters(sample=2, kinds="as-arrived"))
        run = run_engine("auto", "1", pages)
        assert [one.page for one in run.results] == pages
        assert (run.counts.n, run.counts.full_accepted, run.counts.accepted_wrong) == (2, 2, 0)
        assert all(one.seconds > 0 and one.right and all(each.right for each in one.fields) for one in run.results)


class TestNumbers:
    def test_confusions_are_counted_with_an_example(self):
        fields = [field("Éloigner", "Eloigner"), field("Été", "Ete"), field("same", "same"), field("gone", None)]
        fields += [field("rn", "m"), field("a long text", "quite another")]
        found = {(one.true, one.read): one.times for one in confusions(fields)}
        assert found["É", "E"] == 2
        assert found["é", "e"] == 1
        assert found["rn", "m"] == 1
        assert all(max(map(len, pair)) <= 3 for pair in found)
        assert confusions(fields)[0].example.true == "Éloigner"

    def test_the_best_has_most_right_and_accepted_then_fewest_wrong_then_is_fastest(self):
        pages = [page_of(number) for number in range(4)]
        right = [result(page) for page in pages]
        careful = [*right[:2], *(result(page, "review", wrong=["name"]) for page in pages[2:])]
        rash = [*right[:2], *(result(page, wrong=["name"]) for page in pages[2:])]
        slow = [*(result(page, seconds=9.0) for page in pages[:2]), *careful[2:]]
        slow[2:] = [result(page, "review", 9.0, wrong=["name"]) for page in pages[2:]]
        runs = [run_of("rash", rash), run_of("slow", slow), run_of("careful", careful), run_of("best", right)]
        frame = tables.by_engine(runs)
        assert list(frame["engine"]) == ["best", "careful", "slow", "rash"]
        assert list(frame["accepted_wrong"]) == [0, 0, 0, 2]
        assert (frame["low"] < frame["share"]).iloc[1]
        assert tables.by_kind(runs, ["as-arrived"])["as-arrived"].tolist() == [2, 2, 2, 4]

    def test_a_difference_is_told_from_chance(self):
        pages = [page_of(number) for number in range(10)]
        good, bad = [result(page) for page in pages], [result(page, wrong=["name"]) for page in pages]
        assert tables.could_be_chance(run_of("a", good), run_of("b", bad)) < 0.01
        assert tables.could_be_chance(run_of("a", good), run_of("b", [*good[:9], bad[9]])) == 1
        assert tables.could_be_chance(run_of("a", good), run_of("b", good)) == 1


class TestConclusion:
    def sentences(self, runs, absent=()):
        frame = tables.by_engine(runs)
        by_name = {run.name: run for run in runs}
        return conclusion(frame, [by_name[name] for name in frame["engine"]], absent)

    def test_it_names_the_best_the_danger_and_the_missing(self):
        pages = [page_of(number) for number in range(10)]
        good, bad = [result(page) for page in pages], [result(page, wrong=["name"]) for page in pages]
        text = " ".join(self.sentences([run_of("tesserocr", bad), run_of("auto", good)], [Absent("donut", "", "")]))
        assert "Take auto (drawing): 10 of 10 pages" in text
        assert "is more than chance" in text
        assert "nobody would see: tesserocr 10, of 10 each" in text
        assert "the best of these is tesserocr" in text
        assert "not installed: donut" in text

    def test_engines_that_are_equally_good_are_told_so(self):
        good = [result(page_of(number)) for number in range(3)]
        text = " ".join(self.sentences([run_of("x", good), run_of("y", good)]))
        assert "y has as many" in text

    def test_it_recommends_none_where_none_is_good(self):
        bad = [result(page_of(number), "review", wrong=["name"]) for number in range(3)]
        text = " ".join(self.sentences([run_of("x", bad), run_of("y", bad)]))
        assert text.startswith("None of these engines")
        assert "Take" not in text


class TestPictures:
    def test_accepted_pages_come_first_and_kinds_of_fields_in_turn(self):
        fields = [field("a", "b"), field("a", "c", "lines.1.product"), field("a", "d", "lines.2.product")]
        run = run_of("x", [result(page_of(1), "review", fields=fields, wrong=["name"]),
                           result(page_of(2), fields=fields, wrong=["name"])])  # fmt: skip
        chosen = failures(run, {}, 4)
        assert [one.result.page.truth["file"] for one in chosen] == ["2.png"] * 3 + ["1.png"]
        assert [one.field.kind for one in chosen] == ["name", "product", "product", "name"]

    def test_a_field_that_was_not_found_is_shown_where_another_engine_found_it(self):
        blind = run_of("x", [result(page_of(1), fields=[field("a", None, box=None)], wrong=["name"])])
        seeing = run_of("y", [result(page_of(1), fields=[field("a", "a")])])
        assert failures(blind, {}, 3) == []
        assert [one.box for one in failures(blind, places([blind, seeing]), 3)] == [BOX]

    def test_differences_are_marked(self):
        true, read = marked("Éloigner", "Eloigner")
        assert (true, read) == ("<mark>É</mark>loigner", "<mark>E</mark>loigner")

    def test_text_of_strangers_is_escaped(self):
        wrong = field("Zoé", HOSTILE_NAME)
        markup = gallery("<b>", [Failure(result(page_of(1), fields=[wrong]), wrong, BOX)])
        assert "<script" not in markup
        assert "<img src=x" not in markup
        assert "data:image/png;base64," in markup
