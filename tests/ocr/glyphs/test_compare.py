"""Readings compared on the sheet itself: wrong letters are mended, doubt is told, what covers a text is noticed."""

import numpy as np
import pytest
from drawings import draw_little, little
from fitted import TEXTS, fitted, saved_as_jpeg
from pages import OLD, changed, on_paper
from PIL import Image, ImageDraw

from invoice_lab.ocr.drawn import DOUBTFUL, read_drawn
from invoice_lab.ocr.drawn_layout import drawn_layout
from invoice_lab.ocr.glyphs.aligned import Aligned
from invoice_lab.ocr.glyphs.compare import EXPLORED, MOST_EXPLORED, MOST_POOR, SEARCHES, Comparison
from invoice_lab.ocr.glyphs.exchange import margins, probabilities, usage_cost
from invoice_lab.ocr.glyphs.finish import Compressed, Plain
from invoice_lab.ocr.glyphs.fit import PageFit
from invoice_lab.ocr.glyphs.jpeg import Compression
from invoice_lab.ocr.glyphs.resized import Resized
from invoice_lab.ocr.glyphs.sampling import Sampling
from invoice_lab.ocr.glyphs.search import Found
from invoice_lab.ocr.glyphs.sheet import Sheet
from invoice_lab.ocr.layouts import load_layouts
from invoice_lab.ocr.paper import to_grey
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.ocr.registration import Registration
from invoice_lab.samples import draw_page
from invoice_lab.samples.damage import damage
from invoice_lab.samples.damage.place import turned
from invoice_lab.samples.truth import chance

WAYS = {
    "blurred": (lambda page: damage(page, "blur-1.0", chance(1)), Aligned, Plain),
    "rotated": (lambda page: turned(page, 2.3, grow=True), Sampling, Plain),
    "JPEG": (saved_as_jpeg, Aligned, Compressed),
    "resized": (lambda page: page.resize((315, 225), Image.Resampling.BOX), (Resized, Sampling), Plain),
}
SURE = 0.99


def exchange_letters(canvas, text, letters):
    """Let a text read otherwise at some places, as if the search had been wrong."""
    glyphs = text.found.glyphs.copy()
    for place, letter in letters.items():
        glyphs[place] = canvas.face(text.slot).glyphs.texts.index(letter)
    text.found, text.rivals = Found(glyphs, text.found.steps, text.found.cost), []
    canvas.redraw(text)
    canvas.measure(text)
    text.margins = margins(canvas, text)


def said(canvas, text):
    return "".join(canvas.said(text)).rstrip()


@pytest.fixture(scope="module", params=WAYS)
def mended(request):
    """A page that came about in some way, letters of its name wrong, two of other widths, after the comparison."""
    change, optics, finish = WAYS[request.param]
    parts, text = fitted(change(draw_little()), "header.2")
    exchange_letters(parts[2], text, {10: "e", 21: "i", 22: "I"})
    before = said(parts[2], text)
    sheet = Sheet(*parts)
    Comparison(sheet, parts[2], [text]).run()
    return before, sheet, parts[2], text, optics, finish, parts[3]


def test_wrong_letters_are_mended_and_the_right_ones_are_sure(mended):
    before, sheet, canvas, text, *_ = mended
    assert before == "Bill to Zoe Hébert-LiiI"
    assert said(canvas, text) == TEXTS["header.2"]
    assert probabilities(text).min() > SURE
    assert not sheet.unexplained(text)


def test_letters_up_to_a_pixel_wider_or_narrower_are_compared(mended):
    _, _, canvas, text, *_ = mended
    texts = canvas.face(text.slot).glyphs.texts
    worse = margins(canvas, text)[TEXTS["header.2"].rindex("l")]
    assert 0 < worse[texts.index("I")] < np.inf
    assert worse[texts.index("m")] == np.inf


def test_it_is_found_out_how_the_sheet_came_about(mended):
    sheet, optics, finish = mended[1], *mended[4:6]
    assert isinstance(sheet.appearance.optics, optics)
    assert isinstance(sheet.appearance.finish, finish)
    if finish is Compressed:
        assert sheet.appearance.finish.how == Compression(30)


def test_a_text_of_another_length_is_found_again():
    """The reading with a letter too few is left for the one that the search found beside it."""
    parts, text = fitted(damage(draw_little(), "blur-1.0", chance(2)), "1.1")
    canvas, right = parts[2], text.found
    short = canvas.face(text.slot).glyphs.spell("Crème brlée.")
    text.found, text.rivals = Found(short, right.steps[: len(short)], right.cost), [right]
    canvas.redraw(text)
    canvas.measure(text)
    text.margins = margins(canvas, text)
    Comparison(Sheet(*parts), canvas, [text]).run()
    assert said(canvas, text) == TEXTS["1.1"]
    assert 10 < text.lead < np.inf


