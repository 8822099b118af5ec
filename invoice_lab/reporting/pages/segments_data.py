"""What the segments report is made of: its parameters, and the frames and models that its sections share."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pandas as pd

from invoice_lab.errors import NotEnoughDataError, UsageError
from invoice_lab.reporting import words
from invoice_lab.reporting.language import Labels
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.base import ReportPage
from invoice_lab.reporting.tables import Column
from invoice_lab.reporting.theme import UNKNOWN_SEGMENT
from invoice_lab.segmentation.expectation import MOST_DAYS
from invoice_lab.segmentation.movement import migration
from invoice_lab.segmentation.rfm import RFM, rfm_summary, segment_table
from invoice_lab.segmentation.segments import SEGMENTS_FILE, Segment, load_segments
from invoice_lab.warehouse.queries.frames import as_day, one_of, whole

NOBODY = (
    "Nobody has bought anything in this period: there are credit notes alone, or no invoices of these days. Give a "
    "later `as_of`, or a longer `period`."
)


class SegmentsData(ReportPage):
    """Parameters and shared results of the segments report.

    Parameters
    ----------
    workspace : str
    as_of : str
    period : int
        Days up to `as_of` whose orders count; 0: all.
    compare_to : str
        The earlier day that segments are compared with; empty: `days` before `as_of`.
    days : int
        Of that, of the products' trend, and of what is expected of customers.
    bins, scheme, segments_file
        As for `invoice_lab.segmentation.rfm.RFM`.
    k : int
        Number of clusters; 0: the largest that is stable.
    features : str
        Of the clusters, with commas between them.
    segments : str
        Segments whose customers are listed, with commas between them; empty: all.
    language : str
        Of the labels, ``en`` or ``fr``.
    shown : int
        Rows of the table of customers, at most.
    """

    def __init__(
        self, workspace: str, as_of: str = "", *, period: int = 0, compare_to: str = "", days: int = 90, bins: int = 5,
        scheme: str = "default", segments_file: str = "", k: int = 0, features: str = "recency,frequency,monetary",
        segments: str = "", language: str = "en", shown: int = 1000,
    ) -> None:  # fmt: skip
        self.look_back = whole(period, "period", 0, MOST_DAYS)
        super().__init__(
            workspace, as_of, period=period, compare_to=compare_to, days=days, bins=bins, scheme=scheme,
            segments_file=Path(segments_file).name, k=k, features=features, segments=segments, language=language,
            shown=shown,
        )  # fmt: skip
        self.label = Labels(language)
        self.k, self.shown = whole(k, "k", 0, 20), whole(shown, "shown", 1)
        self.days = whole(days, "days", 1, MOST_DAYS)
        self.then = as_day(compare_to, "compare_to") if compare_to else self.as_of - pd.Timedelta(days=days)
        if not self.is_empty and self.then >= self.as_of:
            raise UsageError(f"compare_to, {words.day(self.then)}, must lie before as_of, {words.day(self.as_of)}.")
        self.features = tuple(name.strip() for name in features.split(",") if name.strip())
        self.rules_file = Path(segments_file) if segments_file else SEGMENTS_FILE
        self.scheme, self.bins = scheme, bins
        self.rules: tuple[Segment, ...] = load_segments(scheme, self.rules_file)
        names = [segment.name for segment in self.rules]
        asked = [name.strip() for name in segments.split(",") if name.strip()]
        self.listed = [one_of(name, names, f"segment of the scheme {scheme!r}") for name in asked] or names

    @property
    def is_empty(self) -> bool:
        """Whether nobody bought anything in the period."""
        return super().is_empty or self._rfm_rows.empty

    def empty(self) -> Html:
        """Return the sentence on why there is nothing to show."""
        return super().empty() if super().is_empty else paragraph(NOBODY)

    @property
    def colours(self) -> dict[str, str]:
        """Colour by segment."""
        return {segment.name: segment.colour for segment in self.rules}

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row an invoice in the page's currency, also of before the period."""
        return self.of_currency(self.frame("orders"))

    @cached_property
    def orders(self) -> pd.DataFrame:
        """One row an invoice in the page's currency, of the period."""
        return self._within(self.history, "order_date")

    @property
    def purchases(self) -> pd.DataFrame:
        """The orders without credit notes."""
        return self.orders[self.orders["amount"] >= 0]

    @cached_property
    def lines(self) -> pd.DataFrame:
        """One row a line in the page's currency, of the period."""
        return self._within(self.of_currency(self.frame("line_details")), "date")

    @cached_property
    def customers(self) -> pd.DataFrame:
        """Customers with their age at the report's day."""
        return self.frame("customers")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Recency, frequency, monetary and age by customer."""
        ages = self.customers.set_index("customer_id")["age"]
        summary = self._rfm_rows.set_index("customer_id")[["recency", "frequency", "monetary"]]
        return summary.assign(age=ages.reindex(summary.index))

    @cached_property
    def model(self) -> RFM:
        """The fitted scores."""
        return RFM(self.bins, self.scheme, segments_file=self.rules_file).fit(self.summary)

    @cached_property
    def scored(self) -> pd.DataFrame:
        """Customers with scores and segment."""
        return self.model.transform(self.summary)

    @cached_property
    def segments(self) -> pd.DataFrame:
        """One row a segment, in the order of the rules."""
        return segment_table(self.scored, self.scheme, segments_file=self.rules_file)

    @cached_property
    def scored_before(self) -> pd.DataFrame:
        """Customers as they were on the day compared with, by today's limits; no row where there was none."""
        earlier = self.orders[self.orders["order_date"] <= self.then]
        if self.look_back:
            earlier = self.history
            days = (self.then - earlier["order_date"]).dt.days
            earlier = earlier[(days >= 0) & (days < self.look_back)]
        try:
            return self.model.transform(rfm_summary(earlier, self.then))
        except NotEnoughDataError:
            return self.scored.iloc[:0]

    @cached_property
    def moves(self) -> pd.DataFrame:
        """How many went from which segment to which."""
        return migration(self.scored_before["segment"], self.scored["segment"])

    def segment_column(self, name: str, label: str) -> Column:
        """Return a table's column of segments, in the language of the labels and the colours of the rules."""
        return Column(name, self.label(label), "segment", shown=self.label, colour=self._colour)

    def heading(self, text: str) -> Html:
        """Return a heading in the language of the labels; nothing on a page without invoices."""
        return Html() if self.is_empty else Html("<h2>{}</h2>").format(self.label(text))

    @cached_property
    def _rfm_rows(self) -> pd.DataFrame:
        since = self.as_of - pd.Timedelta(days=self.look_back) if self.look_back else None
        currency = str(self.currencies["currency"].iloc[0])
        return self.frame("rfm_summary", currency=currency, since=since and since.date())

    def _colour(self, segment: str) -> str:
        return self.colours.get(segment, UNKNOWN_SEGMENT)

    def _within(self, frame: pd.DataFrame, column: str) -> pd.DataFrame:
        if not self.look_back:
            return frame
        kept = frame[(self.as_of - frame[column]).dt.days < self.look_back]
        return kept.reset_index(drop=True)
