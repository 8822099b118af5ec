"""Tesseract's command line, by pytesseract: works wherever the program is installed."""

from __future__ import annotations

import os
import shlex
from functools import cache

import pytesseract
from PIL import Image

from invoice_lab.errors import MissingToolError, ScanError
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.engines.base import Hint, Word
from invoice_lab.ocr.engines.models import LANGUAGE, tessdata_dir
from invoice_lab.ocr.page import Box

TIMEOUT_SECONDS = 60
_PSM = {"block": 6, "line": 7}


class PytesseractEngine:
    """Tesseract as a program; one process a call."""

    name = "pytesseract"

    def __init__(self) -> None:
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        try:
            self.version = str(pytesseract.get_tesseract_version())
        except (pytesseract.TesseractNotFoundError, SystemExit) as error:
            raise MissingToolError("The program tesseract is not installed.") from error
        self._folder = tessdata_dir()

    def words(self, picture: Pixels, hint: Hint) -> list[Word]:
        """Read the words of a grey picture."""
        config = f"--tessdata-dir {shlex.quote(str(self._folder))} --psm {_PSM[hint.shape]}"
        if hint.characters:
            config += f" -c tessedit_char_whitelist={shlex.quote(hint.characters)}"
        try:
            data = pytesseract.image_to_data(
                Image.fromarray(picture), lang=LANGUAGE, config=config,
                output_type=pytesseract.Output.DICT, timeout=TIMEOUT_SECONDS,
            )  # fmt: skip
        except (RuntimeError, pytesseract.TesseractError) as error:
            raise ScanError("engine-failed", f"tesseract could not read the page: {error}.") from error
        rows = zip(data["text"], data["conf"], data["left"], data["top"], data["width"], data["height"], strict=True)
        return [
            Word(text.strip(), Box(x, y, width, height), float(confidence) / 100)
            for text, confidence, x, y, width, height in rows
            if text.strip()
        ]


@cache
def create() -> PytesseractEngine:
    """Return this process's engine."""
    return PytesseractEngine()
