"""Processes that run notebooks: fast to start, in the environment and folder of now, without what is held here."""

import os
import subprocess
import sys
from pathlib import Path

from invoice_lab.reporting.processes import notebook_processes, prepare_processes
from invoice_lab.warehouse.locks import FileLock, is_free

IMPORTS = """
import sys
from invoice_lab.reporting.imports import without_address_grammar
with without_address_grammar():
    import altair, nbconvert, nbformat, papermill
assert "jsonschema" in sys.modules
print("rfc3987_syntax" in sys.modules)
import rfc3987_syntax
with without_address_grammar():
    print("rfc3987_syntax" in sys.modules)
"""


def seen(name):
    return os.environ.get(name), Path.cwd(), name in os.environ


def imported():
    return {name for name in ("papermill", "nbconvert", "rfc3987_syntax") if name in sys.modules}


def test_a_process_has_the_environment_and_folder_of_now(tmp_path, monkeypatch):
    monkeypatch.setenv("IL_GONE", "before")
    prepare_processes()
    monkeypatch.delenv("IL_GONE")
    monkeypatch.setenv("IL_NEW", "now")
    monkeypatch.chdir(tmp_path)
    with notebook_processes(1) as pool:
        assert pool.submit(seen, "IL_NEW").result() == ("now", tmp_path, True)
        assert pool.submit(seen, "IL_GONE").result() == (None, tmp_path, False)


def test_a_process_has_imported_what_it_needs_and_no_grammar():
    with notebook_processes(1) as pool:
        assert pool.submit(imported).result() == {"papermill", "nbconvert"}


def test_a_process_holds_no_lock_of_ours(tmp_path):
    held = FileLock(tmp_path / "lock")
    held.exclusive()
    with notebook_processes(1) as pool:
        pool.submit(imported).result()
        held.close()
        assert is_free(tmp_path / "lock")


def test_the_grammar_is_left_out_of_what_imports_it_and_there_for_others():
    done = subprocess.run([sys.executable, "-c", IMPORTS], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]
