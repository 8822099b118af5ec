"""Tesseract's language models on this machine."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from invoice_lab.errors import MissingToolError

LANGUAGE = "fra"
"""The model that reads: it knows all accents of Latin-1 and, at these sizes, digits better than ``eng``."""

_REMEDY = "Install it: sudo apt-get install -y tesseract-ocr tesseract-ocr-eng tesseract-ocr-fra"


def tessdata_dir(language: str = LANGUAGE) -> Path:
    """Return the folder that holds `language`'s model.

    ``TESSDATA_PREFIX`` first, then the folders of Debian's, Ubuntu's and conda's packages.

    Raises
    ------
    MissingToolError
        Where no folder has it.
    """
    for folder in _folders():
        if (folder / f"{language}.traineddata").is_file():
            return folder
    raise MissingToolError(f"Tesseract's model {language!r} is not installed.", _REMEDY)


@cache
def model_digest(language: str = LANGUAGE) -> str:
    """Return the SHA-256 of `language`'s model, in hexadecimal digits."""
    return hashlib.sha256((tessdata_dir(language) / f"{language}.traineddata").read_bytes()).hexdigest()


def _folders() -> list[Path]:
    prefix = os.environ.get("TESSDATA_PREFIX")
    named = [Path(prefix), Path(prefix) / "tessdata"] if prefix else []
    packaged = sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True)
    conda = [Path(os.environ["CONDA_PREFIX"]) / "share/tessdata"] if "CONDA_PREFIX" in os.environ else []
    return [*named, *conda, *packaged, Path("/usr/share/tessdata"), Path("/usr/local/share/tessdata")]
