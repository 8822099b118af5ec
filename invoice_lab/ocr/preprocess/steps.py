"""The steps of pre-processing: data in ``steps.yaml``, each with a measure, a threshold, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from invoice_lab.ocr.decode import Pixels
from invoice_lab.ocr.layouts import Layout
from invoice_lab.ocr.preprocess import place, tone
from invoice_lab.ocr.preprocess.picture import Upright
from invoice_lab.ocr.preprocess.quality import Quality
from invoice_lab.ocr.qrcode import QrCode

ARRIVED = "as it arrived"
"""The name of the first stage, which no step made."""
CHANGES: Mapping[str, Callable[[Upright], Upright]] = {
    "despeckle": tone.despeckle,
    "cut out": place.cut_out,
    "flatten light": tone.flatten_light,
    "denoise": tone.denoise,
    "stretch contrast": tone.stretch_contrast,
    "sharpen": tone.sharpen,
    "deskew": place.deskew,
    "darken ink": tone.darken_ink,
    "blank pictures": place.blank_pictures,
    "remove rules": place.remove_rules,
}
"""What each step does to a picture."""


TIDYING = frozenset({"blank pictures", "remove rules"})
"""Steps that are taken on healthy pages, too, and leave the letters as they are."""


class Step(BaseModel):
    """A step and when it is taken.

    Attributes
    ----------
    name : str
        A key of `CHANGES`.
    measure : str
        A figure of `Quality`, taken on what the steps before made.
    above, below, beyond : float or None
        One of them: the step is taken where the figure is above or below it, or further from 0 on either side.
    unit : str
        Of the figure.
    does : str
        A sentence for a person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    measure: str
    above: float | None = None
    below: float | None = None
    beyond: float | None = None
    unit: str
    does: str

    @model_validator(mode="after")
    def _known(self) -> Step:
        if self.name not in CHANGES or self.measure not in Quality.MEASURES:
            raise ValueError(f"no such step or measure: {self.name}, {self.measure}")
        if [self.above, self.below, self.beyond].count(None) != 2:
            raise ValueError(f"{self.name} needs one of above, below and beyond")
        return self

    def is_needed(self, measured: float) -> bool:
        """Tell whether a measured figure asks for this step."""
        if self.above is not None:
            return measured > self.above
        return measured < self.below if self.below is not None else abs(measured) > (self.beyond or 0)

    def why(self, measured: float) -> str:
        """Say why the step was taken."""
        names = {"above": self.above, "below": self.below, "beyond": self.beyond}
        threshold = next(f"{name} {value:g}" for name, value in names.items() if value is not None)
        return f"{self.measure} {measured:.3g} ({self.unit}), {threshold}"


@dataclass(frozen=True)
class Stage:
    """A picture after a step.

    Attributes
    ----------
    name : str
        Of the step.
    why : str
        The measured figure and the threshold; empty for the page as it arrived.
    does : str
        What the step does.
    picture : Upright
    """

    name: str
    why: str
    does: str
    picture: Upright


@cache
def load_steps() -> tuple[Step, ...]:
    """Return the steps of ``steps.yaml`` in their order."""
    text = resources.files(__package__).joinpath("steps.yaml").read_text(encoding="utf-8")
    return tuple(Step.model_validate(step) for step in yaml.safe_load(text)["steps"])


def stages(grey: Pixels, qr: QrCode | None, layout: Layout | None) -> Iterator[Stage]:
    """Give a page as it arrived, then after each step that its quality asks for.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    qr : QrCode or None
        As found on `grey`.
    layout : Layout or None
        Gives the scale and the pictures; of a page of no known layout nothing but the code is taken for a picture.
    """
    stage = Stage(ARRIVED, "", "The scan in grey.", Upright.of_scan(grey, qr, layout))
    yield stage
    for step in load_steps():
        measured = getattr(Quality(stage.picture), step.measure)
        if step.is_needed(measured):
            made = CHANGES[step.name](stage.picture)
            made = replace(made, is_repaired=made.is_repaired or step.name not in TIDYING)
            stage = Stage(step.name, step.why(measured), step.does, made)
            yield stage


def upright(grey: Pixels, qr: QrCode | None, layout: Layout | None) -> Upright:
    """Return a page as an engine reads it: the last of its `stages`."""
    *_, last = stages(grey, qr, layout)
    return last.picture


def as_scanned(picture: Upright, grey: Pixels) -> Upright:
    """Return a page in the place that its steps brought it to, with the pixels of the scan, which none has changed.

    Parameters
    ----------
    picture : Upright
    grey : ndarray of uint8, shape (height, width)
        The scan.
    """
    return place.blank_pictures(picture.with_grey(picture.pose.rectify(grey, picture.size)))
