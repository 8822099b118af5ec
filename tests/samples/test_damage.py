"""The kinds of damage: the same from the same seed, a page as before, changed as they say, readable for a person."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageChops

from invoice_lab.samples.business import make_invoices
from invoice_lab.samples.damage import DAMAGES, damage
from invoice_lab.samples.damage.photo import ENLARGEMENT, _perspective
from invoice_lab.samples.page import draw_page
from invoice_lab.samples.troubles import composite
from invoice_lab.samples.truth import chance

GOALS = {
    "as-arrived": 99.9, "blur-1.0": 97, "contrast-50": 97, "shift": 97, "rotation-3": 97, "jpeg-30": 92,
    "downscale-2/3": 92, "dpi-75": 92, "salt-pepper-1": 92, "blur-1.5": 80, "photo": 70,
}  # fmt: skip
BY_CHANCE = {
    "shift", "rotation-3", "salt-pepper-1", "photo", "shift-half", "rotation-5", "larger-canvas", "gaussian-noise",
    "stain", "fold", "shadow", "stray-lines",
}  # fmt: skip
SIZES = {
    "dpi-75": (638, 825), "scale-0.5": (425, 550), "scale-2": (1700, 2200), "scale-3": (2550, 3300),
    "larger-canvas": (1275, 1650), "rotation-90": (1100, 850), "rotation-270": (1100, 850),
}  # fmt: skip
GROWING = {"rotation-3", "rotation-5", "photo"}


@pytest.fixture(scope="module")
def record():
    return next(record for record in make_invoices(30, 4) if record["layout"] == "fac-2018")


@pytest.fixture(scope="module")
def page(record) -> Image.Image:
    return composite(draw_page(record))


@pytest.fixture(scope="module")
def damaged(page: Image.Image):
    """Each kind's page by its name."""
    return {kind: damage(page, kind, chance("seed", kind)) for kind in DAMAGES}


def values(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).astype(int)


@pytest.mark.parametrize("kind", DAMAGES)
def test_every_kind_has_one_sentence_and_its_goal(kind: str) -> None:
    assert DAMAGES[kind].description[0].isupper()
    assert DAMAGES[kind].description.count(".") == 1
    assert DAMAGES[kind].description.endswith(".")
    assert DAMAGES[kind].goal == GOALS.get(kind)


def test_no_goal_is_of_a_kind_that_is_gone() -> None:
    assert set(GOALS) | BY_CHANCE | set(SIZES) | GROWING <= set(DAMAGES)


@pytest.mark.parametrize("kind", DAMAGES)
def test_same_seed_same_pixels_and_the_page_is_left_alone(kind: str, page: Image.Image, damaged) -> None:
    before = page.tobytes()
    again = damage(page, kind, chance("seed", kind))
    assert page.tobytes() == before
    assert (again.mode, again.size) == ("RGB", damaged[kind].size)
    assert again.tobytes() == damaged[kind].tobytes()
    assert (damaged[kind].tobytes() == before) == (kind == "as-arrived")


@pytest.mark.parametrize("kind", sorted(BY_CHANCE))
def test_other_seed_other_damage(kind: str, page: Image.Image, damaged) -> None:
    assert damage(page, kind, chance("other", kind)).tobytes() != damaged[kind].tobytes()


@pytest.mark.parametrize("kind", DAMAGES)
def test_size_changes_where_the_kind_says_so(kind: str, page: Image.Image, damaged) -> None:
    if kind in GROWING:
        assert damaged[kind].width >= page.width
    else:
        assert damaged[kind].size == SIZES.get(kind, page.size)


@pytest.mark.parametrize("kind", DAMAGES)
def test_qr_code_can_be_decoded(kind: str, damaged, record) -> None:
    """Nothing but the damage of a reader's own making keeps the code from being read; small ones are enlarged."""
    picture = damaged[kind]
    large = (
        picture.resize((picture.width * 3, picture.height * 3), Image.Resampling.BICUBIC)
        if picture.width < 1300
        else picture
    )
    found = zxingcpp.read_barcode(np.asarray(large.convert("L")), formats=zxingcpp.BarcodeFormat.QRCode)
    assert found is not None
    assert found.text == record["qr"]


def test_untouched_page_is_the_very_page(page: Image.Image, damaged) -> None:
    assert damage(page, "as-arrived", chance(1)) is page


@pytest.mark.parametrize(("kind", "sigma"), [("blur-1.0", 1.0), ("blur-1.5", 1.5)])
def test_blur_has_its_width(kind: str, sigma: float) -> None:
    dot = Image.new("RGB", (41, 41))
    dot.putpixel((20, 20), (255, 255, 255))
    wide = Image.merge("RGB", [dot.getchannel(0).resize((41 * 9, 41 * 9), Image.Resampling.NEAREST)] * 3)
    spread = values(damage(wide, kind, chance(1)))[..., 0].sum(axis=0)
    place = np.arange(len(spread))
    middle = (place * spread).sum() / spread.sum()
    variance = ((place - middle) ** 2 * spread).sum() / spread.sum() - (9**2 - 1) / 12
    assert variance == pytest.approx(sigma**2, rel=0.15)


def test_contrast_is_halved_about_mid_grey(page: Image.Image, damaged) -> None:
    assert abs(values(damaged["contrast-50"]) - (128 + (values(page) - 128) / 2)).max() <= 0.5


