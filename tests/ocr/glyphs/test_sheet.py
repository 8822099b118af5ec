"""A sheet as it should look: what differs from that is noticed; what lies beside a text or beyond the sheet is told."""

from dataclasses import replace

import numpy as np
import pytest
from drawings import draw_little
from fitted import fitted, saved_as_jpeg
from PIL import Image, ImageDraw

from invoice_lab.ocr.glyphs.compare import Comparison
from invoice_lab.ocr.glyphs.resized import Resized
from invoice_lab.ocr.glyphs.sheet import Sheet
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.pose import Pose
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.samples.damage import damage
from invoice_lab.samples.damage.place import turned
from invoice_lab.samples.damage.tone import ENLARGERS, REDUCERS, times
from invoice_lab.samples.truth import chance

WAYS = {
    "blurred": lambda page: damage(page, "blur-1.0", chance(1)),
    "rotated": lambda page: turned(page, 2.3, grow=True),
    "JPEG": saved_as_jpeg,
}


@pytest.mark.parametrize("larger", ENLARGERS, ids=lambda how: f"{how.name.lower()} larger")
@pytest.mark.parametrize("smaller", REDUCERS, ids=lambda how: f"{how.name.lower()} smaller")
def test_it_is_known_how_a_sheet_was_made_smaller_and_larger_again(smaller, larger):
    page = draw_little()
    parts, text = fitted(page.resize(times(page.size, 2 / 3), smaller).resize(page.size, larger), "header.2")
    sheet = Sheet(*parts)
    assert sheet.understood
    assert sheet.error(text) < 1


def test_phases_stand_for_filters_only_where_those_explain_no_more():
    """They explain this page to less than a grey level, and the filters explain it better."""
    page = draw_little()
    small = page.resize(times(page.size, 2 / 3), Image.Resampling.BILINEAR)
    parts, _ = fitted(small.resize(page.size, Image.Resampling.BICUBIC), "header.2")
    assert isinstance(Sheet(*parts).appearance.optics, Resized)


@pytest.mark.parametrize("off", [(-1, 1), (1, -1)])
@pytest.mark.parametrize("larger", [Image.Resampling.BILINEAR, Image.Resampling.LANCZOS])
def test_the_size_between_is_found_where_the_period_tells_it_wrong_by_a_pixel(larger, off):
    page = draw_little()
    parts, text = fitted(page.resize((280, 200), Image.Resampling.BOX).resize(page.size, larger), "header.2")
    spread = parts[2].spread
    down, across = (
        replace(period, frequency=1 - (between + pixels) / whole)
        for period, between, pixels, whole in zip(
            (spread.down, spread.across), (200, 280), off, (300, 420), strict=True
        )
    )
    parts[2].spread = replace(spread, across=across, down=down)
    sheet = Sheet(*parts)
    assert sheet.appearance.size == (200, 280)
    assert sheet.error(text) < 1


def test_what_changes_nothing_costs_nothing():
    """Compressed beside other pictures, a unit's outermost pixels show their colours, too: these don't count."""
    parts, text = fitted(damage(draw_little(), "jpeg-30", chance(2)), "1.1")
    same, other = np.zeros_like(text.drawn), -text.drawn
    costs, *_ = Sheet(*parts).costs(text, np.stack([same, other]), (text.area[1].start, text.area[0].start))
    assert costs[0] == 0
    assert costs[1] > 100


def test_shades_that_differ_a_little_are_not_doubtful_on_a_compressed_page():
    """Another release of a font draws some letters a little darker; compression makes more of that."""
    page = np.asarray(draw_little()).copy()
    name = page[86:112]
    name[name < 250] -= np.minimum(name[name < 250], 4)
    parts, _ = fitted(damage(Image.fromarray(page), "jpeg-30", chance(1)), "header.2")
    sheet = Sheet(*parts)
    assert not [text.slot.name for text in parts[3] if sheet.unexplained(text)]


@pytest.mark.parametrize("way", ["blurred", "rotated", "JPEG"])
def test_what_is_drawn_over_a_text_makes_it_doubtful(way):
    page = draw_little()
    ImageDraw.Draw(page).line((90, 112, 200, 88), fill=(25, 30, 110), width=2)
    parts, _ = fitted(WAYS[way](page), "header.2")
    sheet = Sheet(*parts)
    doubtful = {text.slot.name for text in parts[3] if sheet.unexplained(text)}
    assert "header.2" in doubtful
    assert doubtful <= {"header.1", "header.2"}  # the stroke reaches the next text's descenders