def test_blanks_at_the_end_make_nothing_less_sure():
    parts, text = fitted(damage(draw_little(), "jpeg-30", chance(2)), "1.1")
    canvas, found = parts[2], text.found
    blank = canvas.face(text.slot).glyphs.texts.index(" ")
    longer = Found(np.append(found.glyphs, blank), np.append(found.steps, found.steps[-1]), found.cost)
    text.rivals = [longer]
    Comparison(Sheet(*parts), canvas, [text]).run()
    assert said(canvas, text) == TEXTS["1.1"]
    assert text.lead == np.inf


@pytest.mark.parametrize(("rival", "places"), [("Crème brûiéo.", 2), ("Crèmo brûlée.", 1), ("Crème brléee.", 3)])
def test_a_text_leads_by_what_the_nearest_reading_with_several_other_letters_costs(rival, places):
    parts, text = fitted(damage(draw_little(), "blur-1.0", chance(2)), "1.1")
    canvas, sheet = parts[2], Sheet(*parts)
    other = Found(canvas.face(text.slot).glyphs.spell(rival), text.found.steps, text.found.cost)
    text.rivals = [other]
    Comparison(sheet, canvas, [text]).run()
    change = canvas.drawn(text, other) - text.drawn
    costs, *_ = sheet.costs(text, change[None], (text.area[1].start, text.area[0].start))
    usage = usage_cost(canvas, text, other) - usage_cost(canvas, text, text.found)
    assert text.lead == (np.inf if places == 1 else pytest.approx(costs[0] + usage, rel=0.01))


def test_a_letter_that_is_half_wiped_out_makes_its_field_doubtful_and_no_other_letter():
    page = draw_little()
    cell = little().drawing.header.cells[2]
    x, y = little().drawing.header.at[0] + cell.at[0], little().drawing.header.at[1] + cell.at[1]
    left, right = (x + little().typeface(cell).font.getlength(TEXTS["header.2"][:count]) for count in (10, 11))
    ImageDraw.Draw(page).rectangle((left, y, right - 1, y + 9), fill="white")  # the accent of the first é
    noisy = damage(page, "gaussian-noise", chance(3))
    parts, text = fitted(noisy, "header.2")
    Comparison(Sheet(*parts), parts[2], [text]).run()
    assert np.delete(probabilities(text), 10).min() > SURE
    rgb = np.asarray(noisy)
    fields = read_drawn(rgb, little(), read_codes(to_grey(rgb))[0]).fields
    assert {name for name, field in fields.items() if field.confidence <= DOUBTFUL} == {"name"}


def test_two_letters_read_as_one_are_noticed_and_found_again():
    """Few pixels tell that; the other readings that are known all hold the same mistake."""
    parts, text = fitted(damage(draw_little(), "downscale-2/3", chance(4)), "2.1")
    canvas, steps = parts[2], text.found.steps
    spell = canvas.face(text.slot).glyphs.spell
    for wrong in ("Paper dip, large.", "Paper dlp, large."):
        text.rivals.append(Found(spell(wrong), steps[: len(wrong)], text.found.cost))
    text.rivals, text.found = text.rivals[-2:], text.rivals[-2]
    canvas.redraw(text)
    sheet = Sheet(*parts)
    assert sheet.unexplained(text)
    assert sheet.first_wrong(text, canvas.columns(text)) in {6, 7}
    Comparison(sheet, canvas, [text]).run()
    assert said(canvas, text) == TEXTS["2.1"]
    assert not sheet.unexplained(text)


def fitted_address(address):
    """Fit the first address row of a page of fac-2018, whose pens stand between pixels; return what belongs to it."""
    drawn = drawn_layout(load_layouts()["fac-2018"])
    record = changed(OLD, customer={**OLD["customer"], "address": [address, OLD["customer"]["address"][1]]})
    rgb = np.asarray(damage(on_paper(draw_page(record)), "downscale-2/3", chance(4)))
    registered = Registration(to_grey(rgb), drawn, read_codes(to_grey(rgb))[0]).run()
    fit = PageFit(registered.dark, registered.weights, drawn.slots(registered.placement))
    fit.run()
    text = next(text for text in fit.texts if text.slot.name == "header.4")
    return Sheet(rgb, registered.pose, fit.canvas, fit.texts), fit.canvas, text


def put(sheet, canvas, text, reading):
    """Let a text read something, as the search found it."""
    glyphs = canvas.face(text.slot).glyphs.spell(reading)
    found = Found(glyphs, np.append(text.found.steps, [text.found.steps[-1]] * len(glyphs))[: len(glyphs)], 0.0)
    _, after, window = sheet.costs(text, (canvas.drawn(text, found) - text.drawn)[None], corner_of(text))
    sheet.take(after[0], window)
    text.found, text.rivals = found, []
    canvas.redraw(text)
    return found


