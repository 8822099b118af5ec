"""docTR and Donut in their own environments: real adapters on tiny models, made here since no registry has weights."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from drawn import picture

from invoice_lab.errors import MissingToolError
from invoice_lab.ocr.engines import Hint, engine_state
from invoice_lab.ocr.engines.foreign_engines import DOCTR, DONUT, ForeignEngine

pytestmark = pytest.mark.engines
HERE = Path(__file__).parent
PAGE = picture(("Invoice", 60, 100), ("Total", 330, 100), ("1234.56", 60, 300), size=(512, 512))


def made(engine, script, folder, *arguments):
    """Make the engine's model with a script in its environment; skip in a plain run where that is not there."""
    if not engine.environment.is_made():
        if os.environ.get("INVOICE_LAB_REQUIRE_ENGINES"):
            pytest.fail(f"{engine.environment.folder} is not there: {engine.environment.command}")
        pytest.skip(f"{engine.environment.folder} is not there: {engine.environment.command}")
    command = [str(engine.environment.python), str(HERE / script), str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """Start an engine on the weights in a folder; a module's own instances, so that nothing outlives it."""
    running = []

    def start(engine, folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(engine.weights.variable, str(folder))
            running.append(ForeignEngine(engine.environment, engine.package, engine.weights)())
        return running[-1]

    yield start
    for engine in running:
        engine.close()


@pytest.fixture(scope="module")
def doctr_weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doctr")
    made(DOCTR, "make_doctr_weights.py", folder)
    return folder


@pytest.fixture(scope="module")
def doctr(doctr_weights, started):
    return started(DOCTR, doctr_weights)


@pytest.fixture(scope="module")
def donut_weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("donut")
    made(DONUT, "make_donut_model.py", folder, "11")
    return folder


@pytest.fixture(scope="module")
def donut(donut_weights, started):
    return started(DONUT, donut_weights)


class TestDoctr:
    def test_says_who_it_is(self, doctr):
        assert (doctr.name, doctr.version.split()[0]) == ("doctr", "onnxtr")

    @pytest.mark.parametrize("shape", ["block", "line"])
    def test_words_lie_where_the_ink_is(self, doctr, shape):
        words = sorted(doctr.words(PAGE, Hint(shape)), key=lambda word: (word.box.y // 100, word.box.x))
        assert [word.text for word in words] == ["Tiny", "Tiny", "Tiny"]
        areas = [PAGE[:200, :300], PAGE[:200, 300:], PAGE[200:, :]]
        corners = [(0, 0), (300, 0), (0, 200)]
        for word, area, (left, top) in zip(words, areas, corners, strict=True):
            rows, columns = np.nonzero(area < 128)
            assert word.box.x <= left + columns.min() and word.box.right > left + columns.max()
            assert word.box.y <= top + rows.min() and word.box.bottom > top + rows.max()
            assert word.box.width < np.ptp(columns) + 80
            assert word.box.height < np.ptp(rows) + 80
            assert 0.9 < word.confidence <= 1

    def test_a_blank_picture_has_no_words(self, doctr):
        assert doctr.words(np.full((512, 512), 255, np.uint8), Hint()) == []

    def test_broken_weights_are_told(self, doctr_weights, started, tmp_path):
        for file in doctr_weights.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes()[:100])
        with pytest.raises(MissingToolError, match=r"engine 'doctr' can't be used: .*db_resnet50-tiny\.onnx"):
            started(DOCTR, tmp_path)

    def test_is_usable_with_weights_only(self, doctr_weights, monkeypatch):
        monkeypatch.delenv("INVOICE_LAB_DOCTR_WEIGHTS", raising=False)
        assert not engine_state("doctr").usable
        assert "INVOICE_LAB_DOCTR_WEIGHTS" in engine_state("doctr").remedy
        monkeypatch.setenv("INVOICE_LAB_DOCTR_WEIGHTS", str(doctr_weights))
        assert engine_state("doctr").usable


class TestDonut:
    def test_says_who_it_is(self, donut):
        assert (donut.name, donut.version.split()[0]) == ("donut", "transformers")

    @pytest.mark.parametrize("size", [(512, 512), (200, 900), (900, 200)])
    def test_what_it_makes_up_comes_as_words_in_the_picture(self, donut, size):
        array = np.full(size, 255, np.uint8)
        array[50:100, 40:150] = 0
        words = donut.words(array, Hint())
        assert words
        for word in words:
            assert word.text
            assert not set("<>▁ ") & set(word.text)
            assert 0 <= word.box.x < word.box.right <= size[1]
            assert 0 <= word.box.y < word.box.bottom <= size[0]
            assert 0 < word.confidence < 1

    def test_the_same_picture_gives_the_same_words(self, donut):
        assert donut.words(PAGE, Hint()) == donut.words(PAGE, Hint())

    def test_a_blank_picture_has_no_words(self, donut):
        assert donut.words(np.full((512, 512), 255, np.uint8), Hint()) == []

    def test_broken_weights_are_told(self, donut_weights, started, tmp_path):
        for file in donut_weights.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / "model.safetensors").write_bytes(b"nothing")
        with pytest.raises(MissingToolError, match=r"engine 'donut' can't be used: .*header"):
            started(DONUT, tmp_path)