@pytest.mark.parametrize("way", ["blurred", "rotated", "JPEG"])
def test_a_text_beyond_the_sheet_is_doubtful_and_nothing_breaks(way):
    """The lower part of the sheet is cut off: the texts there can be anything."""
    (rgb, pose, canvas, texts), lost = fitted(WAYS[way](draw_little()), "2.1")
    sheet = Sheet(rgb[:96], pose, canvas, texts)
    Comparison(sheet, canvas, [lost]).run()
    doubtful = {text.slot.name for text in texts if sheet.unexplained(text)}
    assert {"1.0", "1.1", "2.0", "2.1", "foot.0", "foot.1"} <= doubtful
    assert not {"header.0", "header.1"} & doubtful
    costs, *_ = sheet.costs(lost, -lost.drawn[None], (lost.area[1].start, lost.area[0].start))
    assert costs.tolist() == [0]


def test_a_sheet_with_another_pose_is_not_understood():
    (rgb, pose, canvas, texts), _ = fitted(damage(draw_little(), "blur-1.0", chance(5)), "2.1")
    assert Sheet(rgb, pose, canvas, texts).understood
    turn = np.array([[1, 0.004, 0], [-0.004, 1, 0], [0, 0, 1.0]])
    assert not Sheet(rgb, Pose(pose.matrix @ turn), canvas, texts).understood


def test_a_sheet_with_something_on_every_text_is_not_understood():
    """What is usual on it is no measure of what explains a text."""
    page = draw_little()
    code = np.array(read_codes(to_grey(np.asarray(page)))[0].corners)
    for x in set(range(30, page.width, 60)) - set(range(int(code[:, 0].min()) - 10, int(code[:, 0].max()) + 10)):
        ImageDraw.Draw(page).line((x, 0, x, page.height), fill=(60, 60, 60), width=2)
    parts, _ = fitted(page, "2.1")
    sheet = Sheet(*parts)
    assert not any(sheet.unexplained(text) for text in parts[3])
    assert not sheet.understood


def test_what_stands_beside_a_text_leaves_it_alone():
    """A blot ten pixels above a text of a page that lay askew is within the box around it, but not on it."""
    page = draw_little()
    ImageDraw.Draw(page).rectangle((60, 4, 100, 12), fill="black")
    parts, _ = fitted(turned(page, 5.0, grow=True), "header.2")
    sheet = Sheet(*parts)
    assert not [text.slot.name for text in parts[3] if sheet.unexplained(text)]


def test_pixels_of_which_nothing_is_known_tell_nothing():
    """A blot known to hide a letter is nothing unexplained, but the letter is hidden; stray pixels hide none."""
    page = draw_little()
    rgb = np.asarray(page).copy()
    hidden = np.zeros(rgb.shape[:2], np.bool_)
    hidden[90:106, 120:126] = True
    rgb[hidden] = 0
    (_, pose, canvas, texts), text = fitted(page, "header.2")
    assert Sheet(rgb, pose, canvas, texts).unexplained(text)
    sheet = Sheet(rgb, pose, canvas, texts, hidden)
    assert not sheet.unexplained(text)
    assert sheet.hidden(text)
    stray = np.random.default_rng(1).random(hidden.shape) < 0.05
    assert not any(Sheet(np.asarray(page), pose, canvas, texts, stray).hidden(one) for one in texts)


@pytest.mark.parametrize("pixels", [0, 1, 10])
def test_a_sheet_of_which_next_to_nothing_is_known_is_not_understood_and_nothing_breaks(pixels):
    page = draw_little()
    (rgb, pose, canvas, texts), _ = fitted(page.rotate(2.3, Image.Resampling.BICUBIC, fillcolor="white"), "header.2")
    inked = np.argwhere((rgb < 128).any(axis=2))
    unknown = np.ones(rgb.shape[:2], np.bool_)
    unknown[tuple(inked[len(inked) // 2 :: 7][:pixels].T)] = False
    sheet = Sheet(rgb, pose, canvas, texts, unknown)
    assert [text.slot.name for text in texts if not sheet.hidden(text)] == ["foot.0"]  # nothing but its label
    assert pixels or not sheet.understood


@pytest.mark.parametrize(("lost", "hidden"), [(0, False), (3, True), (12, True)])
def test_a_text_whose_last_letter_may_be_beyond_the_sheet_is_hidden(lost, hidden):
    page = draw_little()
    (rgb, pose, canvas, texts), text = fitted(page, "header.2")
    end = text.area[1].start + np.flatnonzero(text.drawn.any(axis=0))[-1] + text.slot.typeface.size // 2
    cut = Sheet(rgb[:, : end + 2 - lost], pose, canvas, texts)
    assert cut.hidden(text) == hidden
    assert not cut.hidden(texts[0])


def test_the_error_of_a_text_is_that_at_its_edges():
    """Blank paper around its letters errs less, and is most of it."""
    page = np.asarray(draw_little()).astype(int)
    inked = (page < 250).any(axis=2)
    page[inked] += np.random.default_rng(4).integers(-20, 21, (np.count_nonzero(inked), 1))
    parts, text = fitted(Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)), "1.1")
    assert Sheet(*parts).error(text) > 5
