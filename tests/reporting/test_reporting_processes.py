"""Processes that run notebooks: fast to start, in the environment and folder of now, without what is held here."""

import os
import subprocess
import sys

from invoice_lab.reporting.processes import notebook_processes
from invoice_lab.settings import CHECKOUT
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


MOVED = """
import os
from invoice_lab.reporting.processes import notebook_processes, prepare_processes

def seen():
    return [os.environ.get("IL_NEW"), str(os.environ.get("IL_GONE")), os.path.basename(os.getcwd())]

if __name__ == "__main__":
    os.environ["IL_GONE"] = "before"
    prepare_processes()
    del os.environ["IL_GONE"]
    os.environ["IL_NEW"] = "now"
    os.chdir("later")
    with notebook_processes(1) as pool:
        print(*pool.submit(seen).result())
"""

DECOYS = """
import os, sys
sys.path.pop(0)
from invoice_lab.reporting.processes import notebook_processes

def seen():
    papermill = sys.modules.get("papermill")
    where = os.path.basename(os.path.dirname(os.path.dirname(papermill.__file__))) if papermill else "nothing"
    return [where, str(os.environ.get("PYTHONSAFEPATH"))]

if __name__ == "__main__":
    with notebook_processes(1) as pool:
        print(*pool.submit(seen).result())
"""


def imported():
    return {name for name in ("papermill", "nbconvert", "rfc3987_syntax") if name in sys.modules}


def run(program, folder):
    """What a program prints that is run by itself, where no process to fork from was started yet."""
    (folder / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, str(folder / "program.py")],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_a_process_has_the_environment_and_folder_of_now(tmp_path):
    (tmp_path / "later").mkdir()
    assert run(MOVED, tmp_path) == ["now", "None", "later"]


def test_what_lies_in_the_current_folder_is_not_imported(tmp_path):
    (tmp_path / "papermill.py").write_text("raise SystemExit('the wrong papermill')")
    (tmp_path / "nbconvert").mkdir()
    (tmp_path / "nbconvert" / "__init__.py").write_text("raise SystemExit('the wrong nbconvert')")
    assert run(DECOYS, tmp_path) == ["site-packages", "None"]


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


def test_the_report_command_imports_what_only_reading_and_pages_need_later():
    program = "import sys, invoice_lab.pipeline; print(*{'sklearn', 'numba', 'cv2', 'papermill'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
