"""The first version's reading, to measure ours against: five calls of Tesseract on fixed crops, the code by OpenCV.

As its author described it: contrast by CLAHE, twofold enlargement, Otsu's threshold, one call of pytesseract a crop,
digits alone where numbers stand; the QR code by OpenCV on a threefold enlargement. It is used for nothing else.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytesseract

CROPS = {
    "header": (20, 15, 530, 62),
    "client": (20, 75, 530, 75),
    "products": (35, 190, 480, 900),
    "quantities": (495, 190, 60, 900),
    "prices": (560, 190, 120, 900),
}
"""x, y, width and height of each crop on a page of 850 x 1100 pixels."""
NUMBERS = ("quantities", "prices")
CODE = (540, 0, 310, 140)
THREADS = "OMP_THREAD_LIMIT"


def read(data: bytes, *, one_thread: bool = False) -> dict[str, Any]:
    """Read a page: the text of each crop, tidied, and the QR code's.

    It left Tesseract its threads, which wait for each other by counting: that is a good part of its CPU time where
    nothing else runs. With `one_thread` they are held back, for comparison.
    """
    page = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    with contextlib.nullcontext() if one_thread else _as_it_was():
        texts = {name: _text(name, _prepared(_crop(page, box))) for name, box in CROPS.items()}
    enlarged = cv2.resize(_crop(page, CODE), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    return texts | {"qr": cv2.QRCodeDetector().detectAndDecode(enlarged)[0]}


def _crop(page: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    x, y, width, height = box
    return page[y : y + height, x : x + width]


def _prepared(crop: np.ndarray) -> np.ndarray:
    grey = cv2.createCLAHE(2.0, (8, 8)).apply(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY))
    large = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return cv2.threshold(large, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]


def _text(name: str, picture: np.ndarray) -> str:
    digits = " -c tessedit_char_whitelist=0123456789." if name in NUMBERS else ""
    return re.sub(r"[ \t]+", " ", pytesseract.image_to_string(picture, lang="eng", config=f"--psm 6{digits}")).strip()


@contextlib.contextmanager
def _as_it_was() -> Iterator[None]:
    """Let Tesseract start as many threads as it likes, as it did then; for our engines they are limited."""
    limit = os.environ.pop(THREADS, None)
    try:
        yield
    finally:
        if limit is not None:
            os.environ[THREADS] = limit
