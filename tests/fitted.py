"""Texts of the little page, fitted but not compared yet; helpers of the tests of glyphs."""

import io

import numpy as np
from drawings import little
from PIL import Image

from invoice_lab.ocr.glyphs.fit import PageFit
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.ocr.registration import Registration

TEXTS = {
    "header.0": "Number KL_0742",
    "header.1": "Issue date 2019-03-14",
    "header.2": "Bill to Zoé Hébert-Lill",
    "1.0": " 3 x  12.50 Euro",
    "1.1": "Crème brûlée.",
    "2.0": " 1 x   0.95 Euro",
    "2.1": "Paper clip, large.",
    "foot.0": "TOTAL",
    "foot.1": "      38.45 Euro",
}


def saved_as_jpeg(page):
    """Save a page as Pillow does, which thins out colours along both axes."""
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


def fitted(page, opened):
    """Fit one text of a page, all others known; return what its sheet is made of, and the text."""
    rgb = np.asarray(page)
    registered = Registration(to_grey(rgb), little(), read_codes(to_grey(rgb))[0]).run()
    known = {name: said for name, said in TEXTS.items() if name != opened}
    fit = PageFit(registered.dark, registered.weights, little().slots(registered.placement), known)
    (text,) = fit.run()
    return (rgb, registered.pose, fit.canvas, fit.texts), text
