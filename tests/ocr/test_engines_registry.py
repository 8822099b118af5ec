"""Engines are found by entry point; what is wrong with one leaves the others alone."""

import sys

import pytest
from click.testing import CliRunner

from invoice_lab.cli import main
from invoice_lab.errors import MissingToolError, UsageError
from invoice_lab.ocr.engines import engine_names, engine_state, engine_states, load_engine, registry

OURS = ["auto", "tesserocr", "pytesseract", "doctr", "donut", "easyocr", "rapidocr"]
STRANGER = """
from invoice_lab.ocr.engines import Word

class Engine:
    name, version = "stranger", "3.1"
    def words(self, picture, hint):
        return []

class Shapeless:
    pass

def raises():
    raise RuntimeError("no licence")
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install another package: a module and its entry points, on the path of this process."""

    def install(**points):
        (tmp_path / "stranger_engines.py").write_text(STRANGER)
        made = tmp_path / "stranger_engines-1.0.dist-info"
        made.mkdir()
        (made / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger-engines\nVersion: 1.0\n")
        lines = [f"{name} = stranger_engines:{target}" for name, target in points.items()]
        (made / "entry_points.txt").write_text("\n".join([f"[{registry.GROUP}]", *lines]) + "\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "stranger_engines", raising=False)
        registry._found.cache_clear()

    yield install
    registry._found.cache_clear()


def test_ours_are_there_the_default_first():
    assert engine_names() == OURS
    assert load_engine().name == load_engine("auto").name == "tesserocr"


def test_another_package_adds_an_engine(package):
    package(stranger="Engine")
    assert engine_names() == [*OURS, "stranger"]
    assert load_engine("stranger").version == "3.1"
    state = engine_state("stranger")
    assert (state.usable, state.version, state.where) == (True, "3.1", "package stranger-engines")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("raises", "RuntimeError: no licence"),
        ("nothing", "AttributeError"),
        ("Shapeless", "returns no OCR engine"),
    ],
)
def test_a_broken_package_is_named_and_breaks_no_other(package, target, problem):
    package(stranger=target)
    with pytest.raises(MissingToolError, match=problem) as error:
        load_engine("stranger")
    assert "stranger-engines" in error.value.message
    usable = {state.name: state.usable for state in engine_states()}
    assert (usable["stranger"], usable["tesserocr"], usable["pytesseract"]) == (False, True, True)
    assert load_engine().name == "tesserocr"


def test_another_package_cannot_take_one_of_our_names(package):
    package(tesserocr="raises", stranger="Engine")
    assert load_engine("tesserocr").version[0].isdigit()
    assert engine_names() == [*OURS, "stranger"]


@pytest.mark.parametrize(("given", "meant"), [("teserocr", "tesserocr"), ("rapid-ocr", "rapidocr"), ("atuo", "auto")])
def test_an_unknown_name_is_answered_with_the_nearest(given, meant):
    with pytest.raises(UsageError, match=f"Did you mean '{meant}'"):
        load_engine(given)


def test_a_name_like_no_other_is_answered_with_all():
    with pytest.raises(UsageError) as error:
        load_engine("zzz")
    assert str(error.value) == f"There is no OCR engine 'zzz'. Known: {', '.join(OURS)}."


def test_auto_goes_on_to_the_next_usable(monkeypatch):
    def missing():
        raise MissingToolError("The wheel tesserocr can't be used.")

    monkeypatch.setattr("invoice_lab.ocr.engines.tesserocr_engine.create", missing)
    assert load_engine().name == "pytesseract"
    monkeypatch.setattr("invoice_lab.ocr.engines.pytesseract_engine.create", missing)
    with pytest.raises(MissingToolError, match=r"No OCR engine can be used\. tesserocr: The wheel .* pytesseract: "):
        load_engine()


class TestCommand:
    @pytest.fixture(autouse=True)
    def no_environments(self, tmp_path, monkeypatch):
        monkeypatch.setenv("INVOICE_LAB_ENGINES", str(tmp_path))

    def test_lists_all_with_what_is_missing_and_how_to_get_it(self):
        result = CliRunner().invoke(main, ["engines"])
        assert result.exit_code == 0
        for name in OURS[1:]:
            assert f"\n{name} " in f"\n{result.output}"
        assert "make engines ENGINES=easyocr" in result.output

    def test_tells_of_one(self):
        result = CliRunner().invoke(main, ["engines", "tesserocr"])
        assert result.output.split()[:2] == ["tesserocr", "usable"]

    @pytest.mark.parametrize("arguments", [["engine"], ["--install", "tesserocr"], ["--install", "rapid"]])
    def test_refuses_what_it_does_not_know(self, arguments, tmp_path):
        result = CliRunner().invoke(main, ["engines", *arguments])
        assert result.exit_code == 2
        assert list(tmp_path.iterdir()) == []

    def test_reading_with_an_engine_that_is_not_there_says_how_to_get_it(self, tmp_path):
        scan = tmp_path / "a.png"
        scan.write_bytes(b"")
        result = CliRunner().invoke(main, ["read", str(scan), "--output", "/dev/null", "--engine", "donut"])
        assert result.exit_code == 69
        assert "make engines ENGINES=donut" in result.output
