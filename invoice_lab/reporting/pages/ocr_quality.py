"""The OCR quality report: how well scans were read, what the checks found, what waits for a person."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.cards import Card, cards
from invoice_lab.reporting.charts import plot_bars, plot_confidence
from invoice_lab.reporting.figures import WIDE, figure, side_by_side
from invoice_lab.reporting.header import findings, notes
from invoice_lab.reporting.markup import Html, paragraph
from invoice_lab.reporting.pages.base import ReportPage
from invoice_lab.reporting.tables import Column, table
from invoice_lab.reporting.theme import status_colour
from invoice_lab.warehouse.queries import query

MEANINGS = {
    "accepted": "every check passed",
    "review": "a person must look",
    "rejected": "no invoice, or unusable",
    "failed": "the program broke",
}
NO_PARTS = "No scan has been ingested in this workspace yet. Ingest some with `make report SCANS=<folder>`."
IMPORTED = (
    "The {} of this workspace come from imported transactions, not from scans: nothing was read, so there is nothing "
    "to say about reading. `invoice-lab import-transactions` wrote the rows that it rejected into a file."
)
WAYS = {
    "exact": "drawn again: equal to the pixel",
    "fit": "drawn again: explains the pixels best",
    "qr": "from the QR code",
    "review": "by a person",
}
DRAWN = ("exact", "fit")
PIXELS = "+pixels"
_MOST_CODES = 12


class OcrQualityPage(ReportPage):
    """How well the scans were read, and which of them a person must look at."""

    report = "ocr_quality"
    title = "OCR quality"
    what = "How well the scans were read, what the checks found, and what waits for a person."
    limits = (
        "A part is one invoice found in a scan, or the scan itself where none was found. It is accepted only if every "
        "check passes.",
        "Invoice id and date are held against the QR code, quantities, prices and the total against each other; "
        "what disagrees goes to review, and no printed value is replaced. Names, addresses, e-mails and product texts "
        "are confirmed by their pixels alone.",
        "Confidence tells how often such readings are right, but for amounts that an OCR engine alone read, where it "
        "is the engine's own. `invoice-lab evaluate` compares readings with the truth where it is known.",
        "This report is of all scans of the workspace, whatever day the invoices are of.",
    )

    def __init__(self, workspace: str, as_of: str = "", low: float = 0.98, shown: int = 500) -> None:
        super().__init__(workspace, as_of, low=low, shown=shown)
        self.low = low
        self.shown = shown

    def all(self, name: str, **params: object) -> pd.DataFrame:
        """Return a named query's result on all scans."""
        return query(self.cache.connection, name, **params)

    @cached_property
    def statuses(self) -> pd.DataFrame:
        """Parts by status."""
        return self.all("parts_by_status")

    @cached_property
    def counts(self) -> pd.Series:
        """Parts, by status."""
        return self.statuses.set_index("status")["parts"]

    @cached_property
    def doubtful(self) -> pd.DataFrame:
        """The first parts that were not accepted, with their findings, each code once."""
        frame = self.all("doubtful_parts", most=self.shown)
        return frame.assign(codes=[", ".join(dict.fromkeys(codes.split(", "))) for codes in frame["codes"]])

    @cached_property
    def codes(self) -> pd.DataFrame:
        """Findings by code."""
        frame = self.all("findings_by_code")
        return (
            frame.groupby("code", as_index=False)[["findings", "parts"]]
            .sum()
            .sort_values(["findings", "code"], ascending=[False, True])
        )

    @cached_property
    def confidence(self) -> pd.DataFrame:
        """Confidence by field."""
        return self.all("confidence_by_field", below=self.low)

    @cached_property
    def ways(self) -> pd.DataFrame:
        """Fields by the way in which they were read."""
        frame = self.all("fields_by_way", below=self.low)
        return frame.assign(label=frame["how"].map(_way))

    @cached_property
    def imported(self) -> int:
        """Number of parts that nothing was read for: baskets of imported transactions."""
        return self._number("select count(*) from parts where engine = 'import'")

    @property
    def total(self) -> int:
        """Number of parts that were read."""
        return int(self.counts.sum())

    def findings(self) -> Html:
        """Return what the numbers say."""
        if not self.total:
            return paragraph(IMPORTED.format(words.count(self.imported, "invoice")) if self.imported else NO_PARTS)
        counts, total = self.counts, self.total
        return findings(
            f"{words.of(counts['accepted'], total, 'part')}, were accepted without a person.",
            f"Waiting for review: {words.whole(counts['review'])}; rejected: {words.whole(counts['rejected'])}; "
            f"failed: {words.whole(counts['failed'])}."
            if counts["accepted"] < total
            else "Nothing waits for review.",
            self._code_sentence(),
            self._field_sentence(),
        )

    def key_figures(self) -> Html:
        """Return parts by status as cards."""
        if not self.total:
            return Html()
        items = [Card("Parts read", words.whole(self.total), "", f"from {words.count(self._scans(), 'scan')}")]
        for row in self.statuses.itertuples():
            items.append(
                Card(row.status.capitalize(), words.whole(row.parts), words.percent(row.share), MEANINGS[row.status])
            )
        return cards(*items)

    def statuses_and_codes(self) -> Html:
        """Return parts by status and findings by code, as two figures."""
        if not self.total:
            return Html()
        share = words.percent(self.counts["accepted"] / self.total)
        texts = [f"{words.whole(row.parts)}, {words.percent(row.share)}" for row in self.statuses.itertuples()]
        first = figure(
            f"{share} of the parts were accepted",
            plot_bars,
            self.counts,
            xlabel="Parts",
            texts=texts,
            colours={status: status_colour(status) for status in MEANINGS},
            height=2.2,
            alt="Bars of parts by status: "
            + words.listing([f"{s} {t}" for s, t in zip(self.counts.index, texts, strict=True)])
            + ".",
            source=self._source(self.total, "part"),
        )
        return side_by_side(first, self._codes_figure()) if len(self.codes) else first

    def layouts(self) -> Html:
        """Return parts by layout and status."""
        if not self.total:
            return Html()
        frame = self.all("status_by_layout").pivot_table(index="layout", columns="status", values="parts", fill_value=0)
        frame = frame.reindex(columns=list(MEANINGS), fill_value=0).astype("int64")
        frame.insert(0, "parts", frame.sum(axis=1))
        frame["share"] = frame["accepted"] / frame["parts"]
        columns = [Column("layout", "Layout", "fixed"), Column("parts", "Parts", "whole")]
        columns += [Column(status, status.capitalize(), "whole", MEANINGS[status]) for status in MEANINGS]
        return table(frame.reset_index(), [*columns, Column("share", "Accepted", "percent")], table_id="layouts")

    def ways_table(self) -> Html:
        """Return in which ways the fields were read."""
        if self.ways.empty:
            return paragraph("No field was read, so there is no way of reading to show.") if self.total else Html()
        return table(
            self.ways,
            [
                Column("label", "Way of reading", "fixed"),
                Column("values", "Values read", "whole"),
                Column("share", "Share", "percent"),
                Column("accepted", "On accepted parts", "whole"),
                *self._confidence_columns(),
            ],
            table_id="ways",
        )

    def fields(self) -> Html:
        """Return the confidence of each field."""
        if self.confidence.empty:
            return paragraph("No field was read, so there is no confidence to show.") if self.total else Html()
        worst = self.confidence.iloc[0]
        n = int(self.confidence["values"].sum())
        return figure(
            f"Least sure is {self._name(worst.field)}: {words.percent(worst['mean'])} on average",
            plot_confidence,
            self.confidence.assign(label=self.confidence["field"].map(self._name)),
            low=self.low,
            alt="Dots of the mean confidence by field, a line down to the 5th percentile.",
            width=WIDE,
            height=1.0 + 0.34 * len(self.confidence),
            source=self._source(n, "value") + " Dot: mean; line: from the 5th percentile up.",
        )

    def fields_table(self) -> Html:
        """Return the confidence of each field as a table."""
        if self.confidence.empty:
            return Html()
        frame = self.confidence.assign(label=self.confidence["field"].map(self._name))
        return table(
            frame,
            [
                Column("label", "Field", "fixed"),
                Column("values", "Values read", "whole"),
                *self._confidence_columns(Column("p05", "5th percentile", "percent")),
            ],
            table_id="fields",
        )

    def doubtful_table(self) -> Html:
        """Return the parts that were not accepted, with what was read and why."""
        if not self.total:
            return Html()
        if self.doubtful.empty:
            return paragraph("Every part was accepted: there is nothing to look at.")
        n = int(self.counts.drop("accepted", errors="ignore").sum())
        caption = (
            f"{words.count(n, 'part')} not accepted, by status and name."
            if n <= self.shown
            else (f"The first {words.whole(self.shown)} of {words.count(n, 'part')} not accepted, by status and name.")
        )
        return table(
            self.doubtful,
            [
                Column("name", "Scan", "wrapped"),
                Column("part", "Part", "whole"),
                Column("status", "Status", "status"),
                Column("printed_id", "Invoice", "wrapped"),
                Column("messages", "What was seen", "long"),
                Column("codes", "Finding", "wrapped"),
                Column("confidence", "Confidence", "percent"),
            ],
            table_id="doubtful",
            caption=caption,
        )

    def how_sure(self) -> Html:
        """Return what acceptance does and doesn't say."""
        if not self.total:
            return Html()
        how, n = self.ways["how"], self.ways["values"].sum()
        drawn = self.ways.loc[how.isin(DRAWN), "values"].sum()
        coded = self.ways.loc[how == "qr", "values"].sum()
        held = self.ways.loc[how.str.endswith(PIXELS), "values"].sum()
        alone = self.ways.loc[~how.isin(WAYS) & ~how.str.endswith(PIXELS), "accepted"].sum()
        return notes(
            "That a part was accepted says that its id and date agree with the QR code, that quantities and prices add "
            "up to the total, and that every field was read as surely as is asked for; or that a person accepted it.",
            f"{words.of(drawn, n, 'value')}, were drawn again in the layout's fonts and compared with the scan pixel "
            f"by pixel; {words.whole(held)} more were read by an engine and held against the pixels in a fitting font, "
            f"{words.whole(coded)} come from the QR code.",
            f"An OCR engine's word alone stands behind {words.count(alone, 'value')} on accepted parts: amounts that "
            "arithmetic confirms, or what a person accepted."
            if alone
            else "No value on an accepted part rests on an OCR engine's word alone.",
        )

    def values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        statuses = {status: int(parts) for status, parts in self.counts.items()}
        return {
            "parts": self.total,
            "statuses": statuses,
            "findings": int(self.codes["findings"].sum()) if len(self.codes) else 0,
        }

    def _confidence_columns(self, *between: Column) -> list[Column]:
        """Return the columns of a table that tell confidence: its mean, others, and how low it is."""
        return [
            Column("mean", "Mean confidence", "percent"),
            *between,
            Column("lowest", "Lowest", "percent"),
            Column("low", f"Below {words.percent(self.low)}", "whole"),
        ]

    def _codes_figure(self) -> Html:
        shown = self.codes.head(_MOST_CODES)
        most = shown.iloc[0]
        return figure(
            f"Most frequent finding: {most.code}, {words.count(most.findings, 'time')}",
            plot_bars,
            shown.set_index("code")["findings"],
            xlabel="Findings",
            texts=[words.whole(value) for value in shown["findings"]],
            height=max(2.2, 0.7 + 0.25 * len(shown)),
            alt="Bars of findings by code: "
            + words.listing([f"{row.code} {row.findings}" for row in shown.itertuples()])
            + ".",
            source=self._source(int(self.codes["findings"].sum()), "finding"),
        )

    def _code_sentence(self) -> str:
        if self.codes.empty:
            return "The checks found nothing to remark."
        most = self.codes.iloc[0]
        remarks = words.count(self.codes["findings"].sum(), "remark")
        return f"The checks made {remarks}, most often {most.code} ({words.whole(most.findings)})."

    def _field_sentence(self) -> str:
        if self.confidence.empty:
            return ""
        worst = self.confidence.iloc[0]
        return (
            f"Least sure is {self._name(worst.field)}: {words.percent(worst['mean'])} on average, "
            f"{words.of(worst.low, worst['values'], 'value')}, below {words.percent(self.low)}."
        )

    def _scans(self) -> int:
        return self._number("select count(distinct sha256) from parts")

    def _number(self, sql: str) -> int:
        return int(self.cache.connection.execute(sql).fetchall()[0][0])

    def _source(self, n: int, noun: str) -> str:
        return f"Source: all scans of workspace {self.meta.workspace}; n\u00a0=\u00a0{words.count(n, noun)}."

    @staticmethod
    def _name(field: str) -> str:
        return field.replace("_", " ").replace(".", " ")


def _way(how: str) -> str:
    """Return a way of reading in words."""
    engine = how.removesuffix(PIXELS)
    return WAYS.get(how) or (f"{engine}, held against the pixels" if engine != how else f"{engine} alone")
