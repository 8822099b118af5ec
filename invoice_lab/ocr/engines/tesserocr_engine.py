"""Tesseract in process, by tesserocr: no start-up cost a call, two to three times faster than the command line."""

from __future__ import annotations

import os
import threading
from functools import cache

from PIL import Image

from invoice_lab.errors import MissingToolError
from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.engines.base import Hint, Word
from invoice_lab.ocr.engines.models import LANGUAGE, model_digest, tessdata_dir
from invoice_lab.ocr.page import Box


class TesserocrEngine:
    """Tesseract as a library; one handle a thread, kept: a handle may not be used by two at once."""

    name = "tesserocr"
    by_piece = True

    def __init__(self) -> None:
        # One thread: Tesseract's own threads cost four to five times the CPU time; processes share the work instead.
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        try:
            import tesserocr
        except ImportError as error:
            raise MissingToolError(f"The wheel tesserocr can't be used ({error}).") from error
        self._module = tesserocr
        self.version = tesserocr.tesseract_version().split()[1]
        self._folder = str(tessdata_dir())
        self.model = model_digest()
        self._of_thread = threading.local()
        self._make_handle()

    def _make_handle(self) -> None:
        """Make this thread's handle, where it has none yet."""
        if not hasattr(self._of_thread, "api"):
            psm = self._module.PSM.SINGLE_BLOCK
            self._of_thread.api = self._module.PyTessBaseAPI(path=self._folder, lang=LANGUAGE, psm=psm)

    def words(self, picture: Pixels, hint: Hint) -> list[Word]:
        """Read the words of a grey picture."""
        psm = self._module.PSM.SINGLE_BLOCK if hint.shape == "block" else self._module.PSM.SINGLE_LINE
        self._make_handle()
        api = self._of_thread.api
        api.SetPageSegMode(psm)
        api.SetVariable("tessedit_char_whitelist", hint.characters)
        api.SetImage(Image.fromarray(picture))
        api.Recognize()
        whole = Box(0, 0, picture.shape[1], picture.shape[0])
        # Of a blank line Tesseract makes up a word: as large as the picture, and not sure of it at all.
        return [word for word in self._found(api.GetIterator()) if word.confidence > 0 or word.box != whole]

    def _found(self, iterator: object) -> list[Word]:
        level = self._module.RIL.WORD
        words = []
        for item in self._module.iterate_level(iterator, level):
            box = item.BoundingBox(level)
            text = item.GetUTF8Text(level) if box else ""
            if box and text.strip():
                at = Box(box[0], box[1], box[2] - box[0], box[3] - box[1])
                words.append(Word(text.strip(), at, item.Confidence(level) / 100))
        return words


@cache
def create() -> TesserocrEngine:
    """Return this process's engine."""
    return TesserocrEngine()
