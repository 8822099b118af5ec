"""How sure shares are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

from invoice_lab.errors import UsageError
from invoice_lab.warehouse.queries.frames import numbers_of, positive

LEVEL = 0.95

Floats = npt.NDArray[np.float64]


def interval(found: npt.ArrayLike, of: npt.ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return an interval for shares (Clopper and Pearson, Biometrika 26, 1934): it holds the truth at least so often.

    Parameters
    ----------
    found, of : array of int
        So many of so many; of none the share may be anything.
    level : float
        Between 0 and 1.

    Raises
    ------
    UsageError
        Where more are found than there are, fewer than none, or `level` is out of range.
    """
    some, whole = (numbers_of(pd.Series(np.ravel(given)), "counts").to_numpy() for given in (found, of))
    if positive(level, "level", 1.0) == 1.0 or not ((some >= 0) & (some <= whole)).all():
        raise UsageError("Shares are of 0 up to all that there are, at a level between 0 and 1.", "Count again.")
    rest = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(some > 0, beta.ppf(rest, some, whole - some + 1), 0.0)
        high = np.where(some < whole, beta.ppf(1 - rest, some + 1, whole - some), 1.0)
    return low, high
