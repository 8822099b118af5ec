"""The ways in which a healthy page gets damaged on its way to the reader: one named, seeded kind each.

Every kind is a function of a page (RGB) and a source of chance alone; a page stays readable for a person. The goals are
what the reader has to reach on such pages, `benchmarks/damage.py` measures them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

from PIL import Image

from invoice_lab.samples.damage.paper import fold, shadow, smear_qr, stain, stray_lines
from invoice_lab.samples.damage.photo import photograph
from invoice_lab.samples.damage.place import (
    onto_larger_canvas,
    resize,
    shift,
    shift_between_pixels,
    tilt,
    turn_on_either_canvas,
    turn_quarters,
)
from invoice_lab.samples.damage.tone import (
    as_bilevel,
    as_grey,
    as_jpeg,
    blur,
    coarsen,
    halve_contrast,
    halve_contrast_about_mean,
    noise,
    salt_and_pepper,
)

__all__ = ["DAMAGES", "Damage", "damage"]

Change = Callable[[Image.Image, Random], Image.Image]


@dataclass(frozen=True)
class Damage:
    """A kind of damage.

    Attributes
    ----------
    description : str
        One sentence: what it simulates.
    change : callable
        Makes the damaged page (RGB) of a page (RGB), from a source of chance; the page itself is not changed.
    goal : float or None
        Percent of such pages that have to be fully right and accepted; None where only errors count.
    """

    description: str
    change: Change
    goal: float | None = None


def leave(picture: Image.Image, _rng: Random) -> Image.Image:
    """Leave the page as it arrives."""
    return picture


DAMAGES: Mapping[str, Damage] = {
    "as-arrived": Damage("The page as it arrives.", leave, 99.9),
    "blur-1.0": Damage("The whole page is a little out of focus.", partial(blur, sigma=1.0), 97),
    "contrast-50": Damage("Half the contrast: ink and paper come nearer to mid-grey.", halve_contrast, 97),
    "shift": Damage("The page lay up to 12 pixels beside its place.", shift, 97),
    "rotation-3": Damage("The page lay askew by up to 3 degrees.", partial(turn_on_either_canvas, most=3.0), 97),
    "jpeg-30": Damage("Saved as a small JPEG of quality 30.", partial(as_jpeg, quality=30), 92),
    "downscale-2/3": Damage("Made smaller, to two thirds, and larger again.", coarsen, 92),
    "dpi-75": Damage("Scanned at 75 dots an inch instead of 100.", partial(resize, factor=0.75), 92),
    "salt-pepper-1": Damage("One pixel in a hundred is black or white.", partial(salt_and_pepper, share=0.01), 92),
    "blur-1.5": Damage("The whole page is clearly out of focus.", partial(blur, sigma=1.5), 80),
    "photo": Damage("A photo of the page on a table: perspective, uneven light, JPEG.", photograph, 70),
    "contrast-enhance": Damage("Half the contrast, about the page's own mean.", halve_contrast_about_mean),
    "shift-half": Damage("The page lay beside its place by a part of a pixel.", shift_between_pixels),
    "rotation-5": Damage("The page lay askew by up to 5 degrees.", partial(tilt, most=5.0)),
    "rotation-90": Damage("The page lay on its side, its head to the left.", partial(turn_quarters, quarters=1)),
    "rotation-180": Damage("The page lay upside down.", partial(turn_quarters, quarters=2)),
    "rotation-270": Damage("The page lay on its side, its head to the right.", partial(turn_quarters, quarters=3)),
    "scale-0.5": Damage("Scanned at 50 dots an inch.", partial(resize, factor=0.5)),
    "scale-2": Damage("Scanned at 200 dots an inch.", partial(resize, factor=2.0)),
    "scale-3": Damage("Scanned at 300 dots an inch.", partial(resize, factor=3.0)),
    "larger-canvas": Damage("The page lies on a larger white sheet.", partial(onto_larger_canvas, factor=1.5)),
    "gaussian-noise": Damage("The noise of a sensor in dim light.", partial(noise, sigma=10.0)),
    "stain": Damage("A cup was put down on the page.", stain),
    "fold": Damage("The page was folded and spread out again.", fold),
    "shadow": Damage("Something dims the light from one side.", shadow),
    "stray-lines": Damage("Pen strokes across blank parts and text.", stray_lines),
    "qr-smeared": Damage("The QR code is smeared, but can be decoded.", partial(smear_qr, sigma=1.5)),
    "grey": Damage("Scanned without colours.", as_grey),
    "bilevel": Damage("Sent by fax: black or white, nothing between.", as_bilevel),
    "jpeg-75": Damage("Saved as a JPEG of quality 75.", partial(as_jpeg, quality=75)),
}
"""The kinds by name: first those with a goal, then those on which the reader must only make no error."""


def damage(picture: Image.Image, kind: str, rng: Random) -> Image.Image:
    """Damage a page.

    Parameters
    ----------
    picture : PIL.Image.Image
        RGB; it is not changed.
    kind : str
        A key of `DAMAGES`.
    rng : Random
        The source of chance: its state and the page determine every pixel.

    Returns
    -------
    PIL.Image.Image
        RGB, of another size where the kind says so; `picture` itself where nothing befalls it.
    """
    return DAMAGES[kind].change(picture, rng)
