"""Readings compared on the sheet itself: wrong letters are mended, doubt is told, what covers a text is noticed."""

import io

import numpy as np
import pytest
from drawings import draw_little, little
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
from invoice_lab.ocr.pose import Pose
from invoice_lab.ocr.qrcode import read_codes
from invoice_lab.ocr.registration import Registration
from invoice_lab.samples import draw_page
from invoice_lab.samples.damage import damage
from invoice_lab.samples.damage.place import turned
from invoice_lab.samples.truth import chance


def saved_as_jpeg(page):
    """Save a page as Pillow does, which thins out colours along both axes."""
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


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
WAYS = {
    "blurred": (lambda page: damage(page, "blur-1.0", chance(1)), Aligned, Plain),
    "rotated": (lambda page: turned(page, 2.3, grow=True), Sampling, Plain),
    "JPEG": (saved_as_jpeg, Aligned, Compressed),
    "resized": (lambda page: page.resize((315, 225), Image.Resampling.BOX), (Resized, Sampling), Plain),
}
SURE = 0.99


def fitted(page, opened):
    """Fit one text of a page, all others known; return what its sheet is made of, and the text."""
    rgb = np.asarray(page)
    registered = Registration(to_grey(rgb), little(), read_codes(to_grey(rgb))[0]).run()
    known = {name: said for name, said in TEXTS.items() if name != opened}
    fit = PageFit(registered.dark, registered.weights, little().slots(registered.placement), known)
    (text,) = fit.run()
    return (rgb, registered.pose, fit.canvas, fit.texts), text


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


@pytest.mark.parametrize("way", ["blurred", "rotated", "JPEG"])
def test_what_is_drawn_over_a_text_makes_it_doubtful(way):
    page = draw_little()
    ImageDraw.Draw(page).line((90, 112, 200, 88), fill=(25, 30, 110), width=2)
    parts, _ = fitted(WAYS[way][0](page), "header.2")
    sheet = Sheet(*parts)
    doubtful = {text.slot.name for text in parts[3] if sheet.unexplained(text)}
    assert "header.2" in doubtful
    assert doubtful <= {"header.1", "header.2"}  # the stroke reaches the next text's descenders


@pytest.mark.parametrize("way", ["blurred", "rotated", "JPEG"])
def test_a_text_beyond_the_sheet_is_doubtful_and_nothing_breaks(way):
    """The lower part of the sheet is cut off: the texts there can be anything."""
    (rgb, pose, canvas, texts), lost = fitted(WAYS[way][0](draw_little()), "2.1")
    sheet = Sheet(rgb[:96], pose, canvas, texts)
    Comparison(sheet, canvas, [lost]).run()
    doubtful = {text.slot.name for text in texts if sheet.unexplained(text)}
    assert {"1.0", "1.1", "2.0", "2.1", "foot.0", "foot.1"} <= doubtful
    assert not {"header.0", "header.1"} & doubtful
    costs, *_ = sheet.costs(lost, -lost.drawn[None], (lost.area[1].start, lost.area[0].start))
    assert costs.tolist() == [0]


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


def test_nothing_is_doubtful_on_a_clean_page(mended):
    sheet, fit_texts = mended[1], mended[6]
    assert not [text.slot.name for text in fit_texts if sheet.unexplained(text)]


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


@pytest.mark.parametrize(("lost", "hidden"), [(0, False), (3, True), (12, True)])
def test_a_text_whose_last_letter_may_be_beyond_the_sheet_is_hidden(lost, hidden):
    page = draw_little()
    (rgb, pose, canvas, texts), text = fitted(page, "header.2")
    end = text.area[1].start + np.flatnonzero(text.drawn.any(axis=0))[-1] + text.slot.typeface.size // 2
    cut = Sheet(rgb[:, : end + 2 - lost], pose, canvas, texts)
    assert cut.hidden(text) == hidden
    assert not cut.hidden(texts[0])


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


def test_the_error_of_a_text_is_that_at_its_edges():
    """Blank paper around its letters errs less, and is most of it."""
    page = np.asarray(draw_little()).astype(int)
    inked = (page < 250).any(axis=2)
    page[inked] += np.random.default_rng(4).integers(-20, 21, (np.count_nonzero(inked), 1))
    parts, text = fitted(Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)), "1.1")
    assert Sheet(*parts).error(text) > 5