def test_shift_moves_by_at_most_12_pixels_and_loses_no_text(page: Image.Image) -> None:
    text, offsets = (15, 18, 540, 400), set()
    right, bottom = ImageChops.invert(page).getbbox()[2:]
    for seed in range(20):
        moved = damage(page, "shift", chance(seed))
        there = ImageChops.invert(moved).getbbox()
        x, y = there[2] - right, there[3] - bottom
        assert max(abs(x), abs(y)) <= 12
        assert moved.crop((text[0] + x, text[1] + y, text[2] + x, text[3] + y)).tobytes() == page.crop(text).tobytes()
        offsets.add((x, y))
    assert len(offsets) > 15
    assert max(x for x, _ in offsets) > 5 > -5 > min(y for _, y in offsets)


def test_rotations_turn_as_far_as_they_say(page: Image.Image, record) -> None:
    for kind, most in (("rotation-3", 3), ("rotation-5", 5)):
        angles = [code_angle(damage(page, kind, chance(seed))) for seed in range(8)]
        assert max(map(abs, angles)) <= most + 0.5
        assert max(angles) - min(angles) > most * 0.6
    sizes = {damage(page, "rotation-3", chance(seed)).size == page.size for seed in range(8)}
    assert sizes == {True, False}, "canvas kept and grown"


def code_angle(picture: Image.Image) -> float:
    """Return the angle of the QR code's upper edge in degrees."""
    corners = zxingcpp.read_barcode(np.asarray(picture.convert("L"))).position
    across, down = corners.top_right.x - corners.top_left.x, corners.top_right.y - corners.top_left.y
    return float(np.degrees(np.arctan2(down, across)))


def test_quarters_are_those_of_their_names(page: Image.Image, damaged) -> None:
    for quarters in (1, 2, 3):
        assert (values(damaged[f"rotation-{90 * quarters}"]) == np.rot90(values(page), quarters)).all()


def test_one_pixel_in_a_hundred_is_salt_or_pepper() -> None:
    grey = Image.new("RGB", (1000, 1000), (90, 90, 90))
    strewn = values(damage(grey, "salt-pepper-1", chance(1)))[..., 0]
    counts = {value: int((strewn == value).sum()) for value in (0, 90, 255)}
    assert sum(counts.values()) == strewn.size
    assert counts[0] == pytest.approx(5000, rel=0.1)
    assert counts[255] == pytest.approx(5000, rel=0.1)


def test_noise_has_its_strength() -> None:
    grey = Image.new("RGB", (400, 400), (128, 128, 128))
    noisy = values(damage(grey, "gaussian-noise", chance(1)))
    assert noisy.mean() == pytest.approx(128, abs=0.2)
    assert noisy.std() == pytest.approx(10, rel=0.03)


def test_grey_and_bilevel_have_the_tones_they_say(page: Image.Image, damaged) -> None:
    assert (np.ptp(values(damaged["grey"]), axis=2) == 0).all()
    assert set(np.unique(values(damaged["bilevel"]))) == {0, 255}
    total_ink = (values(page) == (255, 127, 127)).all(axis=2)
    assert total_ink.any()
    for seed in range(5):
        assert (values(damage(page, "bilevel", chance(seed)))[total_ink] == 0).all(), "the total is still there"


def test_more_compression_damages_more(page: Image.Image, damaged) -> None:
    error = {kind: abs(values(damaged[kind]) - values(page)).mean() for kind in ("jpeg-30", "jpeg-75")}
    assert 0 < error["jpeg-75"] < error["jpeg-30"]


def test_only_the_qr_code_is_smeared(page: Image.Image, damaged) -> None:
    left, top, right, bottom = ImageChops.difference(page, damaged["qr-smeared"]).getbbox()
    assert left >= 550
    assert top >= 10
    assert right <= 685
    assert bottom <= 145


@pytest.mark.parametrize(("kind", "least"), [("stain", 0.3), ("fold", 0.4), ("shadow", 0.45), ("stray-lines", 0.0)])
def test_paper_and_light_leave_most_of_the_page_readable(kind: str, least: float, page: Image.Image) -> None:
    for seed in range(3):
        before, after = values(page), values(damage(page, kind, chance(seed)))
        assert (after <= np.maximum(before, 151)).all(), "nothing gets lighter but under a pen"
        paper = (before == 255).all(axis=2)
        assert after[paper].min() >= 255 * least
        changed = (after[paper] < 250).any(axis=1).mean()
        assert 0.0005 < changed < (1 if kind == "shadow" else 0.2)


def test_photo_shows_the_whole_page_on_a_darker_table(page: Image.Image, damaged) -> None:
    for picture in (damaged["photo"], damage(page, "photo", chance(1))):
        photo = np.asarray(picture.convert("L"))
        height, width = photo.shape
        assert ENLARGEMENT[0] * 1100 < height < 1.25 * ENLARGEMENT[1] * 1100
        edges = (photo[:4], photo[-4:], photo[:, :4], photo[:, -4:])
        assert max(np.percentile(edge, 99) for edge in edges) < 140, "a margin of table on each side"
        paper = photo[height // 2 : height * 3 // 4, width // 4 : width * 3 // 4]
        assert paper.min() > 110
        assert paper.std() > 2, "uneven light"


def test_perspective_maps_corner_to_corner() -> None:
    square, other = ((0, 0), (10, 0), (10, 20), (0, 20)), ((1, 2), (9, 0), (12, 19), (-1, 21))
    a, b, c, d, e, f, g, h = _perspective(square, other)
    for (x, y), wanted in zip(square, other, strict=True):
        scale = g * x + h * y + 1
        assert ((a * x + b * y + c) / scale, (d * x + e * y + f) / scale) == pytest.approx(wanted)
