"""The sales report: how much, when, and with whom."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from invoice_lab.reporting import words
from invoice_lab.reporting.cards import Card, cards
from invoice_lab.reporting.charts import plot_bars, plot_columns, plot_histogram, plot_line, plot_month_bars
from invoice_lab.reporting.figures import HALF, WIDE, figure, side_by_side
from invoice_lab.reporting.header import findings, notes
from invoice_lab.reporting.markup import Html
from invoice_lab.reporting.pages.base import ReportPage
from invoice_lab.reporting.tables import Column, table
from invoice_lab.segmentation.sales import compare_periods, interval, monthly_sales, repeat_share, top_share

_SHOWN_BARS = 10
_LONG_PERIOD = 3
_FAR = 10
"""Times the width of the middle 98 % from which on the rest of a distribution would squeeze it into one bar."""


class SalesPage(ReportPage):
    """Totals, months, weekdays, categories, best products and customers of one workspace."""

    report = "sales"
    title = "Sales"
    what = "What was sold, when and to whom: every accepted invoice of the workspace, by its printed total."
    limits = (
        "Sales are the printed totals of accepted invoices. Invoices in review, rejected or failed are not in any "
        "figure.",
        "An invoice belongs to the day printed on it. A month without an invoice is shown as zero; the last month is "
        "unfinished unless the report's day lies after its end, and is drawn hollow or pale.",
        "A period of comparison is as many days as the one before it; seasons are not taken out.",
        "Customers are told apart by number, or by e-mail and birth date; never by name alone.",
        "Intervals are 95 % percentile bootstrap intervals (1,000 resamples, fixed seed).",
    )

    def __init__(self, workspace: str, as_of: str = "", days: int = 90, top: int = 20) -> None:
        super().__init__(workspace, as_of, days=days, top=top)
        self.days = days
        self.top = top

    @cached_property
    def key(self) -> pd.Series:
        """Key figures in the page's currency."""
        return self.of_currency(self.frame("key_figures")).iloc[0]

    @cached_property
    def months(self) -> pd.DataFrame:
        """One row a month, without gaps."""
        return monthly_sales(self.of_currency(self.frame("sales_by_month")))

    @cached_property
    def by_customer(self) -> pd.Series:
        """Sales by customer."""
        return self.orders.groupby("customer_id")["amount"].sum()

    @property
    def partial_last(self) -> bool:
        """Whether the last month had not ended on the report's day."""
        last = self.months["month"].iloc[-1]
        return bool(self.as_of < last + pd.offsets.MonthEnd(0))

    def findings(self) -> Html:
        """Return what the numbers say."""
        if self.is_empty:
            return self.empty()
        key, best, again = self.key, top_share(self.by_customer), repeat_share(self.orders)
        return (
            findings(
                f"{words.count(key.invoices, 'invoice')} bring {words.round_money(key.sales, self.currency)} from "
                f"{words.count(key.customers, 'customer')}: {words.round_money(key.average_basket, self.currency)} an "
                "invoice on "
                f"average, half of them below {words.round_money(key.median_basket, self.currency)}.",
                self._course(),
                f"The {words.of(best.members, best.of, 'customer')}, with the highest sales bring "
                f"{words.percent(best.share)} of sales.",
                f"{words.of(again.members, again.of, 'customer')}, bought more than once and bring "
                f"{words.percent(again.share)} of sales.",
                self._best_month(),
                self._credit_notes(),
            )
            + self.other_currencies()
        )

    def key_figures(self) -> Html:
        """Return the last period against the one before, as cards."""
        if self.is_empty:
            return Html()
        changes = compare_periods(self.orders, self.as_of, self.days)
        against = f"than in the {self.days} days before"
        span = (f"{self.months['month'].iloc[0]:%b %Y}", f"{self.months['month'].iloc[-1]:%b %Y}")

        def card(label: str, measure: str, value: str, unit: str = "") -> Card:
            change = changes[measure]
            words_of_change = words.change(change.now, change.before)
            series = [float(number) for number in self.months[measure]]
            text = against if change.before > 0 else f"in the {self.days} days before"
            return Card(label, value, unit, "", words_of_change, text, series, span)

        last = f"last {self.days} days"
        return cards(
            card(f"Sales, {last}", "sales", words.round_money(changes["sales"].now, ""), self.currency),
            card(f"Invoices, {last}", "invoices", words.whole(changes["invoices"].now)),
            card(f"Customers who bought, {last}", "customers", words.whole(changes["customers"].now)),
            card(
                f"Average invoice, {last}",
                "average_basket",
                words.money(changes["average_basket"].now, ""),
                self.currency,
            ),
        )

    def course(self) -> Html:
        """Return sales and invoices by month, as two figures."""
        if self.is_empty:
            return Html()
        months = self.months.set_index("month")
        source = self.source(len(self.orders), "invoice")
        options: dict[str, Any] = {
            "partial_last": self.partial_last,
            "source": source + self._partial_note(),
            "width": HALF,
        }
        busiest = months["invoices"].idxmax()
        return side_by_side(
            figure(
                self._course_title(),
                plot_line,
                months["sales"],
                ylabel=f"Sales a month, {self.currency}",
                alt=f"Line of sales by month, {self._range(months['sales'], self.currency)}.",
                **options,
            ),
            figure(
                f"Most invoices were written in {words.month(busiest)}: {words.whole(months['invoices'].max())}",
                plot_month_bars,
                months["invoices"],
                ylabel="Invoices a month",
                alt=f"Bars of invoices by month, {self._range(months['invoices'])}.",
                **options,
            ),
        )

    def rhythm(self) -> Html:
        """Return weekdays and the distribution of invoice totals, as two figures."""
        if self.is_empty:
            return Html()
        days = self.of_currency(self.frame("sales_by_weekday"))
        a_day = (days["sales"] / days["days"]).set_axis(days["weekday_name"].str[:3])
        best, least = a_day.idxmax(), a_day.idxmin()
        sure, drawn = interval(self.orders["amount"]), _middle(self.orders["amount"])
        far = len(self.orders) - len(drawn)
        source = self.source(len(self.orders), "invoice")
        title = (
            f"{best} brings most a day, {words.round_money(a_day.max(), self.currency)}; "
            f"{least} least, {words.round_money(a_day.min(), self.currency)}"
        )
        return side_by_side(
            figure(
                title,
                plot_columns,
                a_day,
                xlabel="Weekday of the invoice",
                ylabel=f"Sales a day, {self.currency}",
                alt=f"Columns of average sales by weekday, {self._range(a_day, self.currency)}.",
                source=source,
            ),
            figure(
                f"Half of the invoices are below {words.round_money(sure.value, self.currency)}",
                plot_histogram,
                drawn,
                xlabel=f"Total of the invoice, {self.currency}",
                ylabel="Invoices",
                unit=self.currency,
                alt=f"Histogram of invoice totals with median {words.round_money(sure.value)}.",
                source=source + f" 95 % interval of the median {words.round_money(sure.low, '')} to "
                f"{words.round_money(sure.high, self.currency)}."
                + (f" The largest and smallest, {words.count(far, 'invoice')}, are not drawn." if far else ""),
            ),
        )

    def categories(self) -> Html:
        """Return sales by customer category."""
        frame = self.of_currency(self.frame("sales_by_category")) if not self.is_empty else pd.DataFrame()
        if len(frame) < 2:
            return notes("" if self.is_empty else "All customers are of one category, so there is nothing to compare.")
        first = frame.iloc[0]
        values = frame.set_index(
            frame["category"].map(lambda name: "no category" if name == "none" else f"Category {name}")
        )
        return figure(
            f"Customers of category {first.category} bring {words.percent(first.sales_share)} of sales"
            if first.category != "none"
            else f"Customers without a category bring {words.percent(first.sales_share)} of sales",
            plot_bars,
            values["sales"],
            xlabel=f"Sales, {self.currency}",
            texts=[
                f"{words.percent(row.sales_share)}, {words.count(row.customers, 'customer')}"
                for row in frame.itertuples()
            ],
            alt=f"Bars of sales by customer category, {self._range(values['sales'], self.currency)}.",
            source=self.source(len(self.orders), "invoice"),
            width=WIDE,
            height=0.7 + 0.36 * len(frame),
        )

    def best(self) -> Html:
        """Return the best customers and products, as two figures."""
        if self.is_empty:
            return Html()
        customers, products = self._best("top_customers"), self._best("top_products")
        return side_by_side(
            self._best_figure(customers, "customer", self.by_customer.sum(), int(self.key.customers)),
            self._best_figure(products, "product", float(self.key.sales), int(self.key.products)),
        )

    def best_tables(self) -> Html:
        """Return best customers and products as tables."""
        if self.is_empty:
            return Html()
        money = f"Sales, {self.currency}"
        customers = table(
            self._best("top_customers"),
            [
                Column("rank", "Rank", "whole"),
                Column("customer", "Customer"),
                Column("number", "Number", "fixed"),
                Column("category", "Category", "fixed"),
                Column("sales", money, "money"),
                Column("invoices", "Invoices", "whole"),
                Column("average_basket", f"Average invoice, {self.currency}", "money"),
                Column("last_date", "Last invoice", "date"),
            ],
            table_id="best-customers",
            caption=f"Customers with the highest sales, at most {words.whole(self.top)}.",
        )
        products = table(
            self._best("top_products"),
            [
                Column("rank", "Rank", "whole"),
                Column("product", "Product"),
                Column("sales", money, "money"),
                Column("quantity", "Pieces", "whole"),
                Column("invoices", "Invoices", "whole"),
                Column("customers", "Customers", "whole"),
            ],
            table_id="best-products",
            caption=f"Products with the highest sales, at most {words.whole(self.top)}.",
        )
        return customers + products

    def month_table(self) -> Html:
        """Return the months as a table."""
        if self.is_empty:
            return Html()
        frame = self.months.assign(label=self.months["month"].dt.strftime("%Y-%m")).iloc[::-1]
        return table(
            frame,
            [
                Column("label", "Month", "fixed"),
                Column("sales", f"Sales, {self.currency}", "money"),
                Column("change", "Change to the month before", "percent"),
                Column("invoices", "Invoices", "whole"),
                Column("customers", "Customers", "whole"),
                Column("average_basket", f"Average invoice, {self.currency}", "money"),
            ],
            table_id="months",
            caption="Newest month first." + self._partial_note(),
        )

    def how_sure(self) -> Html:
        """Return intervals, and what is not in the figures."""
        if self.is_empty:
            return Html()
        mean = interval(self.orders["amount"], "mean")
        waiting = int(self.cache.meta.counts["parts"]) - int(self.cache.meta.counts["invoices"])
        return notes(
            f"The average invoice of {words.money(mean.value, self.currency)} has a 95 % interval of "
            f"{words.money(mean.low, '')} to {words.money(mean.high, self.currency)} (bootstrap, n\u00a0=\u00a0"
            f"{words.count(mean.n, 'invoice')}).",
            f"{words.count(waiting, 'part')} of the scans {'is' if waiting == 1 else 'are'} not accepted and not in "
            "these figures; "
            "the OCR quality report lists them."
            if waiting > 0
            else "Every invoice of the workspace is in these figures.",
        )

    def values(self) -> dict[str, Any]:
        """Return the values that the notebook records."""
        if self.is_empty:
            return {"invoices": 0, "customers": 0, "sales": "0.00", "period": ""}
        key = self.key
        return {
            "invoices": int(key.invoices),
            "customers": int(key.customers),
            "sales": f"{key.sales:.2f}",
            "months": len(self.months),
            "period": self.period,
            "fingerprint": self.meta.fingerprint,
            "as_of": words.day(self.as_of),
        }

    def _best(self, name: str) -> pd.DataFrame:
        return self.of_currency(self.frame(name, limit=self.top))

    def _best_figure(self, frame: pd.DataFrame, noun: str, total: float, n: int) -> Html:
        shown = frame.head(_SHOWN_BARS)
        share = words.percent(shown["sales"].sum() / total) if total else words.MISSING
        return figure(
            f"The best {words.count(len(shown), noun)} of {words.whole(n)} bring {share} of sales",
            plot_bars,
            shown.set_index(noun)["sales"],
            xlabel=f"Sales, {self.currency}",
            texts=[words.round_money(value, "") for value in shown["sales"]],
            alt=f"Bars of the best {noun}s by sales, {self._range(shown['sales'], self.currency)}.",
            source=self.source(n, noun),
            height=0.7 + 0.25 * len(shown),
        )

    def _course(self) -> str:
        change = compare_periods(self.orders, self.as_of, self.days)["sales"]
        if change.before <= 0:
            return f"There are no sales in the {self.days} days before the last {self.days} to compare these with."
        return (
            f"In the last {self.days} days, up to {words.day(self.as_of)}, sales are "
            f"{words.round_money(change.now, self.currency)}, "
            f"{words.change(change.now, change.before)} than in the {self.days} days before "
            f"({words.round_money(change.before, self.currency)})."
        )

    def _credit_notes(self) -> str:
        credited = self.orders.loc[self.orders["amount"] < 0, "amount"]
        if credited.empty:
            return ""
        return (
            f"{words.of(len(credited), len(self.orders), 'invoice')}, are credit notes: what came back takes "
            f"{words.round_money(-credited.sum(), self.currency)} off these sales."
        )

    def _finished(self) -> pd.DataFrame:
        return self.months.iloc[:-1] if self.partial_last and len(self.months) > 1 else self.months

    def _best_month(self) -> str:
        months = self._finished().set_index("month")["sales"]
        if len(months) < _LONG_PERIOD:
            return ""
        return (
            f"The best full month is {words.month(months.idxmax())} with "
            f"{words.round_money(months.max(), self.currency)}, the middle one "
            f"brings {words.round_money(months.median(), self.currency)}."
        )

    def _course_title(self) -> str:
        months = self._finished().set_index("month")["sales"]
        if len(months) < _LONG_PERIOD:
            return f"Sales of {words.count(len(self.months), 'month')}"
        return f"Sales were highest in {words.month(months.idxmax())}: {words.round_money(months.max(), self.currency)}"

    def _partial_note(self) -> str:
        return f" {words.month(self.months['month'].iloc[-1])} is not finished." if self.partial_last else ""

    def _range(self, values: pd.Series, unit: str = "") -> str:
        low, high = words.round_money(values.min(), ""), words.round_money(values.max(), unit).strip()
        return f"from {low} to {high}"


def _middle(amounts: pd.Series) -> pd.Series:
    """Return the amounts that a histogram can show: all, or the middle 98 % where the others lie far out."""
    low, high = amounts.quantile(0.01), amounts.quantile(0.99)
    if amounts.max() - amounts.min() <= _FAR * (high - low):
        return amounts
    return amounts[amounts.between(low, high)]
