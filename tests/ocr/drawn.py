"""Pictures for the engines, and engines for the tests."""

import os

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from invoice_lab.errors import MissingToolError
from invoice_lab.ocr.engines import load_engine


def picture(*texts, size=(900, 120)):
    """Black text on white, each text 40 px high and given as (text, x, y); the array has shape (height, width)."""
    image = Image.new("L", size, 255)
    for text, x, y in texts:
        ImageDraw.Draw(image).text((x, y), text, font=ImageFont.load_default(40), fill=0)
    return np.asarray(image)


def usable(name):
    """The engine; where it is not there, the test fails under make, and is skipped in a plain run."""
    try:
        return load_engine(name)
    except MissingToolError as error:
        if os.environ.get("INVOICE_LAB_REQUIRE_ENGINES"):
            raise
        pytest.skip(str(error))
