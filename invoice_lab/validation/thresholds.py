"""The thresholds of the checks, as data in ``thresholds.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, field_validator

KINDS = frozenset(
    {
        "invoice_id", "issued_at", "name", "email", "address_1", "address_2", "number", "category", "gender",
        "birth_date", "net", "tax", "tax_rate", "total", "product", "quantity", "unit_price", "amount",
    }
)  # fmt: skip
"""The kinds of fields."""


class Thresholds(BaseModel):
    """What the checks hold readings against.

    Attributes
    ----------
    confidence : mapping of str to float
        Kind of field to the least confidence (0 to 1) of a reading that nobody needs to look at; ``default`` for all
        others.
    calibrated : tuple of str
        The ways of reading whose confidence says how often they are right; others are not held against the thresholds.
    covered : float
        The confidence up to which a field of a page that is sure otherwise counts as covered by something.
    judged_otherwise : tuple of str
        Kinds of fields that arithmetic judges. All others are unsure, whatever their confidence, where the way in which
        they were read is not `calibrated`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    confidence: Mapping[str, float]
    calibrated: tuple[str, ...]
    covered: float = 0.0
    judged_otherwise: tuple[str, ...] = ()

    @field_validator("confidence")
    @classmethod
    def _known(cls, given: Mapping[str, float]) -> Mapping[str, float]:
        unknown = set(given) - KINDS - {"default"}
        if unknown or "default" not in given or not all(0 <= value <= 1 for value in given.values()):
            raise ValueError(
                f"each kind of field, and default, needs a number from 0 to 1 (unknown: {sorted(unknown)})"
            )
        return given

    def least(self, name: str, how: str) -> float | None:
        """Return the least confidence of a field that was read so.

        Parameters
        ----------
        name : str
            Such as ``total`` or ``lines.2.product``.
        how : str
            Such as ``fit`` or ``tesserocr+pixels``.

        Returns
        -------
        float or None
            None where no confidence of such a reading would do.
        """
        kind = name.rpartition(".")[2]
        if how.rpartition("+")[2] in self.calibrated:
            return self.confidence.get(kind, self.confidence["default"])
        return 0.0 if kind in self.judged_otherwise else None


@cache
def thresholds() -> Thresholds:
    """Return the thresholds of ``thresholds.yaml``."""
    text = resources.files(__package__).joinpath("thresholds.yaml").read_text(encoding="utf-8")
    return Thresholds.model_validate(yaml.safe_load(text))