def corner_of(text):
    return text.area[1].start, text.area[0].start


def test_two_letters_wrong_together_are_mended_though_each_alone_makes_it_worse():
    """Each letter's pen is right for the other's advance: the letters between would move by a pixel."""
    address = "Vicolo del Forno, 34 Appartamento 53"
    sheet, canvas, text = fitted_address(address)
    other = put(sheet, canvas, text, "Address Vicolo deì Forno, 34 Appartamento 53")
    put(sheet, canvas, text, "Address Vlcolo deì Forno, 34 Appartamento 53")
    comparison = Comparison(sheet, canvas, [text])
    comparison._exchange_all([text])
    assert said(canvas, text) != f"Address {address}"
    comparison._explore(text, other)
    assert said(canvas, text) == f"Address {address}"


def test_a_reading_that_leads_nowhere_is_left_again():
    parts, text = fitted(damage(draw_little(), "blur-1.0", chance(2)), "1.1")
    canvas, sheet = parts[2], Sheet(*parts)
    shorter = Found(canvas.face(text.slot).glyphs.spell("Cre brûlée."), text.found.steps[:11], text.found.cost)
    Comparison(sheet, canvas, [text])._explore(text, shorter)
    assert said(canvas, text) == TEXTS["1.1"]
    sheet.measure()
    assert not sheet.unexplained(text)


def test_a_text_that_fills_its_strip_has_no_branches():
    parts, text = fitted(draw_little(), "1.1")
    canvas = parts[2]
    glyphs = canvas.face(text.slot).glyphs.spell("m" * 40)
    text.found = Found(glyphs, np.zeros(40, int), 0.0)
    assert canvas.branches(text, 3)
    assert canvas.branches(text, 40) == []


def test_a_search_that_begins_beyond_the_strip_finds_nothing():
    parts, text = fitted(draw_little(), "1.1")
    canvas = parts[2]
    glyphs, letter = canvas.face(text.slot).glyphs, canvas.face(text.slot).glyphs.spell("m")
    width = text.drawn.shape[1]
    fitting = next(n for n in range(1, 40) if glyphs.end(np.repeat(letter, n + 1), text.start) >> 6 > width)
    text.found = Found(np.repeat(letter, fitting), np.zeros(fitting, int), 0.0)
    beyond = [one for one in canvas.branches(text, fitting) if (glyphs.end(one.glyphs, text.start) >> 6) > width]
    assert beyond
    assert not any(canvas.rivals(text, 0.01, 10, kept=one) for one in beyond)


def test_marks_at_the_end_that_nothing_shows_are_taken_away():
    """Each of them wrong: taking away one of them only moves the others."""
    parts, text = fitted(damage(draw_little(), "salt-pepper-1", chance(2)), "1.1")
    canvas, sheet = parts[2], Sheet(*parts)
    put(sheet, canvas, text, TEXTS["1.1"] + " _ _ _ _ '")
    Comparison(sheet, canvas, [text]).run()
    assert said(canvas, text) == TEXTS["1.1"]


def test_nothing_is_doubtful_on_a_clean_page(mended):
    sheet, fit_texts = mended[1], mended[6]
    assert not [text.slot.name for text in fit_texts if sheet.unexplained(text)]


def test_where_nothing_explains_the_texts_the_search_comes_to_an_end(monkeypatch):
    """As under handwriting over many of them: only so many readings are followed downhill."""
    rgb = np.asarray(damage(draw_little(), "blur-1.0", chance(6)))
    registered = Registration(to_grey(rgb), little(), read_codes(to_grey(rgb))[0]).run()
    fit = PageFit(registered.dark, registered.weights, little().slots(registered.placement))
    fit.run()
    followed, explore = [], Comparison._explore
    monkeypatch.setattr(Comparison, "_explore", lambda self, *given: (followed.append(given), explore(self, *given)))
    monkeypatch.setattr(Sheet, "unexplained", lambda self, text: True)
    Comparison(Sheet(rgb, registered.pose, fit.canvas, fit.texts), fit.canvas, fit.texts[:MOST_POOR]).run()
    assert EXPLORED < len(followed) <= len(SEARCHES) * MOST_EXPLORED


@pytest.mark.parametrize(("was", "again"), [(0.85, True), (0.95, False), (1.05, False), (1.2, True)])
def test_a_text_is_compared_anew_where_its_error_was_another(was, again):
    """How sure its letters are follows from the error."""
    parts, text = fitted(damage(draw_little(), "blur-1.0", chance(2)), "1.1")
    sheet = Sheet(*parts)
    comparison = Comparison(sheet, parts[2], [text])
    comparison._errors[text.slot.name] = was * sheet.error(text)
    assert comparison._errs_otherwise(text) == again
