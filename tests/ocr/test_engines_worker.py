"""The conversation with a worker, held with a real process whose engine is made up."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from invoice_lab.errors import MissingToolError, ScanError
from invoice_lab.ocr.engines import Hint, Word
from invoice_lab.ocr.engines.foreign import worker as worker_side
from invoice_lab.ocr.engines.subprocess_engine import WORKER, SubprocessEngine, worker_environment
from invoice_lab.ocr.page import Box

FAKE = f"""
import os, sys, time
sys.path.insert(0, {str(WORKER.parent)!r})
import worker

def fake(options):
    \"\"\"Reads a picture's size; a first pixel of 1 to 4 stands for a fault.\"\"\"
    if "missing" in options:
        raise FileNotFoundError("no weights in " + options["missing"])
    if "mute" in options:
        time.sleep(60)
    print("the library prints this on its standard output")
    def read(picture, shape, characters):
        fault = int(picture[0, 0])
        if fault == 1:
            raise ValueError("an odd picture")
        if fault == 2 or (fault == 3 and not os.path.exists(options["mark"])):
            open(options["mark"], "w").close()
            os.write(2, b"Traceback\\nMemoryError: out of memory\\n")
            os._exit(9)
        if fault == 4:
            time.sleep(60)
        if fault == 5:
            text = " ".join(sorted(os.environ))
        else:
            text = f"{{os.getpid()}} {{shape}} {{characters}} {{picture.sum()}}"
        return worker.record(text, (0, 0, picture.shape[1], picture.shape[0]), 0.75, picture.shape)
    return "1.2", read

worker.ADAPTERS["fake"] = fake
worker.main()
"""


@pytest.fixture
def start(tmp_path):
    """Start an engine whose worker is the made-up one."""
    script = tmp_path / "fake_worker.py"
    script.write_text(FAKE)
    started = []

    def make(timeout=20.0, start_timeout=20.0, **options):
        options = {"mark": str(tmp_path / "mark"), **options}
        engine = SubprocessEngine(
            "fake", Path(sys.executable), options, worker=script, timeout=timeout, start_timeout=start_timeout
        )
        started.append(engine)
        return engine

    yield make
    for engine in started:
        engine.close()


def pixels(fault=0, shape=(30, 50)):
    array = np.full(shape, 200, np.uint8)
    array[0, 0] = fault
    return array


def process_of(engine):
    return int(engine.words(pixels(), Hint())[0].text.split()[0])


def test_words_come_back_as_they_were_read(start):
    engine = start()
    assert (engine.name, engine.version) == ("fake", "1.2")
    (word,) = engine.words(pixels(), Hint("line", "0123€"))
    assert word == Word(word.text, Box(0, 0, 50, 30), 0.75)
    assert word.text.split()[1:] == ["line", "0123€", str(200 * 30 * 50 - 200)]


def test_one_worker_serves_all_pictures(start):
    engine = start()
    first = process_of(engine)
    big = engine.words(np.full((3000, 2000), 7, np.uint8)[:, ::2], Hint())[0].text.split()
    assert (int(big[0]), int(big[-1])) == (first, 7 * 3000 * 1000)
    assert process_of(engine) == first


def test_a_failing_engine_fails_this_picture_only(start):
    engine = start()
    before = process_of(engine)
    with pytest.raises(ScanError, match="an odd picture") as error:
        engine.words(pixels(1), Hint())
    assert error.value.code == "engine-failed"
    assert process_of(engine) == before


def test_a_lost_worker_is_started_again_once(start):
    engine = start()
    before = process_of(engine)
    after = int(engine.words(pixels(3), Hint())[0].text.split()[0])
    assert after != before


def test_a_worker_lost_twice_is_the_pictures_doing_and_its_last_words_are_told(start):
    engine = start()
    with pytest.raises(ScanError, match=r"failed twice: its process ended: MemoryError: out of memory") as error:
        engine.words(pixels(2), Hint())
    assert error.value.code == "engine-failed"
    assert process_of(engine)


def test_a_worker_that_gives_no_answer_is_ended(start):
    engine = start(timeout=0.5)
    clock = time.monotonic()
    with pytest.raises(ScanError, match=r"no answer within 0\.5 seconds"):
        engine.words(pixels(4), Hint())
    assert time.monotonic() - clock < 10
    assert process_of(engine)


def test_a_worker_that_never_starts_is_told(start):
    with pytest.raises(MissingToolError, match=r"can't be started: no answer within 0\.5 seconds"):
        start(start_timeout=0.5, mute="yes")


def test_what_the_worker_lacks_is_told(start):
    with pytest.raises(MissingToolError, match="no weights in the cupboard"):
        start(missing="the cupboard")


def test_an_environment_that_is_gone_is_told(tmp_path):
    with pytest.raises(MissingToolError, match="can't be started"):
        SubprocessEngine("fake", tmp_path / "bin" / "python")


def test_an_environment_without_the_library_is_told():
    """Our own environment has no RapidOCR."""
    with pytest.raises(MissingToolError, match="ModuleNotFoundError: No module named 'rapidocr'"):
        SubprocessEngine("rapidocr", Path(sys.executable))


def test_the_worker_gets_no_secrets_and_no_network(start, monkeypatch):
    for name in ("DATABASE_URL", "PGPASSWORD", "PGHOST", "INVOICE_LAB_DATA", "HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    seen = set(start().words(pixels(5), Hint())[0].text.split())
    assert seen <= set(worker_environment()) | {"LC_CTYPE"}
    assert worker_environment()["HF_HUB_OFFLINE"] == worker_environment()["OMP_NUM_THREADS"] == "1"
    assert "secret" not in worker_environment().values()


def test_the_worker_inherits_no_open_file(start, tmp_path):
    with (tmp_path / "users.lock").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        process = process_of(start())
        held = [str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir()]
    assert str(tmp_path / "users.lock") not in held


def gone(process, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_the_worker_ends_with_a_killed_parent_even_while_it_reads(tmp_path):
    script = tmp_path / "fake_worker.py"
    script.write_text(FAKE)
    parent_code = f"""
