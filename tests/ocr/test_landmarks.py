"""Sheets without a code: the labels that OCR read tell where the canvas lies, whichever way the sheet does."""

import numpy as np
import pytest
from drawings import little
from pages import BOREALE, NEW, scan_of
from PIL import Image
from sheets import paper, without_code

from invoice_lab.ocr.drawn_layout import Placement
from invoice_lab.ocr.engines import Word
from invoice_lab.ocr.landmarks import pose_by_labels
from invoice_lab.ocr.page import Box
from invoice_lab.ocr.pose import CORNER_ERROR, Pose
from invoice_lab.ocr.preprocess import Upright
from invoice_lab.ocr.qrcode import QrCode
from invoice_lab.ocr.read import Reader
from invoice_lab.ocr.rows import Row
from invoice_lab.validation.judge import judge

CORNERS = np.array([(0, 0), (420, 0), (420, 300), (0, 300)], float)

ASTRAY = Row((Word("Issue", Box(300, 20, 40, 14), 0.9), Word("date", Box(345, 20, 40, 14), 0.9)))


def rows_of(scale, right, down, said=("Number KL_0742", "Issue date 2019", "Bill to Zoé")):
    """Rows as OCR would read them from the little layout's page, scaled and shifted, boxes in whole pixels."""
    rows = []
    for slot, text in zip(little().slots(Placement()), said, strict=False):
        words, x = [], float(slot.pen[0])
        for word in text.split():
            mask, left, top = slot.typeface.render(word)
            y = slot.pen[1] + top
            box = [scale * part for part in (x + left, y, mask.shape[1], mask.shape[0])]
            words.append(Word(word, Box(round(box[0] + right), round(box[1] + down), *map(round, box[2:])), 0.9))
            x += slot.typeface.font.getlength(word + " ")
        rows.append(Row(tuple(words)))
    return rows


@pytest.mark.parametrize(("scale", "right", "down"), [(1.0, 0, 0), (1.0, 131, 57), (2.03, 40, -12), (0.75, 8, 3)])
def test_labels_tell_scale_and_shift(scale, right, down):
    picture = Upright(np.zeros((1, 1), np.uint8), Pose.of_shift(5, -7), 1.0)
    pose = pose_by_labels(rows_of(scale, right, down), picture, little())
    expected = CORNERS * scale + 0.5 * scale - 0.5 + (right + 5, down - 7)
    assert np.abs(pose.on_sheet(CORNERS) - expected).max() < 6 * scale


def test_a_label_whose_words_were_joined_with_others_is_left_out():
    rows, picture = rows_of(1.0, 131, 57), Upright(np.zeros((1, 1), np.uint8), Pose.of_shift(0, 0), 1.0)
    word = rows[0].words[0]
    rows[0] = Row((Word(word.text, Box(word.box.x, word.box.y, word.box.width + 120, word.box.height), 0.9),))
    pose = pose_by_labels(rows, picture, little())
    assert np.abs(pose.on_sheet(CORNERS) - CORNERS - (131, 57)).max() < 8


def test_with_a_code_labels_tell_perspective():
    bent = Pose(np.array([[3.2, 0.1, 30], [-0.1, 3.2, 70], [1e-4, -8e-5, 1]]))
    picture, corners = Upright(np.zeros((1, 1), np.uint8), bent, 1.0), little().code_corners
    code = QrCode("", tuple(map(tuple, bent.on_sheet(corners - 0.5) + 0.5)))
    pose = pose_by_labels(rows_of(1.0, 0, 0), picture, little(), code)
    alone = Pose.similar(corners - 0.5, bent.on_sheet(corners - 0.5))
    missed, missed_by_code = (np.abs(one.on_sheet(CORNERS) - bent.on_sheet(CORNERS)).max() for one in (pose, alone))
    assert missed < 0.5 * missed_by_code
    off = np.abs(pose.on_sheet(corners - 0.5) - bent.on_sheet(corners - 0.5)).max()
    assert off < CORNER_ERROR * pose.scale  # no nearer than a code's corners are known


@pytest.mark.parametrize(
    "rows",
    [
        [],
        rows_of(1, 0, 0, ("Number KL_0742",)),
        rows_of(1, 0, 0, ("Nothing", "of this", "is known")),
        [*rows_of(1, 0, 0)[:1], ASTRAY],
    ],
    ids=["nothing", "one label", "no label", "somewhere else"],
)
def test_too_few_labels_or_such_as_stand_elsewhere_tell_nothing(rows):
    picture = Upright(np.zeros((1, 1), np.uint8), Pose.of_shift(0, 0), 1.0)
    assert pose_by_labels(rows, picture, little()) is None


@pytest.mark.parametrize("degrees", [-5, 4])
@pytest.mark.parametrize("record", [NEW, BOREALE], ids=["fac-2019", "boreale"])
def test_a_sheet_askew_on_a_larger_one_is_read_by_drawing(record, degrees):
    sheet = Image.new("RGB", (1200, 1400), "white")
    sheet.paste(without_code(paper(record)), (190, 120))
    (page,) = Reader().read(scan_of(sheet.rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white")))
    assert page.engine == "drawing"
    assert page.value("total") == record["total"]
    assert page.value("name") == record["customer"]["name"]
    assert [line.product.value for line in page.lines] == [line["product"] for line in record["lines"]]
    assert judge(page).status == ("review" if record is NEW else "accepted")


@pytest.mark.parametrize("right", [120, 250])
def test_a_header_that_has_moved_is_not_taken_for_a_page_that_has(right):
    sheet = paper(BOREALE)
    header = sheet.crop((0, 0, sheet.width - right, 300))
    sheet.paste("white", (0, 0, sheet.width, 300))
    sheet.paste(header, (right, 0))
    (page,) = Reader().read(scan_of(sheet))
    assert judge(page).status == "accepted"
    assert page.value("total") == BOREALE["total"]
