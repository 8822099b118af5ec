"""When customers buy: renewal processes in business time, mapped to the calendar by the seasons."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from invoice_lab.samples.truth import chance

REGULARITY = 3.0
"""Shape of the gamma distributed times between purchases: above 1 they are more regular than chance."""
SUNDAY = 6


class Seasons:
    """The calendar of the business: how busy each of its months is.

    Parameters
    ----------
    business : dict
        The contents of ``data/business.yaml``.
    """

    def __init__(self, business: dict[str, Any]) -> None:
        self.start: date = business["start"]
        months = [_month(self.start, n) for n in range(business["months"] + 1)]
        self.days = (months[-1] - self.start).days
        daily = [
            business["month_weights"][month.month - 1] * business["growth"] ** (n // 12)
            for n, month in enumerate(months[:-1])
            for _ in range((months[n + 1] - month).days)
        ]
        self._done = [0.0, *(part * self.days / sum(daily) for part in accumulate(daily))]

    def calendar_day(self, business_day: float) -> int:
        """Map business time (equally busy days) to the day of the calendar, both counted from the start."""
        return min(bisect_right(self._done, business_day) - 1, self.days - 1)

    def business_day(self, day: float) -> float:
        """Map a day of the calendar to business time; the inverse of `calendar_day`."""
        return self._done[min(int(day), self.days)]

    def moment(self, day: int, opening_hours: tuple[int, int], rng: Random) -> datetime:
        """Draw a time of day in the opening hours; Sunday's purchases fall to the Saturday before."""
        on = self.start + timedelta(days=day)
        if on.weekday() == SUNDAY and day > 0:
            on -= timedelta(days=1)
        minute = rng.randrange(opening_hours[0] * 60, opening_hours[1] * 60)
        return datetime.combine(on, time(minute // 60, minute % 60))


class Rhythm:
    """One customer's purchases: the first one, then gamma distributed intervals until the customer leaves.

    Parameters
    ----------
    habit : dict
        ``interval``, ``joined`` and perhaps ``left`` of the kind of customer, in days.
    seasons : Seasons
        The calendar of the business.
    rng : Random
        The source of chance.
    """

    def __init__(self, habit: dict[str, Any], seasons: Seasons, rng: Random) -> None:
        self.first = seasons.business_day(rng.uniform(*habit["joined"]))
        last = seasons.business_day(rng.uniform(*habit["left"])) if "left" in habit else float(seasons.days)
        self.room = max(last - self.first, 0.0)
        pace = habit["interval"] * rng.uniform(0.7, 1.4)
        self._seed, self._pace = rng.random(), pace

    def purchases(self, speed: float) -> list[float]:
        """Return the purchases in business days, `speed` times as many as usual; the same chance at every speed."""
        rng, days, at = chance("rhythm", self._seed), [self.first], 0.0
        while (at := at + rng.gammavariate(REGULARITY, self._pace / REGULARITY)) < self.room * speed:
            days.append(self.first + at / speed)
        return days


def exactly(count: int, rhythms: list[Rhythm]) -> list[list[float]]:
    """Let the customers buy at such a common speed that all purchases together are `count`.

    Each customer buys at least once, so `count` must not be below their number. A purchase too many is taken
    from the customer who has most.
    """
    low, high = 0.0, 1.0
    while sum(len(rhythm.purchases(high)) for rhythm in rhythms) < count:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        enough = sum(len(rhythm.purchases(middle)) for rhythm in rhythms) >= count
        low, high = (low, middle) if enough else (middle, high)
    purchases = [rhythm.purchases(high) for rhythm in rhythms]
    for _ in range(sum(map(len, purchases)) - count):
        max(purchases, key=len).pop()
    return purchases


def _month(start: date, later: int) -> date:
    months = start.month - 1 + later
    return date(start.year + months // 12, months % 12 + 1, 1)