import sys, numpy as np
from pathlib import Path
from invoice_lab.ocr.engines import Hint
from invoice_lab.ocr.engines.subprocess_engine import SubprocessEngine
engine = SubprocessEngine("fake", Path(sys.executable), {{"mark": "mark"}}, worker=Path({str(script)!r}))
print(engine.words(np.zeros((5, 5), np.uint8), Hint())[0].text, flush=True)
engine.words(np.full((5, 5), 4, np.uint8), Hint())
"""
    parent = subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True)
    process = int(parent.stdout.readline().split()[0])
    time.sleep(0.3)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert gone(process)


def test_closing_ends_the_worker(start):
    engine = start()
    process = process_of(engine)
    engine.close()
    assert gone(process, 1)


class TestWorkerSide:
    """The worker's own functions, in this process."""

    SHAPE = (100, 200)

    def test_a_line_is_shared_out_by_characters(self):
        words = worker_side.split_line("ab  cdef", (0, 10, 80, 30), 0.9, self.SHAPE)
        assert words == [("ab", 0, 10, 20, 20, 0.9), ("cdef", 40, 10, 40, 20, 0.9)]

    @pytest.mark.parametrize(
        ("box", "expected"),
        [
            ((-5, -5, 500, 500), [("x", 0, 0, 200, 100, 1.0)]),
            ((10.2, 10.8, 19.1, 20.0), [("x", 10, 10, 10, 10, 1.0)]),
            ((300, 0, 400, 10), []),
            ((10, 10, 10, 20), []),
        ],
    )
    def test_boxes_are_whole_pixels_of_the_picture(self, box, expected):
        assert worker_side.record(" x ", box, 1.7, self.SHAPE) == expected

    def test_a_text_of_blanks_is_no_word(self):
        assert worker_side.record("  ", (0, 0, 10, 10), 0.5, self.SHAPE) == []

    def test_rapidocr_s_own_word_boxes_are_used_where_they_fit(self):
        line, points = [[0, 0], [80, 0], [80, 20], [0, 20]], [[3, 1], [20, 1], [20, 19], [3, 19]]
        fitting = [("ab", 0.1, points), ("c", 0.2, [[60, 1], [70, 1], [70, 19], [60, 19]])]
        words = worker_side.line_words("ab c", line, 0.9, fitting, self.SHAPE)
        assert words == [("ab", 3, 1, 17, 18, 0.9), ("c", 60, 1, 10, 18, 0.9)]
        for other in ([("a", 0.1, points), ("b c", 0.1, points)], (), None):
            assert worker_side.line_words("ab c", line, 0.9, other, self.SHAPE) == [
                ("ab", 0, 0, 40, 20, 0.9), ("c", 60, 0, 20, 20, 0.9)
            ]  # fmt: skip

    def test_donut_s_tokens_spell_words(self):
        tokens = ["<s_total>", "▁12", ".", "50", "▁EUR", "</s_total>", "<s_name>", "Jo", "hn", "▁", "</s>"]
        special = {"<s_total>", "</s_total>", "<s_name>", "</s>"}
        assert worker_side.spelled(tokens, special) == [("12.50", [1, 2, 3]), ("EUR", [4]), ("John", [7, 8])]

    def test_donut_s_attention_is_a_place_in_the_picture(self):
        look = np.zeros((4, 8))
        look[1, 2] = look[1, 3] = 1.0
        # 100 x 200 fills the model's 128 x 256 whole: a cell of 32 pixels is one of 25.
        assert worker_side.attended(look, (128, 256), self.SHAPE) == (50, 25, 100, 50)
        # 100 x 100 stands in the middle of it, 64 pixels from the left.
        assert worker_side.attended(look, (128, 256), (100, 100)) == (0, 25, 50, 50)

    def test_a_model_is_known_by_its_file_s_name(self, tmp_path):
        for name in ("crnn_vgg16_bn-743599aa.onnx", "rep_fast_base-1b89ebf9.onnx", "notes.txt"):
            (tmp_path / name).touch()
        assert worker_side.model_file(tmp_path, ["fast_tiny", "fast_base"])[0] == "fast_base"
        assert worker_side.model_file(tmp_path, ["crnn_vgg16_bn"])[1].name == "crnn_vgg16_bn-743599aa.onnx"
        with pytest.raises(FileNotFoundError, match="parseq"):
            worker_side.model_file(tmp_path, ["parseq"])

    def test_a_line_that_no_detector_found_is_read_where_its_ink_is(self):
        array = np.full(self.SHAPE, 250, np.uint8)
        assert worker_side.whole_line(array, lambda part: ("made up", 1.0)) == []
        array[40:60, 100:110] = 0
        seen = []
        words = worker_side.whole_line(array, lambda part: seen.append(part.shape) or ("7", 0.8))
        assert words == [("7", 96, 36, 18, 28, 0.8)]
        assert seen == [(28, 18)]

    def test_every_request_has_an_answer_a_failure_too(self):
        def read(picture, shape, characters):
            return [(shape, 0, 0, 10 // picture[0, 0], 1, 0.5)]

        said = []
        asked = [(np.full((1, 1), number, np.uint8), "line", "") for number in (5, 0, 2)]
        with np.errstate(divide="raise"):
            worker_side.serve(lambda options: (options["version"], read), {"version": "9"}, asked, said.append)
        hello, first, failed, last = said
        assert hello == {"protocol": worker_side.PROTOCOL, "version": "9"}
        assert (first["words"][0][3], last["words"][0][3]) == (2, 5)
        assert "FloatingPointError" in failed["error"]

    def test_half_a_picture_is_the_end_of_the_conversation(self, tmp_path):
        header = json.dumps({"shape": [2, 3], "hint": "block", "characters": ""}).encode() + b"\n"
        (tmp_path / "asked").write_bytes(header + b"123456" + header + b"123")
        with (tmp_path / "asked").open("rb") as stream:
            ((picture, shape, characters),) = worker_side.requests(stream)
        assert (picture.tolist(), shape, characters) == ([[49, 50, 51], [52, 53, 54]], "block", "")
