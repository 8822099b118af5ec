"""RFM: recency, frequency and monetary value of each customer, their scores, and the named segment of the three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.segmentation.orders import exact_sums, orders_of, shares_of, until
from invoice_lab.segmentation.scores import CutScores, RankScores, Values
from invoice_lab.segmentation.segments import (
    AS_R,
    LEVELS,
    SCORES,
    SEGMENTS_FILE,
    Scheme,
    cell_names,
    level_of,
    load_scheme,
    load_segments,
)
from invoice_lab.warehouse.queries.frames import (
    Day,
    as_day,
    numbers_of,
    require_columns,
    whole,
)

SCORE_COLUMNS = tuple(f"{score}_score" for score in SCORES)


def rfm_summary(orders: pd.DataFrame, as_of: Day) -> pd.DataFrame:
    """Sum up each customer's orders up to and including a day.

    An order below zero is a credit note: it lowers monetary, and is no purchase, so it counts neither for frequency nor
    for recency. Customers with nothing but credit notes have bought nothing and are left out. An order of 0 is one.
    The query ``rfm_summary`` gives the same of a cache.

    Parameters
    ----------
    orders : DataFrame
        One row an order: customer_id, order_date, amount (numbers or Decimal; credit notes are negative). A column
        ``currency``, where there is one, must hold one currency.
    as_of : date, datetime or str
        Later orders are left out.

    Returns
    -------
    DataFrame
        Index customer_id, sorted. Columns recency (int, whole days from the last order to `as_of`), frequency (int,
        orders) and monetary (float, sum in the currency of `orders`). The order of rows doesn't count, to the last bit.

    Raises
    ------
    UsageError
        For missing columns or values, two currencies, or an `as_of` before the first order.
    NotEnoughDataError
        Where there is no order, or nothing but credit notes.
    """
    kept = orders_of(orders)
    if kept.empty:
        raise NotEnoughDataError("There are no orders, so no customer can be scored.")
    kept, day = until(kept, as_of), as_day(as_of)
    groups, customers = pd.factorize(kept["customer_id"], sort=True)
    bought = kept["amount"].to_numpy() >= 0
    summary = pd.DataFrame(
        {
            "frequency": np.bincount(groups[bought], minlength=len(customers)),
            "monetary": exact_sums(kept["amount"], groups, len(customers)),
        },
        index=pd.Index(customers, name="customer_id"),
    )
    summary = summary[summary["frequency"] > 0]
    if summary.empty:
        raise NotEnoughDataError(f"Up to {day:%Y-%m-%d} there are credit notes only: no customer has bought anything.")
    last = kept["day"][bought].groupby(groups[bought]).max()
    summary.insert(0, "recency", (day - last).dt.days.to_numpy("int64"))
    return summary


class RFM(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Score customers by recency, frequency and monetary value, and name their segment.

    A score is 1 plus the number of whole `bins`-ths of the fitted customers who are strictly worse; so customers with
    equal values always have equal scores (``rank(method="min")``), whatever the order of rows, the currency unit or a
    shift of all dates. A value that is the same for all customers says nothing and scores the middle. Scores are
    relative to the fitted customers: half of a shop's customers may well be "frequent" with two orders.

    The schemes ``r`` and ``classic`` score as R's package rfm does (`invoice_lab.segmentation.scores.CutScores`), its
    "Others" included.

    Parameters
    ----------
    bins : int, default 5
        How many scores, 2 to 10. With other than 5, segments are looked up at the same place on a scale of 5.
    scheme : str, default "default"
        Which rules of the segments file score and name the segments.
    nested : bool, default False
        Whether frequency is scored among customers of the same recency score, and monetary value among those of the
        same recency and frequency scores; not with R's schemes.
    cuts : mapping of str to sequence of float, optional
        With R's schemes, ``bins - 1`` cut points of one's own for recency (days), frequency (orders) or monetary.
    segments_file : path, optional
        A file like ``segments.yaml``, with names, colours, rules and actions of one's own.

    Attributes
    ----------
    thresholds_ : DataFrame
        Index the scores 1 to `bins`, columns recency, frequency, monetary: the least good fitted value with that score
        (NaN where no fitted customer has it).
    constant_ : tuple of str
        Values that are the same for all fitted customers.
    segments_ : tuple of Segment
    feature_names_in_ : ndarray of str
    n_features_in_ : int
    """

    def __init__(
        self,
        bins: int = 5,
        scheme: str = "default",
        *,
        nested: bool = False,
        cuts: Mapping[str, Sequence[float]] | None = None,
        segments_file: str | Path | None = None,
    ) -> None:
        self.bins = bins
        self.scheme = scheme
        self.nested = nested
        self.cuts = cuts
        self.segments_file = segments_file

    def fit(self, X: pd.DataFrame, y: object = None) -> RFM:  # noqa: N803 - scikit-learn's names
        """Learn the customers to compare with.

        Parameters
        ----------
        X : DataFrame
            As made by `rfm_summary`: recency, frequency, monetary; other columns are passed through.
        y : ignored

        Raises
        ------
        UsageError
            For missing columns or values, unknown scheme, bins out of range, cut points that are none.
        NotEnoughDataError
            Where there is no row.
        """
        whole(self.bins, "bins", 2, 10)
        scheme = load_scheme(self.scheme, Path(self.segments_file) if self.segments_file else SEGMENTS_FILE)
        self.segments_ = scheme.segments
        scorer = self._scorer(scheme)
        values = _values(X)
        if X.empty:
            raise NotEnoughDataError("There are no customers to score.")
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self._fitted = scorer.fit(values)
        self.constant_ = self._fitted.constant
        self.thresholds_ = self._thresholds(values)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Add the scores and the segment.

        Returns
        -------
        DataFrame
            Index, order and columns of `X`, and recency_score, frequency_score, monetary_score (int, 1 the worst to
            `bins` the best) and segment (str).
        """
        check_is_fitted(self)
        scores = self._fitted.score(_values(X))
        names = np.array([segment.name for segment in self.segments_], dtype=object)
        places = tuple(level_of(scores[:, i], self.bins) for i in range(len(SCORES)))
        added = dict(zip(SCORE_COLUMNS, scores.T, strict=True))
        segment = pd.Series(names[cell_names(self.segments_, all_reachable=False)[places]], index=X.index, dtype="str")
        return X.assign(**added, segment=segment)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> npt.NDArray[np.object_]:
        """Return the columns that `transform` gives."""
        check_is_fitted(self)
        names = self.feature_names_in_ if input_features is None else np.asarray(input_features, dtype=object)
        return np.array([*names, *SCORE_COLUMNS, "segment"], dtype=object)

    def _scorer(self, scheme: Scheme) -> RankScores | CutScores:
        if scheme.scores == AS_R:
            if self.nested:
                raise UsageError(f"The scheme {self.scheme!r} scores as R does, which has no nested bins.")
            return CutScores(self.bins, self.cuts or {})
        if self.cuts:
            raise UsageError(f"The scheme {self.scheme!r} scores by ranks, without cut points.", "Choose r or classic.")
        return RankScores(self.bins, self.nested)

    def _thresholds(self, values: Values) -> pd.DataFrame:
        least = np.full((self.bins, len(SCORES)), np.inf)
        scores = self._fitted.score(values)
        for place, score in enumerate(SCORES):
            np.minimum.at(least[:, place], scores[:, place] - 1, values[score])
        least[np.isinf(least)] = np.nan
        table = pd.DataFrame(least, index=pd.RangeIndex(1, self.bins + 1, name="score"), columns=list(SCORES))
        return table.assign(recency=-table["recency"])


def segment_table(
    scored: pd.DataFrame, scheme: str = "default", *, segments_file: str | Path | None = None
) -> pd.DataFrame:
    """Sum up the customers of each segment.

    Parameters
    ----------
    scored : DataFrame
        What `RFM.transform` gives.
    scheme : str
        The scheme it was made with; segments without a customer are listed with zeros.
    segments_file : path, optional
        The file of the scheme, where it isn't our own.

    Returns
    -------
    DataFrame
        One row a segment, in the order of the rules: segment, customers, customer_share, sales, sales_share (0 to 1;
        shares of sales are 0 where their sum isn't above 0), medians of recency (days), frequency (orders) and monetary
        (NaN where there is no customer), colour, meaning, action.

    Raises
    ------
    UsageError
        For missing columns or values, an unknown scheme, or segments that it doesn't have.
    """
    require_columns(scored, [*SCORES, "segment"], "scored")
    segments = load_segments(scheme, Path(segments_file or SEGMENTS_FILE))
    names = [segment.name for segment in segments]
    if other := sorted({str(name) for name in scored["segment"].unique()} - set(names)):
        raise UsageError(f"The scheme {scheme!r} has no segment {', '.join(other)}.", "Name the scheme that was used.")
    values = {score: numbers_of(scored[score], score).to_numpy() for score in SCORES}
    grouped = pd.DataFrame({"segment": scored["segment"].to_numpy(), **values}).groupby("segment")
    table = pd.DataFrame(
        {"customers": grouped.size(), "sales": grouped["monetary"].sum(), **{s: grouped[s].median() for s in SCORES}}
    ).reindex(names)
    table[["customers", "sales"]] = table[["customers", "sales"]].fillna(0)
    table["customers"] = table["customers"].astype("int64")
    table.insert(1, "customer_share", table["customers"] / max(len(scored), 1))
    table.insert(3, "sales_share", shares_of(table["sales"]))
    for what in ("colour", "meaning", "action"):
        table[what] = [getattr(segment, what) for segment in segments]
    return table.rename_axis("segment").reset_index()


def score_map(scored: pd.DataFrame, bins: int = LEVELS) -> pd.DataFrame:
    """Count the customers by recency score (rows, the best first) and frequency score (columns).

    Raises
    ------
    UsageError
        For missing columns, or scores that aren't from 1 to `bins`.
    """
    require_columns(scored, SCORE_COLUMNS[:2], "scored")
    levels = range(1, whole(bins, "bins", 2) + 1)
    recency, frequency = (numbers_of(scored[column], column).to_numpy() for column in SCORE_COLUMNS[:2])
    if not np.isin([recency, frequency], levels).all():
        raise UsageError(f"The scores aren't whole numbers from 1 to {bins}.", "Name as many bins as were scored with.")
    counts = pd.crosstab(pd.Series(recency, name="recency_score"), pd.Series(frequency, name="frequency_score"))
    return counts.reindex(index=list(reversed(levels)), columns=list(levels), fill_value=0).astype("int64")


def _values(summary: pd.DataFrame) -> Values:
    """Return the three values as floats that grow with how good they are."""
    require_columns(summary, SCORES, "the RFM summary")
    values = {score: numbers_of(summary[score], score).to_numpy() for score in SCORES}
    return values | {"recency": -values["recency"]}
