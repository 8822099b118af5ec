"""Page.show: every stage and every box, by drawing and by an engine; and what it says where it can't show any."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation, Text
from pages import NEW, on_paper, png, scan_of
from PIL import Image
from sheets import LONG, headless, paper, some_lines, tiff, without_code

from invoice_lab.errors import ScanError, UsageError
from invoice_lab.ocr.decode import decode
from invoice_lab.ocr.page import Box, Field, Page, every_field
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.read import Reader
from invoice_lab.samples import draw_page
from invoice_lab.samples.damage import damage
from invoice_lab.samples.truth import chance
from invoice_lab.sources.scan import Scan


@pytest.fixture(scope="module")
def image():
    return on_paper(draw_page(NEW))


def words(figure):
    return [text.get_text() for text in figure.texts]


def labels(figure):
    return [text.get_text() for text in figure.axes[-1].texts if isinstance(text, Annotation)]


def frames(figure):
    return [patch for patch in figure.axes[-1].patches if isinstance(patch, Rectangle)]


@pytest.mark.parametrize(
    ("engine", "kind", "stages"),
    [
        ("tesserocr", "contrast-50", ["as it arrived", "stretch contrast", "blank pictures", "crop and enlarge"]),
        ("auto", "salt-pepper-1", ["as it arrived", "straighten", "darkness", "mask specks", "point spread"]),
    ],
)
def test_every_stage_and_every_box(image, engine, kind, stages):
    scan = scan_of(damage(image, kind, chance("show", kind)))
    (page,) = Reader(engine).read(scan)
    figure = page.show(scan)
    assert isinstance(figure, Figure)
    assert [text for text in words(figure) if text[:1].isdigit() and text[2:] in stages] == [
        f"{number} {name}" for number, name in enumerate(stages, 1)
    ]
    assert len(figure.axes) == len(stages) + 1
    boxed = [name for name, field in every_field(page).items() if field.box]
    assert sorted(label.split()[1] for label in labels(figure)) == sorted(boxed)
    assert len(frames(figure)) == len(boxed)
    assert Image.open(io.BytesIO(figure._repr_png_())).width > 1000


def test_names_beside_the_scan_do_not_overlap(image):
    scan = scan_of(image)
    (page,) = Reader("tesserocr").read(scan)
    figure = page.show(scan)
    figure.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in figure.axes[-1].texts]  # an annotation would count its line
    assert not [1 for n, one in enumerate(boxes) for other in boxes[:n] if one.overlaps(other)]


def scans_of(figure):
    """Return the axes that show whole sheets: those in colour."""
    return [axes for axes in figure.axes if axes.images[0].get_array().ndim == 3]


def stages_of(figure):
    return [text for text in words(figure) if text[:1].isdigit() and "stages" not in text]


@pytest.mark.parametrize("engine", ["auto", "tesserocr"])
def test_every_sheet_of_an_invoice(engine):
    scan = tiff(Image.new("RGB", (850, 1100), "white"), some_lines(0, 7, None), headless(7, 12, LONG["total"]))
    (page,) = Reader(engine).read(scan)
    figure = page.show(scan)
    assert [text for text in words(figure) if "sheet" in text and LONG["invoice_id"] in text] == [
        f"{LONG['invoice_id']} · fac-2019 · read by {page.engine} ({page.engine_version}), sheet {number} of 3"
        for number in (2, 3)
    ]
    assert sum(text.endswith("as it arrived") for text in stages_of(figure)) == 2
    boxed = [field.box.sheet for field in every_field(page).values() if field.box]
    assert [len(axes.patches) for axes in scans_of(figure)] == [boxed.count(1), boxed.count(2)]
    for axes, sheet in zip(scans_of(figure), list(decode(scan.data))[1:], strict=True):
        assert np.array_equal(axes.images[0].get_array(), sheet)


def test_of_many_sheets_the_first_are_shown():
    white = Image.new("RGB", (400, 300), "white")
    scan = tiff(*[white] * 7)
    total = {f"f{n}": Field("1", "1", Box(20, 20, 50, 10, n), 1.0, "x") for n in range(7)}
    figure = Page(scan.sha256, fields=total).show(scan)
    assert len(scans_of(figure)) == 5
    assert any("sheet 1 of 7, 5 of the invoice's 7 are shown" in text for text in words(figure))


@pytest.mark.parametrize(
    ("engine", "sheet", "degrees"),
    [
        ("auto", paper(NEW), 90),
        ("tesserocr", paper(NEW), 180),
        ("tesserocr", without_code(paper(NEW)), 270),
        ("auto", without_code(paper(NEW)), 180),
    ],
    ids=["drawn", "by its code", "without code", "drawn without code"],
)
def test_a_turned_sheet_is_shown_as_it_lies_and_its_stages_upright(engine, sheet, degrees):
    scan = tiff(sheet.rotate(-degrees, expand=True))
    (page,) = Reader(engine).read(scan)
    figure = page.show(scan)
    assert stages_of(figure)[:2] == ["1 as it arrived", "2 turn"]
    assert any(f"it lay turned by {degrees} degrees" in text for text in words(figure))
    grey = to_grey(np.asarray(sheet))
    assert np.array_equal(figure.axes[-1].images[0].get_array(), decode(scan.data)[0])
    assert np.array_equal(figure.axes[1].images[0].get_array(), grey)
    assert len(frames(figure)) == sum(field.box is not None for field in every_field(page).values())


def test_without_a_scan_it_shows_the_one_that_was_read_as_long_as_it_is_held(image):
    scan = scan_of(image)
    (page,) = Reader("auto").read(scan)
    assert len(frames(page.show())) > 10
    del scan
    with pytest.raises(UsageError, match=r"page\.show\(scan\)"):
        page.show()


def test_sheets_will_do_and_another_scan_will_not(image):
    scan = scan_of(image)
    (page,) = Reader("tesserocr").read(scan)
    assert len(frames(page.show(decode(scan.data)))) > 10
    with pytest.raises(UsageError, match="another scan"):
        page.show(scan_of(Image.new("RGB", (300, 300), "white")))


def test_how_sure_a_field_is_shows_by_sign_and_colour():
    scan = Scan.of("x.png", png(Image.new("RGB", (400, 300), "white")))
    fields = {
        "name": Field("a", "a", Box(20, 20, 50, 10), 0.99, "x"),
        "email": Field("b", "b", Box(20, 60, 50, 10), 0.5, "x"),
        "total": Field("$x^2$", None, Box(300, 100, 50, 10), 0.9, "x"),
        "number": Field("1", "1", None, 1.0, "qr"),
        "invoice_id": Field("$\\frac{$", "$\\frac{$", Box(20, 150, 50, 10), 1.0, "x"),
    }
    figure = Page(scan.sha256, fields=fields).show(scan)
    assert sorted(labels(figure)) == ["? email 50 %", "× total 90 %", "✓ invoice_id 100 %", "✓ name 99.0 %"]
    assert len({tuple(np.round(frame.get_edgecolor(), 3)) for frame in frames(figure)}) == 3
    assert any("Not from print: number." in text for text in words(figure))
    assert figure._repr_png_()  # a stranger's text is no mathematics


def test_a_page_without_an_invoice_says_so():
    scan = scan_of(Image.new("RGB", (400, 300), "white"))
    (page,) = Reader("tesserocr").read(scan)
    figure = page.show(scan)
    assert any("blank" in text for text in words(figure))
    assert frames(figure) == []


def test_bytes_that_are_no_picture():
    scan = Scan.of("x.png", b"no picture at all")
    (page,) = Reader("tesserocr").read(scan)
    with pytest.raises(ScanError):
        page.show(scan)
