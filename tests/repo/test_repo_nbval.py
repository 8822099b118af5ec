"""Every report notebook runs from top to bottom as a person would run it, by nbval, over a small cache."""

from __future__ import annotations

import os
import subprocess
import sys

from cache_data import cache_from_truth, small_truth
from project import ROOT

from invoice_lab.settings import Settings

NOTEBOOKS = ["sales", "segments", "recommendations", "ocr_quality"]


def test_notebooks_run_by_nbval(settings: Settings):
    cache_from_truth(small_truth(), settings, "sample")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))},
        "INVOICE_LAB_DATA": str(settings.data_dir),
        "INVOICE_LAB_REPORTS": str(settings.reports_dir),
    }
    paths = [str(ROOT / "notebooks" / f"{name}.ipynb") for name in NOTEBOOKS]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env", *paths],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "skipped" not in result.stdout
