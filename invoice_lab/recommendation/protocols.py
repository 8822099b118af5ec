"""What is learnt from and what is to be foretold: each customer's last basket, or the first one after a day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.recommendation.baskets import Baskets
from invoice_lab.recommendation.metrics import Target
from invoice_lab.warehouse.queries.frames import Day, as_day, one_of

LAST_BASKET, DATE = "last_basket", "date"
PROTOCOLS = (LAST_BASKET, DATE)
MIN_BASKETS = 3
MIN_CUSTOMERS = 20
MEANINGS = {
    LAST_BASKET: "The last basket of every customer with three or more is held out; all others are learnt from.",
    DATE: "All baskets up to a day are learnt from, and no other; of every customer with two or more of them, the "
    "first basket after that day is to be foretold.",
}
"""What each protocol does."""


def split(baskets: Baskets, protocol: str = LAST_BASKET, day: Day | None = None) -> tuple[Baskets, Target]:
    """Divide baskets into those that are learnt from and the target.

    Parameters
    ----------
    baskets : Baskets
    protocol : {"last_basket", "date"}
    day : date, datetime or str, optional
        Of ``date``: the last day that is learnt from; where left out, the day by which three quarters of all baskets
        were bought.

    Raises
    ------
    UsageError
        For an unknown protocol, or a day with another protocol.
    NotEnoughDataError
        Where fewer than 20 customers can be tested.
    """
    if one_of(protocol, PROTOCOLS, "protocol of evaluation") == DATE:
        return _by_date(baskets, day)
    if day is not None:
        raise UsageError("The protocol 'last_basket' has no day to split at.", "Use protocol='date'.")
    return last_baskets(baskets)


def last_baskets(baskets: Baskets) -> tuple[Baskets, Target]:
    """Hold out the last basket of each customer with three or more; raises as `split`."""
    place = baskets.place()
    tested = np.zeros(len(baskets.customers), bool)
    tested[baskets.customer[place >= MIN_BASKETS - 1]] = True
    held_out = (place == 0) & tested[baskets.customer]
    return _checked(baskets, ~held_out, held_out, f"{MIN_BASKETS} baskets or more")


def usual_day(baskets: Baskets) -> pd.Timestamp:
    """Return the day by which three quarters of all baskets were bought."""
    days = np.sort(baskets.day[baskets.begins()])
    return pd.Timestamp(int(days[int(0.75 * (len(days) - 1))]), unit="D")


def _by_date(baskets: Baskets, day: Day | None) -> tuple[Baskets, Target]:
    at = as_day(usual_day(baskets) if day is None else day, "split")
    before = baskets.day <= at.to_datetime64().astype("datetime64[D]").astype(np.int64)
    if not before.any() or before.all():
        raise NotEnoughDataError(f"There are no baskets {'after' if before.any() else 'up to'} {at:%Y-%m-%d} to test.")
    learnt, later = baskets.only(before), baskets.only(~before)
    counts = learnt.counts()
    first = np.full(len(baskets.customers), -1)
    np.maximum.at(first, later.customer, later.basket)
    tested = counts[baskets.customer] >= MIN_BASKETS - 1
    held_out = ~before & tested & (baskets.basket == first[baskets.customer])
    return _checked(baskets, before, held_out, f"{MIN_BASKETS - 1} baskets or more up to {at:%Y-%m-%d} and one later")


def _checked(baskets: Baskets, learnt: np.ndarray, held_out: np.ndarray, who: str) -> tuple[Baskets, Target]:
    customers = np.unique(baskets.customer[held_out])
    if len(customers) < MIN_CUSTOMERS:
        raise NotEnoughDataError(
            f"Only {len(customers)} customers have {who}; at least {MIN_CUSTOMERS} are needed to judge recommendations."
        )
    return baskets.only(learnt), Target(customers, baskets.only(held_out))
