"""Parameters are refused before a kernel starts; failures name what is left; credentials stay outside."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import nbformat
import pytest
from report_data import doubtful_cache

from invoice_lab.errors import CacheError, InterruptedRunError, NotebookError, UsageError
from invoice_lab.reporting import runner
from invoice_lab.reporting.kernel import kernel_environment
from invoice_lab.reporting.parameters import declared_parameters
from invoice_lab.reporting.record import recorded
from invoice_lab.reporting.runner import run_notebook
from invoice_lab.settings import DATABASE_VARIABLES, Settings, notebooks_dir

RECORDING = """\
import os
from invoice_lab.reporting.record import record
record(n=n, password=os.environ.get("PGPASSWORD"))"""


@pytest.fixture
def no_kernel(monkeypatch):
    """Fail where a kernel would start."""

    def started(*args, **kwargs):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(runner, "_execute", started)


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """A folder of notebooks of the test's own: returns a function that writes one."""
    monkeypatch.setattr(runner, "notebooks_dir", lambda: tmp_path / "notebooks")
    (tmp_path / "notebooks").mkdir()

    def write(name, *sources, tags=()):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        cells[0].metadata["tags"] = ["parameters"]
        for number, tag in tags:
            cells[number].metadata["tags"] = [tag]
        notebook = nbformat.v4.new_notebook(
            cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        )
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")

    return write


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"workspce": "sample"}, "'workspce'; did you mean 'workspace'"),
        ({"zzz": 1}, "known are: as_of, days, top, workspace"),
        ({"days": "90"}, "'days' of the notebook 'sales' must be of type int, not str"),
        ({"days": True}, "must be of type int, not bool"),
        ({"workspace": 7}, "must be of type str, not int"),
        ({"top": 2.5}, "must be of type int, not float"),
    ],
)
def test_parameters_are_refused_before_a_kernel_starts(no_kernel, settings, tmp_path, parameters, said):
    with pytest.raises(UsageError) as caught:
        run_notebook("sales", parameters, tmp_path / "out.ipynb", settings=settings)
    assert said in str(caught.value)
    assert not (tmp_path / "out.ipynb").exists()


def test_an_unknown_notebook_names_the_nearest(no_kernel, settings, tmp_path):
    with pytest.raises(UsageError, match="did you mean 'sales'"):
        run_notebook("sale", {}, tmp_path / "out.ipynb", settings=settings)


def test_whole_numbers_are_good_enough_for_floats(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(runner, "_execute", lambda *args, **kwargs: None)
    run_notebook("ocr_quality", {"low": 1}, tmp_path / "out.ipynb", settings=settings)


def test_declared_parameters():
    assert declared_parameters(notebooks_dir() / "segments.ipynb") == {
        "workspace": "str", "as_of": "str", "period": "int", "compare_to": "str", "days": "int", "bins": "int",
        "scheme": "str", "segments_file": "str", "k": "int", "features": "str", "segments": "str", "language": "str",
        "shown": "int",
    }  # fmt: skip


def test_environment_of_a_kernel(monkeypatch, tmp_path):
    for name in DATABASE_VARIABLES:
        monkeypatch.setenv(name, "secret")
    settings = Settings(tmp_path / "d", tmp_path / "r", "postgresql://owner@host/books")
    without = kernel_environment(settings, credentials=False)
    assert not set(DATABASE_VARIABLES) & set(without)
    assert without["INVOICE_LAB_DATA"] == str(tmp_path / "d")
    assert kernel_environment(settings, credentials=True)["DATABASE_URL"] == "postgresql://owner@host/books"


def test_a_failed_cell_is_named_and_the_partial_notebook_kept(notebooks, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "secret")
    notebooks(
        "broken",
        "n: int = 1",
        RECORDING,
        "raise AssertionError('left to dashboards')",
        "m = 2\n1 / (n - n)",
        tags=[(2, "interactive")],
    )
    output = tmp_path / "kept" / "broken.ipynb"
    with pytest.raises(NotebookError) as caught:
        run_notebook("broken", {"n": 5}, output, settings=settings)
    assert "ends with `1 / (n - n)`" in str(caught.value)
    assert "ZeroDivisionError" in str(caught.value)
    assert str(output) in str(caught.value)
    assert recorded(output) == {"n": 5, "password": None}


def test_our_own_errors_keep_their_class(settings, tmp_path):
    with pytest.raises(CacheError, match="has no cache yet") as caught:
        run_notebook("sales", {"workspace": "nothing_here"}, tmp_path / "out.ipynb", settings=settings)
    assert str(tmp_path / "out.ipynb") in str(caught.value)


def _press_ctrl_c_when(marker: Path) -> None:
    def press() -> None:
        for _ in range(600):
            if marker.exists():
                os.kill(os.getpid(), signal.SIGINT)
                return
            threading.Event().wait(0.1)

    threading.Thread(target=press, daemon=True).start()


def test_ctrl_c_reaches_the_kernel(notebooks, settings, tmp_path):
    marker = tmp_path / "running"
    source = f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep(120)"
    notebooks("slow", "n: int = 1", source)
    _press_ctrl_c_when(marker)
    with pytest.raises(InterruptedRunError, match="'slow' was stopped") as caught:
        run_notebook("slow", {}, tmp_path / "slow.ipynb", settings=settings, kept=tmp_path / "kept" / "slow.ipynb")
    assert str(tmp_path / "kept" / "slow.ipynb") in str(caught.value)
    assert (tmp_path / "kept" / "slow.ipynb").is_file()


def test_what_the_kernel_says_of_ctrl_c_is_kept(notebooks, settings, tmp_path):
    marker = tmp_path / "running"
    source = f"""\
import pathlib, time
from invoice_lab.errors import InterruptedRunError
pathlib.Path({str(marker)!r}).touch()
try:
    time.sleep(120)
except KeyboardInterrupt:
    raise InterruptedRunError("Stopped after 56 of 81 scans; these are in the books.") from None"""
    notebooks("slow", "n: int = 1", source)
    _press_ctrl_c_when(marker)
    with pytest.raises(InterruptedRunError, match=r"^Stopped after 56 of 81 scans; these are in the books") as caught:
        run_notebook("slow", {}, tmp_path / "slow.ipynb", settings=settings)
    assert "was stopped" not in str(caught.value)


def test_doubtful_cache_is_what_the_tests_say(settings):
    assert doubtful_cache(settings).is_file()
