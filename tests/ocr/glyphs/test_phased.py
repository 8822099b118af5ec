"""Pages that were scaled: periods are found, and kernels by phase explain what one kernel alone can't."""

import cv2
import numpy as np
import pytest
from drawings import little_ink
from pages import NEW, changed, on_paper
from PIL import Image

from invoice_lab.ocr.glyphs.phased import Period, estimate_phased, find_periods
from invoice_lab.ocr.glyphs.spread import estimate_spread
from invoice_lab.samples import draw_page


def coarse(ink, factor, smaller=Image.Resampling.BOX, larger=Image.Resampling.BICUBIC):
    """Make ink smaller and as large again, as Pillow does."""
    page = Image.fromarray(ink)
    small = page.resize((round(page.width * factor), round(page.height * factor)), smaller)
    return np.asarray(small.resize(page.size, larger))


def explained(dark, ink):
    """The spread alike everywhere, the periods in what it leaves, and the spread by phases."""
    where = cv2.dilate((ink > 0.05).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    alike = estimate_spread(dark, ink, where)
    whole = (slice(0, ink.shape[0]), slice(0, ink.shape[1]))
    periods = find_periods(np.where(where, dark - alike.level - alike.of(ink, whole), 0), ink)
    return alike, periods, estimate_phased(dark, ink, where, periods, alike)


@pytest.mark.parametrize("factor", [2 / 3, 3 / 4, 4 / 5], ids=["two thirds", "three quarters", "four fifths"])
def test_the_periods_of_a_page_made_smaller_and_larger_again(factor):
    ink = little_ink()
    alike, periods, phased = explained(coarse(ink, factor), ink)
    for period, pixels in zip(periods, ink.shape[::-1], strict=True):
        assert period.phases > 1
        assert period.frequency == pytest.approx(1 - round(pixels * factor) / pixels, abs=0.5 / pixels)
    assert phased.noise < 0.5 * alike.noise


@pytest.mark.parametrize("turned", [False, True])
def test_a_period_that_hardly_shows_along_one_axis_is_found_by_that_of_the_other(turned):
    """The sharpest filters leave most detail; there are fewer rows of letters than columns."""
    ink = np.ascontiguousarray(little_ink().T) if turned else little_ink()
    _, periods, _ = explained(coarse(ink, 2 / 3, Image.Resampling.LANCZOS, Image.Resampling.LANCZOS), ink)
    assert [period.frequency for period in periods] == pytest.approx([1 / 3, 1 / 3], abs=0.005)


def test_a_page_made_coarse_along_one_axis_has_one_period():
    ink = little_ink()
    page = Image.fromarray(ink)
    wide = page.resize((page.width, page.height * 2 // 3), Image.Resampling.BOX).resize(page.size)
    _, (across, down), _ = explained(np.asarray(wide), ink)
    assert across == Period()
    assert down.frequency == pytest.approx(1 / 3, abs=0.005)


def test_evenly_spaced_lines_are_not_taken_for_a_period():
    """Lines, each 20 pixels below the one before, make peaks at all multiples of a twentieth down the page."""
    page = draw_page(changed(NEW, lines=[NEW["lines"][number % 3] for number in range(10)]))
    blank = np.array(on_paper(page).convert("L"))
    blank[:150, 540:] = 255  # the logo and the code
    small = Image.fromarray(blank).resize((638, 825), Image.Resampling.LANCZOS)
    dark, ink = (
        1 - np.asarray(seen, np.float32) / 255 for seen in (small.resize((850, 1100), Image.Resampling.NEAREST), blank)
    )
    _, periods, _ = explained(dark, ink)
    assert [period.frequency for period in periods] == pytest.approx([1 / 4, 1 / 4], abs=0.001)


def test_a_blurred_page_has_no_period():
    ink = little_ink()
    dark = cv2.GaussianBlur(ink, (0, 0), 1.0) + np.random.default_rng(2).normal(0, 0.01, ink.shape)
    assert explained(dark.astype(np.float32), ink)[1] == (Period(), Period())


def test_glyphs_appear_by_the_phase_of_their_pen_as_they_do_on_the_page():
    ink = little_ink()
    _, (across, _), phased = explained(coarse(ink, 3 / 4), ink)
    top, columns = 90, slice(60, 90)
    strip = (slice(top, top + 30), columns)
    seen = phased.of(ink[strip], strip)
    pictures = phased.pictures(ink[strip][None], pen=0, top=top)
    phase = int(across.of(np.array([columns.start]))[0])
    assert phased.phases == 4
    assert np.allclose(pictures[phase, 0], seen, atol=1e-6)
    assert np.abs(pictures[(phase + 1) % 4, 0] - seen).max() > 0.05


def test_phases_go_round():
    assert Period(1 / 3, 3).of(np.arange(7)).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert Period().of(np.arange(3)).tolist() == [0, 0, 0]
